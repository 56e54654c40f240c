/* SPDX-License-Identifier: ISC */
/* The rings of a channel, from the host's side: its own indices are its own,
 * the guest's are looked at, checked and remembered. */
#include <stdlib.h>
#include <string.h>

#include "host/hyperv/hyperv_private.h"

#define POLL_DELAY 1000000 /* nanoseconds, for room that nobody announces */

static struct hv_ring *
header_of(struct host_vmbus_channel *channel, const struct root_ring *ring)
{
	return root_map(channel->host,
	    channel->gpadl->pieces[ring->page].address, HV_RING_CONTROL);
}

/* Bytes of the data, round its end. */
static bool
copy(struct host_vmbus_channel *channel, const struct root_ring *ring,
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

static uint32_t
distance(const struct root_ring *ring, uint32_t from, uint32_t to)
{
	return to >= from ? to - from : ring->size - from + to;
}

static bool
spoiled(struct host_vmbus_channel *channel)
{
	channel->broken = true;
	channel->host->counts.refused++;
	return false;
}

/* The guest's index as it stands, unless that is a test's junk. */
static uint32_t
guest_index(struct root_ring *ring, const uint32_t *word)
{
	uint32_t index = __atomic_load_n(word, __ATOMIC_ACQUIRE);

	if (ring->hidden && index == ring->junk)
		return ring->hidden_index;
	ring->hidden = false;
	return index;
}

static bool
is_index(const struct root_ring *ring, uint32_t index)
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
	header = header_of(channel, ring);
	if (header == NULL)
		return spoiled(channel);
	index = guest_index(ring, &header->write);
	if (!is_index(ring, index) ||
	    distance(ring, ring->own, index) <
		distance(ring, ring->own, ring->other))
		return spoiled(channel);
	ring->other = index;
	return true;
}

/* How far the guest has read: not past what there is, nor back. */
static bool
look_out(struct host_vmbus_channel *channel)
{
	struct root_ring *ring = &channel->out;
	struct hv_ring *header;
	uint32_t index;

	if (channel->broken)
		return false;
	header = header_of(channel, ring);
	if (header == NULL)
		return spoiled(channel);
	index = guest_index(ring, &header->read);
	if (!is_index(ring, index) ||
	    distance(ring, index, ring->published) >
		distance(ring, ring->other, ring->published))
		return spoiled(channel);
	ring->other = index;
	return true;
}

static bool
init(struct host_vmbus_channel *channel, struct root_ring *ring, uint32_t page,
    uint32_t pages)
{
	*ring = (struct root_ring){ .page = page,
		.size = (pages - 1) * HV_PAGE_SIZE };
	return header_of(channel, ring) != NULL;
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
	header_of(channel, &channel->out)->features =
	    channel->manners.no_features ? 0 : HV_RING_FEATURE_PENDING_SEND;
	root_ring_mask(channel, false);
	return true;
}

void
root_ring_mask(struct host_vmbus_channel *channel, bool masked)
{
	struct hv_ring *header = header_of(channel, &channel->in);

	if (header != NULL)
		__atomic_store_n(&header->interrupt_mask,
		    masked || channel->manners.always_masked, __ATOMIC_SEQ_CST);
}

bool
root_ring_write_index(struct host_vmbus_channel *channel, uint32_t *index)
{
	struct hv_ring *header = header_of(channel, &channel->in);

	if (header == NULL)
		return false;
	*index = guest_index(&channel->in, &header->write);
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
	there = distance(ring, ring->own, ring->other);
	if (there == 0)
		return false;
	if (there < sizeof(descriptor) + HV_PACKET_TRAILER ||
	    !copy(channel, ring, ring->own, &descriptor, NULL,
		sizeof(descriptor)))
		return spoiled(channel);
	size = (size_t)descriptor.length8 * 8;
	offset = (size_t)descriptor.offset8 * 8;
	if (size < sizeof(descriptor) || size > there - HV_PACKET_TRAILER ||
	    offset < sizeof(descriptor) || offset > size)
		return spoiled(channel);
	make_room(channel, size);
	if (!copy(channel, ring, ring->own, channel->packet, NULL, size))
		return spoiled(channel);
	ring->own = (uint32_t)((ring->own + size + HV_PACKET_TRAILER) %
	    ring->size);
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
	uint32_t had = ring->size - distance(ring, before, write);
	uint32_t has = ring->size - distance(ring, ring->own, write);

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
	header = header_of(channel, ring);
	if (header == NULL)
		return;
	__atomic_store_n(&header->read, ring->own, __ATOMIC_SEQ_CST);
	ring->published = ring->own;
	if (!look_in(channel) ||
	    !makes_enough(ring, header, before, ring->other))
		return;
	if (channel->manners.never_signal)
		return;
	channel->counts.signals_out++;
	root_channel_raise(channel);
}

/* ---- To the guest ----------------------------------------------------- */

static uint32_t
room_of(const struct root_ring *ring)
{
	return ring->size - distance(ring, ring->other, ring->own);
}

/* Say how much is missing, and look once more: the guest may have read
 * meanwhile. */
static bool
wait_for_room(struct host_vmbus_channel *channel, uint32_t total)
{
	struct root_ring *ring = &channel->out;
	struct hv_ring *header = header_of(channel, ring);

	if (header == NULL)
		return spoiled(channel);
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
		struct hv_ring *header = header_of(channel, ring);

		if (header != NULL)
			header->pending_send = 0;
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

	if (!copy(channel, ring, at, NULL, descriptor, sizeof(*descriptor)) ||
	    !copy(channel, ring, at + sizeof(*descriptor), NULL, packet->header,
		packet->header_len) ||
	    !copy(channel, ring, data, NULL, packet->data, packet->len) ||
	    !copy(channel, ring, end, NULL, zero, at + size - end) ||
	    !copy(channel, ring, at + size, NULL, &trailer, sizeof(trailer)))
		return spoiled(channel);
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

	ring->hidden_index = guest_index(ring, word);
	ring->junk = junk;
	ring->hidden = true;
	__atomic_store_n(word, junk, __ATOMIC_SEQ_CST);
}

static void
misbehave(struct host_vmbus_channel *channel)
{
	struct host_ring_manners *manners = &channel->manners;
	struct hv_ring *in = header_of(channel, &channel->in);
	struct hv_ring *out = header_of(channel, &channel->out);

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
	struct hv_ring *header = header_of(channel, ring);
	uint32_t before = ring->published;

	if (header == NULL || ring->own == before || channel->broken)
		return;
	__atomic_store_n(&header->write, ring->own, __ATOMIC_SEQ_CST);
	ring->published = ring->own;
	channel->counts.publishes_out++;
	if (channel->manners.never_signal)
		return;
	if (__atomic_load_n(&header->interrupt_mask, __ATOMIC_SEQ_CST) != 0 ||
	    guest_index(ring, &header->read) != before) {
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
