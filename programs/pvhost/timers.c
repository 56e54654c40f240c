/* SPDX-License-Identifier: ISC */
#include <poll.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "programs/pvhost/machine.h"

struct timer {
	struct timer *next;
	uint64_t when;
	void (*call)(void *);
	void *argument;
};

/* So many at a time, that a call which asks for another at once leaves room for
 * the rest of the loop. */
#define AT_A_TIME 64u

/* The descriptor counts nanoseconds of the outside; those of the machine go by
 * the TSC, and the difference over one wait does not matter. */
static void
arm(struct timers *timers)
{
	struct itimerspec spec = { 0 };
	uint64_t now = machine_now(timers->machine), wait = 1;

	if (timers->first != NULL) {
		if (timers->first->when > now)
			wait = timers->first->when - now;
		spec.it_value.tv_sec = (time_t)(wait / 1000000000u);
		spec.it_value.tv_nsec = (long)(wait % 1000000000u);
	}
	timerfd_settime(timers->source.fd, 0, &spec, NULL);
}

static void
run_due(struct timers *timers)
{
	uint64_t now = machine_now(timers->machine);

	for (unsigned i = 0; i < AT_A_TIME && timers->first != NULL &&
	     timers->first->when <= now;
	     i++) {
		struct timer *timer = timers->first;
		void (*call)(void *) = timer->call;
		void *argument = timer->argument;

		timers->first = timer->next;
		timer->next = timers->spare;
		timers->spare = timer;
		call(argument);
	}
}

static void
ready(void *ctx, short revents)
{
	struct timers *timers = ctx;
	uint64_t times;

	(void)revents;
	(void)!read(timers->source.fd, &times, sizeof(times));
	run_due(timers);
	arm(timers);
}

bool
timers_init(struct timers *timers, struct machine *machine)
{
	*timers = (struct timers){ .machine = machine };
	timers->source = (struct loop_source){
		.fd = timerfd_create(CLOCK_MONOTONIC,
		    TFD_CLOEXEC | TFD_NONBLOCK),
		.events = POLLIN,
		.call = ready,
		.ctx = timers,
	};
	if (timers->source.fd < 0)
		return false;
	loop_add(&machine->loop, &timers->source);
	return true;
}

static void
free_list(struct timer *timer)
{
	while (timer != NULL) {
		struct timer *next = timer->next;

		free(timer);
		timer = next;
	}
}

void
timers_free(struct timers *timers)
{
	if (timers->machine == NULL)
		return;
	loop_remove(&timers->source);
	if (timers->source.fd >= 0)
		close(timers->source.fd);
	free_list(timers->first);
	free_list(timers->spare);
	*timers = (struct timers){ 0 };
}

void
timers_later(struct timers *timers, uint64_t delay, void (*call)(void *),
    void *argument)
{
	uint64_t now = machine_now(timers->machine);
	struct timer *timer = timers->spare, **link = &timers->first;

	if (timer != NULL)
		timers->spare = timer->next;
	else
		timer = malloc(sizeof(*timer));
	if (timer == NULL) {
		machine_end(timers->machine, EXIT_BROKEN, "out of memory");
		return;
	}
	*timer = (struct timer){ .when = delay < UINT64_MAX - now ? now + delay
								  : UINT64_MAX,
		.call = call,
		.argument = argument };
	/* Of two at the same time the earlier asked for is the first. */
	while (*link != NULL && (*link)->when <= timer->when)
		link = &(*link)->next;
	timer->next = *link;
	*link = timer;
	if (timers->first == timer)
		arm(timers);
}

void
timers_forget(struct timers *timers, const void *argument)
{
	struct timer **link = &timers->first;

	while (*link != NULL) {
		struct timer *timer = *link;

		if (timer->argument != argument) {
			link = &timer->next;
			continue;
		}
		*link = timer->next;
		timer->next = timers->spare;
		timers->spare = timer;
	}
}
