/* SPDX-License-Identifier: ISC */
/* Data of a packet that is in the guest's pages: ranges, each with its frames,
 * in the packet's header. */
#include <string.h>

#include "host/hyperv/hyperv_private.h"

/* Between the packet's descriptor and its ranges. */
#define BEFORE_RANGES (sizeof(struct hv_packet_gpa) - sizeof(struct hv_packet))

struct walk {
	const uint8_t *at;
	size_t left;
	uint32_t ranges;
	/* of the present one */
	uint32_t bytes, offset;
};

static bool
begin(const struct host_vmbus_packet *packet, struct walk *walk)
{
	if (packet->type != HV_PACKET_GPA_DIRECT ||
	    packet->header_len < BEFORE_RANGES)
		return false;
	*walk = (struct walk){ .at = packet->header + BEFORE_RANGES,
		.left = packet->header_len - BEFORE_RANGES };
	memcpy(&walk->ranges,
	    packet->header + offsetof(struct hv_packet_gpa, count) -
		sizeof(struct hv_packet),
	    sizeof(walk->ranges));
	return true;
}

static bool
take(struct walk *walk, void *to, size_t size)
{
	if (walk->left < size)
		return false;
	memcpy(to, walk->at, size);
	walk->at += size;
	walk->left -= size;
	return true;
}

/* The next piece: 1; 0: there is none; -1: the header is wrong. */
static int
next(struct walk *walk, uint64_t *address, uint32_t *bytes)
{
	struct hv_gpa_range range;
	uint64_t frame;

	while (walk->bytes == 0) {
		if (walk->ranges == 0)
			return 0;
		if (!take(walk, &range, sizeof(range)) ||
		    range.offset >= HV_PAGE_SIZE)
			return -1;
		walk->ranges--;
		walk->bytes = range.bytes;
		walk->offset = range.offset;
	}
	if (!take(walk, &frame, sizeof(frame)) || frame >> 52 != 0)
		return -1;
	*address = (frame << HV_PAGE_SHIFT) + walk->offset;
	*bytes = HV_PAGE_SIZE - walk->offset;
	if (*bytes > walk->bytes)
		*bytes = walk->bytes;
	walk->bytes -= *bytes;
	walk->offset = 0;
	return 1;
}

uint64_t
host_vmbus_gpa_length(const struct host_vmbus_packet *packet)
{
	uint64_t length = 0, address;
	struct walk walk;
	uint32_t bytes;
	int more;

	if (!begin(packet, &walk))
		return 0;
	while ((more = next(&walk, &address, &bytes)) > 0)
		length += bytes;
	return more == 0 ? length : 0;
}

static bool
copy(struct host_vmbus_channel *channel, const struct host_vmbus_packet *packet,
    uint64_t offset, uint8_t *to, const uint8_t *from, size_t size)
{
	struct host_hyperv *host = channel->host;
	struct walk walk;
	uint64_t address;
	uint32_t bytes;
	size_t done = 0;
	uint64_t length = host_vmbus_gpa_length(packet);

	if (!channel->open || offset > length || size > length - offset ||
	    !begin(packet, &walk))
		return false;
	while (done < size && next(&walk, &address, &bytes) > 0) {
		size_t here;
		uint8_t *memory;

		if (offset >= bytes) {
			offset -= bytes;
			continue;
		}
		here = bytes - (size_t)offset;
		if (here > size - done)
			here = size - done;
		memory = root_map(host, address + offset, here);
		offset = 0;
		if (memory == NULL)
			return false;
		if (to != NULL)
			memcpy(to + done, memory, here);
		else
			memcpy(memory, from + done, here);
		done += here;
	}
	return done == size;
}

bool
host_vmbus_gpa_read(struct host_vmbus_channel *channel,
    const struct host_vmbus_packet *packet, uint64_t offset, void *to,
    size_t size)
{
	return copy(channel, packet, offset, to, NULL, size);
}

bool
host_vmbus_gpa_write(struct host_vmbus_channel *channel,
    const struct host_vmbus_packet *packet, uint64_t offset, const void *from,
    size_t size)
{
	return copy(channel, packet, offset, NULL, from, size);
}
