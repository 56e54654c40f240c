/* SPDX-License-Identifier: ISC */
/* The integration services as a good host uses them. */
#include "tests/support/administrator.h"
#include "wire/hyperv/fcopy.h"
#include "wire/hyperv/vss.h"

static struct admin *
with(void **state, unsigned services)
{
	struct admin *admin = *state;

	admin_new(admin, services);
	return admin;
}

#define ONE(which) (1u << (which))

static uint32_t
status(struct admin *admin, enum host_ic_service which)
{
	return admin_answer(admin, which)->status;
}

/* ---- Versions --------------------------------------------------------- */

static void
test_all_are_up_with_the_newest(void **state)
{
	static const uint32_t newest[HOST_IC_COUNT] = { 0x30000, 0x30002,
		0x40000, 0x50000, 0x70000, 0x10001 };
	struct admin *admin = with(state, 0);

	world_has_line(admin->world,
	    "hyperv0: fcopy, heartbeat, kvp, shutdown, timesync, vss");
	for (unsigned i = 0; i < HOST_IC_COUNT; i++) {
		const struct host_ic_answer *answer = host_ic_answer(admin->ic,
		    i);

		assert_int_equal(answer->framework, 0x30000);
		assert_int_equal(answer->version, newest[i]);
		assert_int_equal(host_ic_counts(admin->ic, i)->refused, 0);
	}
}

static void
test_all_are_up_with_the_oldest(void **state)
{
	static const uint32_t oldest[HOST_IC_COUNT] = { 0x10000, 0x10000,
		0x10000, 0x10000, 0x40000, 0x10001 };
	struct admin *admin = *state;

	admin_machine(admin, 0);
	for (unsigned i = 0; i < HOST_IC_COUNT; i++)
		host_ic_manners(admin->ic, i)->old_framework = true;
	admin_attach(admin);
	for (unsigned i = 0; i < HOST_IC_COUNT; i++) {
		assert_int_equal(host_ic_answer(admin->ic, i)->framework,
		    0x10000);
		assert_int_equal(host_ic_answer(admin->ic, i)->version,
		    oldest[i]);
	}
}

static void
test_a_line_for_those_that_are_there(void **state)
{
	struct admin *admin = with(state,
	    ONE(HOST_IC_SHUTDOWN) | ONE(HOST_IC_HEARTBEAT));

	world_has_line(admin->world, "hyperv0: heartbeat, shutdown");
	assert_null(pv_bus_interface(admin->world->bus, 0)->store);
}

/* ---- Heartbeat -------------------------------------------------------- */

static void
test_heartbeat_adds_one(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_HEARTBEAT));
	struct hv_heartbeat body;
	uint64_t last = 0;

	for (unsigned i = 0; i < 5; i++) {
		const struct host_ic_answer *answer;

		assert_true(host_ic_heartbeat(admin->ic));
		answer = admin_answer(admin, HOST_IC_HEARTBEAT);
		assert_int_equal(answer->status, HV_IC_STATUS_OK);
		assert_int_equal(answer->sequence, i == 0 ? 2 : last + 2);
		last = answer->sequence;
		memcpy(&body, answer->body, sizeof(body));
		assert_int_equal(body.state, HV_HEARTBEAT_HEALTHY);
	}
	assert_int_equal(admin->partition.device->stats.requests, 5);
}

static void
test_heartbeat_of_old_hosts_is_a_number_alone(void **state)
{
	struct admin *admin = *state;
	const uint64_t sequence = UINT64_MAX;
	struct hv_heartbeat body = { .sequence = 7, .state = 99 };

	admin_machine(admin, ONE(HOST_IC_HEARTBEAT));
	host_ic_manners(admin->ic, HOST_IC_HEARTBEAT)->old_framework = true;
	admin_attach(admin);
	assert_int_equal(admin_ask(admin, HOST_IC_HEARTBEAT, HV_IC_HEARTBEAT,
			     &sequence, sizeof(sequence)),
	    HV_IC_STATUS_OK);
	assert_int_equal(host_ic_answer(admin->ic, HOST_IC_HEARTBEAT)->sequence,
	    0);
	assert_int_equal(admin_ask(admin, HOST_IC_HEARTBEAT, HV_IC_HEARTBEAT,
			     &body, sizeof(body)),
	    HV_IC_STATUS_OK);
	memcpy(&body, host_ic_answer(admin->ic, HOST_IC_HEARTBEAT)->body,
	    sizeof(body));
	assert_int_equal(body.state, 99);
}

/* ---- Shutdown --------------------------------------------------------- */

static void
asks(struct admin *admin, uint32_t flags, enum pv_request request, bool forced)
{
	const struct sim_counts *counts = sim_machine_counts(
	    admin->world->machine);
	unsigned before = counts->requests[request];

	assert_true(host_ic_shutdown(admin->ic, flags, 1, "Updates\n"));
	assert_int_equal(status(admin, HOST_IC_SHUTDOWN), HV_IC_STATUS_OK);
	assert_int_equal(counts->requests[request], before + 1);
	assert_int_equal(admin->owner->reasons[request].forced, forced);
	assert_true(admin->owner->reasons[request].has_text);
	assert_string_equal(admin->owner->reasons[request].text, "Updates");
}

static void
test_shutdown_restart_hibernate(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_SHUTDOWN));

	asks(admin, 0, PV_REQUEST_SHUTDOWN, false);
	asks(admin, HV_SHUTDOWN_FORCE, PV_REQUEST_SHUTDOWN, true);
	asks(admin, HV_SHUTDOWN_RESTART, PV_REQUEST_REBOOT, false);
	asks(admin, HV_SHUTDOWN_RESTART | HV_SHUTDOWN_FORCE, PV_REQUEST_REBOOT,
	    true);
	asks(admin, HV_SHUTDOWN_HIBERNATE, PV_REQUEST_HIBERNATE, false);
	asks(admin, HV_SHUTDOWN_HIBERNATE | HV_SHUTDOWN_FORCE,
	    PV_REQUEST_HIBERNATE, true);
	world_has_line(admin->world,
	    "Shutting down in response to request from hyperv0 host: Updates");
	world_has_line(admin->world,
	    "Hibernating in response to request from hyperv0 host, forced: "
	    "Updates");
}

static void
test_shutdown_without_a_word(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_SHUTDOWN));
	const struct hv_shutdown body = { .flags = 0 };

	/* with an empty text, and with none at all */
	assert_true(host_ic_shutdown(admin->ic, 0, 0, NULL));
	assert_int_equal(status(admin, HOST_IC_SHUTDOWN), HV_IC_STATUS_OK);
	assert_false(admin->owner->reasons[PV_REQUEST_SHUTDOWN].has_text);
	assert_int_equal(admin_ask(admin, HOST_IC_SHUTDOWN, HV_IC_SHUTDOWN,
			     &body, HV_SHUTDOWN_MIN),
	    HV_IC_STATUS_OK);
	assert_int_equal(sim_machine_counts(admin->world->machine)
			     ->requests[PV_REQUEST_SHUTDOWN],
	    2);
	world_has_line(admin->world,
	    "Shutting down in response to request from hyperv0 host");
}

static void
test_shutdown_that_nobody_does_fails(void **state)
{
	struct admin *admin = *state;

	admin_machine(admin, ONE(HOST_IC_SHUTDOWN));
	sim_machine_own_port(admin->world->machine)->sleep = NULL;
	admin_attach(admin);
	assert_true(host_ic_shutdown(admin->ic, HV_SHUTDOWN_HIBERNATE, 0, ""));
	assert_int_equal(status(admin, HOST_IC_SHUTDOWN), HV_IC_STATUS_FAIL);
	admin->owner->fails.request = PV_ENOTSUP;
	assert_true(host_ic_shutdown(admin->ic, 0, 0, ""));
	assert_int_equal(status(admin, HOST_IC_SHUTDOWN), HV_IC_STATUS_FAIL);
	assert_int_equal(sim_machine_counts(admin->world->machine)
			     ->requests[PV_REQUEST_HIBERNATE],
	    0);
	sim_machine_own_port(admin->world->machine)->request = NULL;
	assert_true(host_ic_shutdown(admin->ic, 0, 0, ""));
	assert_int_equal(status(admin, HOST_IC_SHUTDOWN), HV_IC_STATUS_FAIL);
}

static void
test_hibernation_is_of_version_3_2(void **state)
{
	struct admin *admin = *state;
	const struct hv_shutdown body = { .flags = HV_SHUTDOWN_HIBERNATE };

	admin_machine(admin, ONE(HOST_IC_SHUTDOWN));
	host_ic_manners(admin->ic, HOST_IC_SHUTDOWN)->old_framework = true;
	admin_attach(admin);
	assert_int_equal(admin_ask(admin, HOST_IC_SHUTDOWN, HV_IC_SHUTDOWN,
			     &body, sizeof(body)),
	    HV_IC_STATUS_FAIL);
	assert_int_equal(admin->partition.device->stats.bad_value, 1);
}

/* ---- Time ------------------------------------------------------------- */

#define NOON (HV_TIME_UNIX_EPOCH + 17000000000000000ull)
#define NOON_UNIX 1700000000000000000ull

static void
test_time_samples_and_syncs(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_TIMESYNC));
	uint64_t sent = sim_now(admin->world->sim);

	assert_true(host_ic_time(admin->ic, NOON, HV_TIMESYNC_SAMPLE));
	/* it lies in the ring for a while */
	sim_advance(admin->world->sim, sent + 3 * PV_SECOND);
	assert_int_equal(status(admin, HOST_IC_TIMESYNC), HV_IC_STATUS_OK);
	assert_int_equal(admin->owner->times[PV_TIME_SAMPLE], 1);
	assert_int_equal(admin->owner->time_wall, NOON_UNIX);
	assert_in_range(admin->owner->time_at, sent - PV_MILLISECOND,
	    sent + PV_MILLISECOND);
	assert_true(host_ic_time(admin->ic, NOON + 1, HV_TIMESYNC_SYNC));
	assert_int_equal(status(admin, HOST_IC_TIMESYNC), HV_IC_STATUS_OK);
	assert_int_equal(admin->owner->times[PV_TIME_SYNC], 1);
	assert_int_equal(admin->owner->time_wall, NOON_UNIX + 100);
	/* neither: a probe */
	assert_true(host_ic_time(admin->ic, NOON, HV_TIMESYNC_PROBE));
	assert_int_equal(status(admin, HOST_IC_TIMESYNC), HV_IC_STATUS_OK);
	assert_int_equal(admin->owner->times[PV_TIME_SYNC], 1);
	assert_int_equal(admin->owner->times[PV_TIME_SAMPLE], 1);
}

static void
test_time_of_old_hosts_has_a_round_trip(void **state)
{
	struct admin *admin = *state;
	struct hv_timesync body = { .host_time = NOON,
		.round_trip = 2000,
		.flags = HV_TIMESYNC_SAMPLE };

	admin_machine(admin, ONE(HOST_IC_TIMESYNC));
	host_ic_manners(admin->ic, HOST_IC_TIMESYNC)->old_framework = true;
	admin_attach(admin);
	assert_int_equal(admin_ask(admin, HOST_IC_TIMESYNC, HV_IC_TIMESYNC,
			     &body, HV_TIMESYNC_MIN),
	    HV_IC_STATUS_OK);
	assert_int_equal(admin->owner->time_wall, NOON_UNIX + 100000);
	/* one that cannot be is left out of account */
	body.round_trip = UINT64_MAX;
	assert_int_equal(admin_ask(admin, HOST_IC_TIMESYNC, HV_IC_TIMESYNC,
			     &body, sizeof(body)),
	    HV_IC_STATUS_OK);
	assert_int_equal(admin->owner->time_wall, NOON_UNIX);
	assert_int_equal(admin->partition.device->stats.bad_value, 1);
}

static void
test_time_that_nobody_wants(void **state)
{
	struct admin *admin = *state;

	admin_machine(admin, ONE(HOST_IC_TIMESYNC));
	sim_machine_own_port(admin->world->machine)->time = NULL;
	admin_attach(admin);
	assert_true(host_ic_time(admin->ic, NOON, HV_TIMESYNC_SYNC));
	assert_int_equal(status(admin, HOST_IC_TIMESYNC), HV_IC_STATUS_OK);
}

/* ---- Snapshots -------------------------------------------------------- */

static uint32_t
vss(struct admin *admin, unsigned operation)
{
	assert_true(host_ic_vss(admin->ic, operation));
	return status(admin, HOST_IC_VSS);
}

static void
test_vss_freezes_and_thaws(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_VSS));
	struct hv_vss body;

	assert_int_equal(vss(admin, HV_VSS_HOT_BACKUP), HV_IC_STATUS_OK);
	memcpy(&body, host_ic_answer(admin->ic, HOST_IC_VSS)->body,
	    sizeof(body));
	assert_int_equal(body.flags, HV_VSS_FLAG_NO_AUTO_RECOVERY);
	assert_int_equal(vss(admin, HV_VSS_GET_DEVICES), HV_IC_STATUS_OK);
	memcpy(&body, host_ic_answer(admin->ic, HOST_IC_VSS)->body,
	    sizeof(body));
	assert_int_equal(body.flags, 0);
	for (unsigned i = 0; i < 3; i++) {
		admin->owner->freeze_again = 5 * i;
		assert_int_equal(vss(admin, HV_VSS_FREEZE), HV_IC_STATUS_OK);
		assert_true(admin->owner->frozen);
		admin->owner->freeze_again = 5 * i;
		assert_int_equal(vss(admin, HV_VSS_THAW), HV_IC_STATUS_OK);
		assert_false(admin->owner->frozen);
	}
	assert_int_equal(admin->owner->freezes, 3);
	assert_int_equal(admin->owner->thaws, 3);
	assert_int_equal(vss(admin, HV_VSS_COMPLETE), HV_IC_STATUS_OK);
	assert_int_equal(vss(admin, HV_VSS_AUTO_RECOVER), HV_IC_STATUS_OK);
}

static void
test_vss_without_somebody_to_freeze(void **state)
{
	struct admin *admin = *state;

	admin_machine(admin, ONE(HOST_IC_VSS));
	sim_machine_own_port(admin->world->machine)->freeze = NULL;
	admin_attach(admin);
	assert_int_equal(vss(admin, HV_VSS_HOT_BACKUP), HV_IC_STATUS_FAIL);
	assert_int_equal(vss(admin, HV_VSS_FREEZE), HV_IC_STATUS_FAIL);
	assert_int_equal(vss(admin, HV_VSS_THAW), HV_IC_STATUS_FAIL);
}

static void
test_vss_that_cannot_freeze(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_VSS));

	admin->owner->fails.freeze = PV_EIO;
	assert_int_equal(vss(admin, HV_VSS_FREEZE), HV_IC_STATUS_FAIL);
	admin->owner->fails.freeze = 0;
	assert_int_equal(vss(admin, HV_VSS_FREEZE), HV_IC_STATUS_OK);
	/* and one that cannot thaw tries until it can */
	admin->owner->fails.freeze = PV_EIO;
	assert_int_equal(vss(admin, HV_VSS_THAW), HV_IC_STATUS_FAIL);
	assert_true(admin->owner->frozen);
	admin->owner->fails.freeze = 0;
	partition_run(&admin->partition, 2 * PV_SECOND);
	assert_false(admin->owner->frozen);
	world_has_line(admin->world, "hyperv0: vss: thaw: input/output error");
}

static void
test_h29_vss_a_thaw_that_never_comes(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_VSS));

	assert_int_equal(vss(admin, HV_VSS_FREEZE), HV_IC_STATUS_OK);
	partition_run(&admin->partition, 59 * PV_SECOND);
	assert_true(admin->owner->frozen);
	partition_run(&admin->partition, 2 * PV_SECOND);
	assert_false(admin->owner->frozen);
	world_has_line(admin->world,
	    "hyperv0: vss: the host has not let the disks go; they thaw");
	/* the copy is not to be trusted, and the host is told */
	assert_int_equal(vss(admin, HV_VSS_THAW), HV_IC_STATUS_FAIL);
	assert_int_equal(vss(admin, HV_VSS_FREEZE), HV_IC_STATUS_OK);
	assert_int_equal(vss(admin, HV_VSS_THAW), HV_IC_STATUS_OK);
}

static void
test_h29_vss_a_freeze_that_never_ends(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_VSS));

	admin->owner->freeze_again = UINT32_MAX;
	assert_true(host_ic_vss(admin->ic, HV_VSS_FREEZE));
	admin_no_answer(admin, HOST_IC_VSS);
	partition_run(&admin->partition, 60 * PV_SECOND);
	admin->owner->freeze_again = 3;
	assert_int_equal(status(admin, HOST_IC_VSS), HV_IC_STATUS_FAIL);
	assert_false(admin->owner->frozen);
	assert_int_equal(admin->owner->freezes, 0);
	assert_int_equal(admin->owner->thaws, 1);
}

static void
test_h37_vss_thaws_when_it_is_taken_away(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_VSS));

	assert_int_equal(vss(admin, HV_VSS_FREEZE), HV_IC_STATUS_OK);
	admin->owner->freeze_again = 4;
	host_ic_rescind(admin->ic, HOST_IC_VSS);
	partition_run(&admin->partition, PV_SECOND);
	assert_false(admin->owner->frozen);
	assert_int_equal(admin->owner->thaws, 1);
}

static void
test_h37_vss_is_taken_away_while_it_freezes(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_VSS));

	admin->owner->freeze_again = 1000;
	assert_true(host_ic_vss(admin->ic, HV_VSS_FREEZE));
	partition_run(&admin->partition, PV_SECOND);
	host_ic_rescind(admin->ic, HOST_IC_VSS);
	partition_run(&admin->partition, PV_SECOND);
	admin->owner->freeze_again = 0;
	partition_run(&admin->partition, PV_SECOND);
	assert_int_equal(admin->owner->freezes, 0);
	assert_int_equal(admin->owner->thaws, 1);
}

static void
test_vss_thaws_when_the_bus_goes(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_VSS));

	assert_int_equal(vss(admin, HV_VSS_FREEZE), HV_IC_STATUS_OK);
	admin->owner->freeze_again = 4;
	partition_detach(&admin->partition);
	assert_false(admin->owner->frozen);
	assert_int_equal(admin->owner->thaws, 1);
}

/* ---- Files ------------------------------------------------------------ */

static void
test_fcopy_is_refused_at_every_step(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_FCOPY));

	for (unsigned operation = HV_FCOPY_START;
	     operation <= HV_FCOPY_CANCEL + 1; operation++) {
		assert_true(host_ic_fcopy(admin->ic, operation));
		assert_int_equal(status(admin, HOST_IC_FCOPY),
		    HV_IC_STATUS_NOT_SUPPORTED);
	}
}

/* ---- Coming and going ------------------------------------------------- */

static void
test_each_is_taken_away_alone(void **state)
{
	struct admin *admin = with(state, 0);

	for (unsigned i = 0; i < HOST_IC_COUNT; i++)
		if (i != HOST_IC_HEARTBEAT) {
			host_ic_rescind(admin->ic, i);
			partition_run(&admin->partition, PV_SECOND / 10);
			assert_true(host_ic_heartbeat(admin->ic));
			assert_int_equal(status(admin, HOST_IC_HEARTBEAT),
			    HV_IC_STATUS_OK);
		}
	host_ic_rescind(admin->ic, HOST_IC_HEARTBEAT);
	partition_run(&admin->partition, PV_SECOND / 10);
	assert_int_equal(host_hyperv_counts(admin->partition.host)->offered, 0);
	assert_int_equal(host_hyperv_counts(admin->partition.host)->gpadls, 0);
}

static void
test_h38_all_are_up_again_after_a_sleep(void **state)
{
	struct admin *admin = with(state, 0);

	assert_int_equal(vss(admin, HV_VSS_FREEZE), HV_IC_STATUS_OK);
	assert_int_equal(pv_bus_suspend(admin->world->bus), PV_OK);
	partition_run(&admin->partition, PV_SECOND);
	assert_false(admin->owner->frozen);
	for (unsigned i = 0; i < HOST_IC_COUNT; i++)
		assert_true(admin_is_up(admin, i));
	assert_true(host_ic_heartbeat(admin->ic));
	assert_int_equal(status(admin, HOST_IC_HEARTBEAT), HV_IC_STATUS_OK);
	assert_int_equal(vss(admin, HV_VSS_FREEZE), HV_IC_STATUS_OK);
	assert_int_equal(vss(admin, HV_VSS_THAW), HV_IC_STATUS_OK);
}

/* Whatever cannot be allocated, the others are there and nothing is lost. */
static void
test_h50_no_memory_at_any_allocation(void **state)
{
	struct admin *admin = *state;
	unsigned up = 0;

	for (unsigned nth = 1; nth < 200; nth++) {
		admin_machine(admin, 0);
		sim_machine_fail_alloc(admin->world->machine, nth);
		if (partition_attach_bus(&admin->partition, NULL) == PV_OK &&
		    admin->partition.hyperv != NULL) {
			partition_run(&admin->partition, PV_SECOND / 10);
			for (unsigned i = 0; i < HOST_IC_COUNT; i++)
				up += admin_is_up(admin, i);
		}
		partition_detach(&admin->partition);
		assert_int_equal(sim_machine_counts(admin->world->machine)
				     ->memory,
		    0);
		assert_int_equal(sim_machine_counts(admin->world->machine)
				     ->pages,
		    0);
		sim_machine_free(admin->world->machine);
		admin->world->machine = NULL;
	}
	admin->partition.host = NULL;
	assert_true(up > 100 * HOST_IC_COUNT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		admin_test(test_all_are_up_with_the_newest),
		admin_test(test_all_are_up_with_the_oldest),
		admin_test(test_a_line_for_those_that_are_there),
		admin_test(test_heartbeat_adds_one),
		admin_test(test_heartbeat_of_old_hosts_is_a_number_alone),
		admin_test(test_shutdown_restart_hibernate),
		admin_test(test_shutdown_without_a_word),
		admin_test(test_shutdown_that_nobody_does_fails),
		admin_test(test_hibernation_is_of_version_3_2),
		admin_test(test_time_samples_and_syncs),
		admin_test(test_time_of_old_hosts_has_a_round_trip),
		admin_test(test_time_that_nobody_wants),
		admin_test(test_vss_freezes_and_thaws),
		admin_test(test_vss_without_somebody_to_freeze),
		admin_test(test_vss_that_cannot_freeze),
		admin_test(test_h29_vss_a_thaw_that_never_comes),
		admin_test(test_h29_vss_a_freeze_that_never_ends),
		admin_test(test_h37_vss_thaws_when_it_is_taken_away),
		admin_test(test_h37_vss_is_taken_away_while_it_freezes),
		admin_test(test_vss_thaws_when_the_bus_goes),
		admin_test(test_fcopy_is_refused_at_every_step),
		admin_test(test_each_is_taken_away_alone),
		admin_test(test_h38_all_are_up_again_after_a_sleep),
		admin_test(test_h50_no_memory_at_any_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
