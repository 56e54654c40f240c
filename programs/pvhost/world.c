/* SPDX-License-Identifier: ISC */
#include <sys/random.h>

#include "programs/pvhost/vcpu.h"
#include "programs/pvhost/world.h"

static uint64_t
world_now(void *ctx)
{
	return machine_now(ctx);
}

static void
world_later(void *ctx, uint64_t delay, void (*call)(void *), void *argument)
{
	struct machine *machine = ctx;

	timers_later(&machine->timers, delay, call, argument);
}

static bool
world_read(void *ctx, uint64_t address, void *to, size_t size)
{
	struct machine *machine = ctx;

	return memory_read(&machine->memory, address, to, size);
}

static bool
world_write(void *ctx, uint64_t address, const void *from, size_t size)
{
	struct machine *machine = ctx;

	return memory_write(&machine->memory, address, from, size);
}

static bool
world_read_linear(void *ctx, uint64_t address, void *to, size_t size)
{
	struct machine *machine = ctx;

	return machine->running != NULL &&
	    vcpu_read(machine->running, address, to, size);
}

static bool
world_write_linear(void *ctx, uint64_t address, const void *from, size_t size)
{
	struct machine *machine = ctx;

	return machine->running != NULL &&
	    vcpu_write(machine->running, address, from, size);
}

static void *
world_map(void *ctx, uint64_t address, size_t size)
{
	struct machine *machine = ctx;

	return memory_at(&machine->memory, address, size);
}

static void
world_interrupt(void *ctx, unsigned vcpu, uint8_t vector)
{
	struct machine *machine = ctx;

	if (vcpu < machine->vcpu_count)
		vcpu_interrupt(machine->vcpus[vcpu], vector);
}

static uint64_t
world_random(void *ctx, uint64_t limit)
{
	uint64_t number = 0;

	(void)ctx;
	(void)!getrandom(&number, sizeof(number), 0);
	return limit == 0 ? 0 : number % limit;
}

void
world_init(struct machine *machine)
{
	machine->world = (struct host_world){
		.ctx = machine,
		.now = world_now,
		.later = world_later,
		.read = world_read,
		.write = world_write,
		.read_linear = world_read_linear,
		.write_linear = world_write_linear,
		.map = world_map,
		.interrupt = world_interrupt,
		.random = world_random,
	};
}
