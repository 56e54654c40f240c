/* SPDX-License-Identifier: ISC */
/* A disk's file, mapped and locked. */
#ifndef PVHOST_DISK_H
#define PVHOST_DISK_H

#include <stdbool.h>
#include <stdint.h>

struct machine;
struct reply;

struct disk {
	struct disk *next;
	char name[16]; /* "disk0", by which it is removed */
	char *path;
	int fd;
	uint8_t *bytes;
	uint64_t size;        /* bytes, whole sectors */
	uint32_t sector_size; /* 512 or 4096 */
	bool read_only, cdrom;
	bool told; /* that the last sync failed */
	/* its face's */
	void *device;
	unsigned place;
};

/* "FILE[,ro][,cdrom][,4k]".  One pvhost writes to a file, or many read it: NULL
 * and a line in the reply if another has it, if it is short of a whole sector or
 * none at all.  A file that gets shorter while in use ends the machine that
 * disks_guard() was called with. */
struct disk *disk_open(const char *words, unsigned number, struct reply *);
void disks_guard(struct machine *);
/* What was written is in the file (msync) when this returns, or a line says
 * that it is not. */
void disk_close(struct disk *);

/* For the models, whose ctx a disk is.  What was written so far outlives this
 * machine, or a line says that it does not; a piece reads as zeroes from now on,
 * and takes no room where the file system can do that. */
void disk_sync(void *disk);
void disk_erase(void *disk, uint64_t offset, uint64_t size);

#endif
