/* SPDX-License-Identifier: ISC */
#include "host/bus/cpuid.h"
#include "wire/cpuid.h"
#include "wire/endian.h"
#include "wire/hyperv/tlfs.h"
#include "wire/vmware/backdoor.h"
#include "wire/xen/hypercall.h"

/* Where Xen lets its hypercall page be placed; behind another interface, which
 * may be Hyper-V's with MSRs of the same numbers, it is further up. */
#define XEN_MSR 0x40000000u
#define XEN_MSR_BEHIND 0x40000200u

/* What each host answers at base + n, n from 1 on. */
struct face {
	const char *name;
	const char *signature;
	uint32_t reach; /* largest leaf, from the base */
	bool silent;    /* answers 0 for the largest leaf */
	uint32_t count;
	struct {
		uint32_t n, eax, ebx, edx, ecx;
	} leaves[6];
};

static const struct face faces[HOST_FACES] = {
	[HOST_KVM] = { "kvm", CPUID_SIGNATURE_KVM, 1, false, 1,
	    { { .n = CPUID_KVM_FEATURES, .eax = 0x01007efb } } },
	/* 10.0 is Windows Server 2016 to 2022; what it has is what its model
	 * has, by default */
	[HOST_HYPERV] = { "hyperv", CPUID_SIGNATURE_HYPERV, 0xb, false, 5,
	    { { .n = HV_LEAF_INTERFACE, .eax = HV_INTERFACE },
		{ .n = HV_LEAF_VERSION, .eax = 0x4f7c, .ebx = 10u << 16 },
		{ .n = HV_LEAF_FEATURES,
		    .eax = HV_ACCESS_VP_RUNTIME | HV_ACCESS_REFERENCE_COUNTER |
			HV_ACCESS_SYNIC | HV_ACCESS_STIMER |
			HV_ACCESS_HYPERCALL | HV_ACCESS_VP_INDEX |
			HV_ACCESS_RESET | HV_ACCESS_REFERENCE_TSC |
			HV_ACCESS_FREQUENCY,
		    .ebx = HV_MAY_POST_MESSAGES | HV_MAY_SIGNAL_EVENTS,
		    .edx = HV_HAS_FREQUENCY | HV_HAS_CRASH |
			HV_HAS_SINT_POLLING | HV_HAS_STIMER_DIRECT },
		{ .n = HV_LEAF_HINTS,
		    .eax = HV_HINT_RELAXED_TIMING,
		    .ebx = HV_SPIN_NEVER_TELL },
		{ .n = HV_LEAF_LIMITS, .eax = 64, .ebx = 64 } } },
	[HOST_VMWARE] = { "vmware", CPUID_SIGNATURE_VMWARE, VMWARE_LEAF_CALL,
	    false, 1,
	    { { .n = VMWARE_LEAF_CALL, .ecx = VMWARE_CALL_VMCALL } } },
	/* no APIC or IOMMU of the hardware's; the vCPU is the machine's to fill
	 * in, as is the domain */
	[HOST_XEN] = { "xen", CPUID_SIGNATURE_XEN, 5, false, 3,
	    { { .n = XEN_LEAF_VERSION, .eax = 4u << 16 | 17 },
		{ .n = XEN_LEAF_HYPERCALL, .eax = 1, .ebx = XEN_MSR },
		{ .n = XEN_LEAF_HVM,
		    .eax = XEN_LEAF_HVM_VCPU_ID | XEN_LEAF_HVM_DOMID |
			XEN_LEAF_HVM_UPCALL_VECTOR } } },
	[HOST_BHYVE] = { "bhyve", CPUID_SIGNATURE_BHYVE, 1, false, 0,
	    { { 0 } } },
	[HOST_VMM] = { "vmm", CPUID_SIGNATURE_OPENBSD, 1, true, 1,
	    { { .n = CPUID_KVM_FEATURES,
		.eax = CPUID_KVM_CLOCKSOURCE2 |
		    CPUID_KVM_CLOCKSOURCE_STABLE } } },
	[HOST_QEMU] = { "qemu", CPUID_SIGNATURE_QEMU, 1, false, 0, { { 0 } } },
};

const char *
host_face_name(enum host_face face)
{
	return faces[face].name;
}

bool
host_cpuid_set(struct host_cpuid *cpuid, struct host_cpuid_leaf leaf)
{
	unsigned i = 0;

	while (i < cpuid->count && cpuid->leaves[i].leaf != leaf.leaf)
		i++;
	if (i == HOST_CPUID_LEAVES)
		return false;
	cpuid->leaves[i] = leaf;
	if (i == cpuid->count)
		cpuid->count++;
	return true;
}

void
host_cpuid_show(struct host_cpuid *cpuid, enum host_face which, uint32_t base)
{
	const struct face *face = &faces[which];

	cpuid->hypervisor = true;
	host_cpuid_set(cpuid,
	    (struct host_cpuid_leaf){
		.leaf = base,
		.eax = face->silent ? 0 : base + face->reach,
		.ebx = get_le32(face->signature),
		.ecx = get_le32(face->signature + 4),
		.edx = get_le32(face->signature + 8),
	    });
	for (unsigned i = 0; i < face->count; i++)
		host_cpuid_set(cpuid,
		    (struct host_cpuid_leaf){
			.leaf = base + face->leaves[i].n,
			.eax = face->leaves[i].eax,
			.ebx = face->leaves[i].ebx,
			.ecx = face->leaves[i].ecx,
			.edx = face->leaves[i].edx,
		    });
	if (which == HOST_XEN && base != CPUID_HV_FIRST)
		host_cpuid_set(cpuid,
		    (struct host_cpuid_leaf){
			.leaf = base + XEN_LEAF_HYPERCALL,
			.eax = 1,
			.ebx = XEN_MSR_BEHIND,
		    });
}

struct host_cpuid_leaf
host_cpuid_get(const struct host_cpuid *cpuid, uint32_t leaf)
{
	struct host_cpuid_leaf answer = { .leaf = leaf };

	for (unsigned i = 0; i < cpuid->count; i++)
		if (cpuid->leaves[i].leaf == leaf)
			answer = cpuid->leaves[i];
	if (leaf == 1 && cpuid->hypervisor)
		answer.ecx |= CPUID_1_ECX_HYPERVISOR;
	return answer;
}
