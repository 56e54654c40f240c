/* SPDX-License-Identifier: ISC */
/*
 * What can be attached to the interfaces of this machine.  Each device that an
 * interface shows ends in a line: taken by one of our drivers, held by the
 * platform's own, or not configured.
 */
#include "guest/bus/bus_private.h"
#include "wire/cpuid.h"

#define ON(hv) (1u << PV_HV_##hv)

/* The registers of either set.  OpenBSD wants the stable bit, too (P-14); ours
 * keeps a clock that is not stable from going back. */
static bool
has_clock(const struct pv_interface *interface)
{
	uint32_t registers = CPUID_KVM_CLOCKSOURCE2;

	if (interface->id == PV_HV_KVM)
		registers |= CPUID_KVM_CLOCKSOURCE;
	return (interface->features & registers) != 0;
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
	{ "vmmci", ON(OPENBSD), NULL, false },
	{ "fwcfg", ON(KVM) | ON(OPENBSD) | ON(QEMU), NULL, false },
	{ "smbios", ON(KVM) | ON(OPENBSD) | ON(QEMU), NULL, false },
};

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

void
children_attach(struct pv_bus *bus)
{
	for (size_t i = 0; i < sizeof(children) / sizeof(children[0]); i++) {
		const struct child *child = &children[i];
		struct pv_interface *interface = interface_for(bus, child);

		if (interface != NULL)
			attach(bus, NULL,
			    &(struct attach){ .interface = interface,
				.name = child->name,
				.where = interface->name,
				.certain = child->certain });
	}
}
