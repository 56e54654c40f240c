/* SPDX-License-Identifier: ISC */
/* Frames of TCP and UDP: where things are in them, sums, and cutting. */
#include <string.h>

#include "host/bus/checksum.h"
#include "host/hyperv/netvsp_private.h"
#include "wire/endian.h"

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define IPV4_HEADER 20u
#define IPV6_HEADER 40u
#define TCP_HEADER 20u
#define TCP_FIN_PSH 0x09
#define TCP_CWR 0x80
#define EXTENSIONS 8 /* headers of IPv6 that are passed over */

/* ---- Where ------------------------------------------------------------ */

static bool
layout4(const uint8_t *frame, size_t length, struct nv_layout *layout)
{
	const uint8_t *ip = frame + NV_HEADER;
	size_t header, total;

	if (length - NV_HEADER < IPV4_HEADER || ip[0] >> 4 != 4)
		return false;
	header = (size_t)(ip[0] & 15) * 4;
	total = get_be16(ip + 2);
	if (header < IPV4_HEADER || header > length - NV_HEADER)
		return false;
	layout->transport = NV_HEADER + header;
	/* a later fragment has none */
	layout->protocol = (get_be16(ip + 6) & 0x1fff) == 0 ? ip[9] : 0;
	if (total >= header && total <= length - NV_HEADER)
		layout->end = NV_HEADER + total;
	return true;
}

static bool
is_extension(uint8_t protocol)
{
	return protocol == 0 || protocol == 43 || protocol == 60;
}

static bool
layout6(const uint8_t *frame, size_t length, struct nv_layout *layout)
{
	const uint8_t *ip = frame + NV_HEADER;
	size_t at = NV_HEADER + IPV6_HEADER, total;
	uint8_t protocol;

	if (length < at || ip[0] >> 4 != 6)
		return false;
	total = get_be16(ip + 4);
	protocol = ip[6];
	for (unsigned i = 0; i < EXTENSIONS && is_extension(protocol); i++) {
		if (length - at < 8)
			return false;
		protocol = frame[at];
		at += ((size_t)frame[at + 1] + 1) * 8;
		if (at > length)
			return false;
	}
	layout->ipv6 = true;
	layout->transport = at;
	layout->protocol = protocol;
	if (total != 0 && total <= length - NV_HEADER - IPV6_HEADER &&
	    NV_HEADER + IPV6_HEADER + total >= at)
		layout->end = NV_HEADER + IPV6_HEADER + total;
	return true;
}

bool
nv_layout(const uint8_t *frame, size_t length, struct nv_layout *layout)
{
	memset(layout, 0, sizeof(*layout));
	if (length < NV_HEADER)
		return false;
	layout->ip = NV_HEADER;
	layout->end = length;
	switch (get_be16(frame + 12)) {
	case ETHERTYPE_IPV4:
		return layout4(frame, length, layout);
	case ETHERTYPE_IPV6:
		return layout6(frame, length, layout);
	default:
		return false;
	}
}

size_t
nv_payload(const uint8_t *frame, const struct nv_layout *layout)
{
	size_t header;

	if (layout->protocol != NV_TCP ||
	    layout->end - layout->transport < TCP_HEADER)
		return 0;
	header = (size_t)(frame[layout->transport + 12] >> 4) * 4;
	return header >= TCP_HEADER && header <= layout->end - layout->transport
	    ? layout->transport + header
	    : 0;
}

/* ---- Sums ------------------------------------------------------------- */

void
nv_sum_ip(uint8_t *frame, const struct nv_layout *layout)
{
	uint8_t *ip = frame + layout->ip;

	if (layout->ipv6)
		return;
	put_be16(ip + 10, 0);
	put_be16(ip + 10,
	    (uint16_t)~checksum_fold(
		checksum_add(0, ip, (size_t)(ip[0] & 15) * 4)));
}

static size_t
sum_field(const struct nv_layout *layout)
{
	size_t field = layout->protocol == NV_TCP ? 16
	    : layout->protocol == NV_UDP          ? 6
						  : 0;

	return field != 0 && layout->end >= layout->transport &&
		layout->end - layout->transport >= field + 2
	    ? layout->transport + field
	    : 0;
}

bool
nv_sum_transport(uint8_t *frame, const struct nv_layout *layout, size_t add)
{
	size_t field = sum_field(layout);
	uint16_t sum;

	if (field == 0)
		return false;
	sum = (uint16_t)~checksum_fold(
	    checksum_add(0, frame + layout->transport,
		layout->end - layout->transport) +
	    add);
	if (layout->protocol == NV_UDP && sum == 0)
		sum = 0xffff; /* 0 says that there is none */
	put_be16(frame + field, sum);
	return true;
}

/* ---- Cutting ---------------------------------------------------------- */

void
nv_set_length(uint8_t *frame, struct nv_layout *layout, size_t length)
{
	size_t ip = length - layout->ip;

	layout->end = length;
	if (layout->ipv6)
		put_be16(frame + layout->ip + 4, (uint16_t)(ip - IPV6_HEADER));
	else
		put_be16(frame + layout->ip + 2, (uint16_t)ip);
}

static uint16_t
pseudo_header(const uint8_t *frame, const struct nv_layout *layout)
{
	size_t at = layout->ip + (layout->ipv6 ? 8 : 12);

	return checksum_fold(
	    checksum_add(0, frame + at, layout->ipv6 ? 32 : 8) +
	    layout->protocol + (layout->end - layout->transport));
}

size_t
nv_segment(uint8_t *to, const uint8_t *frame, size_t length,
    unsigned segment_size, unsigned n)
{
	struct nv_layout layout;
	size_t payload, skip, size;
	uint8_t *tcp, *flags;

	if (!nv_layout(frame, length, &layout) || segment_size == 0)
		return 0;
	payload = nv_payload(frame, &layout);
	skip = (size_t)segment_size * n;
	if (payload == 0 || skip >= layout.end - payload)
		return 0;
	size = layout.end - payload - skip;
	if (size > segment_size)
		size = segment_size;
	memcpy(to, frame, payload);
	memcpy(to + payload, frame + payload + skip, size);
	tcp = to + layout.transport;
	flags = tcp + 13;
	if (payload + skip + size < layout.end)
		*flags &= (uint8_t)~TCP_FIN_PSH;
	if (n > 0)
		*flags &= (uint8_t)~TCP_CWR;
	put_be32(tcp + 4, get_be32(tcp + 4) + (uint32_t)skip);
	nv_set_length(to, &layout, payload + size);
	if (!layout.ipv6)
		put_be16(to + layout.ip + 4,
		    (uint16_t)(get_be16(to + layout.ip + 4) + n));
	nv_sum_ip(to, &layout);
	put_be16(tcp + 16, pseudo_header(to, &layout));
	nv_sum_transport(to, &layout, 0);
	return payload + size;
}
