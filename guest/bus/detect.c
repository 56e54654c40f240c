/* SPDX-License-Identifier: ISC */
/* Which hypervisors are there: the CPUID scan and its table. */
#include "guest/bus/libc.h"
#include "pvbus/guest.h"
#include "wire/cpuid.h"

static void init_kvm(const struct pv_port *, struct pv_interface *);
static void init_hyperv(const struct pv_port *, struct pv_interface *);
static void init_xen(const struct pv_port *, struct pv_interface *);

static const struct {
	const char *name;
	const char *signature;
	void (*init)(const struct pv_port *, struct pv_interface *);
} known[PV_HV_COUNT] = {
	[PV_HV_KVM] = { "KVM", CPUID_SIGNATURE_KVM, init_kvm },
	[PV_HV_HYPERV] = { "Hyper-V", CPUID_SIGNATURE_HYPERV, init_hyperv },
	[PV_HV_VMWARE] = { "VMware", CPUID_SIGNATURE_VMWARE, NULL },
	[PV_HV_XEN] = { "Xen", CPUID_SIGNATURE_XEN, init_xen },
	[PV_HV_BHYVE] = { "bhyve", CPUID_SIGNATURE_BHYVE, NULL },
	[PV_HV_OPENBSD] = { "OpenBSD", CPUID_SIGNATURE_OPENBSD, init_kvm },
	[PV_HV_QEMU] = { "QEMU", CPUID_SIGNATURE_QEMU, NULL },
};

/* Leaf base + n, or false when the interface does not reach that far. */
static bool
leaf(const struct pv_port *port, const struct pv_interface *interface,
    uint32_t n, struct pv_cpuid *out)
{
	if (interface->max_leaf < interface->base + n)
		return false;
	port->cpuid(port->ctx, interface->base + n, 0, out);
	return true;
}

static void
init_kvm(const struct pv_port *port, struct pv_interface *interface)
{
	struct pv_cpuid regs;

	/* Old KVM and OpenBSD's vmm answer 0 where the largest leaf belongs;
	 * Linux's KVM documentation says to read it as base + 1. */
	if (interface->max_leaf == 0)
		interface->max_leaf = interface->base + CPUID_KVM_FEATURES;
	if (leaf(port, interface, CPUID_KVM_FEATURES, &regs))
		interface->features = regs.eax;
}

static void
set_version(struct pv_interface *interface, uint32_t version)
{
	interface->has_version = true;
	interface->major = (uint16_t)(version >> 16);
	interface->minor = (uint16_t)version;
}

static void
init_hyperv(const struct pv_port *port, struct pv_interface *interface)
{
	struct pv_cpuid regs;

	set_version(interface, 0);
	if (leaf(port, interface, CPUID_HYPERV_VERSION, &regs))
		set_version(interface, regs.ebx);
	if (leaf(port, interface, CPUID_HYPERV_FEATURES, &regs))
		interface->features = regs.eax;
}

static void
init_xen(const struct pv_port *port, struct pv_interface *interface)
{
	struct pv_cpuid regs;

	set_version(interface, 0);
	if (!leaf(port, interface, CPUID_XEN_VERSION, &regs))
		return;
	set_version(interface, regs.eax);
	if (interface->major < 4 ||
	    (interface->major == 4 && interface->minor < 3))
		interface->quirks |= PV_QUIRK_NO_X2APIC;
}

static bool
printable(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	return true;
}

static void
found(struct pv_detection *out, enum pv_hv id, uint32_t base, uint32_t max_leaf)
{
	struct pv_interface *interface = &out->interface[id];
	bool reaches = max_leaf >= base && max_leaf < base + CPUID_HV_STEP;

	if (interface->present) {
		out->repeated++;
		/* The later base wins, as on OpenBSD; but some CPUs repeat a
		 * leaf where they have none, and then its largest leaf is not
		 * one of that base. */
		if (!reaches) {
			out->implausible++;
			return;
		}
	}
	interface->present = true;
	interface->id = id;
	interface->name = known[id].name;
	interface->base = base;
	interface->max_leaf = reaches ? max_leaf : 0;
	if (out->vendor == NULL)
		out->vendor = interface->name;
}

static void
scan(const struct pv_port *port, struct pv_detection *out)
{
	char signature[CPUID_SIGNATURE_SIZE];
	struct pv_cpuid regs;
	uint32_t base;
	enum pv_hv id;

	for (base = CPUID_HV_FIRST; base < CPUID_HV_END;
	     base += CPUID_HV_STEP) {
		port->cpuid(port->ctx, base, 0, &regs);
		memcpy(signature, &regs.ebx, 4);
		memcpy(signature + 4, &regs.ecx, 4);
		memcpy(signature + 8, &regs.edx, 4);
		if (!printable(signature, 4))
			return;
		for (id = 0; id < PV_HV_COUNT; id++)
			if (memcmp(signature, known[id].signature,
				sizeof(signature)) == 0)
				break;
		if (id == PV_HV_COUNT)
			out->unknown++;
		else
			found(out, id, base, regs.eax);
	}
}

int
pv_detect(const struct pv_port *port, struct pv_detection *out)
{
	struct pv_cpuid regs;

	memset(out, 0, sizeof(*out));
	if (port->cpuid == NULL)
		return PV_ENOTSUP;
	port->cpuid(port->ctx, 1, 0, &regs);
	if ((regs.ecx & CPUID_1_ECX_HYPERVISOR) == 0)
		return PV_ENODEV;
	scan(port, out);

	for (enum pv_hv id = 0; id < PV_HV_COUNT; id++) {
		struct pv_interface *interface = &out->interface[id];

		if (!interface->present)
			continue;
		interface->unit = out->count++;
		if (known[id].init != NULL)
			known[id].init(port, interface);
	}
	return out->count > 0 ? PV_OK : PV_ENODEV;
}
