/* SPDX-License-Identifier: ISC */
/* Frames on their way through pvhost's NICs: checksums and segments, what a
 * hostile guest makes of them, and a guest that has no room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "programs/pvhost/nic_offload.h"
#include "programs/pvhost/nic_pull.h"
#include "tests/support/pvhost_stage.h"
#include "wire/endian.h"

#define TO_FROM "\x52\x55\x0a\x00\x02\x02\x52\x54\x00\x12\x34\x56"
#define IPV4 "\x08\x00"
#define IPV6 "\x86\xdd"
#define TCP                                                                    \
	"\x9c\x40\x00\x50\x01\x02\x03\x04\x0a\x0b\x0c\x0d\x50\x18\xff\xff\x00" \
	"\x00\x00\x00"                                                         \
	"GET /"
#define UDP_IPV4                                                               \
	"\x45\x00\x00\x21\x12\x34\x40\x00\x40\x11\x08\x88\x0a\x00\x02\x0f\x0a" \
	"\x00\x02\x02\x12\x34\x00\x35\x00\x0d\x00\x00hello"
#define TCP_IPV4                                                               \
	"\x45\x00\x00\x2d\x12\x34\x40\x00\x40\x06\x10\x87\x0a\x00\x02\x0f\x0a" \
	"\x00\x02\x02" TCP
#define ADDRESSES6                                                             \
	"\xfe\xc0\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x15\xfe" \
	"\xc0\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"

/* Checksums were computed by another program. */
static const struct known {
	const char *bytes;
	size_t length, field;
	uint16_t checksum;
} known[] = {
#define FRAME(bytes) bytes, sizeof(bytes) - 1
	{ FRAME(TO_FROM IPV4 UDP_IPV4), 40, 0x9188 },
	/* the sum is 0, which would say that there is none */
	{ FRAME(TO_FROM IPV4 "\x45\x00\x00\x1e\x12\x34\x40\x00\x40\x11\x08\x8b"
			     "\x0a\x00\x02\x0f\x0a\x00\x02\x02\x12\x34\x00\x35"
			     "\x00\x0a\x00\x00\xd5\x60"),
	    40, 0xffff },
	{ FRAME(TO_FROM IPV4 TCP_IPV4), 50, 0x16a3 },
	{ FRAME(TO_FROM IPV6 "\x60\x00\x00\x00\x00\x19\x06\x40" ADDRESSES6 TCP),
	    70, 0x311b },
	/* an extension of 8 bytes between */
	{ FRAME(TO_FROM IPV6 "\x60\x00\x00\x00\x00\x21\x00\x40" ADDRESSES6
			     "\x06\x00\x05\x02\x00\x00\x01\x00" TCP),
	    78, 0x311b },
	/* tags of 802.1Q, one and two */
	{ FRAME(TO_FROM "\x81\x00\x00\x07" IPV4 TCP_IPV4), 54, 0x16a3 },
	{ FRAME(TO_FROM "\x88\xa8\x00\x07\x81\x00\x00\x08" IPV4 UDP_IPV4), 48,
	    0x9188 },
	/* padding behind what IP has */
	{ FRAME(TO_FROM IPV4 UDP_IPV4 "padding, padding"), 40, 0x9188 },
};
#define KNOWN (sizeof(known) / sizeof(known[0]))

static void
test_checksums_are_as_another_program_has_them(void **state)
{
	uint8_t bytes[256];

	(void)state;
	for (size_t i = 0; i < KNOWN; i++) {
		memcpy(bytes, known[i].bytes, known[i].length);
		/* the pseudo header's sum, or whatever a guest left there */
		put_be16(bytes + known[i].field, (uint16_t)(0x1234 * i));
		assert_true(nic_complete(bytes, known[i].length));
		assert_int_equal(get_be16(bytes + known[i].field),
		    known[i].checksum);
		put_be16(bytes + known[i].field, 0);
		assert_memory_equal(bytes, known[i].bytes, known[i].length);
	}
}

/* The field has the pseudo header's sum, and nobody looks what protocol it is. */
static void
test_a_checksum_at_any_place(void **state)
{
	uint8_t bytes[64];
	const size_t length = known[2].length;
	uint32_t pseudo = 0x0a00 + 0x020f + 0x0a00 + 0x0202 + 6 + 25;

	(void)state;
	memcpy(bytes, known[2].bytes, length);
	bytes[23] = 0xfd;
	put_be16(bytes + known[2].field, (uint16_t)pseudo);
	assert_true(nic_complete_at(bytes, length, 34, 16));
	assert_int_equal(get_be16(bytes + known[2].field), known[2].checksum);
	assert_false(nic_complete_at(bytes, length, 34, length - 35));
	assert_false(nic_complete_at(bytes, length, length + 1, 0));
	assert_false(nic_complete_at(bytes, length, length - 1, 0));
	assert_false(nic_complete_at(bytes, 0, 65535, 65535));
}

static void
test_a_frame_cut_anywhere_is_left_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < KNOWN; i++)
		for (size_t cut = 0; cut < known[i].length; cut++) {
			/* of just that size, for sanitizers */
			uint8_t *bytes = malloc(cut + 1);

			memcpy(bytes, known[i].bytes, cut);
			if (i != KNOWN - 1 || cut < 47)
				assert_false(nic_complete(bytes, cut));
			assert_memory_equal(bytes, known[i].bytes,
			    cut < known[i].field ? cut : known[i].field);
			free(bytes);
		}
}

static void
test_what_has_no_such_checksum_is_left_alone(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		uint8_t value;
	} changes[] = {
		{ "ARP", 13, 0x06 },
		{ "version 5", 14, 0x55 },
		{ "a header of 4 bytes", 14, 0x41 },
		{ "a header beyond the packet", 14, 0x4f },
		{ "ICMP", 23, 1 },
		{ "a first fragment", 20, 0x20 },
		{ "another fragment", 21, 1 },
		{ "longer than the frame", 17, 0xff },
		{ "shorter than its headers", 17, 20 },
		{ "UDP's length beyond IP's", 39, 0xff },
		{ "UDP's length below its own header", 39, 7 },
	};
	uint8_t bytes[64], before[64];
	size_t length = known[0].length;

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		memcpy(bytes, known[0].bytes, length);
		bytes[changes[i].at] = changes[i].value;
		memcpy(before, bytes, length);
		if (nic_complete(bytes, length))
			fail_msg("%s", changes[i].what);
		assert_memory_equal(bytes, before, length);
	}
}

/* ---- Segments ----------------------------------------------------------- */

#define LONG_PAYLOAD 4000u
#define SEGMENT 1448u

struct pieces {
	unsigned count, limit;
	uint8_t bytes[8][2000];
	size_t length[8];
};

static void
keep_piece(void *ctx, const struct nic_frame *frame)
{
	struct pieces *pieces = ctx;

	assert_true(pieces->count < 8);
	assert_true(frame->length <= sizeof(pieces->bytes[0]));
	assert_false(frame->blank);
	assert_int_equal(frame->segment_size, 0);
	memcpy(pieces->bytes[pieces->count], frame->bytes, frame->length);
	pieces->length[pieces->count++] = frame->length;
}

/* TCP of 4000 bytes, FIN, PSH and CWR set. */
static size_t
long_frame(uint8_t *bytes, const struct known *from)
{
	size_t headers = from->length - 5, ip = 14;
	bool v6 = get_be16((const uint8_t *)from->bytes + 12) == 0x86dd;

	memcpy(bytes, from->bytes, headers);
	bytes[headers - 7] = 0x99;
	for (unsigned i = 0; i < LONG_PAYLOAD; i++)
		bytes[headers + i] = (uint8_t)(i * 7 + i / 256);
	put_be16(bytes + ip + (v6 ? 4 : 2),
	    (uint16_t)(headers + LONG_PAYLOAD - ip - (v6 ? 40 : 0)));
	return headers + LONG_PAYLOAD;
}

static void
check_piece(const struct known *from, const struct pieces *pieces, unsigned n,
    size_t done)
{
	const uint8_t *piece = pieces->bytes[n];
	size_t headers = from->length - 5, tcp = headers - 20;
	size_t payload = pieces->length[n] - headers;
	bool v6 = get_be16(piece + 12) == 0x86dd;
	uint8_t again[2000];

	assert_int_equal(payload,
	    done + SEGMENT <= LONG_PAYLOAD ? SEGMENT : LONG_PAYLOAD - done);
	assert_int_equal(get_be32(piece + tcp + 4), 0x01020304 + done);
	assert_int_equal(piece[tcp + 13],
	    n == 0                               ? 0x90
		: done + payload == LONG_PAYLOAD ? 0x19
						 : 0x10);
	if (v6)
		assert_int_equal(get_be16(piece + 18), pieces->length[n] - 54);
	else {
		assert_int_equal(get_be16(piece + 16), pieces->length[n] - 14);
		assert_int_equal(get_be16(piece + 18), 0x1234 + n);
	}
	for (size_t i = 0; i < payload; i++)
		assert_int_equal(piece[headers + i],
		    (uint8_t)((done + i) * 7 + (done + i) / 256));
	memcpy(again, piece, pieces->length[n]);
	assert_true(nic_complete(again, pieces->length[n]));
	assert_memory_equal(again, piece, pieces->length[n]);
}

static void
test_segments_are_whole_frames(void **state)
{
	static const size_t which[] = { 2, 3, 4 };
	uint8_t bytes[5000];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct known *from = &known[which[i]];
		struct nic_frame frame = { .bytes = bytes,
			.length = long_frame(bytes, from),
			.blank = true,
			.segment_size = SEGMENT };
		struct pieces pieces = { 0 };
		size_t done = 0;

		assert_true(nic_segment(&frame, keep_piece, &pieces));
		assert_int_equal(pieces.count, 3);
		for (unsigned n = 0; n < 3; n++, done += SEGMENT)
			check_piece(from, &pieces, n, done);
	}
}

/* IPv4 sums itself up to 0xffff with its checksum in place. */
static void
test_segments_have_a_header_checksum_and_a_length_that_was_left_out(
    void **state)
{
	uint8_t bytes[5000];
	struct nic_frame frame = { .bytes = bytes,
		.length = long_frame(bytes, &known[2]),
		.segment_size = SEGMENT };
	struct pieces pieces = { 0 };

	(void)state;
	put_be16(bytes + 16, 0); /* as Linux's hv_netvsc leaves it */
	assert_true(nic_segment(&frame, keep_piece, &pieces));
	assert_int_equal(pieces.count, 3);
	for (unsigned n = 0; n < 3; n++) {
		uint32_t sum = 0;

		for (unsigned i = 14; i < 34; i += 2)
			sum += get_be16(pieces.bytes[n] + i);
		assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff);
		assert_int_equal(get_be16(pieces.bytes[n] + 16),
		    pieces.length[n] - 14);
	}
}

static void
test_segments_too_small_and_frames_without_tcp_are_refused(void **state)
{
	uint8_t bytes[5000];
	struct nic_frame frame = { .bytes = bytes,
		.length = long_frame(bytes, &known[2]),
		.segment_size = NIC_SEGMENT_MIN - 1 };
	struct nic_frame udp = { .bytes = (const uint8_t *)known[0].bytes,
		.length = known[0].length,
		.segment_size = SEGMENT };
	struct pieces pieces = { 0 };

	(void)state;
	assert_false(nic_segment(&frame, keep_piece, &pieces));
	assert_false(nic_segment(&udp, keep_piece, &pieces));
	assert_int_equal(pieces.count, 0);
}

/* Of IP's length, its checksum, and what is to be summed up by others. */
static void
test_a_trusted_nic_gets_headers_as_linux_wants_them(void **state)
{
	uint8_t bytes[5000], headers[NIC_HEADERS_MAX];
	struct nic_frame frame = { .bytes = bytes,
		.length = long_frame(bytes, &known[2]),
		.blank = true,
		.segment_size = SEGMENT };
	struct nic_layout at;
	uint32_t sum = 0x0a00 + 0x020f + 0x0a00 + 0x0202 + 6 + 4020;

	(void)state;
	put_be16(bytes + 16, 0);
	assert_true(nic_prepare(headers, &at, &frame));
	assert_int_equal(at.transport, 34);
	assert_int_equal(at.payload, 54);
	assert_int_equal(get_be16(headers + 16), 4040);
	assert_int_equal(get_be16(headers + 50), sum);
	assert_int_equal(bytes[16] | bytes[17], 0); /* not ours to change */
}

/* ---- Hostile frames ----------------------------------------------------- */

static uint64_t
random_number(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

static void
count_piece(void *ctx, const struct nic_frame *frame)
{
	unsigned *count = ctx;

	assert_true(frame->length <= NIC_FRAME_MAX);
	assert_true(++*count <= 70000 / NIC_SEGMENT_MIN);
}

static void
test_frames_of_nonsense_harm_nobody(void **state)
{
	uint64_t seed = 6;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		const struct known *from = &known[round % KNOWN];
		size_t length = round % 3 == 0
		    ? random_number(&seed) % (from->length + 1)
		    : from->length;
		uint8_t *bytes = malloc(length + 1), headers[NIC_HEADERS_MAX];
		struct nic_frame frame = { .bytes = bytes,
			.length = length,
			.blank = true,
			.segment_size = (uint16_t)random_number(&seed) };
		struct nic_layout at;
		unsigned count = 0;

		memcpy(bytes, from->bytes, length);
		for (unsigned i = 0; i < 3 && length > 0; i++)
			bytes[random_number(&seed) % length] =
			    (uint8_t)random_number(&seed);
		if (nic_layout(&at, &frame)) {
			assert_true(at.ip < at.transport);
			assert_true(at.transport < at.checksum);
			assert_true(at.checksum + 2 <= at.payload);
			assert_true(at.payload <= at.end);
			assert_true(at.end <= length);
		}
		nic_prepare(headers, &at, &frame);
		nic_segment(&frame, count_piece, &count);
		nic_complete(bytes, length);
		free(bytes);
	}
}

/* The longest that there is, in the smallest parts. */
static void
test_the_longest_frame_makes_a_bounded_number_of_segments(void **state)
{
	size_t length = 14 + 65535;
	uint8_t *bytes = calloc(1, length);
	struct nic_frame frame = { .bytes = bytes,
		.length = length,
		.segment_size = NIC_SEGMENT_MIN };
	unsigned count = 0;

	(void)state;
	memcpy(bytes, known[2].bytes, 54);
	put_be16(bytes + 16, 65535);
	assert_true(nic_segment(&frame, count_piece, &count));
	assert_int_equal(count, (65535 - 40 + 47) / 48);
	free(bytes);
}

/* ---- Through a NIC ------------------------------------------------------ */

struct lab {
	struct nic_kind kind;
	struct nic nic;
	struct machine *machine;
	unsigned sent, received, room;
	struct nic_frame last; /* without its bytes */
	uint16_t last_checksum;
	/* what is there for the guest */
	unsigned waiting, taken;
	bool wanted;
	struct nic_pull pull;
};

static void
lab_send(void *self, const struct nic_frame *frame)
{
	struct lab *lab = self;

	lab->sent++;
	lab->nic.sent++;
	lab->last = *frame;
	lab->last_checksum = frame->length > 52 ? get_be16(frame->bytes + 50)
						: 0;
}

static bool
lab_receive(void *ctx, const struct nic_frame *frame)
{
	struct lab *lab = ctx;

	if (lab->room == 0)
		return false;
	lab->room--;
	lab->received++;
	lab->last = *frame;
	lab->last_checksum = frame->length > 52 ? get_be16(frame->bytes + 50)
						: 0;
	return true;
}

static bool
lab_next(void *self, struct nic_frame *frame)
{
	struct lab *lab = self;

	if (lab->taken == lab->waiting)
		return false;
	lab->taken++;
	*frame = (struct nic_frame){ .bytes = (const uint8_t *)known[2].bytes,
		.length = known[2].length };
	return true;
}

static void
lab_watch(void *self, bool wanted)
{
	((struct lab *)self)->wanted = wanted;
}

static int
lab_make(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	lab->kind.name = "lab";
	lab->kind.send = lab_send;
	lab->machine = stage_new();
	lab->nic = (struct nic){ .kind = &lab->kind,
		.self = lab,
		.mtu = 1500,
		.receive = lab_receive,
		.ctx = lab };
	lab->wanted = true;
	lab->pull = (struct nic_pull){ .nic = &lab->nic,
		.machine = lab->machine,
		.next = lab_next,
		.watch = lab_watch,
		.self = lab };
	*state = lab;
	return 0;
}

static int
lab_free(void **state)
{
	struct lab *lab = *state;

	nic_pull_end(&lab->pull);
	stage_free(lab->machine);
	free(lab);
	return 0;
}

static void
test_a_kind_without_offload_is_sent_whole_frames(void **state)
{
	struct lab *lab = *state;
	uint8_t bytes[5000];
	struct nic_frame blank = { .bytes = (const uint8_t *)known[2].bytes,
		.length = known[2].length,
		.blank = true };
	struct nic_frame segmented = { .bytes = bytes,
		.length = long_frame(bytes, &known[2]),
		.blank = true,
		.segment_size = SEGMENT };

	nic_send(&lab->nic, &blank);
	assert_int_equal(lab->sent, 1);
	assert_false(lab->last.blank);
	assert_int_equal(lab->last_checksum, known[2].checksum);
	nic_send(&lab->nic, &segmented);
	assert_int_equal(lab->sent, 4);
	lab->nic.offload = true;
	nic_send(&lab->nic, &segmented);
	assert_int_equal(lab->sent, 5);
	assert_int_equal(lab->last.segment_size, SEGMENT);
}

static void
test_frames_of_impossible_lengths_are_dropped_and_counted(void **state)
{
	struct lab *lab = *state;
	uint8_t *bytes = calloc(1, NIC_FRAME_MAX + 1);
	const size_t lengths[] = { 0, 1, 13, 1523, NIC_FRAME_MAX,
		NIC_FRAME_MAX + 1 };
	struct nic_frame frame = { .bytes = bytes };

	memcpy(bytes, known[2].bytes, 54);
	for (size_t i = 0; i < 6; i++) {
		frame.length = lengths[i];
		nic_send(&lab->nic, &frame);
	}
	assert_int_equal(lab->sent, 0);
	assert_int_equal(lab->nic.dropped, 6);
	frame.length = 1522; /* an MTU, and a header with two tags */
	nic_send(&lab->nic, &frame);
	assert_int_equal(lab->sent, 1);
	/* segments may be no longer than that either */
	put_be16(bytes + 16, 60000);
	frame.length = 60014;
	frame.segment_size = 9000;
	nic_send(&lab->nic, &frame);
	assert_int_equal(lab->sent, 1);
	free(bytes);
}

static void
test_a_guest_gets_what_it_takes(void **state)
{
	struct lab *lab = *state;
	uint8_t bytes[5000];
	struct nic_frame blank = { .bytes = (const uint8_t *)known[2].bytes,
		.length = known[2].length,
		.blank = true };
	struct nic_frame segmented = { .bytes = bytes,
		.length = long_frame(bytes, &known[2]),
		.blank = true,
		.segment_size = SEGMENT };

	lab->room = 100;
	assert_true(nic_deliver(&lab->nic, &blank));
	assert_true(lab->last.valid);
	assert_int_equal(lab->last_checksum, known[2].checksum);
	assert_true(nic_deliver(&lab->nic, &segmented));
	assert_int_equal(lab->received, 4);
	lab->nic.takes_blank = lab->nic.takes_segments = true;
	assert_true(nic_deliver(&lab->nic, &blank));
	assert_true(lab->last.blank);
	assert_true(nic_deliver(&lab->nic, &segmented));
	assert_int_equal(lab->received, 6);
	assert_int_equal(lab->last.segment_size, SEGMENT);
	assert_int_equal(lab->nic.received, 6);
}

static void
test_segments_come_again_only_where_none_had_room(void **state)
{
	struct lab *lab = *state;
	uint8_t bytes[5000];
	struct nic_frame segmented = { .bytes = bytes,
		.length = long_frame(bytes, &known[2]),
		.blank = true,
		.segment_size = SEGMENT };

	assert_false(nic_deliver(&lab->nic, &segmented));
	assert_int_equal(lab->nic.dropped, 0);
	lab->room = 1;
	assert_true(nic_deliver(&lab->nic, &segmented));
	assert_int_equal(lab->received, 1);
	assert_int_equal(lab->nic.dropped, 2);
}

static void
test_nothing_is_read_while_the_guest_has_no_room(void **state)
{
	struct lab *lab = *state;

	lab->waiting = 10;
	lab->room = 3;
	assert_false(nic_pull(&lab->pull));
	assert_int_equal(lab->received, 3);
	assert_int_equal(lab->taken, 4); /* one in hand */
	assert_false(lab->wanted);
	stage_pass(lab->machine, 10000000);
	assert_false(nic_pull(&lab->pull));
	assert_int_equal(lab->taken, 4);
	lab->room = 100;
	stage_pass(lab->machine, 20000000);
	assert_true(lab->wanted);
	assert_int_equal(lab->received, 4);
	assert_false(nic_pull(&lab->pull));
	assert_int_equal(lab->received, 10);
	assert_int_equal(lab->nic.dropped, 0);
}

static void
test_a_guest_that_takes_nothing_finds_no_old_frames_later(void **state)
{
	struct lab *lab = *state;

	lab->waiting = 10;
	assert_false(nic_pull(&lab->pull));
	stage_pass(lab->machine, 300000000);
	assert_true(lab->wanted);
	assert_int_equal(lab->nic.dropped, 1);
	assert_false(nic_pull(&lab->pull));
	assert_int_equal(lab->nic.dropped, 10);
	assert_true(lab->wanted);
	lab->waiting += 2;
	lab->room = 100;
	nic_pull(&lab->pull);
	assert_int_equal(lab->received, 2);
	/* it is patient with it once more */
	lab->waiting += 1;
	lab->room = 0;
	nic_pull(&lab->pull);
	assert_false(lab->wanted);
	assert_int_equal(lab->nic.dropped, 10);
}

static void
test_the_loop_has_its_turn_between_many_frames(void **state)
{
	struct lab *lab = *state;

	lab->waiting = lab->room = 1000;
	assert_true(nic_pull(&lab->pull));
	assert_true(lab->taken < 1000);
}

static void
test_a_nic_that_no_face_has_drops(void **state)
{
	struct lab *lab = *state;

	lab->nic.receive = NULL;
	lab->waiting = 3;
	nic_pull(&lab->pull);
	assert_int_equal(lab->nic.dropped, 3);
}

int
main(void)
{
#define LAB(test) cmocka_unit_test_setup_teardown(test, lab_make, lab_free)
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_checksums_are_as_another_program_has_them),
		cmocka_unit_test(test_a_checksum_at_any_place),
		cmocka_unit_test(test_a_frame_cut_anywhere_is_left_alone),
		cmocka_unit_test(test_what_has_no_such_checksum_is_left_alone),
		cmocka_unit_test(test_segments_are_whole_frames),
		cmocka_unit_test(
		    test_segments_have_a_header_checksum_and_a_length_that_was_left_out),
		cmocka_unit_test(
		    test_segments_too_small_and_frames_without_tcp_are_refused),
		cmocka_unit_test(
		    test_a_trusted_nic_gets_headers_as_linux_wants_them),
		cmocka_unit_test(test_frames_of_nonsense_harm_nobody),
		cmocka_unit_test(
		    test_the_longest_frame_makes_a_bounded_number_of_segments),
		LAB(test_a_kind_without_offload_is_sent_whole_frames),
		LAB(test_frames_of_impossible_lengths_are_dropped_and_counted),
		LAB(test_a_guest_gets_what_it_takes),
		LAB(test_segments_come_again_only_where_none_had_room),
		LAB(test_nothing_is_read_while_the_guest_has_no_room),
		LAB(test_a_guest_that_takes_nothing_finds_no_old_frames_later),
		LAB(test_the_loop_has_its_turn_between_many_frames),
		LAB(test_a_nic_that_no_face_has_drops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
