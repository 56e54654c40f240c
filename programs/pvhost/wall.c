/* SPDX-License-Identifier: ISC */
#include <time.h>

#include "programs/pvhost/machine.h"

#define SECOND 1000000000u

uint64_t
machine_wall(const struct machine *machine)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec -
	    machine_now(machine);
}
