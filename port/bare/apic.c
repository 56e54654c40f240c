/* SPDX-License-Identifier: ISC */
/* The local APIC (Intel SDM vol. 3A, ch. 11), as x2APIC where there is one: its
 * registers are MSRs, and cost one exit less on most hosts. */
#include "port/bare/bare_private.h"

#define BASE_ENABLED 0x800u
#define BASE_X2APIC 0x400u

/* registers */
#define APIC_ID 0x020
#define APIC_TPR 0x080
#define APIC_EOI 0x0b0
#define APIC_SVR 0x0f0
#define APIC_ISR 0x100
#define APIC_ICR 0x300
#define APIC_ICR_HIGH 0x310
#define APIC_LVT_TIMER 0x320
#define APIC_LVT_LINT0 0x350
#define APIC_LVT_LINT1 0x360
#define APIC_LVT_ERROR 0x370
#define APIC_INITIAL 0x380
#define APIC_CURRENT 0x390
#define APIC_DIVIDE 0x3e0

#define SVR_ENABLED 0x100u
#define LVT_MASKED 0x10000u
#define LVT_TSC_DEADLINE 0x40000u
#define DIVIDE_BY_1 0xbu
#define ICR_BUSY 0x1000u

/* How long the timer is compared with the TSC. */
#define CALIBRATION (100 * 1000ull)
#define MEASUREMENTS 3
#define XEN_TICK 10 /* nanoseconds */

static bool present, x2, deadline_mode;
static uint64_t base;
static uint64_t ticks_per_ns; /* 32.32; 0: not known */

static uint32_t
apic_read(unsigned reg)
{
	uint64_t value;

	if (!x2)
		return *(volatile uint32_t *)(uintptr_t)(base + reg);
	cpu_rdmsr(MSR_X2APIC + reg / 16, &value);
	return (uint32_t)value;
}

static void
apic_write(unsigned reg, uint32_t value)
{
	if (x2)
		cpu_wrmsr(MSR_X2APIC + reg / 16, value);
	else
		*(volatile uint32_t *)(uintptr_t)(base + reg) = value;
}

/* Xen before 4.3 offers an x2APIC that does not work (PV_QUIRK_NO_X2APIC). */
static bool
x2apic_works(void)
{
	uint32_t xen = hypervisor_base(HYPERVISOR_XEN), out[4];

	if (xen == 0)
		return true;
	cpu_cpuid(xen + 1, 0, out);
	return out[0] >= (4u << 16 | 3);
}

void
apic_init_cpu(void)
{
	uint64_t value;

	if (!present || !cpu_rdmsr(MSR_APIC_BASE, &value))
		return;
	cpu_wrmsr(MSR_APIC_BASE, value | BASE_ENABLED);
	if (x2)
		cpu_wrmsr(MSR_APIC_BASE, value | BASE_ENABLED | BASE_X2APIC);
	this_cpu()->apic = apic_id();
	apic_write(APIC_TPR, 0);
	/* First, for a timer set up before it stays masked (Intel SDM volume 3,
	 * 10.4.7.2): no firmware has been here where pvhost starts us. */
	apic_write(APIC_SVR, SVR_ENABLED | VECTOR_SPURIOUS);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, LVT_MASKED);
	apic_write(APIC_LVT_ERROR, LVT_MASKED);
	apic_write(APIC_LVT_TIMER,
	    VECTOR_TIMER | (deadline_mode ? LVT_TSC_DEADLINE : 0));
	apic_write(APIC_DIVIDE, DIVIDE_BY_1);
}

void
apic_init(void)
{
	uint32_t out[4];
	uint64_t value;

	cpu_cpuid(1, 0, out);
	if (!(out[3] & CPUID_1_EDX_APIC) || !cpu_rdmsr(MSR_APIC_BASE, &value))
		return;
	present = true;
	x2 = (value & BASE_X2APIC) ||
	    ((out[2] & CPUID_1_ECX_X2APIC) && x2apic_works());
	deadline_mode = (out[2] & CPUID_1_ECX_TSC_DEADLINE) != 0;
	base = value & 0x000ffffffffff000ull;
	if (!x2) {
		if (base + PAGE_SIZE > paging_end()) {
			present = false; /* nobody puts it there */
			return;
		}
		paging_uncached(base);
	}
	apic_init_cpu();
}

/* Ticks in a while, by the TSC, 32.32 a nanosecond; *took says how long that
 * was. */
static uint64_t
measure(uint64_t *took)
{
	uint64_t start = bare_now(), stop;
	uint32_t left;

	apic_write(APIC_INITIAL, UINT32_MAX);
	do {
		cpu_pause();
		stop = bare_now();
	} while (stop - start < CALIBRATION);
	left = apic_read(APIC_CURRENT);
	*took = bare_now() - start;
	apic_write(APIC_INITIAL, 0);
	return ((uint64_t)(UINT32_MAX - left) << 32) / *took;
}

/*
 * Needs the clock.  Xen's timer has ticks of 10 ns (xen/arch/x86/hvm/vlapic.c),
 * and stands still while the guest's CPU is another's, so that what is measured
 * there is wrong by as much as the machine is busy.  Elsewhere the shortest of
 * some measurements was disturbed least.
 */
void
apic_timer_init(void)
{
	uint64_t least = UINT64_MAX, took, ticks;

	if (!present || deadline_mode)
		return;
	apic_write(APIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	for (unsigned i = 0;
	     i < MEASUREMENTS && hypervisor_base(HYPERVISOR_XEN) == 0; i++) {
		ticks = measure(&took);
		if (took >= least)
			continue;
		least = took;
		ticks_per_ns = ticks;
	}
	if (hypervisor_base(HYPERVISOR_XEN) != 0)
		ticks_per_ns = (1ull << 32) / XEN_TICK;
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
}

bool
apic_present(void)
{
	return present;
}

uint32_t
apic_id(void)
{
	uint32_t id = apic_read(APIC_ID);

	return x2 ? id : id >> 24;
}

void
apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

bool
apic_in_service(unsigned vector)
{
	return present &&
	    (apic_read(APIC_ISR + vector / 32 * 16) >> vector % 32 & 1);
}

/* One interrupt at VECTOR_TIMER, not before the deadline by more than the error
 * of the calibration. */
void
apic_timer(uint64_t deadline)
{
	uint64_t now, ticks;

	if (deadline_mode) {
		cpu_wrmsr(MSR_TSC_DEADLINE, clock_tsc_at(deadline));
		return;
	}
	now = bare_now();
	ticks = deadline > now ? deadline - now : 0;
	if (ticks > PV_SECOND)
		ticks = PV_SECOND;
	ticks = (uint64_t)((unsigned __int128)ticks * ticks_per_ns >> 32) + 1;
	apic_write(APIC_INITIAL,
	    ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks);
}

void
apic_send(uint32_t apic, uint32_t command)
{
	if (x2) {
		/* The fences: unlike a store, WRMSR to it orders nothing. */
		__asm__ volatile("mfence; lfence" ::: "memory");
		cpu_wrmsr(MSR_X2APIC + APIC_ICR / 16,
		    (uint64_t)apic << 32 | command);
		return;
	}
	for (unsigned i = 0; i < 100000; i++) {
		if (!(apic_read(APIC_ICR) & ICR_BUSY))
			break;
		cpu_pause();
	}
	apic_write(APIC_ICR_HIGH, apic << 24);
	apic_write(APIC_ICR, command);
}
