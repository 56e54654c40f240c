/* SPDX-License-Identifier: ISC */
/* The model misbehaves as it was told to, once, and only then. */
#include "tests/support/raw_vmware.h"

#define SUCCESS VMWARE_STATUS_SUCCESS

struct wrong {
	struct host_vmware *host;
	struct host_vmware_manners *manners;
	struct hand_channel channel;
};

/* A channel, and what goes wrong with its next call. */
static struct wrong
wrong(void **state, unsigned how, uint32_t value)
{
	struct wrong wrong = { .host = raw_vmware(*state, NULL) };

	assert_true(
	    hand_open(wrong.host, VMWARE_RPCI | VMWARE_COOKIE, &wrong.channel));
	wrong.manners = host_vmware_manners(wrong.host);
	wrong.manners->bad_nth = 1;
	wrong.manners->bad_how = how;
	wrong.manners->bad_value = value;
	return wrong;
}

/* It was that once, and the channel is as good as ever. */
static void
good_again(struct wrong *wrong)
{
	char reply[32];

	assert_int_equal(wrong->manners->bad_nth, 0);
	assert_true(hand_send(&wrong->channel, "log x", 5));
	assert_int_equal(hand_receive(&wrong->channel, reply, sizeof(reply)),
	    2);
	hand_close(&wrong->channel);
	raw_vmware_end(wrong->host, 0);
}

static void
test_h57_registers_that_come_back_unchanged(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct host_backdoor r;

	host_vmware_manners(host)->silent = true;
	r = hand_call(host, VMWARE_VERSION, 5);
	assert_int_equal(r.ax, VMWARE_MAGIC);
	assert_int_equal(r.bx, 5);
	assert_int_equal(r.cx, VMWARE_VERSION);
	host_vmware_string(host, true, &r);
	assert_int_equal(r.bx, 5);
	assert_int_equal(host_vmware_counts(host)->exits, 2);
	raw_vmware_end(host, 0);
}

static void
test_h57_registers_of_all_ones(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct host_backdoor r;

	host_vmware_manners(host)->ones = true;
	r = hand_call(host, VMWARE_VERSION, 5);
	assert_int_equal(r.ax, UINT32_MAX);
	assert_int_equal(r.bx, UINT32_MAX);
	assert_int_equal(r.bp, UINT32_MAX);
	raw_vmware_end(host, 0);
}

static void
test_h59_no_success_in_each_step(void **state)
{
	for (unsigned type = VMWARE_MESSAGE_SEND_SIZE;
	     type <= VMWARE_MESSAGE_CLOSE; type++) {
		struct wrong w = wrong(state, HOST_VMWARE_FAIL, 0);

		assert_int_equal(hand_step(&w.channel, type, 1, NULL), 0);
		good_again(&w);
	}
}

static void
test_h59_no_success_in_the_nth_call(void **state)
{
	struct wrong w = wrong(state, HOST_VMWARE_FAIL, 0);
	struct hand_channel other;

	w.manners->bad_nth = 3;
	assert_int_not_equal(hand_step(&w.channel, VMWARE_MESSAGE_SEND_SIZE, 5,
				 NULL),
	    0);
	assert_int_not_equal(hand_step(&w.channel, VMWARE_MESSAGE_RECEIVE_SIZE,
				 0, NULL),
	    0);
	assert_false(hand_open(w.host, VMWARE_RPCI, &other));
	assert_int_equal(host_vmware_counts(w.host)->channels_open, 1);
	good_again(&w);
}

static void
test_h59_a_checkpoint_throws_the_message_away(void **state)
{
	struct wrong w = wrong(state, HOST_VMWARE_CHECKPOINT, 0);

	w.manners->bad_nth = 2;
	assert_int_not_equal(hand_step(&w.channel, VMWARE_MESSAGE_SEND_SIZE, 5,
				 NULL),
	    0);
	assert_int_equal(hand_step(&w.channel, VMWARE_MESSAGE_SEND, 0, NULL),
	    VMWARE_STATUS_CHECKPOINT);
	/* what was begun is refused now */
	assert_int_equal(hand_step(&w.channel, VMWARE_MESSAGE_SEND, 0, NULL),
	    0);
	assert_int_equal(host_vmware_counts(w.host)->refused, 1);
	assert_true(hand_send(&w.channel, "log x", 5));
	hand_close(&w.channel);
	raw_vmware_end(w.host, 1);
}

static void
test_h59_a_checkpoint_keeps_the_reply(void **state)
{
	struct wrong w = wrong(state, HOST_VMWARE_CHECKPOINT, 0);
	char reply[32];

	w.manners->bad_nth = 0;
	assert_true(hand_send(&w.channel, "log x", 5));
	w.manners->bad_nth = 2;
	assert_int_equal(hand_receive(&w.channel, reply, sizeof(reply)), -1);
	assert_int_equal(hand_receive(&w.channel, reply, sizeof(reply)), 2);
	good_again(&w);
}

static void
test_h59_checkpoints_for_ever(void **state)
{
	struct wrong w = wrong(state, HOST_VMWARE_FAIL, 0);
	char bytes[] = "log x";

	w.manners->bad_nth = 0;
	assert_int_not_equal(hand_step(&w.channel, VMWARE_MESSAGE_SEND_SIZE, 5,
				 NULL),
	    0);
	w.manners->checkpoint_always = true;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(hand_step(&w.channel, VMWARE_MESSAGE_SEND_SIZE,
				     5, NULL),
		    VMWARE_STATUS_CHECKPOINT);
	assert_int_equal(hand_string(&w.channel, true, bytes, 5),
	    VMWARE_STATUS_CHECKPOINT);
	hand_close(&w.channel);
	assert_true(hand_open(w.host, VMWARE_RPCI | VMWARE_COOKIE, &w.channel));
	w.manners->checkpoint_always = false;
	good_again(&w);
}

static void
test_h59_the_channel_is_closed(void **state)
{
	struct wrong w = wrong(state, HOST_VMWARE_CLOSED, 0);

	assert_int_equal(hand_step(&w.channel, VMWARE_MESSAGE_SEND_SIZE, 5,
			     NULL),
	    VMWARE_STATUS_CLOSED);
	raw_vmware_end(w.host, 0);
}

static void
test_h59_any_status(void **state)
{
	static const unsigned statuses[] = { VMWARE_STATUS_UNSENT,
		VMWARE_STATUS_POWEROFF, VMWARE_STATUS_TIMEOUT, 0xffff };

	for (unsigned i = 0; i < 4; i++) {
		struct wrong w = wrong(state, HOST_VMWARE_STATUS, statuses[i]);

		assert_int_equal(hand_step(&w.channel,
				     VMWARE_MESSAGE_RECEIVE_SIZE, 0, NULL),
		    statuses[i]);
		good_again(&w);
	}
}

static void
test_h59_nothing_waits(void **state)
{
	struct wrong w = wrong(state, HOST_VMWARE_NO_REPLY, 0);
	char reply[32];

	w.manners->bad_nth = 0;
	assert_true(hand_send(&w.channel, "log x", 5));
	w.manners->bad_nth = 1;
	assert_int_equal(hand_receive(&w.channel, reply, sizeof(reply)), -2);
	assert_int_equal(hand_receive(&w.channel, reply, sizeof(reply)), 2);
	good_again(&w);
}

static void
test_h62_another_channel(void **state)
{
	struct wrong w = wrong(state, HOST_VMWARE_CHANNEL, 0);
	struct hand_channel other;
	struct host_backdoor r;

	assert_int_not_equal(hand_step(&w.channel, VMWARE_MESSAGE_SEND_SIZE, 5,
				 &r),
	    0);
	assert_int_equal(r.dx >> 16, w.channel.id ^ 1);
	w.manners->bad_nth = 1;
	assert_true(hand_open(w.host, VMWARE_RPCI | VMWARE_COOKIE, &other));
	assert_int_equal(other.id, 0);
	other.id = 1;
	hand_close(&other);
	good_again(&w);
}

static void
test_h62_other_cookies(void **state)
{
	struct wrong w = wrong(state, HOST_VMWARE_COOKIE, 0);
	struct host_backdoor r;

	assert_int_not_equal(hand_step(&w.channel, VMWARE_MESSAGE_SEND_SIZE, 5,
				 &r),
	    0);
	assert_int_equal(r.si, w.channel.high ^ 1);
	assert_int_equal(r.di, w.channel.low ^ 1);
	good_again(&w);
}

static void
test_h58_any_length_of_a_reply(void **state)
{
	static const uint32_t lengths[] = { 0, 1, 65537, UINT32_MAX };

	for (unsigned i = 0; i < 4; i++) {
		struct wrong w = wrong(state, HOST_VMWARE_LENGTH, lengths[i]);
		struct host_backdoor r;
		char room[8];

		w.manners->bad_nth = 0;
		assert_true(hand_send(&w.channel, "log x", 5));
		w.manners->bad_nth = 1;
		assert_int_not_equal(hand_step(&w.channel,
					 VMWARE_MESSAGE_RECEIVE_SIZE, 0, &r),
		    0);
		assert_int_equal(r.bx, lengths[i]);
		/* never more than there is */
		assert_int_equal(hand_string(&w.channel, false, room, 3), 0);
		assert_int_equal(host_vmware_counts(w.host)->refused, i + 1);
		assert_int_equal(hand_step(&w.channel,
				     VMWARE_MESSAGE_RECEIVE_STATUS, 0, NULL),
		    SUCCESS);
		hand_close(&w.channel);
	}
}

static void
test_another_type_of_reply(void **state)
{
	struct wrong w = wrong(state, HOST_VMWARE_TYPE, 0x1234);
	struct host_backdoor r;

	assert_int_not_equal(hand_step(&w.channel, VMWARE_MESSAGE_RECEIVE_SIZE,
				 0, &r),
	    0);
	assert_int_equal(r.dx >> 16, 0x1234);
	assert_int_equal(r.dx & 0xffff, VMWARE_PORT);
	good_again(&w);
}

static void
test_h60_the_string_form_fails_half_way(void **state)
{
	struct wrong w = wrong(state, HOST_VMWARE_FAIL, 0);
	char reply[8] = "";

	w.manners->bad_nth = 0;
	w.manners->high_fails = 2;
	w.channel.strings = true;
	assert_true(hand_send(&w.channel, "log x", 5));
	assert_int_equal(hand_receive(&w.channel, reply, sizeof(reply)), -1);
	assert_string_equal(reply, "1");
	/* the reply is whole still */
	w.channel.strings = false;
	assert_int_equal(hand_receive(&w.channel, reply, sizeof(reply)), 2);
	w.channel.strings = true;
	w.manners->high_fails = 1;
	assert_false(hand_send(&w.channel, "log y", 5));
	assert_int_equal(host_vmware_counts(w.host)->rpcs, 1);
	good_again(&w);
}

static void
test_any_reply(void **state)
{
	struct wrong w = wrong(state, HOST_VMWARE_FAIL, 0);
	char reply[32];

	w.manners->bad_nth = 0;
	w.manners->rpc_reply = "nonsense\0";
	assert_true(hand_send(&w.channel, "log x", 5));
	assert_int_equal(hand_receive(&w.channel, reply, sizeof(reply)), 8);
	assert_string_equal(reply, "nonsense");
	w.manners->rpc_reply_len = 9;
	assert_true(hand_send(&w.channel, "log x", 5));
	assert_int_equal(hand_receive(&w.channel, reply, sizeof(reply)), 9);
	w.manners->rpc_reply = NULL;
	good_again(&w);
}

/* ---- Streams ---------------------------------------------------------- */

static void
test_a_stream_that_ends_in_the_second_packet(void **state)
{
	struct host_vmware_config config = { .vsock = true };
	struct host_vmware *host = raw_vmware(*state, &config);
	int stream = host_vmware_vsock_open(host, VMWARE_VSOCK_RPCI, true);
	uint8_t packet[64], rest[64];
	size_t size = hand_packet(packet, "log x", 5, false);

	host_vmware_manners(host)->vsock_cut = 2;
	assert_true(host_vmware_vsock_write(host, stream, packet, size));
	assert_string_equal(hand_payload(host, stream), "1 ");
	assert_true(host_vmware_vsock_write(host, stream, packet, size));
	assert_int_equal(host_vmware_vsock_read(host, stream, rest, 64), 17);
	assert_int_equal(host_vmware_vsock_read(host, stream, rest, 64), -1);
	assert_false(host_vmware_vsock_write(host, stream, packet, size));
	host_vmware_vsock_close(host, stream);
	raw_vmware_end(host, 0);
}

static void
test_a_stream_without_answers(void **state)
{
	struct host_vmware_config config = { .vsock = true };
	struct host_vmware *host = raw_vmware(*state, &config);
	int stream;
	uint8_t packet[64];
	size_t size = hand_packet(packet, "log x", 5, false);

	host_vmware_manners(host)->vsock_mute = true;
	stream = host_vmware_vsock_open(host, VMWARE_VSOCK_RPCI, true);
	for (unsigned i = 0; i < 3; i++)
		assert_true(
		    host_vmware_vsock_write(host, stream, packet, size));
	assert_string_equal(hand_payload(host, stream), "");
	assert_int_equal(host_vmware_counts(host)->rpcs, 3);
	host_vmware_vsock_close(host, stream);
	raw_vmware_end(host, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_h57_registers_that_come_back_unchanged),
		world_test(test_h57_registers_of_all_ones),
		world_test(test_h59_no_success_in_each_step),
		world_test(test_h59_no_success_in_the_nth_call),
		world_test(test_h59_a_checkpoint_throws_the_message_away),
		world_test(test_h59_a_checkpoint_keeps_the_reply),
		world_test(test_h59_checkpoints_for_ever),
		world_test(test_h59_the_channel_is_closed),
		world_test(test_h59_any_status),
		world_test(test_h59_nothing_waits),
		world_test(test_h62_another_channel),
		world_test(test_h62_other_cookies),
		world_test(test_h58_any_length_of_a_reply),
		world_test(test_another_type_of_reply),
		world_test(test_h60_the_string_form_fails_half_way),
		world_test(test_any_reply),
		world_test(test_a_stream_that_ends_in_the_second_packet),
		world_test(test_a_stream_without_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
