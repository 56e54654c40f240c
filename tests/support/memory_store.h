/* SPDX-License-Identifier: ISC */
/*
 * A store in memory that reads, writes, lists and removes, behind a driver of
 * the tests.  It answers at once, or later, in an order that the seed decides,
 * or never, or with an error, as a test wants it.
 */
#ifndef TESTS_SUPPORT_MEMORY_STORE_H
#define TESTS_SUPPORT_MEMORY_STORE_H

#include "tests/support/world.h"

struct memory_key;
struct memory_pending;

struct memory_store {
	struct pv_store store; /* first: the bus hands it back */
	struct pv_device *device;

	/* how it behaves, from the next request on */
	struct sim *sim; /* of the random delays */
	uint64_t delay;  /* the longest one; 0: answers at once */
	bool silent;     /* takes requests and never answers */
	int error;       /* the answer to everything, unless 0 */
	bool careless;   /* with an error it speaks of bytes, too */

	/* what the bus did with it */
	unsigned started, answered, cancelled;
	unsigned *destroyed; /* outlives the store */

	struct memory_key *keys;
	struct memory_pending *pending;
	size_t count;
};

/* Attach to Xen's interface, and to VMware's. */
extern const struct pv_driver memory_xen_driver;
extern const struct pv_driver memory_vmt_driver;

/* Attach the world's machine with the memory store (and fw_cfg) in place of
 * the usual drivers, and hand out the store. */
struct memory_store *memory_store_attach(struct world *);
/* The world of a test, made a Xen machine first. */
struct memory_store *memory_store_set_up(void **state);

/* From behind, as the host would: set, remove, and look. */
void memory_store_set(struct memory_store *, const char *key, const void *value,
    size_t len);
void memory_store_unset(struct memory_store *, const char *key);
const void *memory_store_get(const struct memory_store *, const char *key,
    size_t *len);
/* Requests that it has not answered. */
unsigned memory_store_pending(const struct memory_store *);

#endif
