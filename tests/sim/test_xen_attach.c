/* SPDX-License-Identifier: ISC */
/* xen on a bus: the report, save and restore, and hosts that fail meanwhile. */
#include "host/xen/backend.h"
#include "host/xen/xenstored.h"
#include "tests/support/world.h"
#include "wire/xen/hypercall.h"

static const struct host_xen_config usual = { .vcpus = 2, .domain = 7 };

static struct host_xen *
machine(struct world *world, const struct host_xen_config *config)
{
	world_machine(world, "xen");
	if (config != NULL)
		assert_true(sim_machine_set_xen(world->machine, config));
	assert_non_null(sim_machine_xen(world->machine));
	return sim_machine_xen(world->machine);
}

static void
detach(struct world *world)
{
	pv_bus_detach(world->bus);
	world->bus = NULL;
}

/* XenStore answers. */
static void
store_works(struct world *world)
{
	char value[16], path[] = "data/test";
	size_t len;
	struct pv_kv kv = { .op = PV_WRITE,
		.key = path,
		.keylen = sizeof(path) - 1,
		.value = value,
		.room = 5 };

	memcpy(value, "hello", 5);
	assert_int_equal(world_request(world, &kv), PV_OK);
	memset(value, 0, sizeof(value));
	assert_int_equal(world_read(world, path, value, sizeof(value), &len),
	    PV_OK);
	assert_int_equal(len, 5);
	assert_memory_equal(value, "hello", 5);
}

/* ---- Attach ----------------------------------------------------------- */

static void
test_the_report(void **state)
{
	struct world *world = *state;

	machine(world, &usual);
	world_attach(world);
	world_has_line(world,
	    "xen0 at pvbus0: features 0x12305, 64 grant table frames, event "
	    "channel 1, FIFO events on each CPU, grants v1");
	store_works(world);
}

static void
test_the_report_of_an_old_xen(void **state)
{
	struct host_xen_config config = usual;
	struct world *world = *state;

	config.no_fifo = config.no_grant_v2 = config.no_upcall_vector = true;
	config.grant_frames = 32;
	machine(world, &config);
	world_attach(world);
	world_has_line(world,
	    "xen0 at pvbus0: features 0x12305, 32 grant table frames, event "
	    "channel 1, 2-level events on one vector, grants v1");
	store_works(world);
}

/* What is below xen0 is reported below it. */
static void
test_the_bus_is_reported_first(void **state)
{
	struct world *world = *state;
	struct host_xen *xen = machine(world, &usual);
	const char *log, *bus, *disk;

	assert_non_null(host_blkback_new(xen,
	    &(struct host_disk_config){ .device = 51712, .size = 1 << 20 }));
	world_attach(world);
	log = sim_machine_log(world->machine);
	bus = strstr(log, "xen0 at pvbus0");
	disk = strstr(log, "xbf0 at xen0");
	assert_non_null(bus);
	assert_non_null(disk);
	assert_true(bus < disk);
	assert_null(strstr(bus + 1, "xen0 at pvbus0"));
}

static void
test_attach_and_detach_again(void **state)
{
	struct world *world = *state;
	struct host_xen *xen = machine(world, &usual);
	unsigned ports = host_xen_counts(xen)->ports;

	for (unsigned i = 0; i < 5; i++) {
		world_attach(world);
		store_works(world);
		detach(world);
		assert_int_equal(host_xen_counts(xen)->ports, ports);
	}
}

static void
test_a_port_without_hypercalls(void **state)
{
	struct world *world = *state;

	machine(world, &usual);
	sim_machine_own_port(world->machine)->xen_hypercall = NULL;
	world_attach(world);
	world_has_line(world,
	    "\"xen\" at pvbus0: not supported by this store, not configured");
}

/* XenStore is silent: no longer than ten seconds. */
static void
test_attach_does_not_wait_for_ever(void **state)
{
	struct world *world = *state;
	struct host_xen *xen = machine(world, &usual);
	uint64_t began = sim_now(world->sim);

	host_xenstore_manners(host_xen_store(xen))->silent = ~0u;
	world_attach(world);
	assert_in_range(sim_now(world->sim) - began, 0, 11 * PV_SECOND);
}

/* No event ever comes, by interrupt or bit. */
static void
test_attach_without_any_event(void **state)
{
	struct world *world = *state;
	struct host_xen *xen = machine(world, &usual);

	host_xen_manners(xen)->drop_events = true;
	world_attach(world);
	store_works(world);
}

/* 50: the n-th hypercall of attaching, with a disk, fails. */
static void
fails_at_each_hypercall(struct world *world,
    const struct host_xen_config *config, long error)
{
	const struct sim_counts *counts;
	struct host_xen *xen = machine(world, config);
	unsigned without = 0, nth;

	assert_non_null(host_blkback_new(xen,
	    &(struct host_disk_config){ .device = 51712, .size = 1 << 20 }));
	counts = sim_machine_counts(world->machine);
	for (nth = 1; nth < 60; nth++) {
		host_xen_manners(xen)->fail_nth = nth;
		host_xen_manners(xen)->fail_with = error;
		world_attach(world);
		host_xen_manners(xen)->fail_nth = 0;
		if (pv_bus_interface(world->bus, 0)->store != NULL)
			store_works(world);
		else
			without++;
		detach(world);
		assert_int_equal(counts->memory, 0);
		assert_int_equal(counts->pages, 0);
		assert_int_equal(counts->space, 0);
		assert_int_equal(counts->maps, 0);
		assert_int_equal(counts->vectors, 0);
	}
	assert_in_range(without, 3, 20);
}

static void
test_fails_at_each_hypercall(void **state)
{
	fails_at_each_hypercall(*state, &usual, -XEN_EPERM);
}

static void
test_fails_at_each_hypercall_2level(void **state)
{
	struct host_xen_config config = usual;

	config.no_fifo = true;
	fails_at_each_hypercall(*state, &config, -XEN_ENOSYS);
}

/* ---- Save and restore ------------------------------------------------- */

static void
test_saved_and_restored(void **state)
{
	struct world *world = *state;
	struct host_xen *xen = machine(world, &usual);

	world_attach(world);
	for (unsigned i = 0; i < 3; i++) {
		host_xen_resume_as(xen, (uint16_t)(20 + i));
		assert_int_equal(pv_bus_suspend(world->bus), PV_OK);
		assert_int_equal(host_xen_counts(xen)->suspends, i + 1);
		store_works(world);
	}
	assert_int_equal(world_device(world, "xen0")->state,
	    PV_DEVICE_ATTACHED);
}

static void
test_restored_where_events_have_two_levels(void **state)
{
	struct host_xen_config config = usual;
	struct world *world = *state;

	config.no_fifo = true;
	machine(world, &config);
	world_attach(world);
	assert_int_equal(pv_bus_suspend(world->bus), PV_OK);
	store_works(world);
}

static void
test_the_host_changes_its_mind(void **state)
{
	struct world *world = *state;
	struct host_xen *xen = machine(world, &usual);

	host_xen_manners(xen)->suspend_cancelled = true;
	world_attach(world);
	assert_int_equal(pv_bus_suspend(world->bus), PV_EINTR);
	store_works(world);
}

static void
test_the_host_refuses(void **state)
{
	struct world *world = *state;
	struct host_xen *xen = machine(world, &usual);

	world_attach(world);
	host_xen_manners(xen)->fail_nth = 1;
	host_xen_manners(xen)->fail_op = XEN_HC_SCHED_OP;
	host_xen_manners(xen)->fail_with = -XEN_EPERM;
	assert_int_equal(pv_bus_suspend(world->bus), PV_EACCES);
	store_works(world);
}

/* 50: each hypercall of coming back fails: back in another way, or broken with
 * a line, and nothing is lost. */
static void
test_coming_back_fails_at_each_hypercall(void **state)
{
	struct world *world = *state;
	struct host_xen *xen = machine(world, &usual);
	unsigned broken = 0;

	for (unsigned nth = 1; nth < 20; nth++) {
		int error;

		world_attach(world);
		host_xen_manners(xen)->fail_nth = 1 + nth;
		host_xen_manners(xen)->fail_with = -XEN_ENOMEM;
		error = pv_bus_suspend(world->bus);
		host_xen_manners(xen)->fail_nth = 0;
		if (world_device(world, "xen0")->state == PV_DEVICE_BROKEN) {
			broken++;
			assert_int_not_equal(error, PV_OK);
			world_has_line(world,
			    "xen0: it cannot be resumed; out of use");
		}
		detach(world);
		/* a life of its own for each */
		assert_true(sim_machine_set_xen(world->machine, &usual));
		xen = sim_machine_xen(world->machine);
	}
	assert_in_range(broken, 2, 10);
	world_attach(world);
	store_works(world);
}

static void
test_no_suspend_without_xen(void **state)
{
	struct world *world = *state;

	world_machine(world, "kvm");
	sim_machine_own_port(world->machine)->sleep = NULL;
	world_attach(world);
	assert_int_equal(pv_bus_suspend(world->bus), PV_ENOTSUP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_the_report),
		world_test(test_the_report_of_an_old_xen),
		world_test(test_the_bus_is_reported_first),
		world_test(test_attach_and_detach_again),
		world_test(test_a_port_without_hypercalls),
		world_test(test_attach_does_not_wait_for_ever),
		world_test(test_attach_without_any_event),
		world_test(test_fails_at_each_hypercall),
		world_test(test_fails_at_each_hypercall_2level),
		world_test(test_saved_and_restored),
		world_test(test_restored_where_events_have_two_levels),
		world_test(test_the_host_changes_its_mind),
		world_test(test_the_host_refuses),
		world_test(test_coming_back_fails_at_each_hypercall),
		world_test(test_no_suspend_without_xen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
