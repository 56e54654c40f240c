/* SPDX-License-Identifier: ISC */
/* A virtual CPU: its thread, its exits, its registers. */
#ifndef PVHOST_VCPU_H
#define PVHOST_VCPU_H

#include <linux/kvm.h>
#include <pthread.h>

#include "programs/pvhost/machine.h"

struct vcpu {
	struct machine *machine;
	unsigned number; /* also the local APIC's */
	int fd;
	struct kvm_run *run;
	size_t run_size;
	pthread_t thread;
	bool started;
	/* while an exit is served */
	struct kvm_regs regs;
	bool have_regs, changed_regs;
	/* of a REP INS that has been answered as a whole: more will be asked
	 * for, from there on */
	bool string_goes_on;
	uint64_t string_next, string_end;
};

/* NULL: a line was said.  The first one's registers are for the loader of the
 * image, the others wait for their start by the APIC. */
struct vcpu *vcpu_make(struct machine *, unsigned number);
void vcpu_free(struct vcpu *);
bool vcpu_start(struct vcpu *);
/* Make it leave KVM, if it is in there; from any thread. */
void vcpu_kick(struct vcpu *);

/* The general registers, of a vCPU whose exit is being served.  What is changed
 * is for vcpu_regs_changed() to tell.  RAX of an IN is what it returns, and RIP
 * must stay. */
struct kvm_regs *vcpu_regs(struct vcpu *);
void vcpu_regs_changed(struct vcpu *);
/* By addresses as its code uses them. */
bool vcpu_read(struct vcpu *, uint64_t linear, void *to, size_t size);
bool vcpu_write(struct vcpu *, uint64_t linear, const void *from, size_t size);
/* A vector to its local APIC. */
void vcpu_interrupt(struct vcpu *, uint8_t vector);

#endif
