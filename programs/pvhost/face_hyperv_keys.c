/* SPDX-License-Identifier: ISC */
/* Keys as hostctl(8) names them on Hyper-V: those of the host, and what was
 * heard of the guest's. */
#include <stdlib.h>
#include <string.h>

#include "programs/pvhost/face_hyperv.h"
#include "programs/pvhost/reply.h"
#include "wire/hyperv/kvp.h"

#define KEYS_MAX 4096u

static const struct pool_name {
	const char *prefix;
	unsigned pool;
	bool of_host;
} pools[] = {
	{ "External/", HV_KVP_POOL_EXTERNAL, true },
	/* before the one that its name begins with */
	{ "Guest/Parameters/", HV_KVP_POOL_AUTO_EXTERNAL, true },
	{ "Guest/", HV_KVP_POOL_GUEST, false },
	{ "Auto/", HV_KVP_POOL_AUTO, false },
};
#define POOLS (sizeof(pools) / sizeof(pools[0]))

static const struct pool_name *
pool_of(const char *key, const char **name)
{
	for (size_t i = 0; i < POOLS; i++) {
		size_t length = strlen(pools[i].prefix);

		if (strncmp(key, pools[i].prefix, length) != 0)
			continue;
		*name = key + length;
		return **name != '\0' ? &pools[i] : NULL;
	}
	return NULL;
}

static bool
no_pool(const char *key, struct reply *reply)
{
	return reply_no(reply,
	    "expected External/NAME, Guest/Parameters/NAME, Guest/NAME or "
	    "Auto/NAME, not \"%s\"",
	    key);
}

static struct hyperv_key *
find(struct face_hyperv *self, unsigned pool, const char *name)
{
	struct hyperv_key *key = self->kvp.keys;

	while (
	    key != NULL && (key->pool != pool || strcmp(key->name, name) != 0))
		key = key->next;
	return key;
}

/* ---- Setting ----------------------------------------------------------- */

static struct hyperv_key *
add(struct face_hyperv *self, unsigned pool, const char *name)
{
	struct hyperv_key **link = &self->kvp.keys, *key;
	unsigned count = 0;

	for (; *link != NULL; link = &(*link)->next)
		count++;
	key = count < KEYS_MAX ? calloc(1, sizeof(*key)) : NULL;
	if (key == NULL)
		return NULL;
	key->pool = pool;
	key->name = strdup(name);
	if (key->name == NULL) {
		free(key);
		return NULL;
	}
	*link = key;
	return key;
}

/* Characters as UTF-16 has them, at most. */
static bool
fits(const char *name, const char *value, size_t size, struct reply *reply)
{
	if (strlen(name) >= HV_KVP_KEY / 2)
		return reply_no(reply, "a name has less than %u characters",
		    HV_KVP_KEY / 2);
	if (size >= HV_KVP_VALUE / 2)
		return reply_no(reply, "a value has less than %u characters",
		    HV_KVP_VALUE / 2);
	if (size > 0 && memchr(value, '\0', size) != NULL)
		return reply_no(reply,
		    "a value of this store is text, without a NUL");
	return true;
}

static bool
set(struct face_hyperv *self, unsigned pool, const char *name,
    const void *value, size_t size, struct reply *reply)
{
	struct hyperv_key *key = find(self, pool, name);
	char *copy = malloc(size + 1);

	if (key == NULL && copy != NULL)
		key = add(self, pool, name);
	if (key == NULL || copy == NULL) {
		free(copy);
		return reply_no(reply, "out of memory, or of keys");
	}
	memcpy(copy, value, size);
	copy[size] = '\0';
	free(key->value);
	key->value = copy;
	key->size = size;
	key->sent = key->deleted = false;
	key->refused = 0;
	if (self->kvp.asked == key)
		self->kvp.asked = NULL;
	return true;
}

static bool
remove_key(struct face_hyperv *self, unsigned pool, const char *name,
    struct reply *reply)
{
	struct hyperv_key *key = find(self, pool, name);

	if (key == NULL || key->deleted)
		return reply_no(reply, "there is no key \"%s\"", name);
	key->deleted = true;
	key->sent = false;
	if (self->kvp.asked == key)
		self->kvp.asked = NULL;
	return true;
}

bool
hyperv_key_set(void *ctx, const char *key, const void *value, size_t size,
    struct reply *reply)
{
	struct face_hyperv *self = ctx;
	const char *name = key;
	const struct pool_name *pool = pool_of(key, &name);

	if (pool == NULL)
		return no_pool(key, reply);
	if (!pool->of_host)
		return reply_no(reply,
		    "%s is for the guest to set; the host has External/NAME "
		    "and Guest/Parameters/NAME",
		    key);
	if (value == NULL)
		return remove_key(self, pool->pool, name, reply);
	return fits(name, value, size, reply) &&
	    set(self, pool->pool, name, value, size, reply);
}

/* ---- Getting ----------------------------------------------------------- */

bool
hyperv_key_get(void *ctx, const char *key, struct reply *reply)
{
	struct face_hyperv *self = ctx;
	const char *name = key;
	const struct pool_name *pool = pool_of(key, &name);
	const struct hyperv_heard *heard;
	const struct hyperv_key *own;

	if (pool == NULL)
		return no_pool(key, reply);
	if (pool->of_host) {
		own = find(self, pool->pool, name);
		if (own == NULL || own->deleted)
			return reply_no(reply, "there is no key \"%s\"", key);
		reply_add(reply, own->value, own->size);
		return true;
	}
	heard = hyperv_kvp_heard(self, pool->pool, name);
	self->kvp.list_at = 0; /* the next one who asks hears more */
	if (heard == NULL)
		return reply_no(reply,
		    "the guest has not told of a key \"%s\"; it is asked again "
		    "now",
		    key);
	reply_add(reply, heard->value, heard->size);
	return true;
}

static void
list_own(const struct face_hyperv *self, const struct pool_name *pool,
    struct reply *reply)
{
	for (const struct hyperv_key *key = self->kvp.keys; key != NULL;
	     key = key->next)
		if (key->pool == pool->pool && !key->deleted)
			reply_print(reply, "%s%s\n", pool->prefix, key->name);
}

static void
list_heard(const struct face_hyperv *self, const struct pool_name *pool,
    struct reply *reply)
{
	const struct hyperv_pool *heard =
	    &self->kvp.pools[pool->pool - HV_KVP_POOL_GUEST];

	for (unsigned i = 0; i < heard->count; i++)
		reply_print(reply, "%s%s\n", pool->prefix,
		    heard->items[i].name);
}

/* A pool, with or without its slash; nothing: all of them. */
bool
hyperv_key_list(void *ctx, const char *key, struct reply *reply)
{
	struct face_hyperv *self = ctx;
	size_t length = key != NULL ? strlen(key) : 0;
	bool any = false;

	for (size_t i = 0; i < POOLS; i++) {
		size_t whole = strlen(pools[i].prefix);

		if (length != 0 &&
		    ((length != whole && length != whole - 1) ||
			strncmp(key, pools[i].prefix, length) != 0))
			continue;
		any = true;
		if (pools[i].of_host)
			list_own(self, &pools[i], reply);
		else
			list_heard(self, &pools[i], reply);
	}
	self->kvp.list_at = 0;
	return any ||
	    reply_no(reply,
		"expected External, Guest/Parameters, Guest or Auto, not "
		"\"%s\"",
		key);
}
