/* SPDX-License-Identifier: ISC */
/*
 * xbf on memory that changes between two reads: the accessors of shared memory
 * have other bodies here.  What is read twice shows.
 */
#include <stdio.h>

#include "guest/bus/shared.h"
#include "guest/xen/xbf.h"
#include "tests/support/disk.h"

static struct {
	uintptr_t from, to; /* of the memory that is watched */
	unsigned loads, copies, stores;
	bool flip;       /* junk stands there after each read */
	bool event_junk; /* every event word reads as anything */
	uint32_t next;
	uint32_t event_words; /* reads of req_event */
} spy;

static bool
watched(const volatile void *at)
{
	return (uintptr_t)at >= spy.from && (uintptr_t)at < spy.to;
}

uint32_t
shared_load32(const volatile uint32_t *word)
{
	uint32_t value = __atomic_load_n(word, __ATOMIC_ACQUIRE);

	if (!watched(word))
		return value;
	spy.loads++;
	if (((uintptr_t)word & 63) == 4) {
		spy.event_words++;
		if (spy.event_junk)
			return spy.next = spy.next * 1664525 + 1013904223;
	}
	return value;
}

void
shared_store32(volatile uint32_t *word, uint32_t value)
{
	if (watched(word))
		spy.stores++;
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

void
shared_copy(void *to, const volatile void *from, size_t size)
{
	memcpy(to, (const void *)(uintptr_t)from, size);
	if (!watched(from))
		return;
	spy.copies++;
	if (spy.flip)
		memset((void *)(uintptr_t)from, 0x5a, size);
}

static void
begin(struct lab *lab)
{
	struct xbf *xbf;

	lab_start(lab, &(struct host_disk_config){ 0 });
	lab_pattern(host_blkback_bytes(lab->blk), 4 * MIB, 0);
	xbf = lab->device->softc;
	memset(&spy, 0, sizeof(spy));
	spy.from = (uintptr_t)xbf->queues[0].ring.shared;
	spy.to = spy.from + 4096;
}

static void
read_some(struct lab *lab, unsigned count)
{
	unsigned char *data, expected[4096];
	uint64_t physical;

	data = lab_pages(lab, 1, &physical);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(lab_do(lab, PV_DISK_READ, 4096 * i, data,
				     physical, 4096),
		    PV_OK);
		lab_pattern(expected, 4096, 4096 * i);
		assert_memory_equal(data, expected, 4096);
	}
}

static void
test_9_answers_change_after_they_were_read(void **state)
{
	struct lab *lab = *state;

	begin(lab);
	spy.flip = true;
	read_some(lab, 100);
	/* each entry once, and whole */
	assert_int_equal(spy.copies, 100);
	assert_int_equal(lab->device->state, PV_DEVICE_ATTACHED);
}

static void
test_7_event_words_of_any_value(void **state)
{
	struct lab *lab = *state;

	begin(lab);
	spy.event_junk = true;
	spy.next = (uint32_t)lab->world->seed;
	/* a signal too few is found by nobody but the host's own look */
	host_blkback_manners(lab->blk)->delay = 0;
	for (unsigned i = 0; i < 20; i++) {
		struct lab_io io;
		unsigned char data[512];

		lab_submit(lab, &io, PV_DISK_READ, 0, data, PV_NO_PHYSICAL,
		    512);
		host_blkback_look(lab->blk);
		assert_int_equal(lab_wait(lab, &io), PV_OK);
	}
	assert_true(spy.event_words > 0);
	assert_int_equal(lab->device->state, PV_DEVICE_ATTACHED);
}

/* ---- The ring by itself ----------------------------------------------- */

struct fixture {
	struct ring ring;
	_Alignas(4096) unsigned char memory[4096];
};

static void
set_counters(struct fixture *f, uint32_t at)
{
	ring_init(&f->ring, f->memory, 1, sizeof(union xen_blk_entry));
	f->ring.req_prod = f->ring.published = at;
	f->ring.rsp_cons = f->ring.rsp_prod = at;
	f->ring.shared->req_prod = f->ring.shared->rsp_prod = at;
}

static void
test_6_counters_wrap(void **state)
{
	static struct fixture f;
	struct ring *ring = &f.ring;
	uint32_t count, value;

	(void)state;
	set_counters(&f, UINT32_MAX - 100);
	for (uint32_t i = 0; i < 300; i++) {
		while (ring_room(ring) > 0)
			ring_put(ring, &i, sizeof(i));
		assert_int_equal(ring_used(ring), 32);
		ring->shared->req_event = ring->published + 1;
		assert_true(ring_publish(ring));
		assert_false(ring_publish(ring));
		ring->shared->rsp_prod += 5;
		assert_int_equal(ring_look(ring, &count), PV_OK);
		assert_int_equal(count, 5);
		while (count-- > 0)
			ring_take(ring, &value, sizeof(value));
		assert_false(ring_arm(ring, 3));
		assert_int_equal(ring->shared->rsp_event, ring->rsp_cons + 3);
	}
}

static void
test_3_producer_jumps_while_it_is_drained(void **state)
{
	static struct fixture f;
	struct ring *ring = &f.ring;
	uint32_t count, value = 0;

	(void)state;
	set_counters(&f, 7);
	for (unsigned i = 0; i < 10; i++)
		ring_put(ring, &value, sizeof(value));
	(void)ring_publish(ring);
	ring->shared->rsp_prod = 7 + 4;
	assert_int_equal(ring_look(ring, &count), PV_OK);
	assert_int_equal(count, 4);
	ring_take(ring, &value, sizeof(value));
	/* what it says now is for the next look */
	ring->shared->rsp_prod = 7 + 11;
	ring_take(ring, &value, sizeof(value));
	assert_int_equal(ring_look(ring, &count), PV_EPROTO);
	assert_int_equal(count, 0);
	/* back, but not before what was seen */
	ring->shared->rsp_prod = 7 + 3;
	assert_int_equal(ring_look(ring, &count), PV_EPROTO);
	ring->shared->rsp_prod = 7 + 1;
	assert_int_equal(ring_look(ring, &count), PV_EPROTO);
	ring->shared->rsp_prod = 7 + 10;
	assert_int_equal(ring_look(ring, &count), PV_OK);
	assert_int_equal(count, 8);
}

/* Requests that the host was not told of are not answered. */
static void
test_1_answer_before_the_request_is_published(void **state)
{
	static struct fixture f;
	struct ring *ring = &f.ring;
	uint32_t count, value = 0;

	(void)state;
	set_counters(&f, 0);
	ring_put(ring, &value, sizeof(value));
	ring->shared->rsp_prod = 1;
	assert_int_equal(ring_look(ring, &count), PV_EPROTO);
	(void)ring_publish(ring);
	assert_int_equal(ring_look(ring, &count), PV_OK);
}

static void
test_7_no_event_asked_for(void **state)
{
	static struct fixture f;
	struct ring *ring = &f.ring;
	uint32_t value = 0;

	(void)state;
	set_counters(&f, 0);
	ring_put(ring, &value, sizeof(value));
	ring->shared->req_event = 2;
	assert_false(ring_publish(ring));
	ring_put(ring, &value, sizeof(value));
	assert_true(ring_publish(ring));
	ring_put(ring, &value, sizeof(value));
	ring->shared->req_event = 1;
	assert_false(ring_publish(ring));
	ring_put(ring, &value, sizeof(value));
	ring->shared->req_event = 0x80000000u;
	assert_false(ring_publish(ring));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_9_answers_change_after_they_were_read),
		lab_test(test_7_event_words_of_any_value),
		cmocka_unit_test(test_6_counters_wrap),
		cmocka_unit_test(test_3_producer_jumps_while_it_is_drained),
		cmocka_unit_test(test_1_answer_before_the_request_is_published),
		cmocka_unit_test(test_7_no_event_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
