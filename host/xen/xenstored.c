/* SPDX-License-Identifier: ISC */
/* The life of XenStore, and domain 0's door to it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/xen/store_private.h"

static void
init_conn(struct store_conn *conn, struct host_xenstore *store, uint16_t domain,
    bool privileged)
{
	conn->store = store;
	conn->domain = domain;
	conn->privileged = privileged;
	conn->out_end = &conn->out;
}

struct host_xenstore *
host_xenstore_new(struct host_xen *xen)
{
	struct host_xenstore *store = store_memory(sizeof(*store));

	store->xen = xen;
	store->world = host_xen_world(xen);
	store->quota = (struct host_xenstore_quota){ .nodes = 1000,
		.node_size = 2048,
		.watches = 128,
		.transactions = 10,
		.permissions = 5,
		.outstanding = 20 };
	init_conn(&store->zero, store, 0, true);
	init_conn(&store->guest, store, host_xen_domain(xen), false);
	store_tree_init(store);
	store->guest.port = host_port_offer(xen, &store->guest.guest_port,
	    store_serve, &store->guest);
	return store;
}

void
host_xenstore_free(struct host_xenstore *store)
{
	if (store == NULL)
		return;
	store_watch_drop_all(&store->guest);
	store_tx_drop_all(&store->guest);
	store_drop_output(&store->guest);
	while (store->watches != NULL) {
		store->watches->scheduled = false; /* nobody calls any more */
		host_xenstore_unwatch(store->watches);
	}
	store_tree_free(store);
	free(store);
}

/* ---- The guest's connection ------------------------------------------- */

static void
announce(struct host_xenstore *store)
{
	struct xen_store_page *page;

	page = store->world->map(store->world->ctx, store->guest.ring,
	    sizeof(*page));
	if (page == NULL)
		return;
	page->features = XEN_STORE_FEATURE_RECONNECTION |
	    XEN_STORE_FEATURE_ERROR;
	page->connection = XEN_STORE_CONNECTION_UP;
	page->error = XEN_STORE_ERROR_NONE;
}

void
host_xenstore_connect(struct host_xenstore *store, uint64_t ring)
{
	store->guest.ring = ring;
	store->guest.dead = false;
	announce(store);
	host_xen_store_port(store->xen, store->guest.guest_port);
	store_domain_make(store);
}

/* The ring stays where it is, with its indices; all else is new. */
void
host_xenstore_resume(struct host_xenstore *store, uint16_t before)
{
	struct store_conn *conn = &store->guest;

	store_watch_drop_all(conn);
	store_tx_drop_all(conn);
	store_drop_output(conn);
	conn->have = 0;
	host_port_close(conn->port);
	store_domain_remove(store, before);
	conn->domain = host_xen_domain(store->xen);
	store->counts.nodes = 0;
	conn->port = host_port_offer(store->xen, &conn->guest_port, store_serve,
	    conn);
	host_xenstore_connect(store, conn->ring);
}

uint32_t
host_xenstore_port(const struct host_xenstore *store)
{
	return store->guest.guest_port;
}

void
host_xenstore_home(struct host_xenstore *store, char *path, size_t room,
    const char *key)
{
	snprintf(path, room, "/local/domain/%u/%s", store->guest.domain, key);
}

/* ---- Domain 0 --------------------------------------------------------- */

bool
host_xenstore_write(struct host_xenstore *store, const char *path,
    const void *value, size_t size)
{
	return store_path_ok(path) &&
	    store_write(&store->zero, NULL, path, value, size) == 0;
}

bool
host_xenstore_print(struct host_xenstore *store, const char *path,
    const char *format, ...)
{
	char value[XEN_STORE_PAYLOAD_MAX];
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(value, sizeof(value), format, arguments);
	va_end(arguments);
	return len >= 0 && (size_t)len < sizeof(value) &&
	    host_xenstore_write(store, path, value, (size_t)len);
}

bool
host_xenstore_mkdir(struct host_xenstore *store, const char *path)
{
	return store_path_ok(path) &&
	    store_mkdir(&store->zero, NULL, path) == 0;
}

/* False, too, when it was not there. */
bool
host_xenstore_remove(struct host_xenstore *store, const char *path)
{
	return store_path_ok(path) && store_tree_find(store, path) != NULL &&
	    store_remove(&store->zero, NULL, path) == 0;
}

const char *
host_xenstore_read(struct host_xenstore *store, const char *path, size_t *size)
{
	const struct store_node *node = store_tree_find(store, path);

	if (node == NULL)
		return NULL;
	if (size != NULL)
		*size = node->size;
	return (const char *)node->value;
}

const char *
host_xenstore_child(struct host_xenstore *store, const char *path,
    unsigned index)
{
	const struct store_node *node = store_tree_find(store, path);
	size_t at = 0;

	if (node == NULL)
		return NULL;
	while (at < node->children_size && index-- > 0)
		at += strlen(node->children + at) + 1;
	return at < node->children_size ? node->children + at : NULL;
}

bool
host_xenstore_permit(struct host_xenstore *store, const char *path,
    const char *const *permissions, unsigned count)
{
	struct store_perm perms[16];

	if (count == 0 || count > 16 || !store_path_ok(path))
		return false;
	for (unsigned i = 0; i < count; i++)
		if (!store_perm_parse(permissions[i], &perms[i]))
			return false;
	return store_set_perms(&store->zero, NULL, path, perms, count) == 0;
}

struct host_xenstore_quota *
host_xenstore_quota(struct host_xenstore *store)
{
	return &store->quota;
}

struct host_xenstore_manners *
host_xenstore_manners(struct host_xenstore *store)
{
	return &store->manners;
}

const struct host_xenstore_counts *
host_xenstore_counts(struct host_xenstore *store)
{
	return &store->counts;
}
