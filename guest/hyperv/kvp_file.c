/* SPDX-License-Identifier: ISC */
/*
 * Pools that outlive the guest, as the port keeps them: records of 2560 bytes,
 * those of Linux's daemon (wire/hyperv/linux_kvp.h), so that other programs can
 * read them.  That daemon copies no more than the text, and what stands behind
 * its NUL can be of an older record.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/kvp.h"

#define RECORD sizeof(struct hv_linux_kvp_record)
#define SAVE_AGAIN (10 * PV_SECOND)
#define READ_AGAIN (10 * PV_SECOND)

bool
kvp_record_fits(size_t key_len, size_t value_len)
{
	return key_len < HV_LINUX_KVP_KEY && value_len < HV_LINUX_KVP_VALUE;
}

/* ---- Reading ---------------------------------------------------------- */

/* The length of what ends in a NUL within `room`; `room`: there is none. */
static size_t
length(const uint8_t *text, size_t room)
{
	size_t len = 0;

	while (len < room && text[len] != 0)
		len++;
	return len;
}

/* `late`: what is here already came after this was kept. */
static bool
take(struct kvp *kvp, struct kvp_pool *pool,
    const struct hv_linux_kvp_record *from, bool late)
{
	size_t key_len = length(from->key, sizeof(from->key));
	size_t value_len = length(from->value, sizeof(from->value));
	const char *key = (const char *)from->key;
	struct kvp_record *record;

	if (key_len == sizeof(from->key) || value_len == sizeof(from->value))
		return false;
	for (record = pool->records; record != NULL; record = record->next)
		if (record->seen && record->key_len == key_len &&
		    memcmp(record->text, key, key_len) == 0)
			return late;
	if (kvp_set(kvp, pool->number, key, key_len, (const char *)from->value,
		value_len) != PV_OK)
		return false;
	for (record = pool->records; record != NULL; record = record->next)
		if (record->key_len == key_len &&
		    memcmp(record->text, key, key_len) == 0)
			record->seen = true;
	return true;
}

/* What is here and was not there has gone. */
static void
forget(struct kvp *kvp, struct kvp_pool *pool)
{
	struct kvp_record *record = pool->records;

	while (record != NULL) {
		struct kvp_record *next = record->next;

		if (!record->seen && !record->fact)
			(void)kvp_delete(kvp, pool->number, record->text,
			    record->key_len);
		record = next;
	}
}

static void
take_all(struct kvp *kvp, struct kvp_pool *pool, const uint8_t *bytes,
    size_t size, size_t whole)
{
	bool late = pool->unread && pool->dirty;
	struct hv_linux_kvp_record record;
	size_t bad = 0;

	for (struct kvp_record *old = pool->records; old != NULL;
	     old = old->next)
		old->seen = late && !old->fact;
	for (size_t at = 0; size - at >= RECORD; at += RECORD) {
		memcpy(&record, bytes + at, RECORD);
		if (!take(kvp, pool, &record, late))
			bad++;
	}
	forget(kvp, pool);
	pool->dirty = late;
	pool->unread = false;
	if (bad > 0)
		kvp->hyperv->stats->bad_text += bad;
	if (whole % RECORD != 0 || whole > size)
		kvp->hyperv->stats->bad_length++;
	if (bad > 0 || whole % RECORD != 0 || whole > size)
		hyperv_log(kvp->hyperv, PV_LOG_ERROR,
		    "pool %s as it was kept: %u records are none, %u bytes are "
		    "too much",
		    kvp_pool_name(pool->number), (unsigned)bad,
		    (unsigned)(whole > size ? whole - size : whole % RECORD));
}

static void
not_read(struct kvp *kvp, struct kvp_pool *pool, int error)
{
	if (!pool->unread)
		hyperv_log(kvp->hyperv, PV_LOG_ERROR,
		    "pool %s as it was kept: %s; what comes now is not kept",
		    kvp_pool_name(pool->number), pv_error_text(error));
	pool->unread = true;
	kvp->read_at = pv_bus_now(kvp->hyperv->bus) + READ_AGAIN;
}

void
kvp_load(struct kvp *kvp, unsigned number)
{
	const struct pv_port *port = kvp->hyperv->port;
	struct kvp_pool *pool = &kvp->pools[number];
	size_t room;
	uint8_t *bytes;
	long whole;

	if (port->pool_read == NULL || kvp_pool_name(number) == NULL)
		return;
	whole = port->pool_read(port->ctx, number, NULL, 0);
	if (whole == PV_ENOENT)
		whole = 0;
	if (whole < 0) {
		not_read(kvp, pool, (int)whole);
		return;
	}
	room = (size_t)whole;
	if (room > KVP_POOL_MAX * RECORD)
		room = KVP_POOL_MAX * RECORD;
	if (room == 0) {
		take_all(kvp, pool, NULL, 0, 0);
		return;
	}
	bytes = pv_alloc(kvp->hyperv->bus, room);
	if (bytes == NULL) {
		not_read(kvp, pool, PV_ENOMEM);
		return;
	}
	whole = port->pool_read(port->ctx, number, bytes, room);
	if (whole < 0 && whole != PV_ENOENT)
		not_read(kvp, pool, (int)whole);
	else {
		size_t there = whole < 0 ? 0 : (size_t)whole;

		take_all(kvp, pool, bytes, there < room ? there : room, there);
	}
	pv_free(kvp->hyperv->bus, bytes, room);
}

/* Somebody had it locked, perhaps.  Where others keep the pools they are read
 * again anyway. */
static bool
to_read(const struct kvp *kvp, const struct kvp_pool *pool)
{
	return pool->unread && !kvp->others;
}

static void
read_again(struct kvp *kvp)
{
	if (pv_bus_now(kvp->hyperv->bus) < kvp->read_at)
		return;
	for (unsigned i = 0; i < KVP_POOLS; i++)
		if (to_read(kvp, &kvp->pools[i]))
			kvp_load(kvp, i);
}

/* ---- Writing ---------------------------------------------------------- */

static int
save(struct kvp *kvp, struct kvp_pool *pool, unsigned *left_out)
{
	const struct pv_port *port = kvp->hyperv->port;
	size_t room = pool->count * RECORD + 1, size = 0;
	uint8_t *bytes = pv_alloc(kvp->hyperv->bus, room);
	int error;

	if (bytes == NULL)
		return PV_ENOMEM;
	for (const struct kvp_record *record = pool->records; record != NULL;
	     record = record->next) {
		uint8_t *to = bytes + size;

		if (record->fact)
			continue;
		if (!kvp_record_fits(record->key_len, record->value_len)) {
			++*left_out;
			continue;
		}
		memcpy(to, kvp_key(record), record->key_len);
		memcpy(to + HV_LINUX_KVP_KEY, kvp_value(record),
		    record->value_len);
		size += RECORD;
	}
	error = port->pool_write(port->ctx, pool->number, bytes, size);
	pv_free(kvp->hyperv->bus, bytes, room);
	return error;
}

static bool
to_save(const struct kvp *kvp, const struct kvp_pool *pool)
{
	return pool->dirty && !pool->unread && !kvp->others &&
	    kvp->hyperv->port->pool_write != NULL;
}

void
kvp_save(struct kvp *kvp)
{
	uint64_t now = pv_bus_now(kvp->hyperv->bus);
	unsigned left_out = 0;
	int error = PV_OK;

	read_again(kvp);
	if (now < kvp->save_at)
		return;
	/* what is wrong with one of them is no fault of the others */
	for (unsigned i = 0; i < KVP_POOLS; i++) {
		int failed;

		if (!to_save(kvp, &kvp->pools[i]))
			continue;
		failed = save(kvp, &kvp->pools[i], &left_out);
		kvp->pools[i].dirty = failed != PV_OK;
		if (failed != PV_OK)
			error = failed;
	}
	if (left_out > 0)
		hyperv_log(kvp->hyperv, PV_LOG_ERROR,
		    "%u values are longer than a pool keeps them", left_out);
	if (error == PV_OK) {
		kvp->save_failed = false;
		return;
	}
	kvp->save_at = now + SAVE_AGAIN;
	if (!kvp->save_failed)
		hyperv_log(kvp->hyperv, PV_LOG_ERROR, "pools are not kept: %s",
		    pv_error_text(error));
	kvp->save_failed = true;
}

uint64_t
kvp_save_deadline(const struct kvp *kvp)
{
	uint64_t first = PV_NEVER;

	for (unsigned i = 0; i < KVP_POOLS; i++) {
		if (to_save(kvp, &kvp->pools[i]) && kvp->save_at < first)
			first = kvp->save_at;
		if (to_read(kvp, &kvp->pools[i]) && kvp->read_at < first)
			first = kvp->read_at;
	}
	return first;
}
