/* SPDX-License-Identifier: ISC */
/* What domain 0 of a simulated Xen has for its guest. */
#include <stdio.h>
#include <string.h>

#include "port/sim/sim.h"
#include "programs/pvbusd/machine.h"

/* vm-data is where administrators of XenServer put what is for the guest. */
static const struct {
	const char *name, *value;
} samples[] = {
	{ "vm-data/greeting", "hello from the host" },
	{ "vm-data/net/address", "192.0.2.7" },
	{ "vm-data/net/gateway", "192.0.2.1" },
};

/* xvda, small as nobody reads it */
#define DISK_DEVICE 51712
#define DISK_SIZE (1024u * 1024)

static bool
put(struct host_xen *xen, const char *name, const void *value, size_t size)
{
	char path[512];

	if (name[0] == '/')
		snprintf(path, sizeof(path), "%s", name);
	else
		snprintf(path, sizeof(path), "/local/domain/%u/%s",
		    host_xen_domain(xen), name);
	return host_xenstore_write(host_xen_store(xen), path, value, size);
}

static bool
fill_from_config(struct host_xen *xen, const struct config *config)
{
	for (const struct config_item *item = config->items; item != NULL;
	     item = item->next)
		if (item->where == CONFIG_XENSTORE &&
		    !put(xen, item->name, item->bytes, item->size))
			return false;
	return true;
}

static bool
fill_from_samples(struct host_xen *xen)
{
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		if (!put(xen, samples[i].name, samples[i].value,
			strlen(samples[i].value)))
			return false;
	return true;
}

bool
sample_fill_xen(struct host_xen *xen, const struct config *config)
{
	struct host_disk_config disk = {
		.device = DISK_DEVICE,
		.size = DISK_SIZE,
		.persistent = true,
		.flush = true,
	};
	struct host_nic_config nic = {
		/* of Xen's own range, 00:16:3e */
		.mac = { 0x00, 0x16, 0x3e, 0x00, 0x00, 0x01 },
		.mtu = 1500,
	};

	if (host_blkback_new(xen, &disk) == NULL ||
	    host_netback_new(xen, &nic) == NULL)
		return false;
	return config->items != NULL ? fill_from_config(xen, config)
				     : fill_from_samples(xen);
}
