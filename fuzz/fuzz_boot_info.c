/* SPDX-License-Identifier: ISC */
/* Input: a protocol, where the information is, and all of memory; what is said
 * of it, and the ACPI tables in it. */
#include "fuzz/fuzz.h"
#include "port/bare/acpi.h"

#define START 0xe0000u

static bool
overlap(const struct boot_range *a, const struct boot_range *b)
{
	return a->start < b->start + b->size && b->start < a->start + a->size;
}

static void
look(const struct boot_info *info)
{
	struct boot_range usable[32];
	uint64_t top, space;
	unsigned count = boot_usable(info, 1ull << 40, usable, 32, &top);

	MUST(info->ranges <= BOOT_RANGES && info->keeps <= BOOT_MODULES);
	MUST(memchr(info->command_line, '\0', sizeof(info->command_line)));
	MUST(info->rsdp_copy_size <= BOOT_RSDP_SIZE);
	MUST(count <= 32);
	for (unsigned i = 0; i < count; i++) {
		MUST(usable[i].start >= 1 << 20 && usable[i].size > 0);
		MUST(usable[i].start % 4096 == 0 && usable[i].size % 4096 == 0);
		MUST(usable[i].start + usable[i].size <= 1ull << 40);
		MUST(usable[i].start + usable[i].size <= top);
		for (unsigned j = 0; j < i; j++)
			MUST(!overlap(&usable[i], &usable[j]));
		for (unsigned j = 0; j < info->keeps; j++)
			MUST(!overlap(&usable[i], &info->keep[j]));
	}
	space = boot_free_space(info, 1ull << 32, 1ull << 46, 1 << 26, 1 << 30);
	MUST(space == 0 || (space >= 1ull << 32 && space % (1 << 30) == 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct boot_info info;
	struct boot_memory memory;
	struct acpi acpi;
	uint8_t *copy, head[4];

	take(&data, &size, head, sizeof(head));
	copy = malloc(size + 1); /* of its own, for the sanitizer */
	if (copy == NULL)
		return 0;
	memcpy(copy, data, size);
	memory = (struct boot_memory){ copy, START, size };
	boot_parse(&memory, (enum boot_protocol)(head[0] % 5),
	    START + head[1] * 16u, &info);
	look(&info);
	acpi_parse(&memory, &info, &acpi);
	MUST(acpi.cpus <= ACPI_CPUS);
	MUST(acpi.pm1a.memory || acpi.pm1a.address <= UINT16_MAX);
	free(copy);
	return 0;
}
