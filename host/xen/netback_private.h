/* SPDX-License-Identifier: ISC */
#ifndef HOST_XEN_NETBACK_PRIVATE_H
#define HOST_XEN_NETBACK_PRIVATE_H

#include "host/xen/backend_private.h"
#include "wire/xen/net.h"

#define NET_QUEUES_MAX 64
#define NET_GROUPS_MAX 64 /* Linux's XEN_NETBK_MCAST_MAX */
#define NET_EXTRAS 6      /* types of extra information, and 0 */
#define NET_HEADER 14     /* of Ethernet */
/* Linux drops what has more slots than the minimum, and takes a guest for
 * malicious that uses more than these: FATAL_SKB_SLOTS_DEFAULT and the
 * first. */
#define NET_SLOTS_FATAL 21

struct net_queue {
	struct host_netback *net;
	unsigned index;
	struct backend_ring tx, rx;
	struct host_port *tx_port, *rx_port; /* the same when there is one */
	bool tx_due, rx_due;
};

/* What the front end takes. */
struct net_front {
	bool sg, gso4, gso6, no_csum4, csum6, multicast;
	uint16_t headroom;
};

struct host_netback {
	struct backend backend; /* the first: it is cast */
	struct host_nic_config config;
	struct host_netback_manners manners;
	struct host_netback_counts counts;
	struct net_front front;
	bool storming;
	uint8_t groups[NET_GROUPS_MAX][6];
	void (*on_frame)(void *ctx, const struct host_frame *);
	void *on_frame_ctx;
	struct net_queue queues[NET_QUEUES_MAX];
	/* in hand: of the guest's ring, and its frame */
	struct xen_net_tx_response answers[XEN_NET_TX_ENTRIES];
	unsigned answer_count;
	uint8_t frame[XEN_NET_TX_SIZE_MAX + 1];
	uint8_t summed[XEN_NET_TX_SIZE_MAX + 1];
};

/* netback_connect.c */
void net_announce(struct backend *);
bool net_connect(struct backend *);
void net_disconnect(struct backend *);
void net_reconfigure(struct backend *);

/* netback_tx.c */
void net_tx_signalled(void *queue);
void net_tx_later(struct net_queue *, uint64_t delay);
/* Publish, and signal if the guest wants it. */
void net_publish(struct net_queue *, struct backend_ring *, struct host_port *,
    uint32_t *jump);

/* netback_packet.c: one packet of the guest's, of so many slots. */
enum net_verdict {
	NET_FRAME,   /* is in net->frame, described by `frame` */
	NET_NOTHING, /* was no frame, and is answered */
	NET_WRONG,   /* all slots are to be answered with an error */
	NET_FATAL    /* the guest is hostile: no more of it is taken */
};

struct net_packet {
	struct xen_net_tx_request slots[NET_SLOTS_FATAL];
	unsigned count, extras; /* data slots; the extra ones after the first */
	bool has[NET_EXTRAS];
	struct xen_net_extra extra[NET_EXTRAS];
	struct host_frame frame;
	int status; /* of the answer to NET_NOTHING */
};
/* Takes it off the ring; `waiting` slots are there. */
enum net_verdict net_packet_take(struct net_queue *, uint32_t waiting,
    struct net_packet *);

/* netback_rx.c */
void net_rx_signalled(void *queue);
void net_rx_later(struct net_queue *, uint64_t delay);

/* netback_checksum.c: a copy in which the blank checksum of TCP or UDP is made
 * good; false: there is none. */
bool net_checksum(uint8_t *to, const uint8_t *frame, size_t length);

#endif
