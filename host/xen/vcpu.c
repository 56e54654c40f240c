/* SPDX-License-Identifier: ISC */
/* What a vCPU registers, and its timer. */
#include "host/xen/xen_private.h"

/* Xen takes the old contents over, and lets everything look pending once, so
 * that nothing is lost on the way. */
static void
move_info(struct host_xen *xen, unsigned index, uint64_t physical)
{
	struct xen_vcpu_info *from = xen_vcpu_info(xen, index), *to;

	xen->vcpus[index].info = physical;
	to = xen_vcpu_info(xen, index);
	*to = *from;
	if (!xen->fifo)
		__atomic_store_n(&to->pending_sel, UINT64_MAX,
		    __ATOMIC_SEQ_CST);
	__atomic_store_n(&to->upcall_pending, 1, __ATOMIC_SEQ_CST);
	xen_time_update(xen, index);
	xen_inject(xen, index);
}

static long
register_info(struct host_xen *xen, unsigned current, unsigned index,
    uint64_t address)
{
	struct xen_vcpu_register_info area;
	long result = xen_take(xen, address, &area, sizeof(area));

	if (result != 0)
		return result;
	if (area.offset > XEN_PAGE_SIZE - sizeof(struct xen_vcpu_info))
		return -XEN_ENXIO;
	/* by itself, or before it is up */
	if (xen->vcpus[index].info != 0 ||
	    (index != current && xen->vcpus[index].up))
		return -XEN_EINVAL;
	if (area.offset % sizeof(uint64_t) != 0 ||
	    !xen_frame_ok(xen, area.frame))
		return -XEN_EINVAL;
	move_info(xen, index, (area.frame << XEN_PAGE_SHIFT) + area.offset);
	return 0;
}

static long
register_time(struct host_xen *xen, unsigned index, uint64_t address)
{
	struct xen_vcpu_register_time area;
	struct xen_vcpu_time time;
	long result = xen_take(xen, address, &area, sizeof(area));

	/* 0 ends it: Linux does so before it is saved */
	if (result == 0 && area.address != 0)
		result = xen_take(xen, area.address, &time, sizeof(time));
	if (result != 0)
		return result;
	xen->vcpus[index].time_area = area.address;
	xen_time_update(xen, index);
	return 0;
}

/* All of the time was spent running: the model knows of no other guest. */
static long
give_runstate(struct host_xen *xen, uint64_t address)
{
	uint64_t now = xen->world.now(xen->world.ctx);
	struct xen_vcpu_runstate state = { .state = XEN_RUNSTATE_RUNNING,
		.since = now,
		.time = { [XEN_RUNSTATE_RUNNING] = now } };

	return xen_give(xen, address, &state, sizeof(state));
}

static long
register_runstate(struct host_xen *xen, unsigned index, uint64_t address)
{
	struct xen_vcpu_register_time area;
	long result = xen_take(xen, address, &area, sizeof(area));

	if (result == 0)
		result = give_runstate(xen, area.address);
	if (result == 0)
		xen->vcpus[index].runstate = area.address;
	return result;
}

static void
timer_due(void *argument)
{
	struct xen_vcpu *vcpu = (struct xen_vcpu *)(void *)((char *)argument -
	    offsetof(struct xen_vcpu, timer));
	struct host_xen *xen = vcpu->xen;

	if (vcpu->timer == 0 || xen->world.now(xen->world.ctx) < vcpu->timer)
		return; /* stopped, or set anew */
	vcpu->timer = 0;
	if (vcpu->virqs[XEN_VIRQ_TIMER] != 0)
		xen_set_pending(xen, vcpu->virqs[XEN_VIRQ_TIMER]);
}

/* Of a world that can forget there is one call at a time, whatever a guest
 * does. */
static void
start_timer(struct host_xen *xen, struct xen_vcpu *vcpu, uint64_t delay)
{
	const struct host_world *world = &xen->world;

	if (world->forget != NULL)
		world->forget(world->ctx, &vcpu->timer);
	world->later(world->ctx, delay, timer_due, &vcpu->timer);
}

static long
set_timer(struct host_xen *xen, unsigned current, unsigned index,
    uint64_t address)
{
	struct xen_vcpu_timer timer;
	uint64_t now = xen->world.now(xen->world.ctx);
	long result;

	if (index != current)
		return -XEN_EINVAL;
	result = xen_take(xen, address, &timer, sizeof(timer));
	if (result != 0)
		return result;
	if ((timer.flags & XEN_VCPU_TIMER_FUTURE) != 0 && timer.deadline < now)
		return -XEN_ETIME;
	xen->vcpus[index].timer = timer.deadline != 0 ? timer.deadline : 1;
	start_timer(xen, &xen->vcpus[index],
	    timer.deadline > now ? timer.deadline - now : 0);
	return 0;
}

long
xen_vcpu_op(struct host_xen *xen, unsigned current, const uint64_t arguments[5])
{
	uint64_t index = arguments[1], address = arguments[2];

	if (index >= xen->config.vcpus)
		return -XEN_ENOENT;
	switch (arguments[0]) {
	/* Linux takes the others down for a moment, when it comes back from a
	 * suspend and registers their pages; they spin meanwhile anyway. */
	case XEN_VCPU_UP:
	case XEN_VCPU_DOWN:
		if (!xen->config.real_apics)
			return -XEN_ENOSYS;
		xen->vcpus[index].up = arguments[0] == XEN_VCPU_UP;
		return 0;
	case XEN_VCPU_IS_UP:
		return xen->vcpus[index].up;
	case XEN_VCPU_GET_RUNSTATE:
		return give_runstate(xen, address);
	case XEN_VCPU_REGISTER_RUNSTATE:
		return register_runstate(xen, (unsigned)index, address);
	case XEN_VCPU_STOP_PERIODIC_TIMER:
		return 0; /* no vCPU of the model's ever has one */
	case XEN_VCPU_REGISTER_INFO:
		return register_info(xen, current, (unsigned)index, address);
	case XEN_VCPU_REGISTER_TIME_AREA:
		return register_time(xen, (unsigned)index, address);
	case XEN_VCPU_SET_SINGLESHOT_TIMER:
		return set_timer(xen, current, (unsigned)index, address);
	case XEN_VCPU_STOP_SINGLESHOT_TIMER:
		if (index != current)
			return -XEN_EINVAL;
		xen->vcpus[index].timer = 0;
		return 0;
	default:
		return -XEN_ENOSYS;
	}
}
