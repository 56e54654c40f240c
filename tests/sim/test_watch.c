/* SPDX-License-Identifier: ISC */
/* Watches of a store that has none of its own: made out of reads. */
#include "tests/support/memory_store.h"
#include "tests/support/request.h"

#include <stdio.h>

/* ---- Watches made out of reads ---------------------------------------- */

static void
test_watch_answers_first_at_once(void **state)
{
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	struct request watch = { 0 };

	memory_store_set(store, "key", "value", 5);
	request_begin(world, &watch, PV_WATCH, "key", 16);
	assert_int_equal(watch.dones, 1);
	assert_int_equal(watch.kv.error, PV_OK);
	request_brought(&watch, "value", 5);
	assert_true(watch.kv.seen != 0);
	/* also of a key that is not there */
	watch.kv.seen = 0;
	request_begin(world, &watch, PV_WATCH, "not", 16);
	assert_int_equal(watch.dones, 1);
	assert_int_equal(watch.kv.error, PV_ENOENT);
	assert_true(watch.kv.seen != 0);
}

static void
test_watch_sees_a_change(void **state)
{
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	struct request watch = { 0 };
	uint64_t start;

	memory_store_set(store, "key", "one", 3);
	request_begin(world, &watch, PV_WATCH, "key", 16);
	request_begin(world, &watch, PV_WATCH, "key", 16);
	let_pass(world, 10 * PV_SECOND);
	assert_int_equal(watch.dones, 0);
	/* a look each second, and the one it began with */
	assert_in_range(store->started, 11, 13);
	memory_store_set(store, "key", "two", 3);
	start = sim_now(world->sim);
	request_ends(world, &watch, PV_OK);
	assert_in_range(sim_now(world->sim) - start, 0, PV_SECOND);
	request_brought(&watch, "two", 3);
	/* one bit, the length, and the same length of other bytes */
	request_begin(world, &watch, PV_WATCH, "key", 16);
	memory_store_set(store, "key", "twn", 3);
	request_ends(world, &watch, PV_OK);
	request_begin(world, &watch, PV_WATCH, "key", 16);
	memory_store_set(store, "key", "tw", 2);
	request_ends(world, &watch, PV_OK);
	request_begin(world, &watch, PV_WATCH, "key", 16);
	memory_store_set(store, "key", "tw\0", 3);
	request_ends(world, &watch, PV_OK);
	request_brought(&watch, "tw\0", 3);
	request_begin(world, &watch, PV_WATCH, "key", 16);
	memory_store_set(store, "key", "", 0);
	request_ends(world, &watch, PV_OK);
	request_brought(&watch, "", 0);
}

static void
test_watch_interval(void **state)
{
	struct world *world = *state;
	struct memory_store *store;
	struct request watch = { 0 };
	static const struct pv_driver *const drivers[] = { &memory_xen_driver,
		NULL };

	world_machine(world, "xen");
	assert_int_equal(
	    pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
						       world->machine),
			      .drivers = drivers,
			      .watch_interval = 10 * PV_MILLISECOND },
		&world->bus),
	    PV_OK);
	store = pv_bus_devices(world->bus)->softc;
	store->sim = world->sim;
	request_begin(world, &watch, PV_WATCH, "key", 16);
	request_begin(world, &watch, PV_WATCH, "key", 16);
	store->started = 0;
	let_pass(world, PV_SECOND);
	assert_in_range(store->started, 99, 101);
	pv_store_cancel(world->bus, &watch.kv);
}

static void
test_watch_value_gone_and_back(void **state)
{
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	struct request watch = { 0 };
	uint64_t seen;

	memory_store_set(store, "key", "one", 3);
	request_begin(world, &watch, PV_WATCH, "key", 16);
	seen = watch.kv.seen;
	request_begin(world, &watch, PV_WATCH, "key", 16);
	memory_store_unset(store, "key");
	request_ends(world, &watch, PV_ENOENT);
	/* told once; then it waits */
	request_begin(world, &watch, PV_WATCH, "key", 16);
	let_pass(world, 20 * PV_SECOND);
	assert_int_equal(watch.dones, 0);
	memory_store_set(store, "key", "one", 3);
	request_ends(world, &watch, PV_OK);
	request_brought(&watch, "one", 3);
	assert_true(watch.kv.seen == seen);
}

/* Larger than what one look takes, with room for it and without. */
static void
test_watch_large_value(void **state)
{
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	struct request watch = { 0 };
	enum {
		SIZE = 300000
	};
	char *value = malloc(SIZE), *got = malloc(SIZE);

	for (unsigned i = 0; i < SIZE; i++)
		value[i] = (char)(i * 7 + i / 251);
	memory_store_set(store, "key", value, SIZE);
	for (unsigned pass = 0; pass < 3; pass++) {
		uint64_t seen = watch.kv.seen;

		memset(got, '#', SIZE);
		watch = (struct request){ .kv = { .op = PV_WATCH,
					      .key = "key",
					      .keylen = 3,
					      .value = got,
					      .room = SIZE,
					      .deadline = PV_NEVER,
					      .seen = seen,
					      .done = request_done,
					      .owner = &watch } };
		pv_store_submit(world->bus, pv_bus_interface(world->bus, 0),
		    &watch.kv);
		if (pass == 1)
			value[SIZE - 1] ^= 1; /* the last byte counts */
		if (pass == 2)
			value[SIZE / 2] ^= 1;
		memory_store_set(store, "key", value, SIZE);
		request_ends(world, &watch, PV_OK);
		assert_int_equal(watch.kv.len, SIZE);
		assert_memory_equal(got, value, SIZE);
	}
	free(value);
	free(got);
}

/* Room below and above the piece that a look takes, each with a value that
 * just fits, and one that does not. */
static void
test_watch_at_each_size(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 1022, 1023, 1024, 1025, 1026,
		1500, 2046, 2047, 2048 };
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	char value[2048];

	for (unsigned i = 0; i < sizeof(value); i++)
		value[i] = (char)(i * 31 + i / 256);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (size_t room = 0; room <= 2048; room++) {
			struct request watch = { 0 };

			memory_store_set(store, "key", value, sizes[i]);
			request_begin(world, &watch, PV_WATCH, "key", room);
			assert_int_equal(watch.dones, 1);
			assert_int_equal(watch.kv.error,
			    sizes[i] > room ? PV_ERANGE : PV_OK);
			assert_int_equal(watch.kv.actual, sizes[i]);
			assert_true(watch.kv.seen != 0);
			if (sizes[i] > room)
				assert_int_equal(watch.kv.len, 0);
			else
				request_brought(&watch, value, sizes[i]);
			if (room == 3)
				room = 1020;
			if (room == 1030)
				room = 2040;
		}
}

/* As a read: nothing is written. */
static void
test_watch_too_small_room(void **state)
{
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	static const size_t rooms[] = { 0, 4, 1100 };
	char value[1500];

	memset(value, 'v', sizeof(value));
	memory_store_set(store, "key", value, sizeof(value));
	for (unsigned i = 0; i < 3; i++) {
		struct request watch = { 0 };

		request_begin(world, &watch, PV_WATCH, "key", rooms[i]);
		request_ends(world, &watch, PV_ERANGE);
		assert_true(watch.kv.seen != 0);
		assert_int_equal(watch.kv.actual, sizeof(value));
		assert_int_equal(watch.kv.len, 0);
		for (unsigned at = 0; at < sizeof(watch.value); at++)
			assert_int_equal(watch.value[at], '#');
		/* `seen` is that of the value, which does not change */
		request_begin(world, &watch, PV_WATCH, "key", rooms[i]);
		let_pass(world, 10 * PV_SECOND);
		assert_int_equal(watch.dones, 0);
		/* until its last byte does */
		value[sizeof(value) - 1] ^= 1;
		memory_store_set(store, "key", value, sizeof(value));
		request_ends(world, &watch, PV_ERANGE);
		assert_int_equal(watch.kv.actual, sizeof(value));
	}
}

static void
test_watch_of_a_list(void **state)
{
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	struct request watch = { 0 };

	memory_store_set(store, "dir/a", "1", 1);
	request_begin(world, &watch, PV_WATCH, "dir/", 64);
	request_ends(world, &watch, PV_OK);
	assert_memory_equal(watch.value, "a", 2);
	assert_int_equal(watch.kv.len, 2);
	request_begin(world, &watch, PV_WATCH, "dir/", 64);
	/* a value below it is no change of the list */
	memory_store_set(store, "dir/a", "2", 1);
	let_pass(world, 5 * PV_SECOND);
	assert_int_equal(watch.dones, 0);
	memory_store_set(store, "dir/b/c", "1", 1);
	request_ends(world, &watch, PV_OK);
	assert_int_equal(watch.kv.len, 5);
	assert_memory_equal(watch.value, "a\0b/", 5);
	request_begin(world, &watch, PV_WATCH, "dir/", 64);
	memory_store_unset(store, "dir/a");
	memory_store_unset(store, "dir/b/c");
	request_ends(world, &watch, PV_ENOENT);
	request_begin(world, &watch, PV_WATCH, "dir/", 64);
	let_pass(world, 5 * PV_SECOND);
	assert_int_equal(watch.dones, 0);
	memory_store_set(store, "dir/a", "1", 1);
	request_ends(world, &watch, PV_OK);
	/* "dir" is a key, and watched as one */
	watch.kv.seen = 0;
	request_begin(world, &watch, PV_WATCH, "dir", 64);
	request_ends(world, &watch, PV_ENOENT);
}

static void
test_watch_of_a_list_without_lists(void **state)
{
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	struct request watch = { 0 };

	store->store.ops = 1u << PV_READ;
	request_begin(world, &watch, PV_WATCH, "dir/", 64);
	request_ends(world, &watch, PV_ENOTSUP);
}

static void
test_watch_deadline(void **state)
{
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	struct request watch = { 0 };
	uint64_t start, seen;

	memory_store_set(store, "key", "one", 3);
	request_begin(world, &watch, PV_WATCH, "key", 16);
	seen = watch.kv.seen;
	/* between two looks, and while one is under way */
	for (unsigned looking = 0; looking < 2; looking++) {
		start = sim_now(world->sim);
		store->silent = looking;
		request_begin(world, &watch, PV_WATCH, "key", 16);
		watch.kv.deadline = start + 2500 * PV_MILLISECOND;
		request_ends(world, &watch, PV_ETIMEDOUT);
		assert_true(
		    sim_now(world->sim) == start + 2500 * PV_MILLISECOND);
		assert_true(watch.kv.seen == seen);
		assert_int_equal(watch.kv.len, 0);
		assert_int_equal(memory_store_pending(store), 0);
		assert_int_equal(store->cancelled, looking);
	}
}

static void
test_watch_cancel(void **state)
{
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	struct request watch = { 0 };

	memory_store_set(store, "key", "one", 3);
	request_begin(world, &watch, PV_WATCH, "key", 16);
	for (unsigned looking = 0; looking < 2; looking++) {
		store->silent = looking;
		request_begin(world, &watch, PV_WATCH, "key", 16);
		let_pass(world, 3 * PV_SECOND);
		pv_store_cancel(world->bus, &watch.kv);
		assert_int_equal(watch.dones, 1);
		assert_int_equal(watch.kv.error, PV_EINTR);
		assert_int_equal(memory_store_pending(store), 0);
		assert_int_equal(store->cancelled, looking);
		/* and nobody looks any more */
		store->started = 0;
		let_pass(world, 3 * PV_SECOND);
		assert_int_equal(store->started, 0);
	}
}

static void
test_many_watches(void **state)
{
	enum {
		COUNT = 100
	};
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	struct request *watches = calloc(COUNT, sizeof(*watches));
	static char keys[COUNT][8];

	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(keys[i], sizeof(keys[i]), "%u", i / 2);
		memory_store_set(store, keys[i], keys[i], strlen(keys[i]));
		request_begin(world, &watches[i], PV_WATCH, keys[i], 16);
		request_begin(world, &watches[i], PV_WATCH, keys[i], 16);
	}
	store->delay = PV_MILLISECOND;
	for (unsigned i = 0; i < COUNT; i += 2) {
		memory_store_set(store, keys[i], "new", 3);
		let_pass(world, 1100 * PV_MILLISECOND);
		/* both that watch this key, and none of the others */
		for (unsigned j = 0; j < COUNT; j++)
			assert_int_equal(watches[j].dones, j < i + 2);
	}
	free(watches);
}

static void
test_watch_when_the_store_errs(void **state)
{
	static const int errors[] = { PV_EIO, PV_EACCES, PV_EPROTO,
		PV_ETIMEDOUT, PV_ERANGE };
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	struct request watch = { 0 };
	uint64_t seen;

	memory_store_set(store, "key", "one", 3);
	for (unsigned i = 0; i < 5; i++) {
		store->error = 0;
		watch.kv.seen = 0;
		request_begin(world, &watch, PV_WATCH, "key", 16);
		seen = watch.kv.seen;
		request_begin(world, &watch, PV_WATCH, "key", 16);
		store->error = errors[i];
		request_ends(world, &watch, errors[i]);
		assert_true(watch.kv.seen == seen);
		assert_int_equal(watch.kv.len, 0);
	}
}

static void
test_watch_of_more_than_a_mebibyte(void **state)
{
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	enum {
		MOST = 1024 * 1024
	};
	char *value = calloc(1, MOST + 1);
	struct request watch = { 0 };

	memory_store_set(store, "key", value, MOST + 1);
	request_begin(world, &watch, PV_WATCH, "key", 16);
	request_ends(world, &watch, PV_EMSGSIZE);
	assert_int_equal(watch.kv.actual, MOST + 1);
	memory_store_set(store, "key", value, MOST);
	request_begin(world, &watch, PV_WATCH, "key", 16);
	request_ends(world, &watch, PV_ERANGE);
	/* one that grows while it is watched */
	request_begin(world, &watch, PV_WATCH, "key", 16);
	memory_store_set(store, "key", value, MOST + 1);
	request_ends(world, &watch, PV_EMSGSIZE);
	free(value);
}

/*
 * A value that changes while it is read piece by piece.  What a watch answers
 * with is one value of the key, never half of one and half of another, and a
 * length that goes with it.
 */
static void
test_watch_of_a_value_that_changes_under_way(void **state)
{
	static const size_t lengths[] = { 10, 50, 1024, 1030, 1500, 3000 };
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	char values[6][3000];

	for (unsigned i = 0; i < 6; i++)
		memset(values[i], 'a' + (int)i, sizeof(values[i]));
	store->delay = PV_MILLISECOND;
	for (unsigned from = 0; from < 6; from++)
		for (unsigned to = 0; to < 6; to++)
			for (size_t room = 100; room <= 2048; room += 649) {
				struct request watch = { 0 };
				size_t len;

				memory_store_set(store, "key", values[from],
				    lengths[from]);
				request_begin(world, &watch, PV_WATCH, "key",
				    room);
				/* after the first piece, if there are two */
				while (
				    store->answered % 2 == 0 && !watch.finished)
					let_pass(world, 1000);
				memory_store_set(store, "key", values[to],
				    lengths[to]);
				assert_int_equal(pv_await(world->bus,
						     &watch.finished, PV_NEVER),
				    PV_OK);
				store->answered = 0;
				len = (size_t)watch.kv.actual;
				if (len != lengths[from] && len != lengths[to])
					fail_msg("a length of neither: %zu",
					    len);
				assert_int_equal(watch.kv.error,
				    len > room ? PV_ERANGE : PV_OK);
				if (watch.kv.error == PV_OK)
					assert_memory_equal(watch.value,
					    values[len == lengths[to] ? to
								      : from],
					    len);
			}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_watch_answers_first_at_once),
		world_test(test_watch_sees_a_change),
		world_test(test_watch_interval),
		world_test(test_watch_value_gone_and_back),
		world_test(test_watch_large_value),
		world_test(test_watch_at_each_size),
		world_test(test_watch_too_small_room),
		world_test(test_watch_of_a_list),
		world_test(test_watch_of_a_list_without_lists),
		world_test(test_watch_deadline),
		world_test(test_watch_cancel),
		world_test(test_many_watches),
		world_test(test_watch_when_the_store_errs),
		world_test(test_watch_of_more_than_a_mebibyte),
		world_test(test_watch_of_a_value_that_changes_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
