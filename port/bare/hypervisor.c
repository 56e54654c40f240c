/* SPDX-License-Identifier: ISC */
#include "port/bare/bare_private.h"
#include "wire/cpuid.h"

static const struct {
	enum hypervisor id;
	const char *signature;
} known[] = {
	{ HYPERVISOR_KVM, CPUID_SIGNATURE_KVM },
	{ HYPERVISOR_XEN, CPUID_SIGNATURE_XEN },
	{ HYPERVISOR_VMWARE, CPUID_SIGNATURE_VMWARE },
	{ HYPERVISOR_HYPERV, CPUID_SIGNATURE_HYPERV },
	{ HYPERVISOR_QEMU, CPUID_SIGNATURE_QEMU },
	{ HYPERVISOR_OPENBSD, CPUID_SIGNATURE_OPENBSD },
};
#define KNOWN (sizeof(known) / sizeof(known[0]))

/* CPUID leaves the machine, which takes long enough to ask only once. */
static uint32_t bases[KNOWN];
static bool asked;

static void
ask(void)
{
	uint32_t out[4];

	asked = true;
	cpu_cpuid(1, 0, out);
	if (!(out[2] & CPUID_1_ECX_HYPERVISOR))
		return;
	for (uint32_t base = CPUID_HV_FIRST; base < CPUID_HV_END;
	     base += CPUID_HV_STEP) {
		bool met = false;

		cpu_cpuid(base, 0, out);
		for (unsigned i = 0; i < KNOWN; i++) {
			if (memcmp(&out[1], known[i].signature,
				CPUID_SIGNATURE_SIZE) != 0)
				continue;
			met = true;
			if (bases[i] == 0)
				bases[i] = base;
		}
		if (!met)
			break;
	}
}

uint32_t
hypervisor_base(enum hypervisor id)
{
	if (!asked)
		ask();
	for (unsigned i = 0; i < KNOWN; i++)
		if (known[i].id == id)
			return bases[i];
	return 0;
}
