/* SPDX-License-Identifier: ISC */
/* Where a guest's page tables say that an address is, in each mode of x86. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "programs/pvhost/vcpu_private.h"

#define ROOM (1u << 20)
#define PAGING (1ull << 31)
#define WRITE_PROTECT (1ull << 16)
#define PSE (1ull << 4)
#define PAE (1ull << 5)
#define LA57 (1ull << 12)
#define LMA (1ull << 10)
#define P 1u
#define RW 3u
#define US 4u
#define PS 0x80u
#define TOP 0x1000u

struct lab {
	struct memory memory;
	struct kvm_sregs sregs;
};

static int
lab_make(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	assert_true(memory_make(&lab->memory, -1, ROOM));
	lab->sregs.cr0 = PAGING | WRITE_PROTECT | 1;
	lab->sregs.cr3 = TOP;
	*state = lab;
	return 0;
}

static int
lab_free(void **state)
{
	struct lab *lab = *state;

	memory_free(&lab->memory);
	free(lab);
	return 0;
}

static void
put(struct lab *lab, uint64_t table, unsigned index, uint64_t entry,
    unsigned size)
{
	assert_true(
	    memory_write(&lab->memory, table + index * size, &entry, size));
}

#define NOWHERE UINT64_MAX

static uint64_t
at(struct lab *lab, uint64_t linear, bool write)
{
	uint64_t physical;

	return vcpu_physical(&lab->memory, &lab->sregs, linear, write,
		   &physical)
	    ? physical
	    : NOWHERE;
}

static void
test_without_paging_an_address_is_itself(void **state)
{
	struct lab *lab = *state;

	lab->sregs.cr0 = 1;
	assert_int_equal(at(lab, 0x12345, true), 0x12345);
}

/* 0x7f5500000000 and what is above: a page, 2 MiB, 1 GiB. */
static void
fill_long(struct lab *lab, uint64_t top)
{
	put(lab, top, 0xfe, 0x2000 | RW, 8);
	put(lab, 0x2000, 0x154, 0x3000 | RW, 8);
	put(lab, 0x3000, 0, 0x4000 | RW, 8);
	put(lab, 0x4000, 5, 0x8000000000056000 | RW, 8); /* no code in it */
	put(lab, 0x4000, 6, 0x57000 | P, 8);
	put(lab, 0x3000, 1, 0x600000 | RW | PS, 8);
	put(lab, 0x2000, 0x155, 0x40000000 | P | PS, 8);
}

static void
check_long(struct lab *lab)
{
	const uint64_t base = 0x7f5500000000;

	assert_int_equal(at(lab, base + 0x5123, true), 0x56123);
	assert_int_equal(at(lab, base + 0x6123, false), 0x57123);
	assert_int_equal(at(lab, base + 0x6123, true), NOWHERE);
	assert_int_equal(at(lab, base + 0x4000, false), NOWHERE);
	assert_int_equal(at(lab, base + 0x234567, true), 0x634567);
	assert_int_equal(at(lab, base + 0x40123456, false), 0x40123456);
	assert_int_equal(at(lab, base + 0x40123456, true), NOWHERE);
	assert_int_equal(at(lab, base + 0x400000, false), NOWHERE);
	assert_int_equal(at(lab, 0x1000, false), NOWHERE);
}

static void
test_four_levels(void **state)
{
	struct lab *lab = *state;

	lab->sregs.cr4 = PAE;
	lab->sregs.efer = LMA;
	lab->sregs.cr3 |= 0xfff; /* a PCID */
	fill_long(lab, TOP);
	check_long(lab);
}

static void
test_five_levels(void **state)
{
	struct lab *lab = *state;

	lab->sregs.cr4 = PAE | LA57;
	lab->sregs.efer = LMA;
	put(lab, TOP, 0, 0x9000 | RW, 8);
	fill_long(lab, 0x9000);
	check_long(lab);
}

/* A kernel may write to what is not protected from it. */
static void
test_who_may_write(void **state)
{
	struct lab *lab = *state;

	lab->sregs.cr4 = PAE;
	lab->sregs.efer = LMA;
	fill_long(lab, TOP);
	lab->sregs.cr0 &= ~WRITE_PROTECT;
	assert_int_equal(at(lab, 0x7f5500006123, true), 0x57123);
	lab->sregs.cs.dpl = 3;
	assert_int_equal(at(lab, 0x7f5500006123, true), NOWHERE);
}

/* VMware's backdoor is for programs, too, and its strings are moved before KVM
 * asks whether they may be. */
static void
test_a_program_does_not_reach_its_kernel(void **state)
{
	struct lab *lab = *state;
	const uint64_t base = 0x7f5500000000;

	lab->sregs.cr4 = PAE;
	lab->sregs.efer = LMA;
	put(lab, TOP, 0xfe, 0x2000 | RW | US, 8);
	put(lab, 0x2000, 0x154, 0x3000 | RW | US, 8);
	put(lab, 0x3000, 0, 0x4000 | RW | US, 8);
	put(lab, 0x4000, 5, 0x56000 | RW | US, 8);
	put(lab, 0x4000, 6, 0x57000 | RW, 8);
	put(lab, 0x4000, 7, 0x58000 | P | US, 8);
	put(lab, 0x3000, 1, 0x600000 | RW | PS, 8);
	for (unsigned i = 0; i < 2; i++) {
		/* the kernel, and what runs at its privilege */
		lab->sregs.ss.dpl = lab->sregs.cs.dpl = 0;
		assert_int_equal(at(lab, base + 0x6123, true), 0x57123);
		assert_int_equal(at(lab, base + 0x234567, true), 0x634567);
		/* by either segment's word */
		lab->sregs.ss.dpl = i == 0 ? 3 : 0;
		lab->sregs.cs.dpl = i == 0 ? 0 : 3;
		assert_int_equal(at(lab, base + 0x5123, true), 0x56123);
		assert_int_equal(at(lab, base + 0x6123, true), NOWHERE);
		assert_int_equal(at(lab, base + 0x6123, false), NOWHERE);
		assert_int_equal(at(lab, base + 0x234567, false), NOWHERE);
		assert_int_equal(at(lab, base + 0x7123, false), 0x58123);
		assert_int_equal(at(lab, base + 0x7123, true), NOWHERE);
	}
	/* nor by a table above */
	put(lab, 0x2000, 0x154, 0x3000 | RW, 8);
	assert_int_equal(at(lab, base + 0x5123, false), NOWHERE);
}

static void
test_three_levels(void **state)
{
	struct lab *lab = *state;

	lab->sregs.cr4 = PAE;
	lab->sregs.cr3 = 0x1020;            /* aligned to 32 */
	put(lab, 0x1020, 3, 0x2000 | P, 8); /* has no right to write */
	put(lab, 0x2000, 0, 0x3000 | RW, 8);
	put(lab, 0x3000, 7, 0x45000 | RW, 8);
	put(lab, 0x2000, 1, 0x800000 | RW | PS, 8);
	assert_int_equal(at(lab, 0xc0007001, true), 0x45001);
	assert_int_equal(at(lab, 0xffffffffc0007001, true), 0x45001);
	assert_int_equal(at(lab, 0xc0212345, true), 0x812345);
	assert_int_equal(at(lab, 0x80000000, false), NOWHERE);
}

static void
test_two_levels(void **state)
{
	struct lab *lab = *state;

	lab->sregs.cr4 = PSE;
	put(lab, TOP, 0x300, 0x2000 | RW, 4);
	put(lab, 0x2000, 9, 0x33000 | RW, 4);
	put(lab, TOP, 0x301, 0x400000 | RW | PS, 4);
	assert_int_equal(at(lab, 0xc0009abc, true), 0x33abc);
	assert_int_equal(at(lab, 0xc0623456, true), 0x623456);
	lab->sregs.cr4 = 0; /* and the bit says nothing */
	assert_int_equal(at(lab, 0xc0623456, true), NOWHERE);
}

static void
test_tables_that_are_no_memory(void **state)
{
	struct lab *lab = *state;

	lab->sregs.cr4 = PAE;
	lab->sregs.efer = LMA;
	lab->sregs.cr3 = 0x000ffffffffff000;
	assert_int_equal(at(lab, 0x1000, false), NOWHERE);
	lab->sregs.cr3 = TOP;
	put(lab, TOP, 0, 0x0000fffffffff000 | RW, 8);
	assert_int_equal(at(lab, 0x1000, false), NOWHERE);
	/* one that is its own */
	put(lab, TOP, 0, TOP | RW, 8);
	assert_int_equal(at(lab, 0, true), TOP);
}

int
main(void)
{
#define LAB(test) cmocka_unit_test_setup_teardown(test, lab_make, lab_free)
	static const struct CMUnitTest tests[] = {
		LAB(test_without_paging_an_address_is_itself),
		LAB(test_four_levels),
		LAB(test_five_levels),
		LAB(test_who_may_write),
		LAB(test_a_program_does_not_reach_its_kernel),
		LAB(test_three_levels),
		LAB(test_two_levels),
		LAB(test_tables_that_are_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
