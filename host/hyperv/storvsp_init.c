/* SPDX-License-Identifier: ISC */
/* The exchange that begins a controller's life, and what is asked of it beside
 * requests. */
#include "host/hyperv/storvsp_private.h"

static const uint16_t versions[] = { HV_STOR_2_0, HV_STOR_4_2, HV_STOR_5_1,
	HV_STOR_6_0, HV_STOR_6_2 };

static void
refuse(struct host_storvsp *stor, struct hv_stor *answer, uint32_t status)
{
	stor->counts.refused++;
	answer->status = status;
}

static bool
is_known(const struct host_storvsp *stor, uint16_t version)
{
	if (stor->manners.refuse_versions || version > stor->config.version_max)
		return false;
	for (unsigned i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (versions[i] == version)
			return true;
	return false;
}

/* The guest tries another one then: no fault of its. */
static void
query_version(struct host_storvsp *stor, const struct hv_stor *request,
    struct hv_stor *answer)
{
	uint16_t version = request->u.version.version;

	answer->u.version.version = version;
	if (!is_known(stor, version)) {
		answer->status = HV_STOR_STATUS_REVISION;
		return;
	}
	stor->counts.version = version;
	stor->state = STOR_PROPERTIES;
}

static void
query_properties(struct host_storvsp *stor, struct hv_stor *answer)
{
	const struct host_storvsp_manners *manners = &stor->manners;
	struct hv_stor_properties *properties = &answer->u.properties;

	properties->max_transfer = manners->has_max_transfer
	    ? manners->max_transfer
	    : stor->config.max_transfer;
	if (stor->counts.version >= HV_STOR_5_1 && !stor->config.ide) {
		properties->flags = HV_STOR_MULTI_CHANNEL;
		properties->channels = manners->has_max_channels
		    ? manners->max_channels
		    : (uint16_t)stor->config.max_channels;
	}
	stor->state = STOR_END;
}

/* Windows takes it before the end of the exchange and after; Linux sends it
 * after. */
static void
create_subs(struct host_storvsp *stor, const struct hv_stor *request,
    struct hv_stor *answer)
{
	unsigned count = request->u.sub_channels;

	if (stor->subs_made || stor->counts.version < HV_STOR_5_1) {
		refuse(stor, answer, HV_STOR_STATUS_INVALID_STATE);
	} else if (count > stor->config.max_channels ||
	    (count > 0 && !host_vmbus_offer_subs(stor->device, count))) {
		refuse(stor, answer, HV_STOR_STATUS_INVALID_PARAMETER);
	} else {
		stor->subs_made = count > 0;
	}
}

static void
primary(struct host_storvsp *stor, const struct hv_stor *request,
    struct hv_stor *answer)
{
	enum stor_state state = stor->state;

	switch (request->operation) {
	case HV_STOR_BEGIN_INIT:
		if (state != STOR_BEGIN)
			break;
		stor->state = STOR_VERSION;
		return;
	case HV_STOR_QUERY_VERSION:
		if (state != STOR_VERSION)
			break;
		query_version(stor, request, answer);
		return;
	case HV_STOR_QUERY_PROPERTIES:
		if (state != STOR_PROPERTIES)
			break;
		query_properties(stor, answer);
		return;
	case HV_STOR_CREATE_SUB_CHANNELS:
		if (state != STOR_END && state != STOR_READY)
			break;
		create_subs(stor, request, answer);
		return;
	case HV_STOR_END_INIT:
		if (state != STOR_END)
			break;
		stor->state = STOR_READY;
		for (unsigned i = 1; i < stor->channel_count; i++)
			stor_look_later(&stor->channels[i], 0);
		return;
	default:
		break;
	}
	refuse(stor, answer, HV_STOR_STATUS_INVALID_STATE);
}

void
stor_operation(struct stor_channel *channel, const struct hv_stor *request,
    struct hv_stor *answer)
{
	struct host_storvsp *stor = channel->stor;

	switch (request->operation) {
	case HV_STOR_RESET_LUN:
	case HV_STOR_RESET_ADAPTER:
	case HV_STOR_RESET_BUS:
		/* they have never done anything: openvmm's storvsp */
		if (stor->state == STOR_READY) {
			stor->counts.resets++;
			return;
		}
		break;
	default:
		if (channel->sub == 0) {
			primary(stor, request, answer);
			return;
		}
		break;
	}
	refuse(stor, answer, HV_STOR_STATUS_INVALID_STATE);
}
