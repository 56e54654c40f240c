/* SPDX-License-Identifier: ISC */
#include "port/linux/linux_private.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

bool
linux_has_cpuid(void)
{
	unsigned signature;

	return __get_cpuid_max(0, &signature) >= 1;
}

void
linux_cpuid(void *ctx, uint32_t leaf, uint32_t subleaf, struct pv_cpuid *out)
{
	(void)ctx;
	__cpuid_count(leaf, subleaf, out->eax, out->ebx, out->ecx, out->edx);
}

#else

bool
linux_has_cpuid(void)
{
	return false;
}

void
linux_cpuid(void *ctx, uint32_t leaf, uint32_t subleaf, struct pv_cpuid *out)
{
	(void)ctx;
	(void)leaf;
	(void)subleaf;
	*out = (struct pv_cpuid){ 0 };
}

#endif
