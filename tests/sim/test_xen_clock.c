/* SPDX-License-Identifier: ISC */
/* Xen's time: right, never back, and bounded whatever the host writes. */
#include "tests/support/xen_parts.h"

static const struct host_xen_config usual = { .vcpus = 4, .domain = 3 };

/* 2024-01-01, which the model calls the beginning. */
#define WALL UINT64_C(1704067200000000000)

/* The counter that a test gives. */
static uint64_t counter;

static uint64_t
read_counter(void *ctx)
{
	(void)ctx;
	return counter;
}

static void
clock_open(struct parts *parts, struct world *world,
    const struct host_xen_config *config)
{
	parts_new(parts, world, config);
	for (unsigned i = 1; i < parts->xen.cpus; i++)
		parts_start_cpu(parts, i);
}

/* A time page of the test's own. */
static struct xen_vcpu_time *
page_of(struct parts *parts, unsigned cpu)
{
	struct xen_shared_info *shared = parts->xen.shared;

	return &shared->vcpu[parts->xen.vcpu[cpu]].time;
}

static void
test_time_of_all_cpus(void **state)
{
	struct world *world = *state;
	struct parts parts;
	uint64_t time;

	clock_open(&parts, world, &usual);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(xen_clock_read(&parts.xen, i % 4, &time),
		    PV_OK);
		assert_true(time == sim_now(world->sim));
		parts_wait(&parts, sim_random(world->sim, PV_SECOND));
	}
	assert_int_equal(xen_clock_read(&parts.xen, 4, &time), PV_EINVAL);
	parts_close(&parts);
}

/* Processors of other frequencies: scales up and down. */
static void
test_scales(void **state)
{
	static const struct {
		uint32_t mul;
		int8_t shift;
	} scales[] = { { 1u << 31, 1 }, { 1u << 31, -4 }, { 1u << 30, 3 },
		{ 1u << 31, 6 } };
	struct world *world = *state;
	struct parts parts;
	uint64_t time;

	parts_machine(&parts, world, &usual);
	for (unsigned i = 0; i < 4; i++) {
		struct host_xen_config config = usual;

		config.tsc_mul = scales[i].mul;
		config.tsc_shift = scales[i].shift;
		assert_true(sim_machine_set_xen(world->machine, &config));
		parts.host = sim_machine_xen(world->machine);
		parts_open(&parts);
		parts_wait(&parts, 3 * PV_SECOND);
		assert_int_equal(xen_clock_read(&parts.xen, 0, &time), PV_OK);
		/* what a tick is worth is the error there can be */
		assert_in_range(time, sim_now(world->sim) - 64,
		    sim_now(world->sim));
		parts_close(&parts);
	}
}

static void
test_wall_clock(void **state)
{
	struct parts parts;
	struct xen_shared_info *shared;
	uint64_t time;

	clock_open(&parts, *state, &usual);
	assert_int_equal(xen_clock_wall(&parts.xen, &time), PV_OK);
	assert_true(time == WALL);
	shared = parts.xen.shared;
	shared->wc_sec_hi = 1;
	assert_int_equal(xen_clock_wall(&parts.xen, &time), PV_OK);
	assert_true(time == WALL + (UINT64_C(1) << 32) * PV_SECOND);
	parts_close(&parts);
}

static void
test_no_counter_no_clock(void **state)
{
	struct parts parts;
	uint64_t time;

	parts_machine(&parts, *state, &usual);
	parts.port->tsc = NULL;
	parts_open(&parts);
	assert_int_equal(xen_clock_read(&parts.xen, 0, &time), PV_ENOTSUP);
	assert_int_equal(xen_clock_wall(&parts.xen, &time), PV_ENOTSUP);
	parts_close(&parts);
}

/* The next host started later; time goes on from where it was. */
static void
test_another_host(void **state)
{
	struct parts parts;
	uint64_t before, time, wall, wall_before;

	clock_open(&parts, *state, &usual);
	parts_wait(&parts, 100 * PV_SECOND);
	assert_int_equal(xen_clock_read(&parts.xen, 0, &before), PV_OK);
	assert_int_equal(xen_clock_wall(&parts.xen, &wall_before), PV_OK);
	parts_suspend(&parts);
	for (unsigned i = 0; i < 4; i++)
		page_of(&parts, i)->system_time -= 50 * PV_SECOND;
	assert_int_equal(xen_clock_read(&parts.xen, 1, &time), PV_OK);
	assert_true(time == before);
	xen_clock_resume(&parts.xen);
	parts_wait(&parts, PV_SECOND);
	assert_int_equal(xen_clock_read(&parts.xen, 1, &time), PV_OK);
	assert_true(time == before + PV_SECOND);
	assert_int_equal(xen_clock_wall(&parts.xen, &wall), PV_OK);
	assert_true(wall == wall_before - 50 * PV_SECOND);
	assert_int_equal(xen_events_resume(&parts.xen), PV_OK);
	parts_close(&parts);
}

static void
test_no_page_while_suspended(void **state)
{
	struct parts parts;
	void *shared;
	uint64_t time;

	clock_open(&parts, *state, &usual);
	shared = parts.xen.shared;
	parts.xen.shared = NULL;
	assert_int_equal(xen_clock_read(&parts.xen, 0, &time), PV_EAGAIN);
	assert_int_equal(xen_clock_wall(&parts.xen, &time), PV_EAGAIN);
	parts.xen.shared = shared;
	parts_close(&parts);
}

/* ---- 64: a hostile host ----------------------------------------------- */

static void
test_version_odd_for_ever(void **state)
{
	struct parts parts;
	struct xen_shared_info *shared;
	uint64_t time;

	clock_open(&parts, *state, &usual);
	shared = parts.xen.shared;
	page_of(&parts, 0)->version |= 1;
	assert_int_equal(xen_clock_read(&parts.xen, 0, &time), PV_EPROTO);
	assert_int_equal(xen_clock_read(&parts.xen, 1, &time), PV_OK);
	shared->wc_version |= 1;
	assert_int_equal(xen_clock_wall(&parts.xen, &time), PV_EPROTO);
	assert_int_equal(parts.device.stats.bad_state, 2);
	parts_close(&parts);
}

static void
test_impossible_scales(void **state)
{
	static const struct {
		uint32_t mul;
		int8_t shift;
		int error;
	} scales[] = {
		{ 0, 0, PV_EPROTO },
		{ 1, 127, PV_EPROTO },
		{ 1, -128, PV_EPROTO },
		{ 1, 64, PV_EPROTO },
		{ 1, -64, PV_EPROTO },
		{ 3, 63, PV_EPROTO }, /* of so many ticks */
		{ 1, 63, PV_OK },
		{ 1, -63, PV_OK },
		{ UINT32_MAX, 31, PV_OK },
		{ UINT32_MAX, 32, PV_OK },
		{ UINT32_MAX, 33, PV_EPROTO },
		{ UINT32_MAX, -63, PV_OK },
	};
	struct parts parts;
	uint64_t time;

	parts_machine(&parts, *state, &usual);
	parts.port->tsc = read_counter;
	parts_open(&parts);
	for (unsigned i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
		struct xen_vcpu_time *page = page_of(&parts, 0);

		page->tsc = 0;
		page->system_time = 0;
		counter = UINT32_MAX;
		page->mul = scales[i].mul;
		page->shift = scales[i].shift;
		assert_int_equal(xen_clock_read(&parts.xen, 0, &time),
		    scales[i].error);
	}
	assert_int_equal(parts.device.stats.bad_value, 7);
	parts_close(&parts);
}

static void
test_time_that_overflows(void **state)
{
	struct parts parts;
	struct xen_vcpu_time *page;
	uint64_t time;

	parts_machine(&parts, *state, &usual);
	parts.port->tsc = read_counter;
	parts_open(&parts);
	page = page_of(&parts, 0);
	page->tsc = 0;
	page->mul = UINT32_MAX;
	page->shift = 0;
	page->system_time = 5;
	counter = UINT64_MAX;
	assert_int_equal(xen_clock_read(&parts.xen, 0, &time), PV_OK);
	page->system_time = UINT64_MAX;
	assert_int_equal(xen_clock_read(&parts.xen, 0, &time), PV_EPROTO);
	counter = 0;
	assert_int_equal(xen_clock_read(&parts.xen, 0, &time), PV_OK);
	assert_true(time == UINT64_MAX);
	parts_close(&parts);
}

/* Counters out of step, and a host that sets the time back: it stands still. */
static void
test_time_never_goes_back(void **state)
{
	struct parts parts;
	uint64_t before, time;

	clock_open(&parts, *state, &usual);
	parts.port->tsc = read_counter;
	page_of(&parts, 0)->tsc = 1000;
	counter = 3000;
	assert_int_equal(xen_clock_read(&parts.xen, 0, &before), PV_OK);
	counter = 10; /* before the page was written */
	assert_int_equal(xen_clock_read(&parts.xen, 0, &time), PV_OK);
	assert_true(time == before);
	page_of(&parts, 0)->system_time = 1;
	counter = 3001;
	assert_int_equal(xen_clock_read(&parts.xen, 0, &time), PV_OK);
	assert_true(time == before);
	/* another CPU is behind */
	page_of(&parts, 1)->system_time = 1;
	page_of(&parts, 1)->tsc = 0;
	assert_int_equal(xen_clock_read(&parts.xen, 1, &time), PV_OK);
	assert_true(time == before);
	page_of(&parts, 0)->system_time = before + 7;
	page_of(&parts, 0)->tsc = counter;
	assert_int_equal(xen_clock_read(&parts.xen, 0, &time), PV_OK);
	assert_true(time == before + 7);
	parts_close(&parts);
}

static void
test_impossible_wall_clock(void **state)
{
	struct parts parts;
	struct xen_shared_info *shared;
	uint64_t time;

	clock_open(&parts, *state, &usual);
	shared = parts.xen.shared;
	shared->wc_nsec = 1000000000;
	assert_int_equal(xen_clock_wall(&parts.xen, &time), PV_EPROTO);
	shared->wc_nsec = 999999999;
	shared->wc_sec_hi = UINT32_MAX;
	assert_int_equal(xen_clock_wall(&parts.xen, &time), PV_EPROTO);
	shared->wc_sec_hi = 0;
	shared->wc_sec = 0;
	assert_int_equal(xen_clock_wall(&parts.xen, &time), PV_OK);
	assert_true(time == 999999999);
	assert_int_equal(parts.device.stats.bad_value, 2);
	parts_close(&parts);
}

/* Every bit of the page at random: an answer each time, and never back. */
static void
test_junk(void **state)
{
	struct world *world = *state;
	struct parts parts;
	uint64_t last = 0, time;

	parts_machine(&parts, world, &usual);
	parts.port->tsc = read_counter;
	parts_open(&parts);
	for (unsigned i = 0; i < 20000; i++) {
		struct xen_vcpu_time *page = page_of(&parts, 0);

		page->version = (uint32_t)sim_random(world->sim, 0);
		page->tsc = sim_random(world->sim, 0) >>
		    sim_random(world->sim, 64);
		page->system_time = sim_random(world->sim, 0) >>
		    sim_random(world->sim, 64);
		page->mul = (uint32_t)sim_random(world->sim, 0);
		page->shift = (int8_t)sim_random(world->sim, 256);
		counter = sim_random(world->sim, 0) >>
		    sim_random(world->sim, 64);
		if (xen_clock_read(&parts.xen, 0, &time) != PV_OK)
			continue;
		assert_true(time >= last);
		last = time;
	}
	parts_close(&parts);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_time_of_all_cpus),
		world_test(test_scales),
		world_test(test_wall_clock),
		world_test(test_no_counter_no_clock),
		world_test(test_another_host),
		world_test(test_no_page_while_suspended),
		world_test(test_version_odd_for_ever),
		world_test(test_impossible_scales),
		world_test(test_time_that_overflows),
		world_test(test_time_never_goes_back),
		world_test(test_impossible_wall_clock),
		world_test(test_junk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
