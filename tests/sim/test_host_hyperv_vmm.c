/* SPDX-License-Identifier: ISC */
/* What of the model of Hyper-V matters once its guest's processors run beside
 * it: a VMM's hypercall page and clocks, signals that are not made, and guests
 * that would keep it busy. */
#include "tests/support/hyperv_host.h"

static const struct host_hyperv_config no_monitor = { .no_monitor = true };

/* ---- Registers -------------------------------------------------------- */

static void
test_page_has_an_access_to_a_port(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1,
	    &(struct host_hyperv_config){ .call_port = 0xe2 });
	static const uint8_t code[] = { 0xe6, 0xe2, 0xc3 };

	assert_memory_equal(guest->call_page, code, sizeof(code));
	raw_hv_free(guest);
}

static void
test_frequencies_are_those_of_the_machine(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1,
	    &(struct host_hyperv_config){ .tsc_hz = 5200000000ull,
		.apic_hz = 1000000000u });

	assert_int_equal(raw_hv_read(guest, 0, HV_MSR_TSC_FREQUENCY),
	    5200000000ull);
	assert_int_equal(raw_hv_read(guest, 0, HV_MSR_APIC_FREQUENCY),
	    1000000000u);
	raw_hv_free(guest);
}

/* 2^64 * 10 MHz / TSC, rounded down. */
static void
has_scale(void **state, uint64_t hz, uint64_t scale)
{
	struct raw_hv *guest = raw_hv_new(*state, 1,
	    &(struct host_hyperv_config){ .tsc_hz = hz });
	uint64_t frame;
	struct hv_reference_tsc *page = guest_pages(*state, 1, &frame);

	raw_hv_write(guest, 0, HV_MSR_REFERENCE_TSC,
	    frame << HV_PAGE_SHIFT | HV_PLACE_ENABLE);
	assert_int_equal(page->scale, scale);
	raw_hv_write(guest, 0, HV_MSR_REFERENCE_TSC, 0);
	raw_hv_free(guest);
}

static void
test_reference_page_at_a_usual_tsc(void **state)
{
	has_scale(state, 2000000000u, 0x0147ae147ae147aeull);
}

static void
test_reference_page_at_a_tsc_hardly_faster(void **state)
{
	has_scale(state, 10000001u, 0xfffffe5280d924c8ull);
}

static void
test_reference_page_at_a_tsc_above_32_bits(void **state)
{
	has_scale(state, 5200000000ull, 0x007e07e07e07e07eull);
}

static void
test_crash_tells_how_it_is_told(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);
	const struct host_hyperv_counts *counts = host_hyperv_counts(
	    guest->host);

	raw_hv_write(guest, 0, HV_MSR_CRASH_P3, 0x1234);
	raw_hv_write(guest, 0, HV_MSR_CRASH_CTL,
	    HV_CRASH_NOTIFY | HV_CRASH_MESSAGE);
	assert_true(counts->crashed);
	assert_int_equal(counts->crash[3], 0x1234);
	assert_int_equal(counts->crash_control,
	    HV_CRASH_NOTIFY | HV_CRASH_MESSAGE);
	raw_hv_free(guest);
}

/* ---- Rings ------------------------------------------------------------ */

struct slow {
	struct host_vmbus_device *device;
	struct host_vmbus_channel *channel;
	struct raw_channel *raw;
	unsigned packets;
	bool armed, freed;
};

static void
put_packet(struct raw_channel *raw)
{
	const struct hv_packet packet = { .type = HV_PACKET_INBAND,
		.offset8 = 2,
		.length8 = 2 };

	raw_channel_put(raw, &packet, sizeof(packet));
	raw_channel_publish(raw);
}

/* After the last look the guest writes once more, and makes no signal: it sees
 * that not all has been read, and that somebody is at it. */
static void
slow_look(void *argument)
{
	struct slow *slow = argument;
	struct host_vmbus_packet packet;

	while (host_vmbus_receive(slow->channel, &packet))
		slow->packets++;
	if (slow->armed)
		put_packet(slow->raw);
	slow->armed = false;
	host_vmbus_received(slow->channel);
}

static void
slow_signalled(void *self, struct host_vmbus_channel *channel)
{
	struct slow *slow = self;

	slow->channel = channel;
	host_hyperv_later(host_vmbus_host(slow->device), slow, 1000, slow_look,
	    slow);
}

static void
slow_freed(void *self)
{
	((struct slow *)self)->freed = true;
}

static void
test_packet_without_a_signal_is_found(void **state)
{
	const struct host_vmbus_kind kind = { .type = echo_type,
		.signalled = slow_signalled,
		.free = slow_freed };
	struct raw_hv *guest = raw_hv_new(*state, 1, &no_monitor);
	struct slow slow = { 0 };

	slow.device = host_vmbus_offer(guest->host, &kind, NULL, &slow);
	assert_non_null(slow.device);
	raw_hv_connect(guest, HV_VMBUS_5_3);
	raw_hv_offers(guest);
	slow.raw = raw_channel_new(guest, &guest->offers[0], 4, 0);
	pass(*state, PV_MILLISECOND);
	slow.armed = true; /* it has looked when it was opened, too */
	put_packet(slow.raw);
	raw_channel_signal(slow.raw);
	pass(*state, PV_MILLISECOND);
	assert_int_equal(slow.packets, 2);
	raw_channel_free(slow.raw);
	raw_hv_unload(guest);
	host_vmbus_rescind(slow.device);
	assert_true(slow.freed);
	raw_hv_free(guest);
}

#define MANY 200000u

static struct raw_channel *flood;

static void
write_another(struct echo *echo, struct host_vmbus_channel *channel,
    const struct host_vmbus_packet *packet)
{
	(void)packet;
	host_vmbus_received(channel);
	if (echo->packets < MANY)
		put_packet(flood);
}

static void
test_guest_that_writes_on_and_on_lets_others_be_served(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, &no_monitor);
	struct echo *busy = echo_new(guest->host, false);
	struct echo *quiet = echo_new(guest->host, false);
	struct raw_channel *other;
	unsigned at;

	raw_hv_connect(guest, HV_VMBUS_5_3);
	raw_hv_offers(guest);
	flood = raw_channel_new(guest, &guest->offers[0], 4, 0);
	other = raw_channel_new(guest, &guest->offers[1], 4, 0);
	pass(*state, PV_MILLISECOND);
	busy->packet = write_another;
	put_packet(flood);
	raw_channel_signal(flood);
	raw_channel_say(other, 1, "x", 1);
	for (unsigned i = 0; i < 10 && quiet->packets == 0; i++)
		pass(*state, 1000);
	assert_int_equal(quiet->packets, 1);
	at = busy->packets;
	assert_in_range(at, 1, MANY - 1);
	/* and it is not forgotten */
	pass(*state, PV_SECOND);
	assert_int_equal(busy->packets, MANY);
	raw_channel_free(flood);
	raw_channel_free(other);
	raw_hv_unload(guest);
	echo_free(busy);
	echo_free(quiet);
	raw_hv_free(guest);
}

/* ---- Timers ----------------------------------------------------------- */

#define DIRECT(guest)                          \
	(HV_STIMER_ENABLE | HV_STIMER_DIRECT | \
	    (uint64_t)(guest)->vector << HV_STIMER_VECTOR_SHIFT)

/* A system without ticks moves its one timer at each idle turn. */
static void
test_timer_that_is_moved_often_is_not_late(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);
	uint64_t now;

	for (unsigned ms = 1000; ms > 1; ms--) {
		now = raw_hv_read(guest, 0, HV_MSR_REFERENCE_COUNTER);
		raw_hv_write(guest, 0, HV_MSR_STIMER_COUNT(0),
		    now + (uint64_t)ms * 10000);
		raw_hv_write(guest, 0, HV_MSR_STIMER_CONFIG(0), DIRECT(guest));
	}
	pass(*state, 2 * PV_MILLISECOND - 10000);
	assert_int_equal(guest->interrupts[0], 0);
	pass(*state, PV_MILLISECOND);
	assert_int_equal(guest->interrupts[0], 1);
	raw_hv_free(guest);
}

static void
test_shortest_period_does_not_keep_the_host_busy(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);
	const struct pv_port *port = sim_machine_port(
	    ((struct world *)*state)->machine);

	raw_hv_write(guest, 0, HV_MSR_STIMER_CONFIG(0),
	    DIRECT(guest) | HV_STIMER_PERIODIC);
	raw_hv_write(guest, 0, HV_MSR_STIMER_COUNT(0), 1);
	for (unsigned us = 0; us < 1000; us++) {
		pass(*state, 1000);
		port->vector_eoi(port->ctx);
	}
	assert_in_range(guest->interrupts[0], 10, 60);
	raw_hv_write(guest, 0, HV_MSR_STIMER_COUNT(0), 0);
	raw_hv_free(guest);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_page_has_an_access_to_a_port),
		world_test(test_frequencies_are_those_of_the_machine),
		world_test(test_reference_page_at_a_usual_tsc),
		world_test(test_reference_page_at_a_tsc_hardly_faster),
		world_test(test_reference_page_at_a_tsc_above_32_bits),
		world_test(test_crash_tells_how_it_is_told),
		world_test(test_packet_without_a_signal_is_found),
		world_test(
		    test_guest_that_writes_on_and_on_lets_others_be_served),
		world_test(test_timer_that_is_moved_often_is_not_late),
		world_test(test_shortest_period_does_not_keep_the_host_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
