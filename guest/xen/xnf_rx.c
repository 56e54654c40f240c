/* SPDX-License-Identifier: ISC */
/*
 * Received frames: each entry of the ring has a page of its own.
 *
 * A short frame is copied out, once, and its page stays with the back end.  The
 * pages of a longer one are taken back before anybody looks at what is in them,
 * and lent anew when `receive` has returned.  A page that the back end does not
 * let go of is replaced, and what is in it is dropped.
 */
#include "guest/bus/frame.h"
#include "guest/bus/libc.h"
#include "guest/xen/xnf.h"

/* So that the header behind Ethernet's is aligned. */
#define COPY_OFFSET 2

/* ---- What the headers have to say ------------------------------------- */

/* A frame to be cut has its checksum left open, even where the host forgot to
 * say so: old back ends did, and left another sum in the field. */
static int
take_checksum(struct pv_frame *frame, const struct xnf_chain *chain,
    const struct frame_headers *headers)
{
	if ((chain->flags & XEN_NET_RX_CSUM_BLANK) == 0 &&
	    !frame_put16(frame, headers->start + headers->offset,
		headers->pseudo))
		return PV_EPROTO;
	frame->flags |= PV_FRAME_CHECKSUM_BLANK;
	frame->checksum_start = (uint16_t)headers->start;
	frame->checksum_offset = headers->offset;
	return PV_OK;
}

static int
take_segmentation(struct pv_frame *frame, const struct xnf_chain *chain,
    const struct frame_headers *headers)
{
	bool ipv6 = chain->gso_type == XEN_NET_GSO_TCPV6;

	if (headers->protocol != FRAME_TCP || headers->ipv6 != ipv6)
		return PV_EPROTO;
	frame->segmentation = ipv6 ? PV_SEGMENT_TCP6 : PV_SEGMENT_TCP4;
	frame->segment_size = chain->gso_size;
	return PV_OK;
}

/* PV_EPROTO: the host says of the frame what it is not. */
static int
take_flags(struct pv_frame *frame, const struct xnf_chain *chain)
{
	struct frame_headers headers;
	int error;

	if ((chain->flags & XEN_NET_RX_DATA_VALIDATED) != 0)
		frame->flags |= PV_FRAME_CHECKSUM_VALID;
	frame->hash = chain->hash;
	if ((chain->flags & XEN_NET_RX_CSUM_BLANK) == 0 && chain->gso_size == 0)
		return PV_OK;
	error = frame_headers_of(frame, &headers);
	if (error == PV_OK && chain->gso_size != 0)
		error = take_segmentation(frame, chain, &headers);
	if (error == PV_OK)
		error = take_checksum(frame, chain, &headers);
	return error;
}

/* ---- Deliver ---------------------------------------------------------- */

static void
deliver(struct xnf_queue *queue, const struct xnf_chain *chain, unsigned count)
{
	struct pv_nic *nic = &queue->xnf->nic;
	struct pv_frame frame = { .segments = queue->rx.segments,
		.count = count,
		.length = chain->length };

	if (take_flags(&frame, chain) != PV_OK) {
		queue->stats->bad_value++;
		return;
	}
	queue->stats->bytes += frame.length;
	if (nic->receive != NULL)
		nic->receive(nic, queue->index, &frame);
}

static const unsigned char *
piece_bytes(const struct xnf_rx *rx, const struct xnf_chain_piece *piece)
{
	const unsigned char *page = xnf_area_page(&rx->pages,
	    rx->page[piece->place % XNF_ENTRIES]);

	return page + piece->offset;
}

static void
deliver_copy(struct xnf_queue *queue, const struct xnf_chain *chain)
{
	struct xnf_rx *rx = &queue->rx;
	unsigned char *to = rx->copy + COPY_OFFSET;

	rx->segments[0] = (struct pv_segment){ .data = to,
		.physical = PV_NO_PHYSICAL,
		.len = chain->length };
	for (unsigned i = 0; i < chain->count; i++) {
		const struct xnf_chain_piece *piece = &chain->pieces[i];

		shared_copy(to, piece_bytes(rx, piece), piece->len);
		to += piece->len;
	}
	queue->stats->copies++;
	deliver(queue, chain, 1);
}

/* Another page in the place of one that the back end keeps; that one is looked
 * after when all pages go. */
static void
replace(struct xnf_queue *queue, uint32_t place)
{
	struct xnf_rx *rx = &queue->rx;

	queue->stats->held++;
	if (rx->spare == rx->pages.pages) {
		xnf_queue_broken(queue, "the host keeps receive pages");
		return;
	}
	rx->page[place % XNF_ENTRIES] = (uint16_t)rx->spare++;
}

/* Take the pages back; false when the back end holds one of them. */
static bool
take_pages(struct xnf_queue *queue, const struct xnf_chain *chain)
{
	struct xnf_rx *rx = &queue->rx;
	bool good = true;

	for (unsigned i = 0; i < chain->count; i++) {
		const struct xnf_chain_piece *piece = &chain->pieces[i];
		unsigned page = rx->page[piece->place % XNF_ENTRIES];

		if (!xnf_area_end(queue, &rx->pages, page)) {
			replace(queue, piece->place);
			good = false;
			continue;
		}
		rx->segments[i] = (struct pv_segment){
			.data = xnf_area_page(&rx->pages, page) + piece->offset,
			.physical = rx->pages.physical +
			    (uint64_t)page * PV_PAGE_SIZE + piece->offset,
			.len = piece->len,
		};
	}
	return good;
}

static void
complete(struct xnf_queue *queue, const struct xnf_chain *chain)
{
	queue->stats->requests++;
	if (chain->length <= XNF_COPY)
		deliver_copy(queue, chain);
	else if (take_pages(queue, chain))
		deliver(queue, chain, chain->count);
}

/* ---- The ring --------------------------------------------------------- */

/* Lend the page of each entry that is not in use, again or still. The pages of
 * a frame whose end has not come are in use. */
static void
fill(struct xnf_queue *queue)
{
	struct xnf_rx *rx = &queue->rx;
	struct ring *ring = &rx->ring;
	uint32_t from = ring->rsp_cons;

	if (rx->chain.begun && !rx->chain.bad)
		from = rx->chain.pieces[0].place;
	while (ring->req_prod - from < ring->size) {
		unsigned page = rx->page[ring->req_prod % XNF_ENTRIES];
		union xen_net_rx_entry entry = {
			.request = { .id = (uint16_t)ring->req_prod,
			    .ref = rx->pages.references[page] },
		};

		if (!rx->pages.lent[page])
			xnf_area_lend(queue, &rx->pages, page, false);
		ring_put(ring, &entry, sizeof(entry));
	}
}

unsigned
xnf_rx_drain(struct xnf_queue *queue, unsigned budget)
{
	struct xnf_rx *rx = &queue->rx;
	union xen_net_rx_entry entry;
	unsigned taken;
	uint32_t count, place;

	if (ring_look(&rx->ring, &count) != PV_OK) {
		queue->stats->bad_index++;
		xnf_queue_broken(queue, "impossible number of received frames");
		return 0;
	}
	if (count > budget)
		count = budget;
	for (taken = 0; taken < count; taken++) {
		place = rx->ring.rsp_cons;
		ring_take(&rx->ring, &entry, sizeof(entry));
		queue->stats->slots++;
		if (xnf_chain_step(&rx->chain, place, &entry, queue->stats) &&
		    !rx->chain.bad)
			complete(queue, &rx->chain);
		if (!xnf_queue_runs(queue))
			return 0;
	}
	if (taken > 0)
		fill(queue);
	return taken;
}

/* ---- Memory ----------------------------------------------------------- */

int
xnf_rx_open(struct xnf_queue *queue)
{
	struct xnf_rx *rx = &queue->rx;
	struct pv_bus *bus = queue->xnf->device->bus;
	int error = xnf_area_open(queue->xnf, &rx->pages, XNF_AREA);

	if (error != PV_OK)
		return error;
	if (rx->copy == NULL)
		rx->copy = pv_alloc(bus, COPY_OFFSET + XNF_COPY);
	if (rx->copy == NULL)
		return PV_ENOMEM;
	for (unsigned i = 0; i < XNF_ENTRIES; i++)
		rx->page[i] = (uint16_t)i;
	rx->spare = XNF_ENTRIES;
	rx->chain = (struct xnf_chain){ 0 };
	ring_init(&rx->ring, xnf_area_page(&queue->rings, 1), 1,
	    sizeof(union xen_net_rx_entry));
	rx->armed = rx->ring.rsp_cons;
	fill(queue);
	return PV_OK;
}

void
xnf_rx_close(struct xnf_queue *queue)
{
	struct xnf_rx *rx = &queue->rx;

	pv_free(queue->xnf->device->bus, rx->copy, COPY_OFFSET + XNF_COPY);
	rx->copy = NULL;
	xnf_area_close(queue->xnf, &rx->pages);
}
