/* SPDX-License-Identifier: ISC */
/* The channels of netvsp: packets taken, and packets that wait for room, which
 * a test can have spoilt. */
#include <stdlib.h>
#include <string.h>

#include "host/hyperv/netvsp_private.h"

size_t
nv_size(const struct host_netvsp *net)
{
	return net->version >= HV_NVSP_6_1 ? HV_NVSP_SIZE_6_1 : HV_NVSP_SIZE;
}

/* ---- To the guest ----------------------------------------------------- */

bool
nv_nth(struct host_netvsp *net, int what)
{
	struct host_netvsp_manners *manners = &net->manners;

	return (int)manners->bad_what == what && manners->bad_nth > 0 &&
	    --manners->bad_nth == 0;
}

size_t
nv_patch(const struct host_netvsp *net, uint8_t *bytes, size_t size)
{
	const struct host_netvsp_manners *manners = &net->manners;
	size_t len = manners->patch_len;

	if (len > sizeof(manners->patch))
		len = sizeof(manners->patch);
	if (manners->patch_at < size) {
		if (len > size - manners->patch_at)
			len = size - manners->patch_at;
		memcpy(bytes + manners->patch_at, manners->patch, len);
	}
	return manners->has_len && manners->len < size ? manners->len : size;
}

static void
queue(struct nv_channel *channel, const struct nv_out *like)
{
	size_t size = sizeof(*like) + like->header_len + like->len;
	struct nv_out *out = nv_alloc(size);

	memcpy(out, like, size);
	out->next = NULL;
	*channel->out_end = out;
	channel->out_end = &out->next;
	channel->waiting++;
}

static struct nv_out *
make(const struct host_vmbus_packet *packet)
{
	struct nv_out *out = nv_alloc(
	    sizeof(*out) + packet->header_len + packet->len);

	out->type = packet->type;
	out->flags = packet->flags;
	out->id = packet->id;
	out->header_len = packet->header_len;
	out->len = packet->len;
	if (packet->header_len > 0)
		memcpy(out->bytes, packet->header, packet->header_len);
	if (packet->len > 0)
		memcpy(out->bytes + packet->header_len, packet->data,
		    packet->len);
	return out;
}

/* A header that is cut takes its ranges along, not the data. */
static void
spoil(const struct host_netvsp *net, int kind, struct nv_out *out)
{
	uint8_t *data = out->bytes + out->header_len;

	if (kind == HOST_NET_DESCRIPTOR)
		nv_patch(net, (uint8_t *)&out->id, sizeof(out->id));
	else if (kind == HOST_NET_RANGES) {
		out->header_len = nv_patch(net, out->bytes, out->header_len);
		memmove(out->bytes + out->header_len, data, out->len);
	} else
		out->len = nv_patch(net, data, out->len);
}

bool
nv_say(struct nv_channel *channel, int kind,
    const struct host_vmbus_packet *packet)
{
	struct host_netvsp *net = channel->net;
	struct nv_out *out;
	bool said = true;

	if (channel->vmbus == NULL)
		return false;
	out = make(packet);
	if (nv_nth(net, HOST_NET_DESCRIPTOR))
		kind = HOST_NET_DESCRIPTOR;
	else if (kind == 0 || !nv_nth(net, kind)) {
		queue(channel, out);
		free(out);
		nv_push_later(channel);
		return true;
	}
	spoil(net, kind, out);
	said = !net->manners.lost;
	if (said)
		queue(channel, out);
	if (net->manners.twice)
		queue(channel, out);
	free(out);
	nv_push_later(channel);
	return said;
}

void
nv_answer(struct nv_channel *channel, int kind, uint64_t id,
    const struct hv_nvsp *message)
{
	struct host_vmbus_packet packet = { .type = HV_PACKET_COMPLETION,
		.id = id,
		.data = (const uint8_t *)message,
		.len = message != NULL ? nv_size(channel->net) : 0 };

	nv_say(channel, kind, &packet);
}

static void
drop(struct nv_channel *channel, struct nv_out **link)
{
	struct nv_out *out = *link;

	*link = out->next;
	if (*link == NULL)
		channel->out_end = link;
	channel->waiting--;
	free(out);
}

void
nv_forget_out(struct nv_channel *channel, uint16_t type)
{
	struct nv_out **link = &channel->out;

	while (*link != NULL)
		if (type == HV_PACKET_INVALID || (*link)->type == type)
			drop(channel, link);
		else
			link = &(*link)->next;
}

/* What finds no room stays, and is said when the guest has made some. */
static void
push(struct nv_channel *channel)
{
	if (channel->sub == 0)
		nv_control_pump(channel->net);
	if (channel->waiting < NV_WAITING)
		nv_close_batch(channel, HV_NVSP_DATA);
	while (channel->out != NULL) {
		const struct nv_out *out = channel->out;
		struct host_vmbus_packet packet = { .type = out->type,
			.flags = out->flags,
			.id = out->id,
			.header = out->bytes,
			.header_len = out->header_len,
			.data = out->bytes + out->header_len,
			.len = out->len };

		if (!host_vmbus_send(channel->vmbus, &packet))
			break;
		drop(channel, &channel->out);
	}
	host_vmbus_sent(channel->vmbus);
}

static void
push_due(void *argument)
{
	struct nv_channel *channel = argument;

	channel->push_due = false;
	if (channel->vmbus != NULL)
		push(channel);
}

void
nv_push_later(struct nv_channel *channel)
{
	if (channel->push_due || channel->vmbus == NULL)
		return;
	channel->push_due = true;
	host_hyperv_later(channel->net->host, channel, 0, push_due, channel);
}

/* ---- Of the guest ----------------------------------------------------- */

static bool
may_take(const struct nv_channel *channel)
{
	return channel->vmbus != NULL && !channel->net->manners.stop &&
	    channel->waiting < NV_WAITING;
}

static void
look(void *argument)
{
	struct nv_channel *channel = argument;
	struct host_vmbus_packet packet;
	unsigned budget = NV_BUDGET;
	bool more = true;

	channel->look_due = false;
	if (channel->vmbus == NULL)
		return;
	push(channel);
	while (budget-- > 0 && may_take(channel) && more) {
		more = host_vmbus_receive(channel->vmbus, &packet);
		if (more)
			nv_take(channel, &packet);
	}
	if (channel->vmbus == NULL)
		return; /* its owner took the NIC away */
	host_vmbus_received(channel->vmbus);
	push(channel);
	if (more && may_take(channel))
		nv_look_later(channel, channel->net->manners.delay);
}

void
nv_look_later(struct nv_channel *channel, uint64_t delay)
{
	if (channel->look_due || channel->vmbus == NULL)
		return;
	channel->look_due = true;
	host_hyperv_later(channel->net->host, channel, delay, look, channel);
}
