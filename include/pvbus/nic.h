/* SPDX-License-Identifier: ISC */
/*
 * A network interface, the same shape on every hypervisor: xnf on Xen, hvn on
 * Hyper-V.  Frames begin with their Ethernet header and have no checksum of
 * the link.
 *
 * Threads: as with a disk (<pvbus/disk.h>).
 */
#ifndef PVBUS_NIC_H
#define PVBUS_NIC_H

#include "pvbus/disk.h" /* struct pv_segment */

/* Transmit: sum up from checksum_start to the end, and put it (folded,
 * inverted) checksum_offset bytes behind checksum_start; the field holds the
 * sum of the pseudo header.  Receive: the same is left to be done, or call
 * pv_frame_checksum(). */
#define PV_FRAME_CHECKSUM_BLANK 0x1u
/* Receive: the host vouches for the transport checksum. */
#define PV_FRAME_CHECKSUM_VALID 0x2u

enum pv_segmentation {
	PV_SEGMENT_NONE,
	PV_SEGMENT_TCP4,
	PV_SEGMENT_TCP6
};

/*
 * One frame.  To transmit: the caller owns it and its memory until `done`,
 * called exactly once, on the CPU of the queue.  Received: the driver's, for
 * the length of the call; the bytes are the guest's own by then, and no host
 * can change them any more.
 */
struct pv_frame {
	const struct pv_segment *segments;
	unsigned count;
	size_t length; /* sum of the segments */
	uint32_t flags;
	uint16_t checksum_start, checksum_offset;
	enum pv_segmentation segmentation;
	uint16_t segment_size; /* payload bytes of each segment to be cut */
	uint32_t hash;         /* of the flow; 0: none */

	void (*done)(struct pv_frame *);
	void *owner;
	int error;

	struct pv_frame *next; /* the driver's until `done` */
	unsigned pending;
};

struct pv_nic;

struct pv_nic_ops {
	void (*transmit)(struct pv_nic *, unsigned queue, struct pv_frame *);
	void (*kick)(struct pv_nic *, unsigned queue);
	bool (*poll)(struct pv_nic *, unsigned queue, unsigned budget);
	/* groups to receive, 6 bytes each; PV_ENOTSUP: all are received */
	int (*multicast)(struct pv_nic *, const uint8_t (*groups)[6],
	    unsigned count);
};

#define PV_NIC_CHECKSUM4 0x1u /* transmit: CHECKSUM_BLANK over IPv4 */
#define PV_NIC_CHECKSUM6 0x2u
#define PV_NIC_TSO4 0x4u
#define PV_NIC_TSO6 0x8u
#define PV_NIC_SCATTER 0x10u /* frames of several segments, and large ones */

struct pv_nic {
	const struct pv_nic_ops *ops;
	bool link;
	uint8_t mac[6];
	unsigned mtu; /* as the host asks for; without the Ethernet header */
	unsigned max_mtu;
	uint32_t features;
	unsigned queues; /* each with a transmit and a receive side */
	unsigned depth;  /* frames of one segment in a transmit side */
	/* a frame has come in; must be set before anything is received */
	void (
	    *receive)(struct pv_nic *, unsigned queue, const struct pv_frame *);
	void (*changed)(struct pv_nic *, void *owner); /* link, MTU; or NULL */
	void *owner;
};

static inline void
pv_nic_transmit(struct pv_nic *nic, unsigned queue, struct pv_frame *frame)
{
	nic->ops->transmit(nic, queue, frame);
}

/* Tell the host of all that was transmitted since the last kick. */
static inline void
pv_nic_kick(struct pv_nic *nic, unsigned queue)
{
	nic->ops->kick(nic, queue);
}

static inline bool
pv_nic_poll(struct pv_nic *nic, unsigned queue, unsigned budget)
{
	return nic->ops->poll(nic, queue, budget);
}

/*
 * Complete a received CHECKSUM_BLANK frame in software, in its own memory:
 * TCP and UDP over IPv4 and IPv6.  0, or PV_EPROTO for a frame in which there
 * is no such thing.
 */
int pv_frame_checksum(const struct pv_frame *);

#endif
