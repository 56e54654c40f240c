/* SPDX-License-Identifier: ISC */
/* The receive rings of netback, to the guest. */
#include <string.h>

#include "host/xen/netback_private.h"
#include "wire/endian.h"

#define PAGE 4096u
#define ETHERTYPE_IPV6 0x86dd

static void
publish(struct backend *backend, unsigned index)
{
	struct host_netback *net = (struct host_netback *)backend;
	struct net_queue *queue = &net->queues[index];

	queue->rx_due = false;
	if (queue->rx_port != NULL && backend_ring_begin(&queue->rx))
		net_publish(queue, &queue->rx, queue->rx_port,
		    &net->manners.rx_producer_jump);
}

void
net_rx_later(struct net_queue *queue, uint64_t delay)
{
	if (queue->rx_due)
		return;
	queue->rx_due = true;
	backend_later(&queue->net->backend, delay, publish, queue->index);
}

/* There are buffers again; nobody waits for them here, for what had no room
 * was dropped. */
void
net_rx_signalled(void *argument)
{
	(void)argument;
}

/* ---- One frame -------------------------------------------------------- */

struct sending {
	struct net_queue *queue;
	const uint8_t *bytes;
	size_t left;
	uint16_t flags; /* of the first slot */
	struct xen_net_extra extras[NET_EXTRAS];
	unsigned extra_count;
	bool failed;
};

static struct xen_net_extra *
new_extra(struct sending *sending, uint8_t type)
{
	struct xen_net_extra *extra = &sending->extras[sending->extra_count];

	if (sending->extra_count++ > 0)
		extra[-1].flags |= XEN_NET_EXTRA_FLAG_MORE;
	extra->type = type;
	return extra;
}

static void
plan_extras(struct sending *sending, const struct host_frame *frame)
{
	struct host_netback *net = sending->queue->net;
	struct host_netback_manners *manners = &net->manners;
	struct xen_net_extra *extra;

	if (frame->gso_type != XEN_NET_GSO_NONE) {
		extra = new_extra(sending, XEN_NET_EXTRA_GSO);
		extra->u.gso.size = (uint16_t)frame->gso_size;
		extra->u.gso.type = (uint8_t)frame->gso_type;
	}
	if (net->front.headroom > 0) {
		extra = new_extra(sending, XEN_NET_EXTRA_XDP);
		extra->u.xdp.headroom = net->front.headroom;
	}
	if (frame->has_hash) {
		extra = new_extra(sending, XEN_NET_EXTRA_HASH);
		extra->u.hash.type = frame->hash_type;
		extra->u.hash.algorithm = XEN_NET_HASH_ALGORITHM_TOEPLITZ;
		put_le32(extra->u.hash.value, frame->hash);
	}
	if (backend_nth(&manners->extra_nth)) {
		extra = new_extra(sending, manners->extra_type);
		extra->flags |= manners->extra_flags;
		extra->u.gso.size = manners->extra_gso_size;
		extra->u.gso.type = manners->extra_gso_type;
	}
}

static void
put_response(struct sending *sending, struct xen_net_rx_response response)
{
	struct host_netback_manners *manners = &sending->queue->net->manners;
	struct backend_ring *ring = &sending->queue->rx;

	if (manners->rx_more_forever)
		response.flags |= XEN_NET_RX_MORE_DATA;
	if (backend_nth(&manners->bad_rx_id_nth))
		response.id = manners->bad_rx_id;
	if (backend_nth(&manners->rx_status_nth))
		response.status = (int16_t)manners->rx_status;
	if (backend_nth(&manners->rx_offset_nth))
		response.offset = manners->rx_offset;
	backend_ring_put(ring, ring->rsp_prod++, &response, sizeof(response));
}

static void
put_data(struct sending *sending, bool first)
{
	struct host_netback *net = sending->queue->net;
	struct backend_ring *ring = &sending->queue->rx;
	uint16_t offset = net->front.headroom;
	size_t some = PAGE - offset;
	union xen_net_rx_entry entry;
	struct xen_net_rx_response response;

	backend_ring_copy(ring, ring->req_cons++, &entry);
	if (some > sending->left)
		some = sending->left;
	response = (struct xen_net_rx_response){ .id = entry.request.id,
		.offset = offset,
		.flags = first ? sending->flags : 0,
		.status = (int16_t)some };
	if (!host_grant_write(net->backend.xen, entry.request.ref, offset,
		sending->bytes, some)) {
		response.status = XEN_NET_ERROR;
		sending->failed = true;
	}
	sending->bytes += some;
	sending->left -= some;
	if (first && sending->extra_count > 0)
		response.flags |= XEN_NET_RX_EXTRA_INFO;
	if (sending->left > 0)
		response.flags |= XEN_NET_RX_MORE_DATA;
	put_response(sending, response);
}

/* The slot of a request is used, and its page is not. */
static void
put_extra(struct sending *sending, const struct xen_net_extra *extra)
{
	struct backend_ring *ring = &sending->queue->rx;

	ring->req_cons++;
	backend_ring_put(ring, ring->rsp_prod++, extra, sizeof(*extra));
}

static void
send_slots(struct sending *sending)
{
	put_data(sending, true);
	for (unsigned i = 0; i < sending->extra_count; i++)
		put_extra(sending, &sending->extras[i]);
	while (sending->left > 0)
		put_data(sending, false);
}

/* ---- Whether ---------------------------------------------------------- */

static bool
takes_group(const struct host_netback *net, const uint8_t *address)
{
	static const uint8_t everybody[6] = { 255, 255, 255, 255, 255, 255 };

	if ((address[0] & 1) == 0 || !net->front.multicast ||
	    memcmp(address, everybody, 6) == 0)
		return true;
	for (unsigned i = 0; i < net->counts.multicast_groups; i++)
		if (memcmp(net->groups[i], address, 6) == 0)
			return true;
	return false;
}

static bool
takes(const struct host_netback *net, const struct host_frame *frame)
{
	if (frame->length < NET_HEADER || frame->length > XEN_NET_TX_SIZE_MAX ||
	    net->counts.queues == 0 || net->counts.disabled)
		return false;
	if (frame->length > PAGE - net->front.headroom && !net->front.sg)
		return false;
	if (frame->gso_type == XEN_NET_GSO_TCPV4 && !net->front.gso4)
		return false;
	if (frame->gso_type == XEN_NET_GSO_TCPV6 && !net->front.gso6)
		return false;
	return takes_group(net, frame->bytes);
}

static bool
takes_blank(const struct host_netback *net, const struct host_frame *frame)
{
	return get_be16(frame->bytes + 12) == ETHERTYPE_IPV6
	    ? net->front.csum6
	    : !net->front.no_csum4;
}

/* A guest that cannot make the checksum good gets it so. */
static bool
plan_checksum(struct sending *sending, const struct host_frame *frame)
{
	struct host_netback *net = sending->queue->net;

	if (frame->checksum_valid)
		sending->flags = XEN_NET_RX_DATA_VALIDATED;
	if (!frame->checksum_blank)
		return true;
	sending->flags = XEN_NET_RX_DATA_VALIDATED;
	if (takes_blank(net, frame)) {
		sending->flags |= XEN_NET_RX_CSUM_BLANK;
		return true;
	}
	sending->bytes = net->summed;
	return net_checksum(net->summed, frame->bytes, frame->length);
}

static bool
has_room(struct sending *sending)
{
	struct backend_ring *ring = &sending->queue->rx;
	uint32_t each = PAGE - sending->queue->net->front.headroom, waiting;
	uint32_t wanted = (uint32_t)(sending->left + each - 1) / each +
	    sending->extra_count;

	waiting = backend_ring_waiting(ring);
	if (waiting > ring->size) {
		sending->queue->net->counts.refused++;
		return false;
	}
	if (waiting >= wanted)
		return true;
	/* as Linux: any buffer more is to be told of */
	return backend_ring_arm(ring, ring->req_cons + waiting + 1) &&
	    backend_ring_waiting(ring) >= wanted;
}

static bool
send_frame(struct host_netback *net, const struct host_frame *frame)
{
	struct sending sending = { .bytes = frame->bytes,
		.left = frame->length };
	uint32_t before;

	if (!takes(net, frame))
		return false;
	sending.queue = &net->queues[frame->queue % net->counts.queues];
	if (!plan_checksum(&sending, frame) ||
	    !backend_ring_begin(&sending.queue->rx))
		return false;
	plan_extras(&sending, frame);
	if (!has_room(&sending))
		return false;
	before = sending.queue->rx.rsp_prod;
	send_slots(&sending);
	net_rx_later(sending.queue, net->manners.delay);
	if (sending.failed) {
		net->counts.refused++;
		return true;
	}
	net->counts.rx_frames++;
	net->counts.rx_slots += sending.queue->rx.rsp_prod - before;
	return true;
}

bool
host_netback_takes_segments(const struct host_netback *net)
{
	return net->counts.queues != 0 && net->front.sg && net->front.gso4 &&
	    net->front.gso6;
}

bool
host_netback_send(struct host_netback *net, const struct host_frame *frame)
{
	if (send_frame(net, frame))
		return true;
	net->counts.dropped++;
	return false;
}
