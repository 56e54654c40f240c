/* SPDX-License-Identifier: ISC */
/* The CPUID leaves by which a host shows its interfaces. */
#ifndef HOST_BUS_CPUID_H
#define HOST_BUS_CPUID_H

#include <stdbool.h>
#include <stdint.h>

#define HOST_CPUID_LEAVES 32

struct host_cpuid_leaf {
	uint32_t leaf;
	uint32_t eax, ebx, ecx, edx;
};

struct host_cpuid {
	bool hypervisor; /* bit 31 of leaf 1 ECX */
	struct host_cpuid_leaf leaves[HOST_CPUID_LEAVES];
	unsigned count;
};

enum host_face {
	HOST_KVM,
	HOST_HYPERV,
	HOST_VMWARE,
	HOST_XEN,
	HOST_BHYVE,
	HOST_VMM,
	HOST_QEMU,
	HOST_FACES
};

/* The word for a face on pvbusd's command line: "kvm", "hyperv", … */
const char *host_face_name(enum host_face);

/* Show a face at a base leaf, as hosts of that kind do today. */
void host_cpuid_show(struct host_cpuid *, enum host_face, uint32_t base);

/* Any leaf at all, for hosts that lie; false when the table is full. */
bool host_cpuid_set(struct host_cpuid *, struct host_cpuid_leaf);

/* What the instruction answers: zeroes for a leaf that is not in the table. */
struct host_cpuid_leaf host_cpuid_get(const struct host_cpuid *, uint32_t leaf);

#endif
