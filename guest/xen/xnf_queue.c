/* SPDX-License-Identifier: ISC */
/*
 * A queue: two rings, their memory and their events.  It runs on the CPU that
 * has it, and rests while the owner of the bus connects or frees it.
 */
#include "guest/bus/libc.h"
#include "guest/xen/xnf.h"

/* ---- Whose turn it is ------------------------------------------------- */

static uint32_t
state(const struct xnf_queue *queue)
{
	return __atomic_load_n(&queue->state, __ATOMIC_ACQUIRE);
}

static void
set_state(struct xnf_queue *queue, enum xnf_queue_state new)
{
	__atomic_store_n(&queue->state, (uint32_t) new, __ATOMIC_RELEASE);
}

bool
xnf_queue_runs(const struct xnf_queue *queue)
{
	return state(queue) == XNF_QUEUE_RUN;
}

bool
xnf_queue_rests(const struct xnf_queue *queue)
{
	return state(queue) == XNF_QUEUE_REST;
}

static void
end_all(struct xnf_queue *queue, int error)
{
	set_state(queue, XNF_QUEUE_STOP); /* for who comes back from `done` */
	xnf_tx_stop(queue, error);
	set_state(queue, XNF_QUEUE_REST);
}

void
xnf_queue_broken(struct xnf_queue *queue, const char *why)
{
	if (!xnf_queue_runs(queue))
		return;
	__atomic_store_n(&queue->broken, why, __ATOMIC_RELEASE);
	end_all(queue, PV_EPROTO);
}

void
xnf_queue_stop(struct xnf_queue *queue, int error)
{
	if (!xnf_queue_runs(queue))
		return;
	queue->stop_error = error;
	if (queue->cpu == 0)
		end_all(queue, error);
	else
		set_state(queue, XNF_QUEUE_STOP);
}

void
xnf_queue_end(struct xnf_queue *queue, int error)
{
	if (!xnf_queue_rests(queue))
		end_all(queue, error);
}

/* The back end looks into the rings by itself when it connects, and is told all
 * the same: that is how it learns that this end of the channel is there. */
void
xnf_queue_run(struct xnf_queue *queue)
{
	queue->look = 0;
	xen_channel_send(&queue->channel);
	if (queue->split)
		xen_channel_send(&queue->rx_channel);
	set_state(queue, XNF_QUEUE_RUN);
}

/* ---- Memory and events ------------------------------------------------ */

struct xnf_queue *
xnf_queue_new(struct xnf *xnf, unsigned index)
{
	struct xnf_queue *queue = xnf->queues[index];

	if (queue != NULL)
		return queue;
	queue = pv_alloc(xnf->device->bus, sizeof(*queue));
	if (queue == NULL)
		return NULL;
	queue->xnf = xnf;
	queue->index = index;
	queue->stats = &xnf->device->stats;
	xnf->queues[index] = queue;
	return queue;
}

static int
open_channels(struct xnf_queue *queue, bool split)
{
	struct xnf *xnf = queue->xnf;
	uint16_t remote = xnf->bus->backend_id;
	int error = xen_channel_open(xnf->xen, &queue->channel, remote,
	    queue->cpu, queue->stats);

	queue->split = split;
	if (error == PV_OK && split)
		error = xen_channel_open(xnf->xen, &queue->rx_channel, remote,
		    queue->cpu, queue->stats);
	return error;
}

int
xnf_queue_open(struct xnf_queue *queue, bool split)
{
	int error = open_channels(queue, split);

	queue->broken = NULL;
	queue->event = queue->rx_event = false;
	queue->worked = queue->rx_worked = false;
	if (error == PV_OK)
		error = xnf_area_open(queue->xnf, &queue->rings, 2);
	if (error == PV_OK)
		error = xnf_tx_open(queue);
	if (error == PV_OK)
		error = xnf_rx_open(queue);
	if (error != PV_OK) {
		xnf_queue_close(queue);
		return error;
	}
	/* only now, with something sensible in them */
	xnf_area_lend(queue, &queue->rings, 0, false);
	xnf_area_lend(queue, &queue->rings, 1, false);
	xnf_queue_kick(queue);
	return PV_OK;
}

static void
close_channel(struct xen_channel *channel)
{
	if (channel->port != 0)
		xen_channel_close(channel);
}

/* The rings go first, so that nothing more is said in them. */
void
xnf_queue_close(struct xnf_queue *queue)
{
	close_channel(&queue->channel);
	close_channel(&queue->rx_channel);
	xnf_area_close(queue->xnf, &queue->rings);
	xnf_tx_close(queue);
	xnf_rx_close(queue);
}

/* ---- Run -------------------------------------------------------------- */

/* Both rings are told of by one signal, or by two in one hypercall. */
void
xnf_queue_kick(struct xnf_queue *queue)
{
	struct xen_channel *channels[2];
	struct ring *tx = &queue->tx.ring, *rx = &queue->rx.ring;
	bool news = tx->req_prod != tx->published ||
	    rx->req_prod != rx->published;
	bool tell = ring_publish(tx), tell_rx = ring_publish(rx);
	unsigned count = 0;

	if (tell || (tell_rx && !queue->split))
		channels[count++] = &queue->channel;
	if (tell_rx && queue->split)
		channels[count++] = &queue->rx_channel;
	if (!xnf_queue_runs(queue))
		return; /* not connected yet; the back end will look */
	if (count == 1)
		xen_channel_send(channels[0]);
	else if (count == 2)
		xen_channels_send(channels, 2);
	else if (news)
		queue->stats->elided++;
}

/* Ask for an event, unless it was asked for already; true: there is something
 * to do at once. A frame's end is in no hurry: half of them have ended then. */
static bool
arm(struct ring *ring, uint32_t *armed, bool half)
{
	uint32_t ahead = 1;

	if (*armed == ring->rsp_cons)
		return shared_load32(&ring->shared->rsp_prod) != ring->rsp_cons;
	*armed = ring->rsp_cons;
	if (half)
		ahead += (ring->published - ring->rsp_cons) / 2;
	return ring_arm(ring, ahead);
}

static void
take_events(struct xnf_queue *queue)
{
	if (xen_channel_take(&queue->channel))
		queue->event = true;
	if (queue->split && xen_channel_take(&queue->rx_channel))
		queue->rx_event = true;
}

static void
end_events(struct xnf_queue *queue)
{
	if (queue->event)
		xen_channel_done(&queue->channel,
		    queue->worked || (!queue->split && queue->rx_worked));
	if (queue->rx_event)
		xen_channel_done(&queue->rx_channel, queue->rx_worked);
	queue->event = queue->rx_event = false;
	queue->worked = queue->rx_worked = false;
}

static bool
run(struct xnf_queue *queue, unsigned budget)
{
	const struct pv_port *port = queue->xnf->xen->port;
	struct ring *tx = &queue->tx.ring;
	unsigned sent, received;
	bool more;

	take_events(queue);
	xnf_tx_retry(queue);
	sent = xnf_queue_runs(queue) ? xnf_tx_drain(queue, budget) : 0;
	received = xnf_queue_runs(queue) ? xnf_rx_drain(queue, budget) : 0;
	if (!xnf_queue_runs(queue))
		return false;
	queue->worked = queue->worked || sent > 0;
	queue->rx_worked = queue->rx_worked || received > 0;
	if (queue->index == 0)
		xnf_multicast_step(queue);
	xnf_tx_step(queue);
	xnf_queue_kick(queue);
	more = sent == budget || received == budget;
	if (!more) {
		more = arm(tx, &queue->tx.armed, true);
		more = arm(&queue->rx.ring, &queue->rx.armed, false) || more;
	}
	if (!more)
		end_events(queue);
	queue->look = port->now(port->ctx) +
	    (ring_used(tx) > 0 ? XNF_LOOK_TX : XNF_LOOK_RX);
	return more;
}

bool
xnf_queue_poll(struct xnf_queue *queue, unsigned budget)
{
	switch (state(queue)) {
	case XNF_QUEUE_RUN:
		return budget > 0 && run(queue, budget);
	case XNF_QUEUE_STOP:
		end_all(queue, queue->stop_error);
		return false;
	default:
		return false;
	}
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t
xnf_queue_deadline(const struct xnf_queue *queue)
{
	uint64_t deadline = queue->look;

	if (state(queue) == XNF_QUEUE_STOP)
		return 0;
	if (!xnf_queue_runs(queue))
		return PV_NEVER;
	if (queue->tx.held != XNF_NONE)
		deadline = earlier(deadline, queue->tx.give_up);
	deadline = earlier(deadline, xen_channel_deadline(&queue->channel));
	if (queue->split)
		deadline = earlier(deadline,
		    xen_channel_deadline(&queue->rx_channel));
	return deadline;
}

/* ---- Owners ----------------------------------------------------------- */

static void
add_stats(struct pv_stats *to, struct pv_stats *from)
{
	uint64_t *sum = (uint64_t *)to;
	const uint64_t *part = (const uint64_t *)from;

	for (size_t i = 0; i < sizeof(*to) / sizeof(*sum); i++)
		sum[i] += part[i];
	*from = (struct pv_stats){ 0 };
}

static int
move_channels(struct xnf_queue *queue, unsigned cpu)
{
	int error = PV_OK;

	if (queue->channel.port != 0)
		error = xen_channel_move(&queue->channel, cpu);
	if (error == PV_OK && queue->rx_channel.port != 0)
		error = xen_channel_move(&queue->rx_channel, cpu);
	if (error != PV_OK && queue->channel.port != 0)
		xen_channel_move(&queue->channel, queue->cpu);
	return error;
}

/* Counters have one writer: those of the device are the bus owner's. */
int
xnf_queue_own(struct xnf_queue *queue, unsigned cpu)
{
	int error = move_channels(queue, cpu);

	if (error != PV_OK)
		return error;
	queue->cpu = cpu;
	add_stats(&queue->xnf->device->stats, &queue->apart);
	queue->stats = cpu == 0 ? &queue->xnf->device->stats : &queue->apart;
	queue->channel.stats = queue->rx_channel.stats = queue->stats;
	return PV_OK;
}
