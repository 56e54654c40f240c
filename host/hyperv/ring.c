/* SPDX-License-Identifier: ISC */
/* The rings of a channel, from the host's side: its own indices are its own,
 * the guest's are looked at, checked and remembered. */
#include <stdlib.h>
#include <string.h>

#include "host/hyperv/hyperv_private.h"

struct hv_ring *
root_ring_header(struct host_vmbus_channel *channel,
    const struct root_ring *ring)
{
	return root_map(channel->host,
	    channel->gpadl->pieces[ring->page].address, HV_RING_CONTROL);
}

/* Bytes of the data, round its end. */
bool
root_ring_copy(struct host_vmbus_channel *channel, const struct root_ring *ring,
    uint32_t offset, void *to, const void *from, size_t size)
{
	for (size_t done = 0, here; done < size; done += here) {
		uint32_t at = (uint32_t)((offset + done) % ring->size);
		uint64_t page = channel->gpadl
				    ->pieces[ring->page + 1 + at / HV_PAGE_SIZE]
				    .address;
		uint8_t *memory;

		here = HV_PAGE_SIZE - at % HV_PAGE_SIZE;
		if (here > size - done)
			here = size - done;
		memory = root_map(channel->host, page + at % HV_PAGE_SIZE,
		    here);
		if (memory == NULL)
			return false;
		if (to != NULL)
			memcpy((uint8_t *)to + done, memory, here);
		else
			memcpy(memory, (const uint8_t *)from + done, here);
	}
	return true;
}

uint32_t
root_ring_distance(const struct root_ring *ring, uint32_t from, uint32_t to)
{
	return to >= from ? to - from : ring->size - from + to;
}

bool
root_ring_spoiled(struct host_vmbus_channel *channel)
{
	channel->broken = true;
	channel->host->counts.refused++;
	return false;
}

/* The guest's index as it stands, unless that is a test's junk. */
uint32_t
root_ring_guest_index(struct root_ring *ring, const uint32_t *word)
{
	uint32_t index = __atomic_load_n(word, __ATOMIC_ACQUIRE);

	if (ring->hidden && index == ring->junk)
		return ring->hidden_index;
	ring->hidden = false;
	return index;
}

bool
root_ring_is_index(const struct root_ring *ring, uint32_t index)
{
	return index < ring->size && index % HV_RING_ALIGN == 0;
}

/* How far the guest has written; what was written is not taken back. */
static bool
look_in(struct host_vmbus_channel *channel)
{
	struct root_ring *ring = &channel->in;
	struct hv_ring *header;
	uint32_t index;

	if (channel->broken)
		return false;
	header = root_ring_header(channel, ring);
	if (header == NULL)
		return root_ring_spoiled(channel);
	index = root_ring_guest_index(ring, &header->write);
	if (!root_ring_is_index(ring, index) ||
	    root_ring_distance(ring, ring->own, index) <
		root_ring_distance(ring, ring->own, ring->other))
		return root_ring_spoiled(channel);
	ring->other = index;
	return true;
}

static bool
init(struct host_vmbus_channel *channel, struct root_ring *ring, uint32_t page,
    uint32_t pages)
{
	*ring = (struct root_ring){ .page = page,
		.size = (pages - 1) * HV_PAGE_SIZE };
	return root_ring_header(channel, ring) != NULL;
}

bool
root_rings_init(struct host_vmbus_channel *channel, uint32_t to_guest_page)
{
	const struct root_gpadl *gpadl = channel->gpadl;

	for (unsigned i = 0; i < gpadl->count; i++)
		if (gpadl->pieces[i].bytes != HV_PAGE_SIZE ||
		    gpadl->pieces[i].address % HV_PAGE_SIZE != 0)
			return false;
	if (to_guest_page < 2 || to_guest_page > gpadl->count ||
	    gpadl->count - to_guest_page < 2)
		return false;
	if (!init(channel, &channel->in, 0, to_guest_page) ||
	    !init(channel, &channel->out, to_guest_page,
		gpadl->count - to_guest_page))
		return false;
	channel->broken = false;
	root_ring_header(channel, &channel->out)->features =
	    channel->manners.no_features ? 0 : HV_RING_FEATURE_PENDING_SEND;
	root_ring_mask(channel, false);
	return true;
}

void
root_ring_mask(struct host_vmbus_channel *channel, bool masked)
{
	struct hv_ring *header = root_ring_header(channel, &channel->in);

	if (header != NULL)
		__atomic_store_n(&header->interrupt_mask,
		    masked || channel->manners.always_masked, __ATOMIC_SEQ_CST);
}

bool
root_ring_write_index(struct host_vmbus_channel *channel, uint32_t *index)
{
	struct hv_ring *header = root_ring_header(channel, &channel->in);

	if (header == NULL)
		return false;
	*index = root_ring_guest_index(&channel->in, &header->write);
	return true;
}

/* ---- From the guest --------------------------------------------------- */

static void
make_room(struct host_vmbus_channel *channel, size_t size)
{
	if (size <= channel->packet_room)
		return;
	free(channel->packet);
	channel->packet = root_alloc(size);
	channel->packet_room = size;
}

bool
host_vmbus_receive(struct host_vmbus_channel *channel,
    struct host_vmbus_packet *packet)
{
	struct root_ring *ring = &channel->in;
	struct hv_packet descriptor;
	uint32_t there;
	size_t size, offset;

	if (!channel->open || !look_in(channel))
		return false;
	there = root_ring_distance(ring, ring->own, ring->other);
	if (there == 0)
		return false;
	/* a guest that writes on and on: the others first */
	if (channel->left == 0) {
		root_channel_mark(channel->host, channel->relid);
		return false;
	}
	if (there < sizeof(descriptor) + HV_PACKET_TRAILER ||
	    !root_ring_copy(channel, ring, ring->own, &descriptor, NULL,
		sizeof(descriptor)))
		return root_ring_spoiled(channel);
	size = (size_t)descriptor.length8 * 8;
	offset = (size_t)descriptor.offset8 * 8;
	if (size < sizeof(descriptor) || size > there - HV_PACKET_TRAILER ||
	    offset < sizeof(descriptor) || offset > size)
		return root_ring_spoiled(channel);
	make_room(channel, size);
	if (!root_ring_copy(channel, ring, ring->own, channel->packet, NULL,
		size))
		return root_ring_spoiled(channel);
	ring->own = (uint32_t)((ring->own + size + HV_PACKET_TRAILER) %
	    ring->size);
	channel->left--;
	channel->counts.packets_in++;
	*packet = (struct host_vmbus_packet){
		.type = descriptor.type,
		.flags = descriptor.flags,
		.id = descriptor.id,
		.header = channel->packet + sizeof(descriptor),
		.header_len = offset - sizeof(descriptor),
		.data = channel->packet + offset,
		.len = size - offset,
	};
	return true;
}

/* Whether the guest waits for more room than it had before, and now has it. */
static bool
makes_enough(const struct root_ring *ring, const struct hv_ring *header,
    uint32_t before, uint32_t write)
{
	uint32_t wanted = __atomic_load_n(&header->pending_send,
	    __ATOMIC_SEQ_CST);
	uint32_t had = ring->size - root_ring_distance(ring, before, write);
	uint32_t has = ring->size - root_ring_distance(ring, ring->own, write);

	if ((header->features & HV_RING_FEATURE_PENDING_SEND) == 0 ||
	    wanted == 0)
		return false;
	return had <= wanted && (has > wanted || has == ring->size);
}

void
host_vmbus_received(struct host_vmbus_channel *channel)
{
	struct root_ring *ring = &channel->in;
	uint32_t before = ring->published;
	struct hv_ring *header;

	if (!channel->open || channel->broken || ring->own == before)
		return;
	header = root_ring_header(channel, ring);
	if (header == NULL)
		return;
	__atomic_store_n(&header->read, ring->own, __ATOMIC_SEQ_CST);
	ring->published = ring->own;
	if (!look_in(channel))
		return;
	/* written meanwhile, when the guest did not know yet that all had been
	 * read, and so did not signal */
	if (ring->other != ring->own)
		root_channel_mark(channel->host, channel->relid);
	if (!makes_enough(ring, header, before, ring->other))
		return;
	if (channel->manners.never_signal)
		return;
	channel->counts.signals_out++;
	root_channel_raise(channel);
}
