/* SPDX-License-Identifier: ISC */
/* Calls at a time of the machine's, made by the loop with the lock held. */
#ifndef PVHOST_TIMERS_H
#define PVHOST_TIMERS_H

#include "programs/common/loop.h"

struct machine;
struct timer;

struct timers {
	struct machine *machine;
	struct loop_source source; /* a timerfd */
	struct timer *first;       /* sorted by when */
	struct timer *spare;
};

/* False, errno set. */
bool timers_init(struct timers *, struct machine *);
void timers_free(struct timers *);
/* Once, so many nanoseconds from now, never from in here.  Without memory for
 * it the machine ends. */
void timers_later(struct timers *, uint64_t delay, void (*call)(void *),
    void *argument);
/* None with this argument is made any more. */
void timers_forget(struct timers *, const void *argument);

#endif
