/* SPDX-License-Identifier: ISC */
/*
 * Key/value pairs by the platform's driver: we are the daemon that Linux's
 * hv_utils hands the host's requests to, one at a time, in UTF-8.
 *
 * The first message registers, the kernel answers it with its version, and from
 * then on each message that comes is a request, and goes back as the answer.
 * Where another daemon was first its files are the pools, and are only read.
 * Source: drivers/hv/hv_kvp.c and tools/hv/hv_kvp_daemon.c of Linux.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/kvp.h"
#include "wire/hyperv/ic.h"
#include "wire/hyperv/vmbus.h"

/* Until the kernel answers the registration; and how often we look whether the
 * device has come, or the other daemon has gone. */
#define PATIENCE (10 * PV_SECOND)
#define RETRY (5 * PV_SECOND)
/* The files of another daemon are looked at so often for watches. */
#define LOOK PV_SECOND

enum phase {
	PHASE_CLOSED,
	PHASE_REGISTERING,
	PHASE_UP
};

struct kvp_platform {
	enum phase phase;
	uint64_t retry; /* when to open, or give up on the registration */
	uint64_t look;
	int said; /* the PV_E code that a line was printed for */
	struct hv_linux_kvp message;
};

static uint64_t
now_of(const struct kvp *kvp)
{
	return pv_bus_now(kvp->hyperv->bus);
}

/* ---- Coming and going ------------------------------------------------- */

static void
say(struct kvp *kvp, int error, const char *what)
{
	if (kvp->platform->said == error)
		return;
	kvp->platform->said = error;
	hyperv_log(kvp->hyperv, PV_LOG_INFO, "%s", what);
}

static void
end(struct kvp *kvp)
{
	const struct pv_port *port = kvp->hyperv->port;

	if (port->kvp_close != NULL)
		port->kvp_close(port->ctx);
	kvp->platform->phase = PHASE_CLOSED;
	kvp->platform->retry = now_of(kvp) + RETRY;
}

static void
load_all(struct kvp *kvp)
{
	for (unsigned pool = 0; pool < KVP_POOLS_NAMED; pool++)
		if (pool != HV_KVP_POOL_AUTO)
			kvp_load(kvp, pool);
}

/* What was read from the files of another is read again: it has changed them,
 * and it is gone. */
static int
registered(struct kvp *kvp, int error)
{
	switch (error) {
	case PV_OK:
		kvp->platform->phase = PHASE_REGISTERING;
		kvp->platform->retry = now_of(kvp) + PATIENCE;
		if (kvp->others) {
			kvp->others = false;
			load_all(kvp);
		}
		return PV_OK;
	case PV_EBUSY:
		say(kvp, error,
		    "kvp: another daemon has the kernel's device; "
		    "its pools are read");
		break;
	case PV_EACCES:
		say(kvp, error,
		    "kvp: the kernel's device is refused; the "
		    "pools of whoever has it are read");
		break;
	default:
		return error;
	}
	kvp->others = true;
	return PV_OK;
}

static int
try_open(struct kvp *kvp)
{
	const struct pv_port *port = kvp->hyperv->port;
	struct hv_linux_kvp *message = &kvp->platform->message;
	int error;

	memset(message, 0, sizeof(*message));
	message->u.header.operation = HV_LINUX_KVP_REGISTER1;
	kvp->platform->retry = now_of(kvp) + RETRY;
	error = registered(kvp,
	    port->kvp_write(port->ctx, message, sizeof(*message)));
	if (error == PV_OK && !kvp->offered)
		kvp_offered(kvp->hyperv);
	return error;
}

/* ---- Requests --------------------------------------------------------- */

/* The length of a text that is to end within `size` bytes; -1: it does not. */
static long
text_of(const uint8_t *bytes, uint32_t size, size_t room)
{
	size_t most = size < room ? size : room, len = 0;

	while (len < most && bytes[len] != '\0')
		len++;
	if (size > room || len == room)
		return -1;
	return (long)len;
}

static uint32_t
give(const struct kvp_record *record, struct hv_linux_kvp_value *to)
{
	if (record->key_len >= sizeof(to->key) ||
	    record->value_len >= sizeof(to->value))
		return HV_IC_STATUS_FAIL;
	memset(to, 0, sizeof(*to));
	to->type = HV_KVP_TYPE_STRING;
	to->key_size = record->key_len + 1u;
	to->value_size = record->value_len + 1u;
	memcpy(to->key, kvp_key(record), record->key_len);
	memcpy(to->value, kvp_value(record), record->value_len);
	return HV_IC_STATUS_OK;
}

static uint32_t
get(struct kvp *kvp, unsigned pool, struct hv_linux_kvp_value *value)
{
	long len = text_of(value->key, value->key_size, sizeof(value->key));
	const struct kvp_record *record;

	if (len < 0)
		return HV_IC_STATUS_INVALID;
	if (pool == HV_KVP_POOL_AUTO)
		kvp_auto_refresh(kvp);
	record = kvp_find(&kvp->pools[pool], (const char *)value->key,
	    (size_t)len);
	return record != NULL ? give(record, value) : HV_IC_STATUS_NO_MORE;
}

/* Numbers are text already: the kernel has made it so. */
static uint32_t
set(struct kvp *kvp, unsigned pool, const struct hv_linux_kvp_value *value)
{
	long key = text_of(value->key, value->key_size, sizeof(value->key)),
	     len = text_of(value->value, value->value_size,
		 sizeof(value->value));

	if (key < 0 || len < 0)
		return HV_IC_STATUS_INVALID;
	return kvp_status(kvp_set(kvp, pool, (const char *)value->key,
	    (size_t)key, (const char *)value->value, (size_t)len));
}

static uint32_t delete (struct kvp *kvp, unsigned pool,
    const struct hv_linux_kvp_delete *asked)
{
	long len = text_of(asked->key, asked->key_size, sizeof(asked->key));

	if (len < 0)
		return HV_IC_STATUS_INVALID;
	return kvp_status(
	    kvp_delete(kvp, pool, (const char *)asked->key, (size_t)len));
}

static uint32_t
enumerate(struct kvp *kvp, unsigned pool, struct hv_linux_kvp_enumerate *asked)
{
	const struct kvp_record *record;

	if (pool == HV_KVP_POOL_AUTO)
		kvp_auto_refresh(kvp);
	record = kvp_at(&kvp->pools[pool], asked->index);
	return record != NULL ? give(record, &asked->item)
			      : HV_IC_STATUS_NO_MORE;
}

/* An unterminated text has the length of its room. */
static size_t
length_of(const uint8_t *text, size_t room)
{
	size_t len = 0;

	while (len < room && text[len] != '\0')
		len++;
	return len;
}

/* An interface that is not there is no end of a list. */
static uint32_t
ip_status(int error)
{
	return error == PV_ENOENT ? HV_IC_STATUS_NOT_FOUND : kvp_status(error);
}

static uint32_t
get_ip(struct kvp *kvp, struct hv_linux_kvp_ip *ip)
{
	struct kvp_ip_text *text = &kvp->ip;
	int error = kvp_ip_find(kvp, (const char *)ip->adapter,
	    length_of(ip->adapter, sizeof(ip->adapter)), &kvp->netif);

	if (error != PV_OK)
		return ip_status(error);
	kvp->dropped += kvp_ip_text(&kvp->netif, text);
	memset(ip->addresses, 0, sizeof(ip->addresses));
	memset(ip->masks, 0, sizeof(ip->masks));
	memset(ip->gateways, 0, sizeof(ip->gateways));
	memset(ip->dns, 0, sizeof(ip->dns));
	ip->family = text->family;
	ip->dhcp = text->dhcp;
	memcpy(ip->addresses, text->addresses, sizeof(text->addresses));
	memcpy(ip->masks, text->masks, sizeof(text->masks));
	memcpy(ip->gateways, text->gateways, sizeof(text->gateways));
	memcpy(ip->dns, text->dns, sizeof(text->dns));
	return HV_IC_STATUS_OK;
}

/* Text of the host's, in room that is twice as large as what we take. */
static bool
take(char *to, size_t room, const uint8_t *from, size_t size)
{
	size_t len = length_of(from, size);

	if (len >= room)
		return false;
	memcpy(to, from, len);
	to[len] = '\0';
	return true;
}

static uint32_t
set_ip(struct kvp *kvp, const struct hv_linux_kvp_ip *ip)
{
	struct kvp_ip_text *text = &kvp->ip;

	text->family = ip->family;
	text->dhcp = ip->dhcp;
	if (!take(text->addresses, sizeof(text->addresses), ip->addresses,
		sizeof(ip->addresses)) ||
	    !take(text->masks, sizeof(text->masks), ip->masks,
		sizeof(ip->masks)) ||
	    !take(text->gateways, sizeof(text->gateways), ip->gateways,
		sizeof(ip->gateways)) ||
	    !take(text->dns, sizeof(text->dns), ip->dns, sizeof(ip->dns)))
		return HV_IC_STATUS_INVALID;
	return ip_status(kvp_ip_set(kvp, (const char *)ip->adapter,
	    length_of(ip->adapter, sizeof(ip->adapter)), text));
}

static uint32_t
handle(struct kvp *kvp, struct hv_linux_kvp *message)
{
	unsigned pool = message->u.header.pool;

	/* addresses are in no pool */
	switch (message->u.header.operation) {
	case HV_KVP_GET_IP:
		return get_ip(kvp, &message->body.ip);
	case HV_KVP_SET_IP:
		return set_ip(kvp, &message->body.ip);
	}
	if (pool >= KVP_POOLS)
		return HV_IC_STATUS_INVALID;
	switch (message->u.header.operation) {
	case HV_KVP_GET:
		return get(kvp, pool, &message->body.value);
	case HV_KVP_SET:
		return set(kvp, pool, &message->body.value);
	case HV_KVP_DELETE:
		return delete (kvp, pool, &message->body.remove);
	case HV_KVP_ENUMERATE:
		return enumerate(kvp, pool, &message->body.enumerate);
	default:
		return HV_IC_STATUS_NOT_SUPPORTED;
	}
}

/* False: nothing has come, or the connection has ended. */
static bool
one(struct kvp *kvp)
{
	const struct pv_port *port = kvp->hyperv->port;
	struct kvp_platform *platform = kvp->platform;
	struct hv_linux_kvp *message = &platform->message;
	struct pv_stats *stats = kvp->hyperv->stats;
	long len = port->kvp_read(port->ctx, message, sizeof(*message));

	if (len == PV_EAGAIN)
		return false;
	if (len != (long)sizeof(*message)) {
		if (len >= 0)
			stats->bad_length++;
		end(kvp);
		return false;
	}
	stats->requests++;
	if (message->u.header.operation == HV_LINUX_KVP_REGISTER1) {
		platform->phase = PHASE_UP;
		return true;
	}
	message->u.status = handle(kvp, message);
	if (port->kvp_write(port->ctx, message, sizeof(*message)) != PV_OK)
		end(kvp);
	return platform->phase != PHASE_CLOSED;
}

/* ---- The platform's ends ---------------------------------------------- */

/* The host has the service, though no driver of the platform may have loaded
 * for it yet. */
static bool
on_vmbus(struct kvp *kvp)
{
	static const struct hv_guid kvp_class = HV_GUID_KVP;
	const struct pv_port *port = kvp->hyperv->port;
	struct pv_vmbus_item item;

	for (unsigned i = 0; port->vmbus_item != NULL && i < HV_VMBUS_RELIDS &&
	     port->vmbus_item(port->ctx, i, &item) == PV_OK;
	     i++)
		if (memcmp(item.class_id, &kvp_class, sizeof(kvp_class)) == 0)
			return true;
	return false;
}

int
kvp_platform_open(struct kvp *kvp)
{
	int error;

	kvp->platform = pv_alloc(kvp->hyperv->bus, sizeof(*kvp->platform));
	if (kvp->platform == NULL)
		return PV_ENOMEM;
	error = try_open(kvp);
	if (error == PV_OK || on_vmbus(kvp))
		return PV_OK;
	kvp_platform_close(kvp);
	return error;
}

void
kvp_platform_close(struct kvp *kvp)
{
	if (kvp->platform == NULL)
		return;
	end(kvp);
	pv_free(kvp->hyperv->bus, kvp->platform, sizeof(*kvp->platform));
	kvp->platform = NULL;
}

bool
kvp_platform_poll(struct kvp *kvp)
{
	struct kvp_platform *platform = kvp->platform;
	uint64_t now = now_of(kvp);

	if (platform == NULL)
		return false;
	if (platform->phase == PHASE_REGISTERING && now >= platform->retry) {
		say(kvp, PV_ETIMEDOUT,
		    "kvp: the kernel does not answer; trying again");
		end(kvp);
	}
	if (platform->phase == PHASE_CLOSED && now >= platform->retry)
		(void)try_open(kvp);
	if (kvp->others && now >= platform->look) {
		platform->look = now + LOOK;
		load_all(kvp);
	}
	/* the kernel has one at a time */
	return platform->phase != PHASE_CLOSED && one(kvp);
}

uint64_t
kvp_platform_deadline(const struct kvp *kvp)
{
	const struct kvp_platform *platform = kvp->platform;
	uint64_t first = PV_NEVER;

	if (platform == NULL)
		return PV_NEVER;
	if (platform->phase != PHASE_UP)
		first = platform->retry;
	if (kvp->others && kvp->watches != NULL && platform->look < first)
		first = platform->look;
	return first;
}
