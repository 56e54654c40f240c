/* SPDX-License-Identifier: ISC */
/* Clocks against each other. */
#ifndef PVGUEST_CLOCK_H
#define PVGUEST_CLOCK_H

#include "programs/pvguest/pvguest.h"

/* One moment, by a clock and by a reference of port/bare. */
struct moment {
	uint64_t clock, reference;
};

/* `clock` NULL: the port's time.  0, or the error of the clock. */
int moment_take(struct pv_clock *, unsigned reference, struct moment *);

/* How much faster than the reference: parts per million. */
long drift_ppm(uint64_t time, uint64_t reference);

/* Read it on another CPU, with readings on CPU 0 before and after it.  The
 * number that lay in between, out of `tries`; or the PV_E code of a reading. */
int clock_in_step(struct pv_clock *, unsigned cpu, int tries);

#endif
