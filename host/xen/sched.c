/* SPDX-License-Identifier: ISC */
/* Scheduling, of which a model can do little, and the end of a guest. */
#include "host/xen/xen_private.h"

/* Xen's limit for the ports of one poll. */
#define POLL_MAX 128

/* Returns at once: a model cannot stop the vCPU that calls it.  A guest must
 * stand that anyway, for Xen returns on any event. */
static long
poll(struct host_xen *xen, uint64_t address)
{
	struct xen_sched_poll poll;
	uint32_t port;
	long result = xen_take(xen, address, &poll, sizeof(poll));

	if (result != 0)
		return result;
	if (poll.count > POLL_MAX)
		return -XEN_EINVAL;
	for (uint32_t i = 0; i < poll.count; i++) {
		result = xen_take(xen, poll.ports + i * sizeof(port), &port,
		    sizeof(port));
		if (result != 0)
			return result;
		if (port >= xen->ports_valid)
			return -XEN_EINVAL;
	}
	return 0;
}

static long
shutdown(struct host_xen *xen, uint64_t address)
{
	struct xen_sched_shutdown shutdown;
	long result = xen_take(xen, address, &shutdown, sizeof(shutdown));

	if (result != 0)
		return result;
	xen->counts.shutdown_reason = (shutdown.reason & 0xff) + 1;
	if (shutdown.reason != XEN_SHUTDOWN_SUSPEND) {
		if (xen->config.shutdown != NULL)
			xen->config.shutdown(xen->config.ctx, shutdown.reason);
		return 0;
	}
	xen->counts.suspends++;
	if (xen->manners.suspend_cancelled)
		return 1;
	xen_suspend(xen);
	return 0;
}

long
xen_sched_op(struct host_xen *xen, const uint64_t arguments[5])
{
	switch (arguments[0]) {
	case XEN_SCHED_YIELD:
	case XEN_SCHED_BLOCK:
		return 0;
	case XEN_SCHED_POLL:
		return poll(xen, arguments[1]);
	case XEN_SCHED_SHUTDOWN:
		return shutdown(xen, arguments[1]);
	default:
		return -XEN_ENOSYS;
	}
}
