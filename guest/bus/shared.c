/* SPDX-License-Identifier: ISC */
#include "guest/bus/shared.h"
#include "guest/bus/libc.h"

uint32_t
shared_load32(const volatile uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

void
shared_store32(volatile uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* What is this short is copied here, by words. */
#define SHORT 64

typedef uint64_t __attribute__((may_alias)) word;

static void
copy_words(void *to, const volatile void *from, size_t size)
{
	const volatile word *source = from;
	word *target = to;

	for (size_t i = 0; i < size / sizeof(word); i++)
		target[i] = source[i];
}

/* The compiler must not look again at what memcpy has copied: behind the
 * barrier only the copy is known to it.  The call costs more than a short copy
 * does. */
void
shared_copy(void *to, const volatile void *from, size_t size)
{
	if (size <= SHORT &&
	    ((uintptr_t)to | (uintptr_t)from | size) % sizeof(word) == 0) {
		copy_words(to, from, size);
		return;
	}
	memcpy(to, (const void *)(uintptr_t)from, size);
	__asm__ volatile("" : : "r"(to) : "memory");
}
