/* SPDX-License-Identifier: ISC */
/*
 * Linux's bzImage by its 64-bit entry: Documentation/arch/x86/boot.rst (the
 * header, its offsets and the protocol) and zero-page.rst.
 */
#include <asm/bootparam.h>
#include <stddef.h>
#include <string.h>

#include "programs/pvhost/boot_private.h"
#include "wire/endian.h"

#define HEADER_AT 0x1f1u
#define MAGIC_AT 0x202u
#define MAGIC 0x53726448u /* "HdrS" */
#define SECTOR 512u
#define ENTRY_64 0x200u
#define VERSION_64 0x020cu /* the first with the 64-bit entry */
#define LOADER_UNKNOWN 0xffu
#define LOAD 0x1000000ull
#define FLAT_CODE 0x10u

bool
boot_is_linux(const struct boot_file *file)
{
	return file->size >= MAGIC_AT + 4 &&
	    get_le32(file->bytes + MAGIC_AT) == MAGIC;
}

static bool
damaged(const struct boot *boot, const char *what)
{
	say("%s: a damaged image: %s", boot->image.path, what);
	return false;
}

/* The second byte of the jump at 0x200 tells where the header ends. */
static bool
read_header(struct boot *boot, struct setup_header *header)
{
	size_t size;

	memset(header, 0, sizeof(*header));
	size = MAGIC_AT + boot->image.bytes[MAGIC_AT - 1] - HEADER_AT;
	if (size > sizeof(*header))
		size = sizeof(*header);
	if (boot->image.size < HEADER_AT + size)
		return damaged(boot, "it ends in its header");
	memcpy(header, boot->image.bytes + HEADER_AT, size);
	if (header->version < VERSION_64 ||
	    !(header->xloadflags & XLF_KERNEL_64)) {
		say("%s: expected a 64-bit Linux of protocol 2.12 or later, "
		    "got protocol %u.%u%s",
		    boot->image.path, header->version >> 8,
		    header->version & 0xff,
		    header->xloadflags & XLF_KERNEL_64 ? ""
						       : " without 64 bits");
		return false;
	}
	return true;
}

static bool
load_kernel(struct boot *boot, const struct setup_header *header,
    uint64_t *entry, uint64_t *end)
{
	const struct memory *memory = &boot->machine->memory;
	size_t setup = ((header->setup_sects == 0 ? 4u : header->setup_sects) +
			   1u) *
	    SECTOR;
	uint64_t at = header->relocatable_kernel ? LOAD : header->pref_address;
	size_t size;

	if (setup >= boot->image.size)
		return damaged(boot, "it ends before its kernel");
	size = boot->image.size - setup;
	if (header->relocatable_kernel && header->pref_address > at)
		at = header->pref_address;
	if (at < MEMORY_HIGH)
		return damaged(boot, "it wants the first MiB");
	if (header->init_size < size ||
	    memory_at(memory, at, header->init_size) == NULL) {
		say("%s: a kernel of %zu bytes wants %u at %#llx; try more of "
		    "-m",
		    boot->image.path, size, header->init_size,
		    (unsigned long long)at);
		return false;
	}
	memory_write(memory, at, boot->image.bytes + setup, size);
	*entry = at + ENTRY_64;
	*end = at + header->init_size;
	return true;
}

static bool
write_params(struct boot *boot, const struct setup_header *header)
{
	const struct memory *memory = &boot->machine->memory;
	struct memory_map_entry entries[MEMORY_MAP_ENTRIES];
	struct boot_params *params = memory_at(memory, BOOT_PARAMS,
	    sizeof(*params));
	unsigned count = memory_map(memory, entries);

	if (params == NULL)
		return false;
	memset(params, 0, sizeof(*params));
	params->hdr = *header;
	params->hdr.type_of_loader = LOADER_UNKNOWN;
	params->hdr.loadflags |= LOADED_HIGH;
	params->hdr.loadflags &= (uint8_t)~CAN_USE_HEAP;
	params->hdr.cmd_line_ptr = BOOT_COMMAND;
	params->hdr.ramdisk_image = (uint32_t)boot->initrd_at;
	params->hdr.ramdisk_size = (uint32_t)boot->initrd.size;
	params->acpi_rsdp_addr = boot->rsdp;
	params->e820_entries = (uint8_t)count;
	for (unsigned i = 0; i < count; i++) {
		params->e820_table[i].addr = entries[i].base;
		params->e820_table[i].size = entries[i].size;
		params->e820_table[i].type = entries[i].type;
	}
	return true;
}

bool
boot_linux(struct boot *boot)
{
	struct setup_header header;
	uint64_t entry, end;

	if (!read_header(boot, &header) ||
	    !load_kernel(boot, &header, &entry, &end) ||
	    !boot_place(boot, (uint64_t)header.initrd_addr_max + 1,
		(size_t)header.cmdline_size + 1))
		return false;
	if (boot->initrd_at != 0 && boot->initrd_at < end) {
		say("%s: the initrd does not fit beside the kernel; try more "
		    "of -m",
		    boot->initrd.path);
		return false;
	}
	return write_params(boot, &header) &&
	    boot_regs_64(boot->machine, entry, BOOT_PARAMS);
}
