/* SPDX-License-Identifier: ISC */
/* What is to come, of one host: a list that ends with it. */
#ifndef HOST_HYPERV_LATER_H
#define HOST_HYPERV_LATER_H

#include "host/bus/world.h"

struct hyperv_timer;

struct hyperv_timers {
	const struct host_world *world;
	struct hyperv_timer *first;
};

/* The world calls nothing of it any more. */
void hyperv_timers_free(struct hyperv_timers *);
void hyperv_timers_add(struct hyperv_timers *, const void *owner,
    uint64_t delay, void (*call)(void *), void *argument);
void hyperv_timers_forget(struct hyperv_timers *, const void *owner);

#endif
