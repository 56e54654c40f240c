/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "port/linux/linux_private.h"
#include "wire/cpuid.h"

/* Leaves are among the first; all 256 places would take longer than a whole
 * attach. */
#define BASES 16u

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

bool
linux_cpuid_shows(const char *wanted)
{
	char signature[CPUID_SIGNATURE_SIZE];
	struct pv_cpuid regs;

	if (!linux_has_cpuid())
		return false;
	linux_cpuid(NULL, 1, 0, &regs);
	if ((regs.ecx & CPUID_1_ECX_HYPERVISOR) == 0)
		return false;
	for (uint32_t n = 0; n < BASES; n++) {
		linux_cpuid(NULL, CPUID_HV_FIRST + n * CPUID_HV_STEP, 0, &regs);
		memcpy(signature, &regs.ebx, 4);
		memcpy(signature + 4, &regs.ecx, 4);
		memcpy(signature + 8, &regs.edx, 4);
		if (memcmp(signature, wanted, sizeof(signature)) == 0)
			return true;
	}
	return false;
}
