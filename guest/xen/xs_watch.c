/* SPDX-License-Identifier: ISC */
/*
 * Watches.  A token is a number of our table, checked when it comes back; nanos
 * gives addresses for tokens, and the host then chooses what is called.  An
 * event is one bit, however often it comes (XSA-349 is what a queue of them
 * does).
 */
#include "guest/bus/libc.h"
#include "guest/xen/xs_private.h"

/* How long to wait for the event with which a watch begins. */
#define GREETING (100 * PV_MILLISECOND)
#define TOKEN 8 /* hexadecimal digits: generation, number */

struct xs_watch_slot {
	struct xs *xs;
	struct xs_watch *watch; /* NULL: to be unset */
	struct xs_request request;
	uint32_t token;
	bool set, dirty;
	uint64_t greeting; /* the first event is due; 0: it was there */
	size_t size;       /* of this and its text */
	size_t length;
	char text[]; /* path, NUL, token, NUL: the payload of both requests */
};

static void
greeted(struct xs_watch_slot *slot)
{
	if (slot->greeting != 0)
		slot->xs->ungreeted--;
	slot->greeting = 0;
}

static void
slot_free(struct xs_watch_slot *slot)
{
	struct xs *xs = slot->xs;

	if (slot->dirty)
		xs->dirty--;
	greeted(slot);
	xs_cancel(xs, &slot->request);
	xs->watches[slot->token % XS_WATCHES] = NULL;
	xs->port->free(xs->port->ctx, slot, slot->size);
}

static void
mark(struct xs_watch_slot *slot)
{
	if (!slot->dirty)
		slot->xs->dirty++;
	slot->dirty = true;
}

static void
unset_done(struct xs_request *request)
{
	slot_free(request->owner);
}

static int
submit(struct xs_watch_slot *slot, uint32_t type,
    void (*done)(struct xs_request *))
{
	slot->request.type = type;
	slot->request.parts[0] = (struct xs_part){ slot->text, slot->length };
	slot->request.done = done;
	slot->request.owner = slot;
	return xs_submit(slot->xs, &slot->request);
}

static void
unset(struct xs_watch_slot *slot)
{
	slot->set = false;
	greeted(slot);
	if (submit(slot, XEN_STORE_UNWATCH, unset_done) != PV_OK)
		slot_free(slot);
}

static void
set_failed(struct xs_watch_slot *slot, int error)
{
	struct xs_watch *watch = slot->watch;

	slot->watch = NULL;
	if (error == PV_ETIMEDOUT) /* it may be set, or be set yet */
		unset(slot);
	else
		slot_free(slot);
	if (watch == NULL)
		return;
	watch->slot = NULL;
	if (watch->failed != NULL)
		watch->failed(watch, error);
}

static void
set_done(struct xs_request *request)
{
	struct xs_watch_slot *slot = request->owner;

	if (request->error != PV_OK) {
		/* E2BIG is the word for a quota that is used up */
		set_failed(slot,
		    request->error == PV_EMSGSIZE ? PV_ENOMEM : request->error);
		return;
	}
	slot->set = true;
	if (slot->watch == NULL)
		unset(slot);
	else {
		slot->greeting = xs_now(slot->xs) + GREETING;
		slot->xs->ungreeted++;
	}
}

static void
write_token(char *to, uint32_t token)
{
	for (int i = TOKEN - 1; i >= 0; i--, token >>= 4)
		to[i] = "0123456789abcdef"[token & 0xf];
}

int
xs_watch_add(struct xs *xs, struct xs_watch *watch, const char *path,
    size_t length)
{
	size_t size = sizeof(struct xs_watch_slot) + length + 1 + TOKEN + 1;
	struct xs_watch_slot *slot;
	unsigned i = 0;
	int error;

	if (length > XEN_STORE_ABS_PATH_MAX)
		return PV_EMSGSIZE;
	while (i < XS_WATCHES && xs->watches[i] != NULL)
		i++;
	slot = i < XS_WATCHES ? xs->port->alloc(xs->port->ctx, size) : NULL;
	if (slot == NULL)
		return PV_ENOMEM;
	slot->xs = xs;
	slot->size = size;
	slot->token = xs->watch_generation++ * XS_WATCHES + i;
	slot->length = length + 1 + TOKEN + 1;
	memcpy(slot->text, path, length);
	write_token(slot->text + length + 1, slot->token);
	xs->watches[i] = slot;
	error = submit(slot, XEN_STORE_WATCH, set_done);
	if (error != PV_OK) {
		slot_free(slot);
		return error;
	}
	slot->watch = watch;
	watch->slot = slot;
	return PV_OK;
}

void
xs_watch_remove(struct xs *xs, struct xs_watch *watch)
{
	struct xs_watch_slot *slot = watch->slot;

	(void)xs;
	if (slot == NULL)
		return;
	watch->slot = NULL;
	slot->watch = NULL;
	if (slot->set)
		unset(slot);
	else if (slot->request.state != XS_SENT)
		slot_free(slot);
	/* else when it is answered */
}

/* ---- Events ----------------------------------------------------------- */

static bool
read_token(const char *text, size_t length, uint32_t *token)
{
	*token = 0;
	if (length != TOKEN)
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (c >= '0' && c <= '9')
			*token = *token << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*token = *token << 4 | (uint32_t)(c - 'a' + 10);
		else
			return false;
	}
	return true;
}

/* "path NUL token NUL" */
void
xs_watch_event(struct xs *xs, const char *body, size_t length)
{
	struct xs_watch_slot *slot;
	size_t path = strlen(body); /* a NUL stands behind the body */
	size_t rest = path < length ? length - path - 1 : 0;
	const char *token_text = body + path + 1;
	uint32_t token;

	xs->stats->events++;
	if (rest == 0 || strlen(token_text) + 1 != rest) {
		xs->stats->bad_text++;
		return;
	}
	if (!read_token(token_text, rest - 1, &token)) {
		xs->stats->bad_id++;
		return;
	}
	slot = xs->watches[token % XS_WATCHES];
	if (slot == NULL || slot->token != token) {
		xs->stats->bad_id++;
		return;
	}
	greeted(slot);
	/* one that is being unset may have had events under way */
	if (slot->watch == NULL || slot->dirty)
		return;
	if (slot->watch->wants == NULL ||
	    slot->watch->wants(slot->watch, body, path))
		mark(slot);
}

/* An event at the start is promised; what to do when the host forgets it. */
void
xs_watches_run(struct xs *xs, uint64_t now)
{
	for (unsigned i = 0; i < XS_WATCHES && xs->ungreeted > 0; i++) {
		struct xs_watch_slot *slot = xs->watches[i];

		if (slot == NULL || slot->greeting == 0 || slot->greeting > now)
			continue;
		greeted(slot);
		if (slot->watch != NULL)
			mark(slot);
	}
}

uint64_t
xs_watches_deadline(const struct xs *xs)
{
	uint64_t first = PV_NEVER;

	for (unsigned i = 0; i < XS_WATCHES && xs->ungreeted > 0; i++) {
		const struct xs_watch_slot *slot = xs->watches[i];

		if (slot != NULL && slot->greeting != 0 &&
		    slot->greeting < first)
			first = slot->greeting;
	}
	return first;
}

bool
xs_events(struct xs *xs, unsigned budget)
{
	/* each at most once, so that one of them cannot keep us here */
	for (unsigned i = 0; i < XS_WATCHES && xs->dirty > 0; i++) {
		struct xs_watch_slot *slot;

		xs->watch_cursor = (xs->watch_cursor + 1) % XS_WATCHES;
		slot = xs->watches[xs->watch_cursor];
		if (slot == NULL || !slot->dirty)
			continue;
		slot->dirty = false;
		xs->dirty--;
		if (slot->watch == NULL)
			continue;
		slot->watch->event(slot->watch);
		if (--budget == 0)
			break;
	}
	return xs->dirty > 0;
}

/* ---- Another connection ----------------------------------------------- */

void
xs_watches_stop(struct xs *xs)
{
	for (unsigned i = 0; i < XS_WATCHES; i++) {
		struct xs_watch_slot *slot = xs->watches[i];

		if (slot == NULL)
			continue;
		xs_cancel(xs, &slot->request);
		slot->set = false;
		greeted(slot);
		if (slot->watch == NULL)
			slot_free(slot);
	}
}

void
xs_watches_start(struct xs *xs)
{
	for (unsigned i = 0; i < XS_WATCHES; i++) {
		struct xs_watch_slot *slot = xs->watches[i];
		int error;

		if (slot == NULL)
			continue;
		error = submit(slot, XEN_STORE_WATCH, set_done);
		if (error != PV_OK)
			set_failed(slot, error);
	}
}

void
xs_watches_fail(struct xs *xs, int error)
{
	for (unsigned i = 0; i < XS_WATCHES; i++)
		if (xs->watches[i] != NULL)
			set_failed(xs->watches[i], error);
}

void
xs_watches_free(struct xs *xs)
{
	for (unsigned i = 0; i < XS_WATCHES; i++) {
		struct xs_watch_slot *slot = xs->watches[i];

		if (slot == NULL)
			continue;
		if (slot->watch != NULL)
			slot->watch->slot = NULL;
		slot_free(slot);
	}
}
