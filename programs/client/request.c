/* SPDX-License-Identifier: ISC */
/* The ABI's structures, for either transport. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client_private.h"

int
pvbus_i_key(const char *key, size_t *length)
{
	size_t n;

	if (key == NULL || key[0] == '\0')
		return -EINVAL;
	n = strlen(key);
	if (n > PVBUS_KVOP_MAXSIZE)
		return -ENAMETOOLONG;
	*length = n;
	return 0;
}

int
pvbus_i_call(struct pvbus *p, struct client_call *call)
{
	unsigned timeout = p->timeout != 0 ? p->timeout : CLIENT_TIMEOUT;

	if (p->broken)
		return -ENODEV;
	if (call->cmd == PVBUSIOC_WATCH && p->timeout == 0)
		call->limit = CLIENT_FOREVER;
	else
		call->limit = (int64_t)timeout + p->slack;
	if (p->is_socket)
		return pvbus_i_socket_call(p, call);
	return pvbus_i_device_call(p, call);
}

/* An address of the caller for a device, an offset for a socket. */
static uint64_t
address(const struct pvbus *p, const void *pointer, size_t offset)
{
	return p->is_socket ? offset : (uintptr_t)pointer;
}

/* The bytes are where the structure says, and all that was asked for. */
static bool
sound(const struct pvbus *p, const struct client_call *call,
    const struct client_kv *kv)
{
	if (kv->put != NULL || kv->result == NULL)
		return true;
	if (p->is_socket && (!call->answered || call->result_len != kv->got))
		return false;
	if (kv->got > kv->length)
		return false;
	if ((kv->flags & PVBUS_KV_PARTIAL) == 0)
		return kv->got == kv->actual;
	/* A value that has shrunk may end before what was asked for. */
	return kv->offset > kv->actual ? kv->got == 0
				       : kv->got <= kv->actual - kv->offset;
}

int
pvbus_i_kv(struct pvbus *p, struct client_kv *kv)
{
	const void *value = kv->put != NULL ? kv->put : kv->result;
	struct pvbus_kv s = {
		.pk_version = PVBUS_KV_VERSION,
		.pk_flags = kv->flags,
		.pk_key = address(p, kv->key, sizeof(s)),
		.pk_keylen = (uint32_t)kv->keylen,
		.pk_timeout = p->timeout,
		.pk_value = address(p, value, sizeof(s) + kv->keylen),
		.pk_valuelen = (uint32_t)kv->length,
		.pk_offset = kv->offset,
		.pk_seen = kv->seen,
	};
	struct client_call call = {
		.cmd = kv->cmd,
		.structure = &s,
		.structure_len = sizeof(s),
		.sent = { kv->key, kv->put },
		.sent_len = { kv->keylen, kv->put != NULL ? kv->length : 0 },
		.result = kv->result,
		.room = kv->result != NULL ? kv->length : 0,
	};
	int error;

	error = pvbus_i_call(p, &call);
	kv->got = s.pk_valuelen;
	kv->actual = s.pk_actual;
	kv->seen = s.pk_seen;
	if (error == 0 && !sound(p, &call, kv))
		return -EPROTO;
	/* With pieces all fits; without, more is needed than there was. */
	if (error == -ERANGE &&
	    ((kv->flags & PVBUS_KV_PARTIAL) != 0 || s.pk_actual <= kv->length))
		return -EPROTO;
	return error;
}

int
pvbus_i_fetch(struct pvbus *p, struct client_kv *kv, void **data)
{
	size_t room = CLIENT_FIRST_ROOM;
	uint64_t seen = kv->seen;

	for (unsigned tries = 0; tries <= CLIENT_RESTARTS + 1; tries++) {
		char *buffer;
		int error;

		buffer = malloc(room + 1);
		if (buffer == NULL)
			return -ENOMEM;
		kv->result = buffer;
		kv->length = room;
		/* What did not fit was not seen. */
		kv->seen = seen;
		error = pvbus_i_kv(p, kv);
		if (error == 0) {
			buffer[kv->got] = '\0';
			*data = buffer;
			return 0;
		}
		free(buffer);
		if (error != -ERANGE || kv->actual > PVBUS_KVOP_MAXSIZE)
			return error;
		room = (size_t)kv->actual;
	}
	return -EAGAIN;
}

int
pvbus_type(struct pvbus *p, char *buffer, size_t size)
{
	char name[64];
	struct pvbus_req s = {
		.pvr_keylen = sizeof(name),
		.pvr_key = name,
	};
	struct client_call call = {
		.cmd = PVBUSIOC_TYPE,
		.structure = &s,
		.structure_len = sizeof(s),
		.result = name,
		.room = sizeof(name),
	};
	size_t length;
	int error;

	memset(name, 0, sizeof(name));
	if (p->is_socket)
		s.pvr_key = (char *)(uintptr_t)sizeof(s);
	error = pvbus_i_call(p, &call);
	if (error != 0)
		return error;
	length = strnlen(name, sizeof(name));
	if (length == 0 || length == sizeof(name))
		return -EPROTO;
	if (length >= size)
		return -ERANGE;
	memcpy(buffer, name, length + 1);
	return 0;
}

int
pvbus_info(struct pvbus *p, char **text)
{
	struct client_kv kv = { .cmd = PVBUSIOC_INFO };
	void *data;
	int error;

	error = pvbus_i_fetch(p, &kv, &data);
	if (error == -ERANGE)
		return -EMSGSIZE;
	if (error != 0)
		return error;
	if (memchr(data, '\0', kv.got) != NULL) {
		free(data);
		return -EPROTO;
	}
	*text = data;
	return 0;
}

int
pvbus_list(struct pvbus *p, const char *key, bool recursive, char ***names,
    size_t *count)
{
	struct client_kv kv = {
		.cmd = PVBUSIOC_LIST,
		.flags = recursive ? PVBUS_KV_RECURSIVE : 0,
		.key = key,
	};
	void *data;
	int error;

	if (key == NULL)
		return -EINVAL;
	/* The top of a store has no name. */
	if (key[0] != '\0') {
		error = pvbus_i_key(key, &kv.keylen);
		if (error != 0)
			return error;
	}
	error = pvbus_i_fetch(p, &kv, &data);
	if (error == -ERANGE)
		return -EMSGSIZE;
	if (error != 0)
		return error;
	error = pvbus_i_names(data, kv.got, names, count);
	free(data);
	return error;
}
