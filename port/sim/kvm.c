/* SPDX-License-Identifier: ISC */
/* KVM's and vmm's clock in a simulated machine. */
#include "port/sim/sim_private.h"

bool
kvm_make(struct sim_machine *machine)
{
	host_pvclock_free(machine->pvclock);
	machine->pvclock = host_pvclock_new(&machine->pvclock_config);
	return machine->pvclock != NULL;
}

bool
kvm_init(struct sim_machine *machine, bool shown, bool vmm)
{
	machine->pvclock_config = (struct host_pvclock_config){
		.world = &machine->world,
		.vcpus = machine->cpus,
		.vmm = vmm,
	};
	return !shown || kvm_make(machine);
}

struct host_pvclock *
sim_machine_pvclock(struct sim_machine *machine)
{
	return machine->pvclock;
}

bool
sim_machine_set_pvclock(struct sim_machine *machine,
    const struct host_pvclock_config *config)
{
	if (machine->pvclock == NULL)
		return false;
	machine->pvclock_config = *config;
	machine->pvclock_config.world = &machine->world;
	if (config->vcpus == 0)
		machine->pvclock_config.vcpus = machine->cpus;
	machine->cpus = machine->pvclock_config.vcpus;
	return kvm_make(machine);
}
