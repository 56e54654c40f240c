/* SPDX-License-Identifier: ISC */
/* What the model answers to calls, what it keeps of them, and its
 * administrator. */
#include "tests/support/raw_vmware.h"

#include <stdio.h>

/* ---- guestinfo -------------------------------------------------------- */

static void
test_a_value_is_what_was_set_last(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	size_t size;

	assert_string_equal(hand_rpc(host, "info-get guestinfo.a"),
	    "0 No value found");
	assert_string_equal(hand_rpc(host, "info-set guestinfo.a  b c "), "1 ");
	assert_string_equal(hand_rpc(host, "info-get guestinfo.a"), "1  b c ");
	assert_string_equal(host_vmware_info(host, "guestinfo.a", &size),
	    " b c ");
	assert_int_equal(size, 5);
	/* with and without a NUL, in any case */
	assert_string_equal(hand_rpc_bytes(host, "info-set guestInfo.A d\0e",
				24),
	    "1 ");
	assert_string_equal(hand_rpc_bytes(host, "info-get guestinfo.a", 21),
	    "1 d");
	assert_true(host_vmware_set_info(host, "guestinfo.a", NULL, 0));
	assert_string_equal(hand_rpc(host, "info-get guestinfo.a"),
	    "0 No value found");
	assert_null(host_vmware_info(host, "guestinfo.a", NULL));
	raw_vmware_end(host, 0);
}

static void
test_many_values(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	char text[64], wanted[16];

	for (unsigned i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "info-set guestinfo.k%u v%u", i,
		    i);
		assert_string_equal(hand_rpc(host, text), "1 ");
	}
	for (unsigned i = 0; i < 200; i += 2) {
		snprintf(text, sizeof(text), "guestinfo.k%u", i);
		host_vmware_set_info(host, text, NULL, 0);
	}
	for (unsigned i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "info-get guestinfo.k%u", i);
		snprintf(wanted, sizeof(wanted), "1 v%u", i);
		assert_string_equal(hand_rpc(host, text),
		    i % 2 == 1 ? wanted : "0 No value found");
	}
	raw_vmware_end(host, 0);
}

static void
test_what_may_not_be_set(void **state)
{
	struct host_vmware_config config = { .info_read_only = true };
	struct host_vmware *host = raw_vmware(*state, NULL);

	host_vmware_deny(host, "guestinfo.secret");
	host_vmware_set_info(host, "guestinfo.secret.x", "y", 1);
	assert_string_equal(hand_rpc(host, "info-get guestinfo.secret.x"),
	    "0 Permission denied");
	assert_string_equal(hand_rpc(host, "info-set guestinfo.SECRET.x z"),
	    "0 Permission denied");
	assert_string_equal(hand_rpc(host, "info-set tools.x z"),
	    "0 Permission denied");
	assert_string_equal(hand_rpc(host, "info-set guestinfo.x"),
	    "0 Two and exactly two arguments expected");
	assert_string_equal(hand_rpc(host, "info-set guestinfo.x "),
	    "0 Two and exactly two arguments expected");
	assert_string_equal(hand_rpc(host, "info-set  x"),
	    "0 Two and exactly two arguments expected");
	host = raw_vmware(*state, &config);
	assert_string_equal(hand_rpc(host, "info-set guestinfo.x y"),
	    "0 Permission denied");
	raw_vmware_end(host, 0);
}

/* The limit is of keys and values: 11 + 9 bytes is 20. */
static void
test_guestinfo_has_a_limit_in_all(void **state)
{
	struct host_vmware_config config = { .info_limit = 20 };
	struct host_vmware *host = raw_vmware(*state, &config);

	assert_string_equal(hand_rpc(host, "info-set guestinfo.x 0123456789"),
	    "0 Value too long");
	assert_string_equal(hand_rpc(host, "info-set guestinfo.x 012345678"),
	    "1 ");
	assert_string_equal(hand_rpc(host, "info-set guestinfo.y 0"),
	    "0 Value too long");
	/* the value that is replaced does not count */
	assert_string_equal(hand_rpc(host, "info-set guestinfo.x abcdefghi"),
	    "1 ");
	host_vmware_set_info(host, "guestinfo.x", NULL, 0);
	assert_string_equal(hand_rpc(host, "info-set guestinfo.y 0"), "1 ");
	raw_vmware_end(host, 0);
}

/* ---- The rest that is text -------------------------------------------- */

static void
test_commands_that_are_known_and_not(void **state)
{
	static const char *const good[] = { "log x", "log ",
		"vmx.capability.unified_loop toolbox",
		"tools.capability.statechange ",
		"tools.capability.softpowerop_retry ",
		"tools.capability.features 36=1",
		"tools.capability.hgfs_server toolbox 1",
		"tools.capability.guest_conf_directory /etc",
		"tools.set.version 2147483647",
		"tools.set.versiontype 12352 4" };
	static const char *const bad[] = { "log", "vmx.capability.other 1",
		"info-getguestinfo.x", "Log x", "SetGuestInfo",
		"machine.id.get", "tools.set.other 1" };
	struct host_vmware_config config = {
		.refuse = HOST_VMWARE_NO_VERSIONTYPE
	};
	struct host_vmware *host = raw_vmware(*state, NULL);

	for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_string_equal(hand_rpc(host, good[i]), "1 ");
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_string_equal(hand_rpc(host, bad[i]),
		    "0 Unknown command");
	host = raw_vmware(*state, &config);
	assert_string_equal(hand_rpc(host, "tools.set.versiontype 12352 4"),
	    "0 Unknown command");
	assert_string_equal(hand_rpc(host, "tools.set.version 12352"), "1 ");
	raw_vmware_end(host, 0);
}

static void
test_the_last_1024_calls_are_kept(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	char text[32];
	size_t size;

	for (unsigned i = 0; i < 1100; i++) {
		snprintf(text, sizeof(text), "log %u", i);
		hand_rpc(host, text);
	}
	assert_null(host_vmware_rpc(host, 75, NULL));
	assert_string_equal(host_vmware_rpc(host, 76, &size), "log 76");
	assert_int_equal(size, 6);
	assert_string_equal(host_vmware_rpc(host, 1099, NULL), "log 1099");
	assert_null(host_vmware_rpc(host, 1100, NULL));
	assert_string_equal(host_vmware_rpc_last(host, "log 2", NULL),
	    "log 299");
	assert_null(host_vmware_rpc_last(host, "info", NULL));
	raw_vmware_end(host, 0);
}

static void
test_no_more_than_a_mebibyte_of_calls_is_kept(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	char *text = calloc(1, VMWARE_MESSAGE_LIMIT);

	assert_non_null(text);
	for (unsigned i = 0; i < 20; i++)
		hand_rpc_bytes(host, text, VMWARE_MESSAGE_LIMIT);
	free(text);
	assert_null(host_vmware_rpc(host, 3, NULL));
	assert_non_null(host_vmware_rpc(host, 4, NULL));
	assert_non_null(host_vmware_rpc(host, 19, NULL));
	raw_vmware_end(host, 0);
}

/* ---- The administrator ------------------------------------------------ */

static void
test_power_is_good_when_the_guest_says_so(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct hand_channel tools;

	hand_tools(host, &tools);
	assert_false(host_vmware_power(host, "OS_Other"));
	assert_true(host_vmware_power(host, "OS_Reboot"));
	assert_string_equal(hand_tclo(&tools, ""), "OS_Reboot");
	assert_string_equal(hand_tclo(&tools, "OK "), "");
	assert_int_equal(host_vmware_power_status(host), 0);
	/* of another state, or none at all */
	hand_rpc(host, "tools.os.statechange.status 1 1");
	hand_rpc(host, "tools.os.statechange.status 1");
	hand_rpc(host, "tools.os.statechange.status x 2");
	hand_rpc(host, "tools.os.statechange.status 1 99999999999999999999");
	assert_int_equal(host_vmware_power_status(host), 0);
	hand_rpc(host, "tools.os.statechange.status 1 2");
	assert_int_equal(host_vmware_power_status(host), 1);
	/* once is enough */
	hand_rpc(host, "tools.os.statechange.status 0 2");
	assert_int_equal(host_vmware_power_status(host), 1);
	/* these are not answers to host_vmware_call() */
	assert_int_equal(host_vmware_answers(host), 0);
	hand_close(&tools);
	raw_vmware_end(host, 5);
}

static void
test_power_is_refused_by_status_and_by_error(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct hand_channel tools;

	hand_tools(host, &tools);
	assert_true(host_vmware_power(host, "OS_Halt"));
	assert_string_equal(hand_tclo(&tools, ""), "OS_Halt");
	assert_string_equal(hand_tclo(&tools, "OK "), "");
	hand_rpc(host, "tools.os.statechange.status 0 1");
	assert_int_equal(host_vmware_power_status(host), -1);
	assert_true(host_vmware_power(host, "OS_Suspend"));
	assert_int_equal(host_vmware_power_status(host), 0);
	assert_string_equal(hand_tclo(&tools, ""), "OS_Suspend");
	assert_string_equal(hand_tclo(&tools, "ERROR Unknown Command"), "");
	assert_int_equal(host_vmware_power_status(host), -1);
	hand_close(&tools);
	raw_vmware_end(host, 0);
}

static void
test_a_snapshot_is_done_when_the_guest_is_at_rest(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct hand_channel tools;

	hand_tools(host, &tools);
	assert_true(host_vmware_snapshot(host, false));
	assert_false(host_vmware_snapshot_busy(host));
	assert_true(host_vmware_snapshot(host, true));
	assert_false(host_vmware_snapshot(host, true));
	assert_string_equal(hand_tclo(&tools, ""), "vmbackup.start 1");
	assert_string_equal(hand_tclo(&tools, "OK "), "");
	assert_null(host_vmware_backup_event(host));
	hand_rpc(host, "vmbackup.eventSet reset 0 ");
	assert_string_equal(host_vmware_backup_event(host), "reset 0 ");
	hand_rpc(host, "vmbackup.eventSet req.keepAlive 0 ");
	assert_string_equal(hand_tclo(&tools, ""), "");
	hand_rpc(host, "vmbackup.eventSet prov.snapshotCommit 0 ");
	hand_rpc(host, "vmbackup.eventSet prov.snapshotCommit 0 ");
	assert_string_equal(hand_tclo(&tools, ""), "vmbackup.snapshotDone");
	assert_string_equal(hand_tclo(&tools, "OK "), "");
	assert_true(host_vmware_snapshot_busy(host));
	hand_rpc(host, "vmbackup.eventSet req.done 0 ");
	assert_false(host_vmware_snapshot_busy(host));
	assert_string_equal(host_vmware_backup_event(host), "req.done 0 ");
	/* events of no snapshot, and those that are none */
	hand_rpc(host, "vmbackup.eventSet reset 0 ");
	assert_true(host_vmware_snapshot(host, true));
	hand_rpc(host, "vmbackup.eventSet reset");
	hand_rpc(host, "vmbackup.eventSet reset x ");
	assert_null(host_vmware_backup_event(host));
	hand_close(&tools);
	raw_vmware_end(host, 3);
}

static void
test_a_snapshot_that_is_held_or_refused(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct hand_channel tools;

	host_vmware_manners(host)->snapshot_hold = true;
	hand_tools(host, &tools);
	assert_true(host_vmware_snapshot(host, true));
	assert_string_equal(hand_tclo(&tools, ""), "vmbackup.start 1");
	hand_rpc(host, "vmbackup.eventSet prov.snapshotCommit 0 ");
	assert_string_equal(hand_tclo(&tools, "OK "), "");
	assert_true(host_vmware_call(host, "vmbackup.abort", 14));
	assert_string_equal(hand_tclo(&tools, ""), "vmbackup.abort");
	assert_string_equal(hand_tclo(&tools, "OK "), "");
	hand_rpc(host, "vmbackup.eventSet req.aborted 4 Quiesce aborted.");
	assert_true(host_vmware_snapshot_busy(host));
	hand_rpc(host, "vmbackup.eventSet req.done 0 ");
	assert_false(host_vmware_snapshot_busy(host));
	assert_true(host_vmware_snapshot(host, true));
	assert_string_equal(hand_tclo(&tools, ""), "vmbackup.start 1");
	assert_string_equal(hand_tclo(&tools, "ERROR no"), "");
	assert_false(host_vmware_snapshot_busy(host));
	hand_close(&tools);
	raw_vmware_end(host, 0);
}

static void
test_a_snapshot_that_is_held_thaws_when_asked(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct hand_channel tools;

	host_vmware_manners(host)->snapshot_hold = true;
	hand_tools(host, &tools);
	assert_false(host_vmware_thaw(host));
	assert_true(host_vmware_snapshot(host, true));
	assert_string_equal(hand_tclo(&tools, ""), "vmbackup.start 1");
	/* not at rest yet: it is to leave it */
	assert_true(host_vmware_thaw(host));
	assert_string_equal(hand_tclo(&tools, "OK "), "vmbackup.abort");
	assert_string_equal(hand_tclo(&tools, "OK "), "");
	hand_rpc(host, "vmbackup.eventSet req.done 0 ");
	assert_true(host_vmware_snapshot(host, true));
	assert_string_equal(hand_tclo(&tools, ""), "vmbackup.start 1");
	hand_rpc(host, "vmbackup.eventSet prov.snapshotCommit 0 ");
	hand_rpc(host, "vmbackup.eventSet req.keepAlive 0 ");
	assert_true(host_vmware_thaw(host));
	assert_string_equal(hand_tclo(&tools, "OK "), "vmbackup.snapshotDone");
	assert_string_equal(hand_tclo(&tools, "OK "), "");
	hand_rpc(host, "vmbackup.eventSet req.done 0 ");
	assert_false(host_vmware_thaw(host));
	hand_close(&tools);
	raw_vmware_end(host, 0);
}

static void
test_a_guest_that_says_nothing_of_a_snapshot_is_given_up(void **state)
{
	struct world *world = *state;
	struct host_vmware *host = raw_vmware(world, NULL);

	assert_true(host_vmware_snapshot(host, true));
	sim_advance(world->sim, sim_now(world->sim) + 59 * PV_SECOND);
	assert_true(host_vmware_snapshot_busy(host));
	hand_rpc(host, "vmbackup.eventSet req.keepAlive 0 ");
	sim_advance(world->sim, sim_now(world->sim) + 59 * PV_SECOND);
	assert_true(host_vmware_snapshot_busy(host));
	sim_advance(world->sim, sim_now(world->sim) + PV_SECOND);
	assert_false(host_vmware_snapshot_busy(host));
	hand_rpc(host, "vmbackup.eventSet req.keepAlive 0 ");
	raw_vmware_end(host, 1);
}

static void
test_an_option_that_the_guest_sets_comes_back(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct hand_channel tools;

	hand_tools(host, &tools);
	assert_string_equal(hand_rpc(host, "vmx.set_option synctime 0 1"),
	    "1 ");
	assert_string_equal(hand_rpc(host, "vmx.set_option other 0 1"),
	    "0 Invalid option");
	assert_string_equal(hand_rpc(host, "vmx.set_option synctime 1"),
	    "0 Invalid option");
	assert_string_equal(hand_tclo(&tools, ""), "Set_Option synctime 1");
	assert_string_equal(hand_tclo(&tools, "OK "), "");
	hand_close(&tools);
	raw_vmware_end(host, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_a_value_is_what_was_set_last),
		world_test(test_many_values),
		world_test(test_what_may_not_be_set),
		world_test(test_guestinfo_has_a_limit_in_all),
		world_test(test_commands_that_are_known_and_not),
		world_test(test_the_last_1024_calls_are_kept),
		world_test(test_no_more_than_a_mebibyte_of_calls_is_kept),
		world_test(test_power_is_good_when_the_guest_says_so),
		world_test(test_power_is_refused_by_status_and_by_error),
		world_test(test_a_snapshot_is_done_when_the_guest_is_at_rest),
		world_test(test_a_snapshot_that_is_held_or_refused),
		world_test(test_a_snapshot_that_is_held_thaws_when_asked),
		world_test(
		    test_a_guest_that_says_nothing_of_a_snapshot_is_given_up),
		world_test(test_an_option_that_the_guest_sets_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
