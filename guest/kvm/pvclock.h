/* SPDX-License-Identifier: ISC */
/* What pvclock.c and pvclock_read.c share. */
#ifndef GUEST_KVM_PVCLOCK_H
#define GUEST_KVM_PVCLOCK_H

#include "guest/bus/clock.h"

/* Of the pages that the host writes to: a cache line for each CPU, and one for
 * the wall clock. */
#define PVCLOCK_SLOT 64u

struct pvclock_cpu {
	/* The latest time that this CPU was told while the host's word was that
	 * counters are in step: atomic. */
	_Alignas(8) uint64_t last;
	uint32_t placed; /* the host may write to the slot: atomic */
	char pad[52];    /* a cache line: no CPU disturbs another */
};

struct pvclock {
	struct pv_clock clock; /* first: who reads it hands it back */
	struct pv_device *device;
	struct pv_bus *bus;
	const struct pv_port *port;
	struct pv_stats *stats;
	uint32_t msr_time, msr_wall; /* msr_wall 0: there is none */
	bool believed;               /* PVCLOCK_TSC_STABLE means something */

	unsigned cpus; /* at least 1 */
	struct pvclock_cpu *cpu;
	uint8_t *slots;
	size_t pages;
	uint64_t physical;
	bool wall_placed;

	struct clock_line line;
};

static inline void *
pvclock_slot(const struct pvclock *pvclock, unsigned number)
{
	return pvclock->slots + (size_t)number * PVCLOCK_SLOT;
}

static inline uint64_t
pvclock_slot_physical(const struct pvclock *pvclock, unsigned number)
{
	return pvclock->physical + (uint64_t)number * PVCLOCK_SLOT;
}

/* pvclock_read.c */
extern const struct pv_clock_ops pvclock_ops;
/* As the host has it, on that CPU. */
int pvclock_raw(struct pvclock *, unsigned cpu, uint64_t *time, bool *stable);
/* What is said of it from now on. */
void pvclock_set_stable(struct pvclock *, bool stable);

#endif
