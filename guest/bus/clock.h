/* SPDX-License-Identifier: ISC */
/* What the clocks of all hosts have in common. */
#ifndef GUEST_BUS_CLOCK_H
#define GUEST_BUS_CLOCK_H

#include "pvbus/guest.h"
#include "wire/kvm/pvclock.h"

/* One line of time for all CPUs, whatever the host makes of its own. */
struct clock_line {
	/* The latest time that anybody was told: atomic. */
	_Alignas(8) uint64_t last;
	/* Of a host before this one, whose time was later. */
	uint64_t offset;
};

/* The host's time on our line: no CPU is told an earlier time than another was
 * before. */
uint64_t clock_forward(struct clock_line *, struct pv_clock *, uint64_t host);
/* Somebody was told this. */
void clock_raise(struct clock_line *, uint64_t told);
/* A host, perhaps another, that says this is the time: go on from the last. */
void clock_resume(struct clock_line *, uint64_t host);

/*
 * `size` bytes of which the word at `version` tells whether they are whole, and
 * the CPU's counter while they were, unless `tsc` is NULL.  PV_EPROTO: they
 * never are.
 */
int clock_copy(const struct pv_port *, const volatile uint32_t *version,
    void *to, const volatile void *from, size_t size, uint64_t *tsc);

/* The host's time by such a page, for the CPU that calls; *flags as the host wrote
 * them.  PV_EPROTO also for a scale that cannot be, or a time of more than 64
 * bits. */
int clock_page(const struct pv_port *, struct pv_stats *,
    const struct pvclock_time *from, uint64_t *time, uint8_t *flags);

/* Nanoseconds since 1970 of two words that a host has written. */
int clock_unix(uint64_t seconds, uint32_t nanoseconds, uint64_t *time);

#endif
