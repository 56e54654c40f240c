/* SPDX-License-Identifier: ISC */
/*
 * What a packet costs in a ring of VMBus: written, published, taken and its room
 * given back, in one thread, alone and eight at once.  Beside it, in turns with
 * it: a copy of as many bytes, from one place to another and so in the nearest
 * cache; the same bytes copied into as much memory as the ring has and out of
 * it again; and an uncontended lock and unlock.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/clock.h"
#include "guest/hyperv/ring.h"

#define PAGES 17 /* 64 KiB of data */
#define ROUNDS 401
#define TURNS 2000u
#define BATCH 8

static _Alignas(4096) unsigned char memory[PAGES * 4096];
static _Alignas(64) unsigned char copy[8192];
static unsigned char from[4096], to[4096];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct {
	struct ring_out out;
	struct ring_in in;
	unsigned failures;
} rings;

/* Both ends on the same memory: each as if the other were the host. */
static void
start(void)
{
	ring_in_init(&rings.in, memory, PAGES, copy, sizeof(copy));
	ring_out_init(&rings.out, memory, PAGES);
}

static void
put(size_t size, uint64_t id)
{
	const struct ring_piece piece = { from, size };
	const struct ring_packet_out packet = { .type = HV_PACKET_INBAND,
		.id = id,
		.pieces = &piece,
		.count = 1 };

	rings.failures += ring_put(&rings.out, &packet) != PV_OK;
}

static void
take(size_t size, uint64_t id)
{
	struct ring_packet packet;

	rings.failures += ring_take(&rings.in, &packet) != 1 ||
	    packet.id != id || packet.len != size;
}

/* Nanoseconds for TURNS packets. */
static uint64_t
packets(size_t size, unsigned batch)
{
	uint64_t begin = nanoseconds();

	for (unsigned turn = 0; turn < TURNS; turn += batch) {
		for (unsigned i = 0; i < batch; i++)
			put(size, turn + i);
		(void)ring_publish(&rings.out);
		for (unsigned i = 0; i < batch; i++)
			take(size, turn + i);
		(void)ring_release(&rings.in);
	}
	return nanoseconds() - begin;
}

static uint64_t
copies(size_t size)
{
	uint64_t begin = nanoseconds();

	for (unsigned i = 0; i < TURNS; i++) {
		memcpy(to, from, size);
		__asm__ volatile("" : : "r"(to), "r"(from) : "memory");
	}
	return nanoseconds() - begin;
}

/* In and out, walking like the ring. */
static uint64_t
walk(size_t size)
{
	uint64_t begin = nanoseconds();
	size_t at = 0;

	for (unsigned i = 0; i < TURNS; i++) {
		memcpy(memory + 4096 + at, from, size);
		__asm__ volatile("" : : "r"(memory) : "memory");
		memcpy(to, memory + 4096 + at, size);
		__asm__ volatile("" : : "r"(to) : "memory");
		at += size + 24;
		if (at + size > sizeof(memory) - 4096)
			at = 0;
	}
	return nanoseconds() - begin;
}

static uint64_t
locks(void)
{
	uint64_t begin = nanoseconds();

	for (unsigned i = 0; i < TURNS; i++) {
		pthread_mutex_lock(&lock);
		pthread_mutex_unlock(&lock);
	}
	return nanoseconds() - begin;
}

static double
each(uint64_t *values)
{
	return (double)median(values, ROUNDS) / TURNS;
}

static void
report(size_t size)
{
	static uint64_t one[ROUNDS], eight[ROUNDS], copied[ROUNDS],
	    walked[ROUNDS], locked[ROUNDS];
	double packet, batch, bytes, through, pair, goal;

	start();
	for (unsigned i = 0; i < ROUNDS; i++) {
		one[i] = packets(size, 1);
		copied[i] = copies(size);
		eight[i] = packets(size, BATCH);
		locked[i] = locks();
	}
	/* writes over the ring */
	for (unsigned i = 0; i < ROUNDS; i++)
		walked[i] = walk(size);
	packet = each(one);
	batch = each(eight);
	bytes = each(copied);
	through = each(walked);
	pair = each(locked);
	goal = size < 4096 ? 2 * pair : 2 * bytes + 1.5 * pair;
	printf("%zu bytes: %.1f ns, of %u at once %.1f ns; memcpy %.1f ns, "
	       "in and out %.1f ns, lock and unlock %.1f ns\n",
	    size, packet, BATCH, batch, bytes, through, pair);
	printf("  %.2f x the goal of %s, of %u at once %.2f x\n", packet / goal,
	    size < 4096 ? "2 locks" : "2 copies and 1.5 locks", BATCH,
	    batch / goal);
	printf("  in and out and %.2f locks, of %u at once %.2f\n",
	    (packet - through) / pair, BATCH, (batch - through) / pair);
}

static void *
sleep_for_ever(void *argument)
{
	for (;;)
		pause();
	return argument;
}

int
main(void)
{
	pthread_t thread;

	/* glibc's lock of a process with one thread is none */
	if (pthread_create(&thread, NULL, sleep_for_ever, NULL) != 0)
		return 71;
	memset(from, 0x5a, sizeof(from));
	report(16);
	report(4096);
	if (rings.failures > 0)
		fprintf(stderr, "%u packets were not as they should be\n",
		    rings.failures);
	return rings.failures > 0;
}
