/* SPDX-License-Identifier: ISC */
#include "guest/hyperv/slots.h"

/* An id: generation in the upper half, slot + 1 in the lower. */
#define GENERATIONS 0x7fffffffu

static uint64_t
id_of(uint32_t slot, uint32_t generation)
{
	return (uint64_t)generation << 32 | (slot + 1);
}

void
slots_init(struct slots *slots, struct slot *table, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		table[i].next = i + 1 < count ? i + 1 : SLOT_NONE;
	*slots = (struct slots){ .table = table,
		.count = count,
		.free = count > 0 ? 0 : SLOT_NONE };
}

/* Counted up as a slot is taken, so that an id of its last use is of no use
 * while it is free either. */
uint32_t
slots_take(struct slots *slots, uint64_t *id)
{
	uint32_t slot = slots->free;
	struct slot *entry;

	if (slot == SLOT_NONE)
		return SLOT_NONE;
	entry = &slots->table[slot];
	slots->free = entry->next;
	slots->used++;
	entry->next = SLOT_BUSY;
	entry->generation = (entry->generation + 1) & GENERATIONS;
	*id = id_of(slot, entry->generation);
	return slot;
}

uint32_t
slots_find(const struct slots *slots, uint64_t id)
{
	uint32_t slot = (uint32_t)id - 1;

	if (slot >= slots->count || slots->table[slot].next != SLOT_BUSY ||
	    id != id_of(slot, slots->table[slot].generation))
		return SLOT_NONE;
	return slot;
}

void
slots_give(struct slots *slots, uint32_t slot)
{
	if (slot >= slots->count || slots->table[slot].next != SLOT_BUSY)
		return;
	slots->table[slot].next = slots->free;
	slots->free = slot;
	slots->used--;
}
