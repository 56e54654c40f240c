/* SPDX-License-Identifier: ISC */
/*
 * Key/value exchange on VMBus: what the host asks of the pools, in UTF-16.
 *
 * Answers are those of Linux's daemon (tools/hv/hv_kvp_daemon.c): what is not
 * there is "no more items" in every operation, a NIC that is not there "not
 * found".
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/kvp.h"
#include "guest/hyperv/services.h"

/* Numbers in place of text for addresses. */
#define VERSION_BINARY IC_VERSION(5, 0)

#define AS_NUMBER(major, minor) IC_VERSION(major, minor),
static const uint32_t versions[] = { HV_KVP_VERSIONS(AS_NUMBER) };
#undef AS_NUMBER

uint32_t
kvp_status(int error)
{
	switch (error) {
	case PV_OK:
		return HV_IC_STATUS_OK;
	case PV_ENOENT:
		return HV_IC_STATUS_NO_MORE;
	case PV_EINVAL:
	case PV_EMSGSIZE:
		return HV_IC_STATUS_INVALID;
	case PV_ENOMEM:
		return HV_IC_STATUS_DISK_FULL;
	case PV_ENOTSUP:
		return HV_IC_STATUS_NOT_SUPPORTED;
	default:
		return HV_IC_STATUS_FAIL;
	}
}

/* ---- Texts ------------------------------------------------------------ */

/* A field of the message with its size, which the host chose; counted when it
 * is no text. */
static long
text(struct kvp *kvp, const uint8_t *field, uint32_t size, size_t room,
    char *to, size_t to_room)
{
	struct pv_stats *stats = kvp->hyperv->stats;
	long len;

	if (size > room) {
		stats->bad_length++;
		return PV_EINVAL;
	}
	len = kvp_from_utf16(field, size, to, to_room);
	if (len < 0)
		stats->bad_text++;
	return len;
}

static long
key(struct kvp *kvp, const uint8_t *field, uint32_t size)
{
	return text(kvp, field, size, HV_KVP_KEY, kvp->key, KVP_KEY_BYTES);
}

static uint64_t
number(const uint8_t *bytes, unsigned size)
{
	uint64_t value = 0;

	while (size-- > 0)
		value = value << 8 | bytes[size];
	return value;
}

/* Text, whatever it was. */
static long
value(struct kvp *kvp, const struct hv_kvp_value *item)
{
	unsigned size = 0;

	switch (item->type) {
	case HV_KVP_TYPE_STRING:
	case HV_KVP_TYPE_EXPAND_STRING:
		return text(kvp, item->value, item->value_size, HV_KVP_VALUE,
		    kvp->text, KVP_VALUE_BYTES);
	case HV_KVP_TYPE_U32:
		size = 4;
		break;
	case HV_KVP_TYPE_U64:
	case HV_KVP_TYPE_U64_LINUX:
		size = 8;
		break;
	default:
		kvp->hyperv->stats->bad_value++;
		return PV_EINVAL;
	}
	if (item->value_size != size) {
		kvp->hyperv->stats->bad_length++;
		return PV_EINVAL;
	}
	return (long)pv_decimal(number(item->value, size), kvp->text);
}

/* With a NUL, which the size counts; what was in the field has gone. */
static uint32_t
put_text(const char *from, size_t len, uint8_t *field, size_t room)
{
	long bytes;

	memset(field, 0, room);
	bytes = kvp_to_utf16(from, len, field, room - 2);
	return bytes < 0 ? 0 : (uint32_t)bytes + 2;
}

static void
put_value(const struct kvp_record *record, struct hv_kvp_value *item)
{
	item->type = HV_KVP_TYPE_STRING;
	item->value_size = put_text(kvp_value(record), record->value_len,
	    item->value, sizeof(item->value));
}

static void
put_item(const struct kvp_record *record, struct hv_kvp_value *item)
{
	item->key_size = put_text(kvp_key(record), record->key_len, item->key,
	    sizeof(item->key));
	put_value(record, item);
}

/* ---- Operations on pools ---------------------------------------------- */

static int
get(struct kvp *kvp, unsigned pool, struct hv_kvp_value *item)
{
	long key_len = key(kvp, item->key, item->key_size);
	const struct kvp_record *record;

	if (key_len < 0)
		return (int)key_len;
	record = kvp_find(&kvp->pools[pool], kvp->key, (size_t)key_len);
	if (record == NULL)
		return PV_ENOENT;
	put_value(record, item);
	return PV_OK;
}

static int
set(struct kvp *kvp, unsigned pool, const struct hv_kvp_value *item)
{
	long key_len = key(kvp, item->key, item->key_size), value_len;

	if (key_len < 0)
		return (int)key_len;
	value_len = value(kvp, item);
	if (value_len < 0)
		return (int)value_len;
	return kvp_set(kvp, pool, kvp->key, (size_t)key_len, kvp->text,
	    (size_t)value_len);
}

static int delete (struct kvp *kvp, unsigned pool,
    const struct hv_kvp_delete *item)
{
	long key_len = key(kvp, item->key, item->key_size);

	if (key_len < 0)
		return (int)key_len;
	return kvp_delete(kvp, pool, kvp->key, (size_t)key_len);
}

static int
enumerate(struct kvp *kvp, unsigned pool, struct hv_kvp_enumerate *item)
{
	const struct kvp_record *record = kvp_at(&kvp->pools[pool],
	    item->index);

	if (record == NULL)
		return PV_ENOENT;
	put_item(record, &item->item);
	return PV_OK;
}

static uint32_t
exchange(struct kvp *kvp, struct ic_message *message, unsigned operation,
    unsigned pool)
{
	static const size_t sizes[] = {
		[HV_KVP_GET] = sizeof(struct hv_kvp_value),
		[HV_KVP_SET] = sizeof(struct hv_kvp_value),
		[HV_KVP_DELETE] = sizeof(struct hv_kvp_delete),
		[HV_KVP_ENUMERATE] = sizeof(struct hv_kvp_enumerate),
	};
	struct hv_kvp *body = (void *)message->body;

	if (message->len < sizeof(struct hv_kvp_header) + sizes[operation]) {
		kvp->hyperv->stats->bad_length++;
		return HV_IC_STATUS_INVALID;
	}
	if (pool >= KVP_POOLS_NAMED) {
		kvp->hyperv->stats->bad_value++;
		return HV_IC_STATUS_INVALID;
	}
	if (pool == HV_KVP_POOL_AUTO)
		kvp_auto_refresh(kvp);
	switch (operation) {
	case HV_KVP_GET:
		return kvp_status(get(kvp, pool, &body->u.value));
	case HV_KVP_SET:
		return kvp_status(set(kvp, pool, &body->u.value));
	case HV_KVP_DELETE:
		return kvp_status(delete (kvp, pool, &body->u.remove));
	default:
		return kvp_status(enumerate(kvp, pool, &body->u.enumerate));
	}
}

/* ---- Addresses -------------------------------------------------------- */

/* A field of units that ends at a NUL or where it ends; the host may have
 * written all of it. */
static long
units_in(struct kvp *kvp, const uint16_t *field, size_t units, char *to,
    size_t room)
{
	size_t used = 0;
	long len;

	while (used < units && field[used] != 0)
		used++;
	len = kvp_from_utf16(field, used * 2, to, room - 1);
	if (len < 0) {
		kvp->hyperv->stats->bad_text++;
		return PV_EINVAL;
	}
	to[len] = '\0';
	return len;
}

static void
units_out(const char *from, uint16_t *field, size_t units)
{
	(void)put_text(from, strlen(from), (uint8_t *)field, units * 2);
}

static uint32_t
ip_status(struct kvp *kvp, int error)
{
	if (error == PV_EINVAL)
		kvp->hyperv->stats->bad_value++;
	return error == PV_ENOENT ? HV_IC_STATUS_NOT_FOUND : kvp_status(error);
}

static uint32_t
ip_text(struct kvp *kvp, struct ic_message *message, bool set_it)
{
	struct hv_kvp_ip_exchange *body = (void *)message->body;
	struct hv_kvp_ip *ip = &body->ip;
	struct kvp_ip_text *text_ = &kvp->ip;
	long id = units_in(kvp, ip->adapter, HV_KVP_ADAPTER_UNITS, kvp->key,
	    sizeof(kvp->key));
	int error;

	if (id < 0)
		return kvp_status((int)id);
	if (!set_it) {
		error = kvp_ip_find(kvp, kvp->key, (size_t)id, &kvp->netif);
		if (error != PV_OK)
			return ip_status(kvp, error);
		kvp->dropped += kvp_ip_text(&kvp->netif, text_);
		ip->family = text_->family;
		ip->dhcp = text_->dhcp;
		units_out(text_->addresses, ip->addresses, HV_KVP_IP_UNITS);
		units_out(text_->masks, ip->masks, HV_KVP_IP_UNITS);
		units_out(text_->gateways, ip->gateways, HV_KVP_GATEWAY_UNITS);
		units_out(text_->dns, ip->dns, HV_KVP_IP_UNITS);
		return HV_IC_STATUS_OK;
	}
	text_->family = ip->family;
	text_->dhcp = ip->dhcp;
	if (units_in(kvp, ip->addresses, HV_KVP_IP_UNITS, text_->addresses,
		sizeof(text_->addresses)) < 0 ||
	    units_in(kvp, ip->masks, HV_KVP_IP_UNITS, text_->masks,
		sizeof(text_->masks)) < 0 ||
	    units_in(kvp, ip->gateways, HV_KVP_GATEWAY_UNITS, text_->gateways,
		sizeof(text_->gateways)) < 0 ||
	    units_in(kvp, ip->dns, HV_KVP_IP_UNITS, text_->dns,
		sizeof(text_->dns)) < 0)
		return HV_IC_STATUS_INVALID;
	return ip_status(kvp, kvp_ip_set(kvp, kvp->key, (size_t)id, text_));
}

static uint32_t
ip_binary(struct kvp *kvp, struct ic_message *message, bool set_it)
{
	struct hv_kvp_ip_binary *body = (void *)(message->body +
	    sizeof(struct hv_kvp_header));
	long id = units_in(kvp, body->adapter, HV_KVP_ADAPTER_UNITS, kvp->key,
	    sizeof(kvp->key));
	uint16_t adapter[HV_KVP_ADAPTER_UNITS];
	int error;

	if (id < 0)
		return kvp_status((int)id);
	if (set_it) {
		error = kvp_ip_from_binary(body, &kvp->wanted);
		if (error == PV_OK)
			error = kvp_ip_apply(kvp, kvp->key, (size_t)id,
			    &kvp->wanted);
		return ip_status(kvp, error);
	}
	error = kvp_ip_find(kvp, kvp->key, (size_t)id, &kvp->netif);
	if (error != PV_OK)
		return ip_status(kvp, error);
	memcpy(adapter, body->adapter, sizeof(adapter));
	memset(body, 0, sizeof(*body));
	memcpy(body->adapter, adapter, sizeof(adapter));
	kvp->dropped += kvp_ip_to_binary(&kvp->netif, body);
	return HV_IC_STATUS_OK;
}

/* ---- The service ------------------------------------------------------ */

static void
request(struct service *service, struct ic_message *message)
{
	struct kvp *kvp = service->hyperv->kvp;
	unsigned operation = message->body[0], pool = message->body[1];
	bool binary = service->version >= VERSION_BINARY;

	switch (operation) {
	case HV_KVP_GET:
	case HV_KVP_SET:
	case HV_KVP_DELETE:
	case HV_KVP_ENUMERATE:
		message->status = exchange(kvp, message, operation, pool);
		break;
	case HV_KVP_GET_IP:
	case HV_KVP_SET_IP:
		if (message->len <
		    (binary ? sizeof(struct hv_kvp_header) +
				sizeof(struct hv_kvp_ip_binary)
			    : sizeof(struct hv_kvp_ip_exchange))) {
			kvp->hyperv->stats->bad_length++;
			message->status = HV_IC_STATUS_INVALID;
		} else if (binary)
			message->status = ip_binary(kvp, message,
			    operation == HV_KVP_SET_IP);
		else
			message->status = ip_text(kvp, message,
			    operation == HV_KVP_SET_IP);
		break;
	default:
		kvp->hyperv->stats->bad_value++;
		message->status = HV_IC_STATUS_NOT_SUPPORTED;
	}
}

static int
service_open(struct service *service)
{
	int error = kvp_open(service->hyperv);

	if (error == PV_OK)
		kvp_offered(service->hyperv);
	return error;
}

const struct service_kind service_kvp = {
	.name = "kvp",
	.type = HV_GUID_KVP,
	.message_type = HV_IC_KVP,
	.versions = versions,
	.version_count = sizeof(versions) / sizeof(versions[0]),
	.body_min = sizeof(struct hv_kvp_header),
	.body_max = sizeof(struct hv_kvp_ip_exchange),
	.open = service_open,
	.request = request,
};
