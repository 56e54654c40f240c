/* SPDX-License-Identifier: ISC */
#include "tests/support/nic.h"
#include "tests/support/world.h"
#include "wire/endian.h"

static void
frame_done(struct pv_frame *frame)
{
	((struct vif_frame *)frame)->done++;
}

void
vif_frame(struct vif_frame *frame, void *data, uint64_t physical, size_t len)
{
	memset(frame, 0, sizeof(*frame));
	frame->segments[0] = (struct pv_segment){ data, physical, len };
	frame->frame.segments = frame->segments;
	frame->frame.count = 1;
	frame->frame.length = len;
	frame->frame.done = frame_done;
}

void
vif_cut_by(struct sim *sim, struct vif_frame *frame, unsigned pieces)
{
	struct pv_segment whole = frame->segments[0];
	uint8_t *data = whole.data;

	assert_in_range(pieces, 1, 40);
	for (unsigned i = 0; i < pieces; i++) {
		size_t len = i + 1 == pieces
		    ? whole.len
		    : (size_t)sim_random(sim, whole.len + 1);

		frame->segments[i] = (struct pv_segment){ data, whole.physical,
			len };
		data += len;
		whole.len -= len;
		if (whole.physical != PV_NO_PHYSICAL)
			whole.physical += len;
	}
	frame->frame.count = pieces;
}

void
vif_pattern(void *to, size_t len, unsigned seed)
{
	uint8_t *bytes = to;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i * 31 + i / 256 * 7 + seed);
	if (len < 14)
		return;
	bytes[0] = 0x02;
	put_be16(bytes + 12, 0x88b5); /* for experiments: IEEE 802 */
}

static uint32_t
sum(const uint8_t *bytes, size_t len)
{
	uint32_t total = 0;

	for (size_t i = 0; i < len; i++)
		total += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	return total;
}

static uint16_t
fold(uint32_t total)
{
	while (total > 0xffff)
		total = (total & 0xffff) + (total >> 16);
	return (uint16_t)total;
}

static uint32_t
pseudo(const uint8_t *frame, size_t len, bool ipv6, bool tcp)
{
	const uint8_t *ip = frame + 14;
	uint32_t total = sum(ip + (ipv6 ? 8 : 12), ipv6 ? 32 : 8);

	return total + (tcp ? 6 : 17) +
	    fold((uint32_t)(len - 14 - (ipv6 ? 40 : 20)));
}

size_t
vif_packet(void *to, size_t len, bool ipv6, bool tcp)
{
	uint8_t *frame = to, *ip = frame + 14;
	size_t start = ipv6 ? 54 : 34, headers = start + (tcp ? 20 : 8);

	assert_true(len >= headers);
	vif_pattern(frame, len, 9);
	put_be16(frame + 12, ipv6 ? 0x86dd : 0x0800);
	if (ipv6) {
		put_be32(ip, 0x60000000);
		put_be16(ip + 4, (uint16_t)(len - 54));
		ip[6] = tcp ? 6 : 17;
	} else {
		memset(ip, 0, 12);
		ip[0] = 0x45;
		put_be16(ip + 2, (uint16_t)(len - 14));
		ip[8] = 64;
		ip[9] = tcp ? 6 : 17;
	}
	if (tcp)
		frame[start + 12] = 5 << 4;
	else
		put_be16(frame + start + 4, (uint16_t)(len - start));
	put_be16(frame + start + (tcp ? 16 : 6),
	    fold(pseudo(frame, len, ipv6, tcp)));
	return headers;
}

void
vif_blank(struct vif_frame *frame, bool ipv6, bool tcp)
{
	frame->frame.flags |= PV_FRAME_CHECKSUM_BLANK;
	frame->frame.checksum_start = ipv6 ? 54 : 34;
	frame->frame.checksum_offset = tcp ? 16 : 6;
}

uint16_t
vif_checksum(const uint8_t *frame, size_t len, bool ipv6, bool tcp)
{
	size_t start = ipv6 ? 54 : 34, field = start + (tcp ? 16 : 6);
	uint32_t total = pseudo(frame, len, ipv6, tcp);
	uint16_t result;

	total = fold(total) + (uint32_t)fold(sum(frame + start, len - start));
	/* what stands in the field is not of it */
	total += (uint16_t)~get_be16(frame + field);
	result = (uint16_t)~fold(total);
	return result == 0 ? 0xffff : result;
}
