/* SPDX-License-Identifier: ISC */
#include "programs/pvguest/clock.h"

/* Of some tries the one counts that nothing got between. */
#define TRIES 30

int
moment_take(struct pv_clock *clock, unsigned reference, struct moment *moment)
{
	uint64_t best = UINT64_MAX;

	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t time, before = bare_reference(reference), between;
		int error = PV_OK;

		if (clock != NULL)
			error = pv_clock_read(clock, 0, &time);
		else
			time = bare_now();
		if (error != PV_OK)
			return error;
		between = bare_reference(reference) - before;
		if (between >= best)
			continue;
		best = between;
		*moment = (struct moment){ time, before + between / 2 };
	}
	return PV_OK;
}

long
drift_ppm(uint64_t time, uint64_t reference)
{
	bool fast = time > reference;
	uint64_t by = fast ? time - reference : reference - time;

	if (reference == 0 || by > UINT64_MAX / 1000000)
		return fast ? INT32_MAX : INT32_MIN;
	by = by * 1000000 / reference;
	if (by > INT32_MAX)
		by = INT32_MAX;
	return fast ? (long)by : -(long)by;
}

struct elsewhere {
	struct pv_clock *clock;
	uint64_t time;
	int error;
};

static void
read_elsewhere(void *argument)
{
	struct elsewhere *elsewhere = argument;

	elsewhere->error = pv_clock_read(elsewhere->clock, bare_cpu(),
	    &elsewhere->time);
}

int
clock_in_step(struct pv_clock *clock, unsigned cpu, int tries)
{
	struct elsewhere elsewhere = { .clock = clock };
	int between = 0;

	for (int i = 0; i < tries; i++) {
		uint64_t before, after;
		int error = pv_clock_read(clock, 0, &before);

		if (error == PV_OK)
			error = bare_cpu_run(cpu, read_elsewhere, &elsewhere);
		if (error == PV_OK)
			error = bare_cpu_join(cpu, bare_now() + PV_SECOND);
		if (error == PV_OK)
			error = elsewhere.error;
		if (error == PV_OK)
			error = pv_clock_read(clock, 0, &after);
		if (error != PV_OK)
			return error;
		between += before <= elsewhere.time && elsewhere.time <= after;
	}
	return between;
}
