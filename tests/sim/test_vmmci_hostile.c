/* SPDX-License-Identifier: ISC */
/* vmmci on hosts that break the rules: a clear line, bounded work, and nothing
 * done that was not asked for. */
#include "tests/support/vmm.h"
#include "wire/pci.h"

#define BASE_BAD "vmmci0: its first BAR is 0x"

/* ---- PCI -------------------------------------------------------------- */

static void
test_configuration_of_all_ones(void **state)
{
	struct vmmlab *lab = *state;

	lab->pci->ones = true;
	vmmlab_try(lab);
	world_has_no_line(lab->world, "vmmci");
	assert_int_equal(lab->counts->reads, 0);
}

static void
test_device_in_every_slot(void **state)
{
	struct vmmlab *lab = *state;

	lab->pci->everywhere = true;
	vmmlab_attach(lab);
	world_has_line(lab->world,
	    "vmmci0 at pvbus0 pci 00:00.0: shutdown, reboot, host time, "
	    "clock sync");
}

static void
test_bars_that_are_none(void **state)
{
	static const struct {
		uint32_t bar;
		const char *line;
	} bars[] = {
		{ 0, BASE_BAD "0 where I/O ports were expected" },
		{ PCI_BAR_IO, BASE_BAD "1 where I/O ports were expected" },
		{ 0xfebf0000,
		    BASE_BAD "febf0000 where I/O ports were expected" },
		{ UINT32_MAX,
		    BASE_BAD "ffffffff where I/O ports were expected" },
		{ 0x10001, BASE_BAD "10001 where I/O ports were expected" },
		{ 0xffe1, BASE_BAD "ffe1 where I/O ports were expected" },
	};
	struct vmmlab *lab = *state;

	for (size_t i = 0; i < sizeof(bars) / sizeof(bars[0]); i++) {
		lab->pci->config[PCI_BAR0 / 4] = bars[i].bar;
		vmmlab_try(lab);
		world_has_line(lab->world, bars[i].line);
		vmmlab_detach(lab);
	}
	assert_int_equal(vmmlab_lines(lab,
			     "\"vmmci\" at pvbus0: the host answered nonsense,"
			     " not configured"),
	    sizeof(bars) / sizeof(bars[0]));
	assert_int_equal(lab->counts->reads + lab->counts->writes, 0);
}

static void
test_highest_bar_that_fits(void **state)
{
	struct vmmlab *lab = *state;

	lab->pci->config[PCI_BAR0 / 4] = 0xffd8 | PCI_BAR_IO;
	vmmlab_attach(lab);
	host_vmmci_command(lab->host, VMMCI_SHUTDOWN);
	vmmlab_run(lab, 2 * PV_SECOND);
	assert_int_equal(vmmlab_requests(lab, PV_REQUEST_SHUTDOWN), 1);
}

/* ---- Registers -------------------------------------------------------- */

static void
test_registers_of_all_ones_at_attach(void **state)
{
	struct vmmlab *lab = *state;

	lab->manners->absent = true;
	vmmlab_try(lab);
	world_has_line(lab->world,
	    "vmmci0: its status is 0xff where 0x0 was expected; try another "
	    "vmd");
	world_has_line(lab->world,
	    "\"vmmci\" at pvbus0: the host answered nonsense, not configured");
	assert_in_range(lab->counts->reads + lab->counts->writes, 2, 4);
}

static void
test_registers_of_all_ones_later(void **state)
{
	struct vmmlab *lab = *state;
	uint64_t reads;

	vmmlab_attach(lab);
	vmmlab_run(lab, 5 * PV_SECOND);
	lab->manners->absent = true;
	vmmlab_run(lab, 2 * PV_SECOND);
	world_has_line(lab->world,
	    "vmmci0: all its registers read as ones; out of use");
	assert_int_equal(lab->device->state, PV_DEVICE_BROKEN);
	reads = lab->counts->reads;
	vmmlab_run(lab, 600 * PV_SECOND);
	assert_int_equal(lab->counts->reads, reads);
	for (unsigned i = 0; i < PV_REQUEST_COUNT; i++)
		assert_int_equal(vmmlab_requests(lab, i), 0);
	/* not a time, either */
	assert_in_range(lab->owner->times[PV_TIME_SAMPLE], 1, 1);
}

static void
test_status_that_does_not_stay(void **state)
{
	struct vmmlab *lab = *state;

	lab->manners->no_status = true;
	vmmlab_try(lab);
	world_has_line(lab->world,
	    "vmmci0: its status is 0x0 where 0x7 was expected; try another "
	    "vmd");
}

static int
fails(void *ctx, uint16_t port, unsigned width, uint32_t *value)
{
	(void)ctx;
	(void)port;
	(void)width;
	(void)value;
	return PV_EIO;
}

static void
test_ports_that_cannot_be_read(void **state)
{
	struct vmmlab *lab = *state;

	vmmlab_attach(lab);
	lab->port->io_read = fails;
	vmmlab_run(lab, 60 * PV_SECOND);
	world_has_line(lab->world,
	    "vmmci0: its registers cannot be read; out of use");
	vmmlab_detach(lab);
	vmmlab_try(lab);
	world_has_line(lab->world,
	    "\"vmmci\" at pvbus0: input/output error, not configured");
}

static void
test_features_that_nobody_knows(void **state)
{
	struct vmmlab *lab = *state;

	lab->manners->features = UINT32_MAX;
	vmmlab_attach(lab);
	assert_int_equal(host_vmmci_features(lab->host), VMMCI_FEATURES);
}

/* ---- Commands --------------------------------------------------------- */

static void
test_unknown_commands_for_ever(void **state)
{
	struct vmmlab *lab = *state;

	vmmlab_attach(lab);
	lab->manners->unknown = true;
	vmmlab_run(lab, 3600 * PV_SECOND);
	world_has_line(lab->world,
	    "vmmci0: the host gives the command 0x1000, which is none; "
	    "ignored");
	world_has_line(lab->world,
	    "vmmci0: the host gives command after command; left out for a "
	    "minute");
	assert_in_range(vmmlab_lines(lab, "which is none"), 500, 620);
	assert_in_range(vmmlab_lines(lab, "vmmci0: "), 1, 800);
	assert_in_range(lab->stats->bad_value + lab->stats->bad_state, 3500,
	    3610);
	/* M-3: unknown ones are not acknowledged */
	assert_int_equal(lab->counts->acks + lab->counts->wrong_acks, 0);
	for (unsigned i = 0; i < PV_REQUEST_COUNT; i++)
		assert_int_equal(vmmlab_requests(lab, i), 0);
	assert_in_range(lab->counts->reads, 1, 2 * 3610 + 6 * 250 + 50);
	/* and it goes on when the host has come to its senses */
	lab->manners->unknown = false;
	vmmlab_run(lab, 61 * PV_SECOND);
	host_vmmci_command(lab->host, VMMCI_REBOOT);
	vmmlab_run(lab, 2 * PV_SECOND);
	assert_int_equal(vmmlab_requests(lab, PV_REQUEST_REBOOT), 1);
	assert_int_equal(lab->device->state, PV_DEVICE_ATTACHED);
}

static void
test_shutdown_said_again_for_ever(void **state)
{
	struct vmmlab *lab = *state;

	vmmlab_attach(lab);
	lab->manners->patient = true;
	lab->manners->again = true;
	host_vmmci_command(lab->host, VMMCI_SHUTDOWN);
	vmmlab_run(lab, 600 * PV_SECOND);
	assert_in_range(vmmlab_requests(lab, PV_REQUEST_SHUTDOWN), 90, 110);
	assert_in_range(lab->stats->bad_state, 480, 520);
}

/* The command stays, as nobody hears that it was done. */
static void
test_host_that_hears_no_acknowledge(void **state)
{
	struct vmmlab *lab = *state;

	vmmlab_attach(lab);
	lab->manners->deaf = true;
	host_vmmci_command(lab->host, VMMCI_SYNCRTC);
	vmmlab_run(lab, 60 * PV_SECOND);
	assert_in_range(lab->owner->times[PV_TIME_SYNC], 1, 20);
	host_vmmci_command(lab->host, VMMCI_SHUTDOWN);
	vmmlab_run(lab, 60 * PV_SECOND);
	assert_int_equal(vmmlab_requests(lab, PV_REQUEST_SHUTDOWN), 1);
	assert_true(lab->pci->ended);
	assert_in_range(lab->counts->writes, 1, 30);
}

static void
test_interrupt_without_a_command(void **state)
{
	struct vmmlab *lab = *state;

	vmmlab_attach(lab);
	lab->manners->again = true;
	vmmlab_run(lab, 100 * PV_SECOND);
	assert_in_range(lab->stats->spurious, 95, 105);
	assert_int_equal(lab->counts->acks + lab->counts->wrong_acks, 0);
	assert_int_equal(vmmlab_lines(lab, "vmmci0: "), 0);
}

/* ---- Time ------------------------------------------------------------- */

static void
test_times_that_are_none(void **state)
{
	static const struct {
		uint64_t seconds, microseconds;
	} times[] = {
		{ 0, 0 },
		{ 0, 5 },
		{ 1700000000, 1000000 },
		{ 1700000000, UINT64_MAX },
		{ UINT64_MAX, 0 },
		{ UINT64_MAX, UINT64_MAX },
		{ (uint64_t)INT64_MAX / PV_SECOND, 0 },
		{ (uint64_t)1 << 63, 1 },
	};
	struct vmmlab *lab = *state;

	vmmlab_attach(lab);
	vmmlab_run(lab, PV_SECOND);
	assert_int_equal(lab->owner->times[PV_TIME_SAMPLE], 1);
	lab->manners->lies = true;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		uint64_t bad = lab->stats->bad_value;

		lab->manners->seconds = times[i].seconds;
		lab->manners->microseconds = times[i].microseconds;
		vmmlab_run(lab, 16 * PV_SECOND);
		assert_true(lab->stats->bad_value > bad);
		assert_int_equal(lab->owner->times[PV_TIME_SAMPLE], 1);
	}
	assert_int_equal(lab->device->state, PV_DEVICE_ATTACHED);
}

static void
test_last_second_that_is_a_time(void **state)
{
	struct vmmlab *lab = *state;

	lab->manners->lies = true;
	lab->manners->seconds = (uint64_t)INT64_MAX / PV_SECOND - 1;
	lab->manners->microseconds = 999999;
	vmmlab_attach(lab);
	vmmlab_run(lab, PV_SECOND);
	assert_int_equal(lab->owner->times[PV_TIME_SAMPLE], 1);
	assert_true(lab->owner->time_wall < (uint64_t)INT64_MAX);
}

static void
test_seconds_that_never_stand_still(void **state)
{
	struct vmmlab *lab = *state;
	uint64_t times;

	vmmlab_attach(lab);
	vmmlab_run(lab, PV_SECOND);
	times = lab->counts->times;
	lab->manners->restless = true;
	host_vmmci_command(lab->host, VMMCI_SYNCRTC);
	vmmlab_run(lab, 2 * PV_SECOND);
	world_has_line(lab->world,
	    "vmmci0: the host wants the clock to be set: the host answered "
	    "nonsense");
	assert_int_equal(lab->owner->times[PV_TIME_SYNC], 0);
	assert_int_equal(lab->counts->times - times, 6);
}

/* ---- Anything --------------------------------------------------------- */

static struct sim *dice;

static int
anything(void *ctx, uint16_t port, unsigned width, uint32_t *value)
{
	static const uint32_t likely[] = { 0, 1, 2, 3, 4, 0xff, UINT32_MAX };

	(void)ctx;
	(void)port;
	*value = sim_random(dice, 4) == 0
	    ? (uint32_t)sim_random(dice, UINT32_MAX)
	    : likely[sim_random(dice, sizeof(likely) / sizeof(likely[0]))];
	*value &= UINT32_MAX >> (32 - 8 * width);
	/* but do not end it all */
	if (*value == UINT32_MAX >> (32 - 8 * width))
		*value = 0;
	return PV_OK;
}

static void
test_registers_that_say_anything(void **state)
{
	struct vmmlab *lab = *state;
	unsigned all = 0;

	vmmlab_attach(lab);
	dice = lab->world->sim;
	lab->port->io_read = anything;
	vmmlab_run(lab, 3600 * PV_SECOND);
	for (unsigned i = 0; i < PV_REQUEST_COUNT; i++)
		all += vmmlab_requests(lab, i);
	assert_in_range(all, 1, 61 * 10);
	assert_in_range(lab->owner->times[PV_TIME_SYNC], 0, 61 * 10);
	assert_in_range(vmmlab_lines(lab, "vmmci0"), 1, 61 * 12);
	assert_int_equal(vmmlab_requests(lab, PV_REQUEST_CRASH), 0);
}

static void
test_host_gone_after_a_sleep(void **state)
{
	struct vmmlab *lab = *state;

	vmmlab_attach(lab);
	lab->manners->absent = true;
	assert_int_equal(pv_bus_suspend(lab->world->bus), PV_OK);
	world_has_line(lab->world,
	    "vmmci0: it does not start again; out of use");
	vmmlab_run(lab, 60 * PV_SECOND);
	assert_int_equal(lab->device->state, PV_DEVICE_BROKEN);
}

/* ---- Memory ----------------------------------------------------------- */

static void
test_no_memory(void **state)
{
	struct vmmlab *lab = *state;
	unsigned failed = 0;

	for (unsigned nth = 1; nth <= 4; nth++) {
		int error;
		static const struct pv_driver *const drivers[] = {
			&pv_vmmci_driver, NULL
		};

		sim_machine_fail_alloc(lab->world->machine, nth);
		error =
		    pv_bus_attach(&(struct pv_bus_config){ .port = lab->port,
				      .drivers = drivers },
			&lab->world->bus);
		sim_machine_fail_alloc(lab->world->machine, 0);
		failed += error != PV_OK ||
		    pv_bus_devices(lab->world->bus) == NULL ||
		    pv_bus_devices(lab->world->bus)->driver == NULL;
		pv_bus_detach(lab->world->bus);
		lab->world->bus = NULL;
		assert_int_equal(lab->sim->memory, 0);
	}
	assert_in_range(failed, 1, 3);
}

/* ---- A hostile guest -------------------------------------------------- */

static void
test_guest_that_writes_junk(void **state)
{
	struct vmmlab *lab = *state;
	struct sim *sim = lab->world->sim;

	for (unsigned i = 0; i < 100000; i++) {
		unsigned offset = (unsigned)sim_random(sim, 80);
		unsigned width = 1u << sim_random(sim, 3);
		uint32_t value = (uint32_t)sim_random(sim, 5);

		if (sim_random(sim, 2) == 0)
			(void)host_vmmci_in(lab->host, offset, width);
		else
			host_vmmci_out(lab->host, offset, width, value);
		if (sim_random(sim, 100) == 0)
			host_vmmci_command(lab->host,
			    (uint32_t)sim_random(sim, 4));
		if (sim_random(sim, 100) == 0)
			sim_advance(sim,
			    sim_now(sim) + sim_random(sim, 10 * PV_SECOND));
	}
	assert_true(lab->counts->bad_accesses > 0);
}

/* It cannot make the host keep more and more for it. */
static void
test_guest_that_acknowledges_for_ever(void **state)
{
	struct vmmlab *lab = *state;
	unsigned events = 0;

	vmmlab_attach(lab);
	host_vmmci_command(lab->host, VMMCI_SHUTDOWN);
	for (unsigned i = 0; i < 1000; i++)
		host_vmmci_out(lab->host, VMMCI_COMMAND, 4, VMMCI_SHUTDOWN);
	vmmlab_detach(lab);
	for (; sim_next_event(lab->world->sim) != PV_NEVER; events++)
		sim_advance(lab->world->sim, sim_next_event(lab->world->sim));
	assert_in_range(events, 1, 2);
	assert_int_equal(lab->counts->ended, 1);
}

static void
test_guest_that_wants_to_be_shut_down(void **state)
{
	struct vmmlab *lab = *state;

	for (unsigned i = 0; i < 1000; i++)
		host_vmmci_out(lab->host, VMMCI_COMMAND, 4, VMMCI_SHUTDOWN);
	assert_int_equal(lab->counts->own_requests, 1000);
	sim_advance(lab->world->sim, sim_now(lab->world->sim) + 4 * PV_SECOND);
	assert_true(lab->pci->ended);
	assert_int_equal(lab->pci->ended_by, VMMCI_NONE);
	assert_int_equal(lab->counts->ended, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		vmmlab_test(test_configuration_of_all_ones),
		vmmlab_test(test_device_in_every_slot),
		vmmlab_test(test_bars_that_are_none),
		vmmlab_test(test_highest_bar_that_fits),
		vmmlab_test(test_registers_of_all_ones_at_attach),
		vmmlab_test(test_registers_of_all_ones_later),
		vmmlab_test(test_status_that_does_not_stay),
		vmmlab_test(test_ports_that_cannot_be_read),
		vmmlab_test(test_features_that_nobody_knows),
		vmmlab_test(test_unknown_commands_for_ever),
		vmmlab_test(test_shutdown_said_again_for_ever),
		vmmlab_test(test_host_that_hears_no_acknowledge),
		vmmlab_test(test_interrupt_without_a_command),
		vmmlab_test(test_times_that_are_none),
		vmmlab_test(test_last_second_that_is_a_time),
		vmmlab_test(test_seconds_that_never_stand_still),
		vmmlab_test(test_registers_that_say_anything),
		vmmlab_test(test_host_gone_after_a_sleep),
		vmmlab_test(test_no_memory),
		vmmlab_test(test_guest_that_writes_junk),
		vmmlab_test(test_guest_that_acknowledges_for_ever),
		vmmlab_test(test_guest_that_wants_to_be_shut_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
