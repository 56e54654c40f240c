/* SPDX-License-Identifier: ISC */
/* From a memory map to what may be used, however the map is; and the lists of
 * free runs that come of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "port/bare/boot_info.h"
#include "port/bare/runs.h"

#define PAGE 4096ull
#define ROOM 64u

static struct boot_info info;
static struct boot_range usable[ROOM];
static uint64_t top;

static unsigned
use(uint64_t limit)
{
	return boot_usable(&info, limit, usable, ROOM, &top);
}

static void
check(unsigned index, uint64_t start, uint64_t end)
{
	assert_int_equal(usable[index].start, start);
	assert_int_equal(usable[index].start + usable[index].size, end);
}

static int
setup(void **state)
{
	(void)state;
	memset(&info, 0, sizeof(info));
	return 0;
}

static void
test_plain(void **state)
{
	(void)state;
	boot_add_range(&info, 0, 0xa0000, BOOT_RAM);
	boot_add_range(&info, 0x100000, 0x7f00000, BOOT_RAM);
	boot_keep(&info, 0x100000, 0x40000);
	boot_keep(&info, 0x800000, 4097);
	assert_int_equal(use(1ull << 32), 2);
	check(0, 0x140000, 0x800000);
	check(1, 0x802000, 0x8000000);
	assert_int_equal(top, 0x8000000);
}

static void
test_odd_edges(void **state)
{
	(void)state;
	boot_add_range(&info, 0x100001, 0x2000, BOOT_RAM);
	boot_add_range(&info, 0x200fff, 2, BOOT_RAM); /* no whole page */
	assert_int_equal(use(1ull << 32), 1);
	check(0, 0x101000, 0x102000);
}

static void
test_contradictions(void **state)
{
	(void)state;
	/* twice, overlapping, and half of it reserved as well */
	boot_add_range(&info, 0x100000, 0x100000, BOOT_RAM);
	boot_add_range(&info, 0x180000, 0x100000, BOOT_RAM);
	boot_add_range(&info, 0x1c0000, 0x20000, BOOT_RESERVED);
	assert_int_equal(use(1ull << 32), 3);
	check(0, 0x100000, 0x1c0000);
	check(1, 0x1e0000, 0x200000);
	check(2, 0x200000, 0x280000);
}

static void
test_huge(void **state)
{
	(void)state;
	boot_add_range(&info, 0x100000, UINT64_MAX, BOOT_RAM);
	assert_int_equal(info.dropped, 1);
	boot_add_range(&info, 0x100000, UINT64_MAX - 0x100000, BOOT_RAM);
	boot_add_range(&info, UINT64_MAX - 1, 1, BOOT_RESERVED);
	boot_add_range(&info, UINT64_MAX, 1, BOOT_RAM);
	assert_int_equal(use(1ull << 32), 1);
	check(0, 0x100000, 1ull << 32);
	use(UINT64_MAX);
	assert_true(top <= UINT64_MAX - PAGE + 1);
}

static void
test_too_many(void **state)
{
	(void)state;
	for (unsigned i = 0; i < BOOT_RANGES + 5; i++)
		boot_add_range(&info, 0x100000 + 2 * i * PAGE, PAGE, BOOT_RAM);
	assert_int_equal(info.ranges, BOOT_RANGES);
	assert_int_equal(info.dropped, 5);
	assert_int_equal(use(1ull << 32), ROOM);
}

static void
test_space(void **state)
{
	uint64_t gib = 1ull << 30;

	(void)state;
	boot_add_range(&info, 0, 4 * gib, BOOT_RAM);
	boot_add_range(&info, 4 * gib + 5, gib, BOOT_RESERVED);
	assert_int_equal(boot_free_space(&info, 4 * gib, 1ull << 36, 64 << 20,
			     gib),
	    6 * gib);
	assert_int_equal(boot_free_space(&info, 4 * gib, 6 * gib, 64 << 20,
			     gib),
	    0);
	boot_add_range(&info, 4 * gib, 1ull << 60, BOOT_RESERVED);
	assert_int_equal(boot_free_space(&info, 4 * gib, 1ull << 46, 64 << 20,
			     gib),
	    0);
	assert_int_equal(boot_free_space(&info, UINT64_MAX - 1, UINT64_MAX,
			     64 << 20, gib),
	    0);
}

static bool
in(const struct boot_range *range, uint64_t page)
{
	return page >= range->start && page - range->start < range->size;
}

static bool
touches(const struct boot_range *range, uint64_t page)
{
	return in(range, page) ||
	    (range->start >= page && range->start < page + PAGE);
}

/* Page by page, on maps of all kinds: exactly what is RAM, whole, and nothing
 * else, and that once. */
static void
test_random(void **state)
{
	(void)state;
	srand(7);
	for (unsigned run = 0; run < 2000; run++) {
		unsigned count;

		memset(&info, 0, sizeof(info));
		for (int i = rand() % 12; i >= 0; i--)
			boot_add_range(&info,
			    0xf0000 + (unsigned)rand() % 0x40000,
			    (unsigned)rand() % 0x20000, (unsigned)rand() % 3);
		for (int i = rand() % 3; i > 0; i--)
			boot_keep(&info, 0xf0000 + (unsigned)rand() % 0x40000,
			    (unsigned)rand() % 0x4000);
		count = use(1ull << 32);
		assert_true(count < ROOM);
		for (uint64_t page = 0xf0000; page < 0x160000; page += PAGE) {
			unsigned given = 0, whole = 0, spoilt = 0;

			for (unsigned i = 0; i < count; i++)
				given += in(&usable[i], page);
			for (unsigned i = 0; i < info.ranges; i++) {
				const struct boot_range *range = &info.range[i];

				if (range->type != BOOT_RAM)
					spoilt += touches(range, page);
				else
					whole += in(range, page) &&
					    in(range, page + PAGE - 1);
			}
			for (unsigned i = 0; i < info.keeps; i++)
				spoilt += touches(&info.keep[i], page);
			assert_int_equal(given,
			    whole > 0 && spoilt == 0 && page >= 0x100000);
		}
	}
}

static void
test_runs(void **state)
{
	static struct runs runs;
	uint64_t a, b, c;

	(void)state;
	memset(&runs, 0, sizeof(runs));
	assert_int_equal(runs_take(&runs, 1), 0);
	runs_give(&runs, 100, 10);
	runs_give(&runs, 50, 5);
	assert_int_equal(runs_take(&runs, 0), 0);
	assert_int_equal(runs_take(&runs, 11), 0);
	a = runs_take(&runs, 6);
	assert_int_equal(a, 100);
	b = runs_take(&runs, 5);
	assert_int_equal(b, 50);
	c = runs_take(&runs, 4);
	assert_int_equal(c, 106);
	assert_int_equal(runs.free, 0);
	assert_int_equal(runs.count, 0);
	runs_give(&runs, a, 6);
	runs_give(&runs, b, 5);
	runs_give(&runs, c, 4);
	assert_int_equal(runs.count, 2);
	assert_int_equal(runs.free, 15);
}

static void
test_runs_random(void **state)
{
	static struct runs runs;
	static struct {
		uint64_t start, pages;
	} held[100];
	static uint8_t used[1000];

	(void)state;
	memset(&runs, 0, sizeof(runs));
	srand(9);
	runs_give(&runs, 1, 999);
	for (unsigned step = 0; step < 100000; step++) {
		unsigned i = (unsigned)rand() % 100;

		if (held[i].pages != 0) {
			memset(used + held[i].start, 0, held[i].pages);
			runs_give(&runs, held[i].start, held[i].pages);
			held[i].pages = 0;
			continue;
		}
		held[i].pages = 1 + (unsigned)rand() % 30;
		held[i].start = runs_take(&runs, held[i].pages);
		if (held[i].start == 0) {
			held[i].pages = 0;
			continue;
		}
		for (uint64_t n = 0; n < held[i].pages; n++) {
			assert_int_equal(used[held[i].start + n], 0);
			used[held[i].start + n] = 1;
		}
	}
	for (unsigned i = 0; i < 100; i++)
		runs_give(&runs, held[i].start, held[i].pages);
	assert_int_equal(runs.count, 1);
	assert_int_equal(runs.free, 999);
}

/* Pages that there is no room to remember are lost, not given out twice. */
static void
test_runs_full(void **state)
{
	static struct runs runs;

	(void)state;
	memset(&runs, 0, sizeof(runs));
	for (unsigned i = 0; i < RUNS + 3; i++)
		runs_give(&runs, 10 + 2 * i, 1);
	assert_int_equal(runs.free, RUNS);
	assert_int_equal(runs.lost, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_plain, setup),
		cmocka_unit_test_setup(test_odd_edges, setup),
		cmocka_unit_test_setup(test_contradictions, setup),
		cmocka_unit_test_setup(test_huge, setup),
		cmocka_unit_test_setup(test_too_many, setup),
		cmocka_unit_test_setup(test_space, setup),
		cmocka_unit_test_setup(test_random, setup),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_runs_random),
		cmocka_unit_test(test_runs_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
