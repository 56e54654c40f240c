/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "programs/pvhost/world.h"
#include "tests/support/pvhost_machine.h"

#define HZ 2000000000u

struct timer {
	struct timer *next;
	uint64_t when;
	void (*call)(void *);
	void *argument;
};

struct fake {
	struct machine machine; /* its first member */
	uint64_t now;
	unsigned vectors[MACHINE_VCPUS];
};

static const struct part *const all_parts[] = { &part_pci, &part_power,
	&part_rtc, &part_serial, &part_debug, &part_fwcfg };
#define PARTS (sizeof(all_parts) / sizeof(all_parts[0]))

static char said[1024];

const char *
fake_machine_said(void)
{
	return said;
}

/* ---- In place of machine.c, timers.c and vcpu.c ----------------------- */

void
say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(said, sizeof(said), format, arguments);
	va_end(arguments);
}

void
say_more(const struct machine *machine, const char *format, ...)
{
	(void)machine;
	(void)format;
}

void
machine_end(struct machine *machine, int status, const char *format, ...)
{
	va_list arguments;

	if (machine->ended)
		return;
	machine->ended = true;
	machine->status = status;
	va_start(arguments, format);
	vsnprintf(said, sizeof(said), format, arguments);
	va_end(arguments);
}

void
machine_irq(struct machine *machine, unsigned line, bool level)
{
	(void)machine;
	(void)line;
	(void)level;
}

uint64_t
machine_now(const struct machine *machine)
{
	return ((const struct fake *)machine)->now;
}

void
timers_later(struct timers *timers, uint64_t delay, void (*call)(void *),
    void *argument)
{
	struct timer **link = &timers->first, *timer = malloc(sizeof(*timer));
	uint64_t now = machine_now(timers->machine);

	if (timer == NULL)
		abort();
	*timer = (struct timer){ .when = delay < UINT64_MAX - now ? now + delay
								  : UINT64_MAX,
		.call = call,
		.argument = argument };
	while (*link != NULL && (*link)->when <= timer->when)
		link = &(*link)->next;
	timer->next = *link;
	*link = timer;
}

void
timers_forget(struct timers *timers, const void *argument)
{
	struct timer **link = &timers->first;

	while (*link != NULL) {
		struct timer *timer = *link;

		if (timer->argument == argument) {
			*link = timer->next;
			free(timer);
		} else
			link = &timer->next;
	}
}

struct kvm_regs *
vcpu_regs(struct vcpu *vcpu)
{
	return &vcpu->regs;
}

void
vcpu_regs_changed(struct vcpu *vcpu)
{
	vcpu->changed_regs = true;
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
	struct fake *fake = (struct fake *)vcpu->machine;

	(void)vector;
	fake->vectors[vcpu->number]++;
}

/* ---- The machine ------------------------------------------------------ */

unsigned
fake_machine_vectors(const struct machine *machine, unsigned vcpu)
{
	return ((const struct fake *)machine)->vectors[vcpu];
}

void
fake_machine_pass(struct machine *machine, uint64_t nanoseconds, unsigned calls)
{
	struct fake *fake = (struct fake *)machine;
	uint64_t until = fake->now + nanoseconds;

	while (calls-- > 0 && machine->timers.first != NULL &&
	    machine->timers.first->when <= until) {
		struct timer *timer = machine->timers.first;

		machine->timers.first = timer->next;
		if (timer->when > fake->now)
			fake->now = timer->when;
		timer->call(timer->argument);
		free(timer);
	}
	if (until > fake->now)
		fake->now = until;
}

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
	struct fake *fake = calloc(1, sizeof(*fake));
	struct machine *machine = &fake->machine;

	said[0] = '\0';
	if (fake == NULL)
		return NULL;
	machine->options = *options;
	machine->options.serial[0] = machine->options.serial[1] = "none";
	machine->options.debug = "none";
	machine->kvm = machine->vm = -1;
	machine->tsc_hz = HZ;
	machine->timers.machine = machine;
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
	while (machine->timers.first != NULL)
		timers_forget(&machine->timers,
		    machine->timers.first->argument);
	for (unsigned i = 0; i < machine->vcpu_count; i++) {
		free(machine->vcpus[i]->run);
		free(machine->vcpus[i]);
	}
	loop_free(&machine->loop);
	memory_free(&machine->memory);
	free(machine);
}
