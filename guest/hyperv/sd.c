/* SPDX-License-Identifier: ISC */
/* sd and cd: a disk of hvs, as the bus sees it. */
#include "guest/bus/format.h"
#include "guest/bus/libc.h"
#include "guest/hyperv/hvs.h"

#define MEGABYTE (1024u * 1024u)

/* ---- Made and gone ---------------------------------------------------- */

struct sd *
sd_new(struct hvs *hvs, uint8_t target, uint8_t lun)
{
	unsigned count = hvs->queues_count;
	struct sd *sd = pv_alloc(hvs->device->bus,
	    sizeof(*sd) + count * sizeof(sd->lanes[0]));
	struct sd **link = &hvs->disks;

	if (sd == NULL)
		return NULL;
	sd->hvs = hvs;
	sd->target = target;
	sd->lun = lun;
	sd->lanes_count = count;
	sd->disk = (struct pv_disk){ .ops = &sd_ops,
		.sector_size = 512,
		.physical_sector_size = 512,
		.queues = 1 };
	for (unsigned i = 0; i < count; i++) {
		struct hvs_lane *lane = &sd->lanes[i];

		lane->sd = sd;
		lane->queue = &hvs->queues[i];
		lane->waiting_end = &lane->waiting;
	}
	while (*link != NULL)
		link = &(*link)->next;
	*link = sd;
	return sd;
}

static void
add_stats(struct sd *sd)
{
	for (unsigned i = 0; i < sd->lanes_count; i++)
		hvs_stats(&sd->lanes[i].stats, &sd->lanes[i].told,
		    &sd->device->stats);
}

void
sd_free(struct sd *sd)
{
	struct hvs *hvs = sd->hvs;

	for (struct sd **link = &hvs->disks; *link != NULL;
	     link = &(*link)->next)
		if (*link == sd) {
			*link = sd->next;
			break;
		}
	pv_free(hvs->device->bus, sd,
	    sizeof(*sd) + sd->lanes_count * sizeof(sd->lanes[0]));
}

void
sd_changed(struct sd *sd)
{
	if (sd->disk.changed != NULL)
		sd->disk.changed(&sd->disk, sd->disk.owner);
}

void
sd_offline(struct sd *sd)
{
	__atomic_store_n(&sd->online, 0, __ATOMIC_RELEASE);
	if (!sd->disk.online)
		return;
	sd->disk.online = false;
	sd_changed(sd);
}

void
sd_gone(struct sd *sd, int error)
{
	if (sd->disk.gone)
		return;
	__atomic_store_n(&sd->dead, (uint32_t)-error, __ATOMIC_RELEASE);
	sd->disk.gone = true;
	sd->disk.online = false;
	sd_changed(sd);
	sd_release(sd);
}

/* ---- The driver ------------------------------------------------------- */

static bool
sd_poll(struct pv_device *device, unsigned budget)
{
	struct sd *sd = device->softc;
	bool some;

	(void)budget;
	some = sd_returned(sd);
	add_stats(sd);
	return some;
}

/* What another CPU does for it wakes nobody here. */
static uint64_t
sd_deadline(struct pv_device *device)
{
	struct sd *sd = device->softc;
	uint64_t first = PV_NEVER;

	for (unsigned i = 0; i < sd->lanes_count; i++) {
		struct hvs_lane *lane = &sd->lanes[i];

		if (__atomic_load_n(&lane->claimed, __ATOMIC_ACQUIRE) != 0)
			continue;
		if (__atomic_load_n(&lane->returned, __ATOMIC_ACQUIRE) != NULL)
			return 0;
		if (__atomic_load_n(&lane->queue->taken, __ATOMIC_ACQUIRE) !=
			0 &&
		    __atomic_load_n(&sd->under_way, __ATOMIC_RELAXED) > 0)
			first = hvs_now(sd->hvs) + HVS_OTHER_CPU;
	}
	return first;
}

static void
describe(struct sd *sd)
{
	const struct pv_disk *disk = &sd->disk;
	uint64_t size = disk->size / MEGABYTE;
	char where[32];

	pv_format(where, sizeof(where), "target %u lun %u", sd->target,
	    sd->lun);
	if (disk->size == 0)
		pv_device_describe_at(sd->device, where, "no medium");
	else
		pv_device_describe_at(sd->device, where,
		    "%u MB, %u-byte sectors",
		    size < UINT32_MAX ? (unsigned)size : UINT32_MAX,
		    disk->sector_size);
}

static int
sd_attach(struct pv_device *device)
{
	struct sd *sd = device->aux;

	sd->device = device;
	device->softc = sd;
	device->disk = &sd->disk;
	describe(sd);
	return PV_OK;
}

/* With the controller, unless it went before. */
static void
sd_detach(struct pv_device *device)
{
	struct sd *sd = device->softc;

	if (!sd->leaving && sd->hvs->phase != HVS_ENDED)
		hvs_end(sd->hvs, PV_EINTR);
	if (!sd->disk.gone)
		sd_gone(sd, PV_EINTR);
	while (sd_returned(sd))
		continue;
	add_stats(sd);
	device->disk = NULL;
	device->softc = NULL;
	sd_free(sd);
}

const struct pv_driver pv_sd_driver = {
	.name = "sd",
	.attach = sd_attach,
	.detach = sd_detach,
	.poll = sd_poll,
	.deadline = sd_deadline,
};

const struct pv_driver pv_cd_driver = {
	.name = "cd",
	.attach = sd_attach,
	.detach = sd_detach,
	.poll = sd_poll,
	.deadline = sd_deadline,
};
