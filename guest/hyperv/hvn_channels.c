/* SPDX-License-Identifier: ISC */
/* Channels of a NIC: the first, and a sub-channel for each further queue. */
#include "guest/hyperv/hvn.h"

int
hvn_channel_open(struct hvn *hvn, struct hvn_queue *queue)
{
	const struct vmbus_open how = { .out_pages = HVN_RING_PAGES,
		.in_pages = HVN_RING_PAGES,
		.target = queue->cpu,
		.packet_max = HVN_PACKET_MAX };

	queue->channel_up = false;
	hvn_area_heads(hvn, queue);
	return vmbus_channel_open(queue->channel, &how);
}

/* ---- What VMBus says of a sub-channel --------------------------------- */

static void
sub_opened(void *owner, struct vmbus_channel *channel, int error)
{
	struct hvn_queue *queue = owner;

	(void)channel;
	if (error == PV_OK) {
		queue->channel_up = true;
		hvn_queue_talk(queue);
	}
	hvn_step(queue->hvn);
}

static void
sub_rescinded(void *owner)
{
	struct hvn_queue *queue = owner;

	queue->departing = true;
	hvn_step(queue->hvn);
}

const struct vmbus_user hvn_sub_user = {
	.opened = sub_opened,
	.rescinded = sub_rescinded,
};

/* ---- All of them ------------------------------------------------------ */

#define OPENS 3u /* tries of one */

static void
try(struct hvn *hvn, struct vmbus_channel *sub)
{
	unsigned index = sub->offer.sub;
	struct hvn_queue *queue;

	if (index == 0 || index > hvn->promised || index >= HVN_QUEUES ||
	    sub->state != VMBUS_CLOSED ||
	    vmbus_channel_closed(sub) == PV_EAGAIN)
		return;
	queue = hvn_queue_new(hvn, index);
	if (queue == NULL || queue->opens == OPENS || queue->departing ||
	    (queue->channel != NULL && queue->channel != sub))
		return;
	queue->opens++;
	if (hvn_rx_open(queue) != PV_OK)
		return;
	if (queue->channel == NULL) {
		vmbus_channel_use(sub, hvn->device, &hvn_sub_user, queue);
		queue->channel = sub;
	}
	(void)hvn_channel_open(hvn, queue);
}

/* As many as are open without a gap: the host numbers them so. */
static unsigned
count_open(const struct hvn *hvn)
{
	unsigned count = 1;

	while (count <= hvn->promised && count < HVN_QUEUES &&
	    hvn->queues[count] != NULL && hvn->queues[count]->channel_up &&
	    !hvn->queues[count]->departing)
		count++;
	return count;
}

/* What is open, or being opened, behind a gap is of no use.  False: another CPU
 * has to let go of it first. */
static bool
close_others(struct hvn *hvn)
{
	bool rest = true;

	for (unsigned i = hvn->active; i < HVN_QUEUES; i++) {
		struct hvn_queue *queue = hvn->queues[i];

		if (queue == NULL || queue->channel == NULL)
			continue;
		queue->channel_up = false;
		hvn_queue_stop(queue, PV_EIO, 0);
		rest = rest && hvn_queue_rests(queue);
	}
	for (unsigned i = hvn->active; rest && i < HVN_QUEUES; i++)
		if (hvn->queues[i] != NULL && hvn->queues[i]->channel != NULL)
			vmbus_channel_close(hvn->queues[i]->channel);
	return rest;
}

int
hvn_channels_open(struct hvn *hvn)
{
	if (hvn->promised > 0) {
		if (hvn->deadline == PV_NEVER)
			hvn->deadline = pv_bus_now(hvn->device->bus) + HVN_SUBS;
		for (struct vmbus_channel *sub = hvn->channel->next_sub;
		     sub != NULL; sub = sub->next_sub)
			try(hvn, sub);
		if (count_open(hvn) <= hvn->promised &&
		    pv_bus_now(hvn->device->bus) < hvn->deadline)
			return PV_EAGAIN;
	}
	hvn->active = count_open(hvn);
	if (!close_others(hvn)) {
		hvn->deadline = pv_bus_now(hvn->device->bus) + PV_MILLISECOND;
		return PV_EAGAIN;
	}
	hvn->deadline = PV_NEVER;
	return PV_OK;
}

bool
hvn_channels_depart(struct hvn *hvn)
{
	bool used = false;

	for (unsigned i = 1; i < HVN_QUEUES; i++) {
		struct hvn_queue *queue = hvn->queues[i];

		if (queue == NULL || !queue->departing)
			continue;
		if (hvn_queue_state(queue) == HVN_QUEUE_TALK)
			hvn_queue_stop(queue, PV_EIO, 0);
		if (!hvn_queue_empty(queue)) {
			used = true;
			continue;
		}
		if (queue->channel != NULL)
			vmbus_depart(queue->channel);
		queue->channel = NULL;
		queue->channel_up = queue->departing = false;
	}
	return used;
}
