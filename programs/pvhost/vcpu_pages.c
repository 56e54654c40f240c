/* SPDX-License-Identifier: ISC */
/*
 * Addresses of a guest's code by the guest's own page tables.
 *
 * KVM_TRANSLATE asks as the kernel would, and a kernel with SMAP may not touch
 * what is its programs'.  Those use VMware's backdoor, and name memory with it.
 * Source: Intel SDM volume 3A, chapter 4.
 */
#include <sys/ioctl.h>

#include "programs/pvhost/vcpu_private.h"

#define CR0_WP (1ull << 16)
#define CR0_PG (1ull << 31)
#define CR4_PSE (1ull << 4)
#define CR4_PAE (1ull << 5)
#define CR4_LA57 (1ull << 12)
#define EFER_LMA (1ull << 10)

#define PRESENT 1u
#define WRITE 2u
#define USER 4u
#define LARGE 0x80u
#define ADDRESS 0x000ffffffffff000ull

/* How a mode's tables are read. */
struct form {
	unsigned levels, bits, entry;
	uint64_t root;
};

static struct form
form_of(const struct kvm_sregs *sregs)
{
	if ((sregs->efer & EFER_LMA) != 0)
		return (struct form){ sregs->cr4 & CR4_LA57 ? 5 : 4, 9, 8,
			sregs->cr3 & ADDRESS };
	if ((sregs->cr4 & CR4_PAE) != 0)
		return (struct form){ 3, 9, 8, sregs->cr3 & 0xffffffe0u };
	return (struct form){ 2, 10, 4, sregs->cr3 & 0xfffff000u };
}

/* SS tells what of a CPU's privilege is left of a conforming code segment. */
static bool
is_program(const struct kvm_sregs *sregs)
{
	return sregs->cs.dpl == 3 || sregs->ss.dpl == 3;
}

/* The top one of PAE's three has four entries, each without rights. */
static bool
is_directory_pointer(const struct form *form, unsigned level)
{
	return form->levels == 3 && level == 3;
}

static bool
is_large(const struct form *form, const struct kvm_sregs *sregs, unsigned level,
    uint64_t entry)
{
	if (level == 1 || is_directory_pointer(form, level))
		return level == 1;
	if ((entry & LARGE) == 0 || level > 3)
		return false;
	return form->entry == 8 || (sregs->cr4 & CR4_PSE) != 0;
}

/* A program's string instruction is done for it here before KVM looks whether it
 * may: what is its kernel's is not for it, neither to read nor to write. */
static bool
may(const struct kvm_sregs *sregs, uint64_t entry, bool write)
{
	bool program = is_program(sregs);

	if (program && (entry & USER) == 0)
		return false;
	return !write || (entry & WRITE) != 0 ||
	    (!program && (sregs->cr0 & CR0_WP) == 0);
}

bool
vcpu_physical(const struct memory *memory, const struct kvm_sregs *sregs,
    uint64_t linear, bool write, uint64_t *physical)
{
	struct form form = form_of(sregs);
	uint64_t table = form.root, entry, offset;

	if ((sregs->cr0 & CR0_PG) == 0) {
		*physical = linear;
		return true;
	}
	if (form.levels < 4)
		linear = (uint32_t)linear;
	for (unsigned level = form.levels; level > 0; level--) {
		unsigned shift = 12 + (level - 1) * form.bits;
		uint64_t index = linear >> shift & ((1u << form.bits) - 1);

		entry = 0;
		if (!memory_read(memory, table + index * form.entry, &entry,
			form.entry) ||
		    (entry & PRESENT) == 0)
			return false;
		if (!is_directory_pointer(&form, level) &&
		    !may(sregs, entry, write))
			return false;
		table = entry & ADDRESS;
		if (!is_large(&form, sregs, level, entry))
			continue;
		offset = linear & ((1ull << shift) - 1);
		*physical = (table & ~((1ull << shift) - 1)) | offset;
		return true;
	}
	return false;
}

size_t
vcpu_reach(struct vcpu *vcpu, uint64_t linear, size_t size, bool write)
{
	struct kvm_sregs sregs;
	uint64_t physical;
	size_t done = 0;

	if (ioctl(vcpu->fd, KVM_GET_SREGS, &sregs) < 0)
		return 0;
	while (done < size) {
		size_t part = MEMORY_PAGE - (linear + done) % MEMORY_PAGE;

		if (part > size - done)
			part = size - done;
		if (!vcpu_physical(&vcpu->machine->memory, &sregs,
			linear + done, write, &physical) ||
		    memory_at(&vcpu->machine->memory, physical, part) == NULL)
			break;
		done += part;
	}
	return done;
}
