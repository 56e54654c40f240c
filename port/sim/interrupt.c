/* SPDX-License-Identifier: ISC */
/* Vectors, and how an interrupt finds its handler: soon, never at once. */
#include "port/sim/sim_private.h"

#define VECTOR_FIRST 0x30
#define DELAY 2001 /* nanoseconds, at most one less */

static int
vector_alloc(void *ctx, void (*handler)(void *, unsigned), void *argument)
{
	struct sim_machine *machine = ctx;

	for (int vector = VECTOR_FIRST; vector < 0xf0; vector++) {
		if (machine->handlers[vector].call != NULL)
			continue;
		machine->handlers[vector].call = handler;
		machine->handlers[vector].argument = argument;
		machine->counts.vectors++;
		return vector;
	}
	return PV_ENOMEM;
}

static void
vector_free(void *ctx, int vector)
{
	struct sim_machine *machine = ctx;

	if (vector < VECTOR_FIRST || vector >= SIM_VECTORS ||
	    machine->handlers[vector].call == NULL) {
		machine->counts.violations++;
		return;
	}
	machine->handlers[vector].call = NULL;
	machine->counts.vectors--;
}

/* The guest half runs on that CPU meanwhile. */
static void
handle(struct sim_machine *machine, unsigned cpu, unsigned vector)
{
	unsigned before = machine->cpu;

	if (machine->handlers[vector].call == NULL)
		return;
	machine->cpu = cpu;
	machine->counts.interrupts++;
	machine->handlers[vector].call(machine->handlers[vector].argument, cpu);
	machine->cpu = before;
}

/* Whether the guest has to end it by itself. */
static bool
by_apic(struct sim_cpu *apic, unsigned cpu, unsigned vector)
{
	struct sim_machine *machine = apic->machine;

	if (apic->synthetic[vector])
		return !host_hyperv_auto_eoi(machine->hyperv, cpu,
		    (uint8_t)vector);
	return machine->xen != NULL &&
	    host_xen_upcall_by_apic(machine->xen, cpu);
}

static void
deliver(void *argument)
{
	struct sim_cpu *apic = argument;
	struct sim_machine *machine = apic->machine;
	unsigned cpu = (unsigned)(apic - machine->apics);

	for (unsigned vector = SIM_VECTORS; vector-- > 0;) {
		if (!apic->requested[vector] || apic->in_service[vector])
			continue;
		apic->requested[vector] = false;
		apic->in_service[vector] = machine->handlers[vector].call !=
			NULL &&
		    by_apic(apic, cpu, vector);
		apic->synthetic[vector] = false;
		handle(machine, cpu, vector);
	}
}

static void
soon(struct sim_machine *machine, struct sim_cpu *apic)
{
	sim_later(machine->sim, sim_random(machine->sim, DELAY), machine,
	    deliver, apic);
}

/* Requests of one vector that are not delivered yet are one. */
static void
world_interrupt(void *ctx, unsigned vcpu, uint8_t vector)
{
	struct sim_machine *machine = ctx;

	if (vcpu >= machine->cpus || machine->apics[vcpu].requested[vector])
		return;
	machine->apics[vcpu].requested[vector] = true;
	soon(machine, &machine->apics[vcpu]);
}

static void
hyperv_interrupt(void *ctx, unsigned vcpu, uint8_t vector)
{
	struct sim_machine *machine = ctx;

	if (vcpu < machine->cpus)
		machine->apics[vcpu].synthetic[vector] = true;
	world_interrupt(ctx, vcpu, vector);
}

/* Of the highest vector in service. */
static void
vector_eoi(void *ctx)
{
	struct sim_machine *machine = ctx;
	struct sim_cpu *apic = &machine->apics[machine->cpu];

	machine->counts.eois++;
	for (unsigned vector = SIM_VECTORS; vector-- > 0;) {
		if (!apic->in_service[vector])
			continue;
		apic->in_service[vector] = false;
		if (apic->requested[vector])
			soon(machine, apic);
		return;
	}
}

void
interrupt_reset(struct sim_machine *machine)
{
	for (unsigned i = 0; i < SIM_CPUS; i++)
		machine->apics[i] = (struct sim_cpu){ .machine = machine };
}

void
interrupt_init(struct sim_machine *machine)
{
	interrupt_reset(machine);
	machine->port.vector_alloc = vector_alloc;
	machine->port.vector_free = vector_free;
	machine->port.vector_eoi = vector_eoi;
	machine->world.interrupt = world_interrupt;
	machine->hyperv_world.interrupt = hyperv_interrupt;
}
