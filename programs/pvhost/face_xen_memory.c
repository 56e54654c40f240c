/* SPDX-License-Identifier: ISC */
/* The guest's address space as Xen tells of it, and what it lets Xen place. */
#include "programs/pvhost/face_xen.h"

/* Interrupt controllers, KVM's own pages, and what firmware would be in. */
#define NEVER_BASE 0xfe000000ull
#define NEVER_END 0x100000000ull
/* What is left of the regions is for others. */
#define REGIONS_LEFT 24u

unsigned
face_xen_map(struct face_xen *face)
{
	struct memory_map_entry map[MEMORY_MAP_ENTRIES];
	unsigned count = memory_map(&face->machine->memory, map);

	for (unsigned i = 0; i < count; i++)
		face->map[i] = (struct host_xen_memory){ map[i].base,
			map[i].size, map[i].type };
	return count;
}

/* Pages come one by one and lie side by side: the largest piece that fits around
 * the first one holds the others, too. */
bool
face_xen_populate(void *ctx, uint64_t address, size_t size)
{
	static const uint64_t pieces[] = { 2u << 20, 64u << 10, MEMORY_PAGE };
	struct machine *machine = ctx;
	struct memory *memory = &machine->memory;

	if (size > MEMORY_PAGE || memory->count + REGIONS_LEFT > MEMORY_REGIONS)
		return false;
	for (unsigned i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		uint64_t base = address & ~(pieces[i] - 1);

		if (base + pieces[i] > NEVER_BASE && base < NEVER_END)
			continue;
		if (memory_add(memory, base, pieces[i]))
			return true;
	}
	return false;
}
