/* SPDX-License-Identifier: ISC */
/* Packets and signals of an open channel, counted; and a host that tells too
 * little, too much, or writes over the rings. */
#include "tests/support/vmbus_lab.h"

static const struct pv_stats *
stats(const struct lab *lab)
{
	return &lab->device->stats;
}

static struct host_ring_manners *
manners(struct lab *lab)
{
	return host_vmbus_manners(lab->at_host.device, 0);
}

static const struct host_ring_counts *
ring_counts(struct lab *lab)
{
	return host_vmbus_counts(lab->at_host.device, 0);
}

/* No monitor, so that a signal is a hypercall. */
static const struct host_hyperv_config plain = { .vcpus = 2,
	.no_monitor = true };

static void
start(struct lab *lab)
{
	lab_start(lab, &plain);
	lab_open(lab, 0);
}

static void
send(struct lab *lab, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(lab_send(lab, 16), PV_OK);
}

/* ---- Counts ------------------------------------------------------------ */

static void
test_counts_of_a_batch(void **state)
{
	struct lab *lab = *state;

	start(lab);
	for (unsigned batch = 1; batch <= 50; batch++) {
		struct pv_stats before = *stats(lab);
		uint64_t in = ring_counts(lab)->signals_in;

		send(lab, 8);
		assert_int_equal(stats(lab)->published, before.published);
		vmbus_kick(lab->channel);
		vmbus_kick(lab->channel);
		assert_int_equal(stats(lab)->published, before.published + 1);
		assert_int_equal(stats(lab)->signals, before.signals + 1);
		assert_int_equal(stats(lab)->hypercalls, before.hypercalls + 1);
		assert_int_equal(ring_counts(lab)->signals_in, in + 1);
		lab_run(lab, PV_MILLISECOND);
		assert_int_equal(lab_receive(lab), 0);
		assert_int_equal(lab->received, 8 * batch);
		/* and one for all the room that was given back */
		assert_int_equal(stats(lab)->published, before.published + 2);
		assert_int_equal(stats(lab)->events, before.events + 1);
		assert_int_equal(stats(lab)->signals, before.signals + 1);
	}
	assert_int_equal(stats(lab)->spurious, 0);
}

static void
test_no_signal_while_the_host_has_work(void **state)
{
	struct lab *lab = *state;
	struct pv_stats before;

	start(lab);
	lab->at_host.deaf = true;
	before = *stats(lab);
	for (unsigned i = 0; i < 10; i++) {
		send(lab, 1);
		vmbus_kick(lab->channel);
	}
	assert_int_equal(stats(lab)->published - before.published, 10);
	assert_int_equal(stats(lab)->signals - before.signals, 1);
	assert_int_equal(stats(lab)->elided - before.elided, 9);
}

static void
test_no_signal_to_a_host_that_masks(void **state)
{
	struct lab *lab = *state;
	struct pv_stats before;

	lab_start(lab, &plain);
	manners(lab)->always_masked = true;
	lab_open(lab, 0);
	before = *stats(lab);
	for (unsigned i = 0; i < 10; i++) {
		send(lab, 1);
		vmbus_kick(lab->channel);
		host_vmbus_look(lab->at_host.device, 0);
		lab_drive(lab, PV_MILLISECOND);
	}
	assert_int_equal(lab->received, 10);
	assert_int_equal(stats(lab)->signals, before.signals);
	assert_int_equal(stats(lab)->elided - before.elided, 10);
}

/* What is taken is masked, and so the host tells no more than once. */
static void
test_no_event_while_it_is_taken(void **state)
{
	struct lab *lab = *state;
	struct ring_packet packet;

	start(lab);
	send(lab, 1);
	vmbus_kick(lab->channel);
	lab_run(lab, PV_MILLISECOND);
	assert_true(vmbus_take(lab->channel));
	assert_int_equal(vmbus_receive(lab->channel, &packet), 1);
	for (unsigned i = 0; i < 5; i++) {
		send(lab, 1);
		vmbus_kick(lab->channel);
		lab_run(lab, PV_MILLISECOND);
	}
	assert_int_equal(ring_counts(lab)->signals_out, 1);
	assert_true(vmbus_done(lab->channel));
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(vmbus_receive(lab->channel, &packet), 1);
	assert_int_equal(vmbus_receive(lab->channel, &packet), 0);
	assert_false(vmbus_done(lab->channel));
	assert_false(vmbus_take(lab->channel));
	assert_int_equal(stats(lab)->events, 1);
}

static void
test_polled(void **state)
{
	struct lab *lab = *state;

	start(lab);
	lab->channel->polled = true;
	assert_true(vmbus_take(lab->channel));
	assert_false(vmbus_done(lab->channel));
	for (unsigned i = 0; i < 20; i++) {
		send(lab, 4);
		vmbus_kick(lab->channel);
		lab_drive(lab, 2 * PV_MILLISECOND);
	}
	assert_int_equal(lab->received, 80);
	assert_int_equal(ring_counts(lab)->signals_out, 0);
}

/* ---- Each way to signal ------------------------------------------------ */

static void
answers(struct lab *lab, const struct host_hyperv_config *config)
{
	lab->sent = lab->received = 0;
	lab_start(lab, config);
	lab_open(lab, 0);
	for (unsigned i = 0; i < 50; i++) {
		send(lab, 3);
		vmbus_kick(lab->channel);
		lab_drive(lab, 20 * PV_MILLISECOND);
	}
	assert_int_equal(lab->received, 150);
	assert_int_equal(stats(lab)->spurious, 0);
	partition_detach(&lab->partition);
}

static void
test_each_version(void **state)
{
	static const uint32_t versions[] = { HV_VMBUS_0_13, HV_VMBUS_1_1,
		HV_VMBUS_2_4, HV_VMBUS_3_0, HV_VMBUS_4_0, HV_VMBUS_4_1,
		HV_VMBUS_5_0, HV_VMBUS_5_1, HV_VMBUS_5_2, HV_VMBUS_5_3 };
	struct lab *lab = *state;

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		for (unsigned monitor = 0; monitor < 2; monitor++) {
			struct host_hyperv_config config = { .vcpus = 1,
				.version_max = versions[i],
				.no_monitor = monitor };

			answers(lab, &config);
		}
}

static void
test_monitor_in_place_of_hypercalls(void **state)
{
	struct lab *lab = *state;
	uint64_t hypercalls;

	lab_start(lab, NULL);
	assert_true(lab->channel->offer.monitored);
	lab_open(lab, 0);
	hypercalls = stats(lab)->hypercalls;
	for (unsigned i = 0; i < 20; i++) {
		send(lab, 8);
		vmbus_kick(lab->channel);
		lab_drive(lab, 20 * PV_MILLISECOND);
	}
	assert_int_equal(lab->received, 160);
	assert_int_equal(stats(lab)->hypercalls, hypercalls);
	assert_int_equal(lab_counts(lab)->monitored, 20);
	assert_true(stats(lab)->signals >= 20);
	assert_false(lab->channel->monitor_off);
}

/* A host that does not look at the page: one signal is late, and the others
 * take the other way. */
static void
test_monitor_that_nobody_looks_at(void **state)
{
	struct lab *lab = *state;
	struct hv_monitor_page *page, *other;
	uint64_t hypercalls, now;

	lab_start(lab, NULL);
	lab_open(lab, 0);
	other = calloc(1, sizeof(*other));
	page = lab->partition.vmbus->monitor_to_host;
	lab->partition.vmbus->monitor_to_host = other;
	hypercalls = stats(lab)->hypercalls;
	send(lab, 8);
	vmbus_kick(lab->channel);
	now = sim_now(lab->partition.world->sim);
	assert_in_range(vmbus_deadline(lab->channel), now,
	    now + 20 * PV_MILLISECOND);
	lab_drive(lab, 30 * PV_MILLISECOND);
	assert_int_equal(lab->received, 8);
	assert_int_equal(stats(lab)->hypercalls, hypercalls + 1);
	for (unsigned i = 0; i < 10; i++) {
		send(lab, 1);
		vmbus_kick(lab->channel);
		lab_drive(lab, PV_MILLISECOND);
	}
	assert_int_equal(lab->received, 18);
	assert_int_equal(stats(lab)->hypercalls, hypercalls + 11);
	lab->partition.vmbus->monitor_to_host = page;
	free(other);
}

/* ---- Full -------------------------------------------------------------- */

/* Until nothing fits; how many did. */
static unsigned
fill(struct lab *lab)
{
	unsigned count = 0;
	int error;

	while ((error = lab_send(lab, 1000)) == PV_OK)
		count++;
	assert_int_equal(error, PV_EAGAIN);
	return count;
}

static void
flows(struct lab *lab, unsigned packets, uint64_t time)
{
	struct sim *sim = lab->partition.world->sim;
	uint64_t end = sim_now(sim) + time;

	while (lab->received < packets) {
		if (sim_now(sim) > end)
			fail_msg("%u of %u received, %u sent",
			    (unsigned)lab->received, packets,
			    (unsigned)lab->sent);
		while (lab->sent < packets && lab_send(lab, 1000) == PV_OK)
			;
		vmbus_kick(lab->channel);
		lab_drive(lab, PV_MILLISECOND);
	}
}

static void
test_full_ring_is_told_of_room(void **state)
{
	struct lab *lab = *state;
	unsigned count;

	start(lab);
	lab->at_host.deaf = true;
	count = fill(lab);
	assert_int_equal(count, 2 * 4096 / 1024 - 1);
	assert_int_equal(stats(lab)->stalls, 1);
	/* who waits has published */
	assert_int_equal(lab->channel->out.header->write,
	    lab->channel->out.write);
	assert_int_equal(lab_send(lab, 9000), PV_EMSGSIZE);
	lab->at_host.deaf = false;
	host_vmbus_look(lab->at_host.device, 0);
	flows(lab, 200, PV_SECOND);
}

/* And nothing else has come. */
static void
test_driver_is_called_for_room(void **state)
{
	struct lab *lab = *state;
	struct ring_packet packet;

	start(lab);
	lab->at_host.deaf = lab->at_host.mute = true;
	fill(lab);
	assert_false(vmbus_take(lab->channel));
	lab->at_host.deaf = false;
	host_vmbus_look(lab->at_host.device, 0);
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(ring_counts(lab)->signals_out, 1);
	assert_true(vmbus_take(lab->channel));
	assert_int_equal(vmbus_receive(lab->channel, &packet), 0);
	assert_false(vmbus_done(lab->channel));
	assert_false(vmbus_take(lab->channel));
	assert_int_equal(stats(lab)->events, 1);
	assert_int_equal(stats(lab)->spurious, 0);
}

static void
test_full_ring_of_a_host_that_never_tells(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, &plain);
	manners(lab)->no_features = true;
	manners(lab)->never_signal = true;
	lab_open(lab, 0);
	lab->at_host.deaf = true;
	fill(lab);
	assert_in_range(vmbus_deadline(lab->channel),
	    sim_now(lab->partition.world->sim),
	    sim_now(lab->partition.world->sim) + PV_MILLISECOND);
	lab->at_host.deaf = false;
	host_vmbus_look(lab->at_host.device, 0);
	flows(lab, 200, 10 * PV_SECOND);
}

/* Nobody takes the answers, until the host finds no room for them and so takes
 * no more either; then all goes on. */
static void
choke(struct lab *lab)
{
	uint64_t before;

	do {
		before = lab->sent;
		while (lab_send(lab, 8) == PV_OK)
			;
		vmbus_kick(lab->channel);
		lab_run(lab, 5 * PV_MILLISECOND);
	} while (lab->sent != before);
	assert_true(lab->at_host.held > 0);
	lab_drive(lab, 100 * PV_MILLISECOND);
	assert_int_equal(lab->received, lab->sent);
}

/* 7: the host says how much it waits for in words of its own. */
static void
test_h7_full_ring_of_the_host(void **state)
{
	struct lab *lab = *state;

	for (unsigned way = 0; way < 3; way++) {
		lab->sent = lab->received = 0;
		lab_start(lab, &plain);
		manners(lab)->full_is_size1 = way == 1;
		manners(lab)->no_features = way == 2;
		lab_open(lab, 0);
		for (unsigned i = 0; i < 20; i++)
			choke(lab);
		assert_true(lab->sent > 20 * 500);
		partition_detach(&lab->partition);
	}
}

/* ---- Events ------------------------------------------------------------ */

/* 39: one look each, and nobody is woken up further. */
static void
test_h39_events_without_work(void **state)
{
	struct lab *lab = *state;

	start(lab);
	for (unsigned i = 1; i <= 100000; i++) {
		host_hyperv_raise(lab->partition.host, 0,
		    lab->channel->offer.relid);
		if (vmbus_take(lab->channel))
			fail();
	}
	assert_int_equal(stats(lab)->events, 100000);
	assert_int_equal(stats(lab)->spurious, 100000);
	send(lab, 1);
	vmbus_kick(lab->channel);
	lab_drive(lab, 5 * PV_MILLISECOND);
	assert_int_equal(lab->received, 1);
}

static void
test_h39_a_storm(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, &plain);
	manners(lab)->storm = 1000;
	lab_open(lab, 0);
	send(lab, 5);
	vmbus_kick(lab->channel);
	lab_drive(lab, 100 * PV_MILLISECOND);
	assert_int_equal(lab->received, 5);
}

/* 42: flags without an interrupt, then not even flags. */
static void
test_h42_events_that_are_lost(void **state)
{
	struct lab *lab = *state;

	start(lab);
	for (unsigned i = 0; i < 2; i++) {
		struct host_hyperv_manners *host = host_hyperv_manners(
		    lab->partition.host);

		host->lose_events = i == 0;
		host->drop_events = i == 1;
		send(lab, 5);
		vmbus_kick(lab->channel);
		lab_run(lab, 10 * PV_MILLISECOND);
		assert_int_equal(lab_receive(lab), 0);
		assert_int_equal(lab->received, 5 * (i + 1));
	}
}

/* ---- Broken ------------------------------------------------------------ */

static void
is_broken(struct lab *lab)
{
	struct ring_packet packet;
	unsigned lines = 0;

	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(lab_send(lab, 8), PV_EPROTO);
		assert_int_equal(vmbus_receive(lab->channel, &packet),
		    PV_EPROTO);
		vmbus_kick(lab->channel);
		assert_false(vmbus_take(lab->channel));
		assert_false(vmbus_done(lab->channel));
		assert_int_equal(vmbus_deadline(lab->channel), PV_NEVER);
		lab_run(lab, PV_SECOND);
	}
	assert_int_equal(stats(lab)->bad_index, 1);
	for (const char *at = sim_machine_log(lab->partition.world->machine);
	     (at = strstr(at, "written nonsense into its ring")) != NULL; at++)
		lines++;
	assert_int_equal(lines, 1);
	/* and open again, it is as good as new */
	vmbus_channel_close(lab->channel);
	lab_run(lab, PV_SECOND);
	lab->sent = lab->received = 0;
	lab_open(lab, 0);
	send(lab, 3);
	vmbus_kick(lab->channel);
	lab_drive(lab, 10 * PV_MILLISECOND);
	assert_int_equal(lab->received, 3);
}

static void
test_h5_write_index_of_any_value(void **state)
{
	struct lab *lab = *state;

	start(lab);
	manners(lab)->set_write_index = true;
	manners(lab)->write_index = 0x12345;
	send(lab, 1);
	vmbus_kick(lab->channel);
	lab_run(lab, 10 * PV_MILLISECOND);
	assert_int_equal(lab_receive(lab), PV_EPROTO);
	is_broken(lab);
}

static void
test_h5_read_index_of_any_value(void **state)
{
	struct lab *lab = *state;

	start(lab);
	lab->at_host.mute = true;
	manners(lab)->set_read_index = true;
	manners(lab)->read_index = 0xfffffff8;
	send(lab, 1);
	vmbus_kick(lab->channel);
	lab_run(lab, 10 * PV_MILLISECOND);
	assert_int_equal(lab_receive(lab), 0);
	send(lab, 1);
	vmbus_kick(lab->channel);
	lab->at_host.mute = false;
	is_broken(lab);
}

static void
bad_packet(struct lab *lab, int how, uint64_t value)
{
	start(lab);
	manners(lab)->bad_nth = 1;
	manners(lab)->bad_how = how;
	manners(lab)->bad_value = value;
	send(lab, 2);
	vmbus_kick(lab->channel);
	lab_run(lab, 10 * PV_MILLISECOND);
	assert_int_equal(lab_receive(lab), PV_EPROTO);
	is_broken(lab);
}

static void
test_h20_offset_of_a_packet(void **state)
{
	bad_packet(*state, HOST_RING_OFFSET8, 77);
}

static void
test_h22_length_of_a_packet(void **state)
{
	bad_packet(*state, HOST_RING_LENGTH8, 1000);
}

static void
test_h18_length_0(void **state)
{
	bad_packet(*state, HOST_RING_LENGTH8, 0);
}

static void
test_h4_own_words_rewritten(void **state)
{
	struct lab *lab = *state;

	start(lab);
	for (unsigned i = 0; i < 50; i++) {
		manners(lab)->rewrite_guest = true;
		send(lab, 4);
		vmbus_kick(lab->channel);
		lab_drive(lab, 5 * PV_MILLISECOND);
	}
	assert_int_equal(lab->received, 200);
	assert_int_equal(stats(lab)->bad_index, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_counts_of_a_batch),
		lab_test(test_no_signal_while_the_host_has_work),
		lab_test(test_no_signal_to_a_host_that_masks),
		lab_test(test_no_event_while_it_is_taken),
		lab_test(test_polled),
		lab_test(test_each_version),
		lab_test(test_monitor_in_place_of_hypercalls),
		lab_test(test_monitor_that_nobody_looks_at),
		lab_test(test_full_ring_is_told_of_room),
		lab_test(test_driver_is_called_for_room),
		lab_test(test_full_ring_of_a_host_that_never_tells),
		lab_test(test_h7_full_ring_of_the_host),
		lab_test(test_h39_events_without_work),
		lab_test(test_h39_a_storm),
		lab_test(test_h42_events_that_are_lost),
		lab_test(test_h5_write_index_of_any_value),
		lab_test(test_h5_read_index_of_any_value),
		lab_test(test_h20_offset_of_a_packet),
		lab_test(test_h22_length_of_a_packet),
		lab_test(test_h18_length_0),
		lab_test(test_h4_own_words_rewritten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
