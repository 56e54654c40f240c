/* SPDX-License-Identifier: ISC */
/* GPADLs: pages of the guest that a channel may use, told in one message or
 * many. */
#include <stdlib.h>
#include <string.h>

#include "host/hyperv/hyperv_private.h"

/* Of all descriptions together: 4 GiB of the guest's memory. */
#define BYTES_MAX (8u << 20)

static struct root_gpadl *
find(struct host_hyperv *host, uint32_t id)
{
	struct root_gpadl *gpadl = host->gpadls;

	while (gpadl != NULL && gpadl->id != id)
		gpadl = gpadl->next;
	return gpadl;
}

struct root_gpadl *
root_gpadl_find(struct host_hyperv *host, uint32_t relid, uint32_t id)
{
	struct root_gpadl *gpadl = find(host, id);

	return gpadl != NULL && gpadl->relid == relid && gpadl->created ? gpadl
									: NULL;
}

static void
free_gpadl(struct host_hyperv *host, struct root_gpadl *gpadl)
{
	struct root_gpadl **link = &host->gpadls;

	while (*link != gpadl)
		link = &(*link)->next;
	*link = gpadl->next;
	if (gpadl->created) {
		host->counts.gpadls--;
		host->counts.gpadl_pages -= gpadl->count;
	}
	host->gpadl_bytes -= gpadl->size;
	free(gpadl->bytes);
	free(gpadl->pieces);
	free(gpadl);
}

void
root_gpadls_free(struct host_hyperv *host, uint32_t relid)
{
	struct root_gpadl *next;

	for (struct root_gpadl *g = host->gpadls; g != NULL; g = next) {
		next = g->next;
		if (relid == 0 || g->relid == relid)
			free_gpadl(host, g);
	}
}

static void
answer(struct host_hyperv *host, uint32_t relid, uint32_t id, uint32_t status)
{
	struct hv_vmbus_gpadl_created created = {
		.header = { .type = HV_VMBUS_GPADL_CREATED },
		.relid = relid,
		.gpadl = id,
		.status = status,
	};

	root_vmbus_send(host, &created, sizeof(created));
}

static void
refuse(struct host_hyperv *host, uint32_t relid, uint32_t id)
{
	host->counts.refused++;
	answer(host, relid, id, HV_NTSTATUS_UNSUCCESSFUL);
}

/* One range and its frames, from *at on; false: it cannot be. */
static bool
add_range(struct host_hyperv *host, struct root_gpadl *gpadl, size_t *at)
{
	struct hv_gpa_range range;
	uint64_t frame;

	if (gpadl->size - *at < sizeof(range))
		return false;
	memcpy(&range, gpadl->bytes + *at, sizeof(range));
	*at += sizeof(range);
	if (range.bytes == 0 || range.offset >= HV_PAGE_SIZE)
		return false;
	while (range.bytes > 0) {
		uint32_t here = HV_PAGE_SIZE - range.offset;

		if (here > range.bytes)
			here = range.bytes;
		if (gpadl->size - *at < sizeof(frame))
			return false;
		memcpy(&frame, gpadl->bytes + *at, sizeof(frame));
		*at += sizeof(frame);
		if (frame >> 52 != 0 ||
		    host->world.map(host->world.ctx, frame << HV_PAGE_SHIFT,
			HV_PAGE_SIZE) == NULL)
			return false;
		gpadl->pieces[gpadl->count++] = (struct root_piece){
			(frame << HV_PAGE_SHIFT) + range.offset, gpadl->length,
			here
		};
		gpadl->length += here;
		range.bytes -= here;
		range.offset = 0;
	}
	return true;
}

static bool
build(struct host_hyperv *host, struct root_gpadl *gpadl)
{
	size_t at = 0;

	gpadl->pieces = root_alloc(
	    gpadl->size / sizeof(uint64_t) * sizeof(*gpadl->pieces));
	for (unsigned i = 0; i < gpadl->ranges; i++)
		if (!add_range(host, gpadl, &at))
			return false;
	return at == gpadl->size;
}

static void
finish(struct host_hyperv *host, struct root_gpadl *gpadl)
{
	uint32_t relid = gpadl->relid, id = gpadl->id;

	if (gpadl->have < gpadl->size)
		return;
	if (root_is_rescinded(host, relid)) {
		/* the guest did not know yet that the channel has gone */
		free_gpadl(host, gpadl);
		answer(host, relid, id, HV_NTSTATUS_UNSUCCESSFUL);
		return;
	}
	if (!build(host, gpadl)) {
		free_gpadl(host, gpadl);
		refuse(host, relid, id);
		return;
	}
	free(gpadl->bytes);
	gpadl->bytes = NULL;
	gpadl->created = true;
	host->counts.gpadls++;
	host->counts.gpadl_pages += gpadl->count;
	answer(host, relid, id, HV_NTSTATUS_SUCCESS);
}

/* More than was announced ends it. */
static void
append(struct host_hyperv *host, struct root_gpadl *gpadl, const uint8_t *bytes,
    size_t size)
{
	uint32_t relid = gpadl->relid, id = gpadl->id;

	if (size > gpadl->size - gpadl->have) {
		host->counts.violations++;
		free_gpadl(host, gpadl);
		refuse(host, relid, id);
		return;
	}
	memcpy(gpadl->bytes + gpadl->have, bytes, size);
	gpadl->have += (uint32_t)size;
	finish(host, gpadl);
}

void
root_gpadl_header(struct host_hyperv *host, const void *message, size_t size)
{
	const size_t fixed = offsetof(struct hv_vmbus_gpadl_header, range);
	struct hv_vmbus_gpadl_header header = { 0 };
	struct root_gpadl *gpadl;

	memcpy(&header, message, size < sizeof(header) ? size : sizeof(header));
	if (root_relid(host, header.relid) == NULL)
		return;
	if (header.gpadl == 0 || find(host, header.gpadl) != NULL ||
	    header.count == 0 || header.size % sizeof(uint64_t) != 0 ||
	    header.size < header.count * sizeof(struct hv_gpa_range) ||
	    header.size > BYTES_MAX - host->gpadl_bytes ||
	    (host->relids[header.relid].channel == NULL &&
		!root_is_rescinded(host, header.relid))) {
		refuse(host, header.relid, header.gpadl);
		return;
	}
	gpadl = root_alloc(sizeof(*gpadl));
	gpadl->id = header.gpadl;
	gpadl->relid = header.relid;
	gpadl->size = header.size;
	gpadl->ranges = header.count;
	gpadl->bytes = root_alloc(gpadl->size);
	host->gpadl_bytes += gpadl->size;
	gpadl->next = host->gpadls;
	host->gpadls = gpadl;
	append(host, gpadl, (const uint8_t *)message + fixed, size - fixed);
}

void
root_gpadl_body(struct host_hyperv *host, const void *message, size_t size)
{
	const size_t fixed = offsetof(struct hv_vmbus_gpadl_body, frames);
	struct hv_vmbus_gpadl_body body = { 0 };
	struct root_gpadl *gpadl;

	memcpy(&body, message, fixed);
	gpadl = find(host, body.gpadl);
	if (gpadl == NULL || gpadl->created || size == fixed) {
		host->counts.refused++;
		return;
	}
	append(host, gpadl, (const uint8_t *)message + fixed, size - fixed);
}

static void
torn_down(struct host_hyperv *host, struct root_gpadl *gpadl)
{
	struct hv_vmbus_gpadl_torndown message = {
		.header = { .type = HV_VMBUS_GPADL_TORNDOWN },
		.gpadl = gpadl->id,
	};

	if (host->manners.gpadl_hold)
		return;
	free_gpadl(host, gpadl);
	root_vmbus_send(host, &message, sizeof(message));
}

/* A ring's ends with the channel: the memory is in use. */
void
root_gpadl_teardown(struct host_hyperv *host,
    const struct hv_vmbus_gpadl_teardown *message)
{
	struct root_gpadl *gpadl;

	if (root_relid(host, message->relid) == NULL)
		return;
	gpadl = root_gpadl_find(host, message->relid, message->gpadl);
	if (gpadl == NULL || gpadl->torn) {
		host->counts.refused++;
		return;
	}
	gpadl->torn = true;
	if (gpadl->ring)
		host->counts.violations++;
	else
		torn_down(host, gpadl);
}

void
root_gpadl_unused(struct host_hyperv *host, struct root_gpadl *gpadl)
{
	gpadl->ring = false;
	if (gpadl->torn)
		torn_down(host, gpadl);
}

/* ---- For the kinds ---------------------------------------------------- */

/* The piece that an offset is in; it is inside. */
static unsigned
piece_at(const struct root_gpadl *gpadl, uint64_t offset)
{
	unsigned from = 0, to = gpadl->count;

	while (to - from > 1) {
		unsigned middle = from + (to - from) / 2;

		if (gpadl->pieces[middle].start <= offset)
			from = middle;
		else
			to = middle;
	}
	return from;
}

static bool
copy(struct host_vmbus_channel *channel, uint32_t id, uint64_t offset, void *to,
    const void *from, size_t size)
{
	struct host_hyperv *host = channel->host;
	struct root_gpadl *gpadl = root_gpadl_find(host, channel->relid, id);
	size_t done = 0;

	if (!channel->open || gpadl == NULL || offset > gpadl->length ||
	    size > gpadl->length - offset)
		return false;
	if (size == 0)
		return true;
	for (unsigned i = piece_at(gpadl, offset); done < size; i++) {
		const struct root_piece *piece = &gpadl->pieces[i];
		size_t skip = (size_t)(offset + done - piece->start);
		size_t here = piece->bytes - skip;
		uint8_t *memory;

		if (here > size - done)
			here = size - done;
		memory = root_map(host, piece->address + skip, here);
		if (memory == NULL)
			return false;
		if (to != NULL)
			memcpy((uint8_t *)to + done, memory, here);
		else
			memcpy(memory, (const uint8_t *)from + done, here);
		done += here;
	}
	return true;
}

bool
host_vmbus_gpadl_read(struct host_vmbus_channel *channel, uint32_t gpadl,
    uint64_t offset, void *to, size_t size)
{
	return copy(channel, gpadl, offset, to, NULL, size);
}

bool
host_vmbus_gpadl_write(struct host_vmbus_channel *channel, uint32_t gpadl,
    uint64_t offset, const void *from, size_t size)
{
	return copy(channel, gpadl, offset, NULL, from, size);
}

uint64_t
host_vmbus_gpadl_length(struct host_vmbus_channel *channel, uint32_t id)
{
	const struct root_gpadl *gpadl = root_gpadl_find(channel->host,
	    channel->relid, id);

	return gpadl != NULL ? gpadl->length : 0;
}
