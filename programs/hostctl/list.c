/* SPDX-License-Identifier: ISC */
/* hostctl -l [key ...] */
#include <errno.h>
#include <string.h>

#include "escape.h"
#include "hostctl.h"
#include "json.h"

/* Of several keys, each name has its key before it: one full key a line. */
static void
print_names(struct hostctl *h, const char *key, char **names, size_t count)
{
	struct buffer *b = &h->output.buffer;
	size_t keylen = strlen(key);

	for (size_t i = 0; i < count; i++) {
		struct buffer line = { 0 };

		if (h->options.operands > 1 && keylen > 0) {
			buffer_text(&line, key);
			if (key[keylen - 1] != '/')
				buffer_byte(&line, '/');
		}
		buffer_text(&line, names[i]);
		if (line.failed)
			b->failed = true;
		else if (h->output.terminal)
			escape(b, line.data, line.length, false);
		else
			buffer_add(b, line.data, line.length);
		buffer_byte(b, '\n');
		buffer_free(&line);
	}
}

static void
json_names(struct hostctl *h, const char *key, int error, char **names,
    size_t count)
{
	struct buffer *b = &h->output.buffer;

	json_open(b, NULL, '{');
	json_key(h, key);
	if (error != 0) {
		json_error(h, error);
	} else {
		json_open(b, "names", '[');
		for (size_t i = 0; i < count; i++)
			json_element(b, names[i], strlen(names[i]));
		json_close(b, ']');
	}
	json_close(b, '}');
}

static void
list_one(struct hostctl *h, const char *key)
{
	const struct options *o = &h->options;
	char **names = NULL;
	size_t count = 0;
	int error = 0;

	/* "" is the top */
	if (key[0] != '\0')
		error = key_check(key);
	if (error == 0) {
		limit_start(&h->limit, o->timeout);
		error = pvbus_list(h->bus, key, o->recursive, &names, &count);
		limit_stop(&h->limit);
	}
	if (error == -EMSGSIZE) {
		complain(key[0] == '\0' ? NULL : key,
		    "a list longer than 65536 bytes; list a part of it");
		hostctl_status(h, status_of(error));
	} else if (error != 0) {
		key_failed(h, key, error);
	}
	if (o->json)
		json_names(h, key, error, names, count);
	else if (error == 0 && !o->quiet)
		print_names(h, key, names, count);
	if (error == 0)
		pvbus_names_free(names, count);
}

void
command_list(struct hostctl *h)
{
	const struct options *o = &h->options;

	if (o->json) {
		json_begin(h);
		json_open(&h->output.buffer, "lists", '[');
	}
	if (o->operands == 0)
		list_one(h, "");
	for (size_t i = 0; i < o->operands; i++) {
		list_one(h, o->operand[i]);
	}
	if (o->json) {
		json_close(&h->output.buffer, ']');
		json_end(h);
	}
}
