/* SPDX-License-Identifier: ISC */
/*
 * A 16550A: registers on one side, bytes on the other.
 *
 * Bytes leave as soon as they are written, so that its transmitter is full only
 * while whoever takes them has no room.  Source of names, bits and what clears
 * an interrupt: PC16550D, National Semiconductor, section 8.
 */
#ifndef PVHOST_UART_H
#define PVHOST_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UART_FIFO 16u
#define UART_PORTS 8u

struct uart_ops {
	/* A byte sent; false: there is no room for one more behind it until
	 * uart_sent().  This one was taken in any case. */
	bool (*output)(void *ctx, uint8_t byte);
	/* The interrupt line, when it changes. */
	void (*irq)(void *ctx, bool level);
	/* There is room for input again; may call uart_receive(). */
	void (*drained)(void *ctx);
};

struct uart {
	const struct uart_ops *ops;
	void *ctx;
	uint8_t fifo[UART_FIFO];
	unsigned first, count;
	uint8_t enabled, line, modem, scratch, divisor[2];
	uint8_t errors;      /* of the line status, until that is read */
	uint8_t changes;     /* of the modem status */
	bool fifos;          /* else one byte each way */
	unsigned trigger;    /* of the receiver's interrupt */
	bool full;           /* the transmitter */
	bool empty_happened; /* the transmitter's interrupt */
	bool level;
};

void uart_init(struct uart *, const struct uart_ops *, void *ctx);
uint8_t uart_read(struct uart *, unsigned at);
void uart_write(struct uart *, unsigned at, uint8_t value);

/* How many bytes uart_receive() takes now. */
size_t uart_room(const struct uart *);
/* From the line; false: no room, nothing is kept. */
bool uart_receive(struct uart *, uint8_t byte);
/* What output() had no more room for has gone. */
void uart_sent(struct uart *);

#endif
