/* SPDX-License-Identifier: ISC */
/*
 * Dynamic memory, the host's side: the exchange that begins it, reports, and
 * requests for pages, as QEMU's hv-balloon has them.
 */
#include <stdlib.h>
#include <string.h>

#include "host/hyperv/devices.h"
#include "wire/endian.h"
#include "wire/hyperv/balloon.h"
#include "wire/hyperv/ring.h"

enum balloon_state {
	BALLOON_VERSION,
	BALLOON_CAPABILITIES,
	BALLOON_IDLE,
	BALLOON_ASKED
};

struct host_balloon {
	struct host_hyperv *host;
	struct host_vmbus_device *device;
	struct host_vmbus_kind kind;
	struct host_vmbus_channel *channel;
	struct host_balloon_counts counts;
	enum balloon_state state;
	uint64_t capabilities;
	uint32_t transaction;
};

static bool
send(struct host_balloon *balloon, const void *bytes, size_t size)
{
	struct host_vmbus_packet packet = { .type = HV_PACKET_INBAND,
		.data = bytes,
		.len = size };
	struct hv_dm_header header;

	memcpy(&header, bytes, sizeof(header));
	packet.id = header.transaction;
	if (!host_vmbus_send(balloon->channel, &packet))
		return false;
	host_vmbus_sent(balloon->channel);
	return true;
}

/* ---- Messages of the guest: false, it is wrong ------------------------ */

static bool
version(struct host_balloon *balloon, const uint8_t *bytes, size_t len)
{
	struct hv_dm_version_request request;
	struct hv_dm_version_response response = {
		.header = { HV_DM_VERSION_RESPONSE, sizeof(response), 0 }
	};

	if (balloon->state != BALLOON_VERSION || len < sizeof(request))
		return false;
	memcpy(&request, bytes, sizeof(request));
	response.header.transaction = request.header.transaction;
	if (request.version >= HV_DM_0_3 && request.version <= HV_DM_2_0)
		response.accepted = HV_DM_ACCEPTED;
	if (!send(balloon, &response, sizeof(response)) ||
	    response.accepted == 0)
		return true;
	balloon->counts.version = request.version;
	balloon->state = BALLOON_CAPABILITIES;
	return true;
}

static bool
capabilities(struct host_balloon *balloon, const uint8_t *bytes, size_t len)
{
	struct hv_dm_capabilities request;
	struct hv_dm_capabilities_response response = {
		.header = { HV_DM_CAPABILITIES_RESPONSE, sizeof(response), 0 },
		.flags = HV_DM_ACCEPTED | HV_DM_HOST_HOT_REMOVE
	};

	if (balloon->state != BALLOON_CAPABILITIES || len < sizeof(request))
		return false;
	memcpy(&request, bytes, sizeof(request));
	response.header.transaction = request.header.transaction;
	if (!send(balloon, &response, sizeof(response)))
		return true;
	balloon->capabilities = request.capabilities;
	balloon->counts.capabilities = true;
	balloon->state = BALLOON_IDLE;
	return true;
}

/* The pages of a response; UINT64_MAX: it is too short for its ranges. */
static uint64_t
pages_of(const uint8_t *bytes, size_t len, uint32_t ranges)
{
	uint64_t pages = 0, range;

	if (ranges > len / sizeof(range))
		return UINT64_MAX;
	for (uint32_t i = 0; i < ranges; i++) {
		memcpy(&range, bytes + i * sizeof(range), sizeof(range));
		pages += HV_DM_RANGE_COUNT(range);
	}
	return pages;
}

static bool
ballooned(struct host_balloon *balloon, const uint8_t *bytes, size_t len)
{
	struct hv_dm_balloon_response response;
	uint32_t ranges;
	uint64_t pages;

	if (balloon->state != BALLOON_ASKED || len < sizeof(response))
		return false;
	memcpy(&response, bytes, sizeof(response));
	ranges = response.more_and_count >> 1;
	pages = pages_of(bytes + sizeof(response), len - sizeof(response),
	    ranges);
	if (pages == UINT64_MAX)
		return false;
	balloon->counts.ballooned += (unsigned)pages;
	/* no range: it has none to give */
	if (ranges == 0 || (response.more_and_count & HV_DM_MORE) == 0) {
		balloon->transaction++;
		balloon->state = BALLOON_IDLE;
	}
	return true;
}

static bool
message(struct host_balloon *balloon, const struct host_vmbus_packet *packet)
{
	struct hv_dm_header header;

	if (packet->type != HV_PACKET_INBAND || packet->len < sizeof(header))
		return false;
	memcpy(&header, packet->data, sizeof(header));
	switch (header.type) {
	case HV_DM_VERSION_REQUEST:
		return version(balloon, packet->data, packet->len);
	case HV_DM_CAPABILITIES:
		return capabilities(balloon, packet->data, packet->len);
	case HV_DM_STATUS:
		if (balloon->state < BALLOON_IDLE ||
		    packet->len < sizeof(struct hv_dm_status))
			return false;
		balloon->counts.reports++;
		return true;
	case HV_DM_BALLOON_RESPONSE:
		return ballooned(balloon, packet->data, packet->len);
	default:
		return false;
	}
}

/* ---- The channel ------------------------------------------------------ */

static void
signalled(void *self, struct host_vmbus_channel *channel)
{
	struct host_balloon *balloon = self;
	struct host_vmbus_packet packet;

	while (host_vmbus_receive(channel, &packet))
		if (!message(balloon, &packet))
			balloon->counts.refused++;
	host_vmbus_received(channel);
}

static bool
opened(void *self, struct host_vmbus_channel *channel, const void *user,
    unsigned user_len)
{
	struct host_balloon *balloon = self;

	(void)user;
	(void)user_len;
	balloon->channel = channel;
	balloon->state = BALLOON_VERSION;
	balloon->counts.version = 0;
	balloon->counts.capabilities = false;
	return true;
}

static void
closed(void *self, struct host_vmbus_channel *channel)
{
	struct host_balloon *balloon = self;

	(void)channel;
	balloon->channel = NULL;
}

static void
release(void *self)
{
	free(self);
}

struct host_balloon *
host_balloon_new(struct host_hyperv *host)
{
	struct host_balloon *balloon = calloc(1, sizeof(*balloon));

	if (balloon == NULL)
		return NULL;
	balloon->host = host;
	balloon->kind = (struct host_vmbus_kind){ .type = HV_GUID_BALLOON,
		.opened = opened,
		.signalled = signalled,
		.closed = closed,
		.free = release };
	balloon->device = host_vmbus_offer(host, &balloon->kind, NULL, balloon);
	if (balloon->device == NULL) {
		free(balloon);
		return NULL;
	}
	return balloon;
}

struct host_vmbus_device *
host_balloon_device(struct host_balloon *balloon)
{
	return balloon->device;
}

const struct host_balloon_counts *
host_balloon_counts(struct host_balloon *balloon)
{
	return &balloon->counts;
}

bool
host_balloon_ask(struct host_balloon *balloon, unsigned pages)
{
	struct hv_dm_balloon request = { .header = { HV_DM_BALLOON,
					     sizeof(request),
					     balloon->transaction },
		.pages = pages };

	if (balloon->channel == NULL || balloon->state != BALLOON_IDLE ||
	    !send(balloon, &request, sizeof(request)))
		return false;
	balloon->state = BALLOON_ASKED;
	return true;
}
