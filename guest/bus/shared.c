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

/* The compiler must not look again at what memcpy has copied: behind the
 * barrier only the copy is known to it. */
void
shared_copy(void *to, const volatile void *from, size_t size)
{
	memcpy(to, (const void *)(uintptr_t)from, size);
	__asm__ volatile("" : : "r"(to) : "memory");
}
