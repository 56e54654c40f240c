/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "programs/pvhost/reply.h"

static bool
make_room(struct reply *reply, size_t more)
{
	size_t room = reply->room > 0 ? reply->room : 256;
	char *text;

	if (more > REPLY_MAX - reply->size)
		return false;
	while (room <= reply->size + more)
		room *= 2;
	if (room == reply->room)
		return true;
	text = realloc(reply->text, room);
	if (text == NULL)
		return false;
	reply->text = text;
	reply->room = room;
	return true;
}

void
reply_add(struct reply *reply, const void *bytes, size_t size)
{
	if (reply->cut || !make_room(reply, size)) {
		reply->cut = true;
		return;
	}
	if (size > 0)
		memcpy(reply->text + reply->size, bytes, size);
	reply->size += size;
	reply->text[reply->size] = '\0';
}

static void
print(struct reply *reply, const char *format, va_list arguments)
{
	char *text = NULL;
	int length = vasprintf(&text, format, arguments);

	if (length < 0) {
		reply->cut = true;
		return;
	}
	reply_add(reply, text, (size_t)length);
	free(text);
}

void
reply_print(struct reply *reply, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print(reply, format, arguments);
	va_end(arguments);
}

bool
reply_no(struct reply *reply, const char *format, ...)
{
	va_list arguments;

	reply->size = 0;
	reply->cut = false;
	va_start(arguments, format);
	print(reply, format, arguments);
	va_end(arguments);
	return false;
}

void
reply_free(struct reply *reply)
{
	free(reply->text);
	*reply = (struct reply){ 0 };
}
