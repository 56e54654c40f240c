/* SPDX-License-Identifier: ISC */
/* Keys and values, and addresses. */
#include <stdio.h>
#include <string.h>

#include "host/hyperv/ic_private.h"
#include "wire/endian.h"
#include "wire/hyperv/kvp.h"

#define VERSION_BINARY (5u << 16)

static bool
ask(struct ic_service *service, struct hv_kvp *body, unsigned operation,
    unsigned pool)
{
	body->header.operation = (uint8_t)operation;
	body->header.pool = (uint8_t)pool;
	if (!ic_ask(service, body, sizeof(*body)))
		return false;
	service->operation = operation;
	return true;
}

static bool
set_key(const char *key, uint32_t *size, uint8_t *to)
{
	*size = (uint32_t)ic_to_utf16(key, strlen(key), to, HV_KVP_KEY);
	return *size > 0;
}

bool
host_ic_kvp_set(struct host_ic *ic, unsigned pool, const char *key,
    uint32_t type, const void *value, size_t len)
{
	struct ic_service *service = ic_ready(ic, HOST_IC_KVP);
	struct hv_kvp body = { .u.value.type = type };
	struct hv_kvp_value *to = &body.u.value;

	if (service == NULL || !set_key(key, &to->key_size, to->key))
		return false;
	if (type == HV_KVP_TYPE_STRING || type == HV_KVP_TYPE_EXPAND_STRING) {
		to->value_size = (uint32_t)ic_to_utf16(value, len, to->value,
		    sizeof(to->value));
		if (to->value_size == 0)
			return false;
	} else {
		if (len > sizeof(to->value))
			return false;
		to->value_size = (uint32_t)len;
		memcpy(to->value, value, len);
	}
	return ask(service, &body, HV_KVP_SET, pool);
}

bool
host_ic_kvp_get(struct host_ic *ic, unsigned pool, const char *key)
{
	struct ic_service *service = ic_ready(ic, HOST_IC_KVP);
	struct hv_kvp body = { 0 };
	struct hv_kvp_value *to = &body.u.value;

	return service != NULL && set_key(key, &to->key_size, to->key) &&
	    ask(service, &body, HV_KVP_GET, pool);
}

bool
host_ic_kvp_delete(struct host_ic *ic, unsigned pool, const char *key)
{
	struct ic_service *service = ic_ready(ic, HOST_IC_KVP);
	struct hv_kvp body = { 0 };
	struct hv_kvp_delete *to = &body.u.remove;

	return service != NULL && set_key(key, &to->key_size, to->key) &&
	    ask(service, &body, HV_KVP_DELETE, pool);
}

bool
host_ic_kvp_enumerate(struct host_ic *ic, unsigned pool, uint32_t index)
{
	struct ic_service *service = ic_ready(ic, HOST_IC_KVP);
	struct hv_kvp body = { .u.enumerate.index = index };

	return service != NULL && ask(service, &body, HV_KVP_ENUMERATE, pool);
}

/* ---- Addresses -------------------------------------------------------- */

/* The body is aligned by its numbers, behind two bytes; the message is of one
 * size whatever its version: openvmm's hyperv_ic. */
static bool
ask_ip(struct ic_service *service, unsigned operation, const void *ip,
    size_t size)
{
	uint8_t body[sizeof(struct hv_kvp_ip_exchange)] = { 0 };
	size_t at = service->version >= VERSION_BINARY ? 4 : 2;

	if (size > sizeof(body) - at)
		return false;
	body[0] = (uint8_t)operation;
	body[1] = HV_KVP_POOL_GUEST;
	memcpy(body + at, ip, size);
	if (!ic_ask(service, body, sizeof(body)))
		return false;
	service->operation = operation;
	return true;
}

bool
host_ic_ip_get(struct host_ic *ic, const char *id)
{
	struct ic_service *service = ic_ready(ic, HOST_IC_KVP);
	struct hv_kvp_ip_binary binary = { 0 };
	struct hv_kvp_ip text = { 0 };
	uint8_t adapter[sizeof(text.adapter)] = { 0 };

	if (service == NULL ||
	    ic_to_utf16(id, strlen(id), adapter, sizeof(adapter)) == 0)
		return false;
	memcpy(binary.adapter, adapter, sizeof(adapter));
	memcpy(text.adapter, adapter, sizeof(adapter));
	return service->version >= VERSION_BINARY
	    ? ask_ip(service, HV_KVP_GET_IP, &binary, sizeof(binary))
	    : ask_ip(service, HV_KVP_GET_IP, &text, sizeof(text));
}

bool
host_ic_ip_set(struct host_ic *ic, const void *body, size_t len)
{
	struct ic_service *service = ic_ready(ic, HOST_IC_KVP);

	return service != NULL && ask_ip(service, HV_KVP_SET_IP, body, len);
}

/* ---- Answers ---------------------------------------------------------- */

static void
read_value(struct host_ic_answer *answer, const struct hv_kvp_value *value)
{
	uint64_t number = get_le32(value->value);

	answer->value_type = value->type;
	if (value->key_size <= sizeof(value->key))
		(void)ic_from_utf16(value->key, value->key_size, answer->key,
		    sizeof(answer->key));
	if (value->value_size > sizeof(value->value))
		return;
	switch (value->type) {
	case HV_KVP_TYPE_U64:
		number |= (uint64_t)get_le32(value->value + 4) << 32;
		/* FALLTHROUGH */
	case HV_KVP_TYPE_U32:
		answer->value_len = (size_t)snprintf(answer->value,
		    sizeof(answer->value), "%llu", (unsigned long long)number);
		break;
	default:
		answer->value_len = ic_from_utf16(value->value,
		    value->value_size, answer->value, sizeof(answer->value));
		break;
	}
}

void
ic_kvp_answered(struct ic_service *service)
{
	struct host_ic_answer *answer = &service->answer;
	struct hv_kvp body = { 0 };

	if (answer->status != HV_IC_STATUS_OK ||
	    answer->body_len < sizeof(body))
		return;
	memcpy(&body, answer->body, sizeof(body));
	if (body.header.operation == HV_KVP_GET)
		read_value(answer, &body.u.value);
	else if (body.header.operation == HV_KVP_ENUMERATE)
		read_value(answer, &body.u.enumerate.item);
}
