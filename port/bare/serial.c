/* SPDX-License-Identifier: ISC */
/* The first serial port: an 8250 or its successors at I/O port 0x3f8. */
#include "port/bare/bare_private.h"

#define COM1 0x3f8u

/* offsets */
#define UART_DATA 0
#define UART_INTERRUPTS 1
#define UART_FIFO 2
#define UART_LINE 3
#define UART_MODEM 4
#define UART_STATUS 5
#define UART_SCRATCH 7

#define STATUS_RECEIVED 0x01u
#define STATUS_EMPTY 0x20u

/* Of a 16550; what is older loses bytes of a burst, but no VMM has one. */
#define FIFO_SIZE 16u

/* A port whose far end does not take a byte in so many looks is left alone. */
#define PATIENCE 200000u

static void
serial_write(const char *text, size_t len)
{
	unsigned room = 0, looks = 0;

	for (size_t i = 0; i < len; i++) {
		while (room == 0) {
			if (cpu_in8(COM1 + UART_STATUS) & STATUS_EMPTY)
				room = FIFO_SIZE;
			else if (++looks == PATIENCE)
				return;
		}
		cpu_out8(COM1 + UART_DATA, (uint8_t)text[i]);
		room--;
	}
}

static int
serial_read(void)
{
	if (!(cpu_in8(COM1 + UART_STATUS) & STATUS_RECEIVED))
		return -1;
	return cpu_in8(COM1 + UART_DATA);
}

bool
serial_find(struct console *console)
{
	cpu_out8(COM1 + UART_SCRATCH, 0x5a);
	if (cpu_in8(COM1 + UART_SCRATCH) != 0x5a)
		return false;
	cpu_out8(COM1 + UART_SCRATCH, 0xa5);
	if (cpu_in8(COM1 + UART_SCRATCH) != 0xa5)
		return false;
	cpu_out8(COM1 + UART_INTERRUPTS, 0);
	cpu_out8(COM1 + UART_LINE, 0x80); /* 115200 baud: divisor 1 */
	cpu_out8(COM1 + UART_DATA, 1);
	cpu_out8(COM1 + UART_INTERRUPTS, 0);
	cpu_out8(COM1 + UART_LINE, 0x03);  /* 8 bits, no parity, 1 stop bit */
	cpu_out8(COM1 + UART_FIFO, 0x01);  /* on, and what is in it kept */
	cpu_out8(COM1 + UART_MODEM, 0x03); /* DTR, RTS */
	bare_format(console->name, sizeof(console->name), "serial 0x%x", COM1);
	console->write = serial_write;
	console->read = serial_read;
	return true;
}
