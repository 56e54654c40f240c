/* SPDX-License-Identifier: ISC */
/* How a vCPU is told that it has events. */
#include "host/xen/xen_private.h"

/* The callback vector is a level: it comes again as long as upcall_pending is
 * set and interrupts are on.  So many times in a row is a guest's bug. */
#define IGNORED_MAX 16
#define LOOK_AGAIN 10000u /* nanoseconds */

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

static void
look_again(void *argument)
{
	struct xen_vcpu *vcpu = argument;
	struct host_xen *xen = vcpu->xen;
	unsigned index = (unsigned)(vcpu - xen->vcpus);
	struct xen_vcpu_info *info = xen_vcpu_info(xen, index);

	vcpu->checking = false;
	if (xen->manners.keep_upcall_pending) {
		info->upcall_pending = 1;
		return;
	}
	if (info->upcall_pending == 0 || vcpu->upcall_vector != 0 ||
	    xen->manners.lose_events) {
		vcpu->ignored = 0;
		return;
	}
	if (++vcpu->ignored == IGNORED_MAX) {
		xen->counts.violations++;
		return;
	}
	if (vcpu->ignored < IGNORED_MAX)
		xen_inject(xen, index);
}

void
xen_inject(struct host_xen *xen, unsigned index)
{
	struct xen_vcpu *vcpu = &xen->vcpus[index];
	uint8_t vector = vcpu->upcall_vector;

	if (vector == 0)
		vector = callback_vector(xen);
	if (vector == 0 || xen->manners.lose_events)
		return;
	xen_time_update(xen, index);
	xen->world.interrupt(xen->world.ctx, index, vector);
	if (vcpu->checking)
		return;
	vcpu->checking = true;
	xen->world.later(xen->world.ctx, LOOK_AGAIN, look_again, vcpu);
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
