/* SPDX-License-Identifier: ISC */
/* By words: string instructions of bytes are fast on the CPUs of today, but an
 * emulator takes them byte by byte. In assembler, as a compiler would make calls
 * of these functions out of their own loops. */
#include <stdint.h>

#include "port/bare/libc.h"

void *
memcpy(void *restrict to, const void *restrict from, size_t size)
{
	size_t blocks = size / 32, rest = size % 32;
	uint64_t a, b;
	void *at = to;

	if (blocks > 0)
		__asm__ volatile("1:	movq (%1), %3\n"
				 "	movq 8(%1), %4\n"
				 "	movq %3, (%0)\n"
				 "	movq %4, 8(%0)\n"
				 "	movq 16(%1), %3\n"
				 "	movq 24(%1), %4\n"
				 "	movq %3, 16(%0)\n"
				 "	movq %4, 24(%0)\n"
				 "	addq $32, %1\n"
				 "	addq $32, %0\n"
				 "	decq %2\n"
				 "	jnz 1b"
				 : "+r"(at), "+r"(from), "+r"(blocks), "=&r"(a),
				 "=&r"(b)
				 :
				 : "memory", "cc");
	__asm__ volatile("rep movsb"
			 : "+D"(at), "+S"(from), "+c"(rest)
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
	size_t words = size / 8, rest = size % 8;
	uint64_t word = (uint8_t)byte * 0x0101010101010101ull;
	void *at = to;

	__asm__ volatile("rep stosq"
			 : "+D"(at), "+c"(words)
			 : "a"(word)
			 : "memory");
	__asm__ volatile("rep stosb"
			 : "+D"(at), "+c"(rest)
			 : "a"(word)
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
