/* SPDX-License-Identifier: ISC */
#include "guest/bus/segments.h"
#include "guest/bus/libc.h"

void
pv_io_advance(const struct pv_io *io, unsigned *segment, size_t *within,
    size_t length)
{
	while (*segment < io->count) {
		size_t left = io->segments[*segment].len - *within;

		if (length < left) {
			*within += length;
			return;
		}
		length -= left;
		*segment += 1;
		*within = 0;
	}
}

void
pv_io_copy(const struct pv_io *io, unsigned segment, size_t within, void *page,
    size_t length, bool to_owner)
{
	unsigned char *ours = page;

	while (length > 0 && segment < io->count) {
		const struct pv_segment *from = &io->segments[segment];
		size_t len = from->len - within;

		if (len > length)
			len = length;
		if (len > 0) {
			unsigned char *theirs = (unsigned char *)from->data +
			    within;

			memcpy(to_owner ? theirs : ours,
			    to_owner ? ours : theirs, len);
		}
		ours += len;
		length -= len;
		segment++;
		within = 0;
	}
}
