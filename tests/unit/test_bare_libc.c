/* SPDX-License-Identifier: ISC */
/* The five functions of port/bare against those of libc. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void *bare_memcpy(void *restrict to, const void *restrict from, size_t);
void *bare_memmove(void *to, const void *from, size_t);
void *bare_memset(void *to, int byte, size_t);
int bare_memcmp(const void *, const void *, size_t);
size_t bare_strlen(const char *);

#define LONGEST 200
#define ROOM (3 * LONGEST)

static unsigned char here[ROOM], expected[ROOM];

static void
fill(void)
{
	for (size_t i = 0; i < ROOM; i++)
		here[i] = expected[i] = (unsigned char)(i * 7 + 1);
}

static void
test_copy_of_each_length(void **state)
{
	(void)state;
	for (size_t size = 0; size <= LONGEST; size++)
		for (size_t at = 0; at < 9; at++) {
			fill();
			assert_ptr_equal(bare_memcpy(here + at,
					     here + 2 * LONGEST - at, size),
			    here + at);
			memcpy(expected + at, expected + 2 * LONGEST - at,
			    size);
			assert_memory_equal(here, expected, ROOM);
		}
}

static void
test_move_over_each_distance(void **state)
{
	(void)state;
	for (size_t size = 0; size <= LONGEST; size++)
		for (size_t to = 0; to <= 100; to++) {
			fill();
			bare_memmove(here + to, here + 50, size);
			memmove(expected + to, expected + 50, size);
			assert_memory_equal(here, expected, ROOM);
		}
}

static void
test_set_of_each_length(void **state)
{
	(void)state;
	for (size_t size = 0; size <= LONGEST; size++) {
		fill();
		bare_memset(here + 3, -2, size);
		memset(expected + 3, -2, size);
		assert_memory_equal(here, expected, ROOM);
	}
}

static void
test_compare_and_length(void **state)
{
	(void)state;
	assert_true(bare_memcmp("abc", "abd", 3) < 0);
	assert_true(bare_memcmp("ab\xff", "ab\x01", 3) > 0);
	assert_int_equal(bare_memcmp("abc", "abd", 2), 0);
	assert_int_equal(bare_strlen(""), 0);
	assert_int_equal(bare_strlen("four"), 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy_of_each_length),
		cmocka_unit_test(test_move_over_each_distance),
		cmocka_unit_test(test_set_of_each_length),
		cmocka_unit_test(test_compare_and_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
