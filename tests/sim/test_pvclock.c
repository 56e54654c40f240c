/* SPDX-License-Identifier: ISC */
/* KVM's and vmm's clock: right at every scale, never back, bounded whatever the
 * host writes, and its pages given back only when the host cannot write. */
#include "guest/kvm/pvclock.h"
#include "tests/support/world.h"

#define MINUTE (60 * PV_SECOND)
/* 2024-01-01, which the model calls the beginning. */
#define WALL UINT64_C(1704067200000000000)

static const struct pv_driver *const drivers[] = { &pv_pvclock_driver, NULL };

static void
attach(struct world *world)
{
	struct pv_bus_config config = {
		.port = sim_machine_port(world->machine),
		.drivers = drivers,
	};

	assert_int_equal(pv_bus_attach(&config, &world->bus), PV_OK);
}

static void
detach(struct world *world)
{
	pv_bus_detach(world->bus);
	world->bus = NULL;
}

static struct host_pvclock_manners *
manners(struct world *world)
{
	return host_pvclock_manners(sim_machine_pvclock(world->machine));
}

static struct pvclock *
pvclock(struct world *world)
{
	return world_device(world, "pvclock0")->softc;
}

static struct pv_clock *
clock_of(struct world *world)
{
	struct pv_clock *clock = pv_bus_clock(world->bus);

	assert_ptr_equal(clock, world_device(world, "pvclock0")->clock);
	return clock;
}

static struct pvclock_time *
page_of(struct world *world, unsigned cpu)
{
	return pvclock_slot(pvclock(world), cpu);
}

static void
on_cpu(struct world *world, unsigned cpu,
    void (*call)(struct pv_bus *, unsigned))
{
	sim_machine_set_cpu(world->machine, cpu);
	call(world->bus, cpu);
	sim_machine_set_cpu(world->machine, 0);
}

static void
on_others(struct world *world, void (*call)(struct pv_bus *, unsigned))
{
	for (unsigned cpu = 1; cpu < 4; cpu++)
		on_cpu(world, cpu, call);
}

static uint64_t
now_on(struct world *world, unsigned cpu)
{
	uint64_t time;

	assert_int_equal(pv_clock_read(clock_of(world), cpu, &time), PV_OK);
	return time;
}

static void
pass(struct world *world, uint64_t time)
{
	sim_advance(world->sim, sim_now(world->sim) + time);
}

/* The counter that a test gives. */
static uint64_t counter;

static uint64_t
own_tsc(void *ctx)
{
	(void)ctx;
	return counter;
}

/* ---- Right ------------------------------------------------------------- */

static void
test_attach_line(void **state)
{
	static const struct {
		const char *face;
		uint32_t features; /* 0: as they are */
		bool unstable, old_only, wall_zero;
		const char *line;
	} cases[] = {
		{ "kvm", 0, false, false, false,
		    "pvclock0 at pvbus0: MSR 0x4b564d01, stable, wall clock" },
		{ "kvm", 0, true, false, false,
		    "pvclock0 at pvbus0: MSR 0x4b564d01, kept from going back,"
		    " wall clock" },
		{ "kvm", 1u << 3, false, false, false,
		    "pvclock0 at pvbus0: MSR 0x4b564d01, kept from going back,"
		    " wall clock" },
		{ "kvm", 1u << 0, false, true, false,
		    "pvclock0 at pvbus0: MSR 0x12, kept from going back,"
		    " wall clock" },
		{ "kvm", 0, false, false, true,
		    "pvclock0 at pvbus0: MSR 0x4b564d01, stable" },
		{ "vmm", 0, false, false, false,
		    "pvclock0 at pvbus0: MSR 0x4b564d01, stable" },
	};
	struct world *world = *state;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t wall;

		world_machine(world, cases[i].face);
		if (cases[i].features != 0)
			host_cpuid_set(sim_machine_cpuid(world->machine),
			    (struct host_cpuid_leaf){ .leaf = 0x40000001,
				.eax = cases[i].features });
		assert_true(sim_machine_set_pvclock(world->machine,
		    &(struct host_pvclock_config){ .vmm = cases[i].face[0] ==
			    'v',
			.old_only = cases[i].old_only }));
		manners(world)->unstable = cases[i].unstable;
		manners(world)->wall_zero = cases[i].wall_zero;
		attach(world);
		world_has_line(world, cases[i].line);
		assert_int_equal(clock_of(world)->quality,
		    strstr(cases[i].line, " stable") != NULL ? 1500 : 500);
		assert_int_equal(pv_clock_wall(clock_of(world), &wall),
		    strstr(cases[i].line, "wall") != NULL ? PV_OK : PV_ENOTSUP);
		detach(world);
		sim_machine_free(world->machine);
		world->machine = NULL;
	}
}

static void
test_every_cpu(void **state)
{
	struct world *world = *state;
	uint64_t time;

	world_machine(world, "kvm");
	assert_true(sim_machine_set_cpus(world->machine, 4));
	attach(world);
	assert_int_equal(pv_clock_read(clock_of(world), 1, &time), PV_EINVAL);
	on_others(world, pv_bus_cpu_start);
	for (unsigned i = 0; i < 1000; i++) {
		assert_true(now_on(world, i % 4) == sim_now(world->sim));
		pass(world, sim_random(world->sim, PV_SECOND));
	}
	assert_int_equal(clock_of(world)->held, 0);
	assert_int_equal(pv_clock_read(clock_of(world), 4, &time), PV_EINVAL);
	on_others(world, pv_bus_cpu_stop);
	assert_int_equal(pv_clock_read(clock_of(world), 1, &time), PV_EINVAL);
	detach(world);
	assert_int_equal(host_pvclock_used(sim_machine_pvclock(world->machine)),
	    0);
}

/* The same by arithmetic of 128 bits; *fits is false when it is more. */
static uint64_t
reckoned(const struct pvclock_time *from, uint64_t tsc)
{
	unsigned __int128 ticks = tsc - from->tsc;

	if (from->shift < 0)
		ticks >>= -from->shift;
	else
		ticks <<= from->shift;
	return from->system_time + (uint64_t)((ticks * from->mul) >> 32);
}

/* Whether the counter has no more than 63 bits after two minutes. */
static bool
possible(uint32_t mul, int shift)
{
	unsigned __int128 ticks = ((unsigned __int128)(2 * MINUTE) << 32) / mul;

	if (shift < 0)
		ticks <<= -shift;
	else
		ticks >>= shift;
	return ticks < (unsigned __int128)1 << 63;
}

/* What one tick is worth. */
static uint64_t
tick(uint32_t mul, int shift)
{
	return shift <= 0
	    ? 1
	    : (uint64_t)(((unsigned __int128)mul << shift) >> 32) + 1;
}

/* Time begins anew. */
static void
anew(struct world *world)
{
	uint64_t seed = sim_random(world->sim, 0);

	sim_machine_free(world->machine);
	sim_free(world->sim);
	world->sim = sim_new(seed);
	world_machine(world, "kvm");
}

static bool
a_minute(struct world *world, uint32_t mul, int shift)
{
	struct host_pvclock_config config = { .mul = mul,
		.shift = (int8_t)shift };
	uint64_t end, error = tick(mul, shift) + 1;
	struct pvclock_time page;

	if (!possible(mul, shift))
		return false;
	anew(world);
	assert_true(sim_machine_set_pvclock(world->machine, &config));
	attach(world);
	page = *page_of(world, 0);
	assert_int_equal(page.mul, mul);
	assert_int_equal(page.shift, shift);
	for (end = sim_now(world->sim) + MINUTE; sim_now(world->sim) < end;) {
		uint64_t now = sim_now(world->sim), time = now_on(world, 0);

		assert_true(
		    time == reckoned(&page, host_pvclock_tsc(&config, now)));
		if (time < now)
			assert_true(now - time <= error);
		else
			assert_true(time - now <= error);
		pass(world, 1 + sim_random(world->sim, 6 * PV_SECOND));
	}
	assert_int_equal(clock_of(world)->held, 0);
	detach(world);
	return true;
}

/* Against the counter exactly, and against the port's time to a tick: every
 * shift that KVM has, with scales at the edges and within. */
static void
test_a_minute_at_every_scale(void **state)
{
	struct world *world = *state;
	unsigned minutes = 0;

	world_machine(world, "kvm");
	for (int shift = -31; shift <= 31; shift++) {
		for (unsigned bit = 0; bit < 32; bit++) {
			uint32_t mul = UINT32_C(1) << bit;
			uint32_t within = mul |
			    (uint32_t)sim_random(world->sim, mul);

			minutes += a_minute(world, mul, shift);
			minutes += a_minute(world, within, shift);
		}
		minutes += a_minute(world, UINT32_MAX, shift);
	}
	/* of 63 * 65; others need a counter of more bits */
	assert_in_range(minutes, 2500, 63 * 65);
}

static void
test_wall_clock(void **state)
{
	struct world *world = *state;
	struct host_pvclock *host;
	uint64_t wall;

	world_machine(world, "kvm");
	host = sim_machine_pvclock(world->machine);
	attach(world);
	pass(world, 5 * PV_SECOND);
	assert_int_equal(pv_clock_wall(clock_of(world), &wall), PV_OK);
	assert_true(wall == WALL + sim_now(world->sim));
	host_pvclock_step(host, -3 * (int64_t)PV_SECOND);
	assert_int_equal(pv_clock_wall(clock_of(world), &wall), PV_OK);
	assert_true(wall == WALL + sim_now(world->sim) - 3 * PV_SECOND);
}

static void
test_the_best_of_a_bus(void **state)
{
	struct world *world = *state;

	world_machine(world, "kvm");
	attach(world);
	assert_ptr_equal(pv_bus_clock(world->bus),
	    world_device(world, "pvclock0")->clock);
	detach(world);
	sim_machine_free(world->machine);
	world_new(world, "xen");
	assert_ptr_equal(pv_bus_clock(world->bus),
	    world_device(world, "xen0")->clock);
	detach(world);
	sim_machine_free(world->machine);
	world_new(world, "vmware");
	assert_null(pv_bus_clock(world->bus));
}

/* Xen behind the same interface. */
static void
test_xen_as_a_clock(void **state)
{
	struct world *world = *state;
	struct pv_clock *clock;
	uint64_t time, wall;

	world_new(world, "xen");
	clock = pv_bus_clock(world->bus);
	pass(world, 5 * PV_SECOND);
	assert_int_equal(pv_clock_read(clock, 0, &time), PV_OK);
	assert_true(time == sim_now(world->sim));
	assert_int_equal(pv_clock_wall(clock, &wall), PV_OK);
	assert_true(wall == WALL + sim_now(world->sim));
	assert_int_equal(pv_clock_read(clock, 99, &time), PV_EINVAL);
}

/* ---- Sleep ------------------------------------------------------------- */

/* Another host, whose time began later, or much earlier. */
static void
test_time_goes_on_after_a_sleep(void **state)
{
	static const int64_t skews[] = { 0, -50 * (int64_t)PV_SECOND,
		500 * (int64_t)PV_SECOND };
	struct world *world = *state;

	world_machine(world, "kvm");
	assert_true(sim_machine_set_cpus(world->machine, 4));
	attach(world);
	on_others(world, pv_bus_cpu_start);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t before, after;

		pass(world, 100 * PV_SECOND);
		before = now_on(world, 1);
		on_others(world, pv_bus_cpu_stop);
		manners(world)->skew = skews[i];
		sim_machine_owner(world->machine)->sleep_time = PV_SECOND;
		assert_int_equal(pv_bus_suspend(world->bus), PV_OK);
		on_others(world, pv_bus_cpu_start);
		after = now_on(world, 1);
		assert_true(after >= before);
		pass(world, PV_SECOND);
		assert_true(now_on(world, 2) == after + PV_SECOND);
	}
	on_others(world, pv_bus_cpu_stop);
}

static void
test_a_sleep_that_does_not_happen(void **state)
{
	struct world *world = *state;

	world_machine(world, "kvm");
	attach(world);
	sim_machine_owner(world->machine)->fails.sleep = PV_EINTR;
	assert_int_equal(pv_bus_suspend(world->bus), PV_EINTR);
	pass(world, PV_SECOND);
	assert_true(now_on(world, 0) == sim_now(world->sim));
}

static void
test_a_host_without_a_clock_after_a_sleep(void **state)
{
	struct world *world = *state;

	world_machine(world, "kvm");
	attach(world);
	manners(world)->deaf = true;
	assert_int_equal(pv_bus_suspend(world->bus), PV_OK);
	world_has_line(world,
	    "pvclock0: the host does not keep it any more; "
	    "out of use");
	assert_null(pv_bus_clock(world->bus));
	manners(world)->deaf = false;
}

/* ---- Pages ------------------------------------------------------------- */

static void
test_nothing_is_written_after_detach(void **state)
{
	struct world *world = *state;
	uint64_t wall;

	world_machine(world, "kvm");
	assert_true(sim_machine_set_cpus(world->machine, 4));
	attach(world);
	on_others(world, pv_bus_cpu_start);
	assert_int_equal(pv_clock_wall(clock_of(world), &wall), PV_OK);
	on_others(world, pv_bus_cpu_stop);
	detach(world);
	/* a write to what is not lent is a violation, and fails the test */
	host_pvclock_update(sim_machine_pvclock(world->machine));
}

static void
test_a_cpu_that_was_not_stopped(void **state)
{
	struct world *world = *state;

	world_machine(world, "kvm");
	assert_true(sim_machine_set_cpus(world->machine, 4));
	attach(world);
	on_others(world, pv_bus_cpu_start);
	on_cpu(world, 1, pv_bus_cpu_stop);
	on_cpu(world, 3, pv_bus_cpu_stop);
	detach(world);
	host_pvclock_update(sim_machine_pvclock(world->machine));
	world_expect_leaked_pages(world, 1);
}

static void
test_a_host_that_keeps_the_page(void **state)
{
	struct world *world = *state;

	world_machine(world, "kvm");
	attach(world);
	manners(world)->keeps = true;
	detach(world);
	host_pvclock_update(sim_machine_pvclock(world->machine));
	world_expect_leaked_pages(world, 1);
}

static void
test_again_and_again(void **state)
{
	struct world *world = *state;

	world_machine(world, "kvm");
	for (unsigned i = 0; i < 20; i++) {
		attach(world);
		assert_true(now_on(world, 0) == sim_now(world->sim));
		detach(world);
		pass(world, PV_SECOND);
	}
}

static void
test_every_allocation_fails_once(void **state)
{
	struct world *world = *state;
	struct pv_bus_config config = { .drivers = drivers };
	unsigned nth = 1;

	world_machine(world, "kvm");
	config.port = sim_machine_port(world->machine);
	for (;; nth++) {
		sim_machine_fail_alloc(world->machine, nth);
		if (pv_bus_attach(&config, &world->bus) != PV_OK)
			continue;
		if (pv_bus_clock(world->bus) != NULL)
			break;
		detach(world);
	}
	assert_in_range(nth, 4, 6);
	sim_machine_fail_alloc(world->machine, 0);
	detach(world);
	sim_machine_fail_pages(world->machine, true);
	attach(world);
	assert_null(pv_bus_clock(world->bus));
	world_has_line(world, "\"pvclock\" at pvbus0: no room, not configured");
}

static void
test_ports_without_what_it_needs(void **state)
{
	struct world *world = *state;

	for (unsigned i = 0; i < 3; i++) {
		struct pv_port *port;

		world_machine(world, "kvm");
		port = sim_machine_own_port(world->machine);
		if (i == 0)
			port->tsc = NULL;
		else if (i == 1)
			port->msr_write = NULL;
		else
			port->pages_alloc = NULL;
		attach(world);
		assert_null(pv_bus_clock(world->bus));
		world_has_line(world,
		    "pvclock0: this port has no TSC, no MSRs or no pages");
		world_has_line(world,
		    "\"pvclock\" at pvbus0: KVM not configured");
		detach(world);
		sim_machine_free(world->machine);
		world->machine = NULL;
	}
}

/* ---- 64: a hostile host ------------------------------------------------ */

static void
does_not_attach(struct world *world, const char *line)
{
	attach(world);
	assert_null(pv_bus_clock(world->bus));
	world_has_line(world, line);
	detach(world);
	assert_int_equal(host_pvclock_used(sim_machine_pvclock(world->machine)),
	    0);
	sim_machine_free(world->machine);
	world->machine = NULL;
}

static void
test_h64_no_clock_from_the_start(void **state)
{
	static const char nonsense[] =
	    "\"pvclock\" at pvbus0: the host answered "
	    "nonsense, not configured";
	struct world *world = *state;

	world_machine(world, "kvm");
	manners(world)->odd = true;
	does_not_attach(world, nonsense);
	world_machine(world, "kvm");
	manners(world)->deaf = true;
	does_not_attach(world, nonsense);
	world_machine(world, "kvm");
	manners(world)->false_scale = true;
	does_not_attach(world, nonsense);
	world_machine(world, "kvm");
	manners(world)->faults = true;
	does_not_attach(world,
	    "\"pvclock\" at pvbus0: input/output error, not configured");
}

static void
test_h64_version_odd_for_ever(void **state)
{
	struct world *world = *state;
	uint64_t time;

	world_machine(world, "kvm");
	assert_true(sim_machine_set_cpus(world->machine, 2));
	attach(world);
	on_cpu(world, 1, pv_bus_cpu_start);
	page_of(world, 0)->version |= 1;
	assert_int_equal(pv_clock_read(clock_of(world), 0, &time), PV_EPROTO);
	assert_true(now_on(world, 1) == sim_now(world->sim));
	assert_int_equal(world_device(world, "pvclock0")->stats.bad_state, 1);
	page_of(world, 0)->version++;
	assert_true(now_on(world, 0) == sim_now(world->sim));
	on_cpu(world, 1, pv_bus_cpu_stop);
}

static struct pvclock_time *restless;
static unsigned looks;

static uint64_t
restless_tsc(void *ctx)
{
	(void)ctx;
	looks++;
	restless->version += 2;
	return 12345;
}

static void
test_h64_a_version_that_never_rests(void **state)
{
	struct world *world = *state;
	uint64_t time;

	world_machine(world, "kvm");
	attach(world);
	restless = page_of(world, 0);
	looks = 0;
	sim_machine_own_port(world->machine)->tsc = restless_tsc;
	assert_int_equal(pv_clock_read(clock_of(world), 0, &time), PV_EPROTO);
	assert_in_range(looks, 2, 1000);
}

static void
test_h64_scales_that_cannot_be(void **state)
{
	static const struct {
		uint32_t mul;
		int8_t shift;
		int error;
	} scales[] = {
		{ 0, 0, PV_EPROTO },
		{ 1, 127, PV_EPROTO },
		{ 1, -127, PV_EPROTO },
		{ 1, -128, PV_EPROTO },
		{ 1, 64, PV_EPROTO },
		{ 1, -64, PV_EPROTO },
		{ 3, 63, PV_EPROTO }, /* of so many ticks */
		{ 1, 63, PV_OK },
		{ UINT32_MAX, 33, PV_EPROTO },
		{ 1, -63, PV_OK },
		{ UINT32_MAX, -63, PV_OK },
		{ UINT32_MAX, 32, PV_OK },
	};
	struct world *world = *state;

	world_machine(world, "kvm");
	attach(world);
	sim_machine_own_port(world->machine)->tsc = own_tsc;
	for (unsigned i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
		struct pvclock_time *page = page_of(world, 0);
		uint64_t time;

		page->tsc = page->system_time = 0;
		counter = UINT32_MAX;
		page->mul = scales[i].mul;
		page->shift = scales[i].shift;
		assert_int_equal(pv_clock_read(clock_of(world), 0, &time),
		    scales[i].error);
	}
	assert_int_equal(world_device(world, "pvclock0")->stats.bad_value, 8);
}

static void
test_h64_time_beyond_64_bits(void **state)
{
	struct world *world = *state;
	struct pvclock_time *page;
	uint64_t time;

	world_machine(world, "kvm");
	attach(world);
	sim_machine_own_port(world->machine)->tsc = own_tsc;
	page = page_of(world, 0);
	page->tsc = 0;
	page->mul = UINT32_MAX;
	page->shift = 0;
	page->system_time = UINT64_MAX;
	counter = UINT64_MAX;
	assert_int_equal(pv_clock_read(clock_of(world), 0, &time), PV_EPROTO);
	counter = 0;
	assert_true(now_on(world, 0) == UINT64_MAX);
	assert_int_equal(pv_clock_wall(clock_of(world), &time), PV_EPROTO);
}

/* A counter that goes back, a host that turns its time back, and a CPU that is
 * behind another, with the word of the host that this cannot be, and without. */
static void
never_back(struct world *world, bool stable)
{
	uint64_t before;

	world_machine(world, "kvm");
	assert_true(sim_machine_set_cpus(world->machine, 2));
	manners(world)->unstable = !stable;
	attach(world);
	on_cpu(world, 1, pv_bus_cpu_start);
	sim_machine_own_port(world->machine)->tsc = own_tsc;
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		page_of(world, cpu)->tsc = 1000;
		page_of(world, cpu)->system_time = PV_SECOND;
	}
	counter = 3000;
	before = now_on(world, 0);
	counter = 2000;
	assert_true(now_on(world, 0) == before);
	counter = 10; /* before the page was written */
	assert_true(now_on(world, 0) == before);
	counter = 3000;
	page_of(world, 0)->system_time = 1;
	assert_true(now_on(world, 0) == before);
	page_of(world, 0)->tsc = UINT64_MAX;
	assert_true(now_on(world, 0) == before);
	assert_int_equal(clock_of(world)->held, 4);
	counter = 1500;
	if (stable) /* it is the host's word */
		assert_true(now_on(world, 1) == PV_SECOND + 500);
	else
		assert_true(now_on(world, 1) == before);
	page_of(world, 0)->tsc = counter;
	page_of(world, 0)->system_time = before + 7;
	assert_true(now_on(world, 0) == before + 7);
	on_cpu(world, 1, pv_bus_cpu_stop);
	detach(world);
	sim_machine_free(world->machine);
	world->machine = NULL;
}

static void
test_h64_time_never_goes_back(void **state)
{
	never_back(*state, true);
	never_back(*state, false);
}

/* Moved to a host whose counters are not in step: from then on each CPU knows
 * what all the others were told, and back again. */
static void
test_h64_a_host_that_is_not_stable_any_more(void **state)
{
	struct world *world = *state;
	uint64_t ahead;

	world_machine(world, "kvm");
	assert_true(sim_machine_set_cpus(world->machine, 2));
	attach(world);
	on_cpu(world, 1, pv_bus_cpu_start);
	assert_true(clock_of(world)->flags & PV_CLOCK_STABLE);
	page_of(world, 1)->system_time += PV_SECOND;
	ahead = now_on(world, 1);
	page_of(world, 0)->flags = 0;
	assert_true(now_on(world, 0) == ahead);
	assert_false(clock_of(world)->flags & PV_CLOCK_STABLE);
	page_of(world, 0)->flags = PVCLOCK_TSC_STABLE;
	page_of(world, 0)->system_time -= PV_SECOND / 2;
	assert_true(now_on(world, 0) == ahead);
	assert_true(clock_of(world)->flags & PV_CLOCK_STABLE);
	pass(world, 3 * PV_SECOND);
	assert_true(now_on(world, 0) == sim_now(world->sim) - PV_SECOND / 2);
	on_cpu(world, 1, pv_bus_cpu_stop);
}

/* Without the feature the flag is of no meaning. */
static void
test_h64_a_flag_without_its_feature(void **state)
{
	struct world *world = *state;

	world_machine(world, "kvm");
	host_cpuid_set(sim_machine_cpuid(world->machine),
	    (struct host_cpuid_leaf){ .leaf = 0x40000001, .eax = 1u << 3 });
	attach(world);
	assert_true(page_of(world, 0)->flags & PVCLOCK_TSC_STABLE);
	(void)now_on(world, 0);
	assert_false(clock_of(world)->flags & PV_CLOCK_STABLE);
}

static void
test_h64_far_past_and_far_future(void **state)
{
	struct world *world = *state;
	uint64_t time;

	world_machine(world, "kvm");
	manners(world)->skew = INT64_MAX;
	attach(world);
	time = now_on(world, 0);
	assert_true(time == sim_now(world->sim) + INT64_MAX);
	manners(world)->skew = 0;
	host_pvclock_update(sim_machine_pvclock(world->machine));
	assert_true(now_on(world, 0) == time);
	/* the owner's next life is not bound to what that host said */
	detach(world);
	attach(world);
	assert_true(now_on(world, 0) == sim_now(world->sim));
	page_of(world, 0)->tsc = UINT64_MAX;
	pass(world, PV_SECOND);
	(void)now_on(world, 0);
}

static uint8_t *wall_slot;
static int (*true_msr_write)(void *, uint32_t, uint64_t);
static struct {
	uint32_t version, sec, nsec;
} wall_false;

static int
false_wall(void *ctx, uint32_t msr, uint64_t value)
{
	int error = true_msr_write(ctx, msr, value);

	if (msr == PVCLOCK_MSR_WALL && value != 0)
		memcpy(wall_slot, &wall_false, sizeof(wall_false));
	return error;
}

static void
test_h64_impossible_wall_clock(void **state)
{
	struct world *world = *state;
	struct pv_port *port;
	uint64_t wall;

	world_machine(world, "kvm");
	attach(world);
	wall_slot = pvclock_slot(pvclock(world), 1);
	port = sim_machine_own_port(world->machine);
	true_msr_write = port->msr_write;
	port->msr_write = false_wall;
	wall_false.version = 1;
	assert_int_equal(pv_clock_wall(clock_of(world), &wall), PV_EPROTO);
	wall_false.version = 2;
	wall_false.nsec = 1000000000;
	assert_int_equal(pv_clock_wall(clock_of(world), &wall), PV_EPROTO);
	wall_false.nsec = 999999999;
	wall_false.sec = UINT32_MAX;
	assert_int_equal(pv_clock_wall(clock_of(world), &wall), PV_OK);
	port->msr_write = true_msr_write;
	manners(world)->faults = true;
	assert_int_equal(pv_clock_wall(clock_of(world), &wall), PV_EACCES);
	manners(world)->faults = false;
}

/* Every bit of the page at random: an answer each time, and never back. */
static void
test_h64_junk(void **state)
{
	struct world *world = *state;
	uint64_t last = 0, time;
	unsigned answers = 0;

	world_machine(world, "kvm");
	attach(world);
	sim_machine_own_port(world->machine)->tsc = own_tsc;
	for (unsigned i = 0; i < 50000; i++) {
		struct pvclock_time *page = page_of(world, 0);

		page->version = (uint32_t)sim_random(world->sim, 0);
		page->tsc = sim_random(world->sim, 0) >>
		    sim_random(world->sim, 64);
		page->system_time = sim_random(world->sim, 0) >>
		    sim_random(world->sim, 64);
		page->mul = (uint32_t)sim_random(world->sim, 0);
		page->shift = (int8_t)sim_random(world->sim, 256);
		page->flags = (uint8_t)sim_random(world->sim, 256);
		counter = sim_random(world->sim, 0) >>
		    sim_random(world->sim, 64);
		if (pv_clock_read(clock_of(world), 0, &time) != PV_OK)
			continue;
		answers++;
		assert_true(time >= last);
		last = time;
	}
	assert_in_range(answers, 1000, 49000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_attach_line),
		world_test(test_every_cpu),
		world_test(test_a_minute_at_every_scale),
		world_test(test_wall_clock),
		world_test(test_the_best_of_a_bus),
		world_test(test_xen_as_a_clock),
		world_test(test_time_goes_on_after_a_sleep),
		world_test(test_a_sleep_that_does_not_happen),
		world_test(test_a_host_without_a_clock_after_a_sleep),
		world_test(test_nothing_is_written_after_detach),
		world_test(test_a_cpu_that_was_not_stopped),
		world_test(test_a_host_that_keeps_the_page),
		world_test(test_again_and_again),
		world_test(test_every_allocation_fails_once),
		world_test(test_ports_without_what_it_needs),
		world_test(test_h64_no_clock_from_the_start),
		world_test(test_h64_version_odd_for_ever),
		world_test(test_h64_a_version_that_never_rests),
		world_test(test_h64_scales_that_cannot_be),
		world_test(test_h64_time_beyond_64_bits),
		world_test(test_h64_time_never_goes_back),
		world_test(test_h64_a_host_that_is_not_stable_any_more),
		world_test(test_h64_a_flag_without_its_feature),
		world_test(test_h64_far_past_and_far_future),
		world_test(test_h64_impossible_wall_clock),
		world_test(test_h64_junk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
