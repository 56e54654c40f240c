/* SPDX-License-Identifier: ISC */
/*
 * hvs: its channels.  The first is the controller's own; others are offered by
 * the host when it was asked for them, and each makes a queue.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvs.h"

/* ---- Open ------------------------------------------------------------- */

static int
open_with(struct hvs_queue *queue, uint32_t pages)
{
	/* Linux says nothing here either, in as many bytes */
	static const struct hv_stor_properties nothing = { 0 };

	return vmbus_channel_open(queue->channel,
	    &(struct vmbus_open){ .out_pages = pages,
		.in_pages = pages,
		.target = queue->cpu,
		.packet_max = HVS_PACKET_MAX,
		.user = &nothing,
		.user_len = sizeof(nothing) });
}

int
hvs_channel_open(struct hvs *hvs, struct hvs_queue *queue,
    struct vmbus_channel *channel)
{
	int error;

	(void)hvs;
	queue->channel = channel;
	queue->departs = queue->owing = false;
	channel->stats = &queue->stats;
	error = hvs_queue_equip(queue);
	if (error == PV_OK)
		error = open_with(queue, HVS_RING_PAGES);
	if (error == PV_ENOMEM)
		error = open_with(queue, HVS_RING_PAGES_MIN);
	return error;
}

static void
sub_opened(void *owner, struct vmbus_channel *channel, int error)
{
	struct hvs_queue *queue = owner;

	if (error == PV_OK || queue->channel != channel)
		return;
	hvs_log(queue->hvs, PV_LOG_ERROR, "channel %u: %s",
	    channel->offer.relid, pv_error_text(error));
}

/* Without it the queue does not go on; and when it was in use, neither do the
 * others, until all are opened again. */
static void
sub_rescinded(void *owner)
{
	struct hvs_queue *queue = owner;

	queue->departs = true;
	if (queue->number < queue->hvs->queues_open)
		queue->hvs->lost_sub = true;
}

static const struct vmbus_user sub_user = {
	.opened = sub_opened,
	.rescinded = sub_rescinded,
};

static bool
known(const struct hvs *hvs, const struct vmbus_channel *channel)
{
	for (unsigned i = 0; i < hvs->queues_count; i++)
		if (hvs->queues[i].channel == channel)
			return true;
	return false;
}

static struct hvs_queue *
free_queue(struct hvs *hvs)
{
	for (unsigned i = 1; i <= hvs->subs_wanted; i++)
		if (hvs->queues[i].channel == NULL)
			return &hvs->queues[i];
	return NULL;
}

void
hvs_subs_open(struct hvs *hvs)
{
	struct vmbus_channel *sub, *next;

	for (sub = hvs->channel->next_sub; sub != NULL; sub = next) {
		struct hvs_queue *queue = free_queue(hvs);

		next = sub->next_sub;
		/* more than were asked for, or another's rings still there */
		if (queue == NULL || known(hvs, sub) ||
		    sub->state != VMBUS_CLOSED ||
		    vmbus_channel_closed(sub) != PV_OK)
			continue;
		vmbus_channel_use(sub, hvs->device, &sub_user, queue);
		if (hvs_channel_open(hvs, queue, sub) != PV_OK) {
			queue->channel = NULL;
			vmbus_channel_use(sub, hvs->hyperv->device, NULL, NULL);
		}
	}
}

/* ---- Closed ----------------------------------------------------------- */

void
hvs_channels_close(struct hvs *hvs)
{
	for (unsigned i = hvs->queues_count; i-- > 0;)
		if (hvs->queues[i].channel != NULL)
			vmbus_channel_close(hvs->queues[i].channel);
}

enum hvs_verdict
hvs_channels_verdict(const struct hvs *hvs)
{
	enum hvs_verdict verdict = HVS_RELEASED;

	for (unsigned i = 0; i < hvs->queues_count; i++) {
		const struct vmbus_channel *channel = hvs->queues[i].channel;
		int error = channel != NULL ? vmbus_channel_closed(channel)
					    : PV_OK;

		if (error == PV_EAGAIN)
			return HVS_UNKNOWN;
		if (error != PV_OK)
			verdict = HVS_HELD;
	}
	return verdict;
}

static void
drop(struct hvs_queue *queue)
{
	struct vmbus_channel *channel = queue->channel;

	queue->channel = NULL;
	vmbus_channel_use(channel, queue->hvs->hyperv->device, NULL, NULL);
	if (queue->departs)
		vmbus_depart(channel);
	queue->departs = false;
}

void
hvs_subs_drop(struct hvs *hvs, bool all)
{
	for (unsigned i = 1; i < hvs->queues_count; i++) {
		struct hvs_queue *queue = &hvs->queues[i];

		if (queue->channel == NULL ||
		    (!all && queue->channel->state == VMBUS_OPEN))
			continue;
		vmbus_channel_close(queue->channel);
		drop(queue);
	}
}

/* ---- All queues ------------------------------------------------------- */

/* Those that are open come first. */
static void
close_ranks(struct hvs *hvs)
{
	unsigned to = 1;

	for (unsigned from = 1; from < hvs->queues_count; from++) {
		struct hvs_queue *old = &hvs->queues[from];
		struct hvs_queue *queue = &hvs->queues[to];

		if (old->channel == NULL)
			continue;
		to++;
		if (old == queue)
			continue;
		queue->channel = old->channel;
		queue->departs = old->departs;
		old->channel = NULL;
		old->departs = false;
		vmbus_channel_use(queue->channel, hvs->device, &sub_user,
		    queue);
		queue->channel->stats = &queue->stats;
		if (hvs_queue_equip(queue) != PV_OK ||
		    (queue->cpu != old->cpu &&
			vmbus_channel_target(queue->channel, queue->cpu) !=
			    PV_OK)) {
			vmbus_channel_close(queue->channel);
			drop(queue);
			to--;
		}
	}
	hvs->queues_open = to;
}

void
hvs_queues_start(struct hvs *hvs)
{
	hvs_subs_drop(hvs, false);
	close_ranks(hvs);
	__atomic_store_n(&hvs->verdict, (uint32_t)HVS_UNKNOWN,
	    __ATOMIC_RELEASE);
	hvs_move_waiting(hvs);
	for (unsigned i = 0; i < hvs->queues_open; i++) {
		struct hvs_queue *queue = &hvs->queues[i];

		__atomic_store_n(&queue->stopped, (uint32_t)HVS_GOES,
		    __ATOMIC_RELEASE);
		__atomic_store_n(&queue->mode, (uint32_t)HVS_RUN,
		    __ATOMIC_RELEASE);
	}
}

void
hvs_queues_stop(struct hvs *hvs)
{
	for (unsigned i = 0; i < hvs->queues_count; i++)
		__atomic_store_n(&hvs->queues[i].mode, (uint32_t)HVS_STOP,
		    __ATOMIC_RELEASE);
}

bool
hvs_all_stopped(const struct hvs *hvs, enum hvs_stage stage)
{
	for (unsigned i = 0; i < hvs->queues_count; i++)
		if (__atomic_load_n(&hvs->queues[i].stopped, __ATOMIC_ACQUIRE) <
		    (uint32_t)stage)
			return false;
	return true;
}

static void
move(struct hvs_lane *from, struct hvs_lane *to)
{
	if (from->waiting == NULL)
		return;
	*to->waiting_end = from->waiting;
	to->waiting_end = from->waiting_end;
	from->waiting = NULL;
	from->waiting_end = &from->waiting;
	hvs_lane_activate(to);
}

/* A queue of another CPU ends its own. */
void
hvs_move_waiting(struct hvs *hvs)
{
	struct hvs_queue *to = NULL;

	for (unsigned i = 0; to == NULL && i < hvs->queues_open; i++)
		if (!hvs->queues[i].taken)
			to = &hvs->queues[i];
	if (to == NULL)
		return;
	for (unsigned i = hvs->queues_open; i < hvs->queues_count; i++) {
		if (hvs->queues[i].taken)
			continue;
		for (struct sd *sd = hvs->disks; sd != NULL; sd = sd->next)
			move(&sd->lanes[i], &sd->lanes[to->number]);
	}
}

void
hvs_publish_queues(struct hvs *hvs, struct sd *sd)
{
	sd->disk.queues = hvs->queues_open;
	sd->disk.depth = HVS_DEPTH;
}
