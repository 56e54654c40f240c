/* SPDX-License-Identifier: ISC */
/* Requests that stay under way while a test does other things. */
#ifndef TESTS_SUPPORT_REQUEST_H
#define TESTS_SUPPORT_REQUEST_H

#include "tests/support/world.h"

struct request {
	struct pv_kv kv;
	unsigned dones;
	bool finished;
	char value[2048];
};

/* To the store of pvbus0, without a deadline; `seen` is that of the last. */
void request_begin(struct world *, struct request *, enum pv_op,
    const char *key, size_t room);
/* It ends within an hour, once, like this. */
void request_ends(struct world *, struct request *, int error);
/* What it brought, and not a byte behind it (behind its room, where a watch
 * has looked before). */
void request_brought(const struct request *, const void *expected, size_t len);
/* For requests that a test fills in itself. */
void request_done(struct pv_kv *);

/* Virtual time, with the bus at work. */
void let_pass(struct world *, uint64_t time);

#endif
