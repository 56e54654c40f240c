/* SPDX-License-Identifier: ISC */
#ifndef HOSTCTL_INPUT_H
#define HOSTCTL_INPUT_H

#include "buffer.h"
#include "status.h"

/* All of a file, "-" standard input, up to what one request carries; says what
 * is wrong. */
enum status input_read(const char *path, struct buffer *);

#endif
