/* SPDX-License-Identifier: ISC */
/* The host's time: when it is told to the owner of the guest's clock, and as
 * what. */
#include "tests/support/vmt.h"
#include "wire/vmware/backdoor.h"

#define HOUR ((int64_t)(3600 * PV_SECOND))
#define FAILS "ERROR Unable to sync time"

static unsigned
samples(struct tools *tools)
{
	return tools->owner->times[PV_TIME_SAMPLE];
}

static unsigned
sets(struct tools *tools)
{
	return tools->owner->times[PV_TIME_SYNC];
}

/* The host's time less ours, as it was told last, beyond what it was at
 * first. */
static int64_t
ahead(struct tools *tools)
{
	return (int64_t)(tools->owner->time_wall - tools->owner->time_at -
	    TOOLS_WALL);
}

/* ---- The machine between two readings --------------------------------- */

static struct slow {
	int (*backdoor)(void *, enum pv_backdoor_way, struct pv_backdoor *);
	struct sim *sim;
	uint64_t delay[8]; /* before the n-th reading of the time; then none */
	unsigned reading, caught_up;
	bool broken; /* the time is 1970 */
	bool none;   /* no such command */
} slow;

static int
slow_backdoor(void *ctx, enum pv_backdoor_way way, struct pv_backdoor *r)
{
	unsigned command = (uint16_t)r->cx;
	int error;

	if (command == VMWARE_TIME_FULL_LAG && slow.reading < 8)
		sim_advance(slow.sim,
		    sim_now(slow.sim) + slow.delay[slow.reading++]);
	slow.caught_up += command == VMWARE_STOP_CATCHUP;
	if (slow.none &&
	    (command == VMWARE_TIME_FULL_LAG || command == VMWARE_TIME_FULL ||
		command == VMWARE_TIME)) {
		r->ax = UINT32_MAX;
		return PV_OK;
	}
	error = slow.backdoor(ctx, way, r);
	if (slow.broken && command == VMWARE_TIME_FULL_LAG)
		r->si = r->dx = r->bx = 0;
	return error;
}

/* From the next reading on. */
static void
slow_down(const uint64_t *delay, unsigned count)
{
	memset(slow.delay, 0, sizeof(slow.delay));
	for (unsigned i = 0; i < count; i++)
		slow.delay[i] = delay[i];
	slow.reading = 0;
}

static void
slow_new(struct tools *tools)
{
	tools_machine(tools, NULL);
	slow = (struct slow){ .backdoor = tools->port->backdoor,
		.sim = tools->world->sim,
		.reading = 8 };
	tools->port->backdoor = slow_backdoor;
	tools_attach(tools);
}

/* ---- Samples ---------------------------------------------------------- */

static void
test_nothing_unless_asked(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	tools_run(tools, 600 * PV_SECOND);
	assert_int_equal(samples(tools) + sets(tools), 0);
}

static void
test_a_sample_each_minute(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	tools_ask(tools, "Set_Option synctime 1", "OK ");
	tools_settle(tools);
	assert_int_equal(samples(tools), 1);
	assert_int_equal(ahead(tools), 0);
	host_vmware_step(tools->host, HOUR);
	tools_run(tools, 600 * PV_SECOND);
	assert_int_equal(samples(tools), 11);
	assert_int_equal(ahead(tools), HOUR);
	tools_ask(tools, "Set_Option synctime 0", "OK ");
	tools_run(tools, 600 * PV_SECOND);
	assert_int_equal(samples(tools), 11);
	assert_int_equal(sets(tools), 0);
}

static void
test_another_period(void **state)
{
	struct tools *tools = *state;
	unsigned before;

	tools_new(tools);
	tools_ask(tools, "Set_Option synctime.period 7", "OK ");
	tools_ask(tools, "Set_Option synctime 1", "OK ");
	tools_run(tools, 70 * PV_SECOND);
	assert_in_range(samples(tools), 10, 11);
	before = samples(tools);
	tools_ask(tools, "Set_Option synctime.period 4294967295", "OK ");
	tools_run(tools, 600 * PV_SECOND);
	assert_int_equal(samples(tools), before + 1);
	tools_ask(tools, "Set_Option synctime.period 100", "OK ");
	tools_settle(tools);
	assert_int_equal(samples(tools), before + 2);
}

static void
test_the_same_option_again_changes_nothing(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	for (unsigned i = 0; i < 50; i++) {
		tools_ask(tools, "Set_Option synctime 1", "OK ");
		tools_ask(tools, "Set_Option synctime.period 60", "OK ");
	}
	tools_settle(tools);
	assert_int_equal(samples(tools), 1);
}

/* What the guest was shown lags behind, and will catch up by itself: who
 * slewed, would do it twice. */
static void
test_lag_is_left_to_the_host(void **state)
{
	struct tools *tools = *state;

	tools_machine(tools,
	    &(struct host_vmware_config){ .no_greeting = true,
		.lag = 250 * PV_MILLISECOND });
	slow = (struct slow){ .backdoor = tools->port->backdoor, .reading = 8 };
	tools->port->backdoor = slow_backdoor;
	tools_attach(tools);
	tools_ask(tools, "Set_Option synctime 1", "OK ");
	tools_settle(tools);
	assert_int_equal(ahead(tools), -250 * (int64_t)PV_MILLISECOND);
	assert_int_equal(slow.caught_up, 0);
	tools_ask(tools, "Time_Synchronize 1", "OK ");
	assert_int_equal(sets(tools), 1);
	assert_int_equal(ahead(tools), 0);
	assert_int_equal(slow.caught_up, 1);
}

static void
from_an_old_host(struct tools *tools, unsigned commands)
{
	tools_machine(tools,
	    &(struct host_vmware_config){ .no_greeting = true,
		.lag = 250 * PV_MILLISECOND,
		.time_commands = commands });
	tools_attach(tools);
	tools_ask(tools, "Set_Option synctime 1", "OK ");
	tools_settle(tools);
	/* how much it lags is not known then; microseconds are all there is */
	assert_in_range(ahead(tools) + 1000, 0, 1000);
	tools_ask(tools, "Time_Synchronize 1", "OK ");
	assert_in_range(ahead(tools) + 1000, 0, 1000);
}

static void
test_hosts_without_command_55(void **state)
{
	from_an_old_host(*state, 2);
}

static void
test_hosts_with_23_alone(void **state)
{
	from_an_old_host(*state, 1);
}

static void
test_hosts_without_a_time(void **state)
{
	struct tools *tools = *state;

	slow_new(tools);
	slow.none = true;
	tools_ask(tools, "Time_Synchronize 1", FAILS);
	tools_ask(tools, "Set_Option synctime 1", "OK ");
	tools_run(tools, 600 * PV_SECOND);
	assert_int_equal(samples(tools) + sets(tools), 0);
	assert_int_equal(tools_lines(tools, "vmt0: time: "), 1);
}

/* ---- Readings --------------------------------------------------------- */

static void
test_a_reading_is_halfway(void **state)
{
	static const uint64_t delay[] = { 0, PV_MILLISECOND };
	struct tools *tools = *state;

	slow_new(tools);
	slow_down(delay, 2);
	tools_ask(tools, "Time_Synchronize 1", "OK ");
	/* two readings are enough when they are that near */
	assert_int_equal(slow.reading, 2);
	assert_in_range(ahead(tools), PV_MILLISECOND / 2 - 1000,
	    PV_MILLISECOND / 2 + 1000);
}

static void
test_the_best_of_four(void **state)
{
	static const uint64_t delay[] = { 0, 9 * PV_MILLISECOND,
		5 * PV_MILLISECOND, 7 * PV_MILLISECOND, 8 * PV_MILLISECOND };
	struct tools *tools = *state;

	slow_new(tools);
	slow_down(delay, 5);
	tools_ask(tools, "Time_Synchronize 1", "OK ");
	assert_int_equal(slow.reading, 5);
	assert_in_range(ahead(tools), 5 * PV_MILLISECOND / 2 - 1000,
	    5 * PV_MILLISECOND / 2 + 1000);
}

static void
test_a_bad_reading_is_no_sample(void **state)
{
	static const uint64_t delay[] = { 0, 3 * PV_MILLISECOND,
		3 * PV_MILLISECOND, 3 * PV_MILLISECOND, 3 * PV_MILLISECOND };
	struct tools *tools = *state;

	slow_new(tools);
	slow_down(delay, 5);
	tools_ask(tools, "Set_Option synctime 1", "OK ");
	tools_settle(tools);
	assert_int_equal(slow.reading, 5);
	assert_int_equal(samples(tools), 0);
	tools_run(tools, 60 * PV_SECOND);
	assert_int_equal(samples(tools), 1);
}

static void
test_a_time_that_cannot_be(void **state)
{
	struct tools *tools = *state;

	slow_new(tools);
	slow.broken = true;
	tools_ask(tools, "Time_Synchronize 1", FAILS);
	tools_ask(tools, "Time_Synchronize 1", FAILS);
	assert_int_equal(tools->device->stats.bad_value, 2);
	assert_int_equal(tools_lines(tools, "vmt0: time: "), 1);
	slow.broken = false;
	tools_ask(tools, "Time_Synchronize 1", "OK ");
	assert_int_equal(sets(tools), 1);
}

/* ---- To set the clock ------------------------------------------------- */

static void
test_synchronize_both_ways(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	host_vmware_step(tools->host, -HOUR);
	tools_ask(tools, "Time_Synchronize 1", "OK ");
	assert_int_equal(sets(tools), 1);
	assert_int_equal(ahead(tools), -HOUR);
}

/* A clock that may not go back is only told, where it might have to. */
static void
test_synchronize_forward_only(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	host_vmware_step(tools->host, -HOUR);
	tools_ask(tools, "Time_Synchronize 0", "OK ");
	assert_int_equal(sets(tools), 0);
	assert_int_equal(samples(tools), 1);
	host_vmware_step(tools->host, HOUR);
	tools_ask(tools, "Time_Synchronize 0", "OK ");
	assert_int_equal(sets(tools), 1);
	assert_int_equal(ahead(tools), 0);
}

/* The host's clock goes on, but has been set back all the same. */
static void
test_synchronize_forward_after_a_while(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	tools_run(tools, 3600 * PV_SECOND);
	host_vmware_step(tools->host, -HOUR / 2);
	tools_ask(tools, "Time_Synchronize 0", "OK ");
	assert_int_equal(sets(tools), 0);
	assert_int_equal(samples(tools), 1);
}

static void
test_synchronize_nonsense(void **state)
{
	static const char *const bad[] = { "Time_Synchronize",
		"Time_Synchronize ", "Time_Synchronize x",
		"Time_Synchronize -1", "Time_Synchronize 4294967296",
		"Time_Synchronize 1x" };
	struct tools *tools = *state;

	tools_new(tools);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tools_ask(tools, bad[i],
		    "ERROR Unable to tokenize TimeSync RPC data");
	assert_int_equal(tools->device->stats.bad_value, 6);
	assert_int_equal(samples(tools) + sets(tools), 0);
}

static void
test_not_allowed(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	tools_ask(tools, "Set_Option time.synchronize.allow 0", "OK ");
	tools_ask(tools, "Set_Option synctime 1", "OK ");
	tools_ask(tools, "Time_Synchronize 1", FAILS);
	tools_ask(tools, "Set_Option time.synchronize.tools.startup 1", "OK ");
	tools_ask(tools, "OS_Resume", "OK ");
	tools_run(tools, 600 * PV_SECOND);
	assert_int_equal(samples(tools) + sets(tools), 0);
	/* the model asked for no resume */
	tools->refused = 1;
}

static void
test_startup_once(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	tools_ask(tools, "Set_Option time.synchronize.tools.startup.backward 1",
	    "OK ");
	tools_ask(tools, "Set_Option time.synchronize.tools.startup 1", "OK ");
	assert_int_equal(sets(tools), 1);
	tools_ask(tools, "Set_Option time.synchronize.tools.startup 1", "OK ");
	tools_settle(tools);
	assert_int_equal(sets(tools), 1);
}

static void
test_startup_that_was_declined(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	tools_ask(tools, "Set_Option time.synchronize.tools.startup 0", "OK ");
	tools_ask(tools, "Set_Option time.synchronize.tools.startup 1", "OK ");
	tools_settle(tools);
	assert_int_equal(samples(tools) + sets(tools), 0);
}

/* "time.synchronize.tools.enable": when it is switched on again, the clock is
 * set first. */
static void
test_switched_on_again(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	tools_ask(tools, "Set_Option synctime 1", "OK ");
	tools_ask(tools, "Set_Option time.synchronize.tools.enable 1", "OK ");
	tools_settle(tools);
	assert_int_equal(sets(tools), 0);
	tools_ask(tools, "Set_Option synctime 0", "OK ");
	tools_ask(tools, "Set_Option synctime 1", "OK ");
	tools_settle(tools);
	assert_int_equal(sets(tools), 1);
	tools_ask(tools, "Set_Option time.synchronize.tools.enable 0", "OK ");
	tools_ask(tools, "Set_Option synctime 0", "OK ");
	tools_ask(tools, "Set_Option synctime 1", "OK ");
	tools_settle(tools);
	assert_int_equal(sets(tools), 1);
}

/* The first time is no change. */
static void
test_switched_on_at_first(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	tools_ask(tools, "Set_Option time.synchronize.tools.enable 1", "OK ");
	tools_ask(tools, "Set_Option synctime 1", "OK ");
	tools_settle(tools);
	assert_int_equal(sets(tools), 0);
	assert_int_equal(samples(tools), 1);
}

static void
test_the_owner_has_no_clock(void **state)
{
	struct tools *tools = *state;

	tools_machine(tools, NULL);
	tools->port->time = NULL;
	tools_attach(tools);
	tools_ask(tools, "Set_Option synctime 1", "OK ");
	tools_ask(tools, "Time_Synchronize 1", FAILS);
	tools_run(tools, 600 * PV_SECOND);
}

static void
test_the_owner_may_not(void **state)
{
	struct tools *tools = *state;

	tools_new(tools);
	tools->owner->fails.time = PV_EACCES;
	tools_ask(tools, "Time_Synchronize 1", FAILS);
	tools_ask(tools, "Set_Option synctime 1", "OK ");
	tools_run(tools, 600 * PV_SECOND);
	assert_int_equal(tools_lines(tools, "vmt0: time: refused"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		tools_test(test_nothing_unless_asked),
		tools_test(test_a_sample_each_minute),
		tools_test(test_another_period),
		tools_test(test_the_same_option_again_changes_nothing),
		tools_test(test_lag_is_left_to_the_host),
		tools_test(test_hosts_without_command_55),
		tools_test(test_hosts_with_23_alone),
		tools_test(test_hosts_without_a_time),
		tools_test(test_a_reading_is_halfway),
		tools_test(test_the_best_of_four),
		tools_test(test_a_bad_reading_is_no_sample),
		tools_test(test_a_time_that_cannot_be),
		tools_test(test_synchronize_both_ways),
		tools_test(test_synchronize_forward_only),
		tools_test(test_synchronize_forward_after_a_while),
		tools_test(test_synchronize_nonsense),
		tools_test(test_not_allowed),
		tools_test(test_startup_once),
		tools_test(test_startup_that_was_declined),
		tools_test(test_switched_on_again),
		tools_test(test_switched_on_at_first),
		tools_test(test_the_owner_has_no_clock),
		tools_test(test_the_owner_may_not),
	};

	return cmocka_run_group_tests_name("vmt_time", tests, NULL, NULL);
}
