/* SPDX-License-Identifier: ISC */
#include <time.h>

#include "port/linux/linux_private.h"

uint64_t
linux_now(void *ctx)
{
	struct timespec now;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * PV_SECOND + (uint64_t)now.tv_nsec;
}
