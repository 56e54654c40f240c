/* SPDX-License-Identifier: ISC */
/* Received packets and messages that cannot be: ranges, headers, parts. */
#include "tests/support/hv_hostile.h"

/* ---- Reads of shared memory, in the place of guest/bus/shared.c -------- */

static struct {
	bool change; /* what was read of it is overwritten at once */
	const uint8_t *from;
	size_t size;
	unsigned reads;
} watched;

uint32_t
shared_load32(const volatile uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

void
shared_store32(volatile uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

void
shared_copy(void *to, const volatile void *from, size_t size)
{
	const uint8_t *at = (const uint8_t *)(uintptr_t)from;

	memcpy(to, at, size);
	if (watched.from == NULL || at < watched.from ||
	    at >= watched.from + watched.size)
		return;
	watched.reads++;
	if (watched.change)
		memset((void *)(uintptr_t)at, 0xa5, size);
}

static void
watch(struct hv_vif *vif, bool change)
{
	const struct hvn_area *area = &hv_vif_hvn(vif)->receive;

	watched.from = area->gpadl.memory;
	watched.size = area->gpadl.pages * PV_PAGE_SIZE;
	watched.change = change;
	watched.reads = 0;
}

static void
start(struct hv_vif *vif)
{
	memset(&watched, 0, sizeof(watched));
	hv_vif_start(vif, NULL);
	hv_vif_run(vif, PV_MILLISECOND);
}

static uint8_t bytes[1514];

static void
send(struct hv_vif *vif)
{
	vif_pattern(bytes, 300, 1);
	hv_vif_address(vif, bytes);
	assert_true(host_netvsp_send(vif->net,
	    &(struct host_nv_frame){ .bytes = bytes, .length = 300 }));
	hv_vif_run(vif, PV_MILLISECOND);
}

/* One packet with something wrong in it: dropped, counted, acknowledged. */
static void
dropped(struct hv_vif *vif, const uint64_t *counter)
{
	uint64_t before = *counter, all = hostile_counted(vif);

	send(vif);
	assert_int_equal(*counter, before + 1);
	assert_int_equal(hostile_counted(vif), all + 1);
	assert_int_equal(vif->guest.count, 0);
	assert_int_equal(vif->device->state, PV_DEVICE_ATTACHED);
	assert_int_equal(host_netvsp_counts(vif->net)->receive_in_use, 0);
}

static void
still_works(struct hv_vif *vif)
{
	hostile_is_not_broken(vif);
	hv_vif_forget(&vif->guest);
}

/* ---- Memory ----------------------------------------------------------- */

static void
test_h49_what_was_read_is_not_read_again(void **state)
{
	struct hv_vif *vif = *state;

	start(vif);
	watch(vif, true);
	for (size_t len = 14; len < 1500; len += 33) {
		vif_pattern(bytes, len, (unsigned)len);
		hv_vif_address(vif, bytes);
		watched.reads = 0;
		hv_vif_receive(vif,
		    &(struct host_nv_frame){ .bytes = bytes, .length = len });
		assert_int_equal(watched.reads, 1);
		assert_memory_equal(vif->guest.first->bytes, bytes, len);
		hv_vif_forget(&vif->guest);
	}
	assert_int_equal(hostile_counted(vif), 0);
}

/* ---- The header of a packet ------------------------------------------- */

#define SET 0u
#define RANGES 4u
#define BYTES 8u
#define OFFSET 12u

static void
test_h13_another_set_of_pages(void **state)
{
	static const uint16_t sets[] = { 0, 1, 0xcaff, 0xffff };
	struct hv_vif *vif = *state;

	start(vif);
	for (unsigned i = 0; i < 4; i++) {
		hostile_patch(vif, HOST_NET_RANGES, 1, SET, &sets[i], 2);
		dropped(vif, &vif->device->stats.bad_id);
	}
	still_works(vif);
}

static void
test_h26_more_ranges_than_the_header_has(void **state)
{
	static const uint32_t counts[] = { 2, 3, 562, 563, 0x20000000u,
		0x20000001u, UINT32_MAX };
	struct hv_vif *vif = *state;

	start(vif);
	for (unsigned i = 0; i < 7; i++) {
		hostile_word(vif, HOST_NET_RANGES, 1, RANGES, counts[i]);
		dropped(vif, &vif->device->stats.bad_length);
	}
	still_works(vif);
}

static void
test_h18_no_range_at_all(void **state)
{
	struct hv_vif *vif = *state;

	start(vif);
	hostile_word(vif, HOST_NET_RANGES, 1, RANGES, 0);
	send(vif);
	assert_int_equal(vif->guest.count, 0);
	assert_int_equal(host_netvsp_counts(vif->net)->receive_in_use, 0);
	still_works(vif);
}

static void
test_h22_header_cut_short(void **state)
{
	struct hv_vif *vif = *state;

	start(vif);
	for (unsigned len = 0; len <= 8; len += 8) {
		hostile_cut(vif, HOST_NET_RANGES, 1, len);
		dropped(vif, &vif->device->stats.bad_length);
	}
	still_works(vif);
}

static void
test_h20_range_outside_of_the_buffer(void **state)
{
	static const uint32_t offsets[] = { 16u << 20, (16u << 20) - 1,
		(16u << 20) - 300, 0x80000000u, UINT32_MAX };
	struct hv_vif *vif = *state;

	start(vif);
	for (unsigned i = 0; i < 5; i++) {
		hostile_word(vif, HOST_NET_RANGES, 1, OFFSET, offsets[i]);
		dropped(vif, &vif->device->stats.bad_index);
	}
	still_works(vif);
}

static void
test_h19_range_longer_than_the_buffer(void **state)
{
	static const uint32_t lengths[] = { (16u << 20) + 1, 0x80000000u,
		UINT32_MAX };
	struct hv_vif *vif = *state;

	start(vif);
	for (unsigned i = 0; i < 3; i++) {
		hostile_word(vif, HOST_NET_RANGES, 1, BYTES, lengths[i]);
		dropped(vif, &vif->device->stats.bad_index);
	}
	/* inside, and larger than any message */
	hostile_word(vif, HOST_NET_RANGES, 1, BYTES, 1u << 20);
	dropped(vif, &vif->device->stats.bad_length);
	still_works(vif);
}

static void
test_h21_range_offset_and_length_wrap(void **state)
{
	static const uint32_t pairs[][2] = { { 0x100, 0xffffff00u },
		{ 0xffffff00u, 0x100 }, { 0x80000000u, 0x80000000u },
		{ 0xff000001u, 0xffffff } };
	struct hv_vif *vif = *state;

	start(vif);
	for (unsigned i = 0; i < 4; i++) {
		hostile_patch(vif, HOST_NET_RANGES, 1, BYTES, pairs[i], 8);
		dropped(vif, &vif->device->stats.bad_index);
	}
	still_works(vif);
}

static void
test_h18_range_of_nothing(void **state)
{
	struct hv_vif *vif = *state;

	start(vif);
	for (uint32_t len = 0; len < 8; len++) {
		hostile_word(vif, HOST_NET_RANGES, 1, BYTES, len);
		dropped(vif, &vif->device->stats.bad_length);
	}
	still_works(vif);
}

/* The same bytes twice: two frames, and one acknowledgement. */
static void
test_h26_ranges_that_overlap(void **state)
{
	struct hv_vif *vif = *state;
	const struct hvn_area *area;
	const uint8_t *memory;
	uint8_t other[300];
	uint32_t at = 0;

	start(vif);
	area = &hv_vif_hvn(vif)->receive;
	memory = area->gpadl.memory;
	vif_pattern(bytes, 300, 1);
	vif_pattern(other, 300, 2);
	hv_vif_address(vif, bytes);
	hv_vif_address(vif, other);
	assert_true(host_netvsp_send(vif->net,
	    &(struct host_nv_frame){ .bytes = bytes, .length = 300 }));
	assert_true(host_netvsp_send(vif->net,
	    &(struct host_nv_frame){ .bytes = other, .length = 300 }));
	/* the part that the first has got, from where the last was */
	while (memcmp(memory + at, bytes, 300) != 0)
		assert_in_range(++at, 1, (16u << 20) - 300);
	at = at / area->section_size * area->section_size;
	hostile_word(vif, HOST_NET_RANGES, 1, OFFSET + 8, at);
	hv_vif_run(vif, PV_MILLISECOND);
	assert_int_equal(vif->guest.count, 2);
	assert_memory_equal(vif->guest.first->bytes, bytes, 300);
	assert_memory_equal(vif->guest.first->next->bytes, bytes, 300);
	assert_int_equal(host_netvsp_counts(vif->net)->receive_in_use, 0);
	hv_vif_forget(&vif->guest);
	still_works(vif);
}

/* ---- Messages --------------------------------------------------------- */

/* A word of the message of a frame. */
static void
word(struct hv_vif *vif, unsigned at, uint32_t value, const uint64_t *counter)
{
	hostile_word(vif, HOST_NET_RNDIS, 1, at, value);
	dropped(vif, counter);
}

static void
test_h22_message_length_that_cannot_be(void **state)
{
	struct hv_vif *vif = *state;
	const uint64_t *counter;

	start(vif);
	counter = &vif->device->stats.bad_length;
	for (uint32_t length = 0; length < 44; length += 11)
		word(vif, 4, length, counter);
	word(vif, 4, 1728, counter);
	word(vif, 4, 0x80000000u, counter);
	word(vif, 4, UINT32_MAX, counter);
	still_works(vif);
}

static void
test_h20_frame_outside_of_its_message(void **state)
{
	struct hv_vif *vif = *state;
	const uint64_t *counter;

	start(vif);
	counter = &vif->device->stats.bad_length;
	word(vif, 8, 0, counter); /* in its own header */
	word(vif, 8, 35, counter);
	word(vif, 8, 1000, counter);
	word(vif, 8, UINT32_MAX, counter);
	word(vif, 12, 1000, counter);
	word(vif, 12, UINT32_MAX, counter);
	word(vif, 12, 0, counter); /* no frame at all */
	word(vif, 12, 13, counter);
	still_works(vif);
}

static void
test_h27_infos_that_cannot_be(void **state)
{
	static const uint32_t infos[][2] = { { 0, 16 }, { 36, 0xffffffff },
		{ 0xffffffffu, 16 }, { 36, 300 } };
	struct hv_vif *vif = *state;

	start(vif);
	for (unsigned i = 0; i < 4; i++) {
		hostile_patch(vif, HOST_NET_RNDIS, 1, 28, infos[i], 8);
		dropped(vif, &vif->device->stats.bad_length);
	}
	still_works(vif);
}

/* Linux's loop over these does not end: the next one is this one. */
static void
test_h27_info_of_no_size_does_not_hang(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 4, 11, 17, UINT32_MAX };
	struct hv_vif *vif = *state;

	start(vif);
	for (unsigned i = 0; i < 6; i++) {
		hostile_word(vif, HOST_NET_RNDIS, 1, 44, sizes[i]);
		vif_packet(bytes, 300, false, true);
		hv_vif_address(vif, bytes);
		assert_true(host_netvsp_send(vif->net,
		    &(struct host_nv_frame){ .bytes = bytes,
			.length = 300,
			.has_vlan = true,
			.vlan = 5 }));
		hv_vif_run(vif, PV_MILLISECOND);
		assert_int_equal(vif->guest.count, 0);
		assert_int_equal(vif->device->stats.bad_length, i + 1);
	}
	still_works(vif);
}

/* ---- Parts of a frame ------------------------------------------------- */

#define PARTS 200

struct part {
	uint8_t message[256];
	size_t size;
};

static struct part parts[PARTS];

/* 100 bytes of a frame. */
static void
make_part(unsigned i, unsigned flags)
{
	struct part *part = &parts[i];
	const struct hv_rndis_info info = { 16, HV_RNDIS_INFO_PACKET_ID, 12 };
	const struct hv_rndis_packet_id id = { 1, (uint8_t)flags, 7 };
	const struct hv_rndis header = { HV_RNDIS_PACKET, 60 + 100 };
	const struct hv_rndis_packet packet = { .data_offset = 52,
		.data_length = 100,
		.info_offset = 36,
		.info_length = 16 };

	memset(part, (int)i, sizeof(*part));
	memcpy(part->message, &header, 8);
	memcpy(part->message + 8, &packet, 36);
	memcpy(part->message + 44, &info, 12);
	memcpy(part->message + 56, &id, 4);
	part->size = 160;
}

static void
put_parts(struct hv_vif *vif, unsigned count)
{
	const void *messages[PARTS];
	size_t sizes[PARTS];

	for (unsigned i = 0; i < count; i++) {
		messages[i] = parts[i].message;
		sizes[i] = parts[i].size;
	}
	assert_true(host_netvsp_rndis(vif->net, 0, messages, sizes, count));
	hv_vif_run(vif, PV_MILLISECOND);
}

static const unsigned first = HV_RSC_PART | HV_RSC_FIRST;
static const unsigned middle = HV_RSC_PART;
static const unsigned last = HV_RSC_PART | HV_RSC_LAST;

static void
test_parts_make_a_frame(void **state)
{
	struct hv_vif *vif = *state;

	start(vif);
	make_part(0, first);
	make_part(1, middle);
	make_part(2, last);
	put_parts(vif, 3);
	assert_int_equal(vif->guest.count, 1);
	assert_int_equal(vif->guest.first->guest.length, 300);
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(vif->guest.first->bytes[i], i / 100);
	assert_int_equal(hostile_counted(vif), 0);
	hv_vif_forget(&vif->guest);
	/* one that is its own beginning and end */
	make_part(0, first | last);
	put_parts(vif, 1);
	assert_int_equal(vif->guest.count, 1);
	hv_vif_forget(&vif->guest);
	still_works(vif);
}

static void
test_h24_parts_without_a_first(void **state)
{
	struct hv_vif *vif = *state;

	start(vif);
	make_part(0, middle);
	make_part(1, middle);
	make_part(2, last);
	make_part(3, first);
	make_part(4, last);
	put_parts(vif, 5);
	assert_int_equal(vif->guest.count, 1); /* the whole one behind */
	assert_int_equal(vif->guest.first->guest.length, 200);
	assert_int_equal(vif->device->stats.bad_state, 1);
	hv_vif_forget(&vif->guest);
	still_works(vif);
}

static void
test_h24_parts_without_a_last(void **state)
{
	struct hv_vif *vif = *state;

	start(vif);
	make_part(0, first);
	make_part(1, middle);
	put_parts(vif, 2);
	make_part(0, last); /* not of that one any more */
	put_parts(vif, 1);
	assert_int_equal(vif->guest.count, 0);
	assert_int_equal(vif->device->stats.bad_state, 2);
	still_works(vif);
}

static void
test_h24_a_first_in_the_middle(void **state)
{
	struct hv_vif *vif = *state;

	start(vif);
	make_part(0, first);
	make_part(1, first);
	make_part(2, last);
	put_parts(vif, 3);
	assert_int_equal(vif->guest.count, 0);
	assert_int_equal(vif->device->stats.bad_state, 1);
	still_works(vif);
}

static void
test_h24_a_whole_frame_in_the_middle(void **state)
{
	struct hv_vif *vif = *state;

	start(vif);
	make_part(0, first);
	make_part(1, 0);
	make_part(2, last);
	put_parts(vif, 3);
	assert_int_equal(vif->guest.count, 1);
	assert_int_equal(vif->guest.first->guest.length, 100);
	assert_int_equal(vif->device->stats.bad_state, 2);
	hv_vif_forget(&vif->guest);
	still_works(vif);
}

static void
test_h24_more_parts_than_a_frame_can_have(void **state)
{
	struct hv_vif *vif = *state;

	start(vif);
	make_part(0, first);
	for (unsigned i = 1; i < PARTS; i++)
		make_part(i, middle);
	put_parts(vif, PARTS);
	assert_int_equal(vif->guest.count, 0);
	assert_int_equal(vif->device->stats.bad_length, 1);
	make_part(PARTS - 1, last);
	put_parts(vif, PARTS);
	assert_int_equal(vif->guest.count, 0);
	assert_int_equal(vif->device->stats.bad_length, 2);
	still_works(vif);
}

/* In the first, one in the middle, or the last: the others go with it. */
static void
test_h24_an_error_in_a_part(void **state)
{
	struct hv_vif *vif = *state;

	start(vif);
	for (unsigned bad = 0; bad < 3; bad++) {
		uint64_t before = hostile_counted(vif);

		make_part(0, first);
		make_part(1, middle);
		make_part(2, last);
		parts[bad].message[12] = 101; /* longer than the message */
		put_parts(vif, 3);
		assert_int_equal(vif->guest.count, 0);
		assert_in_range(hostile_counted(vif), before + 1, before + 2);
	}
	still_works(vif);
}

static void
test_h18_parts_of_nothing(void **state)
{
	struct hv_vif *vif = *state;

	start(vif);
	make_part(0, first);
	make_part(1, middle);
	make_part(2, last);
	memset(parts[1].message + 12, 0, 4);
	put_parts(vif, 3);
	assert_int_equal(vif->guest.count, 0);
	assert_int_equal(vif->device->stats.bad_length, 1);
	still_works(vif);
}

/* Anything at all in a message. */
static void
test_noise(void **state)
{
	struct hv_vif *vif = *state;
	struct sim *sim;

	start(vif);
	sim = vif->world->sim;
	vif->drop = true;
	for (unsigned round = 0; round < 300; round++) {
		unsigned count = 1 + (unsigned)sim_random(sim, 6);

		for (unsigned i = 0; i < count; i++) {
			make_part(i, (unsigned)sim_random(sim, 8));
			for (unsigned n = 0; n < 3; n++)
				parts[i].message[sim_random(sim, 60)] =
				    (uint8_t)sim_random(sim, 256);
		}
		put_parts(vif, count);
		assert_int_equal(vif->device->state, PV_DEVICE_ATTACHED);
		assert_int_equal(host_netvsp_counts(vif->net)->receive_in_use,
		    0);
	}
	assert_true(hostile_counted(vif) > 0);
	vif->drop = false;
	hv_vif_until(vif, hv_vif_is_quiet, "quiet");
	hv_vif_forget(&vif->peer);
	vif->guest.count = 0;
	still_works(vif);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		hv_vif_test(test_h49_what_was_read_is_not_read_again),
		hv_vif_test(test_h13_another_set_of_pages),
		hv_vif_test(test_h26_more_ranges_than_the_header_has),
		hv_vif_test(test_h18_no_range_at_all),
		hv_vif_test(test_h22_header_cut_short),
		hv_vif_test(test_h20_range_outside_of_the_buffer),
		hv_vif_test(test_h19_range_longer_than_the_buffer),
		hv_vif_test(test_h21_range_offset_and_length_wrap),
		hv_vif_test(test_h18_range_of_nothing),
		hv_vif_test(test_h26_ranges_that_overlap),
		hv_vif_test(test_h22_message_length_that_cannot_be),
		hv_vif_test(test_h20_frame_outside_of_its_message),
		hv_vif_test(test_h27_infos_that_cannot_be),
		hv_vif_test(test_h27_info_of_no_size_does_not_hang),
		hv_vif_test(test_parts_make_a_frame),
		hv_vif_test(test_h24_parts_without_a_first),
		hv_vif_test(test_h24_parts_without_a_last),
		hv_vif_test(test_h24_a_first_in_the_middle),
		hv_vif_test(test_h24_a_whole_frame_in_the_middle),
		hv_vif_test(test_h24_more_parts_than_a_frame_can_have),
		hv_vif_test(test_h24_an_error_in_a_part),
		hv_vif_test(test_h18_parts_of_nothing),
		hv_vif_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
