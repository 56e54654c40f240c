/* SPDX-License-Identifier: ISC */
/*
 * Xen lets go of the pages of the FIFO only when all event channels are reset,
 * those that the host made for us among them.  Who boots after us needs these:
 * so they are connected again, to where they were before.
 */
#include "guest/xen/events_private.h"

static const uint32_t params[] = { XEN_HVM_PARAM_STORE_EVTCHN,
	XEN_HVM_PARAM_CONSOLE_EVTCHN };
#define PARAMS (sizeof(params) / sizeof(params[0]))

struct kept {
	uint32_t port; /* 0: there is none */
	struct xen_evtchn_bind_interdomain bind;
};

static void
look(struct xen *xen, uint32_t param, struct kept *kept)
{
	struct xen_evtchn_status status = { .domid = XEN_DOMID_SELF };
	uint64_t port;

	kept->port = 0;
	if (xen_param_get(xen, param, &port) != PV_OK || port == 0 ||
	    port >= XEN_FIFO_PORTS)
		return;
	status.port = (uint32_t)port;
	if (event_op(xen, xen->stats, XEN_EVTCHN_STATUS, &status) < 0 ||
	    status.status != XEN_EVTCHN_IS_INTERDOMAIN)
		return;
	kept->port = (uint32_t)port;
	kept->bind = (struct xen_evtchn_bind_interdomain){
		.remote_domid = status.u.interdomain.domid,
		.remote_port = status.u.interdomain.port,
	};
}

static void
connect(struct xen *xen, uint32_t param, struct kept *kept)
{
	if (kept->port == 0)
		return;
	if (event_op(xen, xen->stats, XEN_EVTCHN_BIND_INTERDOMAIN,
		&kept->bind) < 0)
		xen_log(xen, PV_LOG_ERROR, "port %u of the host is lost",
		    kept->port);
	else if (kept->bind.port != kept->port)
		xen_param_set(xen, param, kept->bind.port);
}

bool
events_reset(struct xen *xen)
{
	struct xen_evtchn_reset reset = { .domid = XEN_DOMID_SELF };
	struct kept kept[PARAMS];

	for (unsigned i = 0; i < PARAMS; i++)
		look(xen, params[i], &kept[i]);
	if (event_op(xen, xen->stats, XEN_EVTCHN_RESET, &reset) < 0)
		return false;
	/* the lowest free port is given first: most often the same again */
	if (kept[0].port > kept[1].port && kept[1].port != 0) {
		connect(xen, params[1], &kept[1]);
		connect(xen, params[0], &kept[0]);
	} else {
		connect(xen, params[0], &kept[0]);
		connect(xen, params[1], &kept[1]);
	}
	return true;
}
