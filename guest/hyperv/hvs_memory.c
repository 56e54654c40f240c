/* SPDX-License-Identifier: ISC */
/*
 * hvs: the owner's memory as one range of pages.
 *
 * A range begins anywhere in its first page and goes on without a gap: each
 * other page begins at its first byte, and only the last need not be used to its
 * end.  What of the owner's memory is like that, and begins at a multiple of 512
 * bytes, is named as it stands.  What is not is copied through pages of ours, or,
 * where much follows that can be named, begins a request of its own.
 */
#include "guest/bus/libc.h"
#include "guest/bus/segments.h"
#include "guest/hyperv/hvs.h"

#define ALIGN 512u
/* A run of the owner's that is worth a request of its own. */
#define LONG_RUN (2 * PV_PAGE_SIZE)

/* ---- One page after the other ----------------------------------------- */

struct walk {
	const struct pv_io *io;
	uint32_t sector;
	unsigned segment;
	size_t within;
	uint64_t left;
	size_t length; /* so far */
};

struct piece {
	size_t length; /* 0: the request ends here */
	bool copy;
	bool last; /* the request ends after this */
	uint64_t physical;
};

static bool
nameable(const struct pv_io *io, unsigned segment)
{
	return segment < io->count &&
	    io->segments[segment].physical != PV_NO_PHYSICAL;
}

/* Bytes from there on in one physical run, as far as `want`. */
static size_t
run_of(const struct pv_io *io, unsigned segment, size_t within, size_t want)
{
	uint64_t next;
	size_t len;

	if (!nameable(io, segment))
		return 0;
	next = io->segments[segment].physical + within;
	if (next % ALIGN != 0)
		return 0;
	for (len = 0; len < want && nameable(io, segment); segment++) {
		const struct pv_segment *at = &io->segments[segment];

		if (at->physical + within != next)
			break;
		len += at->len - within;
		next += at->len - within;
		within = 0;
	}
	return len < want ? len : want;
}

static bool
long_run(const struct pv_io *io, unsigned segment, size_t within)
{
	pv_io_advance(io, &segment, &within, 0);
	return run_of(io, segment, within, LONG_RUN) == LONG_RUN;
}

static struct piece
next_piece(struct walk *walk)
{
	struct piece piece = { 0 };
	const struct pv_io *io = walk->io;
	bool first = walk->length == 0;
	size_t want, there, offset = 0;

	pv_io_advance(io, &walk->segment, &walk->within, 0);
	if (nameable(io, walk->segment)) {
		piece.physical = io->segments[walk->segment].physical +
		    walk->within;
		offset = (size_t)(piece.physical % PV_PAGE_SIZE);
	}
	want = PV_PAGE_SIZE - offset;
	if (want > walk->left)
		want = (size_t)walk->left;
	there = run_of(io, walk->segment, walk->within, want);
	if (there > 0 && (first || offset == 0)) {
		unsigned segment = walk->segment;
		size_t within = walk->within;

		piece.length = there;
		if (there == want)
			return piece;
		piece.last = true;
		pv_io_advance(io, &segment, &within, there);
		if ((walk->length + there) % walk->sector == 0 &&
		    long_run(io, segment, within))
			return piece;
	} else if (there > 0 && walk->length % walk->sector == 0 &&
	    long_run(io, walk->segment, walk->within))
		return (struct piece){ 0 };
	piece.copy = true;
	piece.last = false;
	piece.length = walk->left < PV_PAGE_SIZE ? (size_t)walk->left
						 : PV_PAGE_SIZE;
	return piece;
}

static void
step(struct walk *walk, const struct piece *piece)
{
	pv_io_advance(walk->io, &walk->segment, &walk->within, piece->length);
	walk->length += piece->length;
	walk->left -= piece->length;
}

/* ---- A request -------------------------------------------------------- */

struct hvs_plan
hvs_make_plan(const struct hvs_queue *queue, const struct sd *sd,
    const struct pv_io *io)
{
	struct walk walk = { .io = io,
		.sector = sd->disk.sector_size,
		.segment = io->segment,
		.within = io->within,
		.left = io->total - io->progress };
	struct hvs_plan plan = { 0 };
	unsigned pages = 0;

	if (walk.left > sd->transfer)
		walk.left = sd->transfer;
	while (walk.left > 0) {
		struct piece piece = next_piece(&walk);

		if (piece.copy && pages == queue->pages_left) {
			plan.starved = true;
			break;
		}
		if (piece.copy)
			pages++;
		step(&walk, &piece);
		if (walk.length % walk.sector == 0) {
			plan.length = walk.length;
			plan.pages = pages;
		}
		if (piece.length == 0 || piece.last)
			break;
	}
	return plan;
}

static struct walk
walk_slot(const struct hvs_slot *slot)
{
	return (struct walk){ .io = slot->io,
		.sector = slot->lane->sd->disk.sector_size,
		.segment = slot->segment,
		.within = slot->within,
		.left = slot->length };
}

bool
hvs_lend(struct hvs_queue *queue, struct hvs_slot *slot)
{
	struct walk walk = walk_slot(slot);
	struct hvs_bounce *bounce = slot->pages;
	bool write = slot->io->op == PV_DISK_WRITE;
	unsigned count = 0;

	queue->range.reserved = 0;
	queue->range.count = 1;
	queue->range.bytes = slot->length;
	queue->range.offset = 0;
	slot->lent = false;
	while (walk.left > 0) {
		struct piece piece = next_piece(&walk);
		uint64_t physical = piece.physical;

		if (piece.length == 0 || count == HVS_FRAMES_MAX ||
		    (piece.copy && bounce == NULL))
			return false;
		if (piece.copy) {
			if (write) {
				pv_io_copy(slot->io, walk.segment, walk.within,
				    bounce->page, piece.length, false);
				slot->lane->stats.copies++;
			}
			physical = bounce->physical;
			bounce = bounce->next;
		} else
			slot->lent = true;
		if (count == 0)
			queue->range.offset = (uint32_t)(physical %
			    PV_PAGE_SIZE);
		queue->range.frames[count++] = physical / PV_PAGE_SIZE;
		step(&walk, &piece);
	}
	return true;
}

void
hvs_copy_out(struct hvs_queue *queue, struct hvs_slot *slot)
{
	struct walk walk = walk_slot(slot);
	struct hvs_bounce *bounce = slot->pages;

	(void)queue;
	while (walk.left > 0 && bounce != NULL) {
		struct piece piece = next_piece(&walk);

		if (piece.length == 0)
			return;
		if (piece.copy) {
			pv_io_copy(slot->io, walk.segment, walk.within,
			    bounce->page, piece.length, true);
			slot->lane->stats.copies++;
			bounce = bounce->next;
		}
		step(&walk, &piece);
	}
}
