/* SPDX-License-Identifier: ISC */
/*
 * How a frame is laid into slots of the ring: pieces of the owner's memory,
 * each within a page, and pieces that are copied.  Back ends take 18 slots;
 * what needs more is copied whole, into 16 pages at most.
 */
#include "guest/bus/libc.h"
#include "guest/xen/xnf.h"

static struct xnf_piece *
add(struct xnf_plan *plan, size_t at, uint64_t physical)
{
	struct xnf_piece *piece;

	if (plan->count == XEN_NET_SLOTS_MIN)
		return NULL;
	piece = &plan->pieces[plan->count++];
	*piece = (struct xnf_piece){ .at = at, .physical = physical };
	return piece;
}

/* Bytes to be copied join those before them, while their page has room. */
static bool
add_copy(struct xnf_plan *plan, size_t at, size_t len)
{
	struct xnf_piece *last = NULL;
	size_t part;

	if (plan->count > 0)
		last = &plan->pieces[plan->count - 1];
	for (; len > 0; at += part, len -= part) {
		if (last == NULL || last->physical != PV_NO_PHYSICAL ||
		    last->len == PV_PAGE_SIZE)
			last = add(plan, at, PV_NO_PHYSICAL);
		if (last == NULL)
			return false;
		part = PV_PAGE_SIZE - last->len;
		if (part > len)
			part = len;
		last->len += part;
	}
	return true;
}

static bool
add_segment(struct xnf_plan *plan, size_t at, const struct pv_segment *segment)
{
	size_t done = 0, part;

	if (segment->physical == PV_NO_PHYSICAL)
		return add_copy(plan, at, segment->len);
	for (; done < segment->len; done += part) {
		uint64_t physical = segment->physical + done;
		struct xnf_piece *piece;

		part = PV_PAGE_SIZE - (size_t)(physical % PV_PAGE_SIZE);
		if (part > segment->len - done)
			part = segment->len - done;
		if (part <= XNF_PIECE) {
			if (!add_copy(plan, at + done, part))
				return false;
			continue;
		}
		piece = add(plan, at + done, physical);
		if (piece == NULL)
			return false;
		piece->len = part;
	}
	return true;
}

int
xnf_plan(const struct pv_frame *frame, bool copy, struct xnf_plan *plan)
{
	size_t at = 0;

	plan->count = 0;
	for (unsigned i = 0; i < frame->count; i++) {
		const struct pv_segment *segment = &frame->segments[i];

		if (segment->len > frame->length - at)
			return PV_EINVAL;
		if (!copy && !add_segment(plan, at, segment))
			copy = true;
		at += segment->len;
	}
	if (at != frame->length || at > XEN_NET_TX_SIZE_MAX)
		return PV_EINVAL;
	if (copy) {
		plan->count = 0;
		add_copy(plan, 0, at);
	}
	return PV_OK;
}

void
xnf_gather(const struct pv_frame *frame, size_t at, void *to, size_t size)
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
