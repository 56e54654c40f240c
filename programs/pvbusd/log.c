/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdio.h>

#include "programs/pvbusd/log.h"

static bool verbose;

void
log_verbose(bool on)
{
	verbose = on;
}

void
log_line(enum pv_log level, const char *format, ...)
{
	char line[512];
	va_list args;

	if (level == PV_LOG_DEBUG && !verbose)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	/* one write a line, so that lines of several processes stay whole */
	if (level == PV_LOG_INFO)
		dprintf(2, "%s\n", line);
	else
		dprintf(2, "pvbusd: %s\n", line);
}

void
log_port(void *ctx, enum pv_log level, const char *line)
{
	(void)ctx;
	log_line(level, "%s", line);
}
