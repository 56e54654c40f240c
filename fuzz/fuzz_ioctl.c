/* SPDX-License-Identifier: ISC */
/*
 * The device, asked by a caller who is hostile.
 * Input: which command (1 byte), how (1), then the caller's memory, with the
 * request structure at its beginning; its addresses are offsets into it.
 */
#include "fuzz/fuzz.h"
#include "port/sim/sim.h"
#include "pvbus/guest.h"
#include "wire/pvbus.h"

#define WRITABLE 0x01
#define ILP32 0x02
#define PIECEMEAL 0x04

static const uint32_t commands[] = { PVBUS_LP64_KVREAD, PVBUS_LP64_KVWRITE,
	PVBUS_LP64_TYPE, PVBUS_ILP32_KVREAD, PVBUS_ILP32_KVWRITE,
	PVBUS_ILP32_TYPE, PVBUS_CMD_GET, PVBUS_CMD_PUT, PVBUS_CMD_LIST,
	PVBUS_CMD_REMOVE, PVBUS_CMD_WATCH, PVBUS_CMD_INFO, 0xdeadbeef };

struct caller {
	const uint8_t *memory;
	size_t size;
	unsigned allowed, asked; /* pieces, when they come one by one */
	unsigned answers;
	size_t reserved;
};

static int
copyin(struct pv_ioctl *io, uint64_t from, void *to, size_t size)
{
	struct caller *caller = io->owner;

	if (from > caller->size || size > caller->size - from)
		return PV_EFAULT;
	if (caller->asked++ >= caller->allowed)
		return PV_EAGAIN;
	memcpy(to, caller->memory + from, size);
	return PV_OK;
}

static int
reserve(struct pv_ioctl *io, size_t structure, uint64_t to, size_t data)
{
	struct caller *caller = io->owner;

	(void)to;
	caller->reserved = structure + data;
	return PV_OK;
}

static void
done(struct pv_ioctl *io)
{
	struct caller *caller = io->owner;

	caller->answers++;
	MUST(io->structure_len + io->data_len <= caller->reserved ||
	    io->error != PV_OK);
	MUST(io->error <= 0);
}

static void
run(struct sim *sim, struct pv_bus *bus, struct caller *caller, uint8_t which,
    uint8_t how)
{
	struct pv_ioctl io = {
		.bus = bus,
		.cmd = commands[which % (sizeof(commands) / 4)],
		.writable = how & WRITABLE,
		.ilp32 = how & ILP32,
		.copyin = copyin,
		.reserve = reserve,
		.done = done,
		.owner = caller,
	};
	unsigned restarts = 0;

	caller->allowed = how & PIECEMEAL ? 0 : 3;
	while (pv_ioctl_start(&io) == PV_EAGAIN) {
		MUST(caller->answers == 0);
		MUST(++restarts <= 3); /* structure, key, value */
		caller->allowed++;
		caller->asked = 0;
	}
	for (unsigned i = 0; caller->answers == 0 && i < 50; i++) {
		pv_bus_poll(bus, 64);
		sim_advance(sim, sim_now(sim) + PV_SECOND);
	}
	pv_ioctl_cancel(&io); /* a watch may wait for ever */
	MUST(caller->answers == 1);
	pv_ioctl_end(&io);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pv_driver *const drivers[] = { &pv_fwcfg_driver,
		NULL };
	struct sim *sim = sim_new(size);
	const char *error;
	struct sim_machine *machine = sim_machine_new(sim, "kvm", &error);
	struct caller caller = { 0 };
	struct pv_bus *bus;
	uint8_t head[2];

	MUST(machine != NULL);
	take(&data, &size, head, sizeof(head));
	caller.memory = data;
	caller.size = size;
	MUST(host_fwcfg_add(sim_machine_fwcfg(machine), "opt/a", "value", 5));
	MUST(pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
							machine),
			       .drivers = drivers },
		 &bus) == PV_OK);
	run(sim, bus, &caller, head[0], head[1]);
	pv_bus_detach(bus);
	MUST(sim_machine_counts(machine)->memory == 0);
	sim_machine_free(machine);
	sim_free(sim);
	return 0;
}
