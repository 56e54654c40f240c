/* SPDX-License-Identifier: ISC */
/*
 * Input: what a guest does to the model of VMware.  Each step is one byte: what,
 * and what follows it; bytes of messages and packets are the input's own.
 */
#include "fuzz/fuzz.h"
#include "host/vmware/vmware.h"
#include "wire/endian.h"
#include "wire/vmware/backdoor.h"
#include "wire/vmware/guestrpc.h"

#define MEMORY 4096u

struct machine {
	struct host_vmware *host;
	uint64_t now;
	uint8_t memory[MEMORY];
	uint16_t id; /* of the last open */
	uint32_t high, low;
};

static uint64_t
now(void *ctx)
{
	return ((struct machine *)ctx)->now;
}

static bool
read_memory(void *ctx, uint64_t address, void *to, size_t size)
{
	const struct machine *m = ctx;

	if (address > MEMORY || size > MEMORY - address)
		return false;
	memcpy(to, m->memory + address, size);
	return true;
}

static bool
write_memory(void *ctx, uint64_t address, const void *from, size_t size)
{
	struct machine *m = ctx;

	if (address > MEMORY || size > MEMORY - address)
		return false;
	memcpy(m->memory + address, from, size);
	return true;
}

static unsigned
call(struct machine *m, unsigned type, uint32_t bx, struct host_backdoor *r)
{
	*r = (struct host_backdoor){ .ax = VMWARE_MAGIC,
		.bx = bx,
		.cx = type << 16 | VMWARE_MESSAGE,
		.dx = (uint32_t)m->id << 16 | VMWARE_PORT,
		.si = m->high,
		.di = m->low };
	host_vmware_backdoor(m->host, r);
	return (unsigned)(r->cx >> 16 & 0xffff);
}

static void
string(struct machine *m, bool out, size_t size)
{
	struct host_backdoor r = { .ax = VMWARE_MAGIC,
		.bx = VMWARE_HIGH_SUCCESS << 16,
		.cx = size,
		.dx = (uint32_t)m->id << 16 | VMWARE_PORT_HIGH,
		.si = out ? 0 : m->high,
		.di = out ? m->low : 0,
		.bp = out ? m->high : m->low };

	host_vmware_string(m->host, out, &r);
}

static void
open_channel(struct machine *m, uint32_t protocol)
{
	struct host_backdoor r;

	if ((call(m, VMWARE_MESSAGE_OPEN, protocol, &r) &
		VMWARE_STATUS_SUCCESS) == 0)
		return;
	m->id = (uint16_t)(r.dx >> 16);
	m->high = (uint32_t)r.si;
	m->low = (uint32_t)r.di;
	MUST(m->id < VMWARE_CHANNELS);
}

/* A message whole, and what answers it. */
static void
message(struct machine *m, const uint8_t **data, size_t *size)
{
	struct host_backdoor r;
	uint8_t head[2];
	size_t length;

	take(data, size, head, sizeof(head));
	length = get_le16(head) % MEMORY;
	if (length > *size)
		length = *size;
	take(data, size, m->memory, length);
	call(m, VMWARE_MESSAGE_SEND_SIZE, (uint32_t)length, &r);
	string(m, true, length);
	if ((call(m, VMWARE_MESSAGE_RECEIVE_SIZE, 0, &r) &
		VMWARE_STATUS_WAITING) == 0)
		return;
	length = (size_t)r.bx;
	string(m, false, length);
	if (length <= MEMORY)
		MUST(call(m, VMWARE_MESSAGE_RECEIVE_STATUS,
			 VMWARE_STATUS_SUCCESS, &r) == VMWARE_STATUS_SUCCESS);
}

static void
registers(struct machine *m, const uint8_t **data, size_t *size)
{
	struct host_backdoor r = { .ax = VMWARE_MAGIC };
	uint8_t words[24];

	take(data, size, words, sizeof(words));
	r.bx = get_le32(words);
	r.cx = get_le32(words + 4);
	r.dx = get_le32(words + 8);
	r.si = get_le32(words + 12);
	r.di = get_le32(words + 16);
	r.bp = get_le32(words + 20);
	host_vmware_backdoor(m->host, &r);
}

static void
stream(struct machine *m, int number, const uint8_t **data, size_t *size)
{
	uint8_t head[2], back[256];
	size_t length;

	take(data, size, head, sizeof(head));
	length = get_le16(head);
	if (length > *size)
		length = *size;
	host_vmware_vsock_write(m->host, number, *data, length);
	*data += length;
	*size -= length;
	MUST(host_vmware_vsock_read(m->host, number, back, sizeof(back)) <=
	    (long)sizeof(back));
}

static void
step(struct machine *m, unsigned what, const uint8_t **data, size_t *size)
{
	struct host_backdoor r;

	switch (what & 15) {
	case 0:
		open_channel(m, VMWARE_RPCI | VMWARE_COOKIE);
		break;
	case 1:
		open_channel(m, VMWARE_TCLO | VMWARE_COOKIE);
		break;
	case 2:
		call(m, VMWARE_MESSAGE_CLOSE, 0, &r);
		break;
	case 3:
	case 4:
		message(m, data, size);
		break;
	case 5:
		registers(m, data, size);
		break;
	case 6:
		host_vmware_vsock_open(m->host,
		    what & 16 ? VMWARE_VSOCK_RPCI : VMWARE_VSOCK_TCLO, true);
		break;
	case 7:
	case 8:
		stream(m, (int)(what >> 4) - 1, data, size);
		break;
	case 9:
		host_vmware_vsock_close(m->host, (int)(what >> 4) - 1);
		break;
	case 10:
		host_vmware_call(m->host, "ping", 4);
		break;
	case 11:
		host_vmware_snapshot(m->host, true);
		break;
	case 12:
		host_vmware_power(m->host, "OS_Halt");
		break;
	case 13:
		m->now += 1000000000ull << (what >> 4);
		break;
	case 14:
		host_vmware_resume(m->host);
		break;
	default:
		host_vmware_counts(m->host);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct machine *m = calloc(1, sizeof(*m));
	struct host_world world = { .ctx = m,
		.now = now,
		.read_linear = read_memory,
		.write_linear = write_memory };
	struct host_vmware_config config = { .world = &world,
		.vsock = true,
		.info_limit = 4096 };
	uint8_t what[1];

	MUST(m != NULL);
	m->host = host_vmware_new(&config);
	MUST(m->host != NULL);
	while (size > 0) {
		take(&data, &size, what, sizeof(what));
		step(m, what[0], &data, &size);
	}
	host_vmware_resume(m->host);
	for (int i = 0; i < 32; i++)
		host_vmware_vsock_close(m->host, i);
	MUST(host_vmware_counts(m->host)->channels_open == 0);
	MUST(host_vmware_counts(m->host)->streams_open == 0);
	host_vmware_free(m->host);
	free(m);
	return 0;
}
