/* SPDX-License-Identifier: ISC */
/* The transmit rings of netback, from the guest: frames taken and answered. */
#include "host/xen/netback_private.h"

#define LOOKS_MAX 8
#define STOPPED_TIME 10000000u
#define STORM_TIME 1000u

static void
storm(struct backend *backend, unsigned index)
{
	struct host_netback *net = (struct host_netback *)backend;
	struct net_queue *queue = &net->queues[index];

	if (net->manners.storm == 0 || queue->tx_port == NULL) {
		net->storming = false;
		return;
	}
	net->manners.storm--;
	host_port_send(queue->tx_port);
	if (queue->rx_port != queue->tx_port)
		host_port_send(queue->rx_port);
	backend_later(backend, STORM_TIME, storm, index);
}

void
net_publish(struct net_queue *queue, struct backend_ring *ring,
    struct host_port *port, uint32_t *jump)
{
	struct host_netback *net = queue->net;
	uint32_t by = *jump;

	*jump = 0;
	if (ring->rsp_prod == ring->published && by == 0)
		return;
	if (!backend_ring_publish(ring, by)) {
		net->counts.signals_elided++;
	} else if (!net->manners.never_signal) {
		net->counts.signals_sent++;
		host_port_send(port);
	}
}

/* Kept until all requests are taken: a response stands where a request was. */
static void
keep(struct host_netback *net, uint16_t id, int status)
{
	net->answers[net->answer_count++] = (struct xen_net_tx_response){ id,
		(int16_t)status };
}

/* Extra infos have no id, and are answered by the slot alone. */
static void
answer(struct host_netback *net, const struct net_packet *packet, int status)
{
	for (unsigned i = 0; i < packet->count; i++) {
		keep(net, packet->slots[i].id, status);
		for (unsigned j = 0; i == 0 && j < packet->extras; j++)
			keep(net, 0, XEN_NET_NULL);
	}
}

static void
put(struct net_queue *queue, struct xen_net_tx_response response)
{
	struct host_netback_manners *manners = &queue->net->manners;
	bool twice = false;

	if (response.status != XEN_NET_NULL) {
		if (backend_nth(&manners->tx_id_nth))
			response.id = manners->tx_id;
		if (backend_nth(&manners->tx_error_nth))
			response.status = XEN_NET_ERROR;
		twice = backend_nth(&manners->tx_twice_nth);
	}
	backend_ring_put(&queue->tx, queue->tx.rsp_prod++, &response,
	    sizeof(response));
	if (twice)
		backend_ring_put(&queue->tx, queue->tx.rsp_prod++, &response,
		    sizeof(response));
}

static void
deliver(struct host_netback *net, const struct net_packet *packet)
{
	net->counts.tx_frames++;
	net->counts.tx_slots += packet->count + packet->extras;
	if (net->on_frame != NULL)
		net->on_frame(net->on_frame_ctx, &packet->frame);
	else
		host_netback_send(net, &packet->frame);
}

/* False: no more of this guest is taken. */
static bool
take_one(struct net_queue *queue, uint32_t waiting)
{
	struct host_netback *net = queue->net;
	struct net_packet packet;

	switch (net_packet_take(queue, waiting, &packet)) {
	case NET_FRAME:
		deliver(net, &packet);
		answer(net, &packet, XEN_NET_OKAY);
		return true;
	case NET_NOTHING:
		answer(net, &packet, packet.status);
		return true;
	case NET_WRONG:
		net->counts.refused++;
		answer(net, &packet, XEN_NET_ERROR);
		return true;
	case NET_FATAL:
		break;
	}
	net->counts.refused++;
	return false;
}

/* All that waits is taken, then answered with one signal at most. */
static bool
take(struct net_queue *queue)
{
	struct host_netback *net = queue->net;
	uint32_t waiting = backend_ring_waiting(&queue->tx), end;
	bool good = waiting <= queue->tx.size;

	if (!good)
		net->counts.refused++;
	end = queue->tx.req_cons + waiting;
	net->answer_count = 0;
	while (good && queue->tx.req_cons != end)
		good = take_one(queue, end - queue->tx.req_cons);
	for (unsigned i = 0; good && i < net->answer_count; i++)
		put(queue, net->answers[i]);
	if (good)
		net_publish(queue, &queue->tx, queue->tx_port,
		    &net->manners.tx_producer_jump);
	return good;
}

static void
look(struct backend *backend, unsigned index)
{
	struct host_netback *net = (struct host_netback *)backend;
	struct net_queue *queue = &net->queues[index];
	unsigned looks = 0;

	queue->tx_due = false;
	if (queue->tx_port == NULL || net->counts.disabled ||
	    !backend_ring_begin(&queue->tx))
		return;
	if (net->manners.stop) {
		if (backend_ring_waiting(&queue->tx) != 0)
			net_tx_later(queue, STOPPED_TIME);
		return;
	}
	if (net->manners.storm > 0 && !net->storming) {
		net->storming = true;
		backend_later(backend, STORM_TIME, storm, index);
	}
	do {
		if (!take(queue)) {
			/* xenvif_fatal_tx_err(): all of the device */
			net->counts.disabled = true;
			return;
		}
		if (!backend_ring_arm(&queue->tx, queue->tx.req_cons + 1))
			return;
	} while (++looks < LOOKS_MAX);
	net_tx_later(queue, 0);
}

void
net_tx_later(struct net_queue *queue, uint64_t delay)
{
	if (queue->tx_due)
		return;
	queue->tx_due = true;
	backend_later(&queue->net->backend, delay, look, queue->index);
}

void
net_tx_signalled(void *argument)
{
	struct net_queue *queue = argument;

	if (queue->net->manners.delay > 0)
		net_tx_later(queue, queue->net->manners.delay);
	else if (!queue->tx_due)
		look(&queue->net->backend, queue->index);
}
