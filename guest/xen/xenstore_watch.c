/* SPDX-License-Identifier: ISC */
/*
 * Watches of the store.  XenStore tells that something happened, not what: so
 * the key is read and its digest compared with what the caller has seen, as
 * guest/bus/watch.c does for stores that tell nothing.
 *
 * One watch of XenStore serves all requests for a key, and stays for a while
 * after the last: who watches asks again once answered.
 */
#include "guest/bus/libc.h"
#include "guest/xen/xenstore_private.h"

/* Of the 128 that the guest may have; drivers need the rest. */
#define WATCHES 96u
#define LINGER (10 * PV_SECOND)

/* FNV-1a, as in guest/bus/watch.c. */
#define DIGEST_START 0xcbf29ce484222325ull
#define DIGEST_PRIME 0x100000001b3ull
#define DIGEST_BIT \
	(1ull << 63) /* 0 is "no state", and small numbers are ours */
#define STATE_ABSENT 1ull

struct xenstore_watch {
	struct xenstore_watch *next;
	struct xenstore *store;
	struct xs_watch watch;
	struct xenstore_op *ops; /* those that wait */
	bool begun;              /* events come from now on */
	uint64_t until;          /* nobody waits, and it goes then */
	size_t size;
	size_t length;
	char path[];
};

static void look(struct xenstore_op *);

/* ---- One request ------------------------------------------------------ */

/* True: this state is news. */
static bool
news(struct xenstore_op *op, uint64_t state)
{
	op->looking = false;
	if (op->kv->seen != state) {
		op->kv->seen = state;
		return true;
	}
	if (op->dirty)
		look(op);
	return false;
}

static void
settle(struct xenstore_op *op, const char *bytes, size_t size)
{
	uint64_t digest = DIGEST_START;

	for (size_t i = 0; i < size; i++)
		digest = (digest ^ (unsigned char)bytes[i]) * DIGEST_PRIME;
	if (news(op, digest | DIGEST_BIT))
		xenstore_answer(op, bytes, size);
}

static void
looked_in_vain(struct xenstore_op *op, int error)
{
	if (error != PV_ENOENT)
		xenstore_finish(op, error);
	else if (news(op, STATE_ABSENT))
		xenstore_finish(op, PV_ENOENT);
}

static void
list_done(struct xenstore_list *list)
{
	struct xenstore_op *op = list->owner;
	struct pv_bus *bus = op->store->bus->xen->bus;
	size_t size, allocated = list->size + 1;
	char *flat;

	if (list->error != PV_OK) {
		looked_in_vain(op, list->error);
		return;
	}
	flat = xenstore_list_flat(op, &size);
	if (flat == NULL) {
		xenstore_finish(op, PV_ENOMEM);
		return;
	}
	settle(op, flat, size);
	pv_free(bus, flat, allocated);
}

static void
list(struct xenstore_op *op)
{
	int error = xenstore_list(op, list_done);

	if (error != PV_OK)
		xenstore_finish(op, error);
}

static void
read_done(struct xs_request *request)
{
	struct xenstore_op *op = request->owner;

	if (request->error != PV_OK)
		looked_in_vain(op, request->error);
	else if (request->length == 0)
		list(op);
	else
		settle(op, request->reply, request->length);
}

static void
look(struct xenstore_op *op)
{
	const struct pv_kv *kv = op->kv;
	int error;

	op->looking = true;
	op->dirty = false;
	if (kv->key[kv->keylen - 1] == '/') {
		list(op);
		return;
	}
	error = xenstore_read(op, read_done);
	if (error != PV_OK)
		xenstore_finish(op, error);
}

/* ---- All of a key ----------------------------------------------------- */

static void
watch_free(struct xenstore_watch *watch)
{
	struct xenstore *store = watch->store;
	struct xenstore_watch **link = &store->watches;

	xs_watch_remove(xenbus_xs(store->bus), &watch->watch);
	while (*link != watch)
		link = &(*link)->next;
	*link = watch->next;
	store->watch_count--;
	pv_free(store->bus->xen->bus, watch, watch->size);
}

/* A completion may end others, and begin some. */
static void
event(struct xs_watch *xs_watch)
{
	struct xenstore_watch *watch = xs_watch->owner;
	struct xenstore_op *op;

	watch->begun = true;
	for (op = watch->ops; op != NULL; op = op->watch_next)
		op->dirty = true;
	for (;;) {
		op = watch->ops;
		while (op != NULL && (!op->dirty || op->looking))
			op = op->watch_next;
		if (op == NULL)
			return;
		look(op);
	}
}

static void
failed(struct xs_watch *xs_watch, int error)
{
	struct xenstore_watch *watch = xs_watch->owner;

	/* the last op lets go of it, and the poll frees it */
	watch->begun = false;
	while (watch->ops != NULL)
		xenstore_finish(watch->ops, error);
	watch->until = 0;
}

static struct xenstore_watch *
watch_named(const struct xenstore *store, const char *path, size_t length)
{
	struct xenstore_watch *watch = store->watches;

	while (watch != NULL &&
	    (watch->watch.slot == NULL || watch->length != length ||
		memcmp(watch->path, path, length) != 0))
		watch = watch->next;
	return watch;
}

/* The one that nobody has needed for the longest time. */
static void
make_room(struct xenstore *store)
{
	struct xenstore_watch *oldest = NULL;

	for (struct xenstore_watch *watch = store->watches; watch != NULL;
	     watch = watch->next)
		if (watch->ops == NULL &&
		    (oldest == NULL || watch->until < oldest->until))
			oldest = watch;
	if (oldest != NULL)
		watch_free(oldest);
}

static int
watch_new(struct xenstore *store, const char *path, size_t length,
    struct xenstore_watch **out)
{
	struct xenstore_watch *watch;
	size_t size = sizeof(*watch) + length;
	int error;

	if (store->watch_count >= WATCHES)
		make_room(store);
	if (store->watch_count >= WATCHES)
		return PV_ENOMEM;
	watch = pv_alloc(store->bus->xen->bus, size);
	if (watch == NULL)
		return PV_ENOMEM;
	watch->store = store;
	watch->size = size;
	watch->length = length;
	memcpy(watch->path, path, length);
	watch->watch = (struct xs_watch){
		.event = event,
		.failed = failed,
		.owner = watch,
	};
	watch->next = store->watches;
	store->watches = watch;
	store->watch_count++;
	error = xs_watch_add(xenbus_xs(store->bus), &watch->watch, path,
	    length);
	if (error != PV_OK)
		watch_free(watch);
	*out = watch;
	return error;
}

int
xenstore_watch_start(struct xenstore_op *op)
{
	struct xenstore *store = op->store;
	struct xenstore_watch *watch = watch_named(store, op->path, op->length);
	int error = PV_OK;

	if (watch == NULL)
		error = watch_new(store, op->path, op->length, &watch);
	if (error != PV_OK)
		return error;
	op->watch = watch;
	op->watch_next = watch->ops;
	watch->ops = op;
	/* else the first event says when */
	if (watch->begun)
		look(op);
	return PV_OK;
}

void
xenstore_watch_leave(struct xenstore_op *op)
{
	struct xenstore_watch *watch = op->watch;
	struct xenstore_op **link;

	if (watch == NULL)
		return;
	link = &watch->ops;
	while (*link != op)
		link = &(*link)->watch_next;
	*link = op->watch_next;
	op->watch = NULL;
	watch->until = pv_bus_now(op->store->bus->xen->bus) + LINGER;
}

void
xenstore_watch_poll(struct xenstore *store)
{
	uint64_t now = pv_bus_now(store->bus->xen->bus);
	struct xenstore_watch *watch = store->watches;

	while (watch != NULL) {
		struct xenstore_watch *next = watch->next;

		if (watch->ops == NULL && watch->until <= now)
			watch_free(watch);
		watch = next;
	}
}

uint64_t
xenstore_watch_deadline(const struct xenstore *store)
{
	uint64_t first = PV_NEVER;

	for (const struct xenstore_watch *watch = store->watches; watch != NULL;
	     watch = watch->next)
		if (watch->ops == NULL && watch->until < first)
			first = watch->until;
	return first;
}

void
xenstore_watch_close(struct xenstore *store)
{
	while (store->watches != NULL)
		watch_free(store->watches);
}
