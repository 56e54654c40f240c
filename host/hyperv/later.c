/* SPDX-License-Identifier: ISC */
/* The world calls back once and cannot be told not to: what is taken back stays
 * in the list, without anything to call, until then. */
#include <stdlib.h>

#include "host/hyperv/hyperv_private.h"

struct hyperv_timer {
	struct hyperv_timer *next;
	struct hyperv_timers *timers;
	const void *owner;
	void (*call)(void *);
	void *argument;
};

static void
due(void *argument)
{
	struct hyperv_timer *timer = argument;
	struct hyperv_timer **link = &timer->timers->first;
	void (*call)(void *) = timer->call;
	void *with = timer->argument;

	while (*link != timer)
		link = &(*link)->next;
	*link = timer->next;
	free(timer);
	if (call != NULL)
		call(with);
}

void
hyperv_timers_add(struct hyperv_timers *timers, const void *owner,
    uint64_t delay, void (*call)(void *), void *argument)
{
	struct hyperv_timer *timer = malloc(sizeof(*timer));

	if (timer == NULL)
		abort(); /* a world that loses an event proves nothing */
	*timer = (struct hyperv_timer){ timers->first, timers, owner, call,
		argument };
	timers->first = timer;
	timers->world->later(timers->world->ctx, delay, due, timer);
}

void
hyperv_timers_forget(struct hyperv_timers *timers, const void *owner)
{
	for (struct hyperv_timer *timer = timers->first; timer != NULL;
	     timer = timer->next)
		if (timer->owner == owner)
			timer->call = NULL;
}

void
hyperv_timers_free(struct hyperv_timers *timers)
{
	while (timers->first != NULL) {
		struct hyperv_timer *timer = timers->first;

		timers->first = timer->next;
		free(timer);
	}
}

void
host_hyperv_later(struct host_hyperv *host, const void *owner, uint64_t delay,
    void (*call)(void *), void *argument)
{
	host->timers.world = &host->world;
	hyperv_timers_add(&host->timers, owner, delay, call, argument);
}

void
host_hyperv_forget(struct host_hyperv *host, const void *owner)
{
	hyperv_timers_forget(&host->timers, owner);
}
