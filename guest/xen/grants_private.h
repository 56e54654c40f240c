/* SPDX-License-Identifier: ISC */
/* The grant table: what the two versions of its entries share. */
#ifndef GUEST_XEN_GRANTS_PRIVATE_H
#define GUEST_XEN_GRANTS_PRIVATE_H

#include "guest/xen/xen_private.h"
#include "wire/xen/grant.h"

/* Pages of entries, at most; Xen gives 64 unless it was told otherwise. */
#define FRAMES_MAX 1024u

/* What stands for the next free reference in one that is not free. */
#define GRANT_LAST 0u /* the end of the free list: 0 is never free */
#define GRANT_RESERVED UINT32_MAX

struct grants_version {
	unsigned number;
	unsigned per_page; /* entries */
	bool (*fits)(uint64_t frame);
	void (
	    *set)(void *entry, uint16_t remote, uint64_t frame, bool read_only);
	/* `status` only in version 2 */
	bool (*end)(void *entry, uint16_t *status);
};

extern const struct grants_version grants_v1, grants_v2;

/* A page of entries, and what we know of each: never in shared memory. */
struct grants_page {
	unsigned char *entries;
	uint64_t physical;
	uint32_t *next;
	bool placed;
};

struct grants_status {
	uint16_t *words;
	uint64_t physical;
	bool placed;
};

/* Given up by a driver, while the host holds it. */
struct abandoned {
	struct abandoned *link;
	void *memory;
	size_t pages;
	unsigned count; /* of references that are not ended yet */
	unsigned room;
	uint32_t references[];
};

struct xen_grants {
	const struct grants_version *version;
	unsigned max; /* pages */
	unsigned count;
	struct grants_page *pages; /* `max` of them */
	struct grants_status *status;
	unsigned status_count;
	uint32_t free;
	unsigned free_count;
	struct abandoned *abandoned;
	uint64_t retry, retry_after;
	unsigned complained;
};

void *grants_entry(const struct xen_grants *, uint32_t reference);
uint16_t *grants_status(const struct xen_grants *, uint32_t reference);

/* grants_table.c */
int grants_table_open(struct xen *);
/* All pages that were there, in the table of a new life. */
int grants_table_place(struct xen *);
int grants_table_grow(struct xen *);
void grants_table_close(struct xen *);

/* grants_abandon.c: the host has forgotten all (`gone`), or is asked. */
void grants_abandoned_try(struct xen *, bool gone);
void grants_abandoned_leak(struct xen *);

static inline long
grant_op(struct xen *xen, unsigned command, void *argument)
{
	return xen_hypercall(xen, xen->stats, XEN_HC_GRANT_TABLE_OP, command,
	    (uintptr_t)argument, 1);
}

#endif
