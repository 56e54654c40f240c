/* SPDX-License-Identifier: ISC */
/*
 * What is left to the host: checksums, and cutting a long TCP segment (LSO).
 * A checksum that this host does not do for this frame is completed in a copy.
 */
#include "guest/bus/frame.h"
#include "guest/bus/libc.h"
#include "guest/hyperv/hvn.h"
#include "wire/endian.h"

#define TAG 4u /* bytes of a VLAN tag */

/* Where the IP header stands: behind at most two tags. */
static size_t
ip_of(const struct pv_frame *frame)
{
	size_t at = 12;
	uint8_t type[2];

	for (unsigned i = 0; i < 2; i++, at += TAG) {
		hvn_gather(frame, at, type, sizeof(type));
		if (get_be16(type) != 0x8100 && get_be16(type) != 0x88a8)
			break;
	}
	return at + 2;
}

/* Of a TCP header. */
static size_t
tcp_length(const struct pv_frame *frame, size_t start)
{
	uint8_t byte;

	hvn_gather(frame, start + 12, &byte, 1);
	return (size_t)(byte >> 4) * 4;
}

/* Whether the host does the checksum of such a packet, options and all. */
static bool
is_done_by_host(const struct hvn *hvn, const struct frame_headers *headers,
    const struct hvn_offload *out)
{
	uint32_t can = headers->ipv6 ? hvn->offload.checksum6
				     : hvn->offload.checksum4;
	uint32_t needed = headers->protocol == FRAME_TCP ? HV_OFFLOAD_TCP
							 : HV_OFFLOAD_UDP;

	/* the same bit is extension headers with IPv6 */
	if (out->start - out->ip > (headers->ipv6 ? 40u : 20u))
		needed |= HV_OFFLOAD_IP_OPTIONS;
	if (headers->protocol == FRAME_TCP && out->headers - out->start > 20)
		needed |= HV_OFFLOAD_TCP_OPTIONS;
	return (can & needed) == needed;
}

static void
leave_checksum(const struct frame_headers *headers, struct hvn_offload *out)
{
	out->info.has_checksum = true;
	out->info.checksum = (headers->ipv6 ? HV_TX_IPV6 : HV_TX_IPV4) |
	    (headers->protocol == FRAME_TCP ? HV_TX_TCP : HV_TX_UDP) |
	    HV_TX_L4_OFFSET(headers->start);
}

static int
leave_segmentation(const struct hvn *hvn, const struct pv_frame *frame,
    const struct frame_headers *headers, struct hvn_offload *out)
{
	bool second = headers->ipv6 || hvn->offload.lso4 != 0;

	if (headers->protocol != FRAME_TCP ||
	    headers->ipv6 != (frame->segmentation == PV_SEGMENT_TCP6) ||
	    out->headers - out->start < 20 || out->headers > headers->end)
		return PV_EINVAL;
	if (frame->length > hvn->nic.max_segmented)
		return PV_EMSGSIZE;
	out->info.has_lso = true;
	out->info.lso = HV_LSO_MSS(frame->segment_size) |
	    HV_LSO_L4_OFFSET(headers->start) | (second ? HV_LSO_VERSION_2 : 0) |
	    (headers->ipv6 ? HV_LSO_IPV6 : 0);
	out->rewrite = true;
	return PV_OK;
}

static int
checksum(const struct hvn *hvn, const struct pv_frame *frame,
    struct hvn_offload *out)
{
	struct frame_headers headers;
	bool found = frame_headers_of(frame, &headers) == PV_OK &&
	    headers.start == frame->checksum_start &&
	    headers.offset == frame->checksum_offset;

	out->start = frame->checksum_start;
	out->offset = frame->checksum_offset;
	out->complete = true;
	if (!found)
		return frame->segmentation == PV_SEGMENT_NONE ? PV_OK
							      : PV_EINVAL;
	out->ipv6 = headers.ipv6;
	out->ip = ip_of(frame);
	out->headers = out->start + 8;
	if (headers.protocol == FRAME_TCP)
		out->headers = out->start + tcp_length(frame, out->start);
	if (frame->segmentation != PV_SEGMENT_NONE) {
		out->complete = false;
		return leave_segmentation(hvn, frame, &headers, out);
	}
	if (is_done_by_host(hvn, &headers, out)) {
		out->complete = false;
		leave_checksum(&headers, out);
	}
	return PV_OK;
}

int
hvn_offload(const struct hvn *hvn, const struct pv_frame *frame,
    struct hvn_offload *out)
{
	memset(out, 0, sizeof(*out));
	if ((frame->flags & PV_FRAME_VLAN) != 0) {
		if ((hvn->nic.features & PV_NIC_VLAN) == 0)
			return PV_ENOTSUP;
		out->info.has_vlan = true;
		out->info.vlan = rndis_vlan(frame->vlan);
	}
	if (frame->hash != 0 && hvn->active > 1) {
		out->info.has_hash = true;
		out->info.hash = frame->hash;
	}
	if ((frame->flags & PV_FRAME_CHECKSUM_BLANK) == 0)
		return PV_OK;
	return checksum(hvn, frame, out);
}

/* ---- In a copy -------------------------------------------------------- */

static uint32_t
words(const uint8_t *bytes, size_t size)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < size; i += 2)
		sum += get_be16(bytes + i);
	return sum;
}

/* The host puts in the lengths of what it cuts, so there is none yet: not in the
 * IP header, and not in the sum of the pseudo header. */
static void
rewrite(const struct hvn_offload *offload, uint8_t *frame)
{
	uint8_t *ip = frame + offload->ip;
	uint8_t *field = frame + offload->start + offload->offset;
	uint32_t sum = FRAME_TCP;

	if (offload->ipv6) {
		memset(ip + 4, 0, 2);
		sum += words(ip + 8, 32);
	} else {
		memset(ip + 2, 0, 2);
		memset(ip + 10, 0, 2);
		sum += words(ip + 12, 8);
	}
	while (sum >> 16 != 0)
		sum = (sum & 0xffffu) + (sum >> 16);
	field[0] = (uint8_t)(sum >> 8);
	field[1] = (uint8_t)sum;
}

static void
complete(const struct hvn_offload *offload, size_t length, uint8_t *bytes)
{
	const struct pv_segment segment = { .data = bytes, .len = length };
	const struct pv_frame copy = { .segments = &segment,
		.count = 1,
		.length = length };
	uint16_t sum = (uint16_t)~frame_sum(&copy, offload->start, length);

	/* UDP has another meaning for 0, and TCP none */
	frame_put16(&copy, offload->start + offload->offset,
	    sum != 0 ? sum : 0xffff);
}

void
hvn_offload_finish(const struct hvn_offload *offload,
    const struct pv_frame *frame, uint8_t *copy)
{
	if (offload->rewrite)
		rewrite(offload, copy);
	else if (offload->complete)
		complete(offload, frame->length, copy);
}
