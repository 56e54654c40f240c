/* SPDX-License-Identifier: ISC */
/* The five functions of libc that the guest half uses; freestanding compilers
 * need them in any case. */
#ifndef GUEST_BUS_LIBC_H
#define GUEST_BUS_LIBC_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t);
void *memmove(void *to, const void *from, size_t);
void *memset(void *to, int byte, size_t);
int memcmp(const void *, const void *, size_t);
size_t strlen(const char *);

#endif
