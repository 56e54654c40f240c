/* SPDX-License-Identifier: ISC */
/* Calls of the guest by the backdoor: what they cost, their order, how they end. */
#include "tests/support/vmware.h"

/* A host that calls nobody, so that what is counted is ours. */
static const struct host_vmware_config quiet = { .no_greeting = true };

/* Opens of channels, seen on their way to the host. */
static int (*below)(void *, enum pv_backdoor_way, struct pv_backdoor *);
static unsigned opens;

static int
counted(void *ctx, enum pv_backdoor_way way, struct pv_backdoor *registers)
{
	bool message = (uint16_t)registers->cx == VMWARE_MESSAGE;
	uint64_t type = registers->cx >> 16 & 0xffff;

	if (message && type == VMWARE_MESSAGE_OPEN)
		opens++;
	return below(ctx, way, registers);
}

static struct vmlab *
with(void **state, const struct host_vmware_config *config)
{
	struct vmlab *lab = *state;
	struct pv_port *port;

	vmlab_machine(lab, config);
	port = sim_machine_own_port(lab->world->machine);
	below = port->backdoor;
	port->backdoor = counted;
	vmlab_attach(lab);
	vmlab_run(lab, 20 * PV_SECOND);
	opens = 0;
	return lab;
}

static void
cost_done(struct vmware_request *request)
{
	*(bool *)request->owner = true;
}

/* By itself, with nothing else of the guest's in between: exits of one call. */
static uint64_t
cost(struct vmlab *lab, const char *text, size_t len, int expected)
{
	uint64_t before = lab->stats->exits;
	bool over = false;
	static char reply[VMWARE_MESSAGE_MAX + 1];
	struct vmware_request request = { .bytes = text,
		.len = len,
		.reply = reply,
		.room = sizeof(reply),
		.done = cost_done,
		.owner = &over };
	vmware_rpc_submit(lab->vmware, &request);
	assert_false(over);
	(void)vmware_rpc_poll(lab->vmware, 64);
	assert_true(over);
	assert_int_equal(request.error, expected);
	return lab->stats->exits - before;
}

/* ---- What it costs ---------------------------------------------------- */

static void
test_at_most_8_exits_for_a_call_of_any_size(void **state)
{
	struct vmlab *lab = with(state, &quiet);
	static const size_t sizes[] = { 1, 4, 5, 1000, 4096, 40000,
		VMWARE_MESSAGE_MAX - 24 };
	static char text[VMWARE_MESSAGE_MAX], read[] = "info-get guestinfo.x";

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		memset(text, 'v', sizeof(text));
		memcpy(text, "info-set guestinfo.x ", 21);
		/* the channel is opened for the first, and kept */
		vmware_rpc_poll(lab->vmware, 1);
		assert_in_range(cost(lab, text, 21 + sizes[i], PV_OK), 5, 8);
		assert_int_equal(cost(lab, read, strlen(read), PV_OK), 5);
	}
	assert_int_equal(cost(lab, read, strlen(read), PV_OK), 5);
	assert_int_equal(lab->counts->refused, 0);
}

static void
test_a_thousand_keys_cost_no_open(void **state)
{
	struct vmlab *lab = with(state, &quiet);
	char value[64];
	uint64_t strings;
	size_t len;

	assert_int_equal(vmlab_write(lab, "guestinfo.x", "value", 5), PV_OK);
	opens = 0;
	strings = lab->counts->strings;
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(vmlab_read(lab, "guestinfo.x", value,
				     sizeof(value), &len),
		    PV_OK);
		assert_int_equal(len, 5);
	}
	assert_int_equal(opens, 0);
	assert_int_equal(lab->counts->strings - strings, 2000);
}

static void
test_four_bytes_an_exit_without_the_string_form(void **state)
{
	struct vmlab *lab = with(state,
	    &(struct host_vmware_config){ .no_greeting = true,
		.no_high = true });
	static const char set[] = "info-set guestinfo.x 0123456789";
	static const char read[] = "info-get guestinfo.x";

	(void)cost(lab, set, strlen(set), PV_OK);
	/* size, 5 of 4 bytes each, size, 3 of 4 (12 bytes), status */
	assert_int_equal(cost(lab, read, strlen(read), PV_OK),
	    1 + 5 + 1 + 3 + 1);
	assert_int_equal(lab->counts->strings, 0);
	assert_int_equal(lab->counts->refused, 0);
}

static void
test_every_length_by_four_bytes(void **state)
{
	struct vmlab *lab = with(state,
	    &(struct host_vmware_config){ .no_greeting = true,
		.no_high = true });
	static const char digits[] = "0123456789";
	char value[16];
	size_t len;

	for (size_t size = 1; size <= 10; size++) {
		assert_int_equal(vmlab_write(lab, "guestinfo.x", digits, size),
		    PV_OK);
		assert_int_equal(vmlab_read(lab, "guestinfo.x", value,
				     sizeof(value), &len),
		    PV_OK);
		assert_int_equal(len, size);
		assert_memory_equal(value, digits, size);
	}
}

static void
test_a_platform_without_the_string_form(void **state)
{
	struct vmlab *lab = *state;
	char value[16];
	size_t len;

	vmlab_machine(lab, &quiet);
	sim_machine_own_port(lab->world->machine)->backdoor_string = NULL;
	vmlab_attach(lab);
	assert_int_equal(vmlab_write(lab, "guestinfo.x", "abcdef", 6), PV_OK);
	assert_int_equal(vmlab_read(lab, "guestinfo.x", value, sizeof(value),
			     &len),
	    PV_OK);
	assert_int_equal(len, 6);
	assert_int_equal(lab->counts->strings, 0);
}

static void
test_what_is_not_used_is_let_go_of(void **state)
{
	struct vmlab *lab = with(state, &quiet);
	unsigned least = 99;

	assert_int_equal(vmlab_write(lab, "guestinfo.x", "v", 1), PV_OK);
	/* the host's calls, and ours */
	assert_int_equal(lab->counts->channels_open, 2);
	for (unsigned i = 0; i < 200 && least > 1; i++) {
		vmlab_run(lab, 500 * PV_MILLISECOND);
		least = lab->counts->channels_open;
	}
	assert_int_equal(least, 1);
	/* reports come and go in between, but none is kept for good */
	assert_int_equal(vmlab_write(lab, "guestinfo.x", "w", 1), PV_OK);
}

/* ---- Order ------------------------------------------------------------ */

struct call {
	struct vmware_request request;
	char text[64], reply[64];
	unsigned dones;
};

static unsigned finished;
static struct call *order[16];

static void
call_done(struct vmware_request *request)
{
	struct call *call = request->owner;

	call->dones++;
	order[finished++ % 16] = call;
}

static void
begin(struct vmlab *lab, struct call *call, const char *text, uint64_t deadline)
{
	*call = (struct call){ .request = { .bytes = call->text,
				   .len = strlen(text),
				   .reply = call->reply,
				   .room = sizeof(call->reply),
				   .deadline = deadline,
				   .done = call_done,
				   .owner = call } };
	strcpy(call->text, text);
	vmware_rpc_submit(lab->vmware, &call->request);
}

static void
test_one_after_the_other_in_order(void **state)
{
	struct vmlab *lab = with(state, &quiet);
	struct call calls[8];

	finished = 0;
	for (unsigned i = 0; i < 8; i++)
		begin(lab, &calls[i],
		    i % 2 ? "info-get guestinfo.a" : "info-set guestinfo.a x",
		    0);
	assert_int_equal(finished, 0);
	vmlab_run(lab, PV_SECOND);
	assert_int_equal(finished, 8);
	for (unsigned i = 0; i < 8; i++) {
		assert_ptr_equal(order[i], &calls[i]);
		assert_int_equal(calls[i].request.error, PV_OK);
		assert_string_equal(calls[i].reply, i % 2 ? "x" : "");
	}
}

static void
test_a_call_that_is_cancelled_is_not_told(void **state)
{
	struct vmlab *lab = with(state, &quiet);
	struct call calls[3];

	for (unsigned which = 0; which < 3; which++) {
		finished = 0;
		for (unsigned i = 0; i < 3; i++)
			begin(lab, &calls[i], "info-get guestinfo.none", 0);
		vmware_rpc_cancel(lab->vmware, &calls[which].request);
		vmware_rpc_cancel(lab->vmware, &calls[which].request);
		vmlab_run(lab, PV_SECOND);
		assert_int_equal(finished, 2);
		assert_int_equal(calls[which].dones, 0);
	}
}

/* The answer that was on its way must not be the next call's. */
static void
test_a_call_that_is_cancelled_between_question_and_answer(void **state)
{
	struct vmlab *lab = with(state, &quiet);
	struct call calls[2];

	finished = 0;
	host_vmware_set_info(lab->host, "guestinfo.a", "one", 3);
	host_vmware_set_info(lab->host, "guestinfo.b", "two", 3);
	begin(lab, &calls[0], "info-get guestinfo.a", 0);
	/* the way is chosen, the question is put */
	assert_true(vmware_rpc_poll(lab->vmware, 2));
	vmware_rpc_cancel(lab->vmware, &calls[0].request);
	begin(lab, &calls[1], "info-get guestinfo.b", 0);
	vmlab_run(lab, PV_SECOND);
	assert_int_equal(finished, 1);
	assert_string_equal(calls[1].reply, "two");
}

/* Who is told may call again in there, for ever. */
static unsigned again_left;
static struct vmlab *again_lab;

static void
again(struct vmware_request *request)
{
	if (again_left-- > 1)
		vmware_rpc_submit(again_lab->vmware, request);
}

static void
test_a_call_from_the_end_of_another(void **state)
{
	struct vmlab *lab = with(state, &quiet);
	struct vmware_request request = { .bytes = "info-get guestinfo.a",
		.len = 20,
		.done = again };

	again_lab = lab;
	again_left = 100;
	vmware_rpc_submit(lab->vmware, &request);
	vmlab_run(lab, PV_SECOND);
	assert_int_equal(again_left, 0);
}

/* ---- Ends ------------------------------------------------------------- */

static int
call(struct vmlab *lab, const char *text, char *reply, size_t room, size_t *len)
{
	return vmlab_call(lab, text, strlen(text), reply, room, len);
}

static void
test_yes_and_no(void **state)
{
	struct vmlab *lab = with(state, &quiet);
	char reply[64];
	size_t len;

	assert_int_equal(call(lab, "info-set guestinfo.a b", reply, 64, &len),
	    PV_OK);
	assert_int_equal(len, 0);
	assert_string_equal(reply, "");
	assert_int_equal(call(lab, "info-get guestinfo.c", reply, 64, &len),
	    PV_EIO);
	assert_string_equal(reply, "No value found");
	assert_int_equal(call(lab, "nonsense", reply, 64, &len), PV_EIO);
	assert_string_equal(reply, "Unknown command");
	/* who wants no answer gets none */
	assert_int_equal(call(lab, "info-get guestinfo.a", NULL, 0, &len),
	    PV_OK);
	assert_int_equal(len, 1);
}

static void
test_an_answer_longer_than_its_room(void **state)
{
	struct vmlab *lab = with(state, &quiet);
	char reply[8];
	size_t len;

	host_vmware_set_info(lab->host, "guestinfo.a", "12345678", 8);
	assert_int_equal(call(lab, "info-get guestinfo.a", reply, 8, &len),
	    PV_EMSGSIZE);
	assert_int_equal(len, 8);
	assert_string_equal(reply, "1234567");
	host_vmware_set_info(lab->host, "guestinfo.a", "1234567", 7);
	assert_int_equal(call(lab, "info-get guestinfo.a", reply, 8, &len),
	    PV_OK);
	assert_string_equal(reply, "1234567");
	/* a refusal is one, however long its text */
	assert_int_equal(call(lab, "info-get guestinfo.b", reply, 8, &len),
	    PV_EIO);
	assert_int_equal(len, 14);
	assert_string_equal(reply, "No valu");
}

static void
test_a_request_longer_than_64_kib_never_leaves(void **state)
{
	struct vmlab *lab = with(state, &quiet);
	static char text[VMWARE_MESSAGE_MAX + 1];
	uint64_t rpcs;

	memset(text, 'x', sizeof(text));
	memcpy(text, "log ", 4);
	rpcs = lab->counts->rpcs;
	assert_int_equal(cost(lab, text, sizeof(text), PV_EMSGSIZE), 0);
	assert_int_equal(lab->counts->rpcs, rpcs);
	(void)cost(lab, text, sizeof(text) - 1, PV_OK);
	assert_int_equal(lab->counts->rpcs, rpcs + 1);
}

static void
test_the_longest_answer(void **state)
{
	struct vmlab *lab = with(state, &quiet);
	static char value[VMWARE_MESSAGE_MAX + 1], reply[sizeof(value) + 1];
	size_t len;

	memset(value, 'v', sizeof(value));
	host_vmware_set_info(lab->host, "guestinfo.a", value,
	    VMWARE_MESSAGE_MAX);
	assert_int_equal(call(lab, "info-get guestinfo.a", reply, sizeof(reply),
			     &len),
	    PV_OK);
	assert_int_equal(len, VMWARE_MESSAGE_MAX);
	assert_memory_equal(reply, value, len);
	/* and one byte more */
	host_vmware_set_info(lab->host, "guestinfo.a", value, sizeof(value));
	assert_int_equal(call(lab, "info-get guestinfo.a", reply, sizeof(reply),
			     &len),
	    PV_EMSGSIZE);
	assert_true(lab->stats->bad_length > 0);
	assert_int_equal(call(lab, "info-get guestinfo.none", reply, 64, &len),
	    PV_EIO);
}

static void
test_h29_an_answer_that_never_comes(void **state)
{
	struct vmlab *lab = with(state, &quiet);
	struct call calls[2];
	uint64_t begun = sim_now(lab->world->sim);

	finished = 0;
	lab->manners->checkpoint_always = true;
	begin(lab, &calls[0], "info-get guestinfo.a", begun + 3 * PV_SECOND);
	begin(lab, &calls[1], "info-get guestinfo.a", begun + 1 * PV_SECOND);
	vmlab_run(lab, 2 * PV_SECOND);
	/* the second waits its turn, but no longer than it said */
	assert_int_equal(finished, 1);
	assert_ptr_equal(order[0], &calls[1]);
	assert_int_equal(calls[1].request.error, PV_ETIMEDOUT);
	vmlab_run(lab, 2 * PV_SECOND);
	assert_int_equal(finished, 2);
	assert_int_equal(calls[0].request.error, PV_ETIMEDOUT);
	/* a pause after every few: no storm */
	assert_true(lab->stats->exits < 5000);
	lab->manners->checkpoint_always = false;
	begin(lab, &calls[0], "info-get guestinfo.a", 0);
	vmlab_run(lab, PV_SECOND);
	assert_int_equal(calls[0].request.error, PV_EIO);
}

static void
test_ten_seconds_when_nobody_says_how_long(void **state)
{
	struct vmlab *lab = with(state, &quiet);
	struct call one;

	finished = 0;
	lab->manners->checkpoint_always = true;
	begin(lab, &one, "info-get guestinfo.a", 0);
	vmlab_run(lab, 9900 * PV_MILLISECOND);
	assert_int_equal(finished, 0);
	vmlab_run(lab, 200 * PV_MILLISECOND);
	assert_int_equal(finished, 1);
	lab->manners->checkpoint_always = false;
}

static void
test_h38_channels_are_gone_after_a_resume(void **state)
{
	struct vmlab *lab = with(state, &quiet);
	char reply[64];
	size_t len;

	assert_int_equal(call(lab, "info-set guestinfo.a b", reply, 64, &len),
	    PV_OK);
	opens = 0;
	host_vmware_resume(lab->host);
	assert_int_equal(call(lab, "info-get guestinfo.a", reply, 64, &len),
	    PV_OK);
	assert_string_equal(reply, "b");
	vmlab_run(lab, PV_SECOND);
	/* the host's calls, and ours */
	assert_int_equal(opens, 2);
}

static void
test_no_channel_is_free_for_a_while(void **state)
{
	struct vmlab *lab = with(state,
	    &(struct host_vmware_config){ .no_greeting = true, .channels = 2 });
	struct vmware_channel taken = { 0 };
	struct call one;

	/* until ours is let go of */
	for (unsigned i = 0; i < 200 &&
	     vmware_channel_open(lab->vmware, &taken, VMWARE_RPCI) != PV_OK;
	     i++)
		vmlab_run(lab, 500 * PV_MILLISECOND);
	assert_true(taken.open);
	finished = 0;
	begin(lab, &one, "info-get guestinfo.a",
	    sim_now(lab->world->sim) + 60 * PV_SECOND);
	vmlab_run(lab, 5 * PV_SECOND);
	assert_int_equal(finished, 0);
	vmware_channel_close(&taken);
	vmlab_run(lab, PV_SECOND);
	assert_int_equal(one.dones, 1);
	assert_int_equal(one.request.error, PV_EIO);
}

static void
test_detach_with_calls_under_way(void **state)
{
	struct vmlab *lab = with(state, &quiet);
	struct call calls[2];

	lab->manners->checkpoint_always = true;
	finished = 0;
	begin(lab, &calls[0], "info-get guestinfo.a", 0);
	begin(lab, &calls[1], "info-get guestinfo.a", 0);
	vmlab_run(lab, PV_SECOND);
	vmlab_detach(lab);
	assert_int_equal(finished, 0);
	lab->manners->checkpoint_always = false;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		vmlab_test(test_at_most_8_exits_for_a_call_of_any_size),
		vmlab_test(test_a_thousand_keys_cost_no_open),
		vmlab_test(test_four_bytes_an_exit_without_the_string_form),
		vmlab_test(test_every_length_by_four_bytes),
		vmlab_test(test_a_platform_without_the_string_form),
		vmlab_test(test_what_is_not_used_is_let_go_of),
		vmlab_test(test_one_after_the_other_in_order),
		vmlab_test(test_a_call_that_is_cancelled_is_not_told),
		vmlab_test(
		    test_a_call_that_is_cancelled_between_question_and_answer),
		vmlab_test(test_a_call_from_the_end_of_another),
		vmlab_test(test_yes_and_no),
		vmlab_test(test_an_answer_longer_than_its_room),
		vmlab_test(test_a_request_longer_than_64_kib_never_leaves),
		vmlab_test(test_the_longest_answer),
		vmlab_test(test_h29_an_answer_that_never_comes),
		vmlab_test(test_ten_seconds_when_nobody_says_how_long),
		vmlab_test(test_h38_channels_are_gone_after_a_resume),
		vmlab_test(test_no_channel_is_free_for_a_while),
		vmlab_test(test_detach_with_calls_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
