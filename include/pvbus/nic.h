/* SPDX-License-Identifier: ISC */
/*
 * A network interface, the same shape on every hypervisor: xnf on Xen, hvn on
 * Hyper-V.  Frames begin with their Ethernet header and have no checksum of
 * the link.
 *
 * Threads: as with a disk (<pvbus/disk.h>): each queue may be owned by another
 * CPU (pv_nic_own), which then alone transmits on it, kicks it and polls it.
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
/* The tag is in `vlan`, and not in the bytes; transmit: with PV_NIC_VLAN. */
#define PV_FRAME_VLAN 0x4u

enum pv_segmentation {
	PV_SEGMENT_NONE,
	PV_SEGMENT_TCP4,
	PV_SEGMENT_TCP6
};

/*
 * One frame.  To transmit: the caller owns it and its memory until `done`,
 * called exactly once, on the CPU of the queue, perhaps before transmit
 * returns.  What the features of the NIC have no word for is PV_ENOTSUP, but a
 * blank checksum is always taken: the driver completes what the host does not.
 * A frame with segmentation has a blank checksum.
 *
 * Errors: PV_EINVAL (lengths that do not fit, or more than 65535 bytes),
 * PV_EMSGSIZE (more than a page, without PV_NIC_SCATTER, or than
 * max_segmented), PV_ENOTSUP, PV_EIO
 * (lost: the host says so, or the connection to it went), PV_ENODEV (the NIC is
 * gone), PV_EPROTO (the device is broken), PV_EINTR (the NIC is being detached
 * by its owner), PV_EBUSY (the host does not let go of the memory: it may read
 * it at any time from now on, so its owner must never use it for anything
 * again).
 *
 * Received: the driver's, for the length of the call; the bytes are the
 * guest's own by then, and no host can change them any more.
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
	uint16_t vlan; /* priority, drop bit and number, as in the tag */

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
	int (*own)(struct pv_nic *, unsigned queue, unsigned cpu);
	uint64_t (*deadline)(struct pv_nic *, unsigned queue);
	/* each absent where the host cannot */
	int (*promiscuous)(struct pv_nic *, bool on);
	int (*set_mac)(struct pv_nic *, const uint8_t mac[6]);
	int (*set_mtu)(struct pv_nic *, unsigned mtu);
};

#define PV_NIC_CHECKSUM4 0x1u /* transmit: CHECKSUM_BLANK over IPv4 */
#define PV_NIC_CHECKSUM6 0x2u
#define PV_NIC_TSO4 0x4u
#define PV_NIC_TSO6 0x8u
#define PV_NIC_SCATTER 0x10u /* frames of several segments, and large ones */
#define PV_NIC_VLAN 0x20u    /* transmit: PV_FRAME_VLAN */

struct pv_nic {
	const struct pv_nic_ops *ops;
	bool link; /* without it frames are lost */
	/* as with a disk */
	bool gone;
	uint8_t mac[6];
	unsigned mtu; /* as the host asks for; without the Ethernet header */
	unsigned max_mtu;
	uint32_t features;
	/* each with a transmit and a receive side; the number may change with a
	 * new connection */
	unsigned queues;
	unsigned depth; /* frames of one segment in a transmit side */
	/* the longest frame with segmentation that is taken; 0: any */
	unsigned max_segmented;
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
 * From the context that owns the bus: a CPU takes a queue, and its events come
 * there from now on; CPU 0 gives it back to pv_bus_poll().  Nobody may be using
 * the queue meanwhile.  PV_ENOTSUP: the host delivers events to CPU 0 only, and
 * nothing has changed.  PV_EINVAL: no such queue or CPU.
 */
static inline int
pv_nic_own(struct pv_nic *nic, unsigned queue, unsigned cpu)
{
	return nic->ops->own(nic, queue, cpu);
}

/* When the CPU that has taken a queue is to poll it at the latest, for events
 * can get lost. */
static inline uint64_t
pv_nic_deadline(struct pv_nic *nic, unsigned queue)
{
	return nic->ops->deadline(nic, queue);
}

/*
 * Groups to receive, 6 bytes each, from the context that owns the bus; they
 * stay through new connections.  PV_ENOTSUP: this host cannot choose, and all
 * groups are received, as they are before the first call.
 */
static inline int
pv_nic_multicast(struct pv_nic *nic, const uint8_t (*groups)[6], unsigned count)
{
	return nic->ops->multicast(nic, groups, count);
}

/*
 * From the context that owns the bus; PV_ENOTSUP where the host cannot.  All
 * three are asked of the host: 0 says that it was asked, and `changed` tells of
 * the new MAC or MTU when the host has agreed.  They stay through new
 * connections.  promiscuous: receive what is meant for others, too.
 */
static inline int
pv_nic_promiscuous(struct pv_nic *nic, bool on)
{
	return nic->ops->promiscuous != NULL ? nic->ops->promiscuous(nic, on)
					     : PV_ENOTSUP;
}

static inline int
pv_nic_set_mac(struct pv_nic *nic, const uint8_t mac[6])
{
	return nic->ops->set_mac != NULL ? nic->ops->set_mac(nic, mac)
					 : PV_ENOTSUP;
}

static inline int
pv_nic_set_mtu(struct pv_nic *nic, unsigned mtu)
{
	return nic->ops->set_mtu != NULL ? nic->ops->set_mtu(nic, mtu)
					 : PV_ENOTSUP;
}

/*
 * Complete a received CHECKSUM_BLANK frame in software, in its own memory:
 * TCP and UDP over IPv4 and IPv6.  0, or PV_EPROTO for a frame in which there
 * is no such thing.
 */
int pv_frame_checksum(const struct pv_frame *);

#endif
