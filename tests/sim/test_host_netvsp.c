/* SPDX-License-Identifier: ISC */
/* The model of netvsp, judged by the public protocol: versions, buffers, and
 * all that is asked and set. */
#include "tests/support/netvsp_lab.h"

static const uint32_t versions[] = { HV_NVSP_1, HV_NVSP_2, HV_NVSP_4, HV_NVSP_5,
	HV_NVSP_6, HV_NVSP_6_1 };
#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

/* ---- NVS -------------------------------------------------------------- */

static void
test_each_version_up_to_the_newest(void **state)
{
	struct lab *lab = *state;

	lab_nic(lab, NULL);
	for (unsigned i = 0; i < VERSIONS; i++) {
		lab_open(lab, 0);
		assert_int_equal(lab_init(lab, versions[i]),
		    HV_NVSP_STATUS_SUCCESS);
		assert_int_equal(lab->counts->version, versions[i]);
		assert_int_equal(lab->done_len,
		    versions[i] == HV_NVSP_6_1 ? 40 : 32);
		lab_close(lab, 0);
		assert_int_equal(lab->counts->version, 0);
	}
}

static void
test_newer_and_unknown_versions_are_refused(void **state)
{
	struct lab *lab = *state;

	lab_nic(lab, &(struct host_netvsp_config){ .version_max = HV_NVSP_4 });
	lab_open(lab, 0);
	for (unsigned i = VERSIONS; i-- > 3;)
		assert_int_not_equal(lab_init(lab, versions[i]),
		    HV_NVSP_STATUS_SUCCESS);
	assert_int_not_equal(lab_init(lab, 0x30003), HV_NVSP_STATUS_SUCCESS);
	assert_int_not_equal(lab_init(lab, 0), HV_NVSP_STATUS_SUCCESS);
	lab->manners->refuse_versions = true;
	assert_int_not_equal(lab_init(lab, HV_NVSP_4), HV_NVSP_STATUS_SUCCESS);
	lab->manners->refuse_versions = false;
	assert_int_equal(lab_init(lab, HV_NVSP_4), HV_NVSP_STATUS_SUCCESS);
	assert_int_equal(lab->counts->refused, 0);
}

static void
test_buffers_are_cut_into_parts(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, NULL, 0);
	assert_int_equal(lab->part.offset, 0);
	assert_int_equal(lab->part.size, 1728);
	assert_int_equal(lab->part.count, LAB_RECEIVE_PAGES * 4096 / 1728);
	assert_int_equal(lab->part.end, lab->part.count * 1728);
	assert_int_equal(lab->section_size, 6144);
	assert_int_equal(lab->counts->ndis, 6 << 16 | 30);
	assert_int_equal(lab->counts->refused, 0);
}

static void
test_parts_are_as_long_as_the_mtu_wants(void **state)
{
	struct lab *lab = *state;

	lab_nic(lab, NULL);
	lab_open(lab, 0);
	lab_hello(lab, HV_NVSP_5, 9000);
	assert_true(lab->part.size >= 9000 + 14 + 128);
	assert_int_equal(lab->counts->mtu, 9000);
	lab_close(lab, 0);
	/* longer than this NIC has */
	lab_open(lab, 0);
	lab_hello(lab, HV_NVSP_5, 9203);
	assert_int_equal(lab->counts->mtu, 1500);
	assert_int_equal(lab->part.size, 1728);
	lab_close(lab, 0);
	/* nor shorter than 1500 */
	lab_open(lab, 0);
	lab_hello(lab, HV_NVSP_5, 1000);
	assert_int_equal(lab->counts->mtu, 1500);
	lab_close(lab, 0);
}

static bool
ask_buffer(struct lab *lab, uint32_t type, uint32_t gpadl,
    struct hv_nvsp *answer)
{
	struct hv_nvsp message = { .type = type };

	message.u.buffer.gpadl = gpadl;
	message.u.buffer.id = 0xcafe;
	return lab_ask(lab, &message, HV_NVSP_SIZE, answer);
}

static void
test_buffers_that_are_none(void **state)
{
	struct lab *lab = *state;
	struct hv_nvsp answer;
	uint32_t gpadl;

	lab_nic(lab, NULL);
	lab_open(lab, 0);
	/* before a version */
	assert_false(ask_buffer(lab, HV_NVSP_RECV_BUFFER, 1, &answer));
	assert_int_equal(lab->counts->refused, 1);
	lab_init(lab, HV_NVSP_6);
	assert_true(ask_buffer(lab, HV_NVSP_RECV_BUFFER, 0x12345, &answer));
	assert_int_equal(answer.u.recv_buffer_complete.status,
	    HV_NVSP_STATUS_FAILURE);
	assert_int_equal(answer.u.recv_buffer_complete.count, 0);
	assert_true(ask_buffer(lab, HV_NVSP_SEND_BUFFER, 0x12345, &answer));
	assert_int_equal(answer.u.send_buffer_complete.status,
	    HV_NVSP_STATUS_FAILURE);
	assert_int_equal(lab->counts->refused, 3);
	/* twice */
	gpadl = raw_hv_gpadl(lab->guest, lab->offer.relid,
	    lab->receive_frame << 12, 2);
	assert_true(ask_buffer(lab, HV_NVSP_RECV_BUFFER, gpadl, &answer));
	assert_int_equal(answer.u.recv_buffer_complete.status,
	    HV_NVSP_STATUS_SUCCESS);
	assert_true(ask_buffer(lab, HV_NVSP_RECV_BUFFER, gpadl, &answer));
	assert_int_equal(answer.u.recv_buffer_complete.status,
	    HV_NVSP_STATUS_FAILURE);
	assert_int_equal(lab->counts->refused, 4);
	assert_true(ask_buffer(lab, HV_NVSP_SEND_BUFFER, gpadl, &answer));
	assert_int_equal(answer.u.send_buffer_complete.status,
	    HV_NVSP_STATUS_SUCCESS);
	assert_true(ask_buffer(lab, HV_NVSP_SEND_BUFFER, gpadl, &answer));
	assert_int_equal(answer.u.send_buffer_complete.status,
	    HV_NVSP_STATUS_FAILURE);
}

/* 15 MB for 2008 R2 and before. */
static void
test_a_buffer_that_is_too_large(void **state)
{
	struct lab *lab = *state;
	struct hv_nvsp answer;
	uint64_t frame;
	uint32_t gpadl;

	(void)guest_pages(lab->world, 3841, &frame);
	lab_nic(lab, NULL);
	for (unsigned i = 0; i < 2; i++) {
		lab_open(lab, 0);
		lab_init(lab, i == 0 ? HV_NVSP_2 : HV_NVSP_4);
		gpadl = raw_hv_gpadl(lab->guest, lab->offer.relid, frame << 12,
		    3841);
		assert_true(
		    ask_buffer(lab, HV_NVSP_RECV_BUFFER, gpadl, &answer));
		assert_int_equal(answer.u.recv_buffer_complete.status,
		    i == 0 ? HV_NVSP_STATUS_FAILURE : HV_NVSP_STATUS_SUCCESS);
		lab_close(lab, 0);
		raw_hv_teardown(lab->guest, lab->offer.relid, gpadl);
	}
}

static void
test_a_revoked_buffer_is_not_touched(void **state)
{
	struct lab *lab = *state;
	struct hv_nvsp revoke = { .type = HV_NVSP_REVOKE_RECV_BUFFER };
	uint8_t frame[100];

	lab_start(lab, NULL, 0);
	lab_pattern(frame, sizeof(frame), lab_mac);
	assert_true(lab_receive(lab, frame, sizeof(frame)));
	revoke.u.revoke.id = HV_NVSP_RECV_BUFFER_ID;
	lab_put(lab, 0, HV_PACKET_INBAND, 0, 0, NULL, 0, &revoke, 28);
	lab_run(lab, PV_MILLISECOND);
	lab_forget(lab);
	raw_hv_teardown(lab->guest, lab->offer.relid, lab->receive_gpadl);
	memset(lab->receive, 0x77, LAB_RECEIVE_PAGES * 4096);
	assert_int_equal(lab->counts->receive_in_use, 0);
	assert_false(lab_receive(lab, frame, sizeof(frame)));
	host_netvsp_link(lab->net, false);
	lab_nothing(lab);
	for (unsigned i = 0; i < LAB_RECEIVE_PAGES * 4096; i++)
		assert_int_equal(lab->receive[i], 0x77);
	/* the guest acknowledged what was on its way, which is not known now */
	assert_true(lab->counts->refused <= 1);
}

static void
test_the_other_messages_have_no_answer(void **state)
{
	struct lab *lab = *state;
	struct hv_nvsp message = { .type = HV_NVSP_NDIS_VERSION }, answer;

	lab_nic(lab, NULL);
	lab_open(lab, 0);
	lab_init(lab, HV_NVSP_5);
	lab_put(lab, 0, HV_PACKET_INBAND, 0, 99, NULL, 0, &message, 28);
	lab_run(lab, 10 * PV_MILLISECOND);
	assert_int_equal(lab->completions, 1);
	/* unless the guest wants one, as that of UEFI does */
	message.type = HV_NVSP_NDIS_CONFIG;
	assert_true(lab_ask(lab, &message, 28, &answer));
	assert_int_equal(lab->done_len, 0);
}

static void
test_objects_that_windows_asks_for(void **state)
{
	struct lab *lab = *state;
	struct hv_nvsp message = { .type = HV_NVSP_OID_QUERY }, answer;

	lab_start(lab, NULL, HV_NVSP_5);
	message.u.oid_query.oid = HV_OID_FRAME_SIZE;
	assert_true(lab_ask(lab, &message, 28, &answer));
	assert_int_equal(answer.type, HV_NVSP_OID_QUERY_COMPLETE);
	assert_int_equal(answer.u.oid_query_complete.status,
	    HV_RNDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(answer.u.oid_query_complete.bytes, 0);
	assert_int_equal(lab->counts->refused, 0);
}

/* ---- RNDIS ------------------------------------------------------------ */

static void
test_initialize_tells_the_limits(void **state)
{
	struct lab *lab = *state;
	struct hv_rndis_initialize request = { 0, 1, 0, 0x4000 };
	const struct hv_rndis_initialize_complete *complete;
	size_t size;

	lab_nic(lab,
	    &(struct host_netvsp_config){ .aggregate = 5,
		.aggregate_size = 5000,
		.aggregate_align = 32 });
	lab_open(lab, 0);
	lab_hello(lab, HV_NVSP_5, 1500);
	/* nothing else before */
	assert_null(
	    lab_request(lab, HV_RNDIS_KEEPALIVE, &request, 4, NULL, 0, &size));
	complete = lab_request(lab, HV_RNDIS_INITIALIZE, &request,
	    sizeof(request), NULL, 0, &size);
	assert_int_equal(complete->status, 0);
	assert_int_equal(complete->major, 1);
	assert_int_equal(complete->max_packets, 5);
	assert_int_equal(complete->max_transfer, 5000);
	assert_int_equal(complete->alignment, 5);
	/* and not twice */
	complete = lab_request(lab, HV_RNDIS_INITIALIZE, &request,
	    sizeof(request), NULL, 0, &size);
	assert_int_not_equal(complete->status, 0);
	assert_int_equal(lab->counts->refused, 2);
}

static void
test_what_is_asked(void **state)
{
	struct lab *lab = *state;
	uint8_t bytes[512];
	size_t size = sizeof(bytes);

	lab_start(lab, &(struct host_netvsp_config){ .mtu = 1400 }, 0);
	assert_int_equal(lab_query(lab, HV_OID_PERMANENT_ADDRESS, bytes, &size),
	    0);
	assert_int_equal(size, 6);
	assert_memory_equal(bytes, lab_mac, 6);
	size = sizeof(bytes);
	assert_int_equal(lab_query(lab, HV_OID_CURRENT_ADDRESS, bytes, &size),
	    0);
	assert_memory_equal(bytes, lab_mac, 6);
	assert_int_equal(lab_word(lab, HV_OID_FRAME_SIZE), 1400);
	assert_int_equal(lab_word(lab, HV_OID_TOTAL_SIZE), 1414);
	assert_int_equal(lab_word(lab, HV_OID_LINK_SPEED), 100000000);
	assert_int_equal(lab_word(lab, HV_OID_MEDIA_CONNECT),
	    HV_MEDIA_CONNECTED);
	assert_int_equal(lab_word(lab, HV_OID_PACKET_FILTER),
	    HV_FILTER_PROMISCUOUS);
	assert_int_equal(lab_word(lab, HV_OID_MULTICAST_MAX), 64);
	size = sizeof(bytes);
	assert_int_equal(lab_query(lab, HV_OID_SUPPORTED_LIST, bytes, &size),
	    0);
	for (size_t i = 0; i < size; i += 4) {
		uint32_t oid = get_le32(bytes + i), status;
		uint8_t object[512];
		size_t object_size = sizeof(object);

		status = lab_query(lab, oid, object, &object_size);
		assert_int_equal(status,
		    oid == HV_OID_RSS_PARAMETERS ||
			    oid == HV_OID_OFFLOAD_PARAMETERS ||
			    oid == HV_OID_CONFIG_PARAMETER
			? HV_RNDIS_STATUS_NOT_SUPPORTED
			: HV_RNDIS_STATUS_SUCCESS);
	}
	assert_int_equal(lab_query(lab, 0x00020101, bytes, &size),
	    HV_RNDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(lab_set(lab, 0x00010118, bytes, 4),
	    HV_RNDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(lab->counts->refused, 0);
}

static void
offloads(struct lab *lab, uint32_t oid, struct hv_ndis_offload *object)
{
	size_t size = sizeof(*object);

	memset(object, 0, sizeof(*object));
	assert_int_equal(lab_query(lab, oid, object, &size), 0);
	assert_int_equal(object->object.type, HV_NDIS_OFFLOAD);
	assert_int_equal(object->object.size, size);
}

static void
test_offloads_of_2019(void **state)
{
	struct lab *lab = *state;
	struct hv_ndis_offload can;

	lab_start(lab, NULL, HV_NVSP_6_1);
	offloads(lab, HV_OID_OFFLOAD_HARDWARE, &can);
	assert_int_equal(can.object.revision, 3);
	assert_int_equal(can.object.size, HV_NDIS_OFFLOAD_SIZE_3);
	assert_int_equal(can.ipv4_tx,
	    HV_OFFLOAD_IP_OPTIONS | HV_OFFLOAD_TCP_OPTIONS | HV_OFFLOAD_TCP |
		HV_OFFLOAD_UDP | HV_OFFLOAD_IP_HEADER);
	assert_int_equal(can.ipv6_rx,
	    HV_OFFLOAD_IPV6_EXTENSIONS | HV_OFFLOAD_TCP_OPTIONS |
		HV_OFFLOAD_TCP | HV_OFFLOAD_UDP);
	assert_true(can.lso2_ipv4_max > 60000 && can.lso2_ipv6_max > 60000);
	assert_int_equal(can.rsc_ipv4, 1);
	assert_int_equal(can.rsc_ipv6, 1);
}

static void
test_offloads_of_2012(void **state)
{
	struct lab *lab = *state;
	struct hv_ndis_offload can;
	uint8_t bytes[64];
	size_t size = sizeof(bytes);

	lab_start(lab, NULL, HV_NVSP_4);
	offloads(lab, HV_OID_OFFLOAD_HARDWARE, &can);
	assert_int_equal(can.object.revision, 2);
	assert_int_equal(can.object.size, HV_NDIS_OFFLOAD_SIZE_2);
	assert_int_equal(can.ipv4_tx & (HV_OFFLOAD_TCP | HV_OFFLOAD_UDP),
	    HV_OFFLOAD_TCP);
	assert_int_equal(lab_query(lab, HV_OID_RSS_CAPABILITIES, bytes, &size),
	    HV_RNDIS_STATUS_NOT_SUPPORTED);
}

static void
test_offloads_that_are_not_there(void **state)
{
	struct lab *lab = *state;
	struct hv_ndis_offload can;

	lab_start(lab,
	    &(struct host_netvsp_config){ .no_checksum = true, .no_rsc = true },
	    0);
	offloads(lab, HV_OID_OFFLOAD_HARDWARE, &can);
	assert_int_equal(can.ipv4_tx | can.ipv4_rx | can.ipv6_tx | can.ipv6_rx,
	    0);
	assert_int_equal(can.lso2_ipv4_max | can.lso2_ipv6_max | can.lso1[1],
	    0);
	assert_int_equal(can.rsc_ipv4, 0);
}

static void
test_offload_parameters(void **state)
{
	struct lab *lab = *state;
	struct hv_ndis_offload_parameters set = {
		.object = { HV_NDIS_DEFAULT, 3, sizeof(set) },
		.ipv4 = HV_PARAMETER_NONE,
		.tcp4 = HV_PARAMETER_TX,
		.udp4 = HV_PARAMETER_RX,
		.tcp6 = HV_PARAMETER_BOTH,
		.lso2_ipv4 = HV_PARAMETER_OFF,
		.rsc_ipv4 = HV_PARAMETER_ON,
	};
	const struct hv_rndis_indicate *told;
	struct hv_ndis_offload now;
	size_t size;

	lab_start(lab, NULL, 0);
	assert_int_equal(lab_set(lab, HV_OID_OFFLOAD_PARAMETERS, &set,
			     sizeof(set)),
	    0);
	lab_run(lab, PV_MILLISECOND);
	(void)lab_first(lab, HV_RNDIS_SET_COMPLETE, &size);
	told = lab_first(lab, HV_RNDIS_INDICATE, &size);
	assert_int_equal(told->status, HV_RNDIS_STATUS_OFFLOAD);
	offloads(lab, HV_OID_OFFLOAD_CURRENT, &now);
	assert_memory_equal((const uint8_t *)told + told->offset, &now,
	    told->length);
	assert_int_equal(now.ipv4_tx & HV_OFFLOAD_IP_HEADER, 0);
	assert_int_equal(now.ipv4_tx & HV_OFFLOAD_TCP, HV_OFFLOAD_TCP);
	assert_int_equal(now.ipv4_rx & HV_OFFLOAD_TCP, 0);
	assert_int_equal(now.ipv4_tx & HV_OFFLOAD_UDP, 0);
	assert_int_equal(now.ipv4_rx & HV_OFFLOAD_UDP, HV_OFFLOAD_UDP);
	assert_int_equal(now.ipv6_rx & HV_OFFLOAD_TCP, HV_OFFLOAD_TCP);
	assert_int_equal(now.lso2_ipv4_max, 0);
	assert_true(now.lso2_ipv6_max > 0);
	assert_int_equal(now.rsc_ipv4, 1);
	assert_int_equal(now.rsc_ipv6, 0);
	/* what cannot be is not taken, and nothing with it */
	set.udp6 = HV_PARAMETER_BOTH + 1;
	set.tcp4 = HV_PARAMETER_NONE;
	assert_int_equal(lab_set(lab, HV_OID_OFFLOAD_PARAMETERS, &set,
			     sizeof(set)),
	    HV_RNDIS_STATUS_INVALID_DATA);
	assert_int_equal(lab_set(lab, HV_OID_OFFLOAD_PARAMETERS, &set, 19),
	    HV_RNDIS_STATUS_TOO_SHORT);
	offloads(lab, HV_OID_OFFLOAD_CURRENT, &now);
	assert_int_equal(now.ipv4_tx & HV_OFFLOAD_TCP, HV_OFFLOAD_TCP);
	assert_int_equal(lab->counts->refused, 2);
}

static uint32_t
set_address(struct lab *lab, const char *name, const char *digits)
{
	struct hv_rndis_parameter parameter = {
		.name_offset = sizeof(parameter),
		.name_length = (uint32_t)strlen(name) * 2,
		.type = HV_RNDIS_PARAMETER_STRING,
		.value_length = (uint32_t)strlen(digits) * 2,
	};
	uint8_t bytes[256];
	size_t at = sizeof(parameter);

	for (const char *c = name; *c != '\0'; c++, at += 2)
		put_le16(bytes + at, (uint8_t)*c);
	parameter.value_offset = (uint32_t)at;
	for (const char *c = digits; *c != '\0'; c++, at += 2)
		put_le16(bytes + at, (uint8_t)*c);
	memcpy(bytes, &parameter, sizeof(parameter));
	return lab_set(lab, HV_OID_CONFIG_PARAMETER, bytes, at);
}

static void
test_another_address(void **state)
{
	struct lab *lab = *state;
	uint8_t bytes[6];
	size_t size = sizeof(bytes);

	lab_start(lab, NULL, 0);
	assert_int_equal(set_address(lab, "NetworkAddress", "02aBcD0099fF"), 0);
	assert_memory_equal(lab->counts->mac, "\x02\xab\xcd\x00\x99\xff", 6);
	assert_int_equal(set_address(lab, "NetworkAddress", "03abcd0099ff"),
	    HV_RNDIS_STATUS_INVALID_DATA);
	assert_int_equal(set_address(lab, "NetworkAddress", "02abcd0099f"),
	    HV_RNDIS_STATUS_INVALID_DATA);
	assert_int_equal(set_address(lab, "NetworkAddress", "02abcd0099fg"),
	    HV_RNDIS_STATUS_INVALID_DATA);
	assert_int_equal(set_address(lab, "*LsoV2IPv4", "1"), 0);
	assert_memory_equal(lab->counts->mac, "\x02\xab\xcd\x00\x99\xff", 6);
	assert_int_equal(lab_query(lab, HV_OID_PERMANENT_ADDRESS, bytes, &size),
	    0);
	assert_memory_equal(bytes, lab_mac, 6);
}

static void
test_keepalive_reset_and_halt(void **state)
{
	struct lab *lab = *state;
	struct hv_rndis_initialize initialize = { 0, 1, 0, 0x4000 };
	const struct hv_rndis_reset_complete *reset;
	const struct hv_rndis_done *done;
	struct hv_rndis header = { HV_RNDIS_RESET, 12 };
	uint32_t id = 0;
	size_t size;

	lab_start(lab, NULL, 0);
	done = lab_request(lab, HV_RNDIS_KEEPALIVE, &id, 4, NULL, 0, &size);
	assert_non_null(done);
	assert_int_equal(done->status, 0);
	lab_forget(lab);
	memcpy(lab->data, &header, sizeof(header));
	lab_direct(lab, 0, HV_NVSP_CONTROL, 0, 12);
	reset = lab_first(lab, HV_RNDIS_RESET_COMPLETE, &size);
	assert_int_equal(reset->status, 0);
	assert_int_equal(reset->addressing, 1);
	assert_int_equal(lab->counts->filter, 0);
	/* nothing comes of a halt but its completion */
	lab_filter(lab, HV_FILTER_DIRECTED);
	header.type = HV_RNDIS_HALT;
	memcpy(lab->data, &header, sizeof(header));
	assert_int_equal(lab_direct(lab, 0, HV_NVSP_CONTROL, 0, 12),
	    HV_NVSP_STATUS_SUCCESS);
	lab_nothing(lab);
	assert_int_equal(lab->counts->filter, 0);
	assert_null(
	    lab_request(lab, HV_RNDIS_KEEPALIVE, &id, 4, NULL, 0, &size));
	assert_non_null(lab_request(lab, HV_RNDIS_INITIALIZE, &initialize,
	    sizeof(initialize), NULL, 0, &size));
}

static void
test_the_link_goes_and_comes(void **state)
{
	struct lab *lab = *state;
	const struct hv_rndis_indicate *told;
	uint8_t frame[64];
	size_t size;

	lab_start(lab, &(struct host_netvsp_config){ .link_down = true }, 0);
	lab_pattern(frame, sizeof(frame), lab_mac);
	assert_int_equal(lab_word(lab, HV_OID_MEDIA_CONNECT),
	    HV_MEDIA_DISCONNECTED);
	assert_int_equal(lab_send(lab, 0, frame, sizeof(frame), NULL, 0),
	    HV_NVSP_STATUS_SUCCESS);
	assert_int_equal(lab->frames, 0);
	assert_false(lab_receive(lab, frame, sizeof(frame)));
	lab_forget(lab);
	host_netvsp_link(lab->net, true);
	told = lab_first(lab, HV_RNDIS_INDICATE, &size);
	assert_int_equal(told->status, HV_RNDIS_STATUS_MEDIA_CONNECT);
	host_netvsp_link(lab->net, true);
	lab_nothing(lab);
	assert_int_equal(lab_send(lab, 0, frame, sizeof(frame), NULL, 0),
	    HV_NVSP_STATUS_SUCCESS);
	assert_int_equal(lab->frames, 1);
	host_netvsp_link(lab->net, false);
	told = lab_first(lab, HV_RNDIS_INDICATE, &size);
	assert_int_equal(told->status, HV_RNDIS_STATUS_MEDIA_DISCONNECT);
}

/* ---- Channels --------------------------------------------------------- */

static uint32_t
ask_subs(struct lab *lab, uint32_t count, uint32_t *granted)
{
	struct hv_nvsp message = { .type = HV_NVSP_SUB_CHANNEL }, answer;

	message.u.sub_channel.operation = HV_NVSP_SUB_CHANNEL_ALLOCATE;
	message.u.sub_channel.count = count;
	if (!lab_ask(lab, &message, 28, &answer))
		return ~0u;
	assert_int_equal(answer.type, HV_NVSP_SUB_CHANNEL);
	*granted = answer.u.sub_channel_complete.count;
	return answer.u.sub_channel_complete.status;
}

static void
test_sub_channels_carry_frames(void **state)
{
	struct lab *lab = *state;
	struct hv_ndis_rss_capabilities rss;
	size_t size = sizeof(rss);
	uint8_t frame[300];
	uint32_t granted = 9;
	struct hv_nvsp told;

	lab_start(lab, &(struct host_netvsp_config){ .max_channels = 3 }, 0);
	memset(&rss, 0, sizeof(rss));
	assert_int_equal(lab_query(lab, HV_OID_RSS_CAPABILITIES, &rss, &size),
	    0);
	assert_int_equal(size, HV_NDIS_RSS_CAPABILITIES_SIZE_2);
	assert_int_equal(rss.queues, 3);
	assert_int_equal(rss.entries, 128);
	lab_forget(lab);
	assert_int_equal(ask_subs(lab, 3, &granted), HV_NVSP_STATUS_FAILURE);
	assert_int_equal(granted, 0);
	assert_int_equal(ask_subs(lab, 2, &granted), HV_NVSP_STATUS_SUCCESS);
	assert_int_equal(granted, 2);
	lab_offered(lab, 2);
	lab_open(lab, 1);
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(lab->told, 0);
	lab_open(lab, 2);
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(lab->counts->channels, 3);
	/* the send table comes when all are open */
	assert_int_equal(lab->told, 1);
	assert_int_equal(lab->told_len, 104);
	assert_int_equal(lab->told_flags, 0);
	memcpy(&told, lab->told_bytes, sizeof(told));
	assert_int_equal(told.type, HV_NVSP_INDIRECTION_TABLE);
	assert_int_equal(told.u.indirection_table.count, 16);
	assert_int_equal(told.u.indirection_table.offset, 40);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(get_le32(lab->told_bytes + 40 + i * 4), i % 3);
	for (unsigned sub = 0; sub < 3; sub++) {
		lab_pattern(frame, 100 + sub, lab_mac);
		assert_int_equal(lab_send(lab, sub, frame, 100 + sub, NULL, 0),
		    HV_NVSP_STATUS_SUCCESS);
		assert_int_equal(lab->last.frame.channel, sub);
		assert_memory_equal(lab->last.bytes, frame, 100 + sub);
		assert_true(host_netvsp_send(lab->net,
		    &(struct host_nv_frame){ .bytes = frame,
			.length = 100 + sub,
			.channel = sub }));
		assert_int_equal(lab_arrives(lab, frame, 100 + sub)->channel,
		    sub);
	}
	/* its completion comes on the same channel */
	lab->hold = true;
	assert_true(host_netvsp_send(lab->net,
	    &(struct host_nv_frame){ .bytes = frame,
		.length = 100,
		.channel = 2 }));
	lab_run(lab, PV_MILLISECOND);
	lab_complete(lab, 1, lab->held[0]);
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(lab->counts->refused, 2);
	assert_int_equal(lab->counts->receive_in_use, 1);
	lab_complete(lab, 2, lab->held[0]);
	lab_run(lab, PV_MILLISECOND);
	/* one that is not open */
	assert_false(host_netvsp_send(lab->net,
	    &(struct host_nv_frame){ .bytes = frame,
		.length = 100,
		.channel = 3 }));
	assert_int_equal(ask_subs(lab, 1, &granted), HV_NVSP_STATUS_FAILURE);
	assert_int_equal(lab->counts->receive_in_use, 0);
}

static void
test_a_send_table_of_any_kind(void **state)
{
	struct lab *lab = *state;
	uint32_t table[16];

	for (unsigned i = 0; i < 16; i++)
		table[i] = 15 - i;
	lab_start(lab, NULL, 0);
	lab->manners->send_table_offset = 12;
	host_netvsp_table(lab->net, table);
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(lab->told, 1);
	assert_int_equal(get_le32(lab->told_bytes + 8), 12);
	assert_memory_equal(lab->told_bytes + 40, table, sizeof(table));
}

static void
test_more_sub_channels_than_were_asked_for(void **state)
{
	struct lab *lab = *state;
	uint32_t granted;

	lab_start(lab, NULL, 0);
	lab->manners->has_subs = true;
	lab->manners->subs = 3;
	assert_int_equal(ask_subs(lab, 1, &granted), HV_NVSP_STATUS_SUCCESS);
	assert_int_equal(granted, 3);
	lab_offered(lab, 3);
	for (unsigned i = 1; i <= 3; i++)
		lab_open(lab, i);
	lab_close(lab, 3);
	lab_close(lab, 2);
	lab_close(lab, 1);
	assert_int_equal(lab->counts->channels, 1);
}

static void
test_a_virtual_function_is_offered(void **state)
{
	struct lab *lab = *state;
	struct hv_nvsp told, path = { .type = HV_NVSP_SWITCH_DATA_PATH }, none;

	lab_start(lab, &(struct host_netvsp_config){ .vf = true }, 0);
	assert_int_equal(lab->told, 1);
	assert_int_equal(lab->told_flags, HV_PACKET_FLAG_COMPLETION);
	memcpy(&told, lab->told_bytes, sizeof(told));
	assert_int_equal(told.type, HV_NVSP_VF_ASSOCIATION);
	assert_int_equal(told.u.vf_association.allocated, 1);
	lab_put(lab, 0, HV_PACKET_COMPLETION, 0, lab->told_id, NULL, 0, NULL,
	    0);
	path.u.data_path.active = HV_NVSP_PATH_VF;
	assert_true(lab_ask(lab, &path, 28, &none));
	assert_int_equal(lab->done_len, 0);
	assert_int_equal(lab->counts->vf_acknowledged, 1);
	assert_int_equal(lab->counts->vf_switched, 1);
	host_netvsp_vf(lab->net, false, 7);
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(lab->told, 2);
	memcpy(&told, lab->told_bytes, sizeof(told));
	assert_int_equal(told.u.vf_association.allocated, 0);
	assert_int_equal(told.u.vf_association.serial, 7);
	assert_true(lab_ask(lab, &path, 28, &none));
	assert_int_equal(lab->counts->vf_switched, 1);
	assert_int_equal(lab->counts->refused, 1);
}

/* ---- Again, and away -------------------------------------------------- */

static void
test_a_closed_channel_begins_anew(void **state)
{
	struct lab *lab = *state;
	uint8_t frame[100];

	lab_start(lab, NULL, 0);
	lab_pattern(frame, sizeof(frame), lab_mac);
	lab->hold = true;
	assert_true(lab_receive(lab, frame, sizeof(frame)));
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(lab->counts->receive_in_use, 1);
	assert_int_equal(set_address(lab, "NetworkAddress", "020000000001"), 0);
	lab->hold = false;
	lab_close(lab, 0);
	raw_hv_teardown(lab->guest, lab->offer.relid, lab->receive_gpadl);
	raw_hv_teardown(lab->guest, lab->offer.relid, lab->send_gpadl);
	assert_int_equal(lab->counts->channels, 0);
	assert_int_equal(lab->counts->receive_in_use, 0);
	assert_int_equal(lab->counts->filter, 0);
	assert_false(lab_receive(lab, frame, sizeof(frame)));
	lab_open(lab, 0);
	lab_hello(lab, HV_NVSP_5, 1500);
	assert_int_equal(lab->counts->version, HV_NVSP_5);
	/* the address is the port's */
	assert_memory_equal(lab->counts->mac, "\x02\x00\x00\x00\x00\x01", 6);
}

static void
test_a_nic_is_taken_away(void **state)
{
	struct lab *lab = *state;
	const struct hv_vmbus_rescind *rescind;
	uint32_t relid = lab->offer.relid, mine;
	uint8_t frame[100];

	lab_start(lab, NULL, 0);
	relid = lab->offer.relid;
	lab_pattern(frame, sizeof(frame), lab_mac);
	assert_true(lab_receive(lab, frame, sizeof(frame)));
	lab->manners->delay = PV_SECOND;
	lab_put(lab, 0, HV_PACKET_INBAND, 0, 0, NULL, 0, frame, 100);
	host_netvsp_rescind(lab->net);
	rescind = raw_hv_expect(lab->guest, HV_VMBUS_RESCIND);
	assert_int_equal(rescind->relid, relid);
	mine = lab->channels[0]->gpadl;
	raw_hv_teardown(lab->guest, relid, lab->receive_gpadl);
	raw_hv_teardown(lab->guest, relid, lab->send_gpadl);
	raw_hv_teardown(lab->guest, relid, mine);
	raw_hv_release(lab->guest, relid);
	assert_int_equal(host_hyperv_counts(lab->guest->host)->offered, 0);
	pass(lab->world, 10 * PV_SECOND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_each_version_up_to_the_newest),
		lab_test(test_newer_and_unknown_versions_are_refused),
		lab_test(test_buffers_are_cut_into_parts),
		lab_test(test_parts_are_as_long_as_the_mtu_wants),
		lab_test(test_buffers_that_are_none),
		lab_test(test_a_buffer_that_is_too_large),
		lab_test(test_a_revoked_buffer_is_not_touched),
		lab_test(test_the_other_messages_have_no_answer),
		lab_test(test_objects_that_windows_asks_for),
		lab_test(test_initialize_tells_the_limits),
		lab_test(test_what_is_asked),
		lab_test(test_offloads_of_2019),
		lab_test(test_offloads_of_2012),
		lab_test(test_offloads_that_are_not_there),
		lab_test(test_offload_parameters),
		lab_test(test_another_address),
		lab_test(test_keepalive_reset_and_halt),
		lab_test(test_the_link_goes_and_comes),
		lab_test(test_sub_channels_carry_frames),
		lab_test(test_a_send_table_of_any_kind),
		lab_test(test_more_sub_channels_than_were_asked_for),
		lab_test(test_a_virtual_function_is_offered),
		lab_test(test_a_closed_channel_begins_anew),
		lab_test(test_a_nic_is_taken_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
