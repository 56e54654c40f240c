/* SPDX-License-Identifier: ISC */
/*
 * Frames from outside to the guest, as long as it has room for them.
 *
 * What is full for a moment fills up outside, where TCP sees it: nothing is
 * read.  A guest that has taken nothing for a quarter of a second (no driver, a
 * NIC that is down) loses frames, so that it finds no old ones later.
 */
#ifndef PVHOST_NIC_PULL_H
#define PVHOST_NIC_PULL_H

#include "programs/pvhost/machine.h"
#include "programs/pvhost/nic.h"

struct nic_pull {
	struct nic *nic;
	struct machine *machine;
	/* The next frame, there until this is called again; false: none. */
	bool (*next)(void *self, struct nic_frame *);
	/* Frames are wanted (true), or not until this is called again; by the
	 * loop's thread. */
	void (*watch)(void *self, bool wanted);
	void *self;
	/* its own */
	struct nic_frame held;
	bool holding;
	bool stalled; /* it has waited too long */
	uint64_t since, wait;
};

/* There may be some: by the loop's thread, the lock held.  A bounded number is
 * taken; true: there may be more. */
bool nic_pull(struct nic_pull *);
void nic_pull_end(struct nic_pull *);

#endif
