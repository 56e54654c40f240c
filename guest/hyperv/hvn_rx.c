/* SPDX-License-Identifier: ISC */
/*
 * Received packets: each names ranges of the receive buffer, an RNDIS message in
 * each.  A range is copied, once, into memory of our own, and nothing in it is
 * looked at before.  Then the host is owed a completion, whatever was in the
 * packet: that is how it gets the parts of its buffer back.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvn.h"

/* struct hv_packet_xfer behind the descriptor. */
struct set {
	uint16_t id;
	uint8_t sender_owns, reserved;
	uint32_t count;
};

/* ---- Ranges ----------------------------------------------------------- */

/* Messages of a frame in parts stay where they are until its end. */
static void
take_range(struct hvn_queue *queue, const struct hv_xfer_range *range)
{
	struct hvn_rx *rx = &queue->rx;
	const struct hvn_area *area = &queue->hvn->receive;
	size_t size = area->gpadl.pages * PV_PAGE_SIZE;

	if (range->offset > size || range->bytes > size - range->offset) {
		queue->stats->bad_index++;
		return;
	}
	if (range->bytes > HVN_RX_ROOM - rx->used) {
		queue->stats->bad_length++;
		hvn_frame_forget(queue);
		rx->bad = true;
		return;
	}
	shared_copy(rx->copy + rx->used,
	    (const uint8_t *)area->gpadl.memory + range->offset, range->bytes);
	hvn_frame(queue, rx->copy + rx->used, range->bytes);
}

static bool
is_message(struct hvn_queue *queue, const struct ring_packet *packet)
{
	uint32_t type;

	if (packet->len < sizeof(type)) {
		queue->stats->bad_length++;
		return false;
	}
	memcpy(&type, packet->data, sizeof(type));
	if (type == HV_NVSP_RNDIS)
		return true;
	queue->stats->bad_value++;
	return false;
}

static void
take_ranges(struct hvn_queue *queue, const struct ring_packet *packet)
{
	struct set set;
	struct hv_xfer_range range;

	if (packet->header_len < sizeof(set)) {
		queue->stats->bad_length++;
		return;
	}
	memcpy(&set, packet->header, sizeof(set));
	if (set.id != HV_NVSP_RECV_BUFFER_ID) {
		queue->stats->bad_id++;
		return;
	}
	if (set.count > HV_NVSP_RANGES_MAX_RSC ||
	    set.count > (packet->header_len - sizeof(set)) / sizeof(range)) {
		queue->stats->bad_length++;
		return;
	}
	if (!is_message(queue, packet))
		return;
	for (uint32_t i = 0; i < set.count; i++) {
		memcpy(&range, packet->header + sizeof(set) + i * sizeof(range),
		    sizeof(range));
		take_range(queue, &range);
		if (hvn_queue_rests(queue))
			return;
	}
	/* all parts of a frame come in one packet */
	if (queue->rx.count > 0) {
		queue->stats->bad_state++;
		hvn_frame_forget(queue);
	}
	queue->rx.bad = false;
}

/* ---- Packets ---------------------------------------------------------- */

void
hvn_rx_packet(struct hvn_queue *queue, const struct ring_packet *packet)
{
	struct hvn_rx *rx = &queue->rx;

	if (rx->acks.ids == NULL) { /* there is no buffer yet */
		queue->stats->bad_state++;
		return;
	}
	if (!hvn_acks_put(&rx->acks, packet->id)) {
		queue->stats->bad_state++;
		hvn_queue_broken(queue,
		    "more packets than the receive buffer has parts");
		return;
	}
	take_ranges(queue, packet);
}

void
hvn_rx_acknowledge(struct hvn_queue *queue)
{
	const struct hv_nvsp message = { .type = HV_NVSP_RNDIS_COMPLETE,
		.u.rndis_complete = { .status = HV_NVSP_STATUS_SUCCESS } };
	const struct ring_piece piece = { &message,
		sizeof(message.type) + sizeof(message.u.rndis_complete) };
	struct ring_packet_out packet = { .type = HV_PACKET_COMPLETION,
		.pieces = &piece,
		.count = 1 };

	while (hvn_acks_first(&queue->rx.acks, &packet.id) &&
	    hvn_queue_send(queue, &packet))
		hvn_acks_drop(&queue->rx.acks);
	packet.count = 0; /* who tells something wants no more than that */
	while (hvn_acks_first(&queue->rx.told, &packet.id) &&
	    hvn_queue_send(queue, &packet))
		hvn_acks_drop(&queue->rx.told);
}

/* ---- Memory ----------------------------------------------------------- */

int
hvn_rx_open(struct hvn_queue *queue)
{
	struct hvn_rx *rx = &queue->rx;
	struct pv_bus *bus = queue->hvn->device->bus;
	uint32_t parts = queue->hvn->receive.sections;

	if (rx->acks.size != parts)
		hvn_rx_close(queue);
	if (rx->copy == NULL)
		rx->copy = pv_alloc(bus, HVN_RX_ROOM);
	if (rx->acks.ids == NULL)
		rx->acks.ids = pv_alloc(bus, parts * sizeof(*rx->acks.ids));
	/* it is freed by its size */
	rx->acks.size = rx->acks.ids != NULL ? parts : 0;
	rx->acks.head = rx->acks.count = 0;
	if (rx->copy == NULL || rx->acks.ids == NULL) {
		hvn_rx_close(queue);
		return PV_ENOMEM;
	}
	rx->bad = false;
	hvn_frame_forget(queue);
	return PV_OK;
}

void
hvn_rx_close(struct hvn_queue *queue)
{
	struct hvn_rx *rx = &queue->rx;
	struct pv_bus *bus = queue->hvn->device->bus;

	pv_free(bus, rx->copy, HVN_RX_ROOM);
	pv_free(bus, rx->acks.ids, rx->acks.size * sizeof(*rx->acks.ids));
	rx->copy = NULL;
	rx->acks = (struct hvn_acks){ 0 };
}
