/* SPDX-License-Identifier: ISC */
/* pvhost's clock as guests of different habits read it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "programs/pvhost/parts.h"
#include "programs/pvhost/power.h"
#include "tests/support/pvhost_parts.h"

#define INDEX 0x70u
#define DATA 0x71u
#define B_24_HOURS 2u
#define B_BINARY 4u

static void *self;
static struct timespec host;

/* The host's clock is the test's. */
int
clock_gettime(clockid_t which, struct timespec *to)
{
	assert_int_equal(which, CLOCK_REALTIME);
	*to = host;
	return 0;
}

static uint8_t
cmos(unsigned index)
{
	out(INDEX, 1, index);
	return (uint8_t)in(DATA, 1);
}

static void
cmos_set(unsigned index, unsigned value)
{
	out(INDEX, 1, index);
	out(DATA, 1, value);
}

/* 2026-11-23 20:43:47 UTC, a Monday. */
#define WHEN 1795466627

static int
setup(void **state)
{
	(void)state;
	machine_forget();
	clock_now = 1;
	host = (struct timespec){ WHEN, 0 };
	self = part_rtc.make(&machine);
	return self == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	part_rtc.free(self);
	return 0;
}

static void
expect(unsigned hours)
{
	assert_int_equal(cmos(4), hours);
}

static void
test_time_in_bcd(void **state)
{
	(void)state;
	assert_int_equal(cmos(0), 0x47);
	assert_int_equal(cmos(2), 0x43);
	expect(0x20);
	assert_int_equal(cmos(6), 2);
	assert_int_equal(cmos(7), 0x23);
	assert_int_equal(cmos(8), 0x11);
	assert_int_equal(cmos(9), 0x26);
	assert_int_equal(cmos(RTC_CENTURY), 0x20);
}

static void
test_time_in_binary(void **state)
{
	(void)state;
	cmos_set(11, B_BINARY | B_24_HOURS);
	assert_int_equal(cmos(0), 47);
	assert_int_equal(cmos(2), 43);
	expect(20);
	assert_int_equal(cmos(7), 23);
	assert_int_equal(cmos(8), 11);
	assert_int_equal(cmos(9), 26);
	assert_int_equal(cmos(RTC_CENTURY), 20);
}

static void
at_hour(int hour)
{
	host.tv_sec = WHEN / 86400 * 86400 + hour * 3600;
	clock_now += 1000000000;
}

static void
test_hours_to_12(void **state)
{
	(void)state;
	cmos_set(11, 0);
	at_hour(0);
	expect(0x12);
	at_hour(1);
	expect(0x01);
	at_hour(11);
	expect(0x11);
	at_hour(12);
	expect(0x92);
	at_hour(13);
	expect(0x81);
	cmos_set(11, B_BINARY);
	at_hour(23);
	expect(0x80 | 11);
}

static void
test_never_updating_and_valid(void **state)
{
	(void)state;
	assert_int_equal(cmos(10) & 0x80, 0);
	cmos_set(10, 0xff);
	assert_int_equal(cmos(10) & 0x80, 0);
	assert_int_equal(cmos(12), 0);
	cmos_set(13, 0);
	assert_int_equal(cmos(13), 0x80);
	/* no interrupt is on, whatever a guest wants */
	cmos_set(11, 0xff);
	assert_int_equal(cmos(11) & 0x70, 0);
}

/* A guest that has seen that no update comes reads one moment. */
static void
test_reading_is_of_one_moment(void **state)
{
	(void)state;
	host.tv_sec = WHEN / 3600 * 3600 + 3599;
	assert_int_equal(cmos(10) & 0x80, 0);
	assert_int_equal(cmos(0), 0x59);
	host.tv_sec++;
	clock_now += 1000000;
	assert_int_equal(cmos(2), 0x59);
	expect(0x20);
	clock_now += 10000000;
	assert_int_equal(cmos(0), 0);
	assert_int_equal(cmos(2), 0);
	expect(0x21);
}

static void
test_guest_does_not_set_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++)
		cmos_set(i, 0x11);
	cmos_set(RTC_CENTURY, 0x11);
	assert_int_equal(cmos(0), 0x47);
	assert_int_equal(cmos(9), 0x26);
	assert_int_equal(cmos(RTC_CENTURY), 0x20);
}

static void
test_memory(void **state)
{
	(void)state;
	for (unsigned i = 14; i < 128; i++)
		cmos_set(i, i ^ 0x55);
	for (unsigned i = 14; i < 128; i++)
		if (i != RTC_CENTURY)
			assert_int_equal(cmos(i), i ^ 0x55);
	/* the highest bit masks the NMI */
	assert_int_equal(cmos(0x80 | 14), 14 ^ 0x55);
	/* both ports at once */
	out(INDEX, 2, 0x7700 | 20);
	assert_int_equal(cmos(20), 0x77);
	assert_int_equal(in(DATA, 2), 0xffff);
}

static void
test_far_future_and_past(void **state)
{
	(void)state;
	host.tv_sec = INT64_C(253402300799); /* the end of 9999 */
	assert_int_equal(cmos(RTC_CENTURY), 0x99);
	assert_int_equal(cmos(9), 0x99);
	host.tv_sec = -1;
	clock_now += 1000000000;
	assert_int_equal(cmos(9), 0x69);
	host.tv_sec = INT64_MAX; /* a year beyond int: what was before */
	clock_now += 1000000000;
	assert_int_equal(cmos(9), 0x69);
}

#define TEST(function) \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_time_in_bcd),
		TEST(test_time_in_binary),
		TEST(test_hours_to_12),
		TEST(test_never_updating_and_valid),
		TEST(test_reading_is_of_one_moment),
		TEST(test_guest_does_not_set_it),
		TEST(test_memory),
		TEST(test_far_future_and_past),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
