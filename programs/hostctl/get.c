/* SPDX-License-Identifier: ISC */
/* hostctl key ... */
#include <stdlib.h>

#include "hostctl.h"
#include "json.h"

static int
get_one(struct hostctl *h, const char *key, void **value, size_t *length)
{
	int error;

	error = key_check(key);
	if (error != 0)
		return error;
	limit_start(&h->limit, h->options.timeout);
	error = pvbus_get(h->bus, key, value, length);
	limit_stop(&h->limit);
	return error;
}

static void
json_one(struct hostctl *h, const char *key, int error, const char *value,
    size_t length)
{
	struct buffer *b = &h->output.buffer;

	json_open(b, NULL, '{');
	json_key(h, key);
	if (error != 0)
		json_error(h, error);
	else
		json_bytes(b, "value", "base64", value, length);
	json_close(b, '}');
}

/* Each value is out before the next is asked for. */
static bool
flushed(struct hostctl *h)
{
	enum status status = output_flush(&h->output);

	hostctl_status(h, status);
	return status == STATUS_DONE;
}

/* All keys are tried; those that failed are told of one by one. */
void
command_get(struct hostctl *h)
{
	const struct options *o = &h->options;
	bool several = o->operands > 1;

	if (o->json) {
		json_begin(h);
		json_open(&h->output.buffer, "keys", '[');
	}
	for (size_t i = 0; i < o->operands; i++) {
		const char *key = o->operand[i];
		void *value = NULL;
		size_t length = 0;
		int error;

		error = get_one(h, key, &value, &length);
		if (error != 0)
			key_failed(h, key, error);
		if (o->json)
			json_one(h, key, error, value, length);
		else if (error == 0 && !o->quiet)
			value_print(h, several ? key : NULL, value, length);
		free(value);
		if (!o->json && !flushed(h))
			return;
	}
	if (o->json) {
		json_close(&h->output.buffer, ']');
		json_end(h);
	}
}
