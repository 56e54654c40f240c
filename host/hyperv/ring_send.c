/* SPDX-License-Identifier: ISC */
/* The ring to the guest: room, packets, and when to interrupt. */
#include <string.h>

#include "host/hyperv/hyperv_private.h"

#define POLL_DELAY 1000000 /* nanoseconds, for room that nobody announces */

/* How far the guest has read: not past what there is, nor back. */
static bool
look_out(struct host_vmbus_channel *channel)
{
	struct root_ring *ring = &channel->out;
	struct hv_ring *header;
	uint32_t index;

	if (channel->broken)
		return false;
	header = root_ring_header(channel, ring);
	if (header == NULL)
		return root_ring_spoiled(channel);
	index = root_ring_guest_index(ring, &header->read);
	if (!root_ring_is_index(ring, index) ||
	    root_ring_distance(ring, index, ring->published) >
		root_ring_distance(ring, ring->other, ring->published))
		return root_ring_spoiled(channel);
	ring->other = index;
	return true;
}

static uint32_t
room_of(const struct root_ring *ring)
{
	return ring->size - root_ring_distance(ring, ring->other, ring->own);
}

/* Say how much is missing, and look once more: the guest may have read
 * meanwhile. */
static bool
wait_for_room(struct host_vmbus_channel *channel, uint32_t total)
{
	struct root_ring *ring = &channel->out;
	struct hv_ring *header = root_ring_header(channel, ring);

	if (header == NULL)
		return root_ring_spoiled(channel);
	channel->wants_room = true;
	if (channel->manners.full_is_size1)
		total = ring->size - 1;
	if (channel->manners.no_features) {
		channel->polling = true;
		root_tick(channel->host, POLL_DELAY);
		return false;
	}
	__atomic_store_n(&header->pending_send, total, __ATOMIC_SEQ_CST);
	return look_out(channel) && room_of(ring) > total;
}

static bool
has_room(struct host_vmbus_channel *channel, uint32_t total)
{
	struct root_ring *ring = &channel->out;

	if (total >= ring->size || !look_out(channel))
		return false;
	if (room_of(ring) <= total && !wait_for_room(channel, total))
		return false;
	if (channel->wants_room) {
		struct hv_ring *header = root_ring_header(channel, ring);

		if (header != NULL)
			__atomic_store_n(&header->pending_send, 0,
			    __ATOMIC_SEQ_CST);
		channel->wants_room = false;
	}
	return true;
}

static void
spoil(const struct host_ring_manners *manners, struct hv_packet *descriptor)
{
	switch (manners->bad_how) {
	case HOST_RING_OFFSET8:
		descriptor->offset8 = (uint16_t)manners->bad_value;
		break;
	case HOST_RING_LENGTH8:
		descriptor->length8 = (uint16_t)manners->bad_value;
		break;
	case HOST_RING_TYPE:
		descriptor->type = (uint16_t)manners->bad_value;
		break;
	case HOST_RING_FLAGS:
		descriptor->flags = (uint16_t)manners->bad_value;
		break;
	case HOST_RING_ID:
		descriptor->id = manners->bad_value;
		break;
	default:
		break;
	}
}

/* There is room. */
static bool
put(struct host_vmbus_channel *channel, const struct hv_packet *descriptor,
    const struct host_vmbus_packet *packet, uint32_t size)
{
	struct root_ring *ring = &channel->out;
	struct hv_packet_trailer trailer = { .start = ring->own };
	static const uint8_t zero[HV_RING_ALIGN];
	uint32_t at = ring->own;
	uint32_t data = at +
	    (uint32_t)(sizeof(*descriptor) + packet->header_len);
	uint32_t end = data + (uint32_t)packet->len;

	if (!root_ring_copy(channel, ring, at, NULL, descriptor,
		sizeof(*descriptor)) ||
	    !root_ring_copy(channel, ring, at + sizeof(*descriptor), NULL,
		packet->header, packet->header_len) ||
	    !root_ring_copy(channel, ring, data, NULL, packet->data,
		packet->len) ||
	    !root_ring_copy(channel, ring, end, NULL, zero, at + size - end) ||
	    !root_ring_copy(channel, ring, at + size, NULL, &trailer,
		sizeof(trailer)))
		return root_ring_spoiled(channel);
	ring->own = (uint32_t)((at + size + sizeof(trailer)) % ring->size);
	channel->counts.packets_out++;
	return true;
}

/* Whether a test wants something done to this one. */
static bool
is_meant(struct host_ring_manners *manners)
{
	return manners->bad_nth > 0 && --manners->bad_nth == 0;
}

bool
host_vmbus_send(struct host_vmbus_channel *channel,
    const struct host_vmbus_packet *packet)
{
	const struct host_ring_manners *manners = &channel->manners;
	size_t offset = sizeof(struct hv_packet) + packet->header_len;
	size_t size = (offset + packet->len + 7) & ~(size_t)7;
	struct hv_packet descriptor = { .type = packet->type,
		.offset8 = (uint16_t)(offset / 8),
		.length8 = (uint16_t)(size / 8),
		.flags = packet->flags,
		.id = packet->id };
	uint32_t total = (uint32_t)(size + HV_PACKET_TRAILER);

	if (!channel->open || offset % 8 != 0 || size > HV_PACKET_MAX ||
	    !has_room(channel, total))
		return false;
	if (!is_meant(&channel->manners))
		return put(channel, &descriptor, packet, (uint32_t)size);
	if (manners->bad_how == HOST_RING_LOST)
		return true;
	spoil(manners, &descriptor);
	if (manners->bad_how == HOST_RING_TWICE && has_room(channel, 2 * total))
		put(channel, &descriptor, packet, (uint32_t)size);
	return put(channel, &descriptor, packet, (uint32_t)size);
}

/* Over the guest's own indices; what they were is remembered, so that the model
 * itself is not led astray. */
static void
write_junk(struct host_vmbus_channel *channel, struct root_ring *ring,
    uint32_t *word)
{
	uint32_t junk =
	    (uint32_t)channel->host->world.random(channel->host->world.ctx,
		UINT32_MAX);

	ring->hidden_index = root_ring_guest_index(ring, word);
	ring->junk = junk;
	ring->hidden = true;
	__atomic_store_n(word, junk, __ATOMIC_SEQ_CST);
}

static void
misbehave(struct host_vmbus_channel *channel)
{
	struct host_ring_manners *manners = &channel->manners;
	struct hv_ring *in = root_ring_header(channel, &channel->in);
	struct hv_ring *out = root_ring_header(channel, &channel->out);

	if (in == NULL || out == NULL)
		return;
	if (manners->set_write_index)
		__atomic_store_n(&out->write, manners->write_index,
		    __ATOMIC_SEQ_CST);
	if (manners->set_read_index)
		__atomic_store_n(&in->read, manners->read_index,
		    __ATOMIC_SEQ_CST);
	manners->set_write_index = manners->set_read_index = false;
	if (!manners->rewrite_guest)
		return;
	write_junk(channel, &channel->in, &in->write);
	write_junk(channel, &channel->out, &out->read);
}

/* Once it is published, and only where the guest has read all that was there:
 * else it will look anyway. */
static void
publish(struct host_vmbus_channel *channel)
{
	struct root_ring *ring = &channel->out;
	struct hv_ring *header = root_ring_header(channel, ring);
	uint32_t before = ring->published;

	if (header == NULL || ring->own == before || channel->broken)
		return;
	__atomic_store_n(&header->write, ring->own, __ATOMIC_SEQ_CST);
	ring->published = ring->own;
	channel->counts.publishes_out++;
	if (channel->manners.never_signal)
		return;
	if (__atomic_load_n(&header->interrupt_mask, __ATOMIC_SEQ_CST) != 0 ||
	    root_ring_guest_index(ring, &header->read) != before) {
		channel->counts.elided_out++;
		return;
	}
	channel->counts.signals_out++;
	root_channel_raise(channel);
}

void
host_vmbus_sent(struct host_vmbus_channel *channel)
{
	const struct host_ring_manners *manners = &channel->manners;
	bool bad = manners->set_write_index || manners->set_read_index ||
	    manners->rewrite_guest;

	if (!channel->open)
		return;
	publish(channel);
	if (bad) {
		misbehave(channel);
		root_channel_raise(channel);
	}
	if (manners->storm > 0)
		root_tick(channel->host, 0);
}
