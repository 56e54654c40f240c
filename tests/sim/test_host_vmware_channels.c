/* SPDX-License-Identifier: ISC */
/* Channels of the model: how many, how long, and what no guest should do. */
#include "tests/support/raw_vmware.h"

#define SUCCESS VMWARE_STATUS_SUCCESS

static void
test_there_are_128_channels(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct hand_channel channels[VMWARE_CHANNELS], more;

	for (unsigned i = 0; i < VMWARE_CHANNELS; i++) {
		assert_true(
		    hand_open(host, VMWARE_RPCI | VMWARE_COOKIE, &channels[i]));
		assert_int_equal(channels[i].id, i);
	}
	assert_false(hand_open(host, VMWARE_RPCI | VMWARE_COOKIE, &more));
	assert_int_equal(host_vmware_counts(host)->channels_open, 128);
	hand_close(&channels[77]);
	assert_true(hand_open(host, VMWARE_TCLO, &channels[77]));
	assert_int_equal(channels[77].id, 77);
	for (unsigned i = 0; i < VMWARE_CHANNELS; i++)
		hand_close(&channels[i]);
	raw_vmware_end(host, 1);
}

static void
test_fewer_channels_when_wanted(void **state)
{
	struct host_vmware_config config = { .channels = 2 };
	struct host_vmware *host = raw_vmware(*state, &config);
	struct hand_channel a, b, c;

	assert_true(hand_open(host, VMWARE_RPCI, &a));
	assert_true(hand_open(host, VMWARE_RPCI, &b));
	assert_false(hand_open(host, VMWARE_RPCI, &c));
	hand_close(&a);
	hand_close(&b);
	raw_vmware_end(host, 1);
}

static void
test_an_open_with_another_protocol_is_refused(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct hand_channel channel;

	assert_false(hand_open(host, VMWARE_RPCI ^ 1, &channel));
	assert_false(hand_open(host, 0, &channel));
	raw_vmware_end(host, 2);
}

static void
test_a_host_without_cookies_refuses_the_flag(void **state)
{
	struct host_vmware_config config = { .no_cookies = true };
	struct host_vmware *host = raw_vmware(*state, &config);
	struct hand_channel channel;
	char reply[32];

	assert_false(hand_open(host, VMWARE_RPCI | VMWARE_COOKIE, &channel));
	assert_true(hand_open(host, VMWARE_RPCI, &channel));
	assert_int_equal(channel.high, 0);
	assert_int_equal(channel.low, 0);
	assert_true(hand_send(&channel, "log x", 5));
	assert_int_equal(hand_receive(&channel, reply, sizeof(reply)), 2);
	hand_close(&channel);
	raw_vmware_end(host, 1);
}

static void
test_a_host_without_the_string_form_says_so_and_refuses_it(void **state)
{
	struct host_vmware_config config = { .no_high = true };
	struct host_vmware *host = raw_vmware(*state, &config);
	struct hand_channel channel;
	char bytes[] = "log x", reply[32];

	assert_true(hand_open(host, VMWARE_RPCI | VMWARE_COOKIE, &channel));
	channel.strings = true;
	assert_int_equal(hand_step(&channel, VMWARE_MESSAGE_SEND_SIZE, 5, NULL),
	    SUCCESS);
	assert_int_equal(hand_string(&channel, true, bytes, 5), 0);
	assert_true(hand_send(&channel, bytes, 5));
	assert_int_equal(hand_receive(&channel, reply, sizeof(reply)), 2);
	hand_close(&channel);
	raw_vmware_end(host, 1);
}

static void
test_h62_another_cookie_is_refused_and_leaves_the_channel(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct hand_channel channel, other;
	char bytes[] = "log x";

	assert_true(hand_open(host, VMWARE_RPCI | VMWARE_COOKIE, &channel));
	other = channel;
	other.high ^= 1;
	assert_int_equal(hand_step(&other, VMWARE_MESSAGE_SEND_SIZE, 5, NULL),
	    0);
	assert_int_equal(hand_step(&other, VMWARE_MESSAGE_CLOSE, 0, NULL), 0);
	assert_int_equal(hand_step(&channel, VMWARE_MESSAGE_SEND_SIZE, 5, NULL),
	    SUCCESS | VMWARE_STATUS_HIGH);
	assert_int_equal(hand_string(&other, true, bytes, 5), 0);
	other = channel;
	other.low ^= 1;
	assert_int_equal(hand_string(&other, true, bytes, 5), 0);
	assert_int_equal(hand_string(&channel, true, bytes, 5), SUCCESS);
	assert_int_equal(host_vmware_counts(host)->rpcs, 1);
	hand_close(&channel);
	raw_vmware_end(host, 4);
}

static void
test_h62_a_channel_that_is_not_open_is_closed(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct hand_channel channel;

	assert_true(hand_open(host, VMWARE_RPCI | VMWARE_COOKIE, &channel));
	hand_close(&channel);
	assert_int_equal(hand_step(&channel, VMWARE_MESSAGE_RECEIVE_SIZE, 0,
			     NULL),
	    VMWARE_STATUS_CLOSED);
	channel.id = 128;
	assert_int_equal(hand_step(&channel, VMWARE_MESSAGE_CLOSE, 0, NULL),
	    VMWARE_STATUS_CLOSED);
	channel.id = 0xffff;
	assert_int_equal(hand_step(&channel, VMWARE_MESSAGE_SEND_SIZE, 0, NULL),
	    VMWARE_STATUS_CLOSED);
	raw_vmware_end(host, 3);
}

static void
test_an_unknown_type_is_refused(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct hand_channel channel;

	assert_true(hand_open(host, VMWARE_RPCI | VMWARE_COOKIE, &channel));
	assert_int_equal(hand_step(&channel, 7, 0, NULL), 0);
	assert_int_equal(hand_step(&channel, 0xffff, 0, NULL), 0);
	hand_close(&channel);
	raw_vmware_end(host, 2);
}

/* So long that it is just taken, and one byte more. */
static void
test_a_message_has_64_kib_at_most(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	size_t size = VMWARE_MESSAGE_LIMIT;
	char *bytes = malloc(size);
	struct hand_channel channel;

	assert_non_null(bytes);
	memset(bytes, 'x', size);
	memcpy(bytes, "log ", 4);
	assert_true(hand_open(host, VMWARE_RPCI | VMWARE_COOKIE, &channel));
	for (unsigned strings = 0; strings < 2; strings++) {
		size_t kept;

		channel.strings = strings;
		assert_true(hand_send(&channel, bytes, size));
		assert_memory_equal(host_vmware_rpc(host, strings, &kept),
		    bytes, size);
		assert_int_equal(kept, size);
	}
	free(bytes);
	assert_int_equal(hand_step(&channel, VMWARE_MESSAGE_SEND_SIZE,
			     VMWARE_MESSAGE_LIMIT + 1, NULL),
	    0);
	assert_int_equal(hand_step(&channel, VMWARE_MESSAGE_SEND_SIZE,
			     UINT32_MAX, NULL),
	    0);
	/* and the refused one is not begun */
	assert_int_equal(hand_step(&channel, VMWARE_MESSAGE_SEND, 1, NULL), 0);
	assert_int_equal(host_vmware_counts(host)->rpcs, 2);
	hand_close(&channel);
	raw_vmware_end(host, 3);
}

static void
test_a_smaller_limit_is_the_limit(void **state)
{
	struct host_vmware_config config = { .message_limit = 8 };
	struct host_vmware *host = raw_vmware(*state, &config);
	struct hand_channel channel;

	assert_true(hand_open(host, VMWARE_RPCI | VMWARE_COOKIE, &channel));
	assert_true(hand_send(&channel, "log 4567", 8));
	assert_false(hand_send(&channel, "log 45678", 9));
	hand_close(&channel);
	raw_vmware_end(host, 1);
}

static void
test_an_empty_message_is_an_unknown_command(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct hand_channel channel;
	char reply[32];

	assert_true(hand_open(host, VMWARE_RPCI | VMWARE_COOKIE, &channel));
	assert_true(hand_send(&channel, "", 0));
	assert_true(hand_receive(&channel, reply, sizeof(reply)) > 0);
	assert_string_equal(reply, "0 Unknown command");
	hand_close(&channel);
	raw_vmware_end(host, 0);
}

static void
test_a_new_size_begins_the_message_anew(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct hand_channel channel;
	char reply[32];

	assert_true(hand_open(host, VMWARE_RPCI | VMWARE_COOKIE, &channel));
	assert_int_not_equal(hand_step(&channel, VMWARE_MESSAGE_SEND_SIZE, 100,
				 NULL),
	    0);
	assert_int_equal(hand_step(&channel, VMWARE_MESSAGE_SEND, 0x20676f6c,
			     NULL),
	    SUCCESS);
	assert_true(hand_send(&channel, "log new", 7));
	assert_string_equal(host_vmware_rpc(host, 0, NULL), "log new");
	/* a reply that was not fetched goes with the next call */
	assert_true(hand_send(&channel, "nonsense", 8));
	assert_true(hand_receive(&channel, reply, sizeof(reply)) > 2);
	assert_int_equal(hand_receive(&channel, reply, sizeof(reply)), -2);
	hand_close(&channel);
	raw_vmware_end(host, 0);
}

static void
test_a_reply_is_there_until_it_is_acknowledged(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct hand_channel channel;
	struct host_backdoor r;
	char reply[32];

	assert_true(hand_open(host, VMWARE_RPCI | VMWARE_COOKIE, &channel));
	assert_true(hand_send(&channel, "log x", 5));
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(hand_step(&channel,
				     VMWARE_MESSAGE_RECEIVE_SIZE, 0, &r),
		    SUCCESS | VMWARE_STATUS_WAITING | VMWARE_STATUS_HIGH);
		assert_int_equal(r.bx, 2);
		assert_int_equal(r.dx >> 16, 1);
		assert_int_equal(hand_step(&channel, VMWARE_MESSAGE_RECEIVE, 1,
				     &r),
		    SUCCESS);
		assert_int_equal(r.bx, '1' | ' ' << 8);
		assert_int_equal(r.dx >> 16, 2);
	}
	/* there is no more than that */
	assert_int_equal(hand_step(&channel, VMWARE_MESSAGE_RECEIVE, 1, NULL),
	    0);
	assert_int_equal(hand_string(&channel, false, reply, 1), 0);
	assert_int_equal(hand_step(&channel, VMWARE_MESSAGE_RECEIVE_STATUS, 1,
			     NULL),
	    SUCCESS);
	assert_int_equal(hand_step(&channel, VMWARE_MESSAGE_RECEIVE_SIZE, 0,
			     NULL),
	    SUCCESS);
	assert_int_equal(hand_step(&channel, VMWARE_MESSAGE_RECEIVE_STATUS, 1,
			     NULL),
	    0);
	hand_close(&channel);
	raw_vmware_end(host, 3);
}

static void
test_a_reply_is_not_good_before_all_is_read(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct hand_channel channel;

	assert_true(hand_open(host, VMWARE_RPCI | VMWARE_COOKIE, &channel));
	assert_true(hand_send(&channel, "log x", 5));
	assert_int_equal(hand_step(&channel, VMWARE_MESSAGE_RECEIVE_STATUS, 1,
			     NULL),
	    0);
	/* but may be given up at any time, in two ways */
	assert_int_equal(hand_step(&channel, VMWARE_MESSAGE_RECEIVE_STATUS, 0,
			     NULL),
	    SUCCESS);
	assert_true(hand_send(&channel, "log x", 5));
	assert_int_equal(hand_step(&channel, VMWARE_MESSAGE_RECEIVE, 0, NULL),
	    SUCCESS);
	assert_int_equal(hand_step(&channel, VMWARE_MESSAGE_RECEIVE_SIZE, 0,
			     NULL),
	    SUCCESS);
	hand_close(&channel);
	raw_vmware_end(host, 1);
}

static void
test_the_string_form_moves_parts_too_and_never_more(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct hand_channel channel;
	char bytes[] = "log 0123456789", reply[8] = "";

	assert_true(hand_open(host, VMWARE_RPCI | VMWARE_COOKIE, &channel));
	assert_int_equal(hand_string(&channel, true, bytes, 1), 0);
	assert_int_not_equal(hand_step(&channel, VMWARE_MESSAGE_SEND_SIZE, 14,
				 NULL),
	    0);
	assert_int_equal(hand_string(&channel, true, bytes, 5), SUCCESS);
	assert_int_equal(hand_string(&channel, true, bytes + 5, 10), 0);
	assert_int_equal(hand_string(&channel, true, bytes, 0), 0);
	assert_int_equal(hand_string(&channel, true, bytes + 5, 9), SUCCESS);
	assert_string_equal(host_vmware_rpc(host, 0, NULL), bytes);
	assert_int_not_equal(hand_step(&channel, VMWARE_MESSAGE_RECEIVE_SIZE, 0,
				 NULL),
	    0);
	assert_int_equal(hand_string(&channel, false, reply, 3), 0);
	assert_int_equal(hand_string(&channel, false, reply, 2), SUCCESS);
	assert_string_equal(reply, "1 ");
	hand_close(&channel);
	raw_vmware_end(host, 4);
}

static void
test_memory_that_is_not_there_fails_the_string_form(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct hand_channel channel;

	assert_true(hand_open(host, VMWARE_RPCI | VMWARE_COOKIE, &channel));
	assert_int_not_equal(hand_step(&channel, VMWARE_MESSAGE_SEND_SIZE, 4,
				 NULL),
	    0);
	assert_int_equal(hand_string(&channel, true, NULL, 4), 0);
	assert_int_equal(host_vmware_counts(host)->rpcs, 0);
	hand_close(&channel);
	raw_vmware_end(host, 1);
}

static void
test_a_call_that_was_not_taken_is_not_answered(void **state)
{
	struct host_vmware_config config = { .no_greeting = true };
	struct host_vmware *host = raw_vmware(*state, &config);
	struct hand_channel channel;

	assert_true(hand_open(host, VMWARE_TCLO | VMWARE_COOKIE, &channel));
	assert_true(host_vmware_call(host, "ping", 4));
	assert_int_not_equal(hand_step(&channel, VMWARE_MESSAGE_RECEIVE_SIZE, 0,
				 NULL),
	    SUCCESS);
	assert_true(hand_send(&channel, "OK ", 3));
	assert_int_equal(host_vmware_answers(host), 0);
	/* it is still there, whole */
	assert_string_equal(hand_tclo(&channel, ""), "ping");
	assert_string_equal(hand_tclo(&channel, "OK later"), "");
	assert_string_equal(host_vmware_answer(host, 0, NULL), "OK later");
	/* an answer to nothing */
	assert_string_equal(hand_tclo(&channel, "OK "), "");
	hand_close(&channel);
	raw_vmware_end(host, 2);
}

static void
test_a_call_given_up_is_lost(void **state)
{
	struct host_vmware_config config = { .no_greeting = true };
	struct host_vmware *host = raw_vmware(*state, &config);
	struct hand_channel channel;

	assert_true(hand_open(host, VMWARE_TCLO | VMWARE_COOKIE, &channel));
	assert_true(host_vmware_call(host, "one", 3));
	assert_true(host_vmware_call(host, "two", 3));
	assert_int_not_equal(hand_step(&channel, VMWARE_MESSAGE_RECEIVE_SIZE, 0,
				 NULL),
	    SUCCESS);
	assert_int_equal(hand_step(&channel, VMWARE_MESSAGE_RECEIVE_STATUS, 0,
			     NULL),
	    SUCCESS);
	assert_int_equal(host_vmware_answers(host), 1);
	assert_null(host_vmware_answer(host, 0, NULL));
	assert_string_equal(hand_tclo(&channel, ""), "two");
	assert_string_equal(hand_tclo(&channel, "OK 2"), "");
	assert_string_equal(host_vmware_answer(host, 1, NULL), "OK 2");
	hand_close(&channel);
	raw_vmware_end(host, 0);
}

static void
test_1024_calls_wait_at_most(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);

	for (unsigned i = 0; i < 1024; i++)
		assert_true(host_vmware_call(host, "ping", 4));
	assert_false(host_vmware_call(host, "ping", 4));
	assert_false(host_vmware_power(host, "OS_Halt"));
	assert_false(host_vmware_snapshot(host, true));
	assert_false(host_vmware_snapshot_busy(host));
}

static void
test_a_resume_ends_all_channels(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct hand_channel channel, tools;

	hand_tools(host, &tools);
	assert_true(hand_open(host, VMWARE_RPCI | VMWARE_COOKIE, &channel));
	assert_true(hand_send(&channel, "log x", 5));
	host_vmware_resume(host);
	assert_int_equal(host_vmware_counts(host)->channels_open, 0);
	assert_false(host_vmware_counts(host)->running);
	assert_int_equal(hand_step(&channel, VMWARE_MESSAGE_RECEIVE_SIZE, 0,
			     NULL),
	    VMWARE_STATUS_CLOSED);
	assert_false(hand_send(&tools, "", 0));
	/* and the loop begins with reset again */
	hand_tools(host, &tools);
	hand_close(&tools);
	raw_vmware_end(host, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_there_are_128_channels),
		world_test(test_fewer_channels_when_wanted),
		world_test(test_an_open_with_another_protocol_is_refused),
		world_test(test_a_host_without_cookies_refuses_the_flag),
		world_test(
		    test_a_host_without_the_string_form_says_so_and_refuses_it),
		world_test(
		    test_h62_another_cookie_is_refused_and_leaves_the_channel),
		world_test(test_h62_a_channel_that_is_not_open_is_closed),
		world_test(test_an_unknown_type_is_refused),
		world_test(test_a_message_has_64_kib_at_most),
		world_test(test_a_smaller_limit_is_the_limit),
		world_test(test_an_empty_message_is_an_unknown_command),
		world_test(test_a_new_size_begins_the_message_anew),
		world_test(test_a_reply_is_there_until_it_is_acknowledged),
		world_test(test_a_reply_is_not_good_before_all_is_read),
		world_test(test_the_string_form_moves_parts_too_and_never_more),
		world_test(test_memory_that_is_not_there_fails_the_string_form),
		world_test(test_a_call_that_was_not_taken_is_not_answered),
		world_test(test_a_call_given_up_is_lost),
		world_test(test_1024_calls_wait_at_most),
		world_test(test_a_resume_ends_all_channels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
