/* SPDX-License-Identifier: ISC */
/* Heartbeat: a number comes, and goes back one greater. */
#include "guest/bus/libc.h"
#include "guest/hyperv/services.h"

#define AS_NUMBER(major, minor) IC_VERSION(major, minor),
static const uint32_t versions[] = { HV_HEARTBEAT_VERSIONS(AS_NUMBER) };
#undef AS_NUMBER

static void
request(struct service *service, struct ic_message *message)
{
	const uint32_t healthy = HV_HEARTBEAT_HEALTHY;
	uint64_t sequence;

	memcpy(&sequence, message->body, sizeof(sequence));
	sequence++;
	memcpy(message->body, &sequence, sizeof(sequence));
	/* older ones have no state, and might have something else there */
	if (service->version >= IC_VERSION(3, 0) &&
	    message->len >= sizeof(struct hv_heartbeat))
		memcpy(message->body + offsetof(struct hv_heartbeat, state),
		    &healthy, sizeof(healthy));
}

const struct service_kind service_heartbeat = {
	.name = "heartbeat",
	.type = HV_GUID_HEARTBEAT,
	.message_type = HV_IC_HEARTBEAT,
	.versions = versions,
	.version_count = sizeof(versions) / sizeof(versions[0]),
	.body_min = HV_HEARTBEAT_MIN,
	.body_max = sizeof(struct hv_heartbeat),
	.request = request,
};
