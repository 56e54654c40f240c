/* SPDX-License-Identifier: ISC */
/*
 * Network devices: a ring to transmit, a ring to receive, and a ring to
 * control. A packet takes one slot or more, and slots of extra information.
 * Source: Xen public header io/netif.h.
 */
#ifndef WIRE_XEN_NET_H
#define WIRE_XEN_NET_H

#include <stdint.h>

#define XEN_NET_SLOTS_MIN 18 /* of a packet; each back end takes so many */
#define XEN_NET_TX_SIZE_MAX 0xffff /* bytes of a packet */

/* Transmit. */
#define XEN_NET_TX_CSUM_BLANK 0x1u
#define XEN_NET_TX_DATA_VALIDATED 0x2u
#define XEN_NET_TX_MORE_DATA 0x4u
#define XEN_NET_TX_EXTRA_INFO 0x8u /* the next slot is one */

struct xen_net_tx_request {
	uint32_t ref;
	uint16_t offset; /* bytes into the page */
	uint16_t flags;
	uint16_t id;   /* the response repeats it */
	uint16_t size; /* bytes: in the first slot of the packet, else of it */
};
_Static_assert(sizeof(struct xen_net_tx_request) == 12, "transmit request");

struct xen_net_tx_response {
	uint16_t id;
	int16_t status; /* XEN_NET_OKAY… */
};
_Static_assert(sizeof(struct xen_net_tx_response) == 4, "transmit response");

/* Receive. The flags are not those of transmission. */
#define XEN_NET_RX_DATA_VALIDATED 0x1u
#define XEN_NET_RX_CSUM_BLANK 0x2u
#define XEN_NET_RX_MORE_DATA 0x4u
#define XEN_NET_RX_EXTRA_INFO 0x8u
#define XEN_NET_RX_GSO_PREFIX 0x10u

struct xen_net_rx_request {
	uint16_t id; /* the response repeats it */
	uint16_t pad;
	uint32_t ref;
};
_Static_assert(sizeof(struct xen_net_rx_request) == 8, "receive request");

struct xen_net_rx_response {
	uint16_t id;
	uint16_t offset; /* bytes into the page */
	uint16_t flags;
	int16_t status; /* bytes in this slot, or an error below 0 */
};
_Static_assert(sizeof(struct xen_net_rx_response) == 8, "receive response");

#define XEN_NET_NULL 1 /* of a slot with extra information */
#define XEN_NET_OKAY 0
#define XEN_NET_ERROR (-1)
#define XEN_NET_DROPPED (-2)

/* Extra information, in the place of a request or response. */
#define XEN_NET_EXTRA_NONE 0
#define XEN_NET_EXTRA_GSO 1
#define XEN_NET_EXTRA_MCAST_ADD 2
#define XEN_NET_EXTRA_MCAST_DEL 3
#define XEN_NET_EXTRA_HASH 4
#define XEN_NET_EXTRA_XDP 5 /* later than Xen 4.17 */
#define XEN_NET_EXTRA_FLAG_MORE 0x1u

#define XEN_NET_GSO_NONE 0
#define XEN_NET_GSO_TCPV4 1
#define XEN_NET_GSO_TCPV6 2

struct xen_net_extra {
	uint8_t type;  /* XEN_NET_EXTRA_… */
	uint8_t flags; /* XEN_NET_EXTRA_FLAG_… */
	union {
		struct {
			uint16_t size; /* bytes of payload in a segment */
			uint8_t type;  /* XEN_NET_GSO_… */
			uint8_t pad;
			uint16_t features; /* 0 */
		} gso;
		struct {
			uint8_t address[6];
		} mcast;
		struct {
			uint8_t type; /* bit number of XEN_NET_HASH_… */
			uint8_t algorithm;
			uint8_t value[4];
		} hash;
		struct {
			uint16_t headroom; /* bytes */
			uint16_t pad[2];
		} xdp;
		uint16_t raw[3];
	} u;
};
_Static_assert(sizeof(struct xen_net_extra) == 8, "extra information");

union xen_net_tx_entry {
	struct xen_net_tx_request request;
	struct xen_net_extra extra;
	struct xen_net_tx_response response;
};
_Static_assert(sizeof(union xen_net_tx_entry) == 12, "transmit entry");

union xen_net_rx_entry {
	struct xen_net_rx_request request;
	struct xen_net_extra extra;
	struct xen_net_rx_response response;
};
_Static_assert(sizeof(union xen_net_rx_entry) == 8, "receive entry");

#define XEN_NET_TX_ENTRIES 256 /* each ring is one page */
#define XEN_NET_RX_ENTRIES 256

/* What is hashed, as bits. */
#define XEN_NET_HASH_IPV4 0x1u
#define XEN_NET_HASH_IPV4_TCP 0x2u
#define XEN_NET_HASH_IPV6 0x4u
#define XEN_NET_HASH_IPV6_TCP 0x8u

#define XEN_NET_HASH_ALGORITHM_NONE 0
#define XEN_NET_HASH_ALGORITHM_TOEPLITZ 1

/* The control ring, with "feature-ctrl-ring". */
#define XEN_NET_CTRL_GET_HASH_FLAGS 1
#define XEN_NET_CTRL_SET_HASH_FLAGS 2
#define XEN_NET_CTRL_SET_HASH_KEY 3
#define XEN_NET_CTRL_GET_HASH_MAPPING_SIZE 4
#define XEN_NET_CTRL_SET_HASH_MAPPING_SIZE 5
#define XEN_NET_CTRL_SET_HASH_MAPPING 6
#define XEN_NET_CTRL_SET_HASH_ALGORITHM 7

struct xen_net_ctrl_request {
	uint16_t id; /* the response repeats it, and the type */
	uint16_t type;
	uint32_t data[3];
};
_Static_assert(sizeof(struct xen_net_ctrl_request) == 16, "control request");

struct xen_net_ctrl_response {
	uint16_t id;
	uint16_t type;
	uint32_t status; /* XEN_NET_CTRL_SUCCESS… */
	uint32_t data;
};
_Static_assert(sizeof(struct xen_net_ctrl_response) == 12, "control response");

#define XEN_NET_CTRL_SUCCESS 0
#define XEN_NET_CTRL_NOT_SUPPORTED 1
#define XEN_NET_CTRL_INVALID_PARAMETER 2
#define XEN_NET_CTRL_BUFFER_OVERFLOW 3

#endif
