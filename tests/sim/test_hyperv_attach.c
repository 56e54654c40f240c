/* SPDX-License-Identifier: ISC */
/* hyperv on a bus: the report, the versions, and hosts that fail meanwhile. */
#include <stdio.h>

#include "tests/support/hyperv_user.h"
#include "wire/cpuid.h"

static const struct host_hyperv_config usual = { .vcpus = 2 };

static struct pv_port *
port_of(struct partition *partition)
{
	return sim_machine_own_port(partition->world->machine);
}

/* ---- The report -------------------------------------------------------- */

static void
test_the_report(void **state)
{
	struct partition *partition = *state;

	partition_machine(partition, &usual);
	assert_non_null(host_ic_new(partition->host,
	    1 << HOST_IC_HEARTBEAT | 1 << HOST_IC_SHUTDOWN |
		1 << HOST_IC_TIMESYNC | 1 << HOST_IC_KVP));
	partition_attach(partition, NULL);
	assert_non_null(strstr(sim_machine_log(partition->world->machine),
	    "pvbus0 at mainbus0: Hyper-V 10.0\n"
	    "hyperv0 at pvbus0: protocol 5.3, features 0xaef\n"
	    "hyperv0: heartbeat, kvp, shutdown, timesync\n"));
}

static void
test_classes_without_a_driver(void **state)
{
	static const struct hv_guid types[] = { HV_GUID_MOUSE, HV_GUID_KEYBOARD,
		HV_GUID_VIDEO, HV_GUID_FC, HV_GUID_RDMA, HV_GUID_PCI,
		HV_GUID_RDP_DATA,
		HV_GUID(0x01234567, 0x89ab, 0xcdef, 0x0011, 0x223344556677) };
	struct partition *partition = *state;

	partition_machine(partition, &usual);
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		user_host_of(partition, &types[i], NULL);
	partition_attach(partition, NULL);
	world_has_line(partition->world,
	    "\"mouse\" at hyperv0: channel 1 not configured");
	world_has_line(partition->world,
	    "\"keyboard\" at hyperv0: channel 2 not configured");
	world_has_line(partition->world,
	    "\"video\" at hyperv0: channel 3 not configured");
	world_has_line(partition->world,
	    "\"rdp-data\" at hyperv0: channel 7 not configured");
	world_has_line(partition->world,
	    "\"unknown\" at hyperv0: channel 8, class "
	    "01234567-89ab-cdef-0011-223344556677, not configured");
}

static void
test_a_device_is_reported_below_the_services(void **state)
{
	struct partition *partition = *state;
	const char *log;

	users_reset();
	partition_machine(partition, &usual);
	user_host(partition);
	assert_non_null(host_ic_new(partition->host, 1 << HOST_IC_HEARTBEAT));
	partition_attach(partition, user_drivers);
	log = sim_machine_log(partition->world->machine);
	assert_non_null(
	    strstr(log, "hyperv0: heartbeat\nhvn0 at hyperv0: used\n"));
	assert_int_equal(users[0].opened, 1);
	assert_int_equal(user_host_counts.opened, 1);
	partition_detach(partition);
	assert_int_equal(users[0].detached, 1);
	assert_int_equal(user_host_counts.closed, 1);
}

static void
test_attach_and_detach_again(void **state)
{
	struct partition *partition = *state;

	users_reset();
	partition_machine(partition, &usual);
	user_host(partition);
	assert_non_null(host_ic_new(partition->host, 0));
	for (unsigned i = 0; i < 5; i++) {
		partition_attach(partition, user_drivers);
		partition_start_cpus(partition);
		assert_int_equal(users[i].opened, 1);
		partition_detach(partition);
		assert_int_equal(host_hyperv_counts(partition->host)->channels,
		    0);
		assert_int_equal(host_hyperv_counts(partition->host)->guest_id,
		    0);
		assert_int_equal(sim_machine_counts(partition->world->machine)
				     ->pages,
		    0);
	}
}

/* ---- Versions ---------------------------------------------------------- */

static void
test_each_version(void **state)
{
	static const struct {
		uint32_t version;
		const char *line;
	} versions[] = {
		{ HV_VMBUS_5_3, "5.3" },
		{ HV_VMBUS_5_2, "5.2" },
		{ HV_VMBUS_5_1, "5.1" },
		{ HV_VMBUS_5_0, "5.0" },
		{ HV_VMBUS_4_1, "4.1" },
		{ HV_VMBUS_4_0, "4.0" },
		{ HV_VMBUS_3_0, "3.0" },
		{ HV_VMBUS_2_4, "2.4" },
		{ HV_VMBUS_1_1, "1.1" },
		{ HV_VMBUS_0_13, "0.13" },
	};
	struct partition *partition = *state;

	partition_machine(partition, &usual);
	for (unsigned i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		struct host_hyperv_config config = usual;
		char line[80];

		users_reset();
		config.version_max = versions[i].version;
		assert_true(
		    sim_machine_set_hyperv(partition->world->machine, &config));
		partition->host = sim_machine_hyperv(partition->world->machine);
		user_host(partition);
		partition_attach(partition, user_drivers);
		snprintf(line, sizeof(line),
		    "hyperv0 at pvbus0: protocol %s, features 0xaef",
		    versions[i].line);
		world_has_line(partition->world, line);
		assert_int_equal(host_hyperv_counts(partition->host)->version,
		    versions[i].version);
		assert_int_equal(users[0].opened, 1);
		partition_detach(partition);
		assert_int_equal(host_hyperv_counts(partition->host)
				     ->violations,
		    0);
		assert_int_equal(host_hyperv_counts(partition->host)->unloads,
		    1);
		assert_int_equal(sim_machine_counts(partition->world->machine)
				     ->pages,
		    0);
	}
}

/* Only versions that are not made yet: told so, and within bounds. */
static void
test_h35_no_version_is_accepted(void **state)
{
	struct host_hyperv_config config = usual;
	struct partition *partition = *state;

	config.version_max = config.version_min = HV_VMBUS_6_0;
	partition_machine(partition, &config);
	assert_int_equal(partition_attach_bus(partition, NULL), PV_OK);
	assert_null(partition->device);
	world_has_line(partition->world,
	    "hyperv0: failed to negotiate protocol version");
	world_has_line(partition->world,
	    "\"hyperv\" at pvbus0: the host did not answer in time, not "
	    "configured");
	/* the UNLOAD in between */
	partition->refused = 1;
}

/* ---- What is not there ------------------------------------------------- */

static void
not_configured(struct partition *partition, const char *why)
{
	assert_int_equal(partition_attach_bus(partition, NULL), PV_OK);
	assert_null(partition->device);
	world_has_line(partition->world, why);
	world_has_line(partition->world,
	    "\"hyperv\" at pvbus0: Hyper-V not configured");
	partition_detach(partition);
}

static void
test_a_port_without_hypercalls(void **state)
{
	struct partition *partition = *state;

	partition_machine(partition, &usual);
	port_of(partition)->hyperv_hypercall = NULL;
	not_configured(partition, "hyperv0: not on this platform");
}

static void
change_leaf(struct partition *partition, uint32_t number, uint32_t eax,
    uint32_t ebx)
{
	struct host_cpuid *cpuid = sim_machine_cpuid(partition->world->machine);
	struct host_cpuid_leaf leaf = host_cpuid_get(cpuid,
	    CPUID_HV_FIRST + number);

	leaf.eax = eax;
	leaf.ebx = ebx;
	host_cpuid_set(cpuid, leaf);
}

static void
test_h63_of_another_interface(void **state)
{
	struct partition *partition = *state;

	partition_machine(partition, &usual);
	change_leaf(partition, HV_LEAF_INTERFACE, 0, 0);
	not_configured(partition,
	    "hyperv0: not functional, of another interface");
}

static void
test_h63_no_hypercalls_and_no_synic(void **state)
{
	struct partition *partition = *state;

	partition_machine(partition, &usual);
	change_leaf(partition, HV_LEAF_FEATURES, HV_ACCESS_SYNIC, 0);
	not_configured(partition, "hyperv0: not functional, no hypercalls");
	change_leaf(partition, HV_LEAF_FEATURES, HV_ACCESS_HYPERCALL, 0);
	not_configured(partition,
	    "hyperv0: not functional, no interrupt controller");
}

static void
test_h63_the_last_leaf_is_too_low(void **state)
{
	struct partition *partition = *state;
	struct host_cpuid_leaf leaf;

	partition_machine(partition, &usual);
	leaf = host_cpuid_get(sim_machine_cpuid(partition->world->machine),
	    CPUID_HV_FIRST);
	leaf.eax = CPUID_HV_FIRST + HV_LEAF_VERSION;
	host_cpuid_set(sim_machine_cpuid(partition->world->machine), leaf);
	not_configured(partition, "hyperv0: not functional, no hypercalls");
}

/* The emulations of others have no VMBus (H-1). */
static void
test_an_emulation_of_version_0(void **state)
{
	struct partition *partition = *state;

	partition_machine(partition, &usual);
	change_leaf(partition, HV_LEAF_VERSION, 0, 0);
	assert_int_equal(partition_attach_bus(partition, NULL), PV_OK);
	world_has_no_line(partition->world, "hyperv");
	world_has_line(partition->world, "pvbus0 at mainbus0: Hyper-V 0.0");
}

static void
test_a_guest_that_is_isolated(void **state)
{
	struct partition *partition = *state;
	struct host_cpuid_leaf leaf = { .leaf = CPUID_HV_FIRST +
		    HV_LEAF_ISOLATION,
		.ebx = HV_ISOLATION_SNP };
	struct host_cpuid *cpuid;

	partition_machine(partition, &usual);
	cpuid = sim_machine_cpuid(partition->world->machine);
	host_cpuid_set(cpuid, leaf);
	leaf = host_cpuid_get(cpuid, CPUID_HV_FIRST);
	leaf.eax = CPUID_HV_FIRST + HV_LEAF_ISOLATION;
	host_cpuid_set(cpuid, leaf);
	change_leaf(partition, HV_LEAF_FEATURES,
	    HV_ACCESS_SYNIC | HV_ACCESS_HYPERCALL, HV_MAY_ISOLATION);
	not_configured(partition,
	    "hyperv0: not functional, this guest is isolated");
}

/* ---- Hosts that fail --------------------------------------------------- */

/* 29: nothing is answered, and nobody waits for ever. */
static void
test_h29_a_silent_host(void **state)
{
	struct partition *partition = *state;
	uint64_t began;

	partition_machine(partition, &usual);
	host_hyperv_manners(partition->host)->silent = true;
	began = sim_now(partition->world->sim);
	assert_int_equal(partition_attach_bus(partition, NULL), PV_OK);
	assert_null(partition->device);
	world_has_line(partition->world, "hyperv0: the host does not answer");
	assert_in_range(sim_now(partition->world->sim) - began, 0,
	    16 * PV_SECOND);
	partition_detach(partition);
	assert_int_equal(host_hyperv_counts(partition->host)->violations, 0);
	/* it may be connected, as nobody knows: three pages stay its own */
	world_expect_leaked_pages(partition->world, 3);
}

static void
test_h42_no_event_ever(void **state)
{
	struct partition *partition = *state;

	users_reset();
	partition_machine(partition, &usual);
	user_host(partition);
	host_hyperv_manners(partition->host)->lose_events = true;
	partition_attach(partition, user_drivers);
	assert_int_equal(users[0].opened, 1);
}

static void
test_without_vectors(void **state)
{
	struct partition *partition = *state;

	users_reset();
	partition_machine(partition, &usual);
	user_host(partition);
	port_of(partition)->vector_alloc = NULL;
	partition_attach(partition, user_drivers);
	assert_int_equal(users[0].opened, 1);
	assert_false(hyperv_synic_interrupts(partition->hyperv));
}

/* 50: each hypercall of attaching and of going fails, in each way. */
static void
fails_at_each_hypercall(struct partition *partition, uint16_t status)
{
	const struct sim_counts *counts;
	unsigned without = 0;

	partition_machine(partition, &usual);
	counts = sim_machine_counts(partition->world->machine);
	for (unsigned nth = 1; nth < 40; nth++) {
		struct host_hyperv_manners *manners;
		size_t before = counts->pages;
		uint64_t held = 0;

		users_reset();
		assert_true(
		    sim_machine_set_hyperv(partition->world->machine, &usual));
		partition->host = sim_machine_hyperv(partition->world->machine);
		user_host(partition);
		assert_non_null(
		    host_ic_new(partition->host, 1 << HOST_IC_HEARTBEAT));
		/* its failed opens are for the driver to see */
		manners = host_hyperv_manners(partition->host);
		manners->fail_nth = nth;
		manners->fail_status = status;
		assert_int_equal(partition_attach_bus(partition, user_drivers),
		    PV_OK);
		if (partition->device != NULL) {
			partition_run(partition, 20 * PV_SECOND);
			held = partition->device->stats.held;
		} else
			without++;
		partition_detach(partition);
		assert_int_equal(counts->memory, 0);
		assert_int_equal(counts->vectors, 0);
		assert_in_range(counts->pages - before, 0, held + 20);
		world_expect_leaked_pages(partition->world, counts->pages);
	}
	assert_in_range(without, 0, 5);
}

static void
test_h50_fails_at_each_hypercall(void **state)
{
	fails_at_each_hypercall(*state, HV_STATUS_ACCESS_DENIED);
}

static void
test_h50_no_buffers_at_each_hypercall(void **state)
{
	struct partition *partition = *state;

	fails_at_each_hypercall(partition, HV_STATUS_INSUFFICIENT_BUFFERS);
	/* which only takes longer */
	assert_int_equal(partition->world->leaked_pages, 0);
}

static void
test_h50_no_memory_at_each_allocation(void **state)
{
	struct partition *partition = *state;
	const struct sim_counts *counts;
	unsigned with = 0;

	partition_machine(partition, &usual);
	user_host(partition);
	counts = sim_machine_counts(partition->world->machine);
	for (unsigned nth = 2; nth < 300 && with < 10; nth++) {
		users_reset();
		user_manners.no_open = true;
		sim_machine_fail_alloc(partition->world->machine, nth);
		assert_int_equal(partition_attach_bus(partition, user_drivers),
		    PV_OK);
		sim_machine_fail_alloc(partition->world->machine, 0);
		with += user_count;
		partition_detach(partition);
		assert_int_equal(counts->memory, 0);
		assert_int_equal(counts->pages, 0);
		assert_int_equal(counts->vectors, 0);
	}
	assert_int_equal(with, 10);
}

static void
test_h50_no_pages(void **state)
{
	struct partition *partition = *state;

	partition_machine(partition, &usual);
	sim_machine_fail_pages(partition->world->machine, true);
	assert_int_equal(partition_attach_bus(partition, NULL), PV_OK);
	assert_null(partition->device);
}

/* 50: each register, written and read, on CPU 0 and on the other. */
static int (*true_write)(void *, uint32_t, uint64_t);
static int (*true_read)(void *, uint32_t, uint64_t *);
static unsigned left;

static int
fail_write(void *ctx, uint32_t msr, uint64_t value)
{
	if (left > 0 && --left == 0)
		return PV_EACCES;
	return true_write(ctx, msr, value);
}

static int
fail_read(void *ctx, uint32_t msr, uint64_t *value)
{
	if (left > 0 && --left == 0)
		return PV_EACCES;
	return true_read(ctx, msr, value);
}

static void
test_h50_each_register_fails(void **state)
{
	struct partition *partition = *state;
	const struct sim_counts *counts;
	unsigned without = 0, unused = 0;

	partition_machine(partition, &usual);
	counts = sim_machine_counts(partition->world->machine);
	true_write = port_of(partition)->msr_write;
	true_read = port_of(partition)->msr_read;
	port_of(partition)->msr_write = fail_write;
	port_of(partition)->msr_read = fail_read;
	for (unsigned nth = 1; nth < 60; nth++) {
		users_reset();
		assert_true(
		    sim_machine_set_hyperv(partition->world->machine, &usual));
		partition->host = sim_machine_hyperv(partition->world->machine);
		user_host(partition);
		left = nth;
		assert_int_equal(partition_attach_bus(partition, user_drivers),
		    PV_OK);
		if (partition->device == NULL) {
			without++;
		} else {
			partition_start_cpus(partition);
			unused += partition->hyperv->vp[1] == HYPERV_NO_VP;
			assert_int_equal(users[0].opened, 1);
		}
		partition_detach(partition);
		left = 0;
		assert_int_equal(counts->memory, 0);
		assert_int_equal(counts->vectors, 0);
	}
	assert_in_range(without, 8, 20);
	assert_in_range(unused, 5, 12);
	/* what the host may have stays its own, and what it has is ours no
	 * more, though a guest that cannot turn a page off may be looked at */
	world_expect_leaked_pages(partition->world, counts->pages);
	world_expect_violations(partition->world, counts->violations);
	assert_in_range(counts->pages, 0, 59);
}

/* Somebody before us wanted his page of hypercalls to stay (TLFS 3.13). */
static int
read_locked(void *ctx, uint32_t msr, uint64_t *value)
{
	int error = true_read(ctx, msr, value);

	if (msr == HV_MSR_HYPERCALL)
		*value = 0x1234000 | HV_HYPERCALL_LOCKED | HV_PLACE_ENABLE;
	return error;
}

static void
test_a_page_that_is_locked(void **state)
{
	struct partition *partition = *state;

	partition_machine(partition, &usual);
	true_read = port_of(partition)->msr_read;
	port_of(partition)->msr_read = read_locked;
	assert_int_equal(partition_attach_bus(partition, NULL), PV_OK);
	assert_null(partition->device);
	world_has_line(partition->world,
	    "\"hyperv\" at pvbus0: busy, not configured");
}

/* ---- Those before us --------------------------------------------------- */

/* A kernel that crashed left all as it was: pages, connection, open channels.
 * What they have lost is theirs. */
static void
test_after_a_crash(void **state)
{
	struct partition *partition = *state;
	struct pv_bus *lost;

	users_reset();
	partition_machine(partition, &usual);
	user_host(partition);
	partition_attach(partition, user_drivers);
	lost = partition->world->bus;
	partition_attach(partition, user_drivers);
	assert_int_equal(users[1].opened, 1);
	assert_int_equal(host_hyperv_counts(partition->host)->connects, 2);
	assert_int_equal(host_hyperv_counts(partition->host)->violations, 0);
	partition_detach(partition);
	/* and here it is cleaned up after all, to nobody's harm */
	partition->world->bus = lost;
	partition_detach(partition);
	partition->refused = host_hyperv_counts(partition->host)->refused;
	world_expect_violations(partition->world,
	    sim_machine_counts(partition->world->machine)->violations);
	world_expect_leaked_pages(partition->world,
	    sim_machine_counts(partition->world->machine)->pages);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		partition_test(test_the_report),
		partition_test(test_classes_without_a_driver),
		partition_test(test_a_device_is_reported_below_the_services),
		partition_test(test_attach_and_detach_again),
		partition_test(test_each_version),
		partition_test(test_h35_no_version_is_accepted),
		partition_test(test_a_port_without_hypercalls),
		partition_test(test_h63_of_another_interface),
		partition_test(test_h63_no_hypercalls_and_no_synic),
		partition_test(test_h63_the_last_leaf_is_too_low),
		partition_test(test_an_emulation_of_version_0),
		partition_test(test_a_guest_that_is_isolated),
		partition_test(test_h29_a_silent_host),
		partition_test(test_h42_no_event_ever),
		partition_test(test_without_vectors),
		partition_test(test_h50_fails_at_each_hypercall),
		partition_test(test_h50_no_buffers_at_each_hypercall),
		partition_test(test_h50_no_memory_at_each_allocation),
		partition_test(test_h50_no_pages),
		partition_test(test_h50_each_register_fails),
		partition_test(test_a_page_that_is_locked),
		partition_test(test_after_a_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
