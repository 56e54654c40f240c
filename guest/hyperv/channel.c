/* SPDX-License-Identifier: ISC */
/*
 * Channels, from closed to open: the rings are lent, then the host is asked to
 * open the channel on them.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/channel_private.h"

void
vmbus_channel_use(struct vmbus_channel *channel, struct pv_device *device,
    const struct vmbus_user *user, void *owner)
{
	channel->device = device;
	channel->stats = &device->stats;
	channel->user = user;
	channel->owner = owner;
}

void
vmbus_depart(struct vmbus_channel *channel)
{
	channel->departing = true;
}

/* ---- Messages --------------------------------------------------------- */

static size_t
open_message(struct vmbus_request *request, unsigned number, void *to)
{
	const struct vmbus_opening *opening = request->owner;
	struct hv_vmbus_open message = { .header.type = HV_VMBUS_OPEN,
		.relid = opening->relid,
		.open_id = opening->open_id,
		.ring_gpadl = opening->ring.handle,
		.vp = opening->vp,
		.to_guest_page = opening->out_pages };

	if (number > 0)
		return 0;
	memcpy(message.user_data, opening->user, opening->user_len);
	memcpy(to, &message, sizeof(message));
	return sizeof(message);
}

static size_t
modify_message(struct vmbus_request *request, unsigned number, void *to)
{
	const struct vmbus_opening *opening = request->owner;
	const struct hv_vmbus_modify_channel message = {
		.header.type = HV_VMBUS_MODIFY_CHANNEL,
		.relid = opening->relid,
		.vp = opening->vp
	};

	if (number > 0)
		return 0;
	memcpy(to, &message, sizeof(message));
	return sizeof(message);
}

/* ---- Open ------------------------------------------------------------- */

static void
ended(struct vmbus_opening *opening, int error)
{
	struct vmbus_channel *channel = opening->channel;

	if (error == PV_OK) {
		channel->state = VMBUS_OPEN;
	} else {
		channel->state = VMBUS_CLOSED;
		channel->opening = NULL;
		opening_close(opening);
	}
	if (channel->user != NULL && channel->user->opened != NULL)
		channel->user->opened(channel->owner, channel, error);
}

/* One that did not answer may have opened it all the same, and is told that it
 * is closed. */
static void
opened(struct vmbus_request *request, int error, uint32_t status)
{
	struct vmbus_opening *opening = request->owner;

	if (error == PV_EINTR)
		return;
	if ((error == PV_OK && status != HV_NTSTATUS_SUCCESS) ||
	    (error != PV_OK && request->number == 0))
		opening->asked = false;
	if (error == PV_OK && status != HV_NTSTATUS_SUCCESS)
		error = PV_EACCES;
	if (!opening->closing)
		ended(opening, error);
}

static void
ask(struct vmbus_opening *opening)
{
	struct vmbus *vmbus = opening->vmbus;

	opening->waits = false;
	opening->asked = true;
	if (++vmbus->last_open == 0)
		vmbus->last_open = 1;
	opening->open_id = vmbus->last_open;
	opening->request = (struct vmbus_request){ .message = open_message,
		.answer = VMBUS_OPENED,
		.relid = opening->relid,
		.id = opening->open_id,
		.done = opened,
		.owner = opening };
	vmbus_request(vmbus, &opening->request);
}

/* The close of older rings would be taken for that of these. */
static void
lent(void *owner, struct vmbus_gpadl *gpadl, int error)
{
	struct vmbus_opening *opening = owner;

	(void)gpadl;
	if (opening->closing)
		return;
	if (error != PV_OK)
		ended(opening, error);
	else if (channel_closing(opening->channel))
		opening->waits = true;
	else
		ask(opening);
}

void
openings_go_on(struct vmbus *vmbus)
{
	for (struct vmbus_channel *channel = vmbus->first; channel != NULL;
	     channel = channel->next)
		if (channel->opening != NULL && channel->opening->waits &&
		    !channel_closing(channel))
			ask(channel->opening);
}

static bool
may_target(const struct hyperv *hyperv, unsigned cpu)
{
	return cpu < hyperv->cpus &&
	    __atomic_load_n(&hyperv->vp[cpu], __ATOMIC_ACQUIRE) != HYPERV_NO_VP;
}

static struct vmbus_opening *
opening_new(struct vmbus_channel *channel, const struct vmbus_open *how)
{
	struct hyperv *hyperv = channel->hyperv;
	struct vmbus_opening *opening = pv_alloc(hyperv->bus, sizeof(*opening));
	size_t room = how->packet_max < sizeof(struct hv_packet)
	    ? sizeof(struct hv_packet)
	    : (how->packet_max + 7) & ~(size_t)7;
	struct vmbus_gpadl *ring;

	if (opening == NULL)
		return NULL;
	*opening = (struct vmbus_opening){ .vmbus = hyperv->vmbus,
		.channel = channel,
		.relid = channel->offer.relid,
		.out_pages = how->out_pages,
		.copy_size = room,
		.copy = pv_alloc(hyperv->bus, room),
		.user_len = how->user_len };
	ring = &opening->ring;
	*ring = (struct vmbus_gpadl){ .done = lent,
		.owner = opening,
		.pages = how->out_pages + how->in_pages };
	ring->memory = hyperv->port->pages_alloc(hyperv->port->ctx, ring->pages,
	    &ring->physical);
	if (how->user_len > 0)
		memcpy(opening->user, how->user, how->user_len);
	if (opening->copy == NULL || ring->memory == NULL) {
		if (ring->memory != NULL)
			hyperv->port->pages_free(hyperv->port->ctx,
			    ring->memory, ring->pages);
		opening_free(opening);
		return NULL;
	}
	return opening;
}

/* The channel has what its CPU needs, and none of it changes while it is open. */
static void
place_rings(struct vmbus_channel *channel, const struct vmbus_open *how)
{
	struct vmbus_opening *opening = channel->opening;
	uint8_t *memory = opening->ring.memory;

	ring_out_init(&channel->out, memory, how->out_pages);
	ring_in_init(&channel->in,
	    memory + (size_t)how->out_pages * PV_PAGE_SIZE, how->in_pages,
	    opening->copy, opening->copy_size);
	channel->monitor_since = 0;
	channel->monitor_off = channel->unheard = false;
	channel->told = channel->unsure = false;
	__atomic_store_n(&channel->broken, 0, __ATOMIC_RELEASE);
}

int
vmbus_channel_open(struct vmbus_channel *channel, const struct vmbus_open *how)
{
	struct hyperv *hyperv = channel->hyperv;
	struct vmbus_opening *opening;
	int error;

	if (how->out_pages < 2 || how->in_pages < 2 ||
	    how->out_pages > UINT16_MAX || how->in_pages > UINT16_MAX ||
	    how->packet_max > HV_PACKET_MAX ||
	    how->user_len > HV_VMBUS_USER_DATA)
		return PV_EINVAL;
	if (!channel_usable(channel))
		return PV_ENODEV;
	if (channel->state != VMBUS_CLOSED)
		return PV_EBUSY;
	opening = opening_new(channel, how);
	if (opening == NULL)
		return PV_ENOMEM;
	channel->cpu = may_target(hyperv, how->target) ? how->target : 0;
	opening->vp = hyperv->vp[channel->cpu];
	channel->opening = opening;
	place_rings(channel, how);
	error = gpadl_lend(channel, &opening->ring, true);
	if (error != PV_OK) {
		hyperv->port->pages_free(hyperv->port->ctx,
		    opening->ring.memory, opening->ring.pages);
		opening_free(opening);
		channel->opening = NULL;
		return error;
	}
	channel->state = VMBUS_OPENING;
	return PV_OK;
}

/* ---- Another CPU ------------------------------------------------------ */

static void modify(struct vmbus_opening *);

/* Whoever does not move it goes on where it was; its events are found there. */
static void
modified(struct vmbus_request *request, int error, uint32_t status)
{
	struct vmbus_opening *opening = request->owner;
	struct vmbus_channel *channel = opening->channel;

	if (error == PV_EINTR || opening->closing)
		return;
	if (error != PV_OK || status != HV_NTSTATUS_SUCCESS) {
		channel->stats->bad_state++;
		hyperv_log(channel->hyperv, PV_LOG_ERROR,
		    "channel %u: not moved to CPU %u", opening->relid,
		    channel->cpu);
	}
	if (opening->vp != channel->hyperv->vp[channel->cpu])
		modify(opening);
}

static void
modify(struct vmbus_opening *opening)
{
	struct vmbus_channel *channel = opening->channel;
	struct vmbus *vmbus = opening->vmbus;

	opening->vp = channel->hyperv->vp[channel->cpu];
	opening->modify = (struct vmbus_request){ .message = modify_message,
		.answer = vmbus_since(vmbus, HV_VMBUS_5_3) ? VMBUS_MODIFIED
							   : VMBUS_NO_ANSWER,
		.relid = opening->relid,
		.done = modified,
		.owner = opening };
	vmbus_request(vmbus, &opening->modify);
}

int
vmbus_channel_target(struct vmbus_channel *channel, unsigned cpu)
{
	struct vmbus *vmbus = channel_vmbus(channel);

	if (channel->state != VMBUS_OPEN)
		return PV_ENODEV;
	if (!vmbus_since(vmbus, HV_VMBUS_4_1) ||
	    !hyperv_synic_interrupts(channel->hyperv) ||
	    !may_target(channel->hyperv, cpu))
		return PV_ENOTSUP;
	if (channel->cpu == cpu)
		return PV_OK;
	channel->cpu = cpu;
	/* one at a time: its answer says no more than which channel it was */
	if (!vmbus_request_busy(&channel->opening->modify))
		modify(channel->opening);
	return PV_OK;
}
