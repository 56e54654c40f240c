/* SPDX-License-Identifier: ISC */
/*
 * Frames on their way back from the back end.  It answers in any order; an id
 * that is not under way ends the use of the device.
 */
#include "guest/xen/xnf.h"

void
xnf_tx_finish(struct pv_frame *frame, int error)
{
	frame->error = error;
	frame->done(frame);
}

static void
free_slot(struct xnf_tx *tx, uint16_t index)
{
	struct xnf_slot *slot = &tx->slots[index];

	slot->frame = NULL;
	slot->state = XNF_FREE;
	slot->next = tx->first;
	tx->first = index;
	tx->free++;
}

/* One piece of a frame is answered, and its slot is not needed any more. The
 * caller of transmit may come back from here with the next frame. */
static void
piece_done(struct pv_frame *frame, int error)
{
	if (frame->error == PV_OK || error == PV_EBUSY)
		frame->error = error;
	if (--frame->pending == 0)
		frame->done(frame);
}

static bool
end_loan(struct xnf_queue *queue, uint16_t index)
{
	return xen_grant_end(queue->xnf->xen, queue->stats,
	    queue->tx.references[index]);
}

static void
hold(struct xnf_queue *queue, uint16_t index, int error)
{
	struct xnf_tx *tx = &queue->tx;
	const struct pv_port *port = queue->xnf->xen->port;
	struct xnf_slot *slot = &tx->slots[index];

	if (tx->held == XNF_NONE)
		tx->give_up = port->now(port->ctx) + XNF_HOLD;
	if (slot->frame->error == PV_OK)
		slot->frame->error = error;
	queue->stats->held++;
	slot->state = XNF_HELD;
	slot->next = tx->held;
	tx->held = index;
}

static int
status_error(struct xnf_queue *queue, int status)
{
	if (status == XEN_NET_OKAY)
		return PV_OK;
	if (status != XEN_NET_ERROR && status != XEN_NET_DROPPED)
		queue->stats->bad_value++;
	return PV_EIO;
}

static bool
answer(struct xnf_queue *queue, const struct xen_net_tx_response *response)
{
	struct xnf_tx *tx = &queue->tx;
	uint16_t index = response->id % XNF_ENTRIES;
	struct xnf_slot *slot = &tx->slots[index];
	struct pv_frame *frame = slot->frame;
	int error;

	if (slot->generation != response->id >> 8 ||
	    (slot->state != XNF_COPIED && slot->state != XNF_LENT &&
		slot->state != XNF_GROUP)) {
		queue->stats->bad_id++;
		xnf_queue_broken(queue, "transmit response to no request");
		return false;
	}
	error = status_error(queue, response->status);
	if (slot->state == XNF_LENT && !end_loan(queue, index)) {
		hold(queue, index, error);
		return true;
	}
	free_slot(tx, index);
	if (frame != NULL)
		piece_done(frame, error);
	return true;
}

/* Slots of extra information have no id: they are answered with XEN_NET_NULL
 * and whatever else stood there. */
static bool
answer_extra(struct xnf_queue *queue)
{
	if (queue->tx.extras == 0) {
		queue->stats->bad_id++;
		xnf_queue_broken(queue, "null response to no request");
		return false;
	}
	queue->tx.extras--;
	return true;
}

unsigned
xnf_tx_drain(struct xnf_queue *queue, unsigned budget)
{
	struct ring *ring = &queue->tx.ring;
	struct xen_net_tx_response response;
	unsigned taken;
	uint32_t count;
	bool good;

	if (ring_look(ring, &count) != PV_OK) {
		queue->stats->bad_index++;
		xnf_queue_broken(queue,
		    "impossible number of transmit responses");
		return 0;
	}
	if (count > budget)
		count = budget;
	for (taken = 0; taken < count; taken++) {
		ring_take(ring, &response, sizeof(response));
		good = response.status == XEN_NET_NULL
		    ? answer_extra(queue)
		    : answer(queue, &response);
		if (!good)
			return 0;
	}
	return taken;
}

/* ---- Memory that the back end holds ----------------------------------- */

/* It may read there from now on: the slot is out of use with its reference. */
static void
lose(struct xnf_queue *queue, uint16_t index)
{
	struct xnf_tx *tx = &queue->tx;
	struct pv_frame *frame = tx->slots[index].frame;

	tx->slots[index].frame = NULL;
	tx->slots[index].state = XNF_LOST;
	tx->lost++;
	piece_done(frame, PV_EBUSY);
}

void
xnf_tx_retry(struct xnf_queue *queue)
{
	struct xnf_tx *tx = &queue->tx;
	const struct pv_port *port = queue->xnf->xen->port;
	uint16_t index = tx->held;
	bool late;

	if (index == XNF_NONE)
		return;
	late = port->now(port->ctx) >= tx->give_up;
	tx->held = XNF_NONE;
	while (index != XNF_NONE) {
		struct xnf_slot *slot = &tx->slots[index];
		struct pv_frame *frame = slot->frame;
		uint16_t next = slot->next;

		if (end_loan(queue, index)) {
			free_slot(tx, index);
			piece_done(frame, PV_OK);
		} else if (late)
			lose(queue, index);
		else {
			slot->next = tx->held;
			tx->held = index;
		}
		index = next;
	}
	if (tx->lost > XNF_SPARES)
		xnf_queue_broken(queue, "the host keeps the memory of frames");
}

/* ---- The end ---------------------------------------------------------- */

static void
stop_slot(struct xnf_queue *queue, uint16_t index, int error)
{
	struct xnf_tx *tx = &queue->tx;
	struct xnf_slot *slot = &tx->slots[index];
	struct pv_frame *frame = slot->frame;

	switch (slot->state) {
	case XNF_LENT:
	case XNF_HELD:
		if (!end_loan(queue, index)) {
			if (slot->state == XNF_LENT)
				queue->stats->held++;
			lose(queue, index);
			return;
		}
		break;
	case XNF_COPIED:
		break;
	default:
		return;
	}
	slot->frame = NULL;
	slot->state = XNF_FREE;
	piece_done(frame, error);
}

/* Nothing is put into the ring any more: it does not run. */
void
xnf_tx_stop(struct xnf_queue *queue, int error)
{
	struct xnf_tx *tx = &queue->tx;
	struct pv_frame *frame = tx->waiting, *next;

	tx->waiting = NULL;
	tx->waiting_end = &tx->waiting;
	tx->held = XNF_NONE;
	for (unsigned i = 0; i < XNF_ENTRIES; i++)
		stop_slot(queue, (uint16_t)i, error);
	for (; frame != NULL; frame = next) {
		next = frame->next;
		xnf_tx_finish(frame, error);
	}
}
