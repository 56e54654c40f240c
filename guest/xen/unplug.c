/* SPDX-License-Identifier: ISC */
/*
 * An HVM guest has each disk and NIC twice: emulated by QEMU, and by way of
 * XenStore.  What our drivers took is taken out of the other place, or two
 * drivers write to one disk.  A PVH guest has nothing behind these ports.
 */
#include "guest/bus/libc.h"
#include "guest/xen/xen_private.h"

static bool
get(struct xen *xen, uint16_t port, unsigned width, uint32_t *value)
{
	xen->stats->exits++;
	return xen->port->io_read(xen->port->ctx, port, width, value) == PV_OK;
}

static bool
put(struct xen *xen, uint16_t port, unsigned width, uint32_t value)
{
	xen->stats->exits++;
	return xen->port->io_write(xen->port->ctx, port, width, value) == PV_OK;
}

static bool
magic(struct xen *xen)
{
	uint32_t value;

	return get(xen, XEN_UNPLUG_PORT, 2, &value) &&
	    value == XEN_UNPLUG_MAGIC;
}

/* From version 1 on the host wants to know who asks, and may refuse then. */
static bool
permitted(struct xen *xen)
{
	uint32_t version;

	if (!magic(xen) || !get(xen, XEN_UNPLUG_PORT_INFO, 1, &version))
		return false;
	if (version == 0)
		return true;
	return put(xen, XEN_UNPLUG_PORT_INFO, 2,
		   XEN_UNPLUG_PRODUCT_EXPERIMENTAL) &&
	    put(xen, XEN_UNPLUG_PORT, 4, 1) && magic(xen);
}

static bool
is(const struct pv_device *device, const char *driver)
{
	const char *name = device->driver->name;

	return strlen(name) == strlen(driver) &&
	    memcmp(name, driver, strlen(driver)) == 0;
}

/* The bits of the classes of which a driver has a device. */
static uint32_t
taken(const struct xen *xen)
{
	uint32_t bits = 0;

	for (const struct pv_device *device = pv_bus_devices(xen->bus);
	     device != NULL; device = device->next) {
		if (device->parent != xen->device ||
		    device->state != PV_DEVICE_ATTACHED ||
		    device->driver == NULL)
			continue;
		if (is(device, "xbf"))
			bits |= XEN_UNPLUG_DISKS | XEN_UNPLUG_AUX_DISKS |
			    XEN_UNPLUG_NVME;
		if (is(device, "xnf"))
			bits |= XEN_UNPLUG_NICS;
	}
	return bits;
}

void
xen_unplug(struct xen *xen)
{
	uint32_t bits = taken(xen);

	if (bits == 0 || xen->port->io_read == NULL ||
	    xen->port->io_write == NULL || !permitted(xen))
		return;
	put(xen, XEN_UNPLUG_PORT, 2, bits);
}
