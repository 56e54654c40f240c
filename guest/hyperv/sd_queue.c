/* SPDX-License-Identifier: ISC */
/*
 * sd: who uses which channel.  All disks of a controller have the same queues,
 * and the owner of a disk may take some: from then on a CPU of his has the
 * channel.  The owner of another disk either takes it for the same CPU, or is
 * served by queues that nobody has taken, or, when there is none, by that CPU on
 * his behalf.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvs.h"

static bool
is_claimed(const struct hvs_lane *lane)
{
	return __atomic_load_n(&lane->claimed, __ATOMIC_ACQUIRE) != 0;
}

static bool
is_taken(const struct hvs_queue *queue)
{
	return __atomic_load_n(&queue->taken, __ATOMIC_ACQUIRE) != 0;
}

/* The lane that a request to this queue goes by. */
struct hvs_lane *
sd_lane(struct sd *sd, unsigned number)
{
	struct hvs *hvs = sd->hvs;
	struct hvs_lane *lane = &sd->lanes[number % sd->lanes_count];
	unsigned open = hvs->queues_open > 0 ? hvs->queues_open : 1;

	if (is_claimed(lane) ||
	    (!is_taken(lane->queue) && lane->queue->number < open))
		return lane;
	for (unsigned i = 0; i < open; i++) {
		struct hvs_lane *other = &sd->lanes[(number + i) % open];

		if (!is_taken(other->queue))
			return other;
	}
	return &sd->lanes[number % open];
}

/* ---- Submit ----------------------------------------------------------- */

static void
post(struct hvs_lane *lane, struct pv_io *io)
{
	struct hvs_queue *queue = lane->queue;
	struct pv_io *first = __atomic_load_n(&queue->posted, __ATOMIC_RELAXED);

	io->progress = (uint64_t)(uintptr_t)lane;
	do
		io->next = first;
	while (!__atomic_compare_exchange_n(&queue->posted, &first, io, true,
	    __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

static bool
is_ours(const struct hvs_lane *lane)
{
	return is_claimed(lane) || !is_taken(lane->queue);
}

static void
submit(struct hvs_lane *lane, struct pv_io *io)
{
	struct hvs_queue *queue = lane->queue;
	struct hvs *hvs = queue->hvs;

	hvs_enqueue(lane, io);
	if (__atomic_load_n(&queue->stopped, __ATOMIC_ACQUIRE) != HVS_GOES)
		return;
	hvs_issue(queue, hvs_now(hvs));
	if (!io->submitted && queue->in_flight > 0)
		lane->stats.stalls++;
}

static void
sd_submit(struct pv_disk *disk, unsigned number, struct pv_io *io)
{
	struct sd *sd = (struct sd *)disk;
	struct hvs_lane *lane = sd_lane(sd, number);
	int error = hvs_dead(sd->hvs);

	if (error == PV_OK)
		error = -(int)__atomic_load_n(&sd->dead, __ATOMIC_ACQUIRE);
	io->error = PV_OK;
	io->next = NULL;
	io->total = io->progress = 0;
	io->segment = 0;
	io->within = 0;
	io->pending = 0;
	io->submitted = false;
	__atomic_fetch_add(&sd->under_way, 1, __ATOMIC_RELAXED);
	if (!is_ours(lane)) {
		/* nothing else of this queue is ours to touch */
		if (error == PV_OK) {
			post(lane, io);
		} else {
			io->error = error;
			io->done(io);
			__atomic_fetch_sub(&sd->under_way, 1, __ATOMIC_RELEASE);
		}
		return;
	}
	lane->stats.requests++;
	if (error != PV_OK) {
		io->error = error;
		hvs_finish(lane, io);
	} else
		submit(lane, io);
	hvs_run_finished(lane->queue, HVS_FINISHED_AT_ONCE);
}

static void
sd_kick(struct pv_disk *disk, unsigned number)
{
	struct hvs_lane *lane = sd_lane((struct sd *)disk, number);
	struct hvs_queue *queue = lane->queue;

	if (is_ours(lane) &&
	    __atomic_load_n(&queue->stopped, __ATOMIC_ACQUIRE) == HVS_GOES)
		vmbus_kick(queue->channel);
}

/* ---- Poll ------------------------------------------------------------- */

/* True: some were there. */
static bool
returned(struct hvs_lane *lane)
{
	struct pv_io *list = __atomic_exchange_n(&lane->returned, NULL,
			 __ATOMIC_ACQUIRE),
		     *next, *in_order = NULL;
	bool some = list != NULL;

	for (; list != NULL; list = next) {
		next = list->next;
		list->next = in_order;
		in_order = list;
	}
	for (; in_order != NULL; in_order = next) {
		next = in_order->next;
		in_order->done(in_order);
		__atomic_fetch_sub(&lane->sd->under_way, 1, __ATOMIC_RELEASE);
	}
	return some;
}

bool
sd_returned(struct sd *sd)
{
	bool some = false;

	for (unsigned i = 0; i < sd->lanes_count; i++)
		if (!is_claimed(&sd->lanes[i]))
			some |= returned(&sd->lanes[i]);
	return some;
}

static bool
sd_poll_queue(struct pv_disk *disk, unsigned number, unsigned budget)
{
	struct sd *sd = (struct sd *)disk;
	struct hvs_lane *lane = &sd->lanes[number % sd->lanes_count];

	if (!is_ours(lane))
		return sd_returned(sd);
	return (int)hvs_queue_poll(lane->queue, budget) | (int)returned(lane);
}

static uint64_t
sd_queue_deadline(struct pv_disk *disk, unsigned number)
{
	struct sd *sd = (struct sd *)disk;
	struct hvs_lane *lane = &sd->lanes[number % sd->lanes_count];

	if (__atomic_load_n(&lane->returned, __ATOMIC_ACQUIRE) != NULL)
		return 0;
	return is_ours(lane) ? hvs_queue_deadline(lane->queue) : PV_NEVER;
}

/* ---- Own -------------------------------------------------------------- */

static int
target(struct hvs_queue *queue, unsigned cpu)
{
	struct vmbus_channel *channel = queue->channel;

	if (channel == NULL || channel->state != VMBUS_OPEN)
		return PV_OK; /* it is opened for that CPU */
	return vmbus_channel_target(channel, cpu);
}

static int
give_up(struct hvs_lane *lane)
{
	struct hvs_queue *queue = lane->queue;

	if (is_claimed(lane)) {
		__atomic_store_n(&lane->claimed, 0, __ATOMIC_RELEASE);
		queue->claims--;
	}
	if (queue->claims > 0)
		return PV_EBUSY;
	if (is_taken(queue)) {
		queue->cpu = 0;
		/* else it is found by looking */
		if (!lane->sd->hvs->rescinded)
			(void)target(queue, 0);
		__atomic_store_n(&queue->taken, 0, __ATOMIC_RELEASE);
	}
	return PV_OK;
}

static int
sd_own(struct pv_disk *disk, unsigned number, unsigned cpu)
{
	struct sd *sd = (struct sd *)disk;
	struct hvs_lane *lane;
	struct hvs_queue *queue;
	int error;

	if (number >= sd->lanes_count || cpu >= sd->hvs->hyperv->cpus)
		return PV_EINVAL;
	lane = &sd->lanes[number];
	queue = lane->queue;
	if (cpu == 0)
		return give_up(lane);
	if (queue->cpu != cpu && queue->claims > (is_claimed(lane) ? 1u : 0u))
		return PV_EBUSY;
	error = target(queue, cpu);
	if (error != PV_OK)
		return error;
	queue->cpu = cpu;
	if (!is_claimed(lane)) {
		queue->claims++;
		__atomic_store_n(&lane->claimed, 1, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&queue->taken, 1, __ATOMIC_RELEASE);
	return PV_OK;
}

void
sd_release(struct sd *sd)
{
	for (unsigned i = 0; i < sd->lanes_count; i++)
		if (is_claimed(&sd->lanes[i]))
			(void)give_up(&sd->lanes[i]);
}

const struct pv_disk_ops sd_ops = {
	.submit = sd_submit,
	.kick = sd_kick,
	.poll = sd_poll_queue,
	.own = sd_own,
	.deadline = sd_queue_deadline,
};
