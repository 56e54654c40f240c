/* SPDX-License-Identifier: ISC */
/*
 * Packets of an open channel: on the CPU that owns it, without a lock, without
 * memory taken, and without a line printed.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/channel_private.h"

/* How often a full ring is looked at though the host said that it tells, and
 * where it did not. */
#define LOOK_RARELY (10 * PV_MILLISECOND)
#define LOOK_OFTEN PV_MILLISECOND

static bool
is_broken(const struct vmbus_channel *channel)
{
	return __atomic_load_n(&channel->broken, __ATOMIC_RELAXED) != 0;
}

/* The owner of the bus says so, in a line. */
static int
broken(struct vmbus_channel *channel)
{
	if (!is_broken(channel)) {
		channel->stats->bad_index++;
		__atomic_store_n(&channel->broken, 1, __ATOMIC_RELEASE);
		__atomic_store_n(&channel_vmbus(channel)->broken, 1,
		    __ATOMIC_RELEASE);
	}
	return PV_EPROTO;
}

/* ---- Signal ----------------------------------------------------------- */

/*
 * A channel without a connection of its own shares one with others, and a bit
 * says which it is; hosts that look at monitors are shown the bit as well, as
 * by Linux's vmbus_setevent().
 */
static void
signal_host(struct vmbus_channel *channel)
{
	struct hv_vmbus_interrupt_page *page =
	    channel_vmbus(channel)->interrupts;
	uint32_t relid = channel->offer.relid;

	if ((!channel->offer.dedicated || channel->offer.monitored) &&
	    page != NULL && relid < HV_VMBUS_EVENT_BITS)
		__atomic_fetch_or(&page->to_host[relid / 32], 1u << relid % 32,
		    __ATOMIC_SEQ_CST);
	if (monitor_signal(channel))
		channel->stats->signals++;
	else
		channel->unheard = hyperv_signal(channel->hyperv,
				       channel->stats,
				       channel->offer.connection, 0) != PV_OK;
}

/* ---- To the host ------------------------------------------------------ */

void
vmbus_kick(struct vmbus_channel *channel)
{
	struct ring_out *out = &channel->out;

	if (channel->state != VMBUS_OPEN || out->write == out->published ||
	    is_broken(channel))
		return;
	channel->stats->published++;
	if (ring_publish(out))
		signal_host(channel);
	else
		channel->stats->elided++;
	if (out->broken)
		(void)broken(channel);
}

/* What is not published the host cannot take, and makes no room for. */
int
vmbus_send(struct vmbus_channel *channel, const struct ring_packet_out *packet)
{
	int error;

	if (channel->state != VMBUS_OPEN)
		return PV_ENODEV;
	if (is_broken(channel))
		return PV_EPROTO;
	error = ring_put(&channel->out, packet);
	if (error == PV_EAGAIN) {
		channel->stats->stalls++;
		vmbus_kick(channel);
	} else if (error == PV_EPROTO)
		return broken(channel);
	return error;
}

int
vmbus_send_data(struct vmbus_channel *channel, uint64_t id, uint16_t flags,
    const void *data, size_t len)
{
	const struct ring_piece piece = { data, len };
	const struct ring_packet_out packet = { .type = HV_PACKET_INBAND,
		.flags = flags,
		.id = id,
		.pieces = &piece,
		.count = 1 };

	return vmbus_send(channel, &packet);
}

/* ---- From the host ---------------------------------------------------- */

static bool
event(struct vmbus_channel *channel)
{
	if (!(__atomic_load_n(channel->mark, __ATOMIC_ACQUIRE) & MARK_EVENT) &&
	    !vmbus_collect(channel))
		return false;
	__atomic_fetch_and(channel->mark, ~MARK_EVENT, __ATOMIC_SEQ_CST);
	return true;
}

/*
 * Looks into the rings too: what no event told of is found by whoever polls, and
 * an event that tells of nothing costs no more than that look, however many of
 * them there are.
 */
bool
vmbus_take(struct vmbus_channel *channel)
{
	bool came, waiting, woken;

	if (channel->state != VMBUS_OPEN)
		return false;
	came = event(channel);
	channel->stats->events += came;
	if (is_broken(channel))
		return false;
	if (monitor_missed(channel) || channel->unheard)
		signal_host(channel);
	waiting = ring_waiting(&channel->in);
	woken = ring_woken(&channel->out);
	if (waiting || channel->polled)
		ring_mask(&channel->in);
	if (waiting || woken || channel->polled)
		return true;
	channel->stats->spurious += came;
	return false;
}

int
vmbus_receive(struct vmbus_channel *channel, struct ring_packet *packet)
{
	int result;

	if (channel->state != VMBUS_OPEN)
		return PV_ENODEV;
	if (is_broken(channel))
		return PV_EPROTO;
	result = ring_take(&channel->in, packet);
	if (result == PV_EPROTO)
		return broken(channel);
	if (result == PV_EMSGSIZE)
		channel->stats->bad_length++;
	return result;
}

bool
vmbus_done(struct vmbus_channel *channel)
{
	struct ring_in *in = &channel->in;

	if (channel->state != VMBUS_OPEN || is_broken(channel))
		return false;
	channel->stats->published += in->read != in->published;
	if (ring_release(in))
		signal_host(channel);
	if (channel->polled)
		return ring_waiting(in);
	if (!ring_unmask(in))
		return false;
	ring_mask(in);
	return true;
}

uint64_t
vmbus_deadline(const struct vmbus_channel *channel)
{
	uint64_t first, other, look = 0;

	if (channel->state != VMBUS_OPEN || is_broken(channel))
		return PV_NEVER;
	if (__atomic_load_n(channel->mark, __ATOMIC_ACQUIRE) & MARK_EVENT)
		return 0;
	first = vmbus_collect_deadline(channel);
	other = monitor_deadline(channel);
	if (other < first)
		first = other;
	if (channel->polled || channel->unheard)
		look = LOOK_OFTEN;
	else if (channel->out.full)
		look = ring_tells(&channel->in) ? LOOK_RARELY : LOOK_OFTEN;
	if (look != 0) {
		other = pv_bus_now(channel->hyperv->bus) + look;
		if (other < first)
			first = other;
	}
	return first;
}
