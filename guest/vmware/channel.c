/* SPDX-License-Identifier: ISC */
/*
 * A channel of GuestRPC by the backdoor: messages of up to 64 KiB, whole.
 *
 * A size and then the bytes, in one exit where the host has the string form
 * and four at a time where not, or where it has failed.  The host moves a
 * machine, or saves it, between any two exits: then it says "checkpoint", and
 * the message begins anew.
 */
#include "guest/bus/libc.h"
#include "guest/vmware/vmware.h"

#define STATUS_KNOWN 0xffu

#define HIGH(value) ((uint64_t)(value) << 16)
#define HIGH_OF(value) ((uint32_t)(value) >> 16)

/* ---- One exit --------------------------------------------------------- */

/* What a status says of the message under way. */
static int
verdict(struct vmware_channel *channel, uint32_t status)
{
	if (status & ~STATUS_KNOWN) {
		channel->vmware->stats->bad_value++;
		return PV_EPROTO;
	}
	if (status & VMWARE_STATUS_CLOSED) {
		channel->open = false;
		return PV_ENODEV;
	}
	if (status & VMWARE_STATUS_SUCCESS)
		return PV_OK;
	/* taken away before anybody had it: to be said again, too */
	if (status & (VMWARE_STATUS_CHECKPOINT | VMWARE_STATUS_UNSENT))
		return PV_EAGAIN;
	if (status & VMWARE_STATUS_TIMEOUT)
		return PV_ETIMEDOUT;
	return PV_ENODEV; /* powering off, or no word for it */
}

/* Status and what came with it: DX high and BX. */
struct answer {
	uint32_t status, bx;
	uint16_t type;
};

static int
say(struct vmware_channel *channel, unsigned type, uint32_t bx,
    struct answer *answer)
{
	struct pv_backdoor registers = { .bx = bx,
		.cx = HIGH(type),
		.dx = HIGH(channel->id),
		.si = channel->high,
		.di = channel->low };
	int error = vmware_message(channel->vmware, &registers);

	if (error != PV_OK) {
		channel->open = false;
		return error;
	}
	answer->status = HIGH_OF(registers.cx);
	answer->type = (uint16_t)HIGH_OF(registers.dx);
	answer->bx = (uint32_t)registers.bx;
	return verdict(channel, answer->status);
}

/* All of it in one exit.  PV_ENOTSUP: it did not get through, and the other
 * form may. */
static int
string(struct vmware_channel *channel, bool out, void *bytes, size_t size)
{
	uint64_t address = (uintptr_t)bytes;
	struct pv_backdoor registers = { .bx = HIGH(VMWARE_HIGH_SUCCESS) |
		    VMWARE_HIGH_MESSAGE,
		.cx = size,
		.dx = HIGH(channel->id),
		.si = out ? address : channel->high,
		.di = out ? channel->low : address,
		.bp = out ? channel->high : channel->low };
	int error = vmware_string(channel->vmware, out, &registers);

	if (error == PV_OK)
		error = verdict(channel, HIGH_OF(registers.bx));
	if (error == PV_OK || error == PV_EAGAIN || !channel->open)
		return error;
	channel->slow = true;
	return PV_ENOTSUP;
}

static bool
use_string(const struct vmware_channel *channel, uint32_t status)
{
	return (status & VMWARE_STATUS_HIGH) && !channel->slow &&
	    channel->vmware->port->backdoor_string != NULL;
}

/* ---- A message out ---------------------------------------------------- */

static int
send_words(struct vmware_channel *channel, const uint8_t *bytes, size_t size)
{
	struct answer answer;
	int error = PV_OK;

	for (size_t at = 0; at < size && error == PV_OK; at += 4) {
		uint32_t word = 0;

		for (size_t i = 0; i < 4 && at + i < size; i++)
			word |= (uint32_t)bytes[at + i] << 8 * i;
		error = say(channel, VMWARE_MESSAGE_SEND, word, &answer);
	}
	return error;
}

static int
send_message(struct vmware_channel *channel, const void *bytes, size_t size)
{
	struct answer answer;
	int error = say(channel, VMWARE_MESSAGE_SEND_SIZE, (uint32_t)size,
	    &answer);

	if (error != PV_OK || size == 0)
		return error;
	if (!use_string(channel, answer.status))
		return send_words(channel, bytes, size);
	return string(channel, true, (void *)(uintptr_t)bytes, size);
}

int
vmware_channel_send(struct vmware_channel *channel, const void *bytes,
    size_t size)
{
	int error;

	if (!channel->open)
		return PV_ENODEV;
	if (size > VMWARE_MESSAGE_MAX)
		return PV_EMSGSIZE;
	error = send_message(channel, bytes, size);
	if (error == PV_ENOTSUP)
		error = send_message(channel, bytes, size);
	if (error != PV_OK && error != PV_EAGAIN)
		vmware_channel_close(channel);
	return error;
}

/* ---- A message in ----------------------------------------------------- */

static int
receive_words(struct vmware_channel *channel, uint8_t *to, size_t size)
{
	for (size_t at = 0; at < size; at += 4) {
		struct answer answer;
		int error = say(channel, VMWARE_MESSAGE_RECEIVE,
		    VMWARE_STATUS_SUCCESS, &answer);

		if (error != PV_OK)
			return error;
		if (answer.type != VMWARE_MESSAGE_SEND) {
			channel->vmware->stats->bad_state++;
			return PV_EPROTO;
		}
		for (size_t i = 0; i < 4 && at + i < size; i++)
			to[at + i] = (uint8_t)(answer.bx >> 8 * i);
	}
	return PV_OK;
}

static long
receive_message(struct vmware_channel *channel, void *to, size_t room,
    bool *waiting)
{
	struct pv_stats *stats = channel->vmware->stats;
	struct answer answer;
	uint32_t size;
	/* registers that come back as they went are no message */
	int error = say(channel, VMWARE_MESSAGE_RECEIVE_SIZE, UINT32_MAX,
	    &answer);

	if (error != PV_OK)
		return error;
	if (!(answer.status & VMWARE_STATUS_WAITING))
		return 0;
	if (answer.type != VMWARE_MESSAGE_SEND_SIZE) {
		stats->bad_state++;
		return PV_EPROTO;
	}
	size = answer.bx;
	if (size > room) {
		stats->bad_length++;
		return PV_EMSGSIZE;
	}
	if (size > 0)
		error = use_string(channel, answer.status)
		    ? string(channel, false, to, size)
		    : receive_words(channel, to, size);
	if (error == PV_OK)
		error = say(channel, VMWARE_MESSAGE_RECEIVE_STATUS,
		    VMWARE_STATUS_SUCCESS, &answer);
	if (error != PV_OK)
		return error;
	*waiting = true;
	return (long)size;
}

long
vmware_channel_receive(struct vmware_channel *channel, void *to, size_t room,
    bool *waiting)
{
	long size;

	*waiting = false;
	if (!channel->open)
		return PV_ENODEV;
	size = receive_message(channel, to, room, waiting);
	if (size == PV_ENOTSUP)
		size = receive_message(channel, to, room, waiting);
	if (size < 0 && size != PV_EAGAIN)
		vmware_channel_close(channel);
	return size;
}

/* ---- Up and down ------------------------------------------------------ */

static int
open_with(struct vmware_channel *channel, uint32_t protocol)
{
	struct pv_backdoor registers = { .bx = protocol,
		.cx = HIGH(VMWARE_MESSAGE_OPEN) };
	int error = vmware_message(channel->vmware, &registers);
	uint32_t status = HIGH_OF(registers.cx);

	if (error != PV_OK)
		return error;
	if (status & ~STATUS_KNOWN) {
		channel->vmware->stats->bad_value++;
		return PV_EPROTO;
	}
	if (!(status & VMWARE_STATUS_SUCCESS))
		return PV_EAGAIN;
	channel->open = true;
	channel->cookies = protocol & VMWARE_COOKIE;
	channel->id = (uint16_t)HIGH_OF(registers.dx);
	channel->high = channel->cookies ? (uint32_t)registers.si : 0;
	channel->low = channel->cookies ? (uint32_t)registers.di : 0;
	return PV_OK;
}

int
vmware_channel_open(struct vmware *vmware, struct vmware_channel *channel,
    uint32_t protocol)
{
	int error;

	channel->vmware = vmware;
	if (channel->open)
		return PV_OK;
	error = open_with(channel, protocol | VMWARE_COOKIE);
	if (error == PV_EAGAIN)
		error = open_with(channel, protocol);
	return error;
}

/* Whatever it says: an id that is not given back is one of 128 less. */
void
vmware_channel_close(struct vmware_channel *channel)
{
	struct answer answer;

	if (!channel->open)
		return;
	(void)say(channel, VMWARE_MESSAGE_CLOSE, 0, &answer);
	channel->open = false;
}
