/* SPDX-License-Identifier: ISC */
/* The channels of storvsp: packets taken, and answered as a test wants it. */
#include <string.h>

#include "host/hyperv/storvsp_private.h"
#include "wire/hyperv/ring.h"

bool
stor_nth(unsigned *nth)
{
	return *nth > 0 && --*nth == 0;
}

uint32_t
stor_packet_size(const struct host_storvsp *stor)
{
	return stor->counts.version < HV_STOR_5_1 ? HV_STOR_SIZE_OLD
						  : HV_STOR_SIZE;
}

/* ---- Answers ---------------------------------------------------------- */

void
stor_put(struct stor_channel *channel, const struct stor_answer *answer)
{
	if (channel->answer_count < STOR_ANSWERS)
		channel->answers[channel->answer_count++] = *answer;
}

static void
shuffle(struct stor_channel *channel)
{
	const struct host_world *world = host_hyperv_world(channel->stor->host);

	for (unsigned i = channel->answer_count; i > 1; i--) {
		unsigned with = (unsigned)world->random(world->ctx, i);
		struct stor_answer other = channel->answers[with];

		channel->answers[with] = channel->answers[i - 1];
		channel->answers[i - 1] = other;
	}
}

/* What finds no room stays, and is said when the guest has made some. */
void
stor_flush(struct stor_channel *channel)
{
	unsigned sent = 0;

	while (sent < channel->answer_count) {
		const struct stor_answer *answer = &channel->answers[sent];
		struct host_vmbus_packet packet = { .type = answer->type,
			.id = answer->id,
			.data = (const uint8_t *)&answer->packet,
			.len = answer->len };

		if (!host_vmbus_send(channel->channel, &packet))
			break;
		sent++;
	}
	channel->answer_count -= sent;
	memmove(channel->answers, channel->answers + sent,
	    channel->answer_count * sizeof(channel->answers[0]));
	host_vmbus_sent(channel->channel);
}

static void
complete(struct stor_channel *channel, struct stor_answer *answer)
{
	struct host_storvsp_manners *manners = &channel->stor->manners;
	uint64_t value = manners->bad_value;

	if (!stor_nth(&manners->bad_nth)) {
		stor_put(channel, answer);
		return;
	}
	switch (manners->bad_how) {
	case HOST_STOR_SHORT:
		if (value < sizeof(answer->packet))
			answer->len = (uint32_t)value;
		break;
	case HOST_STOR_OPERATION:
		answer->packet.operation = (uint32_t)value;
		break;
	case HOST_STOR_STATUS:
		answer->packet.status = (uint32_t)value;
		break;
	case HOST_STOR_TRANSFER:
		answer->packet.u.srb.transfer = (uint32_t)value;
		break;
	case HOST_STOR_SENSE:
		answer->packet.u.srb.sense_length = (uint8_t)value;
		break;
	case HOST_STOR_ID:
		answer->id = value;
		break;
	case HOST_STOR_TWICE:
		stor_put(channel, answer);
		break;
	case HOST_STOR_LOST:
		return;
	}
	stor_put(channel, answer);
}

/* ---- Requests --------------------------------------------------------- */

/* The answer is as long as the question, which is what Windows' guests want
 * and Linux relies on before a version is agreed on: openvmm's storvsp. */
static void
take(struct stor_channel *channel, const struct host_vmbus_packet *packet)
{
	struct host_storvsp *stor = channel->stor;
	struct stor_answer answer = { .type = HV_PACKET_COMPLETION,
		.id = packet->id };
	struct hv_stor request;

	if ((packet->type != HV_PACKET_INBAND &&
		packet->type != HV_PACKET_GPA_DIRECT) ||
	    (packet->flags & HV_PACKET_FLAG_COMPLETION) == 0 ||
	    packet->len < STOR_HEADER) {
		stor->counts.refused++;
		return;
	}
	memset(&request, 0, sizeof(request));
	answer.len = (uint32_t)(packet->len < sizeof(request)
		? packet->len
		: sizeof(request));
	memcpy(&request, packet->data, answer.len);
	answer.packet.operation = HV_STOR_COMPLETE_IO;
	if (request.operation == HV_STOR_EXECUTE_SRB)
		stor_request(channel, packet, &request, &answer.packet);
	else
		stor_operation(channel, &request, &answer.packet);
	complete(channel, &answer);
}

/* Others of its channels wait for the first to be through with its hello. */
static bool
may_take(const struct stor_channel *channel)
{
	return !channel->stor->manners.stop &&
	    channel->answer_count < STOR_ANSWERS - 2 &&
	    (channel->sub == 0 || channel->stor->state == STOR_READY);
}

static void
look(void *argument)
{
	struct stor_channel *channel = argument;
	struct host_vmbus_packet packet;
	bool more = true;

	channel->due = false;
	if (channel->channel == NULL)
		return;
	stor_flush(channel);
	while (may_take(channel) && more) {
		more = host_vmbus_receive(channel->channel, &packet);
		if (more)
			take(channel, &packet);
	}
	host_vmbus_received(channel->channel);
	if (channel->stor->manners.reorder)
		shuffle(channel);
	stor_flush(channel);
	/* what was left because of the answers, which have gone now */
	if (more && may_take(channel))
		stor_look_later(channel, channel->stor->manners.delay);
}

void
stor_signalled(struct stor_channel *channel)
{
	uint64_t delay = channel->stor->manners.delay;

	if (delay > 0)
		stor_look_later(channel, delay);
	else if (!channel->due)
		look(channel);
}

void
stor_look_later(struct stor_channel *channel, uint64_t delay)
{
	if (channel->due || channel->channel == NULL)
		return;
	channel->due = true;
	host_hyperv_later(channel->stor->host, channel, delay, look, channel);
}
