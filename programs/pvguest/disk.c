/* SPDX-License-Identifier: ISC */
#include "programs/pvguest/disk.h"

struct pv_disk *
disk_again(const char *name)
{
	struct pv_device *device = guest_device(name);

	return device == NULL || device->state != PV_DEVICE_ATTACHED ||
		device->disk == NULL || device->disk->gone
	    ? NULL
	    : device->disk;
}

struct pv_disk *
disk_find(const char *name)
{
	uint64_t until = bare_now() + PATIENCE;
	struct pv_disk *disk;

	for (;;) {
		disk = disk_again(name);
		if (disk == NULL) {
			fail(STATUS_MISSING,
			    "disk: expected a disk, there is no %s", name);
			return NULL;
		}
		if (disk->online)
			return disk;
		if (bare_now() >= until) {
			fail(STATUS_MISSING,
			    "disk: %s is not connected to its host", name);
			return NULL;
		}
		guest_wait(until);
	}
}

bool
disk_slots(struct disk_slot *slots, unsigned count, size_t size)
{
	memset(slots, 0, count * sizeof(*slots));
	for (unsigned i = 0; i < count; i++) {
		slots[i].memory = bare_alloc(size);
		slots[i].size = size;
		if (slots[i].memory == NULL) {
			disk_slots_free(slots, i);
			return false;
		}
	}
	return true;
}

void
disk_slots_free(struct disk_slot *slots, unsigned count)
{
	/* the host may still use what it did not let go of */
	for (unsigned i = 0; i < count; i++)
		if (slots[i].io.error != PV_EBUSY)
			bare_free(slots[i].memory, slots[i].size);
}

static void
done(struct pv_io *io)
{
	struct disk_slot *slot = io->owner;

	slot->done = true;
}

void
disk_request(struct disk_slot *slot, enum pv_disk_op op, uint64_t sector,
    size_t sectors)
{
	size_t len = sectors * 512;

	slot->sector = sector;
	slot->sectors = sectors;
	slot->segment[0] = (struct pv_segment){ slot->memory,
		(uintptr_t)slot->memory, len };
	slot->io = (struct pv_io){
		.op = op,
		.offset = sector * 512,
		.length = len,
		.segments = slot->segment,
		.count = 1,
		.done = done,
		.owner = slot,
	};
	if (op == PV_DISK_FLUSH || op == PV_DISK_DISCARD)
		slot->io.count = 0;
	slot->done = false;
	slot->busy = true;
}

int
disk_do(const char *name, struct disk_slot *slot)
{
	struct pv_disk *disk = disk_again(name);

	if (disk == NULL)
		return PV_ENODEV;
	pv_disk_submit(disk, 0, &slot->io);
	pv_disk_kick(disk, 0);
	/* each request is answered, if only with an error */
	guest_await(&slot->done, PV_NEVER);
	slot->busy = false;
	return slot->io.error;
}
