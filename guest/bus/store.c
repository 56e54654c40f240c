/* SPDX-License-Identifier: ISC */
/* The one door to every store: checks, deadlines, cancellation. */
#include "guest/bus/bus_private.h"
#include "guest/bus/libc.h"

static int
check_key(const struct pv_kv *kv)
{
	if (kv->keylen > PV_KV_MAX)
		return PV_ENAMETOOLONG;
	if (kv->keylen == 0 && kv->op != PV_LIST)
		return PV_EINVAL;
	/* No store has such keys, and a line of text must stay one. */
	for (size_t i = 0; i < kv->keylen; i++) {
		unsigned char c = (unsigned char)kv->key[i];

		if (c < 0x20 || c == 0x7f)
			return PV_EINVAL;
	}
	return PV_OK;
}

/* The store that is to answer, or NULL with the reason. */
static struct pv_store *
store_for(struct pv_bus *bus, struct pv_interface *interface,
    const struct pv_kv *kv, int *error)
{
	struct pv_store *store = interface->store;

	*error = PV_ENXIO;
	if (store == NULL || bus->detaching)
		return NULL;
	*error = check_key(kv);
	if (*error != PV_OK)
		return NULL;
	*error = PV_EROFS;
	if ((kv->op == PV_WRITE || kv->op == PV_REMOVE) && store->read_only)
		return NULL;
	if (store->ops & 1u << kv->op)
		return store;
	if (kv->op == PV_WATCH && (store->ops & 1u << PV_READ))
		return &bus->watcher;
	*error = PV_ENOTSUP;
	return NULL;
}

void
pv_store_submit(struct pv_bus *bus, struct pv_interface *interface,
    struct pv_kv *kv)
{
	struct pv_store *store;
	int error;

	kv->bus = bus;
	kv->interface = interface;
	kv->store = NULL;
	kv->actual = 0;
	kv->len = 0;
	kv->constant = false;
	store = store_for(bus, interface, kv, &error);
	if (store == NULL) {
		kv->error = error;
		kv->done(kv);
		return;
	}
	kv->store = store;
	kv->next = bus->requests;
	bus->requests = kv;
	store->start(store, kv);
}

void
pv_kv_done(struct pv_bus *bus, struct pv_kv *kv, int error)
{
	struct pv_kv **link = &bus->requests;

	while (*link != NULL && *link != kv)
		link = &(*link)->next;
	if (*link == NULL)
		return; /* once is what was promised */
	*link = kv->next;
	kv->error = error;
	kv->done(kv);
}

static void
end(struct pv_kv *kv, int error)
{
	kv->store->cancel(kv->store, kv);
	kv->len = 0;
	pv_kv_done(kv->bus, kv, error);
}

/* The answer may have come before its caller knew. */
void
pv_store_cancel(struct pv_bus *bus, struct pv_kv *kv)
{
	const struct pv_kv *request = bus->requests;

	while (request != NULL && request != kv)
		request = request->next;
	if (request != NULL)
		end(kv, PV_EINTR);
}

/* A completion may start and end others, so begin again after each. */
void
requests_expire(struct pv_bus *bus)
{
	uint64_t now = pv_bus_now(bus);
	struct pv_kv *kv = bus->requests;

	while (kv != NULL) {
		if (kv->deadline > now) {
			kv = kv->next;
			continue;
		}
		end(kv, PV_ETIMEDOUT);
		kv = bus->requests;
	}
}

int
pv_kv_give(struct pv_kv *kv, const void *bytes, size_t size)
{
	size_t at = 0;

	kv->actual = size;
	if (kv->op == PV_READ && (kv->flags & PV_KV_PARTIAL)) {
		at = kv->offset < size ? (size_t)kv->offset : size;
		size -= at;
		if (size > kv->room)
			size = kv->room;
	} else if (size > kv->room)
		return PV_ERANGE;
	if (size > 0)
		memcpy(kv->value, (const char *)bytes + at, size);
	kv->len = size;
	return PV_OK;
}

void
requests_cancel_all(struct pv_bus *bus)
{
	while (bus->requests != NULL)
		end(bus->requests, PV_EINTR);
}

uint64_t
requests_deadline(const struct pv_bus *bus)
{
	uint64_t first = PV_NEVER;

	for (const struct pv_kv *kv = bus->requests; kv != NULL; kv = kv->next)
		if (kv->deadline < first)
			first = kv->deadline;
	return first;
}
