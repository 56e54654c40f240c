/* SPDX-License-Identifier: ISC */
/* The model of netvsp, judged by the public protocol: frames both ways. */
#include "tests/support/netvsp_lab.h"

/* ---- From the guest --------------------------------------------------- */

static void
goes_out(struct lab *lab, const uint8_t *frame, size_t length)
{
	lab->frames = 0;
	assert_int_equal(lab_send(lab, 0, frame, length, NULL, 0),
	    HV_NVSP_STATUS_SUCCESS);
	assert_int_equal(lab->frames, 1);
	assert_int_equal(lab->last.frame.length, length);
	assert_memory_equal(lab->last.bytes, frame, length);
	assert_int_equal(lab->last.frame.lso_version, 0);
	assert_false(lab->last.frame.checksum_blank);
}

static void
test_frames_of_all_sizes_go_out(void **state)
{
	struct lab *lab = *state;
	uint8_t frame[9014];

	lab_start(lab, &(struct host_netvsp_config){ .mtu = 9000 }, 0);
	for (size_t length = 14; length <= sizeof(frame);
	     length += length < 100 ? 1 : 331) {
		lab_pattern(frame, length, lab_everybody);
		goes_out(lab, frame, length);
	}
	assert_int_equal(lab->counts->tx_packets,
	    lab->counts->tx_sections + lab->counts->tx_direct);
	assert_true(lab->counts->tx_sections > 0 && lab->counts->tx_direct > 0);
	assert_int_equal(lab->counts->refused, 0);
}

static void
test_frames_that_are_too_long_or_short(void **state)
{
	struct lab *lab = *state;
	uint8_t frame[1519];

	lab_start(lab, NULL, 0);
	lab_pattern(frame, sizeof(frame), lab_mac);
	assert_int_equal(lab_send(lab, 0, frame, 1519, NULL, 0),
	    HV_NVSP_STATUS_INVALID_RNDIS);
	assert_int_equal(lab_send(lab, 0, frame, 13, NULL, 0),
	    HV_NVSP_STATUS_INVALID_RNDIS);
	assert_int_equal(lab->frames, 0);
	assert_int_equal(lab->counts->refused, 2);
	goes_out(lab, frame, 1518); /* with a tag in it */
}

static void
test_several_frames_in_one_packet(void **state)
{
	struct lab *lab = *state;
	uint8_t frame[64];
	size_t size = 0;

	lab_start(lab, NULL, 0);
	for (unsigned i = 0; i < 8; i++) {
		lab_pattern(frame, 57 + i, lab_mac);
		size += lab_message(lab->send + 2 * lab->section_size + size,
		    frame, 57 + i, NULL, 0);
	}
	assert_int_equal(lab_section(lab, 0, HV_NVSP_DATA, 2, (uint32_t)size),
	    HV_NVSP_STATUS_SUCCESS);
	assert_int_equal(lab->frames, 8);
	assert_int_equal(lab->counts->tx_frames, 8);
	assert_int_equal(lab->counts->tx_packets, 1);
	assert_memory_equal(lab->last.bytes, frame, 64);
	/* one more than it takes */
	size += lab_message(lab->send + 2 * lab->section_size + size, frame, 64,
	    NULL, 0);
	assert_int_equal(lab_section(lab, 0, HV_NVSP_DATA, 2, (uint32_t)size),
	    HV_NVSP_STATUS_INVALID_RNDIS);
	assert_int_equal(lab->frames, 16);
	assert_int_equal(lab->counts->refused, 1);
}

static void
test_no_more_bytes_in_a_packet_than_was_told(void **state)
{
	struct lab *lab = *state;
	uint8_t frame[1500];
	size_t size = 0;

	lab_start(lab, &(struct host_netvsp_config){ .aggregate_size = 3072 },
	    0);
	lab_pattern(frame, sizeof(frame), lab_mac);
	for (unsigned i = 0; i < 3; i++) {
		size += lab_message(lab->send + size, frame, 1492, NULL, 0);
		lab->frames = 0;
		assert_int_equal(lab_section(lab, 0, HV_NVSP_DATA, 0,
				     (uint32_t)size),
		    i < 2 ? HV_NVSP_STATUS_SUCCESS
			  : HV_NVSP_STATUS_INVALID_RNDIS);
		assert_int_equal(lab->frames, i < 2 ? i + 1 : 2);
	}
}

static void
test_messages_are_aligned_as_was_told(void **state)
{
	struct lab *lab = *state;
	uint8_t frame[100];
	size_t size;

	lab_start(lab, &(struct host_netvsp_config){ .aggregate_align = 64 },
	    0);
	lab_pattern(frame, sizeof(frame), lab_mac);
	size = lab_message(lab->send, frame, 100, NULL, 0); /* 144 */
	size += lab_message(lab->send + size, frame, 100, NULL, 0);
	assert_int_equal(lab_section(lab, 0, HV_NVSP_DATA, 0, (uint32_t)size),
	    HV_NVSP_STATUS_INVALID_RNDIS);
	assert_int_equal(lab->frames, 1);
	/* what fills up to it is of the message before */
	put_le32(lab->send + 4, 192);
	size = 192 + lab_message(lab->send + 192, frame, 100, NULL, 0);
	assert_int_equal(lab_section(lab, 0, HV_NVSP_DATA, 0, (uint32_t)size),
	    HV_NVSP_STATUS_SUCCESS);
	assert_int_equal(lab->frames, 3);
}

/* As Linux's driver does with a long frame after short ones. */
static void
test_a_header_in_a_section_and_a_frame_in_pages(void **state)
{
	struct lab *lab = *state;
	struct hv_nvsp message = { .type = HV_NVSP_RNDIS };
	struct hv_gpa_page page = { 1000, 96, lab->data_frame };
	uint8_t header[24] = { 0 }, bytes[2048], frame[1000];
	size_t first;

	lab_start(lab, NULL, 0);
	lab_pattern(frame, 100, lab_mac);
	first = lab_message(lab->send, frame, 100, NULL, 0);
	lab_pattern(frame, sizeof(frame), lab_everybody);
	lab_message(bytes, frame, sizeof(frame), NULL, 0);
	put_le32(bytes + 4, HV_RNDIS_PACKET_HEADER + sizeof(frame));
	memcpy(lab->send + first, bytes, HV_RNDIS_PACKET_HEADER);
	memcpy(lab->data + 96, frame, sizeof(frame));
	message.u.rndis.section = 0;
	message.u.rndis.section_size = (uint32_t)first + HV_RNDIS_PACKET_HEADER;
	put_le32(header + 4, 1);
	memcpy(header + 8, &page, sizeof(page));
	lab_put(lab, 0, HV_PACKET_GPA_DIRECT, HV_PACKET_FLAG_COMPLETION, 5,
	    header, sizeof(header), &message, HV_NVSP_SIZE);
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(lab->frames, 2);
	assert_int_equal(lab->last.frame.length, sizeof(frame));
	assert_memory_equal(lab->last.bytes, frame, sizeof(frame));
	assert_int_equal(lab->counts->refused, 0);
}

static void
test_blank_checksums_are_made_good(void **state)
{
	struct lab *lab = *state;
	uint8_t frame[701];

	lab_start(lab, NULL, 0);
	for (unsigned i = 0; i < 8; i++) {
		bool ipv6 = (i & 1) != 0, tcp = (i & 2) != 0;
		size_t at = lab_packet(frame, sizeof(frame), ipv6, tcp);
		struct lab_info info = { HV_RNDIS_INFO_CHECKSUM,
			(ipv6 ? HV_TX_IPV6 : HV_TX_IPV4 | HV_TX_IP_HEADER) |
			    (tcp ? HV_TX_TCP : HV_TX_UDP) };

		if ((i & 4) != 0)
			info.value |= HV_TX_L4_OFFSET(at);
		assert_false(lab_is_whole(frame, sizeof(frame)));
		assert_int_equal(lab_send(lab, 0, frame, sizeof(frame), &info,
				     1),
		    HV_NVSP_STATUS_SUCCESS);
		assert_true(lab->last.frame.checksum_blank);
		assert_true(lab_is_whole(lab->last.bytes, sizeof(frame)));
	}
	assert_int_equal(lab->counts->refused, 0);
}

/* Behind a header of hop-by-hop options. */
static void
test_headers_between_ip_and_tcp(void **state)
{
	struct lab *lab = *state;
	struct lab_info info = { HV_RNDIS_INFO_CHECKSUM,
		HV_TX_IPV6 | HV_TX_TCP | HV_TX_L4_OFFSET(70) };
	uint8_t frame[300], straight[284];

	lab_start(lab, NULL, 0);
	lab_packet(straight, sizeof(straight), true, true);
	memcpy(frame, straight, 54);
	memset(frame + 54, 0, 16);
	frame[54] = 6;
	frame[55] = 1;
	memcpy(frame + 70, straight + 54, 230);
	frame[20] = 0;
	put_be16(frame + 18, 246);
	assert_int_equal(lab_send(lab, 0, frame, sizeof(frame), &info, 1),
	    HV_NVSP_STATUS_SUCCESS);
	memcpy(straight + 54, lab->last.bytes + 70, 230);
	assert_true(lab_is_whole(straight, sizeof(straight)));
	/* one that ends outside the frame */
	frame[55] = 31;
	info.value = HV_TX_IPV6 | HV_TX_TCP;
	assert_int_equal(lab_send(lab, 0, frame, sizeof(frame), &info, 1),
	    HV_NVSP_STATUS_INVALID_RNDIS);
	assert_int_equal(lab->counts->refused, 1);
}

/* None, which UDP's 0 would say, is not the same. */
static void
test_a_checksum_of_zero(void **state)
{
	struct lab *lab = *state;
	struct lab_info info = { HV_RNDIS_INFO_CHECKSUM,
		HV_TX_IPV4 | HV_TX_UDP };
	uint8_t frame[100];
	uint16_t sum;

	lab_start(lab, NULL, 0);
	lab_packet(frame, sizeof(frame), false, false);
	assert_int_equal(lab_send(lab, 0, frame, sizeof(frame), &info, 1), 1);
	sum = get_be16(lab->last.bytes + 40);
	/* what is missing is now there */
	put_be16(frame + 50, (uint16_t)((get_be16(frame + 50) + sum) % 0xffff));
	assert_int_equal(lab_send(lab, 0, frame, sizeof(frame), &info, 1), 1);
	assert_int_equal(get_be16(lab->last.bytes + 40), 0xffff);
}

static void
test_a_wrong_pseudo_header_is_seen(void **state)
{
	struct lab *lab = *state;
	struct lab_info info = { HV_RNDIS_INFO_CHECKSUM,
		HV_TX_IPV6 | HV_TX_TCP };
	uint8_t frame[100];

	lab_start(lab, NULL, 0);
	lab_packet(frame, sizeof(frame), true, true);
	frame[54 + 16] ^= 1;
	assert_int_equal(lab_send(lab, 0, frame, sizeof(frame), &info, 1),
	    HV_NVSP_STATUS_SUCCESS);
	assert_false(lab_is_whole(lab->last.bytes, sizeof(frame)));
}

static void
is_refused(struct lab *lab, const uint8_t *frame, size_t length, uint32_t type,
    uint32_t value)
{
	struct lab_info info = { type, value };
	uint64_t refused = lab->counts->refused;
	unsigned frames = lab->frames;

	assert_int_equal(lab_send(lab, 0, frame, length, &info, 1),
	    HV_NVSP_STATUS_INVALID_RNDIS);
	assert_int_equal(lab->counts->refused, refused + 1);
	assert_int_equal(lab->frames, frames);
}

static void
test_checksums_that_cannot_be(void **state)
{
	struct lab *lab = *state;
	uint8_t frame[100];

	lab_start(lab, NULL, 0);
	lab_packet(frame, sizeof(frame), false, true);
	is_refused(lab, frame, 100, HV_RNDIS_INFO_CHECKSUM,
	    HV_TX_IPV6 | HV_TX_TCP);
	is_refused(lab, frame, 100, HV_RNDIS_INFO_CHECKSUM,
	    HV_TX_IPV4 | HV_TX_UDP);
	is_refused(lab, frame, 100, HV_RNDIS_INFO_CHECKSUM,
	    HV_TX_IPV4 | HV_TX_TCP | HV_TX_L4_OFFSET(38));
	is_refused(lab, frame, 40, HV_RNDIS_INFO_CHECKSUM,
	    HV_TX_IPV4 | HV_TX_TCP);
	put_be16(frame + 20, 0x2001); /* a fragment that is not the first */
	is_refused(lab, frame, 100, HV_RNDIS_INFO_CHECKSUM,
	    HV_TX_IPV4 | HV_TX_TCP);
	lab_pattern(frame, sizeof(frame), lab_mac);
	is_refused(lab, frame, 100, HV_RNDIS_INFO_CHECKSUM,
	    HV_TX_IPV4 | HV_TX_TCP);
}

static void
test_offloads_that_are_off_are_refused(void **state)
{
	struct lab *lab = *state;
	struct hv_ndis_offload_parameters off = {
		.object = { HV_NDIS_DEFAULT, 1,
		    HV_NDIS_OFFLOAD_PARAMETERS_SIZE_1 },
		.tcp4 = HV_PARAMETER_RX,
		.lso2_ipv4 = HV_PARAMETER_OFF,
	};
	uint8_t frame[1000];
	struct lab_info info = { HV_RNDIS_INFO_CHECKSUM,
		HV_TX_IPV4 | HV_TX_TCP };

	lab_start(lab, NULL, 0);
	lab_packet(frame, sizeof(frame), false, true);
	assert_int_equal(lab_send(lab, 0, frame, 1000, &info, 1),
	    HV_NVSP_STATUS_SUCCESS);
	assert_int_equal(lab_set(lab, HV_OID_OFFLOAD_PARAMETERS, &off,
			     HV_NDIS_OFFLOAD_PARAMETERS_SIZE_1),
	    0);
	is_refused(lab, frame, 1000, HV_RNDIS_INFO_CHECKSUM,
	    HV_TX_IPV4 | HV_TX_TCP);
	is_refused(lab, frame, 1000, HV_RNDIS_INFO_LSO,
	    HV_LSO_VERSION_2 | HV_LSO_MSS(100));
	off.lso1 = HV_PARAMETER_OFF;
	assert_int_equal(lab_set(lab, HV_OID_OFFLOAD_PARAMETERS, &off,
			     HV_NDIS_OFFLOAD_PARAMETERS_SIZE_1),
	    0);
	is_refused(lab, frame, 1000, HV_RNDIS_INFO_LSO, HV_LSO_MSS(100));
}

/* As guests make them: without lengths where version 2 wants none. */
static size_t
lso_frame(uint8_t *frame, size_t length, bool ipv6, unsigned version)
{
	size_t start = lab_packet(frame, length, ipv6, true);
	uint32_t sum = get_be16(frame + start + 16);

	/* the sum without the length */
	sum += 0xffff - (uint32_t)(length - start) % 0xffff;
	sum = (sum & 0xffff) + (sum >> 16);
	put_be16(frame + start + 16, (uint16_t)((sum & 0xffff) + (sum >> 16)));
	if (version == 2)
		put_be16(frame + 14 + (ipv6 ? 4 : 2), 0);
	return start;
}

static uint32_t
send_lso(struct lab *lab, uint8_t *frame, size_t length, bool ipv6,
    unsigned version, unsigned mss)
{
	size_t start = lso_frame(frame, length, ipv6, version);
	struct lab_info info = { HV_RNDIS_INFO_LSO,
		HV_LSO_MSS(mss) | HV_LSO_L4_OFFSET(start) };

	if (version == 2)
		info.value |= HV_LSO_VERSION_2 | (ipv6 ? HV_LSO_IPV6 : 0);
	return lab_send(lab, 0, frame, length, &info, 1);
}

static void
test_large_sends_come_whole(void **state)
{
	struct lab *lab = *state;
	static uint8_t frame[65549];

	lab_start(lab, NULL, 0);
	for (unsigned i = 0; i < 9; i++) {
		bool ipv6 = i % 3 == 1;
		unsigned version = i % 3 == 2 ? 1 : 2;
		size_t length = i < 3 ? 3000 : i < 6 ? 20001 : 65549;

		assert_int_equal(send_lso(lab, frame, length, ipv6, version,
				     1400),
		    HV_NVSP_STATUS_SUCCESS);
		assert_int_equal(lab->frames, i + 1);
		assert_int_equal(lab->last.frame.lso_version, version);
		assert_int_equal(lab->last.frame.segment_size, 1400);
		assert_int_equal(lab->last.frame.length, length);
		assert_true(lab->last.frame.checksum_blank);
		assert_true(lab_is_whole(lab->last.bytes, length));
	}
	assert_int_equal(lab->counts->refused, 0);
}

static void
test_large_sends_that_cannot_be(void **state)
{
	struct lab *lab = *state;
	uint8_t frame[2000];
	size_t start;

	lab_start(lab, NULL, 0);
	start = lso_frame(frame, sizeof(frame), true, 2);
	is_refused(lab, frame, sizeof(frame), HV_RNDIS_INFO_LSO,
	    HV_LSO_VERSION_2 | HV_LSO_MSS(1000)); /* not IPv4 */
	is_refused(lab, frame, sizeof(frame), HV_RNDIS_INFO_LSO,
	    HV_LSO_MSS(1000)); /* version 1 has none */
	is_refused(lab, frame, sizeof(frame), HV_RNDIS_INFO_LSO,
	    HV_LSO_VERSION_2 | HV_LSO_IPV6 | HV_LSO_MSS(1000) |
		HV_LSO_L4_OFFSET(start + 4));
	frame[start + 12] = 4 << 4; /* TCP's header */
	is_refused(lab, frame, sizeof(frame), HV_RNDIS_INFO_LSO,
	    HV_LSO_VERSION_2 | HV_LSO_IPV6 | HV_LSO_MSS(1000));
	frame[start + 12] = 15 << 4;
	is_refused(lab, frame, start + 60, HV_RNDIS_INFO_LSO,
	    HV_LSO_VERSION_2 | HV_LSO_IPV6 | HV_LSO_MSS(1000));
	lab_packet(frame, sizeof(frame), false, false); /* UDP */
	is_refused(lab, frame, sizeof(frame), HV_RNDIS_INFO_LSO,
	    HV_LSO_VERSION_2 | HV_LSO_MSS(1000));
}

static void
test_tags_beside_the_frame(void **state)
{
	struct lab *lab = *state;
	struct lab_info info[2] = { { HV_RNDIS_INFO_VLAN,
					HV_VLAN(5, 0xabc) | HV_VLAN_CFI },
		{ HV_RNDIS_INFO_HASH, 0x12345678 } };
	struct host_nv_frame back = { .length = 60,
		.has_vlan = true,
		.vlan = 0x7123 };
	const struct lab_message *message;
	uint8_t frame[60];
	uint32_t value;

	lab_start(lab, NULL, 0);
	lab_pattern(frame, sizeof(frame), lab_mac);
	assert_int_equal(lab_send(lab, 0, frame, 60, info, 2), 1);
	assert_true(lab->last.frame.has_vlan);
	assert_int_equal(lab->last.frame.vlan, 0xbabc);
	assert_int_equal(lab->last.frame.hash, 0x12345678);
	back.bytes = frame;
	assert_true(host_netvsp_send(lab->net, &back));
	message = lab_arrives(lab, frame, 60);
	assert_true(lab_info(message, HV_RNDIS_INFO_VLAN, &value));
	assert_int_equal(value, HV_VLAN(3, 0x123) | HV_VLAN_CFI);
}

static void
test_a_nic_without_tags_has_them_in_the_frame(void **state)
{
	struct lab *lab = *state;
	uint8_t frame[60];
	const struct lab_message *message;
	const uint8_t *bytes;
	size_t length;
	uint32_t value;

	lab_start(lab, &(struct host_netvsp_config){ .no_vlan = true }, 0);
	lab_pattern(frame, sizeof(frame), lab_mac);
	is_refused(lab, frame, 60, HV_RNDIS_INFO_VLAN, HV_VLAN(0, 1));
	assert_true(host_netvsp_send(lab->net,
	    &(struct host_nv_frame){ .bytes = frame,
		.length = 60,
		.has_vlan = true,
		.vlan = 0x7123 }));
	message = lab_take(lab);
	assert_false(lab_info(message, HV_RNDIS_INFO_VLAN, &value));
	bytes = lab_bytes(message, &length);
	assert_int_equal(length, 64);
	assert_memory_equal(bytes, frame, 12);
	assert_int_equal(get_be32(bytes + 12), 0x81007123);
	assert_memory_equal(bytes + 16, frame + 12, 48);
}

/* ---- To the guest ----------------------------------------------------- */

static void
test_frames_of_all_sizes_come_in(void **state)
{
	struct lab *lab = *state;
	uint8_t frame[9014];

	lab_start(lab, &(struct host_netvsp_config){ .mtu = 9000 }, 0);
	for (size_t length = 14; length <= sizeof(frame);
	     length += length < 100 ? 1 : 331) {
		lab_pattern(frame, length, lab_everybody);
		assert_true(lab_receive(lab, frame, length));
		lab_arrives(lab, frame, length);
	}
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(lab->counts->receive_in_use, 0);
	assert_int_equal(lab->counts->rx_completions, lab->counts->rx_packets);
	assert_int_equal(lab->counts->refused, 0);
	assert_false(lab_receive(lab, frame, 13));
}

static void
test_a_frame_that_no_part_takes(void **state)
{
	struct lab *lab = *state;
	uint8_t frame[1514];

	lab_start(lab, &(struct host_netvsp_config){ .receive_size = 512 }, 0);
	assert_int_equal(lab->part.size, 512);
	lab_pattern(frame, sizeof(frame), lab_mac);
	assert_false(lab_receive(lab, frame, 600));
	assert_int_equal(lab->counts->dropped, 1);
	assert_true(lab_receive(lab, frame, 400));
	lab_arrives(lab, frame, 400);
}

static void
test_frames_share_a_packet(void **state)
{
	struct lab *lab = *state;
	uint8_t frames[10][64];
	uint64_t packets;

	lab_start(lab, NULL, 0);
	lab_run(lab, PV_MILLISECOND);
	packets = lab->counts->rx_packets;
	lab->hold = true;
	for (unsigned i = 0; i < 10; i++) {
		lab_pattern(frames[i], 64, lab_mac);
		frames[i][20] = (uint8_t)i;
		assert_true(lab_receive(lab, frames[i], 64));
	}
	for (unsigned i = 0; i < 10; i++)
		lab_arrives(lab, frames[i], 64);
	assert_int_equal(lab->counts->rx_packets, packets + 1);
	assert_int_equal(lab->held_count, 1);
	/* all ten parts are the guest's until it is done with the packet */
	assert_int_equal(lab->counts->receive_in_use, 10);
	lab_complete(lab, 0, lab->held[0]);
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(lab->counts->receive_in_use, 0);
	assert_int_equal(lab->counts->refused, 0);
}

static void
test_no_packet_has_more_ranges_than_it_may(void **state)
{
	struct lab *lab = *state;
	uint64_t packets;
	uint8_t frame[64];

	lab_start(lab, &(struct host_netvsp_config){ .receive_size = 256 },
	    HV_NVSP_6);
	lab_run(lab, PV_MILLISECOND);
	packets = lab->counts->rx_packets;
	lab_pattern(frame, sizeof(frame), lab_mac);
	for (unsigned i = 0; i < 2 * HV_NVSP_RANGES_MAX + 1; i++)
		assert_true(lab_receive(lab, frame, sizeof(frame)));
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(lab->arrived_count, 2 * HV_NVSP_RANGES_MAX + 1);
	assert_int_equal(lab->counts->rx_packets, packets + 3);
	assert_int_equal(lab->counts->receive_in_use, 0);
}

static void
test_parts_are_the_guests_until_completed(void **state)
{
	struct lab *lab = *state;
	uint8_t frame[64];
	unsigned sent = 0;

	lab_start(lab, NULL, 0);
	lab->hold = true;
	lab_pattern(frame, sizeof(frame), lab_mac);
	while (lab_receive(lab, frame, sizeof(frame))) {
		sent++;
		if (sent % 7 == 0)
			lab_run(lab, PV_MILLISECOND / 2);
	}
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(lab->arrived_count, sent);
	/* some are kept for other messages */
	assert_int_equal(sent, lab->part.count - 16);
	assert_int_equal(lab->counts->dropped, 1);
	assert_int_equal(lab->counts->receive_in_use, sent);
	assert_int_equal(lab_word(lab, HV_OID_FRAME_SIZE), 1500);
	/* each exactly once, in any order */
	for (unsigned i = lab->held_count; i-- > 0;)
		lab_complete(lab, 0, lab->held[i]);
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(lab->counts->receive_in_use, 0);
	assert_int_equal(lab->counts->refused, 0);
	lab_complete(lab, 0, lab->held[0]);
	lab_complete(lab, 0, lab->held[0] + 1);
	lab_complete(lab, 0, ~0ull);
	lab_complete(lab, 0, 0);
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(lab->counts->refused, 4);
	assert_int_equal(lab->counts->receive_in_use, 0);
	/* the same part again, and the packet that had it before */
	for (unsigned i = 0; i < sent; i++)
		assert_true(lab_receive(lab, frame, sizeof(frame)));
	lab_run(lab, PV_MILLISECOND);
	for (unsigned i = 0; i < 10; i++)
		lab_complete(lab, 0, lab->held[i]);
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(lab->counts->refused, 14);
	assert_int_equal(lab->counts->receive_in_use, sent);
}

static void
test_what_is_said_of_a_checksum(void **state)
{
	struct lab *lab = *state;
	uint8_t frame[200];

	lab_start(lab, NULL, 0);
	for (unsigned i = 0; i < 4; i++) {
		bool ipv6 = (i & 1) != 0, tcp = (i & 2) != 0;
		struct host_nv_frame to = { .bytes = frame,
			.length = sizeof(frame),
			.checksum_valid = true };
		const struct lab_message *message;
		uint32_t value;

		lab_packet(frame, sizeof(frame), ipv6, tcp);
		assert_true(host_netvsp_send(lab->net, &to));
		message = lab_arrives(lab, frame, sizeof(frame));
		assert_true(lab_info(message, HV_RNDIS_INFO_CHECKSUM, &value));
		assert_int_equal(value,
		    (tcp ? HV_RX_TCP_GOOD : HV_RX_UDP_GOOD) |
			(ipv6 ? 0 : HV_RX_IP_GOOD));
		to.checksum_valid = false;
		assert_true(host_netvsp_send(lab->net, &to));
		message = lab_arrives(lab, frame, sizeof(frame));
		assert_false(lab_info(message, HV_RNDIS_INFO_CHECKSUM, &value));
	}
}

static void
comes(struct lab *lab, const char *to, bool wanted)
{
	uint8_t frame[60];

	lab_pattern(frame, sizeof(frame), (const uint8_t *)to);
	assert_int_equal(lab_receive(lab, frame, sizeof(frame)), wanted);
	if (wanted)
		lab_arrives(lab, frame, sizeof(frame));
}

#define MINE "\x00\x15\x5d\x01\x02\x03"
#define OTHER "\x00\x15\x5d\x01\x02\x04"
#define GROUP "\x01\x00\x5e\x00\x00\x01"
#define GROUP2 "\x01\x00\x5e\x00\x00\x02"
#define ALL "\xff\xff\xff\xff\xff\xff"

static void
test_only_what_the_filter_wants(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, NULL, 0);
	comes(lab, OTHER, true);
	lab_filter(lab, HV_FILTER_NONE);
	comes(lab, MINE, false);
	lab_filter(lab, HV_FILTER_DIRECTED);
	comes(lab, MINE, true);
	comes(lab, OTHER, false);
	comes(lab, ALL, false);
	comes(lab, GROUP, false);
	lab_filter(lab, HV_FILTER_BROADCAST | HV_FILTER_MULTICAST);
	comes(lab, MINE, false);
	comes(lab, ALL, true);
	comes(lab, GROUP, false);
	assert_int_equal(lab_set(lab, HV_OID_MULTICAST_LIST, OTHER GROUP, 12),
	    0);
	lab_forget(lab);
	assert_int_equal(lab->counts->groups, 2);
	comes(lab, GROUP, true);
	comes(lab, GROUP2, false);
	lab_filter(lab, HV_FILTER_ALL_MULTICAST);
	comes(lab, GROUP2, true);
	comes(lab, ALL, false);
	assert_int_equal(lab->counts->dropped, 8);
}

static void
test_too_many_groups(void **state)
{
	struct lab *lab = *state;
	uint8_t list[65 * 6];

	memset(list, 1, sizeof(list));
	lab_start(lab, NULL, 0);
	assert_int_equal(lab_set(lab, HV_OID_MULTICAST_LIST, list, 64 * 6), 0);
	assert_int_equal(lab_set(lab, HV_OID_MULTICAST_LIST, list,
			     sizeof(list)),
	    HV_RNDIS_STATUS_MULTICAST_FULL);
	assert_int_equal(lab_set(lab, HV_OID_MULTICAST_LIST, list, 7),
	    HV_RNDIS_STATUS_INVALID_LENGTH);
	assert_int_equal(lab->counts->groups, 64);
	assert_int_equal(lab_set(lab, HV_OID_MULTICAST_LIST, list, 0), 0);
	assert_int_equal(lab->counts->groups, 0);
}

static void
rsc_on(struct lab *lab)
{
	struct hv_ndis_offload_parameters on = {
		.object = { HV_NDIS_DEFAULT, 3, sizeof(on) },
		.rsc_ipv4 = HV_PARAMETER_ON,
		.rsc_ipv6 = HV_PARAMETER_ON,
	};

	assert_int_equal(lab_set(lab, HV_OID_OFFLOAD_PARAMETERS, &on,
			     sizeof(on)),
	    0);
	lab_run(lab, PV_MILLISECOND);
	lab_forget(lab);
}

/* All parts, into one frame; how many there were. */
static unsigned
join(struct lab *lab, uint8_t *to, size_t *length)
{
	unsigned count = 0, packet = 0;
	struct hv_rndis_packet_id id;
	uint32_t value;

	*length = 0;
	do {
		const struct lab_message *message = lab_take(lab);
		const uint8_t *bytes;
		size_t part;

		assert_true(lab_info(message, HV_RNDIS_INFO_PACKET_ID, &value));
		memcpy(&id, &value, sizeof(id));
		assert_int_equal(id.version, 1);
		assert_true((id.flags & HV_RSC_PART) != 0);
		assert_int_equal((id.flags & HV_RSC_FIRST) != 0, count == 0);
		if (count == 0)
			packet = message->packet;
		assert_int_equal(message->packet, packet);
		/* what is said of it stands with the first part only */
		assert_int_equal(lab_info(message, HV_RNDIS_INFO_CHECKSUM,
				     &value),
		    count == 0);
		bytes = lab_bytes(message, &part);
		memcpy(to + *length, bytes, part);
		*length += part;
		count++;
	} while ((id.flags & HV_RSC_LAST) == 0);
	return count;
}

static void
test_coalesced_frames_come_in_parts(void **state)
{
	struct lab *lab = *state;
	static uint8_t frame[30001], joined[65536];
	struct host_nv_frame to = { .bytes = frame,
		.length = sizeof(frame),
		.checksum_valid = true,
		.rsc_segments = 21 };
	size_t length;

	lab_start(lab, NULL, 0);
	lab_packet(frame, sizeof(frame), false, true);
	/* not before the guest wants that */
	assert_false(host_netvsp_send(lab->net, &to));
	rsc_on(lab);
	assert_true(host_netvsp_send(lab->net, &to));
	assert_int_equal(join(lab, joined, &length), 21);
	assert_int_equal(length, sizeof(frame));
	assert_memory_equal(joined, frame, sizeof(frame));
	/* parts that are too long */
	to.rsc_segments = 10;
	assert_false(host_netvsp_send(lab->net, &to));
	/* no TCP */
	lab_packet(frame, sizeof(frame), false, false);
	to.rsc_segments = 21;
	assert_false(host_netvsp_send(lab->net, &to));
}

static void
test_no_coalescing_before_2019(void **state)
{
	struct lab *lab = *state;
	static uint8_t frame[30001];
	struct host_nv_frame to = { .bytes = frame,
		.length = sizeof(frame),
		.rsc_segments = 21 };

	lab_start(lab, NULL, HV_NVSP_6);
	lab_packet(frame, sizeof(frame), false, true);
	rsc_on(lab);
	assert_false(host_netvsp_send(lab->net, &to));
}

/* ---- By hash ---------------------------------------------------------- */

/* The key, and what comes of it, of Microsoft's verification suite. */
static const uint8_t rss_key[HV_RSS_KEY] = { 0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b,
	0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca,
	0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
	0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa };

static uint32_t
set_rss(struct lab *lab, uint32_t entry, uint16_t flags)
{
	struct hv_ndis_rss_parameters p = {
		.object = { HV_NDIS_RSS_PARAMETERS, 2, sizeof(p) },
		.flags = flags,
		.hash = HV_HASH_TOEPLITZ | HV_HASH_IPV4 | HV_HASH_TCP_IPV4 |
		    HV_HASH_IPV6 | HV_HASH_TCP_IPV6,
		.table_size = HV_RSS_ENTRIES * 4,
		.table_offset = sizeof(p),
		.key_size = HV_RSS_KEY,
		.key_offset = sizeof(p) + HV_RSS_ENTRIES * 4,
	};
	uint8_t bytes[sizeof(p) + HV_RSS_ENTRIES * 4 + HV_RSS_KEY];

	memcpy(bytes, &p, sizeof(p));
	for (unsigned i = 0; i < HV_RSS_ENTRIES; i++)
		put_le32(bytes + sizeof(p) + i * 4,
		    i == (0x51ccc178 & 127) ? entry : 0);
	memcpy(bytes + p.key_offset, rss_key, HV_RSS_KEY);
	return lab_set(lab, HV_OID_RSS_PARAMETERS, bytes, sizeof(bytes));
}

static void
test_frames_go_where_their_hash_says(void **state)
{
	struct lab *lab = *state;
	struct hv_nvsp ask = { .type = HV_NVSP_SUB_CHANNEL }, answer;
	const struct lab_message *message;
	uint8_t frame[100];
	struct host_nv_frame to = { .bytes = frame,
		.length = sizeof(frame),
		.channel = HOST_NV_BY_HASH };
	uint32_t value;

	lab_start(lab, &(struct host_netvsp_config){ .max_channels = 2 }, 0);
	ask.u.sub_channel.operation = HV_NVSP_SUB_CHANNEL_ALLOCATE;
	ask.u.sub_channel.count = 1;
	assert_true(lab_ask(lab, &ask, 28, &answer));
	lab_offered(lab, 1);
	lab_packet(frame, sizeof(frame), false, true);
	put_be32(frame + 26, 0x420995bb); /* 66.9.149.187 */
	put_be32(frame + 30, 0xa18e6450); /* 161.142.100.80 */
	put_be16(frame + 34, 2794);
	put_be16(frame + 36, 1766);
	/* without the guest's table there is no hash */
	assert_true(host_netvsp_send(lab->net, &to));
	message = lab_arrives(lab, frame, sizeof(frame));
	assert_false(lab_info(message, HV_RNDIS_INFO_HASH, &value));
	assert_int_equal(set_rss(lab, 2, 0), HV_RNDIS_STATUS_INVALID_DATA);
	assert_false(lab->counts->rss);
	assert_int_equal(set_rss(lab, 1, 0), 0);
	assert_true(lab->counts->rss);
	lab_forget(lab);
	/* the channel is not open */
	assert_true(host_netvsp_send(lab->net, &to));
	message = lab_arrives(lab, frame, sizeof(frame));
	assert_int_equal(message->channel, 0);
	assert_true(lab_info(message, HV_RNDIS_INFO_HASH, &value));
	assert_int_equal(value, 0x51ccc178);
	lab_open(lab, 1);
	assert_true(host_netvsp_send(lab->net, &to));
	message = lab_arrives(lab, frame, sizeof(frame));
	assert_int_equal(message->channel, 1);
	/* UDP by its addresses alone */
	frame[23] = 17;
	assert_true(host_netvsp_send(lab->net, &to));
	message = lab_arrives(lab, frame, sizeof(frame));
	assert_true(lab_info(message, HV_RNDIS_INFO_HASH, &value));
	assert_int_equal(value, 0x323e8fc2);
	assert_int_equal(set_rss(lab, 1, HV_RSS_DISABLE), 0);
	assert_false(lab->counts->rss);
}

/* ---- A loop ----------------------------------------------------------- */

static void
test_frames_come_back(void **state)
{
	struct lab *lab = *state;
	struct lab_info infos[2] = { { HV_RNDIS_INFO_CHECKSUM,
					 HV_TX_IPV4 | HV_TX_TCP },
		{ HV_RNDIS_INFO_VLAN, HV_VLAN(1, 2) } };
	const struct lab_message *message;
	const uint8_t *bytes;
	uint8_t frame[1514];
	uint32_t value;
	size_t length;

	lab_start(lab, NULL, 0);
	lab_filter(lab, HV_FILTER_DIRECTED);
	host_netvsp_on_frame(lab->net, NULL, NULL);
	for (size_t size = 14; size <= sizeof(frame); size += 50) {
		lab_pattern(frame, size, lab_everybody);
		assert_int_equal(lab_send(lab, 0, frame, size, NULL, 0), 1);
		lab_arrives(lab, frame, size);
	}
	lab_packet(frame, 500, false, true);
	assert_int_equal(lab_send(lab, 0, frame, 500, infos, 2), 1);
	message = lab_take(lab);
	bytes = lab_bytes(message, &length);
	assert_int_equal(length, 500);
	assert_memory_equal(bytes + 52, frame + 52, 448);
	assert_true(lab_info(message, HV_RNDIS_INFO_CHECKSUM, &value));
	assert_true((value & HV_RX_TCP_GOOD) != 0);
	assert_true(lab_info(message, HV_RNDIS_INFO_VLAN, &value));
	assert_int_equal(value, HV_VLAN(1, 2));
	/* a guest that wants nothing gets nothing */
	lab_filter(lab, HV_FILTER_NONE);
	assert_int_equal(lab_send(lab, 0, frame, 500, NULL, 0), 1);
	lab_nothing(lab);
}

static void
test_a_large_send_comes_back_cut(void **state)
{
	struct lab *lab = *state;
	static uint8_t frame[20001];

	lab_start(lab, NULL, HV_NVSP_6);
	host_netvsp_on_frame(lab->net, NULL, NULL);
	for (unsigned round = 0; round < 2; round++) {
		bool ipv6 = round == 1;
		size_t at = ipv6 ? 74 : 54, start = at - 20;
		struct lab_info info = { .type = HV_RNDIS_INFO_LSO };
		uint32_t first;

		lso_frame(frame, sizeof(frame), ipv6, 2);
		first = get_be32(frame + start + 4);
		frame[start + 13] = 0x99; /* CWR, ACK, PSH, FIN */
		info.value = HV_LSO_VERSION_2 | HV_LSO_MSS(1000) |
		    (ipv6 ? HV_LSO_IPV6 : 0);
		assert_int_equal(lab_send(lab, 0, frame, sizeof(frame), &info,
				     1),
		    1);
		while (at < sizeof(frame)) {
			size_t length, left = sizeof(frame) - at;
			size_t part = left < 1000 ? left : 1000;
			size_t headers = start + 20;
			const uint8_t *bytes = lab_bytes(lab_take(lab),
			    &length);

			assert_int_equal(length, headers + part);
			assert_memory_equal(bytes + headers, frame + at, part);
			assert_true(lab_is_whole(bytes, length));
			assert_int_equal(get_be32(bytes + start + 4),
			    first + (uint32_t)(at - headers));
			assert_int_equal(bytes[start + 13],
			    (at == headers ? 0x80 : 0) | 0x10 |
				(left == part ? 0x09 : 0));
			at += part;
		}
		lab_nothing(lab);
	}
}

static void
test_a_large_send_comes_back_coalesced(void **state)
{
	struct lab *lab = *state;
	static uint8_t frame[60001], joined[65536];
	size_t length;

	lab_start(lab, NULL, 0);
	rsc_on(lab);
	host_netvsp_on_frame(lab->net, NULL, NULL);
	assert_int_equal(send_lso(lab, frame, sizeof(frame), true, 2, 1400), 1);
	assert_int_equal(join(lab, joined, &length), 43);
	assert_int_equal(length, sizeof(frame));
	assert_true(lab_is_whole(joined, length));
	assert_memory_equal(joined + 74, frame + 74, length - 74);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_frames_of_all_sizes_go_out),
		lab_test(test_frames_that_are_too_long_or_short),
		lab_test(test_several_frames_in_one_packet),
		lab_test(test_no_more_bytes_in_a_packet_than_was_told),
		lab_test(test_messages_are_aligned_as_was_told),
		lab_test(test_a_header_in_a_section_and_a_frame_in_pages),
		lab_test(test_blank_checksums_are_made_good),
		lab_test(test_headers_between_ip_and_tcp),
		lab_test(test_a_checksum_of_zero),
		lab_test(test_a_wrong_pseudo_header_is_seen),
		lab_test(test_checksums_that_cannot_be),
		lab_test(test_offloads_that_are_off_are_refused),
		lab_test(test_large_sends_come_whole),
		lab_test(test_large_sends_that_cannot_be),
		lab_test(test_tags_beside_the_frame),
		lab_test(test_a_nic_without_tags_has_them_in_the_frame),
		lab_test(test_frames_of_all_sizes_come_in),
		lab_test(test_a_frame_that_no_part_takes),
		lab_test(test_frames_share_a_packet),
		lab_test(test_no_packet_has_more_ranges_than_it_may),
		lab_test(test_parts_are_the_guests_until_completed),
		lab_test(test_what_is_said_of_a_checksum),
		lab_test(test_only_what_the_filter_wants),
		lab_test(test_too_many_groups),
		lab_test(test_coalesced_frames_come_in_parts),
		lab_test(test_no_coalescing_before_2019),
		lab_test(test_frames_go_where_their_hash_says),
		lab_test(test_frames_come_back),
		lab_test(test_a_large_send_comes_back_cut),
		lab_test(test_a_large_send_comes_back_coalesced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
