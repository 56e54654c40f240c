/* SPDX-License-Identifier: ISC */
/* Versions: of the framework that all services share, and of each one's
 * messages.  The host offers them, oldest first, and the guest picks. */
#include <string.h>

#include "host/hyperv/ic_private.h"

#define VERSION(major, minor) { major, minor },
#define NUMBER(v) ((uint32_t)(v).major << 16 | (v).minor)
#define OLD 1 /* the framework of Windows Server 2008 */

static const struct hv_ic_version frameworks[] = { HV_IC_FRAMEWORKS(VERSION) };
static const struct hv_ic_version heartbeat[] = { HV_HEARTBEAT_VERSIONS(
    VERSION) };
static const struct hv_ic_version shutdown[] = { HV_SHUTDOWN_VERSIONS(
    VERSION) };
static const struct hv_ic_version timesync[] = { HV_TIMESYNC_VERSIONS(
    VERSION) };
static const struct hv_ic_version kvp[] = { HV_KVP_VERSIONS(VERSION) };
static const struct hv_ic_version vss[] = { HV_VSS_VERSIONS(VERSION) };
static const struct hv_ic_version fcopy[] = { HV_FCOPY_VERSIONS(VERSION) };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct ic_kind ic_kinds[HOST_IC_COUNT] = {
	[HOST_IC_HEARTBEAT] = { HV_IC_HEARTBEAT, HV_GUID_HEARTBEAT, heartbeat,
	    COUNT(heartbeat) },
	[HOST_IC_SHUTDOWN] = { HV_IC_SHUTDOWN, HV_GUID_SHUTDOWN, shutdown,
	    COUNT(shutdown) },
	[HOST_IC_TIMESYNC] = { HV_IC_TIMESYNC, HV_GUID_TIMESYNC, timesync,
	    COUNT(timesync) },
	[HOST_IC_KVP] = { HV_IC_KVP, HV_GUID_KVP, kvp, COUNT(kvp) },
	[HOST_IC_VSS] = { HV_IC_VSS, HV_GUID_VSS, vss, COUNT(vss) },
	[HOST_IC_FCOPY] = { HV_IC_FCOPY, HV_GUID_FCOPY, fcopy, COUNT(fcopy) },
};

/* An old host has the oldest of each only. */
static unsigned
first_of(const struct ic_service *service, unsigned count)
{
	return service->manners.old_framework ? count - 1 : 0;
}

void
ic_greet(struct ic_service *service)
{
	const struct ic_kind *kind = service->kind;
	struct {
		struct hv_ic header;
		struct hv_ic_negotiate body;
		struct hv_ic_version versions[16];
	} message = { 0 };
	unsigned from = first_of(service, COUNT(frameworks)), count = 0;

	for (unsigned i = COUNT(frameworks); i > from; i--)
		message.versions[count++] = frameworks[i - 1];
	message.body.frameworks = (uint16_t)count;
	from = first_of(service, kind->count);
	for (unsigned i = kind->count; i > from; i--)
		message.versions[count++] = kind->versions[i - 1];
	message.body.versions = (uint16_t)(kind->count - from);
	if (service->manners.frameworks != 0)
		message.body.frameworks = (uint16_t)service->manners.frameworks;
	if (service->manners.messages != 0)
		message.body.versions = (uint16_t)service->manners.messages;
	message.header.type = HV_IC_NEGOTIATE;
	message.header.flags = HV_IC_FLAG_TRANSACTION | HV_IC_FLAG_REQUEST;
	message.header.transaction = ++service->transaction;
	message.header.size = (uint16_t)(sizeof(message.body) +
	    count * sizeof(frameworks[0]));
	if (!ic_send(service, &message,
		sizeof(message.header) + message.header.size))
		return;
	service->greeted = service->asked = true;
	service->asked_type = HV_IC_NEGOTIATE;
}

static bool
offered(const struct ic_service *service, const struct hv_ic_version *versions,
    unsigned count, struct hv_ic_version version)
{
	for (unsigned i = first_of(service, count); i < count; i++)
		if (versions[i].major == version.major &&
		    versions[i].minor == version.minor)
			return true;
	return false;
}

bool
ic_agreed(struct ic_service *service, const uint8_t *body, size_t len)
{
	struct {
		struct hv_ic_negotiate body;
		struct hv_ic_version versions[2];
	} answer;

	if (len < sizeof(answer.body))
		return false;
	memset(&answer, 0, sizeof(answer));
	memcpy(&answer, body, len < sizeof(answer) ? len : sizeof(answer));
	/* the guest knows none of them, and the service stays down */
	if (answer.body.frameworks == 0 || answer.body.versions == 0)
		return true;
	if (answer.body.frameworks != 1 || answer.body.versions != 1 ||
	    len < sizeof(answer) ||
	    !offered(service, frameworks, COUNT(frameworks),
		answer.versions[0]) ||
	    !offered(service, service->kind->versions, service->kind->count,
		answer.versions[1]))
		return false;
	service->framework = NUMBER(answer.versions[0]);
	service->version = NUMBER(answer.versions[1]);
	service->up = true;
	return true;
}
