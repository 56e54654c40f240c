/* SPDX-License-Identifier: ISC */
/*
 * Headers and checksums of frames.  Xen's back end hands frames over whose
 * checksum nobody has computed yet; who cannot pass that on completes it here.
 */
#include "guest/bus/frame.h"
#include "guest/bus/libc.h"
#include "wire/endian.h"

#define ETHERTYPE_IPV4 0x0800u
#define ETHERTYPE_IPV6 0x86ddu
#define ETHERTYPE_VLAN 0x8100u
#define ETHERTYPE_QINQ 0x88a8u
#define VLAN_TAGS 2

#define IPV6_HEADER 40u
#define IPV6_HOP_BY_HOP 0u
#define IPV6_ROUTING 43u
#define IPV6_AUTHENTICATION 51u
#define IPV6_DESTINATION 60u
#define IPV6_EXTENSIONS 8 /* as many are followed */

/* ---- Headers ---------------------------------------------------------- */

struct cursor {
	const uint8_t *head;
	size_t have, at;
};

static bool
has(const struct cursor *c, size_t size)
{
	return c->at <= c->have && size <= c->have - c->at;
}

static uint32_t
sum_words(const uint8_t *bytes, size_t size)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < size; i += 2)
		sum += get_be16(bytes + i);
	return sum;
}

static uint16_t
fold(uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* What the header of the transport says, once it is found. */
static int
transport(struct cursor *c, uint32_t addresses, struct frame_headers *out)
{
	size_t payload = out->end - c->at, least;

	if (out->protocol == FRAME_TCP) {
		least = 20;
		out->offset = 16;
	} else if (out->protocol == FRAME_UDP) {
		least = 8;
		out->offset = 6;
	} else
		return PV_EPROTO;
	if (payload < least || !has(c, least))
		return PV_EPROTO;
	if (out->protocol == FRAME_UDP) {
		/* the datagram may end before its packet does */
		size_t length = get_be16(c->head + c->at + 4);

		if (length < least || length > payload)
			return PV_EPROTO;
		payload = length;
	}
	out->start = c->at;
	out->end = c->at + payload;
	out->pseudo = fold((uint64_t)addresses + out->protocol + payload);
	return PV_OK;
}

static int
ipv4(struct cursor *c, size_t length, struct frame_headers *out)
{
	const uint8_t *ip = c->head + c->at;
	size_t header, total;

	if (!has(c, 20) || ip[0] >> 4 != 4)
		return PV_EPROTO;
	header = (size_t)(ip[0] & 0xf) * 4;
	total = get_be16(ip + 2);
	if (header < 20 || total < header || total > length - c->at)
		return PV_EPROTO;
	if ((get_be16(ip + 6) & 0x3fff) != 0) /* more fragments, or an offset */
		return PV_EPROTO;
	out->protocol = ip[9];
	out->end = c->at + total;
	c->at += header;
	return transport(c, sum_words(ip + 12, 8), out);
}

static bool
is_extension(uint8_t next)
{
	return next == IPV6_HOP_BY_HOP || next == IPV6_ROUTING ||
	    next == IPV6_AUTHENTICATION || next == IPV6_DESTINATION;
}

/* One extension header; a routing header that is not at its end yet has another
 * destination in the pseudo header than the packet. */
static int
extension(struct cursor *c, uint8_t *next)
{
	const uint8_t *header = c->head + c->at;

	if (!has(c, 8))
		return PV_EPROTO;
	if (*next == IPV6_ROUTING && header[3] != 0)
		return PV_EPROTO;
	c->at += *next == IPV6_AUTHENTICATION ? ((size_t)header[1] + 2) * 4
					      : ((size_t)header[1] + 1) * 8;
	*next = header[0];
	return PV_OK;
}

static int
ipv6(struct cursor *c, size_t length, struct frame_headers *out)
{
	const uint8_t *ip = c->head + c->at;
	uint8_t next;
	size_t total;

	if (!has(c, IPV6_HEADER) || ip[0] >> 4 != 6)
		return PV_EPROTO;
	total = get_be16(ip + 4) + (size_t)IPV6_HEADER;
	if (total > length - c->at)
		return PV_EPROTO;
	out->end = c->at + total;
	next = ip[6];
	c->at += IPV6_HEADER;
	for (unsigned i = 0; i < IPV6_EXTENSIONS && is_extension(next); i++)
		if (extension(c, &next) != PV_OK || c->at > out->end)
			return PV_EPROTO;
	out->ipv6 = true;
	out->protocol = next;
	return transport(c, sum_words(ip + 8, 32), out);
}

int
frame_headers(const uint8_t *head, size_t have, size_t length,
    struct frame_headers *out)
{
	struct cursor c = { .head = head,
		.have = have < length ? have : length,
		.at = 12 };
	unsigned type = ETHERTYPE_VLAN;

	*out = (struct frame_headers){ 0 };
	for (unsigned tags = 0; tags <= VLAN_TAGS; tags++) {
		if (!has(&c, 2))
			return PV_EPROTO;
		type = get_be16(head + c.at);
		c.at += 2;
		if (type != ETHERTYPE_VLAN && type != ETHERTYPE_QINQ)
			break;
		c.at += 2;
	}
	if (type == ETHERTYPE_IPV4)
		return ipv4(&c, length, out);
	if (type == ETHERTYPE_IPV6)
		return ipv6(&c, length, out);
	return PV_EPROTO;
}

/* The first bytes of a frame in one run; returns how many. */
static size_t
gather(const struct pv_frame *frame, uint8_t *to, size_t room)
{
	size_t have = 0;

	for (unsigned i = 0; i < frame->count && have < room; i++) {
		const struct pv_segment *segment = &frame->segments[i];
		size_t size = segment->len < room - have ? segment->len
							 : room - have;

		if (size > 0)
			memcpy(to + have, segment->data, size);
		have += size;
	}
	return have;
}

int
frame_headers_of(const struct pv_frame *frame, struct frame_headers *out)
{
	uint8_t head[FRAME_HEAD_MAX];
	const struct pv_segment *first = frame->segments;

	if (frame->count == 0)
		return PV_EPROTO;
	if (first->len == frame->length || first->len >= sizeof(head))
		return frame_headers(first->data, first->len, frame->length,
		    out);
	return frame_headers(head, gather(frame, head, sizeof(head)),
	    frame->length, out);
}

/* ---- Checksums -------------------------------------------------------- */

/* Words of a checksum may be summed in either byte order, and the result be
 * swapped: RFC 1071, section 2 (B). */
static uint64_t
sum_little(const uint8_t *bytes, size_t size)
{
	uint64_t sum = 0;

	for (; size >= 4; bytes += 4, size -= 4)
		sum += get_le32(bytes);
	if (size >= 2) {
		sum += get_le16(bytes);
		bytes += 2;
		size -= 2;
	}
	if (size > 0)
		sum += *bytes;
	return sum;
}

static uint16_t
swap16(uint16_t value)
{
	return (uint16_t)(value << 8 | value >> 8);
}

uint16_t
frame_sum(const struct pv_frame *frame, size_t start, size_t end)
{
	size_t at = 0; /* of the segment in the frame */
	uint64_t sum = 0;

	for (unsigned i = 0; i < frame->count && at < end; i++) {
		const struct pv_segment *segment = &frame->segments[i];
		const uint8_t *bytes = segment->data;
		size_t from = start > at ? start - at : 0;
		size_t to = end - at < segment->len ? end - at : segment->len;
		uint16_t part;

		if (from < to) {
			part = fold(sum_little(bytes + from, to - from));
			/* an odd place swaps what follows */
			if ((at + from - start) % 2 == 0)
				part = swap16(part);
			sum += part;
		}
		at += segment->len;
	}
	return fold(sum);
}

bool
frame_put16(const struct pv_frame *frame, size_t at, uint16_t value)
{
	uint8_t bytes[2];
	unsigned put = 0;

	put_be16(bytes, value);
	for (unsigned i = 0; i < frame->count && put < 2; i++) {
		const struct pv_segment *segment = &frame->segments[i];

		while (put < 2 && at < segment->len)
			((uint8_t *)segment->data)[at++] = bytes[put++];
		at -= at < segment->len ? at : segment->len;
	}
	return put == 2;
}

int
pv_frame_checksum(const struct pv_frame *frame)
{
	struct frame_headers headers;
	size_t field;
	uint16_t sum;

	if (frame_headers_of(frame, &headers) != PV_OK)
		return PV_EPROTO;
	field = headers.start + headers.offset;
	/* whatever the host has left there */
	if (!frame_put16(frame, field, headers.pseudo))
		return PV_EPROTO;
	sum = (uint16_t)~frame_sum(frame, headers.start, headers.end);
	if (sum == 0 && headers.protocol == FRAME_UDP)
		sum = 0xffff; /* 0 means: there is none */
	frame_put16(frame, field, sum);
	return PV_OK;
}
