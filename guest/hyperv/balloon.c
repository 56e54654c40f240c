/* SPDX-License-Identifier: ISC */
/*
 * Dynamic memory, without giving any: hello, version, capabilities, a report
 * each second, and every wish of the host answered with nothing, so that it
 * goes on without.  (Linux: drivers/hv/hv_balloon.c, QEMU:
 * hw/hyperv/hv-balloon.c.)
 */
#include "wire/hyperv/balloon.h"
#include "guest/bus/libc.h"
#include "guest/hyperv/services.h"

/* What Linux waits for the answer to a version, and for capabilities. */
#define ANSWER_MAX (5 * PV_SECOND)
#define REPORT (1 * PV_SECOND)

static const uint32_t versions[] = { HV_DM_2_0, HV_DM_1_0, HV_DM_0_3 };
#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

struct balloon {
	enum {
		IDLE, /* the host has nothing to do with us */
		VERSION,
		CAPABILITIES,
		RUNNING
	} state;
	unsigned tried; /* of versions */
	uint32_t transaction;
	bool reports;
	uint64_t when; /* an answer is late, or a report due */
};

/* In service->message, where it stays while the ring has no room. */
static void
send(struct service *service, uint16_t type, void *message, size_t size,
    bool keep)
{
	struct balloon *balloon = service->softc;
	struct hv_dm_header *header = message;

	header->type = type;
	header->size = (uint16_t)size;
	header->transaction = ++balloon->transaction;
	memcpy(service->message, message, size);
	service->message_len = size;
	service->message_id = 0;
	service->asked = keep;
	service_send(service);
}

static void
propose(struct service *service)
{
	struct balloon *balloon = service->softc;
	struct hv_dm_version_request message = {
		.version = versions[balloon->tried],
		.last = balloon->tried == VERSIONS - 1,
	};

	balloon->state = VERSION;
	balloon->when = pv_bus_now(service->hyperv->bus) + ANSWER_MAX;
	send(service, HV_DM_VERSION_REQUEST, &message, sizeof(message), true);
}

static void
end(struct service *service, const char *why)
{
	struct balloon *balloon = service->softc;

	balloon->state = IDLE;
	balloon->when = PV_NEVER;
	hyperv_log(service->hyperv, PV_LOG_ERROR, "balloon: %s", why);
}

static void
report(struct service *service)
{
	const struct pv_port *port = service->hyperv->port;
	struct balloon *balloon = service->softc;
	struct hv_dm_status message = { .available = 0 };

	balloon->when = pv_bus_now(service->hyperv->bus) + REPORT;
	if (port->memory != NULL &&
	    port->memory(port->ctx, &message.available, &message.committed) !=
		PV_OK)
		message.available = message.committed = 0;
	send(service, HV_DM_STATUS, &message, sizeof(message), false);
}

/* ---- Answers of the host ---------------------------------------------- */

/* It repeats the number of what was asked. */
static bool
expected(struct service *service, unsigned state,
    const struct hv_dm_header *header)
{
	const struct balloon *balloon = service->softc;

	if (balloon->state != state) {
		service->hyperv->stats->bad_state++;
		return false;
	}
	if (header->transaction != balloon->transaction) {
		service->hyperv->stats->bad_id++;
		return false;
	}
	return true;
}

static void
version_answered(struct service *service, const uint8_t *bytes)
{
	struct balloon *balloon = service->softc;
	struct hv_dm_version_response answer;
	/* no wish but to be asked; the two numbers are not looked at, and are
	 * those of Windows' driver */
	struct hv_dm_capabilities message = { .capabilities = 0,
		.min_pages = 0,
		.max_page = UINT64_MAX };

	memcpy(&answer, bytes, sizeof(answer));
	if (!expected(service, VERSION, &answer.header))
		return;
	if (answer.accepted & HV_DM_ACCEPTED) {
		service->version = versions[balloon->tried];
		balloon->state = CAPABILITIES;
		balloon->when = pv_bus_now(service->hyperv->bus) + ANSWER_MAX;
		send(service, HV_DM_CAPABILITIES, &message, sizeof(message),
		    true);
	} else if (++balloon->tried < VERSIONS)
		propose(service);
	else
		end(service, "the host takes no version that is known here");
}

static void
capabilities_answered(struct service *service, const uint8_t *bytes)
{
	struct balloon *balloon = service->softc;
	struct hv_dm_capabilities_response answer;

	memcpy(&answer, bytes, sizeof(answer));
	if (!expected(service, CAPABILITIES, &answer.header))
		return;
	if (!(answer.flags & HV_DM_ACCEPTED)) {
		end(service, "the host does not take a guest that gives none");
		return;
	}
	balloon->state = RUNNING;
	balloon->reports = !(answer.flags & HV_DM_HOST_NO_STATUS);
	balloon->when = balloon->reports ? 0 : PV_NEVER;
	hyperv_log(service->hyperv, PV_LOG_INFO,
	    "balloon: dynamic memory %u.%u", service->version >> 16,
	    service->version & 0xffff);
}

/* ---- Wishes of the host ----------------------------------------------- */

static void
give_nothing(struct service *service)
{
	struct hv_dm_balloon_response message = { .more_and_count = 0 };

	send(service, HV_DM_BALLOON_RESPONSE, &message, sizeof(message), true);
}

/* Nothing was given, and so nothing is taken back: the last one is answered. */
static void
take_nothing(struct service *service, const uint8_t *bytes)
{
	struct hv_dm_unballoon wish;
	struct hv_dm_header message;

	memcpy(&wish, bytes, sizeof(wish));
	if (wish.count != 0)
		service->hyperv->stats->bad_value++;
	if (!(wish.more & HV_DM_MORE))
		send(service, HV_DM_UNBALLOON_RESPONSE, &message,
		    sizeof(message), true);
}

static void
add_nothing(struct service *service)
{
	struct hv_dm_hot_add_response message = { .pages = 0, .result = 0 };

	send(service, HV_DM_HOT_ADD_RESPONSE, &message, sizeof(message), true);
}

static void
remove_nothing(struct service *service)
{
	struct hv_dm_hot_remove_response message = { .result = 0 };

	send(service, HV_DM_HOT_REMOVE_RESPONSE, &message, sizeof(message),
	    true);
}

static void
running(struct service *service, uint16_t type, const uint8_t *bytes)
{
	const struct balloon *balloon = service->softc;

	if (balloon->state != RUNNING) {
		service->hyperv->stats->bad_state++;
		return;
	}
	service->hyperv->stats->requests++;
	switch (type) {
	case HV_DM_BALLOON:
		give_nothing(service);
		break;
	case HV_DM_UNBALLOON:
		take_nothing(service, bytes);
		break;
	case HV_DM_HOT_ADD:
		add_nothing(service);
		break;
	case HV_DM_HOT_REMOVE:
		remove_nothing(service);
		break;
	default:
		break; /* information, of no use here */
	}
}

static void
packet(struct service *service, const uint8_t *bytes, size_t len)
{
	static const uint8_t sizes[] = {
		[HV_DM_VERSION_RESPONSE] = sizeof(
		    struct hv_dm_version_response),
		[HV_DM_CAPABILITIES_RESPONSE] = sizeof(
		    struct hv_dm_capabilities_response),
		[HV_DM_BALLOON] = sizeof(struct hv_dm_balloon),
		[HV_DM_UNBALLOON] = sizeof(struct hv_dm_unballoon),
		[HV_DM_HOT_ADD] = HV_DM_HOT_ADD_MIN,
		[HV_DM_INFO] = sizeof(struct hv_dm_info),
		[HV_DM_HOT_REMOVE] = sizeof(struct hv_dm_hot_remove),
	};
	struct hv_dm_header header;

	if (len < sizeof(header)) {
		service->hyperv->stats->bad_length++;
		return;
	}
	memcpy(&header, bytes, sizeof(header));
	if (header.type >= sizeof(sizes) || sizes[header.type] == 0) {
		service->hyperv->stats->bad_value++;
		return;
	}
	if (header.size < sizes[header.type] || header.size > len) {
		service->hyperv->stats->bad_length++;
		return;
	}
	if (header.type == HV_DM_VERSION_RESPONSE)
		version_answered(service, bytes);
	else if (header.type == HV_DM_CAPABILITIES_RESPONSE)
		capabilities_answered(service, bytes);
	else
		running(service, header.type, bytes);
}

/* ---- The service ------------------------------------------------------ */

static void
up(struct service *service)
{
	struct balloon *balloon = service->softc;

	balloon->tried = 0;
	propose(service);
}

static void
down(struct service *service)
{
	struct balloon *balloon = service->softc;

	balloon->state = IDLE;
	balloon->when = PV_NEVER;
}

static bool
poll(struct service *service)
{
	struct balloon *balloon = service->softc;

	if (!service->up || service->unsent ||
	    pv_bus_now(service->hyperv->bus) < balloon->when)
		return false;
	if (balloon->state == RUNNING)
		report(service);
	else if (balloon->state != IDLE)
		end(service, "the host does not answer");
	return false;
}

static uint64_t
deadline(const struct service *service)
{
	const struct balloon *balloon = service->softc;

	return service->unsent ? PV_NEVER : balloon->when;
}

static int
open(struct service *service)
{
	struct balloon *balloon = pv_alloc(service->hyperv->bus,
	    sizeof(*balloon));

	if (balloon == NULL)
		return PV_ENOMEM;
	balloon->when = PV_NEVER;
	service->softc = balloon;
	return PV_OK;
}

static void
close(struct service *service)
{
	pv_free(service->hyperv->bus, service->softc, sizeof(struct balloon));
}

const struct service_kind service_balloon = {
	.name = "balloon",
	.type = HV_GUID_BALLOON,
	.body_max = PV_PAGE_SIZE,
	.open = open,
	.close = close,
	.up = up,
	.down = down,
	.packet = packet,
	.poll = poll,
	.deadline = deadline,
};
