/* SPDX-License-Identifier: ISC */
#include "port/bare/boot_info.h"

#include "port/bare/libc.h"

const uint8_t *
boot_at(const struct boot_memory *memory, uint64_t physical, uint64_t size)
{
	if (physical == 0 || physical < memory->start ||
	    physical - memory->start > memory->size ||
	    size > memory->size - (physical - memory->start))
		return NULL;
	return memory->bytes + (physical - memory->start);
}

const char *
boot_protocol_name(enum boot_protocol protocol)
{
	switch (protocol) {
	case BOOT_PVH:
		return "PVH";
	case BOOT_MULTIBOOT1:
		return "multiboot";
	case BOOT_MULTIBOOT2:
		return "multiboot2";
	case BOOT_LINUX:
		return "Linux";
	}
	return "unknown";
}

const char *
boot_parse(const struct boot_memory *memory, enum boot_protocol protocol,
    uint64_t physical, struct boot_info *out)
{
	memset(out, 0, sizeof(*out));
	out->protocol = protocol;
	switch (protocol) {
	case BOOT_PVH:
		return boot_parse_pvh(memory, physical, out);
	case BOOT_MULTIBOOT1:
		return boot_parse_multiboot1(memory, physical, out);
	case BOOT_MULTIBOOT2:
		return boot_parse_multiboot2(memory, physical, out);
	case BOOT_LINUX:
		return boot_parse_linux(memory, physical, out);
	}
	return "started by no protocol that is known here";
}

void
boot_add_range(struct boot_info *info, uint64_t start, uint64_t size,
    uint32_t type)
{
	if (size == 0)
		return;
	if (info->ranges == BOOT_RANGES || size - 1 > UINT64_MAX - start) {
		info->dropped++;
		return;
	}
	info->range[info->ranges++] = (struct boot_range){ start, size, type };
}

void
boot_keep(struct boot_info *info, uint64_t start, uint64_t size)
{
	if (size == 0)
		return;
	if (info->keeps == BOOT_MODULES || size - 1 > UINT64_MAX - start) {
		info->dropped++;
		return;
	}
	info->keep[info->keeps++] = (struct boot_range){ start, size,
		BOOT_RESERVED };
}

void
boot_keep_surely(struct boot_info *info, uint64_t start, uint64_t size)
{
	if (info->keeps == BOOT_MODULES) {
		info->keeps--;
		info->dropped++;
	}
	boot_keep(info, start, size);
}

void
boot_copy_command_line(struct boot_info *info, const struct boot_memory *memory,
    uint64_t physical, uint64_t limit)
{
	unsigned len = 0;
	const uint8_t *byte;

	while (len < limit) {
		byte = boot_at(memory, physical + len, 1);
		if (byte == NULL || *byte == '\0')
			break;
		if (len == sizeof(info->command_line) - 1) {
			info->command_line_cut = true;
			break;
		}
		info->command_line[len++] = (char)*byte;
	}
	info->command_line[len] = '\0';
}
