/* SPDX-License-Identifier: ISC */
/* Packets of GuestRPC over vsock, as bytes; see wire/vmware/datamap.h. */
#ifndef GUEST_VMWARE_DATAMAP_H
#define GUEST_VMWARE_DATAMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pvbus/error.h"
#include "wire/vmware/datamap.h"

struct datamap_packet {
	uint64_t type; /* DATAMAP_PACKET_…; one without a type is data */
	bool fast_close;
	bool has_payload;
	const uint8_t *payload;
	size_t payload_len;
};

/* What a packet has beside its payload, at most. */
#define DATAMAP_OVERHEAD 48u

/* The length of the packet, at `to` if it fits in `room`, else 0. */
size_t datamap_write(void *to, size_t room, const struct datamap_packet *);

/*
 * The packet that `bytes` begin with.  Its length with *out set, whose payload
 * stands in the bytes; 0: it is not all there; PV_EMSGSIZE: it says that it is
 * longer than `limit`; PV_EPROTO: it is none.
 */
long datamap_read(const void *bytes, size_t size, size_t limit,
    struct datamap_packet *out);

#endif
