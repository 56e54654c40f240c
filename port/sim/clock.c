/* SPDX-License-Identifier: ISC */
/* Virtual time, and the events that hosts have put into it. */
#include <stdlib.h>

#include "port/sim/sim_private.h"

struct event {
	struct event *next; /* in the order of time */
	uint64_t when;
	const void *owner;
	void (*call)(void *);
	void *argument;
};

struct sim {
	uint64_t now;
	uint64_t state; /* of the random sequence */
	struct event *events;
};

struct sim *
sim_new(uint64_t seed)
{
	struct sim *sim = calloc(1, sizeof(*sim));

	if (sim == NULL)
		return NULL;
	sim->state = seed;
	sim->now = PV_SECOND; /* 0 would hide a forgotten deadline */
	return sim;
}

void
sim_free(struct sim *sim)
{
	if (sim == NULL)
		return;
	while (sim->events != NULL) {
		struct event *event = sim->events;

		sim->events = event->next;
		free(event);
	}
	free(sim);
}

uint64_t
sim_now(const struct sim *sim)
{
	return sim->now;
}

uint64_t
sim_next_event(const struct sim *sim)
{
	return sim->events != NULL ? sim->events->when : PV_NEVER;
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
uint64_t
sim_random(struct sim *sim, uint64_t limit)
{
	uint64_t z = sim->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	z ^= z >> 31;
	return limit > 0 ? z % limit : z;
}

/* Which of two events of one moment comes first is left to the seed. */
static bool
goes_before(struct sim *sim, const struct event *a, const struct event *b)
{
	if (a->when != b->when)
		return a->when < b->when;
	return sim_random(sim, 2) == 0;
}

void
sim_later(struct sim *sim, uint64_t delay, const void *owner,
    void (*call)(void *), void *argument)
{
	struct event **link = &sim->events;
	struct event *event = malloc(sizeof(*event));

	if (event == NULL)
		abort(); /* a world that loses an event proves nothing */
	*event = (struct event){ NULL, sim->now + delay, owner, call,
		argument };
	while (*link != NULL && !goes_before(sim, event, *link))
		link = &(*link)->next;
	event->next = *link;
	*link = event;
}

void
sim_forget(struct sim *sim, const void *owner)
{
	struct event **link = &sim->events;

	while (*link != NULL) {
		struct event *event = *link;

		if (event->owner != owner) {
			link = &event->next;
			continue;
		}
		*link = event->next;
		free(event);
	}
}

void
sim_advance(struct sim *sim, uint64_t to)
{
	while (sim->events != NULL && sim->events->when <= to) {
		struct event *event = sim->events;

		sim->events = event->next;
		if (event->when > sim->now)
			sim->now = event->when;
		event->call(event->argument);
		free(event);
	}
	if (to > sim->now)
		sim->now = to;
}
