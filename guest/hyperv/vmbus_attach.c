/* SPDX-License-Identifier: ISC */
/* Who takes a channel: a service, the driver of its class, that of the device of
 * which it is a part, or nobody, which a line says. */
#include "guest/bus/format.h"
#include "guest/bus/libc.h"
#include "guest/hyperv/services.h"
#include "guest/hyperv/vmbus_private.h"

/* How long devices wait for the services, whose line comes first: the host asks
 * them for their versions at once, or when it likes. */
#define SERVICE_PATIENCE (PV_SECOND / 2)

static const struct hv_guid network = HV_GUID_NETWORK, scsi = HV_GUID_SCSI,
			    ide = HV_GUID_IDE;

static bool
is(const struct vmbus_channel *channel, const struct hv_guid *type)
{
	return memcmp(&channel->offer.type, type, sizeof(*type)) == 0;
}

/* As it is written elsewhere. */
static void
guid_text(const struct hv_guid *guid, char to[HV_GUID_TEXT + 1])
{
	static const uint8_t order[HV_GUID_SIZE] = { 3, 2, 1, 0, 5, 4, 7, 6, 8,
		9, 10, 11, 12, 13, 14, 15 };
	static const char digits[] = "0123456789abcdef";
	size_t len = 0;

	for (unsigned i = 0; i < HV_GUID_SIZE; i++) {
		uint8_t byte = guid->bytes[order[i]];

		if (i == 4 || i == 6 || i == 8 || i == 10)
			to[len++] = '-';
		to[len++] = digits[byte >> 4];
		to[len++] = digits[byte & 0xf];
	}
	to[len] = '\0';
}

static void
attach_device(struct vmbus_channel *channel)
{
	struct pv_device *parent = channel->hyperv->device;
	const char *name = vmbus_class_name(&channel->offer.type);
	const char *driver = NULL;
	struct pv_device *device;
	char where[80], type[HV_GUID_TEXT + 1];

	pv_format(where, sizeof(where), "channel %u", channel->offer.relid);
	if (is(channel, &scsi) || is(channel, &ide))
		driver = "hvs";
	else if (is(channel, &network))
		driver = "hvn";
	if (driver != NULL) {
		device = pv_device_attach(parent, driver, where, channel);
		if (device == NULL)
			vmbus_node_unused(channel);
		return;
	}
	if (channel->offer.flags & HV_VMBUS_OFFER_HVSOCK) {
		name = "hvsock";
	} else if (name == NULL) {
		name = "unknown";
		guid_text(&channel->offer.type, type);
		pv_format(where, sizeof(where), "channel %u, class %s,",
		    channel->offer.relid, type);
	}
	pv_device_unconfigured(parent, name, where, channel);
}

bool
vmbus_node_try(struct vmbus *vmbus, struct vmbus_node *node)
{
	struct vmbus_channel *channel = &node->channel;
	struct hyperv *hyperv = vmbus->hyperv;
	uint64_t now = pv_bus_now(hyperv->bus);
	struct vmbus_channel *primary = channel->primary;

	if (channel->offer.sub != 0) {
		/* for who did not ask for any yet there are none */
		if (primary == NULL || primary->state != VMBUS_OPEN ||
		    primary->user == NULL)
			return false;
		node->tried = true;
		if (primary->user->sub != NULL)
			primary->user->sub(primary->owner, channel);
		return true;
	}
	if (!node->looked) {
		node->looked = true;
		if (services_offer(hyperv, channel)) {
			node->tried = true;
			node->patience = now + SERVICE_PATIENCE;
			return true;
		}
	}
	if (vmbus->held)
		return false;
	node->tried = true;
	node->patience = now + VMBUS_DEVICE_PATIENCE;
	attach_device(channel);
	return true;
}
