/* SPDX-License-Identifier: ISC */
/* vmmci on vmd's control device: M-1 to M-5 of pvbus(4)'s relatives. */
#include "tests/support/vmm.h"
#include "wire/pci.h"

#define START 1767225600ull /* the host's clock when the world began */

static void
test_m1_found_and_agreed_upon(void **state)
{
	struct vmmlab *lab = *state;

	vmmlab_attach(lab);
	world_has_line(lab->world,
	    "vmmci0 at pvbus0 pci 00:03.0: shutdown, reboot, host time, "
	    "clock sync");
	assert_int_equal(host_vmmci_features(lab->host), VMMCI_FEATURES);
	assert_int_equal(lab->counts->bad_accesses, 0);
	assert_int_equal(lab->sim->violations, 0);
}

static void
test_not_there_without_a_word(void **state)
{
	struct vmmlab *lab = *state;

	lab->pci->config[0] = UINT32_MAX;
	vmmlab_try(lab);
	world_has_no_line(lab->world, "vmmci");
	assert_int_equal(lab->counts->reads, 0);
}

static void
test_not_looked_for_on_other_hypervisors(void **state)
{
	struct vmmlab *lab = *state;
	struct host_cpuid *cpuid = sim_machine_cpuid(lab->world->machine);

	cpuid->count = 0;
	host_cpuid_show(cpuid, HOST_KVM, 0x40000000);
	vmmlab_try(lab);
	world_has_no_line(lab->world, "vmmci");
	assert_int_equal(lab->counts->reads + lab->counts->writes, 0);
}

static void
test_its_ports_are_let_answer(void **state)
{
	struct vmmlab *lab = *state;

	lab->pci->config[PCI_COMMAND / 4] = 0x02000000;
	vmmlab_attach(lab);
	assert_int_equal(lab->pci->config[PCI_COMMAND / 4], PCI_COMMAND_IO);
}

static void
test_platform_without_ports(void **state)
{
	struct vmmlab *lab = *state;

	lab->port->io_read = NULL;
	vmmlab_try(lab);
	world_has_no_line(lab->world, "vmmci");
}

static void
test_host_with_fewer_features(void **state)
{
	struct vmmlab *lab = *state;

	lab->manners->features = 0;
	vmmlab_attach(lab);
	world_has_line(lab->world,
	    "vmmci0 at pvbus0 pci 00:03.0: shutdown, reboot, no acknowledge");
	assert_int_equal(host_vmmci_command(lab->host, VMMCI_SYNCRTC),
	    HOST_VMMCI_NOT_AGREED);
	host_vmmci_command(lab->host, VMMCI_REBOOT);
	vmmlab_run(lab, 2 * PV_SECOND);
	assert_int_equal(vmmlab_requests(lab, PV_REQUEST_REBOOT), 1);
	assert_int_equal(lab->counts->acks + lab->counts->wrong_acks, 0);
	assert_int_equal(lab->counts->times, 0);
}

static void
test_no_time_without_a_clock_to_set(void **state)
{
	struct vmmlab *lab = *state;

	lab->port->time = NULL;
	vmmlab_attach(lab);
	world_has_line(lab->world,
	    "vmmci0 at pvbus0 pci 00:03.0: shutdown, reboot");
	assert_int_equal(host_vmmci_features(lab->host), VMMCI_FEATURE_ACK);
	vmmlab_run(lab, 60 * PV_SECOND);
	assert_int_equal(lab->counts->times, 0);
}

/* ---- M-3: commands ---------------------------------------------------- */

static void
asks(struct vmmlab *lab, uint32_t command, enum pv_request request,
    const char *line)
{
	uint64_t acks = lab->counts->acks;
	unsigned before = vmmlab_requests(lab, request);

	assert_int_equal(host_vmmci_command(lab->host, command),
	    HOST_VMMCI_SENT);
	assert_true(lab->pci->line);
	/* within the second that a look takes at most */
	vmmlab_run(lab, PV_SECOND + PV_MILLISECOND);
	assert_false(lab->pci->line);
	assert_int_equal(vmmlab_requests(lab, request), before + 1);
	assert_int_equal(lab->counts->acks, acks + 1);
	assert_true(host_vmmci_acknowledged(lab->host));
	world_has_line(lab->world, line);
	/* and no second time, though it stays in the register */
	vmmlab_run(lab, 10 * PV_SECOND);
	assert_int_equal(vmmlab_requests(lab, request), before + 1);
	assert_int_equal(lab->counts->acks, acks + 1);
}

static void
test_m3_shutdown(void **state)
{
	struct vmmlab *lab = *state;

	vmmlab_attach(lab);
	asks(lab, VMMCI_SHUTDOWN, PV_REQUEST_SHUTDOWN,
	    "Shutting down in response to request from vmmci0 host");
	assert_false(lab->owner->reasons[PV_REQUEST_SHUTDOWN].forced);
	assert_int_equal(lab->stats->bad_value + lab->stats->bad_state, 0);
}

static void
test_m3_reboot(void **state)
{
	struct vmmlab *lab = *state;

	vmmlab_attach(lab);
	asks(lab, VMMCI_REBOOT, PV_REQUEST_REBOOT,
	    "Rebooting in response to request from vmmci0 host");
}

static void
test_m3_reboot_after_shutdown(void **state)
{
	struct vmmlab *lab = *state;

	vmmlab_attach(lab);
	asks(lab, VMMCI_SHUTDOWN, PV_REQUEST_SHUTDOWN,
	    "Shutting down in response to request from vmmci0 host");
	asks(lab, VMMCI_REBOOT, PV_REQUEST_REBOOT,
	    "Rebooting in response to request from vmmci0 host");
}

/* The guest has the long time then, and is ended when that is over. */
static void
test_acknowledged_guest_is_given_time(void **state)
{
	struct vmmlab *lab = *state;

	vmmlab_attach(lab);
	host_vmmci_command(lab->host, VMMCI_REBOOT);
	vmmlab_run(lab, 119 * PV_SECOND);
	assert_false(lab->pci->ended);
	vmmlab_run(lab, 5 * PV_SECOND);
	assert_true(lab->pci->ended);
	assert_int_equal(lab->pci->ended_by, VMMCI_REBOOT);
}

/* What is not done is not acknowledged, and vmd goes its own way. */
static void
test_refused_request_is_not_acknowledged(void **state)
{
	struct vmmlab *lab = *state;

	vmmlab_attach(lab);
	lab->owner->fails.request = PV_EBUSY;
	host_vmmci_command(lab->host, VMMCI_SHUTDOWN);
	vmmlab_run(lab, 10 * PV_SECOND);
	assert_int_equal(vmmlab_requests(lab, PV_REQUEST_SHUTDOWN), 1);
	assert_int_equal(lab->counts->acks, 0);
	assert_true(lab->pci->ended);
}

/* Two that come between two looks: the first is overwritten, as by vmd. */
static void
test_last_command_counts(void **state)
{
	struct vmmlab *lab = *state;

	vmmlab_attach(lab);
	vmmlab_run(lab, PV_SECOND);
	host_vmmci_command(lab->host, VMMCI_SHUTDOWN);
	host_vmmci_command(lab->host, VMMCI_REBOOT);
	vmmlab_run(lab, 5 * PV_SECOND);
	assert_int_equal(vmmlab_requests(lab, PV_REQUEST_SHUTDOWN), 0);
	assert_int_equal(vmmlab_requests(lab, PV_REQUEST_REBOOT), 1);
}

static void
test_command_of_before_is_not_ours(void **state)
{
	struct vmmlab *lab = *state;

	vmmlab_attach(lab);
	host_vmmci_command(lab->host, VMMCI_SHUTDOWN);
	vmmlab_run(lab, 2 * PV_SECOND);
	vmmlab_detach(lab);
	vmmlab_attach(lab);
	vmmlab_run(lab, 5 * PV_SECOND);
	assert_int_equal(vmmlab_requests(lab, PV_REQUEST_SHUTDOWN), 1);
}

static void
test_detached_host_gives_no_commands(void **state)
{
	struct vmmlab *lab = *state;

	vmmlab_attach(lab);
	vmmlab_detach(lab);
	assert_int_equal(host_vmmci_command(lab->host, VMMCI_SHUTDOWN),
	    HOST_VMMCI_NO_DRIVER);
	assert_int_equal(lab->counts->own_requests, 0);
}

/* ---- M-5 and synchronization: time ------------------------------------ */

static void
test_m5_time_every_15_seconds(void **state)
{
	struct vmmlab *lab = *state;

	vmmlab_attach(lab);
	vmmlab_run(lab, 60 * PV_SECOND - PV_MILLISECOND);
	assert_int_equal(lab->owner->times[PV_TIME_SAMPLE], 4);
	assert_int_equal(lab->owner->times[PV_TIME_SYNC], 0);
	assert_true(lab->owner->time_wall / 1000 ==
	    (START * PV_SECOND + lab->owner->time_at) / 1000);
}

/* What the original takes for no time at all. */
static void
test_d21_whole_second_is_a_time(void **state)
{
	struct vmmlab *lab = *state;

	lab->manners->lies = true;
	lab->manners->seconds = 1700000000;
	vmmlab_attach(lab);
	vmmlab_run(lab, PV_SECOND);
	assert_true(lab->owner->time_wall == 1700000000 * PV_SECOND);
}

static void
test_seconds_beyond_32_bits(void **state)
{
	struct vmmlab *lab = *state;

	lab->manners->lies = true;
	lab->manners->seconds = 5000000000;
	lab->manners->microseconds = 999999;
	vmmlab_attach(lab);
	vmmlab_run(lab, PV_SECOND);
	assert_true(
	    lab->owner->time_wall == 5000000000 * PV_SECOND + 999999000);
}

static void
test_m3_clock_is_set(void **state)
{
	struct vmmlab *lab = *state;

	vmmlab_attach(lab);
	vmmlab_run(lab, 2 * PV_SECOND);
	for (unsigned i = 1; i <= 3; i++) {
		host_vmmci_step(lab->host, (int64_t)(3600 * PV_SECOND));
		assert_int_equal(host_vmmci_command(lab->host, VMMCI_SYNCRTC),
		    HOST_VMMCI_SENT);
		vmmlab_run(lab, 2 * PV_SECOND);
		assert_int_equal(lab->owner->times[PV_TIME_SYNC], i);
		assert_int_equal(lab->owner->time_kind, PV_TIME_SYNC);
		assert_true(lab->owner->time_wall / 1000 ==
		    ((START + 3600ull * i) * PV_SECOND + lab->owner->time_at) /
			1000);
		assert_int_equal(lab->counts->acks, i);
		assert_int_equal(host_vmmci_pending(lab->host), VMMCI_NONE);
	}
	assert_int_equal(vmmlab_lines(lab, "vmmci0: "), 0);
}

/* The host is done with it all the same, or it could never say it again. */
static void
test_clock_that_cannot_be_set(void **state)
{
	struct vmmlab *lab = *state;

	vmmlab_attach(lab);
	lab->owner->fails.time = PV_EACCES;
	host_vmmci_command(lab->host, VMMCI_SYNCRTC);
	vmmlab_run(lab, 2 * PV_SECOND);
	world_has_line(lab->world,
	    "vmmci0: the host wants the clock to be set: refused");
	assert_int_equal(lab->counts->acks, 1);
}

/* ---- Sleep ------------------------------------------------------------ */

static void
forget(void *ctx)
{
	host_vmmci_out(ctx, VIRTIO_LEGACY_STATUS, 1, 0);
}

static void
test_sleep_of_the_machine(void **state)
{
	struct vmmlab *lab = *state;

	vmmlab_attach(lab);
	vmmlab_run(lab, 2 * PV_SECOND);
	for (unsigned i = 1; i <= 2; i++) {
		if (i == 2) {
			lab->owner->asleep = forget;
			lab->owner->asleep_ctx = lab->host;
		}
		assert_int_equal(pv_bus_suspend(lab->world->bus), PV_OK);
		/* the host's own, and ours after it */
		assert_int_equal(lab->counts->resets, 2 * i - 1);
		assert_int_equal(lab->owner->times[PV_TIME_SYNC], i);
		assert_int_equal(host_vmmci_features(lab->host),
		    VMMCI_FEATURES);
	}
	host_vmmci_command(lab->host, VMMCI_SHUTDOWN);
	vmmlab_run(lab, 2 * PV_SECOND);
	assert_int_equal(vmmlab_requests(lab, PV_REQUEST_SHUTDOWN), 1);
}

/* ---- Costs ------------------------------------------------------------ */

static void
test_idle_costs_two_exits_a_second(void **state)
{
	struct vmmlab *lab = *state;
	uint64_t before;

	lab->port->time = NULL;
	vmmlab_attach(lab);
	vmmlab_run(lab, 1);
	before = lab->stats->exits;
	vmmlab_run(lab, 100 * PV_SECOND);
	assert_in_range(lab->stats->exits - before, 198, 202);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		vmmlab_test(test_m1_found_and_agreed_upon),
		vmmlab_test(test_not_there_without_a_word),
		vmmlab_test(test_not_looked_for_on_other_hypervisors),
		vmmlab_test(test_its_ports_are_let_answer),
		vmmlab_test(test_platform_without_ports),
		vmmlab_test(test_host_with_fewer_features),
		vmmlab_test(test_no_time_without_a_clock_to_set),
		vmmlab_test(test_m3_shutdown),
		vmmlab_test(test_m3_reboot),
		vmmlab_test(test_m3_reboot_after_shutdown),
		vmmlab_test(test_acknowledged_guest_is_given_time),
		vmmlab_test(test_refused_request_is_not_acknowledged),
		vmmlab_test(test_last_command_counts),
		vmmlab_test(test_command_of_before_is_not_ours),
		vmmlab_test(test_detached_host_gives_no_commands),
		vmmlab_test(test_m5_time_every_15_seconds),
		vmmlab_test(test_d21_whole_second_is_a_time),
		vmmlab_test(test_seconds_beyond_32_bits),
		vmmlab_test(test_m3_clock_is_set),
		vmmlab_test(test_clock_that_cannot_be_set),
		vmmlab_test(test_sleep_of_the_machine),
		vmmlab_test(test_idle_costs_two_exits_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
