/* SPDX-License-Identifier: ISC */
/*
 * hostctl -w key
 *
 * An event is the value at first, each change, and the end of the key; each is
 * written out at once, and a file of -o holds the latest value.  The status is
 * that of the last event: 1 when the key was not there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "hostctl.h"
#include "json.h"

/* A key that ends in '/' answers with the names below it. */
static void
print_event(struct hostctl *h, const char *key, char *value, size_t length)
{
	struct buffer *b = &h->output.buffer;
	bool names = key[strlen(key) - 1] == '/' && !h->options.raw;
	const char *p = value, *end = value + length;

	if (!names && !h->options.json) {
		value_print(h, NULL, value, length);
		return;
	}
	if (!names) {
		json_bytes(b, "value", "base64", value, length);
		return;
	}
	if (h->options.json)
		json_open(b, "names", '[');
	for (; p < end; p += strnlen(p, (size_t)(end - p)) + 1) {
		size_t n = strnlen(p, (size_t)(end - p));

		if (h->options.json) {
			json_element(b, p, n);
			continue;
		}
		if (h->output.terminal)
			escape(b, p, n, false);
		else
			buffer_add(b, p, n);
		buffer_byte(b, '\n');
	}
	if (h->options.json)
		json_close(b, ']');
}

static int
next(struct hostctl *h, const char *key, uint64_t *seen, void **value,
    size_t *length)
{
	int error;

	/* Without -T a watch may last for ever; but the first answer is due
	 * at once, and a dead daemon shows there. */
	if (h->options.timeout != 0 || *seen == 0)
		limit_start(&h->limit, h->options.timeout);
	error = pvbus_watch(h->bus, key, seen, value, length);
	limit_stop(&h->limit);
	return error;
}

/* False: the watch is at its end. */
static bool
event(struct hostctl *h, const char *key, uint64_t *seen)
{
	const struct options *o = &h->options;
	size_t length = 0;
	void *value = NULL;
	enum status status;
	int error;

	error = next(h, key, seen, &value, &length);
	h->status = STATUS_DONE;
	if (error == -ETIMEDOUT && *seen != 0) {
		complain(key, "no change in this time");
		hostctl_status(h, STATUS_AGAIN);
		return false;
	}
	if (error != 0)
		key_failed(h, key, error);
	/* A store that cannot tell the states of what is not there apart would
	 * be asked without end. */
	if (error != 0 && (error != -ENOENT || *seen == 0))
		return false;

	if (o->json && !o->quiet) {
		json_begin(h);
		json_key(h, key);
	}
	if (error == 0 && !o->quiet)
		print_event(h, key, value, length);
	else if (o->json && !o->quiet)
		json_error(h, error);
	free(value);
	if (o->json && !o->quiet)
		json_end(h);
	else if (error != 0 || o->quiet)
		return true;

	status = output_commit(&h->output);
	hostctl_status(h, status);
	return status == STATUS_DONE;
}

void
command_watch(struct hostctl *h)
{
	const char *key = h->options.operand[0];
	uint64_t seen = 0;
	int error;

	error = key_check(key);
	if (error != 0) {
		key_failed(h, key, error);
		return;
	}
	for (unsigned long n = 1; event(h, key, &seen); n++)
		if (h->options.count == n)
			break;
}
