/* SPDX-License-Identifier: ISC */
/* Lists out of XenStore: one directory, all below it, and those that are larger
 * than a message. */
#include <stdio.h>

#include "tests/support/request.h"
#include "tests/support/xenstore.h"

static char names[PV_KV_MAX];
static size_t len;

static int
lists(struct world *world, const char *key, bool recursive)
{
	return world_list(world, key, recursive, names, sizeof(names), &len);
}

/* `expected` has a newline where the list has a NUL. */
static void
is(const char *expected)
{
	for (size_t i = 0; i < len; i++)
		if (names[i] == '\0')
			names[i] = '\n';
	names[len] = '\0';
	assert_string_equal(names, expected);
}

static void
test_lists(void **state)
{
	struct world *world = *state;

	xenstore_world(world);
	put(world, "data/a", "1");
	put(world, "data/b/c/d", "2");
	put(world, "data/b/e", "3");
	put(world, "data/f", "");
	assert_int_equal(lists(world, "data", false), PV_OK);
	is("a\nb/\nf\n");
	assert_int_equal(lists(world, "data/", false), PV_OK);
	is("a\nb/\nf\n");
	assert_int_equal(lists(world, "/local/domain/7/data/b", false), PV_OK);
	is("c/\ne\n");
	assert_int_equal(lists(world, "data", true), PV_OK);
	is("a\nb/c/d\nb/e\nf\n");
	assert_int_equal(lists(world, "data/f", false), PV_OK);
	is("");
	assert_int_equal(lists(world, "data/missing", false), PV_ENOENT);
}

/* Relative paths cannot say it. */
static void
test_lists_the_top(void **state)
{
	struct world *world = *state;

	xenstore_world(world);
	assert_int_equal(lists(world, "", false), PV_OK);
	assert_non_null(memmem(names, len, "device/", 8));
	assert_non_null(memmem(names, len, "domid", 6));
	assert_int_equal(lists(world, "", true), PV_OK);
	assert_non_null(memmem(names, len, "control/shutdown", 17));
}

static void
test_lists_the_root(void **state)
{
	struct world *world = *state;
	const char *const everybody[] = { "r0" };

	xenstore_world(world);
	put(world, "/tool/x", "1");
	assert_true(host_xenstore_permit(store(world), "/", everybody, 1));
	assert_int_equal(lists(world, "/", false), PV_OK);
	assert_non_null(memmem(names, len, "local", 5));
	assert_non_null(memmem(names, len, "tool", 4));
}

static void
test_refused_below(void **state)
{
	struct world *world = *state;
	const char *const nobody[] = { "n0" };
	char path[64];

	xenstore_world(world);
	put(world, "vm-data/a", "1");
	put(world, "vm-data/secret/b", "2");
	host_xenstore_home(store(world), path, sizeof(path), "vm-data/secret");
	assert_true(host_xenstore_permit(store(world), path, nobody, 1));
	assert_int_equal(lists(world, "vm-data", false), PV_OK);
	is("a\nsecret\n");
	assert_int_equal(lists(world, "vm-data", true), PV_OK);
	is("a\nsecret\n");
	assert_int_equal(lists(world, "vm-data/secret", false), PV_EACCES);
}

static void
test_does_not_fit(void **state)
{
	struct world *world = *state;
	struct pv_kv kv = { .op = PV_LIST, .key = "data", .keylen = 4 };

	xenstore_world(world);
	put(world, "data/abc/d", "");
	put(world, "data/e", "");
	kv.value = names;
	kv.room = 6;
	memset(names, '#', 16);
	assert_int_equal(world_request(world, &kv), PV_ERANGE);
	assert_int_equal(kv.actual, 7);
	assert_int_equal(names[0], '#');
	kv.room = 7;
	assert_int_equal(world_request(world, &kv), PV_OK);
	assert_int_equal(kv.len, 7);
}

/* Names in one go, then a request for each, many of them at a time. */
static void
test_what_a_list_costs(void **state)
{
	struct world *world = *state;
	const struct pv_stats *stats;
	uint64_t requests, signals;
	char key[32];

	xenstore_world(world);
	for (unsigned i = 0; i < 64; i++) {
		snprintf(key, sizeof(key), "data/%02u", i);
		put(world, key, "");
	}
	let_pass(world, PV_SECOND);
	stats = &world_device(world, "xen0")->stats;
	requests = stats->requests;
	signals = stats->signals;
	assert_int_equal(lists(world, "data", false), PV_OK);
	assert_int_equal(len, 64 * 3);
	assert_int_equal(stats->requests, requests + 65);
	assert_true(stats->signals - signals < 40);
	/* as a value there is no need to know which are directories */
	requests = stats->requests;
	assert_int_equal(world_read(world, "data", names, sizeof(names), &len),
	    PV_OK);
	assert_int_equal(stats->requests, requests + 2);
}

static void
many(struct world *world, unsigned count)
{
	char key[64];

	host_xenstore_quota(store(world))->nodes = 1000000;
	host_xenstore_quota(store(world))->node_size = 10000000;
	for (unsigned i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "data/name-%05u", i);
		put(world, key, "");
	}
}

/* 4096 bytes are 372 such names. */
static void
test_in_parts(void **state)
{
	struct world *world = *state;
	char name[16];

	xenstore_world(world);
	many(world, 2000);
	assert_int_equal(lists(world, "data", false), PV_OK);
	assert_int_equal(len, 2000 * 11);
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "name-%05u", i);
		assert_string_equal(names + i * 11, name);
	}
	assert_int_equal(world_read(world, "data", names, sizeof(names), &len),
	    PV_OK);
	assert_int_equal(len, 2000 * 11 - 1);
}

static void
test_parts_below(void **state)
{
	struct world *world = *state;

	xenstore_world(world);
	many(world, 1000);
	put(world, "attr/x", "1");
	assert_int_equal(lists(world, "", false), PV_OK);
	assert_non_null(memmem(names, len, "data/", 6));
	assert_int_equal(lists(world, "", true), PV_OK);
	assert_non_null(memmem(names, len, "data/name-00999", 16));
}

/* Nothing can carry such a list; the host is not asked for all of it, however
 * long it goes on. */
static void
test_55_more_names_than_an_answer_holds(void **state)
{
	struct world *world = *state;
	uint64_t requests;

	xenstore_world(world);
	many(world, 20000);
	let_pass(world, PV_SECOND);
	requests = counts(world)->requests;
	assert_int_equal(lists(world, "data", false), PV_EMSGSIZE);
	assert_true(counts(world)->requests - requests < 32);
	reads(world, "domid", "7");
}

/* Four of each of the four directories. */
static void
test_names_that_none_may_have(void **state)
{
	struct world *world = *state;
	const struct pv_stats *stats;

	xenstore_world(world);
	put(world, "data/a", "1");
	put(world, "data/b/c", "2");
	stats = &world_device(world, "xen0")->stats;
	assert_int_equal(stats->bad_text, 0);
	manners(world)->bad_names = ~0u;
	assert_int_equal(lists(world, "data", true), PV_OK);
	is("a\nb/c\n");
	assert_int_equal(stats->bad_text, 16);
	assert_int_equal(lists(world, "data", false), PV_OK);
	is("a\nb/\n");
	assert_int_equal(stats->bad_text, 20);
}

static void
test_55_changing_between_parts(void **state)
{
	struct world *world = *state;
	uint64_t requests;

	xenstore_world(world);
	many(world, 2000);
	manners(world)->part_moves = true;
	let_pass(world, PV_SECOND);
	requests = counts(world)->requests;
	assert_int_equal(lists(world, "data", false), PV_EAGAIN);
	assert_true(counts(world)->requests - requests < 50);
	manners(world)->part_moves = false;
	assert_int_equal(lists(world, "data", false), PV_OK);
}

static void
test_55_changed_once_between_parts(void **state)
{
	struct world *world = *state;
	static struct request request;

	xenstore_world(world);
	many(world, 2000);
	manners(world)->delay = PV_MILLISECOND;
	request_begin(world, &request, PV_LIST, "data", 0);
	let_pass(world, 4 * PV_MILLISECOND);
	put(world, "data/name-00000a", "");
	manners(world)->delay = 0;
	request_ends(world, &request, PV_ERANGE);
	assert_int_equal(request.kv.actual, 2000 * 11 + 12);
}

/* C xenstored before 4.9. */
static void
test_55_host_without_parts(void **state)
{
	struct world *world = *state;

	xenstore_world(world);
	many(world, 2000);
	manners(world)->no_part = true;
	assert_int_equal(lists(world, "data", false), PV_EMSGSIZE);
	/* that it has names is known all the same */
	assert_int_equal(lists(world, "", false), PV_OK);
	assert_non_null(memmem(names, len, "data/", 6));
}

/* More below than a message holds, or an answer can. */
static void
test_recursive_and_too_much(void **state)
{
	struct world *world = *state;
	char key[512], deep[450];

	xenstore_world(world);
	host_xenstore_quota(store(world))->nodes = 1000000;
	memset(deep, 'd', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	for (unsigned i = 0; i < 200; i++) {
		snprintf(key, sizeof(key), "data/%s/%u", deep, i);
		put(world, key, "");
	}
	assert_int_equal(lists(world, "data", true), PV_EMSGSIZE);
	assert_int_equal(lists(world, "data", false), PV_OK);
	assert_int_equal(len, sizeof(deep) - 1 + 2);
}

/* Deeper than a path can be named. */
static void
test_deep(void **state)
{
	struct world *world = *state;
	char key[2200] = "data";

	xenstore_world(world);
	host_xenstore_quota(store(world))->nodes = 1000000;
	while (strlen(key) < 2000)
		strcat(key, "/a");
	put(world, key, "");
	assert_int_equal(lists(world, "data", true), PV_OK);
	assert_int_equal(len, strlen(key) - 5 + 1);
}

static void
test_cancelled_at_each_moment(void **state)
{
	struct world *world = *state;

	xenstore_world(world);
	many(world, 500);
	manners(world)->delay = PV_MILLISECOND;
	for (unsigned i = 0; i < 60; i++) {
		struct request request = { .dones = 0 };

		request_begin(world, &request, PV_LIST, "data", 100);
		let_pass(world, i * PV_MILLISECOND);
		if (request.finished)
			break;
		pv_store_cancel(world->bus, &request.kv);
		assert_int_equal(request.dones, 1);
	}
	manners(world)->delay = 0;
	reads(world, "domid", "7");
}

static void
test_29_silent_half_way(void **state)
{
	struct world *world = *state;
	static struct request request;

	xenstore_world(world);
	many(world, 100);
	manners(world)->delay = PV_MILLISECOND;
	request_begin(world, &request, PV_LIST, "data", 100);
	let_pass(world, 5 * PV_MILLISECOND);
	manners(world)->silent = 3;
	request_ends(world, &request, PV_ETIMEDOUT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_lists),
		world_test(test_lists_the_top),
		world_test(test_lists_the_root),
		world_test(test_refused_below),
		world_test(test_does_not_fit),
		world_test(test_what_a_list_costs),
		world_test(test_in_parts),
		world_test(test_parts_below),
		world_test(test_55_more_names_than_an_answer_holds),
		world_test(test_names_that_none_may_have),
		world_test(test_55_changing_between_parts),
		world_test(test_55_changed_once_between_parts),
		world_test(test_55_host_without_parts),
		world_test(test_recursive_and_too_much),
		world_test(test_deep),
		world_test(test_cancelled_at_each_moment),
		world_test(test_29_silent_half_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
