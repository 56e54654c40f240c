/* SPDX-License-Identifier: ISC */
/*
 * Host and guest at the same time, on two threads: what each does to the words
 * they share is seen in any order that the processor allows.  Time stands still
 * meanwhile, so only the host's thread touches the simulation.
 */
#include <pthread.h>
#include <sched.h>

#include "guest/xen/events_private.h"
#include "tests/support/xen_parts.h"

#define CHANNELS 7
#define EVENTS 10000u
#define GRANTS 2000u

/* What a channel may be behind: so the two threads are never far apart. */
#define WINDOW 2

static const struct host_xen_config usual = { .vcpus = 1, .domain = 3 };

struct race {
	struct parts parts;
	struct xen_channel channels[CHANNELS];
	/* atomic: what an event is about, and what was seen of it */
	uint32_t sent[CHANNELS], seen[CHANNELS];
	uint32_t done; /* atomic: the host has sent all */

	uint32_t reference;
	uint64_t physical;
	uint32_t mapped; /* atomic: the host uses the page */
	uint32_t maps;   /* atomic: so many times it did */
	uint32_t stop;
};

/* Turns without an event after which one is taken to be lost. */
#define IDLE_TURNS 20000000u

/* ---- Events ----------------------------------------------------------- */

static void *
send_events(void *argument)
{
	struct race *race = argument;
	uint32_t which = 1;

	for (uint32_t i = 0; i < EVENTS; i++) {
		unsigned n = (which >> 16) % CHANNELS;

		which = which * 1103515245 + 12345;
		while (__atomic_load_n(&race->sent[n], __ATOMIC_SEQ_CST) -
			__atomic_load_n(&race->seen[n], __ATOMIC_SEQ_CST) >=
		    WINDOW)
			sched_yield();
		__atomic_fetch_add(&race->sent[n], 1, __ATOMIC_SEQ_CST);
		host_xen_raise(race->parts.host, race->channels[n].port);
	}
	__atomic_store_n(&race->done, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Serve a channel only when it was marked, as after an interrupt. */
static void
serve(struct race *race, unsigned n)
{
	struct xen_channel *channel = &race->channels[n];

	if (xen_channel_deadline(channel) != 0 || !xen_channel_take(channel))
		return;
	__atomic_store_n(&race->seen[n],
	    __atomic_load_n(&race->sent[n], __ATOMIC_SEQ_CST),
	    __ATOMIC_SEQ_CST);
	xen_channel_done(channel, true);
}

static void
no_event_is_lost(struct world *world, bool no_fifo)
{
	struct host_xen_config config = usual;
	struct race race;
	struct pv_stats stats = { 0 };
	pthread_t thread;
	unsigned idle = 0;
	bool last = false;

	memset(&race, 0, sizeof(race));
	config.no_fifo = no_fifo;
	parts_new(&race.parts, world, &config);
	for (unsigned i = 0; i < CHANNELS; i++)
		assert_int_equal(xen_channel_open(&race.parts.xen,
				     &race.channels[i], 0, 0, &stats),
		    PV_OK);
	assert_int_equal(pthread_create(&thread, NULL, send_events, &race), 0);
	/* and a few turns more, after the last was sent; what is lost keeps
	 * the host waiting */
	for (unsigned turns = 0; turns < 4 && idle < IDLE_TURNS;
	     turns += last) {
		uint64_t before = stats.events;

		last = __atomic_load_n(&race.done, __ATOMIC_SEQ_CST) != 0;
		xen_events_scan(&race.parts.xen, 0);
		for (unsigned i = 0; i < CHANNELS; i++)
			serve(&race, i);
		idle = stats.events == before ? idle + 1 : 0;
		if (idle > 0)
			sched_yield();
	}
	assert_true(idle < IDLE_TURNS);
	pthread_join(thread, NULL);
	for (unsigned i = 0; i < CHANNELS; i++)
		assert_int_equal(race.seen[i], race.sent[i]);
	assert_int_equal(race.parts.device.stats.bad_index, 0);
	/* a host's thread that lost its processor while it linked */
	assert_in_range(race.parts.device.stats.bad_state, 0, 8);
	for (unsigned i = 0; i < CHANNELS; i++)
		xen_channel_close(&race.channels[i]);
	parts_close(&race.parts);
}

static void
test_no_event_is_lost_fifo(void **state)
{
	no_event_is_lost(*state, false);
}

static void
test_no_event_is_lost_2level(void **state)
{
	no_event_is_lost(*state, true);
}

/* ---- Grants ----------------------------------------------------------- */

static void *
map_and_unmap(void *argument)
{
	struct race *race = argument;

	while (!__atomic_load_n(&race->stop, __ATOMIC_SEQ_CST)) {
		struct host_grant *grant = host_grant_map(race->parts.host,
		    race->reference, true);

		if (grant == NULL) {
			sched_yield();
			continue;
		}
		__atomic_store_n(&race->mapped, 1, __ATOMIC_SEQ_CST);
		__atomic_fetch_add(&race->maps, 1, __ATOMIC_SEQ_CST);
		__atomic_store_n(&race->mapped, 0, __ATOMIC_SEQ_CST);
		host_grant_unmap(grant);
	}
	return NULL;
}

/* 46: when a grant has ended, nobody is in the page, nor will be. */
static void
an_ended_grant_is_ended(struct world *world, unsigned version)
{
	struct race race;
	struct pv_stats stats = { 0 };
	pthread_t thread;
	unsigned ended = 0;
	void *page;

	memset(&race, 0, sizeof(race));
	parts_machine(&race.parts, world, &usual);
	race.parts.xen.grant_version = version;
	parts_open(&race.parts);
	page = race.parts.port->pages_alloc(race.parts.port->ctx, 1,
	    &race.physical);
	assert_int_equal(xen_grants_reserve(&race.parts.xen, &race.reference,
			     1),
	    PV_OK);
	assert_int_equal(pthread_create(&thread, NULL, map_and_unmap, &race),
	    0);
	for (unsigned i = 0; i < GRANTS; i++) {
		uint32_t maps = __atomic_load_n(&race.maps, __ATOMIC_SEQ_CST);

		xen_grant_set(&race.parts.xen, &stats, race.reference, 0,
		    race.physical, false);
		/* not before the host was in it */
		while (__atomic_load_n(&race.maps, __ATOMIC_SEQ_CST) == maps)
			sched_yield();
		while (!xen_grant_end(&race.parts.xen, &stats, race.reference))
			sched_yield();
		ended++;
		assert_int_equal(__atomic_load_n(&race.mapped,
				     __ATOMIC_SEQ_CST),
		    0);
	}
	__atomic_store_n(&race.stop, 1, __ATOMIC_SEQ_CST);
	pthread_join(thread, NULL);
	assert_int_equal(ended, GRANTS);
	assert_int_equal(host_xen_counts(race.parts.host)->violations, 0);
	race.parts.port->pages_free(race.parts.port->ctx, page, 1);
	parts_close(&race.parts);
}

static void
test_an_ended_grant_is_ended_v1(void **state)
{
	an_ended_grant_is_ended(*state, 1);
}

static void
test_an_ended_grant_is_ended_v2(void **state)
{
	an_ended_grant_is_ended(*state, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_no_event_is_lost_fifo),
		world_test(test_no_event_is_lost_2level),
		world_test(test_an_ended_grant_is_ended_v1),
		world_test(test_an_ended_grant_is_ended_v2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
