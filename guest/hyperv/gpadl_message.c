/* SPDX-License-Identifier: ISC */
/* What the host is told of memory that is lent to it, in as many messages as its
 * pages need, and how it is asked back. */
#include "guest/bus/libc.h"
#include "guest/hyperv/channel_private.h"

/* Frames from page `first` on, in the bytes of a message; how many. */
static size_t
put_frames(const struct vmbus_lent *lent, size_t first, size_t most,
    uint64_t *to)
{
	size_t count = lent->pages - first < most ? lent->pages - first : most;

	for (size_t i = 0; i < count; i++)
		to[i] = lent->physical / PV_PAGE_SIZE + first + i;
	return count;
}

static size_t
put_header(const struct vmbus_lent *lent, void *to)
{
	uint64_t frames[HV_GPADL_HEADER_FRAMES];
	size_t count = put_frames(lent, 0, HV_GPADL_HEADER_FRAMES, frames);
	struct hv_vmbus_gpadl_header header = { .header.type =
						    HV_VMBUS_GPADL_HEADER,
		.relid = lent->relid,
		.gpadl = lent->handle,
		.size = (uint16_t)(sizeof(header.range) + 8 * lent->pages),
		.count = 1,
		.range.bytes = (uint32_t)(lent->pages * PV_PAGE_SIZE) };

	memcpy(header.frames, frames, 8 * count);
	memcpy(to, &header, sizeof(header));
	return offsetof(struct hv_vmbus_gpadl_header, frames) + 8 * count;
}

static size_t
put_body(const struct vmbus_lent *lent, unsigned number, void *to)
{
	size_t first = HV_GPADL_HEADER_FRAMES +
	    (size_t)(number - 1) * HV_GPADL_BODY_FRAMES;
	struct hv_vmbus_gpadl_body body = { .header.type = HV_VMBUS_GPADL_BODY,
		.number = number,
		.gpadl = lent->handle };
	size_t count;

	if (first >= lent->pages)
		return 0;
	count = put_frames(lent, first, HV_GPADL_BODY_FRAMES, body.frames);
	memcpy(to, &body, sizeof(body));
	return offsetof(struct hv_vmbus_gpadl_body, frames) + 8 * count;
}

size_t
gpadl_create_message(struct vmbus_request *request, unsigned number, void *to)
{
	const struct vmbus_lent *lent = request->owner;

	return number == 0 ? put_header(lent, to) : put_body(lent, number, to);
}

size_t
gpadl_teardown_message(struct vmbus_request *request, unsigned number, void *to)
{
	const struct vmbus_lent *lent = request->owner;
	const struct hv_vmbus_gpadl_teardown teardown = {
		.header.type = HV_VMBUS_GPADL_TEARDOWN,
		.relid = lent->relid,
		.gpadl = lent->handle
	};

	if (number > 0)
		return 0;
	memcpy(to, &teardown, sizeof(teardown));
	return sizeof(teardown);
}
