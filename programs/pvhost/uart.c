/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "programs/pvhost/uart.h"

enum {
	/* registers; 0 and 1 are the divisor's where LCR has DLAB */
	RBR = 0,
	THR = 0,
	IER = 1,
	IIR = 2,
	FCR = 2,
	LCR = 3,
	MCR = 4,
	LSR = 5,
	MSR = 6,
	SCR = 7,

	IER_RECEIVED = 0x01,
	IER_EMPTY = 0x02,
	IER_LINE = 0x04,
	IER_MODEM = 0x08,
	IER_ALL = 0x0f,

	IIR_NONE = 0x01,
	IIR_MODEM = 0x00,
	IIR_EMPTY = 0x02,
	IIR_RECEIVED = 0x04,
	IIR_TIMEOUT = 0x0c,
	IIR_LINE = 0x06,
	IIR_FIFOS = 0xc0,

	FCR_ENABLE = 0x01,
	FCR_RESET_RECEIVER = 0x02,

	LCR_DLAB = 0x80,

	MCR_DTR = 0x01,
	MCR_RTS = 0x02,
	MCR_OUT1 = 0x04,
	MCR_OUT2 = 0x08,
	MCR_LOOP = 0x10,
	MCR_ALL = 0x1f,

	LSR_READY = 0x01,
	LSR_OVERRUN = 0x02,
	LSR_THR_EMPTY = 0x20,
	LSR_ALL_EMPTY = 0x40,

	MSR_CTS = 0x10,
	MSR_DSR = 0x20,
	MSR_RI = 0x40,
	MSR_DCD = 0x80,
	MSR_RI_ENDED = 0x04
};

void
uart_init(struct uart *uart, const struct uart_ops *ops, void *ctx)
{
	*uart = (struct uart){
		.ops = ops,
		.ctx = ctx,
		.trigger = 1,
		.divisor = { 12, 0 }, /* 9600 */
	};
}

static unsigned
fifo_size(const struct uart *uart)
{
	return uart->fifos ? UART_FIFO : 1;
}

/* What the lines behind the modem status are: in a loop, the chip's own. */
static uint8_t
modem_lines(const struct uart *uart)
{
	uint8_t modem = uart->modem;

	if ((modem & MCR_LOOP) == 0)
		return MSR_DCD | MSR_DSR | MSR_CTS;
	return (uint8_t)((modem & MCR_RTS ? MSR_CTS : 0) |
	    (modem & MCR_DTR ? MSR_DSR : 0) | (modem & MCR_OUT1 ? MSR_RI : 0) |
	    (modem & MCR_OUT2 ? MSR_DCD : 0));
}

/* ---- Interrupts ------------------------------------------------------- */

static uint8_t
reason(const struct uart *uart)
{
	if ((uart->enabled & IER_LINE) && uart->errors != 0)
		return IIR_LINE;
	/* Below the trigger the chip waits for the time of four characters;
	 * nothing comes slower than that here. */
	if ((uart->enabled & IER_RECEIVED) && uart->count > 0)
		return uart->fifos && uart->count < uart->trigger
		    ? IIR_TIMEOUT
		    : IIR_RECEIVED;
	if ((uart->enabled & IER_EMPTY) && uart->empty_happened)
		return IIR_EMPTY;
	if ((uart->enabled & IER_MODEM) && uart->changes != 0)
		return IIR_MODEM;
	return IIR_NONE;
}

/* On a PC, OUT2 connects the interrupt's line; a loop disconnects it. */
static void
update(struct uart *uart)
{
	bool level = reason(uart) != IIR_NONE &&
	    (uart->modem & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2;

	if (level == uart->level)
		return;
	uart->level = level;
	uart->ops->irq(uart->ctx, level);
}

static uint8_t
read_reason(struct uart *uart)
{
	uint8_t value = reason(uart);

	if (value == IIR_EMPTY)
		uart->empty_happened = false;
	return (uint8_t)(value | (uart->fifos ? IIR_FIFOS : 0));
}

/* Linux's 8250 driver tests that this interrupt comes anew each time that it
 * is enabled while the transmitter is empty. */
static void
enable(struct uart *uart, uint8_t value)
{
	value &= IER_ALL;
	if ((value & ~uart->enabled & IER_EMPTY) && !uart->full)
		uart->empty_happened = true;
	uart->enabled = value;
}

/* ---- The receiver ----------------------------------------------------- */

/*
 * The other side sends nothing before DTR: a driver empties the receiver while
 * it sets the chip up, and input from a file would lack its beginning.  Nor
 * without RTS, by which Linux' tty with CRTSCTS holds it back.
 */
size_t
uart_room(const struct uart *uart)
{
	unsigned size = fifo_size(uart);
	uint8_t wants = MCR_DTR | MCR_RTS;

	if ((uart->modem & (MCR_LOOP | wants)) != wants || uart->count > size)
		return 0;
	return size - uart->count;
}

static void
keep(struct uart *uart, uint8_t byte)
{
	uart->fifo[(uart->first + uart->count++) % UART_FIFO] = byte;
}

bool
uart_receive(struct uart *uart, uint8_t byte)
{
	if (uart_room(uart) == 0)
		return false;
	keep(uart, byte);
	update(uart);
	return true;
}

static uint8_t
take(struct uart *uart)
{
	uint8_t byte = uart->fifo[uart->first];

	if (uart->count == 0)
		return 0;
	uart->first = (uart->first + 1) % UART_FIFO;
	uart->count--;
	return byte;
}

static void
control_fifos(struct uart *uart, uint8_t value)
{
	static const uint8_t triggers[] = { 1, 4, 8, 14 };
	bool fifos = value & FCR_ENABLE;

	if (fifos != uart->fifos || (fifos && (value & FCR_RESET_RECEIVER)))
		uart->count = 0;
	uart->fifos = fifos;
	uart->trigger = triggers[value >> 6];
}

/* ---- The transmitter -------------------------------------------------- */

static void
loop_back(struct uart *uart, uint8_t byte)
{
	if (uart->count < fifo_size(uart))
		keep(uart, byte);
	else
		uart->errors |= LSR_OVERRUN;
}

static void
transmit(struct uart *uart, uint8_t byte)
{
	/* A write ends the interrupt, and here the byte has gone at once: a
	 * controller that looks for edges must see one. */
	uart->empty_happened = false;
	update(uart);
	if (uart->modem & MCR_LOOP)
		loop_back(uart, byte);
	else
		uart->full = !uart->ops->output(uart->ctx, byte);
	uart->empty_happened = !uart->full;
}

void
uart_sent(struct uart *uart)
{
	if (!uart->full)
		return;
	uart->full = false;
	uart->empty_happened = true;
	update(uart);
}

/* ---- Status ----------------------------------------------------------- */

static uint8_t
line_status(struct uart *uart)
{
	uint8_t value = uart->errors;

	if (uart->count > 0)
		value |= LSR_READY;
	if (!uart->full)
		value |= LSR_THR_EMPTY | LSR_ALL_EMPTY;
	uart->errors = 0;
	return value;
}

static uint8_t
modem_status(struct uart *uart)
{
	uint8_t value = modem_lines(uart) | uart->changes;

	uart->changes = 0;
	return value;
}

/* The low bits tell of changes of the high ones; of the ring indicator's, only
 * that it ended. */
static void
set_modem(struct uart *uart, uint8_t value)
{
	uint8_t before = modem_lines(uart), after;

	uart->modem = value & MCR_ALL;
	after = modem_lines(uart);
	uart->changes |= (uint8_t)((before ^ after) >> 4) & ~MSR_RI_ENDED;
	if (before & ~after & MSR_RI)
		uart->changes |= MSR_RI_ENDED;
}

/* ---- Registers -------------------------------------------------------- */

static uint8_t
read_register(struct uart *uart, unsigned at)
{
	switch (at) {
	case RBR:
		return take(uart);
	case IER:
		return uart->enabled;
	case IIR:
		return read_reason(uart);
	case LCR:
		return uart->line;
	case MCR:
		return uart->modem;
	case LSR:
		return line_status(uart);
	case MSR:
		return modem_status(uart);
	case SCR:
		return uart->scratch;
	default:
		return 0xff;
	}
}

uint8_t
uart_read(struct uart *uart, unsigned at)
{
	uint8_t value;

	if (at <= 1 && (uart->line & LCR_DLAB))
		return uart->divisor[at];
	value = read_register(uart, at);
	update(uart);
	if (uart_room(uart) > 0 && at == RBR)
		uart->ops->drained(uart->ctx);
	return value;
}

static void
write_register(struct uart *uart, unsigned at, uint8_t value)
{
	switch (at) {
	case THR:
		transmit(uart, value);
		break;
	case IER:
		enable(uart, value);
		break;
	case FCR:
		control_fifos(uart, value);
		break;
	case LCR:
		uart->line = value;
		break;
	case MCR:
		set_modem(uart, value);
		break;
	case SCR:
		uart->scratch = value;
		break;
	default: /* LSR and MSR: for the factory's tests */
		break;
	}
}

void
uart_write(struct uart *uart, unsigned at, uint8_t value)
{
	if (at <= 1 && (uart->line & LCR_DLAB)) {
		uart->divisor[at] = value;
		return;
	}
	write_register(uart, at, value);
	update(uart);
	if (uart_room(uart) > 0 && (at == FCR || at == MCR))
		uart->ops->drained(uart->ctx);
}
