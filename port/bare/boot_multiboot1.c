/* SPDX-License-Identifier: ISC */
/* Multiboot Specification 0.6.96, chapter 3.3: the information of GRUB and of
 * every loader of its age. */
#include "port/bare/boot_info.h"
#include "wire/endian.h"

#define MB1_SIZE 52u /* up to the memory map, the last that is read */

#define MB1_HAS_MEMORY 0x01u
#define MB1_HAS_COMMAND_LINE 0x04u
#define MB1_HAS_MODULES 0x08u
#define MB1_HAS_MAP 0x40u

/* offsets */
#define MB1_MEM_UPPER 8
#define MB1_COMMAND_LINE 16
#define MB1_MODULES 20
#define MB1_MODULE_LIST 24
#define MB1_MAP_LENGTH 44
#define MB1_MAP 48

#define MB1_MODULE_SIZE 16u

static void
modules(struct boot_info *out, const struct boot_memory *memory, uint64_t list,
    uint32_t count)
{
	const uint8_t *entry;

	for (uint32_t i = 0; i < count && i < BOOT_MODULES; i++) {
		uint32_t start, end;

		entry = boot_at(memory, list + i * MB1_MODULE_SIZE,
		    MB1_MODULE_SIZE);
		if (entry == NULL) {
			out->dropped++;
			return;
		}
		start = get_le32(entry);
		end = get_le32(entry + 4);
		if (end >= start)
			boot_keep(out, start, end - start);
		out->modules++;
	}
	if (count > BOOT_MODULES)
		out->dropped += count - BOOT_MODULES;
}

/* An entry is preceded by its size, which does not count itself. */
static const char *
memory_map(struct boot_info *out, const struct boot_memory *memory,
    uint64_t start, uint32_t length)
{
	uint32_t at = 0, size;
	const uint8_t *entry;

	while (length - at >= 24 && out->ranges < BOOT_RANGES) {
		entry = boot_at(memory, start + at, 24);
		if (entry == NULL)
			return "the memory map lies outside of memory";
		size = get_le32(entry);
		if (size < 20 || size > length - at - 4)
			return "an entry of the memory map has a wrong size";
		boot_add_range(out, boot_le64(entry + 4), boot_le64(entry + 12),
		    get_le32(entry + 20));
		at += size + 4;
	}
	return out->ranges == 0 ? "no memory map" : NULL;
}

const char *
boot_parse_multiboot1(const struct boot_memory *memory, uint64_t physical,
    struct boot_info *out)
{
	const uint8_t *info = boot_at(memory, physical, MB1_SIZE);
	uint32_t flags;

	if (info == NULL)
		return "the information lies outside of memory";
	boot_keep(out, physical, MB1_SIZE);
	flags = get_le32(info);
	if (flags & MB1_HAS_COMMAND_LINE)
		boot_copy_command_line(out, memory,
		    get_le32(info + MB1_COMMAND_LINE), UINT64_MAX);
	if (flags & MB1_HAS_MODULES)
		modules(out, memory, get_le32(info + MB1_MODULE_LIST),
		    get_le32(info + MB1_MODULES));
	if (flags & MB1_HAS_MAP)
		return memory_map(out, memory, get_le32(info + MB1_MAP),
		    get_le32(info + MB1_MAP_LENGTH));
	if (!(flags & MB1_HAS_MEMORY))
		return "no memory map";
	boot_add_range(out, 0x100000,
	    (uint64_t)get_le32(info + MB1_MEM_UPPER) * 1024, BOOT_RAM);
	return NULL;
}
