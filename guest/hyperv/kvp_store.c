/* SPDX-License-Identifier: ISC */
/*
 * The pools as a store of pvbus: "Pool/name".  All is at hand, so every request
 * is answered at once, but for watches, which wait for the host, or for a guest
 * that writes.
 *
 * Guest and Auto are the guest's; External and Guest/Parameters are the host's,
 * and read-only.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/kvp.h"

/* What a guest may write; see KVP_KEY_UNITS. */
#define GUEST_KEY_UNITS HV_LINUX_KVP_KEY_UNITS
#define GUEST_VALUE_UNITS HV_LINUX_KVP_VALUE_UNITS

/* A list of everything begins with these. */
static const unsigned char shown[KVP_POOLS_NAMED] = { HV_KVP_POOL_AUTO,
	HV_KVP_POOL_EXTERNAL, HV_KVP_POOL_GUEST, HV_KVP_POOL_AUTO_EXTERNAL };

static struct kvp *
kvp_of(struct pv_store *store)
{
	return (struct kvp *)((char *)store - offsetof(struct kvp, store));
}

/* ---- Answers ---------------------------------------------------------- */

/* A list in the making, into the window of the value that was asked for. */
struct list {
	struct pv_kv *kv;
	uint64_t skip; /* bytes before that window */
	bool partial;
};

static void
add(struct list *list, const char *bytes, size_t size)
{
	struct pv_kv *kv = list->kv;
	char *to = kv->value;

	for (size_t i = 0; i < size; i++, kv->actual++)
		if (kv->actual >= list->skip && kv->len < kv->room)
			to[kv->len++] = bytes[i];
}

/* Without room for all of a list nothing of the caller's is touched: so it is
 * measured before it is written. */
static int
list_end(const struct list *list, bool measured)
{
	struct pv_kv *kv = list->kv;

	if (!measured && !list->partial && kv->actual > kv->room)
		return PV_ERANGE;
	return PV_OK;
}

/* Each name ended by a NUL, or, for a READ, by a newline but the last. */
static void
add_name(struct list *list, const char *before, const struct kvp_record *record)
{
	bool lines = list->kv->op == PV_READ;

	if (lines && list->kv->actual > 0)
		add(list, "\n", 1);
	add(list, before, strlen(before));
	add(list, kvp_key(record), record->key_len);
	if (!lines)
		add(list, "", 1);
}

static void
add_pool(struct list *list, const struct kvp *kvp, unsigned pool,
    const char *before)
{
	for (const struct kvp_record *record = kvp->pools[pool].records;
	     record != NULL; record = record->next)
		add_name(list, before, record);
}

static void
add_all(struct list *list, const struct kvp *kvp)
{
	bool recursive = list->kv->op == PV_LIST &&
	    (list->kv->flags & PV_KV_RECURSIVE);

	for (unsigned i = 0; i < KVP_POOLS_NAMED; i++) {
		const char *name = kvp_pool_name(shown[i]);
		char before[24];
		size_t len = strlen(name);

		memcpy(before, name, len);
		memcpy(before + len, "/", 2);
		if (recursive)
			add_pool(list, kvp, shown[i], before);
		else if (shown[i] != HV_KVP_POOL_AUTO_EXTERNAL)
			add(list, before, len + 2);
	}
}

static void
add_list(struct list *list, const struct kvp *kvp, int pool)
{
	bool recursive = list->kv->op == PV_LIST &&
	    (list->kv->flags & PV_KV_RECURSIVE);

	if (pool < 0) {
		add_all(list, kvp);
		return;
	}
	add_pool(list, kvp, (unsigned)pool, "");
	if (pool != HV_KVP_POOL_GUEST || list->kv->op == PV_READ)
		return;
	if (recursive)
		add_pool(list, kvp, HV_KVP_POOL_AUTO_EXTERNAL, "Parameters/");
	else
		add(list, "Parameters/", 12);
}

static int
answer_list(struct kvp *kvp, struct pv_kv *kv, int pool)
{
	size_t room = kv->room;
	struct list list = { .kv = kv,
		.partial = kv->op == PV_READ && (kv->flags & PV_KV_PARTIAL) };
	int error;

	if (list.partial)
		list.skip = kv->offset;
	/* once to measure */
	kv->room = 0;
	add_list(&list, kvp, pool);
	kv->room = room;
	error = list_end(&list, false);
	if (error != PV_OK)
		return error;
	kv->actual = 0;
	kv->len = 0;
	add_list(&list, kvp, pool);
	return PV_OK;
}

/* ---- Requests --------------------------------------------------------- */

/* The pool and where the name begins; with an empty name the pool is meant. */
static int
parse(const struct pv_kv *kv, size_t *name)
{
	int pool = kvp_split(kv->key, kv->keylen, name);

	if (pool < 0 && kv->op == PV_LIST) {
		*name = kv->keylen;
		pool = kvp_pool_number(kv->key, kv->keylen);
	}
	return pool;
}

static void
refresh(struct kvp *kvp, int pool)
{
	if (pool < 0 || pool == HV_KVP_POOL_AUTO)
		kvp_auto_refresh(kvp);
}

static int
list(struct kvp *kvp, struct pv_kv *kv)
{
	size_t name;
	int pool, under;

	if (kv->keylen == 0) {
		refresh(kvp, -1);
		return answer_list(kvp, kv, -1);
	}
	pool = parse(kv, &name);
	/* "Guest/Parameters" is a name in Guest, but a list of it that pool */
	under = kvp_pool_number(kv->key, kv->keylen);
	if (under >= 0) {
		pool = under;
		name = kv->keylen;
	}
	if (pool < 0)
		return PV_EINVAL;
	if (name != kv->keylen)
		return PV_ENOENT;
	refresh(kvp, pool);
	return answer_list(kvp, kv, pool);
}

static int
read_key(struct kvp *kvp, struct pv_kv *kv, int pool, size_t name)
{
	const struct kvp_record *record;

	if (name == kv->keylen)
		return answer_list(kvp, kv, pool);
	record = kvp_find(&kvp->pools[pool], kv->key + name, kv->keylen - name);
	if (record == NULL)
		return PV_ENOENT;
	return pv_kv_give(kv, kvp_value(record), record->value_len);
}

static int
write_key(struct kvp *kvp, const struct pv_kv *kv, unsigned pool, size_t name)
{
	const char *key = kv->key + name;
	size_t key_len = kv->keylen - name;
	long key_units, value_units;

	if (key_len == 0)
		return PV_EINVAL;
	if (key_len > KVP_KEY_BYTES || kv->room > KVP_VALUE_BYTES)
		return PV_EMSGSIZE;
	key_units = kvp_units(key, key_len);
	value_units = kvp_units(kv->value, kv->room);
	if (key_units < 0 || value_units < 0)
		return PV_EINVAL;
	if (key_units > GUEST_KEY_UNITS || value_units > GUEST_VALUE_UNITS)
		return PV_EMSGSIZE;
	/* nothing is taken that would not be kept, or carried by Linux */
	if ((!kvp->hyperv->privileged ||
		kvp->hyperv->port->pool_write != NULL) &&
	    !kvp_record_fits(key_len, kv->room))
		return PV_EMSGSIZE;
	return kvp_set(kvp, pool, key, key_len, kv->value, kv->room);
}

static int
change(struct kvp *kvp, struct pv_kv *kv, int pool, size_t name)
{
	if (kvp->others ||
	    (pool != HV_KVP_POOL_GUEST && pool != HV_KVP_POOL_AUTO))
		return PV_EROFS;
	refresh(kvp, pool);
	if (kv->op == PV_WRITE)
		return write_key(kvp, kv, (unsigned)pool, name);
	return kvp_delete(kvp, (unsigned)pool, kv->key + name,
	    kv->keylen - name);
}

/* ---- Watches ---------------------------------------------------------- */

static uint64_t
state_of(const struct kvp *kvp, const struct pv_kv *kv, int pool, size_t name)
{
	const struct kvp_record *record;

	if (name == kv->keylen)
		return kvp->pools[pool].state;
	record = kvp_find(&kvp->pools[pool], kv->key + name, kv->keylen - name);
	return record != NULL ? record->state : KVP_STATE_ABSENT;
}

static void
leave(struct kvp *kvp, const struct pv_kv *kv)
{
	struct pv_kv **link = &kvp->watches;

	while (*link != NULL && *link != kv)
		link = &(*link)->store_next;
	if (*link != NULL)
		*link = kv->store_next;
}

/* True: it has been answered, which may have changed anything. */
static bool
settle(struct kvp *kvp, struct pv_kv *kv)
{
	size_t name = 0;
	int pool = kvp_split(kv->key, kv->keylen, &name);
	uint64_t state = state_of(kvp, kv, pool, name);

	if (state == kv->seen)
		return false;
	kv->seen = state;
	kv->actual = 0;
	kv->len = 0;
	leave(kvp, kv);
	pv_kv_done(kvp->hyperv->bus, kv, read_key(kvp, kv, pool, name));
	return true;
}

static void
watch(struct kvp *kvp, struct pv_kv *kv)
{
	kv->store_next = kvp->watches;
	kvp->watches = kv;
	(void)settle(kvp, kv);
}

/* Who is answered may watch again in there, which settles by itself if there is
 * something new; what it changes itself sets kvp->look. */
void
kvp_store_look(struct kvp *kvp)
{
	struct pv_kv *kv = kvp->watches;

	kvp->look = false;
	while (kv != NULL) {
		if (!settle(kvp, kv)) {
			kv = kv->store_next;
			continue;
		}
		if (kvp->look)
			return; /* soon again, from the front */
		kv = kvp->watches;
	}
}

/* ---- The store -------------------------------------------------------- */

static void
start(struct pv_store *store, struct pv_kv *kv)
{
	struct kvp *kvp = kvp_of(store);
	size_t name = 0;
	int error, pool;

	if (kv->op == PV_LIST) {
		pv_kv_done(kvp->hyperv->bus, kv, list(kvp, kv));
		return;
	}
	pool = parse(kv, &name);
	if (pool < 0) {
		pv_kv_done(kvp->hyperv->bus, kv, PV_EINVAL);
		return;
	}
	if (kv->op == PV_WATCH) {
		refresh(kvp, pool);
		watch(kvp, kv);
		return;
	}
	if (kv->op == PV_READ) {
		refresh(kvp, pool);
		error = read_key(kvp, kv, pool, name);
	} else
		error = change(kvp, kv, pool, name);
	pv_kv_done(kvp->hyperv->bus, kv, error);
}

static void
cancel(struct pv_store *store, struct pv_kv *kv)
{
	leave(kvp_of(store), kv);
}

void
kvp_store_init(struct kvp *kvp)
{
	kvp->store = (struct pv_store){
		.name = "kvp",
		.ops = 1u << PV_READ | 1u << PV_WRITE | 1u << PV_LIST |
		    1u << PV_REMOVE | 1u << PV_WATCH,
		.start = start,
		.cancel = cancel,
	};
}

void
kvp_store_end(struct kvp *kvp)
{
	while (kvp->watches != NULL) {
		struct pv_kv *kv = kvp->watches;

		kvp->watches = kv->store_next;
		kv->len = 0;
		pv_kv_done(kvp->hyperv->bus, kv, PV_ENODEV);
	}
}
