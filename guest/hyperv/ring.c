/* SPDX-License-Identifier: ISC */
/* Rings as they are before the host knows of them. */
#include "guest/hyperv/ring.h"
#include "guest/bus/libc.h"
#include "pvbus/port.h"

static struct hv_ring *
clear(void *memory)
{
	memset(memory, 0, sizeof(struct hv_ring));
	return memory;
}

static uint32_t
data_size(uint32_t pages)
{
	return pages * PV_PAGE_SIZE - (uint32_t)sizeof(struct hv_ring);
}

/* By its bit the host knows that we look at its pending_send in the other ring,
 * and that ours here is meant. */
void
ring_out_init(struct ring_out *ring, void *memory, uint32_t pages)
{
	struct hv_ring *header = clear(memory);

	shared_store32(&header->features, HV_RING_FEATURE_PENDING_SEND);
	*ring = (struct ring_out){ .header = header,
		.data = (uint8_t *)memory + sizeof(*header),
		.size = data_size(pages) };
}

void
ring_in_init(struct ring_in *ring, void *memory, uint32_t pages, void *copy,
    size_t room)
{
	struct hv_ring *header = clear(memory);

	*ring = (struct ring_in){ .header = header,
		.data = (uint8_t *)memory + sizeof(*header),
		.size = data_size(pages),
		.copy = copy,
		.room = room };
}
