/* SPDX-License-Identifier: ISC */
/* The receive buffer, in parts: each is the model's, or in a packet that the
 * guest has not completed. */
#include <stdlib.h>
#include <string.h>

#include "host/hyperv/netvsp_private.h"

#define PART_ALIGN 64u
#define PARTS_MAX (HV_NVSP_RECV_BUFFER_MAX / PART_ALIGN)

/* ---- The buffer ------------------------------------------------------- */

static uint32_t
part_size(const struct host_netvsp *net)
{
	uint32_t size = net->counts.mtu + NV_HEADER + NV_PART_HEADER;

	if (net->config.receive_size != 0)
		return net->config.receive_size;
	size = (size + PART_ALIGN - 1) / PART_ALIGN * PART_ALIGN;
	return size > NV_PART ? size : NV_PART;
}

static void
free_part(struct nv_receive *receive, uint32_t number)
{
	receive->parts[number].state = NV_FREE;
	receive->parts[number].next = receive->free;
	receive->free = number;
	receive->free_count++;
}

uint32_t
nv_receive_set(struct host_netvsp *net, const struct hv_nvsp_buffer *buffer)
{
	struct nv_receive *receive = &net->receive;
	uint64_t most = net->version <= HV_NVSP_2
	    ? HV_NVSP_RECV_BUFFER_MAX_LEGACY
	    : HV_NVSP_RECV_BUFFER_MAX;
	uint64_t size = host_vmbus_gpadl_length(net->channels[0].vmbus,
	    buffer->gpadl);
	uint32_t part = part_size(net);

	if (receive->set || size < part || size > most ||
	    size / part > PARTS_MAX)
		return HV_NVSP_STATUS_FAILURE;
	receive->set = true;
	receive->gpadl = buffer->gpadl;
	receive->id = buffer->id;
	receive->size = part;
	receive->count = (uint32_t)(size / part);
	receive->parts = nv_alloc(receive->count * sizeof(*receive->parts));
	receive->free = NV_NONE;
	receive->free_count = 0;
	for (uint32_t i = receive->count; i-- > 0;)
		free_part(receive, i);
	return HV_NVSP_STATUS_SUCCESS;
}

static void
count_use(struct host_netvsp *net)
{
	net->counts.receive_in_use = net->receive.set
	    ? net->receive.count - net->receive.free_count
	    : 0;
}

/* What waits for room is about the buffer, and goes with it. */
void
nv_receive_forget(struct host_netvsp *net)
{
	if (!net->receive.set)
		return;
	for (unsigned i = 0; i < NV_CHANNELS; i++) {
		struct nv_channel *channel = &net->channels[i];

		nv_forget_out(channel, HV_PACKET_XFER_PAGES);
		channel->batch.count = 0;
	}
	net->receive.set = false;
	free(net->receive.parts);
	net->receive.parts = NULL;
	count_use(net);
}

bool
nv_has_parts(const struct host_netvsp *net, unsigned count, bool frames)
{
	const struct nv_receive *receive = &net->receive;
	uint32_t kept = NV_KEPT < receive->count / 4 ? NV_KEPT
						     : receive->count / 4;

	if (!frames)
		kept = 0;
	return receive->set && receive->free_count >= kept &&
	    receive->free_count - kept >= count;
}

/* ---- To the guest ----------------------------------------------------- */

static void
add_range(struct nv_batch *batch, const struct nv_receive *receive,
    uint32_t part, size_t size)
{
	if (batch->count == HV_NVSP_RANGES_MAX_RSC)
		return;
	batch->ranges[batch->count++] = (struct hv_xfer_range){ (uint32_t)size,
		part * receive->size };
}

bool
nv_put(struct nv_channel *channel, uint8_t *message, size_t size)
{
	struct host_netvsp *net = channel->net;
	struct nv_receive *receive = &net->receive;
	struct nv_batch *batch = &channel->batch;
	uint32_t number = receive->free;
	struct nv_part *part;
	bool bad;

	if (!receive->set || number == NV_NONE || size > receive->size ||
	    batch->count == HV_NVSP_RANGES_MAX_RSC)
		return false;
	bad = nv_nth(net, HOST_NET_RNDIS);
	if (bad) {
		size = nv_patch(net, message, size);
		if (net->manners.lost)
			return true;
	}
	if (!host_vmbus_gpadl_write(net->channels[0].vmbus, receive->gpadl,
		(uint64_t)number * receive->size, message, size)) {
		net->counts.refused++;
		return false;
	}
	part = &receive->parts[number];
	receive->free = part->next;
	receive->free_count--;
	part->state = NV_OURS;
	part->channel = (uint8_t)channel->sub;
	part->next = NV_NONE;
	if (batch->count == 0)
		batch->first = number;
	else
		receive->parts[batch->last].next = number;
	batch->last = number;
	add_range(batch, receive, number, size);
	if (bad && net->manners.twice)
		add_range(batch, receive, number, size);
	count_use(net);
	return true;
}

static void
free_parts(struct host_netvsp *net, uint32_t first)
{
	while (first != NV_NONE) {
		uint32_t next = net->receive.parts[first].next;

		free_part(&net->receive, first);
		first = next;
	}
	count_use(net);
}

/* No id comes twice before 2^32 packets have gone. */
void
nv_close_batch(struct nv_channel *channel, uint32_t kind)
{
	struct host_netvsp *net = channel->net;
	struct nv_receive *receive = &net->receive;
	struct nv_batch *batch = &channel->batch;
	struct nv_part *part;
	struct {
		uint16_t set;
		uint8_t sender_owns, reserved;
		uint32_t count;
		struct hv_xfer_range ranges[HV_NVSP_RANGES_MAX_RSC];
	} header;
	struct hv_nvsp message = { .type = HV_NVSP_RNDIS };
	struct host_vmbus_packet packet = { .type = HV_PACKET_XFER_PAGES,
		.flags = HV_PACKET_FLAG_COMPLETION,
		.header = (const uint8_t *)&header,
		.data = (const uint8_t *)&message,
		.len = nv_size(net) };

	if (batch->count == 0)
		return;
	part = &receive->parts[batch->first];
	header.set = receive->id;
	header.sender_owns = header.reserved = 0;
	header.count = batch->count;
	memcpy(header.ranges, batch->ranges,
	    batch->count * sizeof(header.ranges[0]));
	packet.header_len = sizeof(header) - sizeof(header.ranges) +
	    batch->count * sizeof(header.ranges[0]);
	message.u.rndis.channel = kind;
	message.u.rndis.section = HV_NVSP_NO_SECTION;
	part->generation = ++receive->generation;
	packet.id = (uint64_t)part->generation << 32 | batch->first;
	for (uint32_t i = batch->first; i != NV_NONE;
	     i = receive->parts[i].next)
		receive->parts[i].state = NV_LENT;
	part->state = NV_LENT_FIRST;
	batch->count = 0;
	if (nv_say(channel, HOST_NET_RANGES, &packet))
		net->counts.rx_packets++;
	else
		free_parts(net, (uint32_t)packet.id);
}

/* ---- And back --------------------------------------------------------- */

static bool
is_lent(const struct nv_channel *channel, uint64_t id)
{
	const struct nv_receive *receive = &channel->net->receive;
	uint32_t number = (uint32_t)id;

	return receive->set && number < receive->count &&
	    receive->parts[number].state == NV_LENT_FIRST &&
	    receive->parts[number].generation == (uint32_t)(id >> 32) &&
	    receive->parts[number].channel == channel->sub;
}

void
nv_received(struct nv_channel *channel, const struct host_vmbus_packet *packet)
{
	struct host_netvsp *net = channel->net;
	uint32_t message[2];

	if (packet->id == NV_VF_ID) {
		net->counts.vf_acknowledged++;
		return;
	}
	if (!is_lent(channel, packet->id)) {
		net->counts.refused++;
		return;
	}
	net->counts.rx_completions++;
	memset(message, 0, sizeof(message));
	if (packet->len >= sizeof(message))
		memcpy(message, packet->data, sizeof(message));
	if (message[0] != HV_NVSP_RNDIS_COMPLETE)
		net->counts.refused++;
	free_parts(net, (uint32_t)packet->id);
	nv_control_pump(net);
}

void
nv_parts_back(struct nv_channel *channel)
{
	struct nv_receive *receive = &channel->net->receive;

	channel->batch.count = 0;
	if (!receive->set)
		return;
	for (uint32_t i = 0; i < receive->count; i++)
		if (receive->parts[i].state != NV_FREE &&
		    receive->parts[i].channel == channel->sub)
			free_part(receive, i);
	count_use(channel->net);
}
