/* SPDX-License-Identifier: ISC */
/* What the files of a vCPU share. */
#ifndef PVHOST_VCPU_PRIVATE_H
#define PVHOST_VCPU_PRIVATE_H

#include "programs/pvhost/vcpu.h"

/* False, errno set. */
bool vcpu_set_cpuid(struct vcpu *);
/* Of an exit that KVM_RUN has returned with; the lock is held. */
void vcpu_serve(struct vcpu *);
/* Accesses to ports, single and strings. */
void vcpu_serve_port(struct vcpu *);

#endif
