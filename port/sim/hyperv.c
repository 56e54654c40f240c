/* SPDX-License-Identifier: ISC */
/* Hyper-V in a simulated machine: its registers and hypercalls. */
#include <string.h>

#include "port/sim/sim_private.h"
#include "wire/cpuid.h"
#include "wire/hyperv/tlfs.h"

bool
hyperv_rdmsr(struct sim_machine *machine, uint32_t msr, uint64_t *value)
{
	return machine->hyperv != NULL &&
	    host_hyperv_rdmsr(machine->hyperv, machine->cpu, msr, value);
}

bool
hyperv_wrmsr(struct sim_machine *machine, uint32_t msr, uint64_t value)
{
	return machine->hyperv != NULL &&
	    host_hyperv_wrmsr(machine->hyperv, machine->cpu, msr, value);
}

/* Only by a page that Hyper-V has covered: VMCALL or VMMCALL, RET. */
static uint64_t
hypercall(void *ctx, const void *page, uint64_t control, uint64_t input,
    uint64_t output)
{
	struct sim_machine *machine = ctx;
	unsigned char code[4] = { 0x0f, 0x01, 0xc1, 0xc3 };

	if (machine->hyperv_config.vmmcall)
		code[2] = 0xd9;
	if (machine->hyperv == NULL ||
	    !memory_begins(machine, page, 0, code, sizeof(code))) {
		machine->counts.violations++;
		return HV_STATUS_INVALID_HYPERCALL_CODE;
	}
	return host_hyperv_hypercall(machine->hyperv, machine->cpu, control,
	    input, output);
}

/* Forgotten apart from what else the machine waits for. */
static void
world_later(void *ctx, uint64_t delay, void (*call)(void *), void *argument)
{
	struct sim_machine *machine = ctx;

	sim_later(machine->sim, delay, &machine->hyperv_world, call, argument);
}

static void
show(struct sim_machine *machine)
{
	struct host_cpuid_leaf leaf = { .leaf = CPUID_HV_FIRST +
		    HV_LEAF_FEATURES };
	uint32_t access[2], hints;

	host_hyperv_leaves(&machine->hyperv_config, access, &leaf.edx, &hints);
	leaf.eax = access[0];
	leaf.ebx = access[1];
	host_cpuid_set(&machine->cpuid, leaf);
	leaf = host_cpuid_get(&machine->cpuid, CPUID_HV_FIRST + HV_LEAF_HINTS);
	leaf.eax = hints;
	host_cpuid_set(&machine->cpuid, leaf);
}

bool
hyperv_make(struct sim_machine *machine)
{
	hyperv_free(machine);
	show(machine);
	machine->hyperv = host_hyperv_new(&machine->hyperv_config);
	return machine->hyperv != NULL;
}

void
hyperv_free(struct sim_machine *machine)
{
	sim_forget(machine->sim, &machine->hyperv_world);
	host_hyperv_free(machine->hyperv);
	machine->hyperv = NULL;
	sim_forget(machine->sim, &machine->hyperv_world);
}

bool
hyperv_init(struct sim_machine *machine, bool shown)
{
	void (*interrupt)(void *, unsigned,
	    uint8_t) = machine->hyperv_world.interrupt;

	machine->port.hyperv_hypercall = hypercall;
	machine->hyperv_world = machine->world;
	machine->hyperv_world.interrupt = interrupt;
	machine->hyperv_world.later = world_later;
	machine->hyperv_config = (struct host_hyperv_config){
		.world = &machine->hyperv_world,
		.vcpus = machine->cpus,
	};
	return !shown || hyperv_make(machine);
}

struct host_hyperv *
sim_machine_hyperv(struct sim_machine *machine)
{
	return machine->hyperv;
}

bool
sim_machine_set_hyperv(struct sim_machine *machine,
    const struct host_hyperv_config *config)
{
	if (machine->hyperv == NULL)
		return false;
	machine->hyperv_config = *config;
	machine->hyperv_config.world = &machine->hyperv_world;
	if (config->vcpus == 0)
		machine->hyperv_config.vcpus = machine->cpus;
	machine->cpus = machine->hyperv_config.vcpus;
	return hyperv_make(machine);
}
