/* SPDX-License-Identifier: ISC */
/*
 * Hypercalls of Xen before there is a driver, for the console and for the end.
 * A guest may have several hypercall pages; the driver makes one of its own.
 * The leaf: Xen public/arch-x86/cpuid.h, leaf 3.
 */
#include "port/bare/xen_early.h"
#include "port/bare/bare_private.h"

static char page[4096] __attribute__((aligned(4096)));
static bool there;

int
xen_early_init(void)
{
	uint32_t base = hypervisor_base(HYPERVISOR_XEN), out[4];

	if (base == 0)
		return PV_ENODEV;
	cpu_cpuid(base + XEN_LEAF_HYPERCALL, 0, out);
	if (out[0] == 0 || !cpu_wrmsr(out[1], (uintptr_t)page))
		return PV_ENODEV;
	there = true;
	return PV_OK;
}

bool
xen_early_there(void)
{
	return there;
}

long
xen_early_call(unsigned op, uintptr_t a, uintptr_t b)
{
	const uintptr_t arguments[5] = { a, b, 0, 0, 0 };

	return bare_hypercall(page + XEN_HC_ENTRY_SIZE * op, arguments);
}
