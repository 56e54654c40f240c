/* SPDX-License-Identifier: ISC */
/* Pages in runs, small pieces out of pages, and address space without memory. */
#include "port/bare/bare_private.h"
#include "port/bare/runs.h"

#define SMALLEST 16u
#define CLASSES 8u /* 16 to 2048 bytes */

static struct runs pages, space;
static uint64_t pages_total, space_total;
static struct bare_lock lock;

struct piece {
	struct piece *next;
};
static struct piece *pieces[CLASSES];
static uint64_t in_pieces;

void
pages_init(const struct boot_range *runs, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		runs_give(&pages, runs[i].start / PAGE_SIZE,
		    runs[i].size / PAGE_SIZE);
		pages_total += runs[i].size / PAGE_SIZE;
	}
}

void *
pages_take(size_t wanted)
{
	bool on = lock_take(&lock);
	uint64_t start = runs_take(&pages, wanted);
	void *memory = (void *)(uintptr_t)(start * PAGE_SIZE);

	lock_drop(&lock, on);
	if (start == 0)
		return NULL;
	return memset(memory, 0, wanted * PAGE_SIZE);
}

void
pages_give(void *memory, size_t wanted)
{
	bool on = lock_take(&lock);

	runs_give(&pages, (uintptr_t)memory / PAGE_SIZE, wanted);
	lock_drop(&lock, on);
}

/* ---- Small pieces: powers of two, a list each ---- */

static unsigned
class_of(size_t size)
{
	unsigned class = 0;

	while (class < CLASSES && (size_t)SMALLEST << class < size)
		class ++;
	return class;
}

/* A page into pieces.  Called with the lock held. */
static void
refill(unsigned class)
{
	size_t size = (size_t)SMALLEST << class;
	uint64_t start = runs_take(&pages, 1);
	char *page = (char *)(uintptr_t)(start * PAGE_SIZE);

	if (start == 0)
		return;
	for (size_t at = 0; at < PAGE_SIZE; at += size) {
		struct piece *piece = (struct piece *)(void *)(page + at);

		piece->next = pieces[class];
		pieces[class] = piece;
	}
}

void *
bare_alloc(size_t size)
{
	unsigned class = class_of(size);
	struct piece *piece;
	bool on;

	if (size > SIZE_MAX - PAGE_SIZE)
		return NULL;
	if (class >= CLASSES)
		return pages_take((size + PAGE_SIZE - 1) / PAGE_SIZE);
	on = lock_take(&lock);
	if (pieces[class] == NULL)
		refill(class);
	piece = pieces[class];
	if (piece != NULL) {
		pieces[class] = piece->next;
		in_pieces += (size_t)SMALLEST << class;
	}
	lock_drop(&lock, on);
	return piece == NULL ? NULL
			     : memset(piece, 0, (size_t)SMALLEST << class);
}

void
bare_free(void *memory, size_t size)
{
	unsigned class = class_of(size);
	struct piece *piece = memory;
	bool on;

	if (memory == NULL)
		return;
	if (class >= CLASSES) {
		pages_give(memory, (size + PAGE_SIZE - 1) / PAGE_SIZE);
		return;
	}
	on = lock_take(&lock);
	piece->next = pieces[class];
	pieces[class] = piece;
	in_pieces -= (size_t)SMALLEST << class;
	lock_drop(&lock, on);
}

/* ---- Address space ---- */

void
space_init(uint64_t start, uint64_t count)
{
	runs_give(&space, start / PAGE_SIZE, count);
	space_total = count;
}

void *
space_take(size_t wanted)
{
	bool on = lock_take(&lock);
	uint64_t start = runs_take(&space, wanted);

	lock_drop(&lock, on);
	return (void *)(uintptr_t)(start * PAGE_SIZE);
}

void
space_give(void *at, size_t wanted)
{
	bool on = lock_take(&lock);

	runs_give(&space, (uintptr_t)at / PAGE_SIZE, wanted);
	lock_drop(&lock, on);
}

void
bare_memory(struct bare_memory *out)
{
	out->pages = pages_total;
	out->free = pages.free;
	out->small = in_pieces;
	out->space = space_total;
	out->space_free = space.free;
}
