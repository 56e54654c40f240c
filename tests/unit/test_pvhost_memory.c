/* SPDX-License-Identifier: ISC */
/* pvhost's memory and ports, without KVM. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "programs/pvhost/memory.h"
#include "programs/pvhost/ports.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

static void
test_ram_goes_on_behind_the_hole(void **state)
{
	struct memory memory;
	uint8_t *low, *high;

	(void)state;
	assert_true(memory_make(&memory, -1, 4 * GIB));
	low = memory_at(&memory, 3 * GIB - 1, 1);
	high = memory_at(&memory, 5 * GIB - 1, 1);
	assert_non_null(low);
	assert_non_null(high);
	assert_null(memory_at(&memory, 3 * GIB, 1));
	assert_null(memory_at(&memory, 5 * GIB, 1));
	memory_free(&memory);
}

static void
test_what_crosses_an_end_is_not_the_guests(void **state)
{
	struct memory memory;
	uint8_t bytes[16] = { 0 };

	(void)state;
	assert_true(memory_make(&memory, -1, 16 * MIB));
	assert_non_null(memory_at(&memory, 16 * MIB - 8, 8));
	assert_null(memory_at(&memory, 16 * MIB - 8, 9));
	assert_null(memory_at(&memory, 0, SIZE_MAX));
	assert_null(memory_at(&memory, UINT64_MAX, 2));
	assert_null(memory_at(&memory, UINT64_MAX - 3, SIZE_MAX));
	assert_false(memory_read(&memory, 16 * MIB - 8, bytes, 9));
	assert_false(memory_write(&memory, 16 * MIB - 8, bytes, 9));
	memory_free(&memory);
}

static void
test_more_memory_only_where_nothing_is(void **state)
{
	struct memory memory;

	(void)state;
	assert_true(memory_make(&memory, -1, 16 * MIB));
	assert_false(memory_add(&memory, 16 * MIB - 4096, 8192));
	assert_int_equal(errno, EINVAL);
	assert_false(memory_add(&memory, 16 * MIB + 1, 4096));
	assert_false(memory_add(&memory, 16 * MIB, 0));
	assert_false(memory_add(&memory, UINT64_MAX - 4095, 8192));
	assert_true(memory_add(&memory, 16 * MIB, 4096));
	assert_non_null(memory_at(&memory, 16 * MIB, 4096));
	memory_free(&memory);
}

static void
test_a_guest_cannot_have_regions_without_end(void **state)
{
	struct memory memory;
	unsigned added = 0;

	(void)state;
	assert_true(memory_make(&memory, -1, 16 * MIB));
	while (
	    added < 10000 && memory_add(&memory, 16 * MIB + added * 8192, 4096))
		added++;
	assert_int_equal(errno, ENOSPC);
	assert_true(added < MEMORY_REGIONS);
	memory_free(&memory);
}

static void
test_the_map_shows_ram_and_what_is_kept(void **state)
{
	struct memory memory;
	struct memory_map_entry map[MEMORY_MAP_ENTRIES];
	uint64_t ram = 0, end = 0;
	unsigned count;

	(void)state;
	assert_true(memory_make(&memory, -1, 4 * GIB));
	count = memory_map(&memory, map);
	for (unsigned i = 0; i < count; i++) {
		if (map[i].type == 1)
			ram += map[i].size;
		for (unsigned j = 0; j < i; j++)
			assert_true(map[i].base >= map[j].base + map[j].size ||
			    map[j].base >= map[i].base + map[i].size);
		if (map[i].base + map[i].size > end)
			end = map[i].base + map[i].size;
	}
	assert_int_equal(ram, 4 * GIB - (MEMORY_HIGH - MEMORY_BIOS_DATA));
	assert_int_equal(end, 5 * GIB);
	memory_free(&memory);
}

/* Where Linux finds a BAR in E820, its host bridge has no window there. */
static void
test_the_map_leaves_out_what_was_added(void **state)
{
	struct memory memory;
	struct memory_map_entry before[MEMORY_MAP_ENTRIES];
	struct memory_map_entry after[MEMORY_MAP_ENTRIES];
	unsigned count;

	(void)state;
	assert_true(memory_make(&memory, -1, 16 * MIB));
	count = memory_map(&memory, before);
	assert_int_equal(before[count - 1].base, MEMORY_SPECIAL);
	assert_int_equal(before[count - 1].type, 2);
	for (unsigned i = 0; i < MEMORY_MAP_ENTRIES; i++)
		assert_true(memory_add(&memory, 0xe0000000u + i * MIB, MIB));
	assert_int_equal(memory_map(&memory, after), count);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(after[i].base, before[i].base);
		assert_int_equal(after[i].size, before[i].size);
		assert_int_equal(after[i].type, before[i].type);
	}
	memory_free(&memory);
}

/* ---- Ports ------------------------------------------------------------ */

static uint32_t
port_in(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width)
{
	(void)vcpu;
	return *(uint32_t *)ctx + port + width;
}

static void
port_out(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width,
    uint32_t value)
{
	(void)vcpu;
	*(uint32_t *)ctx = value + port + width;
}

static void
test_the_range_added_last_answers(void **state)
{
	uint32_t one = 1000, two = 2000;
	struct port_range wide = { .first = 0x10,
		.last = 0x1f,
		.ctx = &one,
		.in = port_in,
		.out = port_out };
	struct port_range narrow = { .first = 0x14,
		.last = 0x14,
		.ctx = &two,
		.in = port_in,
		.out = port_out };
	struct ports ports = { 0 };

	(void)state;
	ports_add(&ports, &wide);
	ports_add(&ports, &narrow);
	assert_int_equal(ports_in(&ports, NULL, 0x14, 1), 2000 + 0x15);
	assert_int_equal(ports_in(&ports, NULL, 0x15, 1), 1000 + 0x16);
	ports_out(&ports, NULL, 0x14, 4, 5);
	assert_int_equal(two, 5 + 0x18);
	ports_remove(&ports, &narrow);
	ports_remove(&ports, &narrow);
	assert_int_equal(ports_in(&ports, NULL, 0x14, 1), 1000 + 0x15);
}

static void
test_ports_of_nobody_read_all_ones(void **state)
{
	struct port_range deaf = { .first = 0xffff, .last = 0xffff };
	struct ports ports = { 0 };

	(void)state;
	assert_int_equal(ports_in(&ports, NULL, 0x80, 4), UINT32_MAX);
	ports_out(&ports, NULL, 0x80, 4, 1);
	ports_add(&ports, &deaf);
	assert_int_equal(ports_in(&ports, NULL, 0xffff, 1), UINT32_MAX);
	ports_out(&ports, NULL, 0xffff, 1, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ram_goes_on_behind_the_hole),
		cmocka_unit_test(test_what_crosses_an_end_is_not_the_guests),
		cmocka_unit_test(test_more_memory_only_where_nothing_is),
		cmocka_unit_test(test_a_guest_cannot_have_regions_without_end),
		cmocka_unit_test(test_the_map_shows_ram_and_what_is_kept),
		cmocka_unit_test(test_the_map_leaves_out_what_was_added),
		cmocka_unit_test(test_the_range_added_last_answers),
		cmocka_unit_test(test_ports_of_nobody_read_all_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
