/* SPDX-License-Identifier: ISC */
/* hostctl key value, hostctl -i file key, hostctl -d key ... */
#include <errno.h>
#include <string.h>

#include "hostctl.h"
#include "input.h"
#include "json.h"
#include "pvbus/ioctl.h"

static void
put(struct hostctl *h, const char *key, const char *value, size_t length)
{
	int error;

	if (!hostctl_open(h, true))
		return;
	limit_start(&h->limit, h->options.timeout);
	error = pvbus_put(h->bus, key, value, length);
	limit_stop(&h->limit);
	if (error == -EMSGSIZE) {
		complain(key, "the value is larger than the store takes");
		hostctl_status(h, status_of(error));
	} else if (error != 0) {
		key_failed(h, key, error);
	}
}

/* What can be wrong without a device is found before one is opened; the value
 * goes to the host byte for byte. */
void
command_put(struct hostctl *h)
{
	const struct options *o = &h->options;
	const char *key = o->operand[0];
	struct buffer b = { 0 };
	int error;

	error = key_check(key);
	if (error != 0) {
		key_failed(h, key, error);
		return;
	}
	if (o->input != NULL) {
		hostctl_status(h, input_read(o->input, &b));
		if (h->status == STATUS_DONE)
			put(h, key, b.data, b.length);
		buffer_free(&b);
	} else if (strlen(o->operand[1]) > PVBUS_KVOP_MAXSIZE) {
		complain(key, "a value longer than 65536 bytes");
		hostctl_status(h, STATUS_DATA);
	} else {
		put(h, key, o->operand[1], strlen(o->operand[1]));
	}
}

void
command_remove(struct hostctl *h)
{
	const struct options *o = &h->options;
	struct buffer *b = &h->output.buffer;

	if (o->json) {
		json_begin(h);
		json_open(b, "removed", '[');
	}
	for (size_t i = 0; i < o->operands; i++) {
		const char *key = o->operand[i];
		int error;

		error = key_check(key);
		if (error == 0) {
			limit_start(&h->limit, o->timeout);
			error = pvbus_remove(h->bus, key);
			limit_stop(&h->limit);
		}
		if (error != 0)
			key_failed(h, key, error);
		if (o->json) {
			json_open(b, NULL, '{');
			json_key(h, key);
			if (error != 0)
				json_error(h, error);
			json_close(b, '}');
		}
	}
	if (o->json) {
		json_close(b, ']');
		json_end(h);
	}
}
