/* SPDX-License-Identifier: ISC */
/* A SCSI or IDE controller of the root partition: what is on it. */
#include <stdlib.h>
#include <string.h>

#include "host/hyperv/storvsp_private.h"
#include "wire/hyperv/ring.h"

static const struct hv_guid class_scsi = HV_GUID_SCSI;
static const struct hv_guid class_ide = HV_GUID_IDE;

/* ---- Channels --------------------------------------------------------- */

static bool
opened(void *self, struct host_vmbus_channel *vmbus, const void *user,
    unsigned user_len)
{
	struct host_storvsp *stor = self;
	unsigned sub = host_vmbus_sub(vmbus);
	struct stor_channel *channel;

	(void)user;
	(void)user_len;
	if (sub >= stor->channel_count || stor->channels[sub].channel != NULL)
		return false;
	channel = &stor->channels[sub];
	channel->channel = vmbus;
	channel->answer_count = 0;
	stor->counts.channels++;
	if (sub == 0) {
		stor->state = STOR_BEGIN;
		stor->subs_made = false;
		stor->counts.version = 0;
	}
	return true;
}

static void
signalled(void *self, struct host_vmbus_channel *vmbus)
{
	struct host_storvsp *stor = self;
	unsigned sub = host_vmbus_sub(vmbus);

	if (sub < stor->channel_count)
		stor_signalled(&stor->channels[sub]);
}

static void
closed(void *self, struct host_vmbus_channel *vmbus)
{
	struct host_storvsp *stor = self;
	unsigned sub = host_vmbus_sub(vmbus);
	struct stor_channel *channel = &stor->channels[sub];

	if (sub >= stor->channel_count || channel->channel == NULL)
		return;
	host_hyperv_forget(stor->host, channel);
	channel->channel = NULL;
	channel->due = false;
	channel->answer_count = 0;
	stor->counts.channels--;
	if (sub == 0)
		stor->state = STOR_BEGIN;
}

static void
release(void *self)
{
	struct host_storvsp *stor = self;

	for (unsigned i = 0; i < stor->channel_count; i++)
		host_hyperv_forget(stor->host, &stor->channels[i]);
	while (stor->luns != NULL) {
		struct stor_lun *lun = stor->luns;

		stor->luns = lun->next;
		scsi_lun_clear(&lun->scsi);
		free(lun);
	}
	free(stor->channels);
	free(stor);
}

/* ---- The controller --------------------------------------------------- */

static void
set_config(struct host_storvsp *stor, const struct host_storvsp_config *config)
{
	stor->config = *config;
	if (stor->config.version_max == 0)
		stor->config.version_max = HV_STOR_6_2;
	if (stor->config.max_transfer == 0)
		stor->config.max_transfer = STOR_TRANSFER;
	if (stor->config.max_channels > STOR_CHANNELS_MAX)
		stor->config.max_channels = STOR_CHANNELS_MAX;
	if (config->ide)
		stor->config.max_channels = 0;
	stor->channel_count = 1 + stor->config.max_channels;
}

/* The instance of an IDE device tells its place: openvmm, and Linux's reading
 * of it. */
static struct hv_guid
ide_instance(const struct host_storvsp_config *config)
{
	struct hv_guid guid = HV_GUID(config->path, config->place, 0x8899, 0,
	    0);

	return guid;
}

static void
set_kind(struct host_storvsp *stor)
{
	stor->kind = (struct host_vmbus_kind){
		.type = stor->config.ide ? class_ide : class_scsi,
		.opened = opened,
		.signalled = signalled,
		.closed = closed,
		.free = release,
	};
	if (!stor->config.ide)
		return;
	stor->offer = (struct hv_stor_offer){ .path = stor->config.path,
		.target = stor->config.place,
		.flags = HV_STOR_OFFER_IDE };
	stor->kind.offer_user = &stor->offer;
	stor->kind.offer_user_len = sizeof(stor->offer);
}

struct host_storvsp *
host_storvsp_new(struct host_hyperv *host,
    const struct host_storvsp_config *config)
{
	struct host_storvsp *stor = calloc(1, sizeof(*stor));
	struct hv_guid instance = ide_instance(config);

	if (stor == NULL)
		return NULL;
	stor->host = host;
	set_config(stor, config);
	set_kind(stor);
	stor->channels = calloc(stor->channel_count, sizeof(*stor->channels));
	if (stor->channels != NULL) {
		for (unsigned i = 0; i < stor->channel_count; i++) {
			stor->channels[i].stor = stor;
			stor->channels[i].sub = i;
		}
		stor->device = host_vmbus_offer(host, &stor->kind,
		    config->ide ? &instance : NULL, stor);
	}
	if (stor->device == NULL) {
		free(stor->channels);
		free(stor);
		return NULL;
	}
	return stor;
}

struct host_vmbus_device *
host_storvsp_device(struct host_storvsp *stor)
{
	return stor->device;
}

struct host_storvsp_manners *
host_storvsp_manners(struct host_storvsp *stor)
{
	return &stor->manners;
}

const struct host_storvsp_counts *
host_storvsp_counts(struct host_storvsp *stor)
{
	return &stor->counts;
}

void
host_storvsp_look(struct host_storvsp *stor)
{
	for (unsigned i = 0; i < stor->channel_count; i++)
		stor_look_later(&stor->channels[i], 0);
}

void
host_storvsp_rescind(struct host_storvsp *stor)
{
	host_vmbus_rescind(stor->device);
}

/* ---- Disks ------------------------------------------------------------ */

struct stor_lun *
stor_find(struct host_storvsp *stor, uint8_t target, uint8_t lun)
{
	struct stor_lun *at = stor->luns;

	while (at != NULL &&
	    (at->scsi.config.target != target || at->scsi.config.lun != lun))
		at = at->next;
	return at;
}

/* Whom it concerns looks again; before 4.2 nobody understands that. */
static void
tell_all(struct host_storvsp *stor)
{
	if (stor->state == STOR_READY && stor->counts.version >= HV_STOR_4_2)
		host_storvsp_unsolicited(stor, HV_STOR_ENUMERATE_BUS, 0);
}

static bool
goes_before(const struct host_lun_config *a, const struct host_lun_config *b)
{
	return a->target != b->target ? a->target < b->target : a->lun < b->lun;
}

bool
host_storvsp_add(struct host_storvsp *stor,
    const struct host_lun_config *config, bool tell)
{
	struct stor_lun **link = &stor->luns, *lun;
	struct host_lun_config at = *config;
	struct hv_guid instance = host_vmbus_instance(stor->device);

	if (stor->config.ide) {
		at.target = stor->config.place;
		at.lun = 0;
	}
	if (stor_find(stor, at.target, at.lun) != NULL)
		return false;
	lun = calloc(1, sizeof(*lun));
	if (lun == NULL || !scsi_lun_init(&lun->scsi, &at)) {
		free(lun);
		return false;
	}
	memcpy(lun->scsi.identity, instance.bytes, sizeof(instance.bytes));
	lun->scsi.identity[0] ^= at.target;
	lun->scsi.identity[sizeof(instance.bytes) - 1] ^= at.lun;
	/* what comes to the same place later is another disk */
	lun->scsi.identity[1] ^= (uint8_t)++stor->added;
	while (*link != NULL && goes_before(&(*link)->scsi.config, &at))
		link = &(*link)->next;
	lun->next = *link;
	*link = lun;
	if (tell)
		tell_all(stor);
	return true;
}

void
host_storvsp_remove(struct host_storvsp *stor, uint8_t target, uint8_t number,
    bool tell)
{
	struct stor_lun **link = &stor->luns;
	struct stor_lun *lun = stor_find(stor, target, number);

	if (lun == NULL)
		return;
	while (*link != lun)
		link = &(*link)->next;
	*link = lun->next;
	scsi_lun_clear(&lun->scsi);
	free(lun);
	if (tell)
		tell_all(stor);
}

/* The next command of the guest hears of it too, and Linux of that alone. */
bool
host_storvsp_resize(struct host_storvsp *stor, uint8_t target, uint8_t number,
    uint64_t size, bool tell)
{
	struct stor_lun *lun = stor_find(stor, target, number);

	if (lun == NULL || !scsi_lun_resize(&lun->scsi, size))
		return false;
	if (tell) {
		lun->scsi.attention = SCSI_ASC_CAPACITY_CHANGED;
		tell_all(stor);
	}
	return true;
}

uint8_t *
host_storvsp_bytes(struct host_storvsp *stor, uint8_t target, uint8_t number)
{
	struct stor_lun *lun = stor_find(stor, target, number);

	return lun != NULL ? lun->scsi.bytes : NULL;
}

void
host_storvsp_unsolicited(struct host_storvsp *stor, uint32_t operation,
    unsigned size)
{
	struct stor_answer packet = { .type = HV_PACKET_INBAND,
		.len = size != 0 ? size : stor_packet_size(stor),
		.packet.operation = operation };

	if (packet.len > sizeof(packet.packet))
		packet.len = sizeof(packet.packet);
	if (stor->channels[0].channel == NULL)
		return;
	stor_put(&stor->channels[0], &packet);
	stor_flush(&stor->channels[0]);
}
