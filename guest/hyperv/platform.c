/* SPDX-License-Identifier: ISC */
/* Hyper-V where the platform drives it: the key/value pairs are ours, and what
 * else is on VMBus is listed with who holds it. */
#include "guest/bus/format.h"
#include "guest/bus/libc.h"
#include "guest/hyperv/hyperv_private.h"
#include "guest/hyperv/kvp.h"
#include "guest/hyperv/vmbus.h"

/* By which people know the devices that we have drivers for. */
static const char *
name_of(const struct hv_guid *class_id)
{
	static const struct {
		struct hv_guid class_id;
		const char *name;
	} ours[] = {
		{ HV_GUID_NETWORK, "hvn" },
		{ HV_GUID_SCSI, "hvs" },
		{ HV_GUID_IDE, "hvs" },
	};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (memcmp(class_id, &ours[i].class_id, sizeof(*class_id)) == 0)
			return ours[i].name;
	return vmbus_class_name(class_id);
}

static void
list(struct hyperv *hyperv)
{
	const struct pv_port *port = hyperv->port;
	struct pv_vmbus_item item;

	for (unsigned i = 0; port->vmbus_item != NULL && i < HV_VMBUS_RELIDS &&
	     port->vmbus_item(port->ctx, i, &item) == PV_OK;
	     i++) {
		struct hv_guid class_id;
		char where[32];
		const char *name;

		memcpy(&class_id, item.class_id, sizeof(class_id));
		name = name_of(&class_id);
		pv_format(where, sizeof(where), "channel %u", item.channel);
		pv_device_unconfigured(hyperv->device,
		    name != NULL ? name : "unknown", where, NULL);
	}
}

int
hyperv_platform_attach(struct hyperv *hyperv)
{
	const struct pv_port *port = hyperv->port;
	char holder[48];
	int error = kvp_open(hyperv);

	if (port->holder == NULL ||
	    port->holder(port->ctx, "hyperv", holder, sizeof(holder)) != PV_OK)
		pv_format(holder, sizeof(holder), "the platform");
	/* no exchange, but a host that has it switched off is no error */
	if (error != PV_OK && error != PV_ENODEV)
		return error;
	pv_device_describe(hyperv->device, "%s through %s",
	    error == PV_OK ? "key/value pairs" : "no key/value pairs", holder);
	pv_device_announce(hyperv->device);
	list(hyperv);
	return PV_OK;
}

void
hyperv_platform_detach(struct hyperv *hyperv)
{
	kvp_close(hyperv);
}
