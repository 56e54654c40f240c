/* SPDX-License-Identifier: ISC */
/*
 * Both halves of both rings, step by step in any order: what one writes the
 * other reads, and whoever sleeps is woken.  The seed is printed with a failure.
 */
#include <stdio.h>
#include <sys/random.h>

#include "tests/support/vmbus_ring.h"

#define PACKETS 4000

struct side {
	uint32_t sent, received; /* packets, by number */
	bool asleep;             /* and works only when it is signalled */
	bool full; /* it waits for room, and writes only when signalled */
};

struct race {
	struct rings *rings;
	uint64_t seed, next;
	struct side guest, host;
	unsigned wish; /* how the host says how much it waits for */
	unsigned signals[2];
};

static uint32_t
number(struct race *race, uint32_t limit)
{
	race->next = race->next * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((race->next >> 33) % limit);
}

#define HOLDS(race, condition)                                          \
	do {                                                            \
		if (!(condition))                                       \
			fail_msg("%s; seed %llu, %u bytes", #condition, \
			    (unsigned long long)(race)->seed,           \
			    (race)->rings->size);                       \
	} while (0)

/* What a packet of a number is. */
static size_t
pattern(const struct race *race, uint32_t which, unsigned char *to)
{
	uint32_t most = race->rings->size / 3, x = which * 2654435761u;
	size_t len = x >> 8 & 7 ? (x >> 11) % 100 : (x >> 11) % most;

	if (len > 4000)
		len = 4000;
	for (size_t i = 0; i < len; i++)
		to[i] = (unsigned char)(x >> (8 * (i & 3))) + (unsigned char)i;
	return len;
}

/* ---- The host --------------------------------------------------------- */

static void
guest_signals(struct race *race)
{
	race->signals[0]++;
	race->host.asleep = false;
	race->host.full = false;
}

static void
host_signals(struct race *race)
{
	race->signals[1]++;
	race->guest.asleep = false;
	race->guest.full = false;
}

/* By the rule: who comes to the end unmasks, looks again, and sleeps. */
static void
host_reads(struct race *race)
{
	struct hv_ring *header = race->rings->out.header;
	unsigned char packet[8192], expected[4096];
	size_t length, len;
	uint32_t pending, before, after;
	uint64_t id;

	if (race->host.asleep)
		return;
	header->interrupt_mask = 1;
	before = (header->write + race->rings->size - header->read) %
	    race->rings->size;
	length = host_take(race->rings, packet);
	if (length == 0) {
		header->interrupt_mask = 0;
		race->host.asleep = true;
		return;
	}
	memcpy(&id, packet + 8, 8);
	HOLDS(race, id == race->host.received);
	len = pattern(race, race->host.received++, expected);
	HOLDS(race, length == 16 + (len + 7) / 8 * 8);
	HOLDS(race, memcmp(packet + 16, expected, len) == 0);
	pending = header->pending_send;
	after = before - (uint32_t)length - 8;
	if (pending != 0 && race->rings->size - 8 - before < pending &&
	    race->rings->size - 8 - after >= pending)
		host_signals(race);
}

static void
host_tells(struct race *race, uint32_t before)
{
	struct hv_ring *header = race->rings->in.header;

	if (header->write == before)
		return;
	if (header->interrupt_mask == 0 && header->read == before)
		host_signals(race);
}

static void
host_writes(struct race *race)
{
	struct hv_ring *header = race->rings->in.header;
	uint32_t before = header->write;
	unsigned char bytes[4096];

	if (race->host.full)
		return;
	for (uint32_t n = number(race, 12); n > 0; n--) {
		size_t len = pattern(race, race->host.sent, bytes);
		uint32_t want = 16 + (uint32_t)(len + 7) / 8 * 8 + 8;

		if (race->host.sent == PACKETS)
			break;
		if (host_room(race->rings) < want) {
			header->pending_send = race->wish == 0 ? want
			    : race->wish == 1 ? race->rings->size - 1
					      : race->rings->size / 2 + want;
			race->host.full = true;
			break;
		}
		header->pending_send = 0;
		host_put(race->rings, race->host.sent++, bytes, len);
	}
	host_publish(race->rings);
	host_tells(race, before);
}

/* ---- The guest -------------------------------------------------------- */

static void
kick(struct race *race)
{
	if (ring_publish(&race->rings->out))
		guest_signals(race);
}

static void
guest_writes(struct race *race)
{
	unsigned char bytes[4096];

	if (race->guest.full)
		return;
	race->guest.full = race->rings->out.full &&
	    !ring_woken(&race->rings->out);
	if (race->guest.full)
		return; /* that was about something else */
	for (uint32_t n = number(race, 12); n > 0; n--) {
		size_t len = pattern(race, race->guest.sent, bytes);
		int error;

		if (race->guest.sent == PACKETS)
			break;
		error = guest_put(race->rings, race->guest.sent, bytes, len);
		if (error == PV_EAGAIN) {
			race->guest.full = true;
			kick(race);
			return;
		}
		HOLDS(race, error == PV_OK);
		race->guest.sent++;
	}
	if (number(race, 3) != 0 || race->guest.sent == PACKETS)
		kick(race);
}

static void
guest_reads(struct race *race)
{
	struct ring_in *in = &race->rings->in;
	unsigned char expected[4096];
	struct ring_packet packet;

	if (race->guest.asleep)
		return;
	ring_mask(in);
	for (uint32_t n = number(race, 12); n > 0; n--) {
		int result = ring_take(in, &packet);
		size_t len;

		HOLDS(race, result >= 0);
		if (result == 0)
			break;
		HOLDS(race, packet.id == race->guest.received);
		len = pattern(race, race->guest.received++, expected);
		HOLDS(race, packet.len == (len + 7) / 8 * 8);
		HOLDS(race, memcmp(packet.data, expected, len) == 0);
	}
	if (ring_release(in))
		guest_signals(race);
	race->guest.asleep = !ring_unmask(in);
}

/* ---- Both ------------------------------------------------------------- */

static bool
finished(const struct race *race)
{
	return race->guest.received == PACKETS &&
	    race->host.received == PACKETS;
}

static void
run(uint32_t pages, unsigned wish, uint64_t seed)
{
	struct race race = { .seed = seed, .next = seed, .wish = wish };

	race.rings = rings_new(pages, number(&race, pages * 4096));
	for (unsigned steps = 0; !finished(&race); steps++) {
		HOLDS(&race, steps < 400 * PACKETS);
		switch (number(&race, 4)) {
		case 0:
			host_reads(&race);
			break;
		case 1:
			host_writes(&race);
			break;
		case 2:
			guest_writes(&race);
			break;
		default:
			guest_reads(&race);
			break;
		}
	}
	/* batches, and so fewer signals than packets */
	HOLDS(&race, race.signals[0] < 2 * PACKETS);
	free(race.rings);
}

static uint64_t
choose_seed(void)
{
	const char *given = getenv("PVBUS_SEED");
	uint64_t seed = 1;

	if (given != NULL)
		return strtoull(given, NULL, 0);
	if (getrandom(&seed, sizeof(seed), 0) < 0)
		seed = 1;
	return seed;
}

static void
all_wishes(uint32_t pages)
{
	uint64_t seed = choose_seed();

	for (unsigned wish = 0; wish < 3; wish++)
		run(pages, wish, seed + wish);
}

static void
test_both_halves_1_page(void **state)
{
	(void)state;
	all_wishes(2);
}

static void
test_both_halves_2_pages(void **state)
{
	(void)state;
	all_wishes(3);
}

static void
test_both_halves_7_pages(void **state)
{
	(void)state;
	all_wishes(8);
}

static void
test_both_halves_64_pages(void **state)
{
	(void)state;
	all_wishes(65);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_halves_1_page),
		cmocka_unit_test(test_both_halves_2_pages),
		cmocka_unit_test(test_both_halves_7_pages),
		cmocka_unit_test(test_both_halves_64_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
