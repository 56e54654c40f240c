/* SPDX-License-Identifier: ISC */
/* The ring from the host: all that is in it may change at any time. */
#include "guest/bus/libc.h"
#include "guest/hyperv/ring.h"

/*
 * How far the host has written.  It cannot have gone back, nor over what it was
 * not given back yet.
 */
static bool
look(struct ring_in *ring)
{
	uint32_t size = ring->size;
	uint32_t write = shared_load32(&ring->header->write), there;

	if (!ring_is_index(size, write))
		goto broken;
	there = ring_distance(size, ring->read, write);
	if (there < ring_distance(size, ring->read, ring->write) ||
	    there > ring_most(size) -
		    ring_distance(size, ring->published, ring->read))
		goto broken;
	ring->write = write;
	return true;
broken:
	ring->broken = true;
	return false;
}

bool
ring_waiting(struct ring_in *ring)
{
	return ring->broken || ring->read != ring->write || !look(ring) ||
	    ring->read != ring->write;
}

bool
ring_tells(const struct ring_in *ring)
{
	return shared_load32(&ring->header->features) &
	    HV_RING_FEATURE_PENDING_SEND;
}

static inline void
copy(const struct ring_in *ring, void *to, uint32_t at, uint32_t len)
{
	uint32_t first = ring->size - at;

	if (len <= first) {
		shared_copy(to, ring->data + at, len);
		return;
	}
	shared_copy(to, ring->data + at, first);
	shared_copy((uint8_t *)to + first, ring->data, len - first);
}

static int
broken(struct ring_in *ring)
{
	ring->broken = true;
	return PV_EPROTO;
}

int
ring_take(struct ring_in *ring, struct ring_packet *packet)
{
	uint32_t there, offset, length, at = ring->read;
	struct hv_packet *descriptor = ring->copy;
	uint8_t *bytes = ring->copy;

	if (ring->broken)
		return PV_EPROTO;
	if (at == ring->write) {
		if (!look(ring))
			return PV_EPROTO;
		if (at == ring->write)
			return 0;
	}
	there = ring_distance(ring->size, at, ring->write);
	copy(ring, descriptor, at, sizeof(*descriptor));
	offset = descriptor->offset8 * 8u;
	length = descriptor->length8 * 8u;
	if (offset < sizeof(*descriptor) || length < offset ||
	    length > there - HV_PACKET_TRAILER)
		return broken(ring);
	ring->read = ring_after(ring->size, at,
	    length + (uint32_t)HV_PACKET_TRAILER);
	if (length > ring->room)
		return PV_EMSGSIZE;
	if (length > sizeof(*descriptor))
		copy(ring, bytes + sizeof(*descriptor),
		    ring_after(ring->size, at, sizeof(*descriptor)),
		    length - (uint32_t)sizeof(*descriptor));
	*packet = (struct ring_packet){ .type = descriptor->type,
		.flags = descriptor->flags,
		.id = descriptor->id,
		.header = bytes + sizeof(*descriptor),
		.header_len = offset - sizeof(*descriptor),
		.data = bytes + offset,
		.len = length - offset };
	return 1;
}

/*
 * A host that found no room says in pending_send how much it waits for, and is
 * told when that comes to be free, once.  Some say the size of the ring less 1
 * for all of it: no multiple of 8, and more than can be free.  What it has
 * written is looked at anew, or what it wrote before it gave up waiting for room
 * would count as free.
 */
bool
ring_release(struct ring_in *ring)
{
	uint32_t before = ring->published, pending, most, used;

	if (ring->broken || ring->read == before)
		return false;
	shared_store32(&ring->header->read, ring->read);
	ring->published = ring->read;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	pending = shared_load32(&ring->header->pending_send) &
	    ~(uint32_t)(HV_RING_ALIGN - 1);
	if (pending == 0 || !look(ring))
		return false;
	most = ring_most(ring->size);
	if (pending > most)
		pending = most;
	used = ring_distance(ring->size, ring->read, ring->write);
	return most - used >= pending &&
	    most - ring_distance(ring->size, before, ring->write) < pending;
}

void
ring_mask(struct ring_in *ring)
{
	if (ring->masked)
		return;
	ring->masked = true;
	shared_store32(&ring->header->interrupt_mask, 1);
}

bool
ring_unmask(struct ring_in *ring)
{
	if (ring->masked)
		shared_store32(&ring->header->interrupt_mask, 0);
	ring->masked = false;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return ring_waiting(ring);
}
