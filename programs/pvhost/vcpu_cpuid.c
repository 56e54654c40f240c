/* SPDX-License-Identifier: ISC */
/* What CPUID answers on a vCPU: what KVM can do, and the faces' leaves in place
 * of its own. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "programs/pvhost/face.h"
#include "programs/pvhost/vcpu_private.h"
#include "wire/cpuid.h"

#define ENTRIES 256u

/* Intel SDM volume 2A, CPUID; AMD APM volume 3, appendix E. */
#define FEATURES_VMX (1u << 5)
#define FEATURES_TSC_DEADLINE (1u << 24)
#define EXTENDED_SVM (1u << 2)

static bool
is_hypervisors(uint32_t leaf)
{
	return leaf >= 0x40000000u && leaf <= 0x4fffffffu;
}

/* One core per socket: vCPUs are numbered, not arranged. */
static void
patch(const struct vcpu *vcpu, struct kvm_cpuid_entry2 *entry)
{
	const struct machine *machine = vcpu->machine;

	switch (entry->function) {
	case 1:
		entry->ebx &= 0x0000ffffu;
		entry->ebx |= 1u << 16 | vcpu->number << 24;
		entry->ecx &= ~FEATURES_VMX;
		if (ioctl(machine->kvm, KVM_CHECK_EXTENSION,
			KVM_CAP_TSC_DEADLINE_TIMER) > 0)
			entry->ecx |= FEATURES_TSC_DEADLINE;
		if (machine->cpuid.hypervisor)
			entry->ecx |= CPUID_1_ECX_HYPERVISOR;
		break;
	case 4:
		entry->eax &= 0x3fffu; /* shared by one, one core */
		break;
	case 0xa: /* no performance counters */
		entry->eax = entry->ebx = entry->ecx = entry->edx = 0;
		break;
	case 0xb:
	case 0x1f:
		entry->eax = 0;
		entry->ebx = entry->index < 2 ? 1 : 0;
		entry->ecx = entry->index < 2
		    ? entry->index | (entry->index + 1) << 8
		    : entry->index;
		entry->edx = vcpu->number;
		break;
	case 0x80000001u:
		entry->ecx &= ~EXTENDED_SVM;
		break;
	case 0x80000008u:
		entry->ecx = 0;
		break;
	case 0x8000001eu:
		entry->eax = vcpu->number;
		entry->ebx = vcpu->number;
		entry->ecx = 0;
		break;
	default:
		break;
	}
}

static void
add_leaf(const struct vcpu *vcpu, struct kvm_cpuid2 *all, unsigned index)
{
	struct host_cpuid_leaf leaf = vcpu->machine->cpuid.leaves[index];

	if (all->nent == ENTRIES)
		return;
	faces_cpuid(vcpu->machine, vcpu->number, &leaf);
	all->entries[all->nent++] =
	    (struct kvm_cpuid_entry2){ .function = leaf.leaf,
		    .eax = leaf.eax,
		    .ebx = leaf.ebx,
		    .ecx = leaf.ecx,
		    .edx = leaf.edx };
}

bool
vcpu_set_cpuid(struct vcpu *vcpu)
{
	struct kvm_cpuid2 *all = calloc(1,
	    sizeof(*all) + ENTRIES * sizeof(all->entries[0]));
	unsigned kept = 0;
	bool good;

	if (all == NULL)
		return false;
	all->nent = ENTRIES;
	good = ioctl(vcpu->machine->kvm, KVM_GET_SUPPORTED_CPUID, all) >= 0;
	for (unsigned i = 0; good && i < all->nent; i++) {
		if (is_hypervisors(all->entries[i].function))
			continue;
		patch(vcpu, &all->entries[i]);
		all->entries[kept++] = all->entries[i];
	}
	all->nent = kept;
	for (unsigned i = 0; good && i < vcpu->machine->cpuid.count; i++)
		add_leaf(vcpu, all, i);
	good = good && ioctl(vcpu->fd, KVM_SET_CPUID2, all) >= 0;
	free(all);
	return good;
}
