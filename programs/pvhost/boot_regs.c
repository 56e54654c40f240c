/* SPDX-License-Identifier: ISC */
/* How the first vCPU begins.  Bits: Intel SDM volume 3A, 2.2, 2.5, 3.4.5, 4. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "programs/pvhost/boot_private.h"
#include "programs/pvhost/vcpu.h"

#define CR0_PE 1u
#define CR0_ET (1u << 4)
#define CR0_NE (1u << 5)
#define CR0_PG (1u << 31)
#define CR4_PAE (1u << 5)
#define EFER_LME (1u << 8)
#define EFER_LMA (1u << 10)
#define RFLAGS_ONE 2u

/* Selectors as Linux's protocol has them. */
#define CODE_SELECTOR 0x10u
#define DATA_SELECTOR 0x18u
#define TASK_SELECTOR 0x20u

#define PAGE_TABLE 3u    /* present, writable */
#define PAGE_LARGE 0x83u /* and of 2 MiB */
#define LARGE (2ull << 20)
#define ENTRIES 512u
#define DIRECTORIES 4u

enum bits {
	BITS_32,
	BITS_64
};

static void
put_gdt(const struct memory *memory, enum bits bits)
{
	/* base 0, limit 4 GiB; code: executable, data: writable */
	uint64_t gdt[6] = {
		[CODE_SELECTOR / 8] = bits == BITS_64 ? 0x00af9b000000ffffull
						      : 0x00cf9b000000ffffull,
		[DATA_SELECTOR / 8] = 0x00cf93000000ffffull,
		[TASK_SELECTOR / 8] = 0x00008b0000000067ull,
	};

	memory_write(memory, BOOT_GDT, gdt, sizeof(gdt));
}

static void
put_pages(const struct memory *memory)
{
	uint64_t *level4 = memory_at(memory, BOOT_PAGES,
	    (2 + DIRECTORIES) * MEMORY_PAGE);
	uint64_t *level3 = level4 + ENTRIES, *level2 = level3 + ENTRIES;

	level4[0] = (BOOT_PAGES + MEMORY_PAGE) | PAGE_TABLE;
	for (unsigned i = 0; i < DIRECTORIES; i++)
		level3[i] = (BOOT_PAGES + (2 + i) * MEMORY_PAGE) | PAGE_TABLE;
	for (unsigned i = 0; i < DIRECTORIES * ENTRIES; i++)
		level2[i] = i * LARGE | PAGE_LARGE;
}

static void
set_segments(struct kvm_sregs *sregs, enum bits bits)
{
	struct kvm_segment data = {
		.limit = 0xffffffffu,
		.selector = DATA_SELECTOR,
		.type = 3,
		.present = 1,
		.db = 1,
		.s = 1,
		.g = 1,
	};

	sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss = data;
	sregs->cs = data;
	sregs->cs.selector = CODE_SELECTOR;
	sregs->cs.type = 11;
	sregs->cs.l = bits == BITS_64;
	sregs->cs.db = bits == BITS_32;
	sregs->tr = (struct kvm_segment){ .limit = 0x67,
		.selector = TASK_SELECTOR,
		.type = 11,
		.present = 1 };
	sregs->gdt.base = BOOT_GDT;
	sregs->gdt.limit = 0x2f;
	sregs->idt.base = 0;
	sregs->idt.limit = 0;
}

static bool
set(struct machine *machine, enum bits bits, const struct kvm_regs *regs)
{
	int fd = machine->vcpus[0]->fd;
	struct kvm_sregs sregs;

	if (ioctl(fd, KVM_GET_SREGS, &sregs) < 0)
		goto fail;
	put_gdt(&machine->memory, bits);
	set_segments(&sregs, bits);
	sregs.cr0 = CR0_PE | CR0_ET;
	if (bits == BITS_64) {
		put_pages(&machine->memory);
		sregs.cr3 = BOOT_PAGES;
		sregs.cr4 = CR4_PAE;
		sregs.efer = EFER_LME | EFER_LMA;
		sregs.cr0 |= CR0_PG | CR0_NE;
	}
	if (ioctl(fd, KVM_SET_SREGS, &sregs) < 0 ||
	    ioctl(fd, KVM_SET_REGS, regs) < 0)
		goto fail;
	return true;
fail:
	say("KVM does not take the first registers: %s", strerror(errno));
	return false;
}

bool
boot_regs_32(struct machine *machine, uint32_t entry, uint32_t ebx)
{
	struct kvm_regs regs = { .rip = entry,
		.rbx = ebx,
		.rflags = RFLAGS_ONE };

	return set(machine, BITS_32, &regs);
}

bool
boot_regs_64(struct machine *machine, uint64_t entry, uint64_t rsi)
{
	struct kvm_regs regs = { .rip = entry,
		.rsi = rsi,
		.rflags = RFLAGS_ONE };

	return set(machine, BITS_64, &regs);
}
