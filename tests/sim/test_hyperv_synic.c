/* SPDX-License-Identifier: ISC */
/* Events of the SynIC on each CPU: found, with interrupts or without, and not
 * more often than they bring something; and its timers. */
#include "guest/hyperv/synic_private.h"
#include "tests/support/hyperv_user.h"

static const struct host_hyperv_config usual = { .vcpus = 4 };

static void
machine(struct partition *partition, const struct host_hyperv_config *config)
{
	users_reset();
	partition_machine(partition, config);
}

static struct pv_stats *
stats(struct partition *partition)
{
	return &partition->device->stats;
}

static const struct sim_counts *
counts(struct partition *partition)
{
	return sim_machine_counts(partition->world->machine);
}

/* Time, and nobody polls. */
static void
wait(struct partition *partition, uint64_t time)
{
	sim_advance(partition->world->sim,
	    sim_now(partition->world->sim) + time);
}

static bool
marked(struct partition *partition, uint32_t relid)
{
	return partition->vmbus->marks[relid] & MARK_EVENT;
}

static void
own(struct partition *partition, uint32_t relid)
{
	partition->vmbus->marks[relid] = MARK_OWNED;
}

/* ---- Where they come --------------------------------------------------- */

static void
test_an_event_on_each_cpu(void **state)
{
	struct partition *partition = *state;

	machine(partition, &usual);
	partition_attach(partition, user_drivers);
	partition_start_cpus(partition);
	for (unsigned cpu = 0; cpu < 4; cpu++) {
		uint64_t before = counts(partition)->interrupts;

		own(partition, 40 + cpu);
		host_hyperv_raise(partition->host, cpu, 40 + cpu);
		wait(partition, PV_MILLISECOND);
		assert_int_equal(counts(partition)->interrupts, before + 1);
		assert_true(marked(partition, 40 + cpu));
		partition->vmbus->marks[40 + cpu] = 0;
	}
	/* the hint says that they may end by themselves */
	assert_int_equal(counts(partition)->eois, 0);
}

static void
test_all_flags(void **state)
{
	struct partition *partition = *state;

	machine(partition, &usual);
	partition_attach(partition, user_drivers);
	for (unsigned i = 1; i < HV_VMBUS_RELIDS; i++) {
		own(partition, i);
		host_hyperv_raise(partition->host, 0, i);
	}
	wait(partition, PV_MILLISECOND);
	for (unsigned i = 1; i < HV_VMBUS_RELIDS; i++) {
		assert_true(marked(partition, i));
		partition->vmbus->marks[i] = 0;
	}
	assert_int_equal(stats(partition)->bad_index, 0);
}

static void
test_no_auto_eoi(void **state)
{
	struct host_hyperv_config config = usual;
	struct partition *partition = *state;

	config.no_auto_eoi = true;
	machine(partition, &config);
	user_host(partition);
	partition_attach(partition, user_drivers);
	assert_int_equal(users[0].opened, 1);
	assert_true(counts(partition)->eois > 0);
	assert_int_equal(counts(partition)->eois,
	    counts(partition)->interrupts);
}

static void
test_no_auto_eoi_and_none_to_make(void **state)
{
	struct host_hyperv_config config = usual;
	struct partition *partition = *state;

	config.no_auto_eoi = true;
	machine(partition, &config);
	sim_machine_own_port(partition->world->machine)->vector_eoi = NULL;
	user_host(partition);
	partition_attach(partition, user_drivers);
	assert_false(hyperv_synic_interrupts(partition->hyperv));
	assert_int_equal(users[0].opened, 1);
	assert_int_equal(counts(partition)->interrupts, 0);
}

/* 42: a flag is there, and no interrupt told of it. */
static void
test_h42_found_by_a_poll(void **state)
{
	struct partition *partition = *state;

	machine(partition, &usual);
	partition_attach(partition, user_drivers);
	partition_run(partition, PV_MILLISECOND);
	own(partition, 9);
	host_hyperv_manners(partition->host)->lose_events = true;
	host_hyperv_raise(partition->host, 0, 9);
	wait(partition, PV_MILLISECOND);
	assert_false(marked(partition, 9));
	pv_bus_poll(partition->world->bus, 1);
	assert_true(marked(partition, 9));
	partition->vmbus->marks[9] = 0;
}

static void
test_a_cpu_that_stops(void **state)
{
	struct partition *partition = *state;

	machine(partition, &usual);
	partition_attach(partition, user_drivers);
	partition_start_cpus(partition);
	partition_stop_cpus(partition);
	own(partition, 9);
	host_hyperv_raise(partition->host, 2, 9);
	wait(partition, PV_MILLISECOND);
	assert_false(marked(partition, 9));
	assert_int_equal(counts(partition)->violations, 0);
	partition->vmbus->marks[9] = 0;
	/* and starts again */
	partition_start_cpus(partition);
	own(partition, 9);
	host_hyperv_raise(partition->host, 2, 9);
	wait(partition, PV_MILLISECOND);
	assert_true(marked(partition, 9));
	partition->vmbus->marks[9] = 0;
}

/* Whoever detaches with CPUs that run leaves them their pages. */
static void
test_a_cpu_that_was_not_stopped(void **state)
{
	struct partition *partition = *state;

	machine(partition, &usual);
	partition_attach(partition, user_drivers);
	partition_start_cpus(partition);
	partition->started = 0;
	partition_detach(partition);
	world_expect_leaked_pages(partition->world, 3 * 2);
}

static void
test_cpus_that_cannot_be(void **state)
{
	struct partition *partition = *state;

	machine(partition, &usual);
	partition_attach(partition, user_drivers);
	pv_bus_cpu_start(partition->world->bus, 4);
	world_has_line(partition->world,
	    "hyperv0: CPU 4 was not expected; unused");
	/* the one that calls is CPU 0, by Hyper-V's number */
	pv_bus_cpu_start(partition->world->bus, 1);
	world_has_line(partition->world,
	    "hyperv0: CPU 1 has the number of CPU 0; unused");
	assert_int_equal(partition->hyperv->vp[1], HYPERV_NO_VP);
	pv_bus_cpu_stop(partition->world->bus, 1);
	pv_bus_cpu_stop(partition->world->bus, 9);
}

/* ---- 39, 40: events of no use ------------------------------------------ */

static void
test_h40_flags_of_nobody(void **state)
{
	struct partition *partition = *state;

	machine(partition, &usual);
	partition_attach(partition, user_drivers);
	host_hyperv_raise(partition->host, 0, 0);
	host_hyperv_raise(partition->host, 0, 77);
	host_hyperv_raise(partition->host, 0, HV_EVENT_FLAGS - 1);
	wait(partition, PV_MILLISECOND);
	partition_run(partition, PV_MILLISECOND);
	assert_int_equal(stats(partition)->bad_index, 3);
	for (unsigned i = 0; i < HV_VMBUS_RELIDS; i++)
		assert_int_equal(partition->vmbus->marks[i], 0);
}

/* 39: the source is masked, and so a storm costs less and less. */
static uint64_t
storm(struct partition *partition, unsigned cpu, unsigned flag, unsigned times)
{
	uint64_t before = counts(partition)->interrupts;

	for (unsigned i = 0; i < times; i++) {
		host_hyperv_raise(partition->host, cpu, flag);
		wait(partition, 10000);
		if (cpu == 0)
			pv_bus_poll(partition->world->bus, 4);
	}
	return counts(partition)->interrupts - before;
}

static void
test_h39_a_storm_of_nobodys_events(void **state)
{
	struct partition *partition = *state;

	machine(partition, &usual);
	user_host(partition);
	partition_attach(partition, user_drivers);
	/* a second of it */
	assert_in_range(storm(partition, 0, 500, 100000), 16, 200);
	assert_true(stats(partition)->bad_index > 1000);
	/* and all goes on, with interrupts in the end */
	vmbus_channel_close(users[0].channel);
	assert_int_equal(user_open(&users[0], users[0].channel), PV_OK);
	partition_run(partition, PV_SECOND);
	assert_int_equal(users[0].opened, 2);
	own(partition, 60);
	host_hyperv_raise(partition->host, 0, 60);
	wait(partition, PV_MILLISECOND);
	assert_true(marked(partition, 60));
	partition->vmbus->marks[60] = 0;
}

/* An event that nobody takes is marked, and more of them say nothing. */
static void
test_h39_a_storm_of_one_event(void **state)
{
	struct partition *partition = *state;

	machine(partition, &usual);
	partition_attach(partition, user_drivers);
	own(partition, 60);
	assert_in_range(storm(partition, 0, 60, 100000), 16, 200);
	partition->vmbus->marks[60] = 0;
}

/* On another CPU nobody but its handler sees to it, until its queue looks. */
static void
test_h39_a_storm_on_another_cpu(void **state)
{
	struct partition *partition = *state;

	machine(partition, &usual);
	partition_attach(partition, user_drivers);
	partition_start_cpus(partition);
	assert_in_range(storm(partition, 2, 500, 100000), 16, 18);
	assert_true(hyperv_synic_deadline(partition->hyperv, 2) != PV_NEVER);
	own(partition, 60);
	host_hyperv_raise(partition->host, 2, 60);
	wait(partition, PV_MILLISECOND);
	assert_false(marked(partition, 60));
	sim_machine_set_cpu(partition->world->machine, 2);
	hyperv_synic_look(partition->hyperv, 2);
	sim_machine_set_cpu(partition->world->machine, 0);
	assert_true(marked(partition, 60));
	assert_true(hyperv_synic_deadline(partition->hyperv, 2) == PV_NEVER);
	own(partition, 61);
	host_hyperv_raise(partition->host, 2, 61);
	wait(partition, PV_MILLISECOND);
	assert_true(marked(partition, 61));
	partition->vmbus->marks[60] = partition->vmbus->marks[61] = 0;
}

/* ---- Timers ------------------------------------------------------------ */

static struct {
	unsigned calls, cpu;
} rung;

static void
ring(void *argument, unsigned cpu)
{
	assert_ptr_equal(argument, &rung);
	rung.calls++;
	rung.cpu = cpu;
}

static void
timer(struct partition *partition, const struct host_hyperv_config *config,
    bool direct)
{
	struct hyperv *hyperv;
	uint64_t now;

	memset(&rung, 0, sizeof(rung));
	machine(partition, config);
	partition_attach(partition, user_drivers);
	partition_start_cpus(partition);
	hyperv = partition->hyperv;
	assert_int_equal(hyperv_timer_set(hyperv, 1), PV_ENOTSUP);
	assert_int_equal(hyperv_timer_open(hyperv, ring, &rung), PV_OK);
	assert_int_equal(hyperv_timer_open(hyperv, ring, &rung), PV_EBUSY);
	assert_int_equal(hyperv->synic->timer.direct, direct);
	for (unsigned i = 0; i < 12; i++) {
		unsigned cpu = i % 4;

		sim_machine_set_cpu(partition->world->machine, cpu);
		assert_int_equal(hyperv_clock_read(hyperv, &now), PV_OK);
		/* 5 ms */
		assert_int_equal(hyperv_timer_set(hyperv, now + 50000), PV_OK);
		sim_machine_set_cpu(partition->world->machine, 0);
		wait(partition, 4 * PV_MILLISECOND);
		assert_int_equal(rung.calls, i);
		wait(partition, 2 * PV_MILLISECOND);
		assert_int_equal(rung.calls, i + 1);
		assert_int_equal(rung.cpu, cpu);
	}
	assert_int_equal(hyperv_timer_set(hyperv, now + 1000000), PV_OK);
	assert_int_equal(hyperv_timer_set(hyperv, 0), PV_OK);
	wait(partition, PV_SECOND);
	assert_int_equal(rung.calls, 12);
	assert_int_equal(stats(partition)->bad_value, 0);
	hyperv_timer_close(hyperv);
}

static void
test_a_timer_by_interrupt(void **state)
{
	timer(*state, &usual, true);
}

static void
test_a_timer_by_message(void **state)
{
	struct host_hyperv_config config = usual;

	config.no_direct_timer = true;
	timer(*state, &config, false);
	assert_int_equal(counts(*state)->eois, 0);
}

static void
test_a_timer_by_message_with_eoi(void **state)
{
	struct host_hyperv_config config = usual;

	config.no_direct_timer = config.no_auto_eoi = true;
	timer(*state, &config, false);
	assert_true(counts(*state)->eois >= 12);
}

static void
test_no_timer(void **state)
{
	struct host_hyperv_config config = usual;
	struct partition *partition = *state;

	config.no_stimer = true;
	machine(partition, &config);
	partition_attach(partition, user_drivers);
	assert_int_equal(hyperv_timer_open(partition->hyperv, ring, &rung),
	    PV_ENOTSUP);
	assert_int_equal(hyperv_timer_set(partition->hyperv, 1), PV_ENOTSUP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		partition_test(test_an_event_on_each_cpu),
		partition_test(test_all_flags),
		partition_test(test_no_auto_eoi),
		partition_test(test_no_auto_eoi_and_none_to_make),
		partition_test(test_h42_found_by_a_poll),
		partition_test(test_a_cpu_that_stops),
		partition_test(test_a_cpu_that_was_not_stopped),
		partition_test(test_cpus_that_cannot_be),
		partition_test(test_h40_flags_of_nobody),
		partition_test(test_h39_a_storm_of_nobodys_events),
		partition_test(test_h39_a_storm_of_one_event),
		partition_test(test_h39_a_storm_on_another_cpu),
		partition_test(test_a_timer_by_interrupt),
		partition_test(test_a_timer_by_message),
		partition_test(test_a_timer_by_message_with_eoi),
		partition_test(test_no_timer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
