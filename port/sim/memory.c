/* SPDX-License-Identifier: ISC */
/* Memory of a simulated guest: what it allocates, and pages a host reaches. */
#include <stdlib.h>
#include <string.h>

#include "port/sim/sim_private.h"

/* Runs of pages are kept when freed, so that a late host is caught. */
struct run {
	struct run *next;
	uint64_t physical;
	unsigned char *bytes;
	size_t size;
	bool freed;
};

static bool
fails(struct sim_machine *machine)
{
	return machine->alloc_fail > 0 && --machine->alloc_fail == 0;
}

static void *
memory_alloc(void *ctx, size_t size)
{
	struct sim_machine *machine = ctx;
	void *memory = fails(machine) ? NULL : calloc(1, size > 0 ? size : 1);

	if (memory != NULL)
		machine->counts.memory += size;
	return memory;
}

static void
memory_release(void *ctx, void *memory, size_t size)
{
	struct sim_machine *machine = ctx;

	machine->counts.memory -= size;
	free(memory);
}

static void *
pages_alloc(void *ctx, size_t pages, uint64_t *physical)
{
	struct sim_machine *machine = ctx;
	struct run *run;

	if (machine->pages_fail || fails(machine))
		return NULL;
	run = calloc(1, sizeof(*run));
	if (run == NULL)
		return NULL;
	run->size = pages * PV_PAGE_SIZE;
	run->bytes = aligned_alloc(PV_PAGE_SIZE, run->size);
	if (run->bytes == NULL) {
		free(run);
		return NULL;
	}
	memset(run->bytes, 0, run->size);
	run->physical = machine->next_physical;
	/* a gap, so that running over an end is caught */
	machine->next_physical += run->size + PV_PAGE_SIZE;
	run->next = machine->runs;
	machine->runs = run;
	machine->counts.pages += pages;
	*physical = run->physical;
	return run->bytes;
}

static void
pages_free(void *ctx, void *memory, size_t pages)
{
	struct sim_machine *machine = ctx;

	for (struct run *run = machine->runs; run != NULL; run = run->next)
		if (run->bytes == memory)
			run->freed = true;
	machine->counts.pages -= pages;
}

/* The bytes behind an address that the guest has lent, or NULL. */
static unsigned char *
lent(struct sim_machine *machine, uint64_t address, size_t size)
{
	for (struct run *run = machine->runs; run != NULL; run = run->next)
		if (!run->freed && address >= run->physical &&
		    address - run->physical <= run->size &&
		    size <= run->size - (address - run->physical))
			return run->bytes + (address - run->physical);
	machine->counts.violations++;
	return NULL;
}

static bool
world_read(void *ctx, uint64_t address, void *to, size_t size)
{
	const unsigned char *from = lent(ctx, address, size);

	if (from != NULL)
		memcpy(to, from, size);
	return from != NULL;
}

static bool
world_write(void *ctx, uint64_t address, const void *from, size_t size)
{
	unsigned char *to = lent(ctx, address, size);

	if (to != NULL)
		memcpy(to, from, size);
	return to != NULL;
}

void
memory_init(struct sim_machine *machine)
{
	/* below 4 GiB or above, as the seed will have it */
	machine->next_physical = sim_random(machine->sim, 2) == 0
	    ? 0x01000000ull
	    : 0x123400000ull;
	machine->port.alloc = memory_alloc;
	machine->port.free = memory_release;
	machine->port.pages_alloc = pages_alloc;
	machine->port.pages_free = pages_free;
	machine->world.read = world_read;
	machine->world.write = world_write;
}

void
memory_free(struct sim_machine *machine)
{
	while (machine->runs != NULL) {
		struct run *run = machine->runs;

		machine->runs = run->next;
		free(run->bytes);
		free(run);
	}
}
