/* SPDX-License-Identifier: ISC */
/* Channels: open, close, and signals both ways. */
#include <string.h>

#include "host/hyperv/hyperv_private.h"

#define STORM_DELAY 10000 /* nanoseconds between signals of a storm */

/* ---- To the guest ----------------------------------------------------- */

/* Before 2.4 the bits of all channels are in a page, and flag 0 says so. */
static void
raise_by_page(struct host_hyperv *host, uint32_t relid)
{
	uint32_t *word = root_map(host,
	    host->interrupt_page + relid / 32 * sizeof(*word), sizeof(*word));

	if (word == NULL)
		return;
	if (!host->manners.drop_events)
		__atomic_fetch_or(word, 1u << relid % 32, __ATOMIC_SEQ_CST);
	root_event(host, host->vcpu, host->sint, 0);
}

void
root_channel_raise(struct host_vmbus_channel *channel)
{
	struct host_hyperv *host = channel->host;

	if (channel->opening) {
		channel->raise_later = true; /* not before the answer */
		return;
	}
	if (host->interrupt_page != 0)
		raise_by_page(host, channel->relid);
	else if (channel->vp != HV_VMBUS_VP_NO_INTERRUPT)
		root_event(host, channel->vp, host->sint, channel->relid);
}

static void
look_after(struct host_vmbus_channel *channel)
{
	if (channel == NULL || !channel->open)
		return;
	if (channel->manners.storm > 0) {
		channel->manners.storm--;
		root_channel_raise(channel);
	}
	if (channel->manners.storm > 0)
		root_tick(channel->host, STORM_DELAY);
	if (!channel->polling)
		return;
	channel->polling = false;
	root_channel_mark(channel->host, channel->relid);
}

static void
tick(void *argument)
{
	struct host_hyperv *host = argument;

	host->tick_waits = false;
	for (struct host_vmbus_device *d = host->devices; d != NULL;
	     d = d->next)
		for (unsigned i = 0; i <= ROOT_SUBS; i++)
			look_after(d->channels[i]);
}

void
root_tick(struct host_hyperv *host, uint64_t delay)
{
	if (host->tick_waits)
		return;
	host->tick_waits = true;
	host->world.later(host->world.ctx, delay, tick, host);
}

/* ---- From the guest --------------------------------------------------- */

void
root_channel_mark(struct host_hyperv *host, uint32_t relid)
{
	host->marks[relid / 64] |= 1ull << relid % 64;
	root_kick(host);
}

static void
take_signal(struct host_hyperv *host, uint32_t relid)
{
	struct host_vmbus_channel *channel = host->relids[relid].channel;

	if (channel == NULL || !channel->open)
		return;
	channel->counts.signals_in++;
	root_channel_mark(host, relid);
}

static unsigned
signal_by_page(struct host_hyperv *host, unsigned flag)
{
	struct hv_vmbus_interrupt_page *page;

	if (host->interrupt_page == 0)
		return HV_STATUS_INVALID_CONNECTION_ID;
	if (flag != 0)
		return HV_STATUS_INVALID_PARAMETER;
	page = root_map(host, host->interrupt_page, sizeof(*page));
	if (page == NULL)
		return HV_STATUS_SUCCESS;
	for (unsigned i = 0; i < HV_VMBUS_RELIDS / 32; i++) {
		uint32_t word = __atomic_exchange_n(&page->to_host[i], 0,
		    __ATOMIC_SEQ_CST);

		for (; word != 0; word &= word - 1)
			take_signal(host,
			    i * 32 + (uint32_t)__builtin_ctz(word));
	}
	return HV_STATUS_SUCCESS;
}

unsigned
root_signal(struct host_hyperv *host, uint32_t connection, unsigned flag)
{
	uint32_t relid = connection - ROOT_CONNECTION(0);
	const struct root_relid *entry;

	if (connection == HV_VMBUS_CONNECTION_EVENT)
		return signal_by_page(host, flag);
	if (connection == HV_VMBUS_CONNECTION_MONITOR && host->monitored > 0) {
		root_monitor_scan(host);
		return HV_STATUS_SUCCESS;
	}
	if (relid >= HV_VMBUS_RELIDS || host->version < HV_VMBUS_1_1)
		return HV_STATUS_INVALID_CONNECTION_ID;
	entry = &host->relids[relid];
	if (entry->state == RELID_RESCINDED)
		return HV_STATUS_SUCCESS; /* the guest may not know yet */
	if (entry->channel == NULL || !entry->channel->open)
		return HV_STATUS_INVALID_CONNECTION_ID;
	if (flag != 0)
		return HV_STATUS_INVALID_PARAMETER;
	take_signal(host, relid);
	return HV_STATUS_SUCCESS;
}

/* With the interrupt mask set meanwhile, as hosts have it: what comes then is
 * not signalled, and so looked for once more. */
static void
serve(struct host_hyperv *host, uint32_t relid)
{
	struct host_vmbus_channel *channel = host->relids[relid].channel;
	const struct host_vmbus_kind *kind;
	uint32_t before, after;

	if (channel == NULL || !channel->open)
		return;
	kind = &channel->device->kind;
	channel->left = ROOT_PACKETS;
	root_ring_mask(channel, true);
	if (!root_ring_write_index(channel, &before))
		return;
	if (kind->signalled != NULL)
		kind->signalled(channel->device->self, channel);
	channel = host->relids[relid].channel;
	if (channel == NULL || !channel->open)
		return;
	root_ring_mask(channel, false);
	if (root_ring_write_index(channel, &after) && after != before)
		root_channel_mark(host, relid);
}

void
root_channels_work(struct host_hyperv *host)
{
	for (unsigned i = 0; i < HV_VMBUS_RELIDS / 64; i++) {
		uint64_t marks = host->marks[i];

		host->marks[i] = 0;
		for (; marks != 0; marks &= marks - 1)
			serve(host, i * 64 + (uint32_t)__builtin_ctzll(marks));
	}
}

void
host_vmbus_look(struct host_vmbus_device *device, unsigned sub)
{
	struct host_vmbus_channel *channel = host_vmbus_channel(device, sub);

	if (channel == NULL)
		return;
	root_channel_mark(device->host, channel->relid);
	if (channel->manners.storm > 0)
		root_tick(device->host, STORM_DELAY);
}

/* ---- Open and close --------------------------------------------------- */

static void
answer(struct host_hyperv *host, const struct hv_vmbus_open *open, bool good)
{
	struct hv_vmbus_open_result result = {
		.header = { .type = HV_VMBUS_OPEN_RESULT },
		.relid = open->relid,
		.open_id = open->open_id,
		.status = good ? HV_NTSTATUS_SUCCESS : HV_NTSTATUS_UNSUCCESSFUL,
	};

	if (!good && !root_is_rescinded(host, open->relid))
		host->counts.refused++;
	root_vmbus_send(host, &result, sizeof(result));
}

static bool
is_vp(const struct host_hyperv *host, uint32_t vp)
{
	return vp < host->config.vcpus || vp == HV_VMBUS_VP_NO_INTERRUPT;
}

static bool
may_open(struct host_hyperv *host, struct host_vmbus_channel *channel,
    const struct hv_vmbus_open *open)
{
	if (channel == NULL)
		return false;
	if (channel->open) {
		host->counts.violations++;
		return false;
	}
	channel->gpadl = root_gpadl_find(host, channel->relid,
	    open->ring_gpadl);
	return channel->gpadl != NULL && !channel->gpadl->ring &&
	    !channel->gpadl->torn && is_vp(host, open->vp) &&
	    root_rings_init(channel, open->to_guest_page);
}

static bool
opened(struct host_vmbus_channel *channel, const struct hv_vmbus_open *open)
{
	const struct host_vmbus_kind *kind = &channel->device->kind;

	channel->vp = open->vp;
	channel->left = ROOT_PACKETS;
	channel->open = channel->opening = true;
	channel->raise_later = channel->polling = channel->wants_room = false;
	channel->gpadl->ring = true;
	channel->host->counts.channels++;
	return kind->opened == NULL ||
	    kind->opened(channel->device->self, channel, open->user_data,
		sizeof(open->user_data));
}

static void
shut(struct host_vmbus_channel *channel)
{
	channel->open = channel->opening = false;
	channel->host->counts.channels--;
	root_monitor_close(channel);
	root_gpadl_unused(channel->host, channel->gpadl);
	channel->gpadl = NULL;
}

void
root_open(struct host_hyperv *host, const struct hv_vmbus_open *open)
{
	struct root_relid *entry = root_relid(host, open->relid);
	struct host_vmbus_channel *channel;

	if (entry == NULL)
		return;
	channel = entry->channel;
	if (!may_open(host, channel, open)) {
		answer(host, open, false);
		return;
	}
	root_monitor_open(channel);
	if (!opened(channel, open)) {
		shut(channel);
		answer(host, open, false);
		return;
	}
	answer(host, open, true);
	channel->opening = false;
	if (channel->raise_later)
		root_channel_raise(channel);
	/* the guest may have written before this */
	root_channel_mark(host, channel->relid);
	if (channel->manners.storm > 0)
		root_tick(host, STORM_DELAY);
}

void
root_channel_close(struct host_vmbus_channel *channel)
{
	if (!channel->open || channel->closing)
		return;
	channel->closing = true;
	if (channel->device->kind.closed != NULL)
		channel->device->kind.closed(channel->device->self, channel);
	channel->closing = false;
	shut(channel);
}

/* Sub-channels do not live without the primary. */
void
root_close(struct host_hyperv *host, const struct hv_vmbus_close *close)
{
	struct root_relid *entry = root_relid(host, close->relid);

	if (entry == NULL)
		return;
	if (entry->channel == NULL || !entry->channel->open) {
		/* after a RESCIND it is closed already */
		if (entry->state != RELID_RESCINDED)
			host->counts.refused++;
		return;
	}
	root_channel_close(entry->channel);
	if (entry->channel->sub == 0)
		root_subs_rescind(entry->device);
}

void
root_modify(struct host_hyperv *host,
    const struct hv_vmbus_modify_channel *modify)
{
	struct root_relid *entry = root_relid(host, modify->relid);
	struct hv_vmbus_modify_channel_response response = {
		.header = { .type = HV_VMBUS_MODIFY_CHANNEL_RESPONSE },
		.relid = modify->relid,
	};

	if (entry == NULL)
		return;
	if (entry->channel != NULL && entry->channel->open &&
	    is_vp(host, modify->vp))
		entry->channel->vp = modify->vp;
	else {
		if (entry->state != RELID_RESCINDED)
			host->counts.refused++;
		response.status = HV_NTSTATUS_UNSUCCESSFUL;
	}
	if (host->version >= HV_VMBUS_5_3)
		root_vmbus_send(host, &response, sizeof(response));
}

unsigned
host_vmbus_sub(const struct host_vmbus_channel *channel)
{
	return channel->sub;
}

unsigned
host_vmbus_vcpu(const struct host_vmbus_channel *channel)
{
	return channel->vp;
}

uint32_t
host_vmbus_relid(const struct host_vmbus_channel *channel)
{
	return channel->relid;
}
