/* SPDX-License-Identifier: ISC */
/* Input: whether the checksum is vouched for, and a frame. */
#include "fuzz/fuzz.h"
#include "programs/pvguest/net.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct net_packet packet;
	enum net_kind kind;
	uint8_t checked, *copy;

	take(&data, &size, &checked, 1);
	copy = malloc(size + 1);
	if (copy == NULL)
		return 0;
	memcpy(copy, data, size);
	kind = net_parse(copy, size, checked & 1, &packet);
	MUST((kind == NET_BROKEN) == (packet.problem != NULL));
	if (kind == NET_PING || kind == NET_PONG || kind == NET_UDP) {
		MUST(packet.payload >= copy + NET_ETHERNET);
		MUST(packet.payload <= copy + size);
		MUST(packet.payload_len <=
		    (size_t)(copy + size - packet.payload));
	}
	free(copy);
	return 0;
}
