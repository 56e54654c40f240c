/* SPDX-License-Identifier: ISC */
/* Text from a host, made harmless for a terminal. */
#ifndef HOSTCTL_ESCAPE_H
#define HOSTCTL_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

/* Bytes of the UTF-8 character at `p`, 0 when there is none; `end` > `p`. */
size_t utf8_next(const unsigned char *p, const unsigned char *end,
    uint32_t *code);
bool utf8_valid(const char *text, size_t length);

/* Moves the cursor, switches modes, or turns the order of what follows. */
bool code_harmful(uint32_t code);

/* Backslash escapes of C, as vis(3) writes them.  `lines`: a newline and a tab
 * stay what they are. */
void escape(struct buffer *, const char *text, size_t length, bool lines);

#endif
