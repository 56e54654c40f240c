/* SPDX-License-Identifier: ISC */
/* What is asked of /dev/kvm before there are vCPUs, and of the first one. */
#ifndef PVHOST_KVM_H
#define PVHOST_KVM_H

#include "programs/pvhost/machine.h"

/* arch/x86/kvm/lapic.h: a tick of the APIC's bus is a nanosecond. */
#define KVM_APIC_HZ 1000000000u

/* The virtual machine with its interrupt controllers and timer, and the
 * registers that are ours.  False: a line was said. */
bool kvm_open(struct machine *);
/* The TSC of the first vCPU: how fast, and how far from ours. */
bool kvm_clock(struct machine *);
void kvm_close(struct machine *);

#endif
