/* SPDX-License-Identifier: ISC */
/* A simulated Xen with the store of xen0, and its other side. */
#ifndef TESTS_SUPPORT_XENSTORE_H
#define TESTS_SUPPORT_XENSTORE_H

#include "tests/support/world.h"
#include "wire/xen/store.h"

/* Only xen is attached; devices are listed. */
void xenstore_attach(struct world *);
/* The machine, and that. */
void xenstore_world(struct world *);

struct host_xenstore *store(struct world *);
struct host_xenstore_manners *manners(struct world *);
const struct host_xenstore_counts *counts(struct world *);

/* As domain 0; a relative key is in the guest's directory. */
void put(struct world *, const char *key, const char *value);
void take_away(struct world *, const char *key);
void is_there(struct world *, const char *key, const char *value);

/* By the store of xen0. */
void reads(struct world *, const char *key, const char *value);
void fails_to_read(struct world *, const char *key, int error);
int writes(struct world *, const char *key, const char *value);
int writes_bytes(struct world *, const char *key, char *value, size_t size);
int removes(struct world *, const char *key);

#endif
