/* SPDX-License-Identifier: ISC */
/* What the commands on disks share. */
#ifndef PVGUEST_DISK_H
#define PVGUEST_DISK_H

#include "programs/pvguest/pvguest.h"

#define DISK_SLOTS 256u
/* Of one request, and of the pieces that its memory is in. */
#define DISK_CHUNK (128u * 1024)
#define DISK_PIECES 16u

/* A request with its memory. */
struct disk_slot {
	struct pv_io io;
	struct pv_segment segment[DISK_PIECES];
	char *memory;
	size_t size; /* of the memory */
	uint64_t sector;
	size_t sectors;
	bool busy, done;
};

/* The disk of that name, once it takes requests; NULL, after a word about it,
 * when there is none. */
struct pv_disk *disk_find(const char *name);
/* The same, now, for who has let the bus work since. */
struct pv_disk *disk_again(const char *name);

bool disk_slots(struct disk_slot *slots, unsigned count, size_t size);
void disk_slots_free(struct disk_slot *slots, unsigned count);
/* Fill in a request of one piece, the beginning of the slot's memory. */
void disk_request(struct disk_slot *slot, enum pv_disk_op op, uint64_t sector,
    size_t sectors);
/* Submit to queue 0 and wait: 0, or a PV_E code. */
int disk_do(const char *name, struct disk_slot *slot);

int disk_stream(int argc, char **argv); /* fill, verify, check */
int disk_mix(int argc, char **argv);
int disk_bench(int argc, char **argv);

#endif
