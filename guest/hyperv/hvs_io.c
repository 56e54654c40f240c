/* SPDX-License-Identifier: ISC */
/* hvs: from the owner's request to requests in the ring. */
#include "guest/bus/libc.h"
#include "guest/bus/segments.h"
#include "guest/hyperv/hvs.h"

/* How a lane fared. */
enum turn {
	TURN_GOES_ON, /* something went out, and more waits */
	TURN_EMPTY,
	TURN_WAITS, /* it has to, for something of its own */
	TURN_FULL   /* so must all */
};

void
hvs_lane_activate(struct hvs_lane *lane)
{
	struct hvs_queue *queue = lane->queue;

	if (lane->active)
		return;
	lane->active = true;
	lane->next = NULL;
	*queue->lanes_end = lane;
	queue->lanes_end = &lane->next;
	queue->lanes_count++;
}

struct hvs_lane *
hvs_lane_take(struct hvs_queue *queue)
{
	struct hvs_lane *lane = queue->lanes;

	queue->lanes = lane->next;
	if (queue->lanes == NULL)
		queue->lanes_end = &queue->lanes;
	queue->lanes_count--;
	lane->active = false;
	return lane;
}

void
hvs_enqueue(struct hvs_lane *lane, struct pv_io *io)
{
	io->next = NULL;
	*lane->waiting_end = io;
	lane->waiting_end = &io->next;
	hvs_lane_activate(lane);
}

/* ---- What is asked for ------------------------------------------------ */

/* Inside the disk and made of sectors; *total is its length then. */
static int
check_range(const struct pv_disk *disk, const struct pv_io *io, uint64_t *total)
{
	uint64_t length = 0, room;

	if (io->offset > disk->size)
		return PV_EINVAL;
	room = disk->size - io->offset;
	if (io->op == PV_DISK_DISCARD) {
		length = io->length;
		if (length > room)
			return PV_EINVAL;
	} else
		for (unsigned i = 0; i < io->count; i++) {
			if (io->segments[i].len > room - length)
				return PV_EINVAL;
			length += io->segments[i].len;
		}
	*total = length;
	return ((io->offset | length) & (disk->sector_size - 1)) != 0
	    ? PV_EINVAL
	    : PV_OK;
}

/* Before its first part; `total` is 0 while that has not happened. */
static int
check(const struct sd *sd, struct pv_io *io)
{
	const struct pv_disk *disk = &sd->disk;

	if ((io->op == PV_DISK_WRITE || io->op == PV_DISK_DISCARD) &&
	    disk->read_only)
		return PV_EROFS;
	switch (io->op) {
	case PV_DISK_READ:
	case PV_DISK_WRITE:
		return check_range(disk, io, &io->total);
	case PV_DISK_FLUSH:
		io->total = 1; /* no bytes: one request */
		return __atomic_load_n(&sd->no_flush, __ATOMIC_RELAXED)
		    ? PV_ENOTSUP
		    : PV_OK;
	case PV_DISK_DISCARD:
		if (!disk->can_discard || (io->flags & PV_DISK_SECURE) != 0 ||
		    __atomic_load_n(&sd->no_discard, __ATOMIC_RELAXED))
			return PV_ENOTSUP;
		return check_range(disk, io, &io->total);
	}
	return PV_EINVAL;
}

/* ---- One part --------------------------------------------------------- */

static struct hvs_bounce *
pages_take(struct hvs_queue *queue, unsigned count)
{
	struct hvs_bounce *list = NULL, **end = &list;

	while (count-- > 0) {
		*end = queue->pages;
		queue->pages = queue->pages->next;
		queue->pages_left--;
		end = &(*end)->next;
	}
	*end = NULL;
	return list;
}

/* PV_OK: it is in the ring.  PV_EAGAIN: later.  Others: how the io ends. */
static int
send_part(struct hvs_lane *lane, struct pv_io *io, uint32_t length,
    unsigned pages)
{
	struct hvs_queue *queue = lane->queue;
	struct hvs_slot *slot;
	uint64_t id;
	int error;

	slot = hvs_slot_new(queue, &id);
	if (slot == NULL)
		return PV_EAGAIN;
	slot->io = io;
	slot->lane = lane;
	slot->start = io->progress;
	slot->segment = io->segment;
	slot->within = io->within;
	slot->length = length;
	slot->pages = pages_take(queue, pages);
	queue->data_slots++;
	error = hvs_send_data(queue, slot, id);
	if (error != PV_OK) {
		hvs_slot_free(queue, slot);
		return error;
	}
	slot->sequence = ++queue->sequence;
	hvs_slot_sent(queue, slot, HVS_ANSWER);
	io->pending++;
	lane->stats.slots++;
	return PV_OK;
}

static int
issue_data(struct hvs_lane *lane, struct pv_io *io)
{
	struct hvs_plan plan = hvs_make_plan(lane->queue, lane->sd, io);
	int error;

	/* rather wait than send crumbs */
	if (plan.starved && lane->queue->data_slots > 0)
		return PV_EAGAIN;
	if (plan.length == 0)
		return PV_ENOMEM;
	error = send_part(lane, io, (uint32_t)plan.length, plan.pages);
	if (error != PV_OK)
		return error;
	io->progress += plan.length;
	pv_io_advance(io, &io->segment, &io->within, plan.length);
	return PV_OK;
}

static int
issue_flush(struct hvs_lane *lane, struct pv_io *io)
{
	int error = PV_OK;

	if (lane->sd->disk.can_flush)
		error = send_part(lane, io, 0, 0);
	if (error == PV_OK)
		io->progress = io->total;
	return error;
}

static int
issue_discard(struct hvs_lane *lane, struct pv_io *io)
{
	const struct sd *sd = lane->sd;
	uint64_t most = (uint64_t)sd->unmap * sd->disk.sector_size;
	uint64_t left = io->total - io->progress;
	int error;

	if (lane->queue->pages_left == 0)
		return PV_EAGAIN;
	error = send_part(lane, io, SCSI_UNMAP_LIST, 1);
	if (error == PV_OK)
		io->progress += left < most ? left : most;
	return error;
}

static int
issue_part(struct hvs_lane *lane, struct pv_io *io)
{
	if (lane->queue->data_slots >= HVS_DEPTH)
		return PV_EAGAIN;
	switch (io->op) {
	case PV_DISK_FLUSH:
		return issue_flush(lane, io);
	case PV_DISK_DISCARD:
		return issue_discard(lane, io);
	default:
		return issue_data(lane, io);
	}
}

/* ---- A lane's turn ---------------------------------------------------- */

static bool
may_run(const struct hvs_lane *lane)
{
	const struct hvs_queue *queue = lane->queue;

	return __atomic_load_n(&queue->mode, __ATOMIC_ACQUIRE) == HVS_RUN &&
	    __atomic_load_n(&lane->sd->online, __ATOMIC_ACQUIRE) != 0 &&
	    hvs_dead(queue->hvs) == PV_OK;
}

static void
next_io(struct hvs_lane *lane, struct pv_io *io)
{
	lane->waiting = io->next;
	if (lane->waiting == NULL)
		lane->waiting_end = &lane->waiting;
	io->submitted = true;
	if (io->pending == 0)
		hvs_finish(lane, io);
}

static enum turn
run_lane(struct hvs_lane *lane, uint64_t now)
{
	struct hvs_queue *queue = lane->queue;
	unsigned left = HVS_TURN;
	struct pv_io *io;
	int error;

	while ((io = lane->waiting) != NULL) {
		if (!may_run(lane))
			return TURN_WAITS;
		if (now < lane->not_before) {
			if (lane->not_before < queue->wake)
				queue->wake = lane->not_before;
			return TURN_WAITS;
		}
		if (left-- == 0)
			return TURN_GOES_ON;
		if (io->error == PV_OK && io->total == 0)
			io->error = check(lane->sd, io);
		if (io->error == PV_OK && io->progress < io->total) {
			error = issue_part(lane, io);
			if (error == PV_EPROTO)
				hvs_break(queue->hvs,
				    "the host's ring cannot be believed");
			if (error == PV_EAGAIN || error == PV_EPROTO ||
			    error == PV_ENODEV)
				return TURN_FULL;
			io->error = error;
		}
		if (io->error != PV_OK || io->progress >= io->total)
			next_io(lane, io);
	}
	return TURN_EMPTY;
}

/* Each lane in turn, until nothing goes any more. */
void
hvs_issue(struct hvs_queue *queue, uint64_t now)
{
	unsigned idle = 0;

	queue->wake = PV_NEVER;
	while (queue->lanes != NULL && idle < queue->lanes_count) {
		struct hvs_lane *lane = queue->lanes;
		enum turn turn;

		turn = run_lane(lane, now);
		if (turn == TURN_FULL)
			return;
		hvs_lane_take(queue);
		if (turn != TURN_EMPTY)
			hvs_lane_activate(lane);
		idle = turn == TURN_WAITS ? idle + 1 : 0;
	}
}

/* ---- Once more -------------------------------------------------------- */

/* Under another id: whatever still comes for the first fits nothing. */
static bool
send_again(struct hvs_queue *queue, struct hvs_slot *old)
{
	uint64_t id;
	struct hvs_slot *slot = hvs_slot_new(queue, &id);
	int error;

	if (slot == NULL)
		return false;
	*slot = *old;
	error = hvs_send_data(queue, slot, id);
	if (error == PV_EPROTO)
		hvs_break(queue->hvs, "the host's ring cannot be believed");
	if (error != PV_OK) {
		*slot = (struct hvs_slot){ 0 };
		hvs_slot_free(queue, slot);
		return false;
	}
	queue->data_slots++; /* of the new one */
	old->pages = NULL;
	hvs_slot_free(queue, old);
	hvs_slot_sent(queue, slot, HVS_ANSWER);
	return true;
}

void
hvs_again(struct hvs_queue *queue, uint64_t now)
{
	if (queue->again == 0 ||
	    __atomic_load_n(&queue->mode, __ATOMIC_ACQUIRE) != HVS_RUN)
		return;
	for (unsigned i = 0; i < HVS_SLOTS; i++) {
		struct hvs_slot *slot = &queue->slots[i];

		if (slot->state == HVS_AGAIN && now >= slot->at &&
		    !send_again(queue, slot))
			return;
	}
}
