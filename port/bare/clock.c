/* SPDX-License-Identifier: ISC */
/* Time: the TSC, and who says how fast it runs. */
#include "port/bare/bare_private.h"
#include "port/bare/calibrate.h"

/* Until it is known, and when nobody says: fast enough that no wait ends too
 * early on today's machines. */
#define GUESS_KHZ 4000000ull

static uint64_t khz = GUESS_KHZ;
static uint64_t ns_per_tick = (1000000ull << 32) / GUESS_KHZ; /* 32.32 */
static uint64_t ticks_per_ns = (GUESS_KHZ << 32) / 1000000;
static const char *source = "a guess";

/* The first that has an answer.  A host's own word comes before CPUID 0x15 and
 * 0x16, which some hosts copy from a CPU whose TSC they scale. */
static const struct {
	const char *name;
	uint32_t (*ask)(const struct acpi *);
} sources[] = {
	{ "Xen", calibrate_xen },
	{ "the Hyper-V MSR", calibrate_hyperv },
	{ "the VMware leaf", calibrate_leaf },
	{ "pvclock", calibrate_pvclock },
	{ "CPUID 0x15", calibrate_cpuid },
	{ "the PIT", calibrate_pit },
	{ "the ACPI timer", calibrate_pm_timer },
};

/* Slower or faster than any CPU: a wrong answer. */
static bool
plausible(uint32_t answer)
{
	return answer >= 10 * 1000 && answer <= 20 * 1000 * 1000;
}

void
clock_init(const struct acpi *acpi)
{
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		uint32_t answer = sources[i].ask(acpi);

		if (!plausible(answer))
			continue;
		khz = answer;
		source = sources[i].name;
		break;
	}
	ns_per_tick = (1000000ull << 32) / khz;
	ticks_per_ns = (khz << 32) / 1000000;
	reference_init(acpi);
}

uint64_t
bare_now(void)
{
	uint64_t ticks = cpu_rdtsc() - entry_tsc;

	return (uint64_t)((unsigned __int128)ticks * ns_per_tick >> 32);
}

uint64_t
clock_tsc_at(uint64_t when)
{
	return entry_tsc +
	    (uint64_t)((unsigned __int128)when * ticks_per_ns >> 32);
}

uint64_t
bare_tsc_khz(void)
{
	return khz;
}

const char *
bare_clock_name(void)
{
	return source;
}

/* With interrupts that tell of events a look now and then is enough, against
 * one that was lost; without them it is all there is. */
#define LOOK_WITH_VECTORS (20 * PV_MILLISECOND)
#define LOOK_WITHOUT (PV_MILLISECOND / 2)

/* Too short for an interrupt of the timer, which costs about as much. */
#define SHORT (20 * 1000ull)

/*
 * An event that comes before the test of `woken` is seen by it, one that comes
 * later ends HLT, as interrupts are off in between.
 */
void
bare_wait(uint64_t deadline)
{
	struct bare_cpu *cpu = this_cpu();
	uint64_t now = bare_now();
	uint64_t limit = now +
	    (vectors_taken() > 0 ? LOOK_WITH_VECTORS : LOOK_WITHOUT);

	if (deadline > limit)
		deadline = limit;
	for (;;) {
		cpu_cli();
		now = bare_now();
		if (__atomic_load_n(&cpu->woken, __ATOMIC_RELAXED) ||
		    now >= deadline)
			break;
		if (apic_present() && deadline - now > SHORT) {
			apic_timer(deadline);
			cpu_sti_hlt();
		} else {
			cpu_sti();
			cpu_pause();
		}
	}
	cpu->woken = false;
	cpu_sti();
}
