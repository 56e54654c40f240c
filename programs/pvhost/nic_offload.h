/* SPDX-License-Identifier: ISC */
/* What network hardware does for a system: checksums, and segments of TCP. */
#ifndef PVHOST_NIC_OFFLOAD_H
#define PVHOST_NIC_OFFLOAD_H

#include "programs/pvhost/nic.h"

#define NIC_ETHERNET 14u
/* TCP's and all below it: of Ethernet with two tags, of IPv6 with extensions. */
#define NIC_HEADERS_MAX 512u
/* Less in one segment is no TCP that anybody speaks, but work for the host:
 * Linux takes no smaller MSS (TCP_MIN_SND_MSS). */
#define NIC_SEGMENT_MIN 48u

/* Where things are, in bytes from the first one of the frame. */
struct nic_layout {
	bool v6, tcp; /* else IPv4, else UDP */
	size_t ip, transport;
	size_t payload; /* of TCP or UDP */
	size_t end;     /* behind the packet; padding may follow */
	size_t checksum;
};

/* False: no TCP or UDP, a fragment, or lengths that do not fit.  A frame to be
 * segmented may leave IP's length 0 (Linux's hv_netvsc does), and it ends with
 * the frame. */
bool nic_layout(struct nic_layout *, const struct nic_frame *);

/* The checksum as it has to be, whatever stands in its place; false, and
 * nothing changed: not one of those above. */
bool nic_complete(uint8_t *bytes, size_t length);

/* One of any protocol, as Linux says it for a tap: the sum from `start` on, put
 * at `field` behind that.  False: beyond the frame. */
bool nic_complete_at(uint8_t *bytes, size_t length, size_t start, size_t field);

/* The headers of a blank frame as Linux wants them from a NIC that it trusts:
 * IP's length and checksum, the pseudo header's sum.  `to` gets the layout's
 * payload bytes at most NIC_HEADERS_MAX; false: not such a frame. */
bool nic_prepare(uint8_t to[NIC_HEADERS_MAX], struct nic_layout *,
    const struct nic_frame *);

/* Whole frames out of one, each complete.  False: not to be segmented. */
bool nic_segment(const struct nic_frame *,
    void (*each)(void *ctx, const struct nic_frame *), void *ctx);

#endif
