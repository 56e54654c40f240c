/* SPDX-License-Identifier: ISC */
/* One end of an event channel: open, close, send, and what has come. */
#include "guest/bus/libc.h"
#include "guest/xen/events_private.h"

/* Events without work that are taken as they come; after these the port is
 * heard less and less often.  Linux does the like since XSA-391. */
#define IDLE_EVENTS 8
#define QUIET_FIRST PV_MILLISECOND
#define QUIET_DOUBLINGS 7
#define QUIET_LONGEST (100 * PV_MILLISECOND)

/* Of the bus's present life: its port is the one that we opened. */
static bool
alive(const struct xen_channel *channel)
{
	return channel->port != 0 &&
	    channel->generation == channel->xen->generation &&
	    channel->xen->events != NULL;
}

static const struct events_abi *
abi_of(const struct xen_channel *channel)
{
	return channel->xen->events->abi;
}

/* Let events of the port come again. */
static void
listen(struct xen_channel *channel)
{
	struct xen_events *events = channel->xen->events;

	channel->quiet_until = 0;
	if (!abi_of(channel)->unmask(channel->xen, channel->port) ||
	    !abi_of(channel)->collect(channel->xen, channel->port))
		return;
	__atomic_fetch_or(channel->state, PORT_MARKED, __ATOMIC_SEQ_CST);
	if (channel->cpu == 0)
		events->found = true;
}

/* The port is ours, and the host has a word for it. */
static int
take_port(struct xen *xen, struct xen_channel *channel, uint32_t port)
{
	struct xen_events *events = xen->events;
	uint32_t *state;
	int error;

	if (port == 0 || port >= events->abi->ports) {
		xen->stats->bad_index++;
		return PV_EPROTO;
	}
	state = events_state_make(xen, port);
	if (state == NULL)
		return PV_ENOMEM;
	if (__atomic_load_n(state, __ATOMIC_RELAXED) & PORT_OWNED) {
		xen->stats->bad_duplicate++;
		return PV_EPROTO;
	}
	error = events->abi->add(xen, port);
	if (error != PV_OK)
		return error;
	events->abi->mask(xen, port);
	__atomic_store_n(state, PORT_OWNED, __ATOMIC_SEQ_CST);
	channel->state = state;
	channel->port = port;
	channel->next = events->channels;
	events->channels = channel;
	return PV_OK;
}

static void
close_port(struct xen *xen, uint32_t port)
{
	struct xen_evtchn_close close = { .port = port };

	event_op(xen, xen->stats, XEN_EVTCHN_CLOSE, &close);
}

int
xen_channel_adopt(struct xen *xen, struct xen_channel *channel, uint32_t port,
    unsigned cpu, struct pv_stats *stats)
{
	int error;

	memset(channel, 0, sizeof(*channel));
	channel->xen = xen;
	channel->stats = stats;
	channel->generation = xen->generation;
	channel->adopted = true;
	if (xen->events == NULL)
		return PV_ENOTSUP;
	error = take_port(xen, channel, port);
	if (error != PV_OK)
		return error;
	if (cpu != 0)
		xen_channel_move(channel, cpu);
	listen(channel);
	return PV_OK;
}

int
xen_channel_open(struct xen *xen, struct xen_channel *channel, uint16_t remote,
    unsigned cpu, struct pv_stats *stats)
{
	struct xen_evtchn_alloc_unbound alloc = { .domid = XEN_DOMID_SELF,
		.remote_domid = remote };
	long result;
	int error;

	memset(channel, 0, sizeof(*channel));
	result = event_op(xen, stats, XEN_EVTCHN_ALLOC_UNBOUND, &alloc);
	if (result < 0)
		return xen_error(result);
	error = xen_channel_adopt(xen, channel, alloc.port, cpu, stats);
	if (error == PV_OK)
		channel->adopted = false;
	else if (error != PV_EPROTO)
		close_port(xen, alloc.port);
	return error;
}

int
xen_channel_move(struct xen_channel *channel, unsigned cpu)
{
	struct xen *xen = channel->xen;
	struct xen_evtchn_bind_vcpu bind = { .port = channel->port };
	long result;

	if (!alive(channel))
		return PV_ENODEV;
	if (cpu == channel->cpu)
		return PV_OK;
	if (cpu >= xen->cpus ||
	    !__atomic_load_n(&xen->events->cpu[cpu].started, __ATOMIC_ACQUIRE))
		return PV_ENOTSUP;
	bind.vcpu = xen->vcpu[cpu];
	result = event_op(xen, channel->stats, XEN_EVTCHN_BIND_VCPU, &bind);
	if (result < 0)
		return result == -XEN_ENOSYS ? PV_ENOTSUP : xen_error(result);
	channel->cpu = cpu;
	return PV_OK;
}

void
xen_channel_forget(struct xen_channel *channel)
{
	struct xen *xen = channel->xen;

	if (xen != NULL && xen->events != NULL)
		for (struct xen_channel **link = &xen->events->channels;
		     *link != NULL; link = &(*link)->next)
			if (*link == channel) {
				*link = channel->next;
				break;
			}
	channel->next = NULL;
	channel->port = 0;
	channel->quiet_until = 0;
	channel->taken = false;
}

/* Masked first: until the host has closed it, its events are still ours. */
void
xen_channel_close(struct xen_channel *channel)
{
	if (alive(channel)) {
		abi_of(channel)->mask(channel->xen, channel->port);
		if (!channel->adopted)
			close_port(channel->xen, channel->port);
		__atomic_store_n(channel->state, 0, __ATOMIC_SEQ_CST);
	}
	xen_channel_forget(channel);
}

void
events_close_channels(struct xen *xen)
{
	while (xen->events->channels != NULL)
		xen_channel_close(xen->events->channels);
}

/* ---- Send ------------------------------------------------------------- */

void
xen_channel_send(struct xen_channel *channel)
{
	struct xen_evtchn_send send = { .port = channel->port };

	if (!alive(channel))
		return;
	channel->stats->signals++;
	event_op(channel->xen, channel->stats, XEN_EVTCHN_SEND, &send);
}

void
xen_channels_send(struct xen_channel *const *channels, unsigned count)
{
	struct xen_multicall_entry entries[16];
	struct xen_evtchn_send sends[16];
	const struct xen_channel *last = NULL;
	unsigned used = 0;

	for (unsigned i = 0; i < count; i++) {
		if (alive(channels[i])) {
			last = channels[i];
			last->stats->signals++;
			sends[used].port = last->port;
			entries[used] = (struct xen_multicall_entry){
				.op = XEN_HC_EVENT_CHANNEL_OP,
				.args = { XEN_EVTCHN_SEND,
				    (uintptr_t)&sends[used] },
			};
			used++;
		}
		if (used > 0 && (used == 16 || i + 1 == count)) {
			xen_multicall(last->xen, last->stats, entries, used);
			used = 0;
		}
	}
}

/* ---- What has come ---------------------------------------------------- */

/* Looks at the host's memory too: an event of which no interrupt told is found
 * by whoever polls.  Once taken there is no other before xen_channel_done(),
 * though the host may rub the mask out. */
bool
xen_channel_take(struct xen_channel *channel)
{
	if (!alive(channel) || channel->taken)
		return false;
	if (channel->quiet_until != 0 &&
	    pv_bus_now(channel->xen->bus) >= channel->quiet_until)
		listen(channel);
	if (!(__atomic_load_n(channel->state, __ATOMIC_ACQUIRE) &
		PORT_MARKED) &&
	    !abi_of(channel)->collect(channel->xen, channel->port))
		return false;
	__atomic_fetch_and(channel->state, ~PORT_MARKED, __ATOMIC_SEQ_CST);
	channel->stats->events++;
	channel->taken = true;
	return true;
}

static uint64_t
quiet_time(uint32_t idle)
{
	uint32_t doublings = idle - IDLE_EVENTS - 1;
	uint64_t time;

	if (doublings > QUIET_DOUBLINGS)
		doublings = QUIET_DOUBLINGS;
	time = QUIET_FIRST << doublings;
	return time < QUIET_LONGEST ? time : QUIET_LONGEST;
}

void
xen_channel_done(struct xen_channel *channel, bool work)
{
	if (!alive(channel))
		return;
	if (work) {
		channel->idle = 0;
	} else if (channel->taken) {
		channel->stats->spurious++;
		if (channel->idle < UINT32_MAX)
			channel->idle++;
		if (channel->idle > IDLE_EVENTS)
			channel->quiet_until = pv_bus_now(channel->xen->bus) +
			    quiet_time(channel->idle);
	}
	/* quiet, and a poll found work without an event */
	if (channel->taken || (work && channel->quiet_until != 0)) {
		channel->taken = false;
		if (work || channel->quiet_until == 0)
			listen(channel);
	}
}

/* The events of a channel that nobody takes must not keep the bus awake:
 * events->found is about one turn only. */
void
events_wake_quiet(struct xen *xen)
{
	uint64_t now = 0;

	for (struct xen_channel *channel = xen->events->channels;
	     channel != NULL; channel = channel->next) {
		if (channel->cpu != 0 || channel->quiet_until == 0)
			continue;
		if (now == 0)
			now = pv_bus_now(xen->bus);
		if (now >= channel->quiet_until && !channel->taken)
			listen(channel);
	}
}

uint64_t
xen_channel_deadline(const struct xen_channel *channel)
{
	if (!alive(channel))
		return PV_NEVER;
	if (__atomic_load_n(channel->state, __ATOMIC_ACQUIRE) & PORT_MARKED)
		return 0;
	if (channel->quiet_until != 0)
		return channel->quiet_until;
	if (channel->xen->events->delivery == EVENTS_POLLED)
		return pv_bus_now(channel->xen->bus) + PV_MILLISECOND;
	return PV_NEVER;
}
