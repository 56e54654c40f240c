/* SPDX-License-Identifier: ISC */
/* Calls of the host by the backdoor: the loop, its pace, and bad ones. */
#include "tests/support/vmware.h"

static const struct host_vmware_config quiet = { .no_greeting = true };

static const char *
ask(struct vmlab *lab, const char *text)
{
	return vmlab_ask(lab, text, strlen(text));
}

static void
works(struct vmlab *lab)
{
	const char *answer = ask(lab, "ping");

	assert_non_null(answer);
	assert_string_equal(answer, "OK ");
}

/* ---- The loop --------------------------------------------------------- */

static void
test_the_loop_says_that_tools_run(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);

	assert_true(host_vmware_counts(lab->host)->running);
	vmlab_run(lab, 3600 * PV_SECOND);
	assert_true(host_vmware_counts(lab->host)->running);
	works(lab);
}

static void
test_what_a_host_says_first_is_answered(void **state)
{
	struct vmlab *lab = vmlab_new(state, NULL);

	/* reset, Capabilities_Register, Set_Option and so on */
	assert_true(lab->counts->tclo_calls >= 4);
	assert_non_null(
	    host_vmware_rpc_last(lab->host, "tools.capability.", NULL));
	assert_int_equal(lab->counts->refused, 0);
	works(lab);
}

static void
test_idle_looks_are_100_ms_apart(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	uint64_t before = lab->counts->tclo_polls;

	vmlab_run(lab, 10 * PV_SECOND);
	assert_in_range(lab->counts->tclo_polls - before, 99, 101);
}

/* 10, 20, 40, 80, 100 ms after a call, and at once behind one. */
static void
test_looks_are_close_behind_a_call(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	uint64_t before;

	assert_true(host_vmware_call(lab->host, "ping", 4));
	while (host_vmware_answers(lab->host) == 0)
		vmlab_run(lab, PV_MILLISECOND);
	before = lab->counts->tclo_polls;
	vmlab_run(lab, 75 * PV_MILLISECOND);
	assert_in_range(lab->counts->tclo_polls - before, 2, 4);
}

static void
test_100_calls_in_a_row_take_no_pause(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	uint64_t begun;

	for (unsigned i = 0; i < 100; i++)
		assert_true(host_vmware_call(lab->host, "ping", 4));
	begun = sim_now(lab->world->sim);
	while (host_vmware_answers(lab->host) < 100)
		vmlab_run(lab, PV_MILLISECOND);
	assert_true(sim_now(lab->world->sim) - begun <= 110 * PV_MILLISECOND);
	for (unsigned i = 0; i < 100; i++)
		assert_string_equal(host_vmware_answer(lab->host, i, NULL),
		    "OK ");
}

/* ---- Breaks ----------------------------------------------------------- */

static void
test_h38_a_resume_is_noticed_at_once(void **state)
{
	struct vmlab *lab = vmlab_new(state, NULL);
	uint64_t calls = lab->counts->tclo_calls;

	host_vmware_resume(lab->host);
	vmlab_run(lab, PV_SECOND);
	/* "reset" and what follows, again */
	assert_true(lab->counts->tclo_calls >= calls + 2);
	works(lab);
}

static void
each_step(void **state, int how, uint32_t value)
{
	struct vmlab *lab = vmlab_new(state, &quiet);

	for (unsigned nth = 1; nth <= 10; nth++) {
		lab->manners->bad_how = how;
		lab->manners->bad_value = value;
		lab->manners->bad_nth = nth;
		assert_true(host_vmware_call(lab->host, "ping", 4));
		vmlab_run(lab, 30 * PV_SECOND);
		assert_int_equal(lab->manners->bad_nth, 0);
		works(lab);
		assert_true(lab->counts->channels_open <= 2);
	}
}

#define EACH_STEP(name, how, value)                  \
	static void test_##name(void **state)        \
	{                                            \
		each_step(state, (int)(how), value); \
	}
EACH_STEP(h59_no_success_at_each_step, HOST_VMWARE_FAIL, 0)
EACH_STEP(h59_a_checkpoint_at_each_step, HOST_VMWARE_CHECKPOINT, 0)
EACH_STEP(h59_closed_at_each_step, HOST_VMWARE_CLOSED, 0)
EACH_STEP(h59_nothing_waits_at_each_step, HOST_VMWARE_NO_REPLY, 0)
EACH_STEP(h59_unsent_at_each_step, HOST_VMWARE_STATUS, VMWARE_STATUS_UNSENT)
EACH_STEP(h59_powering_off_at_each_step, HOST_VMWARE_STATUS,
    VMWARE_STATUS_POWEROFF)
EACH_STEP(h59_timeout_at_each_step, HOST_VMWARE_STATUS, VMWARE_STATUS_TIMEOUT)
EACH_STEP(h59_a_status_that_is_none_at_each_step, HOST_VMWARE_STATUS, 0xffff)
EACH_STEP(h58_length_0_at_each_step, HOST_VMWARE_LENGTH, 0)
EACH_STEP(h58_length_1_at_each_step, HOST_VMWARE_LENGTH, 1)
EACH_STEP(h58_length_beyond_the_limit, HOST_VMWARE_LENGTH, 65537)
EACH_STEP(h58_length_of_all_ones, HOST_VMWARE_LENGTH, UINT32_MAX)
EACH_STEP(h59_another_type_at_each_step, HOST_VMWARE_TYPE, 7)
EACH_STEP(h62_another_channel_at_each_step, HOST_VMWARE_CHANNEL, 0)
EACH_STEP(h62_another_cookie_at_each_step, HOST_VMWARE_COOKIE, 0)

static void
test_h60_the_string_form_fails_half_way(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);

	for (unsigned nth = 1; nth <= 4; nth++) {
		lab->manners->high_fails = nth;
		works(lab);
		works(lab);
		works(lab);
	}
}

static void
test_h59_checkpoints_without_end(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	uint64_t before = lab->stats->exits;

	lab->manners->checkpoint_always = true;
	vmlab_run(lab, 10 * PV_SECOND);
	/* a pause after every few */
	assert_in_range(lab->stats->exits - before, 100, 3000);
	lab->manners->checkpoint_always = false;
	works(lab);
}

static void
test_h57_silence_after_attach(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	uint64_t before;

	lab->manners->silent = true;
	vmlab_run(lab, 60 * PV_SECOND);
	before = lab->stats->exits;
	vmlab_run(lab, 60 * PV_SECOND);
	/* a channel that cannot be had is asked for twice (with cookies and
	 * without) each 100 ms by calls that wait for one, and seldom by the
	 * loop */
	assert_true(lab->stats->exits - before < 1300);
	lab->manners->silent = false;
	vmlab_run(lab, 20 * PV_SECOND);
	works(lab);
	assert_true(lab->counts->channels_open <= 3);
	/* what the silence hid: a channel that was closed in it is still the
	 * host's, until it forgets */
	host_vmware_resume(lab->host);
	vmlab_run(lab, PV_SECOND);
	works(lab);
}

static void
test_h57_all_ones_after_attach(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	uint64_t bad = lab->stats->bad_value;

	lab->manners->ones = true;
	vmlab_run(lab, 60 * PV_SECOND);
	assert_true(lab->stats->bad_value > bad);
	lab->manners->ones = false;
	host_vmware_resume(lab->host);
	vmlab_run(lab, 20 * PV_SECOND);
	works(lab);
}

/* ---- Commands --------------------------------------------------------- */

static void
test_h61_a_command_that_is_unknown(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	const char *answer = ask(lab, "make coffee");

	assert_non_null(answer);
	assert_int_equal(strncmp(answer, "ERROR ", 6), 0);
	works(lab);
}

static void
test_h61_a_command_of_64_kib(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	static char text[VMWARE_MESSAGE_MAX + 1];
	const char *answer;

	memset(text, 'p', sizeof(text));
	answer = vmlab_ask(lab, text, VMWARE_MESSAGE_MAX);
	assert_non_null(answer);
	assert_int_equal(strncmp(answer, "ERROR ", 6), 0);
	/* a byte more is no message */
	assert_null(vmlab_ask(lab, text, sizeof(text)));
	assert_true(lab->stats->bad_length > 0);
	works(lab);
}

static void
test_h61_a_command_of_any_bytes(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	uint8_t bytes[256];

	for (unsigned i = 0; i < 256; i++)
		bytes[i] = (uint8_t)(255 - i);
	assert_non_null(vmlab_ask(lab, bytes, 256));
	assert_non_null(vmlab_ask(lab, bytes + 128, 128));
	assert_non_null(vmlab_ask(lab, "\0\0\0", 3));
	for (unsigned i = 0; i < 256; i++)
		assert_non_null(vmlab_ask(lab, &bytes[i], 1));
	for (const char *c = sim_machine_log(lab->world->machine); *c != '\0';
	     c++)
		assert_true(*c == '\n' || (*c >= 0x20 && *c <= 0x7e));
	works(lab);
}

static void
test_h61_with_a_nul_and_without(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);

	assert_string_equal(vmlab_ask(lab, "ping", 4), "OK ");
	assert_string_equal(vmlab_ask(lab, "ping", 5), "OK ");
	assert_int_equal(strncmp(vmlab_ask(lab, "pin", 3), "ERROR ", 6), 0);
	assert_int_equal(strncmp(vmlab_ask(lab, "pingx", 5), "ERROR ", 6), 0);
}

static void
test_h61_a_flood_leaves_time_for_others(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	uint64_t calls;
	char reply[64];
	bool more;

	for (unsigned i = 0; i < 1000; i++)
		assert_true(host_vmware_call(lab->host, "nonsense", 8));
	/* one poll does its share, and says that there is more */
	sim_advance(lab->world->sim,
	    sim_now(lab->world->sim) + 200 * PV_MILLISECOND);
	calls = lab->counts->tclo_calls;
	more = vmware_tclo_poll(lab->vmware, 64);
	assert_true(more);
	assert_in_range(lab->counts->tclo_calls - calls, 1, 17);
	/* and our own calls get through in the middle of it */
	assert_int_equal(vmlab_call(lab, "info-get guestinfo.a", 20, reply,
			     sizeof(reply), NULL),
	    PV_EIO);
	assert_true(host_vmware_answers(lab->host) < 1000);
	vmlab_run(lab, PV_SECOND);
	assert_int_equal(host_vmware_answers(lab->host), 1000);
	works(lab);
}

/* Each time: what was long ago does not count. */
static void
test_h38_every_resume_is_noticed_at_once(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);

	for (unsigned i = 0; i < 4; i++) {
		uint64_t polls;

		host_vmware_resume(lab->host);
		vmlab_run(lab, 200 * PV_MILLISECOND);
		polls = lab->counts->tclo_polls;
		vmlab_run(lab, 200 * PV_MILLISECOND);
		assert_true(lab->counts->tclo_polls > polls);
		works(lab);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		vmlab_test(test_the_loop_says_that_tools_run),
		vmlab_test(test_what_a_host_says_first_is_answered),
		vmlab_test(test_idle_looks_are_100_ms_apart),
		vmlab_test(test_looks_are_close_behind_a_call),
		vmlab_test(test_100_calls_in_a_row_take_no_pause),
		vmlab_test(test_h38_a_resume_is_noticed_at_once),
		vmlab_test(test_h59_no_success_at_each_step),
		vmlab_test(test_h59_a_checkpoint_at_each_step),
		vmlab_test(test_h59_closed_at_each_step),
		vmlab_test(test_h59_nothing_waits_at_each_step),
		vmlab_test(test_h59_unsent_at_each_step),
		vmlab_test(test_h59_powering_off_at_each_step),
		vmlab_test(test_h59_timeout_at_each_step),
		vmlab_test(test_h59_a_status_that_is_none_at_each_step),
		vmlab_test(test_h58_length_0_at_each_step),
		vmlab_test(test_h58_length_1_at_each_step),
		vmlab_test(test_h58_length_beyond_the_limit),
		vmlab_test(test_h58_length_of_all_ones),
		vmlab_test(test_h59_another_type_at_each_step),
		vmlab_test(test_h62_another_channel_at_each_step),
		vmlab_test(test_h62_another_cookie_at_each_step),
		vmlab_test(test_h60_the_string_form_fails_half_way),
		vmlab_test(test_h59_checkpoints_without_end),
		vmlab_test(test_h57_silence_after_attach),
		vmlab_test(test_h57_all_ones_after_attach),
		vmlab_test(test_h61_a_command_that_is_unknown),
		vmlab_test(test_h61_a_command_of_64_kib),
		vmlab_test(test_h61_a_command_of_any_bytes),
		vmlab_test(test_h61_with_a_nul_and_without),
		vmlab_test(test_h61_a_flood_leaves_time_for_others),
		vmlab_test(test_h38_every_resume_is_noticed_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
