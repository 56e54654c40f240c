/* SPDX-License-Identifier: ISC */
/* What the host says on VMBus: each message by its type, if it is as long as
 * that needs. */
#include "guest/bus/libc.h"
#include "guest/hyperv/vmbus_private.h"

static void
offer(struct vmbus *vmbus, const void *payload, size_t size)
{
	vmbus_offered(vmbus, payload, size);
}

static void
rescind(struct vmbus *vmbus, const void *payload, size_t size)
{
	struct hv_vmbus_rescind message;

	(void)size;
	memcpy(&message, payload, sizeof(message));
	vmbus_rescind(vmbus, message.relid);
}

static void
all_offers(struct vmbus *vmbus, const void *payload, size_t size)
{
	(void)payload;
	(void)size;
	vmbus_all_offered(vmbus);
}

static void
answer(struct vmbus *vmbus, enum vmbus_answer kind, uint32_t relid, uint32_t id,
    uint32_t status)
{
	if (!vmbus_answered(vmbus, kind, relid, id, status))
		vmbus->hyperv->stats->bad_id++;
}

static void
open_result(struct vmbus *vmbus, const void *payload, size_t size)
{
	struct hv_vmbus_open_result message;

	(void)size;
	memcpy(&message, payload, sizeof(message));
	answer(vmbus, VMBUS_OPENED, message.relid, message.open_id,
	    message.status);
}

static void
created(struct vmbus *vmbus, const void *payload, size_t size)
{
	struct hv_vmbus_gpadl_created message;

	(void)size;
	memcpy(&message, payload, sizeof(message));
	answer(vmbus, VMBUS_CREATED, message.relid, message.gpadl,
	    message.status);
}

static void
torndown(struct vmbus *vmbus, const void *payload, size_t size)
{
	struct hv_vmbus_gpadl_torndown message;

	(void)size;
	memcpy(&message, payload, sizeof(message));
	answer(vmbus, VMBUS_TORNDOWN, 0, message.gpadl, 0);
}

static void
modified(struct vmbus *vmbus, const void *payload, size_t size)
{
	struct hv_vmbus_modify_channel_response message;

	(void)size;
	memcpy(&message, payload, sizeof(message));
	answer(vmbus, VMBUS_MODIFIED, message.relid, 0, message.status);
}

static void
unload_response(struct vmbus *vmbus, const void *payload, size_t size)
{
	(void)payload;
	(void)size;
	vmbus_unload_response(vmbus);
}

/* Those of the host that we never ask for are not in here. */
static const struct {
	void (*call)(struct vmbus *, const void *payload, size_t size);
	size_t min;
	bool connected; /* else it is from another life */
} messages[HV_VMBUS_TYPES] = {
	[HV_VMBUS_OFFER] = { offer,
	    __builtin_offsetof(struct hv_vmbus_offer, dedicated), true },
	[HV_VMBUS_RESCIND] = { rescind, sizeof(struct hv_vmbus_rescind), true },
	[HV_VMBUS_ALL_OFFERS] = { all_offers, sizeof(struct hv_vmbus_header),
	    true },
	[HV_VMBUS_OPEN_RESULT] = { open_result,
	    sizeof(struct hv_vmbus_open_result), true },
	[HV_VMBUS_GPADL_CREATED] = { created,
	    sizeof(struct hv_vmbus_gpadl_created), true },
	[HV_VMBUS_GPADL_TORNDOWN] = { torndown,
	    sizeof(struct hv_vmbus_gpadl_torndown), true },
	[HV_VMBUS_MODIFY_CHANNEL_RESPONSE] = { modified,
	    sizeof(struct hv_vmbus_modify_channel_response), true },
	[HV_VMBUS_VERSION_RESPONSE] = { vmbus_version_response,
	    HV_VMBUS_VERSION_RESPONSE_MIN, false },
	[HV_VMBUS_UNLOAD_RESPONSE] = { unload_response,
	    sizeof(struct hv_vmbus_header), false },
};

static void
dispatch(struct vmbus *vmbus, const struct hv_message *message)
{
	struct pv_stats *stats = vmbus->hyperv->stats;
	struct hv_vmbus_header header;

	if (message->size < sizeof(header)) {
		stats->bad_length++;
		return;
	}
	memcpy(&header, message->payload, sizeof(header));
	if (header.type >= HV_VMBUS_TYPES ||
	    messages[header.type].call == NULL) {
		stats->bad_value++;
		return;
	}
	/* what was said to those before us */
	if (messages[header.type].connected && vmbus->version == 0)
		return;
	if (message->size < messages[header.type].min)
		stats->bad_length++;
	else
		messages[header.type].call(vmbus, message->payload,
		    message->size);
}

bool
vmbus_messages_poll(struct vmbus *vmbus, unsigned budget)
{
	struct hv_message message;

	while (budget-- > 0) {
		if (!hyperv_synic_message(vmbus->hyperv, &message))
			return false;
		dispatch(vmbus, &message);
	}
	return true;
}
