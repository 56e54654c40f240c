/* SPDX-License-Identifier: ISC */
#include "tests/support/raw_vmware.h"

#include <stdio.h>

#include "wire/endian.h"

struct host_vmware *
raw_vmware(struct world *world, const struct host_vmware_config *config)
{
	if (world->machine == NULL)
		world_machine(world, "vmware");
	if (config != NULL)
		assert_true(sim_machine_set_vmware(world->machine, config));
	assert_non_null(sim_machine_vmware(world->machine));
	return sim_machine_vmware(world->machine);
}

void
raw_vmware_end(struct host_vmware *host, uint64_t refused)
{
	const struct host_vmware_counts *counts = host_vmware_counts(host);

	assert_int_equal(counts->channels_open, 0);
	assert_int_equal(counts->streams_open, 0);
	assert_int_equal(counts->refused, refused);
}

struct host_backdoor
hand_call(struct host_vmware *host, uint32_t cx, uint32_t bx)
{
	struct host_backdoor r = { .ax = VMWARE_MAGIC,
		.bx = bx,
		.cx = cx,
		.dx = VMWARE_PORT };

	host_vmware_backdoor(host, &r);
	return r;
}

bool
hand_open(struct host_vmware *host, uint32_t protocol,
    struct hand_channel *channel)
{
	struct host_backdoor r = hand_call(host,
	    VMWARE_MESSAGE_OPEN << 16 | VMWARE_MESSAGE, protocol);

	*channel = (struct hand_channel){
		.host = host,
		.id = (uint16_t)(r.dx >> 16),
		.high = (uint32_t)r.si,
		.low = (uint32_t)r.di,
		.way = VMWARE_PORT,
	};
	return (r.cx >> 16 & VMWARE_STATUS_SUCCESS) != 0;
}

unsigned
hand_step(struct hand_channel *channel, unsigned type, uint32_t bx,
    struct host_backdoor *r)
{
	struct host_backdoor own;

	if (r == NULL)
		r = &own;
	*r = (struct host_backdoor){
		.ax = VMWARE_MAGIC,
		.bx = bx,
		.cx = type << 16 | VMWARE_MESSAGE,
		.dx = (uint32_t)channel->id << 16 | channel->way,
		.si = channel->high,
		.di = channel->low,
	};
	host_vmware_backdoor(channel->host, r);
	return (unsigned)(r->cx >> 16 & 0xffff);
}

unsigned
hand_string(struct hand_channel *channel, bool out, void *bytes, size_t size)
{
	unsigned flags = VMWARE_FLAG_HIGH | (out ? VMWARE_FLAG_OUT : 0);
	struct host_backdoor r = {
		.ax = VMWARE_MAGIC,
		.bx = VMWARE_HIGH_SUCCESS << 16 | VMWARE_HIGH_MESSAGE,
		.cx = size,
		.dx = (uint32_t)channel->id << 16 |
		    (channel->way == VMWARE_PORT ? VMWARE_PORT_HIGH : flags),
		.si = out ? (uintptr_t)bytes : channel->high,
		.di = out ? channel->low : (uintptr_t)bytes,
		.bp = out ? channel->high : channel->low,
	};

	host_vmware_string(channel->host, out, &r);
	return (unsigned)(r.bx >> 16 & 0xffff);
}

bool
hand_send(struct hand_channel *channel, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	unsigned status = hand_step(channel, VMWARE_MESSAGE_SEND_SIZE,
	    (uint32_t)size, NULL);

	if ((status & VMWARE_STATUS_SUCCESS) == 0)
		return false;
	if (channel->strings && size > 0 && status & VMWARE_STATUS_HIGH) {
		void *copy = malloc(size);

		assert_non_null(copy);
		memcpy(copy, bytes, size);
		status = hand_string(channel, true, copy, size);
		free(copy);
		return (status & VMWARE_STATUS_SUCCESS) != 0;
	}
	for (size_t i = 0; i < size; i += 4) {
		uint8_t four[4] = { 0 };

		memcpy(four, at + i, size - i < 4 ? size - i : 4);
		status = hand_step(channel, VMWARE_MESSAGE_SEND, get_le32(four),
		    NULL);
		if ((status & VMWARE_STATUS_SUCCESS) == 0)
			return false;
	}
	return true;
}

long
hand_receive(struct hand_channel *channel, void *to, size_t room)
{
	struct host_backdoor r;
	unsigned status = hand_step(channel, VMWARE_MESSAGE_RECEIVE_SIZE, 0,
	    &r);
	size_t size = (size_t)r.bx;

	if ((status & VMWARE_STATUS_SUCCESS) == 0)
		return -1;
	if ((status & VMWARE_STATUS_WAITING) == 0)
		return -2;
	assert_int_equal(r.dx >> 16, VMWARE_MESSAGE_SEND_SIZE);
	assert_true(size < room);
	if (channel->strings && size > 0 && status & VMWARE_STATUS_HIGH) {
		if ((hand_string(channel, false, to, size) &
			VMWARE_STATUS_SUCCESS) == 0)
			return -1;
	} else
		for (size_t i = 0; i < size; i += 4) {
			uint8_t four[4];

			status = hand_step(channel, VMWARE_MESSAGE_RECEIVE,
			    VMWARE_STATUS_SUCCESS, &r);
			if ((status & VMWARE_STATUS_SUCCESS) == 0)
				return -1;
			assert_int_equal(r.dx >> 16, VMWARE_MESSAGE_SEND);
			put_le32(four, (uint32_t)r.bx);
			memcpy((uint8_t *)to + i, four,
			    size - i < 4 ? size - i : 4);
		}
	status = hand_step(channel, VMWARE_MESSAGE_RECEIVE_STATUS,
	    VMWARE_STATUS_SUCCESS, NULL);
	if ((status & VMWARE_STATUS_SUCCESS) == 0)
		return -1;
	((char *)to)[size] = '\0';
	return (long)size;
}

void
hand_close(struct hand_channel *channel)
{
	assert_int_equal(hand_step(channel, VMWARE_MESSAGE_CLOSE, 0, NULL),
	    VMWARE_STATUS_SUCCESS);
}

const char *
hand_rpc_bytes(struct host_vmware *host, const void *bytes, size_t size)
{
	static char reply[2 * VMWARE_MESSAGE_LIMIT];
	struct hand_channel channel;

	assert_true(hand_open(host, VMWARE_RPCI | VMWARE_COOKIE, &channel));
	channel.strings = true;
	assert_true(hand_send(&channel, bytes, size));
	assert_true(hand_receive(&channel, reply, sizeof(reply)) >= 2);
	hand_close(&channel);
	return reply;
}

const char *
hand_rpc(struct host_vmware *host, const char *text)
{
	return hand_rpc_bytes(host, text, strlen(text));
}

const char *
hand_tclo(struct hand_channel *channel, const char *answer)
{
	static char call[2 * VMWARE_MESSAGE_LIMIT];
	long size;

	assert_true(hand_send(channel, answer, strlen(answer)));
	size = hand_receive(channel, call, sizeof(call));
	assert_true(size >= 0 || size == -2);
	return size < 0 ? "" : call;
}

void
hand_tools(struct host_vmware *host, struct hand_channel *channel)
{
	assert_true(hand_open(host, VMWARE_TCLO | VMWARE_COOKIE, channel));
	assert_string_equal(hand_tclo(channel, ""), "reset");
	assert_string_equal(hand_tclo(channel, "OK ATR toolbox"),
	    "Capabilities_Register");
	assert_string_equal(hand_tclo(channel, "OK "), "Set_Option synctime 0");
	assert_string_equal(hand_tclo(channel, "OK "),
	    "Set_Option broadcastIP 1");
	assert_string_equal(hand_tclo(channel, "OK "), "");
}

size_t
hand_packet(uint8_t *to, const void *payload, size_t size, bool fast_close)
{
	uint8_t *at = to + 4;

	put_be32(at, DATAMAP_NUMBER);
	put_be32(at + 4, DATAMAP_FIELD_TYPE);
	put_be32(at + 8, DATAMAP_PACKET_DATA);
	put_be32(at + 12, 0);
	at += 16;
	put_be32(at, DATAMAP_STRING);
	put_be32(at + 4, DATAMAP_FIELD_PAYLOAD);
	put_be32(at + 8, (uint32_t)size);
	memcpy(at + 12, payload, size);
	at += 12 + size;
	if (fast_close) {
		put_be32(at, DATAMAP_NUMBER);
		put_be32(at + 4, DATAMAP_FIELD_FAST_CLOSE);
		put_be32(at + 8, 1);
		put_be32(at + 12, 0);
		at += 16;
	}
	put_be32(to, (uint32_t)(at - to - 4));
	return (size_t)(at - to);
}

const char *
hand_payload(struct host_vmware *host, int stream)
{
	static uint8_t packet[2 * VMWARE_MESSAGE_LIMIT];
	static char text[2 * VMWARE_MESSAGE_LIMIT];
	size_t length;
	long got = host_vmware_vsock_read(host, stream, packet, 4);

	if (got <= 0)
		return got < 0 ? NULL : "";
	assert_int_equal(got, 4);
	length = get_be32(packet);
	assert_true(length < sizeof(packet));
	got = host_vmware_vsock_read(host, stream, packet, length);
	if (got < (long)length)
		return NULL;
	/* type, then payload, as the model sends them */
	assert_int_equal(get_be32(packet), DATAMAP_NUMBER);
	assert_int_equal(get_be32(packet + 4), DATAMAP_FIELD_TYPE);
	assert_int_equal(get_be32(packet + 8), DATAMAP_PACKET_DATA);
	assert_int_equal(get_be32(packet + 12), 0);
	assert_int_equal(get_be32(packet + 16), DATAMAP_STRING);
	assert_int_equal(get_be32(packet + 20), DATAMAP_FIELD_PAYLOAD);
	assert_int_equal(get_be32(packet + 24), length - 28);
	memcpy(text, packet + 28, length - 28);
	text[length - 28] = '\0';
	return text;
}
