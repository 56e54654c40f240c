/* SPDX-License-Identifier: ISC */
/* How a frame is laid into pages that the host reads: each piece within one. */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvn.h"

bool
hvn_plan_run(struct hvn_plan *plan, uint64_t physical, size_t len)
{
	size_t part;

	for (; len > 0; physical += part, len -= part) {
		uint32_t offset = (uint32_t)(physical % PV_PAGE_SIZE);

		if (plan->count == HVN_PAGES)
			return false;
		part = PV_PAGE_SIZE - offset;
		if (part > len)
			part = len;
		plan->pages[plan->count++] = (struct hv_gpa_page){
			.bytes = (uint32_t)part,
			.offset = offset,
			.frame = physical / PV_PAGE_SIZE,
		};
	}
	return true;
}

bool
hvn_plan_frame(struct hvn_plan *plan, const struct pv_frame *frame, size_t skip)
{
	for (unsigned i = 0; i < frame->count; i++) {
		const struct pv_segment *segment = &frame->segments[i];

		if (skip >= segment->len) {
			skip -= segment->len;
			continue;
		}
		if (segment->physical == PV_NO_PHYSICAL ||
		    !hvn_plan_run(plan, segment->physical + skip,
			segment->len - skip))
			return false;
		skip = 0;
	}
	return true;
}

int
hvn_plan_check(const struct pv_frame *frame)
{
	size_t left = frame->length;

	for (unsigned i = 0; i < frame->count; i++) {
		if (frame->segments[i].len > left)
			return PV_EINVAL;
		left -= frame->segments[i].len;
	}
	return left == 0 ? PV_OK : PV_EINVAL;
}

void
hvn_gather(const struct pv_frame *frame, size_t at, void *to, size_t size)
{
	unsigned char *bytes = to;

	for (unsigned i = 0; i < frame->count && size > 0; i++) {
		const struct pv_segment *segment = &frame->segments[i];
		size_t part;

		if (at >= segment->len) {
			at -= segment->len;
			continue;
		}
		part = segment->len - at < size ? segment->len - at : size;
		memcpy(bytes, (const unsigned char *)segment->data + at, part);
		bytes += part;
		size -= part;
		at = 0;
	}
}
