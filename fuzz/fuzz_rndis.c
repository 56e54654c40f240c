/* SPDX-License-Identifier: ISC */
/*
 * The parsers of RNDIS: what they accept stands within the message.
 * Input: a message; and the same bytes as an object.
 */
#include "fuzz/fuzz.h"
#include "guest/hyperv/rndis.h"

static void
frame(const uint8_t *bytes, size_t size)
{
	struct rndis_packet packet;
	unsigned sum = 0;

	if (rndis_packet_read(bytes, size, &packet) != PV_OK)
		return;
	MUST(packet.offset >= HV_RNDIS_PACKET_HEADER && packet.offset <= size);
	MUST(packet.length <= size - packet.offset);
	for (size_t i = 0; i < packet.length; i++)
		sum += bytes[packet.offset + i];
	MUST(sum <= 255 * packet.length);
}

static void
answers(const uint8_t *bytes, size_t size)
{
	struct rndis_limits limits;
	size_t offset, length;
	uint32_t word;

	if (rndis_initialize_read(bytes, size, &limits) == PV_OK)
		MUST(limits.packets > 0 && limits.align > 0 &&
		    limits.align <= 4096 &&
		    (limits.align & (limits.align - 1)) == 0);
	if (rndis_query_read(bytes, size, &offset, &length) == PV_OK)
		MUST(offset <= size && length <= size - offset);
	if (rndis_set_read(bytes, size) == PV_OK)
		MUST(size >= 16);
	if (rndis_answer_id(bytes, size, &word) == PV_OK)
		MUST(size >= 12);
	if (rndis_indicate_read(bytes, size, &word) == PV_OK)
		MUST(size >= 20);
}

static void
objects(const uint8_t *bytes, size_t size)
{
	struct rndis_offload offload;
	unsigned queues, entries;

	if (rndis_offload_read(bytes, size, &offload) == PV_OK)
		MUST(size >= HV_NDIS_OFFLOAD_SIZE_1);
	if (rndis_rss_read(bytes, size, &queues, &entries) == PV_OK)
		MUST(entries > 0 && entries <= HV_RSS_ENTRIES);
}

/* In memory of exactly that size. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	MUST(copy != NULL);
	if (size > 0)
		memcpy(copy, bytes, size);
	frame(copy, size);
	answers(copy, size);
	objects(copy, size);
	free(copy);
	return 0;
}
