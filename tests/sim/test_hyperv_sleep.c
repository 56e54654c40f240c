/* SPDX-License-Identifier: ISC */
/* Hibernation: the host forgets all, and the guest finds again what is there
 * still. */
#include "tests/support/hyperv_user.h"

static const struct host_hyperv_config usual = { .vcpus = 2 };

static void
machine(struct partition *partition)
{
	users_reset();
	partition_machine(partition, &usual);
}

static struct sim_owner *
owner_of(struct partition *partition)
{
	return sim_machine_owner(partition->world->machine);
}

static int
sleep_and_run(struct partition *partition)
{
	int error = pv_bus_suspend(partition->world->bus);

	partition_run(partition, PV_SECOND);
	return error;
}

static void
test_all_is_there_again(void **state)
{
	struct partition *partition = *state;
	uint64_t before, after;

	machine(partition);
	user_host(partition);
	user_host(partition);
	assert_non_null(host_ic_new(partition->host, 0));
	partition_attach(partition, user_drivers);
	partition_start_cpus(partition);
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(hyperv_clock_read(partition->hyperv, &before),
		    PV_OK);
		partition_stop_cpus(partition);
		assert_int_equal(sleep_and_run(partition), PV_OK);
		partition_start_cpus(partition);
		assert_int_equal(hyperv_clock_read(partition->hyperv, &after),
		    PV_OK);
		assert_true(after >= before);
		for (unsigned j = 0; j < 2; j++) {
			assert_int_equal(users[j].suspended, i);
			assert_int_equal(users[j].resumed, i);
			assert_int_equal(users[j].opened, i + 1);
			assert_int_equal(users[j].channel->state, VMBUS_OPEN);
		}
		assert_int_equal(host_hyperv_counts(partition->host)->unloads,
		    i);
		assert_int_equal(host_hyperv_counts(partition->host)->connects,
		    i + 1);
		assert_int_equal(partition->hyperv->generation, i);
	}
	assert_int_equal(users[0].detached, 0);
	assert_int_equal(partition->vmbus->count, 8);
	/* two users and six services */
	assert_int_equal(host_hyperv_counts(partition->host)->channels, 8);
	assert_int_equal(partition->device->state, PV_DEVICE_ATTACHED);
	assert_int_equal(partition->device->stats.held, 0);
}

/* The host is another one: its relids are in another order, one device is
 * missing and one is new. */
static struct {
	struct partition *partition;
	struct host_vmbus_device *goes;
	bool comes;
} meanwhile;

static void
asleep(void *argument)
{
	(void)argument;
	if (meanwhile.goes != NULL)
		host_vmbus_rescind(meanwhile.goes);
	if (meanwhile.comes)
		user_host(meanwhile.partition);
}

static void
test_matched_by_instance(void **state)
{
	struct partition *partition = *state;

	machine(partition);
	memset(&meanwhile, 0, sizeof(meanwhile));
	meanwhile.goes = user_host(partition);
	user_host(partition);
	meanwhile.partition = partition;
	meanwhile.comes = true;
	partition_attach(partition, user_drivers);
	owner_of(partition)->asleep = asleep;
	assert_int_equal(sleep_and_run(partition), PV_OK);
	assert_int_equal(users[0].resumed, 0);
	assert_int_equal(users[0].rescinded, 1);
	assert_int_equal(users[0].detached, 1);
	assert_int_equal(users[1].resumed, 1);
	assert_int_equal(users[1].opened, 2);
	assert_int_equal(user_count, 3);
	assert_int_equal(users[2].opened, 1);
	assert_int_equal(partition->vmbus->count, 2);
}

static void
test_sub_channels_are_asked_for_again(void **state)
{
	struct partition *partition = *state;
	struct host_vmbus_device *device;

	machine(partition);
	device = user_host(partition);
	partition_attach(partition, user_drivers);
	assert_true(host_vmbus_offer_subs(device, 2));
	partition_run(partition, PV_SECOND);
	assert_int_equal(users[0].subs, 2);
	assert_int_equal(sleep_and_run(partition), PV_OK);
	assert_int_equal(users[0].subs, 0);
	assert_int_equal(partition->vmbus->count, 1);
	assert_true(host_vmbus_offer_subs(device, 2));
	partition_run(partition, PV_SECOND);
	assert_int_equal(users[0].subs, 2);
	assert_int_equal(users[0].opened, 3 + 3);
}

static void
test_it_cannot_sleep(void **state)
{
	struct partition *partition = *state;

	machine(partition);
	user_host(partition);
	partition_attach(partition, user_drivers);
	owner_of(partition)->fails.sleep = PV_EINTR;
	assert_int_equal(sleep_and_run(partition), PV_EINTR);
	assert_int_equal(users[0].resumed, 1);
	assert_int_equal(users[0].opened, 2);
	sim_machine_own_port(partition->world->machine)->sleep = NULL;
	assert_int_equal(pv_bus_suspend(partition->world->bus), PV_ENOTSUP);
	assert_int_equal(users[0].suspended, 1);
}

/* Rescinded and not departed when it sleeps: its sub-channels are no more, of
 * which it hears, and of no resume. */
static void
test_asleep_while_it_leaves(void **state)
{
	struct partition *partition = *state;
	struct host_vmbus_device *device;

	machine(partition);
	user_manners.stay = true;
	device = user_host(partition);
	partition_attach(partition, user_drivers);
	host_vmbus_rescind(device);
	partition_run(partition, PV_SECOND);
	assert_int_equal(users[0].rescinded, 1);
	assert_int_equal(sleep_and_run(partition), PV_OK);
	assert_int_equal(users[0].suspended, 1);
	assert_int_equal(users[0].resumed, 0);
	vmbus_depart(users[0].channel);
	partition_run(partition, PV_SECOND);
	assert_int_equal(users[0].detached, 1);
	assert_int_equal(partition->vmbus->count, 0);
}

/* ---- 38: at each moment, and with a host that fails -------------------- */

static void
test_h38_at_each_moment_of_an_open(void **state)
{
	struct partition *partition = *state;

	machine(partition);
	user_host(partition);
	partition_attach(partition, user_drivers);
	owner_of(partition)->sleep_time = PV_MILLISECOND;
	for (unsigned step = 0; step < 30; step++) {
		vmbus_channel_close(users[0].channel);
		assert_int_equal(user_open(&users[0], users[0].channel), PV_OK);
		partition_run(partition, step * 5000);
		users[0].opened = users[0].failed = 0;
		assert_int_equal(sleep_and_run(partition), PV_OK);
		assert_int_equal(users[0].opened, 1);
		assert_int_equal(users[0].failed, 0);
		assert_int_equal(users[0].channel->state, VMBUS_OPEN);
		assert_int_equal(host_hyperv_counts(partition->host)->gpadls,
		    1);
	}
	assert_int_equal(partition->device->stats.held, 0);
}

static void
go_silent(void *argument)
{
	host_hyperv_manners(argument)->silent = true;
}

/* Nobody is there any more: what depended on it is detached. */
static void
test_h38_a_host_that_is_silent_from_then_on(void **state)
{
	struct partition *partition = *state;

	machine(partition);
	user_host(partition);
	partition_attach(partition, user_drivers);
	owner_of(partition)->asleep = go_silent;
	owner_of(partition)->asleep_ctx = partition->host;
	assert_int_equal(sleep_and_run(partition), PV_OK);
	partition_run(partition, 20 * PV_SECOND);
	world_has_line(partition->world, "hyperv0: the host does not answer");
	assert_int_equal(users[0].rescinded, 1);
	assert_int_equal(users[0].detached, 1);
	partition_detach(partition);
	world_expect_leaked_pages(partition->world, 3);
}

/* 50: each hypercall of going and coming back. */
static void
test_h38_each_hypercall_fails(void **state)
{
	struct partition *partition = *state;
	const struct sim_counts *counts;
	unsigned lost = 0;

	machine(partition);
	counts = sim_machine_counts(partition->world->machine);
	for (unsigned nth = 1; nth < 16; nth++) {
		struct host_hyperv_manners *manners;

		users_reset();
		assert_true(
		    sim_machine_set_hyperv(partition->world->machine, &usual));
		partition->host = sim_machine_hyperv(partition->world->machine);
		user_host(partition);
		user_manners.no_open = true;
		partition_attach(partition, user_drivers);
		assert_int_equal(user_open(&users[0], users[0].channel), PV_OK);
		partition_run(partition, PV_SECOND);
		manners = host_hyperv_manners(partition->host);
		manners->fail_nth = nth;
		manners->fail_status = HV_STATUS_ACCESS_DENIED;
		assert_int_equal(sleep_and_run(partition), PV_OK);
		partition_run(partition, 20 * PV_SECOND);
		assert_int_equal(users[0].suspended, 1);
		assert_int_equal(users[0].resumed + users[0].rescinded, 1);
		lost += users[0].rescinded;
		partition_detach(partition);
		assert_int_equal(users[0].detached, 1);
		assert_int_equal(counts->memory, 0);
		assert_int_equal(counts->vectors, 0);
	}
	assert_in_range(lost, 0, 1);
	world_expect_leaked_pages(partition->world, counts->pages);
	/* what is leaked is of an UNLOAD that was not posted */
	assert_in_range(counts->pages, 0, 40);
}

/* A register that the host does not let us write. */
static int (*true_write)(void *, uint32_t, uint64_t);
static unsigned writes_left;

static int
fail_write(void *ctx, uint32_t msr, uint64_t value)
{
	if (writes_left > 0 && --writes_left == 0)
		return PV_EACCES;
	return true_write(ctx, msr, value);
}

static void
test_h38_each_register_fails(void **state)
{
	struct partition *partition = *state;
	const struct sim_counts *counts;
	struct pv_port *port;
	unsigned broken = 0;

	machine(partition);
	counts = sim_machine_counts(partition->world->machine);
	port = sim_machine_own_port(partition->world->machine);
	true_write = port->msr_write;
	port->msr_write = fail_write;
	for (unsigned nth = 1; nth < 30; nth++) {
		users_reset();
		assert_true(
		    sim_machine_set_hyperv(partition->world->machine, &usual));
		partition->host = sim_machine_hyperv(partition->world->machine);
		user_host(partition);
		writes_left = 0;
		partition_attach(partition, user_drivers);
		writes_left = nth;
		if (sleep_and_run(partition) != PV_OK) {
			assert_int_equal(partition->device->state,
			    PV_DEVICE_BROKEN);
			broken++;
		}
		writes_left = 0;
		partition_detach(partition);
		assert_int_equal(counts->memory, 0);
		assert_int_equal(counts->vectors, 0);
	}
	assert_in_range(broken, 5, 10);
	/* pages that the host may have are not given to others */
	world_expect_leaked_pages(partition->world, counts->pages);
	world_expect_violations(partition->world, counts->violations);
	assert_in_range(counts->pages, 0, 29 * 2);
}

/* ---- Saved by the host ------------------------------------------------- */

/* Which no guest notices but by its clock. */
static void
test_saved_by_the_host(void **state)
{
	struct partition *partition = *state;
	uint64_t before, after;

	machine(partition);
	user_host(partition);
	partition_attach(partition, user_drivers);
	assert_int_equal(hyperv_clock_read(partition->hyperv, &before), PV_OK);
	host_hyperv_jump(partition->host, 3600 * PV_SECOND);
	partition_run(partition, PV_SECOND);
	assert_int_equal(hyperv_clock_read(partition->hyperv, &after), PV_OK);
	assert_in_range(after - before, UINT64_C(36000000000),
	    UINT64_C(36020000000));
	assert_int_equal(users[0].suspended, 0);
	assert_int_equal(users[0].channel->state, VMBUS_OPEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		partition_test(test_all_is_there_again),
		partition_test(test_matched_by_instance),
		partition_test(test_sub_channels_are_asked_for_again),
		partition_test(test_it_cannot_sleep),
		partition_test(test_asleep_while_it_leaves),
		partition_test(test_h38_at_each_moment_of_an_open),
		partition_test(test_h38_a_host_that_is_silent_from_then_on),
		partition_test(test_h38_each_hypercall_fails),
		partition_test(test_h38_each_register_fails),
		partition_test(test_saved_by_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
