/* SPDX-License-Identifier: ISC */
/* pvhost: string instructions at a port that wants them as a whole, by what KVM
 * tells of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "programs/pvhost/vcpu_private.h"

#define PORT 0x5659u
#define DATA 4096u

static struct machine machine;
static struct vcpu vcpu = { .machine = &machine };
static size_t there; /* bytes that its code may touch */
static unsigned calls;
static uint64_t count, source;

struct kvm_regs *
vcpu_regs(struct vcpu *it)
{
	return &it->regs;
}

void
vcpu_regs_changed(struct vcpu *it)
{
	it->changed_regs = true;
}

size_t
vcpu_reach(struct vcpu *it, uint64_t linear, size_t size, bool write)
{
	(void)it;
	(void)linear;
	(void)write;
	return size < there ? size : there;
}

bool
vcpu_read(struct vcpu *it, uint64_t linear, void *to, size_t size)
{
	(void)it;
	(void)linear;
	memset(to, 0, size);
	return true;
}

static void
string(void *ctx, struct vcpu *it, bool out)
{
	(void)ctx;
	assert_true(out);
	calls++;
	count = it->regs.rcx;
	source = it->regs.rsi;
}

static struct port_range range = { .first = PORT,
	.last = PORT,
	.string = string };

static int
setup(void **state)
{
	(void)state;
	vcpu.run = calloc(2, DATA);
	vcpu.run->io.port = PORT;
	vcpu.run->io.direction = KVM_EXIT_IO_OUT;
	vcpu.run->io.size = 1;
	vcpu.run->io.count = 1;
	vcpu.run->io.data_offset = DATA;
	vcpu.changed_regs = false;
	/* the first byte has gone out of 100 */
	vcpu.regs = (struct kvm_regs){ .rcx = 99, .rsi = 0x7f0000001001 };
	machine.ports.ranges = NULL;
	ports_add(&machine.ports, &range);
	calls = 0;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	free(vcpu.run);
	return 0;
}

static void
test_all_of_it_goes_with_the_first_byte(void **state)
{
	(void)state;
	there = 4096;
	vcpu_serve_port(&vcpu);
	assert_int_equal(calls, 1);
	assert_int_equal(count, 100);
	assert_int_equal(source, 0x7f0000001000);
	assert_int_equal(vcpu.regs.rcx, 0);
	assert_int_equal(vcpu.regs.rsi, 0x7f0000001064);
}

static void
test_as_much_as_is_there(void **state)
{
	(void)state;
	there = 60;
	vcpu_serve_port(&vcpu);
	assert_int_equal(count, 60);
	assert_int_equal(vcpu.regs.rcx, 40);
	assert_int_equal(vcpu.regs.rsi, 0x7f000000103c);
}

/* KVM has read the byte with the base of FS, and RSI is the kernel's. */
static void
test_what_its_code_may_not_touch_goes_nowhere(void **state)
{
	(void)state;
	there = 0;
	vcpu.regs.rsi = 0xffffffff81000001;
	vcpu_serve_port(&vcpu);
	assert_int_equal(calls, 0);
	assert_false(vcpu.changed_regs);
	assert_int_equal(vcpu.regs.rcx, 99);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(test_all_of_it_goes_with_the_first_byte),
		TEST(test_as_much_as_is_there),
		TEST(test_what_its_code_may_not_touch_goes_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
