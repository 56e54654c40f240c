/* SPDX-License-Identifier: ISC */
/* Nodes by their whole path, each with the names of its children. */
#include <stdlib.h>
#include <string.h>

#include "host/xen/store_private.h"

/* A store that forgets a node proves nothing. */
void *
store_memory(size_t size)
{
	void *memory = calloc(1, size > 0 ? size : 1);

	if (memory == NULL)
		abort();
	return memory;
}

char *
store_text(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(store_memory(size), text, size);
}

/* FNV-1a. */
static size_t
bucket(const struct host_xenstore *store, const char *path)
{
	uint64_t hash = 0xcbf29ce484222325u;

	while (*path != '\0')
		hash = (hash ^ (uint8_t)*path++) * 0x100000001b3u;
	return (size_t)(hash ^ hash >> 32) & (store->bucket_count - 1);
}

static void
grow(struct host_xenstore *store)
{
	struct store_node **old = store->buckets;
	size_t count = store->bucket_count;

	store->bucket_count = count > 0 ? count * 2 : 256;
	store->buckets = store_memory(
	    store->bucket_count * sizeof(struct store_node *));
	for (size_t i = 0; i < count; i++)
		while (old[i] != NULL) {
			struct store_node *node = old[i];
			size_t to = bucket(store, node->path);

			old[i] = node->next;
			node->next = store->buckets[to];
			store->buckets[to] = node;
		}
	free(old);
}

void
store_tree_init(struct host_xenstore *store)
{
	struct store_node *root = store_node_new("/");

	grow(store);
	store_node_perms(root, &(struct store_perm){ 0, 0 }, 1);
	store_tree_put(store, root);
}

void
store_tree_free(struct host_xenstore *store)
{
	for (size_t i = 0; i < store->bucket_count; i++)
		while (store->buckets[i] != NULL) {
			struct store_node *node = store->buckets[i];

			store->buckets[i] = node->next;
			store_node_free(node);
		}
	free(store->buckets);
}

struct store_node *
store_tree_find(struct host_xenstore *store, const char *path)
{
	struct store_node *node = store->buckets[bucket(store, path)];

	while (node != NULL && strcmp(node->path, path) != 0)
		node = node->next;
	return node;
}

static bool
is_guests(const struct host_xenstore *store, const struct store_node *node)
{
	return node->perms[0].domain == store->guest.domain;
}

/* The tree owns it from now on; there is none of that path. */
void
store_tree_put(struct host_xenstore *store, struct store_node *node)
{
	size_t to;

	if (store->node_count >= store->bucket_count)
		grow(store);
	to = bucket(store, node->path);
	node->next = store->buckets[to];
	store->buckets[to] = node;
	store->node_count++;
	store->counts.nodes += is_guests(store, node);
	store_tree_touch(store, node);
}

void
store_tree_drop(struct host_xenstore *store, const char *path)
{
	struct store_node **link = &store->buckets[bucket(store, path)];
	struct store_node *node;

	while (*link != NULL && strcmp((*link)->path, path) != 0)
		link = &(*link)->next;
	node = *link;
	if (node == NULL)
		return;
	*link = node->next;
	store->node_count--;
	store->counts.nodes -= is_guests(store, node);
	store_node_free(node);
}

void
store_tree_touch(struct host_xenstore *store, struct store_node *node)
{
	node->generation = ++store->generation;
}

/* ---- One node --------------------------------------------------------- */

struct store_node *
store_node_new(const char *path)
{
	struct store_node *node = store_memory(sizeof(*node));

	node->path = store_text(path);
	node->value = store_memory(1);
	return node;
}

struct store_node *
store_node_copy(const struct store_node *from)
{
	struct store_node *node = store_node_new(from->path);

	node->generation = from->generation;
	store_node_value(node, from->value, from->size);
	store_node_perms(node, from->perms, from->perm_count);
	node->children_size = from->children_size;
	if (from->children_size > 0)
		node->children = memcpy(store_memory(from->children_size),
		    from->children, from->children_size);
	return node;
}

void
store_node_free(struct store_node *node)
{
	if (node == NULL)
		return;
	free(node->path);
	free(node->value);
	free(node->children);
	free(node->perms);
	free(node);
}

void
store_node_value(struct store_node *node, const void *value, size_t size)
{
	uint8_t *copy = store_memory(size + 1);

	if (size > 0)
		memcpy(copy, value, size);
	free(node->value);
	node->value = copy;
	node->size = size;
}

void
store_node_perms(struct store_node *node, const struct store_perm *perms,
    unsigned count)
{
	struct store_perm *copy = store_memory(count * sizeof(*perms));

	memcpy(copy, perms, count * sizeof(*perms));
	free(node->perms);
	node->perms = copy;
	node->perm_count = count;
}

void
store_node_add_child(struct store_node *node, const char *name)
{
	size_t size = strlen(name) + 1;
	char *grown = realloc(node->children, node->children_size + size);

	if (grown == NULL)
		abort();
	memcpy(grown + node->children_size, name, size);
	node->children = grown;
	node->children_size += size;
}

void
store_node_remove_child(struct store_node *node, const char *name)
{
	size_t at = 0, size = strlen(name) + 1;

	while (
	    at < node->children_size && strcmp(node->children + at, name) != 0)
		at += strlen(node->children + at) + 1;
	if (at >= node->children_size)
		return;
	node->children_size -= size;
	memmove(node->children + at, node->children + at + size,
	    node->children_size - at);
}
