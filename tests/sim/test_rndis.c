/* SPDX-License-Identifier: ISC */
/* RNDIS messages by themselves: what is made, and what is believed. */
#include "guest/hyperv/hvn.h"
#include "tests/support/world.h"

static uint8_t message[4096];

static uint32_t
word(size_t at)
{
	uint32_t value;

	memcpy(&value, message + at, sizeof(value));
	return value;
}

static void
set_word(size_t at, uint32_t value)
{
	memcpy(message + at, &value, sizeof(value));
}

/* A frame of 60 bytes of `fill` with everything that can be said of one. */
static size_t
make(struct rndis_info *info)
{
	*info = (struct rndis_info){ .has_checksum = true,
		.has_vlan = true,
		.has_hash = true,
		.has_lso = true,
		.checksum = HV_TX_IPV4 | HV_TX_TCP | HV_TX_L4_OFFSET(34),
		.vlan = rndis_vlan(0xb123),
		.hash = 0x12345678,
		.lso = HV_LSO_MSS(1448) };
	memset(message, 0x5a, sizeof(message));
	rndis_packet_put(message, info, 60);
	return rndis_packet_header(info) + 60;
}

/* As a host would say it: without segmentation. */
static size_t
plain(void)
{
	const struct rndis_info info = { .has_checksum = true,
		.checksum = HV_RX_TCP_GOOD,
		.has_vlan = true,
		.vlan = rndis_vlan(7) };

	memset(message, 0x5a, sizeof(message));
	rndis_packet_put(message, &info, 60);
	return rndis_packet_header(&info) + 60;
}

#define BODY 8u
#define DATA_OFFSET (BODY + 0)
#define DATA_LENGTH (BODY + 4)
#define INFO_OFFSET (BODY + 20)
#define INFO_LENGTH (BODY + 24)
#define INFOS 44u /* where the first stands */

static int
parse(size_t have)
{
	struct rndis_packet packet;

	return rndis_packet_read(message, have, &packet);
}

static void
refused(size_t have)
{
	assert_int_equal(parse(have), PV_EPROTO);
}

/* ---- Frames ----------------------------------------------------------- */

static void
test_a_frame_is_read_as_it_was_made(void **state)
{
	struct rndis_info info;
	struct rndis_packet packet;
	size_t size = make(&info);

	(void)state;
	assert_int_equal(size, 44 + 4 * 16 + 60);
	assert_int_equal(word(0), HV_RNDIS_PACKET);
	assert_int_equal(word(4), size);
	assert_int_equal(rndis_packet_read(message, size, &packet), PV_OK);
	assert_int_equal(packet.offset, 44 + 4 * 16);
	assert_int_equal(packet.length, 60);
	assert_true(packet.info.has_checksum && packet.info.has_vlan &&
	    packet.info.has_hash && !packet.info.has_part);
	assert_int_equal(packet.info.checksum, info.checksum);
	assert_int_equal(packet.info.hash, info.hash);
	assert_int_equal(rndis_vlan_tag(packet.info.vlan), 0xb123);
}

static void
test_a_frame_of_which_nothing_is_said(void **state)
{
	const struct rndis_info nothing = { .has_hash = false };
	struct rndis_packet packet;

	(void)state;
	rndis_packet_put(message, &nothing, 100);
	assert_int_equal(rndis_packet_header(&nothing), 44);
	assert_int_equal(rndis_packet_read(message, 144, &packet), PV_OK);
	assert_int_equal(packet.offset, 44);
	assert_int_equal(packet.length, 100);
	/* nobody asks where there is nothing */
	set_word(INFO_OFFSET, UINT32_MAX);
	assert_int_equal(parse(144), PV_OK);
}

static void
test_padding_is_part_of_the_message(void **state)
{
	struct rndis_packet packet;
	size_t size = plain();

	(void)state;
	rndis_packet_pad(message, 4);
	assert_int_equal(word(4), size + 4);
	refused(size);
	assert_int_equal(rndis_packet_read(message, size + 4, &packet), PV_OK);
	assert_int_equal(packet.length, 60);
}

static void
test_every_tag_comes_back(void **state)
{
	(void)state;
	for (uint32_t tag = 0; tag <= 0xffff; tag++)
		assert_int_equal(rndis_vlan_tag(rndis_vlan((uint16_t)tag)),
		    tag);
}

/* ---- B4: lengths ------------------------------------------------------ */

static void
test_h22_message_shorter_than_its_header(void **state)
{
	size_t size = plain();

	(void)state;
	for (size_t have = 0; have < 44; have++)
		refused(have);
	for (uint32_t length = 0; length < 44; length++) {
		set_word(4, length);
		refused(size);
	}
}

static void
test_h22_message_longer_than_what_is_there(void **state)
{
	size_t size = plain();

	(void)state;
	for (size_t have = 0; have < size; have++)
		refused(have);
	set_word(4, UINT32_MAX);
	refused(size);
	set_word(4, 0x80000000u);
	refused(size);
}

static void
test_h20_data_offset_outside(void **state)
{
	size_t size = plain();

	(void)state;
	for (uint32_t offset = 0; offset < 36; offset++) {
		set_word(DATA_OFFSET, offset);
		refused(size);
	}
	set_word(DATA_OFFSET, (uint32_t)(size - 8 - 59));
	refused(size);
	set_word(DATA_OFFSET, (uint32_t)size);
	refused(size);
}

static void
test_h19_data_longer_than_the_message(void **state)
{
	size_t size = plain();

	(void)state;
	set_word(DATA_LENGTH, 61);
	refused(size);
	set_word(DATA_LENGTH, UINT32_MAX);
	refused(size);
}

static void
test_h21_data_offset_and_length_wrap(void **state)
{
	size_t size = plain();

	(void)state;
	set_word(DATA_OFFSET, 0xfffffff0u);
	set_word(DATA_LENGTH, 0x20);
	refused(size);
	set_word(DATA_OFFSET, 0x20);
	set_word(DATA_LENGTH, 0xfffffff0u);
	refused(size);
}

/* ---- B4: nested offsets ----------------------------------------------- */

static void
test_h27_infos_outside_the_message(void **state)
{
	size_t size = plain();

	(void)state;
	set_word(INFO_OFFSET, 0);
	refused(size);
	set_word(INFO_OFFSET, 35);
	refused(size);
	set_word(INFO_OFFSET, (uint32_t)size - 8);
	refused(size);
	set_word(INFO_OFFSET, 36);
	set_word(INFO_LENGTH, (uint32_t)size);
	refused(size);
	set_word(INFO_OFFSET, 0xffffffe0u);
	set_word(INFO_LENGTH, 0x40);
	refused(size);
}

/* Linux goes round in its loop for ever on one of these. */
static void
test_h27_info_of_no_size_ends(void **state)
{
	size_t size = plain();

	(void)state;
	for (uint32_t bad = 0; bad < 12; bad++) {
		set_word(INFOS, bad);
		refused(size);
	}
}

static void
test_h27_info_larger_than_the_rest(void **state)
{
	size_t size = plain();

	(void)state;
	set_word(INFOS, 33);
	refused(size);
	set_word(INFOS, UINT32_MAX);
	refused(size);
	set_word(INFOS, 16);
	set_word(INFOS + 16, 17);
	refused(size);
}

static void
test_h27_info_value_outside_of_it(void **state)
{
	size_t size = plain();

	(void)state;
	for (uint32_t bad = 0; bad < 12; bad++) { /* at its own header */
		set_word(INFOS + 8, bad);
		refused(size);
	}
	for (uint32_t bad = 13; bad < 20; bad++) { /* cut, or behind it */
		set_word(INFOS + 8, bad);
		refused(size);
	}
	set_word(INFOS + 8, UINT32_MAX);
	refused(size);
}

static void
test_h27_infos_end_in_the_middle_of_one(void **state)
{
	size_t size = plain();

	(void)state;
	for (uint32_t bad = 1; bad < 32; bad++) {
		if (bad == 16)
			continue;
		set_word(INFO_LENGTH, bad);
		refused(size);
	}
}

static void
test_h25_info_twice(void **state)
{
	static const uint32_t types[] = { HV_RNDIS_INFO_CHECKSUM,
		HV_RNDIS_INFO_VLAN, HV_RNDIS_INFO_HASH,
		HV_RNDIS_INFO_PACKET_ID };
	size_t size = plain();

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		set_word(INFOS + 4, types[i]);
		set_word(INFOS + 16 + 4, types[i]);
		refused(size);
	}
}

static void
test_h25_unknown_infos_are_passed_by(void **state)
{
	struct rndis_packet packet;
	size_t size = plain();

	(void)state;
	for (uint32_t type = 0; type < 0x100; type++) {
		if (type == HV_RNDIS_INFO_CHECKSUM ||
		    type == HV_RNDIS_INFO_VLAN || type == HV_RNDIS_INFO_HASH)
			continue;
		set_word(INFOS + 4, type);
		set_word(INFOS + 16 + 4, type);
		assert_int_equal(rndis_packet_read(message, size, &packet),
		    PV_OK);
		assert_false(packet.info.has_checksum || packet.info.has_vlan ||
		    packet.info.has_hash || packet.info.has_part);
	}
}

/* ---- Control ---------------------------------------------------------- */

static void
test_requests_fit_or_are_not_made(void **state)
{
	static const uint8_t value[64];
	static const uint8_t mac[6] = { 0, 0x15, 0x5d, 0xab, 0xcd, 0xef };
	uint8_t small[256];
	size_t size;

	(void)state;
	size = rndis_query_put(message, sizeof(message), 3, HV_OID_FRAME_SIZE,
	    value, 64);
	assert_int_equal(size, 8 + 20 + 64);
	assert_int_equal(word(0), HV_RNDIS_QUERY);
	assert_int_equal(word(4), size);
	assert_int_equal(word(8), 3);
	assert_int_equal(word(12), HV_OID_FRAME_SIZE);
	assert_int_equal(word(16), 64);
	assert_int_equal(word(20), 20);
	for (size_t room = 0; room < size; room++)
		assert_int_equal(rndis_query_put(small, room, 3, 0, value, 64),
		    0);
	for (size_t room = 0; room < 24; room++)
		assert_int_equal(rndis_initialize_put(small, room, 3), 0);
	assert_int_equal(rndis_initialize_put(small, 24, 3), 24);
	assert_int_equal(rndis_halt_put(small, 12, 3), 12);
	size = rndis_address_put(message, sizeof(message), mac);
	assert_int_equal(size, 20 + 28 + 24);
	assert_memory_equal(message + 20, "N\0e\0t\0w\0o\0r\0k\0", 14);
	assert_memory_equal(message + 48, "0\0000\0001\0005\0005\0d\0", 12);
	for (size_t room = 0; room < size; room++)
		assert_int_equal(rndis_address_put(small, room, mac), 0);
}

static void
test_rss_deals_to_all_queues(void **state)
{
	size_t size = rndis_rss_put(message, sizeof(message), 3, 128);

	(void)state;
	assert_int_equal(size, 40 + 512 + 40);
	for (unsigned i = 0; i < 128; i++)
		assert_int_equal(word(40 + i * 4), i % 3);
	assert_int_equal(rndis_rss_put(message, sizeof(message), 0, 128), 0);
	assert_int_equal(rndis_rss_put(message, sizeof(message), 3, 0), 0);
	assert_int_equal(rndis_rss_put(message, sizeof(message), 3, 129), 0);
	assert_int_equal(rndis_rss_put(message, size - 1, 3, 128), 0);
}

static size_t
query_answer(uint32_t offset, uint32_t length, size_t bytes)
{
	memset(message, 0, sizeof(message));
	set_word(0, HV_RNDIS_QUERY_COMPLETE);
	set_word(4, (uint32_t)(24 + bytes));
	set_word(8, 77);
	set_word(16, length);
	set_word(20, offset);
	return 24 + bytes;
}

static int
query(uint32_t offset, uint32_t length, size_t bytes)
{
	size_t at, got, size = query_answer(offset, length, bytes);
	int error = rndis_query_read(message, size, &at, &got);

	if (error == PV_OK && got > 0) {
		assert_in_range(at, 24, size);
		assert_in_range(got, 1, size - at);
	}
	return error;
}

static void
test_h27_query_answer_points_outside(void **state)
{
	uint32_t id;

	(void)state;
	assert_int_equal(query(16, 4, 4), PV_OK);
	assert_int_equal(query(0, 0, 0), PV_OK);
	assert_int_equal(query(15, 4, 4), PV_EPROTO);
	assert_int_equal(query(0, 4, 4), PV_EPROTO);
	assert_int_equal(query(17, 4, 4), PV_EPROTO);
	assert_int_equal(query(16, 5, 4), PV_EPROTO);
	assert_int_equal(query(0xfffffff0u, 0x20, 4), PV_EPROTO);
	assert_int_equal(query(16, 0xfffffff8u, 4), PV_EPROTO);
	query_answer(16, 4, 4);
	assert_int_equal(rndis_answer_id(message, 28, &id), PV_OK);
	assert_int_equal(id, 77);
	for (size_t have = 0; have < 28; have++)
		assert_int_equal(rndis_answer_id(message, have, &id),
		    PV_EPROTO);
}

static void
test_h15_answer_of_another_kind(void **state)
{
	struct rndis_limits limits;
	size_t at, length, size = query_answer(16, 4, 4);

	(void)state;
	assert_int_equal(rndis_set_read(message, size), PV_EPROTO);
	assert_int_equal(rndis_initialize_read(message, size, &limits),
	    PV_EPROTO);
	set_word(0, HV_RNDIS_SET_COMPLETE);
	assert_int_equal(rndis_query_read(message, size, &at, &length),
	    PV_EPROTO);
	assert_int_equal(rndis_set_read(message, size), PV_OK);
	set_word(12, HV_RNDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(rndis_set_read(message, size), PV_EIO);
}

static void
test_initialize_answer_is_bounded(void **state)
{
	struct rndis_limits limits;

	(void)state;
	memset(message, 0, sizeof(message));
	set_word(0, HV_RNDIS_INITIALIZE_COMPLETE);
	set_word(4, 52);
	set_word(8 + 24, 8);
	set_word(8 + 28, 16384);
	for (uint32_t align = 0; align <= 12; align++) {
		set_word(8 + 32, align);
		assert_int_equal(rndis_initialize_read(message, 52, &limits),
		    PV_OK);
		assert_int_equal(limits.align, 1u << align);
	}
	assert_int_equal(limits.packets, 8);
	assert_int_equal(limits.bytes, 16384);
	set_word(8 + 32, 13);
	assert_int_equal(rndis_initialize_read(message, 52, &limits),
	    PV_EPROTO);
	set_word(8 + 32, 0xffffffff);
	assert_int_equal(rndis_initialize_read(message, 52, &limits),
	    PV_EPROTO);
	set_word(8 + 32, 0);
	set_word(8 + 24, 0);
	assert_int_equal(rndis_initialize_read(message, 52, &limits), PV_OK);
	assert_int_equal(limits.packets, 1);
	set_word(12, HV_RNDIS_STATUS_FAILURE);
	assert_int_equal(rndis_initialize_read(message, 52, &limits), PV_EIO);
	for (size_t have = 0; have < 52; have++)
		assert_int_equal(rndis_initialize_read(message, have, &limits),
		    PV_EPROTO);
}

static void
test_h27_indication_points_outside(void **state)
{
	uint32_t status;

	(void)state;
	memset(message, 0, sizeof(message));
	set_word(0, HV_RNDIS_INDICATE);
	set_word(4, 24);
	set_word(8, HV_RNDIS_STATUS_LINK_SPEED);
	set_word(12, 4);
	set_word(16, 12);
	assert_int_equal(rndis_indicate_read(message, 24, &status), PV_OK);
	assert_int_equal(status, HV_RNDIS_STATUS_LINK_SPEED);
	set_word(16, 13);
	assert_int_equal(rndis_indicate_read(message, 24, &status), PV_EPROTO);
	set_word(16, 0);
	assert_int_equal(rndis_indicate_read(message, 24, &status), PV_EPROTO);
	set_word(12, 0xffffffff);
	set_word(16, 12);
	assert_int_equal(rndis_indicate_read(message, 24, &status), PV_EPROTO);
	/* nothing goes with it, wherever that is */
	set_word(12, 0);
	set_word(16, 0xffffffff);
	assert_int_equal(rndis_indicate_read(message, 24, &status), PV_OK);
}

/* ---- Objects ---------------------------------------------------------- */

static void
test_offloads_by_their_revision(void **state)
{
	static const uint16_t sizes[] = { HV_NDIS_OFFLOAD_SIZE_1,
		HV_NDIS_OFFLOAD_SIZE_2, HV_NDIS_OFFLOAD_SIZE_3 };
	struct hv_ndis_offload object = {
		.object = { .type = HV_NDIS_OFFLOAD, .revision = 1 },
		.ipv4_tx_encapsulation = HV_NDIS_ENCAPSULATION_8023,
		.ipv4_tx = HV_OFFLOAD_TCP | HV_OFFLOAD_UDP,
		.ipv6_tx = HV_OFFLOAD_TCP, /* of some other encapsulation */
		.lso2_ipv4_encapsulation = HV_NDIS_ENCAPSULATION_8023,
		.lso2_ipv4_max = 62780,
		.lso2_ipv6_max = 62780,
		.rsc_ipv4 = 1,
	};
	struct rndis_offload offload;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		object.object.size = sizes[i];
		assert_int_equal(rndis_offload_read(&object, sizes[i],
				     &offload),
		    PV_OK);
		assert_int_equal(offload.checksum4,
		    HV_OFFLOAD_TCP | HV_OFFLOAD_UDP);
		assert_int_equal(offload.checksum6, 0);
		assert_int_equal(offload.lso4, 62780);
		assert_int_equal(offload.lso6, 0);
		assert_int_equal(offload.rsc4, i == 2);
		/* and what is missing is not read */
		assert_int_equal(rndis_offload_read(&object, sizes[i] - 1u,
				     &offload),
		    PV_EPROTO);
	}
	object.object.size = HV_NDIS_OFFLOAD_SIZE_1 - 1;
	assert_int_equal(rndis_offload_read(&object, sizeof(object), &offload),
	    PV_EPROTO);
	object.object.size = 0xffff;
	assert_int_equal(rndis_offload_read(&object, sizeof(object), &offload),
	    PV_EPROTO);
	object.object.size = sizeof(object);
	object.object.type = HV_NDIS_DEFAULT;
	assert_int_equal(rndis_offload_read(&object, sizeof(object), &offload),
	    PV_EPROTO);
	for (size_t have = 0; have < 4; have++)
		assert_int_equal(rndis_offload_read(&object, have, &offload),
		    PV_EPROTO);
}

static void
test_h31_rss_of_any_numbers(void **state)
{
	struct hv_ndis_rss_capabilities object = {
		.object = { .type = HV_NDIS_RSS_CAPABILITIES,
		    .revision = 2,
		    .size = HV_NDIS_RSS_CAPABILITIES_SIZE_2 },
		.queues = 0x80000000u,
		.entries = 0xffff,
	};
	unsigned queues, entries;

	(void)state;
	assert_int_equal(rndis_rss_read(&object, 18, &queues, &entries), PV_OK);
	assert_int_equal(queues, 0x80000000u);
	assert_int_equal(entries, HV_RSS_ENTRIES);
	object.entries = 16;
	assert_int_equal(rndis_rss_read(&object, 18, &queues, &entries), PV_OK);
	assert_int_equal(entries, 16);
	object.entries = 0;
	assert_int_equal(rndis_rss_read(&object, 18, &queues, &entries), PV_OK);
	assert_int_equal(entries, HV_RSS_ENTRIES);
	assert_int_equal(rndis_rss_read(&object, 17, &queues, &entries),
	    PV_EPROTO);
	object.object.size = HV_NDIS_RSS_CAPABILITIES_SIZE_1;
	object.entries = 3;
	assert_int_equal(rndis_rss_read(&object, 16, &queues, &entries), PV_OK);
	assert_int_equal(entries, HV_RSS_ENTRIES);
}

/* ---- What belongs to hvn and knows no machine -------------------------- */

static void
test_acknowledgements_are_kept_in_order_and_bounded(void **state)
{
	uint64_t ids[5], id;
	struct hvn_acks acks = { .ids = ids, .size = 5 };
	uint64_t in = 100, out = 100;

	(void)state;
	assert_false(hvn_acks_first(&acks, &id));
	for (unsigned round = 0; round < 20; round++) {
		while (hvn_acks_put(&acks, in))
			in++;
		assert_int_equal(in - out, 5);
		for (unsigned i = 0; i < 1 + round % 5; i++) {
			assert_true(hvn_acks_first(&acks, &id));
			assert_int_equal(id, out);
			hvn_acks_drop(&acks);
			out++;
		}
	}
}

static void
test_sections_are_taken_in_a_row(void **state)
{
	static struct hvn_tx tx = { .sections = 40 };
	unsigned first;

	(void)state;
	assert_int_equal(hvn_sections_take(&tx, 30), 0);
	assert_int_equal(hvn_sections_take(&tx, 11), HVN_SECTIONS);
	first = hvn_sections_take(&tx, 10);
	assert_int_equal(first, 30);
	assert_int_equal(hvn_sections_take(&tx, 1), HVN_SECTIONS);
	hvn_sections_give(&tx, 5, 3);
	hvn_sections_give(&tx, 31, 5);
	assert_int_equal(hvn_sections_take(&tx, 5), 31);
	assert_int_equal(hvn_sections_take(&tx, 2), 5);
	assert_int_equal(hvn_sections_take(&tx, 2), HVN_SECTIONS);
	assert_int_equal(hvn_sections_take(&tx, 1), 7);
}

static void
test_a_plan_keeps_within_pages(void **state)
{
	struct hvn_plan plan = { .count = 0 };
	size_t total = 0;

	(void)state;
	assert_true(hvn_plan_run(&plan, 0x12345ff0, 5000));
	assert_int_equal(plan.count, 3);
	for (unsigned i = 0; i < plan.count; i++) {
		assert_in_range(plan.pages[i].offset + plan.pages[i].bytes, 1,
		    PV_PAGE_SIZE);
		assert_int_equal(plan.pages[i].frame, 0x12345 + i);
		total += plan.pages[i].bytes;
	}
	assert_int_equal(total, 5000);
	assert_false(
	    hvn_plan_run(&plan, 0x1000, HVN_PAGES * (size_t)PV_PAGE_SIZE));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_frame_is_read_as_it_was_made),
		cmocka_unit_test(test_a_frame_of_which_nothing_is_said),
		cmocka_unit_test(test_padding_is_part_of_the_message),
		cmocka_unit_test(test_every_tag_comes_back),
		cmocka_unit_test(test_h22_message_shorter_than_its_header),
		cmocka_unit_test(test_h22_message_longer_than_what_is_there),
		cmocka_unit_test(test_h20_data_offset_outside),
		cmocka_unit_test(test_h19_data_longer_than_the_message),
		cmocka_unit_test(test_h21_data_offset_and_length_wrap),
		cmocka_unit_test(test_h27_infos_outside_the_message),
		cmocka_unit_test(test_h27_info_of_no_size_ends),
		cmocka_unit_test(test_h27_info_larger_than_the_rest),
		cmocka_unit_test(test_h27_info_value_outside_of_it),
		cmocka_unit_test(test_h27_infos_end_in_the_middle_of_one),
		cmocka_unit_test(test_h25_info_twice),
		cmocka_unit_test(test_h25_unknown_infos_are_passed_by),
		cmocka_unit_test(test_requests_fit_or_are_not_made),
		cmocka_unit_test(test_rss_deals_to_all_queues),
		cmocka_unit_test(test_h27_query_answer_points_outside),
		cmocka_unit_test(test_h15_answer_of_another_kind),
		cmocka_unit_test(test_initialize_answer_is_bounded),
		cmocka_unit_test(test_h27_indication_points_outside),
		cmocka_unit_test(test_offloads_by_their_revision),
		cmocka_unit_test(test_h31_rss_of_any_numbers),
		cmocka_unit_test(
		    test_acknowledgements_are_kept_in_order_and_bounded),
		cmocka_unit_test(test_sections_are_taken_in_a_row),
		cmocka_unit_test(test_a_plan_keeps_within_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
