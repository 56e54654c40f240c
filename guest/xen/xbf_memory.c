/* SPDX-License-Identifier: ISC */
/*
 * xbf: the owner's memory, and pages to copy through.
 *
 * The host takes pieces of pages that begin at a multiple of 512 bytes and are
 * made of whole sectors of the disk: Linux's blkback refuses a segment that is
 * not.  What of the owner's memory is like that is lent as it stands; the rest,
 * and everything when grants are persistent or the host is not trusted, is
 * copied through pages of ours.
 */
#include "guest/bus/libc.h"
#include "guest/bus/segments.h"
#include "guest/xen/xbf.h"

#define SECTOR XEN_BLK_SECTOR_SIZE

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

	pv_io_advance(io, segment, within, 0);
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

struct xbf_plan
xbf_make_plan(const struct xbf_queue *queue, const struct pv_io *io)
{
	unsigned max = queue->segments_max, segment = io->segment;
	uint64_t left = io->total - io->progress;
	unsigned pages = 0, references = 0;
	struct xbf_plan plan = { 0 };
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
		pv_io_advance(io, &segment, &within, piece.length);
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
		pv_io_copy(io, segment, within, grant->page, length, false);
		queue->stats.copies++;
	}
	if (!grant->lent)
		xen_grant_set(xbf->xen, &queue->stats, grant->reference,
		    xbf->xenbus->backend_id, grant->physical,
		    write && !xbf->persistent);
	grant->lent = true;
	return grant;
}

void
xbf_lend(struct xbf_queue *queue, struct xbf_slot *slot,
    const struct xbf_plan *plan, struct xen_blk_segment *to)
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
		pv_io_advance(io, &segment, &within, piece.length);
		left -= piece.length;
	}
	*link = NULL;
}
