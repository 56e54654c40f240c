/* SPDX-License-Identifier: ISC */
/*
 * xbf: from the owner's request to requests in the ring.
 *
 * The host takes pieces of pages that begin at a multiple of 512 bytes and are
 * made of whole sectors of the disk: Linux's blkback refuses a segment that is
 * not.  What of the owner's memory is like that is lent as it stands; the rest,
 * and everything when grants are persistent or the host is not trusted, is
 * copied through pages of ours.
 */
#include "guest/bus/libc.h"
#include "guest/xen/xbf.h"

#define SECTOR XEN_BLK_SECTOR_SIZE

/* ---- Places in the owner's memory ------------------------------------- */

void
xbf_advance(const struct pv_io *io, unsigned *segment, size_t *within,
    size_t length)
{
	while (*segment < io->count) {
		size_t left = io->segments[*segment].len - *within;

		if (length < left) {
			*within += length;
			return;
		}
		length -= left;
		*segment += 1;
		*within = 0;
	}
}

void
xbf_copy(struct pv_io *io, unsigned segment, size_t within, void *page,
    size_t length, bool to_owner)
{
	unsigned char *ours = page;

	while (length > 0 && segment < io->count) {
		const struct pv_segment *from = &io->segments[segment];
		unsigned char *theirs = (unsigned char *)from->data + within;
		size_t len = from->len - within;

		if (len > length)
			len = length;
		memcpy(to_owner ? theirs : ours, to_owner ? ours : theirs, len);
		ours += len;
		length -= len;
		segment++;
		within = 0;
	}
}

/* Bytes from there on that can be lent in one piece; 0: none. */
static size_t
lendable(const struct xbf *xbf, const struct pv_io *io, unsigned segment,
    size_t within)
{
	const struct pv_segment *at = &io->segments[segment];
	uint64_t physical = at->physical + within;
	size_t len, page;

	if (xbf->copies || at->physical == PV_NO_PHYSICAL ||
	    physical % SECTOR != 0)
		return 0;
	len = at->len - within;
	page = PV_PAGE_SIZE - (size_t)(physical % PV_PAGE_SIZE);
	if (len > page)
		len = page;
	return len & ~(size_t)(xbf->disk.sector_size - 1);
}

/* Bytes from there on that go into one page of ours: up to where lending is
 * possible again. */
static size_t
copyable(const struct xbf *xbf, const struct pv_io *io, unsigned segment,
    size_t within)
{
	size_t len = 0;

	while (segment < io->count && len < PV_PAGE_SIZE) {
		if (len > 0 && (len & (xbf->disk.sector_size - 1)) == 0 &&
		    lendable(xbf, io, segment, within) > 0)
			break;
		len += io->segments[segment].len - within;
		segment++;
		within = 0;
	}
	return len < PV_PAGE_SIZE ? len : PV_PAGE_SIZE;
}

/* One segment of the ring. */
struct piece {
	size_t length;
	bool copy;
};

static struct piece
next_piece(const struct xbf *xbf, const struct pv_io *io, unsigned *segment,
    size_t *within, uint64_t left)
{
	struct piece piece = { 0 };

	xbf_advance(io, segment, within, 0);
	piece.length = lendable(xbf, io, *segment, *within);
	if (piece.length == 0) {
		piece.copy = true;
		piece.length = copyable(xbf, io, *segment, *within);
	}
	if (piece.length > left)
		piece.length = (size_t)left;
	return piece;
}

/* ---- A request of the ring -------------------------------------------- */

struct plan {
	size_t length;
	unsigned segments;
	bool starved; /* it could be longer with more pages or references */
};

/* As much as one request carries. */
static struct plan
make_plan(const struct xbf_queue *queue, const struct pv_io *io)
{
	unsigned max = queue->segments_max, segment = io->segment;
	uint64_t left = io->total - io->progress;
	unsigned pages = 0, references = 0;
	struct plan plan = { 0 };
	size_t within = io->within;

	if (max > XEN_BLK_SEGMENTS_MAX && queue->indirects == NULL)
		max = XEN_BLK_SEGMENTS_MAX;
	while (plan.segments < max && left > 0) {
		struct piece piece = next_piece(queue->xbf, io, &segment,
		    &within, left);

		if (piece.copy ? pages == queue->pages_left
			       : references == queue->references_left) {
			plan.starved = true;
			break;
		}
		if (piece.copy)
			pages++;
		else
			references++;
		xbf_advance(io, &segment, &within, piece.length);
		plan.length += piece.length;
		plan.segments++;
		left -= piece.length;
	}
	return plan;
}

static struct xbf_grant *
lend_owner(struct xbf_queue *queue, const struct pv_io *io,
    const struct xbf_slot *slot, unsigned segment, size_t within)
{
	struct xbf_grant *grant = queue->references;

	queue->references = grant->next;
	queue->references_left--;
	grant->physical = io->segments[segment].physical + within;
	grant->lent = true;
	xen_grant_set(queue->xbf->xen, &queue->stats, grant->reference,
	    queue->xbf->xenbus->backend_id,
	    grant->physical - grant->physical % PV_PAGE_SIZE,
	    slot->operation == XEN_BLK_WRITE);
	return grant;
}

static struct xbf_grant *
lend_page(struct xbf_queue *queue, struct pv_io *io,
    const struct xbf_slot *slot, unsigned segment, size_t within, size_t length)
{
	struct xbf *xbf = queue->xbf;
	struct xbf_grant *grant = queue->pages;
	bool write = slot->operation == XEN_BLK_WRITE;

	queue->pages = grant->next;
	queue->pages_left--;
	if (xbf->untrusted)
		memset(grant->page, 0, PV_PAGE_SIZE);
	if (write) {
		xbf_copy(io, segment, within, grant->page, length, false);
		queue->stats.copies++;
	}
	if (!grant->lent)
		xen_grant_set(xbf->xen, &queue->stats, grant->reference,
		    xbf->xenbus->backend_id, grant->physical,
		    write && !xbf->persistent);
	grant->lent = true;
	return grant;
}

/* Lend what the plan says, and name it in `to`. */
static void
fill(struct xbf_queue *queue, struct xbf_slot *slot, const struct plan *plan,
    struct xen_blk_segment *to)
{
	struct xbf_grant **link = &slot->grants;
	struct pv_io *io = slot->io;
	unsigned segment = slot->segment;
	uint64_t left = plan->length;
	size_t within = slot->within;

	for (unsigned i = 0; i < plan->segments; i++) {
		struct piece piece = next_piece(queue->xbf, io, &segment,
		    &within, left);
		unsigned first = 0;

		if (piece.copy)
			*link = lend_page(queue, io, slot, segment, within,
			    piece.length);
		else {
			*link = lend_owner(queue, io, slot, segment, within);
			first = (unsigned)((*link)->physical % PV_PAGE_SIZE) /
			    SECTOR;
		}
		(*link)->length = (uint16_t)piece.length;
		to[i] = (struct xen_blk_segment){ .ref = (*link)->reference,
			.first = (uint8_t)first,
			.last = (uint8_t)(first + piece.length / SECTOR - 1) };
		link = &(*link)->next;
		xbf_advance(io, &segment, &within, piece.length);
		left -= piece.length;
	}
	*link = NULL;
}

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
    const struct plan *plan)
{
	struct xen_blk_request request = { .operation = slot->operation,
		.segments = (uint8_t)plan->segments,
		.handle = queue->xbf->handle,
		.id = slot_id(queue, slot),
		.sector = (slot->io->offset + slot->start) / SECTOR };

	fill(queue, slot, plan, request.segment);
	ring_put(&queue->ring, &request,
	    (uint32_t)offsetof(struct xen_blk_request, segment) +
		plan->segments * (uint32_t)sizeof(*request.segment));
}

static void
put_indirect(struct xbf_queue *queue, struct xbf_slot *slot,
    const struct plan *plan)
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
	fill(queue, slot, plan, page->page);
	ring_put(&queue->ring, &request, sizeof(request));
}

/* ---- Reads and writes ------------------------------------------------- */

/* False: it has to wait. */
static bool
issue_data(struct xbf_queue *queue, struct pv_io *io)
{
	struct plan plan = make_plan(queue, io);
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
	xbf_advance(io, &io->segment, &io->within, plan.length);
	return true;
}

static void
issue_flush(struct xbf_queue *queue, struct pv_io *io)
{
	struct xbf *xbf = queue->xbf;
	uint8_t operation = xbf->flush;

	if (operation != XBF_NO_FLUSH)
		put_direct(queue, slot_new(queue, io, operation),
		    &(struct plan){ 0 });
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

/* A queue that the last connection did not get anew goes by another one, which
 * only CPU 0 may do for both. */
static struct xbf_queue *
choose(struct xbf *xbf, unsigned number)
{
	struct xbf_queue *queue = &xbf->queues[number % xbf->queues_count];

	if (queue->number < xbf->disk.queues || queue->taken)
		return queue;
	return &xbf->queues[queue->number % xbf->disk.queues];
}

void
xbf_submit(struct pv_disk *disk, unsigned number, struct pv_io *io)
{
	struct xbf *xbf = (struct xbf *)disk;
	struct xbf_queue *queue = choose(xbf, number);
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
