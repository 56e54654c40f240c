/* SPDX-License-Identifier: ISC */
/* Multiboot2 Specification 2.0, chapter 3.6: a list of tags, each aligned to
 * 8 bytes.  GRUB passes it, from a BIOS and from UEFI. */
#include "port/bare/boot_info.h"
#include "port/bare/libc.h"
#include "wire/endian.h"

#define MB2_FIRST 8u /* behind total_size and a reserved word */
#define MB2_TAG 8u   /* type and size */
/* GRUB's own is some kilobytes; more than this is no information. */
#define MB2_MAX 0x100000u

enum {
	MB2_END = 0,
	MB2_COMMAND_LINE = 1,
	MB2_MODULE = 3,
	MB2_MAP = 6,
	MB2_SCREEN = 8,
	MB2_RSDP_1 = 14,
	MB2_RSDP_2 = 15
};

static void
module(struct boot_info *out, const uint8_t *tag, uint32_t size)
{
	uint32_t start, end;

	if (size < MB2_TAG + 8) {
		out->dropped++;
		return;
	}
	start = get_le32(tag + 8);
	end = get_le32(tag + 12);
	if (end >= start)
		boot_keep(out, start, end - start);
	out->modules++;
}

static void
memory_map(struct boot_info *out, const uint8_t *tag, uint32_t size)
{
	uint32_t entry_size, at = MB2_TAG + 8;

	if (size < at || (entry_size = get_le32(tag + 8)) < 20 ||
	    entry_size > size) {
		out->dropped++;
		return;
	}
	/* at most MB2_MAX / 20 entries */
	for (; size - at >= entry_size; at += entry_size)
		boot_add_range(out, boot_le64(tag + at),
		    boot_le64(tag + at + 8), get_le32(tag + at + 16));
}

/* 3.6.12; of use is only text (2) where every VGA has it. */
static void
screen(struct boot_info *out, const uint8_t *tag, uint32_t size)
{
	uint32_t columns, rows;

	if (size < MB2_TAG + 22 || tag[29] != 2 ||
	    boot_le64(tag + 8) != BOOT_SCREEN)
		return;
	columns = get_le32(tag + 20);
	rows = get_le32(tag + 24);
	if (columns == 0 || columns > BOOT_COLUMNS || rows == 0 ||
	    rows > BOOT_ROWS || get_le32(tag + 16) != columns * 2)
		return;
	out->columns = columns;
	out->rows = rows;
}

/* The tag of the newer revision comes second, and is the better one. */
static void
rsdp(struct boot_info *out, const uint8_t *tag, uint32_t size)
{
	size -= MB2_TAG;
	if (size > BOOT_RSDP_SIZE)
		size = BOOT_RSDP_SIZE;
	if (size <= out->rsdp_copy_size)
		return;
	memcpy(out->rsdp_copy, tag + MB2_TAG, size);
	out->rsdp_copy_size = size;
}

static void
take_tag(struct boot_info *out, const struct boot_memory *memory,
    uint64_t physical, const uint8_t *tag, uint32_t size)
{
	switch (get_le32(tag)) {
	case MB2_COMMAND_LINE:
		boot_copy_command_line(out, memory, physical + MB2_TAG,
		    size - MB2_TAG);
		break;
	case MB2_MODULE:
		module(out, tag, size);
		break;
	case MB2_MAP:
		memory_map(out, tag, size);
		break;
	case MB2_SCREEN:
		screen(out, tag, size);
		break;
	case MB2_RSDP_1:
	case MB2_RSDP_2:
		rsdp(out, tag, size);
		break;
	}
}

const char *
boot_parse_multiboot2(const struct boot_memory *memory, uint64_t physical,
    struct boot_info *out)
{
	const uint8_t *info = boot_at(memory, physical, MB2_FIRST);
	uint32_t total, at = MB2_FIRST, size;

	if (info == NULL)
		return "the information lies outside of memory";
	total = get_le32(info);
	if (total > MB2_MAX)
		return "the information has a wrong size";
	info = boot_at(memory, physical, total);
	if (info == NULL)
		return "the information ends outside of memory";
	boot_keep(out, physical, total);
	while (total > at && total - at >= MB2_TAG) {
		size = get_le32(info + at + 4);
		if (get_le32(info + at) == MB2_END)
			break;
		if (size < MB2_TAG || size > total - at)
			return "a tag has a wrong size";
		take_tag(out, memory, physical + at, info + at, size);
		if (size > UINT32_MAX - 7 - at)
			break;
		at += (size + 7) & ~7u;
	}
	return out->ranges == 0 ? "no memory map" : NULL;
}
