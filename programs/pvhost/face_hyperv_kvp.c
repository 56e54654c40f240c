/* SPDX-License-Identifier: ISC */
/* Key/value exchange: one question at a time.  What the host has is sent when
 * the service comes up, and what the guest has is asked for now and then. */
#include <stdlib.h>
#include <string.h>

#include "programs/pvhost/face_hyperv.h"
#include "wire/hyperv/ic.h"
#include "wire/hyperv/kvp.h"

#define BUSY 10000000ull    /* nanoseconds, while it is asked */
#define IDLE 100000000ull   /* and else */
#define EVERY 5000000000ull /* between two lists of what the guest has */
#define HEARD_MAX 256u      /* keys of a pool */

/* ---- What was heard ---------------------------------------------------- */

static void
forget_pool(struct hyperv_pool *pool)
{
	for (unsigned i = 0; i < pool->count; i++) {
		free(pool->items[i].name);
		free(pool->items[i].value);
	}
	free(pool->items);
	*pool = (struct hyperv_pool){ 0 };
}

/* Twice the same name is the guest's affair. */
static bool
hear(struct hyperv_pool *pool, const struct host_ic_answer *answer)
{
	struct hyperv_heard *grown, item = { .size = answer->value_len };

	if (pool->count == HEARD_MAX)
		return false;
	grown = realloc(pool->items, (pool->count + 1) * sizeof(*grown));
	if (grown == NULL)
		return false;
	pool->items = grown;
	item.name = strdup(answer->key);
	item.value = strndup(answer->value, answer->value_len);
	if (item.name == NULL || item.value == NULL) {
		free(item.name);
		free(item.value);
		return false;
	}
	pool->items[pool->count++] = item;
	return true;
}

const struct hyperv_heard *
hyperv_kvp_heard(const struct face_hyperv *self, unsigned pool,
    const char *name)
{
	const struct hyperv_pool *heard =
	    &self->kvp.pools[pool - HV_KVP_POOL_GUEST];

	for (unsigned i = 0; i < heard->count; i++)
		if (strcmp(heard->items[i].name, name) == 0)
			return &heard->items[i];
	return NULL;
}

/* ---- Questions --------------------------------------------------------- */

static bool
ask_key(struct face_hyperv *self, struct hyperv_key *key)
{
	struct hyperv_kvp *kvp = &self->kvp;
	bool asked = key->deleted
	    ? host_ic_kvp_delete(self->ic, key->pool, key->name)
	    : host_ic_kvp_set(self->ic, key->pool, key->name,
		  HV_KVP_TYPE_STRING, key->value, key->size);

	if (!asked) { /* no UTF-8: it is never sent */
		key->sent = true;
		key->refused = HV_IC_STATUS_INVALID;
		return false;
	}
	kvp->state = key->deleted ? KVP_DELETING : KVP_SETTING;
	kvp->asked = key;
	return true;
}

static void
ask_list(struct face_hyperv *self)
{
	struct hyperv_kvp *kvp = &self->kvp;

	if (host_ic_kvp_enumerate(self->ic, HV_KVP_POOL_GUEST + kvp->pool,
		kvp->index))
		kvp->state = KVP_LISTING;
}

static bool
is_listing(const struct hyperv_kvp *kvp)
{
	return kvp->pool != 0 || kvp->index != 0;
}

static void
ask_next(struct face_hyperv *self)
{
	struct hyperv_kvp *kvp = &self->kvp;

	for (struct hyperv_key *key = kvp->keys; key != NULL; key = key->next)
		if (!key->sent && ask_key(self, key))
			return;
	if (is_listing(kvp) || machine_now(self->machine) >= kvp->list_at)
		ask_list(self);
}

/* ---- Answers ----------------------------------------------------------- */

static void
drop(struct hyperv_kvp *kvp, struct hyperv_key *key)
{
	struct hyperv_key **link = &kvp->keys;

	while (*link != key)
		link = &(*link)->next;
	*link = key->next;
	free(key->name);
	free(key->value);
	free(key);
}

static void
key_answered(struct hyperv_kvp *kvp, uint32_t status)
{
	struct hyperv_key *key = kvp->asked;

	kvp->asked = NULL;
	if (key == NULL)
		return;
	key->sent = true;
	key->refused = status;
	if (kvp->state == KVP_DELETING)
		drop(kvp, key);
}

static void
next_pool(struct face_hyperv *self)
{
	struct hyperv_kvp *kvp = &self->kvp;

	forget_pool(&kvp->pools[kvp->pool]);
	kvp->pools[kvp->pool] = kvp->next;
	kvp->pools[kvp->pool].known = true;
	kvp->next = (struct hyperv_pool){ 0 };
	kvp->index = 0;
	if (++kvp->pool < HYPERV_HEARD_POOLS)
		return;
	kvp->pool = 0;
	kvp->list_at = machine_now(self->machine) + EVERY;
}

/* Its end is a status of its own; of what else goes wrong there is no more to
 * be had either. */
static void
list_answered(struct face_hyperv *self, const struct host_ic_answer *answer)
{
	struct hyperv_kvp *kvp = &self->kvp;

	if (answer->status == HV_IC_STATUS_OK && hear(&kvp->next, answer))
		kvp->index++;
	else
		next_pool(self);
}

static void
answered(struct face_hyperv *self, const struct host_ic_answer *answer)
{
	struct hyperv_kvp *kvp = &self->kvp;

	if (kvp->state == KVP_LISTING)
		list_answered(self, answer);
	else if (kvp->state != KVP_IDLE)
		key_answered(kvp, answer->status);
	kvp->state = KVP_IDLE;
}

/* Who comes up anew knows nothing of before. */
static void
forget_all(struct hyperv_kvp *kvp)
{
	for (struct hyperv_key *key = kvp->keys; key != NULL; key = key->next)
		key->sent = false;
	for (unsigned i = 0; i < HYPERV_HEARD_POOLS; i++)
		forget_pool(&kvp->pools[i]);
	forget_pool(&kvp->next);
	kvp->state = KVP_IDLE;
	kvp->asked = NULL;
	kvp->pool = kvp->index = 0;
	kvp->list_at = 0;
}

static void
pump(void *ctx)
{
	struct hyperv_kvp *kvp = ctx;
	struct face_hyperv *self = (struct face_hyperv *)((char *)ctx -
	    offsetof(struct face_hyperv, kvp));
	const struct host_ic_answer *answer = host_ic_answer(self->ic,
	    HOST_IC_KVP);
	bool up = answer->version != 0;

	if (up != kvp->up)
		forget_all(kvp);
	kvp->up = up;
	if (up && kvp->state != KVP_IDLE && answer->answered)
		answered(self, answer);
	if (up && kvp->state == KVP_IDLE)
		ask_next(self);
	timers_later(&self->machine->timers,
	    kvp->state != KVP_IDLE ? BUSY : IDLE, pump, kvp);
}

void
hyperv_kvp_start(struct face_hyperv *self)
{
	timers_later(&self->machine->timers, IDLE, pump, &self->kvp);
}

void
hyperv_kvp_free(struct hyperv_kvp *kvp)
{
	forget_all(kvp);
	while (kvp->keys != NULL)
		drop(kvp, kvp->keys);
}
