/* SPDX-License-Identifier: ISC */
/* One request: its checks, and what it does to the disk. */
#include <string.h>

#include "host/xen/blkback_private.h"

#define SECTOR XEN_BLK_SECTOR_SIZE

static bool
inside(const struct host_blkback *blk, uint64_t sector, uint64_t sectors)
{
	uint64_t all = blk->size / SECTOR;
	uint64_t each = blk->config.sector_size / SECTOR;

	return sector <= all && sectors <= all - sector && sector % each == 0 &&
	    sectors % each == 0;
}

/* The sum of the segments in hand; 0: one of them is wrong. */
static uint64_t
sum_segments(const struct host_blkback *blk, unsigned count)
{
	uint64_t sum = 0, sectors;

	for (unsigned i = 0; i < count; i++) {
		const struct xen_blk_segment *segment = &blk->segments[i];

		if (segment->last >= XEN_BLK_SECTORS_PER_PAGE ||
		    segment->last < segment->first)
			return 0;
		sectors = (uint64_t)segment->last - segment->first + 1;
		if (sectors * SECTOR % blk->config.sector_size != 0)
			return 0;
		sum += sectors;
	}
	return sum;
}

static void
move(struct host_blkback *blk, bool to_disk, uint64_t sector, unsigned count)
{
	uint8_t *at = blk->bytes + sector * SECTOR;

	for (unsigned i = 0; i < count; i++) {
		const struct xen_blk_segment *segment = &blk->segments[i];
		size_t length = (segment->last - segment->first + 1u) * SECTOR;
		uint8_t *page = host_grant_page(blk->pages[i].grant);

		/* NULL: the guest's memory map has changed */
		if (page != NULL && to_disk)
			memcpy(at, page + segment->first * SECTOR, length);
		else if (page != NULL)
			memcpy(page + segment->first * SECTOR, at, length);
		at += length;
	}
}

/* All pages are mapped before anything is moved, as Linux's does. */
static int
transfer(struct blk_queue *queue, bool to_disk, uint64_t sector, unsigned count)
{
	struct host_blkback *blk = queue->blk;
	uint64_t sectors = sum_segments(blk, count);
	unsigned mapped = 0;
	bool good;

	if ((count > 0 && sectors == 0) || !inside(blk, sector, sectors) ||
	    (to_disk && blk->config.read_only))
		return XEN_BLK_ERROR;
	while (mapped < count &&
	    blk_page_get(queue, &blk->pages[mapped], blk->segments[mapped].ref,
		!to_disk))
		mapped++;
	good = mapped == count;
	if (good)
		move(blk, to_disk, sector, count);
	while (mapped > 0)
		blk_page_put(queue, &blk->pages[--mapped]);
	if (good)
		blk->counts.segments += count;
	return good ? XEN_BLK_OKAY : XEN_BLK_ERROR;
}

static int
read_or_write(struct blk_queue *queue, unsigned operation, uint64_t sector,
    unsigned count)
{
	struct host_blkback *blk = queue->blk;
	bool to_disk = operation == XEN_BLK_WRITE;
	int status = count > 0 ? transfer(queue, to_disk, sector, count)
			       : XEN_BLK_ERROR;

	if (status == XEN_BLK_OKAY && to_disk)
		blk->counts.writes++;
	else if (status == XEN_BLK_OKAY)
		blk->counts.reads++;
	return status;
}

/* A flush or a barrier may bring data to be written, or none. */
static int
flush(struct blk_queue *queue, unsigned operation, uint64_t sector,
    unsigned count)
{
	struct host_blkback *blk = queue->blk;
	bool barrier = operation == XEN_BLK_BARRIER;
	int status;

	if (barrier ? !blk->config.barrier : !blk->config.flush)
		return XEN_BLK_EOPNOTSUPP;
	status = count > 0 || blk->config.read_only
	    ? transfer(queue, true, sector, count)
	    : XEN_BLK_OKAY;
	if (status == XEN_BLK_OKAY && blk->config.sync != NULL)
		blk->config.sync(blk->config.ctx);
	if (status == XEN_BLK_OKAY && barrier)
		blk->counts.barriers++;
	else if (status == XEN_BLK_OKAY)
		blk->counts.flushes++;
	return status;
}

static int
discard(struct host_blkback *blk, const struct xen_blk_discard *request)
{
	bool secure = (request->flags & XEN_BLK_DISCARD_SECURE) != 0;

	if (!blk->config.discard || (secure && !blk->config.secure_discard))
		return XEN_BLK_EOPNOTSUPP;
	if (blk->config.read_only ||
	    !inside(blk, request->sector, request->sectors))
		return XEN_BLK_ERROR;
	if (blk->config.erase != NULL)
		blk->config.erase(blk->config.ctx, request->sector * SECTOR,
		    request->sectors * SECTOR);
	else
		memset(blk->bytes + request->sector * SECTOR, 0,
		    request->sectors * SECTOR);
	blk->counts.discards++;
	return XEN_BLK_OKAY;
}

/* The segments stand in pages of the guest's: one copy of each. */
static bool
fetch_segments(struct blk_queue *queue, const struct xen_blk_indirect *request)
{
	struct host_blkback *blk = queue->blk;
	unsigned got = 0;

	while (got < request->segments) {
		unsigned page = got / XEN_BLK_SEGMENTS_PER_PAGE;
		unsigned some = request->segments - got;

		if (some > XEN_BLK_SEGMENTS_PER_PAGE)
			some = XEN_BLK_SEGMENTS_PER_PAGE;
		if (blk->persistent) {
			/* it is mapped for good, as any page of a request */
			struct blk_page *in = &blk->pages[0];
			const void *from;

			if (!blk_page_get(queue, in, request->ref[page], false))
				return false;
			from = host_grant_page(in->grant);
			if (from != NULL)
				memcpy(&blk->segments[got], from,
				    some * sizeof(blk->segments[0]));
			blk_page_put(queue, in);
			if (from == NULL)
				return false;
		} else if (!host_grant_read(blk->backend.xen,
			       request->ref[page], 0, &blk->segments[got],
			       some * sizeof(blk->segments[0]))) {
			return false;
		}
		got += some;
	}
	return true;
}

static int
indirect(struct blk_queue *queue, const struct xen_blk_indirect *request)
{
	struct host_blkback *blk = queue->blk;
	int status;

	if (blk->config.indirect == 0)
		return XEN_BLK_EOPNOTSUPP;
	if ((request->indirect != XEN_BLK_READ &&
		request->indirect != XEN_BLK_WRITE) ||
	    request->segments == 0 ||
	    request->segments > blk->config.indirect ||
	    request->segments > BLK_SEGMENTS_MAX ||
	    !fetch_segments(queue, request))
		return XEN_BLK_ERROR;
	status = read_or_write(queue, request->indirect, request->sector,
	    request->segments);
	if (status == XEN_BLK_OKAY)
		blk->counts.indirects++;
	return status;
}

static int
direct(struct blk_queue *queue, const struct xen_blk_request *request)
{
	struct host_blkback *blk = queue->blk;
	unsigned count = request->segments;

	if (count > XEN_BLK_SEGMENTS_MAX)
		return XEN_BLK_ERROR;
	memcpy(blk->segments, request->segment,
	    count * sizeof(request->segment[0]));
	if (request->operation == XEN_BLK_BARRIER ||
	    request->operation == XEN_BLK_FLUSH)
		return flush(queue, request->operation, request->sector, count);
	return read_or_write(queue, request->operation, request->sector, count);
}

/* True: this one fails because a test wants it to. */
static bool
fails(struct host_blkback *blk)
{
	struct host_blkback_manners *manners = &blk->manners;

	if (backend_nth(&manners->fail_nth))
		blk->failing = manners->fail_count > 0 ? manners->fail_count
						       : 1;
	if (blk->failing == 0)
		return false;
	blk->failing--;
	return true;
}

struct blk_answer
blk_request(struct blk_queue *queue, const union xen_blk_entry *entry)
{
	struct host_blkback *blk = queue->blk;
	struct blk_answer answer = { .id = entry->request.id,
		.operation = entry->request.operation };

	blk->request++;
	/* Linux's answers with the operation that is within */
	if (answer.operation == XEN_BLK_INDIRECT)
		answer.operation = entry->indirect.indirect;
	if (fails(blk)) {
		answer.status = blk->manners.fail_status != 0
		    ? blk->manners.fail_status
		    : XEN_BLK_ERROR;
		return answer;
	}
	switch (entry->request.operation) {
	case XEN_BLK_READ:
	case XEN_BLK_WRITE:
	case XEN_BLK_BARRIER:
	case XEN_BLK_FLUSH:
		answer.status = direct(queue, &entry->request);
		break;
	case XEN_BLK_DISCARD:
		answer.status = discard(blk, &entry->discard);
		break;
	case XEN_BLK_INDIRECT:
		answer.status = indirect(queue, &entry->indirect);
		break;
	default:
		answer.status = XEN_BLK_EOPNOTSUPP;
		break;
	}
	if (answer.status != XEN_BLK_OKAY)
		blk->counts.refused++;
	return answer;
}
