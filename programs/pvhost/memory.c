/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "programs/pvhost/memory.h"

#define E820_RAM 1u
#define E820_RESERVED 2u
#define UNLISTED 0u
#define HIGH_BASE (4ull << 30)

static bool
overlaps(const struct memory *memory, uint64_t base, uint64_t size)
{
	for (unsigned i = 0; i < memory->count; i++) {
		const struct memory_region *region = &memory->regions[i];

		if (base < region->base + region->size &&
		    region->base < base + size)
			return true;
	}
	return false;
}

static bool
region_add(struct memory *memory, uint64_t base, uint64_t size, uint32_t type)
{
	struct memory_region *region = &memory->regions[memory->count];
	struct kvm_userspace_memory_region slot = {
		.slot = memory->count,
		.guest_phys_addr = base,
		.memory_size = size,
	};
	void *bytes;

	if (memory->count == MEMORY_REGIONS) {
		errno = ENOSPC;
		return false;
	}
	if (size == 0 || (base | size) % MEMORY_PAGE != 0 ||
	    base + size < base || overlaps(memory, base, size)) {
		errno = EINVAL;
		return false;
	}
	bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (bytes == MAP_FAILED)
		return false;
	slot.userspace_addr = (uintptr_t)bytes;
	if (memory->vm >= 0 &&
	    ioctl(memory->vm, KVM_SET_USER_MEMORY_REGION, &slot) < 0) {
		int error = errno;

		munmap(bytes, size);
		errno = error;
		return false;
	}
	*region = (struct memory_region){ base, size, bytes, type };
	memory->count++;
	return true;
}

bool
memory_make(struct memory *memory, int vm, uint64_t size)
{
	uint64_t low = size < MEMORY_LOW_END ? size : MEMORY_LOW_END;

	*memory = (struct memory){ .vm = vm };
	return region_add(memory, 0, low, E820_RAM) &&
	    (size == low ||
		region_add(memory, HIGH_BASE, size - low, E820_RAM)) &&
	    region_add(memory, MEMORY_SPECIAL,
		MEMORY_SPECIAL_PAGES * MEMORY_PAGE, E820_RESERVED);
}

bool
memory_add(struct memory *memory, uint64_t base, uint64_t size)
{
	return region_add(memory, base, size, UNLISTED);
}

void
memory_free(struct memory *memory)
{
	for (unsigned i = 0; i < memory->count; i++)
		munmap(memory->regions[i].bytes, memory->regions[i].size);
	memory->count = 0;
}

void *
memory_at(const struct memory *memory, uint64_t address, size_t size)
{
	for (unsigned i = 0; i < memory->count; i++) {
		const struct memory_region *region = &memory->regions[i];

		if (address >= region->base &&
		    address - region->base < region->size)
			return size <= region->size - (address - region->base)
			    ? region->bytes + (address - region->base)
			    : NULL;
	}
	return NULL;
}

bool
memory_read(const struct memory *memory, uint64_t address, void *to,
    size_t size)
{
	const void *from = memory_at(memory, address, size);

	if (from != NULL)
		memcpy(to, from, size);
	return from != NULL;
}

bool
memory_write(const struct memory *memory, uint64_t address, const void *from,
    size_t size)
{
	void *to = memory_at(memory, address, size);

	if (to != NULL)
		memcpy(to, from, size);
	return to != NULL;
}

/* Below 1 MiB as on a PC: what a BIOS would keep at the end of conventional
 * memory, and its ROM, with the tables.  BARs are not in it: no firmware lists
 * them, for they are in the window of the host bridge (ACPI's _CRS), of which
 * Linux may take away what E820 has as reserved (pci_use_e820 in its
 * arch/x86/pci/acpi.c). */
unsigned
memory_map(const struct memory *memory,
    struct memory_map_entry map[MEMORY_MAP_ENTRIES])
{
	unsigned count = 0;
	uint64_t low = memory->regions[0].size;

	map[count++] = (struct memory_map_entry){ 0, MEMORY_BIOS_DATA,
		E820_RAM };
	map[count++] = (struct memory_map_entry){ MEMORY_BIOS_DATA,
		0xa0000 - MEMORY_BIOS_DATA, E820_RESERVED };
	map[count++] = (struct memory_map_entry){ MEMORY_TABLES,
		MEMORY_HIGH - MEMORY_TABLES, E820_RESERVED };
	map[count++] = (struct memory_map_entry){ MEMORY_HIGH,
		low - MEMORY_HIGH, E820_RAM };
	for (unsigned i = 1; i < memory->count && count < MEMORY_MAP_ENTRIES;
	     i++) {
		const struct memory_region *region = &memory->regions[i];

		if (region->type != UNLISTED)
			map[count++] = (struct memory_map_entry){ region->base,
				region->size, region->type };
	}
	return count;
}
