/* SPDX-License-Identifier: ISC */
/* The model's registers, hypercall page and hypercalls, by the TLFS. */
#include "tests/support/hyperv_host.h"

#define SIGNAL (HV_HC_SIGNAL_EVENT | HV_INPUT_FAST)

static void
test_page_is_there_only_with_an_identity(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);
	static const uint8_t code[] = { 0x0f, 0x01, 0xc1, 0xc3 };

	assert_memory_equal(guest->call_page, code, sizeof(code));
	assert_int_equal(raw_hv_read(guest, 0, HV_MSR_HYPERCALL),
	    guest->call_physical | HV_PLACE_ENABLE);
	raw_hv_write(guest, 0, HV_MSR_GUEST_OS_ID, 0);
	assert_int_equal(raw_hv_read(guest, 0, HV_MSR_HYPERCALL),
	    guest->call_physical);
	assert_memory_not_equal(guest->call_page, code, sizeof(code));
	raw_hv_write(guest, 0, HV_MSR_HYPERCALL,
	    guest->call_physical | HV_PLACE_ENABLE);
	assert_int_equal(raw_hv_read(guest, 0, HV_MSR_HYPERCALL),
	    guest->call_physical);
	raw_hv_free(guest);
}

static void
test_page_covers_what_comes_back(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1,
	    &(struct host_hyperv_config){ .vmmcall = true });
	uint8_t *bytes = guest->call_page;

	assert_int_equal(bytes[2], 0xd9);
	raw_hv_write(guest, 0, HV_MSR_HYPERCALL, 0);
	assert_int_equal(bytes[0], 0);
	memset(bytes, 0x5a, HV_PAGE_SIZE);
	raw_hv_write(guest, 0, HV_MSR_HYPERCALL,
	    guest->call_physical | HV_PLACE_ENABLE);
	assert_int_equal(bytes[0], 0x0f);
	raw_hv_write(guest, 0, HV_MSR_HYPERCALL, guest->call_physical);
	for (unsigned i = 0; i < HV_PAGE_SIZE; i++)
		assert_int_equal(bytes[i], 0x5a);
	raw_hv_free(guest);
}

static void
test_locked_page_stays(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);
	uint64_t value = guest->call_physical | HV_PLACE_ENABLE |
	    HV_HYPERCALL_LOCKED;

	raw_hv_write(guest, 0, HV_MSR_HYPERCALL, value);
	raw_hv_write(guest, 0, HV_MSR_HYPERCALL, 0);
	assert_int_equal(raw_hv_read(guest, 0, HV_MSR_HYPERCALL), value);
	host_hyperv_reset(guest->host, true, true);
	assert_int_equal(raw_hv_read(guest, 0, HV_MSR_HYPERCALL), 0);
	raw_hv_free(guest);
}

static void
test_hypercall_by_a_page_that_is_none_is_a_violation(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);

	raw_hv_write(guest, 0, HV_MSR_HYPERCALL, 0);
	assert_int_equal(raw_hv_call(guest, SIGNAL, 1),
	    HV_STATUS_INVALID_HYPERCALL_CODE);
	assert_int_equal(host_hyperv_counts(guest->host)->hypercalls, 0);
	world_expect_violations(*state, 1);
	raw_hv_free(guest);
}

static void
test_input_value_is_checked(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);
	/* reserved bits 27 to 30, 44 to 47 and 60 to 63 */
	static const unsigned reserved[] = { 27, 28, 29, 30, 44, 45, 46, 47, 60,
		61, 62, 63 };
	/* head, nested, reps, the first of them */
	static const unsigned simple[] = { 17, 26, 31, 32, 43, 48, 59 };

	for (unsigned i = 0; i < 12; i++)
		assert_int_equal(raw_hv_call(guest,
				     SIGNAL | 1ull << reserved[i], 2),
		    HV_STATUS_INVALID_HYPERCALL_INPUT);
	for (unsigned i = 0; i < 7; i++)
		assert_int_equal(raw_hv_call(guest, SIGNAL | 1ull << simple[i],
				     2),
		    HV_STATUS_INVALID_HYPERCALL_INPUT);
	assert_int_equal(raw_hv_call(guest, HV_HC_POST_MESSAGE | HV_INPUT_FAST,
			     guest->input),
	    HV_STATUS_INVALID_HYPERCALL_INPUT);
	assert_int_equal(raw_hv_call(guest, 0, 0),
	    HV_STATUS_INVALID_HYPERCALL_CODE);
	assert_int_equal(raw_hv_call(guest, HV_HC_FLUSH_ADDRESS_SPACE, 0),
	    HV_STATUS_INVALID_HYPERCALL_CODE);
	assert_int_equal(raw_hv_call(guest, 0xffff, 0),
	    HV_STATUS_INVALID_HYPERCALL_CODE);
	raw_hv_free(guest);
}

static void
test_input_is_aligned_and_in_one_page(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);

	for (unsigned i = 1; i < 8; i++)
		assert_int_equal(raw_hv_call(guest, HV_HC_POST_MESSAGE,
				     guest->input + i),
		    HV_STATUS_INVALID_ALIGNMENT);
	assert_int_equal(raw_hv_call(guest, HV_HC_POST_MESSAGE,
			     guest->input + HV_PAGE_SIZE - 248),
	    HV_STATUS_INVALID_ALIGNMENT);
	assert_int_equal(raw_hv_call(guest, HV_HC_SIGNAL_EVENT,
			     guest->input + 4),
	    HV_STATUS_INVALID_ALIGNMENT);
	assert_int_equal(raw_hv_call(guest, HV_HC_POST_MESSAGE, 0xdead0000),
	    HV_STATUS_INVALID_PARAMETER);
	world_expect_violations(*state, 1);
	raw_hv_free(guest);
}

static void
test_messages_are_checked(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);
	uint8_t bytes[HV_MESSAGE_PAYLOAD] = { 0 };

	assert_int_equal(raw_hv_post(guest, 1, 0, bytes, 8),
	    HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(raw_hv_post(guest, 1, HV_MESSAGE_TIMER_EXPIRED, bytes,
			     8),
	    HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(raw_hv_post(guest, 1, HV_MESSAGE_VMBUS, bytes,
			     sizeof(bytes) + 1),
	    HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(host_hyperv_counts(guest->host)->violations, 3);
	assert_int_equal(raw_hv_post(guest, 2, HV_MESSAGE_VMBUS, bytes, 8),
	    HV_STATUS_INVALID_CONNECTION_ID);
	assert_int_equal(raw_hv_post(guest, 0, HV_MESSAGE_VMBUS, bytes, 8),
	    HV_STATUS_INVALID_CONNECTION_ID);
	assert_int_equal(raw_hv_post(guest, 1, HV_MESSAGE_VMBUS, bytes,
			     sizeof(bytes)),
	    HV_STATUS_SUCCESS);
	assert_int_equal(raw_hv_post(guest, 4, HV_MESSAGE_VMBUS, bytes, 8),
	    HV_STATUS_SUCCESS);
	assert_int_equal(host_hyperv_counts(guest->host)->posts, 2);
	raw_hv_expect_none(guest);
	assert_int_equal(host_hyperv_counts(guest->host)->refused, 2);
	raw_hv_free(guest);
}

static void
test_old_hosts_have_no_second_connection(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1,
	    &(struct host_hyperv_config){ .version_max = HV_VMBUS_4_1 });
	uint8_t bytes[8] = { 0 };

	assert_int_equal(raw_hv_post(guest, 4, HV_MESSAGE_VMBUS, bytes, 8),
	    HV_STATUS_INVALID_CONNECTION_ID);
	raw_hv_free(guest);
}

static void
test_message_buffers_run_out_and_come_back(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);
	uint8_t bytes[8] = { 0 };
	unsigned posted = 0;

	while (raw_hv_post(guest, 1, HV_MESSAGE_VMBUS, bytes, 8) ==
	    HV_STATUS_SUCCESS)
		assert_true(++posted < 1000);
	assert_int_equal(raw_hv_post(guest, 1, HV_MESSAGE_VMBUS, bytes, 8),
	    HV_STATUS_INSUFFICIENT_BUFFERS);
	pass(*state, PV_MILLISECOND);
	assert_int_equal(raw_hv_post(guest, 1, HV_MESSAGE_VMBUS, bytes, 8),
	    HV_STATUS_SUCCESS);
	assert_int_equal(host_hyperv_counts(guest->host)->posts, posted + 1);
	raw_hv_free(guest);
}

static void
test_signals_need_a_connection(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);
	struct echo *echo = echo_new(guest->host, false);
	struct hv_signal_event *slow = guest->input_page;
	struct raw_channel *channel;
	uint32_t connection;

	assert_int_equal(raw_hv_signal(guest, 0, 0),
	    HV_STATUS_INVALID_CONNECTION_ID);
	assert_int_equal(raw_hv_signal(guest, 2, 0),
	    HV_STATUS_INVALID_CONNECTION_ID);
	raw_hv_connect(guest, HV_VMBUS_5_3);
	raw_hv_offers(guest);
	connection = guest->offers[0].connection;
	/* offered, and not open */
	assert_int_equal(raw_hv_signal(guest, connection, 0),
	    HV_STATUS_INVALID_CONNECTION_ID);
	channel = raw_channel_new(guest, &guest->offers[0], 2, 0);
	pass(*state, PV_MILLISECOND);
	echo->signalled = 0;
	assert_int_equal(raw_hv_signal(guest, connection, 1),
	    HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(raw_hv_signal(guest, connection, 0),
	    HV_STATUS_SUCCESS);
	/* never from inside the call */
	assert_int_equal(echo->signalled, 0);
	pass(*state, PV_MILLISECOND);
	assert_int_equal(echo->signalled, 1);
	*slow = (struct hv_signal_event){ .connection = connection };
	assert_int_equal(raw_hv_call(guest, HV_HC_SIGNAL_EVENT, guest->input),
	    HV_STATUS_SUCCESS);
	pass(*state, PV_MILLISECOND);
	assert_int_equal(echo->signalled, 2);
	assert_int_equal(host_hyperv_counts(guest->host)->signals, 6);
	raw_channel_close(channel);
	assert_int_equal(raw_hv_signal(guest, connection, 0),
	    HV_STATUS_INVALID_CONNECTION_ID);
	raw_channel_free(channel);
	raw_hv_unload(guest);
	echo_free(echo);
	raw_hv_free(guest);
}

static void
test_manner_fail_nth(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);
	struct host_hyperv_manners *manners = host_hyperv_manners(guest->host);
	uint8_t bytes[8] = { 0 };

	manners->fail_nth = 2;
	manners->fail_code = HV_HC_POST_MESSAGE;
	manners->fail_status = HV_STATUS_INSUFFICIENT_MEMORY;
	manners->fail_count = 3;
	assert_int_equal(raw_hv_post(guest, 1, HV_MESSAGE_VMBUS, bytes, 8),
	    HV_STATUS_SUCCESS);
	assert_int_equal(raw_hv_signal(guest, 0, 0),
	    HV_STATUS_INVALID_CONNECTION_ID);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(raw_hv_post(guest, 1, HV_MESSAGE_VMBUS, bytes,
				     8),
		    HV_STATUS_INSUFFICIENT_MEMORY);
	assert_int_equal(raw_hv_post(guest, 1, HV_MESSAGE_VMBUS, bytes, 8),
	    HV_STATUS_SUCCESS);
	manners->fail_nth = 1;
	manners->fail_code = 0;
	assert_int_equal(raw_hv_signal(guest, 0, 0),
	    HV_STATUS_INSUFFICIENT_MEMORY);
	assert_int_equal(raw_hv_signal(guest, 0, 0),
	    HV_STATUS_INVALID_CONNECTION_ID);
	raw_hv_free(guest);
}

static void
test_registers_that_are_not_there_fault(void **state)
{
	static const uint32_t none[] = { 0x3fffffff, 0x40000004, 0x40000070,
		0x40000071, 0x40000072, 0x40000074, 0x40000085, 0x4000008f,
		0x400000a0, 0x400000af, 0x400000b8, 0x400000f0, 0x40000106,
		0x400001ff, 0x40000200 };
	static const uint32_t read_only[] = { HV_MSR_VP_INDEX,
		HV_MSR_REFERENCE_COUNTER, HV_MSR_SVERSION, HV_MSR_TSC_FREQUENCY,
		HV_MSR_APIC_FREQUENCY, HV_MSR_VP_RUNTIME };
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);
	uint64_t value;

	for (unsigned i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_int_equal(raw_hv_try_read(guest, 0, none[i], &value),
		    PV_EACCES);
		assert_int_equal(raw_hv_try_write(guest, 0, none[i], 0),
		    PV_EACCES);
	}
	for (unsigned i = 0; i < sizeof(read_only) / sizeof(read_only[0]);
	     i++) {
		raw_hv_read(guest, 0, read_only[i]);
		assert_int_equal(raw_hv_try_write(guest, 0, read_only[i], 0),
		    PV_EACCES);
	}
	assert_int_equal(raw_hv_read(guest, 0, HV_MSR_TSC_FREQUENCY),
	    2000000000u);
	assert_int_equal(raw_hv_read(guest, 0, HV_MSR_SVERSION), 1);
	raw_hv_free(guest);
}

static void
test_each_vcpu_has_its_index(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 4, NULL);

	for (unsigned cpu = 0; cpu < 4; cpu++) {
		assert_int_equal(raw_hv_read(guest, cpu, HV_MSR_VP_INDEX), cpu);
		raw_hv_write(guest, cpu, HV_MSR_VP_ASSIST, cpu << 12);
		assert_int_equal(raw_hv_read(guest, cpu, HV_MSR_VP_ASSIST),
		    cpu << 12);
	}
	raw_hv_free(guest);
}

static void
test_crash_is_told(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);
	const struct host_hyperv_counts *counts = host_hyperv_counts(
	    guest->host);

	assert_true(
	    (raw_hv_read(guest, 0, HV_MSR_CRASH_CTL) & HV_CRASH_NOTIFY) != 0);
	for (unsigned i = 0; i < 5; i++)
		raw_hv_write(guest, 0, HV_MSR_CRASH_P0 + i, 100 + i);
	raw_hv_write(guest, 0, HV_MSR_CRASH_CTL, 0);
	assert_false(counts->crashed);
	raw_hv_write(guest, 0, HV_MSR_CRASH_CTL, HV_CRASH_NOTIFY);
	assert_true(counts->crashed);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(counts->crash[i], 100 + i);
	assert_int_equal(counts->resets, 0);
	raw_hv_write(guest, 0, HV_MSR_RESET, HV_RESET_NOW);
	assert_int_equal(counts->resets, 1);
	raw_hv_free(guest);
}

static void
leaves_are(struct world *world, const struct host_hyperv_config *config)
{
	const struct host_cpuid *cpuid = sim_machine_cpuid(world->machine);
	uint32_t access[2], features, hints;
	struct host_cpuid_leaf leaf;

	host_hyperv_leaves(config, access, &features, &hints);
	leaf = host_cpuid_get(cpuid, 0x40000000 + HV_LEAF_FEATURES);
	assert_int_equal(leaf.eax, access[0]);
	assert_int_equal(leaf.ebx, access[1]);
	assert_int_equal(leaf.edx, features);
	leaf = host_cpuid_get(cpuid, 0x40000000 + HV_LEAF_HINTS);
	assert_int_equal(leaf.eax, hints);
	assert_int_equal(leaf.ebx, HV_SPIN_NEVER_TELL);
}

/* What CPUID says is what there is. */
static void
test_leaves_follow_the_configuration(void **state)
{
	struct host_hyperv_config config = { 0 };
	struct raw_hv *guest;
	uint64_t value;

	world_machine(*state, "hyperv");
	leaves_are(*state, &config);
	sim_machine_free(((struct world *)*state)->machine);
	config.no_counter = config.no_reference_tsc = true;
	config.no_stimer = config.no_auto_eoi = true;
	guest = raw_hv_new(*state, 1, &config);
	leaves_are(*state, &config);
	assert_int_equal(raw_hv_try_read(guest, 0, HV_MSR_REFERENCE_COUNTER,
			     &value),
	    PV_EACCES);
	assert_int_equal(raw_hv_try_write(guest, 0, HV_MSR_REFERENCE_TSC, 0),
	    PV_EACCES);
	assert_int_equal(raw_hv_try_write(guest, 0, HV_MSR_STIMER_CONFIG(0), 0),
	    PV_EACCES);
	/* SINT 2 has auto-EOI, though a hint says that it should not */
	assert_int_equal(host_hyperv_counts(guest->host)->violations, 1);
	raw_hv_free(guest);
}

static void
test_beside_xen_each_has_its_registers(void **state)
{
	const struct pv_port *port;
	struct world *world = *state;
	uint64_t frame;
	uint8_t *page;

	world_machine(world, "xen+hyperv");
	port = sim_machine_port(world->machine);
	page = guest_pages(world, 1, &frame);
	assert_int_equal(port->msr_write(port->ctx, 0x40000200,
			     frame << HV_PAGE_SHIFT),
	    PV_OK);
	assert_int_equal(page[0], 0xb8);
	assert_int_equal(port->msr_write(port->ctx, HV_MSR_GUEST_OS_ID,
			     0x8100000000000000ull),
	    PV_OK);
	assert_int_equal(host_hyperv_counts(sim_machine_hyperv(world->machine))
			     ->guest_id,
	    0x8100000000000000ull);
	give_back(world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_page_is_there_only_with_an_identity),
		world_test(test_page_covers_what_comes_back),
		world_test(test_locked_page_stays),
		world_test(
		    test_hypercall_by_a_page_that_is_none_is_a_violation),
		world_test(test_input_value_is_checked),
		world_test(test_input_is_aligned_and_in_one_page),
		world_test(test_messages_are_checked),
		world_test(test_old_hosts_have_no_second_connection),
		world_test(test_message_buffers_run_out_and_come_back),
		world_test(test_signals_need_a_connection),
		world_test(test_manner_fail_nth),
		world_test(test_registers_that_are_not_there_fault),
		world_test(test_each_vcpu_has_its_index),
		world_test(test_crash_is_told),
		world_test(test_leaves_follow_the_configuration),
		world_test(test_beside_xen_each_has_its_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
