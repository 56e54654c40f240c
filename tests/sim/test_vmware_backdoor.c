/* SPDX-License-Identifier: ISC */
/* Is it VMware, and by which instruction: the probe, and channels over it. */
#include "tests/support/vmware.h"

/* By its port alone. */
static const struct host_vmware_config plain;

static const struct pv_driver *const drivers[] = { &pv_vmt_driver, NULL };

static void
attach_finds_nothing(struct vmlab *lab)
{
	assert_int_equal(
	    pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
						       lab->world->machine),
			      .drivers = drivers },
		&lab->world->bus),
	    PV_OK);
	world_has_line(lab->world, "\"vmt\" at pvbus0: VMware not configured");
	assert_null(pv_bus_interface(lab->world->bus, 0)->store);
}

/* ---- The probe -------------------------------------------------------- */

static void
test_the_backdoor_by_its_port(void **state)
{
	struct vmlab *lab = vmlab_new(state, &plain);

	assert_int_equal(lab->vmware->way, PV_BACKDOOR_PORT);
	assert_int_equal(lab->vmware->version, 6);
	assert_int_equal(lab->vmware->product, 2);
	world_has_line(lab->world,
	    "vmt0 at pvbus0: version 6, product 2, backdoor by port");
	assert_int_equal(lab->counts->refused, 0);
	assert_true(host_vmware_counts(lab->host)->running);
	assert_int_equal(lab->stats->exits, lab->counts->exits);
}

static void
by_call(void **state, unsigned calls, enum pv_backdoor_way way)
{
	struct vmlab *lab = vmlab_new(state,
	    &(struct host_vmware_config){ .calls = calls });
	char value[16];
	size_t len;

	assert_int_equal(lab->vmware->way, way);
	assert_int_equal(vmlab_write(lab, "guestinfo.a", "b", 1), PV_OK);
	assert_int_equal(vmlab_read(lab, "guestinfo.a", value, 16, &len),
	    PV_OK);
	assert_int_equal(lab->counts->refused, 0);
	assert_true(lab->counts->strings > 0);
	assert_true(host_vmware_counts(lab->host)->running);
}

static void
test_vmcall_where_the_leaf_has_it(void **state)
{
	by_call(state, VMWARE_CALL_VMCALL, PV_BACKDOOR_VMCALL);
	world_has_line(((struct vmlab *)*state)->world,
	    "vmt0 at pvbus0: version 6, product 2, backdoor by VMCALL");
}

static void
test_vmmcall_where_the_leaf_has_it(void **state)
{
	by_call(state, VMWARE_CALL_VMMCALL, PV_BACKDOOR_VMMCALL);
}

static void
test_vmcall_is_preferred(void **state)
{
	by_call(state, VMWARE_CALL_VMMCALL | VMWARE_CALL_VMCALL,
	    PV_BACKDOOR_VMCALL);
}

/* An instruction that the leaf promises, and that faults. */
static int (*below)(void *, enum pv_backdoor_way, struct pv_backdoor *);

static int
faults_but_by_port(void *ctx, enum pv_backdoor_way way,
    struct pv_backdoor *registers)
{
	return way == PV_BACKDOOR_PORT ? below(ctx, way, registers) : PV_ENODEV;
}

static void
test_the_port_when_the_promised_call_faults(void **state)
{
	struct vmlab *lab = *state;
	struct pv_port *port;

	vmlab_machine(lab,
	    &(struct host_vmware_config){ .calls = VMWARE_CALL_VMCALL });
	port = sim_machine_own_port(lab->world->machine);
	below = port->backdoor;
	port->backdoor = faults_but_by_port;
	vmlab_attach(lab);
	assert_int_equal(lab->vmware->way, PV_BACKDOOR_PORT);
}

static void
test_a_platform_without_a_backdoor_is_told_in_one_line(void **state)
{
	struct vmlab *lab = *state;

	vmlab_machine(lab, &plain);
	sim_machine_own_port(lab->world->machine)->backdoor = NULL;
	attach_finds_nothing(lab);
	world_has_line(lab->world,
	    "vmt0: this platform cannot call VMware's backdoor");
	assert_int_equal(lab->counts->exits, 0);
}

static int
faults(void *ctx, enum pv_backdoor_way way, struct pv_backdoor *registers)
{
	(void)ctx;
	(void)way;
	(void)registers;
	return PV_ENODEV;
}

static void
test_h57_an_instruction_that_faults(void **state)
{
	struct vmlab *lab = *state;

	vmlab_machine(lab, &plain);
	sim_machine_own_port(lab->world->machine)->backdoor = faults;
	attach_finds_nothing(lab);
	world_has_line(lab->world,
	    "vmt0: CPUID says VMware, but its backdoor does not answer");
}

static void
test_h57_registers_come_back_unchanged(void **state)
{
	struct vmlab *lab = *state;

	vmlab_machine(lab, &plain);
	lab->manners->silent = true;
	attach_finds_nothing(lab);
	assert_int_equal(lab->counts->exits, 1);
}

static void
test_h57_all_ones(void **state)
{
	struct vmlab *lab = *state;

	vmlab_machine(lab, &plain);
	lab->manners->ones = true;
	attach_finds_nothing(lab);
	assert_int_equal(lab->counts->exits, 1);
}

/* QEMU's vmport answers command 10 under KVM's own signature: not asked. */
static void
test_h57_another_hypervisor_is_never_called(void **state)
{
	struct vmlab *lab = *state;

	world_machine(lab->world, "kvm");
	assert_int_equal(
	    pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
						       lab->world->machine),
			      .drivers = drivers },
		&lab->world->bus),
	    PV_OK);
	world_has_no_line(lab->world, "vmt");
}

static unsigned speeds;

static int
no_speed(void *ctx, enum pv_backdoor_way way, struct pv_backdoor *registers)
{
	if ((uint16_t)registers->cx == VMWARE_SPEED) {
		speeds++;
		return PV_OK;
	}
	return below(ctx, way, registers);
}

static void
test_h57_the_speed_is_still_the_magic(void **state)
{
	struct vmlab *lab = *state;
	struct pv_port *port;

	vmlab_machine(lab, &plain);
	port = sim_machine_own_port(lab->world->machine);
	below = port->backdoor;
	port->backdoor = no_speed;
	speeds = 0;
	attach_finds_nothing(lab);
	assert_int_equal(speeds, 1);
}

static void
test_each_allocation_that_fails(void **state)
{
	struct vmlab *lab = *state;
	unsigned nth = 1;

	vmlab_machine(lab, &(struct host_vmware_config){ .vsock = true });
	for (;; nth++) {
		int error;

		sim_machine_fail_alloc(lab->world->machine, nth);
		error =
		    pv_bus_attach(&(struct
				      pv_bus_config){ .port = sim_machine_port(
							  lab->world->machine),
				      .drivers = drivers },
			&lab->world->bus);
		sim_machine_fail_alloc(lab->world->machine, 0);
		if (error == PV_OK &&
		    pv_bus_interface(lab->world->bus, 0)->store != NULL)
			break;
		if (error == PV_OK)
			vmlab_detach(lab);
		assert_int_equal(sim_machine_counts(lab->world->machine)
				     ->memory,
		    0);
		assert_int_equal(lab->counts->channels_open, 0);
		assert_int_equal(lab->counts->streams_open, 0);
		assert_true(nth < 60);
	}
	assert_true(nth > 10);
}

/* ---- Time ------------------------------------------------------------- */

static void
tells(void **state, unsigned commands, uint64_t expected_lag)
{
	struct vmlab *lab = vmlab_new(state,
	    &(struct host_vmware_config){ .time_commands = commands,
		.wall = 1700000000ull * PV_SECOND + 123456000,
		.lag = 5000000 });
	uint64_t wall, lag;

	assert_int_equal(vmware_host_time(lab->vmware, &wall, &lag), PV_OK);
	assert_int_equal(wall,
	    1700000000ull * PV_SECOND + 123456000 +
		sim_now(lab->world->sim) / 1000 * 1000);
	assert_int_equal(lag, expected_lag);
}

static void
test_time_by_command_55_with_its_lag(void **state)
{
	tells(state, 0, 5000000);
}

static void
test_time_by_command_46(void **state)
{
	tells(state, 2, 0);
}

static void
test_time_by_command_23(void **state)
{
	tells(state, 1, 0);
}

static struct pv_backdoor told;

static int
tells_nonsense(void *ctx, enum pv_backdoor_way way,
    struct pv_backdoor *registers)
{
	if ((uint16_t)registers->cx != VMWARE_TIME_FULL_LAG)
		return below(ctx, way, registers);
	*registers = told;
	return PV_OK;
}

static void
test_h65_a_time_that_is_none(void **state)
{
	struct vmlab *lab = *state;
	struct pv_port *port;
	uint64_t wall, lag;

	vmlab_machine(lab, &plain);
	port = sim_machine_own_port(lab->world->machine);
	below = port->backdoor;
	port->backdoor = tells_nonsense;
	told = (struct pv_backdoor){ .ax = VMWARE_MAGIC, .bx = 1000000 };
	vmlab_attach(lab);
	assert_int_equal(vmware_host_time(lab->vmware, &wall, &lag), PV_EPROTO);
	told = (struct pv_backdoor){ .ax = VMWARE_MAGIC, .si = 1u << 31 };
	assert_int_equal(vmware_host_time(lab->vmware, &wall, &lag), PV_EPROTO);
	told.si = UINT32_MAX;
	told.dx = UINT32_MAX;
	assert_int_equal(vmware_host_time(lab->vmware, &wall, &lag), PV_EPROTO);
	assert_true(lab->stats->bad_value >= 3);
	told =
	    (struct pv_backdoor){ .ax = VMWARE_MAGIC, .bx = 999999, .dx = 7 };
	assert_int_equal(vmware_host_time(lab->vmware, &wall, &lag), PV_OK);
	assert_int_equal(wall, 7 * PV_SECOND + 999999000);
}

/* ---- Channels --------------------------------------------------------- */

static void
a_channel_works(struct vmlab *lab, bool cookies)
{
	struct vmware_channel channel = { 0 };
	static const char text[] = "info-get guestinfo.x";
	char reply[64];
	bool waiting;

	assert_int_equal(vmware_channel_open(lab->vmware, &channel,
			     VMWARE_RPCI),
	    PV_OK);
	assert_int_equal(channel.cookies, cookies);
	assert_int_equal(vmware_channel_send(&channel, text, strlen(text)),
	    PV_OK);
	assert_int_equal(vmware_channel_receive(&channel, reply, sizeof(reply),
			     &waiting),
	    16);
	assert_true(waiting);
	assert_memory_equal(reply, "0 No value found", 16);
	assert_int_equal(vmware_channel_receive(&channel, reply, sizeof(reply),
			     &waiting),
	    0);
	assert_false(waiting);
	vmware_channel_close(&channel);
	vmware_channel_close(&channel);
	assert_false(channel.open);
}

static void
test_a_channel_with_cookies(void **state)
{
	struct vmlab *lab = vmlab_new(state, &plain);

	a_channel_works(lab, true);
	assert_int_equal(lab->counts->refused, 0);
}

static void
test_a_channel_without_cookies(void **state)
{
	a_channel_works(vmlab_new(state,
			    &(struct host_vmware_config){ .no_cookies = true }),
	    false);
}

static void
test_no_channel_is_free(void **state)
{
	struct vmlab *lab = vmlab_new(state,
	    &(struct host_vmware_config){ .channels = 4 });
	struct vmware_channel channel[4] = { { 0 } };
	unsigned got = 0;

	/* one is that of the host's calls, another perhaps that of ours */
	vmlab_run(lab, 10 * PV_SECOND);
	for (unsigned i = 0; i < 4; i++)
		if (vmware_channel_open(lab->vmware, &channel[i],
			VMWARE_RPCI) == PV_OK)
			got++;
	assert_true(got > 0 && got < 4);
	assert_false(channel[3].open);
	assert_int_equal(vmware_channel_open(lab->vmware, &channel[3],
			     VMWARE_RPCI),
	    PV_EAGAIN);
	for (unsigned i = 0; i < 4; i++)
		vmware_channel_close(&channel[i]);
	a_channel_works(lab, true);
}

static void
test_a_message_of_64_kib_and_not_a_byte_more(void **state)
{
	struct vmlab *lab = vmlab_new(state, &plain);
	struct vmware_channel channel = { 0 };
	char *text = malloc(VMWARE_MESSAGE_MAX + 1);
	size_t size;

	memset(text, 'x', VMWARE_MESSAGE_MAX + 1);
	memcpy(text, "log ", 4);
	assert_int_equal(vmware_channel_open(lab->vmware, &channel,
			     VMWARE_RPCI),
	    PV_OK);
	assert_int_equal(vmware_channel_send(&channel, text,
			     VMWARE_MESSAGE_MAX),
	    PV_OK);
	assert_non_null(host_vmware_rpc_last(lab->host, "log xxx", &size));
	assert_int_equal(size, VMWARE_MESSAGE_MAX);
	assert_int_equal(vmware_channel_send(&channel, text,
			     VMWARE_MESSAGE_MAX + 1),
	    PV_EMSGSIZE);
	vmware_channel_close(&channel);
	assert_int_equal(lab->counts->refused, 0);
	free(text);
}

static int
version_of_ones(void *ctx, enum pv_backdoor_way way,
    struct pv_backdoor *registers)
{
	int error = below(ctx, way, registers);

	if (registers->bx == VMWARE_MAGIC)
		registers->ax = UINT32_MAX;
	return error;
}

static void
test_h57_a_version_of_all_ones(void **state)
{
	struct vmlab *lab = *state;
	struct pv_port *port;

	vmlab_machine(lab, &plain);
	port = sim_machine_own_port(lab->world->machine);
	below = port->backdoor;
	port->backdoor = version_of_ones;
	attach_finds_nothing(lab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		vmlab_test(test_the_backdoor_by_its_port),
		vmlab_test(test_vmcall_where_the_leaf_has_it),
		vmlab_test(test_vmmcall_where_the_leaf_has_it),
		vmlab_test(test_vmcall_is_preferred),
		vmlab_test(test_the_port_when_the_promised_call_faults),
		vmlab_test(
		    test_a_platform_without_a_backdoor_is_told_in_one_line),
		vmlab_test(test_h57_an_instruction_that_faults),
		vmlab_test(test_h57_registers_come_back_unchanged),
		vmlab_test(test_h57_all_ones),
		vmlab_test(test_h57_another_hypervisor_is_never_called),
		vmlab_test(test_h57_the_speed_is_still_the_magic),
		vmlab_test(test_each_allocation_that_fails),
		vmlab_test(test_time_by_command_55_with_its_lag),
		vmlab_test(test_time_by_command_46),
		vmlab_test(test_time_by_command_23),
		vmlab_test(test_h65_a_time_that_is_none),
		vmlab_test(test_a_channel_with_cookies),
		vmlab_test(test_a_channel_without_cookies),
		vmlab_test(test_no_channel_is_free),
		vmlab_test(test_a_message_of_64_kib_and_not_a_byte_more),
		vmlab_test(test_h57_a_version_of_all_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
