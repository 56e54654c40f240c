/* SPDX-License-Identifier: ISC */
/*
 * A queue: a channel, what is sent and received on it, and its events.  It runs
 * on the CPU that has it, and rests while the owner of the bus opens or closes
 * it.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvn.h"

#define BAD_RING "impossible packet or index of a ring"

/* ---- Whose turn it is ------------------------------------------------- */

uint32_t
hvn_queue_state(const struct hvn_queue *queue)
{
	return __atomic_load_n(&queue->state, __ATOMIC_ACQUIRE);
}

static void
set_state(struct hvn_queue *queue, enum hvn_queue_state new)
{
	__atomic_store_n(&queue->state, (uint32_t) new, __ATOMIC_RELEASE);
}

/* From the owner of the bus: its CPU may come to rest by itself meanwhile, and
 * that stays. */
static void
change_state(struct hvn_queue *queue, enum hvn_queue_state new)
{
	uint32_t state = hvn_queue_state(queue);

	while (state != HVN_QUEUE_REST &&
	    !__atomic_compare_exchange_n(&queue->state, &state, (uint32_t) new,
		true, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		continue;
}

bool
hvn_queue_runs(const struct hvn_queue *queue)
{
	return hvn_queue_state(queue) == HVN_QUEUE_RUN;
}

bool
hvn_queue_rests(const struct hvn_queue *queue)
{
	return hvn_queue_state(queue) == HVN_QUEUE_REST;
}

bool
hvn_queue_empty(const struct hvn_queue *queue)
{
	return hvn_queue_rests(queue) &&
	    __atomic_load_n(&queue->tx.kept, __ATOMIC_ACQUIRE) == 0;
}

static void
end_all(struct hvn_queue *queue, int error)
{
	queue->stop_error = error;
	set_state(queue, HVN_QUEUE_STOP); /* for who comes back from `done` */
	hvn_tx_stop(queue, error);
	hvn_frame_forget(queue);
	set_state(queue, HVN_QUEUE_REST);
}

void
hvn_queue_broken(struct hvn_queue *queue, const char *why)
{
	if (hvn_queue_rests(queue) || queue->broken != NULL)
		return;
	__atomic_store_n(&queue->broken, why, __ATOMIC_RELEASE);
	end_all(queue, PV_EPROTO);
}

void
hvn_queue_stop(struct hvn_queue *queue, int error, uint64_t time)
{
	if (hvn_queue_rests(queue))
		return;
	queue->stop_error = error;
	queue->stop_by = pv_bus_now(queue->hvn->device->bus) + time;
	if (queue->cpu == 0 && (time == 0 || hvn_tx_idle(queue)))
		end_all(queue, error);
	else
		change_state(queue, HVN_QUEUE_STOP);
}

void
hvn_queue_end(struct hvn_queue *queue, int error)
{
	if (!hvn_queue_rests(queue))
		end_all(queue, error);
}

/* Frames end on the CPU of their queue. */
static void
judged(struct hvn_queue *queue)
{
	uint32_t verdict = __atomic_load_n(&queue->verdict, __ATOMIC_ACQUIRE);

	if (verdict != HVN_UNKNOWN)
		hvn_tx_release_kept(queue,
		    verdict == HVN_LET_GO ? queue->stop_error : PV_EBUSY);
}

void
hvn_queue_judge(struct hvn_queue *queue, enum hvn_verdict verdict)
{
	__atomic_store_n(&queue->verdict, (uint32_t)verdict, __ATOMIC_RELEASE);
	if (queue->cpu == 0 || queue->hvn->nic.gone)
		judged(queue);
}

void
hvn_queue_talk(struct hvn_queue *queue)
{
	queue->verdict = HVN_UNKNOWN;
	queue->look = 0;
	queue->busy = false;
	queue->broken = NULL;
	queue->channel->stats = queue->stats;
	hvn_tx_open(queue);
	queue->rx.told = (struct hvn_acks){ .ids = queue->rx.told_ids,
		.size = HVN_TOLD };
	set_state(queue, HVN_QUEUE_TALK);
}

void
hvn_queue_run(struct hvn_queue *queue)
{
	uint32_t talk = HVN_QUEUE_TALK;

	queue->look = 0;
	(void)__atomic_compare_exchange_n(&queue->state, &talk,
	    (uint32_t)HVN_QUEUE_RUN, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

struct hvn_queue *
hvn_queue_new(struct hvn *hvn, unsigned index)
{
	struct hvn_queue *queue = hvn->queues[index];

	if (queue != NULL)
		return queue;
	queue = pv_alloc(hvn->device->bus, sizeof(*queue));
	if (queue == NULL)
		return NULL;
	queue->hvn = hvn;
	queue->index = index;
	queue->stats = &hvn->device->stats;
	hvn_tx_open(queue);
	hvn->queues[index] = queue;
	return queue;
}

void
hvn_queue_free(struct hvn_queue *queue)
{
	if (queue == NULL)
		return;
	hvn_rx_close(queue);
	queue->hvn->queues[queue->index] = NULL;
	pv_free(queue->hvn->device->bus, queue, sizeof(*queue));
}

/* ---- Run -------------------------------------------------------------- */

bool
hvn_queue_send(struct hvn_queue *queue, const struct ring_packet_out *packet)
{
	switch (vmbus_send(queue->channel, packet)) {
	case PV_OK:
		queue->stats->slots++;
		return true;
	case PV_EPROTO:
		hvn_queue_broken(queue, BAD_RING);
		return false;
	default: /* no room; or closed, and we shall be told */
		return false;
	}
}

static void
kick(struct hvn_queue *queue)
{
	if (!hvn_queue_runs(queue))
		return;
	hvn_tx_flush(queue);
	if (hvn_queue_runs(queue))
		vmbus_kick(queue->channel);
}

void
hvn_queue_kick(struct hvn_queue *queue)
{
	uint32_t others = queue->tx.others;

	queue->tx.others = 0;
	kick(queue);
	for (unsigned i = 0; others != 0; i++, others >>= 1)
		if ((others & 1) != 0)
			kick(queue->hvn->queues[i]);
}

static void
handle(struct hvn_queue *queue, const struct ring_packet *packet)
{
	switch (packet->type) {
	case HV_PACKET_COMPLETION:
		hvn_tx_completed(queue, packet);
		break;
	case HV_PACKET_XFER_PAGES:
		hvn_rx_packet(queue, packet);
		break;
	case HV_PACKET_INBAND:
		hvn_control_told(queue, packet);
		break;
	default:
		queue->stats->bad_value++;
		break;
	}
}

/* Packets taken, at most `budget`. */
static unsigned
drain(struct hvn_queue *queue, unsigned budget)
{
	struct ring_packet packet;
	unsigned taken;

	for (taken = 0; taken < budget; taken++) {
		int result = vmbus_receive(queue->channel, &packet);

		if (result == 1)
			handle(queue, &packet);
		else if (result == PV_EPROTO)
			hvn_queue_broken(queue, BAD_RING);
		else if (result != PV_EMSGSIZE)
			break;
		if (hvn_queue_rests(queue))
			break;
	}
	return taken;
}

static bool
is_broken(struct hvn_queue *queue)
{
	if (__atomic_load_n(&queue->channel->broken, __ATOMIC_ACQUIRE) == 0)
		return false;
	hvn_queue_broken(queue, BAD_RING);
	return true;
}

static bool
is_waiting(const struct hvn_queue *queue)
{
	return queue->stuck || queue->tx.slots.used > 0 ||
	    queue->tx.waiting != NULL || queue->rx.acks.count > 0 ||
	    queue->rx.told.count > 0;
}

static bool
run(struct hvn_queue *queue, unsigned budget)
{
	const struct pv_port *port = queue->hvn->hyperv->port;
	bool work = vmbus_take(queue->channel) || queue->busy;
	unsigned taken = work ? drain(queue, budget) : 0;

	if (hvn_queue_rests(queue) || is_broken(queue))
		return false;
	hvn_rx_acknowledge(queue);
	queue->stuck = queue->index == 0 && !hvn_control_send(queue);
	if (hvn_queue_runs(queue))
		hvn_tx_step(queue);
	if (!hvn_queue_rests(queue))
		hvn_tx_flush(queue);
	if (hvn_queue_rests(queue))
		return false;
	vmbus_kick(queue->channel);
	queue->busy = taken == budget || (work && vmbus_done(queue->channel));
	if (is_broken(queue))
		return false;
	queue->look = port->now(port->ctx) +
	    (is_waiting(queue) ? HVN_LOOK_TX : HVN_LOOK_RX);
	return queue->busy;
}

/* Frames that the host still has may end by themselves. */
static bool
stop(struct hvn_queue *queue, unsigned budget)
{
	const struct pv_port *port = queue->hvn->hyperv->port;
	bool late = port->now(port->ctx) >= queue->stop_by, more = false;

	hvn_tx_abandon(queue, queue->stop_error);
	if (!late)
		more = run(queue, budget);
	if (!hvn_queue_rests(queue) && (late || hvn_tx_idle(queue)))
		end_all(queue, queue->stop_error);
	return more && !hvn_queue_rests(queue);
}

bool
hvn_queue_poll(struct hvn_queue *queue, unsigned budget)
{
	switch (hvn_queue_state(queue)) {
	case HVN_QUEUE_TALK:
	case HVN_QUEUE_RUN:
		return budget > 0 && run(queue, budget);
	case HVN_QUEUE_STOP:
		return stop(queue, budget);
	default:
		judged(queue);
		return false;
	}
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t
hvn_queue_deadline(const struct hvn_queue *queue)
{
	uint64_t deadline = queue->look;

	if (hvn_queue_rests(queue))
		return queue->tx.kept > 0 &&
			__atomic_load_n(&queue->verdict, __ATOMIC_ACQUIRE) !=
			    HVN_UNKNOWN
		    ? 0
		    : PV_NEVER;
	if (queue->busy ||
	    (queue->index == 0 && !queue->stuck &&
		__atomic_load_n(&queue->hvn->control.state, __ATOMIC_ACQUIRE) ==
		    HVN_CONTROL_WANTED))
		return 0;
	if (hvn_queue_state(queue) == HVN_QUEUE_STOP)
		deadline = earlier(deadline, queue->stop_by);
	return earlier(deadline, vmbus_deadline(queue->channel));
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

/* Counters have one writer: those of the device are the bus owner's. */
static void
belongs_to(struct hvn_queue *queue, unsigned cpu)
{
	queue->cpu = cpu;
	add_stats(&queue->hvn->device->stats, &queue->apart);
	queue->stats = cpu == 0 ? &queue->hvn->device->stats : &queue->apart;
	if (queue->channel != NULL)
		queue->channel->stats = queue->stats;
}

void
hvn_queue_home(struct hvn_queue *queue)
{
	if (queue->cpu != 0)
		belongs_to(queue, 0);
}

int
hvn_queue_own(struct hvn_queue *queue, unsigned cpu)
{
	int error = PV_OK;

	if (queue->channel != NULL && queue->channel->state == VMBUS_OPEN)
		error = vmbus_channel_target(queue->channel, cpu);
	if (error != PV_OK)
		return error;
	belongs_to(queue, cpu);
	return PV_OK;
}
