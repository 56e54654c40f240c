/* SPDX-License-Identifier: ISC */
/* What a disk's file cannot give or take, once it is in use. */
#ifndef PVHOST_DISK_GUARD_H
#define PVHOST_DISK_GUARD_H

#include "programs/pvhost/disk.h"

#define DISKS_GUARDED 64u

/* False: there are so many already. */
bool disk_guard(struct disk *);
void disk_unguard(const struct disk *);

#endif
