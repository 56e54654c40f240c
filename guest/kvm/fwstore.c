/* SPDX-License-Identifier: ISC */
#include "guest/kvm/fwstore.h"
#include "guest/bus/libc.h"

struct fwstore {
	struct pv_store store;
	struct pv_bus *bus;
	struct fw_key *keys;
	size_t count, allocated;
};

static struct fwstore *
fwstore_of(struct pv_store *store)
{
	return (struct fwstore *)store; /* its first member */
}

int
fw_read_range(struct pv_kv *kv, uint64_t total, size_t *size)
{
	kv->actual = total;
	if (kv->flags & PV_KV_PARTIAL) {
		uint64_t left = kv->offset < total ? total - kv->offset : 0;

		*size = left < kv->room ? (size_t)left : kv->room;
		return PV_OK;
	}
	kv->offset = 0;
	if (total > kv->room)
		return PV_ERANGE;
	*size = (size_t)total;
	return PV_OK;
}

void
fw_read_bytes(struct pv_kv *kv, const void *bytes, size_t total)
{
	pv_kv_done(kv->bus, kv, pv_kv_give(kv, bytes, total));
}

static void
start(struct pv_store *store, struct pv_kv *kv)
{
	struct fwstore *fwstore = fwstore_of(store);
	const struct fw_key *key;

	if (kv->op == PV_LIST) {
		kv->constant = true;
		pv_kv_done(kv->bus, kv,
		    keys_list(fwstore->keys, fwstore->count, kv));
		return;
	}
	kv->scratch[0] = keys_find(fwstore->keys, fwstore->count, kv->key,
	    kv->keylen);
	if (kv->scratch[0] == fwstore->count) {
		kv->constant = true;
		pv_kv_done(kv->bus, kv, PV_ENOENT);
		return;
	}
	key = &fwstore->keys[kv->scratch[0]];
	key->source->read(key->source, key->id, kv);
}

static void
cancel(struct pv_store *store, struct pv_kv *kv)
{
	const struct fw_key *key = &fwstore_of(store)->keys[kv->scratch[0]];

	if (key->source->cancel != NULL)
		key->source->cancel(key->source, kv);
}

static void
destroy(struct pv_store *store)
{
	struct fwstore *fwstore = fwstore_of(store);

	pv_free(fwstore->bus, fwstore->keys,
	    fwstore->allocated * sizeof(struct fw_key));
	pv_free(fwstore->bus, fwstore, sizeof(*fwstore));
}

static struct fwstore *
fwstore_get(struct pv_bus *bus, struct pv_interface *interface)
{
	struct fwstore *fwstore;

	if (interface->store != NULL)
		return interface->store->start == start
		    ? fwstore_of(interface->store)
		    : NULL;
	fwstore = pv_alloc(bus, sizeof(*fwstore));
	if (fwstore == NULL)
		return NULL;
	fwstore->bus = bus;
	fwstore->store = (struct pv_store){
		.name = "fwcfg",
		.ops = 1u << PV_READ | 1u << PV_LIST,
		.read_only = true,
		.start = start,
		.cancel = cancel,
		.destroy = destroy,
	};
	interface->store = &fwstore->store;
	return fwstore;
}

long
fwstore_add(struct pv_bus *bus, struct pv_interface *interface,
    const struct fw_key *keys, size_t count)
{
	struct fwstore *fwstore = fwstore_get(bus, interface);
	struct fw_key *all;
	size_t total, kept;

	if (fwstore == NULL)
		return PV_ENOMEM;
	total = fwstore->count + count;
	if (total == 0)
		return 0;
	all = pv_alloc(bus, total * sizeof(*all));
	if (all == NULL)
		return PV_ENOMEM;
	if (fwstore->count > 0)
		memcpy(all, fwstore->keys, fwstore->count * sizeof(*all));
	if (count > 0)
		memcpy(all + fwstore->count, keys, count * sizeof(*all));
	for (size_t i = 0; i < total; i++)
		all[i].order = (uint32_t)i;
	keys_sort(all, total);
	kept = keys_drop_duplicates(all, total);
	pv_free(bus, fwstore->keys, fwstore->allocated * sizeof(struct fw_key));
	fwstore->keys = all;
	fwstore->allocated = total;
	fwstore->count = kept;
	return (long)(total - kept);
}
