/* SPDX-License-Identifier: ISC */
/* GuestRPC by vsock, and back to the backdoor when that is not to be had. */
#include "guest/vmware/datamap.h"
#include "tests/support/vmware.h"

static const struct host_vmware_config config = { .no_greeting = true,
	.vsock = true };

/* ---- A platform whose vsock does as it is told ------------------------ */

static struct {
	struct vmlab *lab;
	int (*open)(void *, unsigned, bool);
	long (*read)(void *, int, void *, size_t);
	long (*write)(void *, int, const void *, size_t);
	int error;       /* of the next opens */
	unsigned errors; /* so many of them */
	bool privileged_only;
	unsigned opens[2]; /* unprivileged, privileged */
	bool stuck;        /* nothing is taken */
	/* what the host says in place of what it says */
	const uint8_t *bytes;
	size_t size, at;
	uint64_t times[64];
	unsigned count;
} sock;

static int
sock_open(void *ctx, unsigned port, bool privileged)
{
	sock.opens[privileged]++;
	if (port == VMWARE_VSOCK_RPCI && sock.count < 64)
		sock.times[sock.count++] = sim_now(sock.lab->world->sim);
	if (sock.errors > 0 && (privileged || !sock.privileged_only)) {
		sock.errors--;
		return sock.error;
	}
	return sock.open(ctx, port, privileged);
}

static long
sock_read(void *ctx, int stream, void *to, size_t room)
{
	if (sock.bytes != NULL) {
		size_t left = sock.size - sock.at;
		size_t some = left < room ? left : room;

		if (some == 0)
			return PV_EAGAIN;
		memcpy(to, sock.bytes + sock.at, some);
		sock.at += some;
		return (long)some;
	}
	return sock.read(ctx, stream, to, room);
}

static long
sock_write(void *ctx, int stream, const void *from, size_t size)
{
	return sock.stuck ? PV_EAGAIN : sock.write(ctx, stream, from, size);
}

static struct vmlab *
machine(void **state, const struct host_vmware_config *wanted)
{
	struct vmlab *lab = *state;
	struct pv_port *port;

	vmlab_machine(lab, wanted);
	port = sim_machine_own_port(lab->world->machine);
	memset(&sock, 0, sizeof(sock));
	sock.lab = lab;
	sock.open = port->vsock_open;
	sock.read = port->vsock_read;
	sock.write = port->vsock_write;
	port->vsock_open = sock_open;
	port->vsock_read = sock_read;
	port->vsock_write = sock_write;
	return lab;
}

static struct vmlab *
with(void **state, const struct host_vmware_config *wanted)
{
	struct vmlab *lab = machine(state, wanted);

	vmlab_attach(lab);
	vmlab_run(lab, 5 * PV_SECOND);
	return lab;
}

static void
calls(struct vmlab *lab, const char *by)
{
	char reply[64];
	uint64_t exits = lab->counts->strings;

	assert_int_equal(vmlab_call(lab, "info-set guestinfo.a b", 22, reply,
			     sizeof(reply), NULL),
	    PV_OK);
	assert_string_equal(vmware_rpc_text(lab->vmware), by);
	assert_int_equal(vmlab_call(lab, "info-get guestinfo.a", 20, reply,
			     sizeof(reply), NULL),
	    PV_OK);
	assert_string_equal(reply, "b");
	if (strcmp(by, "vsock") == 0)
		assert_int_equal(lab->counts->strings, exits);
}

static void
asked(struct vmlab *lab)
{
	const char *answer = vmlab_ask(lab, "ping", 4);

	assert_non_null(answer);
	assert_string_equal(answer, "OK ");
}

/* ---- As it should be -------------------------------------------------- */

static void
test_calls_of_both_sides_by_vsock(void **state)
{
	struct vmlab *lab = with(state, &config);

	calls(lab, "vsock");
	asked(lab);
	assert_int_equal(lab->counts->channels_open, 0);
	assert_int_equal(sock.opens[false], 0);
	assert_int_equal(lab->counts->refused, 0);
}

static void
test_secure_rpc_takes_it_from_privileged_ports_only(void **state)
{
	struct vmlab *lab = with(state,
	    &(struct host_vmware_config){ .no_greeting = true,
		.vsock = true,
		.secure_info = true });
	char reply[64];

	calls(lab, "vsock");
	/* by the backdoor, the same is refused */
	sock.error = PV_ENODEV;
	sock.errors = 100;
	host_vmware_resume(lab->host);
	assert_int_equal(vmlab_call(lab, "info-get guestinfo.a", 20, reply,
			     sizeof(reply), NULL),
	    PV_EIO);
	assert_string_equal(reply, "Permission denied");
}

static void
test_a_thousand_keys_by_one_stream(void **state)
{
	struct vmlab *lab = with(state, &config);
	char value[16];
	size_t len;

	host_vmware_set_info(lab->host, "guestinfo.x", "value", 5);
	assert_int_equal(vmlab_read(lab, "guestinfo.x", value, 16, &len),
	    PV_OK);
	sock.count = 0;
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(vmlab_read(lab, "guestinfo.x", value, 16,
				     &len),
		    PV_OK);
	assert_int_equal(sock.count, 0);
}

static void
test_64_kib_both_ways(void **state)
{
	struct vmlab *lab = with(state, &config);
	static char value[VMWARE_MESSAGE_MAX], got[VMWARE_MESSAGE_MAX + 8];
	size_t len, room = VMWARE_MESSAGE_MAX - strlen("info-set guestinfo.x ");

	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (char)('a' + i % 26);
	assert_int_equal(vmlab_write(lab, "guestinfo.x", value, room), PV_OK);
	assert_int_equal(vmlab_read(lab, "guestinfo.x", got, sizeof(got), &len),
	    PV_OK);
	assert_int_equal(len, room);
	assert_memory_equal(got, value, len);
	host_vmware_set_info(lab->host, "guestinfo.x", value, sizeof(value));
	assert_int_equal(vmlab_read(lab, "guestinfo.x", got, sizeof(got), &len),
	    PV_OK);
	assert_int_equal(len, VMWARE_MESSAGE_MAX);
	assert_string_equal(vmware_rpc_text(lab->vmware), "vsock");
}

static void
test_what_is_not_used_is_let_go_of(void **state)
{
	struct vmlab *lab = with(state, &config);
	unsigned least = 99;

	/* the stream of the host's calls stays */
	asked(lab);
	calls(lab, "vsock");
	for (unsigned i = 0; i < 200 && least > 1; i++) {
		vmlab_run(lab, 500 * PV_MILLISECOND);
		least = lab->counts->streams_open;
	}
	assert_int_equal(least, 1);
	calls(lab, "vsock");
}

/* ---- The heartbeat ---------------------------------------------------- */

static void
test_a_ping_each_second_once_a_call_was_answered(void **state)
{
	struct vmlab *lab = with(state, &config);
	unsigned pings;

	assert_int_equal(lab->counts->pings, 0);
	asked(lab);
	pings = lab->counts->pings;
	vmlab_run(lab, 30 * PV_SECOND);
	assert_in_range(lab->counts->pings - pings, 29, 31);
	assert_true(host_vmware_counts(lab->host)->running);
	/* and the backdoor is left alone by the loop */
	assert_int_equal(lab->counts->tclo_polls, 0);
}

static void
test_a_host_that_calls_nobody_is_asked_by_the_backdoor(void **state)
{
	struct vmlab *lab = with(state, &config);

	vmlab_run(lab, 10 * PV_SECOND);
	assert_int_equal(lab->counts->pings, 0);
	assert_true(lab->counts->tclo_polls > 0);
	asked(lab);
}

/* ---- Not to be had ---------------------------------------------------- */

static void
test_no_vsock_at_all(void **state)
{
	struct vmlab *lab = *state;

	vmlab_machine(lab, &config);
	sim_machine_own_port(lab->world->machine)->vsock_open = NULL;
	vmlab_attach(lab);
	calls(lab, "backdoor");
	asked(lab);
}

static void
test_not_from_a_privileged_port(void **state)
{
	struct vmlab *lab = machine(state, &config);

	sock.error = PV_EACCES;
	sock.errors = 1000;
	sock.privileged_only = true;
	vmlab_attach(lab);
	vmlab_run(lab, PV_SECOND);
	calls(lab, "vsock");
	assert_true(sock.opens[true] > 0 && sock.opens[false] > 0);
}

static void
test_refused_both_ways_is_the_backdoor(void **state)
{
	struct vmlab *lab = machine(state,
	    &(struct host_vmware_config){ .no_greeting = true,
		.vsock = true,
		.vsock_unprivileged_refused = true });

	sock.error = PV_EACCES;
	sock.errors = 1000;
	sock.privileged_only = true;
	vmlab_attach(lab);
	calls(lab, "backdoor");
	asked(lab);
}

static void
one(struct vmlab *lab)
{
	char reply[64];

	assert_int_equal(vmlab_call(lab, "info-get guestinfo.none", 23, reply,
			     sizeof(reply), NULL),
	    PV_EIO);
	assert_string_equal(reply, "No value found");
}

static void
test_busy_is_tried_again_in_a_millisecond(void **state)
{
	struct vmlab *lab = machine(state, &config);
	uint64_t begun;

	sock.error = PV_EBUSY;
	vmlab_attach(lab);
	vmlab_run(lab, 40 * PV_SECOND);
	while (lab->counts->streams_open > 1)
		vmlab_run(lab, 100 * PV_MILLISECOND);
	sock.count = 0;
	sock.errors = 5;
	begun = sim_now(lab->world->sim);
	one(lab);
	assert_int_equal(sock.count, 6);
	assert_true(sim_now(lab->world->sim) - begun == 5 * PV_MILLISECOND);
	assert_string_equal(vmware_rpc_text(lab->vmware), "vsock");
}

static void
test_busy_too_often_is_the_backdoor(void **state)
{
	struct vmlab *lab = machine(state, &config);
	uint64_t begun;

	sock.error = PV_EBUSY;
	vmlab_attach(lab);
	vmlab_run(lab, 40 * PV_SECOND);
	while (lab->counts->streams_open > 1)
		vmlab_run(lab, 100 * PV_MILLISECOND);
	sock.count = 0;
	sock.errors = 6;
	begun = sim_now(lab->world->sim);
	one(lab);
	assert_int_equal(sock.count, 6);
	assert_true(sim_now(lab->world->sim) - begun == 5 * PV_MILLISECOND);
	assert_string_equal(vmware_rpc_text(lab->vmware), "backdoor");
	/* after 2 seconds it is tried again */
	one(lab);
	assert_int_equal(sock.count, 6);
	vmlab_run(lab, 2 * PV_SECOND);
	calls(lab, "vsock");
}

static void
test_it_is_tried_again_after_2_s_and_then_less_and_less(void **state)
{
	struct vmlab *lab = machine(state, &config);

	sock.error = PV_ENODEV;
	sock.errors = UINT32_MAX;
	vmlab_attach(lab);
	sock.count = 0;
	for (unsigned i = 0; i < 2400; i++) {
		one(lab);
		vmlab_run(lab, 500 * PV_MILLISECOND);
	}
	assert_in_range(sock.count, 9, 13);
	for (unsigned i = 1; i < sock.count; i++) {
		uint64_t pause = sock.times[i] - sock.times[i - 1];
		uint64_t least = (2 * PV_SECOND) << (i - 1 < 8 ? i - 1 : 8);

		if (least > 300 * PV_SECOND)
			least = 300 * PV_SECOND;
		assert_in_range(pause, least, least + PV_SECOND);
	}
}

/* ---- It breaks -------------------------------------------------------- */

static void
test_h38_streams_are_gone_after_a_resume(void **state)
{
	struct vmlab *lab = with(state, &config);

	asked(lab);
	calls(lab, "vsock");
	host_vmware_resume(lab->host);
	one(lab);
	/* a stream that was kept may be stale: that is no failure of vsock */
	assert_string_equal(vmware_rpc_text(lab->vmware), "vsock");
	vmlab_run(lab, 5 * PV_SECOND);
	calls(lab, "vsock");
	asked(lab);
}

/* In the middle of its n-th packet: whose it is, is left to chance. */
static void
test_h58_a_stream_that_ends_within_a_packet(void **state)
{
	struct vmlab *lab = with(state, &config);

	for (unsigned nth = 1; nth <= 4; nth++) {
		lab->manners->vsock_cut = nth;
		for (unsigned i = 0; i < 4; i++) {
			one(lab);
			/* a call that is cut is lost, and no other */
			(void)vmlab_ask(lab, "ping", 4);
		}
		lab->manners->vsock_cut = 0;
		vmlab_run(lab, 20 * PV_SECOND);
		asked(lab);
	}
	calls(lab, "vsock");
}

static void
test_h29_a_host_that_takes_all_and_says_nothing(void **state)
{
	struct vmlab *lab = with(state, &config);
	uint64_t begun;

	calls(lab, "vsock");
	lab->manners->vsock_mute = true;
	begun = sim_now(lab->world->sim);
	one(lab);
	assert_true(sim_now(lab->world->sim) - begun <= 3 * PV_SECOND);
	/* and then not at all, for a while */
	begun = sim_now(lab->world->sim);
	one(lab);
	assert_true(sim_now(lab->world->sim) - begun <= PV_MILLISECOND);
	/* a call that is lost in there is lost, but not the next */
	(void)vmlab_ask(lab, "ping", 4);
	asked(lab);
	lab->manners->vsock_mute = false;
	vmlab_run(lab, 300 * PV_SECOND);
	calls(lab, "vsock");
}

static void
test_a_stream_that_takes_nothing(void **state)
{
	struct vmlab *lab = with(state, &config);
	uint64_t begun;

	calls(lab, "vsock");
	sock.stuck = true;
	begun = sim_now(lab->world->sim);
	one(lab);
	assert_true(sim_now(lab->world->sim) - begun <= 3 * PV_SECOND);
	vmlab_run(lab, 30 * PV_SECOND);
	asked(lab);
	sock.stuck = false;
	vmlab_run(lab, 300 * PV_SECOND);
	calls(lab, "vsock");
}

static void
says(struct vmlab *lab, const void *bytes, size_t size)
{
	uint64_t bad = lab->stats->bad_length + lab->stats->bad_value +
	    lab->stats->bad_text;

	sock.bytes = bytes;
	sock.size = size;
	sock.at = 0;
	one(lab);
	sock.bytes = NULL;
	assert_true(lab->stats->bad_length + lab->stats->bad_value +
		lab->stats->bad_text >
	    bad);
	/* until it is tried again */
	vmlab_run(lab, 310 * PV_SECOND);
	calls(lab, "vsock");
}

static void
test_h58_packets_that_are_none(void **state)
{
	struct vmlab *lab = with(state, &config);
	static const uint8_t too_long[] = { 0xff, 0xff, 0xff, 0xff, 0 };
	static const uint8_t over[] = { 0, 1, 1, 0, 0 };
	static const uint8_t no_type[] = { 0, 0, 0, 8, 0, 0, 0, 9, 0, 0, 0, 1 };
	static const uint8_t string_over[] = { 0, 0, 0, 12, 0, 0, 0, 2, 0, 0, 0,
		2, 0xff, 0xff, 0xff, 0xff };

	vmlab_run(lab, 20 * PV_SECOND);
	calls(lab, "vsock");
	says(lab, too_long, sizeof(too_long));
	says(lab, over, sizeof(over));
	says(lab, no_type, sizeof(no_type));
	says(lab, string_over, sizeof(string_over));
}

static void
test_a_ping_of_the_host_s_is_no_answer(void **state)
{
	struct vmlab *lab = with(state, &config);
	uint8_t bytes[256];
	size_t size;

	vmlab_run(lab, 20 * PV_SECOND);
	calls(lab, "vsock");
	size = datamap_write(bytes, sizeof(bytes),
	    &(struct datamap_packet){ .type = DATAMAP_PACKET_PING });
	says(lab, bytes, size);
}

static void
test_detach_in_the_middle_of_a_packet(void **state)
{
	struct vmlab *lab = with(state, &config);
	struct vmware_request request = { .bytes = "info-get guestinfo.a",
		.len = 20 };

	sock.stuck = true;
	vmware_rpc_submit(lab->vmware, &request);
	(void)vmware_rpc_poll(lab->vmware, 8);
	vmlab_detach(lab);
	assert_false(request.ended);
}

/* ---- Answers that nobody waits for any more ---------------------------- */

static void
no_done(struct vmware_request *request)
{
	(void)request;
}

static void
late(void **state, bool cancelled)
{
	struct vmlab *lab = with(state, &config);
	struct vmware_request request = { .bytes = "info-get guestinfo.a",
		.len = 20,
		.done = no_done };
	char reply[64];

	host_vmware_set_info(lab->host, "guestinfo.a", "one", 3);
	host_vmware_set_info(lab->host, "guestinfo.b", "two", 3);
	calls(lab, "vsock");
	request.deadline = sim_now(lab->world->sim) + PV_MILLISECOND;
	vmware_rpc_submit(lab->vmware, &request);
	/* the way is chosen, the question is put */
	assert_true(vmware_rpc_poll(lab->vmware, 2));
	assert_false(request.ended);
	if (cancelled)
		vmware_rpc_cancel(lab->vmware, &request);
	else
		sim_advance(lab->world->sim,
		    sim_now(lab->world->sim) + 2 * PV_MILLISECOND);
	assert_int_equal(vmlab_call(lab, "info-get guestinfo.b", 20, reply,
			     sizeof(reply), NULL),
	    PV_OK);
	assert_string_equal(reply, "two");
	assert_int_equal(request.ended, !cancelled);
	if (!cancelled)
		assert_int_equal(request.error, PV_ETIMEDOUT);
}

static void
test_h29_the_answer_to_a_call_that_was_cancelled(void **state)
{
	late(state, true);
}

static void
test_h29_the_answer_to_a_call_that_timed_out(void **state)
{
	late(state, false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		vmlab_test(test_calls_of_both_sides_by_vsock),
		vmlab_test(test_secure_rpc_takes_it_from_privileged_ports_only),
		vmlab_test(test_a_thousand_keys_by_one_stream),
		vmlab_test(test_64_kib_both_ways),
		vmlab_test(test_what_is_not_used_is_let_go_of),
		vmlab_test(test_a_ping_each_second_once_a_call_was_answered),
		vmlab_test(
		    test_a_host_that_calls_nobody_is_asked_by_the_backdoor),
		vmlab_test(test_no_vsock_at_all),
		vmlab_test(test_not_from_a_privileged_port),
		vmlab_test(test_refused_both_ways_is_the_backdoor),
		vmlab_test(test_busy_is_tried_again_in_a_millisecond),
		vmlab_test(test_busy_too_often_is_the_backdoor),
		vmlab_test(
		    test_it_is_tried_again_after_2_s_and_then_less_and_less),
		vmlab_test(test_h38_streams_are_gone_after_a_resume),
		vmlab_test(test_h58_a_stream_that_ends_within_a_packet),
		vmlab_test(test_h29_a_host_that_takes_all_and_says_nothing),
		vmlab_test(test_a_stream_that_takes_nothing),
		vmlab_test(test_h58_packets_that_are_none),
		vmlab_test(test_a_ping_of_the_host_s_is_no_answer),
		vmlab_test(test_detach_in_the_middle_of_a_packet),
		vmlab_test(test_h29_the_answer_to_a_call_that_was_cancelled),
		vmlab_test(test_h29_the_answer_to_a_call_that_timed_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
