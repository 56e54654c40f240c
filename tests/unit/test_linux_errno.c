/* SPDX-License-Identifier: ISC */
/* Each PV_E is one errno of Linux, and back again. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "port/linux/linux.h"

static const struct {
	const char *name;
	int error, number;
} errors[] = {
	{ "ENOENT", PV_ENOENT, 2 },
	{ "EINVAL", PV_EINVAL, 22 },
	{ "EROFS", PV_EROFS, 30 },
	{ "EACCES", PV_EACCES, 13 },
	{ "ERANGE", PV_ERANGE, 34 },
	{ "EMSGSIZE", PV_EMSGSIZE, 90 },
	{ "ENOTSUP", PV_ENOTSUP, 95 },
	{ "ETIMEDOUT", PV_ETIMEDOUT, 110 },
	{ "EPROTO", PV_EPROTO, 71 },
	{ "ENODEV", PV_ENODEV, 19 },
	{ "ENXIO", PV_ENXIO, 6 },
	{ "EPERM", PV_EPERM, 1 },
	{ "ENOTTY", PV_ENOTTY, 25 },
	{ "ENOMEM", PV_ENOMEM, 12 },
	{ "ENAMETOOLONG", PV_ENAMETOOLONG, 36 },
	{ "EFAULT", PV_EFAULT, 14 },
	{ "EIO", PV_EIO, 5 },
	{ "EAGAIN", PV_EAGAIN, 11 },
	{ "EINTR", PV_EINTR, 4 },
	{ "EBUSY", PV_EBUSY, 16 },
};
#define COUNT (sizeof(errors) / sizeof(errors[0]))

/* The table above has them all. */
#define PV_COUNT(name, number, text) +1
_Static_assert(COUNT == 0 PV_ERRORS(PV_COUNT), "an error is not tested");

static void
test_each_and_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(pv_errno(errors[i].error), errors[i].number);
		assert_int_equal(pv_error_of(errors[i].number),
		    errors[i].error);
		assert_true(errors[i].error < 0);
	}
}

static void
test_no_two_are_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		for (size_t j = 0; j < i; j++) {
			assert_int_not_equal(errors[i].error, errors[j].error);
			assert_string_not_equal(pv_error_text(errors[i].error),
			    pv_error_text(errors[j].error));
		}
}

static void
test_no_error(void **state)
{
	(void)state;
	assert_int_equal(pv_errno(PV_OK), 0);
	assert_int_equal(pv_error_of(0), PV_OK);
	assert_string_equal(pv_error_text(PV_OK), "done");
}

/* What is in no table is an error all the same, never a success. */
static void
test_unknown_is_eio(void **state)
{
	(void)state;
	for (int error = -1000; error < 1000; error++) {
		bool known = error == 0;

		for (size_t i = 0; i < COUNT; i++)
			known = known || error == errors[i].error;
		if (known)
			continue;
		assert_int_equal(pv_errno(error), EIO);
		assert_string_equal(pv_error_text(error), "unknown error");
	}
	assert_int_equal(pv_error_of(ESTALE), PV_EIO);
	assert_int_equal(pv_error_of(-1), PV_EIO);
	assert_int_equal(pv_error_of(-ENOENT), PV_EIO);
	assert_int_equal(pv_error_of(99999), PV_EIO);
}

static void
test_texts_are_short_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		const char *text = pv_error_text(errors[i].error);

		assert_in_range(strlen(text), 3, 40);
		for (; *text != '\0'; text++)
			assert_in_range(*text, 0x20, 0x7e);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_and_back),
		cmocka_unit_test(test_no_two_are_the_same),
		cmocka_unit_test(test_no_error),
		cmocka_unit_test(test_unknown_is_eio),
		cmocka_unit_test(test_texts_are_short_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
