/* SPDX-License-Identifier: ISC */
/*
 * Standard input: bytes for a serial port, and a terminal's modes.
 *
 * A terminal is raw while the machine runs, so that its keys are the guest's; ^A
 * x ends pvhost, ^A ^A is ^A.  Signals that would end pvhost end the machine in
 * order, for the terminal's sake too.
 */
#ifndef PVHOST_TERMINAL_H
#define PVHOST_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

#include "programs/common/loop.h"

struct machine;

struct terminal {
	struct machine *machine;
	struct loop_source input, signals;
	/* Bytes that came; how many were taken.  While some are left, none are
	 * read, until terminal_resume(). */
	size_t (*take)(void *ctx, const uint8_t *bytes, size_t size);
	void *ctx;
	uint8_t bytes[256];
	size_t first, count;
	bool raw, escape;
	struct termios before;
};

/* Signals in any case; input only where `take` is not NULL. */
bool terminal_make(struct terminal *, struct machine *,
    size_t (*take)(void *, const uint8_t *, size_t), void *ctx);
void terminal_free(struct terminal *);
/* There is room again; from any thread. */
void terminal_resume(struct terminal *);

#endif
