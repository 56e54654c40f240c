/* SPDX-License-Identifier: ISC */
/*
 * How a PVH guest starts: at the address of an ELF note, in 32-bit mode without
 * paging, with EBX at this. Addresses are guest physical.
 * Source: Xen public headers arch-x86/hvm/start_info.h, elfnote.h;
 * docs/misc/pvh.
 */
#ifndef WIRE_XEN_PVH_H
#define WIRE_XEN_PVH_H

#include <stdint.h>

#define XEN_PVH_MAGIC 0x336ec578u
#define XEN_PVH_SIZE_V0 40 /* bytes: up to rsdp */
#define XEN_PVH_SIZE_V1 56

struct xen_pvh_start_info {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;
	uint32_t nr_modules;
	uint64_t modules; /* struct xen_pvh_module[nr_modules] */
	uint64_t cmdline; /* ends with a NUL; 0: none */
	uint64_t rsdp;    /* 0: no ACPI */
	/* from version 1 on */
	uint64_t memmap; /* struct xen_pvh_memory[nr_memmap] */
	uint32_t nr_memmap;
	uint32_t reserved;
};
_Static_assert(sizeof(struct xen_pvh_start_info) == XEN_PVH_SIZE_V1,
    "start info");

#define XEN_PVH_FLAG_PRIVILEGED 0x1u
#define XEN_PVH_FLAG_INITDOMAIN 0x2u

struct xen_pvh_module {
	uint64_t address;
	uint64_t size;    /* bytes */
	uint64_t cmdline; /* ends with a NUL; 0: none */
	uint64_t reserved;
};
_Static_assert(sizeof(struct xen_pvh_module) == 32, "module");

struct xen_pvh_memory {
	uint64_t address;
	uint64_t size; /* bytes */
	uint32_t type; /* XEN_PVH_MEMORY_… */
	uint32_t reserved;
};
_Static_assert(sizeof(struct xen_pvh_memory) == 24, "memory map entry");

#define XEN_PVH_MEMORY_RAM 1
#define XEN_PVH_MEMORY_RESERVED 2
#define XEN_PVH_MEMORY_ACPI 3
#define XEN_PVH_MEMORY_NVS 4
#define XEN_PVH_MEMORY_UNUSABLE 5
#define XEN_PVH_MEMORY_DISABLED 6
#define XEN_PVH_MEMORY_PMEM 7

/* The note's owner and type; its content is the 32-bit entry point. */
#define XEN_PVH_NOTE_NAME "Xen"
#define XEN_PVH_NOTE_PHYS32_ENTRY 18

#endif
