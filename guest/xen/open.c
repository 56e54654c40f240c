/* SPDX-License-Identifier: ISC */
/* What the devices of Xen stand on, opened in its order: the CPUs' numbers,
 * hypercalls, the shared page, events, grants and the clock. */
#include "guest/bus/format.h"
#include "guest/bus/libc.h"
#include "guest/xen/xen_private.h"

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

/* PV_ENOENT: another life had it there.  Where the host keeps its page there is
 * no use for the place any more. */
bool
xen_leave(struct xen *xen, uint64_t physical)
{
	int error = xen_unplace(xen, physical);

	if (error == PV_OK || error == PV_ENOENT)
		return true;
	xen->stats->held++;
	return false;
}

static void
shared_close(struct xen *xen)
{
	if (xen->shared == NULL)
		return;
	if (xen_leave(xen, xen->shared_physical))
		xen->port->space_free(xen->port->ctx, xen->shared, 1);
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

int
xen_open(struct xen *xen)
{
	int error = port_suffices(xen->port) ? cpus_open(xen) : PV_ENOTSUP;

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
	if (error != PV_OK)
		xen_close(xen);
	return error;
}

/* Each of these does nothing where there is nothing. */
void
xen_close(struct xen *xen)
{
	xen_clock_close(xen);
	xen_grants_close(xen);
	xen_events_close(xen);
	shared_close(xen);
	xen_hypercall_close(xen);
	pv_free(xen->bus, xen->vcpu, xen->cpus * sizeof(*xen->vcpu));
	xen->vcpu = NULL;
}
