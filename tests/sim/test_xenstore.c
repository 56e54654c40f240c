/* SPDX-License-Identifier: ISC */
/* XenStore as a store of pvbus, on the model: read, write, remove, and every way
 * in which its daemon can misbehave. */
#include <stdio.h>

#include "tests/support/request.h"
#include "tests/support/xenstore.h"

/* ---- Read ------------------------------------------------------------- */

static void
test_reads(void **state)
{
	struct world *world = *state;

	xenstore_world(world);
	put(world, "vm-data/name", "web-1");
	reads(world, "vm-data/name", "web-1");
	reads(world, "/local/domain/7/vm-data/name", "web-1");
	reads(world, "domid", "7");
	fails_to_read(world, "vm-data/missing", PV_ENOENT);
	fails_to_read(world, "/local/domain/7/missing", PV_ENOENT);
}

static void
test_refused(void **state)
{
	struct world *world = *state;

	xenstore_world(world);
	put(world, "/tool/secret", "x");
	fails_to_read(world, "/tool/secret", PV_EACCES);
	assert_int_equal(writes(world, "/tool/secret", "y"), PV_EACCES);
	assert_int_equal(removes(world, "/tool/secret"), PV_EACCES);
	assert_int_equal(writes(world, "name", "y"), PV_EACCES);
}

static void
test_bytes(void **state)
{
	struct world *world = *state;
	char bytes[256], got[256];
	size_t len;

	xenstore_world(world);
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)i;
	assert_int_equal(writes_bytes(world, "data/bytes", bytes,
			     sizeof(bytes)),
	    PV_OK);
	assert_int_equal(world_read(world, "data/bytes", got, sizeof(got),
			     &len),
	    PV_OK);
	assert_int_equal(len, sizeof(bytes));
	assert_memory_equal(got, bytes, sizeof(bytes));
}

static void
test_parts_of_a_value(void **state)
{
	struct world *world = *state;
	char got[16];
	size_t len;
	struct pv_kv kv = { .op = PV_READ,
		.flags = PV_KV_PARTIAL,
		.key = "data/value",
		.keylen = 10,
		.value = got,
		.room = 4,
		.offset = 3 };

	xenstore_world(world);
	assert_int_equal(writes(world, "data/value", "0123456789"), PV_OK);
	assert_int_equal(world_request(world, &kv), PV_OK);
	assert_int_equal(kv.len, 4);
	assert_int_equal(kv.actual, 10);
	assert_memory_equal(got, "3456", 4);
	kv.offset = 100;
	assert_int_equal(world_request(world, &kv), PV_OK);
	assert_int_equal(kv.len, 0);
	assert_int_equal(world_read(world, "data/value", got, 9, &len),
	    PV_ERANGE);
	assert_int_equal(len, 10);
}

/* K-15 of OpenBSD's xen. */
static void
test_directory_is_read_as_its_list(void **state)
{
	struct world *world = *state;
	struct pv_kv kv = { .op = PV_READ, .key = "data", .keylen = 4 };
	char got[8];

	xenstore_world(world);
	put(world, "data/a", "1");
	put(world, "data/b/c", "2");
	put(world, "data/empty", "");
	reads(world, "data", "a\nb\nempty");
	reads(world, "data/empty", "");
	reads(world, "data/b", "c");
	put(world, "data/b", "a value");
	reads(world, "data/b", "a value");
	kv.value = got;
	kv.room = 3;
	assert_int_equal(world_request(world, &kv), PV_ERANGE);
	assert_int_equal(kv.actual, 9);
	kv.flags = PV_KV_PARTIAL;
	kv.offset = 2;
	assert_int_equal(world_request(world, &kv), PV_OK);
	assert_memory_equal(got, "b\ne", 3);
}

/* ---- Write and remove ------------------------------------------------- */

static void
test_writes(void **state)
{
	struct world *world = *state;

	xenstore_world(world);
	assert_int_equal(writes(world, "data/deep/down/key", "value"), PV_OK);
	reads(world, "data/deep/down/key", "value");
	assert_int_equal(writes(world, "data/deep/down/key", ""), PV_OK);
	reads(world, "data/deep/down/key", "");
	assert_int_equal(writes(world, "/local/domain/7/data/x", "y"), PV_OK);
	reads(world, "data/x", "y");
}

/* A longer message would end the connection for good. */
static void
test_too_long_is_not_sent(void **state)
{
	struct world *world = *state;
	static char bytes[5000];
	uint64_t requests;

	xenstore_world(world);
	host_xenstore_quota(store(world))->node_size = 8192;
	memset(bytes, 'x', sizeof(bytes));
	requests = counts(world)->requests;
	assert_int_equal(writes_bytes(world, "data/long", bytes, 4096 - 9),
	    PV_EMSGSIZE);
	assert_int_equal(writes_bytes(world, "data/long", bytes, 5000),
	    PV_EMSGSIZE);
	assert_int_equal(counts(world)->requests, requests);
	assert_int_equal(writes_bytes(world, "data/long", bytes, 4096 - 10),
	    PV_OK);
	assert_int_equal(counts(world)->killed, 0);
}

static void
test_quota_of_the_host(void **state)
{
	struct world *world = *state;
	static char bytes[3000];

	xenstore_world(world);
	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(writes_bytes(world, "data/long", bytes, 3000),
	    PV_ENOMEM);
	fails_to_read(world, "data/long", PV_ENOENT);
}

static void
test_keys_that_are_none(void **state)
{
	static const char *const keys[] = { "a//b", "data/", "//", "a b", "a.b",
		"@releaseDomain", "\xc3\xa9", "data//" };
	struct world *world = *state;
	static char key[4000];
	uint64_t requests;

	xenstore_world(world);
	requests = counts(world)->requests;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		fails_to_read(world, keys[i], PV_EINVAL);
		assert_int_equal(writes(world, keys[i], "x"), PV_EINVAL);
		assert_int_equal(removes(world, keys[i]), PV_EINVAL);
	}
	memset(key, 'a', XEN_STORE_REL_PATH_MAX + 1);
	fails_to_read(world, key, PV_EMSGSIZE);
	memset(key, 'a', XEN_STORE_ABS_PATH_MAX + 1);
	key[0] = '/';
	fails_to_read(world, key, PV_EMSGSIZE);
	assert_int_equal(counts(world)->requests, requests);
}

static void
test_removes(void **state)
{
	struct world *world = *state;

	xenstore_world(world);
	assert_int_equal(writes(world, "data/a/b", "x"), PV_OK);
	assert_int_equal(removes(world, "data/a"), PV_OK);
	fails_to_read(world, "data/a/b", PV_ENOENT);
	assert_int_equal(removes(world, "data/a"), PV_ENOENT);
	assert_int_equal(removes(world, "nowhere/at/all"), PV_ENOENT);
}

/* ---- What it costs ---------------------------------------------------- */

static void
test_one_signal_for_a_request(void **state)
{
	struct world *world = *state;
	const struct pv_stats *stats;
	struct pv_stats before;

	xenstore_world(world);
	put(world, "data/key", "value");
	let_pass(world, PV_SECOND);
	stats = &world_device(world, "xen0")->stats;
	for (unsigned i = 0; i < 10; i++) {
		before = *stats;
		reads(world, "data/key", "value");
		assert_int_equal(stats->requests, before.requests + 1);
		assert_int_equal(stats->signals, before.signals + 1);
	}
}

static void
test_one_signal_for_several_requests(void **state)
{
	struct world *world = *state;
	static struct request requests[10];
	const struct pv_stats *stats;
	uint64_t signals;

	xenstore_world(world);
	put(world, "data/key", "value");
	let_pass(world, PV_SECOND);
	stats = &world_device(world, "xen0")->stats;
	signals = stats->signals;
	for (unsigned i = 0; i < 10; i++)
		request_begin(world, &requests[i], PV_READ, "data/key", 100);
	for (unsigned i = 0; i < 10; i++) {
		request_ends(world, &requests[i], PV_OK);
		request_brought(&requests[i], "value", 5);
	}
	assert_int_equal(stats->signals, signals + 1);
}

/* More than may be under way, and more than the ring holds. */
static void
test_many_at_once(void **state)
{
	struct world *world = *state;
	static struct request requests[200];
	static char text[2000];

	xenstore_world(world);
	memset(text, 'v', sizeof(text));
	assert_int_equal(writes_bytes(world, "data/key", text, 1500), PV_OK);
	for (unsigned i = 0; i < 200; i++)
		request_begin(world, &requests[i], PV_READ, "data/key", 1500);
	for (unsigned i = 0; i < 200; i++) {
		request_ends(world, &requests[i], PV_OK);
		request_brought(&requests[i], text, 1500);
	}
}

/* ---- A daemon that misbehaves ----------------------------------------- */

static void
test_29_never_answered(void **state)
{
	struct world *world = *state;
	static struct request request;
	struct pv_kv kv = { .op = PV_READ, .key = "name", .keylen = 4 };

	xenstore_world(world);
	manners(world)->silent = 1;
	request_begin(world, &request, PV_READ, "name", 100);
	request_ends(world, &request, PV_ETIMEDOUT);
	manners(world)->silent = 1;
	kv.deadline = sim_now(world->sim) + PV_SECOND;
	assert_int_equal(world_request(world, &kv), PV_ETIMEDOUT);
	/* the whole minute that its caller gave it */
	manners(world)->delay = 40 * PV_SECOND;
	kv.deadline = 0;
	assert_int_equal(world_request(world, &kv), PV_ERANGE);
	manners(world)->delay = 0;
	reads(world, "domid", "7");
}

static void
test_29_cancelled_and_answered_late(void **state)
{
	struct world *world = *state;
	static struct request request;

	xenstore_world(world);
	manners(world)->delay = PV_SECOND;
	request_begin(world, &request, PV_READ, "name", 100);
	let_pass(world, PV_SECOND / 2);
	pv_store_cancel(world->bus, &request.kv);
	assert_int_equal(request.kv.error, PV_EINTR);
	manners(world)->delay = 0;
	let_pass(world, PV_SECOND);
	reads(world, "domid", "7");
	assert_int_equal(request.dones, 1);
	assert_int_equal(world_device(world, "xen0")->stats.bad_id, 0);
}

static void
test_29_detached_with_requests_under_way(void **state)
{
	static const enum pv_op ops[] = { PV_READ, PV_LIST, PV_WATCH, PV_REMOVE,
		PV_WRITE };
	struct world *world = *state;
	static struct request requests[5];

	xenstore_world(world);
	manners(world)->silent = ~0u;
	for (unsigned i = 0; i < 5; i++)
		request_begin(world, &requests[i], ops[i], "data", 10);
	let_pass(world, PV_SECOND);
	pv_bus_detach(world->bus);
	world->bus = NULL;
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(requests[i].kv.error, PV_EINTR);
}

static void
test_51_wrong_id(void **state)
{
	struct world *world = *state;

	xenstore_world(world);
	manners(world)->wrong_id = 1;
	fails_to_read(world, "domid", PV_ETIMEDOUT);
	assert_true(world_device(world, "xen0")->stats.bad_id > 0);
	reads(world, "domid", "7");
}

static void
test_51_wrong_type(void **state)
{
	struct world *world = *state;

	xenstore_world(world);
	manners(world)->wrong_type = 1;
	fails_to_read(world, "domid", PV_EPROTO);
	assert_true(world_device(world, "xen0")->stats.bad_value > 0);
	reads(world, "domid", "7");
}

static void
test_29_answered_twice(void **state)
{
	struct world *world = *state;

	xenstore_world(world);
	manners(world)->twice = 5;
	for (unsigned i = 0; i < 10; i++)
		reads(world, "domid", "7");
	assert_int_equal(world_device(world, "xen0")->stats.bad_id, 5);
}

static void
test_52_too_long(void **state)
{
	struct world *world = *state;

	xenstore_world(world);
	manners(world)->too_long = 1;
	fails_to_read(world, "domid", PV_EPROTO);
	world_has_line(world, "xen0: XenStore: the host broke the protocol");
	assert_int_equal(world_device(world, "xen0")->stats.bad_length, 1);
	/* the connection is made anew, for the host can */
	reads(world, "domid", "7");
}

static void
test_52_one_byte_at_a_time(void **state)
{
	struct world *world = *state;

	xenstore_world(world);
	manners(world)->split = true;
	reads(world, "domid", "7");
	assert_int_equal(writes(world, "data/key", "value"), PV_OK);
	reads(world, "data/key", "value");
}

static void
test_53_error_names(void **state)
{
	struct world *world = *state;

	xenstore_world(world);
	manners(world)->unknown_error = 1;
	fails_to_read(world, "domid", PV_EIO);
	manners(world)->unterminated = 1;
	fails_to_read(world, "domid", PV_EINVAL);
	assert_true(world_device(world, "xen0")->stats.bad_text >= 2);
	reads(world, "domid", "7");
}

static void
test_1_index_beyond_the_ring(void **state)
{
	struct world *world = *state;

	xenstore_world(world);
	manners(world)->bad_indices = true;
	fails_to_read(world, "domid", PV_EPROTO);
	assert_int_equal(world_device(world, "xen0")->stats.bad_index, 1);
	reads(world, "domid", "7");
}

static void
test_host_wants_another_connection(void **state)
{
	struct world *world = *state;
	static struct request watch;

	xenstore_world(world);
	request_begin(world, &watch, PV_WATCH, "data/key", 100);
	request_ends(world, &watch, PV_ENOENT);
	request_begin(world, &watch, PV_WATCH, "data/key", 100);
	let_pass(world, PV_SECOND);
	manners(world)->reconnect = true;
	/* asked again, without a word to who asked */
	reads(world, "domid", "7");
	assert_false(watch.finished);
	put(world, "data/key", "x");
	request_ends(world, &watch, PV_OK);
	world_has_line(world,
	    "xen0: XenStore: the host wants another connection");
}

static void
test_host_sets_the_error_word(void **state)
{
	struct world *world = *state;

	xenstore_world(world);
	manners(world)->ring_error = true;
	let_pass(world, PV_SECOND);
	fails_to_read(world, "domid", PV_EPROTO);
	for (unsigned i = 0; i < 20; i++)
		reads(world, "domid", "7");
}

/* A connection that does not come back is given up, and nothing waits. */
static void
test_connection_lost_for_good(void **state)
{
	struct world *world = *state;
	static struct request requests[3];

	xenstore_world(world);
	request_begin(world, &requests[0], PV_WATCH, "data/key", 100);
	request_ends(world, &requests[0], PV_ENOENT);
	request_begin(world, &requests[0], PV_WATCH, "data/key", 100);
	manners(world)->too_long = ~0u;
	request_begin(world, &requests[1], PV_READ, "domid", 100);
	request_ends(world, &requests[1], PV_EPROTO);
	let_pass(world, 3600 * PV_SECOND);
	request_begin(world, &requests[2], PV_READ, "domid", 100);
	request_ends(world, &requests[2], PV_EPROTO);
	request_ends(world, &requests[0], PV_EPROTO);
	world_has_line(world,
	    "xen0: XenStore: the connection is lost for good");
}

static void
test_42_lost_events(void **state)
{
	struct world *world = *state;

	xenstore_world(world);
	host_xen_manners(world_xen(world))->drop_events = true;
	for (unsigned i = 0; i < 5; i++)
		reads(world, "domid", "7");
	assert_int_equal(writes(world, "data/key", "value"), PV_OK);
	host_xen_manners(world_xen(world))->drop_events = false;
	host_xen_manners(world_xen(world))->lose_events = true;
	reads(world, "data/key", "value");
}

static void
test_39_storm_of_events(void **state)
{
	struct world *world = *state;
	uint32_t port;

	xenstore_world(world);
	port = host_xenstore_port(store(world));
	for (unsigned i = 0; i < 10000; i++) {
		host_xen_raise(world_xen(world), port);
		if (i % 100 == 0)
			reads(world, "domid", "7");
	}
	assert_true(world_device(world, "xen0")->stats.spurious > 0);
}

static void
test_50_no_memory(void **state)
{
	struct world *world = *state;
	static const enum pv_op ops[] = { PV_READ, PV_LIST, PV_WATCH, PV_REMOVE,
		PV_WRITE };

	xenstore_world(world);
	put(world, "vm-data/key", "value");
	put(world, "vm-data/dir/key", "value");
	for (unsigned op = 0; op < 5; op++)
		for (unsigned nth = 1; nth < 20; nth++) {
			struct request request = { .dones = 0 };

			sim_machine_fail_alloc(world->machine, nth);
			request_begin(world, &request, ops[op], "vm-data", 100);
			let_pass(world, 20 * PV_SECOND);
			sim_machine_fail_alloc(world->machine, 0);
			assert_int_equal(request.dones, 1);
		}
	reads(world, "vm-data/key", "value");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_reads),
		world_test(test_refused),
		world_test(test_bytes),
		world_test(test_parts_of_a_value),
		world_test(test_directory_is_read_as_its_list),
		world_test(test_writes),
		world_test(test_too_long_is_not_sent),
		world_test(test_quota_of_the_host),
		world_test(test_keys_that_are_none),
		world_test(test_removes),
		world_test(test_one_signal_for_a_request),
		world_test(test_one_signal_for_several_requests),
		world_test(test_many_at_once),
		world_test(test_29_never_answered),
		world_test(test_29_cancelled_and_answered_late),
		world_test(test_29_detached_with_requests_under_way),
		world_test(test_51_wrong_id),
		world_test(test_51_wrong_type),
		world_test(test_29_answered_twice),
		world_test(test_52_too_long),
		world_test(test_52_one_byte_at_a_time),
		world_test(test_53_error_names),
		world_test(test_1_index_beyond_the_ring),
		world_test(test_host_wants_another_connection),
		world_test(test_host_sets_the_error_word),
		world_test(test_connection_lost_for_good),
		world_test(test_42_lost_events),
		world_test(test_39_storm_of_events),
		world_test(test_50_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
