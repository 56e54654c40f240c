/* SPDX-License-Identifier: ISC */
/* String instructions are short, and fast on every CPU with ERMS, which is
 * every one that runs virtual machines today. */
#include "port/bare/libc.h"

void *
memcpy(void *restrict to, const void *restrict from, size_t size)
{
	void *at = to;

	__asm__ volatile("rep movsb"
			 : "+D"(at), "+S"(from), "+c"(size)
			 :
			 : "memory");
	return to;
}

void *
memmove(void *to, const void *from, size_t size)
{
	unsigned char *last = (unsigned char *)to + size - 1;
	const unsigned char *last_from = (const unsigned char *)from + size - 1;

	if ((const unsigned char *)to <= (const unsigned char *)from ||
	    (const unsigned char *)to >= (const unsigned char *)from + size)
		return memcpy(to, from, size);
	__asm__ volatile("std; rep movsb; cld"
			 : "+D"(last), "+S"(last_from), "+c"(size)
			 :
			 : "memory", "cc");
	return to;
}

void *
memset(void *to, int byte, size_t size)
{
	void *at = to;

	__asm__ volatile("rep stosb"
			 : "+D"(at), "+c"(size)
			 : "a"(byte)
			 : "memory");
	return to;
}

int
memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *left = a, *right = b;

	for (size_t i = 0; i < size; i++)
		if (left[i] != right[i])
			return left[i] < right[i] ? -1 : 1;
	return 0;
}

size_t
strlen(const char *text)
{
	size_t len = 0;

	while (text[len] != '\0')
		len++;
	return len;
}
