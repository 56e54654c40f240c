/* SPDX-License-Identifier: ISC */
#include "port/bare/runs.h"

static void
remove_at(struct runs *runs, unsigned index)
{
	runs->count--;
	for (unsigned i = index; i < runs->count; i++)
		runs->run[i] = runs->run[i + 1];
}

uint64_t
runs_take(struct runs *runs, uint64_t pages)
{
	uint64_t start;

	if (pages == 0)
		return 0;
	for (unsigned i = 0; i < runs->count; i++) {
		if (runs->run[i].pages < pages)
			continue;
		start = runs->run[i].start;
		runs->run[i].start += pages;
		runs->run[i].pages -= pages;
		if (runs->run[i].pages == 0)
			remove_at(runs, i);
		runs->free -= pages;
		return start;
	}
	return 0;
}

void
runs_give(struct runs *runs, uint64_t start, uint64_t pages)
{
	unsigned at = 0;

	if (pages == 0)
		return;
	while (at < runs->count && runs->run[at].start < start)
		at++;
	if (at > 0 &&
	    runs->run[at - 1].start + runs->run[at - 1].pages == start) {
		runs->run[at - 1].pages += pages;
		if (at < runs->count && runs->run[at].start == start + pages) {
			runs->run[at - 1].pages += runs->run[at].pages;
			remove_at(runs, at);
		}
	} else if (at < runs->count && runs->run[at].start == start + pages) {
		runs->run[at].start = start;
		runs->run[at].pages += pages;
	} else if (runs->count < RUNS) {
		for (unsigned i = runs->count++; i > at; i--)
			runs->run[i] = runs->run[i - 1];
		runs->run[at].start = start;
		runs->run[at].pages = pages;
	} else {
		runs->lost += pages;
		return;
	}
	runs->free += pages;
}
