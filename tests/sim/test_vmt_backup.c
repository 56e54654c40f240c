/* SPDX-License-Identifier: ISC */
/* Quiesced snapshots: what is held, for how long, and what the host is told. */
#include "tests/support/vmt.h"

#define EVENT "vmbackup.eventSet "
#define MINUTE (60 * PV_SECOND)

/* The events so far, each with its code, are these; but for signs of life. */
static void
told(struct tools *tools, const char *expected)
{
	char all[512] = "";

	for (unsigned n = 0; n < tools_rpcs(tools); n++) {
		const char *text = host_vmware_rpc(tools->host, n, NULL);
		const char *event, *end;

		if (text == NULL || strncmp(text, EVENT, strlen(EVENT)) != 0)
			continue;
		event = text + strlen(EVENT);
		if (strncmp(event, "req.keepAlive ", 14) == 0)
			continue;
		end = strchr(strchr(event, ' ') + 1, ' ');
		assert_non_null(end);
		assert_true(
		    strlen(all) + (size_t)(end - event) + 3 < sizeof(all));
		strncat(all, event, (size_t)(end - event));
		strcat(all, "; ");
	}
	assert_string_equal(all, expected);
}

#define BEGIN "reset 0; "
#define COMMIT "prov.snapshotCommit 0; "
#define ABORTED "req.aborted 4; "
#define FAILED "req.error 3; "
#define DONE "req.done 0; "

/* Until the host is through with it. */
static void
wait_done(struct tools *tools)
{
	for (unsigned i = 0; host_vmware_snapshot_busy(tools->host); i++) {
		assert_in_range(i, 0, 3600);
		tools_run(tools, PV_SECOND);
	}
	tools_settle(tools);
}

/* The disks are held, and the host does not say when it is done. */
static void
hold(struct tools *tools)
{
	tools_new(tools);
	host_vmware_manners(tools->host)->snapshot_hold = true;
	assert_true(host_vmware_snapshot(tools->host, true));
	tools_settle(tools);
	assert_true(tools->owner->frozen);
	told(tools, BEGIN COMMIT);
}

static void
thawed(struct tools *tools)
{
	assert_false(tools->owner->frozen);
	assert_int_equal(tools->owner->thaws, 1);
}

/* ---- As it should be -------------------------------------------------- */

static void
test_from_start_to_done(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	assert_true(host_vmware_snapshot(tools->host, true));
	wait_done(tools);
	told(tools, BEGIN COMMIT DONE);
	assert_int_equal(tools->owner->freezes, 1);
	thawed(tools);
	assert_string_equal(host_vmware_backup_event(tools->host),
	    "req.done 0 ");
	/* the machine stood still */
	assert_int_equal(tools->owner->times[PV_TIME_SYNC], 1);
	/* and again */
	assert_true(host_vmware_snapshot(tools->host, true));
	wait_done(tools);
	told(tools, BEGIN COMMIT DONE BEGIN COMMIT DONE);
	assert_int_equal(tools->owner->freezes, 2);
}

static void
test_a_freeze_that_takes_its_time(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	tools->owner->freeze_again = 1000; /* ten seconds */
	assert_true(host_vmware_snapshot(tools->host, true));
	tools_run(tools, 9 * PV_SECOND);
	told(tools, BEGIN);
	assert_false(tools->owner->frozen);
	assert_in_range(tools_said(tools, EVENT "req.keepAlive 0 "), 2, 4);
	wait_done(tools);
	told(tools, BEGIN COMMIT DONE);
	thawed(tools);
}

static void
test_signs_of_life_while_held(void **state)
{
	struct tools *tools = *state;
	unsigned before, lives;

	hold(tools);
	/* whether the host calls or not */
	assert_in_range(vmt_backup_deadline(tools->vmware), 0,
	    sim_now(tools->world->sim) + 5 * PV_SECOND);
	before = tools_said(tools, EVENT);
	tools_run(tools, 10 * MINUTE);
	lives = tools_said(tools, EVENT) - before;
	/* at the latest each five seconds, and not much sooner */
	assert_in_range(lives, 600 / 5, 600 / 2);
	assert_true(tools->owner->frozen);
	tools_ask(tools, "vmbackup.snapshotDone", "OK ");
	wait_done(tools);
	told(tools, BEGIN COMMIT DONE);
	thawed(tools);
	before = tools_said(tools, EVENT);
	tools_run(tools, MINUTE);
	assert_int_equal(tools_said(tools, EVENT), before);
}

static void
test_volumes_are_taken_and_not_looked_at(void **state)
{
	static const char *const starts[] = { "vmbackup.start",
		"vmbackup.start ", "vmbackup.start 1", "vmbackup.start 0",
		"vmbackup.start 1 6000C29a-0000 6000C29b-0000",
		"vmbackup.start one" };
	struct tools *tools = *state;

	tools_new(tools);
	host_vmware_manners(tools->host)->snapshot_hold = true;
	for (unsigned i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		tools_ask(tools, starts[i], "OK ");
		tools_settle(tools);
		assert_int_equal(tools->owner->freezes, i + 1);
		tools_ask(tools, "vmbackup.snapshotDone", "OK ");
		tools_settle(tools);
		assert_int_equal(tools->owner->thaws, i + 1);
		/* the model has begun none of these */
		tools->refused += 3;
	}
}

/* ---- Given up --------------------------------------------------------- */

static void
test_abort_while_held(void **state)
{
	struct tools *tools = *state;

	hold(tools);
	tools_ask(tools, "vmbackup.abort", "OK ");
	wait_done(tools);
	told(tools, BEGIN COMMIT ABORTED DONE);
	thawed(tools);
	assert_int_equal(tools->owner->times[PV_TIME_SYNC], 0);
}

static void
test_abort_while_freezing(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	tools->owner->freeze_again = 100;
	assert_true(host_vmware_snapshot(tools->host, true));
	tools_run(tools, PV_SECOND / 2);
	tools_ask(tools, "vmbackup.abort", "OK ");
	wait_done(tools);
	told(tools, BEGIN ABORTED DONE);
	assert_int_equal(tools->owner->freezes, 0);
	thawed(tools);
}

static void
test_abort_in_the_breath_of_start(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	assert_true(host_vmware_snapshot(tools->host, true));
	assert_true(host_vmware_call(tools->host, "vmbackup.abort", 14));
	wait_done(tools);
	assert_int_equal(tools->owner->freezes, 0);
	assert_false(tools->owner->frozen);
	assert_int_equal(tools_said(tools, EVENT "req.aborted 4 "), 1);
	assert_int_equal(tools_said(tools, EVENT "req.done 0 "), 1);
}

/* Nothing has been said yet, and nothing held. */
static void
test_abort_before_the_first_event(void **state)
{
	static const char *const asks[] = { "vmbackup.start 1",
		"vmbackup.abort" };
	struct tools *tools = *state;
	char answer[64];

	tools_new(tools);
	tools_settle(tools);
	for (unsigned i = 0; i < 2; i++)
		assert_int_not_equal(vmt_command(tools->vmware, asks[i],
					 strlen(asks[i]), answer,
					 sizeof(answer)),
		    0);
	tools_settle(tools);
	told(tools, ABORTED DONE);
	assert_int_equal(tools->owner->freezes + tools->owner->thaws, 0);
	tools->refused = 2;
}

static void
test_abort_twice_is_told_once(void **state)
{
	struct tools *tools = *state;

	hold(tools);
	tools->owner->freeze_again = 100;
	tools_ask(tools, "vmbackup.abort", "OK ");
	tools_ask(tools, "vmbackup.abort", "OK ");
	wait_done(tools);
	told(tools, BEGIN COMMIT ABORTED DONE);
	thawed(tools);
}

static void
test_abort_comes_too_late(void **state)
{
	struct tools *tools = *state;

	hold(tools);
	tools->owner->freeze_again = 100;
	tools_ask(tools, "vmbackup.snapshotDone", "OK ");
	tools_ask(tools, "vmbackup.abort", "OK ");
	wait_done(tools);
	told(tools, BEGIN COMMIT ABORTED DONE);
	thawed(tools);
}

static void
test_the_host_forgets_it(void **state)
{
	struct tools *tools = *state;

	hold(tools);
	tools_run(tools, 15 * MINUTE - 10 * PV_SECOND);
	assert_true(tools->owner->frozen);
	tools_run(tools, 20 * PV_SECOND);
	thawed(tools);
	wait_done(tools);
	told(tools, BEGIN COMMIT ABORTED DONE);
	world_has_line(tools->world, "vmt0: snapshot: the host took too long");
	tools_ask(tools, "vmbackup.snapshotDone",
	    "ERROR Error: no quiesce operation in progress");
}

static void
test_the_host_takes_no_events(void **state)
{
	struct tools *tools = *state;

	hold(tools);
	host_vmware_manners(tools->host)->rpc_reply = "0 Unknown command";
	tools_run(tools, 10 * PV_SECOND);
	thawed(tools);
	world_has_line(tools->world,
	    "vmt0: snapshot: the host does not take its events");
	host_vmware_manners(tools->host)->rpc_reply = NULL;
	/* the model has heard nothing of its end, but the guest can go on */
	tools_ask(tools, "vmbackup.start 1", "OK ");
	tools_settle(tools);
	assert_true(tools->owner->frozen);
	tools_ask(tools, "vmbackup.abort", "OK ");
	tools_settle(tools);
	assert_false(tools->owner->frozen);
}

/* Nothing is held when the host does not even take the first. */
static void
test_the_host_takes_not_even_the_first(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	host_vmware_manners(tools->host)->rpc_reply = "0 Unknown command";
	tools_ask(tools, "vmbackup.start 1", "OK ");
	tools_run(tools, 10 * PV_SECOND);
	assert_int_equal(tools->owner->freezes, 0);
	assert_int_equal(tools_said(tools, EVENT "req.done 0 "), 1);
}

static void
test_a_reset_lets_go(void **state)
{
	struct tools *tools = *state;

	hold(tools);
	tools_ask(tools, "reset", "OK ATR toolbox");
	wait_done(tools);
	thawed(tools);
	told(tools, BEGIN COMMIT ABORTED DONE);
}

static void
test_detach_lets_go(void **state)
{
	struct tools *tools = *state;

	hold(tools);
	tools_detach(tools);
	thawed(tools);
}

static void
test_detach_waits_for_it(void **state)
{
	struct tools *tools = *state;

	hold(tools);
	tools->owner->freeze_again = 50;
	tools_detach(tools);
	thawed(tools);
}

static void
test_detach_does_not_wait_for_ever(void **state)
{
	struct tools *tools = *state;
	uint64_t begun;

	hold(tools);
	tools->owner->freeze_again = 1000000;
	begun = sim_now(tools->world->sim);
	tools_detach(tools);
	assert_in_range(sim_now(tools->world->sim) - begun, PV_SECOND,
	    10 * PV_SECOND);
	world_has_line(tools->world, "vmt0: snapshot: thaw: not yet");
	tools->owner->frozen = false;
}

static void
test_detach_while_freezing(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	tools->owner->freeze_again = 100;
	assert_true(host_vmware_snapshot(tools->host, true));
	tools_run(tools, PV_SECOND / 2);
	tools_detach(tools);
	thawed(tools);
}

/* ---- Not to be had ---------------------------------------------------- */

static void
test_the_platform_cannot_hold(void **state)
{
	struct tools *tools = *state;

	tools_machine(tools, NULL);
	tools->port->freeze = NULL;
	tools_attach(tools);
	tools_ask(tools, "vmbackup.start 1",
	    "ERROR The guest has no way to hold its file systems.");
	tools_settle(tools);
	told(tools, "");
}

static void
test_freezing_fails(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	tools->owner->fails.freeze = PV_EIO;
	assert_true(host_vmware_snapshot(tools->host, true));
	wait_done(tools);
	told(tools, BEGIN FAILED DONE);
	world_has_line(tools->world,
	    "vmt0: snapshot: freeze: input/output error");
	tools->owner->fails.freeze = 0;
	assert_true(host_vmware_snapshot(tools->host, true));
	wait_done(tools);
	told(tools, BEGIN FAILED DONE BEGIN COMMIT DONE);
}

/* It may have held some of them before it failed, or was ended. */
static void
test_what_a_failed_freeze_has_held_is_let_go(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	tools->owner->fails.freeze = PV_ETIMEDOUT;
	assert_true(host_vmware_snapshot(tools->host, true));
	while (tools->owner->freezes == 0)
		tools_run(tools, PV_MILLISECOND);
	tools->owner->frozen = true; /* one of two */
	tools->owner->fails.freeze = 0;
	wait_done(tools);
	assert_false(tools->owner->frozen);
	told(tools, BEGIN FAILED DONE);
}

/* A thaw of what is not held fails, too: that is no reason to go on for ever. */
static void
test_nothing_to_let_go_after_a_failed_freeze(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	tools->owner->fails.freeze = PV_EIO;
	assert_true(host_vmware_snapshot(tools->host, true));
	wait_done(tools);
	assert_in_range(tools->owner->thaws, 1, 5);
	told(tools, BEGIN FAILED DONE);
}

static void
test_thawing_fails_for_a_while(void **state)
{
	struct tools *tools = *state;

	hold(tools);
	tools->owner->fails.freeze = PV_EIO;
	tools_ask(tools, "vmbackup.snapshotDone", "OK ");
	tools_run(tools, MINUTE);
	assert_true(tools->owner->frozen);
	assert_in_range(tools->owner->thaws, 30, 90);
	assert_int_equal(tools_lines(tools, "snapshot: thaw"), 1);
	tools_ask(tools, "vmbackup.start 1",
	    "ERROR Quiesce operation already in progress.");
	tools->owner->fails.freeze = 0;
	wait_done(tools);
	assert_false(tools->owner->frozen);
	told(tools, BEGIN COMMIT FAILED DONE);
}

static void
test_commands_in_the_wrong_order(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	tools_ask(tools, "vmbackup.snapshotDone",
	    "ERROR Error: no quiesce operation in progress");
	tools_ask(tools, "vmbackup.abort",
	    "ERROR Error: no quiesce operation in progress");
	tools_ask(tools, "vmbackup.snapshotCompleted",
	    "ERROR Error: no quiesce complete in progress");
	host_vmware_manners(tools->host)->snapshot_hold = true;
	tools->owner->freeze_again = 100;
	assert_true(host_vmware_snapshot(tools->host, true));
	tools_run(tools, PV_SECOND / 2);
	tools_ask(tools, "vmbackup.snapshotDone",
	    "ERROR Error: unexpected state for quiesce done message.");
	tools_ask(tools, "vmbackup.start 1",
	    "ERROR Quiesce operation already in progress.");
	tools_run(tools, 2 * PV_SECOND);
	assert_true(tools->owner->frozen);
	tools_ask(tools, "vmbackup.snapshotDone", "OK ");
	tools_ask(tools, "vmbackup.snapshotDone",
	    "ERROR Error: no quiesce operation in progress");
	wait_done(tools);
	told(tools, BEGIN COMMIT DONE);
	assert_int_equal(tools->device->stats.bad_state, 5);
}

/* ---- With options ----------------------------------------------------- */

#define START_OPTIONS "vmbackup.startWithOpts "

struct options {
	char text[512];
	size_t len;
};

static void
put(struct options *options, uint32_t value)
{
	for (unsigned shift = 32; shift > 0; shift -= 8)
		options->text[options->len++] = (char)(value >> (shift - 8));
}

/* Version, that it is there, and what it says; an argument of five bytes. */
static struct options
options_with(uint32_t version, uint32_t hold_them, uint32_t seconds)
{
	struct options options = { START_OPTIONS, strlen(START_OPTIONS) };

	put(&options, version);
	put(&options, 1);
	put(&options, 0);
	put(&options, 1);
	put(&options, hold_them);
	put(&options, 0);
	put(&options, 1);
	put(&options, 5);
	memcpy(options.text + options.len, "hello\0\0\0", 8);
	options.len += 8;
	put(&options, seconds);
	put(&options, 0);
	return options;
}

static void
ask_with(struct tools *tools, const struct options *options, const char *answer)
{
	tools_ask_bytes(tools, options->text, options->len, answer);
}

static void
test_options_with_a_time(void **state)
{
	struct options options = options_with(1, 1, 30);
	struct tools *tools = *state;

	tools_new(tools);
	ask_with(tools, &options, "OK ");
	tools_run(tools, 25 * PV_SECOND);
	assert_true(tools->owner->frozen);
	tools_run(tools, 10 * PV_SECOND);
	thawed(tools);
	told(tools, BEGIN COMMIT ABORTED DONE);
	tools->refused = tools_said(tools, EVENT);
}

static void
test_options_with_a_short_time(void **state)
{
	struct options options = options_with(1, 1, 1);
	struct tools *tools = *state;

	tools_new(tools);
	ask_with(tools, &options, "OK ");
	/* nobody has to look for it to end in time */
	assert_in_range(vmt_backup_deadline(tools->vmware), 0,
	    sim_now(tools->world->sim) + PV_SECOND);
	tools_run(tools, 3 * PV_SECOND);
	thawed(tools);
	tools->refused = tools_said(tools, EVENT);
}

static void
test_options_with_more_time_than_there_is(void **state)
{
	struct options options = options_with(1, 1, UINT32_MAX);
	struct tools *tools = *state;

	tools_new(tools);
	ask_with(tools, &options, "OK ");
	tools_run(tools, 16 * MINUTE);
	thawed(tools);
	tools->refused = tools_said(tools, EVENT);
}

/* It is all there, and more than a script may be given. */
static void
test_options_with_a_long_argument(void **state)
{
	struct options options = { START_OPTIONS, strlen(START_OPTIONS) };
	struct tools *tools = *state;

	for (unsigned word = 0; word < 7; word++)
		put(&options, word < 2);
	put(&options, 260);
	memset(options.text + options.len, 'x', 260);
	options.len += 260;
	put(&options, 0);
	put(&options, 0);
	tools_new(tools);
	ask_with(tools, &options, "ERROR XDR deserialization failed.");
	assert_int_equal(tools->device->stats.bad_length, 1);
}

static void
test_options_that_hold_nothing(void **state)
{
	struct options options = options_with(1, 0, 0);
	struct tools *tools = *state;

	tools_machine(tools, NULL);
	tools->port->freeze = NULL;
	tools_attach(tools);
	ask_with(tools, &options, "OK ");
	tools_settle(tools);
	told(tools, BEGIN COMMIT);
	tools_ask(tools, "vmbackup.snapshotDone", "OK ");
	tools_settle(tools);
	told(tools, BEGIN COMMIT DONE);
	assert_int_equal(tools->owner->freezes + tools->owner->thaws, 0);
	tools->refused = tools_said(tools, EVENT);
}

static void
test_options_of_other_versions(void **state)
{
	static const uint32_t versions[] = { 0, 2, 3, UINT32_MAX };
	struct tools *tools = *state;

	tools_new(tools);
	for (unsigned i = 0; i < 4; i++) {
		struct options options = options_with(versions[i], 1, 0);

		ask_with(tools, &options,
		    "ERROR Incompatible quiesce parameter version");
	}
	assert_int_equal(tools->device->stats.bad_value, 4);
	assert_int_equal(tools->owner->freezes, 0);
}

static void
test_options_cut_at_each_byte(void **state)
{
	struct options options = options_with(1, 1, 0);
	size_t head = strlen(START_OPTIONS);
	struct tools *tools = *state;
	unsigned count = 0;

	tools_new(tools);
	for (size_t len = head - 1; len < options.len; len++) {
		tools_ask_bytes(tools, options.text, len,
		    "ERROR XDR deserialization failed.");
		count++;
	}
	assert_int_equal(tools->device->stats.bad_length, count);
	assert_int_equal(tools->owner->freezes, 0);
}

static void
test_options_with_wrong_numbers(void **state)
{
	/* word by word: what it becomes */
	static const struct {
		unsigned word;
		uint32_t value;
		bool length;
	} wrong[] = { { 1, 0, false }, { 1, 2, false }, { 2, 2, false },
		{ 3, UINT32_MAX, false }, { 4, 2, false }, { 5, 256, false },
		{ 6, 3, false }, { 7, 257, true }, { 7, UINT32_MAX, true },
		{ 7, 0x7fffffff, true }, { 7, 20, true }, { 11, 1, true },
		{ 11, 3201, true }, { 11, UINT32_MAX, true },
		{ 11, UINT32_MAX - 2, true } };
	struct tools *tools = *state;
	unsigned lengths = 0, values = 0;

	tools_new(tools);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct options options = options_with(1, 1, 0);
		size_t end = options.len;

		options.len = strlen(START_OPTIONS) + 4 * wrong[i].word;
		put(&options, wrong[i].value);
		options.len = end;
		ask_with(tools, &options, "ERROR XDR deserialization failed.");
		lengths += wrong[i].length;
		values += !wrong[i].length;
		assert_int_equal(tools->device->stats.bad_length, lengths);
		assert_int_equal(tools->device->stats.bad_value, values);
	}
	assert_int_equal(tools->owner->freezes, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		tools_test(test_from_start_to_done),
		tools_test(test_a_freeze_that_takes_its_time),
		tools_test(test_signs_of_life_while_held),
		tools_test(test_volumes_are_taken_and_not_looked_at),
		tools_test(test_abort_while_held),
		tools_test(test_abort_while_freezing),
		tools_test(test_abort_in_the_breath_of_start),
		tools_test(test_abort_before_the_first_event),
		tools_test(test_abort_twice_is_told_once),
		tools_test(test_abort_comes_too_late),
		tools_test(test_the_host_forgets_it),
		tools_test(test_the_host_takes_no_events),
		tools_test(test_the_host_takes_not_even_the_first),
		tools_test(test_a_reset_lets_go),
		tools_test(test_detach_lets_go),
		tools_test(test_detach_waits_for_it),
		tools_test(test_detach_does_not_wait_for_ever),
		tools_test(test_detach_while_freezing),
		tools_test(test_the_platform_cannot_hold),
		tools_test(test_freezing_fails),
		tools_test(test_what_a_failed_freeze_has_held_is_let_go),
		tools_test(test_nothing_to_let_go_after_a_failed_freeze),
		tools_test(test_thawing_fails_for_a_while),
		tools_test(test_commands_in_the_wrong_order),
		tools_test(test_options_with_a_time),
		tools_test(test_options_with_a_short_time),
		tools_test(test_options_with_more_time_than_there_is),
		tools_test(test_options_with_a_long_argument),
		tools_test(test_options_that_hold_nothing),
		tools_test(test_options_of_other_versions),
		tools_test(test_options_cut_at_each_byte),
		tools_test(test_options_with_wrong_numbers),
	};

	return cmocka_run_group_tests_name("vmt_backup", tests, NULL, NULL);
}
