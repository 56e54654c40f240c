/* SPDX-License-Identifier: ISC */
/*
 * The rings of VMBus against a host that writes what it likes, and when: the
 * accessors of shared memory have other bodies here, so that memory changes
 * between two reads, and what is read twice shows.
 */
#include "tests/support/vmbus_ring.h"

static struct {
	size_t loads, stores, copies, bytes;
	bool flip;                 /* junk stands where was copied from */
	volatile uint32_t *junk;   /* this word reads as anything */
	uint32_t next;             /* of that */
	volatile uint32_t *change; /* when it is stored to, this happens */
	void (*changed)(void *argument);
	void *argument;
} spy;

uint32_t
shared_load32(const volatile uint32_t *word)
{
	spy.loads++;
	if (word == spy.junk)
		return spy.next = spy.next * 1664525 + 1013904223;
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

void
shared_store32(volatile uint32_t *word, uint32_t value)
{
	spy.stores++;
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	if (word == spy.change)
		spy.changed(spy.argument);
}

void
shared_copy(void *to, const volatile void *from, size_t size)
{
	memcpy(to, (const void *)(uintptr_t)from, size);
	spy.copies++;
	spy.bytes += size;
	if (spy.flip)
		memset((void *)(uintptr_t)from, 0x5a, size);
}

static int
setup(void **state)
{
	memset(&spy, 0, sizeof(spy));
	*state = rings_new(5, 16 * 1024 - 64);
	return 0;
}

static int
teardown(void **state)
{
	free(*state);
	return 0;
}

#define ring_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static const char text[] = "what is said, and is not to change any more.";

static void
take_text(struct rings *rings, uint64_t id)
{
	struct ring_packet packet;

	assert_int_equal(ring_take(&rings->in, &packet), 1);
	assert_int_equal(packet.id, id);
	assert_int_equal(packet.type, HV_PACKET_INBAND);
	assert_int_equal(packet.header_len, 0);
	assert_int_equal(packet.len, (sizeof(text) + 7) / 8 * 8);
	assert_memory_equal(packet.data, text, sizeof(text));
}

/* Broken, and it stays so whatever the host writes then. */
static void
in_is_broken(struct rings *rings)
{
	struct ring_packet packet;

	assert_int_equal(ring_take(&rings->in, &packet), PV_EPROTO);
	rings->in.header->write = rings->in.read;
	assert_int_equal(ring_take(&rings->in, &packet), PV_EPROTO);
	assert_true(ring_waiting(&rings->in));
	assert_false(ring_release(&rings->in));
}

static void
out_is_broken(struct rings *rings)
{
	rings->out.header->read = rings->out.published;
	assert_int_equal(guest_put(rings, 1, text, 8), PV_EPROTO);
	assert_int_equal(ring_room(&rings->out), 0);
	assert_false(ring_publish(&rings->out));
}

/* ---- Indices ---------------------------------------------------------- */

/* 1: over what the host was not given back yet; the packet is as it should be. */
static void
test_1_more_than_there_is_room_for(void **state)
{
	struct rings *rings = *state;
	uint32_t first = rings->write;

	for (unsigned i = 0; i < 4; i++)
		host_put(rings, i, text, sizeof(text));
	host_publish(rings);
	for (unsigned i = 0; i < 4; i++)
		take_text(rings, i);
	host_put(rings, 5, text, sizeof(text));
	rings->in.header->write = first;
	in_is_broken(rings);
}

static void
test_1_host_reads_what_was_not_published(void **state)
{
	struct rings *rings = *state;

	assert_int_equal(guest_put(rings, 1, text, 8), PV_OK);
	assert_true(ring_publish(&rings->out));
	assert_int_equal(guest_put(rings, 2, text, 8), PV_OK);
	rings->out.header->read = rings->out.write;
	assert_int_equal(ring_room(&rings->out), 0);
	out_is_broken(rings);
}

static void
test_2_producer_moves_backwards(void **state)
{
	struct rings *rings = *state;

	host_put(rings, 0, text, sizeof(text));
	host_put(rings, 1, text, sizeof(text));
	host_publish(rings);
	assert_true(ring_waiting(&rings->in));
	take_text(rings, 0);
	rings->in.header->write = rings->in.read;
	/* what was seen counts, and then it is looked again */
	take_text(rings, 1);
	in_is_broken(rings);
}

static void
test_2_consumer_moves_backwards(void **state)
{
	struct rings *rings = *state;
	uint32_t before = rings->out.read;

	assert_int_equal(guest_put(rings, 1, text, 8), PV_OK);
	assert_true(ring_publish(&rings->out));
	rings->out.header->read = rings->out.published;
	assert_int_equal(ring_room(&rings->out), rings->size - 8);
	rings->out.header->read = before;
	assert_int_equal(ring_room(&rings->out), 0);
	out_is_broken(rings);
}

/* 3: what is looked at is that of one look. */
static void
test_3_producer_jumps_while_it_is_drained(void **state)
{
	struct rings *rings = *state;
	struct ring_packet packet;

	host_put(rings, 0, text, sizeof(text));
	host_put(rings, 1, text, sizeof(text));
	host_publish(rings);
	take_text(rings, 0);
	rings->in.header->write = 12345;
	take_text(rings, 1);
	host_publish(rings);
	assert_int_equal(ring_take(&rings->in, &packet), 0);
	host_put(rings, 2, text, sizeof(text));
	host_publish(rings);
	rings->in.header->write ^= 4;
	in_is_broken(rings);
}

static void
test_4_own_words_rewritten(void **state)
{
	struct rings *rings = *state;
	unsigned char packet[64];

	for (uint64_t i = 0; i < 200; i++) {
		rings->in.header->read = 0xdeadbeef;
		rings->in.header->interrupt_mask = 0xdeadbeef;
		rings->out.header->write = 0xdeadbeef;
		rings->out.header->pending_send = 0xdeadbeef;
		rings->out.header->features = 0;
		host_put(rings, i, text, sizeof(text));
		host_publish(rings);
		take_text(rings, i);
		(void)ring_release(&rings->in);
		assert_int_equal(rings->in.header->read, rings->write);
		assert_int_equal(guest_put(rings, i, text, 8), PV_OK);
		assert_true(ring_publish(&rings->out));
		assert_int_equal(host_take(rings, packet), 24);
		assert_memory_equal(packet + 16, text, 8);
	}
}

static void
test_5_index_out_of_the_ring_or_askew(void **state)
{
	const uint32_t bad[] = { 1, 7, 12, 4 * 4096, 4 * 4096 + 8, 0xfffffff8u,
		0xffffffffu, 0x80000000u };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rings *rings = rings_new(5, 0);

		rings->in.header->write = bad[i];
		in_is_broken(rings);
		assert_int_equal(guest_put(rings, 1, text, 8), PV_OK);
		rings->out.header->read = bad[i];
		/* not told, as nobody knows what it has seen */
		assert_false(ring_publish(&rings->out));
		out_is_broken(rings);
		free(rings);
	}
}

/* 6: each place where a packet can lie across the end. */
static void
test_6_wrap_at_the_end(void **state)
{
	unsigned char packet[128];

	(void)state;
	for (uint32_t at = 4096 - 80; at < 4096; at += 8) {
		struct rings *rings = rings_new(2, at);

		host_put(rings, 5, text, sizeof(text));
		host_publish(rings);
		take_text(rings, 5);
		(void)ring_release(&rings->in);
		assert_int_equal(rings->in.header->read, rings->write);
		memset(rings->out.data, 0x77, rings->size);
		assert_int_equal(guest_put(rings, 6, text, sizeof(text)),
		    PV_OK);
		assert_true(ring_publish(&rings->out));
		assert_int_equal(host_take(rings, packet), 16 + 48);
		assert_memory_equal(packet + 16, text, sizeof(text));
		/* what is left of the last word is nothing of ours */
		for (size_t i = sizeof(text); i < 48; i++)
			assert_int_equal(packet[16 + i], 0);
		assert_int_equal(host_take(rings, packet), 0);
		free(rings);
	}
}

/* ---- Words about signals ---------------------------------------------- */

static void
test_7_words_of_any_value(void **state)
{
	struct rings *rings = *state;
	volatile uint32_t *words[] = { &rings->out.header->interrupt_mask,
		&rings->in.header->pending_send, &rings->in.header->features };
	unsigned char packet[64];

	for (unsigned w = 0; w < 3; w++) {
		spy.junk = words[w];
		for (uint64_t i = 0; i < 1000; i++) {
			host_put(rings, i, text, sizeof(text));
			host_publish(rings);
			take_text(rings, i);
			(void)ring_release(&rings->in);
			(void)ring_tells(&rings->in);
			assert_int_equal(guest_put(rings, i, text, 8), PV_OK);
			(void)ring_publish(&rings->out);
			assert_int_equal(host_take(rings, packet), 24);
		}
	}
}

static void
fill_in(struct rings *rings)
{
	while (host_room(rings) >= 72)
		host_put(rings, 7, text, sizeof(text));
	host_publish(rings);
}

/* 7: all of it, in the words of hosts that mean that it is to be empty. */
static void
test_7_pending_send_of_ring_size_less_one(void **state)
{
	struct rings *rings = *state;
	const uint32_t values[] = { rings->size - 1, rings->size - 8,
		rings->size, UINT32_MAX };
	struct ring_packet packet;

	for (unsigned v = 0; v < 4; v++) {
		fill_in(rings);
		rings->in.header->pending_send = values[v];
		assert_int_equal(ring_take(&rings->in, &packet), 1);
		assert_false(ring_release(&rings->in));
		while (rings->in.read != rings->write) {
			assert_false(ring_release(&rings->in));
			assert_int_equal(ring_take(&rings->in, &packet), 1);
		}
		assert_true(ring_release(&rings->in));
		assert_false(ring_release(&rings->in));
	}
}

/* As much as the host waits for, and told once. */
static void
told_once(struct rings *rings, uint32_t more)
{
	struct ring_packet packet;
	uint32_t pending;
	unsigned told = 0;

	fill_in(rings);
	pending = host_room(rings) + 5 * 72;
	rings->in.header->pending_send = pending + more;
	while (ring_take(&rings->in, &packet) == 1)
		if (ring_release(&rings->in)) {
			told++;
			assert_int_equal(host_room(rings), pending);
		}
	assert_int_equal(told, 1);
}

static void
test_host_is_told_of_room_once(void **state)
{
	told_once(*state, 0);
}

/* 7: Linux counts the word too that can never be used, and wants more than is
 * asked for; which comes to the same as no whole words. */
static void
test_7_pending_send_of_no_whole_word(void **state)
{
	told_once(*state, 1);
	told_once(*state, 7);
}

static void
test_8_empty_but_the_host_says_full(void **state)
{
	struct rings *rings = *state;
	struct ring_packet packet;

	rings->in.header->pending_send = 64;
	assert_int_equal(ring_take(&rings->in, &packet), 0);
	assert_false(ring_release(&rings->in));
	assert_false(ring_unmask(&rings->in));
	host_put(rings, 1, text, sizeof(text));
	host_publish(rings);
	take_text(rings, 1);
	/* it had that room before */
	assert_false(ring_release(&rings->in));
}

static void
test_no_signal_to_a_host_that_has_work(void **state)
{
	struct rings *rings = *state;
	unsigned char packet[64];

	assert_false(ring_publish(&rings->out));
	assert_int_equal(spy.stores, 1); /* the feature */
	assert_int_equal(guest_put(rings, 1, text, 8), PV_OK);
	assert_true(ring_publish(&rings->out));
	assert_int_equal(guest_put(rings, 2, text, 8), PV_OK);
	assert_false(ring_publish(&rings->out));
	assert_int_equal(host_take(rings, packet), 24);
	assert_int_equal(guest_put(rings, 3, text, 8), PV_OK);
	assert_false(ring_publish(&rings->out));
	assert_int_equal(host_take(rings, packet), 24);
	assert_int_equal(host_take(rings, packet), 24);
	rings->out.header->interrupt_mask = 1;
	assert_int_equal(guest_put(rings, 4, text, 8), PV_OK);
	assert_false(ring_publish(&rings->out));
	assert_int_equal(host_take(rings, packet), 24);
	rings->out.header->interrupt_mask = 0;
	assert_int_equal(guest_put(rings, 5, text, 8), PV_OK);
	assert_true(ring_publish(&rings->out));
}

static void
test_one_store_for_a_batch(void **state)
{
	struct rings *rings = *state;

	spy.stores = 0;
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(guest_put(rings, i, text, 16), PV_OK);
	assert_int_equal(spy.stores, 0);
	assert_true(ring_publish(&rings->out));
	assert_int_equal(spy.stores, 1);
	for (unsigned i = 0; i < 8; i++)
		host_put(rings, i, text, sizeof(text));
	host_publish(rings);
	for (unsigned i = 0; i < 8; i++)
		take_text(rings, i);
	spy.loads = 0;
	(void)ring_release(&rings->in);
	assert_int_equal(spy.stores, 2);
	(void)ring_release(&rings->in);
	assert_int_equal(spy.stores, 2);
}

static void
come_late(void *argument)
{
	struct rings *rings = argument;

	host_put(rings, 9, text, sizeof(text));
	host_publish(rings);
}

/* What comes before the host can see that it is to tell, is seen by the look
 * behind that. */
static void
test_unmask_looks_again(void **state)
{
	struct rings *rings = *state;

	ring_mask(&rings->in);
	assert_int_equal(rings->in.header->interrupt_mask, 1);
	spy.stores = 0;
	ring_mask(&rings->in);
	assert_int_equal(spy.stores, 0);
	spy.change = &rings->in.header->interrupt_mask;
	spy.changed = come_late;
	spy.argument = rings;
	assert_true(ring_unmask(&rings->in));
	assert_int_equal(rings->in.header->interrupt_mask, 0);
	spy.change = NULL;
	take_text(rings, 9);
	assert_false(ring_unmask(&rings->in));
}

/* ---- A full ring ------------------------------------------------------ */

static void
fill_out(struct rings *rings)
{
	int error;

	while ((error = guest_put(rings, 3, text, sizeof(text))) == PV_OK)
		;
	assert_int_equal(error, PV_EAGAIN);
	(void)ring_publish(&rings->out);
}

static void
test_room_is_asked_for(void **state)
{
	struct rings *rings = *state;
	unsigned char packet[64];
	unsigned taken = 0;

	assert_int_equal(rings->out.header->features, 1);
	fill_out(rings);
	assert_true(rings->out.full);
	assert_true(rings->out.header->pending_send >= 72);
	assert_int_equal(rings->out.header->pending_send % 8, 0);
	assert_false(ring_woken(&rings->out));
	/* not for each packet that the host takes */
	while (!ring_woken(&rings->out)) {
		assert_int_equal(host_take(rings, packet), 64);
		taken++;
	}
	assert_in_range(taken, 20, rings->size / 72);
	assert_int_equal(rings->out.header->pending_send, 0);
	assert_false(rings->out.full);
	assert_false(ring_woken(&rings->out));
	assert_int_equal(guest_put(rings, 4, text, 8), PV_OK);
}

/* What waits for much room is not forgotten for what needs little. */
static void
test_small_packet_while_a_large_one_waits(void **state)
{
	struct rings *rings = *state;
	static unsigned char bytes[12000];
	static unsigned char packet[16 * 1024];
	uint32_t wanted;

	assert_int_equal(guest_put(rings, 1, bytes, 8000), PV_OK);
	assert_true(ring_publish(&rings->out));
	assert_int_equal(guest_put(rings, 2, bytes, 12000), PV_EAGAIN);
	wanted = rings->out.header->pending_send;
	assert_int_equal(wanted, 12000 + 16 + 8);
	assert_int_equal(guest_put(rings, 3, bytes, 8), PV_OK);
	assert_int_equal(guest_put(rings, 4, bytes, 8400), PV_EAGAIN);
	assert_int_equal(rings->out.header->pending_send, wanted);
	(void)ring_publish(&rings->out);
	assert_false(ring_woken(&rings->out));
	assert_int_equal(host_take(rings, packet), 8016);
	assert_true(ring_woken(&rings->out));
	assert_int_equal(rings->out.header->pending_send, 0);
	assert_int_equal(guest_put(rings, 2, bytes, 12000), PV_OK);
}

static void
make_room(void *argument)
{
	struct rings *rings = argument;
	unsigned char packet[64];

	if (rings->out.header->pending_send != 0)
		assert_int_equal(host_take(rings, packet), 64);
}

/* The host took something before it saw that it is to tell. */
static void
test_room_that_comes_before_the_host_sees_the_wish(void **state)
{
	struct rings *rings = *state;

	while (ring_room(&rings->out) >= 72)
		assert_int_equal(guest_put(rings, 3, text, sizeof(text)),
		    PV_OK);
	(void)ring_publish(&rings->out);
	spy.change = &rings->out.header->pending_send;
	spy.changed = make_room;
	spy.argument = rings;
	assert_int_equal(guest_put(rings, 3, text, sizeof(text)), PV_OK);
	assert_int_equal(rings->out.header->pending_send, 0);
	assert_false(rings->out.full);
}

/* To the last word: data less 8, as a full ring would look empty. */
static void
test_packet_as_large_as_the_ring(void **state)
{
	struct rings *rings = *state;
	static unsigned char bytes[16 * 1024];
	static unsigned char packet[16 * 1024];
	size_t most = rings->size - 8 - 8 - 16;

	memset(bytes, 0x77, sizeof(bytes));
	assert_int_equal(guest_put(rings, 1, bytes, most + 1), PV_EMSGSIZE);
	assert_int_equal(guest_put(rings, 1, bytes, most), PV_OK);
	assert_int_equal(ring_room(&rings->out), 0);
	assert_true(ring_publish(&rings->out));
	assert_int_equal(guest_put(rings, 2, bytes, 0), PV_EAGAIN);
	assert_int_equal(host_take(rings, packet), 16 + most);
	assert_memory_equal(packet + 16, bytes, most);
}

static void
test_larger_than_a_descriptor_can_say(void **state)
{
	struct rings *rings = rings_new(RING_PAGES_MAX, 0);
	static unsigned char bytes[600000];
	const struct ring_piece pieces[] = { { bytes, 300000 },
		{ bytes, 300000 }, { bytes, SIZE_MAX - 1000 } };
	struct ring_packet_out packet = { .pieces = pieces, .count = 2 };

	(void)state;
	assert_int_equal(ring_put(&rings->out, &packet), PV_EMSGSIZE);
	packet.count = 3;
	assert_int_equal(ring_put(&rings->out, &packet), PV_EMSGSIZE);
	packet.count = 0;
	packet.header = bytes;
	packet.header_len = 0xffff * 8;
	assert_int_equal(ring_put(&rings->out, &packet), PV_EMSGSIZE);
	packet.header_len = 12;
	assert_int_equal(ring_put(&rings->out, &packet), PV_EINVAL);
	assert_int_equal(ring_room(&rings->out), rings->size - 8);
	free(rings);
}

/* Header and pieces of any length, one behind the other. */
static void
test_header_and_pieces(void **state)
{
	struct rings *rings = *state;
	const struct ring_piece pieces[] = { { text, 3 }, { text + 3, 0 },
		{ text + 3, 30 }, { text + 33, sizeof(text) - 33 } };
	const struct ring_packet_out packet = { .type = HV_PACKET_GPA_DIRECT,
		.flags = HV_PACKET_FLAG_COMPLETION,
		.id = 0x123456789abcdef0,
		.header = "8 bytes and 8 more.....",
		.header_len = 16,
		.pieces = pieces,
		.count = 4 };
	struct hv_packet head;
	unsigned char bytes[128];

	assert_int_equal(ring_put(&rings->out, &packet), PV_OK);
	assert_true(ring_publish(&rings->out));
	assert_int_equal(host_take(rings, bytes), 32 + 48);
	memcpy(&head, bytes, sizeof(head));
	assert_int_equal(head.type, HV_PACKET_GPA_DIRECT);
	assert_int_equal(head.flags, HV_PACKET_FLAG_COMPLETION);
	assert_true(head.id == 0x123456789abcdef0);
	assert_int_equal(head.offset8, 4);
	assert_int_equal(head.length8, 10);
	assert_memory_equal(bytes + 16, "8 bytes and 8 mo", 16);
	assert_memory_equal(bytes + 32, text, sizeof(text));
}

/* ---- Packets ---------------------------------------------------------- */

/* 9: what was read is not read again, and junk stands there by then. */
static void
test_9_packet_changes_after_it_was_read(void **state)
{
	struct rings *rings = *state;

	spy.flip = true;
	for (unsigned i = 0; i < 500; i++) {
		host_put(rings, i, text, sizeof(text));
		host_put(rings, 500 + i, text, sizeof(text));
		host_publish(rings);
		spy.bytes = 0;
		take_text(rings, i);
		take_text(rings, 500 + i);
		assert_int_equal(spy.bytes, 2 * (16 + 48));
		(void)ring_release(&rings->in);
	}
}

static void
one_raw(struct rings *rings, uint16_t offset8, uint16_t length8)
{
	struct hv_packet packet = { .type = HV_PACKET_INBAND,
		.offset8 = offset8,
		.length8 = length8,
		.id = 3 };

	host_put_raw(rings, &packet, text, sizeof(text));
	host_publish(rings);
}

static void
test_18_packet_without_data(void **state)
{
	struct rings *rings = *state;
	struct ring_packet packet;

	host_put(rings, 1, NULL, 0);
	host_put(rings, 2, text, sizeof(text));
	host_publish(rings);
	assert_int_equal(ring_take(&rings->in, &packet), 1);
	assert_int_equal(packet.len, 0);
	assert_int_equal(packet.header_len, 0);
	take_text(rings, 2);
	assert_int_equal(guest_put(rings, 1, NULL, 0), PV_OK);
}

static void
test_18_length_0(void **state)
{
	struct rings *rings = *state;

	one_raw(rings, 2, 0);
	in_is_broken(rings);
}

static void
test_18_offset_0(void **state)
{
	struct rings *rings = *state;

	one_raw(rings, 0, 8);
	in_is_broken(rings);
}

/* 19: skipped, and what follows is taken. */
static void
test_19_longer_than_our_room(void **state)
{
	struct rings *rings = *state;
	static unsigned char bytes[RING_ROOM];
	struct ring_packet packet;

	host_put(rings, 1, bytes, sizeof(bytes));
	host_put(rings, 2, text, sizeof(text));
	host_publish(rings);
	spy.bytes = 0;
	assert_int_equal(ring_take(&rings->in, &packet), PV_EMSGSIZE);
	assert_int_equal(spy.bytes, 16);
	take_text(rings, 2);
	(void)ring_release(&rings->in);
	/* the largest that fits */
	host_put(rings, 3, bytes, sizeof(bytes) - 16);
	host_publish(rings);
	assert_int_equal(ring_take(&rings->in, &packet), 1);
	assert_int_equal(packet.len, sizeof(bytes) - 16);
}

static void
test_20_offset_behind_the_packet(void **state)
{
	struct rings *rings = *state;

	one_raw(rings, 9, 8);
	in_is_broken(rings);
}

static void
test_20_offset_is_the_length(void **state)
{
	struct rings *rings = *state;
	struct ring_packet packet;

	one_raw(rings, 8, 8);
	assert_int_equal(ring_take(&rings->in, &packet), 1);
	assert_int_equal(packet.header_len, 48);
	assert_memory_equal(packet.header, text, sizeof(text));
	assert_int_equal(packet.len, 0);
}

static void
test_21_offset_and_length_of_all_ones(void **state)
{
	struct rings *rings = *state;

	one_raw(rings, 0xffff, 0xffff);
	in_is_broken(rings);
}

static void
test_21_offset_of_all_ones(void **state)
{
	struct rings *rings = *state;

	one_raw(rings, 0xffff, 8);
	in_is_broken(rings);
}

static void
test_22_less_than_a_descriptor(void **state)
{
	struct rings *rings = *state;

	one_raw(rings, 1, 1);
	in_is_broken(rings);
}

/* 22: a word or two of it are there. */
static void
test_22_less_than_a_packet_there(void **state)
{
	(void)state;
	for (uint32_t there = 8; there < 24; there += 8) {
		struct rings *rings = rings_new(2, 0);

		host_put(rings, 1, NULL, 0);
		rings->in.header->write = there;
		in_is_broken(rings);
		free(rings);
	}
}

/* 22: 24 bytes are there of one that says it has 8000: hosts' bytes of before,
 * or nothing, would go to the driver as that packet. */
static void
test_22_longer_than_what_is_there(void **state)
{
	struct rings *rings = *state;
	struct hv_packet packet = { .offset8 = 2, .length8 = 1000 };

	host_put_raw(rings, &packet, NULL, 0);
	host_publish(rings);
	in_is_broken(rings);
}

/* By the trailer only. */
static void
test_22_longer_by_its_trailer(void **state)
{
	struct rings *rings = *state;

	host_put(rings, 1, text, sizeof(text));
	rings->write = (rings->write + rings->size - 8) % rings->size;
	host_publish(rings);
	in_is_broken(rings);
}

static void
test_22_longer_than_the_ring(void **state)
{
	struct rings *rings = *state;

	one_raw(rings, 2, 0x1000);
	in_is_broken(rings);
}

static void
test_39_looked_at_a_million_times_for_nothing(void **state)
{
	struct rings *rings = *state;
	struct ring_packet packet;

	spy.stores = 0;
	for (unsigned i = 0; i < 1000000; i++)
		if (ring_waiting(&rings->in) ||
		    ring_take(&rings->in, &packet) != 0 ||
		    ring_release(&rings->in))
			fail();
	assert_int_equal(spy.stores, 0);
	assert_int_equal(spy.copies, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ring_test(test_1_more_than_there_is_room_for),
		ring_test(test_1_host_reads_what_was_not_published),
		ring_test(test_2_producer_moves_backwards),
		ring_test(test_2_consumer_moves_backwards),
		ring_test(test_3_producer_jumps_while_it_is_drained),
		ring_test(test_4_own_words_rewritten),
		ring_test(test_5_index_out_of_the_ring_or_askew),
		ring_test(test_6_wrap_at_the_end),
		ring_test(test_7_words_of_any_value),
		ring_test(test_7_pending_send_of_ring_size_less_one),
		ring_test(test_host_is_told_of_room_once),
		ring_test(test_7_pending_send_of_no_whole_word),
		ring_test(test_8_empty_but_the_host_says_full),
		ring_test(test_no_signal_to_a_host_that_has_work),
		ring_test(test_one_store_for_a_batch),
		ring_test(test_unmask_looks_again),
		ring_test(test_room_is_asked_for),
		ring_test(test_small_packet_while_a_large_one_waits),
		ring_test(test_room_that_comes_before_the_host_sees_the_wish),
		ring_test(test_packet_as_large_as_the_ring),
		ring_test(test_larger_than_a_descriptor_can_say),
		ring_test(test_header_and_pieces),
		ring_test(test_9_packet_changes_after_it_was_read),
		ring_test(test_18_packet_without_data),
		ring_test(test_18_length_0),
		ring_test(test_18_offset_0),
		ring_test(test_19_longer_than_our_room),
		ring_test(test_20_offset_behind_the_packet),
		ring_test(test_20_offset_is_the_length),
		ring_test(test_21_offset_and_length_of_all_ones),
		ring_test(test_21_offset_of_all_ones),
		ring_test(test_22_less_than_a_descriptor),
		ring_test(test_22_less_than_a_packet_there),
		ring_test(test_22_longer_than_what_is_there),
		ring_test(test_22_longer_by_its_trailer),
		ring_test(test_22_longer_than_the_ring),
		ring_test(test_39_looked_at_a_million_times_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
