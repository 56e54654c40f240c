/* SPDX-License-Identifier: ISC */
/*
 * How hypervisors show themselves in CPUID.
 *
 * Sources: Intel SDM vol. 2A and AMD APM vol. 3 (leaf 1), Linux
 * Documentation/virt/kvm/x86/cpuid.rst (KVM), Hyper-V TLFS 2.4 (Hyper-V), Xen
 * public/arch-x86/cpuid.h (Xen), OpenBSD sys/arch/amd64 vmm(4) (OpenBSD), QEMU
 * target/i386 TCG CPUID (QEMU).
 */
#ifndef WIRE_CPUID_H
#define WIRE_CPUID_H

#define CPUID_1_ECX_HYPERVISOR 0x80000000u

/* Where interfaces may stand: one each 0x100 leaves. */
#define CPUID_HV_FIRST 0x40000000u
#define CPUID_HV_END 0x40010000u
#define CPUID_HV_STEP 0x100u

/* Twelve bytes in EBX, ECX, EDX of the base leaf. */
#define CPUID_SIGNATURE_SIZE 12
#define CPUID_SIGNATURE_KVM "KVMKVMKVM\0\0\0"
#define CPUID_SIGNATURE_HYPERV "Microsoft Hv"
#define CPUID_SIGNATURE_VMWARE "VMwareVMware"
#define CPUID_SIGNATURE_XEN "XenVMMXenVMM"
#define CPUID_SIGNATURE_BHYVE "bhyve bhyve "
#define CPUID_SIGNATURE_OPENBSD "OpenBSDVMM58"
#define CPUID_SIGNATURE_QEMU "TCGTCGTCGTCG"

/* Leaves, counted from the base. */
#define CPUID_KVM_FEATURES 1    /* EAX; also OpenBSD */
#define CPUID_XEN_VERSION 1     /* EAX: major << 16 | minor */
#define CPUID_HYPERV_VERSION 2  /* EBX: major << 16 | minor */
#define CPUID_HYPERV_FEATURES 3 /* EAX */

#define CPUID_KVM_CLOCKSOURCE (1u << 0)
#define CPUID_KVM_CLOCKSOURCE2 (1u << 3)
#define CPUID_KVM_CLOCKSOURCE_STABLE (1u << 24)

#endif
