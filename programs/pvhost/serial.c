/* SPDX-License-Identifier: ISC */
/* COM1 and COM2, as a PC has them. */
#include <stdlib.h>
#include <string.h>

#include "programs/pvhost/outlet.h"
#include "programs/pvhost/parts.h"
#include "programs/pvhost/reply.h"
#include "programs/pvhost/serial.h"
#include "programs/pvhost/terminal.h"
#include "programs/pvhost/uart.h"

struct com {
	struct serial *serial;
	unsigned irq;
	struct uart uart;
	struct port_range range;
	struct outlet *outlet; /* NULL: nothing is connected */
	struct outlet_user user;
	/* what the administrator typed and the guest did not read yet */
	uint8_t *typed;
	size_t first, count;
};

struct serial {
	struct machine *machine;
	struct com com[2];
	struct com *input; /* standard input's, or NULL */
	struct terminal terminal;
};

/* ---- The guest's side ------------------------------------------------- */

/* An 8-bit device: wider accesses are several. */
static uint32_t
com_in(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width)
{
	struct com *com = ctx;
	uint32_t value = 0;

	(void)vcpu;
	for (unsigned i = 0; i < width; i++) {
		unsigned at = port - com->range.first + i;
		uint32_t byte = at < UART_PORTS ? uart_read(&com->uart, at)
						: 0xff;

		value |= byte << 8 * i;
	}
	return value;
}

static void
com_out(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width,
    uint32_t value)
{
	struct com *com = ctx;

	(void)vcpu;
	for (unsigned i = 0; i < width; i++) {
		unsigned at = port - com->range.first + i;

		if (at < UART_PORTS)
			uart_write(&com->uart, at, (uint8_t)(value >> 8 * i));
	}
}

/* ---- The other side --------------------------------------------------- */

static bool
output(void *ctx, uint8_t byte)
{
	struct com *com = ctx;

	return com->outlet == NULL || outlet_byte(com->outlet, byte);
}

static void
room(void *ctx)
{
	struct com *com = ctx;

	uart_sent(&com->uart);
}

static void
irq(void *ctx, bool level)
{
	struct com *com = ctx;

	machine_irq(com->serial->machine, com->irq, level);
}

static size_t
receive(struct com *com, const uint8_t *bytes, size_t size)
{
	size_t n = 0;

	while (n < size && uart_receive(&com->uart, bytes[n]))
		n++;
	return n;
}

static void
pass_typed(struct com *com)
{
	size_t n = receive(com, com->typed + com->first, com->count);

	com->first += n;
	com->count -= n;
}

/* What was typed comes as a whole, not mixed with keys. */
static void
drained(void *ctx)
{
	struct com *com = ctx;

	if (com->count > 0)
		pass_typed(com);
	if (com->count == 0 && com->serial->input == com)
		terminal_resume(&com->serial->terminal);
}

static size_t
from_terminal(void *ctx, const uint8_t *bytes, size_t size)
{
	struct com *com = ctx;

	return com->count > 0 ? 0 : receive(com, bytes, size);
}

bool
serial_type(struct serial *serial, const void *bytes, size_t size,
    struct reply *reply)
{
	struct com *com = &serial->com[0];

	if (size > SERIAL_TYPED_MAX - com->count)
		return reply_no(reply,
		    "the guest has %zu bytes to read yet; expected %u at most",
		    com->count, SERIAL_TYPED_MAX);
	if (com->typed == NULL)
		com->typed = malloc(SERIAL_TYPED_MAX);
	if (com->typed == NULL)
		return reply_no(reply, "out of memory");
	if (com->count > 0)
		memmove(com->typed, com->typed + com->first, com->count);
	com->first = 0;
	if (size > 0)
		memcpy(com->typed + com->count, bytes, size);
	com->count += size;
	pass_typed(com);
	return true;
}

/* ---- Making ----------------------------------------------------------- */

static bool
com_make(struct serial *serial, unsigned number, uint16_t base, unsigned line)
{
	static const struct uart_ops ops = { output, irq, drained };
	struct com *com = &serial->com[number];
	const char *name = serial->machine->options.serial[number];

	com->serial = serial;
	com->irq = line;
	com->user = (struct outlet_user){ .room = room, .ctx = com };
	uart_init(&com->uart, &ops, com);
	com->range = (struct port_range){
		.first = base,
		.last = (uint16_t)(base + UART_PORTS - 1),
		.ctx = com,
		.in = com_in,
		.out = com_out,
	};
	ports_add(&serial->machine->ports, &com->range);
	if (name == NULL || strcmp(name, "none") == 0)
		return true;
	if (strcmp(name, "stdio") == 0)
		serial->input = com;
	com->outlet = outlet_open(serial->machine, name, &com->user);
	return com->outlet != NULL;
}

static void
serial_free(void *self)
{
	struct serial *serial = self;

	serial->machine->serial = NULL;
	terminal_free(&serial->terminal);
	for (unsigned i = 0; i < 2; i++) {
		if (serial->com[i].serial == NULL)
			continue;
		ports_remove(&serial->machine->ports, &serial->com[i].range);
		outlet_close(serial->com[i].outlet, &serial->com[i].user);
		free(serial->com[i].typed);
	}
	free(serial);
}

static void *
serial_make(struct machine *machine)
{
	struct serial *serial = calloc(1, sizeof(*serial));

	if (serial == NULL) {
		say("serial ports: out of memory");
		return NULL;
	}
	serial->machine = machine;
	if (!com_make(serial, 0, 0x3f8, 4) || !com_make(serial, 1, 0x2f8, 3) ||
	    !terminal_make(&serial->terminal, machine,
		serial->input != NULL ? from_terminal : NULL, serial->input)) {
		serial_free(serial);
		return NULL;
	}
	machine->serial = serial;
	return serial;
}

const struct part part_serial = { "serial", serial_make, serial_free };
