/* SPDX-License-Identifier: ISC */
/* pvhost's PCI bus as a guest configures it, well and badly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "programs/pvhost/parts.h"
#include "programs/pvhost/pci.h"
#include "tests/support/pvhost_parts.h"
#include "wire/pci.h"

static void *self;
static struct pci_device device, other;
static uint32_t written;

static uint32_t
device_in(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width)
{
	const struct pci_device *it = ctx;

	(void)vcpu;
	(void)width;
	return (uint32_t)port - it->bars[0].range.first + 0x40;
}

static void
device_out(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width,
    uint32_t value)
{
	(void)ctx;
	(void)vcpu;
	(void)port;
	(void)width;
	written = value;
}

static void
address(unsigned slot, unsigned offset)
{
	out(PCI_PORT_ADDRESS, 4, PCI_ADDRESS(0, slot, 0, offset));
}

static uint32_t
config(unsigned slot, unsigned offset)
{
	address(slot, offset);
	return in(PCI_PORT_DATA, 4);
}

static void
config_set(unsigned slot, unsigned offset, uint32_t value)
{
	address(slot, offset);
	out(PCI_PORT_DATA, 4, value);
}

static uint16_t
base(void)
{
	return (uint16_t)(config(1, PCI_BAR0) & ~3u);
}

static int
setup(void **state)
{
	(void)state;
	machine_forget();
	device = (struct pci_device){ .vendor = 0x5853,
		.device = 1,
		.subsystem_vendor = 0x1234,
		.subsystem = 0x5678,
		.class_code = 0xff800001,
		.interrupt = true };
	device.bars[0] = (struct pci_bar){
		.size = 256,
		.io = true,
		.range = { .ctx = &device, .in = device_in, .out = device_out }
	};
	device.bars[1] = (struct pci_bar){ .size = 0x10000 };
	other = (struct pci_device){ .vendor = 0x1234,
		.device = 2,
		.interrupt = true };
	written = 0;
	self = part_pci.make(&machine);
	return self == NULL || !pci_add(machine.pci, &device) ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	part_pci.free(self);
	memory_free(&machine.memory);
	return 0;
}

static void
test_who_is_there(void **state)
{
	(void)state;
	assert_int_equal(config(0, PCI_ID), 0x12378086);
	assert_int_equal(config(0, PCI_CLASS) >> 8, PCI_CLASS_BRIDGE_HOST);
	assert_int_equal(config(1, PCI_ID), 0x00015853);
	assert_int_equal(config(1, PCI_CLASS), 0xff800001);
	assert_int_equal(config(1, PCI_SUBSYSTEM), 0x56781234);
	assert_int_equal(config(1, PCI_COMMAND) & 3, 3);
	assert_int_equal(config(1, PCI_INTERRUPT) >> 8 & 0xff, 1);
}

static void
test_nobody_answers_with_ones(void **state)
{
	(void)state;
	for (unsigned slot = 2; slot < PCI_SLOTS; slot++)
		assert_int_equal(config(slot, PCI_ID), UINT32_MAX);
	out(PCI_PORT_ADDRESS, 4, PCI_ADDRESS(1, 1, 0, 0));
	assert_int_equal(in(PCI_PORT_DATA, 4), UINT32_MAX);
	out(PCI_PORT_ADDRESS, 4, PCI_ADDRESS(0, 1, 1, 0));
	assert_int_equal(in(PCI_PORT_DATA, 4), UINT32_MAX);
	/* and without the bit that says that it is an address */
	out(PCI_PORT_ADDRESS, 4, PCI_ADDRESS(0, 1, 0, 0) & 0x7fffffff);
	assert_int_equal(in(PCI_PORT_DATA, 4), UINT32_MAX);
}

/* Linux and OpenBSD find the mechanism by what the address reads as. */
static void
test_address_is_of_32_bits_only(void **state)
{
	(void)state;
	out(PCI_PORT_ADDRESS, 4, 0x80000000);
	out(PCI_PORT_ADDRESS + 3, 1, 1);
	out(PCI_PORT_ADDRESS, 2, 0xfff);
	assert_int_equal(in(PCI_PORT_ADDRESS, 4), 0x80000000);
	assert_int_equal(in(PCI_PORT_ADDRESS, 2), 0xffff);
}

static void
test_bytes_and_words(void **state)
{
	(void)state;
	address(1, PCI_ID);
	assert_int_equal(in(PCI_PORT_DATA, 2), 0x5853);
	assert_int_equal(in(PCI_PORT_DATA + 2, 2), 1);
	assert_int_equal(in(PCI_PORT_DATA + 1, 1), 0x58);
	/* one that would go beyond the register */
	assert_int_equal(in(PCI_PORT_DATA + 3, 2), 0xffff);
	assert_int_equal(in(PCI_PORT_DATA + 1, 4), UINT32_MAX);
	address(1, PCI_INTERRUPT);
	out(PCI_PORT_DATA, 1, 5);
	out(PCI_PORT_DATA + 1, 1, 7); /* the pin is not to be written */
	out(PCI_PORT_DATA + 3, 4, 0x01020304);
	assert_int_equal(in(PCI_PORT_DATA, 4), 0x105);
}

static void
test_ports_of_a_bar(void **state)
{
	uint16_t at;

	(void)state;
	at = base();
	assert_true(at >= 0x1000);
	assert_int_equal(pci_bar_address(&device, 0), at);
	assert_int_equal(config(1, PCI_BAR0) & 3, PCI_BAR_IO);
	assert_int_equal(in(at, 1), 0x40);
	assert_int_equal(in((uint16_t)(at + 255), 1), 0x3f);
	assert_int_equal(in((uint16_t)(at + 256), 1), 0xff);
	out(at, 4, 1234);
	assert_int_equal(written, 1234);
}

static void
test_size_of_a_bar(void **state)
{
	uint32_t before, memory;

	(void)state;
	before = config(1, PCI_BAR0);
	config_set(1, PCI_BAR0, UINT32_MAX);
	assert_int_equal(config(1, PCI_BAR0), 0xffffff01);
	assert_int_equal(in((uint16_t)(before & ~3u), 1), 0xff);
	config_set(1, PCI_BAR0, before);
	assert_int_equal(config(1, PCI_BAR0), before);
	assert_int_equal(in((uint16_t)(before & ~3u), 1), 0x40);
	memory = config(1, PCI_BAR0 + 4);
	config_set(1, PCI_BAR0 + 4, UINT32_MAX);
	assert_int_equal(config(1, PCI_BAR0 + 4), 0xffff0000);
	config_set(1, PCI_BAR0 + 4, memory);
	assert_int_equal(config(1, PCI_BAR0 + 4), memory);
	/* one that is not there has no size */
	config_set(1, PCI_BAR0 + 8, UINT32_MAX);
	assert_int_equal(config(1, PCI_BAR0 + 8), 0);
}

static void
test_ports_move(void **state)
{
	uint16_t before;

	(void)state;
	before = base();
	config_set(1, PCI_BAR0, 0xfedc0000 | 0xd0ff);
	assert_int_equal(in(before, 1), 0xff);
	assert_int_equal(in(0xd000, 1), 0xff); /* that is beyond all ports */
	config_set(1, PCI_BAR0, 0xd0ff);
	assert_int_equal(base(), 0xd000);
	assert_int_equal(in(0xd000, 1), 0x40);
	config_set(1, PCI_BAR0, 0xff01);
	assert_int_equal(in(0xffff, 1), 0x3f);
	config_set(1, PCI_BAR0, 1);
	assert_int_equal(in(0, 1), 0xff);
}

static void
test_ports_are_off_when_told(void **state)
{
	uint16_t at;

	(void)state;
	at = base();
	config_set(1, PCI_COMMAND, 2);
	assert_int_equal(in(at, 1), 0xff);
	config_set(1, PCI_BAR0, 0xd001);
	assert_int_equal(in(0xd000, 1), 0xff);
	config_set(1, PCI_COMMAND, 3);
	assert_int_equal(in(0xd000, 1), 0x40);
	assert_int_equal(in(at, 1), 0xff);
}

static void
test_memory_is_the_guests_and_stays(void **state)
{
	uint32_t at;

	(void)state;
	at = config(1, PCI_BAR0 + 4);
	assert_int_equal(at, PCI_MEMORY);
	assert_int_equal(pci_bar_address(&device, 1), at);
	assert_non_null(memory_at(&machine.memory, at, 0x10000));
	config_set(1, PCI_BAR0 + 4, 0xd0000000);
	assert_int_equal(config(1, PCI_BAR0 + 4), at);
}

static void
test_what_is_said_is_not_written(void **state)
{
	(void)state;
	for (unsigned offset = 0; offset < 0x100; offset += 4)
		if (offset < PCI_BAR0 && offset != PCI_COMMAND)
			config_set(1, offset, 0);
		else if (offset > PCI_BAR0 + 20)
			config_set(1, offset, UINT32_MAX);
	assert_int_equal(config(1, PCI_ID), 0x00015853);
	assert_int_equal(config(1, PCI_CLASS), 0xff800001);
	assert_int_equal(config(1, PCI_SUBSYSTEM), 0x56781234);
	assert_int_equal(config(1, PCI_INTERRUPT), 0x1ff);
	assert_int_equal(config(1, 0x34), 0);
	assert_int_equal(config(1, 0xfc), 0);
	config_set(1, PCI_COMMAND, UINT32_MAX);
	assert_int_equal(config(1, PCI_COMMAND), 0x407);
}

static unsigned
line_of(unsigned slot)
{
	return config(slot, PCI_INTERRUPT) & 0xff;
}

static void
test_interrupt_has_two_lines(void **state)
{
	(void)state;
	assert_in_range(device.line, 16, 23);
	pci_interrupt(&machine, &device, true);
	assert_true(lines[device.line]);
	assert_true(lines[line_of(1)]);
	assert_int_equal(config(1, PCI_COMMAND) >> 16, 8);
	pci_interrupt(&machine, &device, false);
	assert_false(lines[device.line]);
	assert_false(lines[line_of(1)]);
	assert_int_equal(config(1, PCI_COMMAND) >> 16, 0);
}

static void
test_interrupt_can_be_disabled(void **state)
{
	(void)state;
	pci_interrupt(&machine, &device, true);
	config_set(1, PCI_COMMAND, 0x403);
	assert_false(lines[device.line]);
	config_set(1, PCI_COMMAND, 3);
	assert_true(lines[device.line]);
}

static void
test_shared_line_is_of_all(void **state)
{
	static struct pci_device more[8];
	unsigned shared;

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		more[i] = other;
		assert_true(pci_add(machine.pci, &more[i]));
	}
	shared = device.line;
	assert_int_equal(more[7].line, shared);
	pci_interrupt(&machine, &device, true);
	pci_interrupt(&machine, &more[7], true);
	pci_interrupt(&machine, &device, false);
	assert_true(lines[shared]);
	pci_interrupt(&machine, &more[7], false);
	assert_false(lines[shared]);
}

static void
test_devices_in_turn(void **state)
{
	unsigned count = 0;

	(void)state;
	assert_true(pci_add(machine.pci, &other));
	for (const struct pci_device *it = pci_next(machine.pci, NULL);
	     it != NULL; it = pci_next(machine.pci, it))
		count++;
	assert_int_equal(count, 2);
	assert_int_equal(config(2, PCI_ID), 0x00021234);
}

static void
test_removed_device_is_gone(void **state)
{
	uint16_t at;

	(void)state;
	at = base();
	pci_remove(machine.pci, &other); /* that was never there */
	pci_interrupt(&machine, &device, true);
	pci_remove(machine.pci, &device);
	assert_int_equal(config(1, PCI_ID), UINT32_MAX);
	assert_int_equal(in(at, 1), 0xff);
	assert_false(lines[device.line]);
	assert_null(pci_next(machine.pci, NULL));
	assert_true(pci_add(machine.pci, &other));
	assert_int_equal(other.slot, 2);
}

static void
test_full_bus_takes_no_more(void **state)
{
	static struct pci_device more[PCI_SLOTS];
	unsigned count = 1;

	(void)state;
	while (count < PCI_SLOTS + 1 && pci_add(machine.pci, &more[count - 1]))
		count++;
	assert_int_equal(count, PCI_SLOTS - 1);
}

static void
test_bad_bars_are_refused(void **state)
{
	static const struct pci_bar bad[] = {
		{ .size = 24, .io = true },      /* no power of two */
		{ .size = 2, .io = true },       /* less than a BAR can say */
		{ .size = 512 },                 /* less than a page */
		{ .size = 0x20000, .io = true }, /* more ports than there are */
		{ .size = 0x40000000 },          /* more than the window */
	};
	static struct pci_device it;

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		it = other;
		it.bars[0].size = 16;
		it.bars[0].io = true;
		it.bars[0].range.in = device_in;
		it.bars[0].range.ctx = &it;
		it.bars[1] = bad[i];
		assert_false(pci_add(machine.pci, &it));
		assert_int_equal(config(2, PCI_ID), UINT32_MAX);
		/* nothing of it is left */
		assert_ptr_not_equal(ports_find(&machine.ports,
					 it.bars[0].range.first),
		    &it.bars[0].range);
	}
}

#define TEST(function) \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_who_is_there),
		TEST(test_nobody_answers_with_ones),
		TEST(test_address_is_of_32_bits_only),
		TEST(test_bytes_and_words),
		TEST(test_ports_of_a_bar),
		TEST(test_size_of_a_bar),
		TEST(test_ports_move),
		TEST(test_ports_are_off_when_told),
		TEST(test_memory_is_the_guests_and_stays),
		TEST(test_what_is_said_is_not_written),
		TEST(test_interrupt_has_two_lines),
		TEST(test_interrupt_can_be_disabled),
		TEST(test_shared_line_is_of_all),
		TEST(test_devices_in_turn),
		TEST(test_removed_device_is_gone),
		TEST(test_full_bus_takes_no_more),
		TEST(test_bad_bars_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
