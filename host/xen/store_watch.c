/* SPDX-License-Identifier: ISC */
/* Watches of the guest and of domain 0, and what fires them. */
#include <stdlib.h>
#include <string.h>

#include "host/xen/store_private.h"

/* ---- The guest's ------------------------------------------------------ */

static bool
is_special(const char *path)
{
	return path[0] == '@';
}

int
store_watch_add(struct store_conn *conn, const char *path, const char *token)
{
	char absolute[STORE_PATH_ROOM];
	struct store_watch *watch;

	if (is_special(path)) {
		if (strlen(path) > XEN_STORE_REL_PATH_MAX)
			return XEN_EINVAL;
		strcpy(absolute, path);
	} else if (!store_path_absolute(conn, path, absolute))
		return XEN_EINVAL;
	for (watch = conn->watches; watch != NULL; watch = watch->next)
		if (strcmp(watch->path, absolute) == 0 &&
		    strcmp(watch->token, token) == 0)
			return XEN_EEXIST;
	/* xenstored compares so, and lets one more through */
	if (conn->store->counts.watches > conn->store->quota.watches)
		return XEN_E2BIG;
	watch = store_memory(sizeof(*watch));
	watch->path = store_text(absolute);
	watch->token = store_text(token);
	watch->prefix = strlen(absolute) - strlen(path);
	watch->next = conn->watches;
	conn->watches = watch;
	conn->store->counts.watches++;
	return 0;
}

/* What a path looks like to a watch that was set with a relative one. */
static const char *
seen_by(const struct store_watch *watch, const char *path)
{
	return path + watch->prefix;
}

void
store_watch_first(struct store_conn *conn)
{
	const struct store_watch *watch = conn->watches;

	store_event(conn, seen_by(watch, watch->path), watch->token);
}

static void
drop(struct store_conn *conn, struct store_watch **link)
{
	struct store_watch *watch = *link;

	*link = watch->next;
	free(watch->path);
	free(watch->token);
	free(watch);
	conn->store->counts.watches--;
}

int
store_watch_remove(struct store_conn *conn, const char *path, const char *token)
{
	struct store_watch **link = &conn->watches;
	char absolute[STORE_PATH_ROOM];

	if (is_special(path) && strlen(path) < sizeof(absolute))
		strcpy(absolute, path);
	else if (!store_path_absolute(conn, path, absolute))
		return XEN_EINVAL;
	while (*link != NULL &&
	    (strcmp((*link)->path, absolute) != 0 ||
		strcmp((*link)->token, token) != 0))
		link = &(*link)->next;
	if (*link == NULL)
		return XEN_ENOENT;
	drop(conn, link);
	return 0;
}

void
store_watch_drop_all(struct store_conn *conn)
{
	while (conn->watches != NULL)
		drop(conn, &conn->watches);
}

/* Of a node that it may read, or whose directory it may read. */
static bool
may_know(struct store_conn *conn, const struct store_change *change)
{
	char parent[STORE_PATH_ROOM];
	const struct store_node *above;

	if (is_special(change->path))
		return false; /* domain 0's, unless it says otherwise */
	if ((store_perm_bits(conn, change->perms, change->perm_count) &
		STORE_READ) != 0)
		return true;
	store_path_parent(change->path, parent);
	above = store_tree_find(conn->store, parent);
	return above != NULL &&
	    (store_perm_bits(conn, above->perms, above->perm_count) &
		STORE_READ) != 0;
}

static bool
matches(const struct store_change *change, const char *watched)
{
	if (change->exact || is_special(change->path))
		return strcmp(change->path, watched) == 0;
	return store_path_below(change->path, watched);
}

static void
fire_guest(struct store_conn *conn, const struct store_change *change)
{
	if (conn->watches == NULL || !may_know(conn, change))
		return;
	for (const struct store_watch *w = conn->watches; w != NULL;
	     w = w->next)
		if (matches(change, w->path))
			store_event(conn, seen_by(w, change->path), w->token);
}

/* ---- Domain 0's ------------------------------------------------------- */

static void
watch_free(struct host_watch *watch)
{
	struct host_watch **link = &watch->store->watches;

	while (*link != watch)
		link = &(*link)->next;
	*link = watch->next;
	store_change_free(watch->due);
	free(watch->path);
	free(watch);
}

/* The callback may do anything, also end this watch. */
static void
watch_due(void *argument)
{
	struct host_watch *watch = argument;

	while (!watch->dead && watch->due != NULL) {
		struct store_change *change = watch->due;

		watch->due = change->next;
		change->next = NULL;
		watch->call(watch->ctx, change->path);
		store_change_free(change);
	}
	watch->scheduled = false;
	if (watch->dead)
		watch_free(watch);
}

static void
notify(struct host_watch *watch, const char *path)
{
	const struct host_world *world = watch->store->world;
	struct store_change **link = &watch->due;

	for (; *link != NULL; link = &(*link)->next)
		if (strcmp((*link)->path, path) == 0)
			return; /* not told yet anyway */
	*link = store_memory(sizeof(**link));
	(*link)->path = store_text(path);
	if (watch->scheduled)
		return;
	watch->scheduled = true;
	world->later(world->ctx, world->random(world->ctx, STORE_DELAY),
	    watch_due, watch);
}

struct host_watch *
host_xenstore_watch(struct host_xenstore *store, const char *path,
    void (*call)(void *, const char *), void *ctx)
{
	struct host_watch *watch = store_memory(sizeof(*watch));

	watch->store = store;
	watch->path = store_text(path);
	watch->call = call;
	watch->ctx = ctx;
	watch->next = store->watches;
	store->watches = watch;
	notify(watch, path);
	return watch;
}

void
host_xenstore_unwatch(struct host_watch *watch)
{
	if (watch == NULL)
		return;
	watch->dead = true;
	if (!watch->scheduled)
		watch_free(watch);
}

/* ---- Firing ----------------------------------------------------------- */

void
store_change_free(struct store_change *change)
{
	while (change != NULL) {
		struct store_change *next = change->next;

		free(change->path);
		free(change->perms);
		free(change);
		change = next;
	}
}

void
store_fire_all(struct host_xenstore *store, struct store_change *changes)
{
	for (const struct store_change *c = changes; c != NULL; c = c->next) {
		fire_guest(&store->guest, c);
		for (struct host_watch *w = store->watches; w != NULL;
		     w = w->next)
			if (!w->dead && matches(c, w->path))
				notify(w, c->path);
	}
}

static struct store_change *
new_change(const char *path, bool exact, const struct store_node *node)
{
	struct store_change *change = store_memory(sizeof(*change));

	change->path = store_text(path);
	change->exact = exact;
	if (node == NULL)
		return change;
	change->perm_count = node->perm_count;
	change->perms = store_memory(node->perm_count * sizeof(*node->perms));
	memcpy(change->perms, node->perms,
	    node->perm_count * sizeof(*node->perms));
	return change;
}

/* In a transaction it waits for the end. */
void
store_fire(struct host_xenstore *store, struct store_tx *tx, const char *path,
    bool exact, const struct store_node *node)
{
	struct store_change *change = new_change(path, exact, node);
	struct store_change **link;

	if (tx == NULL) {
		store_fire_all(store, change);
		store_change_free(change);
		return;
	}
	for (link = &tx->changes; *link != NULL; link = &(*link)->next)
		;
	*link = change;
}
