/* SPDX-License-Identifier: ISC */
/* What vmt says, and how often. */
#include "guest/vmware/vmware.h"
#include "guest/bus/format.h"

#define RATE_TIME (60 * PV_SECOND)
#define RATE_LINES 10u

static void
say(struct vmware *vmware, enum pv_log level, const char *format, va_list args)
{
	char line[256];
	size_t len;

	len = pv_format(line, sizeof(line), "%s: ", vmware->device->name);
	pv_vformat(line + len, sizeof(line) - len, format, args);
	vmware->port->log(vmware->port->ctx, level, line);
}

void
vmware_log(struct vmware *vmware, enum pv_log level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(vmware, level, format, args);
	va_end(args);
}

void
vmware_complain(struct vmware *vmware, struct vmware_rate *rate,
    const char *format, ...)
{
	uint64_t now = pv_bus_now(vmware->bus);
	va_list args;

	if (rate->lines == 0 || now - rate->since >= RATE_TIME) {
		if (rate->left_out > 0)
			vmware_log(vmware, PV_LOG_ERROR,
			    "%u lines like those before were left out",
			    rate->left_out);
		*rate = (struct vmware_rate){ .since = now };
	}
	if (rate->lines == RATE_LINES) {
		rate->left_out++;
		return;
	}
	rate->lines++;
	va_start(args, format);
	say(vmware, PV_LOG_ERROR, format, args);
	va_end(args);
}
