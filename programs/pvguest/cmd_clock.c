/* SPDX-License-Identifier: ISC */
/* clock: what the clocks say, and whether they can be believed. */
#include "programs/pvguest/clock.h"

/* The calibration of the port's own takes 2 ms, and is as good as that. */
#define USUAL_PPM 20000u
#define STEP (10 * PV_MILLISECOND)
#define READINGS 100

#define CLOCKS 4u

/* A clock of a device, or the port's time. */
struct clock {
	const char *name;
	struct pv_clock *it; /* NULL: the port's */
	struct moment first[BARE_REFERENCES], last[BARE_REFERENCES];
};

/* The port's is the last one. */
static unsigned
find_clocks(struct clock clocks[CLOCKS])
{
	const struct pv_device *device = guest_bus() != NULL
	    ? pv_bus_devices(guest_bus())
	    : NULL;
	unsigned count = 0;

	for (; device != NULL && count < CLOCKS - 1; device = device->next)
		if (device->clock != NULL &&
		    device->state == PV_DEVICE_ATTACHED)
			clocks[count++] = (struct clock){ .name = device->name,
				.it = device->clock };
	clocks[count++].name = "the TSC";
	return count;
}

static int
take(struct clock *clocks, unsigned count, bool first)
{
	for (unsigned i = 0; i < count; i++)
		for (unsigned j = 0; bare_reference_name(j) != NULL; j++) {
			struct clock *clock = &clocks[i];
			int error = moment_take(clock->it, j,
			    first ? &clock->first[j] : &clock->last[j]);

			if (error != PV_OK)
				return fail(STATUS_FAILED, "clock: %s: %s",
				    clock->name, pv_error_text(error));
		}
	return STATUS_OK;
}

static int
print_clock(const struct clock *clock)
{
	uint64_t time, wall;
	int error = pv_clock_read(clock->it, 0, &time);

	if (error != PV_OK)
		return fail(STATUS_FAILED, "clock: %s: %s", clock->name,
		    pv_error_text(error));
	bare_printf("clock: %s: %lu.%09lu s, %s, quality %u, %s%s\n",
	    clock->name, time / (uint64_t)PV_SECOND, time % (uint64_t)PV_SECOND,
	    clock->it->name, clock->it->quality,
	    clock->it->flags & PV_CLOCK_STABLE ? "stable"
					       : "kept from going back",
	    clock->it->flags & PV_CLOCK_EXIT ? ", an exit each" : "");
	if (pv_clock_wall(clock->it, &wall) == PV_OK)
		bare_printf("clock: %s: %lu.%09lu s since 1970\n", clock->name,
		    wall / (uint64_t)PV_SECOND, wall % (uint64_t)PV_SECOND);
	return STATUS_OK;
}

static int
judge(const struct clock *clock, unsigned j, uint64_t most)
{
	uint64_t passed = clock->last[j].clock - clock->first[j].clock;
	uint64_t reference = clock->last[j].reference -
	    clock->first[j].reference;
	long ppm = drift_ppm(passed, reference);

	bare_printf("clock: %s: %ld ppm against %s in %lu ms\n", clock->name,
	    ppm, bare_reference_name(j), reference / (uint64_t)PV_MILLISECOND);
	if ((uint64_t)(ppm < 0 ? -ppm : ppm) <= most)
		return STATUS_OK;
	return fail(STATUS_FAILED, "clock: %s: expected at most %lu ppm",
	    clock->name, most);
}

/* References wrap soon, and so are looked at all the time. */
static void
pass(uint64_t time)
{
	uint64_t end = bare_now() + time;

	while (bare_now() < end) {
		guest_sleep(end - bare_now() < STEP ? end - bare_now() : STEP);
		for (unsigned j = 0; bare_reference_name(j) != NULL; j++)
			(void)bare_reference(j);
	}
}

static int
against_references(struct clock *clocks, unsigned count, uint64_t ms,
    uint64_t ppm)
{
	int status;

	if (bare_reference_name(0) == NULL)
		return fail(STATUS_MISSING,
		    "clock: expected an ACPI timer or a PIT to hold clocks "
		    "against, found neither");
	status = take(clocks, count, true);
	if (status != STATUS_OK)
		return status;
	pass(ms * PV_MILLISECOND);
	status = take(clocks, count, false);
	for (unsigned i = 0; i < count; i++)
		for (unsigned j = 0;
		     status == STATUS_OK && bare_reference_name(j) != NULL; j++)
			status = judge(&clocks[i], j, ppm);
	return status;
}

static int
against_each_other(const struct clock *clock)
{
	for (unsigned cpu = 1; cpu < bare_cpus(); cpu++) {
		int result = clock_in_step(clock->it, cpu, READINGS);

		if (result < 0)
			return fail(STATUS_FAILED, "clock: %s: CPU %u: %s",
			    clock->name, cpu, pv_error_text(result));
		if (result < READINGS)
			return fail(STATUS_FAILED,
			    "clock: %s: CPU %u: expected %d readings between "
			    "those of CPU 0, got %d",
			    clock->name, cpu, READINGS, result);
	}
	bare_printf("clock: %s: %u CPUs in step, held back %lu times\n",
	    clock->name, bare_cpus(), clock->it->held);
	return STATUS_OK;
}

int
cmd_clock(int argc, char **argv)
{
	struct clock clocks[CLOCKS] = { 0 };
	unsigned count = find_clocks(clocks);
	uint64_t ms, ppm;
	int status;

	if (!number_at(argc, argv, 1, 0, &ms) || ms > 60000 ||
	    !number_at(argc, argv, 2, USUAL_PPM, &ppm))
		return fail(STATUS_USAGE,
		    "clock: expected milliseconds, at most 60000, and parts "
		    "per million");
	if (count == 1)
		bare_printf("clock: no device offers one\n");
	for (unsigned i = 0; i < count - 1; i++) {
		status = print_clock(&clocks[i]);
		if (status == STATUS_OK)
			status = against_each_other(&clocks[i]);
		if (status != STATUS_OK)
			return status;
	}
	return ms > 0 ? against_references(clocks, count, ms, ppm) : STATUS_OK;
}
