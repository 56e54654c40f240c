/* SPDX-License-Identifier: ISC */
/*
 * A message of an integration service: pipe header, service header, body; and
 * the negotiation of versions, which every service begins with.
 *
 * What has no header that can be believed is dropped, for there is nothing to
 * answer to; all else is answered, so that no host waits in vain.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/services.h"

#define NEGOTIATE_MAX                     \
	(sizeof(struct hv_ic_negotiate) + \
	    HV_IC_VERSIONS_MAX * sizeof(struct hv_ic_version))

#define AS_NUMBER(major, minor) IC_VERSION(major, minor),
static const uint32_t frameworks[] = { HV_IC_FRAMEWORKS(AS_NUMBER) };
#undef AS_NUMBER

size_t
ic_room(const struct service_kind *kind)
{
	size_t body = kind->body_max;

	if (body < NEGOTIATE_MAX)
		body = NEGOTIATE_MAX;
	return IC_HEAD + (body + 7) / 8 * 8;
}

static struct hv_ic *
header_of(const struct service *service)
{
	return (void *)(service->message + sizeof(struct hv_pipe));
}

void
ic_answer(struct service *service, uint32_t status, size_t body_len)
{
	struct hv_pipe *pipe = (void *)service->message;
	struct hv_ic *ic = header_of(service);

	/* no shorter than the question: Linux answers with as many bytes, and
	 * hosts are used to that */
	if (IC_HEAD + body_len > service->message_len)
		service->message_len = IC_HEAD + body_len;
	pipe->size = (uint32_t)(service->message_len - sizeof(*pipe));
	ic->size = (uint16_t)body_len;
	ic->status = status;
	ic->flags = HV_IC_FLAG_TRANSACTION | HV_IC_FLAG_RESPONSE;
}

/* ---- Versions --------------------------------------------------------- */

/* The first of ours that is among the host's; 0: none is. */
static uint32_t
common(const uint32_t *ours, size_t count, const uint8_t *theirs,
    size_t theirs_count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < theirs_count; j++) {
			struct hv_ic_version version;

			memcpy(&version, theirs + j * sizeof(version),
			    sizeof(version));
			if (IC_VERSION(version.major, version.minor) == ours[i])
				return ours[i];
		}
	return 0;
}

static void
put_version(uint8_t *to, uint32_t version)
{
	struct hv_ic_version out = { .major = (uint16_t)(version >> 16),
		.minor = (uint16_t)version };

	memcpy(to, &out, sizeof(out));
}

/* The counts come first and say what follows: they are held against what is
 * there, in 32 bits, where two of 16 cannot overflow. */
static void
negotiate(struct service *service, struct ic_message *message)
{
	const struct service_kind *kind = service->kind;
	struct hv_ic_negotiate head;
	uint8_t *list = message->body + sizeof(head);
	uint32_t framework = 0, version = 0, all;

	service->framework = service->version = 0;
	if (message->len < sizeof(head)) {
		service->hyperv->stats->bad_length++;
		message->status = HV_IC_STATUS_INVALID;
		return;
	}
	memcpy(&head, message->body, sizeof(head));
	all = (uint32_t)head.frameworks + head.versions;
	if (all > HV_IC_VERSIONS_MAX ||
	    all * sizeof(struct hv_ic_version) > message->len - sizeof(head))
		service->hyperv->stats->bad_length++;
	else {
		framework = common(frameworks,
		    sizeof(frameworks) / sizeof(frameworks[0]), list,
		    head.frameworks);
		version = common(kind->versions, kind->version_count,
		    list + head.frameworks * sizeof(struct hv_ic_version),
		    head.versions);
	}
	if (framework == 0 || version == 0) {
		/* the host can ask as often as it likes */
		if (!service->disagreed)
			hyperv_log(service->hyperv, PV_LOG_ERROR,
			    "%s: the host offers no version that is known here",
			    kind->name);
		service->disagreed = true;
		framework = version = 0;
	}
	service->framework = framework;
	service->version = version;
	head.frameworks = head.versions = version != 0 ? 1 : 0;
	memcpy(message->body, &head, sizeof(head));
	message->out = sizeof(head) + 2 * sizeof(struct hv_ic_version);
	put_version(list, framework);
	put_version(list + sizeof(struct hv_ic_version), version);
}

/* ---- Requests --------------------------------------------------------- */

static void
request(struct service *service, struct ic_message *message)
{
	const struct service_kind *kind = service->kind;
	struct pv_stats *stats = service->hyperv->stats;
	uint16_t type = header_of(service)->type;

	if (type == HV_IC_NEGOTIATE) {
		negotiate(service, message);
		return;
	}
	if (type != kind->message_type) {
		stats->bad_value++;
		message->status = HV_IC_STATUS_NOT_SUPPORTED;
		return;
	}
	if (service->version == 0) {
		stats->bad_state++;
		message->status = HV_IC_STATUS_FAIL;
		return;
	}
	if (message->len < kind->body_min) {
		stats->bad_length++;
		message->status = HV_IC_STATUS_INVALID;
		return;
	}
	stats->requests++;
	kind->request(service, message);
}

/* What is believed of the headers, or false. */
static bool
headers(struct service *service, const uint8_t *packet, size_t len,
    struct hv_pipe *pipe, struct hv_ic *ic)
{
	struct pv_stats *stats = service->hyperv->stats;

	if (len < IC_HEAD) {
		stats->bad_length++;
		return false;
	}
	memcpy(pipe, packet, sizeof(*pipe));
	memcpy(ic, packet + sizeof(*pipe), sizeof(*ic));
	if (pipe->type != HV_PIPE_DATA) {
		stats->bad_value++;
		return false;
	}
	if (pipe->size > len - sizeof(*pipe) || pipe->size < sizeof(*ic) ||
	    pipe->size + sizeof(*pipe) > service->message_room) {
		stats->bad_length++;
		return false;
	}
	/* our own, come back */
	if (ic->flags & HV_IC_FLAG_RESPONSE) {
		stats->bad_state++;
		return false;
	}
	return true;
}

bool
ic_take(struct service *service, const uint8_t *packet, size_t len)
{
	struct ic_message message = { .service = service,
		.status = HV_IC_STATUS_OK };
	struct hv_pipe pipe;
	struct hv_ic ic;

	if (!headers(service, packet, len, &pipe, &ic))
		return false;
	service->message_len = sizeof(pipe) + pipe.size;
	service->asked = ic.flags & HV_IC_FLAG_REQUEST;
	memcpy(service->message, packet, service->message_len);
	/* no room of ours shows what an earlier message left there */
	memset(service->message + service->message_len, 0,
	    service->message_room - service->message_len);
	message.body = service->message + IC_HEAD;
	message.room = service->message_room - IC_HEAD;
	message.len = message.out = ic.size;
	if (ic.size > pipe.size - sizeof(ic)) {
		service->hyperv->stats->bad_length++;
		message.status = HV_IC_STATUS_INVALID;
		message.out = pipe.size - sizeof(ic);
	} else
		request(service, &message);
	if (message.later) {
		service->waiting = true;
		return false;
	}
	ic_answer(service, message.status, message.out);
	return true;
}
