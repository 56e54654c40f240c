/* SPDX-License-Identifier: ISC */
/*
 * A disk's file.  It is mapped, for that is how the models of host/ take a disk:
 * what they write is in the file without further calls.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "programs/pvhost/disk_guard.h"
#include "programs/pvhost/machine.h"
#include "programs/pvhost/reply.h"

#define OPTIONS "its options are ro, cdrom and 4k"

/* ---- Words ------------------------------------------------------------- */

/* The option at the end of `words`, taken off; a file's name may have commas of
 * its own. */
static bool
take_option(char *words, const char *option)
{
	size_t size = strlen(words), length = strlen(option);

	if (size <= length || words[size - length - 1] != ',' ||
	    strcmp(words + size - length, option) != 0)
		return false;
	words[size - length - 1] = '\0';
	return true;
}

static bool
parse(struct disk *disk, const char *words)
{
	bool took = true;

	disk->path = strdup(words);
	if (disk->path == NULL)
		return false;
	disk->sector_size = 512;
	while (took) {
		took = false;
		if (take_option(disk->path, "ro"))
			took = disk->read_only = true;
		if (take_option(disk->path, "cdrom"))
			took = disk->read_only = disk->cdrom = true;
		if (take_option(disk->path, "4k")) {
			took = true;
			disk->sector_size = 4096;
		}
	}
	return true;
}

/* ---- The file ---------------------------------------------------------- */

static bool
refuse_open(const struct disk *disk, int error, struct reply *reply)
{
	const char *hint = "";

	if ((error == EACCES || error == EROFS || error == EPERM) &&
	    !disk->read_only)
		hint = "; if it is only to be read, add \",ro\"";
	if (error == ENOENT && strchr(disk->path, ',') != NULL)
		hint = "; " OPTIONS;
	else if (error == ENOENT)
		hint = "; make one with truncate -s 1G FILE";
	return reply_no(reply, "disk %s: %s%s", disk->path, strerror(error),
	    hint);
}

static bool
open_file(struct disk *disk, struct reply *reply)
{
	int how = disk->read_only ? O_RDONLY : O_RDWR;

	if (disk->path[0] == '\0')
		return reply_no(reply,
		    "expected a disk as FILE[,ro][,cdrom][,4k], "
		    "and there is no FILE");
	/* not to wait for the other end, should it be a pipe */
	disk->fd = open(disk->path, how | O_CLOEXEC | O_NONBLOCK);
	return disk->fd >= 0 || refuse_open(disk, errno, reply);
}

/* Advisory, and of this open file: it ends with the process at the latest. */
static bool
lock_file(struct disk *disk, struct reply *reply)
{
	if (flock(disk->fd, (disk->read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) ==
	    0)
		return true;
	if (errno != EWOULDBLOCK)
		return reply_no(reply, "disk %s: cannot be locked: %s",
		    disk->path, strerror(errno));
	return reply_no(reply,
	    disk->read_only
		? "disk %s: is written to by another machine, or by another "
		  "disk of this one"
		: "disk %s: is used by another machine, or by another disk of "
		  "this one; one alone can write to it, or many read it, each "
		  "with \",ro\"",
	    disk->path);
}

static bool
find_size(struct disk *disk, struct reply *reply)
{
	struct stat status;
	int sector;

	if (fstat(disk->fd, &status) != 0)
		return reply_no(reply, "disk %s: %s", disk->path,
		    strerror(errno));
	if (S_ISREG(status.st_mode)) {
		disk->size = (uint64_t)status.st_size;
		return true;
	}
	if (!S_ISBLK(status.st_mode))
		return reply_no(reply,
		    "disk %s: expected a file or a block device, and this is "
		    "%s",
		    disk->path,
		    S_ISDIR(status.st_mode) ? "a directory" : "something else");
	if (ioctl(disk->fd, BLKGETSIZE64, &disk->size) != 0)
		return reply_no(reply, "disk %s: its size is not known: %s",
		    disk->path, strerror(errno));
	/* what is on it was written in sectors of its own */
	if (ioctl(disk->fd, BLKSSZGET, &sector) == 0 && sector == 4096)
		disk->sector_size = 4096;
	return true;
}

static bool
check_size(const struct disk *disk, struct reply *reply)
{
	uint64_t size = disk->size, sector = disk->sector_size;

	if (size == 0)
		return reply_no(reply,
		    "disk %s: is empty; give it a size with truncate -s 1G "
		    "FILE",
		    disk->path);
	if (size % sector != 0)
		return reply_no(reply,
		    "disk %s: its %llu bytes are not whole sectors of %llu; "
		    "truncate -s %llu FILE makes them so",
		    disk->path, (unsigned long long)size,
		    (unsigned long long)sector,
		    (unsigned long long)(size / sector + 1) * sector);
	if (size > SIZE_MAX / 2)
		return reply_no(reply, "disk %s: is too large", disk->path);
	return true;
}

static bool
map(struct disk *disk, struct reply *reply)
{
	void *bytes = mmap(NULL, disk->size,
	    PROT_READ | (disk->read_only ? 0 : PROT_WRITE), MAP_SHARED,
	    disk->fd, 0);

	if (bytes == MAP_FAILED)
		return reply_no(reply, "disk %s: cannot be mapped: %s",
		    disk->path, strerror(errno));
	disk->bytes = bytes;
	return disk_guard(disk) ||
	    reply_no(reply, "disk %s: there are %u disks already", disk->path,
		DISKS_GUARDED);
}

static void
let_go(struct disk *disk)
{
	disk_unguard(disk);
	if (disk->bytes != NULL)
		munmap(disk->bytes, disk->size);
	if (disk->fd >= 0)
		close(disk->fd);
	free(disk->path);
	free(disk);
}

struct disk *
disk_open(const char *words, unsigned number, struct reply *reply)
{
	struct disk *disk = calloc(1, sizeof(*disk));

	if (disk == NULL) {
		reply_no(reply, "out of memory");
		return NULL;
	}
	disk->fd = -1;
	snprintf(disk->name, sizeof(disk->name), "disk%u", number);
	if (!parse(disk, words))
		reply_no(reply, "out of memory");
	else if (open_file(disk, reply) && lock_file(disk, reply) &&
	    find_size(disk, reply) && check_size(disk, reply) &&
	    map(disk, reply))
		return disk;
	let_go(disk);
	return NULL;
}

/* Of a write that failed long ago the kernel tells only here. */
void
disk_close(struct disk *disk)
{
	if (disk == NULL)
		return;
	if (!disk->read_only &&
	    (msync(disk->bytes, disk->size, MS_SYNC) != 0 ||
		(fsync(disk->fd) != 0 && errno != EINVAL)))
		say("disk %s: what the guest wrote is not all in it: %s",
		    disk->path, strerror(errno));
	let_go(disk);
}

/* ---- For models -------------------------------------------------------- */

/* What was written through the mapping, too: it is the file's page cache. */
void
disk_sync(void *ctx)
{
	struct disk *disk = ctx;
	bool good = disk->read_only || fdatasync(disk->fd) == 0;

	/* once, however often the guest asks for it */
	if (!good && !disk->told)
		say("disk %s: what the guest wrote is not all in it: %s",
		    disk->path, strerror(errno));
	disk->told = !good;
}

void
disk_erase(void *ctx, uint64_t offset, uint64_t size)
{
	const struct disk *disk = ctx;

	if (fallocate(disk->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		(off_t)offset, (off_t)size) != 0)
		memset(disk->bytes + offset, 0, size);
}
