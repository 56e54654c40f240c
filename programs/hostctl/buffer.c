/* SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"

static bool
reserve(struct buffer *b, size_t more)
{
	size_t room = b->room == 0 ? 256 : b->room;
	char *data;

	if (b->failed || more > SIZE_MAX / 4 - b->length) {
		b->failed = true;
		return false;
	}
	while (room < b->length + more)
		room *= 2;
	if (room == b->room)
		return true;
	data = realloc(b->data, room);
	if (data == NULL) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->room = room;
	return true;
}

void
buffer_add(struct buffer *b, const void *data, size_t length)
{
	if (length == 0 || !reserve(b, length))
		return;
	memcpy(b->data + b->length, data, length);
	b->length += length;
}

void
buffer_text(struct buffer *b, const char *text)
{
	buffer_add(b, text, strlen(text));
}

void
buffer_byte(struct buffer *b, char byte)
{
	buffer_add(b, &byte, 1);
}

void
buffer_free(struct buffer *b)
{
	free(b->data);
	*b = (struct buffer){ 0 };
}
