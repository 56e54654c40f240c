/* SPDX-License-Identifier: ISC */
/* What the files of a vCPU share. */
#ifndef PVHOST_VCPU_PRIVATE_H
#define PVHOST_VCPU_PRIVATE_H

#include "programs/pvhost/vcpu.h"

/* False, errno set. */
bool vcpu_set_cpuid(struct vcpu *);
/* Of an exit that KVM_RUN has returned with; the lock is held. */
void vcpu_serve(struct vcpu *);
/* vcpu_pages.c: where a linear address is in the guest's memory.  False: it is
 * not mapped, not to be written, or the kernel's while a program runs. */
bool vcpu_physical(const struct memory *, const struct kvm_sregs *,
    uint64_t linear, bool write, uint64_t *physical);
/* How many of so many bytes its code could touch without a fault. */
size_t vcpu_reach(struct vcpu *, uint64_t linear, size_t size, bool write);
/* Accesses to ports, single and strings. */
void vcpu_serve_port(struct vcpu *);

#endif
