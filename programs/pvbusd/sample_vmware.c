/* SPDX-License-Identifier: ISC */
/* What the administrator of a simulated VMware has for its guest. */
#include <string.h>

#include "port/sim/sim.h"
#include "programs/pvbusd/machine.h"

static const struct {
	const char *name, *value;
} samples[] = {
	{ "guestinfo.greeting", "hello from the host" },
	{ "guestinfo.net.address", "192.0.2.7" },
	/* what cloud-init looks for, "instance-id: sim" in base64 */
	{ "guestinfo.metadata", "aW5zdGFuY2UtaWQ6IHNpbQo=" },
	{ "guestinfo.metadata.encoding", "base64" },
};

bool
sample_fill_vmware(struct host_vmware *vmware, const struct config *config)
{
	for (const struct config_item *item = config->items; item != NULL;
	     item = item->next)
		if (item->where == CONFIG_GUESTINFO &&
		    !host_vmware_set_info(vmware, item->name, item->bytes,
			item->size))
			return false;
	for (size_t i = 0;
	     config->items == NULL && i < sizeof(samples) / sizeof(samples[0]);
	     i++)
		if (!host_vmware_set_info(vmware, samples[i].name,
			samples[i].value, strlen(samples[i].value)))
			return false;
	return true;
}
