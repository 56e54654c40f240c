/* SPDX-License-Identifier: ISC */
/*
 * Being saved and restored.  The call that suspends returns in another life:
 * perhaps on another host, as another domain, with an empty grant table, no
 * event channels and no shared page.
 */
#include "guest/xen/xen_private.h"
#include "guest/xen/xenbus_private.h"

/* What SCHEDOP_shutdown returns when the host changed its mind. */
#define CANCELLED 1

/* From the first thing that the others need to the last. */
static int
come_back(struct xen *xen, void *shared)
{
	int error = xen_hypercall_place(xen);

	xen_numbers(xen);
	xen->shared = shared;
	if (error == PV_OK)
		error = xen_shared_place(xen);
	if (error == PV_OK)
		error = xen_events_resume(xen);
	if (error == PV_OK)
		error = xen_grants_resume(xen);
	return error;
}

int
xen_suspended(struct pv_device *device)
{
	struct xen *xen = device->softc;
	struct xen_sched_shutdown shutdown = { .reason = XEN_SHUTDOWN_SUSPEND };
	void *shared = xen->shared;
	long result;
	int error;

	if (!xen->privileged)
		return PV_ENOTSUP;
	xenbus_suspend(xen);
	/* an interrupt in the new life finds no page before there is one */
	__atomic_store_n(&xen->shared, NULL, __ATOMIC_SEQ_CST);
	result = xen_hypercall(xen, xen->stats, XEN_HC_SCHED_OP,
	    XEN_SCHED_SHUTDOWN, (uintptr_t)&shutdown, 0);
	if (result < 0 || result == CANCELLED) {
		__atomic_store_n(&xen->shared, shared, __ATOMIC_SEQ_CST);
		xen_events_scan(xen, 0);
		xenbus_resume_cancelled(xen);
		return result < 0 ? xen_error(result) : PV_EINTR;
	}
	xen->generation++;
	error = come_back(xen, shared);
	if (error != PV_OK) {
		pv_device_broken(device, "it cannot be resumed");
		return error;
	}
	xen_clock_resume(xen);
	xen_unplug(xen);
	xenbus_resume(xen);
	return PV_OK;
}
