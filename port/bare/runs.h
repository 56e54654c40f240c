/* SPDX-License-Identifier: ISC */
/* Free runs of pages, in a list sorted by address.  Tested on the host. */
#ifndef PORT_BARE_RUNS_H
#define PORT_BARE_RUNS_H

#include <stdint.h>

#define RUNS 512u

struct runs {
	struct {
		uint64_t start, pages; /* in pages */
	} run[RUNS];
	unsigned count;
	uint64_t free, lost; /* lost: freed, with no room left in the list */
};

/* A run of so many pages, the lowest; 0 when there is none. */
uint64_t runs_take(struct runs *, uint64_t pages);
void runs_give(struct runs *, uint64_t start, uint64_t pages);

#endif
