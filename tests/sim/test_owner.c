/* SPDX-License-Identifier: ISC */
/* What port/sim says of its guest and writes down, as the drivers' tests rely on
 * it. */
#include "tests/support/hyperv_host.h"

static struct sim_owner *owner;
static const struct pv_port *port;

static void
begin(void **state, const char *faces)
{
	struct world *world = *state;

	world_machine(world, faces);
	owner = sim_machine_owner(world->machine);
	port = sim_machine_port(world->machine);
}

static void
test_facts_have_a_length(void **state)
{
	char text[32];

	begin(state, "none");
	owner->facts[PV_FACT_OS_NAME] = "Plan 9";
	memset(text, 'x', sizeof(text));
	assert_int_equal(port->fact(port->ctx, PV_FACT_OS_NAME, text, 7), 6);
	assert_string_equal(text, "Plan 9");
	memset(text, 'x', sizeof(text));
	assert_int_equal(port->fact(port->ctx, PV_FACT_OS_NAME, text, 6), 6);
	assert_int_equal(text[0], 'x');
	owner->facts[PV_FACT_OS_NAME] = NULL;
	assert_int_equal(port->fact(port->ctx, PV_FACT_OS_NAME, text, 32),
	    PV_ENOENT);
	owner->fails.fact = PV_EIO;
	assert_int_equal(port->fact(port->ctx, PV_FACT_OS_VERSION, text, 32),
	    PV_EIO);
}

static void
test_interfaces_are_set_by_mac(void **state)
{
	struct pv_netif netif = { .name = "em0", .mac = { 2, 0, 0, 0, 0, 1 } };

	begin(state, "none");
	assert_int_equal(port->netif(port->ctx, 0, &netif), PV_ENOENT);
	owner->netifs[0] = netif;
	owner->netif_count = 1;
	memset(&netif, 0, sizeof(netif));
	netif.mac[0] = 2;
	assert_int_equal(port->netif_set(port->ctx, &netif), PV_ENODEV);
	netif.mac[5] = 1;
	netif.dhcp4 = true;
	assert_int_equal(port->netif_set(port->ctx, &netif), PV_OK);
	assert_int_equal(owner->netif_sets, 2);
	memset(&netif, 0, sizeof(netif));
	assert_int_equal(port->netif(port->ctx, 0, &netif), PV_OK);
	assert_string_equal(netif.name, "em0");
	assert_true(netif.dhcp4);
	owner->fails.netif_set = PV_EACCES;
	assert_int_equal(port->netif_set(port->ctx, &netif), PV_EACCES);
}

static void
test_pools_are_kept(void **state)
{
	char bytes[8] = "xxxxxxx";

	begin(state, "none");
	assert_int_equal(port->pool_read(port->ctx, 1, bytes, 8), PV_ENOENT);
	assert_int_equal(port->pool_write(port->ctx, 1, "0123456789", 10),
	    PV_OK);
	assert_int_equal(port->pool_read(port->ctx, 1, bytes, 4), 10);
	assert_memory_equal(bytes, "0123xxx", 8);
	assert_int_equal(port->pool_write(port->ctx, 1, NULL, 0), PV_OK);
	assert_int_equal(port->pool_read(port->ctx, 1, bytes, 4), 0);
	sim_machine_set_pool(((struct world *)*state)->machine, 1, NULL, 0);
	assert_int_equal(port->pool_read(port->ctx, 1, bytes, 4), PV_ENOENT);
	owner->fails.pool_write = PV_EIO;
	assert_int_equal(port->pool_write(port->ctx, 1, "", 1), PV_EIO);
	assert_int_equal(port->pool_read(port->ctx, 1, bytes, 4), PV_ENOENT);
	owner->fails.pool_read = PV_EIO;
	assert_int_equal(port->pool_read(port->ctx, 1, bytes, 4), PV_EIO);
	assert_int_equal(owner->pool_writes, 3);
	assert_int_equal(owner->pool_reads, 6);
}

static void
test_reasons_time_and_freezing_are_written_down(void **state)
{
	begin(state, "none");
	port->request(port->ctx, PV_REQUEST_SHUTDOWN,
	    &(struct pv_reason){ true, "a reason" });
	assert_true(owner->reasons[PV_REQUEST_SHUTDOWN].forced);
	assert_string_equal(owner->reasons[PV_REQUEST_SHUTDOWN].text,
	    "a reason");
	port->request(port->ctx, PV_REQUEST_SHUTDOWN, NULL);
	assert_false(owner->reasons[PV_REQUEST_SHUTDOWN].forced);
	assert_false(owner->reasons[PV_REQUEST_SHUTDOWN].has_text);
	assert_int_equal(sim_machine_counts(((struct world *)*state)->machine)
			     ->requests[PV_REQUEST_SHUTDOWN],
	    2);
	assert_int_equal(port->time(port->ctx, PV_TIME_SYNC, 5, 6), PV_OK);
	assert_int_equal(owner->times[PV_TIME_SYNC], 1);
	assert_int_equal(owner->time_wall, 5);
	assert_int_equal(owner->time_at, 6);
	owner->freeze_again = 1;
	assert_int_equal(port->freeze(port->ctx, true), PV_EAGAIN);
	assert_false(owner->frozen);
	assert_int_equal(port->freeze(port->ctx, true), PV_OK);
	assert_true(owner->frozen);
	assert_int_equal(port->freeze(port->ctx, false), PV_OK);
	assert_false(owner->frozen);
	owner->fails.freeze = PV_EIO;
	assert_int_equal(port->freeze(port->ctx, true), PV_EIO);
	assert_false(owner->frozen);
	assert_int_equal(owner->freezes, 2);
	assert_int_equal(owner->thaws, 1);
}

static struct echo *left, *come;

static void
change_devices(void *ctx)
{
	struct host_hyperv *host = ctx;

	host_vmbus_rescind(left->device);
	come = echo_new(host, false);
}

/* Hibernation: the hypervisor begins anew, with what is there then. */
static void
test_sleep_makes_hyperv_forget(void **state)
{
	struct world *world = *state;
	struct raw_hv *guest = raw_hv_new(world, 1, NULL);
	struct raw_channel *channel;
	struct hv_guid instance;
	uint64_t before;

	owner = sim_machine_owner(world->machine);
	port = sim_machine_port(world->machine);
	left = echo_new(guest->host, false);
	raw_hv_connect(guest, HV_VMBUS_5_3);
	raw_hv_offers(guest);
	channel = raw_channel_new(guest, &guest->offers[0], 2, 0);
	host_hyperv_raise(guest->host, 0, 99); /* on its way */
	owner->asleep = change_devices;
	owner->asleep_ctx = guest->host;
	before = sim_now(world->sim);
	assert_int_equal(port->sleep(port->ctx), PV_OK);
	assert_int_equal(sim_now(world->sim) - before, 60 * PV_SECOND);
	assert_int_equal(left->freed, 1);
	assert_int_equal(host_hyperv_counts(guest->host)->version, 0);
	assert_int_equal(host_hyperv_counts(guest->host)->gpadls, 0);
	assert_int_equal(raw_hv_read(guest, 0, HV_MSR_GUEST_OS_ID), 0);
	/* another guest, it seems */
	raw_hv_write(guest, 0, HV_MSR_GUEST_OS_ID, 1);
	raw_hv_write(guest, 0, HV_MSR_HYPERCALL,
	    guest->call_physical | HV_PLACE_ENABLE);
	raw_hv_write(guest, 0, HV_MSR_SIMP,
	    guest->message_physical[0] | HV_PLACE_ENABLE);
	raw_hv_write(guest, 0, HV_MSR_SCONTROL, HV_SCONTROL_ENABLE);
	raw_hv_connect(guest, HV_VMBUS_5_3);
	raw_hv_offers(guest);
	assert_int_equal(guest->offer_count, 1);
	instance = host_vmbus_instance(come->device);
	assert_memory_equal(&guest->offers[0].instance, &instance,
	    sizeof(instance));
	raw_hv_unload(guest);
	owner->fails.sleep = PV_EIO;
	assert_int_equal(port->sleep(port->ctx), PV_EIO);
	assert_int_equal(owner->sleeps, 1);
	raw_channel_free(channel);
	free(left);
	echo_free(come);
	raw_hv_free(guest);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_facts_have_a_length),
		world_test(test_interfaces_are_set_by_mac),
		world_test(test_pools_are_kept),
		world_test(test_reasons_time_and_freezing_are_written_down),
		world_test(test_sleep_makes_hyperv_forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
