/* SPDX-License-Identifier: ISC */
/* Frames to the guest. */
#include <string.h>

#include "host/hyperv/netvsp_private.h"
#include "wire/endian.h"

#define TPID_VLAN 0x8100

/* ---- Which ------------------------------------------------------------ */

static bool
is_wanted(const struct host_netvsp *net, const uint8_t *address)
{
	static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff };
	uint32_t filter = net->counts.filter;

	if ((filter & HV_FILTER_PROMISCUOUS) != 0)
		return true;
	if (memcmp(address, everybody, 6) == 0)
		return (filter & HV_FILTER_BROADCAST) != 0;
	if ((address[0] & 1) == 0)
		return (filter & HV_FILTER_DIRECTED) != 0 &&
		    memcmp(address, net->counts.mac, 6) == 0;
	if ((filter & HV_FILTER_ALL_MULTICAST) != 0)
		return true;
	if ((filter & HV_FILTER_MULTICAST) == 0)
		return false;
	for (unsigned i = 0; i < net->counts.groups; i++)
		if (memcmp(address, net->groups[i], 6) == 0)
			return true;
	return false;
}

/* ---- What is said of it ----------------------------------------------- */

static void
say_checksum(const struct host_netvsp *net, const struct host_nv_frame *frame,
    struct nv_info *info)
{
	const struct nv_offload *offload = &net->offload;
	struct nv_layout layout;
	uint32_t said = 0;

	if (!frame->checksum_valid ||
	    !nv_layout(frame->bytes, frame->length, &layout))
		return;
	if (!layout.ipv6 && offload->rx_ip4)
		said |= HV_RX_IP_GOOD;
	if (layout.protocol == NV_TCP &&
	    (layout.ipv6 ? offload->rx_tcp6 : offload->rx_tcp4))
		said |= HV_RX_TCP_GOOD;
	if (layout.protocol == NV_UDP &&
	    (layout.ipv6 ? offload->rx_udp6 : offload->rx_udp4))
		said |= HV_RX_UDP_GOOD;
	info->has_checksum = said != 0;
	info->checksum = said;
}

static void
describe(const struct host_netvsp *net, const struct host_nv_frame *frame,
    struct nv_info *info)
{
	memset(info, 0, sizeof(*info));
	say_checksum(net, frame, info);
	if (frame->has_vlan) {
		info->has_vlan = true;
		info->vlan = HV_VLAN(frame->vlan >> 13, frame->vlan) |
		    ((frame->vlan & 0x1000u) != 0 ? HV_VLAN_CFI : 0);
	}
	info->has_hash = frame->hash != 0;
	info->hash = frame->hash;
}

/* ---- Into the buffer -------------------------------------------------- */

static bool
put_frame(struct nv_channel *channel, const struct nv_info *info,
    const uint8_t *bytes, size_t length)
{
	struct host_netvsp *net = channel->net;
	size_t size = nv_rndis_size(info, length);

	if (size > sizeof(net->message) || size > net->receive.size)
		return false;
	nv_rndis_make_packet(net->message, info, bytes, length);
	return nv_put(channel, net->message, size);
}

/* All in one packet, and the first has what is said of the whole: Linux
 * rndis_filter_receive_data(). */
static bool
put_parts(struct nv_channel *channel, struct nv_info *info,
    const struct host_nv_frame *frame)
{
	struct host_netvsp *net = channel->net;
	unsigned count = frame->rsc_segments;
	size_t size = (frame->length + count - 1) / count, at = 0;

	info->has_part = true;
	info->part = (struct hv_rndis_packet_id){ 1, HV_RSC_PART | HV_RSC_FIRST,
		++net->part_id };
	while (at < frame->length) {
		size_t part = frame->length - at < size ? frame->length - at
							: size;

		if (at + part == frame->length)
			info->part.flags |= HV_RSC_LAST;
		if (!put_frame(channel, info, frame->bytes + at, part))
			return false;
		at += part;
		info->has_checksum = info->has_vlan = info->has_hash = false;
		info->part.flags = HV_RSC_PART;
	}
	return true;
}

/* Room for so many more parts in what the channel sends next; that goes before
 * them if need be. */
static bool
make_room(struct nv_channel *channel, unsigned count)
{
	struct host_netvsp *net = channel->net;
	unsigned most = net->version >= HV_NVSP_6_1 ? HV_NVSP_RANGES_MAX_RSC
						    : HV_NVSP_RANGES_MAX;

	if (count > most || !nv_has_parts(net, count, true))
		return false;
	if (channel->batch.count + count <= most)
		return true;
	if (channel->waiting >= NV_WAITING)
		return false;
	nv_close_batch(channel, HV_NVSP_DATA);
	return true;
}

/* Whom a tag beside the frame says nothing has it in the frame. */
static bool
put_tagged(struct nv_channel *channel, struct nv_info *info,
    const struct host_nv_frame *frame)
{
	uint8_t *to = channel->net->tagged;

	if (frame->length > NV_FRAME - NV_TAG)
		return false;
	memcpy(to, frame->bytes, 12);
	put_be16(to + 12, TPID_VLAN);
	put_be16(to + 14, frame->vlan);
	memcpy(to + 16, frame->bytes + 12, frame->length - 12);
	info->has_vlan = false;
	return put_frame(channel, info, to, frame->length + NV_TAG);
}

static bool
put(struct nv_channel *channel, const struct host_nv_frame *frame)
{
	const struct host_netvsp *net = channel->net;
	unsigned parts = frame->rsc_segments > 1 ? frame->rsc_segments : 1;
	struct nv_info info;

	if (parts > frame->length || !make_room(channel, parts))
		return false;
	describe(net, frame, &info);
	if (parts > 1)
		return nv_takes_parts(net, frame->bytes, frame->length) &&
		    nv_rndis_size(&info,
			(frame->length + parts - 1) / parts + 16) <=
		    net->receive.size &&
		    put_parts(channel, &info, frame);
	if (frame->has_vlan &&
	    (net->config.no_vlan || (net->can & HV_NVSP_CAN_8021Q) == 0))
		return put_tagged(channel, &info, frame);
	return put_frame(channel, &info, frame->bytes, frame->length);
}

bool
nv_takes_parts(const struct host_netvsp *net, const uint8_t *frame,
    size_t length)
{
	struct nv_layout layout;

	return nv_layout(frame, length, &layout) && layout.protocol == NV_TCP &&
	    (layout.ipv6 ? net->offload.rsc6 : net->offload.rsc4);
}

/* Until the channel is open, the primary has what is its. */
static unsigned
by_hash(const struct host_netvsp *net, struct host_nv_frame *frame)
{
	uint32_t hash = 0;
	unsigned channel = nv_rss_channel(net, frame->bytes, frame->length,
	    &hash);

	if (frame->hash == 0)
		frame->hash = hash;
	return channel < NV_CHANNELS && net->channels[channel].vmbus != NULL
	    ? channel
	    : 0;
}

bool
nv_deliver(struct host_netvsp *net, const struct host_nv_frame *frame)
{
	struct nv_channel *channel;
	struct host_nv_frame copy = *frame;

	if (net->channels[0].vmbus == NULL || !net->operational || !net->link ||
	    net->counts.filter == 0 || frame->length < NV_HEADER ||
	    frame->length > NV_FRAME)
		goto drop;
	if (frame->channel == HOST_NV_BY_HASH)
		copy.channel = by_hash(net, &copy);
	if (copy.channel >= NV_CHANNELS ||
	    net->channels[copy.channel].vmbus == NULL)
		goto drop;
	channel = &net->channels[copy.channel];
	if (!put(channel, &copy))
		goto drop;
	net->counts.rx_frames++;
	nv_push_later(channel);
	return true;
drop:
	net->counts.dropped++;
	return false;
}

bool
host_netvsp_send(struct host_netvsp *net, const struct host_nv_frame *frame)
{
	if (frame->length >= NV_HEADER && !is_wanted(net, frame->bytes)) {
		net->counts.dropped++;
		return false;
	}
	return nv_deliver(net, frame);
}

bool
host_netvsp_rndis(struct host_netvsp *net, unsigned number,
    const void *const *messages, const size_t *sizes, unsigned count)
{
	struct nv_channel *channel = &net->channels[number % NV_CHANNELS];
	uint32_t type = 0;

	if (number >= NV_CHANNELS || channel->vmbus == NULL || count == 0 ||
	    count > HV_NVSP_RANGES_MAX || !nv_has_parts(net, count, false))
		return false;
	for (unsigned i = 0; i < count; i++)
		if (sizes[i] > net->receive.size)
			return false;
	nv_close_batch(channel, HV_NVSP_DATA);
	for (unsigned i = 0; i < count; i++) {
		memcpy(net->message, messages[i], sizes[i]);
		if (!nv_put(channel, net->message, sizes[i]))
			break;
	}
	if (sizes[0] >= sizeof(type))
		memcpy(&type, messages[0], sizeof(type));
	nv_close_batch(channel,
	    type == HV_RNDIS_PACKET ? HV_NVSP_DATA : HV_NVSP_CONTROL);
	return true;
}
