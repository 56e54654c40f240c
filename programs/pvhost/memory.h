/* SPDX-License-Identifier: ISC */
/*
 * The guest's memory: RAM from 0 up to 3 GiB, the rest from 4 GiB on, and
 * special pages below 4 GiB that the memory map shows as reserved.
 */
#ifndef PVHOST_MEMORY_H
#define PVHOST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMORY_PAGE 4096u
#define MEMORY_LOW_END 0xc0000000ull /* RAM ends here, and goes on at 4 GiB */
#define MEMORY_SPECIAL 0xfeff8000ull /* 4 pages: Xen's, from a face */
#define MEMORY_SPECIAL_PAGES 4u
/* The first MiB, as a PC has it. */
#define MEMORY_BIOS_DATA 0x9fc00ull /* the end of RAM below it */
#define MEMORY_TABLES 0xe0000ull    /* ACPI's, and SMBIOS' from 0xf0000 on */
#define MEMORY_SMBIOS 0xf0000ull
#define MEMORY_HIGH 0x100000ull

struct memory_region {
	uint64_t base, size;
	uint8_t *bytes;
	uint32_t type; /* E820's in the map; 0: it is not there */
};
#define MEMORY_REGIONS 64u

struct memory {
	int vm;
	struct memory_region regions[MEMORY_REGIONS];
	unsigned count;
};

/* False, errno set: no memory, or KVM refuses it. */
bool memory_make(struct memory *, int vm, uint64_t size);
void memory_free(struct memory *);
/* More that behaves as RAM where nothing is yet, in whole pages: what a guest
 * lets Xen place in its address space, and BARs that are memory.  The map does
 * not show it. */
bool memory_add(struct memory *, uint64_t base, uint64_t size);

/* NULL: not all of it is the guest's, or it is more than one region. */
void *memory_at(const struct memory *, uint64_t address, size_t size);
bool memory_read(const struct memory *, uint64_t address, void *to, size_t);
bool memory_write(const struct memory *, uint64_t address, const void *from,
    size_t);

/* What firmware tells of it: base, size, and E820's types, 1 RAM, 2 reserved. */
struct memory_map_entry {
	uint64_t base, size;
	uint32_t type;
};
#define MEMORY_MAP_ENTRIES 16u
unsigned memory_map(const struct memory *,
    struct memory_map_entry map[MEMORY_MAP_ENTRIES]);

#endif
