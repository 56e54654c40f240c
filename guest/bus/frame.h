/* SPDX-License-Identifier: ISC */
/*
 * What an Ethernet frame says of itself: where TCP or UDP stand in it, over
 * IPv4 or IPv6, with VLAN tags and options on the way.  Pure: bytes in,
 * structure out.
 */
#ifndef GUEST_BUS_FRAME_H
#define GUEST_BUS_FRAME_H

#include <stdbool.h>

#include "pvbus/nic.h"

#define FRAME_ETHERNET 14u /* bytes of an Ethernet header */
/* As much of a frame as is looked at for its headers. */
#define FRAME_HEAD_MAX 512u

struct frame_headers {
	bool ipv6;
	uint8_t protocol; /* FRAME_TCP or FRAME_UDP */
	size_t start;     /* of its header */
	size_t end;       /* of its payload; what follows is padding */
	uint16_t offset;  /* of the checksum, from `start` */
	uint16_t pseudo;  /* sum of the pseudo header, folded, not inverted */
};

#define FRAME_TCP 6u
#define FRAME_UDP 17u

/*
 * `head` is the beginning of a frame of `length` bytes, `have` bytes of it.
 * 0, or PV_EPROTO: no TCP or UDP, a fragment, lengths that do not fit, or
 * headers that are not all in `have`.
 */
int frame_headers(const uint8_t *head, size_t have, size_t length,
    struct frame_headers *);

/* The same of a frame in segments. */
int frame_headers_of(const struct pv_frame *, struct frame_headers *);

/* The sum of the words from `start` to `end`, folded, not inverted; an odd byte
 * at the end counts as the upper half of a word. */
uint16_t frame_sum(const struct pv_frame *, size_t start, size_t end);

/* Write two bytes of a frame, in network order, wherever its segments meet; false
 * when they are not in it. */
bool frame_put16(const struct pv_frame *, size_t at, uint16_t value);

#endif
