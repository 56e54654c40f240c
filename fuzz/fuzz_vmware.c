/* SPDX-License-Identifier: ISC */
/*
 * VMware whose registers and streams say what the input says.
 * Input: how (1 byte), then for each call of the backdoor a byte that tells what
 * of the true answer is replaced, and with what:
 *   0x01 the high half of CX, or of BX in the string form (2 bytes)
 *   0x02 the high half of DX (2)
 *   0x04 BX (4)
 *   0x08 SI and DI (4)
 *   0x10 what the string form brought: length (1), bytes
 *   0x20 the call never reaches the host
 * and for each read of a stream: 0x40 in its byte, length (1), bytes.
 */
#include "fuzz/fuzz.h"
#include "port/sim/sim.h"
#include "pvbus/guest.h"
#include "wire/vmware/backdoor.h"

#define NO_HIGH 0x01
#define NO_COOKIES 0x02
#define VSOCK 0x04
#define NO_GREETING 0x08
#define VMCALL 0x10

static struct {
	const uint8_t *data;
	size_t size;
	int (*call)(void *, enum pv_backdoor_way, struct pv_backdoor *);
	int (*string)(void *, enum pv_backdoor_way, bool, struct pv_backdoor *);
	long (*read)(void *, int, void *, size_t);
} input;

static uint32_t
number(size_t size)
{
	uint8_t bytes[4] = { 0 };

	take(&input.data, &input.size, bytes, size);
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
	    (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void
change(uint32_t what, struct pv_backdoor *registers, uint64_t *status)
{
	if (what & 0x01)
		*status = (*status & 0xffff) | (uint64_t)number(2) << 16;
	if (what & 0x02)
		registers->dx = (registers->dx & 0xffff) |
		    (uint64_t)number(2) << 16;
	if (what & 0x04)
		registers->bx = number(4);
	if (what & 0x08) {
		registers->si = number(2);
		registers->di = number(2);
	}
}

static int
call(void *ctx, enum pv_backdoor_way way, struct pv_backdoor *registers)
{
	uint32_t what = number(1);
	int error = PV_OK;

	if (!(what & 0x20))
		error = input.call(ctx, way, registers);
	change(what, registers, &registers->cx);
	return error;
}

static int
string(void *ctx, enum pv_backdoor_way way, bool out,
    struct pv_backdoor *registers)
{
	uint32_t what = number(1);
	size_t room = out ? 0 : (size_t)registers->cx;
	uint8_t *to = (uint8_t *)(uintptr_t)registers->di;
	int error = PV_OK;

	if (!(what & 0x20))
		error = input.string(ctx, way, out, registers);
	if ((what & 0x10) && !out) {
		size_t len = number(1);

		take(&input.data, &input.size, to, len < room ? len : room);
	}
	change(what & ~0x04u, registers, &registers->bx);
	return error;
}

static long
stream_read(void *ctx, int stream, void *to, size_t room)
{
	uint32_t what = number(1);
	size_t len;

	if (!(what & 0x40))
		return input.read(ctx, stream, to, room);
	len = number(1);
	if (len > room)
		len = room;
	if (len == 0)
		return (what & 1) ? PV_ENODEV : PV_EAGAIN;
	take(&input.data, &input.size, to, len);
	return (long)len;
}

static void
done(struct pv_kv *kv)
{
	++*(unsigned *)kv->owner;
}

static void
request(struct pv_bus *bus, enum pv_op op, const char *key, const char *text)
{
	static char value[4096];
	unsigned answers = 0;
	bool never = false;
	struct pv_kv kv = { .op = op,
		.key = key,
		.keylen = strlen(key),
		.value = value,
		.room = sizeof(value),
		.deadline = pv_bus_now(bus) + 3 * PV_SECOND,
		.done = done,
		.owner = &answers };

	if (op == PV_WRITE) {
		kv.room = strlen(text);
		memcpy(value, text, kv.room);
	}
	pv_store_submit(bus, pv_bus_interface(bus, 0), &kv);
	while (answers == 0 && pv_bus_now(bus) < kv.deadline + PV_SECOND)
		(void)pv_await(bus, &never,
		    pv_bus_now(bus) + 100 * PV_MILLISECOND);
	MUST(answers == 1);
	MUST(op == PV_WRITE || kv.len <= kv.room);
	MUST(kv.error == PV_OK || kv.len == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pv_driver *const drivers[] = { &pv_vmt_driver,
		NULL };
	struct sim *sim = sim_new(1);
	const char *error;
	struct sim_machine *machine = sim_machine_new(sim, "vmware", &error);
	struct pv_port *port;
	struct pv_bus *bus;
	bool never = false;
	uint8_t how;

	MUST(machine != NULL);
	take(&data, &size, &how, 1);
	MUST(sim_machine_set_vmware(machine,
	    &(struct host_vmware_config){ .no_high = how & NO_HIGH,
		.no_cookies = how & NO_COOKIES,
		.vsock = how & VSOCK,
		.no_greeting = how & NO_GREETING,
		.calls = how & VMCALL ? VMWARE_CALL_VMCALL : 0 }));
	host_vmware_set_info(sim_machine_vmware(machine), "guestinfo.a",
	    "H4sIAAAAAAACA8tIzcnJ5wIAIDA6NgYAAAA=", 36);
	host_vmware_set_info(sim_machine_vmware(machine),
	    "guestinfo.a.encoding", "gzip+base64", 11);
	MUST(pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
							machine),
			       .drivers = drivers },
		 &bus) == PV_OK);
	port = sim_machine_own_port(machine);
	input.data = data;
	input.size = size;
	input.call = port->backdoor;
	input.string = port->backdoor_string;
	input.read = port->vsock_read;
	port->backdoor = call;
	port->backdoor_string = string;
	port->vsock_read = stream_read;
	for (unsigned i = 0; i < 4; i++) {
		request(bus, PV_READ, "guestinfo.a", NULL);
		request(bus, PV_READ, "decoded/guestinfo.a", NULL);
		request(bus, PV_WRITE, "guestinfo.b", "text");
		request(bus, PV_REMOVE, "guestinfo.b", NULL);
		(void)pv_await(bus, &never, pv_bus_now(bus) + PV_SECOND);
	}
	MUST(pv_bus_devices(bus)->stats.exits < 1000000);
	pv_bus_detach(bus);
	MUST(sim_machine_counts(machine)->memory == 0);
	MUST(
	    host_vmware_counts(sim_machine_vmware(machine))->streams_open == 0);
	for (const char *c = sim_machine_log(machine); *c != '\0'; c++)
		MUST(*c == '\n' || (*c >= 0x20 && *c <= 0x7e));
	sim_machine_free(machine);
	sim_free(sim);
	return 0;
}
