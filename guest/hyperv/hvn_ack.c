/* SPDX-License-Identifier: ISC */
/*
 * Completions that the host is owed: each packet that it sent keeps a part of
 * the receive buffer busy until it is acknowledged, so one that is forgotten is
 * lost for as long as the connection lasts.
 */
#include "guest/hyperv/hvn.h"

bool
hvn_acks_put(struct hvn_acks *acks, uint64_t id)
{
	if (acks->count >= acks->size)
		return false;
	acks->ids[(acks->head + acks->count) % acks->size] = id;
	acks->count++;
	return true;
}

bool
hvn_acks_first(const struct hvn_acks *acks, uint64_t *id)
{
	if (acks->count == 0)
		return false;
	*id = acks->ids[acks->head];
	return true;
}

void
hvn_acks_drop(struct hvn_acks *acks)
{
	acks->head = (acks->head + 1) % acks->size;
	acks->count--;
}
