/* SPDX-License-Identifier: ISC */
#include "tests/support/memory_store.h"
#include "guest/kvm/fwstore.h"

struct memory_key {
	char *name;
	size_t namelen;
	unsigned char *value;
	size_t len;
};

struct memory_pending {
	struct memory_pending *next;
	struct pv_kv *kv;
	uint64_t when;
};

static struct memory_store *
memory_of(struct pv_store *store)
{
	return (struct memory_store *)store;
}

static void *
copy(const void *from, size_t len)
{
	void *to = malloc(len > 0 ? len : 1);

	assert_non_null(to);
	if (len > 0)
		memcpy(to, from, len);
	return to;
}

/* ---- What is in it ---------------------------------------------------- */

static int
compare(const struct memory_key *key, const char *name, size_t len)
{
	size_t less = key->namelen < len ? key->namelen : len;
	int order = memcmp(key->name, name, less);

	if (order != 0)
		return order;
	return key->namelen < len ? -1 : key->namelen > len;
}

/* The place of a key, or where it belongs. */
static size_t
place(const struct memory_store *store, const char *name, size_t len)
{
	size_t i = 0;

	while (i < store->count && compare(&store->keys[i], name, len) < 0)
		i++;
	return i;
}

static struct memory_key *
find(const struct memory_store *store, const char *name, size_t len)
{
	size_t i = place(store, name, len);

	return i < store->count && compare(&store->keys[i], name, len) == 0
	    ? &store->keys[i]
	    : NULL;
}

static void
set(struct memory_store *store, const char *name, size_t namelen,
    const void *value, size_t len)
{
	struct memory_key *key = find(store, name, namelen);
	size_t i = place(store, name, namelen);

	if (key == NULL) {
		store->keys = realloc(store->keys,
		    (store->count + 1) * sizeof(*key));
		assert_non_null(store->keys);
		key = &store->keys[i];
		memmove(key + 1, key, (store->count - i) * sizeof(*key));
		store->count++;
		key->name = copy(name, namelen);
		key->namelen = namelen;
	} else
		free(key->value);
	key->value = copy(value, len);
	key->len = len;
}

static bool
unset(struct memory_store *store, const char *name, size_t len)
{
	struct memory_key *key = find(store, name, len);

	if (key == NULL)
		return false;
	free(key->name);
	free(key->value);
	store->count--;
	memmove(key, key + 1,
	    (size_t)(store->keys + store->count - key) * sizeof(*key));
	return true;
}

void
memory_store_set(struct memory_store *store, const char *key, const void *value,
    size_t len)
{
	set(store, key, strlen(key), value, len);
}

void
memory_store_unset(struct memory_store *store, const char *key)
{
	assert_true(unset(store, key, strlen(key)));
}

const void *
memory_store_get(const struct memory_store *store, const char *key, size_t *len)
{
	const struct memory_key *found = find(store, key, strlen(key));

	if (found == NULL)
		return NULL;
	*len = found->len;
	return found->value;
}

/* ---- Requests --------------------------------------------------------- */

static int
list(const struct memory_store *store, struct pv_kv *kv)
{
	struct fw_key *keys = calloc(store->count + 1, sizeof(*keys));
	int error;

	assert_non_null(keys);
	for (size_t i = 0; i < store->count; i++) {
		keys[i].name = store->keys[i].name;
		keys[i].len = store->keys[i].namelen;
	}
	error = keys_list(keys, store->count, kv);
	free(keys);
	return error;
}

static void
answer(struct memory_store *store, struct pv_kv *kv)
{
	struct memory_key *key = find(store, kv->key, kv->keylen);
	int error = store->error;

	store->answered++;
	if (error == PV_OK && kv->op == PV_LIST)
		error = list(store, kv);
	else if (error == PV_OK && kv->op == PV_WRITE)
		set(store, kv->key, kv->keylen, kv->value, kv->room);
	else if (error == PV_OK && key == NULL)
		error = PV_ENOENT;
	else if (error == PV_OK && kv->op == PV_REMOVE)
		unset(store, kv->key, kv->keylen);
	else if (error == PV_OK) {
		fw_read_bytes(kv, key->value, key->len);
		return;
	}
	if (error != PV_OK && store->careless) {
		memset(kv->value, '!', kv->room);
		kv->len = kv->room;
	}
	pv_kv_done(kv->bus, kv, error);
}

static void
start(struct pv_store *pv_store, struct pv_kv *kv)
{
	struct memory_store *store = memory_of(pv_store);
	struct memory_pending *pending;

	store->started++;
	if (store->delay == 0 && !store->silent) {
		answer(store, kv);
		return;
	}
	pending = malloc(sizeof(*pending));
	assert_non_null(pending);
	*pending = (struct memory_pending){ store->pending, kv, PV_NEVER };
	if (!store->silent)
		pending->when = sim_now(store->sim) + 1 +
		    sim_random(store->sim, store->delay);
	store->pending = pending;
}

static bool
take(struct memory_store *store, const struct pv_kv *kv)
{
	struct memory_pending **link = &store->pending, *gone;

	while (*link != NULL && (*link)->kv != kv)
		link = &(*link)->next;
	gone = *link;
	if (gone == NULL)
		return false;
	*link = gone->next;
	free(gone);
	return true;
}

static void
cancel(struct pv_store *pv_store, struct pv_kv *kv)
{
	struct memory_store *store = memory_of(pv_store);

	/* only what is under way may be cancelled */
	assert_true(take(store, kv));
	store->cancelled++;
}

static void
destroy(struct pv_store *pv_store)
{
	struct memory_store *store = memory_of(pv_store);

	assert_null(store->pending);
	if (store->destroyed != NULL)
		++*store->destroyed;
	while (store->count > 0)
		unset(store, store->keys[0].name, store->keys[0].namelen);
	free(store->keys);
	free(store);
}

unsigned
memory_store_pending(const struct memory_store *store)
{
	const struct memory_pending *pending = store->pending;
	unsigned count = 0;

	for (; pending != NULL; pending = pending->next)
		count++;
	return count;
}

/* ---- The driver ------------------------------------------------------- */

static int
attach(struct pv_device *device)
{
	struct memory_store *store = calloc(1, sizeof(*store));

	assert_non_null(store);
	store->store = (struct pv_store){
		.name = "memory",
		.ops = 1u << PV_READ | 1u << PV_WRITE | 1u << PV_LIST |
		    1u << PV_REMOVE,
		.start = start,
		.cancel = cancel,
		.destroy = destroy,
	};
	store->device = device;
	device->softc = store;
	device->interface->store = &store->store;
	pv_device_describe(device, "memory");
	return PV_OK;
}

static uint64_t
deadline(struct pv_device *device)
{
	const struct memory_store *store = device->softc;
	const struct memory_pending *pending = store->pending;
	uint64_t first = PV_NEVER;

	for (; pending != NULL; pending = pending->next)
		if (pending->when < first)
			first = pending->when;
	return first;
}

/* One answer changes the list, so each time from its start. */
static bool
poll(struct pv_device *device, unsigned budget)
{
	struct memory_store *store = device->softc;
	uint64_t now = pv_bus_now(device->bus);

	for (; budget > 0; budget--) {
		struct memory_pending *pending = store->pending;
		struct pv_kv *kv;

		while (pending != NULL && pending->when > now)
			pending = pending->next;
		if (pending == NULL)
			return false;
		kv = pending->kv;
		take(store, kv);
		answer(store, kv);
	}
	return deadline(device) <= now;
}

const struct pv_driver memory_xen_driver = {
	.name = "xen",
	.attach = attach,
	.poll = poll,
	.deadline = deadline,
};

const struct pv_driver memory_vmt_driver = {
	.name = "vmt",
	.attach = attach,
	.poll = poll,
	.deadline = deadline,
};

struct memory_store *
memory_store_attach(struct world *world)
{
	static const struct pv_driver *const drivers[] = { &memory_xen_driver,
		&memory_vmt_driver, &pv_fwcfg_driver, &pv_smbios_driver, NULL };
	const struct pv_device *device;
	struct memory_store *store = NULL;

	assert_int_equal(
	    pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
						       world->machine),
			      .drivers = drivers },
		&world->bus),
	    PV_OK);
	for (device = pv_bus_devices(world->bus); device != NULL;
	     device = device->next)
		if (device->driver == &memory_xen_driver ||
		    device->driver == &memory_vmt_driver)
			store = device->softc;
	assert_non_null(store);
	store->sim = world->sim;
	return store;
}

struct memory_store *
memory_store_set_up(void **state)
{
	struct world *world = *state;

	world_machine(world, "xen");
	return memory_store_attach(world);
}
