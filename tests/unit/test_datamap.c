/* SPDX-License-Identifier: ISC */
/* Packets of GuestRPC over vsock, byte for byte: the bytes are those that the
 * layout of open-vm-tools' lib/dataMap gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest/vmware/datamap.h"

#define LIMIT 1024

static long
reads(const void *bytes, size_t size, struct datamap_packet *out)
{
	/* its own memory, so that a read behind it is seen */
	uint8_t *copy = test_malloc(size > 0 ? size : 1);
	long len;

	memcpy(copy, bytes, size);
	len = datamap_read(copy, size, LIMIT, out);
	if (len > 0 && out->has_payload) {
		size_t at = (size_t)(out->payload - copy);

		assert_true(at <= size && out->payload_len <= size - at);
		out->payload = (const uint8_t *)bytes + at;
	}
	test_free(copy);
	return len;
}

static const uint8_t data_packet[] = {
	0,
	0,
	0,
	30, /* what follows */
	0,
	0,
	0,
	1,
	0,
	0,
	0,
	1, /* a number, the type of the packet */
	0,
	0,
	0,
	1,
	0,
	0,
	0,
	0, /* 1: low word, high word */
	0,
	0,
	0,
	2,
	0,
	0,
	0,
	2, /* a string, the payload */
	0,
	0,
	0,
	2,
	'1',
	' ',
};

static const uint8_t fast_packet[] = { 0, 0, 0, 47, 0, 0, 0, 1, 0, 0, 0, 1, 0,
	0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0,
	0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 'a', 'b', 'c' };

static const uint8_t ping_packet[] = { 0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 1, 0,
	0, 0, 2, 0, 0, 0, 0 };

static void
test_what_is_written(void **state)
{
	uint8_t to[64];
	struct datamap_packet packet = { .type = DATAMAP_PACKET_DATA,
		.has_payload = true,
		.payload = (const uint8_t *)"1 ",
		.payload_len = 2 };

	(void)state;
	assert_int_equal(datamap_write(to, sizeof(to), &packet),
	    sizeof(data_packet));
	assert_memory_equal(to, data_packet, sizeof(data_packet));
	packet.fast_close = true;
	packet.payload = (const uint8_t *)"abc";
	packet.payload_len = 3;
	assert_int_equal(datamap_write(to, sizeof(to), &packet),
	    sizeof(fast_packet));
	assert_memory_equal(to, fast_packet, sizeof(fast_packet));
	packet = (struct datamap_packet){ .type = DATAMAP_PACKET_PING };
	assert_int_equal(datamap_write(to, sizeof(to), &packet),
	    sizeof(ping_packet));
	assert_memory_equal(to, ping_packet, sizeof(ping_packet));
}

static void
test_no_room_to_write(void **state)
{
	uint8_t to[64];
	struct datamap_packet packet = { .type = DATAMAP_PACKET_DATA,
		.has_payload = true,
		.payload = (const uint8_t *)"1 ",
		.payload_len = 2 };

	(void)state;
	memset(to, '#', sizeof(to));
	for (size_t room = 0; room < sizeof(data_packet); room++)
		assert_int_equal(datamap_write(to, room, &packet), 0);
	for (size_t i = 0; i < sizeof(to); i++)
		assert_int_equal(to[i], '#');
	packet.payload_len = SIZE_MAX;
	assert_int_equal(datamap_write(to, sizeof(to), &packet), 0);
}

static void
test_what_is_read(void **state)
{
	struct datamap_packet packet;

	(void)state;
	assert_int_equal(reads(fast_packet, sizeof(fast_packet), &packet),
	    sizeof(fast_packet));
	assert_int_equal(packet.type, DATAMAP_PACKET_DATA);
	assert_true(packet.fast_close && packet.has_payload);
	assert_int_equal(packet.payload_len, 3);
	assert_memory_equal(packet.payload, "abc", 3);
	assert_int_equal(reads(ping_packet, sizeof(ping_packet), &packet),
	    sizeof(ping_packet));
	assert_int_equal(packet.type, DATAMAP_PACKET_PING);
	assert_false(packet.has_payload || packet.fast_close);
}

/* A stream has no edges: nothing is a packet before all of it is there, and
 * what stands behind it is the next one's. */
static void
test_a_packet_in_pieces(void **state)
{
	uint8_t two[2 * sizeof(data_packet)];
	struct datamap_packet packet;

	(void)state;
	memcpy(two, data_packet, sizeof(data_packet));
	memcpy(two + sizeof(data_packet), data_packet, sizeof(data_packet));
	for (size_t size = 0; size < sizeof(data_packet); size++)
		assert_int_equal(reads(two, size, &packet), 0);
	for (size_t size = sizeof(data_packet); size <= sizeof(two); size++)
		assert_int_equal(reads(two, size, &packet),
		    sizeof(data_packet));
}

static void
test_fields_in_any_order_and_unknown_ones(void **state)
{
	/* a string 9, numbers 7, the payload, strings 8, no numbers 0, and then
	 * the type, with a high word */
	static const uint8_t bytes[] = { 0, 0, 0, 95, 0, 0, 0, 2, 0, 0, 0, 9, 0,
		0, 0, 1, '?', 0, 0, 0, 3, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 5, 0,
		0, 0, 6, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 'p', 0, 0, 0, 4, 0,
		0, 0, 8, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 'q', 0, 0, 0, 3, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0,
		0, 3 };
	struct datamap_packet packet;

	(void)state;
	assert_int_equal(bytes[3], sizeof(bytes) - 4);
	assert_int_equal(reads(bytes, sizeof(bytes), &packet), sizeof(bytes));
	assert_true(packet.type == (3ull << 32 | 2));
	assert_int_equal(packet.payload_len, 1);
	assert_int_equal(packet.payload[0], 'p');
}

static void
bad(uint8_t *bytes, size_t size, long expected)
{
	struct datamap_packet packet;

	assert_int_equal(reads(bytes, size, &packet), expected);
}

static void
test_h58_lengths_that_are_wrong(void **state)
{
	static const uint8_t values[] = { 3, 4, 8, 0x10, 0x7f, 0x80, 0xff };
	uint8_t bytes[sizeof(data_packet)];

	(void)state;
	/* of the packet: longer than what a host may send, or ending within a
	 * field */
	memcpy(bytes, data_packet, sizeof(bytes));
	bytes[0] = 0xff;
	bad(bytes, sizeof(bytes), PV_EMSGSIZE);
	bytes[0] = 0;
	bytes[2] = LIMIT / 256;
	bad(bytes, sizeof(bytes), PV_EMSGSIZE);
	bytes[2] = (LIMIT - 4) / 256;
	bytes[3] = (LIMIT - 4) % 256;
	bad(bytes, sizeof(bytes), 0);
	for (uint8_t len = 1; len < 30; len++) {
		bytes[2] = 0;
		bytes[3] = len;
		if (len != 16)
			bad(bytes, sizeof(bytes), PV_EPROTO);
	}
	/* of the string: beyond the packet, by any byte */
	memcpy(bytes, data_packet, sizeof(bytes));
	for (size_t i = 0; i < sizeof(values); i++)
		for (size_t at = 28; at < 32; at++) {
			memcpy(bytes, data_packet, sizeof(bytes));
			bytes[at] = values[i];
			bad(bytes, sizeof(bytes), PV_EPROTO);
		}
}

static void
test_an_empty_packet_is_data_without_a_payload(void **state)
{
	static const uint8_t bytes[4];
	struct datamap_packet packet;

	(void)state;
	assert_int_equal(reads(bytes, 4, &packet), 4);
	assert_int_equal(packet.type, DATAMAP_PACKET_DATA);
	assert_false(packet.has_payload);
}

static void
test_types_that_are_none(void **state)
{
	uint8_t bytes[sizeof(data_packet)];

	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		memcpy(bytes, data_packet, sizeof(bytes));
		bytes[7] = (uint8_t)type;
		if (type != DATAMAP_NUMBER)
			bad(bytes, sizeof(bytes), PV_EPROTO);
	}
}

static void
test_a_field_of_ours_with_another_type(void **state)
{
	/* the type of the packet as a string, the payload as a number, as lists */
	uint8_t type_string[] = { 0, 0, 0, 13, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0,
		1, '1' };
	uint8_t payload_number[] = { 0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0,
		0, 1, 0, 0, 0, 0 };
	uint8_t payload_list[] = { 0, 0, 0, 12, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0,
		0 };

	(void)state;
	bad(type_string, sizeof(type_string), PV_EPROTO);
	type_string[11] = DATAMAP_FIELD_FAST_CLOSE;
	bad(type_string, sizeof(type_string), PV_EPROTO);
	bad(payload_number, sizeof(payload_number), PV_EPROTO);
	bad(payload_list, sizeof(payload_list), PV_EPROTO);
	payload_list[7] = DATAMAP_NUMBERS;
	bad(payload_list, sizeof(payload_list), PV_EPROTO);
}

static void
test_a_field_of_ours_twice(void **state)
{
	uint8_t bytes[4 + 2 * 16];
	struct datamap_packet packet;

	(void)state;
	memcpy(bytes, ping_packet, sizeof(ping_packet));
	memcpy(bytes + sizeof(ping_packet), ping_packet + 4, 16);
	bytes[3] = 32;
	bad(bytes, sizeof(bytes), PV_EPROTO);
	/* two of a field that nobody knows are nobody's business */
	bytes[11] = 77;
	bytes[27] = 77;
	assert_int_equal(reads(bytes, sizeof(bytes), &packet), sizeof(bytes));
}

static void
test_h26_lists_longer_than_the_packet(void **state)
{
	static const uint32_t counts[] = { 1, 2, 0x10000000, 0x20000000,
		0x40000000, 0x80000000, 0xffffffff };
	uint8_t bytes[] = { 0, 0, 0, 16, 0, 0, 0, 3, 0, 0, 0, 9, 0, 0, 0, 0, 0,
		0, 0, 9 };

	(void)state;
	for (unsigned type = DATAMAP_NUMBERS; type <= DATAMAP_STRINGS; type++)
		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]);
		     i++) {
			bytes[7] = (uint8_t)type;
			bytes[12] = (uint8_t)(counts[i] >> 24);
			bytes[13] = (uint8_t)(counts[i] >> 16);
			bytes[14] = (uint8_t)(counts[i] >> 8);
			bytes[15] = (uint8_t)counts[i];
			bad(bytes, sizeof(bytes), PV_EPROTO);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written),
		cmocka_unit_test(test_no_room_to_write),
		cmocka_unit_test(test_what_is_read),
		cmocka_unit_test(test_a_packet_in_pieces),
		cmocka_unit_test(test_fields_in_any_order_and_unknown_ones),
		cmocka_unit_test(test_h58_lengths_that_are_wrong),
		cmocka_unit_test(
		    test_an_empty_packet_is_data_without_a_payload),
		cmocka_unit_test(test_types_that_are_none),
		cmocka_unit_test(test_a_field_of_ours_with_another_type),
		cmocka_unit_test(test_a_field_of_ours_twice),
		cmocka_unit_test(test_h26_lists_longer_than_the_packet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
