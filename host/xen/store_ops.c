/* SPDX-License-Identifier: ISC */
/* Operations on nodes, with permissions and quotas. */
#include <stdlib.h>
#include <string.h>

#include "host/xen/store_private.h"

/* xenstored's record of a node, as its quota counts it. */
#define RECORD_HEADER 24
#define RECORD_PERM 8

/* Whoever may not look at the directory is not told what is missing in it. */
static int
absent(struct store_conn *conn, struct store_tx *tx, const char *path,
    unsigned wanted)
{
	char parent[STORE_PATH_ROOM];
	const struct store_node *node;

	strcpy(parent, path);
	do {
		char below[STORE_PATH_ROOM];

		strcpy(below, parent);
		store_path_parent(below, parent);
		node = store_find(conn->store, tx, parent);
	} while (node == NULL && strcmp(parent, "/") != 0);
	if (node == NULL ||
	    (store_perm_bits(conn, node->perms, node->perm_count) & wanted) !=
		wanted)
		return XEN_EACCES;
	return XEN_ENOENT;
}

int
store_get(struct store_conn *conn, struct store_tx *tx, const char *path,
    unsigned wanted, struct store_node **found)
{
	struct store_node *node = store_find(conn->store, tx, path);

	if (node == NULL)
		return absent(conn, tx, path, wanted);
	if ((store_perm_bits(conn, node->perms, node->perm_count) & wanted) !=
	    wanted)
		return XEN_EACCES;
	if (found != NULL)
		*found = node;
	return 0;
}

/* Whether a node may become as large. */
static bool
fits(const struct store_conn *conn, size_t size, size_t children,
    unsigned perms)
{
	return conn->privileged ||
	    RECORD_HEADER + RECORD_PERM * (size_t)perms + size + children <
	    conn->store->quota.node_size;
}

static int
quota_left(const struct store_conn *conn, const struct store_tx *tx,
    unsigned more)
{
	const struct host_xenstore *store = conn->store;
	long have = (long)store->counts.nodes + (tx != NULL ? tx->nodes : 0);

	if (conn->privileged || have + (long)more <= (long)store->quota.nodes)
		return 0;
	return XEN_ENOSPC;
}

/* The nearest directory that is there; *missing: how many are not, the node
 * itself included. */
static struct store_node *
nearest(struct store_conn *conn, struct store_tx *tx, const char *path,
    char *at, unsigned *missing)
{
	struct store_node *node = NULL;

	strcpy(at, path);
	for (*missing = 0; node == NULL; ++*missing) {
		char below[STORE_PATH_ROOM];

		strcpy(below, at);
		store_path_parent(below, at);
		node = store_find(conn->store, tx, at);
	}
	return node;
}

/* The first `length` bytes of the path are there; make the rest, each with the
 * permissions of the one above, but owned by the guest that made it. */
static void
create_below(struct store_conn *conn, struct store_tx *tx, const char *path,
    size_t length)
{
	char parent[STORE_PATH_ROOM], name[STORE_PATH_ROOM];
	size_t end = length;

	while (path[end] != '\0') {
		struct store_node *above, *node;

		memcpy(parent, path, end);
		parent[end] = '\0';
		if (end == 0)
			memcpy(parent, "/", 2);
		end += 1 + strcspn(path + end + 1, "/");
		memcpy(name, path, end);
		name[end] = '\0';
		above = store_own(conn->store, tx, parent);
		node = store_node_new(name);
		store_node_perms(node, above->perms, above->perm_count);
		if (!conn->privileged)
			node->perms[0].domain = conn->domain;
		store_node_add_child(above, store_path_name(name));
		store_changed(conn->store, tx, above);
		store_insert(conn->store, tx, node);
	}
}

static int
create(struct store_conn *conn, struct store_tx *tx, const char *path,
    size_t size)
{
	char at[STORE_PATH_ROOM];
	unsigned missing;
	const struct store_node *above = nearest(conn, tx, path, at, &missing);
	size_t length = strcmp(at, "/") == 0 ? 0 : strlen(at);
	size_t name = strcspn(path + length + 1, "/") + 1;
	int error = quota_left(conn, tx, missing);

	if (error == 0 &&
	    (!fits(conn, above->size, above->children_size + name,
		 above->perm_count) ||
		!fits(conn, size, 0, above->perm_count)))
		error = XEN_ENOSPC;
	if (error == 0)
		create_below(conn, tx, path, length);
	return error;
}

static int
make(struct store_conn *conn, struct store_tx *tx, const char *path,
    const void *value, size_t size)
{
	struct store_node *node;
	int error = create(conn, tx, path, size);

	if (error != 0)
		return error;
	node = store_own(conn->store, tx, path);
	store_node_value(node, value, size);
	store_fire(conn->store, tx, path, false, node);
	return 0;
}

int
store_write(struct store_conn *conn, struct store_tx *tx, const char *path,
    const void *value, size_t size)
{
	struct store_node *node = NULL;
	int error = store_get(conn, tx, path, STORE_WRITE, &node);

	if (error == XEN_ENOENT)
		return make(conn, tx, path, value, size);
	if (error != 0)
		return error;
	if (!fits(conn, size, node->children_size, node->perm_count))
		return XEN_ENOSPC;
	node = store_own(conn->store, tx, path);
	store_node_value(node, value, size);
	store_changed(conn->store, tx, node);
	store_fire(conn->store, tx, path, false, node);
	return 0;
}

/* One that is there is left as it is. */
int
store_mkdir(struct store_conn *conn, struct store_tx *tx, const char *path)
{
	int error = store_get(conn, tx, path, STORE_WRITE, NULL);

	return error == XEN_ENOENT ? make(conn, tx, path, "", 0) : error;
}

/* Where the last name of a list of children begins. */
static size_t
last_child(const struct store_node *node)
{
	size_t at = node->children_size - 1;

	while (at > 0 && node->children[at - 1] != '\0')
		at--;
	return at;
}

/* What is below first. Watches of directories are told of the top only. */
static void
remove_tree(struct store_conn *conn, struct store_tx *tx, const char *path,
    bool top)
{
	struct store_node *node, *kept;

	while ((node = store_find(conn->store, tx, path)) != NULL &&
	    node->children_size > 0) {
		size_t at = last_child(node);
		char *child = store_memory(
		    strlen(path) + strlen(node->children + at) + 2);

		strcpy(child, path);
		strcat(child, "/");
		strcat(child, node->children + at);
		remove_tree(conn, tx, child, false);
		free(child);
		node = store_own(conn->store, tx, path);
		node->children_size = at;
		store_changed(conn->store, tx, node);
	}
	if (node == NULL)
		return;
	kept = store_node_copy(node);
	store_erase(conn->store, tx, path);
	store_fire(conn->store, tx, kept->path, !top, kept);
	store_node_free(kept);
}

int
store_remove(struct store_conn *conn, struct store_tx *tx, const char *path)
{
	char parent[STORE_PATH_ROOM];
	struct store_node *above;
	int error;

	error = store_get(conn, tx, path, STORE_WRITE, NULL);
	if (error == 0 && strcmp(path, "/") == 0)
		return XEN_EINVAL;
	store_path_parent(path, parent);
	/* removing what is not there is no error, if its directory is */
	if (error == XEN_ENOENT)
		return store_find(conn->store, tx, parent) != NULL ? 0 : error;
	if (error != 0)
		return error;
	/* a transaction may have seen its directory before it was made */
	above = store_own(conn->store, tx, parent);
	if (above == NULL)
		return XEN_EINVAL;
	store_node_remove_child(above, store_path_name(path));
	store_changed(conn->store, tx, above);
	remove_tree(conn, tx, path, true);
	return 0;
}

int
store_set_perms(struct store_conn *conn, struct store_tx *tx, const char *path,
    const struct store_perm *perms, unsigned count)
{
	struct host_xenstore *store = conn->store;
	struct store_node *node = NULL;
	int error = store_get(conn, tx, path, STORE_OWNER, &node);

	if (error != 0)
		return error;
	if (!conn->privileged && perms[0].domain != node->perms[0].domain)
		return XEN_EPERM;
	if (!fits(conn, node->size, node->children_size, count))
		return XEN_ENOSPC;
	node = store_own(store, tx, path);
	if (tx == NULL)
		store->counts.nodes -= node->perms[0].domain ==
		    store->guest.domain;
	store_node_perms(node, perms, count);
	if (tx == NULL)
		store->counts.nodes += node->perms[0].domain ==
		    store->guest.domain;
	store_changed(store, tx, node);
	store_fire(store, tx, path, false, node);
	return 0;
}
