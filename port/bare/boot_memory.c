/* SPDX-License-Identifier: ISC */
/* From the memory map to what may be used.  A map may be in any order, overlap
 * itself, and contradict itself; then the stricter word counts. */
#include "port/bare/boot_info.h"

#define PAGE 4096ull
#define LOW (1ull << 20) /* firmware and the trampoline live below */

struct span {
	uint64_t start, end;
};

static uint64_t
end_of(const struct boot_range *range)
{
	/* checked by boot_add_range(); 2^64 itself is cut */
	return range->size > UINT64_MAX - range->start
	    ? UINT64_MAX
	    : range->start + range->size;
}

/* All whole pages inside. */
static struct span
inner(const struct boot_range *range)
{
	uint64_t end = end_of(range) & ~(PAGE - 1);
	uint64_t start = range->start;

	start = start > UINT64_MAX - PAGE ? end
					  : (start + PAGE - 1) & ~(PAGE - 1);
	return (struct span){ start, end > start ? end : start };
}

/* All pages touched. */
static struct span
outer(const struct boot_range *range)
{
	uint64_t end = end_of(range);

	end = end > UINT64_MAX - PAGE ? UINT64_MAX & ~(PAGE - 1)
				      : (end + PAGE - 1) & ~(PAGE - 1);
	return (struct span){ range->start & ~(PAGE - 1), end };
}

/*
 * The first hole at or behind `at` that touches [at, end): what the map says is
 * not RAM, what is kept, and what has been taken already.
 */
static bool
next_hole(const struct boot_info *info, const struct boot_range *taken,
    unsigned count, uint64_t at, uint64_t end, struct span *hole)
{
	unsigned total = info->ranges + info->keeps + count;
	bool found = false;

	for (unsigned i = 0; i < total; i++) {
		const struct boot_range *range;
		struct span span;

		if (i < info->ranges) {
			range = &info->range[i];
			if (range->type == BOOT_RAM)
				continue;
		} else if (i < info->ranges + info->keeps)
			range = &info->keep[i - info->ranges];
		else
			range = &taken[i - info->ranges - info->keeps];
		span = outer(range);
		if (span.end <= at || span.start >= end)
			continue;
		if (!found || span.start < hole->start)
			*hole = span;
		found = true;
	}
	return found;
}

unsigned
boot_usable(const struct boot_info *info, uint64_t limit,
    struct boot_range *out, unsigned room, uint64_t *top)
{
	unsigned count = 0;

	*top = 0;
	limit &= ~(PAGE - 1);
	for (unsigned i = 0; i < info->ranges; i++) {
		struct span ram = inner(&info->range[i]), hole = { 0 };
		uint64_t at = ram.start, end;

		if (info->range[i].type != BOOT_RAM || ram.start == ram.end)
			continue;
		if (ram.end > limit)
			ram.end = limit;
		if (ram.start < ram.end && ram.end > *top)
			*top = ram.end;
		if (at < LOW)
			at = LOW;
		while (at < ram.end && count < room) {
			bool more = next_hole(info, out, count, at, ram.end,
			    &hole);

			end = more ? hole.start : ram.end;
			if (end > at)
				out[count++] = (struct boot_range){ at,
					end - at, BOOT_RAM };
			if (!more)
				break;
			at = hole.end;
		}
	}
	return count;
}

uint64_t
boot_free_space(const struct boot_info *info, uint64_t from, uint64_t limit,
    uint64_t size, uint64_t align)
{
	uint64_t at = from;

	/* each pass steps over at least one range, or is the last */
	for (unsigned pass = 0; pass <= info->ranges; pass++) {
		bool moved = false;

		if (at > UINT64_MAX - align)
			return 0;
		at = (at + align - 1) & ~(align - 1);
		if (at > limit || size > limit - at)
			return 0;
		for (unsigned i = 0; i < info->ranges && !moved; i++) {
			struct span span = outer(&info->range[i]);

			if (span.start < at + size && span.end > at) {
				at = span.end;
				moved = true;
			}
		}
		if (!moved)
			return at;
	}
	return 0;
}
