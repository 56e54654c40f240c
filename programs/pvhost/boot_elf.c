/* SPDX-License-Identifier: ISC */
/*
 * An ELF image with the note that makes it a PVH guest: its segments at their
 * physical addresses, and the start info of Xen's docs/misc/pvh.pandoc.
 */
#include <elf.h>
#include <string.h>

#include "programs/pvhost/boot_private.h"
#include "wire/xen/pvh.h"

#define SEGMENTS 64u
#define INFO_MODULES (BOOT_INFO + 0x100u)
#define INFO_MAP (BOOT_INFO + 0x200u)

bool
boot_is_elf(const struct boot_file *file)
{
	return file->size >= SELFMAG &&
	    memcmp(file->bytes, ELFMAG, SELFMAG) == 0;
}

static bool
damaged(const struct boot *boot, const char *what)
{
	say("%s: a damaged image: %s", boot->image.path, what);
	return false;
}

/* Copied, for a damaged image may have it at any address. */
static bool
part(const struct boot_file *file, uint64_t at, void *to, size_t size)
{
	if (at > file->size || size > file->size - at)
		return false;
	memcpy(to, file->bytes + at, size);
	return true;
}

static uint64_t
align(uint64_t value, uint64_t to)
{
	return (value + to - 1) & ~(to - 1);
}

/* Notes of a segment: "Xen" and the entry's number. */
static uint32_t
entry_in(const struct boot_file *file, const Elf64_Phdr *segment)
{
	uint64_t at = segment->p_offset, end = at + segment->p_filesz;
	uint64_t unit = segment->p_align == 8 ? 8 : 4;
	Elf64_Nhdr note;
	uint32_t entry;
	char name[4];

	if (end < at)
		return 0;
	while (at < end && part(file, at, &note, sizeof(note))) {
		uint64_t value = at + sizeof(note) + align(note.n_namesz, unit);

		if (note.n_type == XEN_PVH_NOTE_PHYS32_ENTRY &&
		    note.n_namesz == sizeof(name) &&
		    note.n_descsz >= sizeof(entry) &&
		    part(file, at + sizeof(note), name, sizeof(name)) &&
		    memcmp(name, "Xen", sizeof(name)) == 0 &&
		    part(file, value, &entry, sizeof(entry)))
			return entry;
		at = value + align(note.n_descsz, unit);
	}
	return 0;
}

static bool
load_segment(struct boot *boot, const Elf64_Phdr *segment, uint64_t *end)
{
	const struct memory *memory = &boot->machine->memory;
	uint8_t *to;

	if (segment->p_filesz > segment->p_memsz ||
	    segment->p_offset > boot->image.size ||
	    segment->p_filesz > boot->image.size - segment->p_offset)
		return damaged(boot, "a segment lies outside of the file");
	if (segment->p_memsz == 0)
		return true;
	if (segment->p_paddr < MEMORY_HIGH)
		return damaged(boot, "a segment wants the first MiB");
	to = memory_at(memory, segment->p_paddr, segment->p_memsz);
	if (to == NULL) {
		say("%s: a segment of %llu bytes at %#llx lies outside of the "
		    "guest's memory; try more of -m",
		    boot->image.path, (unsigned long long)segment->p_memsz,
		    (unsigned long long)segment->p_paddr);
		return false;
	}
	memcpy(to, boot->image.bytes + segment->p_offset, segment->p_filesz);
	memset(to + segment->p_filesz, 0, segment->p_memsz - segment->p_filesz);
	if (segment->p_paddr + segment->p_memsz > *end)
		*end = segment->p_paddr + segment->p_memsz;
	return true;
}

/* The entry, 0: none, or a line was said. */
static uint32_t
load_all(struct boot *boot, const Elf64_Ehdr *header, uint64_t *end)
{
	uint32_t entry = 0;

	for (unsigned i = 0; i < header->e_phnum; i++) {
		Elf64_Phdr segment;

		if (!part(&boot->image, header->e_phoff + i * sizeof(segment),
			&segment, sizeof(segment))) {
			damaged(boot, "its headers lie outside of the file");
			return 0;
		}
		if (segment.p_type == PT_LOAD &&
		    !load_segment(boot, &segment, end))
			return 0;
		if (segment.p_type == PT_NOTE && entry == 0)
			entry = entry_in(&boot->image, &segment);
	}
	if (entry == 0)
		say("%s: expected a note with the entry of PVH, got none; try "
		    "a bzImage",
		    boot->image.path);
	return entry;
}

static bool
write_info(struct boot *boot)
{
	const struct memory *memory = &boot->machine->memory;
	struct memory_map_entry entries[MEMORY_MAP_ENTRIES];
	struct xen_pvh_memory map[MEMORY_MAP_ENTRIES] = { 0 };
	struct xen_pvh_module module = { .address = boot->initrd_at,
		.size = boot->initrd.size };
	struct xen_pvh_start_info info = {
		.magic = XEN_PVH_MAGIC,
		.version = 1,
		.nr_modules = boot->initrd_at != 0,
		.modules = boot->initrd_at != 0 ? INFO_MODULES : 0,
		.cmdline = BOOT_COMMAND,
		.rsdp = boot->rsdp,
		.memmap = INFO_MAP,
	};

	info.nr_memmap = memory_map(memory, entries);
	for (unsigned i = 0; i < info.nr_memmap; i++) {
		map[i].address = entries[i].base;
		map[i].size = entries[i].size;
		map[i].type = entries[i].type;
	}
	return memory_write(memory, BOOT_INFO, &info, sizeof(info)) &&
	    memory_write(memory, INFO_MODULES, &module, sizeof(module)) &&
	    memory_write(memory, INFO_MAP, map,
		info.nr_memmap * sizeof(map[0]));
}

bool
boot_elf(struct boot *boot)
{
	uint64_t end = MEMORY_HIGH;
	Elf64_Ehdr header;
	uint32_t entry;

	if (!part(&boot->image, 0, &header, sizeof(header)))
		return damaged(boot, "it ends in its header");
	if (header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    header.e_machine != EM_X86_64) {
		say("%s: expected an image for x86-64, got another",
		    boot->image.path);
		return false;
	}
	if (header.e_phentsize != sizeof(Elf64_Phdr) ||
	    header.e_phnum > SEGMENTS)
		return damaged(boot, "its headers are not of that size");
	entry = load_all(boot, &header, &end);
	if (entry == 0 || !boot_place(boot, MEMORY_LOW_END, BOOT_COMMAND_MAX))
		return false;
	if (boot->initrd_at != 0 && boot->initrd_at < end) {
		say("%s: the initrd does not fit beside the image; try more of "
		    "-m",
		    boot->initrd.path);
		return false;
	}
	return write_info(boot) &&
	    boot_regs_32(boot->machine, entry, BOOT_INFO);
}
