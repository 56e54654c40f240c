/* SPDX-License-Identifier: ISC */
/* RNDIS from the guest: gathered from a section and its pages, and the frames
 * in it handed on. */
#include "host/hyperv/netvsp_private.h"

/* A section comes first, and then what the guest says by address: Linux puts
 * only the RNDIS header of a long frame in the section (cp_partial). */
static bool
gather(struct nv_channel *channel, const struct host_vmbus_packet *packet,
    const struct hv_nvsp_rndis *rndis, size_t *size)
{
	struct host_netvsp *net = channel->net;
	uint64_t direct = 0;
	size_t section = 0;

	if (rndis->section != HV_NVSP_NO_SECTION) {
		section = rndis->section_size;
		if (!net->has_send || rndis->section >= net->sections ||
		    section > net->config.section_size ||
		    !host_vmbus_gpadl_read(net->channels[0].vmbus,
			net->send_gpadl,
			(uint64_t)rndis->section * net->config.section_size,
			net->gather, section))
			return false;
	}
	if (packet->type == HV_PACKET_GPA_DIRECT) {
		direct = host_vmbus_gpa_length(packet);
		if (direct > NV_GATHER - section ||
		    !host_vmbus_gpa_read(channel->vmbus, packet, 0,
			net->gather + section, (size_t)direct))
			return false;
	}
	*size = section + (size_t)direct;
	return *size > 0;
}

/* ---- A frame ---------------------------------------------------------- */

/* One that was to be cut is whole for a guest that takes those, and is cut for
 * another. */
static void
loop_lso(struct host_netvsp *net, const struct host_nv_frame *frame)
{
	struct host_nv_frame back = *frame;
	struct nv_layout layout;
	size_t payload;
	unsigned parts;

	if (!nv_layout(frame->bytes, frame->length, &layout))
		return;
	payload = nv_payload(frame->bytes, &layout);
	parts = (unsigned)((frame->length - payload + frame->segment_size - 1) /
	    frame->segment_size);
	back.lso_version = back.segment_size = 0;
	if (nv_takes_parts(net, frame->bytes, frame->length) &&
	    frame->length / parts < net->counts.mtu &&
	    parts <= HV_NVSP_RANGES_MAX) {
		back.rsc_segments = parts > 1 ? parts : 2;
		nv_deliver(net, &back);
		return;
	}
	for (unsigned n = 0; n < parts; n++) {
		back.bytes = net->segment;
		back.length = nv_segment(net->segment, frame->bytes,
		    frame->length, frame->segment_size, n);
		if (back.length > 0)
			nv_deliver(net, &back);
	}
}

/* Whatever its address: there is nobody else at the other end. */
static void
hand_on(struct host_netvsp *net, struct host_nv_frame *frame)
{
	if (net->on_frame != NULL) {
		net->on_frame(net->on_frame_ctx, frame);
		return;
	}
	frame->checksum_valid = frame->checksum_blank;
	frame->checksum_blank = false;
	if (frame->lso_version != 0)
		loop_lso(net, frame);
	else
		nv_deliver(net, frame);
}

static bool
take_frame(struct nv_channel *channel, uint8_t *message, size_t size)
{
	struct host_netvsp *net = channel->net;
	struct host_nv_frame frame = { .channel = channel->sub };
	struct nv_packet packet;
	size_t most = net->counts.mtu + NV_HEADER + NV_TAG;

	if (!nv_rndis_packet(message, size, &packet) ||
	    packet.length < NV_HEADER || packet.length > NV_FRAME)
		return false;
	if (!nv_offload_finish(net, message + packet.at, packet.length,
		&packet.info, &frame) ||
	    (frame.lso_version == 0 && packet.length > most))
		return false;
	net->counts.tx_frames++;
	frame.hash = packet.info.hash;
	if (!net->link) {
		net->counts.dropped++;
		return true;
	}
	frame.bytes = message + packet.at;
	frame.length = packet.length;
	hand_on(net, &frame);
	return true;
}

/* ---- Its packet ------------------------------------------------------- */

/* Padding to the alignment is part of the message before it.  Linux puts any
 * long frame behind short ones, as long as that one is not copied. */
static bool
is_in_place(const struct host_netvsp *net, unsigned number, size_t at,
    size_t length, bool direct)
{
	const struct host_netvsp_config *config = &net->config;

	return number == 0 ||
	    (number < config->aggregate && at % config->aggregate_align == 0 &&
		(direct ? at : at + length) <= config->aggregate_size);
}

static uint32_t
take_frames(struct nv_channel *channel, size_t size, bool direct)
{
	struct host_netvsp *net = channel->net;
	size_t at = 0;

	for (unsigned i = 0; at < size; i++) {
		uint8_t *message = net->gather + at;
		struct hv_rndis header;

		if (!nv_rndis_first(message, size - at, &header) ||
		    header.type != HV_RNDIS_PACKET ||
		    !is_in_place(net, i, at, header.length, direct) ||
		    !net->operational ||
		    !take_frame(channel, message, header.length)) {
			net->counts.refused++;
			return HV_NVSP_STATUS_INVALID_RNDIS;
		}
		net->counts.tx_messages++;
		if (channel->vmbus == NULL)
			break;
		at += header.length;
	}
	return HV_NVSP_STATUS_SUCCESS;
}

static uint32_t
take_control(struct nv_channel *channel, size_t size)
{
	struct host_netvsp *net = channel->net;
	struct hv_rndis header;

	if (channel->sub > 0 || !net->has_ndis || !net->receive.set ||
	    !nv_rndis_first(net->gather, size, &header) ||
	    header.type == HV_RNDIS_PACKET) {
		net->counts.refused++;
		return HV_NVSP_STATUS_INVALID_RNDIS;
	}
	net->counts.tx_messages++;
	nv_control(net, net->gather, header.length);
	return HV_NVSP_STATUS_SUCCESS;
}

uint32_t
nv_transmitted(struct nv_channel *channel,
    const struct host_vmbus_packet *packet, const struct hv_nvsp_rndis *rndis)
{
	struct host_netvsp *net = channel->net;
	bool direct = packet->type == HV_PACKET_GPA_DIRECT;
	size_t size;

	if (rndis->channel > HV_NVSP_CONTROL ||
	    !gather(channel, packet, rndis, &size)) {
		net->counts.refused++;
		return HV_NVSP_STATUS_FAILURE;
	}
	if (rndis->channel == HV_NVSP_CONTROL)
		return take_control(channel, size);
	net->counts.tx_packets++;
	if (rndis->section != HV_NVSP_NO_SECTION)
		net->counts.tx_sections++;
	if (direct)
		net->counts.tx_direct++;
	return take_frames(channel, size, direct);
}
