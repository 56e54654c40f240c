/* SPDX-License-Identifier: ISC */
/* ACPI's fixed registers and the ports that reset, as a guest uses them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "programs/pvhost/parts.h"
#include "programs/pvhost/power.h"
#include "tests/support/pvhost_parts.h"

#define ENABLE (POWER_EVENT + 2)
#define BUTTON 0x100u
#define SLEEP 0x2000u
#define SECOND 1000000000ull

static void *self, *pci;

static int
setup(void **state)
{
	(void)state;
	machine_forget();
	/* in the order of the machine: one of PCI's ports is this one's */
	pci = part_pci.make(&machine);
	self = part_power.make(&machine);
	return pci == NULL || self == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	part_power.free(self);
	part_pci.free(pci);
	return 0;
}

static void
test_is_in_acpi_mode(void **state)
{
	(void)state;
	assert_int_equal(in(POWER_CONTROL, 2), 1);
	out(POWER_CONTROL, 2, 0);
	assert_int_equal(in(POWER_CONTROL, 2), 1);
}

static void
test_soft_off(void **state)
{
	(void)state;
	out(POWER_CONTROL, 2, POWER_S5 << 10);
	assert_false(machine.ended);
	out(POWER_CONTROL, 2, POWER_S5 << 10 | SLEEP);
	assert_true(machine.ended);
	assert_int_equal(machine.status, EXIT_OFF);
	assert_string_equal(said, "the guest powered off");
}

/* GRUB and some others write the two halves one by one. */
static void
test_soft_off_by_bytes(void **state)
{
	(void)state;
	out(POWER_CONTROL, 1, 1);
	out(POWER_CONTROL + 1, 1, (POWER_S5 << 10 | SLEEP) >> 8);
	assert_true(machine.ended);
}

static void
test_other_sleeps_do_nothing(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 8; type++)
		if (type != POWER_S5)
			out(POWER_CONTROL, 2, type << 10 | SLEEP);
	assert_false(machine.ended);
	assert_int_equal(in(POWER_CONTROL, 2) & SLEEP, 0);
}

static void
test_power_button(void **state)
{
	(void)state;
	assert_false(power_button(&machine));
	out(ENABLE, 2, BUTTON);
	assert_false(lines[POWER_SCI]);
	assert_true(power_button(&machine));
	assert_true(lines[POWER_SCI]);
	assert_int_equal(in(POWER_EVENT, 2), BUTTON);
	/* a zero clears nothing, neither does a write to what is beside it */
	out(POWER_EVENT, 2, 0);
	out(ENABLE, 2, BUTTON);
	assert_true(lines[POWER_SCI]);
	out(POWER_EVENT, 2, BUTTON);
	assert_false(lines[POWER_SCI]);
	assert_int_equal(in(POWER_EVENT, 4), BUTTON << 16);
}

static void
test_button_waits_while_masked(void **state)
{
	(void)state;
	out(ENABLE, 2, BUTTON);
	power_button(&machine);
	out(ENABLE, 2, 0);
	assert_false(lines[POWER_SCI]);
	out(ENABLE, 2, BUTTON);
	assert_true(lines[POWER_SCI]);
}

static void
test_timer(void **state)
{
	(void)state;
	assert_int_equal(in(POWER_TIMER, 4), 0);
	clock_now = SECOND;
	assert_int_equal(in(POWER_TIMER, 4), POWER_TIMER_HZ);
	clock_now = SECOND / 2;
	assert_int_equal(in(POWER_TIMER, 4), POWER_TIMER_HZ / 2);
	/* all 32 bits, and round */
	clock_now = 1300 * SECOND;
	assert_int_equal(in(POWER_TIMER, 4),
	    (uint32_t)(1300ull * POWER_TIMER_HZ));
	/* for years */
	clock_now = 1000000000 * SECOND;
	assert_int_equal(in(POWER_TIMER, 4),
	    (uint32_t)(1000000000ull * POWER_TIMER_HZ));
	out(POWER_TIMER, 4, 0);
	assert_int_not_equal(in(POWER_TIMER, 4), 0);
}

static void
test_reset_register(void **state)
{
	(void)state;
	out(POWER_RESET, 1, 2);
	assert_int_equal(in(POWER_RESET, 1), 2);
	assert_false(machine.ended);
	out(POWER_RESET, 1, POWER_RESET_VALUE);
	assert_true(machine.ended);
	assert_int_equal(machine.status, EXIT_OFF);
	assert_string_equal(said, "the guest reset itself");
}

/* The reset register is in the middle of PCI's. */
static void
test_pci_address_resets_nothing(void **state)
{
	(void)state;
	out(0xcf8, 4, 0x80000608);
	assert_int_equal(in(0xcf8, 4), 0x80000608);
	assert_false(machine.ended);
}

static void
test_keyboard_controller_resets(void **state)
{
	(void)state;
	/* ready for a command, with nothing to say */
	assert_int_equal(in(0x64, 1), 0);
	out(0x64, 1, 0x20);
	out(0x60, 1, 0xfe);
	assert_false(machine.ended);
	out(0x64, 1, 0xfe);
	assert_true(machine.ended);
	assert_string_equal(said, "the guest reset itself");
}

static void
test_wide_accesses_stay_inside(void **state)
{
	(void)state;
	assert_int_equal(in(POWER_END - 1, 4), UINT32_MAX);
	assert_int_equal(in(POWER_END - 2, 4), UINT32_MAX);
	out(POWER_END - 1, 4, UINT32_MAX);
	/* status, enable and control at once */
	out(ENABLE, 4, BUTTON | (POWER_S5 << 10 | SLEEP) << 16);
	assert_true(machine.ended);
	assert_int_equal(in(ENABLE, 2), BUTTON);
}

#define TEST(function) \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_is_in_acpi_mode),
		TEST(test_soft_off),
		TEST(test_soft_off_by_bytes),
		TEST(test_other_sleeps_do_nothing),
		TEST(test_power_button),
		TEST(test_button_waits_while_masked),
		TEST(test_timer),
		TEST(test_reset_register),
		TEST(test_pci_address_resets_nothing),
		TEST(test_keyboard_controller_resets),
		TEST(test_wide_accesses_stay_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
