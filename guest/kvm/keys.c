/* SPDX-License-Identifier: ISC */
#include "guest/kvm/keys.h"
#include "guest/bus/libc.h"

static int
compare_bytes(const char *a, size_t alen, const char *b, size_t blen)
{
	int order = memcmp(a, b, alen < blen ? alen : blen);

	if (order != 0)
		return order;
	return alen < blen ? -1 : alen > blen;
}

static bool
before(const struct fw_key *a, const struct fw_key *b)
{
	int order = compare_bytes(a->name, a->len, b->name, b->len);

	return order != 0 ? order < 0 : a->order < b->order;
}

static void
swap(struct fw_key *a, struct fw_key *b)
{
	struct fw_key old = *a;

	*a = *b;
	*b = old;
}

static void
sift_down(struct fw_key *keys, size_t root, size_t count)
{
	for (;;) {
		size_t child = 2 * root + 1;

		if (child >= count)
			return;
		if (child + 1 < count && before(&keys[child], &keys[child + 1]))
			child++;
		if (!before(&keys[root], &keys[child]))
			return;
		swap(&keys[root], &keys[child]);
		root = child;
	}
}

/* Heapsort: the host chooses the order, so no input may make it slow or deep. */
void
keys_sort(struct fw_key *keys, size_t count)
{
	for (size_t root = count / 2; root-- > 0;)
		sift_down(keys, root, count);
	for (size_t end = count; end-- > 1;) {
		swap(&keys[0], &keys[end]);
		sift_down(keys, 0, end);
	}
}

static bool
same(const struct fw_key *a, const struct fw_key *b)
{
	return compare_bytes(a->name, a->len, b->name, b->len) == 0;
}

size_t
keys_drop_duplicates(struct fw_key *keys, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (kept == 0 || !same(&keys[kept - 1], &keys[i]))
			keys[kept++] = keys[i];
	return kept;
}

/* The first key that is not before the name. */
static size_t
lower_bound(const struct fw_key *keys, size_t count, const char *name,
    size_t len)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_bytes(keys[middle].name, keys[middle].len, name,
			len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t
keys_find(const struct fw_key *keys, size_t count, const char *name, size_t len)
{
	size_t i = lower_bound(keys, count, name, len);

	if (i < count &&
	    compare_bytes(keys[i].name, keys[i].len, name, len) == 0)
		return i;
	return count;
}

/* All keys below a path stand together, from the first one not before
 * "path/"; what is below one of its directories stands together again. */
struct walk {
	const struct fw_key *keys;
	size_t count, at;
	const char *path;
	size_t pathlen; /* without a trailing '/' */
	bool recursive;
};

static bool
below(const struct walk *walk, const struct fw_key *key)
{
	if (walk->pathlen == 0)
		return true;
	return key->len > walk->pathlen + 1 &&
	    memcmp(key->name, walk->path, walk->pathlen) == 0 &&
	    key->name[walk->pathlen] == '/';
}

/* The next name of the listing; 0 at the end. */
static size_t
next_name(struct walk *walk, const char **name)
{
	size_t start = walk->pathlen > 0 ? walk->pathlen + 1 : 0;
	const struct fw_key *key;
	size_t len;

	if (walk->at >= walk->count)
		return 0;
	key = &walk->keys[walk->at];
	if (!below(walk, key))
		return 0;
	*name = key->name + start;
	len = key->len - start;
	walk->at++;
	if (walk->recursive)
		return len;
	for (size_t i = 0; i + 1 < len; i++) {
		if ((*name)[i] != '/')
			continue;
		/* a directory: once, however much is in it */
		len = i + 1;
		while (walk->at < walk->count &&
		    walk->keys[walk->at].len > start + len &&
		    memcmp(walk->keys[walk->at].name, key->name, start + len) ==
			0)
			walk->at++;
		return len;
	}
	return len;
}

static void
walk_begin(struct walk *walk, const struct fw_key *keys, size_t count,
    const struct pv_kv *kv)
{
	size_t len = kv->keylen;

	if (len > 0 && kv->key[len - 1] == '/')
		len--;
	*walk = (struct walk){
		.keys = keys,
		.count = count,
		.path = kv->key,
		.pathlen = len,
		.recursive = (kv->flags & PV_KV_RECURSIVE) != 0,
	};
	walk->at = lower_bound(keys, count, kv->key, len);
	/* "opt" and "opt-x" stand before "opt/…" */
	while (walk->at < count && !below(walk, &keys[walk->at]) &&
	    keys[walk->at].len >= len &&
	    memcmp(keys[walk->at].name, kv->key, len) == 0)
		walk->at++;
}

int
keys_list(const struct fw_key *keys, size_t count, struct pv_kv *kv)
{
	struct walk walk;
	const char *name;
	char *to = kv->value;
	size_t len, size = 0;

	walk_begin(&walk, keys, count, kv);
	while ((len = next_name(&walk, &name)) > 0) {
		if (size <= kv->room && len < kv->room - size) {
			memcpy(to + size, name, len);
			to[size + len] = '\0';
		}
		size += len + 1;
	}
	kv->actual = size;
	if (size == 0 && walk.pathlen > 0)
		return PV_ENOENT;
	if (size > kv->room)
		return PV_ERANGE;
	kv->len = size;
	return PV_OK;
}
