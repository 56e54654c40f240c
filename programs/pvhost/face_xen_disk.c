/* SPDX-License-Identifier: ISC */
/* Disks: blkback on the bytes of a file. */
#include "programs/pvhost/disk.h"
#include "programs/pvhost/face_xen.h"
#include "programs/pvhost/reply.h"

/* xvda has this number, the next ones 16 more each (Xen's docs,
 * xen-vbd-interface). */
#define XVDA 51712u
#define XVD_STEP 16u

/* As Linux's blkback announces by default; rings of 16 pages as QEMU takes
 * them. */
#define INDIRECT 256u
#define RING_ORDER 4u

static struct host_disk_config
config_of(const struct face_xen *face, struct disk *disk)
{
	return (struct host_disk_config){
		.device = XVDA + XVD_STEP * disk->place,
		.bytes = disk->bytes,
		.size = disk->size,
		.sector_size = disk->sector_size,
		.read_only = disk->read_only,
		.cdrom = disk->cdrom,
		.max_queues = face->machine->options.vcpus,
		.max_ring_order = RING_ORDER,
		.indirect = INDIRECT,
		.persistent = true,
		.flush = true,
		.discard = !disk->read_only,
		.discard_granularity = disk->sector_size,
		.sync = disk_sync,
		.erase = disk_erase,
		.ctx = disk,
	};
}

bool
face_xen_disk_add(void *self, struct disk *disk, struct reply *reply)
{
	struct face_xen *face = self;
	struct host_disk_config config;

	disk->place = 0;
	while (disk->place < FACE_XEN_DISKS && face->disks[disk->place] != NULL)
		disk->place++;
	if (disk->place == FACE_XEN_DISKS)
		return reply_no(reply, "there are %u disks already",
		    FACE_XEN_DISKS);
	config = config_of(face, disk);
	disk->device = host_blkback_new(face->xen, &config);
	if (disk->device == NULL)
		return reply_no(reply, "out of memory");
	face->disks[disk->place] = disk;
	return true;
}

/* The bytes go away at once: the guest is not asked. */
bool
face_xen_disk_remove(void *self, struct disk *disk, struct reply *reply)
{
	struct face_xen *face = self;

	(void)reply;
	host_blkback_free(disk->device);
	disk->device = NULL;
	face->disks[disk->place] = NULL;
	return true;
}
