/* SPDX-License-Identifier: ISC */
/*
 * Clocks that have nothing to do with the TSC, to hold others against: the ACPI
 * timer and the PIT.  Both wrap soon; how often they did meanwhile is told by
 * the TSC, which need not be right for that.
 */
#include "port/bare/bare_private.h"
#include "port/bare/calibrate.h"

/* ACPI 6.5, 4.8.3.3: at least 24 bits; Intel 8254: 16 bits. */
#define PM_HZ 3579545u
#define PM_WRAP (1u << 24)
#define PIT_HZ 1193182u
#define PIT_WRAP (1u << 16)

/* Far less than the PIT's round of 55 ms, of which half would be too much. */
#define AT_ONCE (5 * PV_MILLISECOND)
#define TRIES 100

static struct reference {
	const char *name;
	uint32_t hz, wrap;
	uint16_t pm_timer; /* 0: the PIT */
	uint32_t last;     /* of the counter, counting up */
	uint64_t ticks, read_at;
} references[BARE_REFERENCES];
static unsigned count;

static uint32_t
counter(const struct reference *reference)
{
	if (reference->pm_timer != 0)
		return cpu_in32(reference->pm_timer) & (PM_WRAP - 1);
	return PIT_WRAP - 1u - calibrate_pit_count();
}

static bool
moves(const struct reference *reference)
{
	uint32_t first = counter(reference);
	uint64_t end = bare_now() + PV_MILLISECOND;

	/* at least once more: this may have stood still meanwhile */
	do {
		if (counter(reference) != first)
			return true;
	} while (bare_now() < end);
	return counter(reference) != first;
}

static void
add(struct reference reference)
{
	if (moves(&reference))
		references[count++] = reference;
}

void
reference_init(const struct acpi *acpi)
{
	if (acpi->pm_timer != 0)
		add((struct reference){ .name = "the ACPI timer",
		    .hz = PM_HZ,
		    .wrap = PM_WRAP,
		    .pm_timer = acpi->pm_timer });
	calibrate_pit_start();
	add((struct reference){ .name = "the PIT",
	    .hz = PIT_HZ,
	    .wrap = PIT_WRAP });
}

const char *
bare_reference_name(unsigned index)
{
	return index < count ? references[index].name : NULL;
}

/* value * to / from, neither of which has more than 32 bits. */
static uint64_t
scaled(uint64_t value, uint64_t from, uint64_t to)
{
	return value / from * to + value % from * to / from;
}

uint64_t
bare_reference(unsigned index)
{
	struct reference *reference = &references[index];
	uint64_t now, before, guess, wraps;
	uint32_t value, passed;

	if (index >= count)
		return 0;
	/* both at one moment, or a round too many is counted for good */
	for (unsigned i = 0; i < TRIES; i++) {
		before = bare_now();
		value = counter(reference);
		now = bare_now();
		if (now - before < AT_ONCE)
			break;
	}
	passed = (value - reference->last) & (reference->wrap - 1);
	guess = scaled(now - reference->read_at, PV_SECOND, reference->hz);
	/* to the nearest */
	wraps = guess > passed
	    ? (guess - passed + reference->wrap / 2) / reference->wrap
	    : 0;
	reference->ticks += passed + wraps * reference->wrap;
	reference->last = value;
	reference->read_at = now;
	return scaled(reference->ticks, reference->hz, PV_SECOND);
}
