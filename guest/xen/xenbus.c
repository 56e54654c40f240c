/* SPDX-License-Identifier: ISC */
/* XenStore and its devices: open, poll, suspend, close. */
#include "guest/bus/libc.h"
#include "guest/xen/xenbus_private.h"

/* What is under way gets so long before the guest is saved, or its bus is
 * gone. */
#define DRAIN_TIME PV_SECOND

static const char reset_known[] = "control/platform-feature-xs_reset_watches";

/* ---- Open and close --------------------------------------------------- */

static void
unwatched(struct xs_watch *watch, int error)
{
	struct xenbus *bus = watch->owner;

	xen_log(bus->xen, PV_LOG_ERROR, "XenStore: no watch of devices: %s",
	    pv_error_text(error));
	xenbus_scan_start(bus);
}

/* The first event of the watch leads to the first scan. */
static void
start(struct xenbus *bus)
{
	int error;

	bus->started = true;
	/* one watch for devices of any class, known or not */
	error = xs_watch_add(xenbus_xs(bus), &bus->watch, "device", 6);
	if (error != PV_OK)
		unwatched(&bus->watch, error);
	if (bus->xen->privileged)
		xenbus_control_open(bus);
}

static void
reset_done(struct xs_request *request)
{
	start(request->owner);
}

/* A kernel before this one may have left its watches behind. */
static void
known_done(struct xs_request *request)
{
	struct xenbus *bus = request->owner;
	bool known = request->error == PV_OK && request->length == 1 &&
	    request->reply[0] == '1';

	bus->hello = (struct xs_request){
		.type = XEN_STORE_RESET_WATCHES,
		.parts = { { "", 1 } },
		.done = reset_done,
		.owner = bus,
	};
	if (!known || xs_submit(xenbus_xs(bus), &bus->hello) != PV_OK)
		start(bus);
}

static void
hello(struct xenbus *bus)
{
	bus->hello = (struct xs_request){
		.type = XEN_STORE_READ,
		.parts = { { reset_known, sizeof(reset_known) } },
		.done = known_done,
		.owner = bus,
	};
	if (!bus->xen->privileged ||
	    xs_submit(xenbus_xs(bus), &bus->hello) != PV_OK)
		start(bus);
}

int
xenbus_open(struct xen *xen)
{
	struct xenbus *bus = pv_alloc(xen->bus, sizeof(*bus));
	int error;

	if (bus == NULL)
		return PV_ENOMEM;
	bus->xen = xen;
	bus->scan.retry = PV_NEVER;
	bus->watch = (struct xs_watch){ .event = xenbus_scan_event,
		.failed = unwatched,
		.wants = xenbus_scan_wants,
		.owner = bus };
	error = xs_link_open(&bus->link, xen);
	if (error == PV_OK) {
		error = xenstore_open(bus);
		if (error != PV_OK)
			xs_link_close(&bus->link);
	}
	if (error != PV_OK) {
		pv_free(xen->bus, bus, sizeof(*bus));
		return error;
	}
	xen->xenbus = bus;
	hello(bus);
	return PV_OK;
}

/* True: all that was to be sent was sent and answered. */
static bool
drain(struct xenbus *bus)
{
	const struct pv_port *port = bus->xen->port;
	struct xs *xs = xenbus_xs(bus);
	uint64_t end = pv_bus_now(bus->xen->bus) + DRAIN_TIME, next;

	for (;;) {
		bool more = xs_link_poll(&bus->link, 64);

		if (xs->first == NULL && xs->outstanding == 0)
			return true;
		if (bus->link.state == XS_LINK_DEAD || port->wait == NULL ||
		    pv_bus_now(bus->xen->bus) >= end)
			return false;
		next = xs_link_deadline(&bus->link);
		if (!more)
			port->wait(port->ctx, next < end ? next : end);
	}
}

void
xenbus_close(struct xen *xen)
{
	struct xenbus *bus = xen->xenbus;

	if (bus == NULL)
		return;
	bus->working = true;
	xs_cancel(xenbus_xs(bus), &bus->hello);
	xenbus_scan_stop(bus);
	xs_watch_remove(xenbus_xs(bus), &bus->watch);
	xenbus_control_close(bus);
	while (bus->nodes != NULL)
		xenbus_node_free(bus->nodes);
	xenstore_close(bus);
	drain(bus);
	xenbus_orphans_free(bus);
	xs_link_close(&bus->link);
	xen->xenbus = NULL;
	pv_free(xen->bus, bus, sizeof(*bus));
}

/* ---- Poll ------------------------------------------------------------- */

static struct xenbus_node *
to_attach(struct xenbus *bus)
{
	struct xenbus_node *node = bus->nodes;

	while (node != NULL && node->state != NODE_READY)
		node = node->next;
	return node;
}

static struct xenbus_node *
to_unplug(struct xenbus *bus)
{
	struct xenbus_node *node = bus->nodes;

	while (node != NULL && !node->vanished)
		node = node->next;
	return node;
}

/* Drivers come and go here only, and not while one of them, in its detach,
 * polls us for a last word to its back end. */
static void
work(struct xenbus *bus, unsigned budget)
{
	struct xenbus_node *node;

	if (bus->working)
		return;
	bus->working = true;
	while (budget > 0 && (node = to_unplug(bus)) != NULL) {
		xenbus_node_unplug(node);
		budget--;
	}
	while (budget > 0 && (node = to_attach(bus)) != NULL) {
		xenbus_node_attach(node);
		budget--;
	}
	bus->working = false;
}

bool
xenbus_poll(struct xen *xen, unsigned budget)
{
	struct xenbus *bus = xen->xenbus;
	uint64_t now = pv_bus_now(xen->bus);
	bool more;

	if (bus == NULL || bus->suspended)
		return false;
	more = xs_link_poll(&bus->link, budget);
	for (struct xenbus_node *node = bus->nodes; node != NULL;
	     node = node->next) {
		xenbus_reads_poll(node);
		xenbus_writes_poll(node);
	}
	xenstore_poll(bus);
	if (bus->scan.retry <= now && bus->started) {
		bus->scan.retry = PV_NEVER;
		xenbus_scan_start(bus);
	}
	work(bus, budget);
	return more ||
	    (!bus->working &&
		(to_unplug(bus) != NULL || to_attach(bus) != NULL));
}

/* A node with something to say that no answer will bring about. */
static bool
unsaid(const struct xenbus *bus)
{
	for (const struct xenbus_node *node = bus->nodes; node != NULL;
	     node = node->next)
		if (node->unread != NULL || node->unwritten != NULL ||
		    (!bus->working &&
			(node->vanished || node->state == NODE_READY)))
			return true;
	return false;
}

uint64_t
xenbus_deadline(const struct xen *xen)
{
	const struct xenbus *bus = xen->xenbus;
	uint64_t first, next;

	if (bus == NULL || bus->suspended)
		return PV_NEVER;
	if (unsaid(bus))
		return 0;
	first = xs_link_deadline(&bus->link);
	next = xenstore_deadline(bus);
	if (next < first)
		first = next;
	if (bus->scan.retry < first)
		first = bus->scan.retry;
	return first;
}

bool
xenbus_settled(const struct xen *xen)
{
	const struct xenbus *bus = xen->xenbus;

	if (bus == NULL || bus->link.state == XS_LINK_DEAD)
		return true;
	if (!bus->scan.complete || bus->scan.phase != SCAN_IDLE)
		return false;
	for (const struct xenbus_node *node = bus->nodes; node != NULL;
	     node = node->next)
		if (!xenbus_node_settled(node))
			return false;
	return true;
}

/* ---- Being saved ------------------------------------------------------ */

void
xenbus_suspend(struct xen *xen)
{
	struct xenbus *bus = xen->xenbus;

	if (bus == NULL)
		return;
	for (struct xenbus_node *node = bus->nodes; node != NULL;
	     node = node->next) {
		const struct xenbus_driver *driver = xenbus_node_driver(node);

		if (driver != NULL && driver->suspend != NULL)
			driver->suspend(&node->device);
	}
	drain(bus);
	xenbus_xs(bus)->paused = true;
	bus->suspended = true;
}

void
xenbus_resume_cancelled(struct xen *xen)
{
	struct xenbus *bus = xen->xenbus;

	if (bus == NULL)
		return;
	bus->suspended = false;
	xenbus_xs(bus)->paused = bus->link.state != XS_LINK_UP;
	for (struct xenbus_node *node = bus->nodes; node != NULL;
	     node = node->next) {
		const struct xenbus_driver *driver = xenbus_node_driver(node);

		if (driver != NULL && driver->resume_cancelled != NULL)
			driver->resume_cancelled(&node->device);
	}
}

/* The scan finds who is gone and who is new; those that stay are read again,
 * and their drivers resume with what was read. */
void
xenbus_resume(struct xen *xen)
{
	struct xenbus *bus = xen->xenbus;

	if (bus == NULL)
		return;
	bus->suspended = false;
	for (struct xenbus_node *node = bus->nodes; node != NULL;
	     node = node->next) {
		xenbus_reads_end(node, PV_EAGAIN);
		xenbus_writes_end(node, PV_EAGAIN);
		xenbus_node_resume(node);
	}
	if (xs_link_resume(&bus->link) != PV_OK || !bus->started)
		return;
	xenbus_control_resume(bus);
}
