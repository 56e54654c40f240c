/* SPDX-License-Identifier: ISC */
/* A device of the bus and its line in the attach report. */
#include "guest/bus/bus_private.h"
#include "guest/bus/format.h"
#include "guest/bus/libc.h"

/* The first number that no other device of the driver has; on the second bus of
 * a process they begin with 1. */
static unsigned
free_unit(const struct pv_bus *bus, const struct pv_driver *driver)
{
	const struct pv_device *device = bus->devices;
	unsigned unit = bus->unit;

	while (device != NULL)
		if (device->driver == driver && device->unit == unit) {
			unit++;
			device = bus->devices;
		} else
			device = device->next;
	return unit;
}

struct pv_device *
device_new(struct pv_bus *bus, struct pv_device *parent,
    const struct attach *found, const struct pv_driver *driver)
{
	struct pv_device **link = &bus->devices;
	struct pv_device *device = pv_alloc(bus, sizeof(*device));

	if (device == NULL)
		return NULL;
	device->bus = bus;
	device->parent = parent;
	device->interface = found->interface;
	device->driver = driver;
	device->aux = found->aux;
	device->unit = driver != NULL ? free_unit(bus, driver) : 0;
	if (driver != NULL)
		pv_format(device->name, sizeof(device->name), "%s%u",
		    found->name, device->unit);
	else
		pv_format(device->name, sizeof(device->name), "\"%s\"",
		    found->name);
	while (*link != NULL)
		link = &(*link)->next;
	*link = device;
	return device;
}

void
device_free(struct pv_device *device)
{
	struct pv_bus *bus = device->bus;

	for (struct pv_device **link = &bus->devices; *link != NULL;
	     link = &(*link)->next)
		if (*link == device) {
			*link = device->next;
			break;
		}
	if (bus->cursor == device)
		bus->cursor = device->next;
	pv_free(bus, device, sizeof(*device));
}

/* `where` says which place on its parent, or is NULL. */
static void
describe(struct pv_device *device, const char *where, const char *format,
    va_list args)
{
	const char *space = where != NULL ? " " : "";
	size_t len;

	if (where == NULL)
		where = "";
	if (device->parent != NULL)
		len = pv_format(device->line, sizeof(device->line),
		    "%s at %s%s%s: ", device->name, device->parent->name, space,
		    where);
	else
		len = pv_format(device->line, sizeof(device->line),
		    "%s at pvbus%u%s%s: ", device->name, device->bus->unit,
		    space, where);
	pv_vformat(device->line + len, sizeof(device->line) - len, format,
	    args);
}

void
pv_device_describe(struct pv_device *device, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	describe(device, NULL, format, args);
	va_end(args);
}

void
pv_device_describe_at(struct pv_device *device, const char *where,
    const char *format, ...)
{
	va_list args;

	va_start(args, format);
	describe(device, where, format, args);
	va_end(args);
}

void
pv_device_announce(struct pv_device *device)
{
	if (device->announced)
		return;
	device->announced = true;
	bus_log(device->bus, PV_LOG_INFO, device->line);
}

void
device_report(struct pv_device *device, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	describe(device, NULL, format, args);
	va_end(args);
	bus_log(device->bus, PV_LOG_INFO, device->line);
}

void
pv_device_broken(struct pv_device *device, const char *why)
{
	char line[128];

	if (device->state == PV_DEVICE_BROKEN)
		return;
	device->state = PV_DEVICE_BROKEN;
	pv_format(line, sizeof(line), "%s: %s; out of use", device->name, why);
	bus_log(device->bus, PV_LOG_ERROR, line);
}

int
pv_device_request(struct pv_device *device, enum pv_request request,
    const struct pv_reason *why)
{
	static const struct {
		const char *doing, *noun;
	} words[PV_REQUEST_COUNT] = {
		[PV_REQUEST_SHUTDOWN] = { "Shutting down", "shutdown" },
		[PV_REQUEST_REBOOT] = { "Rebooting", "reboot" },
		[PV_REQUEST_SUSPEND] = { "Suspending", "suspend" },
		[PV_REQUEST_CRASH] = { "Stopping at once", "crash" },
		[PV_REQUEST_HIBERNATE] = { "Hibernating", "hibernation" },
	};
	const struct pv_port *port = device->bus->port;
	int error = PV_ENOTSUP;
	char line[256];

	pv_format(line, sizeof(line),
	    "%s in response to request from %s host%s%s%s",
	    words[request].doing, device->name,
	    why != NULL && why->forced ? ", forced" : "",
	    why != NULL && why->text != NULL ? ": " : "",
	    why != NULL && why->text != NULL ? why->text : "");
	if (port->request != NULL) {
		bus_log(device->bus, PV_LOG_INFO, line);
		error = port->request(port->ctx, request, why);
	}
	if (error == PV_OK)
		return PV_OK;
	pv_format(line, sizeof(line), "%s: the %s was not taken: %s",
	    device->name, words[request].noun,
	    error == PV_ENOTSUP ? "nobody here does it" : pv_error_text(error));
	bus_log(device->bus, PV_LOG_ERROR, line);
	return error;
}
