/* SPDX-License-Identifier: ISC */
/* Streams of the model: packets both ways, and those that are none. */
#include "tests/support/raw_vmware.h"
#include "wire/endian.h"

static const struct host_vmware_config vsock = { .vsock = true };

/* Send a call and take its answer. */
static const char *
call(struct host_vmware *host, int stream, const char *text, bool fast)
{
	uint8_t packet[512];
	size_t size = hand_packet(packet, text, strlen(text), fast);

	assert_true(host_vmware_vsock_write(host, stream, packet, size));
	return hand_payload(host, stream);
}

static void
test_a_call_and_its_answer(void **state)
{
	struct host_vmware *host = raw_vmware(*state, &vsock);
	int stream = host_vmware_vsock_open(host, VMWARE_VSOCK_RPCI, true);

	assert_int_equal(stream, 0);
	assert_int_equal(host_vmware_counts(host)->streams_open, 1);
	assert_string_equal(call(host, stream, "info-get guestinfo.x", false),
	    "0 No value found");
	assert_string_equal(call(host, stream, "log x", false), "1 ");
	assert_string_equal(hand_payload(host, stream), "");
	host_vmware_vsock_close(host, stream);
	assert_int_equal(host_vmware_counts(host)->rpcs, 2);
	raw_vmware_end(host, 0);
}

static void
test_a_fast_close_ends_the_stream_after_the_answer(void **state)
{
	struct host_vmware *host = raw_vmware(*state, &vsock);
	int stream = host_vmware_vsock_open(host, VMWARE_VSOCK_RPCI, true);

	assert_string_equal(call(host, stream, "log x", true), "1 ");
	assert_null(hand_payload(host, stream));
	assert_false(host_vmware_vsock_write(host, stream, "x", 1));
	host_vmware_vsock_close(host, stream);
	raw_vmware_end(host, 0);
}

static void
test_a_packet_byte_by_byte_and_two_at_once(void **state)
{
	struct host_vmware *host = raw_vmware(*state, &vsock);
	int stream = host_vmware_vsock_open(host, VMWARE_VSOCK_RPCI, true);
	uint8_t packets[128];
	size_t size = hand_packet(packets, "log x", 5, false);

	for (size_t i = 0; i < size; i++) {
		assert_string_equal(hand_payload(host, stream), "");
		assert_true(
		    host_vmware_vsock_write(host, stream, packets + i, 1));
	}
	assert_string_equal(hand_payload(host, stream), "1 ");
	size += hand_packet(packets + size, "log y", 5, false);
	assert_true(host_vmware_vsock_write(host, stream, packets, size));
	assert_string_equal(hand_payload(host, stream), "1 ");
	assert_string_equal(hand_payload(host, stream), "1 ");
	assert_string_equal(host_vmware_rpc_last(host, "log ", NULL), "log y");
	host_vmware_vsock_close(host, stream);
	raw_vmware_end(host, 0);
}

/* One packet that ends its stream. */
static void
ends(void **state, unsigned port, const uint8_t *bytes, size_t size)
{
	struct host_vmware *host = raw_vmware(*state, &vsock);
	int stream = host_vmware_vsock_open(host, port, true);
	char text[64];

	if (port == VMWARE_VSOCK_TCLO)
		assert_string_equal(hand_payload(host, stream), "reset");
	assert_true(host_vmware_vsock_write(host, stream, bytes, size));
	assert_int_equal(host_vmware_vsock_read(host, stream, text,
			     sizeof(text)),
	    -1);
	assert_false(host_vmware_vsock_write(host, stream, bytes, size));
	host_vmware_vsock_close(host, stream);
	assert_int_equal(host_vmware_counts(host)->rpcs, 0);
	raw_vmware_end(host, 1);
}

/* A good packet with one word changed. */
static void
ends_with(void **state, size_t at, uint32_t word)
{
	uint8_t packet[64];
	size_t size = hand_packet(packet, "log x", 5, true);

	put_be32(packet + at, word);
	ends(state, VMWARE_VSOCK_RPCI, packet, size);
}

static void
test_a_length_beyond_the_limit_ends_the_stream(void **state)
{
	ends_with(state, 0, VMWARE_MESSAGE_LIMIT + 1025);
}

static void
test_an_unknown_type_of_field_ends_the_stream(void **state)
{
	ends_with(state, 4, 5);
}

static void
test_a_field_of_another_type_ends_the_stream(void **state)
{
	ends_with(state, 24, DATAMAP_FIELD_TYPE);
}

static void
test_a_field_twice_ends_the_stream(void **state)
{
	/* type, payload, type */
	ends_with(state, 4 + 16 + 12 + 5 + 4, DATAMAP_FIELD_TYPE);
}

static void
test_a_string_beyond_the_packet_ends_the_stream(void **state)
{
	ends_with(state, 28, 64);
	ends_with(state, 28, UINT32_MAX);
}

static void
test_an_unknown_type_of_packet_ends_the_stream(void **state)
{
	ends_with(state, 12, 3);
	ends_with(state, 16, 1); /* the high word */
}

static void
test_a_packet_without_a_payload_ends_the_stream(void **state)
{
	ends_with(state, 24, 77);
}

static void
test_a_list_of_more_than_there_is_ends_the_stream(void **state)
{
	for (uint32_t type = DATAMAP_NUMBERS; type <= DATAMAP_STRINGS; type++) {
		uint8_t packet[16];

		put_be32(packet, 12);
		put_be32(packet + 4, type);
		put_be32(packet + 8, 9);
		put_be32(packet + 12, UINT32_MAX);
		ends(state, VMWARE_VSOCK_RPCI, packet, sizeof(packet));
	}
}

static void
test_a_packet_cut_within_a_field_ends_the_stream(void **state)
{
	uint8_t packet[64];

	for (uint32_t cut = 1; cut < 33; cut++) {
		hand_packet(packet, "log x", 5, false);
		put_be32(packet, cut);
		ends(state, VMWARE_VSOCK_RPCI, packet, 4 + cut);
	}
}

static void
test_an_empty_packet_ends_the_stream(void **state)
{
	static const uint8_t empty[4];

	ends(state, VMWARE_VSOCK_RPCI, empty, sizeof(empty));
	ends(state, VMWARE_VSOCK_TCLO, empty, sizeof(empty));
}

static void
test_a_ping_where_the_guest_calls_ends_the_stream(void **state)
{
	uint8_t packet[20];

	put_be32(packet, 16);
	put_be32(packet + 4, DATAMAP_NUMBER);
	put_be32(packet + 8, DATAMAP_FIELD_TYPE);
	put_be32(packet + 12, DATAMAP_PACKET_PING);
	put_be32(packet + 16, 0);
	ends(state, VMWARE_VSOCK_RPCI, packet, sizeof(packet));
}

static void
test_fields_that_nobody_knows_are_passed_over(void **state)
{
	struct host_vmware *host = raw_vmware(*state, &vsock);
	int stream = host_vmware_vsock_open(host, VMWARE_VSOCK_RPCI, true);
	uint8_t packet[128];
	size_t size = hand_packet(packet, "log x", 5, false);

	put_be32(packet + size, DATAMAP_STRINGS);
	put_be32(packet + size + 4, 99);
	put_be32(packet + size + 8, 2);
	put_be32(packet + size + 12, 0);
	put_be32(packet + size + 16, 1);
	packet[size + 20] = 'x';
	put_be32(packet, (uint32_t)(size + 21 - 4));
	assert_true(host_vmware_vsock_write(host, stream, packet, size + 21));
	assert_string_equal(hand_payload(host, stream), "1 ");
	host_vmware_vsock_close(host, stream);
	raw_vmware_end(host, 0);
}

static void
test_a_message_has_64_kib_at_most(void **state)
{
	struct host_vmware *host = raw_vmware(*state, &vsock);
	size_t size = VMWARE_MESSAGE_LIMIT;
	uint8_t *packet = malloc(size + 64);
	char *text = calloc(1, size + 1);

	assert_non_null(packet);
	assert_non_null(text);
	memcpy(text, "log ", 4);
	for (unsigned more = 0; more < 2; more++) {
		int stream = host_vmware_vsock_open(host, VMWARE_VSOCK_RPCI,
		    true);

		assert_true(host_vmware_vsock_write(host, stream, packet,
		    hand_packet(packet, text, size + more, true)));
		if (more == 0)
			assert_string_equal(hand_payload(host, stream), "1 ");
		assert_null(hand_payload(host, stream));
		host_vmware_vsock_close(host, stream);
	}
	free(packet);
	free(text);
	assert_int_equal(host_vmware_counts(host)->rpcs, 1);
	raw_vmware_end(host, 1);
}

static void
test_the_host_calls_and_is_pinged(void **state)
{
	struct host_vmware *host = raw_vmware(*state, &vsock);
	uint64_t events = host_vmware_vsock_events(host);
	int stream = host_vmware_vsock_open(host, VMWARE_VSOCK_TCLO, false);
	uint8_t ping[20];

	assert_true(host_vmware_vsock_events(host) > events);
	assert_string_equal(hand_payload(host, stream), "reset");
	assert_false(host_vmware_counts(host)->running);
	assert_string_equal(call(host, stream, "OK ATR toolbox", false),
	    "Capabilities_Register");
	assert_true(host_vmware_counts(host)->running);
	assert_string_equal(call(host, stream, "OK ", false),
	    "Set_Option synctime 0");
	assert_string_equal(call(host, stream, "OK ", false),
	    "Set_Option broadcastIP 1");
	assert_string_equal(call(host, stream, "OK ", false), "");
	events = host_vmware_vsock_events(host);
	assert_true(host_vmware_call(host, "hello", 5));
	assert_true(host_vmware_vsock_events(host) > events);
	assert_string_equal(hand_payload(host, stream), "hello");
	assert_string_equal(call(host, stream, "ERROR Unknown Command", false),
	    "");
	assert_string_equal(host_vmware_answer(host, 0, NULL),
	    "ERROR Unknown Command");
	put_be32(ping, 16);
	put_be32(ping + 4, DATAMAP_NUMBER);
	put_be32(ping + 8, DATAMAP_FIELD_TYPE);
	put_be32(ping + 12, DATAMAP_PACKET_PING);
	put_be32(ping + 16, 0);
	assert_true(host_vmware_vsock_write(host, stream, ping, sizeof(ping)));
	assert_int_equal(host_vmware_counts(host)->pings, 1);
	assert_true(host_vmware_call(host, "lost", 4));
	host_vmware_vsock_close(host, stream);
	assert_int_equal(host_vmware_answers(host), 2);
	assert_null(host_vmware_answer(host, 1, NULL));
	raw_vmware_end(host, 0);
}

static void
test_who_may_not_come_is_told_so(void **state)
{
	struct host_vmware_config config = { .vsock = true,
		.vsock_unprivileged_refused = true };
	struct host_vmware *host = raw_vmware(*state, &config);

	assert_int_equal(host_vmware_vsock_open(host, VMWARE_VSOCK_RPCI, false),
	    -2);
	assert_int_equal(host_vmware_vsock_open(host, 977, true), -1);
	assert_int_equal(host_vmware_vsock_open(host, VMWARE_VSOCK_RPCI, true),
	    0);
	host_vmware_vsock_close(host, 0);
	config.vsock = false;
	host = raw_vmware(*state, &config);
	assert_int_equal(host_vmware_vsock_open(host, VMWARE_VSOCK_RPCI, true),
	    -1);
	raw_vmware_end(host, 0);
}

static void
test_secure_calls_are_for_privileged_streams(void **state)
{
	struct host_vmware_config config = { .vsock = true,
		.secure_info = true };
	struct host_vmware *host = raw_vmware(*state, &config);
	int low, high;

	host_vmware_set_info(host, "guestinfo.x", "y", 1);
	low = host_vmware_vsock_open(host, VMWARE_VSOCK_RPCI, true);
	high = host_vmware_vsock_open(host, VMWARE_VSOCK_RPCI, false);
	assert_string_equal(call(host, low, "info-get guestinfo.x", false),
	    "1 y");
	assert_string_equal(call(host, high, "info-get guestinfo.x", false),
	    "0 Permission denied");
	assert_string_equal(call(host, high, "info-set guestinfo.x z", false),
	    "0 Permission denied");
	assert_string_equal(hand_rpc(host, "info-get guestinfo.x"),
	    "0 Permission denied");
	assert_string_equal(call(host, high, "log x", false), "1 ");
	host_vmware_vsock_close(host, low);
	host_vmware_vsock_close(host, high);
	raw_vmware_end(host, 0);
}

static void
test_streams_that_are_none(void **state)
{
	struct host_vmware *host = raw_vmware(*state, &vsock);
	char text[4];

	for (int stream = -1; stream < 40; stream += 41) {
		assert_false(host_vmware_vsock_write(host, stream, "x", 1));
		assert_int_equal(host_vmware_vsock_read(host, stream, text, 4),
		    -1);
		host_vmware_vsock_close(host, stream);
	}
	for (int i = 0; i < 32; i++)
		assert_int_equal(host_vmware_vsock_open(host, VMWARE_VSOCK_TCLO,
				     true),
		    i);
	assert_int_equal(host_vmware_vsock_open(host, VMWARE_VSOCK_TCLO, true),
	    -1);
	for (int i = 0; i < 32; i++)
		host_vmware_vsock_close(host, i);
	raw_vmware_end(host, 0);
}

static void
test_a_guest_that_reads_no_answers_loses_its_stream(void **state)
{
	struct host_vmware *host = raw_vmware(*state, &vsock);
	int stream = host_vmware_vsock_open(host, VMWARE_VSOCK_RPCI, true);
	char *value = calloc(1, 1 << 20);
	uint8_t packet[64];
	size_t size = hand_packet(packet, "info-get guestinfo.x", 20, false);
	unsigned calls = 0;

	assert_non_null(value);
	assert_true(host_vmware_set_info(host, "guestinfo.x", value, 1 << 20));
	free(value);
	while (
	    calls < 100 && host_vmware_vsock_write(host, stream, packet, size))
		calls++;
	assert_int_equal(calls, 4);
	host_vmware_vsock_close(host, stream);
	raw_vmware_end(host, 1);
}

static void
test_a_resume_ends_all_streams(void **state)
{
	struct host_vmware *host = raw_vmware(*state, &vsock);
	int stream = host_vmware_vsock_open(host, VMWARE_VSOCK_RPCI, true);

	host_vmware_resume(host);
	assert_null(hand_payload(host, stream));
	host_vmware_vsock_close(host, stream);
	raw_vmware_end(host, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_a_call_and_its_answer),
		world_test(test_a_fast_close_ends_the_stream_after_the_answer),
		world_test(test_a_packet_byte_by_byte_and_two_at_once),
		world_test(test_a_length_beyond_the_limit_ends_the_stream),
		world_test(test_an_unknown_type_of_field_ends_the_stream),
		world_test(test_a_field_of_another_type_ends_the_stream),
		world_test(test_a_field_twice_ends_the_stream),
		world_test(test_a_string_beyond_the_packet_ends_the_stream),
		world_test(test_an_unknown_type_of_packet_ends_the_stream),
		world_test(test_a_packet_without_a_payload_ends_the_stream),
		world_test(test_a_list_of_more_than_there_is_ends_the_stream),
		world_test(test_a_packet_cut_within_a_field_ends_the_stream),
		world_test(test_an_empty_packet_ends_the_stream),
		world_test(test_a_ping_where_the_guest_calls_ends_the_stream),
		world_test(test_fields_that_nobody_knows_are_passed_over),
		world_test(test_a_message_has_64_kib_at_most),
		world_test(test_the_host_calls_and_is_pinged),
		world_test(test_who_may_not_come_is_told_so),
		world_test(test_secure_calls_are_for_privileged_streams),
		world_test(test_streams_that_are_none),
		world_test(test_a_guest_that_reads_no_answers_loses_its_stream),
		world_test(test_a_resume_ends_all_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
