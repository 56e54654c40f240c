/* SPDX-License-Identifier: ISC */
/*
 * Page tables: all memory address for address (Intel SDM vol. 3A, ch. 4).  The
 * image brings tables for the first 4 GiB; here what lies above is added, in
 * pages of 1 GiB where the CPU has them, and single pages get another look.
 */
#include "port/bare/bare_private.h"

#define PRESENT 0x001ull
#define WRITE 0x002ull
#define UNCACHED 0x018ull /* PCD, PWT */
#define LARGE 0x080ull
#define ADDRESS 0x000ffffffffff000ull

#define ENTRIES 512u
#define CPUID_EXT_1GB (1u << 26)

static uint64_t end = 4 * GIB;
static bool huge;

static uint64_t *
entry_at(uint64_t table, uint64_t index)
{
	return (uint64_t *)(uintptr_t)(table & ADDRESS) + index % ENTRIES;
}

static uint64_t
new_table(void)
{
	void *table = pages_take(1);

	if (table == NULL)
		bare_panic("no memory for page tables");
	return (uint64_t)(uintptr_t)table;
}

/* The table below an entry, made when there is none. */
static uint64_t
below(uint64_t *entry)
{
	if (!(*entry & PRESENT))
		*entry = new_table() | PRESENT | WRITE;
	return *entry & ADDRESS;
}

/* In whole GiB. */
void
paging_map(uint64_t start, uint64_t stop)
{
	stop = (stop + GIB - 1) & ~(GIB - 1);
	for (uint64_t at = start & ~(GIB - 1); at < stop; at += GIB) {
		uint64_t pml4 = (uint64_t)(uintptr_t)boot_pml4, pd;
		uint64_t *entry = entry_at(below(entry_at(pml4, at >> 39)),
		    at >> 30);

		if (*entry & PRESENT)
			continue;
		if (huge) {
			*entry = at | PRESENT | WRITE | LARGE;
			continue;
		}
		pd = below(entry);
		for (unsigned i = 0; i < ENTRIES; i++)
			*entry_at(pd, i) = (at + i * 2 * MIB) | PRESENT |
			    WRITE | LARGE;
	}
	if (stop > end)
		end = stop;
}

void
paging_init(uint64_t top)
{
	uint32_t out[4];

	cpu_cpuid(0x80000001, 0, out);
	huge = (out[3] & CPUID_EXT_1GB) != 0;
	if (top > end)
		paging_map(end, top);
}

uint64_t
paging_end(void)
{
	return end;
}

/* The entry of one small page, for which a large one is taken apart. */
static uint64_t *
small_page(uint64_t page)
{
	uint64_t pml4 = (uint64_t)(uintptr_t)boot_pml4, table, pt, size;
	uint64_t *entry = entry_at(pml4, page >> 39);

	for (unsigned shift = 30; shift > 12; shift -= 9) {
		table = below(entry);
		entry = entry_at(table, page >> shift);
		if (!(*entry & LARGE))
			continue;
		size = 1ull << (shift - 9);
		pt = new_table();
		for (unsigned i = 0; i < ENTRIES; i++)
			*entry_at(pt, i) = ((*entry & ADDRESS) + i * size) |
			    PRESENT | WRITE | (shift > 21 ? LARGE : 0);
		*entry = pt | PRESENT | WRITE;
	}
	return entry_at(below(entry), page >> 12);
}

void
paging_guard(uint64_t page)
{
	*small_page(page) = 0;
	cpu_invlpg(page);
}

void
paging_uncached(uint64_t page)
{
	*small_page(page) = page | PRESENT | WRITE | UNCACHED;
	cpu_invlpg(page);
}
