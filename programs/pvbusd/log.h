/* SPDX-License-Identifier: ISC */
#ifndef PVBUSD_LOG_H
#define PVBUSD_LOG_H

#include <stdbool.h>

#include "pvbus/port.h"

void log_verbose(bool);
/* To standard error, with the name of the program before errors. */
void log_line(enum pv_log, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* What a port calls. */
void log_port(void *ctx, enum pv_log, const char *line);

#endif
