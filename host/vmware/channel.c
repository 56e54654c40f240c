/* SPDX-License-Identifier: ISC */
/*
 * Channels of GuestRPC: messages by command 30, four bytes an exit or all of it
 * in one with the string form.  A call whose channel is not open, or whose
 * cookies are not its own, is refused.
 * Source: open-vm-tools lib/message/message.c; DX of an open and the reset of a
 * message by a new size also in Xen's QEMU (vmport_rpc).
 */
#include <stdlib.h>
#include <string.h>

#include "host/vmware/vmware_private.h"

static unsigned
refuse(struct host_vmware *vmware)
{
	vmware->counts.refused++;
	return 0;
}

static unsigned
success(const struct host_vmware *vmware, bool high)
{
	return VMWARE_STATUS_SUCCESS |
	    (high && !vmware->config.no_high ? VMWARE_STATUS_HIGH : 0);
}

static void
set_high(uint64_t *dx, unsigned value)
{
	*dx = (*dx & 0xffff) | (uint64_t)value << 16;
}

void
vmx_channel_reset(struct host_vmware *vmware, struct channel *channel)
{
	if (!channel->open)
		return;
	if (channel->protocol == VMWARE_TCLO)
		vmx_tclo_lost(vmware, &channel->tclo);
	vmx_message_free(&channel->in);
	vmx_message_free(&channel->out);
	memset(channel, 0, sizeof(*channel));
	vmware->counts.channels_open--;
}

static unsigned
open_channel(struct host_vmware *vmware, struct host_backdoor *r)
{
	uint32_t protocol = (uint32_t)r->bx & ~VMWARE_COOKIE;
	bool cookies = ((uint32_t)r->bx & VMWARE_COOKIE) != 0;
	struct channel *channel = vmware->channels;
	unsigned id = 0;

	if ((protocol != VMWARE_RPCI && protocol != VMWARE_TCLO) ||
	    (cookies && vmware->config.no_cookies))
		return refuse(vmware);
	while (id < vmware->config.channels && channel[id].open)
		id++;
	if (id == vmware->config.channels)
		return refuse(vmware);
	channel += id;
	channel->open = true;
	channel->cookies = cookies;
	channel->protocol = protocol;
	if (cookies) {
		channel->high = vmx_random(vmware);
		channel->low = vmx_random(vmware);
		r->si = channel->high;
		r->di = channel->low;
	}
	vmware->counts.channels_open++;
	if (protocol == VMWARE_TCLO)
		vmx_tclo_open(vmware, &channel->tclo);
	set_high(&r->dx, id);
	return success(vmware, false);
}

/* A message of the guest's is here. */
static unsigned
take(struct host_vmware *vmware, struct channel *channel, bool high)
{
	struct message in = channel->in;
	bool done = true;

	memset(&channel->in, 0, sizeof(channel->in));
	channel->receiving = false;
	if (channel->protocol == VMWARE_TCLO) {
		vmware->counts.tclo_polls++;
		vmx_alive(vmware);
		/* a call that the guest has not taken has no answer yet */
		if (!channel->waiting)
			vmx_tclo_answer(vmware, &channel->tclo, in.bytes,
			    in.size);
		else if (in.size > 0)
			vmware->counts.refused++;
	} else {
		vmx_message_free(&channel->out);
		done = vmx_rpc_run(vmware, in.bytes, in.size, false,
		    &channel->out);
		channel->waiting = done;
		channel->sent = 0;
	}
	vmx_message_free(&in);
	return done ? success(vmware, high) : 0;
}

static unsigned
send_size(struct host_vmware *vmware, struct channel *channel, uint32_t size)
{
	vmx_message_free(&channel->in);
	channel->receiving = false;
	if (size > vmware->config.message_limit)
		return refuse(vmware);
	channel->in.bytes = calloc(1, (size_t)size + 1);
	if (channel->in.bytes == NULL)
		return 0;
	channel->in.size = size;
	channel->got = 0;
	channel->receiving = true;
	return size == 0 ? take(vmware, channel, true) : success(vmware, true);
}

static unsigned
send(struct host_vmware *vmware, struct channel *channel, uint32_t value)
{
	size_t left = channel->in.size - channel->got;

	if (!channel->receiving)
		return refuse(vmware);
	for (unsigned i = 0; i < 4 && i < left; i++)
		channel->in.bytes[channel->got++] = (uint8_t)(value >> 8 * i);
	return left <= 4 ? take(vmware, channel, false)
			 : success(vmware, false);
}

static unsigned
receive_size(struct host_vmware *vmware, struct channel *channel,
    struct host_backdoor *r)
{
	if (!channel->waiting && channel->protocol == VMWARE_TCLO)
		channel->waiting = vmx_tclo_next(vmware, &channel->tclo, false,
		    &channel->out);
	channel->sent = 0;
	if (!channel->waiting)
		return success(vmware, false);
	r->bx = (uint32_t)channel->out.size;
	set_high(&r->dx, VMWARE_MESSAGE_SEND_SIZE);
	return success(vmware, true) | VMWARE_STATUS_WAITING;
}

static void
drop(struct host_vmware *vmware, struct channel *channel, bool taken)
{
	vmx_message_free(&channel->out);
	channel->waiting = false;
	if (!taken && channel->protocol == VMWARE_TCLO)
		vmx_tclo_lost(vmware, &channel->tclo);
}

/* BX has the status of what the guest received before. */
static unsigned
receive(struct host_vmware *vmware, struct channel *channel,
    struct host_backdoor *r)
{
	size_t left = channel->out.size - channel->sent;
	uint32_t value = 0;

	if (!channel->waiting)
		return refuse(vmware);
	if ((r->bx & VMWARE_STATUS_SUCCESS) == 0) {
		drop(vmware, channel, false);
		return success(vmware, false);
	}
	if (left == 0)
		return refuse(vmware);
	for (unsigned i = 0; i < 4 && i < left; i++)
		value |= (uint32_t)channel->out.bytes[channel->sent++] << 8 * i;
	r->bx = value;
	set_high(&r->dx, VMWARE_MESSAGE_SEND);
	return success(vmware, false);
}

static unsigned
receive_status(struct host_vmware *vmware, struct channel *channel, uint64_t bx)
{
	bool taken = (bx & VMWARE_STATUS_SUCCESS) != 0;

	if (!channel->waiting || (taken && channel->sent < channel->out.size))
		return refuse(vmware);
	drop(vmware, channel, taken);
	return success(vmware, false);
}

/* NULL, with the status, when it is not for the guest to use. */
static struct channel *
find(struct host_vmware *vmware, unsigned id, uint64_t high, uint64_t low,
    unsigned *status)
{
	struct channel *channel = &vmware->channels[id % VMWARE_CHANNELS];

	*status = 0;
	if (id >= VMWARE_CHANNELS || !channel->open)
		*status = VMWARE_STATUS_CLOSED;
	else if (!channel->cookies ||
	    ((uint32_t)high == channel->high && (uint32_t)low == channel->low))
		return channel;
	vmware->counts.refused++;
	return NULL;
}

unsigned
vmx_channel_call(struct host_vmware *vmware, struct host_backdoor *r)
{
	unsigned type = (unsigned)(r->cx >> 16 & 0xffff), status;
	struct channel *channel;

	if (type == VMWARE_MESSAGE_OPEN)
		return open_channel(vmware, r);
	channel = find(vmware, r->dx >> 16 & 0xffff, r->si, r->di, &status);
	if (channel == NULL)
		return status;
	switch (type) {
	case VMWARE_MESSAGE_SEND_SIZE:
		return send_size(vmware, channel, (uint32_t)r->bx);
	case VMWARE_MESSAGE_SEND:
		return send(vmware, channel, (uint32_t)r->bx);
	case VMWARE_MESSAGE_RECEIVE_SIZE:
		return receive_size(vmware, channel, r);
	case VMWARE_MESSAGE_RECEIVE:
		return receive(vmware, channel, r);
	case VMWARE_MESSAGE_RECEIVE_STATUS:
		return receive_status(vmware, channel, r->bx);
	case VMWARE_MESSAGE_CLOSE:
		vmx_channel_reset(vmware, channel);
		return success(vmware, false);
	}
	return refuse(vmware);
}

static bool
copy(struct host_vmware *vmware, bool out, uint64_t address, uint8_t *bytes,
    size_t size)
{
	const struct host_world *world = vmware->config.world;

	return out ? world->read_linear(world->ctx, address, bytes, size)
		   : world->write_linear(world->ctx, address, bytes, size);
}

/* One exit for what is left of a message, or a part.  The cookies stand in
 * registers that the addresses leave. */
unsigned
vmx_channel_string(struct host_vmware *vmware, bool out,
    struct host_backdoor *r)
{
	unsigned status, id = r->dx >> 16 & 0xffff;
	struct channel *channel = out ? find(vmware, id, r->bp, r->di, &status)
				      : find(vmware, id, r->si, r->bp, &status);
	bool fails = vmx_manners_string_fails(vmware);
	struct message *message;
	size_t *done, size;

	if (channel == NULL)
		return status;
	if (vmware->manners.checkpoint_always)
		return VMWARE_STATUS_CHECKPOINT;
	message = out ? &channel->in : &channel->out;
	done = out ? &channel->got : &channel->sent;
	if (!(out ? channel->receiving : channel->waiting) || r->cx == 0 ||
	    r->cx > message->size - *done)
		return refuse(vmware);
	size = fails ? (size_t)r->cx / 2 : (size_t)r->cx;
	if (!copy(vmware, out, out ? r->si : r->di, message->bytes + *done,
		size))
		return refuse(vmware);
	if (fails)
		return 0;
	*done += size;
	return out && *done == message->size ? take(vmware, channel, false)
					     : success(vmware, false);
}
