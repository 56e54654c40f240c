/* SPDX-License-Identifier: ISC */
/* The life of a bus: attach, poll, detach. */
#include "guest/bus/bus_private.h"
#include "guest/bus/format.h"
#include "guest/bus/libc.h"

void *
pv_alloc(const struct pv_bus *bus, size_t size)
{
	return bus->port->alloc(bus->port->ctx, size);
}

void
pv_free(const struct pv_bus *bus, void *memory, size_t size)
{
	if (memory != NULL)
		bus->port->free(bus->port->ctx, memory, size);
}

void
bus_log(const struct pv_bus *bus, enum pv_log level, const char *line)
{
	bus->port->log(bus->port->ctx, level, line);
}

uint64_t
pv_bus_now(const struct pv_bus *bus)
{
	return bus->port->now(bus->port->ctx);
}

const struct pv_port *
pv_bus_port(const struct pv_bus *bus)
{
	return bus->port;
}

const struct pv_detection *
pv_bus_detection(const struct pv_bus *bus)
{
	return &bus->detection;
}

const struct pv_device *
pv_bus_devices(const struct pv_bus *bus)
{
	return bus->devices;
}

const char *
pv_bus_line(const struct pv_bus *bus)
{
	return bus->line;
}

struct pv_interface *
pv_bus_interface(struct pv_bus *bus, unsigned unit)
{
	for (enum pv_hv id = 0; id < PV_HV_COUNT; id++) {
		struct pv_interface *interface = &bus->detection.interface[id];

		if (interface->present && interface->unit == unit)
			return interface;
	}
	return NULL;
}

/* "pvbus0 at mainbus0: Hyper-V 0.0, Xen 4.11" */
static void
report(struct pv_bus *bus)
{
	const char *separator = ": ";
	size_t len;

	len = pv_format(bus->line, sizeof(bus->line), "pvbus%u at mainbus%u",
	    bus->unit, bus->unit);
	for (enum pv_hv id = 0; id < PV_HV_COUNT; id++) {
		const struct pv_interface *interface =
		    &bus->detection.interface[id];

		if (!interface->present)
			continue;
		len += pv_format(bus->line + len, sizeof(bus->line) - len,
		    "%s%s", separator, interface->name);
		if (interface->has_version)
			len += pv_format(bus->line + len,
			    sizeof(bus->line) - len, " %u.%u", interface->major,
			    interface->minor);
		separator = ", ";
	}
	bus_log(bus, PV_LOG_INFO, bus->line);
}

int
pv_bus_attach(const struct pv_bus_config *config, struct pv_bus **out)
{
	const struct pv_port *port = config->port;
	struct pv_detection detection;
	struct pv_bus *bus;
	int error;

	*out = NULL;
	error = pv_detect(port, &detection);
	if (error != PV_OK)
		return error;
	if (port->alloc == NULL || port->free == NULL || port->log == NULL ||
	    port->now == NULL)
		return PV_ENOTSUP;
	bus = port->alloc(port->ctx, sizeof(*bus));
	if (bus == NULL)
		return PV_ENOMEM;
	bus->port = port;
	bus->drivers = config->drivers;
	bus->unit = config->unit;
	bus->machine = config->machine;
	bus->detection = detection;
	watch_init(bus, config->watch_interval);
	report(bus);
	children_attach(bus);
	*out = bus;
	return PV_OK;
}

/* A driver leans on those attached before it, so the last one goes first. */
static void
detach_last(struct pv_bus *bus)
{
	struct pv_device *device = bus->devices;

	while (device->next != NULL)
		device = device->next;
	pv_device_detach(device);
}

static void
refuse_all(struct pv_bus *bus)
{
	bus->detaching = true;
	requests_cancel_all(bus);
}

void
pv_bus_detach(struct pv_bus *bus)
{
	if (bus == NULL)
		return;
	refuse_all(bus);
	/* a driver may have something to say to its store in its detach */
	bus->detaching = false;
	while (bus->devices != NULL)
		detach_last(bus);
	refuse_all(bus);
	for (enum pv_hv id = 0; id < PV_HV_COUNT; id++) {
		struct pv_store *store = bus->detection.interface[id].store;

		if (store != NULL && store->destroy != NULL)
			store->destroy(store);
	}
	pv_free(bus, bus, sizeof(*bus));
}

static bool
runs(const struct pv_device *device)
{
	return device->driver != NULL && device->state == PV_DEVICE_ATTACHED;
}

bool
pv_bus_poll(struct pv_bus *bus, unsigned budget)
{
	bool more = false;

	/* a poll can attach and detach devices: hot plug */
	bus->cursor = bus->devices;
	while (bus->cursor != NULL) {
		struct pv_device *device = bus->cursor;

		bus->cursor = device->next;
		if (runs(device) && device->driver->poll != NULL &&
		    device->driver->poll(device, budget))
			more = true;
	}
	requests_expire(bus);
	return watch_poll(bus, budget) || more;
}

uint64_t
pv_bus_deadline(const struct pv_bus *bus)
{
	uint64_t first = requests_deadline(bus);
	uint64_t next = watch_deadline(bus);

	if (next < first)
		first = next;
	for (struct pv_device *device = bus->devices; device != NULL;
	     device = device->next) {
		if (!runs(device) || device->driver->deadline == NULL)
			continue;
		next = device->driver->deadline(device);
		if (next < first)
			first = next;
	}
	return first;
}

/* The one whose host saves the guest; NULL: the port does, if it can. */
static struct pv_device *
suspender(const struct pv_bus *bus)
{
	struct pv_device *device = bus->devices;

	while (device != NULL &&
	    (!runs(device) || device->driver->suspend == NULL))
		device = device->next;
	return device;
}

int
pv_bus_suspend(struct pv_bus *bus)
{
	const struct pv_port *port = bus->port;
	struct pv_device *device, *by = suspender(bus);
	int error;

	if (by == NULL && port->sleep == NULL)
		return PV_ENOTSUP;
	for (device = bus->devices; device != NULL; device = device->next)
		if (runs(device) && device->driver->sleep != NULL)
			device->driver->sleep(device);
	error = by != NULL ? by->driver->suspend(by) : port->sleep(port->ctx);
	for (device = bus->devices; device != NULL; device = device->next)
		if (runs(device) && device->driver->wake != NULL)
			device->driver->wake(device);
	return error;
}

void
pv_bus_cpu_start(struct pv_bus *bus, unsigned cpu)
{
	for (struct pv_device *device = bus->devices; device != NULL;
	     device = device->next)
		if (runs(device) && device->driver->cpu_start != NULL)
			device->driver->cpu_start(device, cpu);
}

void
pv_bus_cpu_stop(struct pv_bus *bus, unsigned cpu)
{
	for (struct pv_device *device = bus->devices; device != NULL;
	     device = device->next)
		if (runs(device) && device->driver->cpu_stop != NULL)
			device->driver->cpu_stop(device, cpu);
}

int
pv_await(struct pv_bus *bus, const bool *flag, uint64_t deadline)
{
	const struct pv_port *port = bus->port;
	uint64_t next;

	for (;;) {
		bool more = pv_bus_poll(bus, 64);

		if (*flag)
			return PV_OK;
		if (pv_bus_now(bus) >= deadline)
			return PV_ETIMEDOUT;
		if (more || port->wait == NULL)
			continue;
		next = pv_bus_deadline(bus);
		port->wait(port->ctx, next < deadline ? next : deadline);
	}
}
