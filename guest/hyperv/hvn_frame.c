/* SPDX-License-Identifier: ISC */
/*
 * A message of the host, in memory of our own: a frame, a part of one (the host
 * has joined segments of TCP: RSC), or something about the interface.
 */
#include "guest/bus/frame.h"
#include "guest/bus/libc.h"
#include "guest/hyperv/hvn.h"

void
hvn_frame_forget(struct hvn_queue *queue)
{
	queue->rx.count = 0;
	queue->rx.used = 0;
	queue->rx.length = 0;
}

/* ---- Up --------------------------------------------------------------- */

static void
deliver(struct hvn_queue *queue, const struct rndis_info *info)
{
	const uint32_t good = HV_RX_TCP_GOOD | HV_RX_UDP_GOOD;
	const uint32_t failed = HV_RX_TCP_FAILED | HV_RX_UDP_FAILED;
	struct hvn_rx *rx = &queue->rx;
	struct pv_nic *nic = &queue->hvn->nic;
	struct pv_frame frame = { .segments = rx->parts,
		.count = rx->count,
		.length = rx->length };

	if (frame.length < FRAME_ETHERNET) {
		queue->stats->bad_length++;
		return;
	}
	if (!hvn_queue_runs(queue)) /* nobody has asked for it yet */
		return;
	if (info->has_checksum && (info->checksum & good) != 0 &&
	    (info->checksum & failed) == 0)
		frame.flags |= PV_FRAME_CHECKSUM_VALID;
	if (info->has_vlan) {
		frame.flags |= PV_FRAME_VLAN;
		frame.vlan = rndis_vlan_tag(info->vlan);
	}
	if (info->has_hash)
		frame.hash = info->hash;
	queue->stats->requests++;
	queue->stats->bytes += frame.length;
	queue->stats->copies += frame.count;
	if (nic->receive != NULL)
		nic->receive(nic, queue->index, &frame);
}

/* ---- Parts ------------------------------------------------------------ */

static bool
add_part(struct hvn_queue *queue, const uint8_t *data, size_t length)
{
	struct hvn_rx *rx = &queue->rx;

	if (length == 0 || length > HVN_FRAME_MAX - rx->length ||
	    rx->count == HVN_PARTS) {
		queue->stats->bad_length++;
		return false;
	}
	rx->parts[rx->count++] = (struct pv_segment){
		.data = (void *)(uintptr_t)data,
		.physical = PV_NO_PHYSICAL,
		.len = length,
	};
	rx->length += length;
	return true;
}

/* A part in the middle that cannot be takes those before and behind it along. */
static void
drop_parts(struct hvn_queue *queue, bool last)
{
	hvn_frame_forget(queue);
	queue->rx.bad = !last;
}

static void
take_part(struct hvn_queue *queue, const uint8_t *message, size_t size,
    const struct rndis_packet *packet)
{
	struct hvn_rx *rx = &queue->rx;
	bool first = (packet->info.part.flags & HV_RSC_FIRST) != 0;
	bool last = (packet->info.part.flags & HV_RSC_LAST) != 0;

	if (first)
		rx->bad = false;
	if (rx->bad) {
		rx->bad = !last;
		return;
	}
	if (first != (rx->count == 0)) {
		queue->stats->bad_state++;
		drop_parts(queue, last);
		return;
	}
	if (first)
		rx->info = packet->info;
	if (!add_part(queue, message + packet->offset, packet->length)) {
		drop_parts(queue, last);
		return;
	}
	rx->used += (size + 7) / 8 * 8;
	if (rx->used > HVN_RX_ROOM)
		rx->used = HVN_RX_ROOM;
	if (!last)
		return;
	deliver(queue, &rx->info);
	hvn_frame_forget(queue);
}

static void
take_frame(struct hvn_queue *queue, const uint8_t *message, size_t size)
{
	struct hvn_rx *rx = &queue->rx;
	struct rndis_packet packet;

	if (rndis_packet_read(message, size, &packet) != PV_OK) {
		queue->stats->bad_length++;
		if (rx->count > 0)
			drop_parts(queue, false);
		return;
	}
	if (packet.info.has_part &&
	    (packet.info.part.flags & HV_RSC_PART) != 0) {
		take_part(queue, message, size, &packet);
		return;
	}
	if (rx->count > 0) { /* its parts have not ended */
		queue->stats->bad_state++;
		hvn_frame_forget(queue);
	}
	rx->bad = false;
	if (add_part(queue, message + packet.offset, packet.length))
		deliver(queue, &packet.info);
	hvn_frame_forget(queue);
}

void
hvn_frame(struct hvn_queue *queue, const uint8_t *message, size_t size)
{
	struct hv_rndis header;

	if (rndis_header(message, size, &header) != PV_OK) {
		queue->stats->bad_length++;
		if (queue->rx.count > 0)
			drop_parts(queue, false);
		return;
	}
	if (header.type == HV_RNDIS_PACKET)
		take_frame(queue, message, header.length);
	else
		hvn_control_received(queue, message, header.length);
}
