/* SPDX-License-Identifier: ISC */
/* What is offered: checked, and kept by relid, as long as the host wants. */
#include "guest/bus/libc.h"
#include "guest/hyperv/vmbus_private.h"

#define MONITORS (HV_MONITOR_GROUPS * HV_MONITOR_TRIGGERS)

/* ---- An offer, as it came --------------------------------------------- */

static bool
same_guid(const struct hv_guid *a, const struct hv_guid *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static void
connection(const struct vmbus *vmbus, const struct hv_vmbus_offer *from,
    struct vmbus_offer *to)
{
	to->dedicated = false;
	to->connection = HV_VMBUS_CONNECTION_EVENT;
	if (!vmbus_since(vmbus, HV_VMBUS_1_1))
		return;
	to->dedicated = from->dedicated & HV_VMBUS_OFFER_DEDICATED;
	to->connection = from->connection;
}

/* False: it cannot be. */
static bool
parse(struct vmbus *vmbus, const struct hv_vmbus_offer *from,
    struct vmbus_offer *to)
{
	struct pv_stats *stats = vmbus->hyperv->stats;

	memset(to, 0, sizeof(*to));
	if (from->relid == 0 || from->relid >= HV_VMBUS_RELIDS) {
		stats->bad_index++;
		return false;
	}
	to->type = from->type;
	to->instance = from->instance;
	to->relid = from->relid;
	to->flags = from->flags;
	if (vmbus_since(vmbus, HV_VMBUS_2_4))
		to->sub = from->sub_channel;
	to->monitor = from->monitor;
	to->monitored = from->monitor_used & HV_VMBUS_OFFER_MONITOR_USED;
	if (to->monitored && to->monitor >= MONITORS) {
		stats->bad_value++;
		to->monitored = false;
	}
	connection(vmbus, from, to);
	memcpy(to->user, from->user_data, sizeof(to->user));
	return true;
}

/* ---- Kept -------------------------------------------------------------- */

static bool
same_device(const struct vmbus_offer *a, const struct vmbus_offer *b)
{
	return same_guid(&a->type, &b->type) &&
	    same_guid(&a->instance, &b->instance);
}

/* The channel that an offer is about, if it is there and stays. */
static struct vmbus_node *
find(const struct vmbus *vmbus, const struct vmbus_offer *offer, uint16_t sub)
{
	for (struct vmbus_channel *channel = vmbus->first; channel != NULL;
	     channel = channel->next)
		if (!channel_node(channel)->rescinded &&
		    channel->offer.sub == sub &&
		    same_device(&channel->offer, offer))
			return channel_node(channel);
	return NULL;
}

static void
hang(struct vmbus_channel *primary, struct vmbus_channel *sub)
{
	struct vmbus_channel **link = &primary->next_sub;

	while (*link != NULL)
		link = &(*link)->next_sub;
	*link = sub;
	sub->primary = primary;
	sub->next_sub = NULL;
}

/* A sub-channel may be offered before the device that it is part of. */
static void
relate(struct vmbus *vmbus, struct vmbus_channel *channel)
{
	const struct vmbus_node *primary;

	if (channel->offer.sub != 0) {
		primary = find(vmbus, &channel->offer, 0);
		if (primary != NULL)
			hang((struct vmbus_channel *)(uintptr_t)&primary
				 ->channel,
			    channel);
		return;
	}
	for (struct vmbus_channel *sub = vmbus->first; sub != NULL;
	     sub = sub->next)
		if (sub->offer.sub != 0 && sub->primary == NULL &&
		    !channel_node(sub)->rescinded &&
		    same_device(&sub->offer, &channel->offer))
			hang(channel, sub);
}

static void
list(struct vmbus *vmbus, struct vmbus_channel *channel,
    const struct vmbus_offer *offer)
{
	channel->offer = *offer;
	channel->listed = true;
	channel->mark = &vmbus->marks[offer->relid];
	vmbus->channels[offer->relid] = channel;
	__atomic_store_n(channel->mark, MARK_OWNED, __ATOMIC_SEQ_CST);
}

static void
add(struct vmbus *vmbus, const struct vmbus_offer *offer)
{
	struct hyperv *hyperv = vmbus->hyperv;
	struct vmbus_node *node = NULL;
	struct vmbus_channel *channel;

	if (vmbus->count < VMBUS_CHANNELS_MAX)
		node = pv_alloc(hyperv->bus, sizeof(*node));
	if (node == NULL) {
		hyperv->stats->bad_state++;
		if (!vmbus->full)
			hyperv_log(hyperv, PV_LOG_ERROR,
			    "no room for another channel");
		vmbus->full = true;
		return;
	}
	channel = &node->channel;
	channel->hyperv = hyperv;
	channel->device = hyperv->device;
	channel->stats = hyperv->stats;
	list(vmbus, channel, offer);
	relate(vmbus, channel);
	*vmbus->last = channel;
	vmbus->last = &channel->next;
	vmbus->count++;
}

void
vmbus_offered(struct vmbus *vmbus, const void *payload, size_t size)
{
	struct pv_stats *stats = vmbus->hyperv->stats;
	struct hv_vmbus_offer message = { 0 };
	struct vmbus_offer offer;
	struct vmbus_node *known;

	if (size < sizeof(message) && vmbus_since(vmbus, HV_VMBUS_1_1)) {
		stats->bad_length++;
		return;
	}
	memcpy(&message, payload,
	    size < sizeof(message) ? size : sizeof(message));
	if (!parse(vmbus, &message, &offer))
		return;
	known = find(vmbus, &offer, offer.sub);
	if (vmbus->channels[offer.relid] != NULL ||
	    (known != NULL && known->channel.listed)) {
		stats->bad_duplicate++;
		return;
	}
	if (known != NULL)
		list(vmbus, &known->channel, &offer);
	else
		add(vmbus, &offer);
}

void
vmbus_all_offered(struct vmbus *vmbus)
{
	if (vmbus->phase != VMBUS_OFFERS || !vmbus->asked || vmbus->delivered)
		vmbus->hyperv->stats->bad_state++;
	else
		vmbus->delivered = true;
}

/* Nothing of the channel works from here on.  Its user hears of it from
 * vmbus_nodes_poll(), where devices may go. */
void
vmbus_rescind(struct vmbus *vmbus, uint32_t relid)
{
	struct pv_stats *stats = vmbus->hyperv->stats;
	struct vmbus_channel *channel;

	if (relid == 0 || relid >= HV_VMBUS_RELIDS) {
		stats->bad_index++;
		return;
	}
	channel = vmbus->channels[relid];
	if (channel == NULL) {
		stats->bad_id++;
		return;
	}
	if (channel_node(channel)->rescinded) {
		stats->bad_duplicate++;
		return;
	}
	channel_node(channel)->rescinded = true;
	channel_rescinded(channel);
}
