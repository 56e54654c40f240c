/* SPDX-License-Identifier: ISC */
/* The model of VMware as registers meet it: commands, channels, both protocols. */
#include "tests/support/raw_vmware.h"

static void
test_version_and_the_rest_that_is_known(void **state)
{
	struct host_vmware_config config = { .megahertz = 3100,
		.megabytes = 4096,
		.uuid = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
		    16 } };
	struct host_vmware *host = raw_vmware(*state, &config);
	struct host_backdoor r = hand_call(host, VMWARE_VERSION, 0);

	assert_int_equal(r.ax, 6);
	assert_int_equal(r.bx, VMWARE_MAGIC);
	assert_int_equal(hand_call(host, VMWARE_SPEED, 0).ax, 3100);
	assert_int_equal(hand_call(host, VMWARE_RAM, 0).ax, 4096);
	r = hand_call(host, VMWARE_UUID, 0);
	assert_int_equal(r.ax, 0x04030201);
	assert_int_equal(r.bx, 0x08070605);
	assert_int_equal(r.cx, 0x0c0b0a09);
	assert_int_equal(r.dx, 0x100f0e0d);
	raw_vmware_end(host, 0);
	assert_int_equal(host_vmware_counts(host)->exits, 4);
}

static void
test_an_unknown_command_is_all_ones_in_eax_alone(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct host_backdoor r = hand_call(host, VMWARE_VCPU_INFO, 77);

	assert_int_equal(r.ax, UINT32_MAX);
	assert_int_equal(r.bx, 77);
	assert_int_equal(r.cx, VMWARE_VCPU_INFO);
	raw_vmware_end(host, 0);
}

static void
test_no_magic_or_another_port_is_not_for_vmware(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct host_backdoor r = { .ax = VMWARE_MAGIC + 1,
		.cx = VMWARE_VERSION,
		.dx = VMWARE_PORT };

	host_vmware_backdoor(host, &r);
	assert_int_equal(r.ax, UINT32_MAX);
	assert_int_equal(r.bx, 0);
	r = (struct host_backdoor){ .ax = VMWARE_MAGIC,
		.cx = VMWARE_VERSION,
		.dx = 0x5660 };
	host_vmware_backdoor(host, &r);
	assert_int_equal(r.ax, UINT32_MAX);
	assert_int_equal(r.bx, 0);
	raw_vmware_end(host, 2);
}

static void
test_time_by_all_three_commands(void **state)
{
	struct world *world = *state;
	struct host_vmware_config config = {
		.wall = (5000000000ull * 1000000 + 123456) * 1000 -
		    sim_now(world->sim),
		.lag = 7000000,
	};
	struct host_vmware *host = raw_vmware(*state, &config);
	struct host_backdoor r = hand_call(host, VMWARE_TIME_FULL_LAG, 0);

	assert_int_equal(r.ax, VMWARE_MAGIC);
	assert_int_equal(r.si << 32 | r.dx, 5000000000ull);
	assert_int_equal(r.bx, 123456);
	assert_int_equal(r.cx, 7000);
	assert_int_equal(r.di, 7000);
	r = hand_call(host, VMWARE_TIME_FULL, 0);
	assert_int_equal(r.ax, VMWARE_MAGIC);
	assert_int_equal(r.si << 32 | r.dx, 5000000000ull);
	assert_int_equal(r.di, 0);
	r = hand_call(host, VMWARE_TIME, 0);
	assert_int_equal(r.ax, (uint32_t)5000000000ull);
	assert_int_equal(r.bx, 123456);
	host_vmware_step(host, -1000000000);
	r = hand_call(host, VMWARE_TIME_FULL, 0);
	assert_int_equal(r.si << 32 | r.dx, 4999999999ull);
	raw_vmware_end(host, 0);
}

static void
test_older_hosts_know_fewer_commands_for_time(void **state)
{
	struct host_vmware_config config = { .time_commands = 2 };
	struct host_vmware *host = raw_vmware(*state, &config);

	assert_int_equal(hand_call(host, VMWARE_TIME_FULL_LAG, 0).ax,
	    UINT32_MAX);
	assert_int_equal(hand_call(host, VMWARE_TIME_FULL, 0).ax, VMWARE_MAGIC);
	config.time_commands = 1;
	assert_true(
	    sim_machine_set_vmware(((struct world *)*state)->machine, &config));
	host = sim_machine_vmware(((struct world *)*state)->machine);
	assert_int_equal(hand_call(host, VMWARE_TIME_FULL_LAG, 0).ax,
	    UINT32_MAX);
	assert_int_equal(hand_call(host, VMWARE_TIME_FULL, 0).ax, UINT32_MAX);
	assert_int_equal(hand_call(host, VMWARE_TIME, 0).ax,
	    sim_now(((struct world *)*state)->sim) / PV_SECOND);
}

static void
test_what_linux_and_its_tools_ask_of_the_machine(void **state)
{
	struct host_vmware_config config = { .tsc_hz = 0x123456789ull,
		.apic_hz = 1000000000 };
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct host_backdoor r = hand_call(host, VMWARE_HZ, UINT32_MAX);

	/* not known: EBX stays what Linux looks at */
	assert_int_equal(r.bx, UINT32_MAX);
	host = raw_vmware(*state, &config);
	r = hand_call(host, VMWARE_HZ, UINT32_MAX);
	assert_int_equal(r.ax, 0x23456789);
	assert_int_equal(r.bx, 1);
	assert_int_equal(r.cx, 1000000000);
	r = hand_call(host, VMWARE_HARDWARE, 0);
	assert_int_equal(r.bx, VMWARE_MAGIC);
	assert_in_range(r.ax, 4, 100);
	/* a device in the list would be all ones, and without an end */
	assert_int_equal(hand_call(host, VMWARE_DEVICE_ELEMENT, 0).ax, 0);
	assert_int_equal(hand_call(host, VMWARE_DEVICE_TOGGLE, 0).ax, 0);
	raw_vmware_end(host, 0);
}

static void
test_the_option_to_keep_the_clock_stays(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct hand_channel channel;

	assert_int_equal(hand_call(host, VMWARE_OPTIONS, 0).ax, 0);
	assert_string_equal(hand_rpc(host, "vmx.set_option synctime 0 1"),
	    "1 ");
	assert_int_equal(hand_call(host, VMWARE_OPTIONS, 0).ax,
	    VMWARE_OPTION_SYNC);
	/* tools that come later are told so */
	assert_true(hand_open(host, VMWARE_TCLO | VMWARE_COOKIE, &channel));
	assert_string_equal(hand_tclo(&channel, ""), "reset");
	assert_string_equal(hand_tclo(&channel, "OK ATR toolbox"),
	    "Capabilities_Register");
	assert_string_equal(hand_tclo(&channel, "OK "),
	    "Set_Option synctime 1");
	hand_close(&channel);
	assert_string_equal(hand_rpc(host, "vmx.set_option synctime 1 0"),
	    "1 ");
	assert_int_equal(hand_call(host, VMWARE_OPTIONS, 0).ax, 0);
	raw_vmware_end(host, 0);
}

static void
test_keys_can_be_counted_off(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	unsigned seen = 0;
	const char *key;

	assert_null(host_vmware_info_key(host, 0));
	assert_true(host_vmware_set_info(host, "guestinfo.a", "1", 1));
	assert_true(host_vmware_set_info(host, "guestinfo.b", "2", 1));
	hand_rpc(host, "info-set guestinfo.c 3");
	assert_true(host_vmware_set_info(host, "guestinfo.a", NULL, 0));
	for (size_t n = 0; (key = host_vmware_info_key(host, n)) != NULL; n++)
		seen |= 1u << (key[10] - 'a');
	assert_int_equal(seen, 6);
	assert_null(host_vmware_info_key(host, SIZE_MAX));
	raw_vmware_end(host, 0);
}

/* One call by each form; what comes back is the same. */
static void
ask(struct host_vmware *host, uint32_t protocol, bool strings, unsigned way)
{
	static const char call[] = "info-get guestinfo.name";
	struct hand_channel channel;
	char reply[64];

	assert_true(hand_open(host, protocol, &channel));
	channel.strings = strings;
	channel.way = way;
	assert_int_equal(host_vmware_counts(host)->channels_open, 1);
	assert_int_equal(hand_receive(&channel, reply, sizeof(reply)), -2);
	assert_true(hand_send(&channel, call, sizeof(call)));
	assert_int_equal(hand_receive(&channel, reply, sizeof(reply)), 9);
	assert_string_equal(reply, "1 a value");
	assert_int_equal(hand_receive(&channel, reply, sizeof(reply)), -2);
	hand_close(&channel);
}

static void
test_a_call_of_the_guest_by_each_form(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);

	assert_true(host_vmware_set_info(host, "guestinfo.name", "a value", 7));
	for (unsigned form = 0; form < 8; form++)
		ask(host, VMWARE_RPCI | (form & 1 ? VMWARE_COOKIE : 0),
		    (form & 2) != 0, form & 4 ? 0 : VMWARE_PORT);
	assert_int_equal(host_vmware_counts(host)->rpcs, 8);
	assert_int_equal(host_vmware_counts(host)->strings, 8);
	raw_vmware_end(host, 0);
}

static void
test_a_call_with_strings_is_seven_exits(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);

	hand_rpc(host, "log a line that is longer than four bytes by far");
	/* open, size, bytes, size, bytes, status, close */
	assert_int_equal(host_vmware_counts(host)->exits, 7);
	assert_int_equal(host_vmware_counts(host)->strings, 2);
	raw_vmware_end(host, 0);
}

static void
test_vmcall_with_the_flag_reaches_the_string_form(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct hand_channel channel;
	char bytes[] = "log x";
	struct host_backdoor r;

	assert_true(hand_open(host, VMWARE_RPCI | VMWARE_COOKIE, &channel));
	assert_int_equal(hand_step(&channel, VMWARE_MESSAGE_SEND_SIZE, 5, NULL),
	    VMWARE_STATUS_SUCCESS | VMWARE_STATUS_HIGH);
	r = (struct host_backdoor){
		.ax = VMWARE_MAGIC,
		.bx = VMWARE_HIGH_SUCCESS << 16,
		.cx = 5,
		.dx = (uint32_t)channel.id << 16 | VMWARE_FLAG_HIGH |
		    VMWARE_FLAG_OUT,
		.si = (uintptr_t)bytes,
		.bp = channel.high,
		.di = channel.low,
	};
	host_vmware_backdoor(host, &r);
	assert_int_equal(r.bx >> 16, VMWARE_STATUS_SUCCESS);
	assert_string_equal(host_vmware_rpc(host, 0, NULL), "log x");
	hand_close(&channel);
	raw_vmware_end(host, 0);
}

static void
test_the_host_calls_reset_first_then_the_administrator(void **state)
{
	struct world *world = *state;
	struct host_vmware *host = raw_vmware(world, NULL);
	struct hand_channel channel;
	size_t size;

	assert_true(host_vmware_call(host, "ping", 4));
	assert_false(host_vmware_counts(host)->running);
	assert_true(hand_open(host, VMWARE_TCLO | VMWARE_COOKIE, &channel));
	assert_string_equal(hand_tclo(&channel, ""), "reset");
	assert_true(host_vmware_counts(host)->running);
	assert_string_equal(hand_tclo(&channel, "OK ATR toolbox"),
	    "Capabilities_Register");
	assert_string_equal(hand_tclo(&channel, "OK "),
	    "Set_Option synctime 0");
	assert_string_equal(hand_tclo(&channel, "ERROR Unknown Command"),
	    "Set_Option broadcastIP 1");
	assert_string_equal(hand_tclo(&channel, "OK "), "ping");
	assert_int_equal(host_vmware_answers(host), 0);
	assert_null(host_vmware_answer(host, 0, NULL));
	assert_string_equal(hand_tclo(&channel, "OK "), "");
	assert_int_equal(host_vmware_answers(host), 1);
	assert_string_equal(host_vmware_answer(host, 0, &size), "OK ");
	assert_int_equal(size, 3);
	hand_close(&channel);
	assert_int_equal(host_vmware_counts(host)->tclo_calls, 5);
	assert_int_equal(host_vmware_counts(host)->tclo_polls, 6);
	raw_vmware_end(host, 0);
	sim_advance(world->sim, sim_now(world->sim) + 31 * PV_SECOND);
	assert_false(host_vmware_counts(host)->running);
}

static void
test_a_silent_loop_is_pinged(void **state)
{
	struct world *world = *state;
	struct host_vmware *host = raw_vmware(world, NULL);
	struct hand_channel channel;

	hand_tools(host, &channel);
	sim_advance(world->sim, sim_now(world->sim) + 14 * PV_SECOND);
	assert_string_equal(hand_tclo(&channel, ""), "");
	sim_advance(world->sim, sim_now(world->sim) + PV_SECOND);
	assert_string_equal(hand_tclo(&channel, ""), "ping");
	assert_string_equal(hand_tclo(&channel, "OK "), "");
	hand_close(&channel);
	raw_vmware_end(host, 0);
}

static void
test_without_greetings_only_the_administrator_calls(void **state)
{
	struct host_vmware_config config = { .no_greeting = true };
	struct host_vmware *host = raw_vmware(*state, &config);
	struct hand_channel channel;

	assert_true(hand_open(host, VMWARE_TCLO | VMWARE_COOKIE, &channel));
	assert_string_equal(hand_tclo(&channel, ""), "");
	assert_true(host_vmware_call(host, "a\0b", 3));
	assert_string_equal(hand_tclo(&channel, ""), "a");
	assert_string_equal(hand_tclo(&channel, "OK "), "");
	hand_close(&channel);
	raw_vmware_end(host, 0);
}

static void
test_only_the_main_service_gets_calls(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct hand_channel channel, other;

	assert_true(hand_open(host, VMWARE_TCLO | VMWARE_COOKIE, &other));
	assert_string_equal(hand_tclo(&other, ""), "reset");
	assert_string_equal(hand_tclo(&other, "OK ATR toolbox-dnd"), "");
	hand_tools(host, &channel);
	assert_true(host_vmware_call(host, "ping", 4));
	assert_string_equal(hand_tclo(&other, ""), "");
	assert_string_equal(hand_tclo(&channel, ""), "ping");
	hand_close(&other);
	hand_close(&channel);
	/* its answer is lost with the channel */
	assert_int_equal(host_vmware_answers(host), 1);
	assert_null(host_vmware_answer(host, 0, NULL));
	raw_vmware_end(host, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_version_and_the_rest_that_is_known),
		world_test(test_an_unknown_command_is_all_ones_in_eax_alone),
		world_test(test_no_magic_or_another_port_is_not_for_vmware),
		world_test(test_time_by_all_three_commands),
		world_test(test_older_hosts_know_fewer_commands_for_time),
		world_test(test_what_linux_and_its_tools_ask_of_the_machine),
		world_test(test_the_option_to_keep_the_clock_stays),
		world_test(test_keys_can_be_counted_off),
		world_test(test_a_call_of_the_guest_by_each_form),
		world_test(test_a_call_with_strings_is_seven_exits),
		world_test(test_vmcall_with_the_flag_reaches_the_string_form),
		world_test(
		    test_the_host_calls_reset_first_then_the_administrator),
		world_test(test_a_silent_loop_is_pinged),
		world_test(test_without_greetings_only_the_administrator_calls),
		world_test(test_only_the_main_service_gets_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
