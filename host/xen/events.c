/* SPDX-License-Identifier: ISC */
/* Event channels: the table of ports, and EVTCHNOP_*. */
#include <stdlib.h>
#include <string.h>

#include "host/xen/xen_private.h"

/* Xen makes its table grow by so many ports. */
#define BUCKET 64

bool
xen_events_init(struct host_xen *xen)
{
	xen->port_limit = xen->config.ports;
	xen->ports_valid = BUCKET;
	xen->next_host_port = 16;
	xen->ports = calloc(xen->port_limit + 1, sizeof(*xen->ports));
	return xen->ports != NULL;
}

void
xen_events_free(struct host_xen *xen)
{
	while (xen->host_ports != NULL) {
		struct host_port *port = xen->host_ports;

		xen->host_ports = port->next;
		free(port);
	}
	free(xen->ports);
}

/* An open port, or NULL. */
struct xen_port *
xen_port(struct host_xen *xen, uint32_t port)
{
	if (port == 0 || port >= xen->ports_valid || port > xen->port_limit ||
	    xen->ports[port].state == XEN_EVTCHN_IS_CLOSED)
		return NULL;
	return &xen->ports[port];
}

long
xen_port_new(struct host_xen *xen)
{
	uint32_t port = 1;

	while (port <= xen->port_limit &&
	    xen->ports[port].state != XEN_EVTCHN_IS_CLOSED)
		port++;
	if (port > xen->port_limit)
		return -XEN_ENOSPC;
	while (port >= xen->ports_valid)
		xen->ports_valid += BUCKET;
	xen->ports[port] = (struct xen_port){
		.state = XEN_EVTCHN_IS_UNBOUND,
		.priority = XEN_FIFO_PRIORITY_DEFAULT,
		/* where its word was linked before, if it still is */
		.last_vcpu = xen->ports[port].last_vcpu,
		.last_priority = xen->ports[port].last_priority,
	};
	xen->counts.ports++;
	return (long)port;
}

/* The other end loses its partner, and waits for another one. */
static void
unbind(struct host_xen *xen, struct xen_port *entry)
{
	struct xen_port *other;

	if (entry->host != NULL) {
		entry->host->port = 0;
		entry->host = NULL;
		return;
	}
	other = xen_port(xen, entry->remote_port);
	if (other == NULL || other == entry)
		return;
	other->state = XEN_EVTCHN_IS_UNBOUND;
	other->remote = xen->domain;
	other->remote_port = 0;
}

void
xen_port_free(struct host_xen *xen, uint32_t port)
{
	struct xen_port *entry = &xen->ports[port];

	if (entry->state == XEN_EVTCHN_IS_INTERDOMAIN)
		unbind(xen, entry);
	if (entry->state == XEN_EVTCHN_IS_VIRQ)
		for (unsigned i = 0; i < xen->config.vcpus; i++)
			if (xen->vcpus[i].virqs[entry->virq] == port)
				xen->vcpus[i].virqs[entry->virq] = 0;
	xen_clear_pending(xen, port);
	entry->state = XEN_EVTCHN_IS_CLOSED;
	entry->vcpu = 0;
	xen->counts.ports--;
}

/* All ports, and the FIFO. */
void
xen_events_forget(struct host_xen *xen)
{
	for (uint32_t port = 1;
	     port < xen->ports_valid && port <= xen->port_limit; port++)
		if (xen->ports[port].state != XEN_EVTCHN_IS_CLOSED)
			xen_port_free(xen, port);
	memset(xen->ports, 0, (xen->port_limit + 1) * sizeof(*xen->ports));
	xen_fifo_forget(xen);
}

/* ---- In use ----------------------------------------------------------- */

static long
send(struct host_xen *xen, uint64_t address)
{
	struct xen_evtchn_send send;
	struct xen_port *entry;
	long result = xen_take(xen, address, &send, sizeof(send));

	if (result != 0)
		return result;
	entry = xen_port(xen, send.port);
	if (entry == NULL || entry->state == XEN_EVTCHN_IS_VIRQ)
		return -XEN_EINVAL;
	xen->counts.signals++;
	if (entry->host != NULL)
		xen_host_port_notify(entry->host);
	else if (entry->state == XEN_EVTCHN_IS_INTERDOMAIN)
		xen_set_pending(xen, entry->remote_port);
	else if (entry->state == XEN_EVTCHN_IS_IPI)
		xen_set_pending(xen, send.port);
	return 0; /* one that is not bound yet swallows it */
}

static long
status(struct host_xen *xen, uint64_t address)
{
	struct xen_evtchn_status status;
	struct xen_port *entry;
	long result = xen_take(xen, address, &status, sizeof(status));

	if (result == 0)
		result = xen_domain_check(xen, status.domid);
	if (result != 0)
		return result;
	if (status.port >= xen->ports_valid)
		return -XEN_EINVAL;
	entry = xen_port(xen, status.port);
	status.status = entry != NULL ? entry->state : XEN_EVTCHN_IS_CLOSED;
	status.vcpu = entry != NULL ? entry->vcpu : 0;
	memset(&status.u, 0, sizeof(status.u));
	if (status.status == XEN_EVTCHN_IS_UNBOUND)
		status.u.unbound.domid = entry->remote;
	if (status.status == XEN_EVTCHN_IS_INTERDOMAIN) {
		status.u.interdomain.domid = entry->remote;
		status.u.interdomain.port = entry->remote_port;
	}
	if (status.status == XEN_EVTCHN_IS_VIRQ)
		status.u.virq = entry->virq;
	return xen_give(xen, address, &status, sizeof(status));
}

static long
bind_vcpu(struct host_xen *xen, uint64_t address)
{
	struct xen_evtchn_bind_vcpu bind;
	struct xen_port *entry;
	long result = xen_take(xen, address, &bind, sizeof(bind));

	if (result != 0)
		return result;
	if (bind.vcpu >= xen->config.vcpus)
		return -XEN_ENOENT;
	entry = xen_port(xen, bind.port);
	if (entry == NULL || entry->state == XEN_EVTCHN_IS_IPI ||
	    (entry->state == XEN_EVTCHN_IS_VIRQ &&
		!xen_virq_is_global(entry->virq)))
		return -XEN_EINVAL;
	entry->vcpu = (uint8_t)bind.vcpu;
	return 0;
}

static long
close_port(struct host_xen *xen, uint64_t address)
{
	struct xen_evtchn_close close;
	long result = xen_take(xen, address, &close, sizeof(close));

	if (result != 0)
		return result;
	if (xen_port(xen, close.port) == NULL)
		return -XEN_EINVAL;
	xen_port_free(xen, close.port);
	return 0;
}

static long
unmask(struct host_xen *xen, uint64_t address)
{
	struct xen_evtchn_unmask unmask;
	long result = xen_take(xen, address, &unmask, sizeof(unmask));

	if (result != 0)
		return result;
	return xen_unmask(xen, unmask.port) ? 0 : -XEN_EINVAL;
}

static long
reset(struct host_xen *xen, uint64_t address)
{
	struct xen_evtchn_reset reset;
	long result = xen_take(xen, address, &reset, sizeof(reset));

	if (result == 0)
		result = xen_domain_check(xen, reset.domid);
	if (result == 0)
		xen_events_forget(xen);
	return result;
}

static long
set_priority(struct host_xen *xen, uint64_t address)
{
	struct xen_evtchn_set_priority set;
	long result = xen_take(xen, address, &set, sizeof(set));

	if (result != 0)
		return result;
	if (set.port >= xen->ports_valid || set.port > xen->port_limit)
		return -XEN_EINVAL;
	if (!xen->fifo)
		return -XEN_ENOSYS;
	if (set.priority > XEN_FIFO_PRIORITY_LOWEST)
		return -XEN_EINVAL;
	xen->ports[set.port].priority = (uint8_t)set.priority;
	return 0;
}

long
xen_event_op(struct host_xen *xen, unsigned vcpu, const uint64_t arguments[5])
{
	uint64_t address = arguments[1];

	(void)vcpu;
	switch (arguments[0]) {
	case XEN_EVTCHN_ALLOC_UNBOUND:
		return xen_port_alloc_unbound(xen, address);
	case XEN_EVTCHN_BIND_INTERDOMAIN:
		return xen_port_bind_interdomain(xen, address);
	case XEN_EVTCHN_BIND_VIRQ:
		return xen_port_bind_virq(xen, address);
	case XEN_EVTCHN_BIND_IPI:
		return xen_port_bind_ipi(xen, address);
	case XEN_EVTCHN_BIND_PIRQ:
		return -XEN_EINVAL; /* a PVH guest has none */
	case XEN_EVTCHN_BIND_VCPU:
		return bind_vcpu(xen, address);
	case XEN_EVTCHN_CLOSE:
		return close_port(xen, address);
	case XEN_EVTCHN_SEND:
		return send(xen, address);
	case XEN_EVTCHN_STATUS:
		return status(xen, address);
	case XEN_EVTCHN_UNMASK:
		return unmask(xen, address);
	case XEN_EVTCHN_RESET:
		return reset(xen, address);
	case XEN_EVTCHN_INIT_CONTROL:
		return xen_fifo_init_control(xen, address);
	case XEN_EVTCHN_EXPAND_ARRAY:
		return xen_fifo_expand(xen, address);
	case XEN_EVTCHN_SET_PRIORITY:
		return set_priority(xen, address);
	default:
		return -XEN_ENOSYS;
	}
}
