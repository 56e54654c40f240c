/* SPDX-License-Identifier: ISC */
/* Requests of all kinds at random, with delays, deadlines and cancels that the
 * seed decides. */
#include "tests/support/memory_store.h"

#include <stdio.h>

/*
 * Values tell of themselves: "KEY.VERSION," as often as it takes.  So each
 * answer can be held against what was written, and when.
 */
enum {
	OPERATIONS = 2000,
	SLOTS = 40,
	KEYS = 8,
	VALUE_MAX = 1500
};

struct slot {
	struct pv_kv kv;
	bool used, cancelled;
	unsigned dones;
	char key[8];
	char value[VALUE_MAX + 64];
	uint64_t seen;
	unsigned oldest; /* version that an answer may bring at the least */
};

static struct random_run {
	struct world *world;
	struct memory_store *store;
	struct slot slots[SLOTS];
	unsigned version; /* the newest */
	unsigned counts[PV_WATCH + 1], errors[32];
	unsigned under_way;
} run;

static uint64_t
chance(uint64_t limit)
{
	return sim_random(run.world->sim, limit);
}

static size_t
make_value(char *to, const char *key, unsigned version, size_t len)
{
	char word[32];
	size_t size = (size_t)snprintf(word, sizeof(word), "%s.%u,", key,
	    version);

	for (size_t i = 0; i < len; i++)
		to[i] = word[i % size];
	return len;
}

/* The value is whole, of this key, and not older than it may be. */
static void
check_value(const struct slot *slot)
{
	char expected[VALUE_MAX + 64], key[16];
	unsigned version;

	if (slot->kv.len < 16)
		return; /* too short to tell of itself */
	assert_int_equal(sscanf(slot->value, "%15[^.].%u,", key, &version), 2);
	assert_string_equal(key, slot->key);
	assert_in_range(version, 1, run.version);
	make_value(expected, key, version, slot->kv.len);
	assert_memory_equal(slot->value, expected, slot->kv.len);
}

static void
check_answer(const struct slot *slot)
{
	const struct pv_kv *kv = &slot->kv;
	bool reads = kv->op == PV_READ || kv->op == PV_WATCH;
	size_t written = 0;

	switch (kv->error) {
	case PV_OK:
		written = kv->len;
		if (reads)
			assert_true(kv->actual == kv->len);
		if (reads)
			check_value(slot);
		if (kv->op == PV_WATCH)
			assert_true(kv->seen != slot->seen);
		break;
	case PV_ENOENT:
		assert_int_not_equal(kv->op, PV_WRITE);
		if (kv->op == PV_WATCH)
			assert_true(kv->seen != slot->seen);
		break;
	case PV_ERANGE:
		assert_true(reads || kv->op == PV_LIST);
		assert_true(kv->actual > kv->room);
		break;
	case PV_ETIMEDOUT:
		assert_true(pv_bus_now(run.world->bus) >= kv->deadline);
		break;
	case PV_EINTR:
		assert_true(slot->cancelled);
		break;
	case PV_EIO:
		assert_int_equal(run.store->error, PV_EIO);
		break;
	default:
		fail_msg("error %d", kv->error);
	}
	assert_in_range(written, 0, kv->room);
	if (kv->error != PV_OK)
		assert_int_equal(kv->len, 0);
	/* nothing behind the room, and a read that fails writes nothing */
	if (kv->op == PV_READ)
		for (size_t i = written; i < kv->room; i++)
			assert_int_equal(slot->value[i], '#');
	if (kv->op != PV_WRITE)
		for (size_t i = kv->room; i < sizeof(slot->value); i++)
			assert_int_equal(slot->value[i], '#');
}

static void
slot_done(struct pv_kv *kv)
{
	struct slot *slot = kv->owner;

	assert_true(slot->used);
	assert_int_equal(++slot->dones, 1);
	check_answer(slot);
	run.errors[-kv->error]++;
	run.under_way--;
	slot->used = false;
}

static void
random_submit(struct slot *slot)
{
	enum pv_op op = (enum pv_op)chance(PV_WATCH + 1);
	size_t room = chance(4) == 0 ? chance(32) : chance(VALUE_MAX);

	memset(slot, 0, sizeof(*slot));
	memset(slot->value, '#', sizeof(slot->value));
	snprintf(slot->key, sizeof(slot->key), "%sk%u",
	    chance(2) == 0 ? "d/" : "", (unsigned)chance(KEYS));
	if (op == PV_LIST || (op == PV_WATCH && chance(3) == 0))
		snprintf(slot->key, sizeof(slot->key), "d/");
	if (op == PV_WATCH && slot->key[strlen(slot->key) - 1] == '/')
		op = PV_LIST; /* lists tell of no version */
	if (op == PV_WRITE)
		make_value(slot->value, slot->key, ++run.version, room);
	slot->seen = op == PV_WATCH && chance(2) == 0 ? 1 : 0;
	slot->kv = (struct pv_kv){ .op = op,
		.key = slot->key,
		.keylen = strlen(slot->key),
		.value = slot->value,
		.room = room,
		.seen = slot->seen,
		.done = slot_done,
		.owner = slot,
		.deadline = PV_NEVER };
	if (op == PV_WATCH || chance(4) == 0)
		slot->kv.deadline = sim_now(run.world->sim) +
		    chance(5 * PV_SECOND);
	slot->used = true;
	run.under_way++;
	run.counts[op]++;
	pv_store_submit(run.world->bus, pv_bus_interface(run.world->bus, 0),
	    &slot->kv);
}

static void
random_cancel(struct slot *slot)
{
	if (!slot->used)
		return;
	slot->cancelled = true;
	pv_store_cancel(run.world->bus, &slot->kv);
	assert_false(slot->used);
}

static void
check_run(void)
{
	const struct memory_store *store = run.store;
	unsigned used = 0;

	for (unsigned i = 0; i < SLOTS; i++) {
		used += run.slots[i].used;
		if (run.slots[i].used)
			assert_int_equal(run.slots[i].dones, 0);
	}
	assert_int_equal(used, run.under_way);
	assert_int_equal(store->started,
	    store->answered + store->cancelled + memory_store_pending(store));
	assert_true(memory_store_pending(store) <= run.under_way);
}

/* No request outlives its deadline by more than one poll. */
static void
check_deadlines(void)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (run.slots[i].used)
			assert_true(run.slots[i].kv.deadline >
			    pv_bus_now(run.world->bus));
}

static void
random_step(void)
{
	struct slot *slot = &run.slots[chance(SLOTS)];
	uint64_t next;

	run.store->silent = chance(20) == 0;
	run.store->delay = chance(3) == 0 ? 0 : 1 + chance(PV_SECOND);
	run.store->error = chance(50) == 0 ? PV_EIO : 0;
	switch (chance(8)) {
	case 0:
		random_cancel(slot);
		break;
	case 1:
	case 2:
		sim_advance(run.world->sim,
		    sim_now(run.world->sim) + chance(PV_SECOND));
		break;
	case 3:
		next = pv_bus_deadline(run.world->bus);
		if (next != PV_NEVER)
			sim_advance(run.world->sim, next);
		break;
	default:
		if (!slot->used)
			random_submit(slot);
	}
	check_run();
	if (chance(2) == 0)
		return;
	while (pv_bus_poll(run.world->bus, 1 + (unsigned)chance(8)))
		check_run();
	check_deadlines();
	check_run();
}

static void
test_random_operations(void **state)
{
	struct world *world = *state;
	unsigned destroyed = 0;

	memset(&run, 0, sizeof(run));
	run.world = world;
	world_machine(world, "xen");
	run.store = memory_store_attach(world);
	run.store->destroyed = &destroyed;
	for (unsigned i = 0; i < OPERATIONS; i++)
		random_step();
	/* the run was worth something */
	for (enum pv_op op = PV_READ; op <= PV_WATCH; op++)
		assert_in_range(run.counts[op], 30, OPERATIONS);
	assert_true(run.errors[0] > 100);
	assert_true(run.errors[-PV_EINTR] > 10);
	assert_true(run.errors[-PV_ETIMEDOUT] > 10);
	assert_true(run.errors[-PV_ERANGE] > 10);
	assert_true(run.errors[-PV_ENOENT] > 10);
	/* the rest end with the bus */
	for (unsigned i = 0; i < SLOTS; i++)
		run.slots[i].cancelled = true;
	pv_bus_detach(world->bus);
	world->bus = NULL;
	assert_int_equal(run.under_way, 0);
	assert_int_equal(destroyed, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_random_operations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
