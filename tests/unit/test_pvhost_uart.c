/* SPDX-License-Identifier: ISC */
/* pvhost's 16550A, by its registers as drivers use them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "programs/pvhost/uart.h"

enum {
	DATA,
	IER,
	IIR,
	LCR,
	MCR,
	LSR,
	MSR,
	SCR,
	FCR = IIR
};

struct lab {
	struct uart uart;
	uint8_t out[64];
	unsigned sent, edges, drains;
	bool full, level;
};

static bool
output(void *ctx, uint8_t byte)
{
	struct lab *lab = ctx;

	lab->out[lab->sent++ % sizeof(lab->out)] = byte;
	return !lab->full;
}

static void
irq(void *ctx, bool level)
{
	struct lab *lab = ctx;

	assert_int_not_equal(lab->level, level);
	lab->level = level;
	lab->edges += level;
}

static void
drained(void *ctx)
{
	((struct lab *)ctx)->drains++;
}

static const struct uart_ops ops = { output, irq, drained };

static int
setup(void **state)
{
	static struct lab lab;

	lab = (struct lab){ 0 };
	uart_init(&lab.uart, &ops, &lab);
	uart_write(&lab.uart, MCR, 0x0b); /* DTR, RTS, OUT2 */
	lab.drains = 0;
	*state = &lab;
	return 0;
}

static uint8_t
in(struct lab *lab, unsigned at)
{
	return uart_read(&lab->uart, at);
}

static void
out(struct lab *lab, unsigned at, uint8_t value)
{
	uart_write(&lab->uart, at, value);
}

static void
bytes_leave(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(in(lab, LSR), 0x60);
	out(lab, DATA, 'a');
	out(lab, DATA, 'b');
	assert_int_equal(lab->sent, 2);
	assert_memory_equal(lab->out, "ab", 2);
	assert_int_equal(in(lab, LSR), 0x60);
	assert_int_equal(lab->edges, 0);
}

static void
bytes_arrive(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(uart_room(&lab->uart), 1);
	assert_true(uart_receive(&lab->uart, 'x'));
	assert_false(uart_receive(&lab->uart, 'y'));
	assert_int_equal(in(lab, LSR), 0x61);
	assert_int_equal(in(lab, DATA), 'x');
	assert_int_equal(lab->drains, 1);
	assert_int_equal(in(lab, LSR), 0x60);
}

static void
input_waits_for_dtr_and_rts(void **state)
{
	struct lab *lab = *state;

	out(lab, MCR, 0x09);
	assert_int_equal(uart_room(&lab->uart), 0);
	out(lab, MCR, 0x0a);
	assert_int_equal(uart_room(&lab->uart), 0);
	assert_false(uart_receive(&lab->uart, 'x'));
	out(lab, FCR, 1);
	assert_int_equal(lab->drains, 0);
	out(lab, MCR, 0x0b);
	assert_int_equal(lab->drains, 1);
	assert_int_equal(uart_room(&lab->uart), 16);
}

static void
divisor(void **state)
{
	struct lab *lab = *state;

	out(lab, LCR, 0x83);
	out(lab, DATA, 1);
	out(lab, IER, 2);
	assert_int_equal(in(lab, DATA), 1);
	assert_int_equal(in(lab, IER), 2);
	out(lab, LCR, 3);
	assert_int_equal(in(lab, IER), 0);
	assert_int_equal(lab->sent, 0);
}

/* What Linux's 8250 driver asks to find a 16550A and nothing younger. */
static void
linux_finds_a_16550a(void **state)
{
	struct lab *lab = *state;

	out(lab, IER, 0);
	assert_int_equal(in(lab, IER) & 0x0f, 0);
	out(lab, IER, 0x0f);
	assert_int_equal(in(lab, IER), 0x0f);
	out(lab, IER, 0);
	out(lab, MCR, 0x1a); /* loop, OUT2, RTS */
	assert_int_equal(in(lab, MSR) & 0xf0, 0x90);
	out(lab, MCR, 0x0b);
	out(lab, FCR, 1);
	assert_int_equal(in(lab, IIR), 0xc1);
	out(lab, FCR, 0x21); /* 64 bytes, on a 16750 */
	assert_int_equal(in(lab, IIR) >> 5, 6);
	out(lab, LCR, 0x80); /* no EFR, of a 16650 */
	assert_int_not_equal(in(lab, IIR), 0);
	out(lab, LCR, 0);
	out(lab, IER, 0x40); /* no UUE, of an XScale */
	assert_int_equal(in(lab, IER), 0);
	out(lab, SCR, 0x5a);
	assert_int_equal(in(lab, SCR), 0x5a);
}

/* The test of its startup for chips that tell it only once. */
static void
the_transmitters_interrupt_comes_with_each_enabling(void **state)
{
	struct lab *lab = *state;

	for (int i = 0; i < 3; i++) {
		out(lab, IER, 2);
		assert_true(lab->level);
		assert_int_equal(in(lab, IIR), 0x02);
		assert_false(lab->level);
		assert_int_equal(in(lab, IIR), 0x01);
		out(lab, IER, 0);
	}
}

/* Without an edge, an edge-triggered controller would not hear of it again. */
static void
each_byte_makes_an_edge(void **state)
{
	struct lab *lab = *state;

	out(lab, IER, 2);
	assert_int_equal(lab->edges, 1);
	out(lab, DATA, 'a');
	assert_int_equal(lab->edges, 2);
	out(lab, DATA, 'b');
	assert_int_equal(lab->edges, 3);
	assert_true(lab->level);
	assert_int_equal(in(lab, IIR), 0x02);
	assert_false(lab->level);
}

static void
no_room_outside(void **state)
{
	struct lab *lab = *state;

	out(lab, IER, 2);
	(void)in(lab, IIR);
	lab->full = true;
	out(lab, DATA, 'a');
	assert_int_equal(in(lab, LSR), 0x00);
	assert_false(lab->level);
	out(lab, IER, 0);
	out(lab, IER, 2);
	assert_false(lab->level);
	/* who does not look loses nothing here */
	out(lab, DATA, 'b');
	assert_int_equal(lab->sent, 2);
	lab->full = false;
	uart_sent(&lab->uart);
	assert_true(lab->level);
	assert_int_equal(in(lab, IIR), 0x02);
	assert_int_equal(in(lab, LSR), 0x60);
	uart_sent(&lab->uart);
	assert_false(lab->level);
}

static void
fifo(void **state)
{
	struct lab *lab = *state;

	out(lab, FCR, 0x81); /* 8 bytes */
	out(lab, IER, 1);
	assert_int_equal(uart_room(&lab->uart), 16);
	for (unsigned i = 0; i < 16; i++) {
		assert_true(uart_receive(&lab->uart, (uint8_t)i));
		assert_true(lab->level);
		assert_int_equal(in(lab, IIR), i < 7 ? 0xcc : 0xc4);
	}
	assert_false(uart_receive(&lab->uart, 16));
	for (unsigned i = 0; i < 16; i++) {
		assert_true(lab->level);
		assert_int_equal(in(lab, DATA), i);
	}
	assert_false(lab->level);
	assert_int_equal(in(lab, DATA), 0);
}

static void
fifo_is_cleared(void **state)
{
	struct lab *lab = *state;

	out(lab, FCR, 1);
	assert_true(uart_receive(&lab->uart, 'a'));
	out(lab, FCR, 1);
	assert_int_equal(in(lab, LSR), 0x61);
	out(lab, FCR, 3);
	assert_int_equal(in(lab, LSR), 0x60);
	assert_true(uart_receive(&lab->uart, 'b'));
	out(lab, FCR, 0);
	assert_int_equal(in(lab, LSR), 0x60);
	assert_int_equal(uart_room(&lab->uart), 1);
}

/* A FIFO with 16 bytes in it that becomes one of a byte. */
static void
fifo_switched_off_with_bytes_in_the_loop(void **state)
{
	struct lab *lab = *state;

	out(lab, FCR, 1);
	out(lab, MCR, 0x10);
	for (unsigned i = 0; i < 17; i++)
		out(lab, DATA, (uint8_t)i);
	out(lab, FCR, 0);
	out(lab, MCR, 0x0b);
	assert_int_equal(uart_room(&lab->uart), 1);
}

static void
loop(void **state)
{
	struct lab *lab = *state;

	out(lab, IER, 1);
	out(lab, MCR, 0x18);
	out(lab, DATA, 'a');
	assert_int_equal(lab->sent, 0);
	assert_int_equal(uart_room(&lab->uart), 0);
	assert_false(uart_receive(&lab->uart, 'z'));
	/* OUT2 does not reach the line in a loop */
	assert_false(lab->level);
	assert_int_equal(in(lab, IIR), 0x04);
	out(lab, DATA, 'b');
	assert_int_equal(in(lab, LSR), 0x63);
	assert_int_equal(in(lab, LSR), 0x61);
	assert_int_equal(in(lab, DATA), 'a');
	assert_int_equal(in(lab, LSR), 0x60);
}

static void
overrun_is_an_interrupt(void **state)
{
	struct lab *lab = *state;

	out(lab, MCR, 0x10);
	out(lab, DATA, 'a');
	out(lab, DATA, 'b');
	out(lab, IER, 5);
	assert_int_equal(in(lab, IIR), 0x06);
	assert_int_equal(in(lab, LSR), 0x63);
	assert_int_equal(in(lab, IIR), 0x04);
}

static void
modem_lines(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(in(lab, MSR), 0xb0);
	out(lab, IER, 8);
	out(lab, MCR, 0x10);
	assert_int_equal(in(lab, IIR), 0x00);
	/* CTS, DSR and DCD went away */
	assert_int_equal(in(lab, MSR), 0x0b);
	assert_int_equal(in(lab, IIR), 0x01);
	/* of RI only the end is told */
	out(lab, MCR, 0x14);
	assert_int_equal(in(lab, MSR), 0x40);
	out(lab, MCR, 0x10);
	assert_int_equal(in(lab, MSR), 0x04);
}

static void
line_needs_out2(void **state)
{
	struct lab *lab = *state;

	out(lab, MCR, 0x03);
	out(lab, IER, 2);
	assert_false(lab->level);
	out(lab, MCR, 0x0b);
	assert_true(lab->level);
}

/* Any bytes to any register leave it within its bounds. */
static void
junk(void **state)
{
	struct lab *lab = *state;
	uint64_t seed = 1;

	for (unsigned i = 0; i < 200000; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		unsigned at = seed >> 33 & 7, what = seed >> 40 & 7;
		uint8_t value = (uint8_t)(seed >> 48);

		if (what == 0)
			(void)uart_receive(&lab->uart, value);
		else if (what == 1)
			uart_sent(&lab->uart);
		else if (what < 4)
			(void)in(lab, at);
		else
			out(lab, at, value);
		lab->full = seed >> 60 == 0;
		assert_true(lab->uart.count <= UART_FIFO);
		assert_true(uart_room(&lab->uart) <= UART_FIFO);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(bytes_leave, setup),
		cmocka_unit_test_setup(bytes_arrive, setup),
		cmocka_unit_test_setup(input_waits_for_dtr_and_rts, setup),
		cmocka_unit_test_setup(divisor, setup),
		cmocka_unit_test_setup(linux_finds_a_16550a, setup),
		cmocka_unit_test_setup(
		    the_transmitters_interrupt_comes_with_each_enabling, setup),
		cmocka_unit_test_setup(each_byte_makes_an_edge, setup),
		cmocka_unit_test_setup(no_room_outside, setup),
		cmocka_unit_test_setup(fifo, setup),
		cmocka_unit_test_setup(fifo_is_cleared, setup),
		cmocka_unit_test_setup(fifo_switched_off_with_bytes_in_the_loop,
		    setup),
		cmocka_unit_test_setup(loop, setup),
		cmocka_unit_test_setup(overrun_is_an_interrupt, setup),
		cmocka_unit_test_setup(modem_lines, setup),
		cmocka_unit_test_setup(line_needs_out2, setup),
		cmocka_unit_test_setup(junk, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
