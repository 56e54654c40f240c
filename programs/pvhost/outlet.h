/* SPDX-License-Identifier: ISC */
/*
 * Where serial ports and the debug port write: pvhost's standard output or a
 * file.  Those that name the same one share it.
 *
 * What cannot be written at once is kept, up to a bound, and written by and by.
 * At the bound the writer waits for a reader; one who does not read for a while
 * is given up until he does, and what is written meanwhile is lost.
 */
#ifndef PVHOST_OUTLET_H
#define PVHOST_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OUTLET_ROOM (1u << 20)
#define OUTLET_WAIT 2000 /* milliseconds for a reader */

struct machine;
struct outlet;

struct outlet_user {
	struct outlet_user *next;
	/* There is room again after outlet_byte() said that there is none. */
	void (*room)(void *ctx);
	void *ctx;
};

/* "stdio" or a file's name; NULL: a line was said. */
struct outlet *outlet_open(struct machine *, const char *name,
    struct outlet_user *);
/* Waits as above for what is left. */
void outlet_close(struct outlet *, struct outlet_user *);
/* False: taken, but the next one should wait until there is room. */
bool outlet_byte(struct outlet *, uint8_t byte);

#endif
