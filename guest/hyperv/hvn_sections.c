/* SPDX-License-Identifier: ISC */
/*
 * The memory to send from: sections of equal size, as the host has cut it, or
 * of our own where the host does not know it.  Each queue has a share of them.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvn.h"

static bool
is_used(const struct hvn_tx *tx, unsigned section)
{
	return (tx->map[section / 32] & 1u << section % 32) != 0;
}

unsigned
hvn_sections_take(struct hvn_tx *tx, unsigned count)
{
	unsigned run = 0;

	for (unsigned i = 0; i < tx->sections; i++) {
		run = is_used(tx, i) ? 0 : run + 1;
		if (run < count)
			continue;
		for (unsigned j = i + 1 - count; j <= i; j++)
			tx->map[j / 32] |= 1u << j % 32;
		return i + 1 - count;
	}
	return HVN_SECTIONS;
}

void
hvn_sections_give(struct hvn_tx *tx, unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++)
		tx->map[i / 32] &= ~(1u << i % 32);
}

void
hvn_sections_share(struct hvn *hvn, unsigned queues)
{
	const struct hvn_area *area = &hvn->send;
	unsigned share = area->sections / queues;

	if (share > HVN_SECTIONS)
		share = HVN_SECTIONS;
	for (unsigned i = 0; i < queues; i++) {
		struct hvn_tx *tx = &hvn->queues[i]->tx;
		size_t at = (size_t)i * share * area->section_size;

		tx->first = i * share;
		tx->sections = share;
		tx->section_size = area->section_size;
		tx->memory = (uint8_t *)area->gpadl.memory + at;
		tx->physical = area->gpadl.physical + at;
		tx->lent = area->lent;
		memset(tx->map, 0, sizeof(tx->map));
	}
}
