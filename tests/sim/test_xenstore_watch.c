/* SPDX-License-Identifier: ISC */
/* Watches of the store by XenStore's own: what is news, what it costs, how many
 * there can be. */
#include <stdio.h>

#include "tests/support/request.h"
#include "tests/support/xenstore.h"

static void
watch(struct world *world, struct request *request, const char *key)
{
	request_begin(world, request, PV_WATCH, key, 100);
}

static void
waits(struct world *world, const struct request *request)
{
	let_pass(world, PV_SECOND);
	assert_false(request->finished);
}

/* As it is now: what the next watch has seen. */
static void
seen(struct world *world, struct request *request, const char *key, int error)
{
	watch(world, request, key);
	request_ends(world, request, error);
}

static void
test_follows_a_value(void **state)
{
	struct world *world = *state;
	static struct request request;

	xenstore_world(world);
	put(world, "data/key", "one");
	seen(world, &request, "data/key", PV_OK);
	request_brought(&request, "one", 3);
	watch(world, &request, "data/key");
	waits(world, &request);
	put(world, "data/key", "two");
	request_ends(world, &request, PV_OK);
	request_brought(&request, "two", 3);
	/* one that it did not wait for */
	put(world, "data/key", "three");
	seen(world, &request, "data/key", PV_OK);
	request_brought(&request, "three", 5);
}

static void
test_same_value_is_no_news(void **state)
{
	struct world *world = *state;
	static struct request request;

	xenstore_world(world);
	put(world, "data/key", "one");
	seen(world, &request, "data/key", PV_OK);
	watch(world, &request, "data/key");
	for (unsigned i = 0; i < 5; i++) {
		put(world, "data/key", "one");
		put(world, "data/key/below", "x");
		waits(world, &request);
	}
	put(world, "data/key", "two");
	request_ends(world, &request, PV_OK);
}

static void
test_comes_and_goes(void **state)
{
	struct world *world = *state;
	static struct request request;

	xenstore_world(world);
	seen(world, &request, "data/key", PV_ENOENT);
	assert_true(request.kv.seen != 0);
	watch(world, &request, "data/key");
	waits(world, &request);
	put(world, "data/key", "here");
	request_ends(world, &request, PV_OK);
	watch(world, &request, "data/key");
	waits(world, &request);
	take_away(world, "data");
	request_ends(world, &request, PV_ENOENT);
	watch(world, &request, "data/key");
	waits(world, &request);
	pv_store_cancel(world->bus, &request.kv);
}

static void
test_follows_a_list(void **state)
{
	struct world *world = *state;
	static struct request request;

	xenstore_world(world);
	put(world, "data/a", "1");
	seen(world, &request, "data/", PV_OK);
	request_brought(&request, "a", 2);
	watch(world, &request, "data/");
	put(world, "data/a", "2");
	waits(world, &request);
	put(world, "data/a/b", "2");
	request_ends(world, &request, PV_OK);
	request_brought(&request, "a/", 3);
	/* without the slash it is the value that READ would give */
	request.kv.seen = 0;
	seen(world, &request, "data", PV_OK);
	request_brought(&request, "a", 1);
}

static void
test_does_not_fit(void **state)
{
	struct world *world = *state;
	static struct request request;

	xenstore_world(world);
	put(world, "data/key", "0123456789");
	request_begin(world, &request, PV_WATCH, "data/key", 3);
	request_ends(world, &request, PV_ERANGE);
	assert_int_equal(request.kv.actual, 10);
	request_begin(world, &request, PV_WATCH, "data/key", 3);
	waits(world, &request);
	put(world, "data/key", "no");
	request_ends(world, &request, PV_OK);
}

static void
test_deadline(void **state)
{
	struct world *world = *state;
	static struct request request;

	xenstore_world(world);
	seen(world, &request, "data/key", PV_ENOENT);
	request.kv.deadline = sim_now(world->sim) + 5 * PV_SECOND;
	request.finished = false;
	request.dones = 0;
	pv_store_submit(world->bus, pv_bus_interface(world->bus, 0),
	    &request.kv);
	let_pass(world, 4 * PV_SECOND);
	assert_false(request.finished);
	request_ends(world, &request, PV_ETIMEDOUT);
}

static void
test_refused(void **state)
{
	struct world *world = *state;
	static struct request request;

	xenstore_world(world);
	put(world, "/tool/secret", "x");
	seen(world, &request, "/tool/secret", PV_EACCES);
	request.kv.seen = 0;
	seen(world, &request, "@releaseDomain", PV_EINVAL);
	seen(world, &request, "a//b", PV_EINVAL);
}

/* However many wait for a key, XenStore has one watch. */
static void
test_one_watch_for_a_key(void **state)
{
	struct world *world = *state;
	static struct request requests[50];
	unsigned before;

	xenstore_world(world);
	put(world, "data/key", "one");
	let_pass(world, PV_SECOND);
	before = counts(world)->watches;
	for (unsigned i = 0; i < 50; i++)
		seen(world, &requests[i], "data/key", PV_OK);
	for (unsigned i = 0; i < 50; i++)
		watch(world, &requests[i], "data/key");
	let_pass(world, PV_SECOND);
	assert_int_equal(counts(world)->watches, before + 1);
	put(world, "data/key", "two");
	for (unsigned i = 0; i < 50; i++)
		request_ends(world, &requests[i], PV_OK);
	/* it goes some time after the last of them */
	let_pass(world, PV_SECOND);
	assert_int_equal(counts(world)->watches, before + 1);
	let_pass(world, 60 * PV_SECOND);
	assert_int_equal(counts(world)->watches, before);
}

/* A watch again and again costs a read each, and no watch of XenStore. */
static void
test_what_it_costs(void **state)
{
	struct world *world = *state;
	static struct request request;
	const struct pv_stats *stats;
	uint64_t requests;

	xenstore_world(world);
	put(world, "data/key", "one");
	stats = &world_device(world, "xen0")->stats;
	requests = stats->requests;
	seen(world, &request, "data/key", PV_OK);
	assert_int_equal(stats->requests, requests + 2);
	for (unsigned i = 0; i < 10; i++) {
		requests = stats->requests;
		watch(world, &request, "data/key");
		waits(world, &request);
		assert_int_equal(stats->requests, requests + 1);
		put(world, "data/key", i % 2 == 0 ? "two" : "one");
		request_ends(world, &request, PV_OK);
		assert_int_equal(stats->requests, requests + 2);
	}
	/* and nothing while nothing happens */
	watch(world, &request, "data/key");
	waits(world, &request);
	requests = stats->requests;
	let_pass(world, 3600 * PV_SECOND);
	assert_int_equal(stats->requests, requests);
}

static void
test_watches_run_out(void **state)
{
	struct world *world = *state;
	static struct request requests[97];
	static char keys[97][16];

	xenstore_world(world);
	for (unsigned i = 0; i < 97; i++) {
		snprintf(keys[i], sizeof(keys[i]), "data/%u", i);
		requests[i].kv.seen = 1; /* that it is absent */
		watch(world, &requests[i], keys[i]);
	}
	request_ends(world, &requests[96], PV_ENOMEM);
	for (unsigned i = 0; i < 96; i++)
		assert_false(requests[i].finished);
	put(world, keys[50], "x");
	request_ends(world, &requests[50], PV_OK);
	watch(world, &requests[96], keys[96]);
	waits(world, &requests[96]);
}

/* Of the host's quota, others may have used more. */
static void
test_watches_run_out_at_the_host(void **state)
{
	struct world *world = *state;
	static struct request request;

	xenstore_world(world);
	host_xenstore_quota(store(world))->watches = counts(world)->watches - 1;
	seen(world, &request, "data/key", PV_ENOMEM);
	host_xenstore_quota(store(world))->watches = 128;
	seen(world, &request, "data/key", PV_ENOENT);
}

static void
test_54_flood(void **state)
{
	struct world *world = *state;
	static struct request request;
	size_t memory;

	xenstore_world(world);
	put(world, "data/key", "one");
	seen(world, &request, "data/key", PV_OK);
	watch(world, &request, "data/key");
	let_pass(world, PV_SECOND);
	memory = sim_machine_counts(world->machine)->memory;
	manners(world)->flood = 20000;
	reads(world, "domid", "7");
	let_pass(world, PV_SECOND);
	assert_false(request.finished);
	assert_int_equal(sim_machine_counts(world->machine)->memory, memory);
	put(world, "data/key", "two");
	request_ends(world, &request, PV_OK);
}

static void
test_54_junk_events(void **state)
{
	struct world *world = *state;
	static struct request request;
	const struct pv_stats *stats;

	xenstore_world(world);
	stats = &world_device(world, "xen0")->stats;
	seen(world, &request, "data/key", PV_ENOENT);
	watch(world, &request, "data/key");
	manners(world)->junk_events = 20;
	for (unsigned i = 0; i < 20; i++)
		reads(world, "domid", "7");
	waits(world, &request);
	assert_true(stats->bad_text + stats->bad_id >= 20);
	put(world, "data/key", "x");
	request_ends(world, &request, PV_OK);
}

/* While it is looked at, it changes. */
static void
test_changes_under_way(void **state)
{
	struct world *world = *state;
	static struct request request;
	char value[16];

	xenstore_world(world);
	put(world, "data/key", "0");
	seen(world, &request, "data/key", PV_OK);
	for (unsigned i = 0; i < 200; i++) {
		snprintf(value, sizeof(value), "%u", i + 1);
		watch(world, &request, "data/key");
		let_pass(world, sim_random(world->sim, 100000));
		put(world, "data/key", value);
		let_pass(world, sim_random(world->sim, 100000));
		put(world, "data/key", "0");
		let_pass(world, sim_random(world->sim, 100000));
		put(world, "data/key", value);
		if (!request.finished)
			request_ends(world, &request, PV_OK);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_follows_a_value),
		world_test(test_same_value_is_no_news),
		world_test(test_comes_and_goes),
		world_test(test_follows_a_list),
		world_test(test_does_not_fit),
		world_test(test_deadline),
		world_test(test_refused),
		world_test(test_one_watch_for_a_key),
		world_test(test_what_it_costs),
		world_test(test_watches_run_out),
		world_test(test_watches_run_out_at_the_host),
		world_test(test_54_flood),
		world_test(test_54_junk_events),
		world_test(test_changes_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
