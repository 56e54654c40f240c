/* SPDX-License-Identifier: ISC */
/* VMware in a simulated machine: its backdoor, and streams to it. */
#include <string.h>

#include "port/sim/sim_private.h"
#include "wire/cpuid.h"
#include "wire/vmware/backdoor.h"

/* An instruction that the CPU has not got, or a port where nobody listens. */
static bool
reaches(const struct sim_machine *machine, enum pv_backdoor_way way)
{
	uint32_t calls;

	if (machine->vmware == NULL)
		return false;
	calls = host_cpuid_get(&machine->cpuid,
	    machine->vmware_base + VMWARE_LEAF_CALL)
		    .ecx;
	switch (way) {
	case PV_BACKDOOR_PORT:
		return true;
	case PV_BACKDOOR_VMCALL:
		return (calls & VMWARE_CALL_VMCALL) != 0;
	case PV_BACKDOOR_VMMCALL:
		return (calls & VMWARE_CALL_VMMCALL) != 0;
	}
	return false;
}

/* A port where flags belong, or the other way round. */
static bool
form_fits(struct sim_machine *machine, enum pv_backdoor_way way, uint64_t dx)
{
	unsigned low = (uint16_t)dx;
	bool port = low == VMWARE_PORT || low == VMWARE_PORT_HIGH;

	if (port == (way == PV_BACKDOOR_PORT))
		return true;
	machine->counts.violations++;
	return false;
}

static struct host_backdoor
to_host(const struct pv_backdoor *r)
{
	return (struct host_backdoor){ r->ax, r->bx, r->cx, r->dx, r->si, r->di,
		r->bp };
}

static struct pv_backdoor
from_host(const struct host_backdoor *r)
{
	return (struct pv_backdoor){ r->ax, r->bx, r->cx, r->dx, r->si, r->di,
		r->bp };
}

static int
port_backdoor(void *ctx, enum pv_backdoor_way way,
    struct pv_backdoor *registers)
{
	struct sim_machine *machine = ctx;
	struct host_backdoor r = to_host(registers);

	if (!reaches(machine, way) || !form_fits(machine, way, r.dx))
		return PV_ENODEV;
	host_vmware_backdoor(machine->vmware, &r);
	*registers = from_host(&r);
	return PV_OK;
}

static int
port_backdoor_string(void *ctx, enum pv_backdoor_way way, bool out,
    struct pv_backdoor *registers)
{
	struct sim_machine *machine = ctx;
	struct host_backdoor r = to_host(registers);

	if (!reaches(machine, way) || !form_fits(machine, way, r.dx))
		return PV_ENODEV;
	host_vmware_string(machine->vmware, out, &r);
	*registers = from_host(&r);
	return PV_OK;
}

static int
port_vsock_open(void *ctx, unsigned port, bool privileged)
{
	struct sim_machine *machine = ctx;
	int stream;

	if (machine->vmware == NULL || !machine->vmware_config.vsock)
		return PV_ENODEV;
	stream = host_vmware_vsock_open(machine->vmware, port, privileged);
	if (stream == -2)
		return PV_EACCES;
	return stream < 0 ? PV_EBUSY : stream;
}

/* Now and then less than was wanted, as streams do. */
static size_t
some(struct sim_machine *machine, size_t size)
{
	if (size < 2 || sim_random(machine->sim, 4) != 0)
		return size;
	return 1 + (size_t)sim_random(machine->sim, size - 1);
}

static long
port_vsock_read(void *ctx, int stream, void *to, size_t room)
{
	struct sim_machine *machine = ctx;
	long size = host_vmware_vsock_read(machine->vmware, stream, to,
	    some(machine, room));

	if (size > 0)
		return size;
	return size == 0 ? PV_EAGAIN : PV_ENODEV;
}

static long
port_vsock_write(void *ctx, int stream, const void *from, size_t size)
{
	struct sim_machine *machine = ctx;

	size = some(machine, size);
	return host_vmware_vsock_write(machine->vmware, stream, from, size)
	    ? (long)size
	    : PV_ENODEV;
}

static void
port_vsock_close(void *ctx, int stream)
{
	host_vmware_vsock_close(((struct sim_machine *)ctx)->vmware, stream);
}

bool
vmware_woken(struct sim_machine *machine)
{
	uint64_t events;

	if (machine->vmware == NULL)
		return false;
	events = host_vmware_vsock_events(machine->vmware);
	if (events == machine->vmware_events)
		return false;
	machine->vmware_events = events;
	return true;
}

static bool
make(struct sim_machine *machine)
{
	struct host_cpuid_leaf leaf = { .leaf = machine->vmware_base +
		    VMWARE_LEAF_CALL };

	host_vmware_free(machine->vmware);
	leaf.ecx = machine->vmware_config.calls;
	host_cpuid_set(&machine->cpuid, leaf);
	machine->vmware_events = 0;
	machine->vmware = host_vmware_new(&machine->vmware_config);
	return machine->vmware != NULL;
}

/* The usual one has all that a host of today has; 2026 began when the world
 * did. */
bool
vmware_init(struct sim_machine *machine, uint32_t base)
{
	machine->port.backdoor = port_backdoor;
	machine->port.backdoor_string = port_backdoor_string;
	machine->port.vsock_open = port_vsock_open;
	machine->port.vsock_read = port_vsock_read;
	machine->port.vsock_write = port_vsock_write;
	machine->port.vsock_close = port_vsock_close;
	machine->vmware_base = base;
	machine->vmware_config = (struct host_vmware_config){
		.world = &machine->world,
		.calls = VMWARE_CALL_VMCALL,
		.wall = 1767225600 * PV_SECOND,
	};
	return base == 0 || make(machine);
}

struct host_vmware *
sim_machine_vmware(struct sim_machine *machine)
{
	return machine->vmware;
}

bool
sim_machine_set_vmware(struct sim_machine *machine,
    const struct host_vmware_config *config)
{
	if (machine->vmware == NULL)
		return false;
	machine->vmware_config = *config;
	machine->vmware_config.world = &machine->world;
	return make(machine);
}
