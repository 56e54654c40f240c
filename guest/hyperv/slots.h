/* SPDX-License-Identifier: ISC */
/*
 * Requests by slot and generation: the id that a host sees names a place in a
 * table and how often that was used, so that what comes back late, twice or
 * never asked for matches nothing.  An id is never 0 nor all ones, and is less
 * than 2^63.
 */
#ifndef GUEST_HYPERV_SLOTS_H
#define GUEST_HYPERV_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slot {
	uint32_t generation;
	uint32_t next; /* free one, or SLOT_BUSY */
};

struct slots {
	struct slot *table; /* of the owner */
	uint32_t count, free, used;
};

#define SLOT_NONE UINT32_MAX
#define SLOT_BUSY (UINT32_MAX - 1)

/* All are free.  The table is zeroed before its first use; used again, after a
 * reset, it knows no id of before. */
void slots_init(struct slots *, struct slot *table, uint32_t count);
/* SLOT_NONE when all are in use. */
uint32_t slots_take(struct slots *, uint64_t *id);
/* The slot of an id that is in use; SLOT_NONE for any other. */
uint32_t slots_find(const struct slots *, uint64_t id);
void slots_give(struct slots *, uint32_t slot);

#endif
