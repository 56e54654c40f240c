/* SPDX-License-Identifier: ISC */
/*
 * The door to every store: what pv_store_submit() refuses, and how requests
 * end.  Watches are in test_watch.c, all of it at random in
 * test_store_random.c.
 */
#include "tests/support/memory_store.h"
#include "tests/support/request.h"

#define READ_ONLY_OPS (1u << PV_READ | 1u << PV_LIST)

/* ---- What is refused -------------------------------------------------- */

static void
refused(struct world *world, enum pv_op op, const char *key, size_t keylen,
    int error)
{
	struct memory_store *store = pv_bus_devices(world->bus)->softc;
	struct pv_kv kv = { .op = op,
		.key = key,
		.keylen = keylen,
		.actual = 99,
		.len = 99 };
	unsigned started = store->started;

	assert_int_equal(world_request(world, &kv), error);
	assert_int_equal(kv.actual, 0);
	assert_int_equal(kv.len, 0);
	assert_int_equal(store->started, started);
}

static void
test_keys_that_no_store_has(void **state)
{
	struct world *world = *state;
	char *key = malloc(PV_KV_MAX + 1);

	memory_store_set_up(state);
	memset(key, 'k', PV_KV_MAX + 1);
	for (enum pv_op op = PV_READ; op <= PV_WATCH; op++) {
		if (op != PV_LIST)
			refused(world, op, "", 0, PV_EINVAL);
		refused(world, op, key, PV_KV_MAX + 1, PV_ENAMETOOLONG);
		refused(world, op, "a\0b", 3, PV_EINVAL);
		refused(world, op, "a\nb", 3, PV_EINVAL);
		refused(world, op, "\x1f", 1, PV_EINVAL);
		refused(world, op, "a\x7f", 2, PV_EINVAL);
	}
	free(key);
}

static void
test_keys_that_are_taken(void **state)
{
	static const char *const keys[] = { " ", "~", "a b", "\x80",
		"gr\xc3\xbc\xc3\x9f", "/", "//", "." };
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	char *key = malloc(PV_KV_MAX + 1), value[8];
	size_t len;

	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_int_equal(world_read(world, keys[i], value, 8, &len),
		    PV_ENOENT);
	assert_int_equal(store->started, sizeof(keys) / sizeof(keys[0]));
	memset(key, 'k', PV_KV_MAX);
	key[PV_KV_MAX] = '\0';
	assert_int_equal(world_read(world, key, value, 8, &len), PV_ENOENT);
	free(key);
}

static void
test_no_store_is_enxio(void **state)
{
	struct world *world = *state;
	struct pv_kv kv = { .op = PV_READ, .key = "\n", .keylen = 1 };

	world_new(world, "bhyve");
	assert_int_equal(world_request(world, &kv), PV_ENXIO);
}

static void
test_operations_absent_are_enotsup(void **state)
{
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);

	for (enum pv_op op = PV_READ; op <= PV_WATCH; op++) {
		store->store.ops = 0;
		refused(world, op, "key", 3, PV_ENOTSUP);
		store->store.ops = ~(1u << op);
		/* a watch needs reads, or to be the store's own */
		if (op == PV_WATCH)
			store->store.ops &= ~(1u << PV_READ);
		refused(world, op, "key", 3, PV_ENOTSUP);
		/* a key that is wrong is so without the operation */
		refused(world, op, "\n", 1, PV_EINVAL);
	}
}

static void
test_read_only_is_erofs(void **state)
{
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);

	store->store.read_only = true;
	refused(world, PV_WRITE, "key", 3, PV_EROFS);
	refused(world, PV_REMOVE, "key", 3, PV_EROFS);
	store->store.ops = READ_ONLY_OPS;
	refused(world, PV_WRITE, "key", 3, PV_EROFS);
	refused(world, PV_REMOVE, "key", 3, PV_EROFS);
}

/* A watch of the store's own goes there. */
static void
test_watch_of_the_store_itself(void **state)
{
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	struct request watch = { 0 };

	store->store.ops |= 1u << PV_WATCH;
	store->silent = true;
	request_begin(world, &watch, PV_WATCH, "key", 16);
	assert_int_equal(store->started, 1);
	assert_int_equal(memory_store_pending(store), 1);
	let_pass(world, 10 * PV_SECOND);
	assert_int_equal(store->started, 1);
	pv_store_cancel(world->bus, &watch.kv);
	assert_int_equal(watch.kv.error, PV_EINTR);
	assert_int_equal(store->cancelled, 1);
}

/* ---- How requests end ------------------------------------------------- */

static void
test_deadline(void **state)
{
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	struct request request = { 0 };
	uint64_t start = sim_now(world->sim);

	store->silent = true;
	request_begin(world, &request, PV_READ, "key", 16);
	request.kv.deadline = start + 5 * PV_SECOND;
	assert_true(pv_bus_deadline(world->bus) == start + 5 * PV_SECOND);
	let_pass(world, 5 * PV_SECOND - 1);
	assert_int_equal(request.dones, 0);
	request_ends(world, &request, PV_ETIMEDOUT);
	assert_true(sim_now(world->sim) == start + 5 * PV_SECOND);
	assert_int_equal(store->cancelled, 1);
	assert_int_equal(memory_store_pending(store), 0);
	assert_true(pv_bus_deadline(world->bus) == PV_NEVER);
}

/* An answer that is ready is worth more than a deadline that is past. */
static void
test_answer_and_deadline_at_once(void **state)
{
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	struct request request = { 0 };

	memory_store_set(store, "key", "value", 5);
	store->delay = 1;
	request_begin(world, &request, PV_READ, "key", 16);
	request.kv.deadline = sim_now(world->sim);
	sim_advance(world->sim, sim_now(world->sim) + PV_SECOND);
	pv_bus_poll(world->bus, 1);
	assert_int_equal(request.dones, 1);
	assert_int_equal(request.kv.error, PV_OK);
	request_brought(&request, "value", 5);
}

static void
test_many_deadlines(void **state)
{
	enum {
		COUNT = 100
	};
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	struct request *requests = calloc(COUNT, sizeof(*requests));
	uint64_t start = sim_now(world->sim);

	store->silent = true;
	for (unsigned i = 0; i < COUNT; i++) {
		request_begin(world, &requests[i], PV_READ, "key", 16);
		requests[i].kv.deadline = start +
		    (i * 37 % COUNT) * PV_MILLISECOND;
	}
	for (unsigned ms = 0; ms < COUNT; ms++) {
		sim_advance(world->sim, start + ms * PV_MILLISECOND);
		pv_bus_poll(world->bus, 1);
		for (unsigned i = 0; i < COUNT; i++)
			assert_int_equal(requests[i].dones,
			    i * 37 % COUNT <= ms);
	}
	free(requests);
}

static void
test_cancel(void **state)
{
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	struct request first = { 0 }, second = { 0 };

	memory_store_set(store, "key", "value", 5);
	store->delay = PV_SECOND;
	request_begin(world, &first, PV_READ, "key", 16);
	request_begin(world, &second, PV_READ, "key", 16);
	pv_store_cancel(world->bus, &first.kv);
	assert_int_equal(first.dones, 1);
	assert_int_equal(first.kv.error, PV_EINTR);
	assert_int_equal(first.kv.len, 0);
	assert_int_equal(store->cancelled, 1);
	request_ends(world, &second, PV_OK);
	request_brought(&second, "value", 5);
	let_pass(world, 2 * PV_SECOND);
	assert_int_equal(first.dones, 1);
	assert_int_equal(first.value[0], '#');
}

/* A caller that does not know that the answer has come: nothing happens. */
static void
test_cancel_of_what_is_done(void **state)
{
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	struct request request = { 0 };

	memory_store_set(store, "key", "value", 5);
	request_begin(world, &request, PV_READ, "key", 16);
	pv_store_cancel(world->bus, &request.kv);
	assert_int_equal(request.kv.error, PV_OK);
	request_brought(&request, "value", 5);
	request_begin(world, &request, PV_WATCH, "key", 16);
	pv_store_cancel(world->bus, &request.kv);
	assert_int_equal(request.kv.error, PV_OK);
	request_begin(world, &request, PV_READ, "\n", 16);
	pv_store_cancel(world->bus, &request.kv);
	assert_int_equal(request.kv.error, PV_EINVAL);
	assert_int_equal(request.dones, 1);
}

/* A store that answers twice, or after a cancel, is not believed. */
static void
test_done_is_called_exactly_once(void **state)
{
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	struct request request = { 0 };

	request_begin(world, &request, PV_READ, "key", 16);
	assert_int_equal(request.kv.error, PV_ENOENT);
	pv_kv_done(world->bus, &request.kv, PV_OK);
	assert_int_equal(request.dones, 1);
	assert_int_equal(request.kv.error, PV_ENOENT);
	store->silent = true;
	request_begin(world, &request, PV_READ, "key", 16);
	pv_store_cancel(world->bus, &request.kv);
	pv_kv_done(world->bus, &request.kv, PV_OK);
	assert_int_equal(request.dones, 1);
	assert_int_equal(request.kv.error, PV_EINTR);
}

static void
test_detach_ends_all(void **state)
{
	enum {
		COUNT = 20
	};
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	struct request *requests = calloc(COUNT, sizeof(*requests));
	unsigned destroyed = 0;

	store->destroyed = &destroyed;
	memory_store_set(store, "key", "value", 5);
	for (unsigned i = 0; i < COUNT; i++) {
		bool watched = i % 3 == 0;

		/* watches that wait, watches that look, and reads */
		store->delay = store->silent = false;
		if (watched)
			request_begin(world, &requests[i], PV_WATCH, "key", 16);
		store->delay = PV_SECOND;
		store->silent = i % 2 == 0;
		request_begin(world, &requests[i], watched ? PV_WATCH : PV_READ,
		    "key", 16);
	}
	store->silent = true;
	pv_bus_poll(world->bus, 64);
	pv_bus_detach(world->bus);
	world->bus = NULL;
	for (unsigned i = 0; i < COUNT; i++) {
		assert_int_equal(requests[i].dones, 1);
		assert_int_equal(requests[i].kv.error, PV_EINTR);
	}
	assert_int_equal(destroyed, 1);
	free(requests);
}

static struct pv_kv *again;

static void
done_again(struct pv_kv *kv)
{
	++*(unsigned *)kv->owner;
	if (kv == again) {
		again = NULL;
		pv_store_submit(kv->bus, kv->interface, kv);
	}
}

/* What a completion asks for while the bus goes away is refused. */
static void
test_submit_from_a_completion_of_detach(void **state)
{
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	unsigned dones = 0;
	struct pv_kv kv = { .op = PV_READ,
		.key = "key",
		.keylen = 3,
		.deadline = PV_NEVER,
		.done = done_again,
		.owner = &dones };

	store->silent = true;
	again = &kv;
	pv_store_submit(world->bus, pv_bus_interface(world->bus, 0), &kv);
	pv_bus_detach(world->bus);
	world->bus = NULL;
	assert_int_equal(dones, 2);
	assert_int_equal(kv.error, PV_ENXIO);
}

static void
test_submit_from_a_completion(void **state)
{
	struct world *world = *state;
	struct memory_store *store = memory_store_set_up(state);
	unsigned dones = 0;
	struct pv_kv kv = { .op = PV_READ,
		.key = "key",
		.keylen = 3,
		.deadline = sim_now(world->sim) + 5,
		.done = done_again,
		.owner = &dones };

	store->silent = true;
	again = &kv;
	pv_store_submit(world->bus, pv_bus_interface(world->bus, 0), &kv);
	sim_advance(world->sim, sim_now(world->sim) + 5);
	/* begun anew with a deadline that is past: ended anew */
	pv_bus_poll(world->bus, 1);
	assert_int_equal(dones, 2);
	assert_int_equal(kv.error, PV_ETIMEDOUT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_keys_that_no_store_has),
		world_test(test_keys_that_are_taken),
		world_test(test_no_store_is_enxio),
		world_test(test_operations_absent_are_enotsup),
		world_test(test_read_only_is_erofs),
		world_test(test_watch_of_the_store_itself),
		world_test(test_deadline),
		world_test(test_answer_and_deadline_at_once),
		world_test(test_many_deadlines),
		world_test(test_cancel),
		world_test(test_cancel_of_what_is_done),
		world_test(test_done_is_called_exactly_once),
		world_test(test_detach_ends_all),
		world_test(test_submit_from_a_completion_of_detach),
		world_test(test_submit_from_a_completion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
