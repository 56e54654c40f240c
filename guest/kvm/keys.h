/* SPDX-License-Identifier: ISC */
/* A sorted table of keys, as paths: find one, list those below a path. */
#ifndef GUEST_KVM_KEYS_H
#define GUEST_KVM_KEYS_H

#include "pvbus/store.h"

struct fw_source;

struct fw_key {
	const char *name; /* not terminated */
	size_t len;
	struct fw_source *source;
	uint32_t id;    /* the source's */
	uint32_t order; /* of arrival: the first of a name stays */
};

void keys_sort(struct fw_key *keys, size_t count);
/* In a sorted table; returns how many are left. */
size_t keys_drop_duplicates(struct fw_key *keys, size_t count);
/* Index of the key, or `count`. */
size_t keys_find(const struct fw_key *keys, size_t count, const char *name,
    size_t len);
/* Answers a PV_LIST into kv->value, kv->len and kv->actual: 0 or PV_E. */
int keys_list(const struct fw_key *keys, size_t count, struct pv_kv *kv);

#endif
