/* SPDX-License-Identifier: ISC */
/*
 * Received frames as they stand in the ring: an entry with data, entries with
 * extra information, more entries with data.  Pure: the entries are copies.
 */
#ifndef GUEST_XEN_XNF_CHAIN_H
#define GUEST_XEN_XNF_CHAIN_H

#include <stdbool.h>

#include "pvbus/guest.h"
#include "wire/xen/net.h"

/* Back ends use as many slots as we may, and one more where the first has only
 * headers. */
#define XNF_CHAIN_MAX (XEN_NET_SLOTS_MIN + 1)

/* A frame with its Ethernet header and two VLAN tags around the largest
 * packet. */
#define XNF_FRAME_MAX (XEN_NET_TX_SIZE_MAX + 14 + 8)

struct xnf_chain_piece {
	uint32_t place; /* of the entry: the ring's counter */
	uint16_t offset, len;
};

struct xnf_chain {
	bool begun;     /* the end of the frame has not come yet */
	bool extras;    /* the next entry is extra information */
	bool more;      /* and data comes after it */
	bool bad;       /* the frame is dropped */
	uint16_t flags; /* XEN_NET_RX_… of the first entry */
	uint32_t seen;  /* types of extra information, as bits */
	uint8_t gso_type;
	uint16_t gso_size; /* 0: none */
	uint32_t hash;
	unsigned count;
	size_t length;
	struct xnf_chain_piece pieces[XNF_CHAIN_MAX];
};

/*
 * The entry at `place`.  True: the frame is complete, and as it is in `chain`
 * (unless that is bad) until the next call.  What is wrong is counted.
 */
bool xnf_chain_step(struct xnf_chain *, uint32_t place,
    const union xen_net_rx_entry *, struct pv_stats *);

#endif
