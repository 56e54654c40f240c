/* SPDX-License-Identifier: ISC */
/*
 * The end of a channel's rings: the host is told that the channel is closed,
 * then asked to let go of them; nobody waits for that but a channel that is to
 * be released.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/channel_private.h"

void
opening_free(struct vmbus_opening *opening)
{
	struct pv_bus *bus = opening->vmbus->hyperv->bus;

	if (opening->copy != NULL)
		pv_free(bus, opening->copy, opening->copy_size);
	pv_free(bus, opening, sizeof(*opening));
}

static size_t
close_message(struct vmbus_request *request, unsigned number, void *to)
{
	const struct vmbus_opening *opening = request->owner;
	const struct hv_vmbus_close message = { .header.type = HV_VMBUS_CLOSE,
		.relid = opening->relid };

	if (number > 0)
		return 0;
	memcpy(to, &message, sizeof(message));
	return sizeof(message);
}

/* From Windows Server 2016 on, a host wants a channel closed before its memory
 * is asked back; those before it the other way round.  Linux does so since
 * netvsc's "Ensure correct teardown message sequence order". */
static bool
closes_first(const struct vmbus *vmbus)
{
	return vmbus_since(vmbus, HV_VMBUS_4_0);
}

/* ---- Step by step ----------------------------------------------------- */

static void
let_go(struct vmbus_opening *opening)
{
	vmbus_gpadl_give(opening->channel, &opening->ring);
	gpadls_closed(opening->vmbus, opening);
}

/* A host that could not be told still has it open, and its rings in use. */
static void
was_told(struct vmbus_request *request, int error, uint32_t status)
{
	struct vmbus_opening *opening = request->owner;

	(void)status;
	if (error == PV_EINTR)
		return;
	if (error != PV_OK)
		gpadl_keep(opening->channel, &opening->ring);
	let_go(opening);
}

static void
tell(struct vmbus_opening *opening)
{
	opening->told = true;
	if (!opening->asked) {
		let_go(opening);
		return;
	}
	opening->request = (struct vmbus_request){ .message = close_message,
		.answer = VMBUS_NO_ANSWER,
		.relid = opening->relid,
		.done = was_told,
		.owner = opening };
	vmbus_request(opening->vmbus, &opening->request);
}

/* Whether it can go on. */
static bool
ready(const struct vmbus_opening *opening)
{
	const struct vmbus *vmbus = opening->vmbus;

	if (vmbus_request_busy(&opening->request) ||
	    vmbus_request_busy(&opening->modify))
		return false; /* the host opens it, or is told */
	return opening->told || closes_first(vmbus) ||
	    !gpadls_given(vmbus, opening->channel);
}

/* True: there is nothing left of it. */
static bool
step(struct vmbus_opening *opening)
{
	if (!ready(opening))
		return false;
	if (!opening->told)
		tell(opening);
	return ready(opening);
}

void
opening_close(struct vmbus_opening *opening)
{
	struct vmbus *vmbus = opening->vmbus;

	opening->closing = true;
	opening->next = vmbus->closing;
	vmbus->closing = opening;
	if (opening->request.state == REQUEST_QUEUED &&
	    opening->request.number == 0) {
		vmbus_request_cancel(vmbus, &opening->request);
		opening->asked = false;
	}
	if (vmbus_request_busy(&opening->modify))
		vmbus_request_cancel(vmbus, &opening->modify);
	/* freed by the next poll: its driver may look at a packet still */
	(void)step(opening);
}

bool
channel_closing(const struct vmbus_channel *channel)
{
	const struct vmbus_opening *opening = channel_vmbus(channel)->closing;

	while (
	    opening != NULL && (opening->channel != channel || opening->told))
		opening = opening->next;
	return opening != NULL;
}

void
vmbus_channel_close(struct vmbus_channel *channel)
{
	struct vmbus *vmbus = channel_vmbus(channel);
	struct vmbus_opening *opening = channel->opening;

	channel->opening = NULL;
	if (channel->state != VMBUS_RESCINDED)
		channel->state = VMBUS_CLOSED;
	gpadls_give_all(channel, closes_first(vmbus) ? opening : NULL);
	if (opening != NULL)
		opening_close(opening);
}

/* Before the host was told, its rings are lent still. */
int
vmbus_channel_closed(const struct vmbus_channel *channel)
{
	if (channel->unsure)
		return PV_EBUSY;
	if (channel->opening != NULL)
		return PV_EAGAIN;
	return gpadls_rings(channel_vmbus(channel), channel);
}

/* ---- Taken away ------------------------------------------------------- */

void
channel_rescinded(struct vmbus_channel *channel)
{
	struct vmbus_opening *opening = channel->opening;
	bool was_opening = channel->state == VMBUS_OPENING;

	channel->state = VMBUS_RESCINDED;
	if (!was_opening)
		return;
	channel->opening = NULL;
	opening_close(opening);
	if (channel->user != NULL && channel->user->opened != NULL)
		channel->user->opened(channel->owner, channel, PV_ENODEV);
}

bool
channel_gone(struct vmbus_channel *channel)
{
	struct vmbus *vmbus = channel_vmbus(channel);

	vmbus_channel_close(channel);
	for (const struct vmbus_opening *opening = vmbus->closing;
	     opening != NULL; opening = opening->next)
		if (opening->channel == channel)
			return false;
	if (gpadls_returning(vmbus, channel))
		return false;
	gpadls_leave(vmbus, channel);
	return true;
}

/* ---- All of them ------------------------------------------------------ */

static void
drop(struct vmbus_opening *opening)
{
	struct vmbus *vmbus = opening->vmbus;

	if (vmbus_request_busy(&opening->request))
		vmbus_request_cancel(vmbus, &opening->request);
	if (vmbus_request_busy(&opening->modify))
		vmbus_request_cancel(vmbus, &opening->modify);
	opening_free(opening);
}

void
channels_forget(struct vmbus *vmbus, bool sure)
{
	for (struct vmbus_channel *channel = vmbus->first; channel != NULL;
	     channel = channel->next) {
		if (!sure && gpadls_rings(vmbus, channel) != PV_OK)
			channel->unsure = true;
		if (channel->opening != NULL)
			drop(channel->opening);
		channel->opening = NULL;
		if (channel->state != VMBUS_RESCINDED)
			channel->state = VMBUS_CLOSED;
	}
	gpadls_forget(vmbus, sure);
	while (vmbus->closing != NULL) {
		struct vmbus_opening *opening = vmbus->closing;

		vmbus->closing = opening->next;
		drop(opening);
	}
}

static void
tell_broken(struct vmbus *vmbus)
{
	if (__atomic_exchange_n(&vmbus->broken, 0, __ATOMIC_ACQUIRE) == 0)
		return;
	for (struct vmbus_channel *channel = vmbus->first; channel != NULL;
	     channel = channel->next) {
		if (channel->told ||
		    !__atomic_load_n(&channel->broken, __ATOMIC_ACQUIRE))
			continue;
		channel->told = true;
		hyperv_log(vmbus->hyperv, PV_LOG_ERROR,
		    "channel %u: the host has written nonsense into its ring",
		    channel->offer.relid);
	}
}

bool
channels_poll(struct vmbus *vmbus, unsigned budget)
{
	struct vmbus_opening **link = &vmbus->closing;
	bool closed = false;

	(void)budget; /* a step is short, and a channel has one */
	tell_broken(vmbus);
	gpadls_poll(vmbus);
	while (*link != NULL) {
		struct vmbus_opening *opening = *link;

		if (!step(opening)) {
			link = &opening->next;
			continue;
		}
		*link = opening->next;
		opening_free(opening);
		closed = true;
	}
	if (closed)
		openings_go_on(vmbus);
	return false;
}

uint64_t
channels_deadline(const struct vmbus *vmbus)
{
	if (__atomic_load_n(&vmbus->broken, __ATOMIC_ACQUIRE) != 0)
		return 0;
	for (const struct vmbus_opening *opening = vmbus->closing;
	     opening != NULL; opening = opening->next)
		if (ready(opening))
			return 0;
	return gpadls_deadline(vmbus);
}
