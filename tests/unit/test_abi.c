/* SPDX-License-Identifier: ISC */
/* <pvbus/ioctl.h>, which programs compile against, and wire/pvbus.h, which the
 * device answers by, say the same; and the same as OpenBSD. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pvbus/ioctl.h"
#include "pvbus/store.h"
#include "wire/pvbus.h"

/* What struct pvbus_req is to a caller with 32-bit pointers. */
struct ilp32_req {
	uint32_t keylen, key, valuelen, value;
};

/* And to one with 64-bit pointers. */
struct lp64_req {
	uint64_t keylen, key, valuelen, value;
};

static void
test_numbers_of_the_first_set(void **state)
{
	(void)state;
	/* openbsd.md P-27 */
	assert_int_equal(PVBUS_LP64_KVREAD, 0xc0205601);
	assert_int_equal(PVBUS_LP64_KVWRITE, 0xc0205602);
	assert_int_equal(PVBUS_LP64_TYPE, 0xc0205603);
	assert_int_equal(PVBUS_ILP32_KVREAD, 0xc0105601);
	assert_int_equal(PVBUS_ILP32_KVWRITE, 0xc0105602);
	assert_int_equal(PVBUS_ILP32_TYPE, 0xc0105603);
	/* as the macros make them */
	assert_int_equal(PVBUS_LP64_KVREAD, _IOWR('V', 1, struct lp64_req));
	assert_int_equal(PVBUS_LP64_KVWRITE, _IOWR('V', 2, struct lp64_req));
	assert_int_equal(PVBUS_LP64_TYPE, _IOWR('V', 3, struct lp64_req));
	assert_int_equal(PVBUS_ILP32_KVREAD, _IOWR('V', 1, struct ilp32_req));
	assert_int_equal(PVBUS_ILP32_KVWRITE, _IOWR('V', 2, struct ilp32_req));
	assert_int_equal(PVBUS_ILP32_TYPE, _IOWR('V', 3, struct ilp32_req));
	/* as this program has them */
	if (sizeof(void *) == 8) {
		assert_int_equal(PVBUSIOC_KVREAD, PVBUS_LP64_KVREAD);
		assert_int_equal(PVBUSIOC_KVWRITE, PVBUS_LP64_KVWRITE);
		assert_int_equal(PVBUSIOC_TYPE, PVBUS_LP64_TYPE);
	} else {
		assert_int_equal(PVBUSIOC_KVREAD, PVBUS_ILP32_KVREAD);
		assert_int_equal(PVBUSIOC_KVWRITE, PVBUS_ILP32_KVWRITE);
		assert_int_equal(PVBUSIOC_TYPE, PVBUS_ILP32_TYPE);
	}
}

static void
test_both_names_of_number_3(void **state)
{
	(void)state;
	assert_int_equal(PVBUSIOC_KVTYPE, PVBUSIOC_TYPE);
}

static void
test_structure_of_the_first_set(void **state)
{
	size_t word = sizeof(void *);

	(void)state;
	assert_int_equal(sizeof(struct pvbus_req), PVBUS_REQ_WORDS * word);
	assert_int_equal(offsetof(struct pvbus_req, pvr_keylen), 0);
	assert_int_equal(offsetof(struct pvbus_req, pvr_key), word);
	assert_int_equal(offsetof(struct pvbus_req, pvr_valuelen), 2 * word);
	assert_int_equal(offsetof(struct pvbus_req, pvr_value), 3 * word);
}

static void
test_numbers_of_the_second_set(void **state)
{
	(void)state;
	assert_int_equal(PVBUSIOC_GET, PVBUS_CMD_GET);
	assert_int_equal(PVBUSIOC_PUT, PVBUS_CMD_PUT);
	assert_int_equal(PVBUSIOC_LIST, PVBUS_CMD_LIST);
	assert_int_equal(PVBUSIOC_REMOVE, PVBUS_CMD_REMOVE);
	assert_int_equal(PVBUSIOC_WATCH, PVBUS_CMD_WATCH);
	assert_int_equal(PVBUSIOC_INFO, PVBUS_CMD_INFO);
	/* for ever: programs have been compiled with them */
	assert_int_equal(PVBUS_CMD_GET, 0xc0405620);
	assert_int_equal(PVBUS_CMD_PUT, 0xc0405621);
	assert_int_equal(PVBUS_CMD_LIST, 0xc0405622);
	assert_int_equal(PVBUS_CMD_REMOVE, 0xc0405623);
	assert_int_equal(PVBUS_CMD_WATCH, 0xc0405624);
	assert_int_equal(PVBUS_CMD_INFO, 0xc0405625);
}

#define SAME_PLACE(ours, theirs, at)                                          \
	do {                                                                  \
		assert_int_equal(offsetof(struct pvbus_kv, ours), at);        \
		assert_int_equal(offsetof(struct pvbus_kv_wire, theirs), at); \
		assert_int_equal(sizeof(((struct pvbus_kv *)0)->ours),        \
		    sizeof(((struct pvbus_kv_wire *)0)->theirs));             \
	} while (0)

static void
test_structure_of_the_second_set(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct pvbus_kv), PVBUS_KV_SIZE);
	assert_int_equal(sizeof(struct pvbus_kv_wire), PVBUS_KV_SIZE);
	assert_int_equal(PVBUS_KV_SIZE, 64);
	SAME_PLACE(pk_version, version, 0);
	SAME_PLACE(pk_flags, flags, 4);
	SAME_PLACE(pk_key, key, 8);
	SAME_PLACE(pk_keylen, keylen, 16);
	SAME_PLACE(pk_timeout, timeout, 20);
	SAME_PLACE(pk_value, value, 24);
	SAME_PLACE(pk_valuelen, valuelen, 32);
	SAME_PLACE(pk_reserved, reserved, 36);
	SAME_PLACE(pk_offset, offset, 40);
	SAME_PLACE(pk_actual, actual, 48);
	SAME_PLACE(pk_seen, seen, 56);
}

static void
test_constants(void **state)
{
	(void)state;
	assert_int_equal(PVBUS_KV_VERSION, PVBUS_KV_ABI);
	assert_int_equal(PVBUS_KV_RECURSIVE, PVBUS_KV_FLAG_RECURSIVE);
	assert_int_equal(PVBUS_KV_PARTIAL, PVBUS_KV_FLAG_PARTIAL);
	/* openbsd.md P-28 */
	assert_int_equal(PVBUS_KVOP_MAXSIZE, 65536);
	assert_int_equal(PVBUS_KVOP_MAXSIZE, PV_KV_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_of_the_first_set),
		cmocka_unit_test(test_both_names_of_number_3),
		cmocka_unit_test(test_structure_of_the_first_set),
		cmocka_unit_test(test_numbers_of_the_second_set),
		cmocka_unit_test(test_structure_of_the_second_set),
		cmocka_unit_test(test_constants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
