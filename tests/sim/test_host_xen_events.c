/* SPDX-License-Identifier: ISC */
/* Event channels of the model of Xen: ports, and two levels of bits. */
#include "tests/support/xen_host.h"

static uint32_t
status_of(struct world *world, uint32_t port, struct xen_evtchn_status *status)
{
	*status = (struct xen_evtchn_status){ .domid = XEN_DOMID_SELF,
		.port = port };
	assert_int_equal(event_op(world, XEN_EVTCHN_STATUS, status), 0);
	return status->status;
}

static long
close_port(struct world *world, uint32_t port)
{
	struct xen_evtchn_close close = { port };

	return event_op(world, XEN_EVTCHN_CLOSE, &close);
}

static long
send_to(struct world *world, uint32_t port)
{
	struct xen_evtchn_send send = { port };

	return event_op(world, XEN_EVTCHN_SEND, &send);
}

static long
unmask(struct world *world, uint32_t port)
{
	struct xen_evtchn_unmask unmasked = { port };

	return event_op(world, XEN_EVTCHN_UNMASK, &unmasked);
}

static void
count(void *argument)
{
	++*(unsigned *)argument;
}

static void
counted(void *argument, unsigned cpu)
{
	((unsigned *)argument)[cpu]++;
}

static bool
is_set(const uint64_t *words, uint32_t port)
{
	return (words[port / 64] >> port % 64 & 1) != 0;
}

/* ---- Opening and closing ---------------------------------------------- */

static void
test_open_and_close(void **state)
{
	struct world *world = *state;
	struct xen_evtchn_status status;
	unsigned before;
	uint32_t port;

	world_machine(world, "xen");
	before = host_xen_counts(world_xen(world))->ports;
	port = open_port(world, 0);
	assert_int_equal(host_xen_counts(world_xen(world))->ports, before + 1);
	assert_int_equal(status_of(world, port, &status),
	    XEN_EVTCHN_IS_UNBOUND);
	assert_int_equal(status.u.unbound.domid, 0);
	assert_int_equal(close_port(world, port), 0);
	assert_int_equal(status_of(world, port, &status), XEN_EVTCHN_IS_CLOSED);
	assert_int_equal(close_port(world, port), -XEN_EINVAL);
	assert_int_equal(send_to(world, port), -XEN_EINVAL);
	assert_int_equal(host_xen_counts(world_xen(world))->ports, before);
	assert_int_equal(open_port(world, 0), port); /* the lowest free one */
}

static void
test_port_errors(void **state)
{
	struct world *world = *state;
	struct xen_evtchn_alloc_unbound alloc = { .domid = 4 };
	struct xen_evtchn_status status = { .domid = XEN_DOMID_SELF,
		.port = 100000 };

	world_machine(world, "xen");
	assert_int_equal(event_op(world, XEN_EVTCHN_ALLOC_UNBOUND, &alloc),
	    -XEN_ESRCH);
	alloc.domid = 0;
	assert_int_equal(event_op(world, XEN_EVTCHN_ALLOC_UNBOUND, &alloc),
	    -XEN_EPERM);
	assert_int_equal(event_op(world, XEN_EVTCHN_ALLOC_UNBOUND, NULL),
	    -XEN_EFAULT);
	assert_int_equal(event_op(world, XEN_EVTCHN_STATUS, &status),
	    -XEN_EINVAL);
	assert_int_equal(close_port(world, 0), -XEN_EINVAL);
	assert_int_equal(close_port(world, UINT32_MAX), -XEN_EINVAL);
	assert_int_equal(send_to(world, 0), -XEN_EINVAL);
	assert_int_equal(send_to(world, UINT32_MAX), -XEN_EINVAL);
	assert_int_equal(unmask(world, UINT32_MAX), -XEN_EINVAL);
	assert_int_equal(event_op(world, XEN_EVTCHN_BIND_PIRQ, NULL),
	    -XEN_EINVAL);
	assert_int_equal(event_op(world, 99, NULL), -XEN_ENOSYS);
}

static void
test_ports_run_out(void **state)
{
	struct world *world = *state;
	struct xen_evtchn_alloc_unbound alloc = { .domid = XEN_DOMID_SELF };
	struct xen_evtchn_bind_ipi ipi = { .vcpu = 0 };
	unsigned opened = 0;

	world_machine(world, "xen");
	while (event_op(world, XEN_EVTCHN_ALLOC_UNBOUND, &alloc) == 0)
		opened++;
	assert_int_equal(event_op(world, XEN_EVTCHN_ALLOC_UNBOUND, &alloc),
	    -XEN_ENOSPC);
	assert_int_equal(alloc.port, 1023); /* the last one given */
	assert_int_equal(opened, 1021);     /* and XenStore's and console's */
	assert_int_equal(event_op(world, XEN_EVTCHN_BIND_IPI, &ipi),
	    -XEN_ENOSPC);
}

static void
test_reset_closes_all(void **state)
{
	struct world *world = *state;
	struct xen_evtchn_reset reset = { .domid = 0 };
	struct xen_evtchn_status status;
	uint32_t port;

	world_machine(world, "xen");
	port = open_port(world, 0);
	assert_int_equal(event_op(world, XEN_EVTCHN_RESET, &reset), -XEN_EPERM);
	reset.domid = XEN_DOMID_SELF;
	assert_int_equal(event_op(world, XEN_EVTCHN_RESET, &reset), 0);
	assert_int_equal(status_of(world, port, &status), XEN_EVTCHN_IS_CLOSED);
	assert_int_equal(host_xen_counts(world_xen(world))->ports, 0);
}

/* ---- To domain 0 ------------------------------------------------------ */

static void
test_domain_0_connects(void **state)
{
	struct world *world = *state;
	struct xen_evtchn_status status;
	struct host_port *host;
	unsigned events = 0;
	uint32_t port;

	world_machine(world, "xen");
	port = open_port(world, 0);
	assert_int_equal(send_to(world, port), 0); /* to nobody */
	host = host_port_connect(world_xen(world), port, count, &events);
	assert_non_null(host);
	assert_int_equal(events, 0); /* never from inside */
	pass(world, 10000);
	assert_int_equal(events, 1); /* what may have been lost */
	assert_int_equal(status_of(world, port, &status),
	    XEN_EVTCHN_IS_INTERDOMAIN);
	assert_int_equal(status.u.interdomain.domid, 0);
	assert_int_equal(send_to(world, port), 0);
	assert_int_equal(send_to(world, port), 0);
	assert_int_equal(events, 1);
	pass(world, 10000);
	assert_int_equal(events, 2); /* two that are not taken are one */
	assert_null(host_port_connect(world_xen(world), port, count, &events));
	host_port_close(host);
	assert_int_equal(status_of(world, port, &status),
	    XEN_EVTCHN_IS_UNBOUND);
	assert_int_equal(send_to(world, port), 0);
	pass(world, 10000);
	assert_int_equal(events, 2);
}

static void
test_connecting_to_what_is_not_offered(void **state)
{
	struct world *world = *state;
	struct host_xen *xen;
	unsigned events = 0;

	world_machine(world, "xen");
	xen = world_xen(world);
	assert_null(host_port_connect(xen, 0, count, &events));
	assert_null(host_port_connect(xen, 500, count, &events));
	assert_null(host_port_connect(xen, UINT32_MAX, count, &events));
	assert_null(
	    host_port_connect(xen, open_port(world, 3), count, &events));
	assert_null(host_port_connect(xen,
	    host_xenstore_port(host_xen_store(xen)), count, &events));
}

static void
test_the_guest_closes_first(void **state)
{
	struct world *world = *state;
	struct xen_shared_info *shared;
	struct host_port *host;
	unsigned events = 0;
	uint32_t port;

	world_machine(world, "xen");
	shared = place_shared(world);
	port = open_port(world, 0);
	host = host_port_connect(world_xen(world), port, count, &events);
	assert_int_equal(close_port(world, port), 0);
	host_port_send(host);
	assert_int_equal(shared->pending[0], 0);
	host_port_close(host); /* and is not called any more */
	pass(world, 10000);
	assert_int_equal(events, 0);
	give_back(world);
}

/* ---- To itself -------------------------------------------------------- */

static void
test_loop(void **state)
{
	struct world *world = *state;
	struct xen_evtchn_bind_interdomain bind = {
		.remote_domid = XEN_DOMID_SELF
	};
	struct xen_evtchn_status status;
	struct xen_shared_info *shared;
	uint32_t port;

	world_machine(world, "xen");
	shared = place_shared(world);
	port = open_port(world, XEN_DOMID_SELF);
	bind.remote_port = port;
	assert_int_equal(event_op(world, XEN_EVTCHN_BIND_INTERDOMAIN, &bind),
	    0);
	assert_true(is_set(shared->pending, bind.port)); /* at once, once */
	assert_int_equal(status_of(world, port, &status),
	    XEN_EVTCHN_IS_INTERDOMAIN);
	assert_int_equal(status.u.interdomain.port, bind.port);
	assert_false(is_set(shared->pending, port));
	assert_int_equal(send_to(world, bind.port), 0);
	assert_true(is_set(shared->pending, port));
	assert_int_equal(close_port(world, bind.port), 0);
	assert_false(is_set(shared->pending, bind.port));
	assert_int_equal(status_of(world, port, &status),
	    XEN_EVTCHN_IS_UNBOUND);
	give_back(world);
}

static void
test_bind_interdomain_errors(void **state)
{
	struct world *world = *state;
	struct xen_evtchn_bind_interdomain bind = { .remote_domid = 0,
		.remote_port = 1 };

	world_machine(world, "xen");
#define BIND() event_op(world, XEN_EVTCHN_BIND_INTERDOMAIN, &bind)
	assert_int_equal(BIND(), -XEN_EINVAL);
	bind.remote_domid = 12;
	assert_int_equal(BIND(), -XEN_ESRCH);
	bind.remote_domid = XEN_DOMID_SELF;
	bind.remote_port = 700;
	assert_int_equal(BIND(), -XEN_EINVAL);
	bind.remote_port = open_port(world, 0); /* for another domain */
	assert_int_equal(BIND(), -XEN_EINVAL);
	assert_int_equal(host_xen_counts(world_xen(world))->ports, 3);
#undef BIND
}

static void
test_ipi_and_virq(void **state)
{
	struct world *world = *state;
	struct xen_evtchn_bind_ipi ipi = { .vcpu = 1 };
	struct xen_evtchn_bind_virq virq = { .virq = XEN_VIRQ_TIMER,
		.vcpu = 1 };
	struct xen_evtchn_bind_vcpu move = { .vcpu = 0 };
	struct xen_vcpu_timer timer = { .flags = XEN_VCPU_TIMER_FUTURE };
	struct xen_evtchn_status status;
	struct xen_shared_info *shared;

	world_machine(world, "xen");
	sim_machine_set_cpus(world->machine, 2);
	shared = place_shared(world);
	assert_int_equal(event_op(world, XEN_EVTCHN_BIND_IPI, &ipi), 0);
	assert_int_equal(send_to(world, ipi.port), 0);
	assert_true(is_set(shared->pending, ipi.port));
	assert_int_equal(shared->vcpu[1].upcall_pending, 1);
	assert_int_equal(shared->vcpu[0].upcall_pending, 0);
	move.port = ipi.port;
	assert_int_equal(event_op(world, XEN_EVTCHN_BIND_VCPU, &move),
	    -XEN_EINVAL);

	assert_int_equal(event_op(world, XEN_EVTCHN_BIND_VIRQ, &virq), 0);
	assert_int_equal(status_of(world, virq.port, &status),
	    XEN_EVTCHN_IS_VIRQ);
	assert_int_equal(send_to(world, virq.port), -XEN_EINVAL);
	timer.deadline = sim_now(world->sim) + PV_MILLISECOND;
	assert_int_equal(xen_call_on(world, 1, XEN_HC_VCPU_OP,
			     XEN_VCPU_SET_SINGLESHOT_TIMER, 1,
			     (uintptr_t)&timer),
	    0);
	pass(world, PV_MILLISECOND / 2);
	assert_false(is_set(shared->pending, virq.port));
	pass(world, PV_MILLISECOND);
	assert_true(is_set(shared->pending, virq.port));
	assert_int_equal(xen_call_on(world, 1, XEN_HC_VCPU_OP,
			     XEN_VCPU_SET_SINGLESHOT_TIMER, 1,
			     (uintptr_t)&timer),
	    -XEN_ETIME);
	assert_int_equal(event_op(world, XEN_EVTCHN_BIND_VIRQ, &virq),
	    -XEN_EEXIST);
	assert_int_equal(close_port(world, virq.port), 0);
	assert_int_equal(event_op(world, XEN_EVTCHN_BIND_VIRQ, &virq), 0);
	virq.vcpu = 2;
	assert_int_equal(event_op(world, XEN_EVTCHN_BIND_VIRQ, &virq),
	    -XEN_ENOENT);
	virq.virq = XEN_VIRQS;
	assert_int_equal(event_op(world, XEN_EVTCHN_BIND_VIRQ, &virq),
	    -XEN_EINVAL);
	virq = (struct xen_evtchn_bind_virq){ .virq = 3, .vcpu = 1 };
	assert_int_equal(event_op(world, XEN_EVTCHN_BIND_VIRQ, &virq),
	    -XEN_EINVAL); /* of the whole domain */
	ipi.vcpu = 2;
	assert_int_equal(event_op(world, XEN_EVTCHN_BIND_IPI, &ipi),
	    -XEN_ENOENT);
	give_back(world);
}

/* ---- Bits ------------------------------------------------------------- */

static void
test_pending_selects_and_calls(void **state)
{
	struct world *world = *state;
	struct xen_shared_info *shared;
	struct host_port *host;
	unsigned events = 0;
	uint32_t port;

	world_machine(world, "xen");
	shared = place_shared(world);
	while ((port = open_port(world, 0)) < 70)
		;
	host = host_port_connect(world_xen(world), port, count, &events);
	host_port_send(host);
	assert_true(is_set(shared->pending, port));
	assert_int_equal(shared->vcpu[0].pending_sel, 2);
	assert_int_equal(shared->vcpu[0].upcall_pending, 1);
	assert_int_equal(host_xen_counts(world_xen(world))->events, 1);
	give_back(world);
}

static void
test_masked_waits_for_unmask(void **state)
{
	struct world *world = *state;
	struct xen_shared_info *shared;
	struct host_port *host;
	unsigned events = 0;
	uint32_t port;

	world_machine(world, "xen");
	shared = place_shared(world);
	port = open_port(world, 0);
	host = host_port_connect(world_xen(world), port, count, &events);
	shared->mask[0] = 1u << port;
	host_port_send(host);
	assert_true(is_set(shared->pending, port));
	assert_int_equal(shared->vcpu[0].pending_sel, 0);
	assert_int_equal(shared->vcpu[0].upcall_pending, 0);
	assert_int_equal(unmask(world, port), 0);
	assert_false(is_set(shared->mask, port));
	assert_int_equal(shared->vcpu[0].pending_sel, 1);
	assert_int_equal(shared->vcpu[0].upcall_pending, 1);
	give_back(world);
}

static void
test_bind_vcpu_moves_events(void **state)
{
	struct world *world = *state;
	struct xen_evtchn_bind_vcpu move = { .vcpu = 3 };
	struct xen_shared_info *shared;
	struct host_port *host;
	unsigned events = 0;

	world_machine(world, "xen");
	sim_machine_set_cpus(world->machine, 4);
	shared = place_shared(world);
	move.port = open_port(world, 0);
	assert_int_equal(event_op(world, XEN_EVTCHN_BIND_VCPU, &move), 0);
	host = host_port_connect(world_xen(world), move.port, count, &events);
	host_port_send(host);
	assert_int_equal(shared->vcpu[0].upcall_pending, 0);
	assert_int_equal(shared->vcpu[3].upcall_pending, 1);
	move.vcpu = 4;
	assert_int_equal(event_op(world, XEN_EVTCHN_BIND_VCPU, &move),
	    -XEN_ENOENT);
	move = (struct xen_evtchn_bind_vcpu){ 900, 0 };
	assert_int_equal(event_op(world, XEN_EVTCHN_BIND_VCPU, &move),
	    -XEN_EINVAL);
	give_back(world);
}

static void
test_registered_vcpu_info_takes_over(void **state)
{
	struct world *world = *state;
	struct xen_vcpu_register_info area = { .offset = 128 };
	struct xen_shared_info *shared;
	struct xen_vcpu_info *info;
	struct host_port *host;
	unsigned events = 0;

	world_machine(world, "xen");
	shared = place_shared(world);
	info = (void *)((uint8_t *)guest_pages(world, 1, &area.frame) + 128);
	assert_int_equal(xen_call(world, XEN_HC_VCPU_OP, XEN_VCPU_REGISTER_INFO,
			     0, (uintptr_t)&area),
	    0);
	info->upcall_pending = 0;
	info->pending_sel = 0;
	host = host_port_connect(world_xen(world), open_port(world, 0), count,
	    &events);
	host_port_send(host);
	assert_int_equal(info->upcall_pending, 1);
	assert_int_equal(info->pending_sel, 1);
	assert_int_equal(shared->vcpu[0].upcall_pending, 0);
	give_back(world);
}

static void
test_set_priority_needs_the_fifo(void **state)
{
	struct world *world = *state;
	struct xen_evtchn_set_priority set = { 1, 3 };
	struct xen_evtchn_expand_array expand = { 1 };

	world_machine(world, "xen");
	assert_int_equal(event_op(world, XEN_EVTCHN_SET_PRIORITY, &set),
	    -XEN_ENOSYS);
	assert_int_equal(event_op(world, XEN_EVTCHN_EXPAND_ARRAY, &expand),
	    -XEN_EOPNOTSUPP);
}

/* ---- Interrupts ------------------------------------------------------- */

struct upcalls {
	struct world *world;
	struct xen_shared_info *shared;
	unsigned calls[4];
	bool lazy, no_eoi;
};

static void
upcall(void *argument, unsigned cpu)
{
	struct upcalls *upcalls = argument;
	const struct pv_port *port = sim_machine_port(upcalls->world->machine);

	upcalls->calls[cpu]++;
	if (!upcalls->lazy)
		upcalls->shared->vcpu[cpu].upcall_pending = 0;
	if (!upcalls->no_eoi)
		port->vector_eoi(port->ctx);
}

static int
set_callback(struct upcalls *upcalls, bool own)
{
	struct world *world = upcalls->world;
	const struct pv_port *port = sim_machine_port(world->machine);
	int vector = port->vector_alloc(port->ctx, upcall, upcalls);
	struct xen_hvm_value value = { .domid = XEN_DOMID_SELF,
		.index = XEN_HVM_PARAM_CALLBACK_IRQ,
		.value = XEN_HVM_CALLBACK_VECTOR((unsigned)vector) };
	struct xen_hvm_upcall_vector set = { 0, (uint8_t)vector, { 0 } };

	assert_true(vector >= 0x20);
	if (own)
		assert_int_equal(hvm_op(world, XEN_HVM_OP_SET_UPCALL_VECTOR,
				     &set),
		    0);
	else
		assert_int_equal(hvm_op(world, XEN_HVM_OP_SET_PARAM, &value),
		    0);
	return vector;
}

static void
free_vector(struct world *world, int vector)
{
	const struct pv_port *port = sim_machine_port(world->machine);

	port->vector_free(port->ctx, vector);
}

static void
test_callback_vector(void **state)
{
	struct world *world = *state;
	struct upcalls upcalls = { .world = world, .no_eoi = true };
	struct host_port *host;
	unsigned events = 0;
	int vector;

	world_machine(world, "xen");
	upcalls.shared = place_shared(world);
	vector = set_callback(&upcalls, false);
	host = host_port_connect(world_xen(world), open_port(world, 0), count,
	    &events);
	host_port_send(host);
	assert_int_equal(upcalls.calls[0], 0); /* never from inside */
	pass(world, 2000);
	assert_int_equal(upcalls.calls[0], 1);
	host_port_send(host); /* is pending still */
	pass(world, PV_SECOND);
	assert_int_equal(upcalls.calls[0], 1);
	assert_int_equal(host_xen_counts(world_xen(world))->violations, 0);
	free_vector(world, vector);
	give_back(world);
}

static void
test_vector_of_a_vcpu_wants_eoi(void **state)
{
	struct world *world = *state;
	struct upcalls upcalls = { .world = world, .no_eoi = true };
	const struct pv_port *port;
	int vector;

	world_machine(world, "xen");
	port = sim_machine_port(world->machine);
	upcalls.shared = place_shared(world);
	vector = set_callback(&upcalls, true);
	pass(world, 10000);
	assert_int_equal(upcalls.calls[0], 1); /* setting it raises it */
	host_xen_raise(world_xen(world), 5);
	pass(world, PV_SECOND);
	assert_int_equal(upcalls.calls[0], 1); /* no EOI yet */
	upcalls.no_eoi = false;
	port->vector_eoi(port->ctx);
	pass(world, 10000);
	assert_int_equal(upcalls.calls[0], 2);
	host_xen_raise(world_xen(world), 70);
	pass(world, 10000);
	assert_int_equal(upcalls.calls[0], 3);
	free_vector(world, vector);
	give_back(world);
}

static void
test_upcall_left_pending(void **state)
{
	struct world *world = *state;
	struct upcalls upcalls = { .world = world, .no_eoi = true };
	int vector;

	world_machine(world, "xen");
	upcalls.shared = place_shared(world);
	vector = set_callback(&upcalls, false);
	upcalls.lazy = true;
	host_xen_raise(world_xen(world), 5);
	pass(world, PV_SECOND);
	assert_true(upcalls.calls[0] > 4 && upcalls.calls[0] < 100);
	assert_int_equal(host_xen_counts(world_xen(world))->violations, 1);
	free_vector(world, vector);
	give_back(world);
}

static void
test_interrupts_reach_their_cpu(void **state)
{
	struct world *world = *state;
	const struct pv_port *port;
	struct xen_evtchn_bind_ipi ipi = { .vcpu = 2 };
	unsigned calls[4] = { 0 };
	int vector;

	world_machine(world, "xen");
	sim_machine_set_cpus(world->machine, 4);
	port = sim_machine_port(world->machine);
	assert_int_equal(port->cpus(port->ctx), 4);
	vector = port->vector_alloc(port->ctx, counted, calls);
	for (unsigned i = 0; i < 4; i++) {
		struct xen_hvm_upcall_vector set = { i, (uint8_t)vector,
			{ 0 } };

		assert_int_equal(hvm_op(world, XEN_HVM_OP_SET_UPCALL_VECTOR,
				     &set),
		    0);
	}
	pass(world, 10000);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(calls[i], 1);
		sim_machine_set_cpu(world->machine, i);
		port->vector_eoi(port->ctx);
	}
	assert_int_equal(event_op(world, XEN_EVTCHN_BIND_IPI, &ipi), 0);
	assert_int_equal(send_to(world, ipi.port), 0);
	pass(world, 10000);
	assert_int_equal(calls[2], 2);
	assert_int_equal(calls[0] + calls[1] + calls[3], 3);
	free_vector(world, vector);
}

static void
test_events_lost_and_dropped(void **state)
{
	struct world *world = *state;
	struct upcalls upcalls = { .world = world, .no_eoi = true };
	struct host_xen_manners *manners;
	int vector;

	world_machine(world, "xen");
	manners = host_xen_manners(world_xen(world));
	upcalls.shared = place_shared(world);
	vector = set_callback(&upcalls, false);
	manners->drop_events = true;
	host_xen_raise(world_xen(world), 5);
	assert_int_equal(upcalls.shared->pending[0], 0);
	manners->drop_events = false;
	manners->lose_events = true;
	host_xen_raise(world_xen(world), 5);
	assert_int_equal(upcalls.shared->pending[0], 1 << 5);
	pass(world, PV_SECOND);
	assert_int_equal(upcalls.calls[0], 0);
	manners->lose_events = false;
	manners->keep_upcall_pending = true;
	host_xen_raise(world_xen(world), 70);
	pass(world, PV_SECOND);
	assert_int_equal(upcalls.calls[0], 1);
	assert_int_equal(upcalls.shared->vcpu[0].upcall_pending, 1);
	host_xen_raise(world_xen(world), 200);
	pass(world, PV_SECOND);
	assert_int_equal(upcalls.calls[0], 2);
	free_vector(world, vector);
	give_back(world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_open_and_close),
		world_test(test_port_errors),
		world_test(test_ports_run_out),
		world_test(test_reset_closes_all),
		world_test(test_domain_0_connects),
		world_test(test_connecting_to_what_is_not_offered),
		world_test(test_the_guest_closes_first),
		world_test(test_loop),
		world_test(test_bind_interdomain_errors),
		world_test(test_ipi_and_virq),
		world_test(test_pending_selects_and_calls),
		world_test(test_masked_waits_for_unmask),
		world_test(test_bind_vcpu_moves_events),
		world_test(test_registered_vcpu_info_takes_over),
		world_test(test_set_priority_needs_the_fifo),
		world_test(test_callback_vector),
		world_test(test_vector_of_a_vcpu_wants_eoi),
		world_test(test_upcall_left_pending),
		world_test(test_interrupts_reach_their_cpu),
		world_test(test_events_lost_and_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
