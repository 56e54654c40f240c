/* SPDX-License-Identifier: ISC */
/*
 * xbf: what a queue consists of, from connecting to letting go.  All memory is
 * made here, none while requests run.
 */
#include "guest/bus/libc.h"
#include "guest/xen/xbf.h"

#define BATCH 32 /* references that are reserved at once */

static const struct pv_bus *
bus_of(const struct xbf_queue *queue)
{
	return queue->xbf->device->bus;
}

static void *
page_new(struct xbf_queue *queue, size_t pages, uint64_t *physical)
{
	const struct pv_port *port = queue->xbf->xen->port;

	if (port->pages_alloc == NULL || port->pages_free == NULL)
		return NULL;
	return port->pages_alloc(port->ctx, pages, physical);
}

static void
page_free(struct xbf_queue *queue, void *memory, size_t pages)
{
	const struct pv_port *port = queue->xbf->xen->port;

	port->pages_free(port->ctx, memory, pages);
}

/* ---- The ring --------------------------------------------------------- */

static int
ring_open(struct xbf_queue *queue, unsigned pages)
{
	struct xbf *xbf = queue->xbf;
	uint64_t physical;
	int error;

	queue->ring_memory = page_new(queue, pages, &physical);
	if (queue->ring_memory == NULL)
		return PV_ENOMEM;
	error = xen_grants_reserve(xbf->xen, queue->ring_references, pages);
	if (error != PV_OK) {
		page_free(queue, queue->ring_memory, pages);
		queue->ring_memory = NULL;
		return error;
	}
	queue->ring_pages = pages;
	ring_init(&queue->ring, queue->ring_memory, pages,
	    sizeof(union xen_blk_entry));
	for (unsigned i = 0; i < pages; i++)
		xen_grant_set(xbf->xen, &queue->stats,
		    queue->ring_references[i], xbf->xenbus->backend_id,
		    physical + i * PV_PAGE_SIZE, false);
	return PV_OK;
}

static void
ring_close(struct xbf_queue *queue)
{
	struct xbf *xbf = queue->xbf;
	unsigned held = 0;

	if (queue->ring_memory == NULL)
		return;
	for (unsigned i = 0; i < queue->ring_pages; i++) {
		uint32_t *reference = &queue->ring_references[i];

		if (xen_grant_end(xbf->xen, &queue->stats, *reference))
			xen_grants_release(xbf->xen, reference, 1);
		else
			queue->ring_references[held++] = *reference;
	}
	if (held > 0)
		xen_grants_abandon(xbf->xen, &queue->stats,
		    queue->ring_references, held, queue->ring_memory,
		    queue->ring_pages);
	else
		page_free(queue, queue->ring_memory, queue->ring_pages);
	queue->ring_memory = NULL;
	queue->ring = (struct ring){ 0 };
}

static int
slots_open(struct xbf_queue *queue)
{
	unsigned count = queue->ring.size;

	queue->slots = pv_alloc(bus_of(queue), count * sizeof(*queue->slots));
	queue->slots_free = pv_alloc(bus_of(queue),
	    count * sizeof(*queue->slots_free));
	queue->slots_count = count;
	if (queue->slots == NULL || queue->slots_free == NULL)
		return PV_ENOMEM;
	for (unsigned i = 0; i < count; i++)
		queue->slots_free[i] = (uint16_t)(count - 1 - i);
	queue->slots_left = count;
	return PV_OK;
}

int
xbf_queue_open(struct xbf_queue *queue, unsigned ring_pages)
{
	struct xbf *xbf = queue->xbf;
	int error = PV_OK;

	if (queue->channel.port == 0)
		error = xen_channel_open(xbf->xen, &queue->channel,
		    xbf->xenbus->backend_id, queue->cpu, &queue->stats);
	if (error == PV_OK)
		error = ring_open(queue, ring_pages);
	if (error == PV_OK)
		error = slots_open(queue);
	if (error != PV_OK)
		xbf_queue_close(queue);
	return error;
}

/* ---- References and pages --------------------------------------------- */

static void
push(struct xbf_grant **list, struct xbf_grant *grant)
{
	grant->next = *list;
	*list = grant;
}

static int
reserve(struct xbf_queue *queue, struct xbf_grant *grants, unsigned count)
{
	uint32_t references[BATCH];
	unsigned done = 0;

	while (done < count) {
		unsigned some = count - done < BATCH ? count - done : BATCH;
		int error = xen_grants_reserve(queue->xbf->xen, references,
		    some);

		if (error != PV_OK)
			return error;
		for (unsigned i = 0; i < some; i++)
			grants[done + i].reference = references[i];
		done += some;
		queue->grants_count += some;
	}
	return PV_OK;
}

/* Pages for the segments of indirect requests are lent from now on; a back end
 * that keeps grants mapped maps them all for writing. */
static int
add_pages(struct xbf_queue *queue, unsigned first, unsigned count,
    bool indirect)
{
	struct xbf *xbf = queue->xbf;

	for (unsigned i = first; i < first + count; i++) {
		struct xbf_grant *grant = &queue->grants[i];

		grant->page = page_new(queue, 1, &grant->physical);
		if (grant->page == NULL)
			return PV_ENOMEM;
		push(indirect ? &queue->indirects : &queue->pages, grant);
		if (!indirect) {
			queue->pages_left++;
			continue;
		}
		xen_grant_set(xbf->xen, &queue->stats, grant->reference,
		    xbf->xenbus->backend_id, grant->physical, !xbf->persistent);
		grant->lent = true;
	}
	return PV_OK;
}

static void
grants_close(struct xbf_queue *queue)
{
	struct xbf *xbf = queue->xbf;

	for (unsigned i = 0; i < queue->grants_count; i++) {
		struct xbf_grant *grant = &queue->grants[i];

		if (grant->lent &&
		    !xen_grant_end(xbf->xen, &queue->stats, grant->reference)) {
			xen_grants_abandon(xbf->xen, &queue->stats,
			    &grant->reference, 1, grant->page,
			    grant->page != NULL ? 1 : 0);
			continue;
		}
		xen_grants_release(xbf->xen, &grant->reference, 1);
		if (grant->page != NULL)
			page_free(queue, grant->page, 1);
	}
	pv_free(bus_of(queue), queue->grants,
	    queue->grants_room * sizeof(*queue->grants));
	queue->grants = NULL;
	queue->grants_count = queue->grants_room = 0;
	queue->pages = queue->references = queue->indirects = NULL;
	queue->pages_left = queue->references_left = 0;
	queue->held = NULL;
}

static int
equip(struct xbf_queue *queue, unsigned pages, unsigned references,
    unsigned indirects)
{
	unsigned room = pages + references + indirects;
	int error;

	queue->grants = pv_alloc(bus_of(queue), room * sizeof(*queue->grants));
	if (queue->grants == NULL)
		return PV_ENOMEM;
	queue->grants_room = room;
	error = reserve(queue, queue->grants, room);
	if (error == PV_OK)
		error = add_pages(queue, 0, pages, false);
	if (error == PV_OK)
		error = add_pages(queue, pages, indirects, true);
	if (error != PV_OK) {
		grants_close(queue);
		return error;
	}
	for (unsigned i = pages + indirects; i < room; i++)
		push(&queue->references, &queue->grants[i]);
	queue->references_left = references;
	return PV_OK;
}

static unsigned
share(unsigned of_all, unsigned queues, unsigned least, unsigned most)
{
	unsigned share = of_all / queues;

	if (share < least)
		share = least;
	return share < most ? share : most;
}

/* Every slot can have a small request, and two of the largest fit; with less
 * memory than that, requests are small and few. */
int
xbf_queue_equip(struct xbf_queue *queue, unsigned segments)
{
	struct xbf *xbf = queue->xbf;
	unsigned least = 2 * segments, most = queue->slots_count * segments;
	unsigned queues = xbf->queues_open, indirects = 0;
	int error;

	if (least < queue->slots_count)
		least = queue->slots_count;
	if (segments > XEN_BLK_SEGMENTS_MAX)
		indirects = XBF_INDIRECT_PAGES;
	queue->segments_max = segments;
	if (xbf->copies)
		error = equip(queue, share(XBF_COPY_PAGES, queues, least, most),
		    0, indirects);
	else
		error = equip(queue, XBF_BOUNCE_PAGES,
		    share(XBF_REFERENCES, queues, least, most), indirects);
	if (error == PV_OK)
		return error;
	queue->segments_max = XEN_BLK_SEGMENTS_MAX;
	return equip(queue, XEN_BLK_SEGMENTS_MAX,
	    xbf->copies ? 0 : 2 * XEN_BLK_SEGMENTS_MAX, 0);
}

/* ---- Letting go ------------------------------------------------------- */

/* Of those in the ring, the one that was put there last. */
static struct xbf_slot *
newest(struct xbf_queue *queue)
{
	struct xbf_slot *found = NULL;

	for (unsigned i = 0; i < queue->slots_count; i++) {
		struct xbf_slot *slot = &queue->slots[i];

		if (slot->used &&
		    (found == NULL || slot->sequence > found->sequence))
			found = slot;
	}
	return found;
}

/* Its part is to be done again, and those after it too. */
static void
rewind_io(struct xbf_queue *queue, const struct xbf_slot *slot)
{
	struct pv_io *io = slot->io;

	io->progress = slot->start;
	io->segment = slot->segment;
	io->within = slot->within;
	io->total = 0; /* the disk may be another one: check it again */
	if (!io->submitted)
		return; /* it is the first of those that wait */
	io->submitted = false;
	io->next = queue->waiting;
	if (queue->waiting == NULL)
		queue->waiting_end = &io->next;
	queue->waiting = io;
}

void
xbf_queue_halt(struct xbf_queue *queue, int error, uint64_t hold_until)
{
	struct xbf_slot *slot;

	while (queue->in_flight > 0 && (slot = newest(queue)) != NULL) {
		if (error == PV_OK)
			rewind_io(queue, slot);
		xbf_slot_end(queue, slot, error != PV_OK ? error : PV_EAGAIN,
		    hold_until);
	}
	queue->ring = (struct ring){ 0 };
}

void
xbf_queue_close(struct xbf_queue *queue)
{
	/* a channel of an earlier life is only forgotten */
	if (queue->channel.port != 0)
		xen_channel_close(&queue->channel);
	ring_close(queue);
	grants_close(queue);
	pv_free(bus_of(queue), queue->slots,
	    queue->slots_count * sizeof(*queue->slots));
	pv_free(bus_of(queue), queue->slots_free,
	    queue->slots_count * sizeof(*queue->slots_free));
	queue->slots = NULL;
	queue->slots_free = NULL;
	queue->slots_count = queue->slots_left = 0;
	queue->since = 0;
	queue->late = 0;
}

/* What was counted since the last time. */
void
xbf_queue_stats(struct xbf_queue *queue, struct pv_stats *sum)
{
	const uint64_t *now = (const uint64_t *)&queue->stats;
	uint64_t *told = (uint64_t *)&queue->told, *to = (uint64_t *)sum;

	_Static_assert(sizeof(*sum) % sizeof(uint64_t) == 0, "counters only");
	for (size_t i = 0; i < sizeof(*sum) / sizeof(uint64_t); i++) {
		uint64_t counted = now[i];

		to[i] += counted - told[i];
		told[i] = counted;
	}
}
