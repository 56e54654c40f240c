/* SPDX-License-Identifier: ISC */
/*
 * A host that does wrong in the middle of the guest's calls: numbers are those
 * of the list of bad inputs.  Channels are used here without the bus's polls in
 * between, so that the n-th exit is the one that is meant; those of calls of the
 * host are in test_vmware_tclo.c, those of the probe in test_vmware_backdoor.c.
 */
#include "tests/support/vmware.h"

static const struct host_vmware_config quiet = { .no_greeting = true };
static const struct host_vmware_config slow = { .no_greeting = true,
	.no_high = true };
static const struct host_vmware_config no_cookies = { .no_greeting = true,
	.no_cookies = true };

static const char question[] = "info-get guestinfo.a";

static struct vmlab *
with(void **state, const struct host_vmware_config *config)
{
	struct vmlab *lab = vmlab_new(state, config);

	assert_true(
	    host_vmware_set_info(lab->host, "guestinfo.a", "answer", 6));
	return lab;
}

static unsigned dones;

static void
done(struct vmware_request *request)
{
	(void)request;
	dones++;
}

/* One call, of which nothing is known but that it ends once. */
static int
call(struct vmlab *lab, char *reply, size_t room)
{
	struct vmware_request request = { .bytes = question,
		.len = strlen(question),
		.reply = reply,
		.room = room,
		.done = done };
	uint64_t end = sim_now(lab->world->sim) + 20 * PV_SECOND;

	dones = 0;
	memset(reply, 0, room);
	vmware_rpc_submit(lab->vmware, &request);
	while (!request.ended && sim_now(lab->world->sim) < end) {
		if (vmware_rpc_poll(lab->vmware, 64))
			continue;
		sim_advance(lab->world->sim,
		    sim_now(lab->world->sim) + 5 * PV_MILLISECOND);
	}
	assert_int_equal(dones, 1);
	return request.error;
}

static void
works(struct vmlab *lab)
{
	char reply[64];

	assert_int_equal(call(lab, reply, sizeof(reply)), PV_OK);
	assert_string_equal(reply, "answer");
}

/* Each exit of a call in turn; `rescued`: all of them end well.  What else a host
 * tells about its own channels and values is its own affair. */
static void
each_step(void **state, const struct host_vmware_config *config, int how,
    uint32_t value, bool rescued)
{
	struct vmlab *lab = with(state, config);
	char reply[64];

	works(lab);
	for (unsigned nth = 1; nth <= 16; nth++) {
		int error;

		lab->manners->bad_how = how;
		lab->manners->bad_value = value;
		lab->manners->bad_nth = nth;
		error = call(lab, reply, sizeof(reply));
		if (rescued)
			assert_int_equal(error, PV_OK);
		if (rescued)
			assert_string_equal(reply, "answer");
		lab->manners->bad_nth = 0;
		works(lab);
		/* the host's calls, ours, and none that was forgotten */
		if (rescued)
			assert_true(lab->counts->channels_open <= 2);
	}
	/* what it only said to be closed is still its own */
	host_vmware_resume(lab->host);
	vmlab_run(lab, PV_SECOND);
	works(lab);
}

#define EACH_STEP(name, config, how, value, rescued)                       \
	static void test_##name(void **state)                              \
	{                                                                  \
		each_step(state, &(config), (int)(how), (value), rescued); \
	}

EACH_STEP(h59_no_success, quiet, HOST_VMWARE_FAIL, 0, true)
EACH_STEP(h59_no_success_by_4_bytes, slow, HOST_VMWARE_FAIL, 0, true)
EACH_STEP(h59_no_success_without_cookies, no_cookies, HOST_VMWARE_FAIL, 0, true)
EACH_STEP(h59_a_checkpoint, quiet, HOST_VMWARE_CHECKPOINT, 0, true)
EACH_STEP(h59_a_checkpoint_by_4_bytes, slow, HOST_VMWARE_CHECKPOINT, 0, true)
EACH_STEP(h59_closed, quiet, HOST_VMWARE_CLOSED, 0, true)
EACH_STEP(h59_closed_by_4_bytes, slow, HOST_VMWARE_CLOSED, 0, true)
EACH_STEP(h59_nothing_waits, quiet, HOST_VMWARE_NO_REPLY, 0, true)
EACH_STEP(h59_unsent, quiet, HOST_VMWARE_STATUS, VMWARE_STATUS_UNSENT, true)
EACH_STEP(h59_powering_off, quiet, HOST_VMWARE_STATUS, VMWARE_STATUS_POWEROFF,
    true)
EACH_STEP(h59_timeout, quiet, HOST_VMWARE_STATUS, VMWARE_STATUS_TIMEOUT, true)
EACH_STEP(h59_closed_by_a_status, quiet, HOST_VMWARE_STATUS,
    VMWARE_STATUS_CLOSED | VMWARE_STATUS_SUCCESS, false)
EACH_STEP(h59_a_status_of_all_bits, quiet, HOST_VMWARE_STATUS, 0xff, false)
EACH_STEP(h59_a_status_that_is_none, quiet, HOST_VMWARE_STATUS, 0xffff, true)
EACH_STEP(h59_another_type, quiet, HOST_VMWARE_TYPE, 7, true)
EACH_STEP(h59_another_type_by_4_bytes, slow, HOST_VMWARE_TYPE, 7, true)
EACH_STEP(h58_length_0, quiet, HOST_VMWARE_LENGTH, 0, false)
EACH_STEP(h58_length_1, quiet, HOST_VMWARE_LENGTH, 1, false)
EACH_STEP(h58_length_shorter, quiet, HOST_VMWARE_LENGTH, 4, false)
EACH_STEP(h58_length_longer, quiet, HOST_VMWARE_LENGTH, 64, false)
EACH_STEP(h58_length_longer_by_4_bytes, slow, HOST_VMWARE_LENGTH, 64, false)
EACH_STEP(h58_length_beyond_the_limit, quiet, HOST_VMWARE_LENGTH, 65539, false)
EACH_STEP(h58_length_of_all_ones, quiet, HOST_VMWARE_LENGTH, UINT32_MAX, false)
EACH_STEP(h62_another_channel_comes_back, quiet, HOST_VMWARE_CHANNEL, 0, false)
EACH_STEP(h62_other_cookies_come_back, quiet, HOST_VMWARE_COOKIE, 0, true)
EACH_STEP(h62_other_cookies_by_4_bytes, slow, HOST_VMWARE_COOKIE, 0, true)

/* ---- What a length costs ---------------------------------------------- */

static void
test_h58_a_length_beyond_the_limit_is_counted_and_read_by_nobody(void **state)
{
	struct vmlab *lab = with(state, &quiet);
	uint64_t strings;
	char reply[64];

	works(lab);
	lab->manners->bad_how = HOST_VMWARE_LENGTH;
	lab->manners->bad_value = UINT32_MAX;
	lab->manners->bad_nth = 2; /* size out, size in */
	strings = lab->counts->strings;
	assert_int_equal(call(lab, reply, sizeof(reply)), PV_EMSGSIZE);
	assert_int_equal(lab->stats->bad_length, 1);
	assert_int_equal(lab->counts->strings - strings, 1);
	works(lab);
}

/* Grown between the length and the bytes: the guest asks for what was said. */
static struct vmlab *growing;
static int (
    *string_below)(void *, enum pv_backdoor_way, bool, struct pv_backdoor *);

static int
grows(void *ctx, enum pv_backdoor_way way, bool out,
    struct pv_backdoor *registers)
{
	if (!out) {
		assert_int_equal(registers->cx, 8);
		registers->bx |= 0xff00;
	}
	return string_below(ctx, way, out, registers);
}

static void
test_h58_what_grows_after_its_length_was_told(void **state)
{
	struct vmlab *lab = *state;
	struct pv_port *port;

	vmlab_machine(lab, &quiet);
	port = sim_machine_own_port(lab->world->machine);
	string_below = port->backdoor_string;
	vmlab_attach(lab);
	vmlab_run(lab, 20 * PV_SECOND);
	host_vmware_set_info(lab->host, "guestinfo.a", "answer", 6);
	growing = lab;
	port->backdoor_string = grows;
	works(lab);
	port->backdoor_string = string_below;
}

/* ---- The string form -------------------------------------------------- */

static void
test_h60_the_string_form_fails_half_way(void **state)
{
	struct vmlab *lab = with(state, &quiet);

	for (unsigned nth = 1; nth <= 2; nth++) {
		uint64_t strings;

		works(lab);
		lab->manners->high_fails = nth;
		works(lab);
		assert_int_equal(lab->manners->high_fails, 0);
		/* and from then on 4 bytes at a time */
		strings = lab->counts->strings;
		works(lab);
		assert_int_equal(lab->counts->strings, strings);
		/* until the channel is another one */
		vmlab_run(lab, 100 * PV_SECOND);
		for (unsigned i = 0; i < 100 && lab->counts->channels_open > 1;
		     i++)
			vmlab_run(lab, PV_SECOND);
		strings = lab->counts->strings;
		works(lab);
		assert_int_equal(lab->counts->strings - strings, 2);
	}
	assert_int_equal(lab->counts->channels_open, 2);
}

static int
string_faults(void *ctx, enum pv_backdoor_way way, bool out,
    struct pv_backdoor *registers)
{
	(void)ctx;
	(void)way;
	(void)out;
	(void)registers;
	return PV_ENODEV;
}

static void
test_h60_the_string_form_faults(void **state)
{
	struct vmlab *lab = *state;

	vmlab_machine(lab, &quiet);
	sim_machine_own_port(lab->world->machine)->backdoor_string =
	    string_faults;
	vmlab_attach(lab);
	vmlab_run(lab, 20 * PV_SECOND);
	host_vmware_set_info(lab->host, "guestinfo.a", "answer", 6);
	works(lab);
	assert_int_equal(lab->counts->strings, 0);
}

/* ---- Answers ---------------------------------------------------------- */

static void
test_h58_answers_that_are_neither_yes_nor_no(void **state)
{
	struct vmlab *lab = with(state, &quiet);
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = { { "1", 1 }, { "0", 1 }, { "\0", 1 }, { "1x", 2 },
		{ "2 ", 2 }, { " 1", 2 }, { "\0\0", 2 }, { "-1 ", 3 },
		{ "OK ", 3 } };
	uint64_t before = lab->stats->bad_text;
	char reply[64];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		lab->manners->rpc_reply = bad[i].bytes;
		lab->manners->rpc_reply_len = bad[i].len;
		assert_int_equal(call(lab, reply, sizeof(reply)), PV_EPROTO);
		assert_int_equal(lab->stats->bad_text, before + i + 1);
	}
	/* nothing at all */
	lab->manners->rpc_reply = "";
	lab->manners->rpc_reply_len = 0;
	assert_int_equal(call(lab, reply, sizeof(reply)), PV_EPROTO);
	lab->manners->rpc_reply = NULL;
	works(lab);
	world_has_line(lab->world,
	    "vmt0: the host's answer of 1 bytes is neither yes nor no");
}

static void
test_h28_a_nul_in_an_answer_is_a_byte(void **state)
{
	struct vmlab *lab = with(state, &quiet);
	char value[16];
	size_t len;

	lab->manners->rpc_reply = "1 a\0b";
	lab->manners->rpc_reply_len = 5;
	assert_int_equal(vmlab_read(lab, "guestinfo.a", value, sizeof(value),
			     &len),
	    PV_OK);
	lab->manners->rpc_reply = NULL;
	assert_int_equal(len, 3);
	assert_memory_equal(value, "a\0b", 3);
}

/* ---- All at once ------------------------------------------------------ */

/* Anything, anywhere: all that counts is that the guest goes on. */
static void
test_h59_to_h62_at_random(void **state)
{
	struct vmlab *lab = with(state, &quiet);
	struct sim *sim = lab->world->sim;
	char reply[64];

	for (unsigned i = 0; i < 2000; i++) {
		lab->manners->bad_how = 1 +
		    (int)sim_random(sim, HOST_VMWARE_STATUS);
		lab->manners->bad_value = sim_random(sim, 2) != 0
		    ? (uint32_t)sim_random(sim, 256)
		    : (uint32_t)sim_random(sim, 1ull << 32);
		lab->manners->bad_nth = (unsigned)sim_random(sim, 30);
		lab->manners->high_fails = (unsigned)sim_random(sim, 30);
		if (sim_random(sim, 50) == 0)
			host_vmware_resume(lab->host);
		(void)call(lab, reply, sizeof(reply));
		vmlab_run(lab, 50 * PV_MILLISECOND);
	}
	lab->manners->bad_nth = 0;
	lab->manners->high_fails = 0;
	works(lab);
	/* each open whose answer was changed is one that nobody can close */
	host_vmware_resume(lab->host);
	vmlab_run(lab, 20 * PV_SECOND);
	works(lab);
	assert_true(host_vmware_counts(lab->host)->running);
	for (const char *c = sim_machine_log(lab->world->machine); *c != '\0';
	     c++)
		assert_true(*c == '\n' || (*c >= 0x20 && *c <= 0x7e));
}

/* ---- To the exit ------------------------------------------------------ */

/* What is closed is not closed again: the number may be another's by now. */
static void
test_h59_what_the_host_has_closed_is_not_closed_again(void **state)
{
	struct vmlab *lab = with(state, &quiet);
	uint64_t exits;

	works(lab);
	lab->manners->bad_how = HOST_VMWARE_CLOSED;
	lab->manners->bad_nth = 1;
	exits = lab->stats->exits;
	works(lab);
	/* the one that found it, an open, and a call of 5 */
	assert_int_equal(lab->stats->exits - exits, 1 + 1 + 5);
	assert_int_equal(lab->counts->refused, 0);
}

static void
another_type(void **state, const struct host_vmware_config *config,
    unsigned nth)
{
	struct vmlab *lab = with(state, config);

	works(lab);
	lab->manners->bad_how = HOST_VMWARE_TYPE;
	lab->manners->bad_value = 7;
	lab->manners->bad_nth = nth;
	works(lab);
	assert_int_equal(lab->stats->bad_state, 1);
}

static void
test_h59_another_type_with_the_length_is_counted(void **state)
{
	another_type(state, &quiet, 2);
}

/* size, 20 bytes in words, size */
static void
test_h59_another_type_with_a_word_is_counted(void **state)
{
	another_type(state, &slow, 1 + 5 + 1 + 1);
}

/* A machine that was saved between question and answer: the answer is gone, and
 * only the question brings another. */
static int (*call_below)(void *, enum pv_backdoor_way, struct pv_backdoor *);
static unsigned sends, saved;

static int
loses_the_answer(void *ctx, enum pv_backdoor_way way,
    struct pv_backdoor *registers)
{
	uint64_t type = registers->cx >> 16;
	bool receives = (uint16_t)registers->cx == VMWARE_MESSAGE &&
	    type == VMWARE_MESSAGE_RECEIVE_SIZE;

	if ((uint16_t)registers->cx == VMWARE_MESSAGE &&
	    type == VMWARE_MESSAGE_SEND_SIZE && registers->bx > 0)
		sends++;
	if (receives && sends == 1) {
		registers->cx = VMWARE_MESSAGE |
		    (uint64_t)(saved++ == 0 ? VMWARE_STATUS_CHECKPOINT
					    : VMWARE_STATUS_SUCCESS)
			<< 16;
		return PV_OK;
	}
	return call_below(ctx, way, registers);
}

static void
test_h59_an_answer_that_went_with_a_checkpoint(void **state)
{
	struct vmlab *lab = *state;
	struct pv_port *port;

	vmlab_machine(lab, &quiet);
	port = sim_machine_own_port(lab->world->machine);
	call_below = port->backdoor;
	vmlab_attach(lab);
	vmlab_run(lab, 20 * PV_SECOND);
	host_vmware_set_info(lab->host, "guestinfo.a", "answer", 6);
	sends = saved = 0;
	port->backdoor = loses_the_answer;
	works(lab);
	port->backdoor = call_below;
	assert_int_equal(sends, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		vmlab_test(test_h59_no_success),
		vmlab_test(test_h59_no_success_by_4_bytes),
		vmlab_test(test_h59_no_success_without_cookies),
		vmlab_test(test_h59_a_checkpoint),
		vmlab_test(test_h59_a_checkpoint_by_4_bytes),
		vmlab_test(test_h59_closed),
		vmlab_test(test_h59_closed_by_4_bytes),
		vmlab_test(test_h59_nothing_waits),
		vmlab_test(test_h59_unsent),
		vmlab_test(test_h59_powering_off),
		vmlab_test(test_h59_timeout),
		vmlab_test(test_h59_closed_by_a_status),
		vmlab_test(test_h59_a_status_of_all_bits),
		vmlab_test(test_h59_a_status_that_is_none),
		vmlab_test(test_h59_another_type),
		vmlab_test(test_h59_another_type_by_4_bytes),
		vmlab_test(test_h58_length_0),
		vmlab_test(test_h58_length_1),
		vmlab_test(test_h58_length_shorter),
		vmlab_test(test_h58_length_longer),
		vmlab_test(test_h58_length_longer_by_4_bytes),
		vmlab_test(test_h58_length_beyond_the_limit),
		vmlab_test(test_h58_length_of_all_ones),
		vmlab_test(test_h62_another_channel_comes_back),
		vmlab_test(test_h62_other_cookies_come_back),
		vmlab_test(test_h62_other_cookies_by_4_bytes),
		vmlab_test(
		    test_h58_a_length_beyond_the_limit_is_counted_and_read_by_nobody),
		vmlab_test(test_h58_what_grows_after_its_length_was_told),
		vmlab_test(test_h60_the_string_form_fails_half_way),
		vmlab_test(test_h60_the_string_form_faults),
		vmlab_test(test_h58_answers_that_are_neither_yes_nor_no),
		vmlab_test(test_h28_a_nul_in_an_answer_is_a_byte),
		vmlab_test(test_h59_to_h62_at_random),
		vmlab_test(
		    test_h59_what_the_host_has_closed_is_not_closed_again),
		vmlab_test(test_h59_another_type_with_the_length_is_counted),
		vmlab_test(test_h59_another_type_with_a_word_is_counted),
		vmlab_test(test_h59_an_answer_that_went_with_a_checkpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
