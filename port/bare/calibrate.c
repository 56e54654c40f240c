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

static void
pit_latch(void)
{
	cpu_out8(0x43, 0x00); /* channel 0 */
}

static uint16_t
pit_latched(void)
{
	uint8_t low = cpu_in8(0x40);

	return (uint16_t)(low | cpu_in8(0x40) << 8);
}

uint16_t
calibrate_pit_count(void)
{
	pit_latch();
	return pit_latched();
}

/* A counter that counts up, and the TSC about when it was looked at: exits take
 * what they take, a hundred microseconds under two hypervisors. */
struct look {
	uint32_t count;
	uint64_t tsc, unsure;
};

static struct look
look(uint16_t pm_timer)
{
	struct look look = { .tsc = cpu_rdtsc() };

	if (pm_timer != 0)
		look.count = cpu_in32(pm_timer);
	else
		pit_latch();
	look.unsure = cpu_rdtsc() - look.tsc;
	look.tsc += look.unsure / 2;
	if (pm_timer == 0)
		look.count = 0xffffu - pit_latched();
	return look;
}

/* The surest of some: the first one waits for its code, too. */
static struct look
good_look(uint16_t pm_timer)
{
	struct look best = look(pm_timer);

	for (unsigned i = 0; i < 3; i++) {
		struct look next = look(pm_timer);

		if (next.unsure < best.unsure)
			best = next;
	}
	return best;
}

/* Compare for so many ticks, and longer, up to ten times that, where looks are
 * slow: until what is not sure is less than one part in 250. */
static uint32_t
compare(uint16_t pm_timer, uint32_t ticks, uint32_t mask, uint64_t hz)
{
	struct look first = good_look(pm_timer), now;
	uint32_t passed;

	do {
		now = good_look(pm_timer);
		passed = (now.count - first.count) & mask;
		/* it reads all ones where nobody is there */
		if (now.tsc - first.tsc >
		    (passed == 0 ? ABSENT + 4 * now.unsure : PATIENCE))
			return 0;
	} while (passed < ticks ||
	    (passed < 10 * ticks &&
		(first.unsure + now.unsure) * 250 > now.tsc - first.tsc));
	return rate(now.tsc - first.tsc, passed, hz);
}

uint32_t
calibrate_pit(const struct acpi *acpi)
{
	(void)acpi;
	calibrate_pit_start();
	return compare(0, PIT_TICKS, 0xffff, PIT_HZ);
}

/* ACPI 6.5, 4.8.3.3: counts up, at least 24 bits. */
uint32_t
calibrate_pm_timer(const struct acpi *acpi)
{
	if (acpi->pm_timer == 0)
		return 0;
	return compare(acpi->pm_timer, PM_TICKS, 0xffffff, PM_HZ);
}
