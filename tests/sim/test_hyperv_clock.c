/* SPDX-License-Identifier: ISC */
/* Reference time: right, never back, and bounded whatever the host writes. */
#include "tests/support/hyperv_user.h"

static const struct host_hyperv_config usual = { .vcpus = 2 };

/* What a tick is worth, in nanoseconds. */
#define TICK 100

/* The page, as clock.c has it first. */
static struct hv_reference_tsc *
page_of(struct partition *partition)
{
	struct hv_reference_tsc *page;

	memcpy(&page, partition->hyperv->clock, sizeof(page));
	return page;
}

static uint64_t
read_clock(struct partition *partition)
{
	uint64_t time;

	assert_int_equal(hyperv_clock_read(partition->hyperv, &time), PV_OK);
	return time;
}

static void
start(struct partition *partition, const struct host_hyperv_config *config,
    const char *text)
{
	partition_machine(partition, config);
	partition_attach(partition, NULL);
	assert_string_equal(hyperv_clock_text(partition->hyperv), text);
}

/* The time since `from`, in both reckonings. */
static void
is_right(struct partition *partition, uint64_t ticks, uint64_t now)
{
	uint64_t passed = sim_now(partition->world->sim) - now;

	assert_in_range(read_clock(partition) - ticks, passed / TICK - 2,
	    passed / TICK + 2);
}

static void
test_by_the_page(void **state)
{
	static const uint64_t frequencies[] = { 1000000000, 2000000000,
		2999999999, 10000001, 4223456789 };
	struct partition *partition = *state;

	partition_machine(partition, &usual);
	for (unsigned i = 0; i < 5; i++) {
		struct host_hyperv_config config = usual;
		uint64_t ticks, now;

		config.tsc_hz = frequencies[i];
		assert_true(
		    sim_machine_set_hyperv(partition->world->machine, &config));
		partition->host = sim_machine_hyperv(partition->world->machine);
		partition_attach(partition, NULL);
		assert_string_equal(hyperv_clock_text(partition->hyperv),
		    "TSC page");
		ticks = read_clock(partition);
		now = sim_now(partition->world->sim);
		for (unsigned j = 0; j < 100; j++) {
			uint64_t exits = partition->device->stats.exits;

			sim_advance(partition->world->sim,
			    sim_now(partition->world->sim) +
				sim_random(partition->world->sim,
				    100 * PV_SECOND));
			is_right(partition, ticks, now);
			/* which is why there is a page */
			assert_int_equal(partition->device->stats.exits, exits);
		}
		partition_detach(partition);
	}
}

/* Behind the interface that all clocks have, in nanoseconds. */
static void
test_as_a_clock(void **state)
{
	struct partition *partition = *state;
	struct host_hyperv_config config = usual;

	partition_machine(partition, &usual);
	for (unsigned i = 0; i < 2; i++) {
		struct pv_clock *clock;
		uint64_t time, ticks;

		config.no_reference_tsc = i == 1;
		assert_true(
		    sim_machine_set_hyperv(partition->world->machine, &config));
		partition->host = sim_machine_hyperv(partition->world->machine);
		partition_attach(partition, NULL);
		clock = pv_bus_clock(partition->world->bus);
		assert_ptr_equal(clock, partition->device->clock);
		assert_string_equal(clock->name,
		    i == 0 ? "TSC page" : "counter");
		assert_int_equal(clock->quality, i == 0 ? 1500 : 1000);
		assert_int_equal(clock->flags,
		    i == 0 ? PV_CLOCK_STABLE : PV_CLOCK_STABLE | PV_CLOCK_EXIT);
		ticks = read_clock(partition);
		assert_int_equal(pv_clock_read(clock, 1, &time), PV_OK);
		assert_in_range(time, ticks * TICK, ticks * TICK + TICK);
		assert_int_equal(pv_clock_read(clock, 99, &time), PV_EINVAL);
		assert_int_equal(pv_clock_wall(clock, &time), PV_ENOTSUP);
		partition_detach(partition);
	}
}

static void
by_the_counter(struct partition *partition)
{
	uint64_t ticks = read_clock(partition);
	uint64_t now = sim_now(partition->world->sim);
	uint64_t exits = partition->device->stats.exits;

	for (unsigned j = 0; j < 10; j++) {
		sim_advance(partition->world->sim,
		    sim_now(partition->world->sim) + 7 * PV_SECOND + j);
		is_right(partition, ticks, now);
	}
	assert_int_equal(partition->device->stats.exits, exits + 10);
}

static void
test_by_the_counter(void **state)
{
	struct host_hyperv_config config = usual;

	config.no_reference_tsc = true;
	start(*state, &config, "counter");
	by_the_counter(*state);
}

/* A port without the CPU's counter. */
static void
test_by_the_counter_without_a_tsc(void **state)
{
	struct partition *partition = *state;

	partition_machine(partition, &usual);
	sim_machine_own_port(partition->world->machine)->tsc = NULL;
	partition_attach(partition, NULL);
	assert_string_equal(hyperv_clock_text(partition->hyperv), "counter");
	by_the_counter(partition);
}

static void
test_by_nothing(void **state)
{
	struct host_hyperv_config config = usual;
	struct partition *partition = *state;
	uint64_t time;

	config.no_reference_tsc = config.no_counter = true;
	start(partition, &config, "none");
	assert_int_equal(hyperv_clock_read(partition->hyperv, &time),
	    PV_ENOTSUP);
}

/* The host says, for good reason, that the page is of no use for now. */
static void
test_a_page_that_is_not_valid(void **state)
{
	static const uint32_t sequences[] = { HV_TSC_INVALID,
		HV_TSC_INVALID_OLD };
	struct partition *partition = *state;

	start(partition, &usual, "TSC page");
	for (unsigned i = 0; i < 2; i++) {
		page_of(partition)->sequence = sequences[i];
		by_the_counter(partition);
	}
	assert_int_equal(partition->device->stats.bad_state, 0);
}

static void
test_a_page_that_is_not_valid_and_no_counter(void **state)
{
	struct host_hyperv_config config = usual;
	struct partition *partition = *state;
	uint64_t time;

	config.no_counter = true;
	start(partition, &config, "TSC page");
	page_of(partition)->sequence = HV_TSC_INVALID;
	assert_int_equal(hyperv_clock_read(partition->hyperv, &time),
	    PV_EPROTO);
}

/* ---- 64: a hostile host ------------------------------------------------ */

static struct hv_reference_tsc *wild;

static uint64_t
wild_tsc(void *ctx)
{
	(void)ctx;
	wild->sequence += 2;
	return 12345;
}

/* Each look finds another sequence: bounded, and by the counter then. */
static void
test_h64_a_page_that_never_rests(void **state)
{
	struct partition *partition = *state;

	start(partition, &usual, "TSC page");
	wild = page_of(partition);
	wild->sequence = 1;
	sim_machine_own_port(partition->world->machine)->tsc = wild_tsc;
	by_the_counter(partition);
	assert_int_equal(partition->device->stats.bad_state, 11);
}

static uint64_t counter;

static uint64_t
own_tsc(void *ctx)
{
	(void)ctx;
	return counter;
}

static void
set(struct partition *partition, uint64_t scale, int64_t offset, uint64_t tsc)
{
	page_of(partition)->sequence = 5;
	page_of(partition)->scale = scale;
	page_of(partition)->offset = offset;
	counter = tsc;
}

/* The whole product of 128 bits, and offsets both ways. */
static void
test_h64_scales_and_offsets(void **state)
{
	static const struct {
		uint64_t scale, tsc;
		int64_t offset;
		uint64_t time; /* 0: none can be made of it */
	} cases[] = {
		{ UINT64_C(1) << 63, 200, 0, 100 },
		{ UINT64_C(1) << 63, 2000, -500, 500 },
		{ UINT64_C(1) << 63, 2000, 500, 1500 },
		{ UINT64_C(1) << 32, UINT64_C(1) << 50, 0, UINT64_C(1) << 18 },
		{ UINT64_MAX, UINT64_C(1) << 40, 0, (UINT64_C(1) << 40) - 1 },
		{ UINT64_C(0x123456789abcdef0), UINT64_C(0xfedcba987), 7,
		    UINT64_C(0x121fa00acd77d743) >> 28 },
		{ UINT64_C(1) << 63, 200, -101, 0 },
		{ UINT64_C(1) << 63, 0, INT64_MIN, 0 },
		{ 0, 5, -1, 0 },
		{ UINT64_MAX, UINT64_MAX, 2, 0 },
		{ UINT64_MAX, UINT64_MAX, INT64_MAX, 0 },
	};
	struct host_hyperv_config config = usual;
	struct partition *partition = *state;
	unsigned wrong = 0;

	config.no_counter = true;
	partition_machine(partition, &config);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t time = 0;
		int error;

		partition_attach(partition, NULL);
		sim_machine_own_port(partition->world->machine)->tsc = own_tsc;
		set(partition, cases[i].scale, cases[i].offset, cases[i].tsc);
		error = hyperv_clock_read(partition->hyperv, &time);
		assert_int_equal(error, cases[i].time != 0 ? PV_OK : PV_EPROTO);
		if (i != 5)
			assert_true(time == cases[i].time);
		else
			assert_true(time ==
			    (uint64_t)(((unsigned __int128)cases[i].scale *
					   cases[i].tsc) >>
				64) +
				7);
		wrong += (unsigned)partition->device->stats.bad_state;
		partition_detach(partition);
	}
	assert_int_equal(wrong, 5);
}

/* The counter of a CPU that is behind, or a host that turns time back. */
static void
test_h64_time_does_not_go_back(void **state)
{
	struct partition *partition = *state;

	start(partition, &usual, "TSC page");
	sim_machine_own_port(partition->world->machine)->tsc = own_tsc;
	set(partition, UINT64_C(1) << 63, 0, 2000000);
	assert_true(read_clock(partition) == 1000000);
	set(partition, UINT64_C(1) << 63, 0, 1000000);
	assert_true(read_clock(partition) == 1000000);
	set(partition, UINT64_C(1) << 63, -400000, 2000000);
	assert_true(read_clock(partition) == 1000000);
	set(partition, UINT64_C(1) << 63, 0, 2000002);
	assert_true(read_clock(partition) == 1000001);
}

static void
test_h64_invalid_all_the_time(void **state)
{
	struct partition *partition = *state;

	partition_machine(partition, &usual);
	host_hyperv_manners(partition->host)->tsc_invalid = true;
	partition_attach(partition, NULL);
	by_the_counter(partition);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		partition_test(test_by_the_page),
		partition_test(test_as_a_clock),
		partition_test(test_by_the_counter),
		partition_test(test_by_the_counter_without_a_tsc),
		partition_test(test_by_nothing),
		partition_test(test_a_page_that_is_not_valid),
		partition_test(test_a_page_that_is_not_valid_and_no_counter),
		partition_test(test_h64_a_page_that_never_rests),
		partition_test(test_h64_scales_and_offsets),
		partition_test(test_h64_time_does_not_go_back),
		partition_test(test_h64_invalid_all_the_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
