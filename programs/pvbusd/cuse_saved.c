/* SPDX-License-Identifier: ISC */
#include "programs/pvbusd/cuse_saved.h"
#include "programs/common/loop.h"

#define SLOTS (sizeof(((struct saved_table *)0)->slots) / sizeof(struct saved))

/* The kernel answers within microseconds; a stopped caller may take longer. */
#define KEPT_FOR (5ull * 1000000000ull)

bool
saved_put(struct saved_table *table, const struct saved *saved)
{
	uint64_t now = loop_now();

	for (size_t i = 0; i < SLOTS && saved->caller != 0; i++)
		if (table->slots[i].caller == 0 ||
		    table->slots[i].until < now) {
			table->slots[i] = *saved;
			table->slots[i].until = now + KEPT_FOR;
			return true;
		}
	return false;
}

bool
saved_take(struct saved_table *table, struct saved *saved)
{
	for (size_t i = 0; i < SLOTS && saved->caller != 0; i++) {
		struct saved *slot = &table->slots[i];

		if (slot->caller != saved->caller || slot->arg != saved->arg ||
		    slot->cmd != saved->cmd)
			continue;
		*saved = *slot;
		slot->caller = 0;
		return true;
	}
	return false;
}

void
saved_forget(struct saved_table *table, pid_t caller)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (table->slots[i].caller == caller)
			table->slots[i].caller = 0;
}
