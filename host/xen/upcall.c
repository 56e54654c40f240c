/* SPDX-License-Identifier: ISC */
/* How a vCPU is told that it has events. */
#include "host/xen/xen_private.h"

/* The callback vector is a level: it comes again as long as upcall_pending is
 * set and interrupts are on.  So many times in a row is a guest's bug. */
#define IGNORED_MAX 16
#define LOOK_AGAIN 10000u /* nanoseconds */
/* An APIC that is off loses vectors.  The time until one comes again doubles up
 * to the second of these. */
#define APIC_AGAIN 1000000u
#define APIC_AGAIN_MAX 64000000u

bool
host_xen_upcall_by_apic(const struct host_xen *xen, unsigned vcpu)
{
	return vcpu < xen->config.vcpus && xen->vcpus[vcpu].upcall_vector != 0;
}

/* 0: none is set, and the guest looks by itself. */
static uint8_t
callback_vector(const struct host_xen *xen)
{
	uint64_t callback = xen->params[XEN_HVM_PARAM_CALLBACK_IRQ];

	if (callback >> XEN_HVM_CALLBACK_TYPE_SHIFT !=
	    XEN_HVM_CALLBACK_TYPE_VECTOR)
		return 0;
	return (uint8_t)callback;
}

/* Only the first vCPU's go there, and none of one that has a vector. */
static bool
wants_line(struct host_xen *xen)
{
	uint64_t callback = xen->params[XEN_HVM_PARAM_CALLBACK_IRQ];

	return callback != 0 && callback_vector(xen) == 0 &&
	    xen->vcpus[0].upcall_vector == 0 && !xen->manners.lose_events &&
	    __atomic_load_n(&xen_vcpu_info(xen, 0)->upcall_pending,
		__ATOMIC_SEQ_CST) != 0;
}

void
xen_line_update(struct host_xen *xen)
{
	bool level = xen->config.line != NULL && wants_line(xen);

	if (level == xen->line)
		return;
	/* down is that one which is up: the parameter may be another by now */
	if (level)
		xen->line_callback = xen->params[XEN_HVM_PARAM_CALLBACK_IRQ];
	xen->line = level;
	xen->config.line(xen->config.ctx, xen->line_callback, level);
}

static void look_later(struct xen_vcpu *, uint64_t delay);

static bool
by_real_apic(const struct xen_vcpu *vcpu)
{
	return vcpu->upcall_vector != 0 && vcpu->xen->config.real_apics;
}

static void
inject_again(struct xen_vcpu *vcpu)
{
	const struct host_world *world = &vcpu->xen->world;

	if (APIC_AGAIN << vcpu->ignored < APIC_AGAIN_MAX)
		vcpu->ignored++;
	world->interrupt(world->ctx, (unsigned)(vcpu - vcpu->xen->vcpus),
	    vcpu->upcall_vector);
	look_later(vcpu, (uint64_t)APIC_AGAIN << vcpu->ignored);
}

static void
look_again(void *argument)
{
	struct xen_vcpu *vcpu = argument;
	struct host_xen *xen = vcpu->xen;
	unsigned index = (unsigned)(vcpu - xen->vcpus);
	struct xen_vcpu_info *info = xen_vcpu_info(xen, index);

	vcpu->checking = false;
	if (index == 0)
		xen_line_update(xen);
	if (index == 0 && xen->line) {
		look_later(vcpu, LOOK_AGAIN);
		return;
	}
	if (xen->manners.keep_upcall_pending) {
		__atomic_store_n(&info->upcall_pending, 1, __ATOMIC_SEQ_CST);
		return;
	}
	if (__atomic_load_n(&info->upcall_pending, __ATOMIC_SEQ_CST) == 0 ||
	    (vcpu->upcall_vector != 0 && !xen->config.real_apics) ||
	    xen->manners.lose_events) {
		vcpu->ignored = 0;
		return;
	}
	if (by_real_apic(vcpu)) {
		inject_again(vcpu);
		return;
	}
	if (++vcpu->ignored == IGNORED_MAX) {
		xen->counts.violations++;
		return;
	}
	if (vcpu->ignored < IGNORED_MAX)
		xen_inject(xen, index);
}

static void
look_later(struct xen_vcpu *vcpu, uint64_t delay)
{
	const struct host_world *world = &vcpu->xen->world;

	if (vcpu->checking)
		return;
	vcpu->checking = true;
	world->later(world->ctx, delay, look_again, vcpu);
}

void
xen_inject(struct host_xen *xen, unsigned index)
{
	struct xen_vcpu *vcpu = &xen->vcpus[index];
	uint8_t vector = vcpu->upcall_vector;

	if (xen->manners.lose_events)
		return;
	if (vector == 0)
		vector = callback_vector(xen);
	xen_time_update(xen, index);
	if (vector != 0)
		xen->world.interrupt(xen->world.ctx, index, vector);
	else if (index == 0)
		xen_line_update(xen);
	if (by_real_apic(vcpu))
		look_later(vcpu, APIC_AGAIN);
	else if (vcpu->upcall_vector == 0 ? vector != 0 || xen->line
					  : xen->manners.keep_upcall_pending)
		look_later(vcpu, LOOK_AGAIN);
}

/* There are events for it. */
void
xen_upcall(struct host_xen *xen, unsigned index)
{
	struct xen_vcpu_info *info = xen_vcpu_info(xen, index);
	uint8_t before = __atomic_exchange_n(&info->upcall_pending, 1,
	    __ATOMIC_SEQ_CST);

	if (before == 0 || xen->manners.keep_upcall_pending)
		xen_inject(xen, index);
}
