/* SPDX-License-Identifier: ISC */
/* hvs: the end of requests, and a queue's turn. */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvs.h"

/* ---- The end of a request --------------------------------------------- */

static void
give_back(struct hvs_lane *lane, struct pv_io *io)
{
	struct pv_io *first = __atomic_load_n(&lane->returned,
	    __ATOMIC_RELAXED);

	do
		io->next = first;
	while (!__atomic_compare_exchange_n(&lane->returned, &first, io, true,
	    __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

/* Its owner is told on the CPU that he uses it from. */
void
hvs_finish(struct hvs_lane *lane, struct pv_io *io)
{
	struct hvs_queue *queue = lane->queue;

	if (__atomic_load_n(&queue->taken, __ATOMIC_ACQUIRE) != 0 &&
	    __atomic_load_n(&lane->claimed, __ATOMIC_ACQUIRE) == 0) {
		give_back(lane, io);
		return;
	}
	io->next = NULL;
	io->progress = (uint64_t)(uintptr_t)lane->sd;
	*queue->finished_end = io;
	queue->finished_end = &io->next;
}

/* A completion may submit again, and so end up here again: only the outermost
 * call goes on.  True: there are more. */
bool
hvs_run_finished(struct hvs_queue *queue, unsigned budget)
{
	struct pv_io *io;

	if (queue->completing)
		return queue->finished != NULL;
	queue->completing = true;
	while (budget-- > 0 && (io = queue->finished) != NULL) {
		struct sd *sd = (struct sd *)(uintptr_t)io->progress;

		queue->finished = io->next;
		if (queue->finished == NULL)
			queue->finished_end = &queue->finished;
		io->done(io);
		__atomic_fetch_sub(&sd->under_way, 1, __ATOMIC_RELEASE);
	}
	queue->completing = false;
	return queue->finished != NULL;
}

void
hvs_part_done(struct hvs_lane *lane, struct pv_io *io, int error)
{
	if (error != PV_OK && io->error == PV_OK)
		io->error = error;
	if (--io->pending == 0 && io->submitted)
		hvs_finish(lane, io);
}

void
hvs_lane_fail(struct hvs_lane *lane, int error)
{
	struct pv_io *io;

	while ((io = lane->waiting) != NULL) {
		lane->waiting = io->next;
		if (io->error == PV_OK)
			io->error = error;
		io->submitted = true;
		if (io->pending == 0)
			hvs_finish(lane, io);
	}
	lane->waiting_end = &lane->waiting;
}

/* ---- The queue's turn ------------------------------------------------- */

/* What CPU 0 has for a disk whose owner has not taken this queue. */
static void
take_posted(struct hvs_queue *queue)
{
	struct pv_io *list = __atomic_exchange_n(&queue->posted, NULL,
			 __ATOMIC_ACQ_REL),
		     *next, *in_order = NULL;

	for (; list != NULL; list = next) {
		next = list->next;
		list->next = in_order;
		in_order = list;
	}
	for (; in_order != NULL; in_order = next) {
		struct hvs_lane *lane =
		    (struct hvs_lane *)(uintptr_t)in_order->progress;

		next = in_order->next;
		in_order->progress = 0;
		hvs_enqueue(lane, in_order);
	}
}

static int
lane_error(const struct hvs_lane *lane, int dead)
{
	return dead != PV_OK
	    ? dead
	    : -(int)__atomic_load_n(&lane->sd->dead, __ATOMIC_ACQUIRE);
}

/* Disks that are gone, or all of them.  Their lanes leave the list: they are
 * freed when nothing is under way, and a queue that stands still issues
 * nothing, which would take them out. */
static void
fail_lanes(struct hvs_queue *queue, int dead)
{
	unsigned count = queue->lanes_count;
	struct hvs_lane *lane = queue->lanes;

	while (lane != NULL && lane_error(lane, dead) == PV_OK)
		lane = lane->next;
	if (lane == NULL)
		return;
	while (count-- > 0) {
		int error;

		lane = hvs_lane_take(queue);
		error = lane_error(lane, dead);
		if (error != PV_OK)
			hvs_lane_fail(lane, error);
		else
			hvs_lane_activate(lane);
	}
}

/* Whether the one that waits longest has waited too long. */
static void
watch_time(struct hvs_queue *queue, uint64_t now)
{
	uint32_t late = 0;

	if (queue->oldest != HVS_NONE) {
		const struct hvs_slot *slot = &queue->slots[queue->oldest];

		if (now >= slot->deadline && slot->command != NULL)
			late = 1u | (uint32_t)slot->command->target << 8 |
			    (uint32_t)slot->command->lun << 16;
		else if (now >= slot->deadline)
			late = 1u | (uint32_t)slot->lane->sd->target << 8 |
			    (uint32_t)slot->lane->sd->lun << 16;
	}
	__atomic_store_n(&queue->late, late, __ATOMIC_RELAXED);
}

static bool
work(struct hvs_queue *queue, unsigned budget, uint64_t now)
{
	bool more = hvs_drain(queue, budget);

	if (hvs_dead(queue->hvs) != PV_OK)
		return true;
	watch_time(queue, now);
	hvs_take_mail(queue);
	take_posted(queue);
	fail_lanes(queue, PV_OK);
	hvs_again(queue, now);
	hvs_issue(queue, now);
	vmbus_kick(queue->channel);
	return more || hvs_drained(queue);
}

/* Nothing is sent any more, and what is in the ring waits until CPU 0 knows
 * whether the host has let go of it. */
static void
stop(struct hvs_queue *queue, int dead)
{
	struct hvs *hvs = queue->hvs;
	uint32_t verdict = __atomic_load_n(&hvs->verdict, __ATOMIC_ACQUIRE);
	int error = dead;

	if (queue->stopped == HVS_GOES)
		__atomic_store_n(&queue->stopped, (uint32_t)HVS_STANDS,
		    __ATOMIC_RELEASE);
	else if (queue->stopped == HVS_STANDS && verdict != HVS_UNKNOWN) {
		/* where nobody knows it is not done again */
		if (verdict == HVS_HELD && dead == PV_OK)
			error = PV_EIO;
		hvs_queue_halt(queue, error, verdict == HVS_HELD);
		__atomic_store_n(&queue->stopped, (uint32_t)HVS_EMPTY,
		    __ATOMIC_RELEASE);
	}
	take_posted(queue);
	fail_lanes(queue, dead);
}

/* Requests of a queue that this connection does not have. */
static void
fail_lost(struct hvs_queue *queue)
{
	if (queue->hvs->phase == HVS_RUNNING &&
	    queue->number >= queue->hvs->queues_open)
		fail_lanes(queue, PV_ENODEV);
}

bool
hvs_queue_poll(struct hvs_queue *queue, unsigned budget)
{
	struct hvs *hvs = queue->hvs;
	uint64_t now = hvs_now(hvs);
	int dead = hvs_dead(hvs);
	bool more = false;

	queue->looked = now;
	if (dead == PV_OK &&
	    __atomic_load_n(&queue->mode, __ATOMIC_ACQUIRE) == HVS_RUN)
		more = __atomic_load_n(&queue->stopped, __ATOMIC_ACQUIRE) ==
			HVS_GOES &&
		    work(queue, budget, now);
	else {
		stop(queue, dead);
		if (dead == PV_OK)
			fail_lost(queue);
	}
	/* what broke the device just now is dealt with at once */
	if (dead == PV_OK && hvs_dead(hvs) != PV_OK)
		more = true;
	return hvs_run_finished(queue, budget) || more;
}

uint64_t
hvs_queue_deadline(const struct hvs_queue *queue)
{
	uint64_t first = PV_NEVER, next;

	if (queue->finished != NULL)
		return 0;
	if (queue->taken)
		first = queue->looked + HVS_LOOK;
	if (__atomic_load_n(&queue->stopped, __ATOMIC_ACQUIRE) != HVS_GOES ||
	    queue->channel == NULL)
		return first;
	if (queue->in_flight > 0 && queue->looked + HVS_LOST_EVENT < first)
		first = queue->looked + HVS_LOST_EVENT;
	if (queue->wake < first)
		first = queue->wake;
	for (unsigned i = 0; queue->again > 0 && i < HVS_SLOTS; i++)
		if (queue->slots[i].state == HVS_AGAIN &&
		    queue->slots[i].at < first)
			first = queue->slots[i].at;
	next = vmbus_deadline(queue->channel);
	return next < first ? next : first;
}
