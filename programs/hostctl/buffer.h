/* SPDX-License-Identifier: ISC */
/*
 * Bytes that grow.  Memory that runs out is remembered in `failed` and asked
 * about once, where the bytes are written; nothing is added after that.
 * A zeroed struct is an empty buffer.
 */
#ifndef HOSTCTL_BUFFER_H
#define HOSTCTL_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
	char *data;
	size_t length;
	size_t room;
	bool failed;
};

void buffer_add(struct buffer *, const void *data, size_t length);
void buffer_text(struct buffer *, const char *text);
void buffer_byte(struct buffer *, char byte);
void buffer_free(struct buffer *);

#endif
