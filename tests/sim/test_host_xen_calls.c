/* SPDX-License-Identifier: ISC */
/* Hypercalls of the model of Xen beside event channels and grants: each with
 * its success, and the errors that Xen 4.17 gives. */
#include "tests/support/xen_host.h"
#include "wire/cpuid.h"

static long
memory_op(struct world *world, unsigned op, void *argument)
{
	return xen_call(world, XEN_HC_MEMORY_OP, op, (uintptr_t)argument, 0);
}

/* ---- What a guest finds first ----------------------------------------- */

static struct pv_cpuid
leaf(struct world *world, uint32_t number)
{
	const struct pv_port *port = sim_machine_port(world->machine);
	struct pv_cpuid out;

	port->cpuid(port->ctx, number, 0, &out);
	return out;
}

static void
test_cpuid(void **state)
{
	struct world *world = *state;

	world_machine(world, "xen");
	assert_true(sim_machine_set_cpus(world->machine, 4));
	assert_int_equal(leaf(world, 0x40000001).eax, 4 << 16 | 17);
	assert_int_equal(leaf(world, 0x40000002).eax, 1);
	assert_int_equal(leaf(world, 0x40000002).ebx, 0x40000000);
	assert_int_equal(leaf(world, 0x40000004).eax & 0x58, 0x58);
	assert_int_equal(leaf(world, 0x40000004).ebx, 0);
	assert_int_equal(leaf(world, 0x40000004).ecx, 7);
	sim_machine_set_cpu(world->machine, 3);
	assert_int_equal(leaf(world, 0x40000004).ebx, 3);
}

static void
test_cpuid_behind_hyperv(void **state)
{
	struct world *world = *state;
	const struct pv_port *port;
	uint64_t frame, value;

	world_machine(world, "hyperv+xen");
	port = sim_machine_port(world->machine);
	assert_int_equal(leaf(world, 0x40000102).ebx, 0x40000200);
	guest_pages(world, 1, &frame);
	/* which is Hyper-V's, and not the page of hypercalls */
	assert_int_equal(port->msr_write(port->ctx, 0x40000000, frame << 12),
	    PV_OK);
	assert_int_equal(port->msr_read(port->ctx, 0x40000000, &value), PV_OK);
	assert_int_equal(value, frame << 12);
	assert_int_equal(port->msr_write(port->ctx, 0x40000200, frame << 12),
	    PV_OK);
	give_back(world);
}

static void
test_no_upcall_vector_in_cpuid(void **state)
{
	struct world *world = *state;
	struct xen_hvm_upcall_vector set = { 0, 0x30, { 0 } };

	world_machine(world, "xen");
	assert_true(sim_machine_set_xen(world->machine,
	    &(struct host_xen_config){ .domain = 9,
		.no_upcall_vector = true }));
	assert_int_equal(leaf(world, 0x40000004).eax & 0x58, 0x18);
	assert_int_equal(leaf(world, 0x40000004).ecx, 9);
	assert_int_equal(hvm_op(world, XEN_HVM_OP_SET_UPCALL_VECTOR, &set),
	    -XEN_ENOSYS);
}

static void
test_hypercall_page(void **state)
{
	struct world *world = *state;
	const struct pv_port *port;
	const uint8_t vmcall[] = { 0xb8, 29, 0, 0, 0, 0x0f, 0x01, 0xc1, 0xc3,
		0xcc };
	uintptr_t arguments[5] = { XEN_VERSION_NUMBER };
	uint64_t frame;
	uint8_t *page;

	world_machine(world, "xen");
	port = sim_machine_port(world->machine);
	page = guest_pages(world, 1, &frame);
	assert_int_equal(port->msr_write(port->ctx, 0x40000000,
			     frame << 12 | 1),
	    PV_EACCES);
	assert_int_equal(port->msr_write(port->ctx, 0x40000000, frame << 12),
	    PV_OK);
	assert_memory_equal(page + 32 * 29, vmcall, sizeof(vmcall));
	assert_int_equal(port->xen_hypercall(port->ctx, page,
			     XEN_HC_XEN_VERSION, arguments),
	    4 << 16 | 17);
	give_back(world);
}

static void
test_hypercall_by_a_page_that_is_none(void **state)
{
	struct world *world = *state;
	const struct pv_port *port;
	uintptr_t arguments[5] = { XEN_VERSION_NUMBER };
	uint64_t frame;
	void *page;

	world_machine(world, "xen");
	port = sim_machine_port(world->machine);
	page = guest_pages(world, 1, &frame);
	assert_int_equal(port->xen_hypercall(port->ctx, page,
			     XEN_HC_XEN_VERSION, arguments),
	    -XEN_ENOSYS);
	world_expect_violations(world, 1);
	give_back(world);
}

static void
test_version(void **state)
{
	struct world *world = *state;
	struct xen_feature_map map = { .index = 0 };
	char text[XEN_VERSION_CAPABILITIES_SIZE];

	world_machine(world, "xen");
#define VERSION(op, argument) \
	xen_call(world, XEN_HC_XEN_VERSION, op, (uintptr_t)(argument), 0)
	assert_int_equal(VERSION(XEN_VERSION_NUMBER, NULL), 4 << 16 | 17);
	assert_int_equal(VERSION(XEN_VERSION_FEATURES, &map), 0);
	assert_int_equal(map.bits, 0x12305); /* a real Xen 4.17 */
	map.index = 1;
	assert_int_equal(VERSION(XEN_VERSION_FEATURES, &map), -XEN_EINVAL);
	assert_int_equal(VERSION(XEN_VERSION_FEATURES, NULL), -XEN_EFAULT);
	assert_int_equal(VERSION(XEN_VERSION_EXTRA, text), 0);
	assert_int_equal(text[0], '.');
	assert_int_equal(VERSION(XEN_VERSION_CAPABILITIES, text), 0);
	assert_non_null(strstr(text, "hvm-3.0-x86_64"));
	assert_int_equal(VERSION(XEN_VERSION_CHANGESET, text), 0);
	assert_int_equal(VERSION(XEN_VERSION_PAGE_SIZE, NULL), 4096);
	assert_int_equal(VERSION(99, NULL), -XEN_ENOSYS);
#undef VERSION
}

static void
test_unknown_hypercalls(void **state)
{
	struct world *world = *state;

	world_machine(world, "xen");
	assert_int_equal(xen_call(world, XEN_HC_CONSOLE_IO, 0, 0, 0),
	    -XEN_EPERM);
	assert_int_equal(xen_call(world, 0, 0, 0, 0), -XEN_ENOSYS);
	assert_int_equal(xen_call(world, XEN_HC_PHYSDEV_OP, 0, 0, 0),
	    -XEN_ENOSYS);
	assert_int_equal(xen_call(world, 63, 0, 0, 0), -XEN_ENOSYS);
	assert_int_equal(xen_call(world, 1000, 0, 0, 0), -XEN_ENOSYS);
	assert_int_equal(xen_call_on(world, 1, XEN_HC_XEN_VERSION, 0, 0, 0),
	    -XEN_EINVAL);
}

static void
test_a_hypercall_fails_on_demand(void **state)
{
	struct world *world = *state;
	struct host_xen_manners *manners;

	world_machine(world, "xen");
	manners = host_xen_manners(world_xen(world));
	manners->fail_nth = 2;
	manners->fail_op = XEN_HC_XEN_VERSION;
	manners->fail_with = -XEN_ENOMEM;
	assert_true(xen_call(world, XEN_HC_XEN_VERSION, 0, 0, 0) > 0);
	assert_int_equal(xen_call(world, XEN_HC_SCHED_OP, XEN_SCHED_YIELD, 0,
			     0),
	    0);
	assert_int_equal(xen_call(world, XEN_HC_XEN_VERSION, 0, 0, 0),
	    -XEN_ENOMEM);
	assert_true(xen_call(world, XEN_HC_XEN_VERSION, 0, 0, 0) > 0);
	assert_int_equal(host_xen_counts(world_xen(world))
			     ->by_op[XEN_HC_XEN_VERSION],
	    3);
	assert_int_equal(host_xen_counts(world_xen(world))->hypercalls, 4);
}

/* ---- Memory ----------------------------------------------------------- */

static void
test_shared_info_moves_with_its_contents(void **state)
{
	struct world *world = *state;
	struct xen_shared_info *first, *second;
	uint64_t frame;

	world_machine(world, "xen");
	first = place_page(world, XEN_MAPSPACE_SHARED_INFO, 0, &frame);
	assert_int_equal(first->wc_version % 2, 0);
	assert_int_not_equal(first->wc_sec, 0);
	first->mask[3] = 5;
	second = place_shared(world);
	assert_int_equal(second->mask[3], 5);
	host_xen_raise(world_xen(world), 1);
	assert_int_equal(first->pending[0], 0);
	assert_int_equal(second->pending[0], 2);
	give_back(world);
}

static void
test_remove_from_physmap(void **state)
{
	struct world *world = *state;
	struct xen_physmap_remove removed = { .domid = XEN_DOMID_SELF };
	struct xen_shared_info *info;

	world_machine(world, "xen");
	info = place_page(world, XEN_MAPSPACE_SHARED_INFO, 0, &removed.frame);
	removed.domid = 8;
	assert_int_equal(memory_op(world, XEN_MEM_REMOVE_FROM_PHYSMAP,
			     &removed),
	    -XEN_ESRCH);
	removed.domid = 7;
	assert_int_equal(memory_op(world, XEN_MEM_REMOVE_FROM_PHYSMAP,
			     &removed),
	    0);
	assert_int_equal(memory_op(world, XEN_MEM_REMOVE_FROM_PHYSMAP,
			     &removed),
	    -XEN_ENOENT);
	memset(info, 0, sizeof(*info));
	host_xen_raise(world_xen(world), 1); /* Xen keeps it by itself */
	assert_int_equal(info->pending[0], 0);
	info = place_shared(world);
	assert_int_equal(info->pending[0], 2);
	give_back(world);
}

static void
test_add_to_physmap_errors(void **state)
{
	struct world *world = *state;
	struct xen_physmap_add add = { .domid = XEN_DOMID_SELF };

	world_machine(world, "xen");
	guest_pages(world, 1, &add.frame);
#define ADD() memory_op(world, XEN_MEM_ADD_TO_PHYSMAP, &add)
	add.domid = 0;
	assert_int_equal(ADD(), -XEN_EPERM);
	add.domid = 5;
	assert_int_equal(ADD(), -XEN_ESRCH);
	add.domid = XEN_DOMID_SELF;
	add.index = 1;
	assert_int_equal(ADD(), -XEN_EINVAL);
	add.space = 17;
	assert_int_equal(ADD(), -XEN_EINVAL);
	add.space = XEN_MAPSPACE_GRANT_TABLE;
	add.index = 64;
	assert_int_equal(ADD(), -XEN_EINVAL);
	add.index = XEN_MAPIDX_GRANT_STATUS; /* but it is version 1 */
	assert_int_equal(ADD(), -XEN_EINVAL);
	add.index = 0;
	add.frame = 0;
	assert_int_equal(ADD(), -XEN_EINVAL);
	add.frame = UINT64_MAX;
	assert_int_equal(ADD(), -XEN_EINVAL);
	add.frame = 0x7777777; /* nothing is there */
	assert_int_equal(ADD(), -XEN_EINVAL);
	world_expect_violations(world, 1);
#undef ADD
	assert_int_equal(memory_op(world, XEN_MEM_ADD_TO_PHYSMAP, NULL),
	    -XEN_EFAULT);
	assert_int_equal(memory_op(world, 0, NULL), -XEN_ENOSYS);
	give_back(world);
}

/* ---- Parameters ------------------------------------------------------- */

static void
test_parameters(void **state)
{
	struct world *world = *state;
	struct xen_hvm_value value = { .domid = XEN_DOMID_SELF };

	world_machine(world, "xen");
	value.index = XEN_HVM_PARAM_STORE_PFN;
	assert_int_equal(hvm_op(world, XEN_HVM_OP_GET_PARAM, &value), 0);
	assert_int_equal(value.value << 12,
	    host_xen_store_page(world_xen(world)));
	assert_int_equal(hvm_op(world, XEN_HVM_OP_SET_PARAM, &value),
	    -XEN_EPERM);
	value.index = XEN_HVM_PARAM_STORE_EVTCHN;
	assert_int_equal(hvm_op(world, XEN_HVM_OP_GET_PARAM, &value), 0);
	assert_int_equal(value.value,
	    host_xenstore_port(host_xen_store(world_xen(world))));
	value.index = XEN_HVM_PARAM_CONSOLE_EVTCHN;
	assert_int_equal(hvm_op(world, XEN_HVM_OP_GET_PARAM, &value), 0);
	assert_int_not_equal(value.value, 0);
	value.index = XEN_HVM_PARAM_CALLBACK_IRQ;
	value.value = XEN_HVM_CALLBACK_VECTOR(0x70);
	assert_int_equal(hvm_op(world, XEN_HVM_OP_SET_PARAM, &value), 0);
	value.value = 0;
	assert_int_equal(hvm_op(world, XEN_HVM_OP_GET_PARAM, &value), 0);
	assert_int_equal(value.value, XEN_HVM_CALLBACK_VECTOR(0x70));
}

static void
test_parameter_errors(void **state)
{
	struct world *world = *state;
	struct xen_hvm_value value = { .domid = XEN_DOMID_SELF };

	world_machine(world, "xen");
	value.index = 5; /* IOREQ_PFN, not the guest's business */
	assert_int_equal(hvm_op(world, XEN_HVM_OP_GET_PARAM, &value),
	    -XEN_EPERM);
	assert_int_equal(hvm_op(world, XEN_HVM_OP_SET_PARAM, &value),
	    -XEN_EPERM);
	value.index = XEN_HVM_PARAMS;
	assert_int_equal(hvm_op(world, XEN_HVM_OP_GET_PARAM, &value),
	    -XEN_EINVAL);
	value.index = XEN_HVM_PARAM_STORE_PFN;
	value.domid = 0;
	assert_int_equal(hvm_op(world, XEN_HVM_OP_GET_PARAM, &value),
	    -XEN_EPERM);
	value.domid = 3;
	assert_int_equal(hvm_op(world, XEN_HVM_OP_GET_PARAM, &value),
	    -XEN_ESRCH);
	assert_int_equal(hvm_op(world, XEN_HVM_OP_GET_PARAM, NULL),
	    -XEN_EFAULT);
	assert_int_equal(hvm_op(world, 99, NULL), -XEN_ENOSYS);
}

static void
test_upcall_vector_errors(void **state)
{
	struct world *world = *state;
	struct xen_hvm_upcall_vector set = { 0, 0x0f, { 0 } };

	world_machine(world, "xen");
	assert_int_equal(hvm_op(world, XEN_HVM_OP_SET_UPCALL_VECTOR, &set),
	    -XEN_EINVAL);
	set.vector = 0x30;
	set.vcpu = 1;
	assert_int_equal(hvm_op(world, XEN_HVM_OP_SET_UPCALL_VECTOR, &set),
	    -XEN_ENOENT);
	assert_int_equal(hvm_op(world, XEN_HVM_OP_SET_UPCALL_VECTOR, NULL),
	    -XEN_EFAULT);
}

/* ---- Scheduling ------------------------------------------------------- */

static void
test_sched(void **state)
{
	struct world *world = *state;
	uint32_t ports[2] = { 1, 4000 };
	struct xen_sched_poll poll = { .ports = (uintptr_t)ports, .count = 1 };
	struct xen_sched_shutdown shutdown = { XEN_SHUTDOWN_REBOOT };
	const struct host_xen_counts *counts;

	world_machine(world, "xen");
	counts = host_xen_counts(world_xen(world));
#define SCHED(op, argument) \
	xen_call(world, XEN_HC_SCHED_OP, op, (uintptr_t)(argument), 0)
	assert_int_equal(SCHED(XEN_SCHED_YIELD, NULL), 0);
	assert_int_equal(SCHED(XEN_SCHED_BLOCK, NULL), 0);
	assert_int_equal(SCHED(XEN_SCHED_POLL, &poll), 0);
	poll.count = 2;
	assert_int_equal(SCHED(XEN_SCHED_POLL, &poll), -XEN_EINVAL);
	poll.count = 129;
	assert_int_equal(SCHED(XEN_SCHED_POLL, &poll), -XEN_EINVAL);
	assert_int_equal(SCHED(XEN_SCHED_POLL, NULL), -XEN_EFAULT);
	assert_int_equal(counts->shutdown_reason, 0);
	assert_int_equal(SCHED(XEN_SCHED_SHUTDOWN, &shutdown), 0);
	assert_int_equal(counts->shutdown_reason, XEN_SHUTDOWN_REBOOT + 1);
	assert_int_equal(SCHED(XEN_SCHED_SHUTDOWN, NULL), -XEN_EFAULT);
	assert_int_equal(SCHED(99, NULL), -XEN_ENOSYS);
#undef SCHED
}

/* ---- vCPUs and time --------------------------------------------------- */

static void
test_register_vcpu_info(void **state)
{
	struct world *world = *state;
	struct xen_vcpu_register_info area = { .offset = 64 };
	struct xen_vcpu_info *info;

	world_machine(world, "xen");
	sim_machine_set_cpus(world->machine, 2);
	info = (void *)((uint8_t *)guest_pages(world, 1, &area.frame) + 64);
#define REGISTER(cpu, vcpu)                                                   \
	xen_call_on(world, cpu, XEN_HC_VCPU_OP, XEN_VCPU_REGISTER_INFO, vcpu, \
	    (uintptr_t)&area)
	assert_int_equal(REGISTER(0, 2), -XEN_ENOENT);
	assert_int_equal(REGISTER(0, 1), -XEN_EINVAL); /* it is up */
	area.offset = 4033;
	assert_int_equal(REGISTER(1, 1), -XEN_ENXIO);
	area.offset = 60;
	assert_int_equal(REGISTER(1, 1), -XEN_EINVAL);
	area.offset = 64;
	assert_int_equal(REGISTER(1, 1), 0);
	/* everything seems pending, once */
	assert_int_equal(info->upcall_pending, 1);
	assert_true(info->pending_sel == UINT64_MAX);
	assert_int_not_equal(info->time.mul, 0);
	assert_int_equal(REGISTER(1, 1), -XEN_EINVAL); /* for good */
#undef REGISTER
	give_back(world);
}

static uint64_t
time_of(const struct xen_vcpu_time *time, uint64_t tsc)
{
	uint64_t delta = tsc - time->tsc;

	delta = time->shift >= 0 ? delta << time->shift : delta >> -time->shift;
	return time->system_time +
	    (uint64_t)((unsigned __int128)delta * time->mul >> 32);
}

static void
check_time(struct world *world, const struct xen_vcpu_time *time)
{
	const struct pv_port *port = sim_machine_port(world->machine);
	struct xen_hvm_now now;
	uint64_t says;

	assert_int_equal(time->version % 2, 0);
	pass(world, 123456789);
	says = time_of(time, port->tsc(port->ctx));
	assert_int_equal(hvm_op(world, XEN_HVM_OP_GET_TIME, &now), 0);
	assert_true(says + 1 >= now.now && says <= now.now + 1);
}

static void
test_time_pages(void **state)
{
	struct world *world = *state;
	struct xen_vcpu_time *own = calloc(1, sizeof(*own));
	struct xen_vcpu_register_time area = { (uintptr_t)own };
	struct xen_shared_info *shared;

	world_machine(world, "xen");
	shared = place_shared(world);
	check_time(world, &shared->vcpu[0].time);
	assert_int_equal(xen_call(world, XEN_HC_VCPU_OP,
			     XEN_VCPU_REGISTER_TIME_AREA, 0, (uintptr_t)&area),
	    0);
	check_time(world, own);
	area.address = 0; /* no more of it */
	assert_int_equal(xen_call(world, XEN_HC_VCPU_OP,
			     XEN_VCPU_REGISTER_TIME_AREA, 0, (uintptr_t)&area),
	    0);
	own->version = 7;
	xen_call(world, XEN_HC_XEN_VERSION, 0, 0, 0);
	assert_int_equal(own->version, 7);
	own->version = 0;
	assert_int_equal(xen_call(world, XEN_HC_VCPU_OP,
			     XEN_VCPU_REGISTER_TIME_AREA, 0, 0),
	    -XEN_EFAULT);
	host_xen_manners(world_xen(world))->time_odd = true;
	xen_call(world, XEN_HC_XEN_VERSION, 0, 0, 0);
	assert_int_equal(shared->vcpu[0].time.version % 2, 1);
	give_back(world);
	free(own);
}

static void
test_time_with_other_scales(void **state)
{
	static const struct {
		uint32_t mul;
		int8_t shift;
	} scales[] = { { 0xaaaaaaab, 0 }, { 0x9d9d9d9d, -1 },
		{ 0xffffffff, 3 } };
	struct world *world = *state;

	world_machine(world, "xen");
	for (size_t i = 0; i < 3; i++) {
		struct xen_shared_info *shared;

		assert_true(sim_machine_set_xen(world->machine,
		    &(struct host_xen_config){ .domain = 7,
			.tsc_mul = scales[i].mul,
			.tsc_shift = scales[i].shift }));
		shared = place_shared(world);
		assert_int_equal(shared->vcpu[0].time.shift, scales[i].shift);
		/* a tick of many nanoseconds is as near as it gets */
		if (scales[i].shift <= 0)
			check_time(world, &shared->vcpu[0].time);
	}
	give_back(world);
}

static void
test_vcpu_errors(void **state)
{
	struct world *world = *state;

	world_machine(world, "xen");
#define VCPU(op, vcpu, argument) \
	xen_call(world, XEN_HC_VCPU_OP, op, vcpu, (uintptr_t)(argument))
	assert_int_equal(VCPU(XEN_VCPU_IS_UP, 0, NULL), 1);
	assert_int_equal(VCPU(XEN_VCPU_IS_UP, 1, NULL), -XEN_ENOENT);
	assert_int_equal(VCPU(XEN_VCPU_REGISTER_INFO, 0, NULL), -XEN_EFAULT);
	assert_int_equal(VCPU(XEN_VCPU_SET_SINGLESHOT_TIMER, 0, NULL),
	    -XEN_EFAULT);
	assert_int_equal(VCPU(99, 0, NULL), -XEN_ENOSYS);
#undef VCPU
}

/* ---- The rest --------------------------------------------------------- */

static void
test_multicall(void **state)
{
	struct world *world = *state;
	struct xen_multicall_entry entries[3] = {
		{ .op = XEN_HC_XEN_VERSION, .args = { XEN_VERSION_NUMBER } },
		{ .op = 60 },
		{ .op = XEN_HC_MULTICALL },
	};

	world_machine(world, "xen");
	assert_int_equal(xen_call(world, XEN_HC_MULTICALL, (uintptr_t)entries,
			     3, 0),
	    0);
	assert_int_equal(entries[0].result, 4 << 16 | 17);
	assert_int_equal((int64_t)entries[1].result, -XEN_ENOSYS);
	assert_int_equal((int64_t)entries[2].result, -XEN_EINVAL);
	assert_int_equal(xen_call(world, XEN_HC_MULTICALL, 0, 1, 0),
	    -XEN_EFAULT);
}

static void
test_unplug_ports(void **state)
{
	struct world *world = *state;
	const struct pv_port *port;
	uint32_t value;

	world_machine(world, "xen");
	port = sim_machine_port(world->machine);
	port->io_read(port->ctx, XEN_UNPLUG_PORT, 2, &value);
	assert_int_equal(value, XEN_UNPLUG_MAGIC);
	port->io_read(port->ctx, XEN_UNPLUG_PORT_INFO, 1, &value);
	assert_int_equal(value, 1);
	port->io_read(port->ctx, 0x14, 1, &value);
	assert_int_equal(value, 0xff);
	port->io_write(port->ctx, XEN_UNPLUG_PORT_INFO, 2, 0xffff);
	port->io_write(port->ctx, XEN_UNPLUG_PORT, 4, 1);
	assert_int_equal(host_xen_counts(world_xen(world))->unplugged, 0);
	port->io_write(port->ctx, XEN_UNPLUG_PORT, 2, XEN_UNPLUG_NICS);
	assert_int_equal(host_xen_counts(world_xen(world))->unplugged, 2);
}

static void
test_console_takes_what_is_written(void **state)
{
	struct world *world = *state;
	const struct pv_port *port;
	struct xen_hvm_value value = { .domid = XEN_DOMID_SELF,
		.index = XEN_HVM_PARAM_CONSOLE_EVTCHN };
	struct xen_evtchn_send send;
	uint8_t *page;

	world_machine(world, "xen");
	port = sim_machine_port(world->machine);
	assert_int_equal(hvm_op(world, XEN_HVM_OP_GET_PARAM, &value), 0);
	send.port = (uint32_t)value.value;
	value.index = XEN_HVM_PARAM_CONSOLE_PFN;
	assert_int_equal(hvm_op(world, XEN_HVM_OP_GET_PARAM, &value), 0);
	assert_null(port->map(port->ctx, 0x1000, 1));
	page = port->map(port->ctx, value.value << 12, 1);
	assert_non_null(page);
	memcpy(page + 1024, "hi\n", 3);
	memcpy(page + 3084, &(uint32_t){ 3 }, 4); /* out_prod */
	assert_int_equal(event_op(world, XEN_EVTCHN_SEND, &send), 0);
	pass(world, 10000);
	assert_string_equal(host_xen_console_text(world_xen(world)), "hi\n");
	assert_int_equal(host_xen_console_type(world_xen(world), "ls\n"), 3);
	assert_memory_equal(page, "ls\n", 3);
	port->unmap(port->ctx, page, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_cpuid),
		world_test(test_cpuid_behind_hyperv),
		world_test(test_no_upcall_vector_in_cpuid),
		world_test(test_hypercall_page),
		world_test(test_hypercall_by_a_page_that_is_none),
		world_test(test_version),
		world_test(test_unknown_hypercalls),
		world_test(test_a_hypercall_fails_on_demand),
		world_test(test_shared_info_moves_with_its_contents),
		world_test(test_remove_from_physmap),
		world_test(test_add_to_physmap_errors),
		world_test(test_parameters),
		world_test(test_parameter_errors),
		world_test(test_upcall_vector_errors),
		world_test(test_sched),
		world_test(test_register_vcpu_info),
		world_test(test_time_pages),
		world_test(test_time_with_other_scales),
		world_test(test_vcpu_errors),
		world_test(test_multicall),
		world_test(test_unplug_ports),
		world_test(test_console_takes_what_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
