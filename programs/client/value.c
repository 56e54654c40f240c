/* SPDX-License-Identifier: ISC */
/* Reading, watching, writing and removing one key. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client_private.h"

/* One pass over a value that no single request carries.  1: it changed its
 * length under our hands. */
static int
get_pieces(struct pvbus *p, struct client_kv *kv, uint64_t total, void **value)
{
	size_t size = (size_t)total, done;
	char *buffer;
	int error = 0;

	buffer = malloc(size + 1);
	if (buffer == NULL)
		return -ENOMEM;
	kv->flags = PVBUS_KV_PARTIAL;
	for (done = 0; done < size; done += kv->got) {
		kv->offset = done;
		kv->result = buffer + done;
		kv->length = size - done < PVBUS_KVOP_MAXSIZE
		    ? size - done
		    : PVBUS_KVOP_MAXSIZE;
		error = pvbus_i_kv(p, kv);
		/* A store may also refuse an offset past the new end. */
		if ((error == -EINVAL && done > 0) ||
		    (error == 0 && kv->actual != total))
			error = 1;
		else if (error == 0 && kv->got == 0)
			error = -EPROTO;
		if (error != 0) {
			free(buffer);
			return error;
		}
	}
	buffer[size] = '\0';
	*value = buffer;
	return 0;
}

static int
get(struct pvbus *p, const char *key, size_t keylen, void **value,
    size_t *length)
{
	for (unsigned tries = 0; tries <= CLIENT_RESTARTS; tries++) {
		struct client_kv kv = { .cmd = PVBUSIOC_GET,
			.key = key,
			.keylen = keylen };
		uint64_t total;
		int error;

		error = pvbus_i_fetch(p, &kv, value);
		if (error == 0) {
			*length = kv.got;
			return 0;
		}
		if (error != -ERANGE)
			return error;
		total = kv.actual;
		if (total > CLIENT_LARGEST)
			return -EMSGSIZE;
		error = get_pieces(p, &kv, total, value);
		if (error == 0)
			*length = (size_t)total;
		if (error <= 0)
			return error;
	}
	return -EAGAIN;
}

int
pvbus_get(struct pvbus *p, const char *key, void **value, size_t *length)
{
	size_t keylen;
	int error;

	error = pvbus_i_key(key, &keylen);
	if (error != 0)
		return error;
	return get(p, key, keylen, value, length);
}

int
pvbus_get_into(struct pvbus *p, const char *key, void *buffer, size_t size,
    size_t *length)
{
	struct client_kv kv = { .cmd = PVBUSIOC_GET, .key = key };
	int error;

	error = pvbus_i_key(key, &kv.keylen);
	if (error != 0)
		return error;
	kv.result = buffer;
	kv.length = size < PVBUS_KVOP_MAXSIZE ? size : PVBUS_KVOP_MAXSIZE;
	error = pvbus_i_kv(p, &kv);
	if (error != 0 && error != -ERANGE)
		return error;
	*length = (size_t)kv.actual;
	if (kv.actual > PVBUS_KVOP_MAXSIZE)
		return -EMSGSIZE;
	return kv.actual > size ? -ERANGE : 0;
}

int
pvbus_watch(struct pvbus *p, const char *key, uint64_t *seen, void **value,
    size_t *length)
{
	struct client_kv kv = { .cmd = PVBUSIOC_WATCH,
		.key = key,
		.seen = *seen };
	int error;

	error = pvbus_i_key(key, &kv.keylen);
	if (error != 0)
		return error;
	error = pvbus_i_fetch(p, &kv, value);
	if (error == 0) {
		*length = kv.got;
	} else if (error == -ERANGE) {
		/* Too long for a watch, which has no pieces; a change before
		 * or while it is read makes the next watch answer at once. */
		if (kv.seen == *seen)
			return -EMSGSIZE;
		error = get(p, key, kv.keylen, value, length);
	}
	if (error == 0 || error == -ENOENT)
		*seen = kv.seen;
	return error;
}

/* What changes the store: no answer but the error. */
static int
change(struct pvbus *p, unsigned long cmd, const char *key, const void *value,
    size_t length)
{
	struct client_kv kv = { .cmd = cmd,
		.key = key,
		.put = value,
		.length = length };
	int error;

	error = pvbus_i_key(key, &kv.keylen);
	if (error != 0)
		return error;
	if (length > PVBUS_KVOP_MAXSIZE)
		return -EMSGSIZE;
	if (!p->writable)
		return -EPERM;
	return pvbus_i_kv(p, &kv);
}

int
pvbus_put(struct pvbus *p, const char *key, const void *value, size_t length)
{
	return change(p, PVBUSIOC_PUT, key, length == 0 ? "" : value, length);
}

int
pvbus_remove(struct pvbus *p, const char *key)
{
	return change(p, PVBUSIOC_REMOVE, key, NULL, 0);
}
