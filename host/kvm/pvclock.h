/* SPDX-License-Identifier: ISC */
/*
 * The clock that KVM and OpenBSD's vmm keep for each vCPU, as far as its guest
 * sees it: registers, structures, the counter.
 *
 * Real KVM does this itself, so this is for simulated machines.  It can be told
 * to misbehave; nothing does unless asked for.
 */
#ifndef HOST_KVM_PVCLOCK_H
#define HOST_KVM_PVCLOCK_H

#include "host/bus/world.h"
#include "wire/kvm/pvclock.h"

#define HOST_PVCLOCK_VCPUS 64u

struct host_pvclock;

struct host_pvclock_config {
	const struct host_world *world;
	unsigned vcpus; /* 0: 1 */
	/* nanoseconds per tick, as the guest is told; mul 0: one.  The shift is
	 * from -63 to 31, as KVM's are. */
	uint32_t mul;
	int8_t shift;
	bool vmm;      /* one register */
	bool old_only; /* the first set of registers alone */
};

struct host_pvclock_manners {
	bool odd;      /* versions stay odd */
	bool unstable; /* the flag is clear */
	bool deaf;     /* registers are taken, and nothing is written */
	bool faults;   /* registers are refused */
	bool keeps;    /* the guest cannot have a page back: 0 is refused */
	bool wall_zero;
	/* of what is written from then on, instead of the true ones */
	bool false_scale;
	uint32_t mul;
	int8_t shift;
	int64_t skew;     /* of the time */
	int64_t tsc_skew; /* of the counter when it was written */
};

/* NULL: out of memory. */
struct host_pvclock *host_pvclock_new(const struct host_pvclock_config *);
void host_pvclock_free(struct host_pvclock *);
struct host_pvclock_manners *host_pvclock_manners(struct host_pvclock *);

/* The counter at a time of the world: the inverse of what a guest reckons. */
uint64_t host_pvclock_tsc(const struct host_pvclock_config *, uint64_t now);

/* False: not its, or refused. */
bool host_pvclock_rdmsr(struct host_pvclock *, unsigned vcpu, uint32_t msr,
    uint64_t *value);
bool host_pvclock_wrmsr(struct host_pvclock *, unsigned vcpu, uint32_t msr,
    uint64_t value);
/* Write all structures anew, as after a vCPU has moved. */
void host_pvclock_update(struct host_pvclock *);
/* The guest's reset or sleep: registers are forgotten. */
void host_pvclock_reset(struct host_pvclock *);
/* Structures that it writes to. */
unsigned host_pvclock_used(const struct host_pvclock *);

/* The wall clock, which is at 2024-01-01 00:00:00 UTC at the world's time 0, is
 * this far from what it was. */
void host_pvclock_step(struct host_pvclock *, int64_t nanoseconds);

#endif
