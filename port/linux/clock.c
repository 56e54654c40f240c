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

/* Nothing here is told of a host's events, so look again after a while. */
void
linux_wait(void *ctx, uint64_t deadline)
{
	uint64_t now = linux_now(ctx);
	struct timespec pause = { .tv_nsec = PV_MILLISECOND };

	if (deadline <= now)
		return;
	if (deadline - now < PV_MILLISECOND)
		pause.tv_nsec = (long)(deadline - now);
	nanosleep(&pause, NULL);
}
