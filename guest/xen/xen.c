/* SPDX-License-Identifier: ISC */
/* xen: the bus of Xen's devices, and what they stand on. */
#include "guest/bus/format.h"
#include "guest/bus/libc.h"
#include "guest/xen/xen_private.h"
#include "guest/xen/xenbus_private.h"

/* How long attaching waits for the devices that are there from the start. */
#define SETTLE_TIME (10 * PV_SECOND)

#define CPUS_MAX 4096u

void
xen_log(struct xen *xen, enum pv_log level, const char *format, ...)
{
	char line[160];
	size_t len = pv_format(line, sizeof(line), "%s: ", xen->device->name);
	va_list args;

	va_start(args, format);
	pv_vformat(line + len, sizeof(line) - len, format, args);
	va_end(args);
	xen->port->log(xen->port->ctx, level, line);
}

int
xen_shared_place(struct xen *xen)
{
	return xen_place(xen, XEN_MAPSPACE_SHARED_INFO, 0,
	    xen->shared_physical);
}

static int
shared_open(struct xen *xen)
{
	int error;

	xen->shared = xen->port->space_alloc(xen->port->ctx, 1,
	    &xen->shared_physical);
	if (xen->shared == NULL)
		return PV_ENOMEM;
	error = xen_shared_place(xen);
	if (error != PV_OK) {
		xen->port->space_free(xen->port->ctx, xen->shared, 1);
		xen->shared = NULL;
	}
	return error;
}

/* Where the host keeps its page there is no use for the place any more. */
static void
shared_close(struct xen *xen)
{
	if (xen->shared == NULL)
		return;
	if (xen_unplace(xen, xen->shared_physical) == PV_OK)
		xen->port->space_free(xen->port->ctx, xen->shared, 1);
	else
		xen->stats->held++;
	xen->shared = NULL;
}

static int
cpus_open(struct xen *xen)
{
	const struct pv_port *port = xen->port;

	xen->cpus = port->cpus != NULL ? port->cpus(port->ctx) : 1;
	if (xen->cpus == 0)
		xen->cpus = 1;
	if (xen->cpus > CPUS_MAX)
		xen->cpus = CPUS_MAX;
	xen->vcpu = pv_alloc(xen->bus, xen->cpus * sizeof(*xen->vcpu));
	if (xen->vcpu == NULL)
		return PV_ENOMEM;
	for (unsigned i = 0; i < xen->cpus; i++)
		xen->vcpu[i] = XEN_NO_VCPU;
	xen->vcpu[0] = xen_vcpu_number(xen, 0);
	return xen->vcpu[0] != XEN_NO_VCPU ? PV_OK : PV_ENOTSUP;
}

/* The layouts of wire/xen are those of 64-bit guests. */
static bool
port_suffices(const struct pv_port *port)
{
	return sizeof(uintptr_t) == sizeof(uint64_t) &&
	    port->msr_write != NULL && port->xen_hypercall != NULL &&
	    port->pages_alloc != NULL && port->pages_free != NULL &&
	    port->space_alloc != NULL && port->space_free != NULL &&
	    port->map != NULL && port->unmap != NULL;
}

static int
open_all(struct xen *xen)
{
	int error = cpus_open(xen);

	if (error == PV_OK)
		error = xen_hypercall_open(xen);
	if (error == PV_OK)
		error = shared_open(xen);
	if (error == PV_OK)
		error = xen_events_open(xen);
	if (error == PV_OK)
		error = xen_grants_open(xen);
	/* without a clock one lives well enough */
	if (error == PV_OK && xen_clock_open(xen) == PV_ENOMEM)
		error = PV_ENOMEM;
	if (error == PV_OK)
		error = xenbus_open(xen);
	return error;
}

/* Each of these does nothing where there is nothing. */
static void
close_all(struct xen *xen)
{
	xen_clock_close(xen);
	xen_grants_close(xen);
	xen_events_close(xen);
	shared_close(xen);
	xen_hypercall_close(xen);
	pv_free(xen->bus, xen->vcpu, xen->cpus * sizeof(*xen->vcpu));
	pv_free(xen->bus, xen, sizeof(*xen));
}

static void
describe(struct xen *xen)
{
	uint64_t port;

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
	bool more = xen_grants_poll(xen);

	xen_events_scan(xen, 0);
	return xenbus_poll(xen, budget) || more;
}

static uint64_t
xen_deadline(struct pv_device *device)
{
	struct xen *xen = device->softc;
	const uint64_t times[] = { xen_events_deadline(xen),
		xen_grants_deadline(xen), xenbus_deadline(xen) };
	uint64_t first = PV_NEVER;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (times[i] < first)
			first = times[i];
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

static int
xen_attach(struct pv_device *device)
{
	const struct pv_port *port = pv_bus_port(device->bus);
	struct xen *xen;
	int error;

	if (!port_suffices(port))
		return PV_ENOTSUP;
	xen = pv_alloc(device->bus, sizeof(*xen));
	if (xen == NULL)
		return PV_ENOMEM;
	xen->device = device;
	xen->bus = device->bus;
	xen->port = port;
	xen->stats = &device->stats;
	xen->base = device->interface->base;
	xen->privileged = true;
	device->softc = xen;
	error = open_all(xen);
	if (error != PV_OK) {
		close_all(xen);
		device->softc = NULL;
		return error;
	}
	describe(xen);
	pv_device_announce(device);
	settle(device);
	xen_unplug(xen);
	return PV_OK;
}

/* Its devices are detached already. */
static void
xen_detach(struct pv_device *device)
{
	struct xen *xen = device->softc;

	xenbus_close(xen);
	close_all(xen);
	device->softc = NULL;
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
	.suspend = xen_suspend,
};
