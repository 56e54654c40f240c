/* SPDX-License-Identifier: ISC */
/*
 * Packets of GuestRPC over vsock, and what administrators pack.
 * Input: a stream of packets; the payload of each is taken for DEFLATE, for gzip,
 * and for base64.
 */
#include "fuzz/fuzz.h"
#include "guest/vmware/datamap.h"
#include "guest/vmware/guestinfo.h"

#define LIMIT 65536u
#define ROOM 4096u

static void
unpack(int (*call)(struct inflate *), const struct datamap_packet *packet)
{
	static struct inflate inflate;
	static uint8_t to[ROOM + 1];
	uint64_t total;
	int error;

	inflate.in = packet->payload;
	inflate.size = packet->payload_len;
	inflate.limit = 16 * ROOM;
	inflate.from = 0;
	inflate.to = to;
	inflate.room = ROOM;
	to[ROOM] = '#';
	error = call(&inflate);
	MUST(error == PV_OK || error == PV_EPROTO || error == PV_EMSGSIZE);
	MUST(inflate.total <= inflate.limit && to[ROOM] == '#');
	MUST(inflate.len == (inflate.total < ROOM ? inflate.total : ROOM));
	/* any part of it is as long as the whole says */
	total = inflate.total;
	inflate.from = total / 2;
	MUST(call(&inflate) == error && inflate.total == total);
	MUST(inflate.len <= total - total / 2);
}

/* What was read is written again, and read as the same. */
static void
again(const struct datamap_packet *packet)
{
	size_t room = packet->payload_len + DATAMAP_OVERHEAD;
	uint8_t *bytes = malloc(room);
	struct datamap_packet read;
	size_t len;

	MUST(bytes != NULL);
	len = datamap_write(bytes, room, packet);
	MUST(len > 0 && len <= room);
	MUST(datamap_read(bytes, len, room, &read) == (long)len);
	MUST(read.type == packet->type &&
	    read.fast_close == packet->fast_close &&
	    read.has_payload == packet->has_payload &&
	    read.payload_len == packet->payload_len);
	MUST(read.payload_len == 0 ||
	    memcmp(read.payload, packet->payload, read.payload_len) == 0);
	free(bytes);
}

static void
text(const struct datamap_packet *packet)
{
	char *copy = malloc(packet->payload_len + 1);
	long len;

	MUST(copy != NULL);
	memcpy(copy, packet->payload, packet->payload_len);
	len = guestinfo_base64(copy, packet->payload_len);
	MUST(len == PV_EPROTO ||
	    (len >= 0 && (size_t)len <= packet->payload_len));
	free(copy);
	(void)guestinfo_encoding((const char *)packet->payload,
	    packet->payload_len);
	MUST(guestinfo_refusal((const char *)packet->payload,
		 packet->payload_len) < 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct datamap_packet packet;
	long len;

	while ((len = datamap_read(data, size, LIMIT, &packet)) > 0) {
		MUST((size_t)len <= size);
		again(&packet);
		if (packet.has_payload) {
			MUST(packet.payload >= data &&
			    packet.payload + packet.payload_len <= data + len);
			unpack(inflate_raw, &packet);
			unpack(inflate_gzip, &packet);
			text(&packet);
		}
		data += len;
		size -= (size_t)len;
	}
	MUST(len == 0 || len == PV_EPROTO || len == PV_EMSGSIZE);
	return 0;
}
