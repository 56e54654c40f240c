/* SPDX-License-Identifier: ISC */
/*
 * PVH: the start info structure of Xen's docs/misc/pvh.pandoc and
 * public/arch-x86/hvm/start_info.h.  Xen starts guests so, QEMU, Cloud
 * Hypervisor and Firecracker do it with any ELF file that has the note.
 */
#include "port/bare/boot_info.h"
#include "wire/endian.h"

#define PVH_MAGIC 0x336ec578u

/* offsets */
#define PVH_VERSION 4
#define PVH_MODULES 12
#define PVH_MODULE_LIST 16
#define PVH_COMMAND_LINE 24
#define PVH_RSDP 32
#define PVH_SIZE_0 40u
#define PVH_MAP 40 /* from version 1 on */
#define PVH_MAP_ENTRIES 48
#define PVH_SIZE_1 56u

#define PVH_MODULE_SIZE 32u
#define PVH_ENTRY_SIZE 24u

static void
modules(struct boot_info *out, const struct boot_memory *memory, uint64_t list,
    uint32_t count)
{
	const uint8_t *entry;

	for (uint32_t i = 0; i < count && i < BOOT_MODULES; i++) {
		entry = boot_at(memory, list + i * PVH_MODULE_SIZE,
		    PVH_MODULE_SIZE);
		if (entry == NULL) {
			out->dropped++;
			break;
		}
		boot_keep(out, boot_le64(entry), boot_le64(entry + 8));
		out->modules++;
	}
	if (count > BOOT_MODULES)
		out->dropped += count - BOOT_MODULES;
	else
		boot_keep(out, list, (uint64_t)count * PVH_MODULE_SIZE);
}

const char *
boot_parse_pvh(const struct boot_memory *memory, uint64_t physical,
    struct boot_info *out)
{
	const uint8_t *info = boot_at(memory, physical, PVH_SIZE_0), *entry;
	uint64_t map;
	uint32_t count;

	if (info == NULL)
		return "the start info lies outside of memory";
	if (get_le32(info) != PVH_MAGIC)
		return "the start info has another magic number";
	boot_keep(out, physical, PVH_SIZE_1);
	out->rsdp = boot_le64(info + PVH_RSDP);
	boot_copy_command_line(out, memory, boot_le64(info + PVH_COMMAND_LINE),
	    UINT64_MAX);
	modules(out, memory, boot_le64(info + PVH_MODULE_LIST),
	    get_le32(info + PVH_MODULES));
	if (get_le32(info + PVH_VERSION) < 1)
		return "start info of version 0, without a memory map";
	info = boot_at(memory, physical, PVH_SIZE_1);
	if (info == NULL)
		return "the start info ends outside of memory";
	map = boot_le64(info + PVH_MAP);
	count = get_le32(info + PVH_MAP_ENTRIES);
	if (count > BOOT_RANGES) {
		out->dropped += count - BOOT_RANGES;
		count = BOOT_RANGES;
	}
	for (uint32_t i = 0; i < count; i++) {
		entry = boot_at(memory, map + i * PVH_ENTRY_SIZE,
		    PVH_ENTRY_SIZE);
		if (entry == NULL)
			return "the memory map lies outside of memory";
		boot_add_range(out, boot_le64(entry), boot_le64(entry + 8),
		    get_le32(entry + 16));
	}
	return out->ranges == 0 ? "no memory map" : NULL;
}
