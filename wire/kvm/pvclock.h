/* SPDX-License-Identifier: ISC */
/*
 * The clock of KVM and of OpenBSD's vmm: what the host keeps in a guest's page
 * for each CPU.  Xen's is the same, in other places (wire/xen/shared.h).
 * Source: Linux Documentation/virt/kvm/x86/msr.rst and cpuid.rst.
 */
#ifndef WIRE_KVM_PVCLOCK_H
#define WIRE_KVM_PVCLOCK_H

#include <stdint.h>

/* With CPUID_KVM_CLOCKSOURCE2, the second set of registers.  vmm has
 * PVCLOCK_MSR_TIME alone. */
#define PVCLOCK_MSR_WALL 0x4b564d00u
#define PVCLOCK_MSR_TIME 0x4b564d01u
/* With CPUID_KVM_CLOCKSOURCE: the same, at numbers that are other things on
 * other machines. */
#define PVCLOCK_MSR_WALL_OLD 0x11u
#define PVCLOCK_MSR_TIME_OLD 0x12u

/* In PVCLOCK_MSR_TIME, which takes the address of a structure, in steps of 4
 * bytes.  Without it the host writes no more. */
#define PVCLOCK_ENABLE 0x1u

/*
 * Consistent while the version is even and the same before and after.  With
 * delta = (TSC - tsc) << shift, or >> -shift where shift is negative, the time
 * is system_time + (delta * mul >> 32).
 */
struct pvclock_time {
	uint32_t version;
	uint32_t pad0;
	uint64_t tsc;         /* when the rest was written */
	uint64_t system_time; /* ns */
	uint32_t mul;         /* ns per tick after the shift, times 2^32 */
	int8_t shift;
	uint8_t flags;
	uint8_t pad1[2];
};
_Static_assert(sizeof(struct pvclock_time) == 32, "pvclock time");

/* Of a meaning with CPUID_KVM_CLOCKSOURCE_STABLE only. */
#define PVCLOCK_TSC_STABLE 0x1u
#define PVCLOCK_GUEST_STOPPED 0x2u

/* Written once, when PVCLOCK_MSR_WALL is: when system_time was 0. */
struct pvclock_wall {
	uint32_t version;
	uint32_t sec; /* s since 1970 */
	uint32_t nsec;
};
_Static_assert(sizeof(struct pvclock_wall) == 12, "pvclock wall clock");

#endif
