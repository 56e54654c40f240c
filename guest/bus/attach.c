/* SPDX-License-Identifier: ISC */
/*
 * What the bus or a driver has found meets the driver of its name.  Each ends
 * in one line of the report: taken by our driver, held by the platform's own,
 * or not configured.
 */
#include "guest/bus/bus_private.h"
#include "guest/bus/libc.h"

static bool
same(const char *a, const char *b)
{
	size_t len = strlen(a);

	return strlen(b) == len && memcmp(a, b, len) == 0;
}

static const struct pv_driver *
driver_named(const struct pv_bus *bus, const char *name)
{
	if (bus->drivers != NULL)
		for (unsigned i = 0; bus->drivers[i] != NULL; i++)
			if (same(bus->drivers[i]->name, name))
				return bus->drivers[i];
	return NULL;
}

/* A device on a bus below ours is one of many, and known by its place. */
static bool
held(const struct pv_bus *bus, const struct attach *found, bool below,
    char *holder, size_t size)
{
	const struct pv_port *port = bus->port;

	if (port->holder == NULL)
		return false;
	if (below &&
	    port->holder(port->ctx, found->where, holder, size) == PV_OK)
		return true;
	return port->holder(port->ctx, found->name, holder, size) == PV_OK;
}

static void
not_configured(struct pv_bus *bus, struct pv_device *parent,
    const struct attach *found, const char *why)
{
	struct pv_device *device = device_new(bus, parent, found, NULL);
	char holder[48];

	if (device == NULL)
		return;
	device->state = PV_DEVICE_UNCONFIGURED;
	if (why == NULL &&
	    held(bus, found, parent != NULL, holder, sizeof(holder))) {
		device->state = PV_DEVICE_HELD;
		if (parent != NULL)
			device_report(device, "%s, %s", found->where, holder);
		else
			device_report(device, "%s", holder);
	} else if (why == NULL)
		device_report(device, "%s not configured", found->where);
	else if (parent == NULL)
		device_report(device, "%s, not configured", why);
	else
		device_report(device, "%s: %s, not configured", found->where,
		    why);
}

struct pv_device *
attach(struct pv_bus *bus, struct pv_device *parent, const struct attach *found)
{
	const struct pv_driver *driver = driver_named(bus, found->name);
	struct pv_device *device;
	int error = PV_ENOMEM;

	if (driver == NULL) {
		if (found->certain)
			not_configured(bus, parent, found, NULL);
		return NULL;
	}
	device = device_new(bus, parent, found, driver);
	if (device != NULL)
		error = driver->attach(device);
	if (error == PV_OK) {
		if (device->line[0] != '\0')
			pv_device_announce(device);
		return device;
	}
	if (device != NULL)
		device_free(device);
	if (error != PV_ENODEV || parent != NULL || found->certain)
		not_configured(bus, parent, found,
		    error != PV_ENODEV ? pv_error_text(error) : NULL);
	return NULL;
}

struct pv_device *
pv_device_attach(struct pv_device *parent, const char *name, const char *where,
    void *aux)
{
	return attach(parent->bus, parent,
	    &(struct attach){ .interface = parent->interface,
		.name = name,
		.where = where,
		.aux = aux,
		.certain = true });
}

void
pv_device_unconfigured(struct pv_device *parent, const char *name,
    const char *where, void *aux)
{
	not_configured(parent->bus, parent,
	    &(struct attach){ .interface = parent->interface,
		.name = name,
		.where = where,
		.aux = aux,
		.certain = true },
	    NULL);
}

static struct pv_device *
last_child(struct pv_device *parent)
{
	struct pv_device *last = NULL;

	for (struct pv_device *device = parent->bus->devices; device != NULL;
	     device = device->next)
		if (device->parent == parent)
			last = device;
	return last;
}

static void
detach_one(struct pv_device *device)
{
	if (device->driver != NULL && device->driver->detach != NULL)
		device->driver->detach(device);
	device_free(device);
}

/* Leaf after leaf, without recursion, until the device itself is one. */
void
pv_device_detach(struct pv_device *device)
{
	struct pv_device *leaf, *child;

	do {
		leaf = device;
		while ((child = last_child(leaf)) != NULL)
			leaf = child;
		detach_one(leaf);
	} while (leaf != device);
}
