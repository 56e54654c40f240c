/* SPDX-License-Identifier: ISC */
/*
 * The machine's clock after the host's, where its administrator wants that: most
 * have chrony or the like, and two masters make no clock.
 */
#include <errno.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

#include "port/linux/linux_private.h"

/* Less is not worth a step, nor is it known better: the way through the host
 * takes its time. */
#define NEAR_NS (1 * (int64_t)PV_MILLISECOND)
/* What adjtimex(2) slews at 500 ppm within an hour or so. */
#define FAR_NS (2 * (int64_t)PV_SECOND)

static int
set_clock(int64_t wall)
{
	struct timespec time = { .tv_sec = (time_t)(wall / (int64_t)PV_SECOND),
		.tv_nsec = (long)(wall % (int64_t)PV_SECOND) };

	return clock_settime(CLOCK_REALTIME, &time);
}

static int
slew(int64_t behind)
{
	struct timex change = { .modes = ADJ_OFFSET_SINGLESHOT,
		.offset = (long)(behind / 1000) };

	return adjtimex(&change) < 0 ? -1 : 0;
}

/* A host that has paused or moved us knows it better than our own clock; at
 * other times only the small differences are believed, unless all are to be
 * set. */
int
linux_time(void *ctx, enum pv_time kind, uint64_t wall, uint64_t at)
{
	struct linux_port *linux_port = ctx;
	uint64_t age = linux_now(ctx) - at;
	struct timespec now;
	int64_t behind, host;
	int error;

	if (wall > INT64_MAX / 2 || age > INT64_MAX / 2)
		return PV_EINVAL;
	host = (int64_t)(wall + age);
	clock_gettime(CLOCK_REALTIME, &now);
	behind = host -
	    ((int64_t)now.tv_sec * (int64_t)PV_SECOND + now.tv_nsec);
	if (behind > -NEAR_NS && behind < NEAR_NS)
		return PV_OK;
	if (linux_port->config.time == LINUX_TIME_SET || kind == PV_TIME_SYNC)
		error = set_clock(host);
	else if (behind < -FAR_NS || behind > FAR_NS)
		return PV_ERANGE;
	else
		error = slew(behind);
	if (error == 0)
		return PV_OK;
	return errno == EPERM ? PV_EACCES : PV_EIO;
}
