/* SPDX-License-Identifier: ISC */
/* xbf: from the owner's request to requests in the ring. */
#include "guest/bus/libc.h"
#include "guest/bus/segments.h"
#include "guest/xen/xbf.h"

#define SECTOR XEN_BLK_SECTOR_SIZE

static struct xbf_slot *
slot_new(struct xbf_queue *queue, struct pv_io *io, uint8_t operation)
{
	struct xbf_slot *slot =
	    &queue->slots[queue->slots_free[--queue->slots_left]];

	*slot = (struct xbf_slot){ .io = io,
		.start = io->progress,
		.segment = io->segment,
		.within = io->within,
		.sequence = ++queue->sequence,
		.operation = operation,
		.used = true };
	io->pending++;
	__atomic_store_n(&queue->in_flight, queue->in_flight + 1,
	    __ATOMIC_RELAXED);
	queue->stats.slots++;
	return slot;
}

/* The number of the slot, and how often slots were used before: no two requests
 * have the same, and an answer that comes late fits none. */
static uint64_t
slot_id(const struct xbf_queue *queue, const struct xbf_slot *slot)
{
	return slot->sequence << 16 | (uint64_t)(slot - queue->slots);
}

static void
put_direct(struct xbf_queue *queue, struct xbf_slot *slot,
    const struct xbf_plan *plan)
{
	struct xen_blk_request request = { .operation = slot->operation,
		.segments = (uint8_t)plan->segments,
		.handle = queue->xbf->handle,
		.id = slot_id(queue, slot),
		.sector = (slot->io->offset + slot->start) / SECTOR };

	xbf_lend(queue, slot, plan, request.segment);
	ring_put(&queue->ring, &request,
	    (uint32_t)offsetof(struct xen_blk_request, segment) +
		plan->segments * (uint32_t)sizeof(*request.segment));
}

static void
put_indirect(struct xbf_queue *queue, struct xbf_slot *slot,
    const struct xbf_plan *plan)
{
	struct xbf_grant *page = queue->indirects;
	struct xen_blk_indirect request = { .operation = XEN_BLK_INDIRECT,
		.indirect = slot->operation,
		.segments = (uint16_t)plan->segments,
		.handle = queue->xbf->handle,
		.id = slot_id(queue, slot),
		.sector = (slot->io->offset + slot->start) / SECTOR };

	queue->indirects = page->next;
	slot->indirect = page;
	request.ref[0] = page->reference;
	xbf_lend(queue, slot, plan, page->page);
	ring_put(&queue->ring, &request, sizeof(request));
}

/* ---- Reads and writes ------------------------------------------------- */

/* False: it has to wait. */
static bool
issue_data(struct xbf_queue *queue, struct pv_io *io)
{
	struct xbf_plan plan = xbf_make_plan(queue, io);
	struct xbf_slot *slot;

	/* rather wait than send crumbs */
	if (plan.starved && queue->in_flight > 0)
		return false;
	if (plan.length == 0) {
		io->error = PV_ENOMEM;
		return true;
	}
	slot = slot_new(queue, io,
	    io->op == PV_DISK_READ ? XEN_BLK_READ : XEN_BLK_WRITE);
	slot->length = (uint32_t)plan.length;
	if (plan.segments > XEN_BLK_SEGMENTS_MAX)
		put_indirect(queue, slot, &plan);
	else
		put_direct(queue, slot, &plan);
	io->progress += plan.length;
	pv_io_advance(io, &io->segment, &io->within, plan.length);
	return true;
}

static void
issue_flush(struct xbf_queue *queue, struct pv_io *io)
{
	struct xbf *xbf = queue->xbf;
	uint8_t operation = xbf->flush;

	if (operation != XBF_NO_FLUSH)
		put_direct(queue, slot_new(queue, io, operation),
		    &(struct xbf_plan){ 0 });
	io->progress = io->total;
}

static void
issue_discard(struct xbf_queue *queue, struct pv_io *io)
{
	struct xbf_slot *slot = slot_new(queue, io, XEN_BLK_DISCARD);
	struct xen_blk_discard request = { .operation = XEN_BLK_DISCARD,
		.flags = io->flags & PV_DISK_SECURE ? XEN_BLK_DISCARD_SECURE
						    : 0,
		.handle = queue->xbf->handle,
		.id = slot_id(queue, slot),
		.sector = io->offset / SECTOR,
		.sectors = io->length / SECTOR };

	ring_put(&queue->ring, &request, sizeof(request));
	io->progress = io->total;
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

static bool
refused(struct xbf *xbf, uint8_t operation)
{
	return operation < 32 &&
	    (__atomic_load_n(&xbf->refused, __ATOMIC_RELAXED) >> operation &
		1u) != 0;
}

/* Before its first part; `total` is 0 while that has not happened. */
static int
check(struct xbf *xbf, struct pv_io *io)
{
	const struct pv_disk *disk = &xbf->disk;

	if ((io->op == PV_DISK_WRITE || io->op == PV_DISK_DISCARD) &&
	    disk->read_only)
		return PV_EROFS;
	switch (io->op) {
	case PV_DISK_READ:
	case PV_DISK_WRITE:
		return check_range(disk, io, &io->total);
	case PV_DISK_FLUSH:
		io->total = 1; /* no bytes: one request */
		return refused(xbf, xbf->flush) ? PV_ENOTSUP : PV_OK;
	case PV_DISK_DISCARD:
		if (!disk->can_discard || refused(xbf, XEN_BLK_DISCARD) ||
		    ((io->flags & PV_DISK_SECURE) != 0 && !disk->can_secure))
			return PV_ENOTSUP;
		return check_range(disk, io, &io->total);
	}
	return PV_EINVAL;
}

/* False: no room for its next part. */
static bool
issue_part(struct xbf_queue *queue, struct pv_io *io)
{
	if (queue->slots_left == 0)
		return false;
	switch (io->op) {
	case PV_DISK_FLUSH:
		issue_flush(queue, io);
		return true;
	case PV_DISK_DISCARD:
		issue_discard(queue, io);
		return true;
	default:
		return issue_data(queue, io);
	}
}

void
xbf_issue(struct xbf_queue *queue)
{
	struct xbf *xbf = queue->xbf;
	struct pv_io *io;

	while ((io = queue->waiting) != NULL &&
	    __atomic_load_n(&queue->mode, __ATOMIC_ACQUIRE) == XBF_RUN &&
	    xbf_dead(xbf) == PV_OK) {
		if (io->error == PV_OK && io->total == 0)
			io->error = check(xbf, io);
		if (io->error == PV_OK && io->progress < io->total &&
		    !issue_part(queue, io))
			return;
		if (io->error == PV_OK && io->progress < io->total)
			continue;
		queue->waiting = io->next;
		if (queue->waiting == NULL)
			queue->waiting_end = &queue->waiting;
		io->submitted = true;
		if (io->pending == 0)
			xbf_finish(queue, io);
	}
}

void
xbf_publish(struct xbf_queue *queue)
{
	if (queue->ring.shared == NULL ||
	    queue->ring.published == queue->ring.req_prod)
		return;
	if (queue->in_flight >= 8)
		ring_later(&queue->ring, xbf_ahead(queue));
	if (ring_publish(&queue->ring))
		xen_channel_send(&queue->channel);
	else
		queue->stats.elided++;
}

struct xbf_queue *
xbf_stand_in(struct xbf *xbf, unsigned number)
{
	for (unsigned i = 0; i < xbf->disk.queues; i++) {
		struct xbf_queue *queue =
		    &xbf->queues[(number + i) % xbf->disk.queues];

		if (!queue->taken)
			return queue;
	}
	return NULL;
}

struct xbf_queue *
xbf_choose(struct xbf *xbf, unsigned number)
{
	struct xbf_queue *queue = &xbf->queues[number % xbf->queues_count];
	struct xbf_queue *other;

	if (queue->number < xbf->disk.queues || queue->taken)
		return queue;
	other = xbf_stand_in(xbf, queue->number);
	return other != NULL ? other : queue;
}

void
xbf_submit(struct pv_disk *disk, unsigned number, struct pv_io *io)
{
	struct xbf *xbf = (struct xbf *)disk;
	struct xbf_queue *queue = xbf_choose(xbf, number);
	bool lost = queue->number >= disk->queues;
	int error = xbf_dead(xbf);

	io->error = PV_OK;
	io->next = NULL;
	io->total = io->progress = 0;
	io->segment = 0;
	io->within = 0;
	io->pending = 0;
	io->submitted = false;
	queue->stats.requests++;
	if (error == PV_OK && lost)
		error = PV_ENODEV;
	if (error != PV_OK) {
		io->error = error;
		xbf_finish(queue, io);
	} else {
		*queue->waiting_end = io;
		queue->waiting_end = &io->next;
		xbf_issue(queue);
		if (!io->submitted && queue->in_flight > 0)
			queue->stats.stalls++;
	}
	xbf_run_finished(queue, XBF_FINISHED_AT_ONCE);
}
