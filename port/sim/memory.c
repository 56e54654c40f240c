/* SPDX-License-Identifier: ISC */
/* Memory of a simulated guest: what it allocates, and pages a host reaches. */
#include <stdlib.h>
#include <string.h>

#include "port/sim/sim_private.h"

/* Where a host puts pages of its own: Xen's special pages stand just below
 * 4 GiB, and below the guest's own here. */
#define SPECIAL 0x00800000ull

enum kind {
	RUN_PAGES,
	RUN_SPACE,
	RUN_SPECIAL
};

/* Runs of pages are kept when freed, so that a late host is caught. */
struct run {
	uint64_t physical;
	unsigned char *bytes;
	size_t size;
	enum kind kind;
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

/* Addresses only grow, so that the runs stay in their order. */
static struct run *
new_run(struct sim_machine *machine, size_t pages, uint64_t physical,
    enum kind kind)
{
	struct run *run = calloc(1, sizeof(*run));
	size_t room = machine->run_room > 0 ? 2 * machine->run_room : 64;

	if (machine->run_count == machine->run_room) {
		machine->runs = realloc(machine->runs,
		    room * sizeof(*machine->runs));
		machine->run_room = room;
	}
	if (run == NULL || machine->runs == NULL)
		abort();
	run->size = pages * PV_PAGE_SIZE;
	run->bytes = pages_new(run->size);
	run->physical = physical;
	run->kind = kind;
	machine->runs[machine->run_count++] = run;
	return run;
}

static void *
take_run(struct sim_machine *machine, size_t pages, uint64_t *physical,
    enum kind kind)
{
	struct run *run;

	if (machine->pages_fail || fails(machine))
		return NULL;
	run = new_run(machine, pages, machine->next_physical, kind);
	/* a gap, so that running over an end is caught */
	machine->next_physical += run->size + PV_PAGE_SIZE;
	*physical = run->physical;
	return run->bytes;
}

static void *
pages_alloc(void *ctx, size_t pages, uint64_t *physical)
{
	struct sim_machine *machine = ctx;
	void *memory = take_run(machine, pages, physical, RUN_PAGES);

	if (memory != NULL)
		machine->counts.pages += pages;
	return memory;
}

/* Zeroes, though the contract has nothing there until the host puts its pages:
 * those of a model are the guest's own. */
static void *
space_alloc(void *ctx, size_t pages, uint64_t *physical)
{
	struct sim_machine *machine = ctx;
	void *space = take_run(machine, pages, physical, RUN_SPACE);

	if (space != NULL)
		machine->counts.space += pages;
	return space;
}

/* The run that these bytes begin, and is of that kind; else it is no end. */
static struct run *
find_bytes(struct sim_machine *machine, const void *bytes, enum kind kind)
{
	for (size_t i = machine->run_count; i-- > 0;)
		if (machine->runs[i]->bytes == bytes &&
		    machine->runs[i]->kind == kind && !machine->runs[i]->freed)
			return machine->runs[i];
	machine->counts.violations++;
	return NULL;
}

static void
pages_free(void *ctx, void *memory, size_t pages)
{
	struct sim_machine *machine = ctx;
	struct run *run = find_bytes(machine, memory, RUN_PAGES);

	if (run != NULL)
		run->freed = true;
	machine->counts.pages -= pages;
}

static void
space_free(void *ctx, void *space, size_t pages)
{
	struct sim_machine *machine = ctx;
	struct run *run = find_bytes(machine, space, RUN_SPACE);

	if (run != NULL)
		run->freed = true;
	machine->counts.space -= pages;
}

/* The run that an address is in, freed or not, or NULL. */
static struct run *
find_address(const struct sim_machine *machine, uint64_t address)
{
	size_t from = 0, to = machine->run_count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		struct run *run = machine->runs[middle];

		if (address < run->physical)
			to = middle;
		else if (address - run->physical < run->size)
			return run;
		else
			from = middle + 1;
	}
	return NULL;
}

/* The bytes behind an address that the guest has lent, or NULL. */
static unsigned char *
lent(struct sim_machine *machine, uint64_t address, size_t size)
{
	struct run *run = find_address(machine, address);

	if (run != NULL && !run->freed &&
	    size <= run->size - (address - run->physical))
		return run->bytes + (address - run->physical);
	machine->counts.violations++;
	return NULL;
}

static void *
port_map(void *ctx, uint64_t physical, size_t pages)
{
	struct sim_machine *machine = ctx;
	struct run *run = find_address(machine, physical);

	if (run == NULL || run->kind != RUN_SPECIAL ||
	    physical % PV_PAGE_SIZE != 0 ||
	    pages * PV_PAGE_SIZE > run->size - (physical - run->physical) ||
	    fails(machine))
		return NULL;
	machine->counts.maps += pages;
	return run->bytes + (physical - run->physical);
}

static void
port_unmap(void *ctx, void *mapped, size_t pages)
{
	(void)mapped;
	((struct sim_machine *)ctx)->counts.maps -= pages;
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

static void *
world_map(void *ctx, uint64_t address, size_t size)
{
	return lent(ctx, address, size);
}

/* An address of the caller is a pointer of this process. */
static bool
world_read_linear(void *ctx, uint64_t address, void *to, size_t size)
{
	(void)ctx;
	if (address == 0)
		return false;
	memcpy(to, (const void *)(uintptr_t)address, size);
	return true;
}

static bool
world_write_linear(void *ctx, uint64_t address, const void *from, size_t size)
{
	(void)ctx;
	if (address == 0)
		return false;
	memcpy((void *)(uintptr_t)address, from, size);
	return true;
}

uint64_t
memory_special(struct sim_machine *machine, size_t pages)
{
	uint64_t physical = SPECIAL;

	for (size_t i = 0; i < machine->run_count; i++)
		if (machine->runs[i]->kind == RUN_SPECIAL)
			physical += machine->runs[i]->size + PV_PAGE_SIZE;
	return new_run(machine, pages, physical, RUN_SPECIAL)->physical;
}

bool
memory_begins(struct sim_machine *machine, const void *page, size_t offset,
    const void *bytes, size_t size)
{
	const struct run *run = find_bytes(machine, page, RUN_PAGES);

	return run != NULL && offset + size <= run->size &&
	    memcmp(run->bytes + offset, bytes, size) == 0;
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
	machine->port.space_alloc = space_alloc;
	machine->port.space_free = space_free;
	machine->port.map = port_map;
	machine->port.unmap = port_unmap;
	machine->world.read = world_read;
	machine->world.write = world_write;
	machine->world.map = world_map;
	machine->world.read_linear = world_read_linear;
	machine->world.write_linear = world_write_linear;
}

void
memory_free(struct sim_machine *machine)
{
	for (size_t i = 0; i < machine->run_count; i++) {
		pages_drop(machine->runs[i]->bytes, machine->runs[i]->size);
		free(machine->runs[i]);
	}
	free(machine->runs);
}
