/* SPDX-License-Identifier: ISC */
/*
 * What devices there are: "device" lists the classes, "device/vbd" the units.
 * Names come from the host's side and are checked before they become part of a
 * path.
 */
#include "guest/bus/libc.h"
#include "guest/xen/xenbus_private.h"

/* After a scan that failed, and twice as long after each more. */
#define RETRY PV_SECOND
#define RETRY_DOUBLINGS 6

static void
count_long(struct xenbus *bus)
{
	if (bus->xen->stats->bad_length++ == 0)
		xen_log(bus->xen, PV_LOG_ERROR,
		    "XenStore: a device with a name too long is left out");
}

/* The next name of a listing; NULL at its end. */
static const char *
next_name(const char *names, size_t size, size_t *at, size_t *length)
{
	const char *name = names + *at;

	if (*at >= size)
		return NULL;
	*length = 0;
	while (*at + *length < size && name[*length] != '\0')
		++*length;
	*at += *length + 1;
	return name;
}

static int
list(struct xenbus *bus, void (*done)(struct xs_request *))
{
	struct xenbus_scan *scan = &bus->scan;

	scan->request = (struct xs_request){
		.type = XEN_STORE_DIRECTORY,
		.parts = { { scan->path, strlen(scan->path) + 1 } },
		.done = done,
		.owner = bus,
	};
	return xs_submit(xenbus_xs(bus), &scan->request);
}

static void
finish(struct xenbus *bus)
{
	struct xenbus_scan *scan = &bus->scan;

	scan->phase = SCAN_IDLE;
	scan->complete = true;
	for (struct xenbus_node *node = bus->nodes; node != NULL;
	     node = node->next) {
		if (!scan->failed && !node->seen)
			node->vanished = true;
		else if (node->suspect)
			xenbus_node_verify(node);
	}
	if (!scan->failed)
		scan->failures = 0;
	else if (bus->link.state != XS_LINK_DEAD) {
		scan->retry = pv_bus_now(bus->xen->bus) +
		    (RETRY << scan->failures);
		if (scan->failures < RETRY_DOUBLINGS)
			scan->failures++;
	}
	if (!scan->failed && scan->again)
		xenbus_scan_start(bus);
}

static void
fail(struct xenbus *bus, int error)
{
	struct xenbus_scan *scan = &bus->scan;

	if (!scan->failed && scan->failures == 0 && error != PV_EAGAIN)
		xen_log(bus->xen, PV_LOG_ERROR, "XenStore: %s: %s", scan->path,
		    pv_error_text(error));
	scan->failed = true;
}

static struct xenbus_node *
node_named(struct xenbus *bus, const char *class_name, size_t class_length,
    const char *unit, size_t unit_length)
{
	for (struct xenbus_node *node = bus->nodes; node != NULL;
	     node = node->next) {
		const struct xenbus_device *device = &node->device;

		if (!node->vanished &&
		    strlen(device->class_name) == class_length &&
		    memcmp(device->class_name, class_name, class_length) == 0 &&
		    strlen(device->unit) == unit_length &&
		    memcmp(device->unit, unit, unit_length) == 0)
			return node;
	}
	return NULL;
}

static void
found(struct xenbus *bus, const char *unit, size_t length)
{
	const char *class_name = bus->scan.name;
	struct xenbus_node *node;

	if (!xs_name_ok(unit, length)) {
		if (length > 0)
			bus->xen->stats->bad_text++;
		return;
	}
	if (length >= sizeof(node->device.unit)) {
		count_long(bus);
		return;
	}
	node = node_named(bus, class_name, strlen(class_name), unit, length);
	if (node == NULL) {
		node = xenbus_node_new(bus, class_name, unit, length);
		if (node == NULL)
			return;
	}
	node->seen = true;
	if (node->state == NODE_READING)
		node->reread = true;
	else if (node->state == NODE_INCOMPLETE || node->resuming)
		xenbus_node_read(node);
}

static void next_class(struct xenbus *);

static void
units_done(struct xs_request *request)
{
	struct xenbus *bus = request->owner;
	const char *unit;
	size_t at = 0, length;

	if (request->error == PV_OK)
		while ((unit = next_name(request->reply, request->length, &at,
			    &length)) != NULL)
			found(bus, unit, length);
	else if (request->error != PV_ENOENT)
		fail(bus, request->error);
	next_class(bus);
}

/* One after the other: there are few. */
static void
next_class(struct xenbus *bus)
{
	struct xenbus_scan *scan = &bus->scan;
	const char *name;
	size_t length;
	int error;

	while ((name = next_name(scan->classes, scan->length, &scan->at,
		    &length)) != NULL) {
		/* no device: OpenBSD's xen leaves it out, too */
		if (length == 7 && memcmp(name, "suspend", 7) == 0)
			continue;
		if (!xs_name_ok(name, length)) {
			if (length > 0)
				bus->xen->stats->bad_text++;
			continue;
		}
		if (length >= sizeof(scan->name)) {
			count_long(bus);
			continue;
		}
		memcpy(scan->name, name, length);
		scan->name[length] = '\0';
		xenbus_path(scan->path, sizeof(scan->path), "device",
		    scan->name);
		scan->phase = SCAN_UNITS;
		error = list(bus, units_done);
		if (error == PV_OK)
			return;
		fail(bus, error);
	}
	finish(bus);
}

static void
classes_done(struct xs_request *request)
{
	struct xenbus *bus = request->owner;
	struct xenbus_scan *scan = &bus->scan;

	scan->length = 0;
	if (request->error == PV_OK && request->length > 0) {
		memcpy(scan->classes, request->reply, request->length);
		scan->length = request->length;
	} else if (request->error != PV_OK && request->error != PV_ENOENT)
		fail(bus, request->error);
	next_class(bus);
}

void
xenbus_scan_start(struct xenbus *bus)
{
	struct xenbus_scan *scan = &bus->scan;
	int error;

	if (scan->phase != SCAN_IDLE) {
		scan->again = true;
		return;
	}
	scan->again = scan->failed = false;
	scan->retry = PV_NEVER;
	scan->at = scan->length = 0;
	for (struct xenbus_node *node = bus->nodes; node != NULL;
	     node = node->next)
		node->seen = false;
	memcpy(scan->path, "device", sizeof("device"));
	scan->phase = SCAN_CLASSES;
	error = list(bus, classes_done);
	if (error != PV_OK) {
		fail(bus, error);
		finish(bus);
	}
}

void
xenbus_scan_stop(struct xenbus *bus)
{
	xs_cancel(xenbus_xs(bus), &bus->scan.request);
	bus->scan.phase = SCAN_IDLE;
}

void
xenbus_scan_event(struct xs_watch *watch)
{
	xenbus_scan_start(watch->owner);
}

/* Where the next name of a path ends. */
static size_t
name_end(const char *path, size_t from, size_t length)
{
	while (from < length && path[from] != '/')
		from++;
	return from;
}

/* Each key that a driver writes is an event here; only those that may mean a
 * device came or went are worth a look. */
bool
xenbus_scan_wants(struct xs_watch *watch, const char *path, size_t length)
{
	struct xenbus *bus = watch->owner;
	size_t class_at = 7, class_end, unit_at, unit_end;
	struct xenbus_node *node;

	if (length < class_at || memcmp(path, "device/", class_at) != 0)
		return true;
	class_end = name_end(path, class_at, length);
	unit_at = class_end + 1;
	if (unit_at >= length)
		return true;
	unit_end = name_end(path, unit_at, length);
	node = node_named(bus, path + class_at, class_end - class_at,
	    path + unit_at, unit_end - unit_at);
	if (node == NULL || node->state != NODE_ATTACHED)
		return true;
	if (unit_end < length)
		return false;
	if (xenbus_node_driver(node) != NULL)
		node->suspect = true;
	return true;
}
