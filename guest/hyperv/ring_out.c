/* SPDX-License-Identifier: ISC */
/* The ring to the host. */
#include "guest/bus/libc.h"
#include "guest/hyperv/ring.h"

/* A word of a ring; one never lies across the ring's end. */
typedef uint64_t __attribute__((may_alias)) word;

/*
 * The host's index, if it can be one: between where it was and what was
 * published.
 */
static bool
believe(struct ring_out *ring, uint32_t read)
{
	if (!ring_is_index(ring->size, read) ||
	    ring_distance(ring->size, ring->read, read) >
		ring_distance(ring->size, ring->read, ring->published)) {
		ring->broken = true;
		return false;
	}
	ring->read = read;
	return true;
}

static bool
look(struct ring_out *ring)
{
	return believe(ring, shared_load32(&ring->header->read));
}

static uint32_t
room(const struct ring_out *ring)
{
	return ring_most(ring->size) -
	    ring_distance(ring->size, ring->read, ring->write);
}

uint32_t
ring_room(struct ring_out *ring)
{
	return !ring->broken && look(ring) ? room(ring) : 0;
}

static void
ask(struct ring_out *ring, uint32_t bytes)
{
	ring->wanted = bytes;
	shared_store32(&ring->header->pending_send, bytes);
}

/*
 * There is no room: ask the host to tell when there is more of it than for this
 * packet only, or it would tell for every packet that it takes.  It may have
 * made room before it saw that.  A smaller packet that fits meanwhile takes
 * nothing back of what was asked for a larger one.
 */
static int
wait_for_room(struct ring_out *ring, uint32_t bytes)
{
	uint32_t wanted = ring->size / 4;

	if (ring->full && ring->wanted > wanted)
		wanted = ring->wanted;
	ask(ring, bytes > wanted ? bytes : wanted);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!look(ring))
		return PV_EPROTO;
	if (room(ring) < bytes) {
		ring->full = true;
		return PV_EAGAIN;
	}
	if (!ring->full)
		ask(ring, 0);
	return PV_OK;
}

static int
make_room(struct ring_out *ring, uint32_t bytes)
{
	if (ring->broken)
		return PV_EPROTO;
	if (room(ring) >= bytes)
		return PV_OK;
	if (!look(ring))
		return PV_EPROTO;
	return room(ring) >= bytes ? PV_OK : wait_for_room(ring, bytes);
}

bool
ring_woken(struct ring_out *ring)
{
	if (!ring->full)
		return false;
	if (!ring->broken && look(ring)) {
		if (room(ring) < ring->wanted)
			return false;
		ask(ring, 0);
	}
	ring->full = false;
	return true;
}

static void
put_word(struct ring_out *ring, uint32_t at, uint64_t value)
{
	*(word *)(void *)(ring->data + at) = value;
}

/* Most of what is put is a header or a short message, for which a call of
 * memcpy costs more than the copy does. */
#define SHORT 64

static void
put_run(uint8_t *to, const uint8_t *from, uint32_t len)
{
	if (len > SHORT) {
		memcpy(to, from, len);
		return;
	}
	for (; len >= 8; len -= 8, to += 8, from += 8)
		__builtin_memcpy(to, from, 8);
	for (; len > 0; len--)
		*to++ = *from++;
}

static uint32_t
put_bytes(struct ring_out *ring, uint32_t at, const void *from, uint32_t len)
{
	uint32_t first = ring->size - at;

	if (len < first) {
		put_run(ring->data + at, from, len);
		return at + len;
	}
	put_run(ring->data + at, from, first);
	put_run(ring->data, (const uint8_t *)from + first, len - first);
	return len - first;
}

static uint64_t
descriptor(const struct ring_packet_out *packet, uint32_t offset,
    uint32_t length)
{
	return packet->type | (uint64_t)(offset / 8) << 16 |
	    (uint64_t)(length / 8) << 32 | (uint64_t)packet->flags << 48;
}

/* With the ring's end somewhere in it. */
static void
put_around(struct ring_out *ring, const struct ring_packet_out *packet,
    uint64_t first, uint32_t length, bool padded)
{
	uint32_t size = ring->size, start = ring->write;
	uint32_t at = ring_after(size, start, 8);

	put_word(ring, start, first);
	put_word(ring, at, packet->id);
	at = ring_after(size, at, 8);
	if (padded)
		put_word(ring, ring_after(size, start, length - 8), 0);
	if (packet->header_len > 0)
		at = put_bytes(ring, at, packet->header,
		    (uint32_t)packet->header_len);
	for (unsigned i = 0; i < packet->count; i++)
		at = put_bytes(ring, at, packet->pieces[i].data,
		    (uint32_t)packet->pieces[i].len);
	put_word(ring, ring_after(size, start, length), (uint64_t)start << 32);
}

static void
put_straight(struct ring_out *ring, const struct ring_packet_out *packet,
    uint64_t first, uint32_t length, bool padded)
{
	uint32_t start = ring->write;
	uint8_t *to = ring->data + start + sizeof(struct hv_packet);

	put_word(ring, start, first);
	put_word(ring, start + 8, packet->id);
	if (padded)
		put_word(ring, start + length - 8, 0);
	if (packet->header_len > 0) {
		put_run(to, packet->header, (uint32_t)packet->header_len);
		to += packet->header_len;
	}
	for (unsigned i = 0; i < packet->count; i++) {
		put_run(to, packet->pieces[i].data,
		    (uint32_t)packet->pieces[i].len);
		to += packet->pieces[i].len;
	}
	put_word(ring, start + length, (uint64_t)start << 32);
}

int
ring_put(struct ring_out *ring, const struct ring_packet_out *packet)
{
	size_t offset = sizeof(struct hv_packet), len = 0, length;
	uint64_t first;
	int error;

	if (packet->header_len % 8 != 0)
		return PV_EINVAL;
	if (packet->header_len > HV_PACKET_MAX - offset)
		return PV_EMSGSIZE;
	offset += packet->header_len;
	for (unsigned i = 0; i < packet->count; i++) {
		if (packet->pieces[i].len > HV_PACKET_MAX - offset - len)
			return PV_EMSGSIZE;
		len += packet->pieces[i].len;
	}
	length = offset + ((len + 7) & ~(size_t)7);
	if (length + HV_PACKET_TRAILER > ring_most(ring->size))
		return PV_EMSGSIZE;
	error = make_room(ring, (uint32_t)(length + HV_PACKET_TRAILER));
	if (error != PV_OK)
		return error;
	first = descriptor(packet, (uint32_t)offset, (uint32_t)length);
	if (length < ring->size - ring->write)
		put_straight(ring, packet, first, (uint32_t)length,
		    len % 8 != 0);
	else
		put_around(ring, packet, first, (uint32_t)length, len % 8 != 0);
	ring->write = ring_after(ring->size, ring->write,
	    (uint32_t)(length + HV_PACKET_TRAILER));
	return PV_OK;
}

/*
 * A host that has not come to the end of what was published before will see
 * this too; only one that had is to be told, unless it wants none.  Its mask and
 * index are looked at after ours can be seen: it does the same the other way.
 */
bool
ring_publish(struct ring_out *ring)
{
	uint32_t from = ring->published, read;

	if (ring->broken || ring->write == from)
		return false;
	shared_store32(&ring->header->write, ring->write);
	ring->published = ring->write;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (shared_load32(&ring->header->interrupt_mask) != 0)
		return false;
	read = shared_load32(&ring->header->read);
	if (read != from) {
		(void)believe(ring, read);
		return false;
	}
	ring->read = read;
	return true;
}
