/* SPDX-License-Identifier: ISC */
/* What is offered, and taken away: devices, their channels, and the relids by
 * which the guest knows them. */
#include <stdlib.h>
#include <string.h>

#include "host/hyperv/hyperv_private.h"
#include "wire/endian.h"

/* Round, so that one that was released is not soon seen again. */
static uint32_t
new_relid(struct host_hyperv *host)
{
	for (unsigned i = 1; i < HV_VMBUS_RELIDS; i++) {
		uint32_t relid = (host->last_relid + i) % HV_VMBUS_RELIDS;

		if (relid == 0 ||
		    (host->relids[relid].state != RELID_FREE &&
			host->relids[relid].state != RELID_RELEASED))
			continue;
		host->last_relid = relid;
		return relid;
	}
	return 0;
}

static void
take_monitor(struct host_vmbus_channel *channel)
{
	for (unsigned i = 0; i < ROOT_MONITORS && !channel->monitored; i++) {
		if (channel->host->monitors[i] != 0)
			continue;
		channel->host->monitors[i] = channel->relid;
		channel->monitor = (uint8_t)i;
		channel->monitored = true;
	}
}

/* The relid is not this channel's any more. */
static void
detach(struct host_vmbus_channel *channel)
{
	struct host_hyperv *host = channel->host;

	host->relids[channel->relid].channel = NULL;
	channel->relid = 0;
	if (channel->monitored)
		host->monitors[channel->monitor] = 0;
	channel->monitored = false;
	host->counts.offered--;
}

void
root_offer(struct host_vmbus_channel *channel)
{
	struct host_hyperv *host = channel->host;
	struct host_vmbus_device *device = channel->device;
	struct hv_vmbus_offer offer = {
		.header = { .type = HV_VMBUS_OFFER },
		.type = device->kind.type,
		.instance = device->instance,
		.flags = HV_VMBUS_OFFER_ENUMERATE,
		.sub_channel = (uint16_t)channel->sub,
	};

	channel->relid = new_relid(host);
	if (channel->relid == 0)
		return;
	host->relids[channel->relid] = (struct root_relid){ RELID_OFFERED,
		channel, device };
	host->counts.offered++;
	offer.relid = channel->relid;
	if (device->kind.pipe) {
		offer.flags |= HV_VMBUS_OFFER_PIPE;
		put_le32(offer.user_data, HV_VMBUS_PIPE_MESSAGE);
	} else if (!host->config.no_monitor)
		take_monitor(channel);
	if (device->kind.offer_user != NULL &&
	    device->kind.offer_user_len <= sizeof(offer.user_data))
		memcpy(offer.user_data, device->kind.offer_user,
		    device->kind.offer_user_len);
	if (channel->monitored) {
		offer.monitor = channel->monitor;
		offer.monitor_used = HV_VMBUS_OFFER_MONITOR_USED;
	}
	if (host->version >= HV_VMBUS_1_1) {
		offer.dedicated = HV_VMBUS_OFFER_DEDICATED;
		offer.connection = ROOT_CONNECTION(channel->relid);
	}
	root_vmbus_send(host, &offer, sizeof(offer));
}

void
root_request_offers(struct host_hyperv *host)
{
	struct hv_vmbus_header end = { .type = HV_VMBUS_ALL_OFFERS };

	if (host->offers_sent) {
		host->counts.refused++;
		return;
	}
	host->offers_sent = true;
	for (struct host_vmbus_device *d = host->devices; d != NULL;
	     d = d->next)
		if (!d->rescinded)
			root_offer(d->channels[0]);
	if (!host->manners.no_delivered)
		root_vmbus_send(host, &end, sizeof(end));
}

/* ---- Away with it ----------------------------------------------------- */

static void
free_device(struct host_vmbus_device *device)
{
	struct host_vmbus_device **link = &device->host->devices;

	while (*link != device)
		link = &(*link)->next;
	*link = device->next;
	if (device->kind.free != NULL)
		device->kind.free(device->self);
	for (unsigned i = 0; i <= ROOT_SUBS; i++) {
		if (device->channels[i] != NULL)
			free(device->channels[i]->packet);
		free(device->channels[i]);
	}
	free(device);
}

/* The guest has let go of all of its channels. */
static void
free_if_unused(struct host_vmbus_device *device)
{
	struct host_hyperv *host = device->host;

	if (!device->rescinded)
		return;
	for (unsigned i = 0; i < HV_VMBUS_RELIDS; i++)
		if (host->relids[i].device == device)
			return;
	free_device(device);
}

/* What was offered and is not any more, or has been rescinded. */
static void
forget_relid(struct host_hyperv *host, uint32_t relid,
    enum root_relid_state state)
{
	struct host_vmbus_device *device = host->relids[relid].device;
	struct host_vmbus_channel *channel = host->relids[relid].channel;

	if (channel != NULL) {
		root_channel_close(channel);
		detach(channel);
	}
	root_gpadls_free(host, relid);
	host->relids[relid] = (struct root_relid){ .state = state };
	if (device != NULL)
		free_if_unused(device);
}

static void
rescind_channel(struct host_vmbus_channel *channel)
{
	struct host_hyperv *host = channel->host;
	uint32_t relid = channel->relid;
	struct hv_vmbus_rescind message = {
		.header = { .type = HV_VMBUS_RESCIND },
		.relid = relid,
	};

	if (relid == 0)
		return;
	root_channel_close(channel);
	detach(channel);
	host->relids[relid].state = RELID_RESCINDED;
	root_vmbus_send(host, &message, sizeof(message));
}

void
root_subs_rescind(struct host_vmbus_device *device)
{
	device->subs = 0;
	for (unsigned i = 1; i <= ROOT_SUBS; i++)
		if (device->channels[i] != NULL)
			rescind_channel(device->channels[i]);
}

void
host_vmbus_rescind(struct host_vmbus_device *device)
{
	if (device->rescinded)
		return;
	root_subs_rescind(device);
	rescind_channel(device->channels[0]);
	device->rescinded = true;
	free_if_unused(device);
}

void
root_released(struct host_hyperv *host, uint32_t relid)
{
	struct root_relid *entry = root_relid(host, relid);

	if (entry == NULL)
		return;
	if (entry->channel != NULL && entry->channel->open)
		host->counts.violations++; /* it has to be closed first */
	if (entry->channel != NULL && entry->channel->sub == 0)
		root_subs_rescind(entry->device);
	forget_relid(host, relid, RELID_RELEASED);
}

/* The connection is at its end. */
void
root_relids_free(struct host_hyperv *host)
{
	for (unsigned i = 0; i < HV_VMBUS_RELIDS; i++)
		if (host->relids[i].state != RELID_FREE)
			forget_relid(host, i, RELID_FREE);
	for (struct host_vmbus_device *d = host->devices; d != NULL;
	     d = d->next)
		d->subs = 0;
}

void
root_devices_free(struct host_hyperv *host)
{
	root_disconnect(host);
	while (host->devices != NULL)
		free_device(host->devices);
}

/* ---- Devices ---------------------------------------------------------- */

static struct host_vmbus_channel *
channel_of(struct host_vmbus_device *device, unsigned sub)
{
	struct host_vmbus_channel *channel = device->channels[sub];

	if (channel == NULL) {
		channel = root_alloc(sizeof(*channel));
		channel->host = device->host;
		channel->device = device;
		channel->sub = sub;
		device->channels[sub] = channel;
	}
	return channel;
}

/* Version 4: random, with the model's own numbers. */
static struct hv_guid
make_instance(struct host_hyperv *host)
{
	struct hv_guid guid;

	for (unsigned i = 0; i < HV_GUID_SIZE; i++)
		guid.bytes[i] = (uint8_t)host->world.random(host->world.ctx,
		    256);
	put_le16(guid.bytes + 4, (uint16_t)++host->instances);
	guid.bytes[7] = (uint8_t)(0x40 | (guid.bytes[7] & 0x0f));
	guid.bytes[8] = (uint8_t)(0x80 | (guid.bytes[8] & 0x3f));
	return guid;
}

struct host_vmbus_device *
host_vmbus_offer(struct host_hyperv *host, const struct host_vmbus_kind *kind,
    const struct hv_guid *instance, void *self)
{
	struct host_vmbus_device *device = root_alloc(sizeof(*device));
	struct host_vmbus_device **link = &host->devices;

	device->host = host;
	device->kind = *kind;
	device->self = self;
	device->instance = instance != NULL ? *instance : make_instance(host);
	channel_of(device, 0);
	while (*link != NULL)
		link = &(*link)->next;
	*link = device;
	if (host->offers_sent)
		root_offer(device->channels[0]);
	return device;
}

bool
host_vmbus_offer_subs(struct host_vmbus_device *device, unsigned count)
{
	if (!device->channels[0]->open ||
	    device->host->version < HV_VMBUS_2_4 ||
	    count > ROOT_SUBS - device->subs)
		return false;
	while (count-- > 0)
		root_offer(channel_of(device, ++device->subs));
	return true;
}

void
host_vmbus_offer_raw(struct host_hyperv *host,
    const struct hv_vmbus_offer *offer)
{
	/* 0 is nobody's, and stands for all of them */
	if (offer->relid != 0 && offer->relid < HV_VMBUS_RELIDS &&
	    (host->relids[offer->relid].state == RELID_FREE ||
		host->relids[offer->relid].state == RELID_RELEASED))
		host->relids[offer->relid].state = RELID_RAW;
	root_vmbus_send(host, offer, sizeof(*offer));
}

void
host_vmbus_rescind_raw(struct host_hyperv *host, uint32_t relid)
{
	struct hv_vmbus_rescind message = {
		.header = { .type = HV_VMBUS_RESCIND },
		.relid = relid,
	};

	root_vmbus_send(host, &message, sizeof(message));
}

struct host_hyperv *
host_vmbus_host(struct host_vmbus_device *device)
{
	return device->host;
}

struct hv_guid
host_vmbus_instance(const struct host_vmbus_device *device)
{
	return device->instance;
}

struct host_vmbus_channel *
host_vmbus_channel(struct host_vmbus_device *device, unsigned sub)
{
	if (sub > ROOT_SUBS || device->channels[sub] == NULL ||
	    !device->channels[sub]->open)
		return NULL;
	return device->channels[sub];
}

struct host_ring_manners *
host_vmbus_manners(struct host_vmbus_device *device, unsigned sub)
{
	return sub <= ROOT_SUBS ? &channel_of(device, sub)->manners : NULL;
}

const struct host_ring_counts *
host_vmbus_counts(struct host_vmbus_device *device, unsigned sub)
{
	return sub <= ROOT_SUBS ? &channel_of(device, sub)->counts : NULL;
}
