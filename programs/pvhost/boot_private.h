/* SPDX-License-Identifier: ISC */
/* What starts a guest: an image, where its parts go, and how a CPU begins. */
#ifndef PVHOST_BOOT_PRIVATE_H
#define PVHOST_BOOT_PRIVATE_H

#include "programs/pvhost/machine.h"

/* Below the first MiB, where no image is loaded. */
#define BOOT_GDT 0x1000u
#define BOOT_INFO 0x2000u     /* PVH's start info, modules and memory map */
#define BOOT_PARAMS 0x7000u   /* Linux's zero page */
#define BOOT_PAGES 0x9000u    /* page tables: 6 pages */
#define BOOT_COMMAND 0x20000u /* the command line */
#define BOOT_COMMAND_MAX 0x10000u

struct boot_file {
	const char *path;
	const uint8_t *bytes;
	size_t size;
};

struct boot {
	struct machine *machine;
	struct boot_file image, initrd;
	uint64_t rsdp;
	uint64_t initrd_at;  /* 0: none */
	size_t command_size; /* with its NUL */
};

/* The initrd below `limit`, the command line at BOOT_COMMAND.  False: a line was
 * said. */
bool boot_place(struct boot *, uint64_t limit, size_t command_max);

bool boot_is_elf(const struct boot_file *);
bool boot_elf(struct boot *);
bool boot_is_linux(const struct boot_file *);
bool boot_linux(struct boot *);

/* 32-bit protected mode without paging, as PVH wants it. */
bool boot_regs_32(struct machine *, uint32_t entry, uint32_t ebx);
/* 64-bit mode, the first 4 GiB mapped one to one, as Linux's 64-bit boot
 * protocol wants it. */
bool boot_regs_64(struct machine *, uint64_t entry, uint64_t rsi);

#endif
