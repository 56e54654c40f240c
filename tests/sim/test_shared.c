/* SPDX-License-Identifier: ISC */
/* The copy out of shared memory: every length and alignment, and not a byte
 * beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "guest/bus/shared.h"

#define LONGEST 200

static void
test_every_length_and_alignment(void **state)
{
	static unsigned char from[LONGEST + 16], to[LONGEST + 32];

	(void)state;
	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (unsigned char)(i * 7 + 1);
	for (size_t source = 0; source < 9; source++)
		for (size_t target = 0; target < 9; target++)
			for (size_t len = 0; len <= LONGEST; len++) {
				memset(to, 0xee, sizeof(to));
				shared_copy(to + 8 + target, from + source,
				    len);
				assert_memory_equal(to + 8 + target,
				    from + source, len);
				assert_int_equal(to[7 + target], 0xee);
				assert_int_equal(to[8 + target + len], 0xee);
			}
}

static void
test_words(void **state)
{
	uint32_t word = 5;

	(void)state;
	shared_store32(&word, 0xfedcba98);
	assert_int_equal(shared_load32(&word), 0xfedcba98);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_length_and_alignment),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
