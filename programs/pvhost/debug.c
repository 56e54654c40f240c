/* SPDX-License-Identifier: ISC */
/* Port 0xe9, where Bochs and QEMU have a console that needs no driver, and port
 * 0xf4, by which a guest ends with a status. */
#include <stdlib.h>
#include <string.h>

#include "programs/pvhost/outlet.h"
#include "programs/pvhost/parts.h"

#define CONSOLE_PORT 0xe9
#define EXIT_PORT 0xf4

struct debug {
	struct machine *machine;
	struct port_range console, exit;
	struct outlet *outlet;
	struct outlet_user user;
};

/* By what it reads, a guest knows that somebody listens. */
static uint32_t
console_in(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width)
{
	(void)ctx;
	(void)vcpu;
	(void)port;
	(void)width;
	return CONSOLE_PORT;
}

static void
console_out(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width,
    uint32_t value)
{
	struct debug *debug = ctx;

	(void)vcpu;
	(void)port;
	(void)width;
	(void)outlet_byte(debug->outlet, (uint8_t)value);
}

static uint32_t
exit_in(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width)
{
	(void)ctx;
	(void)vcpu;
	(void)port;
	(void)width;
	return 0;
}

static void
exit_out(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width,
    uint32_t value)
{
	struct debug *debug = ctx;

	(void)vcpu;
	(void)port;
	(void)width;
	machine_end(debug->machine, value & 0xff, "the guest exited with %u",
	    value & 0xff);
}

static bool
console_make(struct debug *debug)
{
	const char *name = debug->machine->options.debug;

	if (strcmp(name, "none") == 0)
		return true;
	debug->outlet = outlet_open(debug->machine, name, &debug->user);
	if (debug->outlet == NULL)
		return false;
	debug->console = (struct port_range){
		.first = CONSOLE_PORT,
		.last = CONSOLE_PORT,
		.ctx = debug,
		.in = console_in,
		.out = console_out,
	};
	ports_add(&debug->machine->ports, &debug->console);
	return true;
}

static void *
debug_make(struct machine *machine)
{
	struct debug *debug = calloc(1, sizeof(*debug));

	if (debug == NULL) {
		say("debug port: out of memory");
		return NULL;
	}
	debug->machine = machine;
	if (!console_make(debug)) {
		free(debug);
		return NULL;
	}
	debug->exit = (struct port_range){
		.first = EXIT_PORT,
		.last = EXIT_PORT,
		.ctx = debug,
		.in = exit_in,
		.out = exit_out,
	};
	ports_add(&machine->ports, &debug->exit);
	return debug;
}

static void
debug_free(void *self)
{
	struct debug *debug = self;

	ports_remove(&debug->machine->ports, &debug->exit);
	if (debug->outlet != NULL)
		ports_remove(&debug->machine->ports, &debug->console);
	outlet_close(debug->outlet, &debug->user);
	free(debug);
}

const struct part part_debug = { "debug", debug_make, debug_free };
