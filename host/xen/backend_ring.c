/* SPDX-License-Identifier: ISC */
/* Our end of a ring, in pages that the guest has granted and may write at any
 * time: each word is read once.  Entries may lie across two pages. */
#include <string.h>

#include "host/xen/backend_private.h"

#define PAGE 4096u

bool
backend_ring_map(struct backend_ring *ring, struct host_xen *xen,
    const uint32_t *references, unsigned count, uint32_t entry_size)
{
	*ring = (struct backend_ring){ .entry_size = entry_size };
	for (unsigned i = 0; i < count; i++) {
		ring->grants[i] = host_grant_map(xen, references[i], true);
		if (ring->grants[i] == NULL) {
			backend_ring_unmap(ring, false);
			return false;
		}
		ring->count++;
	}
	ring->size = xen_ring_entries(count, entry_size);
	if (!backend_ring_begin(ring)) {
		backend_ring_unmap(ring, false);
		return false;
	}
	/* as Linux's drivers do, which may come back to a used ring */
	ring->rsp_prod =
	    __atomic_load_n(&((struct xen_ring *)(void *)ring->pages[0])
				 ->rsp_prod,
		__ATOMIC_RELAXED);
	ring->req_cons = ring->published = ring->req_prod = ring->rsp_prod;
	return true;
}

void
backend_ring_unmap(struct backend_ring *ring, bool keep)
{
	for (unsigned i = 0; i < ring->count && !keep; i++)
		host_grant_unmap(ring->grants[i]);
	memset(ring, 0, sizeof(*ring));
}

bool
backend_ring_begin(struct backend_ring *ring)
{
	for (unsigned i = 0; i < ring->count; i++) {
		ring->pages[i] = host_grant_page(ring->grants[i]);
		if (ring->pages[i] == NULL)
			return false;
	}
	return ring->count > 0;
}

static struct xen_ring *
header(const struct backend_ring *ring)
{
	return (struct xen_ring *)(void *)ring->pages[0];
}

uint32_t
backend_ring_waiting(struct backend_ring *ring)
{
	uint32_t there = __atomic_load_n(&header(ring)->req_prod,
	    __ATOMIC_ACQUIRE);

	if (!ring->has_junk || there != ring->junk) {
		ring->req_prod = there;
		ring->has_junk = false;
	}
	return ring->req_prod - ring->req_cons;
}

/* A word of an entry. */
static uint32_t *
word(struct backend_ring *ring, uint32_t counter, size_t offset)
{
	size_t at = sizeof(struct xen_ring) +
	    (size_t)(counter & (ring->size - 1)) * ring->entry_size + offset;

	return (uint32_t *)(void *)(ring->pages[at / PAGE] + at % PAGE);
}

void
backend_ring_copy(struct backend_ring *ring, uint32_t counter, void *to)
{
	uint8_t *bytes = to;
	uint32_t value;

	for (size_t i = 0; i < ring->entry_size; i += sizeof(value)) {
		value = __atomic_load_n(word(ring, counter, i),
		    __ATOMIC_RELAXED);
		memcpy(bytes + i, &value, sizeof(value));
	}
}

void
backend_ring_put(struct backend_ring *ring, uint32_t counter, const void *from,
    size_t size)
{
	const uint8_t *bytes = from;
	uint32_t value;

	for (size_t i = 0; i < size; i += sizeof(value)) {
		memcpy(&value, bytes + i, sizeof(value));
		__atomic_store_n(word(ring, counter, i), value,
		    __ATOMIC_RELAXED);
	}
}

bool
backend_ring_publish(struct backend_ring *ring, uint32_t jump)
{
	uint32_t from = ring->published, to = ring->rsp_prod + jump;

	__atomic_store_n(&header(ring)->rsp_prod, to, __ATOMIC_RELEASE);
	ring->published = ring->rsp_prod;
	/* our producer, then the guest's event: it does the same the other
	 * way */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return xen_ring_passes(from, to,
	    __atomic_load_n(&header(ring)->rsp_event, __ATOMIC_RELAXED));
}

bool
backend_ring_arm(struct backend_ring *ring, uint32_t event)
{
	__atomic_store_n(&header(ring)->req_event, event, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return (int32_t)(ring->req_cons + backend_ring_waiting(ring) - event) >=
	    0;
}

void
backend_ring_scribble(struct backend_ring *ring, uint32_t junk)
{
	__atomic_store_n(&header(ring)->req_prod, junk, __ATOMIC_RELAXED);
	__atomic_store_n(&header(ring)->rsp_event, ~junk, __ATOMIC_RELAXED);
	ring->junk = junk;
	ring->has_junk = true;
}
