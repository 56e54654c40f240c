/* SPDX-License-Identifier: ISC */
/* From the first C function to the program, in the order in which one thing
 * needs another. */
#include "port/bare/bare_private.h"

#define USABLE 128u
/* Without 1 GiB pages tables cost 4 KiB for each GiB; with them next to
 * nothing. */
#define MOST_MEMORY (1024 * GIB)
#define SPACE_SIZE (64 * MIB)
#define LOWEST 0x400ull

static struct boot_info info;
static struct acpi acpi;
static struct bare_cpu cpu0;

const char *
bare_start_name(void)
{
	return boot_protocol_name(info.protocol);
}

static void
memory_init(void)
{
	static struct boot_range usable[USABLE];
	uint64_t top, space, limit;
	uint32_t out[4];
	unsigned count;

	cpu_cpuid(0x80000008, 0, out);
	limit = 1ull << ((out[0] & 0xff) < 36 ? 36 : out[0] & 0xff);
	boot_keep_surely(&info, (uintptr_t)image_head,
	    (uint64_t)(image_end - image_head));
	/* page tables come out of memory that is mapped already */
	count = boot_usable(&info, 4 * GIB, usable, USABLE, &top);
	pages_init(usable, count);
	count = boot_usable(&info, MOST_MEMORY, usable, USABLE, &top);
	paging_init(top);
	for (unsigned i = 0; i < count; i++) {
		uint64_t start = usable[i].start, end = start + usable[i].size;

		if (end <= 4 * GIB)
			continue;
		if (start < 4 * GIB)
			start = 4 * GIB;
		pages_init(&(struct boot_range){ start, end - start, BOOT_RAM },
		    1);
	}
	if (top < 4 * GIB)
		top = 4 * GIB;
	space = boot_free_space(&info, top, limit, SPACE_SIZE, GIB);
	if (space != 0) {
		paging_map(space, space + SPACE_SIZE);
		space_init(space, SPACE_SIZE / PAGE_SIZE);
	}
	paging_guard(0); /* a null pointer */
	paging_guard((uintptr_t)boot_stack_guard);
}

void
bare_start(uint32_t protocol, uint64_t physical)
{
	/* without the vectors of real mode, but with the word of the EBDA */
	const struct boot_memory memory = { (const uint8_t *)LOWEST, LOWEST,
		4 * GIB - LOWEST };
	const char *problem;

	cpu_init(&cpu0, 0, (uintptr_t)boot_stack_guard + PAGE_SIZE,
	    (uintptr_t)boot_stack_end);
	problem = boot_parse(&memory, (enum boot_protocol)protocol, physical,
	    &info);
	options_init(info.command_line);
	console_init_early(&info);
	if (problem != NULL)
		bare_panic("%s: %s", boot_protocol_name(info.protocol),
		    problem);
	acpi_parse(&memory, &info, &acpi);
	power_init(&acpi);
	memory_init();
	interrupt_init();
	clock_init(&acpi);
	apic_init();
	apic_timer_init();
	cpu_sti();
	smp_init(&acpi, &info);
	smp_wait();
	bare_end(BARE_EXIT, (unsigned)bare_main(info.command_line));
}
