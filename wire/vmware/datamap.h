/* SPDX-License-Identifier: ISC */
/*
 * GuestRPC over vsock: packets that are maps of fields, numbers big-endian.
 *
 * A packet is the length of what follows (u32), then fields in any order, each
 * {type u32, id u32, value}:
 *   number   low word, then high word
 *   string   length u32, bytes
 *   numbers  count u32, numbers
 *   strings  count u32, then length and bytes of each
 *
 * Source: open-vm-tools lib/dataMap/dataMap.c, lib/include/dataMap.h,
 * lib/include/vmware/guestrpc/tclodefs.h, lib/rpcChannel/simpleSocket.c.
 */
#ifndef WIRE_VMWARE_DATAMAP_H
#define WIRE_VMWARE_DATAMAP_H

/* Types. */
#define DATAMAP_NUMBER 1u
#define DATAMAP_STRING 2u
#define DATAMAP_NUMBERS 3u
#define DATAMAP_STRINGS 4u

#define DATAMAP_LENGTH_SIZE 4u
#define DATAMAP_FIELD_SIZE 8u /* type and id */

/* Fields of a packet of GuestRPC. */
#define DATAMAP_FIELD_TYPE 1u    /* number: DATAMAP_PACKET_… */
#define DATAMAP_FIELD_PAYLOAD 2u /* string; a ping has none */
/* number, 1: the host closes once it has answered, not waiting for the guest */
#define DATAMAP_FIELD_FAST_CLOSE 3u

#define DATAMAP_PACKET_DATA 1u
#define DATAMAP_PACKET_PING 2u
/* A guest's on the stream of the host's calls, once it has answered one. */
#define DATAMAP_PING_SECONDS 1u

/* Source ports that count as privileged. */
#define DATAMAP_PRIVILEGED_MAX 1023u

#endif
