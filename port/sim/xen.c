/* SPDX-License-Identifier: ISC */
/* Xen in a simulated machine: its hypercalls, registers and pages; and what is
 * the same with Hyper-V. */
#include <string.h>

#include "port/sim/sim_private.h"
#include "wire/cpuid.h"
#include "wire/endian.h"
#include "wire/xen/hypercall.h"

#define DOMAIN_NUMBER 7

static unsigned
port_cpus(void *ctx)
{
	return ((struct sim_machine *)ctx)->cpus;
}

/* What is not there answers as a CPU does: with a fault.  Xen behind Hyper-V has
 * a register elsewhere. */
static int
msr_read(void *ctx, uint32_t msr, uint64_t *value)
{
	struct sim_machine *machine = ctx;

	*value = 0;
	if (machine->pvclock != NULL &&
	    host_pvclock_rdmsr(machine->pvclock, machine->cpu, msr, value))
		return PV_OK;
	return hyperv_rdmsr(machine, msr, value) ? PV_OK : PV_EACCES;
}

static int
msr_write(void *ctx, uint32_t msr, uint64_t value)
{
	struct sim_machine *machine = ctx;

	if (machine->xen != NULL && msr == machine->xen_msr)
		return host_xen_wrmsr(machine->xen, msr, value) ? PV_OK
								: PV_EACCES;
	if (machine->pvclock != NULL &&
	    host_pvclock_wrmsr(machine->pvclock, machine->cpu, msr, value))
		return PV_OK;
	return hyperv_wrmsr(machine, msr, value) ? PV_OK : PV_EACCES;
}

/* Only by a page that Xen has filled: MOV EAX, op. */
static long
hypercall(void *ctx, const void *page, unsigned op,
    const uintptr_t arguments[5])
{
	struct sim_machine *machine = ctx;
	unsigned char entry[5] = { 0xb8 };
	uint64_t wide[5];

	put_le32(entry + 1, op);
	if (machine->xen == NULL || op >= XEN_HC_ENTRIES ||
	    !memory_begins(machine, page, (size_t)op * XEN_HC_ENTRY_SIZE, entry,
		sizeof(entry))) {
		machine->counts.violations++;
		return -XEN_ENOSYS;
	}
	for (unsigned i = 0; i < 5; i++)
		wide[i] = arguments[i];
	return host_xen_hypercall(machine->xen, machine->cpu, op, wide);
}

static uint64_t
port_tsc(void *ctx)
{
	struct sim_machine *machine = ctx;
	uint64_t now = sim_now(machine->sim);

	/* one counter for all faces */
	if (machine->xen == NULL && machine->hyperv == NULL)
		return host_pvclock_tsc(&machine->pvclock_config, now);
	if (machine->hyperv == NULL)
		return host_xen_tsc(&machine->xen_config, now);
	host_hyperv_looked(machine->hyperv);
	return host_hyperv_tsc(&machine->hyperv_config, now);
}

static uint64_t
world_random(void *ctx, uint64_t limit)
{
	return sim_random(((struct sim_machine *)ctx)->sim, limit);
}

/* Nothing of the old one's is waited for any more. */
bool
xen_make(struct sim_machine *machine)
{
	if (machine->xen != NULL)
		sim_forget(machine->sim, machine);
	host_xen_free(machine->xen);
	machine->xen = host_xen_new(&machine->xen_config);
	return machine->xen != NULL &&
	    host_xen_set_pages(machine->xen, machine->store_page,
		machine->console_page);
}

bool
xen_init(struct sim_machine *machine, uint32_t base)
{
	machine->port.cpus = port_cpus;
	machine->port.msr_read = msr_read;
	machine->port.msr_write = msr_write;
	machine->port.xen_hypercall = hypercall;
	machine->port.tsc = port_tsc;
	machine->world.random = world_random;
	machine->xen_config = (struct host_xen_config){
		.world = &machine->world,
		.vcpus = machine->cpus,
		.domain = DOMAIN_NUMBER,
		.name = "guest",
	};
	if (base == 0)
		return true;
	machine->xen_base = base;
	machine->xen_msr =
	    host_cpuid_get(&machine->cpuid, base + XEN_LEAF_HYPERCALL).ebx;
	machine->store_page = memory_special(machine, 1);
	machine->console_page = memory_special(machine, 1);
	return xen_make(machine);
}

struct host_xen *
sim_machine_xen(struct sim_machine *machine)
{
	return machine->xen;
}

bool
sim_machine_set_xen(struct sim_machine *machine,
    const struct host_xen_config *config)
{
	struct host_cpuid_leaf leaf;

	if (machine->xen == NULL)
		return false;
	machine->xen_config = *config;
	machine->xen_config.world = &machine->world;
	if (config->vcpus == 0)
		machine->xen_config.vcpus = machine->cpus;
	machine->cpus = machine->xen_config.vcpus;
	leaf = host_cpuid_get(&machine->cpuid,
	    machine->xen_base + XEN_LEAF_HVM);
	leaf.eax &= ~XEN_LEAF_HVM_UPCALL_VECTOR;
	if (!config->no_upcall_vector)
		leaf.eax |= XEN_LEAF_HVM_UPCALL_VECTOR;
	host_cpuid_set(&machine->cpuid, leaf);
	return xen_make(machine);
}

bool
sim_machine_set_cpus(struct sim_machine *machine, unsigned cpus)
{
	if (cpus == 0 || cpus > SIM_CPUS)
		return false;
	machine->cpus = cpus;
	machine->xen_config.vcpus = cpus;
	machine->hyperv_config.vcpus = cpus;
	machine->pvclock_config.vcpus = cpus;
	return (machine->pvclock == NULL || kvm_make(machine)) &&
	    (machine->xen == NULL || xen_make(machine)) &&
	    (machine->hyperv == NULL || hyperv_make(machine));
}

void
sim_machine_set_cpu(struct sim_machine *machine, unsigned cpu)
{
	if (cpu < machine->cpus)
		machine->cpu = cpu;
}
