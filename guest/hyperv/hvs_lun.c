/* SPDX-License-Identifier: ISC */
/* hvs: a look at one LUN, and what it makes of its disk. */
#include "guest/bus/format.h"
#include "guest/bus/libc.h"
#include "guest/hyperv/hvs.h"

#define INQUIRY_ROOM 96u
#define PAGE_ROOM 252u
#define CAPACITY_ROOM 32u
#define MODE_ROOM 192u

/* ---- Questions -------------------------------------------------------- */

static uint8_t
page_of(enum hvs_look look)
{
	switch (look) {
	case HVS_L_SERIAL:
		return SCSI_VPD_SERIAL;
	case HVS_L_IDENTIFIERS:
		return SCSI_VPD_IDENTIFIERS;
	case HVS_L_LIMITS:
		return SCSI_VPD_LIMITS;
	case HVS_L_CHARACTERISTICS:
		return SCSI_VPD_CHARACTERISTICS;
	case HVS_L_PROVISIONING:
		return SCSI_VPD_PROVISIONING;
	default:
		return SCSI_VPD_SUPPORTED;
	}
}

static void
ask(struct hvs *hvs)
{
	enum hvs_look look = hvs->scan.look;
	uint32_t room = PAGE_ROOM;
	struct scsi_cdb cdb;

	switch (look) {
	case HVS_L_INQUIRY:
		room = INQUIRY_ROOM;
		cdb = scsi_cdb_inquiry((uint16_t)room);
		break;
	case HVS_L_READY:
		room = 0;
		cdb = scsi_cdb_test();
		break;
	case HVS_L_CAPACITY16:
		room = CAPACITY_ROOM;
		cdb = scsi_cdb_capacity16(room);
		break;
	case HVS_L_CAPACITY10:
		room = SCSI_CAPACITY_10_SIZE;
		cdb = scsi_cdb_capacity10();
		break;
	case HVS_L_MODE:
	case HVS_L_MODE_ALL:
		room = MODE_ROOM;
		cdb = scsi_cdb_mode(look == HVS_L_MODE ? SCSI_MODE_PAGE_CACHING
						       : SCSI_MODE_PAGE_ALL,
		    (uint8_t)room);
		break;
	default:
		cdb = scsi_cdb_vpd(page_of(look), (uint16_t)room);
	}
	hvs->scan.sent = true;
	hvs_scsi(hvs, &cdb, room);
}

/* Whether there is something to be asked at this point. */
static bool
wanted(const struct hvs_scan *scan)
{
	const struct hvs_found *found = &scan->found;
	bool disk = found->inquiry.type == SCSI_TYPE_DISK;

	switch (scan->look) {
	case HVS_L_SERIAL:
		return found->pages.serial;
	case HVS_L_IDENTIFIERS:
		return found->pages.identifiers;
	case HVS_L_LIMITS:
		return found->pages.limits && disk;
	case HVS_L_CHARACTERISTICS:
		return found->pages.characteristics && disk;
	case HVS_L_PROVISIONING:
		return found->pages.provisioning && disk;
	case HVS_L_CAPACITY16:
		return disk && !found->no_medium;
	case HVS_L_CAPACITY10:
		return !found->has_capacity && !found->no_medium;
	case HVS_L_MODE:
		return disk;
	case HVS_L_MODE_ALL:
		return disk && !found->has_mode;
	default:
		return true;
	}
}

/* ---- Answers ---------------------------------------------------------- */

static void
mode_answered(struct hvs *hvs, struct hvs_found *found,
    const struct hvs_command *command)
{
	if (command->error == PV_OK &&
	    scsi_parse_mode(hvs->answer, command->length, &found->mode) ==
		PV_OK)
		found->has_mode = true;
}

/* False: it is no LUN. */
static bool
inquiry_answered(struct hvs *hvs, struct hvs_found *found,
    const struct hvs_command *command)
{
	int error = command->error;

	if (command->absent)
		return false;
	if (error == PV_OK)
		error = scsi_parse_inquiry(hvs->answer, command->length,
		    &found->inquiry);
	if (error == PV_OK)
		return found->inquiry.present;
	/* a look at all that could be is not to be done again and again */
	if (!hvs->scan.probing)
		hvs->scan.incomplete = true;
	if (error == PV_EPROTO)
		hvs->device->stats.bad_length++;
	hvs->scan.missed |= 1u << (hvs->ide ? 0 : hvs->scan.target);
	return false;
}

static void
capacity_answered(struct hvs *hvs, struct hvs_found *found,
    const struct hvs_command *command)
{
	bool ten = hvs->scan.look == HVS_L_CAPACITY10;
	int error = command->error;

	if (command->sense.key == SCSI_KEY_NOT_READY)
		found->no_medium = command->sense.asc >> 8 ==
		    SCSI_ASC_NO_MEDIUM >> 8;
	if (error == PV_OK && ten)
		error = scsi_parse_capacity10(hvs->answer, command->length,
		    &found->capacity);
	else if (error == PV_OK)
		error = scsi_parse_capacity16(hvs->answer, command->length,
		    &found->capacity);
	if (error == PV_EPROTO)
		hvs->device->stats.bad_value++;
	found->has_capacity = error == PV_OK;
}

static bool
answered(struct hvs *hvs)
{
	struct hvs_found *found = &hvs->scan.found;
	const struct hvs_command *command = &hvs->command;
	const void *data = hvs->answer;
	size_t len = command->length;
	bool good = command->error == PV_OK;

	switch (hvs->scan.look) {
	case HVS_L_INQUIRY:
		return inquiry_answered(hvs, found, command);
	case HVS_L_READY:
		found->no_medium = command->sense.key == SCSI_KEY_NOT_READY &&
		    command->sense.asc >> 8 == SCSI_ASC_NO_MEDIUM >> 8;
		break;
	case HVS_L_PAGES:
		if (good)
			(void)scsi_parse_pages(data, len, &found->pages);
		break;
	case HVS_L_SERIAL:
		if (good)
			(void)scsi_parse_serial(data, len, &found->identity);
		break;
	case HVS_L_IDENTIFIERS:
		if (good)
			(void)scsi_parse_identifiers(data, len,
			    &found->identity);
		break;
	case HVS_L_LIMITS:
		found->has_limits = good &&
		    scsi_parse_limits(data, len, &found->limits) == PV_OK;
		break;
	case HVS_L_CHARACTERISTICS:
		if (good)
			(void)scsi_parse_rotation(data, len, &found->rotation);
		break;
	case HVS_L_PROVISIONING:
		if (good)
			(void)scsi_parse_provisioning(data, len, &found->unmap,
			    &found->thin);
		break;
	case HVS_L_CAPACITY16:
	case HVS_L_CAPACITY10:
		capacity_answered(hvs, found, command);
		break;
	case HVS_L_MODE:
	case HVS_L_MODE_ALL:
		mode_answered(hvs, found, command);
		break;
	case HVS_L_END:
		break;
	}
	return true;
}

bool
hvs_look_step(struct hvs *hvs)
{
	struct hvs_scan *scan = &hvs->scan;
	unsigned target = hvs->ide ? hvs->target : scan->target;

	if (scan->sent) {
		if (!hvs_scan_answered(hvs))
			return false;
		if (!answered(hvs))
			return true;
		scan->look++;
		/* of what we do not drive no more is wanted */
		if (scan->found.inquiry.type != SCSI_TYPE_DISK &&
		    scan->found.inquiry.type != SCSI_TYPE_CDROM)
			scan->look = HVS_L_END;
	}
	while (scan->look != HVS_L_END && !wanted(scan))
		scan->look++;
	if (scan->look != HVS_L_END) {
		ask(hvs);
		return false;
	}
	hvs_lun_found(hvs, target, scan->lun, &scan->found);
	return true;
}

/* ---- A disk of it ----------------------------------------------------- */

static uint32_t
bytes_of(uint32_t blocks, uint32_t block)
{
	return blocks <= UINT32_MAX / block ? blocks * block : 0;
}

static void
set_limits(struct sd *sd, const struct hvs_found *found)
{
	struct pv_disk *disk = &sd->disk;
	uint32_t block = disk->sector_size;
	uint32_t most = sd->hvs->max_transfer;
	const struct scsi_limits *limits = &found->limits;

	if (limits->transfer > 0 && limits->transfer < most / block)
		most = limits->transfer * block;
	sd->transfer = most - most % block;
	disk->max_transfer = sd->transfer;
	sd->unmap = limits->unmap;
	disk->can_discard = sd->type == SCSI_TYPE_DISK &&
	    (found->unmap || found->capacity.unmap) && limits->unmap > 0 &&
	    !__atomic_load_n(&sd->no_discard, __ATOMIC_RELAXED);
	disk->discard_granularity = disk->discard_alignment = 0;
	if (!disk->can_discard)
		return;
	disk->discard_granularity = bytes_of(limits->granularity, block);
	if (disk->discard_granularity == 0)
		disk->discard_granularity = block;
	disk->discard_alignment = bytes_of(limits->alignment, block);
}

/* True: the owner is to hear of it. */
static void
set_geometry(struct sd *sd, const struct hvs_found *found)
{
	struct pv_disk *disk = &sd->disk;

	if (found->has_capacity) {
		disk->sector_size = found->capacity.block;
		disk->physical_sector_size = found->capacity.physical;
		disk->size = found->capacity.blocks * found->capacity.block;
	} else
		disk->size = 0;
	disk->removable = found->inquiry.removable ||
	    sd->type == SCSI_TYPE_CDROM;
	disk->read_only = sd->type == SCSI_TYPE_CDROM ||
	    found->mode.write_protected;
	/* where nobody says that there is no cache, there may be one */
	disk->can_flush = sd->type == SCSI_TYPE_DISK &&
	    (found->mode.has_cache ? found->mode.write_cache : true) &&
	    !__atomic_load_n(&sd->no_flush, __ATOMIC_RELAXED);
	sd->rotation = found->rotation;
	sd->thin = found->thin;
	sd->identity = found->identity;
	sd->inquiry = found->inquiry;
	set_limits(sd, found);
	hvs_publish_queues(sd->hvs, sd);
}

static void
go_online(struct sd *sd)
{
	sd->disk.online = true;
	__atomic_store_n(&sd->online, 1, __ATOMIC_RELEASE);
}

static void
unconfigured(struct hvs *hvs, struct sd *sd, const char *where)
{
	static const char *const words[SCSI_TYPE_NONE] = { [1] = "tape",
		[2] = "printer",
		[3] = "processor",
		[4] = "worm",
		[7] = "optical",
		[8] = "changer",
		[12] = "raid",
		[13] = "enclosure",
		[14] = "disk",
		[20] = "zbc" };
	const char *word = sd->type < SCSI_TYPE_NONE ? words[sd->type] : NULL;

	pv_device_unconfigured(hvs->device, word != NULL ? word : "scsi", where,
	    sd);
}

static void
attach(struct hvs *hvs, unsigned target, unsigned lun,
    const struct hvs_found *found)
{
	uint8_t type = found->inquiry.type;
	char where[32];
	struct sd *sd;

	sd = sd_new(hvs, (uint8_t)target, (uint8_t)lun);
	if (sd == NULL) {
		hvs->scan.incomplete = true;
		return;
	}
	sd->seen = true;
	sd->type = type;
	pv_format(where, sizeof(where), "target %u lun %u", target, lun);
	if (type != SCSI_TYPE_DISK && type != SCSI_TYPE_CDROM) {
		unconfigured(hvs, sd, where);
		return;
	}
	set_geometry(sd, found);
	go_online(sd);
	(void)pv_device_attach(hvs->device,
	    type == SCSI_TYPE_DISK ? "sd" : "cd", where, sd);
}

static bool
same(const struct sd *sd, const struct hvs_found *found)
{
	const struct scsi_identity *old = &sd->identity;
	const struct scsi_identity *new = &found->identity;

	if (sd->type != found->inquiry.type)
		return false;
	if (old->len > 0 && new->len > 0 &&
	    (old->len != new->len ||
		memcmp(old->bytes, new->bytes, old->len) != 0))
		return false;
	/* a medium can be another, a disk cannot have other blocks */
	return sd->type != SCSI_TYPE_DISK || !found->has_capacity ||
	    sd->disk.size == 0 || sd->disk.sector_size == found->capacity.block;
}

static void
update(struct sd *sd, const struct hvs_found *found)
{
	struct pv_disk before = sd->disk;

	if (sd->device == NULL)
		return;
	set_geometry(sd, found);
	go_online(sd);
	if (memcmp(&before, &sd->disk, sizeof(before)) != 0)
		sd_changed(sd);
}

void
hvs_lun_found(struct hvs *hvs, unsigned target, unsigned lun,
    const struct hvs_found *found)
{
	struct sd *sd = hvs_find(hvs, target, lun);
	bool disk = found->inquiry.type == SCSI_TYPE_DISK;

	/* without its size a disk is of no use, as long as that is so */
	if (disk && !found->has_capacity && !found->no_medium) {
		hvs_log(hvs, PV_LOG_ERROR,
		    "target %u lun %u does not tell its size", target, lun);
		hvs->scan.incomplete = true;
		if (sd != NULL)
			sd->seen = true;
		return;
	}
	if (sd != NULL && !same(sd, found)) {
		hvs_lun_leaves(hvs, sd);
		sd = NULL;
	}
	if (sd == NULL) {
		attach(hvs, target, lun, found);
		return;
	}
	sd->seen = true;
	update(sd, found);
}

/* ---- A disk goes ------------------------------------------------------ */

static void
forget_unconfigured(struct hvs *hvs, const struct sd *sd)
{
	const struct pv_device *device = pv_bus_devices(hvs->device->bus);

	while (device != NULL &&
	    (device->parent != hvs->device || device->aux != sd))
		device = device->next;
	if (device != NULL)
		pv_device_detach((struct pv_device *)(uintptr_t)device);
}

void
hvs_lun_leaves(struct hvs *hvs, struct sd *sd)
{
	if (sd->device == NULL) {
		forget_unconfigured(hvs, sd);
		sd_free(sd);
		return;
	}
	hvs_log(hvs, PV_LOG_INFO, "%s at target %u lun %u has gone",
	    sd->device->name, sd->target, sd->lun);
	sd->leaving = true;
	sd_gone(sd, PV_ENODEV);
}

void
hvs_luns_reap(struct hvs *hvs)
{
	struct sd *next;

	for (struct sd *sd = hvs->disks; sd != NULL; sd = next) {
		next = sd->next;
		if (sd->leaving && sd->device != NULL &&
		    __atomic_load_n(&sd->under_way, __ATOMIC_ACQUIRE) == 0)
			pv_device_detach(sd->device);
	}
}
