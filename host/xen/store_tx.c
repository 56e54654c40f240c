/* SPDX-License-Identifier: ISC */
/*
 * Transactions as C xenstored makes them: each node is copied when it is first
 * looked at, and at the end all of those must be what they were.
 */
#include <stdlib.h>
#include <string.h>

#include "host/xen/store_private.h"

static struct store_access *
look(struct host_xenstore *store, struct store_tx *tx, const char *path)
{
	struct store_access *access = tx->accesses;
	const struct store_node *node;

	while (access != NULL && strcmp(access->path, path) != 0)
		access = access->next;
	if (access != NULL)
		return access;
	node = store_tree_find(store, path);
	access = store_memory(sizeof(*access));
	access->path = store_text(path);
	if (node != NULL) {
		access->seen = node->generation;
		access->node = store_node_copy(node);
	}
	access->next = tx->accesses;
	tx->accesses = access;
	return access;
}

struct store_node *
store_find(struct host_xenstore *store, struct store_tx *tx, const char *path)
{
	if (tx == NULL)
		return store_tree_find(store, path);
	return look(store, tx, path)->node;
}

struct store_node *
store_own(struct host_xenstore *store, struct store_tx *tx, const char *path)
{
	struct store_access *access;

	if (tx == NULL)
		return store_tree_find(store, path);
	access = look(store, tx, path);
	access->modified |= access->node != NULL;
	return access->node;
}

void
store_changed(struct host_xenstore *store, struct store_tx *tx,
    struct store_node *node)
{
	if (tx == NULL)
		store_tree_touch(store, node);
}

static int
is_guests(const struct host_xenstore *store, const struct store_node *node)
{
	return node->perms[0].domain == store->guest.domain;
}

void
store_insert(struct host_xenstore *store, struct store_tx *tx,
    struct store_node *node)
{
	struct store_access *access;

	if (tx == NULL) {
		store_tree_put(store, node);
		return;
	}
	access = look(store, tx, node->path);
	access->node = node;
	access->modified = true;
	tx->nodes += is_guests(store, node);
}

void
store_erase(struct host_xenstore *store, struct store_tx *tx, const char *path)
{
	struct store_access *access;

	if (tx == NULL) {
		store_tree_drop(store, path);
		return;
	}
	access = look(store, tx, path);
	if (access->node == NULL)
		return;
	tx->nodes -= is_guests(store, access->node);
	store_node_free(access->node);
	access->node = NULL;
	access->modified = true;
}

/* ---- Beginning and end ------------------------------------------------ */

int
store_tx_start(struct store_conn *conn, uint32_t *id)
{
	struct host_xenstore *store = conn->store;
	struct store_tx *tx;

	/* xenstored compares so, and lets one more through */
	if (!conn->privileged &&
	    store->counts.transactions > store->quota.transactions)
		return XEN_ENOSPC;
	tx = store_memory(sizeof(*tx));
	do
		tx->id = ++conn->next_tx;
	while (tx->id == 0 || store_tx_find(conn, tx->id) != NULL);
	tx->next = conn->transactions;
	conn->transactions = tx;
	store->counts.transactions += !conn->privileged;
	*id = tx->id;
	return 0;
}

struct store_tx *
store_tx_find(struct store_conn *conn, uint32_t id)
{
	struct store_tx *tx = conn->transactions;

	while (tx != NULL && tx->id != id)
		tx = tx->next;
	return tx;
}

static bool
is_undisturbed(struct host_xenstore *store, const struct store_tx *tx)
{
	for (const struct store_access *a = tx->accesses; a != NULL;
	     a = a->next) {
		const struct store_node *node = store_tree_find(store, a->path);

		if ((node != NULL ? node->generation : 0) != a->seen)
			return false;
	}
	return true;
}

static void
apply(struct host_xenstore *store, struct store_tx *tx)
{
	for (struct store_access *a = tx->accesses; a != NULL; a = a->next) {
		if (!a->modified)
			continue;
		store_tree_drop(store, a->path);
		if (a->node != NULL)
			store_tree_put(store, a->node);
		a->node = NULL;
	}
}

static void
tx_free(struct store_conn *conn, struct store_tx *tx)
{
	struct store_tx **link = &conn->transactions;

	while (*link != tx)
		link = &(*link)->next;
	*link = tx->next;
	conn->store->counts.transactions -= !conn->privileged;
	while (tx->accesses != NULL) {
		struct store_access *access = tx->accesses;

		tx->accesses = access->next;
		store_node_free(access->node);
		free(access->path);
		free(access);
	}
	store_change_free(tx->changes);
	free(tx);
}

int
store_tx_end(struct store_conn *conn, struct store_tx *tx, bool commit)
{
	struct host_xenstore *store = conn->store;
	int error = 0;

	if (commit && !conn->privileged && store_once(&store->manners.again))
		error = XEN_EAGAIN;
	else if (commit && !is_undisturbed(store, tx))
		error = XEN_EAGAIN;
	else if (commit) {
		apply(store, tx);
		store_fire_all(store, tx->changes);
	}
	tx_free(conn, tx);
	return error;
}

void
store_tx_drop_all(struct store_conn *conn)
{
	while (conn->transactions != NULL)
		tx_free(conn, conn->transactions);
}
