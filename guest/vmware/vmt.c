/* SPDX-License-Identifier: ISC */
/* vmt: VMware's tools, that is GuestRPC both ways and what goes over it. */
#include "guest/vmware/vmware.h"

static const char *
way_text(enum pv_backdoor_way way)
{
	switch (way) {
	case PV_BACKDOOR_VMCALL:
		return "VMCALL";
	case PV_BACKDOOR_VMMCALL:
		return "VMMCALL";
	default:
		return "port";
	}
}

/* The reverse of open_all(); each bears not having been opened. */
static void
close_all(struct vmware *vmware)
{
	vmt_info_close(vmware);
	vmt_commands_close(vmware);
	guestinfo_close(vmware);
	vmware_tclo_close(vmware);
	vmware_rpc_close(vmware);
}

static int
open_all(struct vmware *vmware)
{
	int error = vmware_probe(vmware);

	if (error == PV_OK)
		error = vmware_rpc_open(vmware);
	if (error == PV_OK)
		error = vmware_tclo_open(vmware);
	if (error == PV_OK)
		error = guestinfo_open(vmware);
	if (error == PV_OK)
		error = vmt_commands_open(vmware);
	if (error == PV_OK)
		error = vmt_info_open(vmware);
	if (error != PV_OK)
		close_all(vmware);
	return error;
}

static int
vmt_attach(struct pv_device *device)
{
	struct vmware *vmware = pv_alloc(device->bus, sizeof(*vmware));
	int error;

	if (vmware == NULL)
		return PV_ENOMEM;
	vmware->device = device;
	vmware->bus = device->bus;
	vmware->port = pv_bus_port(device->bus);
	vmware->stats = &device->stats;
	device->softc = vmware;
	error = open_all(vmware);
	if (error != PV_OK) {
		device->softc = NULL;
		pv_free(device->bus, vmware, sizeof(*vmware));
		return error;
	}
	pv_device_describe(device, "version %u, product %u, backdoor by %s",
	    vmware->version, vmware->product, way_text(vmware->way));
	return PV_OK;
}

static void
vmt_detach(struct pv_device *device)
{
	struct vmware *vmware = device->softc;

	close_all(vmware);
	device->softc = NULL;
	pv_free(device->bus, vmware, sizeof(*vmware));
}

/* What the host asks, what follows from that, and then what goes out. */
static bool
vmt_poll(struct pv_device *device, unsigned budget)
{
	struct vmware *vmware = device->softc;
	bool more = vmware_tclo_poll(vmware, budget);

	more = vmt_commands_poll(vmware) || more;
	more = vmt_info_poll(vmware) || more;
	return vmware_rpc_poll(vmware, budget) || more;
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t
vmt_deadline(struct pv_device *device)
{
	const struct vmware *vmware = device->softc;
	uint64_t first = vmware_tclo_deadline(vmware);

	first = earlier(first, vmt_commands_deadline(vmware));
	first = earlier(first, vmt_info_deadline(vmware));
	return earlier(first, vmware_rpc_deadline(vmware));
}

const struct pv_driver pv_vmt_driver = {
	.name = "vmt",
	.attach = vmt_attach,
	.detach = vmt_detach,
	.poll = vmt_poll,
	.deadline = vmt_deadline,
};
