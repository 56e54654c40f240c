/* SPDX-License-Identifier: ISC */
/*
 * Watches for stores that cannot tell of changes: look again every interval
 * and compare a digest of what is there.  VMware's guestinfo and fw_cfg have
 * no event; their users poll today, each in a program of its own.
 */
#include "guest/bus/bus_private.h"
#include "guest/bus/libc.h"

/* A value that grows without end is not to be followed. */
#define WATCH_MAX (1024u * 1024u)

/* FNV-1a, 64 bits (offset basis and prime of its authors' description). */
#define DIGEST_START 0xcbf29ce484222325ull
#define DIGEST_PRIME 0x100000001b3ull

#define STATE_ABSENT 1ull

/* A look that takes longer ends the watch in PV_ETIMEDOUT. */
#define LOOK_TIMEOUT (10 * PV_SECOND)

struct watch {
	struct watch *next;
	struct pv_bus *bus;
	struct pv_kv *kv; /* what is answered */
	struct pv_kv look;
	uint64_t when; /* of the next look; PV_NEVER while one is under way, or
	                  when the value is one that does not change */
	uint64_t digest;
	bool answered;
	bool later;     /* look is answered from another call */
	uint64_t whole; /* length of what is looked at in pieces */
	char piece[1024];
};

static struct watch *
watch_of(struct pv_bus *bus, const struct pv_kv *kv)
{
	struct watch *watch = bus->watches;

	while (watch != NULL && watch->kv != kv)
		watch = watch->next;
	return watch;
}

static void
watch_free(struct watch *watch)
{
	struct watch **link = &watch->bus->watches;

	while (*link != watch)
		link = &(*link)->next;
	*link = watch->next;
	pv_free(watch->bus, watch, sizeof(*watch));
}

static void
answer(struct watch *watch, int error)
{
	struct pv_kv *kv = watch->kv;

	watch_free(watch);
	pv_kv_done(kv->bus, kv, error);
}

static void
wait(struct watch *watch)
{
	watch->when = pv_bus_now(watch->bus) + watch->bus->watch_interval;
}

/* The key is in `state`: answer, or wait for the next look. */
static void
settle(struct watch *watch, uint64_t state, int error)
{
	struct pv_kv *kv = watch->kv;

	if (state == kv->seen) {
		if (!watch->look.constant)
			wait(watch);
		return;
	}
	kv->seen = state;
	kv->actual = watch->look.actual;
	if (error == PV_OK && kv->actual > kv->room)
		error = PV_ERANGE;
	kv->len = error == PV_OK ? (size_t)kv->actual : 0;
	answer(watch, error);
}

/* Nobody gets to see these pieces, but for the digest they are needed. */
static void
look_in_pieces(struct watch *watch)
{
	struct pv_kv *look = &watch->look;

	watch->whole = look->actual;
	look->flags = PV_KV_PARTIAL;
	look->value = watch->piece;
	look->room = sizeof(watch->piece);
}

/* Take in what one look brought.  True: look at the next piece. */
static bool
digest(struct watch *watch)
{
	struct pv_kv *look = &watch->look;
	const unsigned char *bytes = look->value;
	bool pieces = look->value == watch->piece;

	if (look->error == PV_ENOENT) {
		settle(watch, STATE_ABSENT, PV_ENOENT);
		return false;
	}
	if ((look->error == PV_OK || look->error == PV_ERANGE) &&
	    look->actual > WATCH_MAX)
		look->error = PV_EMSGSIZE;
	if (look->error == PV_ERANGE && look->op == PV_READ && !pieces) {
		look_in_pieces(watch);
		return true;
	}
	if (look->error != PV_OK) {
		watch->kv->actual = look->actual;
		answer(watch, look->error);
		return false;
	}
	for (size_t i = 0; i < look->len; i++)
		watch->digest = (watch->digest ^ bytes[i]) * DIGEST_PRIME;
	look->offset += look->len;
	if (pieces && look->len > 0 && look->offset < look->actual)
		return true;
	if (pieces && look->actual != watch->whole)
		wait(watch); /* it changed under way: look anew */
	else                 /* 0 is "no state", and small numbers are ours */
		settle(watch, watch->digest | 1ull << 63, PV_OK);
	return false;
}

static void
look(struct watch *watch)
{
	for (;;) {
		struct pv_kv *kv = &watch->look;

		watch->answered = false;
		watch->later = false;
		pv_store_submit(watch->bus, watch->kv->interface, kv);
		if (!watch->answered) {
			watch->later = true;
			return;
		}
		if (!digest(watch))
			return;
	}
}

static void
look_done(struct pv_kv *kv)
{
	struct watch *watch = kv->owner;

	bool later = watch->later;

	watch->answered = true;
	watch->later = false;
	if (later && digest(watch))
		look(watch);
}

/* The value at once and whole, so that it is one that the key has had. */
static void
look_first(struct watch *watch)
{
	watch->when = PV_NEVER;
	watch->digest = DIGEST_START;
	watch->look.flags = 0;
	watch->look.value = watch->kv->value;
	watch->look.room = watch->kv->room;
	watch->look.offset = 0;
	watch->look.deadline = pv_bus_now(watch->bus) + LOOK_TIMEOUT;
	look(watch);
}

static void
watch_start(struct pv_store *store, struct pv_kv *kv)
{
	struct pv_bus *bus = kv->bus;
	struct watch *watch = pv_alloc(bus, sizeof(*watch));

	(void)store;
	if (watch == NULL) {
		pv_kv_done(bus, kv, PV_ENOMEM);
		return;
	}
	watch->bus = bus;
	watch->kv = kv;
	watch->look = (struct pv_kv){
		.op = kv->key[kv->keylen - 1] == '/' ? PV_LIST : PV_READ,
		.key = kv->key,
		.keylen = kv->keylen,
		.done = look_done,
		.owner = watch,
	};
	watch->next = bus->watches;
	bus->watches = watch;
	look_first(watch);
}

static void
watch_cancel(struct pv_store *store, struct pv_kv *kv)
{
	struct watch *watch = watch_of(kv->bus, kv);
	struct pv_kv *look = &watch->look;

	(void)store;
	if (watch->later) {
		/* its answer must not reach digest() any more */
		watch->later = false;
		pv_store_cancel(watch->bus, look);
	}
	watch_free(watch);
}

void
watch_init(struct pv_bus *bus, uint64_t interval)
{
	bus->watcher = (struct pv_store){
		.name = "watch",
		.start = watch_start,
		.cancel = watch_cancel,
	};
	bus->watch_interval = interval != 0 ? interval : PV_SECOND;
}

static struct watch *
due(struct pv_bus *bus, uint64_t now)
{
	struct watch *watch = bus->watches;

	while (watch != NULL && watch->when > now)
		watch = watch->next;
	return watch;
}

bool
watch_poll(struct pv_bus *bus, unsigned budget)
{
	uint64_t now = pv_bus_now(bus);
	struct watch *watch;

	while ((watch = due(bus, now)) != NULL) {
		if (budget-- == 0)
			return true;
		look_first(watch);
	}
	return false;
}

uint64_t
watch_deadline(const struct pv_bus *bus)
{
	uint64_t first = PV_NEVER;

	for (const struct watch *watch = bus->watches; watch != NULL;
	     watch = watch->next)
		if (watch->when < first)
			first = watch->when;
	return first;
}
