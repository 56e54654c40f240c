/* SPDX-License-Identifier: ISC */
/* pv_frame_checksum(): what it completes, and what it leaves alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest/bus/frame.h"
#include "pvbus/nic.h"
#include "wire/endian.h"

#define TCP 6
#define UDP 17
#define ROOM 2048

/* ---- A frame, and a sum that was written another way ------------------- */

struct made {
	uint8_t bytes[ROOM];
	size_t length, network, start, end;
	unsigned protocol, offset;
	bool ipv6;
};

static void
ethernet(struct made *m, unsigned tags, bool ipv6)
{
	memset(m, 0, sizeof(*m));
	memset(m->bytes, 0x52, 12);
	m->network = 12;
	for (unsigned i = 0; i < tags; i++, m->network += 4)
		put_be16(m->bytes + m->network, i == 0 ? 0x88a8 : 0x8100);
	put_be16(m->bytes + m->network, ipv6 ? 0x86dd : 0x0800);
	m->network += 2;
	m->ipv6 = ipv6;
}

static void
transport(struct made *m, unsigned protocol, size_t start, size_t payload)
{
	size_t header = protocol == TCP ? 20 : 8;

	m->protocol = protocol;
	m->offset = protocol == TCP ? 16 : 6;
	m->start = start;
	m->end = start + header + payload;
	m->length = m->end;
	for (size_t i = start; i < m->end; i++)
		m->bytes[i] = (uint8_t)(i * 37 + 11);
	if (protocol == TCP)
		m->bytes[start + 12] = 5 << 4;
	else
		put_be16(m->bytes + start + 4, (uint16_t)(header + payload));
}

static void
make4(struct made *m, unsigned tags, unsigned options, unsigned protocol,
    size_t payload)
{
	uint8_t *ip;

	ethernet(m, tags, false);
	transport(m, protocol, m->network + 20 + options * 4, payload);
	ip = m->bytes + m->network;
	ip[0] = (uint8_t)(0x45 + options);
	put_be16(ip + 2, (uint16_t)(m->end - m->network));
	ip[8] = 64;
	ip[9] = (uint8_t)protocol;
	put_be32(ip + 12, 0x0a000001);
	put_be32(ip + 16, 0xc0a8fffe);
}

/* `extensions` is a list of header numbers, ended by 0xff. */
static void
make6(struct made *m, const uint8_t *extensions, unsigned protocol,
    size_t payload)
{
	uint8_t *ip, *next;
	size_t at;

	ethernet(m, 0, true);
	at = m->network + 40;
	for (unsigned i = 0; extensions[i] != 0xff; i++)
		at += 8;
	transport(m, protocol, at, payload);
	ip = m->bytes + m->network;
	ip[0] = 0x60;
	put_be16(ip + 4, (uint16_t)(m->end - m->network - 40));
	for (unsigned i = 8; i < 40; i++)
		ip[i] = (uint8_t)(0xf0 + i);
	next = ip + 6;
	for (unsigned i = 0; extensions[i] != 0xff; i++) {
		*next = extensions[i];
		next = m->bytes + m->network + 40 + 8 * i;
		/* the length of 51 is in words, less 2 */
		next[1] = 0;
	}
	*next = (uint8_t)protocol;
}

static const uint8_t none[] = { 0xff };

/* Byte by byte, in network order. */
static uint16_t
reference(const struct made *m)
{
	const uint8_t *ip = m->bytes + m->network;
	uint32_t sum = m->protocol + (uint32_t)(m->end - m->start);
	size_t from = m->ipv6 ? 8 : 12, to = m->ipv6 ? 40 : 20;

	for (size_t i = from; i < to; i++)
		sum += i % 2 == 0 ? (uint32_t)ip[i] << 8 : ip[i];
	for (size_t i = m->start; i < m->end; i++) {
		if (i - m->start == m->offset || i - m->start == m->offset + 1)
			continue;
		sum += (i - m->start) % 2 == 0 ? (uint32_t)m->bytes[i] << 8
					       : m->bytes[i];
	}
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	return (uint16_t)(sum == 0 && m->protocol == UDP ? 0xffff : sum);
}

/* The frame in pieces of so many bytes; 0: in one. */
static int
complete(struct made *m, size_t piece)
{
	struct pv_segment segments[ROOM];
	struct pv_frame frame = { .segments = segments, .length = m->length };

	if (piece == 0)
		piece = m->length;
	for (size_t at = 0; at < m->length; at += piece)
		segments[frame.count++] = (struct pv_segment){
			.data = m->bytes + at,
			.physical = PV_NO_PHYSICAL,
			.len = m->length - at < piece ? m->length - at : piece,
		};
	return pv_frame_checksum(&frame);
}

static void
is_completed(struct made *m)
{
	uint8_t before[ROOM];
	uint16_t expected = reference(m);

	memcpy(before, m->bytes, ROOM);
	put_be16(before + m->start + m->offset, expected);
	for (size_t piece = 0; piece < 67; piece++) {
		/* whatever stands there */
		put_be16(m->bytes + m->start + m->offset,
		    (uint16_t)(piece * 1021));
		assert_int_equal(complete(m, piece), PV_OK);
		assert_memory_equal(m->bytes, before, ROOM);
	}
}

static void
is_left_alone(struct made *m)
{
	uint8_t before[ROOM];

	memcpy(before, m->bytes, ROOM);
	assert_int_equal(complete(m, 0), PV_EPROTO);
	assert_int_equal(complete(m, 1), PV_EPROTO);
	assert_int_equal(complete(m, 13), PV_EPROTO);
	assert_memory_equal(m->bytes, before, ROOM);
}

/* ---- What is completed ------------------------------------------------ */

static void
test_tcp_and_udp_over_ipv4(void **state)
{
	struct made m;

	(void)state;
	for (size_t payload = 0; payload < 40; payload++) {
		make4(&m, 0, 0, TCP, payload);
		is_completed(&m);
		make4(&m, 0, 0, UDP, payload);
		is_completed(&m);
	}
}

static void
test_tcp_and_udp_over_ipv6(void **state)
{
	struct made m;

	(void)state;
	for (size_t payload = 0; payload < 40; payload++) {
		make6(&m, none, TCP, payload);
		is_completed(&m);
		make6(&m, none, UDP, payload);
		is_completed(&m);
	}
}

static void
test_behind_options_tags_and_extensions(void **state)
{
	static const uint8_t extensions[] = { 0, 60, 43, 60, 0xff };
	struct made m;

	(void)state;
	for (unsigned options = 0; options <= 10; options++) {
		make4(&m, options % 3, options, TCP, 1000);
		is_completed(&m);
	}
	make6(&m, extensions, UDP, 333);
	is_completed(&m);
}

static void
test_padding_is_not_summed(void **state)
{
	struct made m;

	(void)state;
	make4(&m, 0, 0, UDP, 3);
	memset(m.bytes + m.end, 0xee, 60 - m.end);
	m.length = 60;
	is_completed(&m);
}

static void
test_datagram_that_ends_before_its_packet(void **state)
{
	struct made m;

	(void)state;
	make4(&m, 0, 0, UDP, 100);
	m.end -= 30;
	put_be16(m.bytes + m.start + 4, (uint16_t)(m.end - m.start));
	is_completed(&m);
}

/* A sum of 0 says "no checksum" in UDP only. */
static void
test_sum_of_zero(void **state)
{
	struct made m;

	(void)state;
	make4(&m, 0, 0, UDP, 2);
	memset(m.bytes + m.start + 8, 0, 2);
	put_be16(m.bytes + m.start + 8, reference(&m));
	assert_int_equal(reference(&m), 0xffff);
	is_completed(&m);
	make4(&m, 0, 0, TCP, 2);
	memset(m.bytes + m.start + 20, 0, 2);
	put_be16(m.bytes + m.start + 20, reference(&m));
	assert_int_equal(reference(&m), 0);
	is_completed(&m);
}

/* ---- What is not ------------------------------------------------------ */

static void
test_other_protocols(void **state)
{
	struct made m;

	(void)state;
	make4(&m, 0, 0, TCP, 20);
	m.bytes[m.network + 9] = 1; /* ICMP */
	is_left_alone(&m);
	make4(&m, 0, 0, TCP, 20);
	put_be16(m.bytes + m.network - 2, 0x0806); /* ARP */
	is_left_alone(&m);
	make6(&m, none, TCP, 20);
	m.bytes[m.network + 6] = 50; /* ESP */
	is_left_alone(&m);
	make4(&m, 2, 0, TCP, 20);
	put_be16(m.bytes + m.network - 2, 0x8100); /* a third tag */
	is_left_alone(&m);
}

static void
test_fragments(void **state)
{
	struct made m;

	(void)state;
	make4(&m, 0, 0, UDP, 20);
	put_be16(m.bytes + m.network + 6, 0x2000); /* more to come */
	is_left_alone(&m);
	make4(&m, 0, 0, UDP, 20);
	put_be16(m.bytes + m.network + 6, 0x0001);
	is_left_alone(&m);
	make4(&m, 0, 0, UDP, 20);
	put_be16(m.bytes + m.network + 6, 0x4000); /* must not be cut */
	is_completed(&m);
	make6(&m, (const uint8_t[]){ 44, 0xff }, UDP, 20);
	is_left_alone(&m);
}

static void
test_routing_header_on_its_way(void **state)
{
	struct made m;

	(void)state;
	make6(&m, (const uint8_t[]){ 43, 0xff }, UDP, 20);
	m.bytes[m.network + 43] = 1; /* segments left: another destination */
	is_left_alone(&m);
}

static void
test_impossible_lengths(void **state)
{
	struct made m;

	(void)state;
	make4(&m, 0, 0, TCP, 20);
	m.bytes[m.network] = 0x44; /* a header of 16 bytes */
	is_left_alone(&m);
	make4(&m, 0, 0, TCP, 20);
	m.bytes[m.network] = 0x65; /* version 6 */
	is_left_alone(&m);
	make4(&m, 0, 0, TCP, 20);
	put_be16(m.bytes + m.network + 2, 19);
	is_left_alone(&m);
	make4(&m, 0, 0, TCP, 20);
	put_be16(m.bytes + m.network + 2,
	    (uint16_t)(m.end - m.network + 1)); /* longer than the frame */
	is_left_alone(&m);
	make4(&m, 0, 0, TCP, 0);
	put_be16(m.bytes + m.network + 2, 39); /* TCP needs 20 */
	is_left_alone(&m);
	make4(&m, 0, 0, UDP, 20);
	put_be16(m.bytes + m.start + 4, 7);
	is_left_alone(&m);
	make4(&m, 0, 0, UDP, 20);
	put_be16(m.bytes + m.start + 4, 29);
	is_left_alone(&m);
	make6(&m, none, TCP, 20);
	put_be16(m.bytes + m.network + 4, 41);
	is_left_alone(&m);
	make6(&m, none, TCP, 20);
	put_be16(m.bytes + m.network + 4, 0); /* jumbo */
	is_left_alone(&m);
}

static void
test_extensions_without_end(void **state)
{
	uint8_t extensions[10];
	struct made m;

	(void)state;
	memset(extensions, 60, sizeof(extensions));
	extensions[9] = 0xff;
	make6(&m, extensions, UDP, 20);
	is_left_alone(&m);
	extensions[8] = 0xff;
	make6(&m, extensions, UDP, 20);
	is_completed(&m);
	make6(&m, (const uint8_t[]){ 60, 0xff }, UDP, 20);
	m.bytes[m.network + 41] = 255; /* 2048 bytes */
	is_left_alone(&m);
}

/* Each beginning of a good frame, however short: nothing is read behind it,
 * says the sanitizer. */
static void
test_frames_cut_anywhere(void **state)
{
	static const uint8_t extensions[] = { 0, 51, 0xff };
	struct frame_headers headers;
	struct made m;

	(void)state;
	for (unsigned kind = 0; kind < 4; kind++) {
		if (kind < 2)
			make4(&m, kind, kind * 3, kind ? UDP : TCP, 30);
		else
			make6(&m, kind == 2 ? none : extensions,
			    kind == 2 ? TCP : UDP, 30);
		for (size_t have = 0; have < m.end; have++) {
			uint8_t *cut = malloc(have > 0 ? have : 1);

			assert_non_null(cut);
			memcpy(cut, m.bytes, have);
			/* it says that it is longer than what is there */
			assert_int_equal(frame_headers(cut, have, have,
					     &headers),
			    PV_EPROTO);
			frame_headers(cut, have, m.length, &headers);
			free(cut);
		}
	}
}

static void
test_frame_without_segments(void **state)
{
	struct pv_frame frame = { .segments = NULL };
	struct pv_segment nothing[2] = { { 0 }, { 0 } };

	(void)state;
	assert_int_equal(pv_frame_checksum(&frame), PV_EPROTO);
	frame.segments = nothing;
	frame.count = 2;
	assert_int_equal(pv_frame_checksum(&frame), PV_EPROTO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp_and_udp_over_ipv4),
		cmocka_unit_test(test_tcp_and_udp_over_ipv6),
		cmocka_unit_test(test_behind_options_tags_and_extensions),
		cmocka_unit_test(test_padding_is_not_summed),
		cmocka_unit_test(test_datagram_that_ends_before_its_packet),
		cmocka_unit_test(test_sum_of_zero),
		cmocka_unit_test(test_other_protocols),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_routing_header_on_its_way),
		cmocka_unit_test(test_impossible_lengths),
		cmocka_unit_test(test_extensions_without_end),
		cmocka_unit_test(test_frames_cut_anywhere),
		cmocka_unit_test(test_frame_without_segments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
