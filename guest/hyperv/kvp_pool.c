/* SPDX-License-Identifier: ISC */
/*
 * Pools: records in the order in which they came, for hosts ask for them by
 * index.  Each change gives the record another state, for watches.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/kvp.h"

/* K-26; the longer of two names with the same beginning is first. */
static const struct {
	const char *name;
	uint8_t len, number;
} names[KVP_POOLS_NAMED] = {
	{ "Guest/Parameters", 16, HV_KVP_POOL_AUTO_EXTERNAL },
	{ "Guest", 5, HV_KVP_POOL_GUEST },
	{ "External", 8, HV_KVP_POOL_EXTERNAL },
	{ "Auto", 4, HV_KVP_POOL_AUTO },
};

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
begins(const char *text, size_t len, const char *with, size_t with_len)
{
	if (len < with_len)
		return false;
	for (size_t i = 0; i < with_len; i++)
		if (lower(text[i]) != lower(with[i]))
			return false;
	return true;
}

int
kvp_pool_number(const char *name, size_t len)
{
	for (unsigned i = 0; i < KVP_POOLS_NAMED; i++)
		if (len == names[i].len &&
		    begins(name, len, names[i].name, names[i].len))
			return names[i].number;
	return -1;
}

const char *
kvp_pool_name(unsigned pool)
{
	for (unsigned i = 0; i < KVP_POOLS_NAMED; i++)
		if (names[i].number == pool)
			return names[i].name;
	return NULL;
}

int
kvp_split(const char *key, size_t len, size_t *name)
{
	for (unsigned i = 0; i < KVP_POOLS_NAMED; i++)
		if (len > names[i].len && key[names[i].len] == '/' &&
		    begins(key, len, names[i].name, names[i].len)) {
			*name = names[i].len + 1u;
			return names[i].number;
		}
	return -1;
}

/* ---- Looking ---------------------------------------------------------- */

static bool
is(const struct kvp_record *record, const char *key, size_t len)
{
	return record->key_len == len && memcmp(record->text, key, len) == 0;
}

const struct kvp_record *
kvp_find(const struct kvp_pool *pool, const char *key, size_t len)
{
	const struct kvp_record *record = pool->records;

	while (record != NULL && !is(record, key, len))
		record = record->next;
	return record;
}

const struct kvp_record *
kvp_at(const struct kvp_pool *pool, uint32_t index)
{
	const struct kvp_record *record = pool->records;

	if (index >= pool->count)
		return NULL;
	while (index-- > 0)
		record = record->next;
	return record;
}

/* ---- Changing --------------------------------------------------------- */

static size_t
size_of(size_t key_len, size_t value_len)
{
	return sizeof(struct kvp_record) + key_len + value_len;
}

static void
record_free(struct kvp *kvp, struct kvp_record *record)
{
	pv_free(kvp->hyperv->bus, record,
	    size_of(record->key_len, record->value_len));
}

static int
check(unsigned pool, const char *key, size_t key_len, const char *value,
    size_t value_len)
{
	long key_units, value_units;

	if (pool >= KVP_POOLS_NAMED || key_len == 0)
		return PV_EINVAL;
	if (key_len > KVP_KEY_BYTES || value_len > KVP_VALUE_BYTES)
		return PV_EMSGSIZE;
	key_units = kvp_units(key, key_len);
	value_units = kvp_units(value, value_len);
	if (key_units < 0 || value_units < 0)
		return PV_EINVAL;
	if (key_units > (long)KVP_KEY_UNITS ||
	    value_units > (long)KVP_VALUE_UNITS)
		return PV_EMSGSIZE;
	/* no key of the store could mean it */
	if (pool == HV_KVP_POOL_GUEST &&
	    begins(key, key_len, "Parameters/", 11))
		return PV_EINVAL;
	return PV_OK;
}

static int
put(struct kvp *kvp, struct kvp_pool *pool, const char *key, size_t key_len,
    const char *value, size_t value_len, bool fact)
{
	struct kvp_record **link = &pool->records, *old, *record;

	while (*link != NULL && !is(*link, key, key_len))
		link = &(*link)->next;
	old = *link;
	if (old != NULL && fact && !old->fact)
		return PV_OK; /* written by hand */
	if (old != NULL && old->value_len == value_len &&
	    (value_len == 0 || memcmp(kvp_value(old), value, value_len) == 0)) {
		if (old->fact != fact)
			pool->dirty = true;
		old->fact = fact;
		return PV_OK;
	}
	if (old == NULL && pool->count >= KVP_POOL_MAX)
		return PV_ENOMEM;
	record = pv_alloc(kvp->hyperv->bus, size_of(key_len, value_len));
	if (record == NULL)
		return PV_ENOMEM;
	record->key_len = (uint16_t)key_len;
	record->value_len = (uint16_t)value_len;
	record->fact = fact;
	memcpy(record->text, key, key_len);
	if (value_len > 0)
		memcpy(record->text + key_len, value, value_len);
	record->state = ++kvp->changes;
	if (old != NULL)
		record->next = old->next;
	else {
		pool->count++;
		pool->state = record->state;
	}
	*link = record;
	if (old != NULL)
		record_free(kvp, old);
	kvp->look = true;
	if (!fact)
		pool->dirty = true;
	return PV_OK;
}

int
kvp_set(struct kvp *kvp, unsigned pool, const char *key, size_t key_len,
    const char *value, size_t value_len)
{
	int error = check(pool, key, key_len, value, value_len);

	if (error != PV_OK)
		return error;
	return put(kvp, &kvp->pools[pool], key, key_len, value, value_len,
	    false);
}

int
kvp_set_fact(struct kvp *kvp, const char *key, const char *value, size_t len)
{
	size_t key_len = strlen(key);
	int error = check(HV_KVP_POOL_AUTO, key, key_len, value, len);

	if (error != PV_OK)
		return error;
	return put(kvp, &kvp->pools[HV_KVP_POOL_AUTO], key, key_len, value, len,
	    true);
}

static void
take_out(struct kvp *kvp, struct kvp_pool *pool, struct kvp_record **link)
{
	struct kvp_record *record = *link;

	*link = record->next;
	pool->count--;
	pool->state = ++kvp->changes;
	pool->dirty = true;
	kvp->look = true;
	record_free(kvp, record);
}

static bool
is_fact(const char *key, size_t len)
{
#define KVP_NAME(name) name,
	static const char *const facts[] = { HV_KVP_AUTO_KEYS(KVP_NAME) };
#undef KVP_NAME

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if (strlen(facts[i]) == len && memcmp(facts[i], key, len) == 0)
			return true;
	return false;
}

int
kvp_delete(struct kvp *kvp, unsigned number, const char *key, size_t key_len)
{
	struct kvp_pool *pool;
	struct kvp_record **link;

	if (number >= KVP_POOLS_NAMED || key_len == 0)
		return PV_EINVAL;
	pool = &kvp->pools[number];
	link = &pool->records;
	while (*link != NULL && !is(*link, key, key_len))
		link = &(*link)->next;
	if (*link == NULL)
		return PV_ENOENT;
	if ((*link)->fact)
		return PV_EROFS;
	if (number == HV_KVP_POOL_AUTO && is_fact(key, key_len)) {
		/* its place is kept, and the port has the word again */
		(*link)->fact = true;
		pool->dirty = true;
		kvp->refreshed = 0;
		kvp_auto_refresh(kvp);
		return PV_OK;
	}
	take_out(kvp, pool, link);
	return PV_OK;
}

void
kvp_pool_clear(struct kvp *kvp, unsigned number)
{
	struct kvp_pool *pool = &kvp->pools[number];

	while (pool->records != NULL)
		take_out(kvp, pool, &pool->records);
	pool->dirty = false;
}
