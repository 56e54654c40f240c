/* SPDX-License-Identifier: ISC */
/* Places in the memory of a disk's request: a segment, and bytes into it. */
#ifndef GUEST_BUS_SEGMENTS_H
#define GUEST_BUS_SEGMENTS_H

#include "pvbus/disk.h"

/* So many bytes further; 0: out of segments that have no bytes left. */
void pv_io_advance(const struct pv_io *, unsigned *segment, size_t *within,
    size_t length);
/* Between a page of ours and what begins there. */
void pv_io_copy(const struct pv_io *, unsigned segment, size_t within,
    void *page, size_t length, bool to_owner);

#endif
