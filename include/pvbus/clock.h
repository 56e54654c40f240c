/* SPDX-License-Identifier: ISC */
/*
 * A clock, the same shape on every hypervisor: pvclock on KVM and OpenBSD's
 * vmm, and those of xen and hyperv.  The device that offers one has it in
 * pv_device.clock; pv_bus_clock() has the best of a bus.
 *
 * Threads: every CPU that pv_bus_cpu_start() was called on may read, until
 * pv_bus_cpu_stop() is; all else is for the context that owns the bus.
 */
#ifndef PVBUS_CLOCK_H
#define PVBUS_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pvbus/error.h"

/* The counters of all CPUs are in step, by the word of the host: no CPU needs
 * to know what another was told.  This can change when a guest is moved. */
#define PV_CLOCK_STABLE 0x1u
/* A reading is an exit to the host, and takes a microsecond or more. */
#define PV_CLOCK_EXIT 0x2u

/* As OpenBSD's time counters have it (C-3 of pvclock): the best is used. */
#define PV_CLOCK_QUALITY_STABLE 1500u
#define PV_CLOCK_QUALITY_EXIT 1000u
#define PV_CLOCK_QUALITY_UNSTABLE 500u

struct pv_clock;

struct pv_clock_ops {
	int (*read)(struct pv_clock *, unsigned cpu, uint64_t *time);
	int (*wall)(struct pv_clock *, uint64_t *wall); /* or NULL */
};

struct pv_clock {
	const struct pv_clock_ops *ops;
	const char *name;    /* of what is read: "MSR 0x4b564d01" */
	unsigned quality;    /* when it was attached */
	uint32_t flags;      /* PV_CLOCK_…; changed by readers, atomic */
	uint32_t resolution; /* nanoseconds */
	/* Readings that the host would have let go back, behind what was told
	 * before, and that stood still instead; atomic. */
	_Alignas(8) uint64_t held;
};

/*
 * Nanoseconds since some moment before the bus was attached, by the CPU that
 * calls, which is `cpu`.  Never goes back on one CPU, nor from one CPU to the
 * other; after pv_bus_suspend() it goes on from where it was.
 *
 * PV_EINVAL: that CPU was not started.  PV_EAGAIN: the machine is suspended.
 * PV_EPROTO: what the host has written cannot be, or it never stops writing; it
 * may be well the next time.  Bounded in any case.
 */
static inline int
pv_clock_read(struct pv_clock *clock, unsigned cpu, uint64_t *time)
{
	return clock->ops->read(clock, cpu, time);
}

/*
 * The host's wall clock, now: nanoseconds since 1970.  From CPU 0.
 * PV_ENOTSUP: this host tells no such time.
 */
static inline int
pv_clock_wall(struct pv_clock *clock, uint64_t *wall)
{
	return clock->ops->wall != NULL ? clock->ops->wall(clock, wall)
					: PV_ENOTSUP;
}

#endif
