/* SPDX-License-Identifier: ISC */
/*
 * The ring of requests and responses that block, network and other devices
 * share with their back ends: a header, then entries, each a request or the
 * response to one. The counters run freely; a place is counter modulo entries.
 * Source: Xen public header io/ring.h.
 */
#ifndef WIRE_XEN_RING_H
#define WIRE_XEN_RING_H

#include <stdint.h>

struct xen_ring {
	uint32_t req_prod;
	uint32_t req_event; /* notify the back end when req_prod gets here */
	uint32_t rsp_prod;
	uint32_t rsp_event; /* notify the front end when rsp_prod gets here */
	uint8_t pad[48];
};
_Static_assert(sizeof(struct xen_ring) == 64, "ring header");

/* A new ring has both events at 1 and all else at 0. */
#define XEN_RING_FIRST_EVENT 1

/* 32 bits, rounded down to a power of two; 0 stays 0. */
#define XEN_SPREAD1_(x) ((x) | (x) >> 1)
#define XEN_SPREAD2_(x) (XEN_SPREAD1_(x) | XEN_SPREAD1_(x) >> 2)
#define XEN_SPREAD4_(x) (XEN_SPREAD2_(x) | XEN_SPREAD2_(x) >> 4)
#define XEN_SPREAD8_(x) (XEN_SPREAD4_(x) | XEN_SPREAD4_(x) >> 8)
#define XEN_SPREAD16_(x) (XEN_SPREAD8_(x) | XEN_SPREAD8_(x) >> 16)
#define XEN_ROUND_DOWN_POW2(x) \
	(XEN_SPREAD16_((uint32_t)(x)) ^ XEN_SPREAD16_((uint32_t)(x)) >> 1)

/* Entries of so many bytes in a ring of so many pages: a constant, for arrays;
 * xen_ring_entries() says the same of variables. */
#define XEN_RING_ENTRIES(pages, size) \
	XEN_ROUND_DOWN_POW2(((pages)*4096u - sizeof(struct xen_ring)) / (size))

static inline uint32_t
xen_ring_entries(uint32_t pages, uint32_t size)
{
	uint32_t most, entries = 1;

	if (pages == 0 || pages > 1u << 16 || size == 0)
		return 0;
	most = (pages * 4096u - (uint32_t)sizeof(struct xen_ring)) / size;
	if (most == 0)
		return 0;
	while (entries <= most / 2)
		entries *= 2;
	return entries;
}

/* Whether moving a producer from one place to another passes the event. */
static inline int
xen_ring_passes(uint32_t from, uint32_t to, uint32_t event)
{
	return (uint32_t)(to - event) < (uint32_t)(to - from);
}

#endif
