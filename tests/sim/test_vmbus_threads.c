/* SPDX-License-Identifier: ISC */
/*
 * Both ends of both rings at the same time, on two threads: what each does to
 * the words they share is seen in any order that the processor allows.  Who has
 * nothing to do sleeps, and goes on only when it is signalled.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "tests/support/vmbus_ring.h"

#define PACKETS 30000u

/* Turns without a signal after which one is taken to be lost. */
#define IDLE_TURNS 5000000u

struct race {
	struct rings *rings;
	uint32_t to_host, to_guest; /* atomic: signals */
	uint64_t signals[2];
	uint32_t host_received, host_sent;
	uint32_t guest_received, guest_sent;
	uint32_t lost; /* atomic: somebody has waited in vain */
	bool size1;    /* the host waits for an empty ring */
	bool holds;    /* the guest gives it time to sleep */
};

static uint32_t
load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static void
store(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

/* False: it does not come. */
static bool
sleep_for(struct race *race, uint32_t *signal)
{
	for (unsigned i = 0; i < IDLE_TURNS; i++) {
		if (load(signal) != 0 &&
		    __atomic_exchange_n(signal, 0, __ATOMIC_SEQ_CST) != 0)
			return true;
		if (load(&race->lost))
			return false;
		sched_yield();
	}
	store(&race->lost, 1);
	return false;
}

/* ---- The host's thread ------------------------------------------------- */

static void
tell_guest(struct race *race)
{
	race->signals[1]++;
	store(&race->to_guest, 1);
}

static uint64_t
number_at(struct rings *rings, uint32_t at)
{
	uint64_t value;

	memcpy(&value, host_byte(rings, rings->to_host, at), 8);
	return value;
}

/* One packet, of a number twice; false: there is none. */
static bool
host_reads_one(struct race *race)
{
	struct rings *rings = race->rings;
	struct hv_ring *header = rings->out.header;
	uint32_t size = rings->size, read = load(&header->read);
	uint32_t write = load(&header->write), pending, used;

	if (read == write)
		return false;
	if (number_at(rings, (read + 8) % size) != race->host_received ||
	    number_at(rings, (read + 16) % size) != race->host_received)
		store(&race->lost, 1);
	race->host_received++;
	used = (write + size - read) % size;
	store(&header->read, (read + 32) % size);
	pending = load(&header->pending_send);
	if (pending != 0 && size - 8 - used < pending &&
	    size - 8 - (used - 32) >= pending)
		tell_guest(race);
	return true;
}

/* One packet; false: no room, or nothing to send. */
static bool
host_writes_one(struct race *race)
{
	struct rings *rings = race->rings;
	struct hv_ring *header = rings->in.header;
	uint32_t before = rings->write;
	uint64_t number = race->host_sent;
	struct hv_packet packet = { .offset8 = 2, .length8 = 3, .id = number };

	if (race->host_sent == PACKETS)
		return false;
	for (unsigned i = 0; i < 2; i++) {
		uint32_t room = rings->size - 8 -
		    (rings->write + rings->size - load(&header->read)) %
			rings->size;

		if (room >= 32)
			break;
		if (i == 1)
			return false;
		store(&header->pending_send,
		    race->size1 ? rings->size - 1 : 256);
	}
	store(&header->pending_send, 0);
	host_put_raw(rings, &packet, &number, 8);
	store(&header->write, rings->write);
	race->host_sent++;
	if (load(&header->interrupt_mask) == 0 && load(&header->read) == before)
		tell_guest(race);
	return true;
}

static void *
host(void *argument)
{
	struct race *race = argument;
	struct hv_ring *header = race->rings->out.header;

	while (race->host_received < PACKETS || race->host_sent < PACKETS) {
		bool more = true;

		store(&header->interrupt_mask, 1);
		while (more && !load(&race->lost)) {
			more = host_reads_one(race);
			more = host_writes_one(race) || more;
		}
		store(&header->interrupt_mask, 0);
		if (load(&header->read) != load(&header->write))
			continue;
		if (race->host_received == PACKETS &&
		    race->host_sent == PACKETS)
			break;
		if (!sleep_for(race, &race->to_host))
			break;
	}
	return NULL;
}

/* ---- The guest --------------------------------------------------------- */

static void
tell_host(struct race *race)
{
	race->signals[0]++;
	store(&race->to_host, 1);
}

/* Now and then not before the host has all: so that it sleeps, or is about to. */
static void
hold_on(struct race *race)
{
	struct hv_ring *header = race->rings->out.header;

	if (!race->holds || race->guest_sent % 24 != 0)
		return;
	for (unsigned i = 0; i < IDLE_TURNS && !load(&race->lost) &&
	     load(&header->read) != load(&header->write);
	     i++)
		if (i > 1000)
			sched_yield();
}

static void
guest_writes(struct race *race)
{
	struct ring_out *out = &race->rings->out;

	hold_on(race);
	if (out->full && !ring_woken(out))
		return;
	for (unsigned i = 0; i < 8 && race->guest_sent < PACKETS; i++) {
		uint64_t number = race->guest_sent;
		int error = guest_put(race->rings, number, &number, 8);

		if (error != PV_OK) {
			if (error != PV_EAGAIN)
				store(&race->lost, 1);
			break;
		}
		race->guest_sent++;
	}
	if (ring_publish(out))
		tell_host(race);
}

/* False: it may sleep. */
static bool
guest_reads(struct race *race)
{
	struct ring_in *in = &race->rings->in;
	struct ring_packet packet;
	int result = 1;

	ring_mask(in);
	for (unsigned i = 0; i < 8 && result == 1; i++) {
		result = ring_take(in, &packet);
		if (result == 1 &&
		    (packet.id != race->guest_received++ || packet.len != 8 ||
			memcmp(packet.data, &packet.id, 8) != 0))
			result = PV_EPROTO;
	}
	if (result < 0)
		store(&race->lost, 1);
	if (ring_release(in))
		tell_host(race);
	return ring_unmask(in);
}

static void
run(uint32_t pages, bool size1, bool holds)
{
	struct race race = { .rings = rings_new(pages, 0),
		.size1 = size1,
		.holds = holds };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, host, &race), 0);
	while (!load(&race.lost) &&
	    (race.guest_received < PACKETS || race.guest_sent < PACKETS)) {
		bool more;

		guest_writes(&race);
		more = guest_reads(&race);
		if (more ||
		    (race.guest_sent < PACKETS && !race.rings->out.full) ||
		    (race.guest_sent == PACKETS &&
			race.guest_received == PACKETS))
			continue;
		if (!sleep_for(&race, &race.to_guest))
			break;
	}
	if (pthread_join(thread, NULL) != 0)
		fail();
	printf("# %llu and %llu signals for %u packets\n",
	    (unsigned long long)race.signals[0],
	    (unsigned long long)race.signals[1], PACKETS);
	assert_int_equal(race.lost, 0);
	assert_int_equal(race.guest_received, PACKETS);
	assert_int_equal(race.host_received, PACKETS);
	free(race.rings);
}

static void
test_no_signal_is_lost_1_page(void **state)
{
	(void)state;
	run(2, false, false);
	run(2, false, true);
}

static void
test_no_signal_is_lost_8_pages(void **state)
{
	(void)state;
	run(9, false, false);
	run(9, false, true);
}

static void
test_no_signal_is_lost_by_a_host_that_waits_for_all(void **state)
{
	(void)state;
	run(2, true, false);
	run(2, true, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_signal_is_lost_1_page),
		cmocka_unit_test(test_no_signal_is_lost_8_pages),
		cmocka_unit_test(
		    test_no_signal_is_lost_by_a_host_that_waits_for_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
