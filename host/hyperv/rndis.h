/* SPDX-License-Identifier: ISC */
/*
 * RNDIS messages as bytes: those of a guest read, and those to it made.  It
 * knows no channel and no memory of a guest's.
 */
#ifndef HOST_HYPERV_RNDIS_H
#define HOST_HYPERV_RNDIS_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/hyperv/rndis.h"

/* What goes with a frame, as it is on the wire. */
struct nv_info {
	bool has_checksum, has_lso, has_vlan, has_hash, has_part;
	uint32_t checksum; /* HV_TX_… or HV_RX_… */
	uint32_t lso;      /* HV_LSO_… */
	uint32_t vlan;     /* HV_VLAN */
	uint32_t hash;
	struct hv_rndis_packet_id part;
};

struct nv_packet {
	size_t at, length; /* of the frame, in the message */
	struct nv_info info;
};

/* The header of the first message in so many bytes; false: it is longer than
 * they are, or has no room for itself. */
bool nv_rndis_first(const uint8_t *bytes, size_t size, struct hv_rndis *);
/* A message of HV_RNDIS_PACKET, all of it; false: it is wrong. */
bool nv_rndis_packet(const uint8_t *message, size_t size, struct nv_packet *);

/* Bytes of a message with such a frame: a multiple of 8, so that some of the
 * last are no part of the frame. */
size_t nv_rndis_size(const struct nv_info *, size_t length);
/* Of nv_rndis_size() bytes. */
void nv_rndis_make_packet(uint8_t *to, const struct nv_info *,
    const uint8_t *frame, size_t length);
/* Any other: header, body, and what follows it.  Its size. */
size_t nv_rndis_make(uint8_t *to, uint32_t type, const void *body,
    size_t body_size, const void *rest, size_t rest_size);

#endif
