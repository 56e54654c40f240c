/* SPDX-License-Identifier: ISC */
/* Frames on their way into the ring. */
#include "guest/bus/frame.h"
#include "guest/bus/libc.h"
#include "guest/xen/xnf.h"

/* ---- What is asked of a frame ----------------------------------------- */

static int
check_segmentation(const struct xnf *xnf, const struct pv_frame *frame)
{
	uint32_t needed;

	if (frame->segmentation == PV_SEGMENT_NONE)
		return PV_OK;
	if (frame->segmentation == PV_SEGMENT_TCP4)
		needed = PV_NIC_TSO4;
	else if (frame->segmentation == PV_SEGMENT_TCP6)
		needed = PV_NIC_TSO6;
	else
		return PV_EINVAL;
	if ((frame->flags & PV_FRAME_CHECKSUM_BLANK) == 0 ||
	    frame->segment_size == 0)
		return PV_EINVAL;
	return (xnf->nic.features & needed) != 0 ? PV_OK : PV_ENOTSUP;
}

static int
check(const struct xnf *xnf, const struct pv_frame *frame)
{
	if (frame->length < FRAME_ETHERNET ||
	    frame->length > XEN_NET_TX_SIZE_MAX)
		return PV_EINVAL;
	if (frame->length > PV_PAGE_SIZE &&
	    (xnf->nic.features & PV_NIC_SCATTER) == 0)
		return PV_EMSGSIZE;
	if ((frame->flags & PV_FRAME_CHECKSUM_BLANK) != 0 &&
	    (size_t)frame->checksum_start + frame->checksum_offset + 2 >
		frame->length)
		return PV_EINVAL;
	return check_segmentation(xnf, frame);
}

/* The wire has no word for where a checksum goes: back ends look for TCP and
 * UDP themselves, and what they would not find is completed here. */
static int
offload(const struct xnf *xnf, const struct pv_frame *frame, bool *offloaded)
{
	struct frame_headers headers;
	bool found;

	*offloaded = false;
	if ((frame->flags & PV_FRAME_CHECKSUM_BLANK) == 0)
		return PV_OK;
	found = frame_headers_of(frame, &headers) == PV_OK &&
	    headers.start == frame->checksum_start &&
	    headers.offset == frame->checksum_offset;
	if (frame->segmentation != PV_SEGMENT_NONE &&
	    (!found || headers.protocol != FRAME_TCP ||
		headers.ipv6 != (frame->segmentation == PV_SEGMENT_TCP6)))
		return PV_EINVAL;
	*offloaded = found &&
	    (xnf->nic.features &
		(headers.ipv6 ? PV_NIC_CHECKSUM6 : PV_NIC_CHECKSUM4)) != 0;
	return PV_OK;
}

/* ---- Slots ------------------------------------------------------------ */

static uint16_t
take_slot(struct xnf_tx *tx, struct pv_frame *frame, enum xnf_slot_state state)
{
	uint16_t index = tx->first;
	struct xnf_slot *slot = &tx->slots[index];

	tx->first = slot->next;
	tx->free--;
	slot->frame = frame;
	slot->state = (uint8_t)state;
	slot->generation++; /* so that a late answer is no answer to this */
	return index;
}

static uint16_t
slot_id(const struct xnf_tx *tx, uint16_t index)
{
	return (uint16_t)(index | tx->slots[index].generation << 8);
}

static void
put_request(struct xnf_queue *queue, const struct xen_net_tx_request *request)
{
	union xen_net_tx_entry entry = { .request = *request };

	ring_put(&queue->tx.ring, &entry, sizeof(entry));
	queue->stats->slots++;
}

static void
put_extra(struct xnf_queue *queue, const struct xen_net_extra *extra)
{
	union xen_net_tx_entry entry;

	memset(&entry, 0, sizeof(entry));
	entry.extra = *extra;
	ring_put(&queue->tx.ring, &entry, sizeof(entry));
	queue->tx.extras++;
	queue->stats->slots++;
}

static void
put_segmentation(struct xnf_queue *queue, const struct pv_frame *frame)
{
	struct xen_net_extra extra = { .type = XEN_NET_EXTRA_GSO };

	extra.u.gso.size = frame->segment_size;
	extra.u.gso.type = frame->segmentation == PV_SEGMENT_TCP4
	    ? XEN_NET_GSO_TCPV4
	    : XEN_NET_GSO_TCPV6;
	put_extra(queue, &extra);
}

/* One piece: a request that lacks nothing but its flags. */
static struct xen_net_tx_request
lay(struct xnf_queue *queue, struct pv_frame *frame,
    const struct xnf_piece *piece)
{
	struct xnf_tx *tx = &queue->tx;
	struct xen_net_tx_request request = { .size = (uint16_t)piece->len };
	uint16_t index;

	if (piece->physical == PV_NO_PHYSICAL) {
		index = take_slot(tx, frame, XNF_COPIED);
		xnf_gather(frame, piece->at, xnf_area_page(&tx->staging, index),
		    piece->len);
		request.ref = tx->staging.references[index];
		queue->stats->copies++;
	} else {
		index = take_slot(tx, frame, XNF_LENT);
		request.ref = tx->references[index];
		request.offset = (uint16_t)(piece->physical % PV_PAGE_SIZE);
		xen_grant_set(queue->xnf->xen, queue->stats, request.ref,
		    queue->xnf->bus->backend_id,
		    piece->physical - request.offset, true);
	}
	request.id = slot_id(tx, index);
	return request;
}

/* The checksum of a frame whose pieces are all copies, in those. */
static void
complete_checksum(struct xnf_queue *queue, const struct pv_frame *frame,
    const struct xen_net_tx_request *requests, unsigned count)
{
	struct pv_segment segments[XEN_NET_SLOTS_MIN];
	struct pv_frame copy = { .segments = segments,
		.count = count,
		.length = frame->length };
	uint16_t sum;

	for (unsigned i = 0; i < count; i++)
		segments[i] = (struct pv_segment){
			.data = xnf_area_page(&queue->tx.staging,
			    requests[i].id % XNF_ENTRIES),
			.len = requests[i].size,
		};
	sum = (uint16_t)~frame_sum(&copy, frame->checksum_start, frame->length);
	/* UDP has another meaning for 0, and TCP none */
	frame_put16(&copy,
	    (size_t)frame->checksum_start + frame->checksum_offset,
	    sum != 0 ? sum : 0xffff);
}

static void
put_frame(struct xnf_queue *queue, struct pv_frame *frame,
    const struct xnf_plan *plan, bool offloaded)
{
	struct xen_net_tx_request requests[XEN_NET_SLOTS_MIN];
	bool blank = (frame->flags & PV_FRAME_CHECKSUM_BLANK) != 0;
	unsigned i;

	frame->pending = plan->count;
	for (i = 0; i < plan->count; i++)
		requests[i] = lay(queue, frame, &plan->pieces[i]);
	if (blank && !offloaded)
		complete_checksum(queue, frame, requests, plan->count);
	if (offloaded)
		requests[0].flags = XEN_NET_TX_CSUM_BLANK |
		    XEN_NET_TX_DATA_VALIDATED;
	else if ((frame->flags & PV_FRAME_CHECKSUM_VALID) != 0)
		requests[0].flags = XEN_NET_TX_DATA_VALIDATED;
	for (i = 0; i + 1 < plan->count; i++)
		requests[i].flags |= XEN_NET_TX_MORE_DATA;
	/* the first has the length of all */
	requests[0].size = (uint16_t)frame->length;
	if (frame->segmentation != PV_SEGMENT_NONE)
		requests[0].flags |= XEN_NET_TX_EXTRA_INFO;
	for (i = 0; i < plan->count; i++) {
		put_request(queue, &requests[i]);
		if (i == 0 && frame->segmentation != PV_SEGMENT_NONE)
			put_segmentation(queue, frame);
	}
}

/* False: no room, and nothing has happened.  Else the frame is in the ring or
 * has ended. */
static bool
place(struct xnf_queue *queue, struct pv_frame *frame)
{
	struct xnf_tx *tx = &queue->tx;
	struct xnf_plan plan;
	bool offloaded, copy;
	unsigned extras = frame->segmentation != PV_SEGMENT_NONE;
	int error;

	error = offload(queue->xnf, frame, &offloaded);
	copy = frame->length <= XNF_COPY || queue->xnf->untrusted ||
	    (queue->xnf->nic.features & PV_NIC_SCATTER) == 0 ||
	    ((frame->flags & PV_FRAME_CHECKSUM_BLANK) != 0 && !offloaded);
	if (error == PV_OK)
		error = xnf_plan(frame, copy, &plan);
	if (error != PV_OK) {
		xnf_tx_finish(frame, error);
		return true;
	}
	if (tx->free < plan.count || ring_room(&tx->ring) < plan.count + extras)
		return false;
	put_frame(queue, frame, &plan, offloaded);
	return true;
}

/* ---- From above ------------------------------------------------------- */

void
xnf_tx_submit(struct xnf_queue *queue, struct pv_frame *frame)
{
	struct xnf_tx *tx = &queue->tx;
	int error;

	frame->next = NULL;
	frame->error = PV_OK;
	frame->pending = 0;
	queue->stats->requests++;
	if (!xnf_queue_runs(queue)) {
		error = PV_EIO;
		if (queue->xnf->nic.gone)
			error = PV_ENODEV;
		else if (queue->xnf->device->state == PV_DEVICE_BROKEN ||
		    queue->broken != NULL)
			error = PV_EPROTO;
		xnf_tx_finish(frame, error);
		return;
	}
	error = check(queue->xnf, frame);
	if (error != PV_OK) {
		xnf_tx_finish(frame, error);
		return;
	}
	queue->stats->bytes += frame->length;
	if (tx->waiting == NULL && place(queue, frame))
		return;
	queue->stats->stalls++;
	*tx->waiting_end = frame;
	tx->waiting_end = &frame->next;
}

/* A completion may come with more, so none of this is kept over place(). */
void
xnf_tx_step(struct xnf_queue *queue)
{
	struct xnf_tx *tx = &queue->tx;

	while (tx->waiting != NULL) {
		struct pv_frame *frame = tx->waiting;

		tx->waiting = frame->next;
		if (tx->waiting == NULL)
			tx->waiting_end = &tx->waiting;
		frame->next = NULL;
		if (place(queue, frame))
			continue;
		frame->next = tx->waiting;
		if (tx->waiting == NULL)
			tx->waiting_end = &frame->next;
		tx->waiting = frame;
		return;
	}
}

bool
xnf_tx_group(struct xnf_queue *queue, bool add, const uint8_t address[6])
{
	struct xnf_tx *tx = &queue->tx;
	struct xen_net_extra extra = { .type = add ? XEN_NET_EXTRA_MCAST_ADD
						   : XEN_NET_EXTRA_MCAST_DEL };
	uint16_t index;

	if (tx->free == 0 || ring_room(&tx->ring) < 2)
		return false;
	index = take_slot(tx, NULL, XNF_GROUP);
	put_request(queue,
	    &(struct xen_net_tx_request){ .ref = tx->staging.references[index],
		.flags = XEN_NET_TX_EXTRA_INFO,
		.id = slot_id(tx, index) });
	memcpy(extra.u.mcast.address, address, 6);
	put_extra(queue, &extra);
	return true;
}

/* ---- Memory ----------------------------------------------------------- */

int
xnf_tx_open(struct xnf_queue *queue)
{
	struct xnf_tx *tx = &queue->tx;
	int error = xnf_area_open(queue->xnf, &tx->staging, XNF_ENTRIES);

	if (error == PV_OK && tx->references[0] == 0)
		error = xen_grants_reserve(queue->xnf->xen, tx->references,
		    XNF_ENTRIES);
	if (error != PV_OK)
		return error;
	for (unsigned i = 0; i < XNF_ENTRIES; i++) {
		struct xnf_slot *slot = &tx->slots[i];

		xnf_area_lend(queue, &tx->staging, i, true);
		slot->frame = NULL;
		slot->state = XNF_FREE;
		slot->next = i + 1 < XNF_ENTRIES ? (uint16_t)(i + 1) : XNF_NONE;
	}
	tx->first = 0;
	tx->free = XNF_ENTRIES;
	tx->held = XNF_NONE;
	tx->extras = tx->lost = 0;
	tx->waiting = NULL;
	tx->waiting_end = &tx->waiting;
	ring_init(&tx->ring, xnf_area_page(&queue->rings, 0), 1,
	    sizeof(union xen_net_tx_entry));
	tx->armed = tx->ring.rsp_cons;
	return PV_OK;
}

/* No frame is left; a back end may still hold memory of those that ended in
 * PV_EBUSY. */
void
xnf_tx_close(struct xnf_queue *queue)
{
	struct xnf_tx *tx = &queue->tx;
	struct xen *xen = queue->xnf->xen;

	for (unsigned i = 0; i < XNF_ENTRIES; i++) {
		if (tx->slots[i].state == XNF_LOST &&
		    !xen_grant_end(xen, queue->stats, tx->references[i]))
			xen_grants_abandon(xen, queue->stats,
			    &tx->references[i], 1, NULL, 0);
		else if (tx->references[i] != 0)
			xen_grants_release(xen, &tx->references[i], 1);
		tx->references[i] = 0;
		tx->slots[i].state = XNF_FREE;
	}
	tx->free = 0;
	xnf_area_close(queue->xnf, &tx->staging);
}
