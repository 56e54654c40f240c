/* SPDX-License-Identifier: ISC */
/* What an administrator asks of a guest, other than about keys and values. */
#include <string.h>

#include "host/hyperv/ic_private.h"
#include "wire/hyperv/fcopy.h"
#include "wire/hyperv/tlfs.h"
#include "wire/hyperv/vss.h"

#define SHUTDOWN_SECONDS 180u
#define VERSION(major, minor) ((major) << 16 | (minor))

bool
host_ic_heartbeat(struct host_ic *ic)
{
	struct ic_service *service = ic_ready(ic, HOST_IC_HEARTBEAT);
	struct hv_heartbeat body = { 0 };

	if (service == NULL)
		return false;
	body.sequence = service->sequence + 1;
	if (!ic_ask(service, &body, sizeof(body)))
		return false;
	service->sequence += 2;
	return true;
}

/* Windows asks for a hibernation only where the version has it. */
bool
host_ic_shutdown(struct host_ic *ic, uint32_t flags, uint32_t reason,
    const char *text)
{
	struct ic_service *service = ic_ready(ic, HOST_IC_SHUTDOWN);
	struct hv_shutdown body = { .reason = reason,
		.timeout = SHUTDOWN_SECONDS,
		.flags = flags };

	if (service == NULL ||
	    ((flags & HV_SHUTDOWN_HIBERNATE) != 0 &&
		service->version < VERSION(3u, 2u)) ||
	    (text != NULL &&
		ic_to_utf16(text, strlen(text), body.text, sizeof(body.text)) ==
		    0))
		return false;
	return ic_ask(service, &body, sizeof(body));
}

bool
host_ic_time(struct host_ic *ic, uint64_t time, uint8_t flags)
{
	struct ic_service *service = ic_ready(ic, HOST_IC_TIMESYNC);
	struct hv_timesync old = { .host_time = time, .flags = flags };
	struct hv_timesync_reference body = { .host_time = time,
		.flags = flags };

	if (service == NULL)
		return false;
	if (service->version < VERSION(4u, 0u))
		return ic_ask(service, &old, sizeof(old));
	(void)host_hyperv_rdmsr(ic->host, 0, HV_MSR_REFERENCE_COUNTER,
	    &body.reference);
	return ic_ask(service, &body, sizeof(body));
}

/* Disks of the host come with a freeze: none of them here. */
bool
host_ic_vss(struct host_ic *ic, unsigned operation)
{
	struct ic_service *service = ic_ready(ic, HOST_IC_VSS);
	struct hv_vss_freeze freeze = { 0 };
	struct hv_vss body = { 0 };

	if (service == NULL)
		return false;
	body.header.operation = freeze.header.operation = (uint8_t)operation;
	return operation == HV_VSS_FREEZE
	    ? ic_ask(service, &freeze, sizeof(freeze))
	    : ic_ask(service, &body, sizeof(body));
}

bool
host_ic_fcopy(struct host_ic *ic, unsigned operation)
{
	struct ic_service *service = ic_ready(ic, HOST_IC_FCOPY);
	static const char content[] = "of the host\n";
	struct hv_fcopy_start start = { .flags = HV_FCOPY_OVERWRITE,
		.size = sizeof(content) - 1 };
	struct hv_fcopy_write write = { .size = sizeof(content) - 1 };
	struct hv_fcopy_header other = { .operation = operation };
	uint8_t name[sizeof(start.file)];

	if (service == NULL)
		return false;
	start.header = write.header = other;
	memset(name, 0, sizeof(name));
	(void)ic_to_utf16("pvbus.txt", 9, name, sizeof(name));
	memcpy(start.file, name, sizeof(name));
	memset(name, 0, sizeof(name));
	(void)ic_to_utf16("/tmp", 4, name, sizeof(name));
	memcpy(start.path, name, sizeof(name));
	memcpy(write.data, content, sizeof(content) - 1);
	switch (operation) {
	case HV_FCOPY_START:
		return ic_ask(service, &start, sizeof(start));
	case HV_FCOPY_WRITE:
		return ic_ask(service, &write, sizeof(write));
	default:
		return ic_ask(service, &other, sizeof(other));
	}
}
