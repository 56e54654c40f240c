/* SPDX-License-Identifier: ISC */
/* xen: the bus of Xen's devices, and what they stand on. */
#include "guest/bus/format.h"
#include "guest/xen/xen_private.h"
#include "guest/xen/xenbus_private.h"

/* How long attaching waits for the devices that are there from the start. */
#define SETTLE_TIME (10 * PV_SECOND)

static void
describe(struct xen *xen)
{
	const struct pv_port *port_table = xen->port;
	char holder[48];
	uint64_t port;

	if (!xen->privileged) {
		if (port_table->holder == NULL ||
		    port_table->holder(port_table->ctx, "xen", holder,
			sizeof(holder)) != PV_OK)
			pv_format(holder, sizeof(holder), "the platform");
		pv_device_describe(xen->device, "XenStore through %s", holder);
		return;
	}
	xen_param_get(xen, XEN_HVM_PARAM_STORE_EVTCHN, &port);
	pv_device_describe(xen->device,
	    "features 0x%x, %u grant table frames, event channel %u, %s,"
	    " grants v%u",
	    xen->features, xen_grants_frames(xen), (unsigned)port,
	    xen_events_text(xen), xen_grants_version(xen));
}

static bool
xen_poll(struct pv_device *device, unsigned budget)
{
	struct xen *xen = device->softc;
	bool more = false;

	if (xen->privileged) {
		more = xen_grants_poll(xen);
		xen_events_scan(xen, 0);
	}
	return xenbus_poll(xen, budget) || more;
}

static uint64_t
xen_deadline(struct pv_device *device)
{
	struct xen *xen = device->softc;
	uint64_t first = xenbus_deadline(xen);

	if (xen->privileged) {
		const uint64_t times[] = { xen_events_deadline(xen),
			xen_grants_deadline(xen) };

		for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
			if (times[i] < first)
				first = times[i];
	}
	return first;
}

/* The bus is not polled yet, and who attached it wants to find its disks. */
static void
settle(struct pv_device *device)
{
	struct xen *xen = device->softc;
	const struct pv_port *port = xen->port;
	uint64_t end = pv_bus_now(xen->bus) + SETTLE_TIME;

	while (device->state == PV_DEVICE_ATTACHED) {
		bool more = xen_poll(device, 64);
		uint64_t next = xen_deadline(device);

		if (xenbus_settled(xen) || pv_bus_now(xen->bus) >= end)
			return;
		if (!more && port->wait != NULL)
			port->wait(port->ctx, next < end ? next : end);
	}
}

/* Where the platform drives Xen itself, all that is left is its XenStore. */
static int
open_all(struct xen *xen)
{
	int error = xen->privileged ? xen_open(xen) : PV_OK;

	if (error != PV_OK)
		return error;
	error = xenbus_open(xen);
	if (error != PV_OK && xen->privileged)
		xen_close(xen);
	return error;
}

static int
xen_attach(struct pv_device *device)
{
	struct xen *xen = pv_alloc(device->bus, sizeof(*xen));
	int error;

	if (xen == NULL)
		return PV_ENOMEM;
	xen->device = device;
	xen->bus = device->bus;
	xen->port = pv_bus_port(device->bus);
	xen->stats = &device->stats;
	xen->base = device->interface->base;
	xen->privileged = xen->port->xenstore_limit == NULL;
	device->softc = xen;
	error = open_all(xen);
	if (error != PV_OK) {
		device->softc = NULL;
		pv_free(device->bus, xen, sizeof(*xen));
		return error;
	}
	describe(xen);
	pv_device_announce(device);
	settle(device);
	if (xen->privileged)
		xen_unplug(xen);
	return PV_OK;
}

/* Its devices are detached already. */
static void
xen_detach(struct pv_device *device)
{
	struct xen *xen = device->softc;

	xenbus_close(xen);
	if (xen->privileged)
		xen_close(xen);
	device->softc = NULL;
	pv_free(device->bus, xen, sizeof(*xen));
}

static void
xen_cpu_start(struct pv_device *device, unsigned cpu)
{
	struct xen *xen = device->softc;

	if (!xen->privileged || cpu == 0)
		return;
	if (cpu >= xen->cpus) {
		xen_log(xen, PV_LOG_ERROR, "CPU %u was not expected; unused",
		    cpu);
		return;
	}
	xen->vcpu[cpu] = xen_vcpu_number(xen, cpu);
	xen_events_cpu_start(xen, cpu);
}

const struct pv_driver pv_xen_driver = {
	.name = "xen",
	.attach = xen_attach,
	.detach = xen_detach,
	.poll = xen_poll,
	.deadline = xen_deadline,
	.cpu_start = xen_cpu_start,
	.suspend = xen_suspended,
};
