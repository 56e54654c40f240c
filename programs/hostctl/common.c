/* SPDX-License-Identifier: ISC */
/* What several commands do. */
#include <errno.h>
#include <string.h>

#include "escape.h"
#include "hostctl.h"
#include "json.h"
#include "pvbus/ioctl.h"

void
hostctl_status(struct hostctl *h, enum status status)
{
	if (h->status == STATUS_DONE)
		h->status = status;
}

int
hostctl_try(struct hostctl *h, const char *path, bool writable)
{
	int error;

	/* a search may pass by a device that is stuck: all of libpvbus's time */
	limit_start(&h->limit, path != NULL ? h->options.timeout : 0);
	error = pvbus_open(path, writable, &h->bus);
	limit_stop(&h->limit);
	if (error == 0)
		pvbus_set_timeout(h->bus, h->options.timeout);
	return error;
}

void
open_failed(struct hostctl *h, const char *path, int error)
{
	enum status status = status_of(error);
	const char *text;

	switch (-error) {
	case ENODEV:
		text = path != NULL
		    ? "nothing there (is pvbusd running?)"
		    : "no pvbus device found (is pvbusd running?)";
		break;
	case ENXIO:
		text = "no device here has a store"
		       " (hostctl -a shows what there is)";
		break;
	case EACCES:
		text = "no permission for the device (may your group use it?)";
		break;
	case ENAMETOOLONG:
		text = "a path too long for a socket";
		status = STATUS_NO_DEVICE;
		break;
	default:
		text = status_text(error);
		break;
	}
	complain(path, text);
	hostctl_status(h, status);
}

bool
hostctl_open(struct hostctl *h, bool writable)
{
	int error;

	error = hostctl_try(h, h->options.device, writable);
	if (error != 0)
		open_failed(h, h->options.device, error);
	return error == 0;
}

int
key_check(const char *key)
{
	if (key[0] == '\0' || strchr(key, '\n') != NULL)
		return -EINVAL;
	if (strnlen(key, PVBUS_KVOP_MAXSIZE + 1) > PVBUS_KVOP_MAXSIZE)
		return -ENAMETOOLONG;
	return 0;
}

void
key_failed(struct hostctl *h, const char *key, int error)
{
	bool said = h->options.quiet && error == -ENOENT;

	if (key[0] == '\0' && error == -EINVAL)
		complain(NULL, "an empty key");
	else if (strchr(key, '\n') != NULL && error == -EINVAL)
		complain(key, "a newline in a key");
	else if (error == -ENAMETOOLONG)
		complain(key, "a key longer than 65536 bytes");
	else if (!said)
		complain(key[0] == '\0' ? NULL : key, status_text(error));
	hostctl_status(h, status_of(error));
}

void
json_begin(struct hostctl *h)
{
	const char *path = pvbus_path(h->bus);

	json_open(&h->output.buffer, NULL, '{');
	json_number(&h->output.buffer, "schema", JSON_SCHEMA);
	json_string(&h->output.buffer, "device", path, strlen(path));
}

void
json_end(struct hostctl *h)
{
	json_close(&h->output.buffer, '}');
	buffer_byte(&h->output.buffer, '\n');
}

void
json_key(struct hostctl *h, const char *key)
{
	json_bytes(&h->output.buffer, "key", "key_base64", key, strlen(key));
}

void
json_error(struct hostctl *h, int error)
{
	const char *text = pvbus_strerror(error);
	char room[16];
	const char *name = status_name(error, room);

	json_string(&h->output.buffer, "error", name, strlen(name));
	json_string(&h->output.buffer, "message", text, strlen(text));
}

/*
 * Bytes for a pipe or a file, harmless text for a terminal.  A newline follows,
 * also an empty value, so that x=$(hostctl key) and read(1) work; whether the
 * key is there at all is told by the exit status.  With -R not a byte is added.
 * Of several keys each value has "key: " before it; a script that must tell
 * values with newlines apart asks for JSON.
 */
void
value_print(struct hostctl *h, const char *key, const char *value,
    size_t length)
{
	struct buffer *b = &h->output.buffer;

	if (h->options.raw) {
		buffer_add(b, value, length);
		return;
	}
	if (key != NULL) {
		if (h->output.terminal)
			escape(b, key, strlen(key), false);
		else
			buffer_text(b, key);
		buffer_text(b, ": ");
	}
	/* Among several, no value may look like the line of another key. */
	if (h->output.terminal)
		escape(b, value, length, key == NULL);
	else
		buffer_add(b, value, length);
	buffer_byte(b, '\n');
}
