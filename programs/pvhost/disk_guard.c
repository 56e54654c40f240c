/* SPDX-License-Identifier: ISC */
/*
 * A file that is cut short while it is mapped, whose file system is full when a
 * hole is written to, or whose device is gone: that comes as SIGBUS, in the midst
 * of a model that reads or writes its disk.
 *
 * The signal is of the very instruction that touched the disk, so that its
 * handler may do what any function may.  Zeroes take the place of the disk, and
 * the model comes to an end with them, but no vCPU runs any more.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "programs/pvhost/disk_guard.h"
#include "programs/pvhost/machine.h"

static struct machine *owner;
static struct disk *guarded[DISKS_GUARDED];

static const struct disk *
disk_at(const void *address)
{
	const uint8_t *at = address;

	for (unsigned i = 0; i < DISKS_GUARDED; i++) {
		const struct disk *disk = guarded[i];

		if (disk != NULL && at >= disk->bytes &&
		    (uint64_t)(at - disk->bytes) < disk->size)
			return disk;
	}
	return NULL;
}

static const char *
reason(const struct disk *disk)
{
	struct stat status;

	if (fstat(disk->fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    (uint64_t)status.st_size < disk->size)
		return "its file was cut short while in use";
	return "it cannot be read or written any more: its file system is full "
	       "or broken, or its device is gone";
}

static void
on_signal(int number, siginfo_t *info, void *context)
{
	const struct disk *disk = disk_at(info->si_addr);

	(void)context;
	if (owner == NULL || disk == NULL ||
	    mmap(disk->bytes, disk->size, PROT_READ | PROT_WRITE,
		MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		0) == MAP_FAILED) {
		signal(number, SIG_DFL); /* it comes again */
		return;
	}
	machine_end(owner, EXIT_IMAGE, "disk %s: %s", disk->path, reason(disk));
}

void
disks_guard(struct machine *machine)
{
	struct sigaction action = { .sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO };

	owner = machine;
	sigaction(SIGBUS, &action, NULL);
}

bool
disk_guard(struct disk *disk)
{
	for (unsigned i = 0; i < DISKS_GUARDED; i++)
		if (guarded[i] == NULL) {
			guarded[i] = disk;
			return true;
		}
	return false;
}

void
disk_unguard(const struct disk *disk)
{
	for (unsigned i = 0; i < DISKS_GUARDED; i++)
		if (guarded[i] == disk)
			guarded[i] = NULL;
}
