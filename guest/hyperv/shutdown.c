/* SPDX-License-Identifier: ISC */
/*
 * The host's administrator wants the guest to shut down, restart or hibernate.
 * "Force" is what they said to programs that would rather not.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/services.h"

/* Of the reason, in a line of the log. */
#define REASON 160u

#define AS_NUMBER(major, minor) IC_VERSION(major, minor),
static const uint32_t versions[] = { HV_SHUTDOWN_VERSIONS(AS_NUMBER) };
#undef AS_NUMBER

void
shutdown_text(const void *utf16, size_t len, char *to, size_t room)
{
	const uint8_t *bytes = utf16;
	size_t at = 0, used = 0;

	for (; at + 1 < len && used + 1 < room; at += 2) {
		unsigned unit = bytes[at] | (unsigned)bytes[at + 1] << 8;

		if (unit == 0)
			break;
		if (unit == '\n' || unit == '\r' || unit == '\t')
			unit = ' ';
		/* a pair of surrogates is one character */
		if (unit >= 0xdc00 && unit < 0xe000 && used > 0)
			continue;
		to[used++] = unit >= 0x20 && unit <= 0x7e ? (char)unit : '?';
	}
	while (used > 0 && to[used - 1] == ' ')
		used--;
	to[used] = '\0';
}

/* What the flags mean; false: nothing that is known. */
static bool
meaning(const struct service *service, uint32_t flags, enum pv_request *request)
{
	switch (flags & ~HV_SHUTDOWN_FORCE) {
	case 0:
		*request = PV_REQUEST_SHUTDOWN;
		return true;
	case HV_SHUTDOWN_RESTART:
		*request = PV_REQUEST_REBOOT;
		return true;
	case HV_SHUTDOWN_HIBERNATE:
		*request = PV_REQUEST_HIBERNATE;
		return service->version >= IC_VERSION(3, 2);
	default:
		return false;
	}
}

static void
request(struct service *service, struct ic_message *message)
{
	const struct pv_port *port = service->hyperv->port;
	struct pv_reason why = { .forced = false };
	char text[REASON];
	struct hv_shutdown body;
	enum pv_request wanted;

	memcpy(&body, message->body, HV_SHUTDOWN_MIN);
	if (!meaning(service, body.flags, &wanted)) {
		service->hyperv->stats->bad_value++;
		message->status = HV_IC_STATUS_FAIL;
		return;
	}
	/* without a sleep of the port, what is saved would never come back */
	if (wanted == PV_REQUEST_HIBERNATE && port->sleep == NULL) {
		message->status = HV_IC_STATUS_FAIL;
		return;
	}
	shutdown_text(message->body + HV_SHUTDOWN_MIN,
	    message->len - HV_SHUTDOWN_MIN, text, sizeof(text));
	why.forced = body.flags & HV_SHUTDOWN_FORCE;
	why.text = text[0] != '\0' ? text : NULL;
	if (pv_device_request(service->hyperv->device, wanted, &why) != PV_OK)
		message->status = HV_IC_STATUS_FAIL;
}

const struct service_kind service_shutdown = {
	.name = "shutdown",
	.type = HV_GUID_SHUTDOWN,
	.message_type = HV_IC_SHUTDOWN,
	.versions = versions,
	.version_count = sizeof(versions) / sizeof(versions[0]),
	.body_min = HV_SHUTDOWN_MIN,
	.body_max = sizeof(struct hv_shutdown),
	.request = request,
};
