/* SPDX-License-Identifier: ISC */
/*
 * A ring buffer of VMBus, one direction each; pure functions over its memory.
 *
 * All indices that count are private: the one that is ours is only ever
 * published, the host's is read once a pass, checked, and kept.  A packet is
 * copied out once, into memory of our own, before anything in it is believed.
 * Layout: wire/hyperv/ring.h.
 */
#ifndef GUEST_HYPERV_RING_H
#define GUEST_HYPERV_RING_H

#include "guest/bus/shared.h"
#include "pvbus/guest.h"
#include "wire/hyperv/ring.h"

/* ---- Out: written by us ----------------------------------------------- */

struct ring_out {
	struct hv_ring *header;
	uint8_t *data;
	uint32_t size;      /* bytes of data */
	uint32_t write;     /* where the next packet goes */
	uint32_t published; /* what the host knows of that */
	uint32_t read;      /* the host's index when last looked at, checked */
	uint32_t wanted;    /* free bytes that the host was asked to tell of */
	bool full;          /* a packet did not fit, and the host will tell */
	bool broken; /* the host's index was no such: PV_EPROTO for ever */
};

struct ring_piece {
	const void *data;
	size_t len;
};

struct ring_packet_out {
	uint16_t type;  /* HV_PACKET_… */
	uint16_t flags; /* HV_PACKET_FLAG_… */
	uint64_t id;
	const void
	    *header;       /* what follows the descriptor: ranges, page lists */
	size_t header_len; /* a multiple of 8 */
	const struct ring_piece *pieces;
	unsigned count;
};

void ring_out_init(struct ring_out *, void *memory, uint32_t pages);
/* PV_OK: it is in the ring, not published.  PV_EAGAIN: no room, and the host
 * was told how much is wanted.  PV_EMSGSIZE: never fits.  PV_EPROTO: the host's
 * index is no such. */
int ring_put(struct ring_out *, const struct ring_packet_out *);
/* One store of the index for all that was put; true: the host wants a signal.
 * Nothing put: false, nothing stored. */
bool ring_publish(struct ring_out *);
/* Bytes that a packet could take now, descriptor and trailer included. */
uint32_t ring_room(struct ring_out *);
/* True, once: there was no room for a packet, and now there is. */
bool ring_woken(struct ring_out *);

/* ---- In: written by the host ------------------------------------------ */

struct ring_in {
	struct hv_ring *header;
	const uint8_t *data;
	uint32_t size;
	uint32_t read;      /* next to be taken */
	uint32_t published; /* what the host knows of that */
	uint32_t write;     /* the host's index when last looked at, checked */
	void *copy;         /* of one packet; our own memory, aligned to 8 */
	size_t room;        /* of that, at least sizeof(struct hv_packet) */
	bool masked;        /* the host was asked for no interrupt */
	bool broken; /* index or packet was no such: PV_EPROTO for ever */
};

/* A packet in our own memory, until the next is taken. */
struct ring_packet {
	uint16_t type, flags;
	uint64_t id;
	const uint8_t *header; /* between descriptor and payload */
	size_t header_len;
	const uint8_t *data;
	size_t len;
};

void ring_in_init(struct ring_in *, void *memory, uint32_t pages, void *copy,
    size_t room);
/* 1: a packet.  0: none.  PV_EPROTO: the host's index or the packet cannot be.
 * PV_EMSGSIZE: longer than our room, skipped. */
int ring_take(struct ring_in *, struct ring_packet *);
/* Let the host have the room of all that was taken; true: it waits for that and
 * wants a signal. */
bool ring_release(struct ring_in *);
/* Ask for no interrupt, or for one; the latter tells whether something has come
 * meanwhile, which will not be announced. */
void ring_mask(struct ring_in *);
bool ring_unmask(struct ring_in *);
/* Whether there is something to take, or to say PV_EPROTO of. */
bool ring_waiting(struct ring_in *);
/* Whether the host said that it tells when there is room in the other ring;
 * one that does not has to be polled (before Windows Server 2012). */
bool ring_tells(const struct ring_in *);

/* ---- Both: for ring_*.c ----------------------------------------------- */

/* Bytes from one index to another, in the direction of writing. */
static inline uint32_t
ring_distance(uint32_t size, uint32_t from, uint32_t to)
{
	return to >= from ? to - from : size - from + to;
}

static inline uint32_t
ring_after(uint32_t size, uint32_t index, uint32_t bytes)
{
	return bytes >= size - index ? bytes - (size - index) : index + bytes;
}

static inline bool
ring_is_index(uint32_t size, uint32_t index)
{
	return index < size && index % HV_RING_ALIGN == 0;
}

/* All that a ring can hold: a full one would look like an empty one. */
static inline uint32_t
ring_most(uint32_t size)
{
	return size - HV_RING_ALIGN;
}

#endif
