/* SPDX-License-Identifier: ISC */
/* Requests by slot and generation: ids that a host makes up, keeps or repeats. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "guest/hyperv/slots.h"

#define COUNT 16u

struct table {
	struct slots slots;
	struct slot slot[COUNT];
};

static void
begin(struct table *table)
{
	memset(table, 0, sizeof(*table));
	slots_init(&table->slots, table->slot, COUNT);
}

static uint64_t
take(struct table *table)
{
	uint64_t id = 0;

	assert_int_not_equal(slots_take(&table->slots, &id), SLOT_NONE);
	return id;
}

static void
test_every_slot_once(void **state)
{
	struct table table;
	uint64_t ids[COUNT], id;
	bool seen[COUNT] = { false };

	(void)state;
	begin(&table);
	for (uint32_t i = 0; i < COUNT; i++) {
		uint32_t slot = slots_take(&table.slots, &ids[i]);

		assert_true(slot < COUNT);
		assert_false(seen[slot]);
		seen[slot] = true;
		assert_int_equal(slots_find(&table.slots, ids[i]), slot);
		assert_int_equal(table.slots.used, i + 1);
	}
	assert_int_equal(slots_take(&table.slots, &id), SLOT_NONE);
	slots_give(&table.slots, 7);
	assert_int_equal(slots_take(&table.slots, &id), 7);
}

static void
test_10_id_out_of_range(void **state)
{
	struct table table;
	uint64_t id;

	(void)state;
	begin(&table);
	id = take(&table);
	for (uint64_t far = COUNT; far < COUNT + 100; far++)
		assert_int_equal(slots_find(&table.slots, id + far), SLOT_NONE);
	for (unsigned bit = 0; bit < 64; bit++)
		assert_int_equal(slots_find(&table.slots, id ^ 1ull << bit),
		    SLOT_NONE);
}

static void
test_11_id_never_issued(void **state)
{
	struct table table;

	(void)state;
	begin(&table);
	for (uint64_t generation = 0; generation < 4; generation++)
		for (uint64_t low = 0; low < 2 * COUNT; low++)
			assert_int_equal(slots_find(&table.slots,
					     generation << 32 | low),
			    SLOT_NONE);
}

static void
test_12_id_completed_twice(void **state)
{
	struct table table;
	uint64_t id;

	(void)state;
	begin(&table);
	id = take(&table);
	slots_give(&table.slots, slots_find(&table.slots, id));
	assert_int_equal(slots_find(&table.slots, id), SLOT_NONE);
	/* and who gives it back all the same does no harm */
	slots_give(&table.slots, 0);
	slots_give(&table.slots, SLOT_NONE);
	assert_int_equal(table.slots.used, 0);
	for (unsigned i = 0; i < COUNT; i++)
		(void)take(&table);
	assert_int_equal(slots_take(&table.slots, &id), SLOT_NONE);
}

/* 13: of a queue that has used its slots more often, or less. */
static void
test_13_id_of_another_queue(void **state)
{
	struct table one, other;
	uint64_t id = 0;

	(void)state;
	begin(&one);
	begin(&other);
	for (unsigned i = 0; i < 3; i++) {
		id = take(&one);
		slots_give(&one.slots, slots_find(&one.slots, id));
	}
	id = take(&one);
	(void)take(&other);
	assert_int_equal(slots_find(&other.slots, id), SLOT_NONE);
}

static void
test_14_id_of_before_a_reset(void **state)
{
	struct table table;
	uint64_t ids[COUNT];

	(void)state;
	begin(&table);
	for (unsigned i = 0; i < COUNT; i++)
		ids[i] = take(&table);
	slots_init(&table.slots, table.slot, COUNT);
	for (unsigned i = 0; i < COUNT; i++)
		(void)take(&table);
	for (unsigned i = 0; i < COUNT; i++)
		assert_int_equal(slots_find(&table.slots, ids[i]), SLOT_NONE);
}

static void
test_16_id_of_a_slot_that_is_used_again(void **state)
{
	struct table table;
	uint64_t first, id;

	(void)state;
	begin(&table);
	first = take(&table);
	slots_give(&table.slots, slots_find(&table.slots, first));
	for (unsigned i = 0; i < 100000; i++) {
		id = take(&table);
		assert_int_not_equal(id, first);
		assert_int_equal(slots_find(&table.slots, first), SLOT_NONE);
		slots_give(&table.slots, slots_find(&table.slots, id));
	}
}

static void
test_17_id_0_and_all_ones(void **state)
{
	struct table table;

	(void)state;
	begin(&table);
	for (unsigned i = 0; i < COUNT; i++)
		(void)take(&table);
	assert_int_equal(slots_find(&table.slots, 0), SLOT_NONE);
	assert_int_equal(slots_find(&table.slots, UINT64_MAX), SLOT_NONE);
	assert_int_equal(slots_find(&table.slots, UINT32_MAX), SLOT_NONE);
	assert_int_equal(slots_find(&table.slots, 1ull << 32), SLOT_NONE);
}

/* The generation comes round: no id is 0, all ones, or 2^63 and more. */
static void
test_16_generation_wraps(void **state)
{
	struct table table;

	(void)state;
	begin(&table);
	for (unsigned i = 0; i < COUNT; i++)
		table.slot[i].generation = 0x7ffffffe;
	for (unsigned i = 0; i < 3 * COUNT; i++) {
		uint64_t id = take(&table);

		assert_true(id != 0 && id < 1ull << 63);
		assert_int_not_equal(slots_find(&table.slots, id), SLOT_NONE);
		slots_give(&table.slots, slots_find(&table.slots, id));
	}
}

static void
test_no_slots(void **state)
{
	struct slots slots;
	uint64_t id;

	(void)state;
	slots_init(&slots, NULL, 0);
	assert_int_equal(slots_take(&slots, &id), SLOT_NONE);
	assert_int_equal(slots_find(&slots, 1), SLOT_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_slot_once),
		cmocka_unit_test(test_10_id_out_of_range),
		cmocka_unit_test(test_11_id_never_issued),
		cmocka_unit_test(test_12_id_completed_twice),
		cmocka_unit_test(test_13_id_of_another_queue),
		cmocka_unit_test(test_14_id_of_before_a_reset),
		cmocka_unit_test(test_16_id_of_a_slot_that_is_used_again),
		cmocka_unit_test(test_17_id_0_and_all_ones),
		cmocka_unit_test(test_16_generation_wraps),
		cmocka_unit_test(test_no_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
