/* SPDX-License-Identifier: ISC */
/* What VMware's host asks of tools, and what they say then. */
#include <stdio.h>

#include "tests/support/vmt.h"

#define UNKNOWN_OPTION "ERROR Unknown or invalid option"

/* As text, its NUL with it. */
#define SAID(tools, n, text) tools_said_this(tools, n, text, sizeof(text))
/* And without. */
#define SAID_BARE(tools, n, text) \
	tools_said_this(tools, n, text, sizeof(text) - 1)

/* The RPCs of what is reported do not belong to what is said here. */
static unsigned
quiet(struct tools *tools)
{
	tools_run(tools, 5 * PV_SECOND);
	return tools_rpcs(tools);
}

/* The n-th of those since `from` that are about capabilities. */
static unsigned
nth(struct tools *tools, unsigned from, const char *prefix)
{
	for (unsigned n = from; n < tools_rpcs(tools); n++) {
		const char *text = host_vmware_rpc(tools->host, n, NULL);

		if (text != NULL && strncmp(text, prefix, strlen(prefix)) == 0)
			return n;
	}
	fail_msg("\"%s\" was not said", prefix);
	return 0;
}

/* ---- Beginning -------------------------------------------------------- */

static void
test_ping(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	tools_ask(tools, "ping", "OK ");
	tools_ask_bytes(tools, "ping", 5, "OK ");
}

static void
test_reset_names_the_service_and_logs_once(void **state)
{
	struct tools *tools = *state;
	unsigned from;

	tools_new(tools);
	from = quiet(tools);
	tools_ask(tools, "reset", "OK ATR toolbox");
	tools_settle(tools);
	SAID(tools, nth(tools, from, "vmx."),
	    "vmx.capability.unified_loop toolbox");
	SAID(tools, nth(tools, from, "log "), "log toolbox: pvbus");
	assert_int_equal(tools_said(tools, "tools."), 0);
	for (unsigned i = 0; i < 3; i++) {
		tools_ask(tools, "reset", "OK ATR toolbox");
		tools_settle(tools);
	}
	assert_int_equal(tools_said(tools, "vmx."), 4);
	assert_int_equal(tools_said(tools, "log "), 1);
}

static void
test_reset_reports_all_again(void **state)
{
	struct tools *tools = *state;
	unsigned before;

	tools_new(tools);
	quiet(tools);
	before = tools_said(tools, "SetGuestInfo  1 ");
	assert_int_not_equal(before, 0);
	tools_ask(tools, "reset", "OK ATR toolbox");
	quiet(tools);
	assert_int_equal(tools_said(tools, "SetGuestInfo  1 "), before + 1);
}

static void
test_capabilities_byte_for_byte(void **state)
{
	struct tools *tools = *state;
	unsigned from;

	tools_new(tools);
	from = quiet(tools);
	tools_ask(tools, "Capabilities_Register", "OK ");
	tools_settle(tools);
	from = nth(tools, from, "tools.");
	SAID_BARE(tools, from, "tools.capability.statechange ");
	SAID_BARE(tools, from + 1, "tools.capability.softpowerop_retry ");
	SAID(tools, from + 2, "tools.capability.features 36=1");
	SAID(tools, from + 3, "tools.capability.guest_conf_directory /etc");
	SAID(tools, from + 4, "tools.set.versiontype 2147483647 4");
	assert_int_equal(tools_said(tools, "tools."), 5);
}

static void
test_version_falls_back(void **state)
{
	struct tools *tools = *state;

	tools_machine(tools,
	    &(struct host_vmware_config){ .no_greeting = true,
		.refuse = HOST_VMWARE_NO_VERSIONTYPE });
	tools_attach(tools);
	tools_ask(tools, "Capabilities_Register", "OK ");
	tools_settle(tools);
	assert_int_equal(tools_said(tools, "tools.set.versiontype "), 1);
	SAID(tools, nth(tools, 0, "tools.set.version "),
	    "tools.set.version 2147483647");
}

static void
test_no_snapshot_feature_without_a_way_to_hold(void **state)
{
	struct tools *tools = *state;

	tools_machine(tools, NULL);
	tools->port->freeze = NULL;
	tools_attach(tools);
	tools_ask(tools, "Capabilities_Register", "OK ");
	tools_settle(tools);
	SAID(tools, nth(tools, 0, "tools.capability.features"),
	    "tools.capability.features 36=0");
}

/* VMware's own beginning, as it is when nobody leads it. */
static void
test_the_host_greets(void **state)
{
	struct tools *tools = *state;

	tools_machine(tools, &(struct host_vmware_config){ 0 });
	tools_attach(tools);
	quiet(tools);
	assert_true(host_vmware_counts(tools->host)->running);
	assert_int_equal(tools_said(tools, "tools.set.versiontype "), 1);
	assert_int_equal(tools_said(tools, "vmx.capability.unified_loop "), 1);
	assert_int_equal(tools->device->stats.bad_value, 0);
}

static void
test_unknown_commands(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	tools_ask(tools, "Resolution_Set 800 600", "ERROR Unknown Command");
	tools_ask(tools, "pings", "ERROR Unknown Command");
	tools_ask(tools, "pin", "ERROR Unknown Command");
	assert_int_equal(tools->device->stats.bad_value, 3);
	world_has_line(tools->world,
	    "vmt0: unknown command \"Resolution_Set\"");
}

/* ---- Options ---------------------------------------------------------- */

static void
test_options_that_are_taken(void **state)
{
	static const char *const good[] = { "synctime 1", "synctime 0",
		"synctime.period 30", "synctime.period 0",
		"time.synchronize.allow 1", "time.synchronize.tools.enable 0",
		"time.synchronize.tools.startup 0",
		"time.synchronize.tools.startup.backward 1",
		"time.synchronize.tools.slewCorrection 1",
		"time.synchronize.tools.slewCorrection yes",
		"time.synchronize.tools.percentCorrection 50",
		"time.synchronize.tools.percentCorrection -1",
		"time.synchronize.tools.percentCorrection 101",
		"time.synchronize.guest.resync 0",
		"time.synchronize.guest.resync.timeout 4294967295",
		"broadcastIP 0", "toolScripts.afterPowerOn 1",
		"toolScripts.beforePowerOff 0", "toolScripts.afterResume 1",
		"toolScripts.beforeSuspend 0" };
	struct tools *tools = *state;
	char text[128];

	tools_new(tools);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(text, sizeof(text), "Set_Option %s", good[i]);
		tools_ask(tools, text, "OK ");
	}
	assert_int_equal(tools->device->stats.bad_value, 0);
	assert_true(vmt_option_is(tools->vmware, "synctime", "0"));
	assert_true(vmt_option_is(tools->vmware, "synctime.period", "60"));
	assert_false(vmt_option_is(tools->vmware, "synctime.period", "30"));
	assert_false(vmt_option_is(tools->vmware, "no.such", "0"));
	assert_int_equal(vmt_option_number(tools->vmware,
			     "time.synchronize.tools.percentCorrection"),
	    50);
}

static void
test_options_that_are_not(void **state)
{
	static const char *const bad[] = { "", " ", " synctime", " synctime ",
		" synctime 2", " synctime 01", " synctime  1", " synctime 1 ",
		" synctime -1", " synctime.period", " synctime.period x",
		" synctime.period -1", " synctime.period 4294967296",
		" synctime.period 1x", " synctime.periods 1", " Synctime 1",
		" toolScripts.afterPowerOn yes", " broadcastIP 2",
		" broadcastIP", " copypaste 1",
		" time.synchronize.tools.percentCorrection -",
		" time.synchronize.tools.percentCorrection half" };
	struct tools *tools = *state;
	size_t count = sizeof(bad) / sizeof(bad[0]);
	char text[128];

	tools_new(tools);
	for (size_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "Set_Option%s", bad[i]);
		tools_ask(tools, text, UNKNOWN_OPTION);
	}
	assert_int_equal(tools->device->stats.bad_value, count);
	/* a few lines, however many were refused */
	assert_in_range(tools_lines(tools, "unknown option"), 1, 10);
}

static void
give_address(struct tools *tools)
{
	struct pv_netif *netif = &tools->owner->netifs[0];

	*netif = (struct pv_netif){ .name = "eth0",
		.mac = { 0, 0x50, 0x56, 0, 0, 1 },
		.addresses = 1 };
	netif->address[0] = (struct pv_address){ .family = 4,
		.prefix = 24,
		.bytes = { 192, 0, 2, 7 } };
	tools->owner->netif_count = 1;
}

static void
test_broadcast_ip(void **state)
{
	struct tools *tools = *state;

	tools_machine(tools, NULL);
	give_address(tools);
	tools_attach(tools);
	tools_ask(tools, "Set_Option broadcastIP 0", "OK ");
	tools_settle(tools);
	assert_int_equal(tools_said(tools, "info-set"), 0);
	tools_ask(tools, "Set_Option broadcastIP 1", "OK ");
	tools_settle(tools);
	SAID(tools, nth(tools, 0, "info-set"),
	    "info-set guestinfo.ip 192.0.2.7");
}

static void
test_broadcast_ip_without_one(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	tools_ask(tools, "Set_Option broadcastIP 1",
	    "ERROR Unable to find guest IP address");
	tools_settle(tools);
	assert_int_equal(tools_said(tools, "info-set"), 0);
}

/* One is under way and one waits: no more, and the last one is told. */
static void
test_broadcast_ip_in_a_hurry(void **state)
{
	struct tools *tools = *state;
	unsigned told;

	tools_machine(tools, NULL);
	give_address(tools);
	tools_attach(tools);
	quiet(tools);
	for (unsigned i = 0; i < 200; i++)
		assert_true(
		    host_vmware_call(tools->host, "Set_Option broadcastIP 1",
			strlen("Set_Option broadcastIP 1")));
	quiet(tools);
	assert_int_equal(host_vmware_answers(tools->host), 200);
	told = tools_said(tools, "info-set guestinfo.ip 192.0.2.7");
	assert_in_range(told, 2, 200);
}

/* Asked for while it is being told: what it is then is told again. */
static void
test_broadcast_ip_while_it_changes(void **state)
{
	static const char ask[] = "Set_Option broadcastIP 1";
	struct tools *tools = *state;
	char answer[64];

	tools_machine(tools, NULL);
	give_address(tools);
	tools_attach(tools);
	quiet(tools);
	for (uint8_t last = 7; last <= 9; last++) {
		tools->owner->netifs[0].address[0].bytes[3] = last;
		assert_int_not_equal(vmt_command(tools->vmware, ask,
					 strlen(ask), answer, sizeof(answer)),
		    0);
	}
	tools_settle(tools);
	assert_int_equal(tools_said(tools, "info-set"), 2);
	assert_int_equal(tools_said(tools, "info-set guestinfo.ip 192.0.2.9"),
	    1);
}

/* What was asked for twice has gone meanwhile: there is nothing to do, and
 * nothing to wake up for. */
static void
test_broadcast_ip_that_goes(void **state)
{
	static const char ask[] = "Set_Option broadcastIP 1";
	struct tools *tools = *state;
	char answer[64];

	tools_machine(tools, NULL);
	give_address(tools);
	tools_attach(tools);
	quiet(tools);
	for (unsigned i = 0; i < 2; i++)
		assert_int_not_equal(vmt_command(tools->vmware, ask,
					 strlen(ask), answer, sizeof(answer)),
		    0);
	tools->owner->netif_count = 0;
	tools_settle(tools);
	assert_int_equal(tools_said(tools, "info-set"), 1);
	assert_int_equal(vmt_options_deadline(tools->vmware), PV_NEVER);
}

/* ---- Power ------------------------------------------------------------ */

static void
press(struct tools *tools, const char *what, int status)
{
	assert_true(host_vmware_power(tools->host, what));
	tools_settle(tools);
	assert_int_equal(host_vmware_power_status(tools->host), status);
}

static unsigned
requests(struct tools *tools, enum pv_request request)
{
	return sim_machine_counts(tools->world->machine)->requests[request];
}

static void
test_halt_and_reboot(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	press(tools, "OS_Halt", 1);
	SAID(tools, nth(tools, 0, "tools.os."),
	    "tools.os.statechange.status 1 1");
	assert_int_equal(requests(tools, PV_REQUEST_SHUTDOWN), 1);
	assert_false(tools->owner->reasons[PV_REQUEST_SHUTDOWN].forced);
	press(tools, "OS_Reboot", 1);
	assert_int_equal(tools_said(tools, "tools.os.statechange.status 1 2"),
	    1);
	assert_int_equal(requests(tools, PV_REQUEST_REBOOT), 1);
	world_has_line(tools->world,
	    "Rebooting in response to request from vmt0 host");
}

/* The host saves the machine itself: nobody has to. */
static void
test_what_is_only_told(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	press(tools, "OS_PowerOn", 1);
	assert_int_equal(tools_said(tools, "tools.os.statechange.status 1 3"),
	    1);
	press(tools, "OS_Suspend", 1);
	assert_int_equal(tools_said(tools, "tools.os.statechange.status 1 5"),
	    1);
	world_has_line(tools->world,
	    "vmt0: VMware guest entering suspended state");
	for (unsigned i = 0; i < PV_REQUEST_COUNT; i++)
		assert_int_equal(requests(tools, i), 0);
	assert_int_equal(tools->owner->times[PV_TIME_SYNC], 0);
}

static void
test_resume_reports_again_and_sets_the_clock(void **state)
{
	struct tools *tools = *state;
	unsigned names;

	tools_new(tools);
	quiet(tools);
	names = tools_said(tools, "SetGuestInfo  1 ");
	host_vmware_step(tools->host, 3600 * (int64_t)PV_SECOND);
	press(tools, "OS_Resume", 1);
	quiet(tools);
	assert_int_equal(tools_said(tools, "tools.os.statechange.status 1 4"),
	    1);
	world_has_line(tools->world,
	    "vmt0: VMware guest resuming from suspended state");
	assert_int_equal(tools_said(tools, "SetGuestInfo  1 "), names + 1);
	assert_int_equal(tools->owner->times[PV_TIME_SYNC], 1);
	assert_int_equal(tools->owner->time_wall - tools->owner->time_at,
	    TOOLS_WALL + 3600 * PV_SECOND);
}

/* Machine and tools through a save of the host: channels are gone. */
static void
test_resume_with_its_channels_gone(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	press(tools, "OS_Suspend", 1);
	host_vmware_resume(tools->host);
	press(tools, "OS_Resume", 1);
	tools_ask(tools, "ping", "OK ");
	/* both channels are found gone by who uses them, once */
	tools->refused = 2;
}

static void
test_a_refused_request_is_forced_the_second_time(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	tools->owner->fails.request = PV_EBUSY;
	press(tools, "OS_Halt", -1);
	assert_int_equal(tools_said(tools, "tools.os.statechange.status 0 1"),
	    1);
	world_has_line(tools->world, "vmt0: the shutdown was not taken: busy");
	assert_false(tools->owner->reasons[PV_REQUEST_SHUTDOWN].forced);
	press(tools, "OS_Halt", 1);
	assert_true(tools->owner->reasons[PV_REQUEST_SHUTDOWN].forced);
	/* and then it begins anew */
	press(tools, "OS_Halt", -1);
	assert_false(tools->owner->reasons[PV_REQUEST_SHUTDOWN].forced);
	assert_int_equal(requests(tools, PV_REQUEST_SHUTDOWN), 3);
}

static void
test_another_request_is_not_the_second_time(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	tools->owner->fails.request = PV_EBUSY;
	press(tools, "OS_Halt", -1);
	press(tools, "OS_Reboot", -1);
	assert_false(tools->owner->reasons[PV_REQUEST_REBOOT].forced);
	press(tools, "OS_Reboot", 1);
	assert_true(tools->owner->reasons[PV_REQUEST_REBOOT].forced);
}

static void
test_what_was_refused_is_forgotten_when_something_is_done(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	tools->owner->fails.request = PV_EBUSY;
	press(tools, "OS_Halt", -1);
	tools->owner->fails.request = 0;
	press(tools, "OS_Reboot", 1);
	tools->owner->fails.request = PV_EBUSY;
	press(tools, "OS_Halt", -1);
	assert_false(tools->owner->reasons[PV_REQUEST_SHUTDOWN].forced);
}

static void
test_no_way_to_power_off(void **state)
{
	struct tools *tools = *state;

	tools_machine(tools, NULL);
	tools->port->request = NULL;
	tools_attach(tools);
	press(tools, "OS_Halt", -1);
	press(tools, "OS_Halt", -1);
	press(tools, "OS_Reboot", -1);
	press(tools, "OS_Suspend", 1);
}

static void
test_one_change_at_a_time(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	quiet(tools);
	assert_true(host_vmware_power(tools->host, "OS_Halt"));
	tools_ask(tools, "OS_Reboot",
	    "ERROR Another change of state is under way");
	tools_settle(tools);
	assert_int_equal(requests(tools, PV_REQUEST_SHUTDOWN), 1);
	assert_int_equal(requests(tools, PV_REQUEST_REBOOT), 0);
	assert_int_equal(tools->device->stats.bad_state, 1);
}

static void
test_the_answer_goes_ahead_of_the_status(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	quiet(tools);
	assert_true(host_vmware_call(tools->host, "OS_PowerOn", 10));
	while (host_vmware_answers(tools->host) == 0)
		tools_run(tools, PV_MILLISECOND);
	assert_int_equal(tools_said(tools, "tools.os."), 0);
	tools_settle(tools);
	assert_int_equal(tools_said(tools, "tools.os."), 1);
	/* which the model has not asked for in this way */
	tools->refused = 1;
}

/* And the status before the owner can have acted: in the poll that asks it. */
static int
take(void *ctx, enum pv_request request, const struct pv_reason *why)
{
	(void)ctx;
	(void)request;
	(void)why;
	return PV_OK;
}

static void
test_the_status_is_told_in_the_poll_that_asks(void **state)
{
	struct tools *tools = *state;
	unsigned polls = 0;

	tools_machine(tools, NULL);
	tools->port->request = take;
	tools_attach(tools);
	quiet(tools);
	assert_true(host_vmware_power(tools->host, "OS_Halt"));
	while (tools_lines(tools, "Shutting down") == 0) {
		tools_run(tools, PV_MILLISECOND);
		assert_in_range(++polls, 1, 1000);
	}
	assert_int_equal(host_vmware_power_status(tools->host), 1);
}

/* The same by vsock, where an answer takes its time. */
static void
test_by_vsock(void **state)
{
	struct tools *tools = *state;

	tools_machine(tools,
	    &(struct host_vmware_config){ .no_greeting = true, .vsock = true });
	give_address(tools);
	tools_attach(tools);
	tools_ask(tools, "reset", "OK ATR toolbox");
	tools_ask(tools, "Capabilities_Register", "OK ");
	tools_ask(tools, "Set_Option broadcastIP 1", "OK ");
	press(tools, "OS_Halt", 1);
	assert_int_equal(tools_said(tools, "tools."), 6);
	assert_int_equal(tools_said(tools, "info-set guestinfo.ip"), 1);
	assert_true(host_vmware_snapshot(tools->host, true));
	tools_run(tools, 5 * PV_SECOND);
	assert_false(host_vmware_snapshot_busy(tools->host));
	assert_int_equal(tools->owner->freezes, 1);
	assert_int_equal(host_vmware_counts(tools->host)->channels_open, 0);
}

/* Each feature has a call under way that is never answered. */
static void
test_detach_while_the_host_does_not_answer(void **state)
{
	static const char *const asks[] = { "Capabilities_Register",
		"Set_Option broadcastIP 1", "OS_Halt", "vmbackup.start 1" };
	struct tools *tools = *state;
	char answer[64];

	tools_machine(tools,
	    &(struct host_vmware_config){ .no_greeting = true, .vsock = true });
	give_address(tools);
	tools_attach(tools);
	quiet(tools);
	host_vmware_manners(tools->host)->vsock_mute = true;
	for (unsigned i = 0; i < sizeof(asks) / sizeof(asks[0]); i++)
		assert_int_not_equal(vmt_command(tools->vmware, asks[i],
					 strlen(asks[i]), answer,
					 sizeof(answer)),
		    0);
	tools_run(tools, 50 * PV_MILLISECOND);
	tools_detach(tools);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		tools_test(test_ping),
		tools_test(test_reset_names_the_service_and_logs_once),
		tools_test(test_reset_reports_all_again),
		tools_test(test_capabilities_byte_for_byte),
		tools_test(test_version_falls_back),
		tools_test(test_no_snapshot_feature_without_a_way_to_hold),
		tools_test(test_the_host_greets),
		tools_test(test_unknown_commands),
		tools_test(test_options_that_are_taken),
		tools_test(test_options_that_are_not),
		tools_test(test_broadcast_ip),
		tools_test(test_broadcast_ip_without_one),
		tools_test(test_broadcast_ip_in_a_hurry),
		tools_test(test_broadcast_ip_while_it_changes),
		tools_test(test_broadcast_ip_that_goes),
		tools_test(test_halt_and_reboot),
		tools_test(test_what_is_only_told),
		tools_test(test_resume_reports_again_and_sets_the_clock),
		tools_test(test_resume_with_its_channels_gone),
		tools_test(test_a_refused_request_is_forced_the_second_time),
		tools_test(test_another_request_is_not_the_second_time),
		tools_test(
		    test_what_was_refused_is_forgotten_when_something_is_done),
		tools_test(test_no_way_to_power_off),
		tools_test(test_one_change_at_a_time),
		tools_test(test_the_answer_goes_ahead_of_the_status),
		tools_test(test_the_status_is_told_in_the_poll_that_asks),
		tools_test(test_by_vsock),
		tools_test(test_detach_while_the_host_does_not_answer),
	};

	return cmocka_run_group_tests_name("vmt", tests, NULL, NULL);
}
