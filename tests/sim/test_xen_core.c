/* SPDX-License-Identifier: ISC */
/* Hypercalls, numbers, vectors, unplugging; and opening all of it on hosts and
 * ports that fail at each step. */
#include "tests/support/xen_parts.h"
#include "wire/xen/event.h"

#include <limits.h>

static const struct host_xen_config usual = { .vcpus = 4, .domain = 11 };

/* ---- What works ------------------------------------------------------- */

static void
test_numbers(void **state)
{
	struct parts parts;

	parts_new(&parts, *state, &usual);
	assert_int_equal(parts.xen.version, 4u << 16 | 17);
	assert_int_equal(parts.xen.domain, 11);
	assert_int_equal(parts.xen.cpus, 4);
	assert_int_equal(parts.xen.vcpu[0], 0);
	assert_true(parts.xen.vcpu[1] == XEN_NO_VCPU);
	assert_true(parts.xen.features & 1u << XEN_FEAT_HVM_CALLBACK_VECTOR);
	for (unsigned i = 1; i < 4; i++) {
		parts_start_cpu(&parts, i);
		assert_int_equal(parts.xen.vcpu[i], i);
	}
	parts_close(&parts);
}

/* Xen before 4.5 has no such leaf. */
static void
test_numbers_of_an_old_xen(void **state)
{
	struct world *world = *state;
	struct parts parts;

	parts_machine(&parts, world, &usual);
	parts_open(&parts);
	parts.interface.max_leaf = parts.xen.base + XEN_LEAF_HYPERCALL;
	xen_numbers(&parts.xen);
	assert_int_equal(parts.xen.domain, 0);
	assert_int_equal(xen_vcpu_number(&parts.xen, 2), 2);
	parts_close(&parts);
}

static void
test_parameters_and_places(void **state)
{
	struct parts parts;
	uint64_t value;

	parts_new(&parts, *state, &usual);
	assert_int_equal(xen_param_get(&parts.xen, XEN_HVM_PARAM_STORE_EVTCHN,
			     &value),
	    PV_OK);
	assert_int_not_equal(value, 0);
	value = 5;
	assert_int_equal(xen_param_get(&parts.xen, 1000, &value), PV_EINVAL);
	assert_int_equal(value, 0);
	assert_int_equal(xen_param_set(&parts.xen, XEN_HVM_PARAM_STORE_PFN, 1),
	    PV_EACCES);
	assert_int_equal(xen_place(&parts.xen, XEN_MAPSPACE_SHARED_INFO, 1,
			     parts.xen.shared_physical),
	    PV_EINVAL);
	assert_int_equal(xen_unplace(&parts.xen, 0), PV_ENOENT);
	parts_close(&parts);
}

static void
test_every_hypercall_is_counted(void **state)
{
	struct parts parts;
	struct pv_stats stats = { 0 };
	uint64_t before;

	parts_new(&parts, *state, &usual);
	assert_int_equal(parts.device.stats.hypercalls,
	    host_xen_counts(parts.host)->hypercalls);
	before = parts.device.stats.hypercalls;
	xen_hypercall(&parts.xen, &stats, XEN_HC_SCHED_OP, XEN_SCHED_YIELD, 0,
	    0);
	assert_int_equal(stats.hypercalls, 1);
	assert_int_equal(parts.device.stats.hypercalls, before);
	parts_close(&parts);
	assert_int_equal(xen_hypercall(&parts.xen, &stats, XEN_HC_SCHED_OP, 0,
			     0, 0),
	    -XEN_ENOSYS);
}

static void
test_errors(void **state)
{
	static const struct {
		long result;
		int error;
	} errors[] = {
		{ 0, PV_OK },
		{ 1, PV_OK },
		{ 0x7fffffff, PV_OK },
		{ -XEN_ENOSYS, PV_ENOTSUP },
		{ -XEN_EPERM, PV_EACCES },
		{ -XEN_EACCES, PV_EACCES },
		{ -XEN_ENOMEM, PV_ENOMEM },
		{ -XEN_EBUSY, PV_EBUSY },
		{ -XEN_ENOENT, PV_ENOENT },
		{ -XEN_EINVAL, PV_EINVAL },
		{ -XEN_EFAULT, PV_EFAULT },
		{ -XEN_ENOSPC, PV_ENOMEM },
		{ -4, PV_EIO },
		{ -100000, PV_EIO },
		{ LONG_MIN, PV_EIO },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		assert_int_equal(xen_error(errors[i].result), errors[i].error);
}

/* ---- Multicalls ------------------------------------------------------- */

static void
yields(struct parts *parts, struct pv_stats *stats, unsigned count)
{
	struct xen_multicall_entry entries[4];

	for (unsigned i = 0; i < count; i++)
		entries[i] = (struct xen_multicall_entry){
			.op = i == 1 ? 63 : XEN_HC_SCHED_OP,
			.args = { XEN_SCHED_YIELD },
		};
	xen_multicall(&parts->xen, stats, entries, count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal((int64_t)entries[i].result,
		    i == 1 ? -XEN_ENOSYS : 0);
}

static void
test_a_multicall_is_one(void **state)
{
	struct parts parts;
	struct pv_stats stats = { 0 };

	parts_new(&parts, *state, &usual);
	yields(&parts, &stats, 4);
	assert_int_equal(stats.hypercalls, 1);
	yields(&parts, &stats, 1);
	assert_int_equal(stats.hypercalls, 2);
	yields(&parts, &stats, 0);
	assert_int_equal(stats.hypercalls, 2);
	parts_close(&parts);
}

/* QEMU's Xen has none: that is asked once. */
static void
test_a_host_without_multicalls(void **state)
{
	struct parts parts;
	struct pv_stats stats = { 0 };
	struct host_xen_manners *manners;

	parts_new(&parts, *state, &usual);
	manners = host_xen_manners(parts.host);
	manners->fail_nth = 1;
	manners->fail_op = XEN_HC_MULTICALL;
	manners->fail_with = -XEN_ENOSYS;
	yields(&parts, &stats, 4);
	assert_int_equal(stats.hypercalls, 5);
	yields(&parts, &stats, 3);
	assert_int_equal(stats.hypercalls, 8);
	assert_true(parts.xen.no_multicall);
	parts_close(&parts);
}

/* ---- CPUs ------------------------------------------------------------- */

static void
number(struct parts *parts, uint32_t vcpu)
{
	struct host_cpuid *cpuid = sim_machine_cpuid(parts->world->machine);
	struct host_cpuid_leaf leaf = host_cpuid_get(cpuid,
	    parts->xen.base + XEN_LEAF_HVM);

	leaf.eax |= XEN_LEAF_HVM_VCPU_ID;
	leaf.ebx = vcpu;
	host_cpuid_set(cpuid, leaf);
}

static uint32_t answered_vcpu;
static void (*real_cpuid)(void *, uint32_t, uint32_t, struct pv_cpuid *);

static void
answer_vcpu(void *ctx, uint32_t leaf, uint32_t subleaf, struct pv_cpuid *out)
{
	real_cpuid(ctx, leaf, subleaf, out);
	if ((leaf & 0xff) == XEN_LEAF_HVM && leaf >= 0x40000000) {
		out->eax |= XEN_LEAF_HVM_VCPU_ID;
		out->ebx = answered_vcpu;
	}
}

/* Two CPUs of one number, and one that Xen's page has no place for. */
static void
test_impossible_cpus(void **state)
{
	struct world *world = *state;
	struct parts parts;

	parts_new(&parts, world, &usual);
	number(&parts, 0);
	real_cpuid = parts.port->cpuid;
	parts.port->cpuid = answer_vcpu;
	answered_vcpu = 0;
	parts_start_cpu(&parts, 1);
	assert_true(parts.xen.vcpu[1] == XEN_NO_VCPU);
	assert_int_equal(parts.device.stats.bad_duplicate, 1);
	world_has_line(world, "xen0: CPU 1 has the number of CPU 0; unused");
	answered_vcpu = 32;
	parts_start_cpu(&parts, 2);
	assert_true(parts.xen.vcpu[2] == XEN_NO_VCPU);
	world_has_line(world,
	    "xen0: CPU 2 has no place in Xen's shared page; unused");
	answered_vcpu = 31; /* that Xen does not have */
	parts_start_cpu(&parts, 3);
	world_has_line(world, "xen0: CPU 3 gets no events: no such key");
	parts_close(&parts);
}

/* ---- Vectors ---------------------------------------------------------- */

/* An event arrives on CPU 1 by an interrupt, or not. */
static void
arrives(struct world *world, const struct host_xen_config *config,
    const char *text, bool by_interrupt)
{
	struct parts parts;
	struct xen_channel channel;
	struct pv_stats stats = { 0 };
	uint64_t before;

	parts_machine(&parts, world, config);
	if (!by_interrupt)
		parts.port->vector_alloc = NULL;
	parts_open(&parts);
	assert_string_equal(xen_events_text(&parts.xen), text);
	parts_start_cpu(&parts, 1);
	assert_int_equal(xen_channel_open(&parts.xen, &channel, 0, 1, &stats),
	    PV_OK);
	assert_int_equal(channel.cpu, 1);
	parts_wait(&parts, PV_MILLISECOND);
	before = sim_machine_counts(world->machine)->interrupts;
	host_xen_raise(parts.host, channel.port);
	parts_wait(&parts, PV_MILLISECOND);
	assert_int_equal(sim_machine_counts(world->machine)->interrupts,
	    before + by_interrupt);
	if (by_interrupt)
		assert_true(xen_events_deadline(&parts.xen) == PV_NEVER);
	else
		assert_in_range(xen_channel_deadline(&channel), 1,
		    sim_now(world->sim) + PV_MILLISECOND);
	assert_true(xen_channel_take(&channel));
	xen_channel_close(&channel);
	parts_close(&parts);
	assert_int_equal(host_xen_counts(parts.host)->violations, 0);
}

static void
test_a_vector_for_each_cpu(void **state)
{
	arrives(*state, &usual, "FIFO events on each CPU", true);
}

static void
test_one_vector_for_all(void **state)
{
	struct host_xen_config config = usual;

	config.no_upcall_vector = true;
	arrives(*state, &config, "FIFO events on one vector", true);
}

static void
test_no_vector(void **state)
{
	arrives(*state, &usual, "FIFO events polled", false);
}

static void
test_a_vector_for_each_cpu_2level(void **state)
{
	struct host_xen_config config = usual;

	config.no_fifo = true;
	arrives(*state, &config, "2-level events on each CPU", true);
}

static void
test_one_vector_for_all_2level(void **state)
{
	struct host_xen_config config = usual;

	config.no_fifo = config.no_upcall_vector = true;
	arrives(*state, &config, "2-level events on one vector", true);
}

static void
test_no_vector_2level(void **state)
{
	struct host_xen_config config = usual;

	config.no_fifo = true;
	arrives(*state, &config, "2-level events polled", false);
}

/* ---- Unplugging ------------------------------------------------------- */

static struct {
	uint32_t magic, second_magic, version, bits, product;
	unsigned reads, writes;
} plug;

static int
plug_read(void *ctx, uint16_t port, unsigned width, uint32_t *value)
{
	(void)ctx;
	*value = UINT32_MAX >> (32 - 8 * width);
	if (port == XEN_UNPLUG_PORT && width == 2)
		*value = plug.reads++ == 0 ? plug.magic : plug.second_magic;
	if (port == XEN_UNPLUG_PORT_INFO && width == 1)
		*value = plug.version;
	return PV_OK;
}

static int
plug_write(void *ctx, uint16_t port, unsigned width, uint32_t value)
{
	(void)ctx;
	plug.writes++;
	if (port == XEN_UNPLUG_PORT && width == 2)
		plug.bits |= value;
	if (port == XEN_UNPLUG_PORT_INFO && width == 2)
		plug.product = value;
	return PV_OK;
}

/* A device of a driver of that name below xen0, as far as unplug looks. */
static void
child(struct parts *parts, struct pv_device *device, struct pv_driver *driver,
    const char *name)
{
	memset(device, 0, sizeof(*device));
	memset(driver, 0, sizeof(*driver));
	driver->name = name;
	device->driver = driver;
	device->parent = &parts->device;
	device->next = parts->device.next;
	parts->device.next = device;
}

static void
unplug_opened(struct parts *parts, struct world *world)
{
	parts_machine(parts, world, &usual);
	parts->port->io_read = plug_read;
	parts->port->io_write = plug_write;
	parts_open(parts);
	memset(&plug, 0, sizeof(plug));
	plug.magic = plug.second_magic = XEN_UNPLUG_MAGIC;
	plug.version = 1;
}

#define DISK_BITS (XEN_UNPLUG_DISKS | XEN_UNPLUG_AUX_DISKS | XEN_UNPLUG_NVME)

static void
test_unplugs_what_was_taken(void **state)
{
	struct parts parts;
	struct pv_device disk, nic;
	struct pv_driver xbf, xnf;

	unplug_opened(&parts, *state);
	xen_unplug(&parts.xen);
	assert_int_equal(plug.reads, 0); /* nothing was */
	child(&parts, &nic, &xnf, "xnf");
	xen_unplug(&parts.xen);
	assert_int_equal(plug.bits, XEN_UNPLUG_NICS);
	assert_int_equal(plug.product, XEN_UNPLUG_PRODUCT_EXPERIMENTAL);
	child(&parts, &disk, &xbf, "xbf");
	nic.state = PV_DEVICE_UNCONFIGURED;
	plug.bits = 0;
	plug.reads = 0;
	xen_unplug(&parts.xen);
	assert_int_equal(plug.bits, DISK_BITS);
	parts_close(&parts);
}

/* The first version of the protocol asks nothing. */
static void
test_unplugs_without_asking(void **state)
{
	struct parts parts;
	struct pv_device disk;
	struct pv_driver xbf;

	unplug_opened(&parts, *state);
	plug.version = 0;
	child(&parts, &disk, &xbf, "xbf");
	xen_unplug(&parts.xen);
	assert_int_equal(plug.bits, DISK_BITS);
	assert_int_equal(plug.writes, 1);
	parts_close(&parts);
}

/* A PVH guest has no such ports. */
static void
test_unplugs_nothing_without_the_magic(void **state)
{
	struct parts parts;
	struct pv_device disk;
	struct pv_driver xbf;

	unplug_opened(&parts, *state);
	plug.magic = 0xffff;
	child(&parts, &disk, &xbf, "xbf");
	xen_unplug(&parts.xen);
	assert_int_equal(plug.writes, 0);
	parts_close(&parts);
}

static void
test_unplugs_nothing_when_refused(void **state)
{
	struct parts parts;
	struct pv_device disk;
	struct pv_driver xbf;

	unplug_opened(&parts, *state);
	child(&parts, &disk, &xbf, "xbf");
	plug.second_magic = XEN_UNPLUG_REFUSED;
	xen_unplug(&parts.xen);
	assert_int_equal(plug.bits, 0);
	plug.reads = 0;
	plug.magic = XEN_UNPLUG_REFUSED;
	xen_unplug(&parts.xen);
	assert_int_equal(plug.bits, 0);
	parts_close(&parts);
}

/* ---- Opening fails ---------------------------------------------------- */

static void
assert_nothing_left(struct parts *parts)
{
	const struct sim_counts *counts = sim_machine_counts(
	    parts->world->machine);

	assert_int_equal(counts->memory, 0);
	assert_int_equal(counts->pages, 0);
	assert_int_equal(counts->space, 0);
	assert_int_equal(counts->vectors, 0);
}

static void
test_pages_of_hypercalls(void **state)
{
	struct world *world = *state;
	struct parts parts;
	struct host_cpuid *cpuid;
	struct host_cpuid_leaf leaf;

	parts_machine(&parts, world, &usual);
	cpuid = sim_machine_cpuid(world->machine);
	leaf = host_cpuid_get(cpuid, 0x40000000 + XEN_LEAF_HYPERCALL);
	leaf.eax = 0;
	host_cpuid_set(cpuid, leaf);
	assert_int_equal(parts_try(&parts), PV_EPROTO);
	leaf.eax = UINT32_MAX;
	host_cpuid_set(cpuid, leaf);
	assert_int_equal(parts_try(&parts), PV_EPROTO);
	assert_nothing_left(&parts);
	leaf.eax = 2;
	host_cpuid_set(cpuid, leaf);
	parts_open(&parts);
	parts_close(&parts);
	leaf.ebx = 0x12345; /* a register that is none */
	host_cpuid_set(cpuid, leaf);
	assert_int_equal(parts_try(&parts), PV_EACCES);
	assert_nothing_left(&parts);
}

static void
test_a_port_without(void **state)
{
	struct parts parts;
	struct pv_port whole;

	parts_machine(&parts, *state, &usual);
	whole = *parts.port;
#define WITHOUT(member)                                  \
	*parts.port = whole;                             \
	parts.port->member = NULL;                       \
	assert_int_equal(parts_try(&parts), PV_ENOTSUP); \
	assert_nothing_left(&parts)
	WITHOUT(msr_write);
	WITHOUT(xen_hypercall);
	WITHOUT(pages_alloc);
	WITHOUT(space_alloc);
	WITHOUT(map);
#undef WITHOUT
	*parts.port = whole;
	parts.port->cpus = NULL;
	parts.port->tsc = NULL;
	parts.port->vector_eoi = NULL;
	parts_open(&parts);
	assert_int_equal(parts.xen.cpus, 1);
	assert_string_equal(xen_events_text(&parts.xen),
	    "FIFO events on one vector");
	parts_close(&parts);
}

/* 50: the n-th hypercall of opening returns an error: it is opened in another
 * way, or not at all, and nothing is left behind. */
static void
fails_at_each_hypercall(struct world *world,
    const struct host_xen_config *config)
{
	static const long errors[] = { -XEN_ENOSYS, -XEN_EPERM, -XEN_ENOMEM,
		-XEN_EINVAL, -XEN_EBUSY, -12345, LONG_MIN };
	struct parts parts;
	unsigned refused = 0, opened = 0;

	parts_machine(&parts, world, config);
	for (unsigned i = 0; i < 7; i++)
		for (unsigned nth = 1; nth < 30; nth++) {
			struct host_xen_manners *manners = host_xen_manners(
			    parts.host);
			struct xen_channel channel;
			struct pv_stats stats = { 0 };
			uint64_t calls =
			    host_xen_counts(parts.host)->hypercalls;

			manners->fail_nth = nth;
			manners->fail_with = errors[i];
			if (parts_try(&parts) != PV_OK) {
				refused++;
				manners->fail_nth = 0;
				assert_nothing_left(&parts);
				continue;
			}
			opened++;
			manners->fail_nth = 0;
			assert_int_equal(xen_channel_open(&parts.xen, &channel,
					     0, 0, &stats),
			    PV_OK);
			host_xen_raise(parts.host, channel.port);
			parts_wait(&parts, PV_MILLISECOND);
			assert_true(xen_channel_take(&channel));
			xen_channel_close(&channel);
			parts_close(&parts);
			assert_nothing_left(&parts);
			if (nth >
			    host_xen_counts(parts.host)->hypercalls - calls)
				break;
		}
	assert_in_range(refused, 7 * 3, 7 * 6);
	assert_in_range(opened, 7, 7 * 30);
}

static void
test_fails_at_each_hypercall(void **state)
{
	fails_at_each_hypercall(*state, &usual);
}

static void
test_fails_at_each_hypercall_2level(void **state)
{
	struct host_xen_config config = usual;

	config.no_fifo = config.no_upcall_vector = true;
	fails_at_each_hypercall(*state, &config);
}

static void
test_memory_runs_out_at_each_step(void **state)
{
	struct world *world = *state;
	struct parts parts;
	unsigned failures = 0;

	parts_machine(&parts, world, &usual);
	for (unsigned nth = 1; nth < 40; nth++) {
		sim_machine_fail_alloc(world->machine, nth);
		if (parts_try(&parts) == PV_OK)
			parts_close(&parts);
		else
			failures++;
		sim_machine_fail_alloc(world->machine, 0);
		assert_nothing_left(&parts);
	}
	assert_in_range(failures, 8, 15);
	parts_open(&parts);
	parts_close(&parts);
}

static long
refuse(void *argument, long result)
{
	(void)argument;
	(void)result;
	return -XEN_ENOSYS;
}

/* The host has no reset: the pages of its queues are lost, and said to be. */
static void
test_queues_that_are_not_given_back(void **state)
{
	struct parts parts;
	struct xen_channel channel;
	struct pv_stats stats = { 0 };

	parts_new(&parts, *state, &usual);
	assert_int_equal(xen_channel_open(&parts.xen, &channel, 0, 0, &stats),
	    PV_OK);
	xen_channel_close(&channel);
	parts_intercept(&parts, XEN_HC_EVENT_CHANNEL_OP, XEN_EVTCHN_RESET,
	    refuse);
	parts_close(&parts);
	assert_int_equal(parts.device.stats.held, 2);
	world_expect_leaked_pages(*state, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_numbers),
		world_test(test_numbers_of_an_old_xen),
		world_test(test_parameters_and_places),
		world_test(test_every_hypercall_is_counted),
		world_test(test_errors),
		world_test(test_a_multicall_is_one),
		world_test(test_a_host_without_multicalls),
		world_test(test_impossible_cpus),
		world_test(test_a_vector_for_each_cpu),
		world_test(test_one_vector_for_all),
		world_test(test_no_vector),
		world_test(test_a_vector_for_each_cpu_2level),
		world_test(test_one_vector_for_all_2level),
		world_test(test_no_vector_2level),
		world_test(test_unplugs_what_was_taken),
		world_test(test_unplugs_without_asking),
		world_test(test_unplugs_nothing_without_the_magic),
		world_test(test_unplugs_nothing_when_refused),
		world_test(test_pages_of_hypercalls),
		world_test(test_a_port_without),
		world_test(test_fails_at_each_hypercall),
		world_test(test_fails_at_each_hypercall_2level),
		world_test(test_memory_runs_out_at_each_step),
		world_test(test_queues_that_are_not_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
