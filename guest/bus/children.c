/* SPDX-License-Identifier: ISC */
/*
 * What can be attached to the interfaces of this machine.  Each device that an
 * interface shows ends in a line: taken by one of our drivers, held by the
 * platform's own, or not configured.
 */
#include "guest/bus/bus_private.h"
#include "guest/bus/libc.h"
#include "wire/cpuid.h"

#define ON(hv) (1u << PV_HV_##hv)

static bool
has_clock(const struct pv_interface *interface)
{
	uint32_t need =
	    CPUID_KVM_CLOCKSOURCE2 | CPUID_KVM_CLOCKSOURCE_STABLE;

	return (interface->features & need) == need;
}

/* KVM's and Xen's emulation of Hyper-V reports version 0.0 and has no VMBus. */
static bool
has_vmbus(const struct pv_interface *interface)
{
	return interface->major != 0 || interface->minor != 0;
}

/*
 * In the order of OpenBSD's kernel configuration, ours at the end.  `seen`
 * tells by the interface alone that the device is there; where only a driver
 * can tell it is NULL, and without that driver nothing is said.  A device
 * attaches once, at the first interface of its set.
 */
static const struct child {
	const char *name;
	unsigned interfaces;
	bool (*seen)(const struct pv_interface *);
	bool certain; /* the signature alone is enough */
} children[] = {
	{ "vmt", ON(VMWARE), NULL, true },
	{ "pvclock", ON(KVM) | ON(OPENBSD), has_clock, true },
	{ "xen", ON(XEN), NULL, true },
	{ "hyperv", ON(HYPERV), has_vmbus, true },
	{ "fwcfg", ON(KVM) | ON(OPENBSD) | ON(QEMU), NULL, false },
	{ "smbios", ON(KVM) | ON(OPENBSD) | ON(QEMU), NULL, false },
};

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

static struct pv_interface *
interface_for(struct pv_bus *bus, const struct child *child)
{
	for (enum pv_hv id = 0; id < PV_HV_COUNT; id++) {
		struct pv_interface *interface = &bus->detection.interface[id];

		if (interface->present && (child->interfaces & 1u << id) &&
		    (child->seen == NULL || child->seen(interface)))
			return interface;
	}
	return NULL;
}

static void
not_configured(struct pv_bus *bus, struct pv_interface *interface,
    const char *name, const char *why)
{
	const struct pv_port *port = bus->port;
	struct pv_device *device = device_new(bus, interface, name, NULL);
	char holder[48];

	if (device == NULL)
		return;
	if (why == NULL && port->holder != NULL &&
	    port->holder(port->ctx, name, holder, sizeof(holder)) == PV_OK) {
		device->state = PV_DEVICE_HELD;
		device_report(device, "%s", holder);
	} else {
		device->state = PV_DEVICE_UNCONFIGURED;
		device_report(device, "%s%s not configured",
		    why != NULL ? why : interface->name,
		    why != NULL ? "," : "");
	}
}

static void
attach(struct pv_bus *bus, struct pv_interface *interface, const char *name,
    const struct pv_driver *driver)
{
	struct pv_device *device = device_new(bus, interface, name, driver);
	int error;

	if (device == NULL) {
		not_configured(bus, interface, name, pv_error_text(PV_ENOMEM));
		return;
	}
	error = driver->attach(device);
	if (error == PV_OK) {
		bus_log(bus, PV_LOG_INFO, device->line);
		return;
	}
	device_free(device);
	if (error != PV_ENODEV)
		not_configured(bus, interface, name, pv_error_text(error));
}

void
children_attach(struct pv_bus *bus)
{
	for (size_t i = 0; i < sizeof(children) / sizeof(children[0]); i++) {
		const struct child *child = &children[i];
		struct pv_interface *interface = interface_for(bus, child);
		const struct pv_driver *driver;

		if (interface == NULL)
			continue;
		driver = driver_named(bus, child->name);
		if (driver != NULL)
			attach(bus, interface, child->name, driver);
		else if (child->certain)
			not_configured(bus, interface, child->name, NULL);
	}
}
