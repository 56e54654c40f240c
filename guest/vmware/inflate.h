/* SPDX-License-Identifier: ISC */
/*
 * DEFLATE (RFC 1951) and gzip (RFC 1952), for values that administrators pack
 * to get them through 64 KiB.
 *
 * Any part of what comes out can be had, without room for the whole: the rest
 * is only counted, and kept as long as it can be referred to.
 */
#ifndef GUEST_VMWARE_INFLATE_H
#define GUEST_VMWARE_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pvbus/error.h"

#define INFLATE_WINDOW 32768u

/* The code lengths of one alphabet, made ready: how many codes have a length,
 * and the symbols in order of their codes. */
struct inflate_code {
	uint16_t count[16];
	uint16_t symbol[288];
};

struct inflate {
	/* What is packed, what of it is wanted and where it goes, and how much
	 * may come out. */
	const uint8_t *in;
	size_t size;
	uint64_t from;
	uint8_t *to;
	size_t room;
	uint64_t limit;

	/* The result: the length of all, and of what is at `to`. */
	uint64_t total;
	size_t len;

	/* private */
	size_t at;
	uint32_t bits, crc, member;
	unsigned have;
	int error;
	uint8_t window[INFLATE_WINDOW];
	struct inflate_code literals, distances;
	uint8_t lengths[320];
};

/* PV_OK, PV_EPROTO (it is no such thing, or was cut off), PV_EMSGSIZE (more
 * than the limit).  Raw ends where its last block does. */
int inflate_raw(struct inflate *);
/* One or more members, each whole and with the right check sum. */
int inflate_gzip(struct inflate *);

#endif
