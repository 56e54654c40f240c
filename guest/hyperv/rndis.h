/* SPDX-License-Identifier: ISC */
/*
 * RNDIS: messages made and messages read.  Pure: bytes in, structure out.  What
 * is read is memory of our own by then.  Layout: wire/hyperv/rndis.h.
 */
#ifndef GUEST_HYPERV_RNDIS_H
#define GUEST_HYPERV_RNDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pvbus/error.h"
#include "wire/hyperv/rndis.h"

/* What is said of a frame beside its bytes, in the words of the wire. */
struct rndis_info {
	bool has_checksum, has_lso, has_vlan, has_hash, has_part;
	uint32_t checksum; /* HV_TX_… or HV_RX_… */
	uint32_t lso;      /* HV_LSO_… */
	uint32_t vlan;     /* HV_VLAN_… */
	uint32_t hash;
	struct hv_rndis_packet_id part;
};

/* The longest header of a frame that is made here. */
#define RNDIS_HEADER_MAX \
	(HV_RNDIS_PACKET_HEADER + 4 * (sizeof(struct hv_rndis_info) + 4))

/* ---- rndis_make.c ----------------------------------------------------- */

/* Bytes in front of a frame. */
size_t rndis_packet_header(const struct rndis_info *);
/* Put them; `length` bytes of the frame follow. */
void rndis_packet_put(void *to, const struct rndis_info *, size_t length);
/* Another message follows behind so many bytes of padding. */
void rndis_packet_pad(void *message, size_t padding);

/* Each returns the length of the message, 0 when there is no room. */
size_t rndis_initialize_put(void *to, size_t room, uint32_t id);
size_t rndis_halt_put(void *to, size_t room, uint32_t id);
/* `input` goes with some questions. */
size_t rndis_query_put(void *to, size_t room, uint32_t id, uint32_t oid,
    const void *input, size_t length);
size_t rndis_set_put(void *to, size_t room, uint32_t id, uint32_t oid,
    const void *value, size_t length);
/* Value of HV_OID_CONFIG_PARAMETER: the address of the interface. */
size_t rndis_address_put(void *to, size_t room, const uint8_t mac[6]);
/* Value of HV_OID_RSS_PARAMETERS: the table deals hashes to `queues`, starting
 * over; with the key that everybody uses. */
size_t rndis_rss_put(void *to, size_t room, unsigned queues, unsigned entries);

/* ---- rndis_read.c: PV_EPROTO for what cannot be ----------------------- */

/* The header of a message in `have` bytes. */
int rndis_header(const void *message, size_t have, struct hv_rndis *);

struct rndis_packet {
	size_t offset, length; /* of the frame, in the message */
	struct rndis_info info;
};
int rndis_packet_read(const void *message, size_t have, struct rndis_packet *);

/* The id of an answer of any kind. */
int rndis_answer_id(const void *message, size_t have, uint32_t *id);

struct rndis_limits {
	uint32_t packets; /* in one message; at least 1 */
	uint32_t bytes;   /* of one message */
	uint32_t align;   /* bytes: a power of two, 1 to 4096 */
};
/* These three: PV_EIO when the host says no. */
int rndis_initialize_read(const void *message, size_t have,
    struct rndis_limits *);
int rndis_set_read(const void *message, size_t have);
/* Where the object stands in the message. */
int rndis_query_read(const void *message, size_t have, size_t *offset,
    size_t *length);
int rndis_indicate_read(const void *message, size_t have, uint32_t *status);

struct rndis_offload {
	uint32_t checksum4, checksum6; /* HV_OFFLOAD_…, of what is sent */
	uint32_t receive4, receive6;
	uint32_t lso4, lso6, lso1; /* bytes of a frame to be cut; 0: cannot */
	bool rsc4, rsc6;
	bool rsc; /* the object is new enough to speak of it */
};
int rndis_offload_read(const void *object, size_t length,
    struct rndis_offload *);
/* Queues to receive, and places of the table. */
int rndis_rss_read(const void *object, size_t length, unsigned *queues,
    unsigned *entries);

/* Tags as in a frame, and as in struct rndis_info. */
static inline uint32_t
rndis_vlan(uint16_t tag)
{
	return HV_VLAN(tag >> 13, tag) |
	    ((tag & 0x1000u) != 0 ? HV_VLAN_CFI : 0);
}

static inline uint16_t
rndis_vlan_tag(uint32_t vlan)
{
	return (uint16_t)(HV_VLAN_PRIORITY(vlan) << 13 |
	    ((vlan & HV_VLAN_CFI) != 0 ? 0x1000u : 0) | HV_VLAN_ID(vlan));
}

#endif
