/* SPDX-License-Identifier: ISC */
/*
 * The rings of a channel by themselves, and a host that is no more than what
 * wire/hyperv/ring.h says, in the plainest words there are.
 */
#ifndef TESTS_SUPPORT_VMBUS_RING_H
#define TESTS_SUPPORT_VMBUS_RING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest/hyperv/ring.h"

#define RING_PAGES_MAX 65
#define RING_ROOM 8192

struct rings {
	struct ring_out out;
	struct ring_in in;
	uint32_t size; /* of the data of either */
	_Alignas(16) unsigned char copy[RING_ROOM];
	_Alignas(4096) unsigned char to_host[RING_PAGES_MAX * 4096];
	_Alignas(4096) unsigned char to_guest[RING_PAGES_MAX * 4096];
	uint32_t write; /* the host's own, into to_guest */
};

static inline uint32_t
host_room(struct rings *rings)
{
	return rings->size - 8 -
	    (rings->write + rings->size - rings->in.header->read) % rings->size;
}

/* Both rings of so many pages, with the indices somewhere in them. */
static inline struct rings *
rings_new(uint32_t pages, uint32_t at)
{
	struct rings *rings = aligned_alloc(4096,
	    (sizeof(*rings) + 4095) / 4096 * 4096);

	memset(rings, 0, sizeof(*rings));
	ring_out_init(&rings->out, rings->to_host, pages);
	ring_in_init(&rings->in, rings->to_guest, pages, rings->copy,
	    sizeof(rings->copy));
	rings->size = (pages - 1) * 4096;
	at = at / 8 * 8 % rings->size;
	rings->out.write = rings->out.published = rings->out.read = at;
	rings->in.read = rings->in.published = rings->in.write = at;
	rings->out.header->write = rings->out.header->read = at;
	rings->in.header->write = rings->in.header->read = at;
	rings->in.header->features = 1;
	rings->write = at;
	return rings;
}

static inline unsigned char *
host_byte(struct rings *rings, unsigned char *memory, uint32_t at)
{
	return memory + 4096 + at % rings->size;
}

static inline void
host_write(struct rings *rings, const void *from, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		*host_byte(rings, rings->to_guest,
		    rings->write) = ((const unsigned char *)from)[i];
		rings->write = (rings->write + 1) % rings->size;
	}
}

/* What stands there, whatever its fields say; not published. */
static inline void
host_put_raw(struct rings *rings, const struct hv_packet *packet,
    const void *data, size_t len)
{
	uint64_t trailer = (uint64_t)rings->write << 32;

	host_write(rings, packet, sizeof(*packet));
	host_write(rings, data, len);
	host_write(rings, "\0\0\0\0\0\0\0", (8 - len % 8) % 8);
	host_write(rings, &trailer, 8);
}

/* One in band. */
static inline void
host_put(struct rings *rings, uint64_t id, const void *data, size_t len)
{
	struct hv_packet packet = { .type = HV_PACKET_INBAND,
		.offset8 = 2,
		.length8 = (uint16_t)(2 + (len + 7) / 8),
		.id = id };

	host_put_raw(rings, &packet, data, len);
}

static inline void
host_publish(struct rings *rings)
{
	rings->in.header->write = rings->write;
}

/* Bytes of the packet at the host's own read index, descriptor and all, or 0. */
static inline size_t
host_take(struct rings *rings, unsigned char *to)
{
	struct hv_ring *header = rings->out.header;
	uint32_t read = header->read;
	uint64_t trailer;
	size_t length;

	if (read == header->write)
		return 0;
	for (unsigned i = 0; i < 16; i++)
		to[i] = *host_byte(rings, rings->to_host, read + i);
	length = 8u * (to[4] | (size_t)to[5] << 8);
	assert_in_range(length, 16, rings->size - 16);
	for (size_t i = 16; i < length; i++)
		to[i] = *host_byte(rings, rings->to_host, read + (uint32_t)i);
	for (unsigned i = 0; i < 8; i++)
		((unsigned char *)&trailer)[i] = *host_byte(rings,
		    rings->to_host, read + (uint32_t)length + i);
	assert_int_equal(trailer, (uint64_t)read << 32);
	header->read = (read + (uint32_t)length + 8) % rings->size;
	return length;
}

/* In band, one piece. */
static inline int
guest_put(struct rings *rings, uint64_t id, const void *data, size_t len)
{
	const struct ring_piece piece = { data, len };
	const struct ring_packet_out packet = { .type = HV_PACKET_INBAND,
		.id = id,
		.pieces = &piece,
		.count = 1 };

	return ring_put(&rings->out, &packet);
}

#endif
