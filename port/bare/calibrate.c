/* SPDX-License-Identifier: ISC */
/* Who knows how fast the TSC runs: hosts, the CPU, and clocks to compare with. */
#include "port/bare/calibrate.h"
#include "port/bare/bare_private.h"
#include "wire/cpuid.h"
#include "wire/kvm/pvclock.h"
#include "wire/xen/hypercall.h"

/* How long a comparison takes: one part in a thousand is good enough here, and
 * the whole start has 50 ms. */
#define PIT_HZ 1193182ull
#define PIT_TICKS 2386u /* 2 ms */
#define PM_HZ 3579545ull
#define PM_TICKS 7159u
/* TSC ticks after which a clock that does not move is taken for absent: what
 * reads all ones, and what reads something. */
#define ABSENT 1000000ull
#define PATIENCE 100000000ull

/* Xen public/arch-x86/cpuid.h: ECX of sub-leaf 0 is the guest's own rate. */
uint32_t
calibrate_xen(const struct acpi *acpi)
{
	uint32_t base = hypervisor_base(HYPERVISOR_XEN), out[4];

	(void)acpi;
	if (base == 0)
		return 0;
	cpu_cpuid(base, 0, out);
	if (out[0] < base + XEN_LEAF_TIME)
		return 0;
	cpu_cpuid(base + XEN_LEAF_TIME, 0, out);
	return out[2];
}

/* Hyper-V TLFS 12.4: an MSR with Hz, where leaf 3 grants it. */
uint32_t
calibrate_hyperv(const struct acpi *acpi)
{
	uint32_t base = hypervisor_base(HYPERVISOR_HYPERV), out[4];
	uint64_t hz;

	(void)acpi;
	if (base == 0)
		return 0;
	cpu_cpuid(base + 3, 0, out);
	if (!(out[0] & 1u << 11) || !cpu_rdmsr(0x40000022, &hz))
		return 0;
	return hz / 1000 > UINT32_MAX ? 0 : (uint32_t)(hz / 1000);
}

/* VMware's "timing" leaf, base + 0x10: EAX.  KVM's VMMs have it too. */
uint32_t
calibrate_leaf(const struct acpi *acpi)
{
	static const enum hypervisor ids[] = { HYPERVISOR_VMWARE,
		HYPERVISOR_KVM, HYPERVISOR_QEMU };
	uint32_t base, out[4];

	(void)acpi;
	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		base = hypervisor_base(ids[i]);
		if (base == 0)
			continue;
		cpu_cpuid(base, 0, out);
		if (out[0] < base + 0x10)
			continue;
		cpu_cpuid(base + 0x10, 0, out);
		return out[0];
	}
	return 0;
}

/* Which register the host's clock has, by its features; 0: it has none. */
static uint32_t
pvclock_msr(void)
{
	uint32_t base = hypervisor_base(HYPERVISOR_KVM), out[4];
	bool kvm = base != 0;

	if (!kvm)
		base = hypervisor_base(HYPERVISOR_OPENBSD);
	if (base == 0)
		return 0;
	cpu_cpuid(base + CPUID_KVM_FEATURES, 0, out);
	if (out[0] & CPUID_KVM_CLOCKSOURCE2)
		return PVCLOCK_MSR_TIME;
	return kvm && (out[0] & CPUID_KVM_CLOCKSOURCE) ? PVCLOCK_MSR_TIME_OLD
						       : 0;
}

uint32_t
calibrate_pvclock(const struct acpi *acpi)
{
	static volatile struct pvclock_time info __attribute__((aligned(64)));
	uint32_t msr = pvclock_msr();
	uint64_t ticks;
	int shift;

	(void)acpi;
	if (msr == 0 ||
	    !cpu_wrmsr(msr, (uint64_t)(uintptr_t)&info | PVCLOCK_ENABLE))
		return 0;
	cpu_wrmsr(msr, 0);
	shift = info.shift;
	if (info.mul == 0 || shift < -31 || shift > 31)
		return 0;
	/* ns = (ticks << shift) * mul >> 32, for a million of ns */
	ticks = (1000000ull << 32) / info.mul;
	ticks = shift < 0 ? ticks << -shift : ticks >> shift;
	return ticks > UINT32_MAX ? 0 : (uint32_t)ticks;
}

/* Intel SDM vol. 2A: 0x15 is exact where it has the crystal's Hz; 0x16 gives
 * the base frequency in MHz, which is that of the TSC. */
uint32_t
calibrate_cpuid(const struct acpi *acpi)
{
	uint32_t most[4], out[4];

	(void)acpi;
	cpu_cpuid(0, 0, most);
	if (most[0] < 0x15)
		return 0;
	cpu_cpuid(0x15, 0, out);
	if (out[0] == 0 || out[1] == 0)
		return 0;
	if (out[2] != 0)
		return (uint32_t)((uint64_t)out[2] * out[1] / out[0] / 1000);
	if (most[0] < 0x16)
		return 0;
	cpu_cpuid(0x16, 0, out);
	return (out[0] & 0xffff) * 1000;
}

static uint32_t
rate(uint64_t tsc, uint64_t ticks, uint64_t hz)
{
	uint64_t khz = ticks == 0 ? 0 : tsc * hz / ticks / 1000;

	return khz > UINT32_MAX ? 0 : (uint32_t)khz;
}

/* Intel 8254: channel 0 counts down from 65535.  Its interrupt is masked; the
 * gate of channel 2 is behind a port that QEMU's microvm does not have. */
void
calibrate_pit_start(void)
{
	cpu_out8(0x43, 0x30); /* low and high byte, mode 0 */
	cpu_out8(0x40, 0xff);
	cpu_out8(0x40, 0xff);
}

uint16_t
calibrate_pit_count(void)
{
	uint8_t low;

	cpu_out8(0x43, 0x00); /* latch channel 0 */
	low = cpu_in8(0x40);
	return (uint16_t)(low | cpu_in8(0x40) << 8);
}

uint32_t
calibrate_pit(const struct acpi *acpi)
{
	uint64_t begin, end;
	uint16_t first, now;

	(void)acpi;
	calibrate_pit_start();
	first = calibrate_pit_count();
	begin = cpu_rdtsc();
	do {
		now = calibrate_pit_count();
		end = cpu_rdtsc();
		/* it reads all ones where nobody is there */
		if (end - begin > (now == 0xffff ? ABSENT : PATIENCE))
			return 0;
	} while ((uint16_t)(first - now) < PIT_TICKS);
	return rate(end - begin, (uint16_t)(first - now), PIT_HZ);
}

/* ACPI 6.5, 4.8.3.3: counts up, at least 24 bits. */
uint32_t
calibrate_pm_timer(const struct acpi *acpi)
{
	uint32_t first, now;
	uint64_t begin, end;

	if (acpi->pm_timer == 0)
		return 0;
	first = cpu_in32(acpi->pm_timer);
	if (first == UINT32_MAX)
		return 0;
	begin = cpu_rdtsc();
	do {
		now = (cpu_in32(acpi->pm_timer) - first) & 0xffffff;
		end = cpu_rdtsc();
		if (end - begin > PATIENCE)
			return 0;
	} while (now < PM_TICKS);
	return rate(end - begin, now, PM_HZ);
}
