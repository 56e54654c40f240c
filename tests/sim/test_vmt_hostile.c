/* SPDX-License-Identifier: ISC */
/* Commands that no host should give, at times when none should.  Numbers are
 * those of the project's list of bad inputs. */
#include <stdio.h>

#include "tests/support/vmt.h"

#define UNKNOWN "ERROR Unknown Command"
#define BIG 65536u

static const char *const commands[] = { "ping", "reset",
	"Capabilities_Register", "Set_Option synctime 1",
	"Set_Option broadcastIP 1", "Set_Option synctime.period 1",
	"Set_Option time.synchronize.tools.startup 1", "Time_Synchronize 1",
	"OS_Halt", "OS_Reboot", "OS_PowerOn", "OS_Resume", "OS_Suspend",
	"vmbackup.start 1", "vmbackup.startWithOpts ", "vmbackup.abort",
	"vmbackup.snapshotDone", "vmbackup.snapshotCompleted" };

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* What a test of commands makes the guest say is of no interest to it. */
static void
whatever_was_refused(struct tools *tools)
{
	tools->refused = (unsigned)host_vmware_counts(tools->host)->refused;
}

static void
still_well(struct tools *tools)
{
	*host_vmware_manners(
	    tools->host) = (struct host_vmware_manners){ .silent = false };
	tools_run(tools, 60 * PV_SECOND);
	tools_ask(tools, "ping", "OK ");
	tools_ask(tools, "Set_Option synctime 0", "OK ");
	assert_int_equal(tools->device->state, PV_DEVICE_ATTACHED);
	assert_true(host_vmware_counts(tools->host)->running);
}

/* Bytes in memory that ends where they do; what comes back is an answer. */
static size_t
give(struct tools *tools, const void *bytes, size_t len, size_t room)
{
	char *text = malloc(len > 0 ? len : 1);
	char *to = malloc(room);
	size_t answer;

	assert_non_null(text);
	assert_non_null(to);
	memcpy(text, bytes, len);
	answer = vmt_command(tools->vmware, text, len, to, room);
	assert_in_range(answer, 0, room);
	if (room > 16)
		assert_true(
		    memcmp(to, "OK ", 3) == 0 || memcmp(to, "ERROR ", 6) == 0);
	free(text);
	free(to);
	return answer;
}

/* ---- 57: nobody is there any more ------------------------------------- */

static void
held(struct tools *tools)
{
	tools_new(tools);
	host_vmware_manners(tools->host)->snapshot_hold = true;
	assert_true(host_vmware_snapshot(tools->host, true));
	tools_settle(tools);
	assert_true(tools->owner->frozen);
}

static void
test_h57_registers_come_back_as_they_went_while_disks_are_held(void **state)
{
	struct tools *tools = *state;

	held(tools);
	host_vmware_manners(tools->host)->silent = true;
	tools_run(tools, 60 * PV_SECOND);
	assert_false(tools->owner->frozen);
	still_well(tools);
	/* nobody heard that they were closed */
	tools->channels = 2;
	whatever_was_refused(tools);
}

static void
test_h57_all_ones_while_disks_are_held(void **state)
{
	struct tools *tools = *state;

	held(tools);
	host_vmware_manners(tools->host)->ones = true;
	tools_run(tools, 60 * PV_SECOND);
	assert_false(tools->owner->frozen);
	still_well(tools);
	tools->channels = 2;
	whatever_was_refused(tools);
}

static void
test_h57_nobody_to_tell_of_a_change_of_state(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	assert_true(host_vmware_power(tools->host, "OS_Halt"));
	tools_run(tools, 5 * PV_MILLISECOND);
	while (host_vmware_counts(tools->host)->tclo_calls == 0)
		tools_run(tools, PV_MILLISECOND);
	host_vmware_manners(tools->host)->silent = true;
	tools_run(tools, 60 * PV_SECOND);
	/* what the administrator wanted is done */
	assert_int_equal(sim_machine_counts(tools->world->machine)
			     ->requests[PV_REQUEST_SHUTDOWN],
	    1);
	still_well(tools);
	tools->channels = 1;
	/* and the next one is not shut out */
	assert_true(host_vmware_power(tools->host, "OS_Reboot"));
	tools_settle(tools);
	assert_int_equal(host_vmware_power_status(tools->host), 1);
	whatever_was_refused(tools);
}

/* ---- 58 to 60, 62: calls that go wrong on their way ------------------- */

static void
test_h58_answers_longer_than_anybody_wants(void **state)
{
	struct tools *tools = *state;
	char *reply = malloc(BIG);

	assert_non_null(reply);
	memset(reply, 'x', BIG);
	memcpy(reply, "0 ", 2);
	tools_new(tools);
	host_vmware_manners(tools->host)->rpc_reply = reply;
	host_vmware_manners(tools->host)->rpc_reply_len = BIG;
	for (size_t i = 0; i < COMMANDS; i++) {
		host_vmware_call(tools->host, commands[i], strlen(commands[i]));
		tools_settle(tools);
	}
	memcpy(reply, "1 ", 2);
	for (size_t i = 0; i < COMMANDS; i++) {
		host_vmware_call(tools->host, commands[i], strlen(commands[i]));
		tools_settle(tools);
	}
	still_well(tools);
	assert_false(tools->owner->frozen);
	free(reply);
	whatever_was_refused(tools);
}

static void
test_h58_answers_of_no_form(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} replies[] = { { "", 0 }, { "1", 1 }, { "0", 1 }, { "2 ", 2 },
		{ " ", 1 }, { "\0\0\0", 3 }, { "OK ", 3 }, { "1\0x", 3 },
		{ "\xff\xfe\x1b[2J", 6 } };
	struct tools *tools = *state;

	tools_new(tools);
	for (size_t r = 0; r < sizeof(replies) / sizeof(replies[0]); r++) {
		host_vmware_manners(tools->host)->rpc_reply = replies[r].bytes;
		host_vmware_manners(tools->host)->rpc_reply_len =
		    replies[r].len;
		for (size_t i = 0; i < COMMANDS; i++) {
			host_vmware_call(tools->host, commands[i],
			    strlen(commands[i]));
			tools_run(tools, PV_SECOND / 4);
		}
	}
	still_well(tools);
	assert_false(tools->owner->frozen);
	whatever_was_refused(tools);
}

/* One thing goes wrong in each call of the backdoor in turn, while the host
 * wants a reboot: it comes to pass, and its status is told. */
static void
each_step_goes_wrong(struct tools *tools, unsigned how, uint32_t value)
{
	/* one that was opened under another number nobody can close */
	bool lost = how == HOST_VMWARE_TYPE || how == HOST_VMWARE_CHANNEL ||
	    how == HOST_VMWARE_COOKIE;
	const struct sim_counts *counts;

	tools_new(tools);
	tools_run(tools, 10 * PV_SECOND);
	counts = sim_machine_counts(tools->world->machine);
	for (unsigned nth = 1; nth <= 40; nth++) {
		struct host_vmware_manners *manners = host_vmware_manners(
		    tools->host);
		unsigned before = counts->requests[PV_REQUEST_REBOOT];
		unsigned tries = 0;

		manners->bad_nth = nth;
		manners->bad_how = how;
		manners->bad_value = value;
		/* a call that is lost is lost: the administrator asks again */
		do {
			assert_in_range(++tries, 1, 4);
			assert_true(
			    host_vmware_power(tools->host, "OS_Reboot"));
			tools_run(tools, 30 * PV_SECOND);
		} while (host_vmware_power_status(tools->host) != 1);
		assert_in_range(counts->requests[PV_REQUEST_REBOOT], before + 1,
		    before + tries);
	}
	still_well(tools);
	whatever_was_refused(tools);
	tools->channels = lost ? 1 : 0;
}

static void
test_h59_no_success_at_any_step(void **state)
{
	each_step_goes_wrong(*state, HOST_VMWARE_FAIL, 0);
}

static void
test_h59_a_checkpoint_at_any_step(void **state)
{
	each_step_goes_wrong(*state, HOST_VMWARE_CHECKPOINT, 0);
}

static void
test_h59_closed_at_any_step(void **state)
{
	each_step_goes_wrong(*state, HOST_VMWARE_CLOSED, 0);
}

static void
test_h59_a_length_that_is_none_at_any_step(void **state)
{
	each_step_goes_wrong(*state, HOST_VMWARE_LENGTH, UINT32_MAX);
}

static void
test_h59_another_type_at_any_step(void **state)
{
	each_step_goes_wrong(*state, HOST_VMWARE_TYPE, 7);
}

static void
test_h62_another_channel_at_any_step(void **state)
{
	each_step_goes_wrong(*state, HOST_VMWARE_CHANNEL, 0);
}

static void
test_h62_other_cookies_at_any_step(void **state)
{
	each_step_goes_wrong(*state, HOST_VMWARE_COOKIE, 0);
}

static void
test_h60_strings_that_fail_half_way(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	for (unsigned n = 1; n <= 12; n++) {
		host_vmware_manners(tools->host)->high_fails = n;
		for (size_t i = 0; i < COMMANDS; i++)
			host_vmware_call(tools->host, commands[i],
			    strlen(commands[i]));
		tools_run(tools, 5 * PV_SECOND);
	}
	tools_ask(tools, "vmbackup.start 1", "OK ");
	tools_settle(tools);
	tools_ask(tools, "vmbackup.abort", "OK ");
	still_well(tools);
	assert_false(tools->owner->frozen);
	whatever_was_refused(tools);
}

/* ---- 61: what is asked ------------------------------------------------ */

static void
test_h61_unknown_and_as_long_as_can_be(void **state)
{
	struct tools *tools = *state;
	char *text = malloc(BIG);

	assert_non_null(text);
	memset(text, 'a', BIG);
	tools_new(tools);
	tools_ask_bytes(tools, text, BIG, UNKNOWN);
	memset(text, ' ', BIG);
	tools_ask_bytes(tools, text, BIG, UNKNOWN);
	memset(text, 0, BIG);
	tools_ask_bytes(tools, text, BIG, UNKNOWN);
	memset(text, 0xff, BIG);
	tools_ask_bytes(tools, text, BIG, UNKNOWN);
	assert_int_equal(tools->device->stats.bad_value, 4);
	world_has_line(tools->world,
	    "vmt0: unknown command \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\"");
	still_well(tools);
	free(text);
}

static void
test_h61_known_with_64_kib_behind_it(void **state)
{
	struct tools *tools = *state;
	char *text = malloc(BIG);

	assert_non_null(text);
	tools_new(tools);
	for (size_t i = 0; i < COMMANDS; i++)
		for (unsigned fill = 0; fill < 3; fill++) {
			static const int fills[] = { '1', 0, 0xff };

			memset(text, fills[fill], BIG);
			memcpy(text, commands[i], strlen(commands[i]));
			text[strlen(commands[i])] = ' ';
			host_vmware_call(tools->host, text, BIG);
			tools_settle(tools);
		}
	assert_int_equal(host_vmware_answers(tools->host), 3 * COMMANDS);
	still_well(tools);
	free(text);
	whatever_was_refused(tools);
}

static void
test_h61_bytes_that_are_no_text_reach_no_log(void **state)
{
	static const char text[] = "\x1b]0;gotcha\a\x1b[2J\xff\n\r\x80";
	struct tools *tools = *state;
	const char *log;

	tools_new(tools);
	tools_ask_bytes(tools, text, sizeof(text) - 1, UNKNOWN);
	tools_ask_bytes(tools, "Set_Option \x1b\x07 1", 15,
	    "ERROR Unknown or invalid option");
	log = sim_machine_log(tools->world->machine);
	for (size_t i = 0; log[i] != '\0'; i++)
		assert_true(log[i] == '\n' || (log[i] >= ' ' && log[i] <= '~'));
	still_well(tools);
}

/* At every length, in memory that ends there: no NUL to stop at. */
static void
test_h61_each_command_cut_at_each_byte(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	for (size_t i = 0; i < COMMANDS; i++)
		for (size_t len = 0; len <= strlen(commands[i]); len++) {
			assert_int_not_equal(give(tools, commands[i], len,
						 4096),
			    0);
			tools_run(tools, 20 * PV_MILLISECOND);
		}
	still_well(tools);
	whatever_was_refused(tools);
}

static void
test_h61_little_room_for_an_answer(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	for (size_t i = 0; i < COMMANDS; i++)
		for (size_t room = 1; room < 64; room++)
			(void)give(tools, commands[i], strlen(commands[i]),
			    room);
	still_well(tools);
	whatever_was_refused(tools);
}

static void
test_h61_a_flood_of_commands(void **state)
{
	struct tools *tools = *state;
	const struct sim_counts *counts;
	size_t memory;
	unsigned said, answered;

	tools_new(tools);
	tools_run(tools, 30 * PV_SECOND);
	counts = sim_machine_counts(tools->world->machine);
	memory = counts->memory;
	said = tools_rpcs(tools);
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < 1000; i++)
			assert_true(host_vmware_call(tools->host,
			    commands[i % COMMANDS],
			    strlen(commands[i % COMMANDS])));
		/* no longer than it takes, and the rest is not forgotten */
		answered = host_vmware_answers(tools->host);
		while (host_vmware_answers(tools->host) < answered + 1000)
			tools_run(tools, PV_MILLISECOND);
		assert_int_equal(counts->memory, memory);
	}
	tools_run(tools, 60 * PV_SECOND);
	/* far fewer than were asked for: what waits, waits once */
	assert_in_range(tools_rpcs(tools) - said, 1, 5000);
	assert_in_range(tools_lines(tools, "unknown"), 0, 10);
	tools_ask(tools, "reset", "OK ATR toolbox");
	still_well(tools);
	assert_false(tools->owner->frozen);
	whatever_was_refused(tools);
}

/* ---- All of it -------------------------------------------------------- */

static void
change(struct tools *tools, char *text, size_t *len, size_t room)
{
	size_t changes = sim_random(tools->world->sim, 4);

	for (size_t i = 0; i<changes && * len> 0; i++) {
		size_t at = sim_random(tools->world->sim, *len);

		switch (sim_random(tools->world->sim, 4)) {
		case 0:
			text[at] = (char)sim_random(tools->world->sim, 256);
			break;
		case 1:
			*len = at;
			break;
		case 2:
			if (*len < room)
				text[(*len)++] =
				    (char)sim_random(tools->world->sim, 256);
			break;
		default:
			text[at] = " 01"[sim_random(tools->world->sim, 3)];
		}
	}
}

static void
test_random_commands_and_manners(void **state)
{
	struct tools *tools = *state;
	struct sim *sim;

	tools_new(tools);
	sim = tools->world->sim;
	for (unsigned i = 0; i < 20000; i++) {
		struct host_vmware_manners *manners = host_vmware_manners(
		    tools->host);
		const char *command = commands[sim_random(sim, COMMANDS)];
		size_t len = strlen(command);
		char text[256];

		memcpy(text, command, len);
		change(tools, text, &len, sizeof(text));
		host_vmware_call(tools->host, text, len);
		if (sim_random(sim, 20) == 0) {
			manners->bad_nth = 1 + (unsigned)sim_random(sim, 30);
			manners->bad_how = 1 + (unsigned)sim_random(sim, 9);
			manners->bad_value = (uint32_t)sim_random(sim,
			    1ull << 32);
		}
		tools->owner->freeze_again = (unsigned)sim_random(sim, 4);
		tools->owner->fails.freeze = sim_random(sim, 50) == 0 ? PV_EIO
								      : 0;
		tools->owner->fails.request = sim_random(sim, 3) == 0 ? PV_EBUSY
								      : 0;
		tools_run(tools, sim_random(sim, 40) * PV_MILLISECOND);
	}
	tools->owner->fails.freeze = tools->owner->fails.request = 0;
	tools->owner->freeze_again = 0;
	*host_vmware_manners(
	    tools->host) = (struct host_vmware_manners){ .silent = false };
	tools_run(tools, 60 * PV_SECOND);
	tools_ask(tools, "reset", "OK ATR toolbox");
	still_well(tools);
	assert_false(tools->owner->frozen);
	whatever_was_refused(tools);
	tools_detach(tools);
	/* those whose opening was answered by another number */
	tools->channels = host_vmware_counts(tools->host)->channels_open;
	assert_in_range(tools->channels, 0, 64);
}

static void
test_no_memory_at_any_step_of_attaching(void **state)
{
	static const struct pv_driver *const drivers[] = { &pv_vmt_driver,
		NULL };
	struct tools *tools = *state;
	unsigned failed = 0;

	tools_machine(tools, NULL);
	for (unsigned nth = 1; nth < 60; nth++) {
		struct pv_bus *bus = NULL;
		int error;

		sim_machine_fail_alloc(tools->world->machine, nth);
		error =
		    pv_bus_attach(&(struct pv_bus_config){ .port = tools->port,
				      .drivers = drivers },
			&bus);
		failed += error != PV_OK || pv_bus_devices(bus) == NULL ||
		    pv_bus_devices(bus)->state != PV_DEVICE_ATTACHED;
		sim_machine_fail_alloc(tools->world->machine, 0);
		if (error == PV_OK)
			pv_bus_detach(bus);
		assert_int_equal(sim_machine_counts(tools->world->machine)
				     ->memory,
		    0);
		assert_int_equal(host_vmware_counts(tools->host)->channels_open,
		    0);
	}
	assert_in_range(failed, 10, 58);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		tools_test(
		    test_h57_registers_come_back_as_they_went_while_disks_are_held),
		tools_test(test_h57_all_ones_while_disks_are_held),
		tools_test(test_h57_nobody_to_tell_of_a_change_of_state),
		tools_test(test_h58_answers_longer_than_anybody_wants),
		tools_test(test_h58_answers_of_no_form),
		tools_test(test_h59_no_success_at_any_step),
		tools_test(test_h59_a_checkpoint_at_any_step),
		tools_test(test_h59_closed_at_any_step),
		tools_test(test_h59_a_length_that_is_none_at_any_step),
		tools_test(test_h59_another_type_at_any_step),
		tools_test(test_h62_another_channel_at_any_step),
		tools_test(test_h62_other_cookies_at_any_step),
		tools_test(test_h60_strings_that_fail_half_way),
		tools_test(test_h61_unknown_and_as_long_as_can_be),
		tools_test(test_h61_known_with_64_kib_behind_it),
		tools_test(test_h61_bytes_that_are_no_text_reach_no_log),
		tools_test(test_h61_each_command_cut_at_each_byte),
		tools_test(test_h61_little_room_for_an_answer),
		tools_test(test_h61_a_flood_of_commands),
		tools_test(test_random_commands_and_manners),
		tools_test(test_no_memory_at_any_step_of_attaching),
	};

	return cmocka_run_group_tests_name("vmt_hostile", tests, NULL, NULL);
}
