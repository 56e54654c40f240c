/* SPDX-License-Identifier: ISC */
/*
 * The rings of a channel: one to the host and one to the guest, each a page of
 * control and then data, of whole pages. Indices are offsets in bytes into the
 * data, multiples of 8; equal ones are an empty ring, so that one of them can
 * never hold more than its data less 8 bytes. A packet is a descriptor, what
 * its type adds, its data, padding to 8 bytes, and a trailer.
 * Source: openvmm vm/devices/vmbus/vmbus_ring, Linux include/linux/hyperv.h,
 * QEMU include/hw/hyperv/vmbus-proto.h.
 */
#ifndef WIRE_HYPERV_RING_H
#define WIRE_HYPERV_RING_H

#include <stdint.h>

#define HV_RING_CONTROL 4096 /* bytes, before the data */
#define HV_RING_ALIGN 8

/* write, pending_send and features are the sender's, read and interrupt_mask
 * the receiver's. */
struct hv_ring {
	uint32_t write;
	uint32_t read;
	uint32_t interrupt_mask; /* not 0: the receiver wants no signal */
	uint32_t pending_send; /* free bytes that the sender waits for, or 0 */
	uint32_t reserved[12];
	uint32_t features; /* HV_RING_FEATURE_… */
	uint8_t unused[HV_RING_CONTROL - 68];
};
_Static_assert(sizeof(struct hv_ring) == HV_RING_CONTROL, "ring");
_Static_assert(__builtin_offsetof(struct hv_ring, features) == 64, "ring");

/* As receiver of the other ring, this sender looks at pending_send there and
 * signals when so much is free. Linux sets it in both rings. */
#define HV_RING_FEATURE_PENDING_SEND 0x1u

struct hv_packet {
	uint16_t type; /* HV_PACKET_… */
	uint16_t
	    offset8; /* where the data is, from here, in units of 8 bytes */
	uint16_t length8; /* of all but the trailer, in units of 8 bytes */
	uint16_t flags;   /* HV_PACKET_FLAG_… */
	uint64_t id;      /* a completion repeats it */
};
_Static_assert(sizeof(struct hv_packet) == 16, "descriptor");

#define HV_PACKET_FLAG_COMPLETION 0x1u /* the other side shall complete it */

#define HV_PACKET_INVALID 0x0
#define HV_PACKET_SYNC 0x1
#define HV_PACKET_ADD_XFER_SET 0x2
#define HV_PACKET_REMOVE_XFER_SET 0x3
#define HV_PACKET_ESTABLISH_GPADL 0x4
#define HV_PACKET_TEARDOWN_GPADL 0x5
#define HV_PACKET_INBAND 0x6
#define HV_PACKET_XFER_PAGES 0x7 /* struct hv_packet_xfer */
#define HV_PACKET_GPADL 0x8
#define HV_PACKET_GPA_DIRECT 0x9 /* struct hv_packet_gpa */
#define HV_PACKET_CANCEL 0xa
#define HV_PACKET_COMPLETION 0xb
#define HV_PACKET_ADDITIONAL 0xc
#define HV_PACKET_ADDITIONAL_DATA 0xd

/* Ends each packet. */
struct hv_packet_trailer {
	uint32_t reserved;
	uint32_t start; /* the sender's write index before the packet */
};
_Static_assert(sizeof(struct hv_packet_trailer) == 8, "trailer");

/* Bytes of the ring that the smallest packet takes, trailer and all. */
#define HV_PACKET_MIN (sizeof(struct hv_packet))
#define HV_PACKET_TRAILER (sizeof(struct hv_packet_trailer))
/* What length8 can say. */
#define HV_PACKET_MAX (0xffffu * 8u)

/* HV_PACKET_XFER_PAGES: data in a buffer that the receiver gave before. */
struct hv_packet_xfer {
	struct hv_packet packet;
	uint16_t set; /* which buffer */
	uint8_t sender_owns;
	uint8_t reserved; /* can be anything */
	uint32_t count;   /* of struct hv_xfer_range after this */
};
_Static_assert(sizeof(struct hv_packet_xfer) == 24, "transfer pages");

struct hv_xfer_range {
	uint32_t bytes;
	uint32_t offset; /* bytes into the buffer */
};
_Static_assert(sizeof(struct hv_xfer_range) == 8, "transfer range");

/* HV_PACKET_GPA_DIRECT: data in pages of the guest. After this, count ranges,
 * each 4 bytes of length, 4 of offset in the first page (struct hv_gpa_range),
 * and a frame for each page that they touch. */
struct hv_packet_gpa {
	struct hv_packet packet;
	uint32_t reserved; /* can be anything */
	uint32_t count;
};
_Static_assert(sizeof(struct hv_packet_gpa) == 24, "GPA direct");

/* A range of one page, as network drivers send them. */
struct hv_gpa_page {
	uint32_t bytes;
	uint32_t offset;
	uint64_t frame;
};
_Static_assert(sizeof(struct hv_gpa_page) == 16, "page buffer");
#define HV_GPA_PAGES_MAX 32 /* as Linux has it */

/* Before the data in channels with HV_VMBUS_OFFER_PIPE, and of services. */
struct hv_pipe {
	uint32_t type; /* HV_PIPE_… */
	uint32_t size; /* bytes that follow */
};
_Static_assert(sizeof(struct hv_pipe) == 8, "pipe header");
#define HV_PIPE_DATA 1
#define HV_PIPE_MAX 16384 /* bytes */

#endif
