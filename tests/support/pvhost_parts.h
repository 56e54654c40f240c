/* SPDX-License-Identifier: ISC */
/* A machine without KVM for parts of pvhost: what they ask of it is kept here.
 * Each test program includes this once. */
#ifndef TESTS_SUPPORT_PVHOST_PARTS_H
#define TESTS_SUPPORT_PVHOST_PARTS_H

#include <string.h>

#include "tests/support/pvhost_said.h"

static struct machine machine;
static bool lines[24];
static uint64_t clock_now;

void
machine_irq(struct machine *it, unsigned line, bool level)
{
	(void)it;
	lines[line] = level;
}

uint64_t
machine_now(const struct machine *it)
{
	(void)it;
	return clock_now;
}

void
machine_end(struct machine *it, int status, const char *format, ...)
{
	va_list arguments;

	it->ended = true;
	it->status = status;
	va_start(arguments, format);
	vsnprintf(said, sizeof(said), format, arguments);
	va_end(arguments);
}

static inline uint32_t
in(uint16_t port, unsigned width)
{
	uint32_t all = width == 4 ? UINT32_MAX : (1u << 8 * width) - 1;

	return ports_in(&machine.ports, NULL, port, width) & all;
}

static inline void
out(uint16_t port, unsigned width, uint32_t value)
{
	ports_out(&machine.ports, NULL, port, width, value);
}

static inline void
machine_forget(void)
{
	memset(&machine, 0, sizeof(machine));
	machine.memory.vm = -1;
	memset(lines, 0, sizeof(lines));
	clock_now = 0;
	said[0] = '\0';
}

#endif
