/* SPDX-License-Identifier: ISC */
/*
 * The front end of a ring of requests and responses (wire/xen/ring.h), for xbf
 * and xnf.  One CPU uses it.
 *
 * Our own counters are private and only published, so a host that writes over
 * them changes nothing here.  An entry is written once and read once.  The
 * host's counter is read once for each drain and believed only within what is
 * under way.
 */
#ifndef GUEST_XEN_RING_H
#define GUEST_XEN_RING_H

#include "guest/bus/libc.h"
#include "guest/bus/shared.h"
#include "pvbus/error.h"
#include "pvbus/port.h"
#include "wire/xen/ring.h"

struct ring {
	struct xen_ring *shared; /* NULL: there is none */
	unsigned char *entries;  /* behind the header */
	uint32_t entry_size;     /* bytes */
	uint32_t size;           /* entries, a power of two */
	uint32_t req_prod;       /* the next request goes here */
	uint32_t published;      /* what the host knows of req_prod */
	uint32_t rsp_cons;       /* the next response is taken here */
	uint32_t rsp_prod;       /* responses that were seen */
};

/* Pages of our own that the host does not reach yet. */
static inline void
ring_init(struct ring *ring, void *memory, unsigned pages, uint32_t entry_size)
{
	struct xen_ring *shared = memory;

	memset(memory, 0, (size_t)pages * PV_PAGE_SIZE);
	shared_store32(&shared->req_event, XEN_RING_FIRST_EVENT);
	shared_store32(&shared->rsp_event, XEN_RING_FIRST_EVENT);
	*ring = (struct ring){ .shared = shared,
		.entries = (unsigned char *)memory + sizeof(*shared),
		.entry_size = entry_size,
		.size = xen_ring_entries(pages, entry_size) };
}

/* Requests without a response. */
static inline uint32_t
ring_used(const struct ring *ring)
{
	return ring->req_prod - ring->rsp_cons;
}

static inline uint32_t
ring_room(const struct ring *ring)
{
	return ring->size - ring_used(ring);
}

static inline void *
ring_entry(const struct ring *ring, uint32_t counter)
{
	return ring->entries +
	    (size_t)(counter & (ring->size - 1)) * ring->entry_size;
}

/* There must be room.  The host sees it after ring_publish(). */
static inline void
ring_put(struct ring *ring, const void *request, uint32_t size)
{
	memcpy(ring_entry(ring, ring->req_prod), request, size);
	ring->req_prod++;
}

/* True: the host is to be told. It may have written any event it likes: that
 * costs a signal or none, and a poll finds what no signal announced. */
static inline bool
ring_publish(struct ring *ring)
{
	uint32_t from = ring->published, to = ring->req_prod;

	if (from == to)
		return false;
	shared_store32(&ring->shared->req_prod, to);
	ring->published = to;
	/* our producer, then its event: it does the same the other way */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return xen_ring_passes(from, to,
	    shared_load32(&ring->shared->req_event));
}

/*
 * Look how many responses there are, to be taken one by one.  PV_EPROTO: more
 * than there are requests, or fewer than before; *count is 0 then.
 */
static inline int
ring_look(struct ring *ring, uint32_t *count)
{
	uint32_t there = shared_load32(&ring->shared->rsp_prod) -
	    ring->rsp_cons;

	*count = 0;
	if (there > ring->published - ring->rsp_cons ||
	    there < ring->rsp_prod - ring->rsp_cons)
		return PV_EPROTO;
	ring->rsp_prod = ring->rsp_cons + there;
	*count = there;
	return PV_OK;
}

/* A copy of the next response of those that ring_look() counted. */
static inline void
ring_take(struct ring *ring, void *response, uint32_t size)
{
	shared_copy(response, ring_entry(ring, ring->rsp_cons), size);
	ring->rsp_cons++;
}

/*
 * Ask for a signal once `ahead` responses more are there, at least 1 and at
 * most as many as are under way.  True: something is there already (or the
 * counter is nonsense), so look again.
 */
static inline bool
ring_arm(struct ring *ring, uint32_t ahead)
{
	shared_store32(&ring->shared->rsp_event, ring->rsp_cons + ahead);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return shared_load32(&ring->shared->rsp_prod) != ring->rsp_cons;
}

/* The same before more requests are published, to move the event on: what was
 * answered meanwhile may go unannounced, so a poll has to follow. */
static inline void
ring_later(struct ring *ring, uint32_t ahead)
{
	shared_store32(&ring->shared->rsp_event, ring->rsp_cons + ahead);
}

#endif
