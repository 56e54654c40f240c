/* SPDX-License-Identifier: ISC */
/* The five functions that the guest half and compilers expect of a platform. */
#ifndef PORT_BARE_LIBC_H
#define PORT_BARE_LIBC_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t);
void *memmove(void *to, const void *from, size_t);
void *memset(void *to, int byte, size_t);
int memcmp(const void *, const void *, size_t);
size_t strlen(const char *);

#endif
