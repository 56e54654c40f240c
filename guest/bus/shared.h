/* SPDX-License-Identifier: ISC */
/*
 * Memory that a host can write to at any time.  Whatever is read from it goes
 * through here, once, and what came is checked and used; so a test can change
 * the memory between two reads, by giving these functions another body.
 */
#ifndef GUEST_BUS_SHARED_H
#define GUEST_BUS_SHARED_H

#include <stddef.h>
#include <stdint.h>

/* One read of one word; what is read after it was written before it. */
uint32_t shared_load32(const volatile uint32_t *);
/* What was written before it is there when the host sees it. */
void shared_store32(volatile uint32_t *, uint32_t);
/* Each byte is read once. */
void shared_copy(void *to, const volatile void *from, size_t size);

#endif
