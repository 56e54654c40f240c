/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "programs/pvhost/world.h"
#include "tests/support/pvhost_machine.h"

#define HZ 2000000000u

static const struct part *const all_parts[] = { &part_pci, &part_power,
	&part_rtc, &part_serial, &part_debug, &part_fwcfg };
#define PARTS (sizeof(all_parts) / sizeof(all_parts[0]))

/* ---- In place of machine.c and vcpu.c, beside the stage's -------------- */

void
machine_irq(struct machine *machine, unsigned line, bool level)
{
	(void)machine;
	(void)line;
	(void)level;
}

/* Addresses of its code are those of memory. */
bool
vcpu_read(struct vcpu *vcpu, uint64_t linear, void *to, size_t size)
{
	return memory_read(&vcpu->machine->memory, linear, to, size);
}

bool
vcpu_write(struct vcpu *vcpu, uint64_t linear, const void *from, size_t size)
{
	return memory_write(&vcpu->machine->memory, linear, from, size);
}

void
vcpu_interrupt(struct vcpu *vcpu, uint8_t vector)
{
	(void)vcpu;
	(void)vector;
}

/* ---- The machine ------------------------------------------------------ */

static bool
vcpus_make(struct machine *machine)
{
	for (unsigned i = 0; i < machine->options.vcpus; i++) {
		machine->vcpus[i] = calloc(1, sizeof(struct vcpu));
		if (machine->vcpus[i] == NULL)
			return false;
		machine->vcpus[i]->machine = machine;
		machine->vcpus[i]->number = i;
		machine->vcpus[i]->fd = -1;
		machine->vcpu_count++;
		machine->vcpus[i]->run_size = 3 * MEMORY_PAGE;
		machine->vcpus[i]->run = calloc(1, 3 * MEMORY_PAGE);
		if (machine->vcpus[i]->run == NULL)
			return false;
	}
	return true;
}

static bool
parts_make(struct machine *machine)
{
	for (unsigned i = 0; i < PARTS; i++) {
		machine->parts[i] = all_parts[i]->make(machine);
		if (machine->parts[i] == NULL)
			return false;
		machine->part_count++;
	}
	return true;
}

struct machine *
fake_machine_new(const struct options *options)
{
	struct machine *machine = stage_new();

	machine->options = *options;
	machine->options.serial[0] = machine->options.serial[1] = "none";
	machine->options.debug = "none";
	machine->kvm = machine->vm = -1;
	machine->tsc_hz = HZ;
	world_init(machine);
	if (memory_make(&machine->memory, -1, options->memory) &&
	    vcpus_make(machine) && parts_make(machine) && faces_make(machine) &&
	    firmware_write(machine) != 0)
		return machine;
	fake_machine_free(machine);
	return NULL;
}

void
fake_machine_free(struct machine *machine)
{
	faces_free(machine);
	while (machine->part_count > 0) {
		machine->part_count--;
		all_parts[machine->part_count]->free(
		    machine->parts[machine->part_count]);
	}
	for (unsigned i = 0; i < machine->vcpu_count; i++) {
		free(machine->vcpus[i]->run);
		free(machine->vcpus[i]);
	}
	memory_free(&machine->memory);
	stage_free(machine);
}
