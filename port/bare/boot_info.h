/* SPDX-License-Identifier: ISC */
/*
 * What firmware, a boot loader or a VMM tells the image at its start, in one
 * form for all protocols.
 *
 * The parsers are pure: bytes in, structure out.  Whoever started us wrote those
 * bytes, and a host may lie, so each address is looked up in a window of memory
 * that is known to be there, each length is checked against what is left, and
 * each loop has a bound.
 */
#ifndef PORT_BARE_BOOT_INFO_H
#define PORT_BARE_BOOT_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More than any firmware was seen to have; the rest is counted, not used. */
#define BOOT_RANGES 128u
#define BOOT_MODULES 16u
#define BOOT_COMMAND_LINE 2048u
/* ACPI 6.5, 5.2.5.3: the size of the RSDP since revision 2. */
#define BOOT_RSDP_SIZE 36u

/* Where a VGA has its text, and how much of it at most. */
#define BOOT_SCREEN 0xb8000u
#define BOOT_COLUMNS 132u
#define BOOT_ROWS 60u

/* The entry code says in which way it was entered. */
enum boot_protocol {
	BOOT_PVH = 1,
	BOOT_MULTIBOOT1 = 2,
	BOOT_MULTIBOOT2 = 3,
	BOOT_LINUX = 4
};

/* ACPI 6.5, 15.3: the types of address ranges, by all four protocols. */
enum {
	BOOT_RAM = 1,
	BOOT_RESERVED = 2,
	BOOT_ACPI = 3 /* tables that may be reclaimed */
};

struct boot_range {
	uint64_t start, size;
	uint32_t type;
};

struct boot_info {
	enum boot_protocol protocol;
	struct boot_range range[BOOT_RANGES];
	unsigned ranges;
	/* what is ours to keep: modules, and the information itself */
	struct boot_range keep[BOOT_MODULES];
	unsigned keeps;
	unsigned modules; /* of those, how many are modules or an initrd */
	char command_line[BOOT_COMMAND_LINE];
	bool command_line_cut;
	uint64_t rsdp;                     /* where it is; 0: look for it */
	uint8_t rsdp_copy[BOOT_RSDP_SIZE]; /* by multiboot 2 */
	unsigned rsdp_copy_size;           /* 0: no copy */
	/* a screen of text at BOOT_SCREEN; 0: none */
	unsigned columns, rows;
	unsigned dropped; /* entries that did not fit or made no sense */
};

/* Physical memory that may be read: `size` bytes from `start`, at `bytes`. */
struct boot_memory {
	const uint8_t *bytes;
	uint64_t start, size;
};

/* The bytes at a physical address, or NULL.  Address 0 is never right. */
const uint8_t *boot_at(const struct boot_memory *, uint64_t physical,
    uint64_t size);

/* Each fills in *out and returns NULL, or says what is wrong; then *out holds
 * what was understood before that. */
const char *boot_parse(const struct boot_memory *, enum boot_protocol,
    uint64_t physical, struct boot_info *out);
const char *boot_parse_pvh(const struct boot_memory *, uint64_t physical,
    struct boot_info *out);
const char *boot_parse_multiboot1(const struct boot_memory *, uint64_t physical,
    struct boot_info *out);
const char *boot_parse_multiboot2(const struct boot_memory *, uint64_t physical,
    struct boot_info *out);
const char *boot_parse_linux(const struct boot_memory *, uint64_t physical,
    struct boot_info *out);
const char *boot_protocol_name(enum boot_protocol);

/* For the parsers. */
static inline uint64_t
boot_le64(const uint8_t *from)
{
	uint64_t value = 0;

	for (unsigned i = 8; i-- > 0;)
		value = value << 8 | from[i];
	return value;
}
void boot_add_range(struct boot_info *, uint64_t start, uint64_t size,
    uint32_t type);
/* Memory that is in use and must not be handed out. */
void boot_keep(struct boot_info *, uint64_t start, uint64_t size);
/* The same, even if another has to go for it. */
void boot_keep_surely(struct boot_info *, uint64_t start, uint64_t size);
void boot_copy_command_line(struct boot_info *, const struct boot_memory *,
    uint64_t physical, uint64_t limit);

/*
 * RAM that may be handed out: whole pages of the memory map above 1 MiB and
 * below `limit`, each once, without what is reserved or kept.  Returns how many
 * runs there are; *top is the end of the last page of RAM of any kind.
 */
unsigned boot_usable(const struct boot_info *, uint64_t limit,
    struct boot_range *out, unsigned room, uint64_t *top);

/*
 * A free run of address space: `size` bytes, aligned to `align`, at or above
 * `from`, in no range of the memory map.  0: there is none below `limit`.
 */
uint64_t boot_free_space(const struct boot_info *, uint64_t from,
    uint64_t limit, uint64_t size, uint64_t align);

#endif
