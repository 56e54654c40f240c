/* SPDX-License-Identifier: ISC */
/* Domain 0's ends of event channels. */
#include <stdlib.h>

#include "host/xen/xen_private.h"

/* An event takes up to so many nanoseconds to be noticed. */
#define EVENT_DELAY 2000

static void
release(struct host_port *port)
{
	struct host_port **link = &port->xen->host_ports;

	while (*link != port)
		link = &(*link)->next;
	*link = port->next;
	free(port);
}

static void
called(void *argument)
{
	struct host_port *port = argument;

	port->calling = false;
	if (port->closed)
		release(port);
	else
		port->call(port->argument);
}

/* Events that are not taken yet are one. */
void
xen_host_port_notify(struct host_port *port)
{
	const struct host_world *world = &port->xen->world;

	if (port->calling || port->call == NULL)
		return;
	port->calling = true;
	world->later(world->ctx, world->random(world->ctx, EVENT_DELAY), called,
	    port);
}

static struct host_port *
new_end(struct host_xen *xen, void (*call)(void *), void *argument)
{
	struct host_port *port = xen_alloc(sizeof(*port));

	*port = (struct host_port){ .next = xen->host_ports,
		.xen = xen,
		.call = call,
		.argument = argument,
		.number = xen->next_host_port++ };
	xen->host_ports = port;
	return port;
}

void
xen_host_port_link(struct host_xen *xen, struct host_port *port,
    uint32_t number)
{
	struct xen_port *entry = &xen->ports[number];

	entry->state = XEN_EVTCHN_IS_INTERDOMAIN;
	entry->remote = 0;
	entry->remote_port = port->number;
	entry->host = port;
	port->port = number;
}

struct host_port *
xen_host_port_waiting(struct host_xen *xen, uint32_t number)
{
	struct host_port *port = xen->host_ports;

	while (port != NULL &&
	    (port->number != number || port->port != 0 || port->closed))
		port = port->next;
	return port;
}

struct host_port *
host_port_connect(struct host_xen *xen, uint32_t remote, void (*call)(void *),
    void *argument)
{
	struct xen_port *entry = xen_port(xen, remote);
	struct host_port *port;

	if (entry == NULL || entry->state != XEN_EVTCHN_IS_UNBOUND ||
	    entry->remote != 0)
		return NULL;
	port = new_end(xen, call, argument);
	xen_host_port_link(xen, port, remote);
	xen_host_port_notify(port); /* what was sent before was lost */
	return port;
}

struct host_port *
host_port_offer(struct host_xen *xen, uint32_t *guest_port,
    void (*call)(void *), void *argument)
{
	long number = xen_port_new(xen);
	struct host_port *port;

	if (number < 0)
		return NULL;
	port = new_end(xen, call, argument);
	xen_host_port_link(xen, port, (uint32_t)number);
	*guest_port = (uint32_t)number;
	return port;
}

void
host_port_close(struct host_port *port)
{
	struct xen_port *entry;

	if (port == NULL)
		return;
	if (port->port != 0) {
		entry = &port->xen->ports[port->port];
		entry->state = XEN_EVTCHN_IS_UNBOUND;
		entry->remote = 0;
		entry->remote_port = 0;
		entry->host = NULL;
		port->port = 0;
	}
	port->closed = true;
	if (!port->calling)
		release(port);
}

void
host_port_send(struct host_port *port)
{
	if (port != NULL && port->port != 0)
		xen_set_pending(port->xen, port->port);
}
