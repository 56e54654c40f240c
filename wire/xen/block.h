/* SPDX-License-Identifier: ISC */
/*
 * Block devices, in the protocol "x86_64-abi". A sector is 512 bytes wherever
 * one is counted here.
 * Source: Xen public headers io/blkif.h, io/protocols.h.
 */
#ifndef WIRE_XEN_BLOCK_H
#define WIRE_XEN_BLOCK_H

#include <stdint.h>

#define XEN_BLK_PROTOCOL "x86_64-abi"
#define XEN_BLK_SECTOR_SIZE 512 /* bytes */
#define XEN_BLK_SECTORS_PER_PAGE 8

#define XEN_BLK_READ 0
#define XEN_BLK_WRITE 1
#define XEN_BLK_BARRIER 2  /* with "feature-barrier" */
#define XEN_BLK_FLUSH 3    /* with "feature-flush-cache" */
#define XEN_BLK_DISCARD 5  /* with "feature-discard" */
#define XEN_BLK_INDIRECT 6 /* with "feature-max-indirect-segments" */

#define XEN_BLK_SEGMENTS_MAX 11      /* in a direct request */
#define XEN_BLK_INDIRECT_PAGES_MAX 8 /* in an indirect one */
#define XEN_BLK_SEGMENTS_PER_PAGE 512

struct xen_blk_segment {
	uint32_t ref;  /* grant of the page */
	uint8_t first; /* sectors of that page, both inclusive */
	uint8_t last;
	uint8_t pad[2];
};
_Static_assert(sizeof(struct xen_blk_segment) == 8, "block segment");
_Static_assert(4096 / sizeof(struct xen_blk_segment) ==
	XEN_BLK_SEGMENTS_PER_PAGE,
    "indirect page");

/* Read, write, barrier, flush. */
struct xen_blk_request {
	uint8_t operation;
	uint8_t segments;
	uint16_t handle; /* the virtual device's number */
	uint32_t pad;
	uint64_t id; /* the response repeats it */
	uint64_t sector;
	struct xen_blk_segment segment[XEN_BLK_SEGMENTS_MAX];
};
_Static_assert(sizeof(struct xen_blk_request) == 112, "block request");

struct xen_blk_discard {
	uint8_t operation; /* XEN_BLK_DISCARD */
	uint8_t flags;     /* XEN_BLK_DISCARD_… */
	uint16_t handle;
	uint32_t pad;
	uint64_t id;
	uint64_t sector;
	uint64_t sectors;
};
_Static_assert(sizeof(struct xen_blk_discard) == 32, "discard request");
#define XEN_BLK_DISCARD_SECURE 0x1u /* with "discard-secure" */

/* The segments stand in pages of their own, granted for reading. */
struct xen_blk_indirect {
	uint8_t operation; /* XEN_BLK_INDIRECT */
	uint8_t indirect;  /* XEN_BLK_READ or XEN_BLK_WRITE */
	uint16_t segments;
	uint32_t pad0;
	uint64_t id;
	uint64_t sector;
	uint16_t handle;
	uint16_t pad1;
	uint32_t ref[XEN_BLK_INDIRECT_PAGES_MAX];
	uint32_t pad2;
};
_Static_assert(sizeof(struct xen_blk_indirect) == 64, "indirect request");

struct xen_blk_response {
	uint64_t id;
	uint8_t operation; /* of the request */
	uint8_t pad0;
	int16_t status; /* XEN_BLK_OKAY… */
	uint32_t pad1;
};
_Static_assert(sizeof(struct xen_blk_response) == 16, "block response");

#define XEN_BLK_OKAY 0
#define XEN_BLK_ERROR (-1)
#define XEN_BLK_EOPNOTSUPP (-2)

union xen_blk_entry {
	struct xen_blk_request request;
	struct xen_blk_discard discard;
	struct xen_blk_indirect indirect;
	struct xen_blk_response response;
};
_Static_assert(sizeof(union xen_blk_entry) == 112, "entry of a block ring");
#define XEN_BLK_ENTRIES_PER_PAGE 32 /* in a ring of one page */

/* Limits of ours on what a back end may offer. */
#define XEN_BLK_RING_ORDER_MAX 4 /* "ring-page-order": 2^n pages */
#define XEN_BLK_QUEUES_MAX 64    /* "multi-queue-num-queues" */

/* The node "info" of the back end. */
#define XEN_BLK_INFO_CDROM 0x1u
#define XEN_BLK_INFO_REMOVABLE 0x2u
#define XEN_BLK_INFO_READONLY 0x4u

#endif
