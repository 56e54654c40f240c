/* SPDX-License-Identifier: ISC */
#include <sys/sysinfo.h>

#include "port/linux/linux_private.h"

/* By sysinfo(2) and not from /proc/meminfo, which a service manager may hide.
 * What is cached counts as spoken for: nobody knows here what could go. */
int
linux_memory(void *ctx, uint64_t *available, uint64_t *committed)
{
	struct sysinfo info;
	uint64_t left;

	(void)ctx;
	if (sysinfo(&info) < 0)
		return PV_EIO;
	left = (uint64_t)info.freeram + info.bufferram;
	if (left > info.totalram)
		left = info.totalram;
	*available = left * info.mem_unit / PV_PAGE_SIZE;
	*committed = (info.totalram - left) * info.mem_unit / PV_PAGE_SIZE;
	return PV_OK;
}
