/* SPDX-License-Identifier: ISC */
/* VMware through the port of a simulated machine: ways in, streams, what ends a
 * wait, and what the owner says of the guest. */
#include "tests/support/raw_vmware.h"
#include "wire/cpuid.h"

struct machine {
	struct world *world;
	const struct pv_port *port;
	struct sim_owner *owner;
	struct host_vmware *host;
};

static struct machine
make(void **state, const struct host_vmware_config *config)
{
	struct machine m = { .world = *state };

	m.host = raw_vmware(m.world, config);
	m.port = sim_machine_port(m.world->machine);
	m.owner = sim_machine_owner(m.world->machine);
	return m;
}

static int
ask(const struct machine *m, enum pv_backdoor_way way, unsigned dx)
{
	struct pv_backdoor r = { .ax = VMWARE_MAGIC,
		.cx = VMWARE_VERSION,
		.dx = dx };
	int error = m->port->backdoor(m->port->ctx, way, &r);

	if (error == PV_OK)
		assert_int_equal(r.bx, VMWARE_MAGIC);
	return error;
}

static void
test_the_ways_are_those_of_cpuid(void **state)
{
	for (unsigned calls = 0; calls < 4; calls++) {
		struct host_vmware_config config = { .calls = calls };
		struct machine m = make(state, &config);
		struct pv_cpuid leaf;

		m.port->cpuid(m.port->ctx, CPUID_HV_FIRST + VMWARE_LEAF_CALL, 0,
		    &leaf);
		assert_int_equal(leaf.ecx, calls);
		m.port->cpuid(m.port->ctx, CPUID_HV_FIRST, 0, &leaf);
		assert_int_equal(leaf.eax, CPUID_HV_FIRST + VMWARE_LEAF_CALL);
		assert_int_equal(ask(&m, PV_BACKDOOR_PORT, VMWARE_PORT), PV_OK);
		assert_int_equal(ask(&m, PV_BACKDOOR_VMCALL, 0),
		    calls & VMWARE_CALL_VMCALL ? PV_OK : PV_ENODEV);
		assert_int_equal(ask(&m, PV_BACKDOOR_VMMCALL, 0),
		    calls & VMWARE_CALL_VMMCALL ? PV_OK : PV_ENODEV);
	}
}

static void
test_a_port_is_not_for_vmcall_nor_flags_for_the_port(void **state)
{
	struct machine m = make(state, NULL);

	assert_int_equal(ask(&m, PV_BACKDOOR_VMCALL, VMWARE_PORT), PV_ENODEV);
	assert_int_equal(ask(&m, PV_BACKDOOR_PORT, 0), PV_ENODEV);
	world_expect_violations(m.world, 2);
}

static void
test_there_is_no_backdoor_elsewhere(void **state)
{
	struct world *world = *state;
	struct pv_backdoor r = { .ax = VMWARE_MAGIC, .dx = VMWARE_PORT };
	struct host_vmware_config config = { 0 };
	const struct pv_port *port;

	world_machine(world, "kvm");
	port = sim_machine_port(world->machine);
	assert_int_equal(port->backdoor(port->ctx, PV_BACKDOOR_PORT, &r),
	    PV_ENODEV);
	assert_int_equal(port->backdoor_string(port->ctx, PV_BACKDOOR_PORT,
			     true, &r),
	    PV_ENODEV);
	assert_int_equal(port->vsock_open(port->ctx, VMWARE_VSOCK_RPCI, true),
	    PV_ENODEV);
	assert_null(sim_machine_vmware(world->machine));
	assert_false(sim_machine_set_vmware(world->machine, &config));
}

static void
test_strings_go_through_memory_of_the_caller(void **state)
{
	struct machine m = make(state, NULL);
	struct hand_channel channel;
	char bytes[] = "log x";
	struct pv_backdoor r;

	assert_true(hand_open(m.host, VMWARE_RPCI | VMWARE_COOKIE, &channel));
	assert_int_not_equal(hand_step(&channel, VMWARE_MESSAGE_SEND_SIZE, 5,
				 NULL),
	    0);
	r = (struct pv_backdoor){
		.ax = VMWARE_MAGIC,
		.bx = VMWARE_HIGH_SUCCESS << 16,
		.cx = 5,
		.dx = (uint32_t)channel.id << 16 | VMWARE_PORT_HIGH,
		.si = (uintptr_t)bytes,
		.di = channel.low,
		.bp = channel.high,
	};
	assert_int_equal(m.port->backdoor_string(m.port->ctx, PV_BACKDOOR_PORT,
			     true, &r),
	    PV_OK);
	assert_int_equal(r.bx >> 16, 1);
	assert_string_equal(host_vmware_rpc(m.host, 0, NULL), bytes);
	hand_close(&channel);
	raw_vmware_end(m.host, 0);
}

static void
test_streams_in_parts_of_any_size(void **state)
{
	struct host_vmware_config config = { .vsock = true };
	struct machine m = make(state, &config);
	int stream = m.port->vsock_open(m.port->ctx, VMWARE_VSOCK_RPCI, true);
	uint8_t packet[64], answer[64];
	size_t size = hand_packet(packet, "log x", 5, true), done = 0;
	long got;

	assert_true(stream >= 0);
	while (done < size) {
		assert_int_equal(m.port->vsock_read(m.port->ctx, stream, answer,
				     64),
		    PV_EAGAIN);
		got = m.port->vsock_write(m.port->ctx, stream, packet + done,
		    size - done);
		assert_true(got > 0);
		done += (size_t)got;
	}
	for (done = 0;; done += (size_t)got) {
		got = m.port->vsock_read(m.port->ctx, stream, answer + done,
		    sizeof(answer) - done);
		if (got <= 0)
			break;
	}
	assert_int_equal(done, 34);
	assert_int_equal(got, PV_ENODEV);
	assert_int_equal(m.port->vsock_write(m.port->ctx, stream, packet, 1),
	    PV_ENODEV);
	m.port->vsock_close(m.port->ctx, stream);
	raw_vmware_end(m.host, 0);
}

static void
test_a_refusal_of_a_stream_says_which(void **state)
{
	struct host_vmware_config config = { .vsock = true,
		.vsock_unprivileged_refused = true };
	struct machine m = make(state, &config);

	assert_int_equal(m.port->vsock_open(m.port->ctx, VMWARE_VSOCK_RPCI,
			     false),
	    PV_EACCES);
	assert_int_equal(m.port->vsock_open(m.port->ctx, 5, true), PV_EBUSY);
	config.vsock = false;
	m = make(state, &config);
	assert_int_equal(m.port->vsock_open(m.port->ctx, VMWARE_VSOCK_RPCI,
			     true),
	    PV_ENODEV);
}

/* A wait of an hour, and whether it was one. */
static bool
waits(const struct machine *m)
{
	uint64_t now = sim_now(m->world->sim), hour = 3600 * PV_SECOND;

	m->port->wait(m->port->ctx, now + hour);
	return sim_now(m->world->sim) >= now + hour / 2;
}

static void
test_what_ends_a_wait_and_only_once(void **state)
{
	struct host_vmware_config config = { .vsock = true,
		.no_greeting = true };
	struct machine m = make(state, &config);
	int stream = m.port->vsock_open(m.port->ctx, VMWARE_VSOCK_TCLO, true);

	assert_true(waits(&m));
	assert_true(host_vmware_call(m.host, "ping", 4));
	assert_false(waits(&m));
	assert_true(waits(&m));
	m.owner->netif_changes++;
	assert_int_equal(m.port->netif_changes(m.port->ctx), 1);
	assert_false(waits(&m));
	assert_true(waits(&m));
	host_vmware_resume(m.host);
	assert_false(waits(&m));
	assert_true(waits(&m));
	m.port->vsock_close(m.port->ctx, stream);
}

static void
test_routes_file_systems_and_facts(void **state)
{
	struct machine m = make(state, NULL);
	struct pv_filesystem filesystem;
	struct pv_route route;
	char text[64];
	uint64_t available, committed;

	assert_int_equal(m.port->route(m.port->ctx, 0, &route), PV_ENOENT);
	assert_int_equal(m.port->filesystem(m.port->ctx, 0, &filesystem),
	    PV_ENOENT);
	m.owner->routes[0].metric = 7;
	m.owner->route_count = 1;
	m.owner->filesystems[0].size = 8;
	m.owner->filesystem_count = 1;
	assert_int_equal(m.port->route(m.port->ctx, 0, &route), PV_OK);
	assert_int_equal(route.metric, 7);
	assert_int_equal(m.port->route(m.port->ctx, 1, &route), PV_ENOENT);
	assert_int_equal(m.port->filesystem(m.port->ctx, 0, &filesystem),
	    PV_OK);
	assert_int_equal(filesystem.size, 8);
	m.owner->fails.route = m.owner->fails.filesystem = PV_EIO;
	assert_int_equal(m.port->route(m.port->ctx, 0, &route), PV_EIO);
	assert_int_equal(m.port->filesystem(m.port->ctx, 0, &filesystem),
	    PV_EIO);
	for (unsigned fact = 0; fact < PV_FACT_NETIFS_LEFT_OUT; fact++)
		assert_true(
		    m.port->fact(m.port->ctx, fact, text, sizeof(text)) > 0);
	assert_int_equal(m.port->memory(m.port->ctx, &available, &committed),
	    PV_ENOTSUP);
	m.owner->memory_available = 5;
	assert_int_equal(m.port->memory(m.port->ctx, &available, &committed),
	    PV_OK);
	assert_int_equal(available, 5);
}

static void
test_sleep_ends_all_channels(void **state)
{
	struct machine m = make(state, NULL);
	struct hand_channel channel;

	assert_true(hand_open(m.host, VMWARE_RPCI | VMWARE_COOKIE, &channel));
	assert_int_equal(m.port->sleep(m.port->ctx), PV_OK);
	raw_vmware_end(m.host, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_the_ways_are_those_of_cpuid),
		world_test(
		    test_a_port_is_not_for_vmcall_nor_flags_for_the_port),
		world_test(test_there_is_no_backdoor_elsewhere),
		world_test(test_strings_go_through_memory_of_the_caller),
		world_test(test_streams_in_parts_of_any_size),
		world_test(test_a_refusal_of_a_stream_says_which),
		world_test(test_what_ends_a_wait_and_only_once),
		world_test(test_routes_file_systems_and_facts),
		world_test(test_sleep_ends_all_channels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
