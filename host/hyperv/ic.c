/* SPDX-License-Identifier: ISC */
/* The host's side of the integration services: one question of each at a time,
 * and what the guest made of it. */
#include <stdlib.h>
#include <string.h>

#include "host/hyperv/ic_private.h"

/* ---- Messages --------------------------------------------------------- */

bool
ic_send(struct ic_service *service, const void *bytes, size_t size)
{
	struct {
		struct hv_pipe pipe;
		uint8_t bytes[HV_PIPE_MAX];
	} message;
	struct host_vmbus_packet packet = { .type = HV_PACKET_INBAND,
		.data = (const uint8_t *)&message,
		.len = sizeof(message.pipe) + size };

	if (service->channel == NULL || size > sizeof(message.bytes))
		return false;
	message.pipe = (struct hv_pipe){ HV_PIPE_DATA, (uint32_t)size };
	memcpy(message.bytes, bytes, size);
	if (!host_vmbus_send(service->channel, &packet))
		return false;
	host_vmbus_sent(service->channel);
	service->counts.questions++;
	return true;
}

struct ic_service *
ic_ready(struct host_ic *ic, enum host_ic_service which)
{
	struct ic_service *service = &ic->services[which];

	return service->channel != NULL && service->up && !service->asked
	    ? service
	    : NULL;
}

/* Nothing is known of what is asked now. */
static void
forget_answer(struct ic_service *service)
{
	struct host_ic_answer *answer = &service->answer;

	memset(answer, 0, sizeof(*answer));
	answer->framework = service->framework;
	answer->version = service->version;
}

bool
ic_ask(struct ic_service *service, const void *body, size_t size)
{
	struct {
		struct hv_ic header;
		uint8_t body[HV_PIPE_MAX - sizeof(struct hv_ic)];
	} message = { 0 };
	uint8_t transaction = (uint8_t)(service->transaction + 1);

	if (size > sizeof(message.body))
		return false;
	message.header = (struct hv_ic){
		.framework = { (uint16_t)(service->framework >> 16),
		    (uint16_t)service->framework },
		.type = service->kind->type,
		.version = { (uint16_t)(service->version >> 16),
		    (uint16_t)service->version },
		.size = (uint16_t)size,
		.transaction = transaction,
		.flags = HV_IC_FLAG_TRANSACTION | HV_IC_FLAG_REQUEST,
	};
	memcpy(message.body, body, size);
	if (!ic_send(service, &message, sizeof(message.header) + size))
		return false;
	forget_answer(service);
	service->transaction = transaction;
	service->asked_type = service->kind->type;
	service->asked = true;
	return true;
}

/* As it stands: its answer is known by what its header says, if it has one. */
bool
host_ic_raw(struct host_ic *ic, enum host_ic_service which, const void *bytes,
    size_t size)
{
	struct ic_service *service = &ic->services[which];
	struct hv_ic header;

	if (!ic_send(service, bytes, size))
		return false;
	forget_answer(service);
	service->asked = false;
	if (size < sizeof(header))
		return true;
	memcpy(&header, bytes, sizeof(header));
	service->transaction = header.transaction;
	service->asked_type = header.type;
	service->asked = true;
	return true;
}

/* ---- Answers ---------------------------------------------------------- */

static void
finish_answer(struct ic_service *service, const struct hv_ic *header,
    const uint8_t *body, size_t len)
{
	struct host_ic_answer *answer = &service->answer;
	struct hv_heartbeat heartbeat = { 0 };

	answer->answered = true;
	answer->status = header->status;
	answer->body_len = len < sizeof(answer->body) ? len
						      : sizeof(answer->body);
	memcpy(answer->body, body, answer->body_len);
	if (header->type == HV_IC_HEARTBEAT && len >= HV_HEARTBEAT_MIN) {
		memcpy(&heartbeat, body,
		    len < sizeof(heartbeat) ? len : sizeof(heartbeat));
		answer->sequence = heartbeat.sequence;
	}
	if (header->type == HV_IC_KVP)
		ic_kvp_answered(service);
}

static bool
answered(struct ic_service *service, const struct host_vmbus_packet *packet)
{
	size_t least = sizeof(struct hv_pipe) + sizeof(struct hv_ic);
	struct hv_pipe pipe;
	struct hv_ic header;
	const uint8_t *body;

	if (packet->type != HV_PACKET_INBAND || packet->len < least)
		return false;
	memcpy(&pipe, packet->data, sizeof(pipe));
	memcpy(&header, packet->data + sizeof(pipe), sizeof(header));
	body = packet->data + least;
	/* Linux sends all of the question back, so there may be more */
	if (pipe.type != HV_PIPE_DATA || pipe.size < sizeof(header) ||
	    pipe.size > packet->len - sizeof(pipe) ||
	    header.size > pipe.size - sizeof(header) ||
	    (header.flags & HV_IC_FLAG_RESPONSE) == 0)
		return false;
	if (!service->asked || header.transaction != service->transaction ||
	    header.type != service->asked_type)
		return false;
	if (header.type == HV_IC_NEGOTIATE && !service->up) {
		if (!ic_agreed(service, body, header.size))
			return false;
		forget_answer(service);
	}
	service->asked = false;
	service->counts.answers++;
	finish_answer(service, &header, body, header.size);
	return true;
}

/* ---- Channels --------------------------------------------------------- */

static void
work(void *argument)
{
	struct ic_service *service = argument;
	struct host_vmbus_packet packet;

	if (service->channel == NULL)
		return;
	while (host_vmbus_receive(service->channel, &packet))
		if (!answered(service, &packet))
			service->counts.refused++;
	host_vmbus_received(service->channel);
	if (!service->greeted && !service->up)
		ic_greet(service);
}

static void
reset(struct ic_service *service)
{
	host_hyperv_forget(service->ic->host, service);
	service->channel = NULL;
	service->counts.open = false;
	service->greeted = service->up = service->asked = false;
	service->framework = service->version = 0;
	service->answer.framework = service->answer.version = 0;
}

static bool
opened(void *self, struct host_vmbus_channel *channel, const void *user,
    unsigned user_len)
{
	struct ic_service *service = self;

	(void)user;
	(void)user_len;
	reset(service);
	forget_answer(service);
	service->channel = channel;
	service->counts.open = true;
	if (service->manners.no_negotiate) {
		service->up = true;
		service->framework = 3u << 16;
		service->version = (uint32_t)service->kind->versions[0].major
			<< 16 |
		    service->kind->versions[0].minor;
		forget_answer(service);
	}
	host_hyperv_later(service->ic->host, service, 0, work, service);
	return true;
}

static void
signalled(void *self, struct host_vmbus_channel *channel)
{
	(void)channel;
	work(self);
}

static void
closed(void *self, struct host_vmbus_channel *channel)
{
	(void)channel;
	reset(self);
}

static void
release(void *self)
{
	struct ic_service *service = self;
	struct host_ic *ic = service->ic;

	reset(service);
	service->device = NULL;
	if (--ic->alive == 0)
		free(ic);
}

/* ---- All of them ------------------------------------------------------ */

struct host_ic *
host_ic_new(struct host_hyperv *host, unsigned services)
{
	struct host_ic *ic = calloc(1, sizeof(*ic));

	if (ic == NULL)
		return NULL;
	ic->host = host;
	ic->alive = 1;
	for (unsigned i = 0; i < HOST_IC_COUNT; i++) {
		struct ic_service *service = &ic->services[i];

		service->ic = ic;
		service->kind = &ic_kinds[i];
		service->vmbus =
		    (struct host_vmbus_kind){ .type = ic_kinds[i].class_id,
			    .pipe = true,
			    .opened = opened,
			    .signalled = signalled,
			    .closed = closed,
			    .free = release };
		if (services != 0 && (services & 1u << i) == 0)
			continue;
		service->device = host_vmbus_offer(host, &service->vmbus, NULL,
		    service);
		if (service->device != NULL)
			ic->alive++;
	}
	if (--ic->alive == 0) {
		free(ic);
		return NULL;
	}
	return ic;
}

struct host_vmbus_device *
host_ic_device(struct host_ic *ic, enum host_ic_service which)
{
	return ic->services[which].device;
}

const struct host_ic_answer *
host_ic_answer(struct host_ic *ic, enum host_ic_service which)
{
	return &ic->services[which].answer;
}

struct host_ic_manners *
host_ic_manners(struct host_ic *ic, enum host_ic_service which)
{
	return &ic->services[which].manners;
}

const struct host_ic_counts *
host_ic_counts(struct host_ic *ic, enum host_ic_service which)
{
	return &ic->services[which].counts;
}

void
host_ic_rescind(struct host_ic *ic, enum host_ic_service which)
{
	if (ic->services[which].device != NULL)
		host_vmbus_rescind(ic->services[which].device);
}
