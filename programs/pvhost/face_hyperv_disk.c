/* SPDX-License-Identifier: ISC */
/* Disks of the face of Hyper-V: units of one SCSI controller. */
#include "programs/pvhost/disk.h"
#include "programs/pvhost/face_hyperv.h"
#include "programs/pvhost/reply.h"

#define CD_SECTOR 2048u

bool
hyperv_disk_add(void *ctx, struct disk *disk, struct reply *reply)
{
	struct face_hyperv *self = ctx;
	struct host_lun_config lun = { .bytes = disk->bytes,
		.size = disk->size,
		.sector_size = disk->sector_size,
		.read_only = disk->read_only,
		.cdrom = disk->cdrom,
		.unmap = !disk->read_only && !disk->cdrom,
		.flush = disk_sync,
		.discard = disk_erase,
		.ctx = disk };
	unsigned place = 0;

	while (place < HYPERV_LUNS && self->luns[place] != NULL)
		place++;
	if (place == HYPERV_LUNS)
		return reply_no(reply, "the controller takes %u disks",
		    HYPERV_LUNS);
	if (disk->cdrom) {
		lun.sector_size = CD_SECTOR;
		lun.size -= lun.size % CD_SECTOR;
	}
	lun.lun = (uint8_t)place;
	if (!host_storvsp_add(self->storvsp, &lun, true))
		return reply_no(reply, "out of memory");
	self->luns[place] = disk;
	disk->place = place;
	disk->device = self;
	return true;
}

bool
hyperv_disk_remove(void *ctx, struct disk *disk, struct reply *reply)
{
	struct face_hyperv *self = ctx;

	if (disk->place >= HYPERV_LUNS || self->luns[disk->place] != disk)
		return reply_no(reply, "%s is not there", disk->name);
	host_storvsp_remove(self->storvsp, 0, (uint8_t)disk->place, true);
	self->luns[disk->place] = NULL;
	disk->device = NULL;
	return true;
}
