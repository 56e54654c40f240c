/* SPDX-License-Identifier: ISC */
/*
 * Checksums and segments.  Frames are of a hostile guest, or of a network: where
 * a length in them does not fit, nothing is done.
 * Sources: RFC 791, 8200 (with its pseudo header), 9293, 768, 1071; IEEE 802.1Q.
 */
#include <string.h>

#include "host/bus/checksum.h"
#include "programs/pvhost/nic_offload.h"
#include "wire/endian.h"

#define TYPE_IPV4 0x0800u
#define TYPE_IPV6 0x86ddu
#define TYPE_TAG 0x8100u
#define TYPE_SERVICE_TAG 0x88a8u
#define TAG 4u
#define TAGS_MAX 2u

#define HOP_BY_HOP 0u
#define TCP 6u
#define UDP 17u
#define ROUTING 43u
#define DESTINATION 60u
#define EXTENSIONS_MAX 8u

#define IPV4_HEADER 20u
#define IPV6_HEADER 40u
#define TCP_HEADER 20u
#define UDP_HEADER 8u
#define MORE_OR_OFFSET 0x3fffu /* of a fragment */
#define TCP_FIN_PSH 0x09u
#define TCP_CWR 0x80u

/* ---- Where things are -------------------------------------------------- */

static bool
find_ip(struct nic_layout *at, const struct nic_frame *frame)
{
	size_t type = 12;
	unsigned value = 0;

	for (unsigned tags = 0; tags <= TAGS_MAX; tags++, type += TAG) {
		if (frame->length < type + 2)
			return false;
		value = get_be16(frame->bytes + type);
		if (value != TYPE_TAG && value != TYPE_SERVICE_TAG)
			break;
	}
	at->ip = type + 2;
	at->v6 = value == TYPE_IPV6;
	return value == TYPE_IPV4 || value == TYPE_IPV6;
}

/* Where IP says that it ends. */
static bool
set_end(struct nic_layout *at, const struct nic_frame *frame, size_t length)
{
	if (length > frame->length - at->ip)
		return false;
	at->end = at->ip + length;
	return true;
}

static bool
find_in_v4(struct nic_layout *at, const struct nic_frame *frame,
    unsigned *protocol)
{
	const uint8_t *ip = frame->bytes + at->ip;
	size_t left = frame->length - at->ip, header, length;

	if (left < IPV4_HEADER || ip[0] >> 4 != 4)
		return false;
	header = (size_t)(ip[0] & 15) * 4;
	length = get_be16(ip + 2);
	if (length == 0 && frame->segment_size != 0)
		length = left;
	if (header < IPV4_HEADER || length < header ||
	    (get_be16(ip + 6) & MORE_OR_OFFSET) != 0)
		return false;
	*protocol = ip[9];
	at->transport = at->ip + header;
	return set_end(at, frame, length);
}

static bool
find_in_v6(struct nic_layout *at, const struct nic_frame *frame,
    unsigned *protocol)
{
	const uint8_t *ip = frame->bytes + at->ip, *next;
	size_t left = frame->length - at->ip, length;

	if (left < IPV6_HEADER || ip[0] >> 4 != 6)
		return false;
	length = IPV6_HEADER + get_be16(ip + 4);
	if (length == IPV6_HEADER && frame->segment_size != 0)
		length = left;
	if (!set_end(at, frame, length))
		return false;
	*protocol = ip[6];
	at->transport = at->ip + IPV6_HEADER;
	for (unsigned i = 0; i < EXTENSIONS_MAX; i++) {
		if (*protocol != HOP_BY_HOP && *protocol != ROUTING &&
		    *protocol != DESTINATION)
			break;
		if (at->end - at->transport < 8)
			return false;
		next = frame->bytes + at->transport;
		*protocol = next[0];
		length = ((size_t)next[1] + 1) * 8;
		if (length > at->end - at->transport)
			return false;
		at->transport += length;
	}
	return true;
}

static bool
find_payload(struct nic_layout *at, const struct nic_frame *frame,
    unsigned protocol)
{
	const uint8_t *transport = frame->bytes + at->transport;
	size_t left = at->end - at->transport, header, length;

	at->tcp = protocol == TCP;
	if (protocol == TCP) {
		if (left < TCP_HEADER)
			return false;
		header = (size_t)(transport[12] >> 4) * 4;
		if (header < TCP_HEADER || header > left)
			return false;
		at->checksum = at->transport + 16;
		at->payload = at->transport + header;
		return true;
	}
	if (protocol != UDP || left < UDP_HEADER)
		return false;
	length = get_be16(transport + 4);
	if (length < UDP_HEADER || length > left)
		return false;
	at->end = at->transport + length;
	at->checksum = at->transport + 6;
	at->payload = at->transport + UDP_HEADER;
	return true;
}

bool
nic_layout(struct nic_layout *at, const struct nic_frame *frame)
{
	unsigned protocol = 0;

	return find_ip(at, frame) &&
	    (at->v6 ? find_in_v6(at, frame, &protocol)
		    : find_in_v4(at, frame, &protocol)) &&
	    find_payload(at, frame, protocol);
}

/* ---- Sums -------------------------------------------------------------- */

/* Both addresses, the protocol, the length. */
static uint64_t
pseudo_header(const uint8_t *bytes, const struct nic_layout *at)
{
	const uint8_t *ip = bytes + at->ip;
	uint64_t sum = (at->tcp ? TCP : UDP) + (at->end - at->transport);

	return at->v6 ? checksum_add(sum, ip + 8, 32)
		      : checksum_add(sum, ip + 12, 8);
}

static void
complete(uint8_t *bytes, const struct nic_layout *at)
{
	uint16_t sum;

	put_be16(bytes + at->checksum, 0);
	sum = checksum_fold(checksum_add(pseudo_header(bytes, at),
	    bytes + at->transport, at->end - at->transport));
	sum = (uint16_t)~sum;
	if (!at->tcp && sum == 0)
		sum = 0xffff; /* 0 says that there is none */
	put_be16(bytes + at->checksum, sum);
}

static void
set_ip_length(uint8_t *bytes, const struct nic_layout *at)
{
	uint8_t *ip = bytes + at->ip;
	size_t length = at->end - at->ip;

	if (at->v6) {
		put_be16(ip + 4, (uint16_t)(length - IPV6_HEADER));
		return;
	}
	put_be16(ip + 2, (uint16_t)length);
	put_be16(ip + 10, 0);
	put_be16(ip + 10,
	    (uint16_t)~checksum_fold(
		checksum_add(0, ip, at->transport - at->ip)));
}

bool
nic_complete(uint8_t *bytes, size_t length)
{
	struct nic_layout at;
	struct nic_frame frame = { .bytes = bytes, .length = length };

	if (!nic_layout(&at, &frame))
		return false;
	complete(bytes, &at);
	return true;
}

bool
nic_complete_at(uint8_t *bytes, size_t length, size_t start, size_t field)
{
	if (start > length || length - start < 2 || field > length - start - 2)
		return false;
	put_be16(bytes + start + field,
	    (uint16_t)~checksum_fold(
		checksum_add(0, bytes + start, length - start)));
	return true;
}

/* What IP's own field can say. */
static bool
fits_ip(const struct nic_layout *at)
{
	return at->end - at->ip <= (at->v6 ? IPV6_HEADER : 0) + 0xffffu;
}

bool
nic_prepare(uint8_t to[NIC_HEADERS_MAX], struct nic_layout *at,
    const struct nic_frame *frame)
{
	if (!nic_layout(at, frame) || at->payload > NIC_HEADERS_MAX ||
	    !fits_ip(at) || (frame->segment_size != 0 && !at->tcp))
		return false;
	memcpy(to, frame->bytes, at->payload);
	if (frame->segment_size != 0)
		set_ip_length(to, at);
	put_be16(to + at->checksum, checksum_fold(pseudo_header(to, at)));
	return true;
}

/* ---- Segments ---------------------------------------------------------- */

/* The headers as they are in the n-th segment. */
static void
advance(uint8_t *bytes, const struct nic_layout *at, unsigned n,
    size_t payload_before, bool last)
{
	uint8_t *ip = bytes + at->ip, *tcp = bytes + at->transport;

	if (!at->v6)
		put_be16(ip + 4, (uint16_t)(get_be16(ip + 4) + n));
	put_be32(tcp + 4, get_be32(tcp + 4) + (uint32_t)payload_before);
	if (!last)
		tcp[13] &= (uint8_t)~TCP_FIN_PSH;
	if (n > 0)
		tcp[13] &= (uint8_t)~TCP_CWR;
}

bool
nic_segment(const struct nic_frame *frame,
    void (*each)(void *ctx, const struct nic_frame *), void *ctx)
{
	uint8_t bytes[NIC_HEADERS_MAX + UINT16_MAX];
	struct nic_frame segment = { .bytes = bytes };
	struct nic_layout at;
	size_t whole, done = 0;

	if (frame->segment_size < NIC_SEGMENT_MIN || !nic_layout(&at, frame) ||
	    !at.tcp || at.payload > NIC_HEADERS_MAX || !fits_ip(&at))
		return false;
	whole = at.end - at.payload;
	for (unsigned n = 0; n == 0 || done < whole; n++) {
		size_t size = whole - done;

		if (size > frame->segment_size)
			size = frame->segment_size;
		memcpy(bytes, frame->bytes, at.payload);
		memcpy(bytes + at.payload, frame->bytes + at.payload + done,
		    size);
		at.end = at.payload + size;
		advance(bytes, &at, n, done, done + size == whole);
		set_ip_length(bytes, &at);
		complete(bytes, &at);
		segment.length = at.end;
		each(ctx, &segment);
		done += size;
	}
	return true;
}
