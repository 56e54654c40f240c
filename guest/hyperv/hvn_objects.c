/* SPDX-License-Identifier: ISC */
/* RNDIS: how frames go together, and the objects that are asked for and set. */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvn.h"

/* What the parsers say of an answer is counted once. */
static int
judge(struct hvn *hvn, int error)
{
	if (error == PV_EPROTO)
		hvn->device->stats.bad_length++;
	return error;
}

static int
set_done(struct hvn *hvn, const uint8_t *reply, size_t length)
{
	return judge(hvn, rndis_set_read(reply, length));
}

/* The object of an answer, at least `size` bytes of it. */
static int
object(struct hvn *hvn, const uint8_t *reply, size_t length, void *to,
    size_t size)
{
	size_t at, have;
	int error = judge(hvn, rndis_query_read(reply, length, &at, &have));

	if (error != PV_OK)
		return error;
	if (have < size)
		return judge(hvn, PV_EPROTO);
	memcpy(to, reply + at, size);
	return PV_OK;
}

/* ---- Initialize ------------------------------------------------------- */

static size_t
ask_initialize(struct hvn *hvn, void *page, size_t room, uint32_t id)
{
	(void)hvn;
	return rndis_initialize_put(page, room, id);
}

static int
answer_initialize(struct hvn *hvn, const uint8_t *reply, size_t length)
{
	return judge(hvn, rndis_initialize_read(reply, length, &hvn->limits));
}

const struct hvn_question hvn_initialize = { .name = "initialize",
	.rndis = true,
	.needed = true,
	.ask = ask_initialize,
	.answer = answer_initialize };

/* ---- Addresses -------------------------------------------------------- */

/* The host changes it or not; what it is then will be asked. */
static size_t
ask_set_mac(struct hvn *hvn, void *page, size_t room, uint32_t id)
{
	uint8_t value[128];
	size_t size;

	if (!hvn->has_mac)
		return 0;
	size = rndis_address_put(value, sizeof(value), hvn->wanted_mac);
	return rndis_set_put(page, room, id, HV_OID_CONFIG_PARAMETER, value,
	    size);
}

static void
mac_refused(struct hvn *hvn)
{
	hvn->has_mac = false;
}

const struct hvn_question hvn_set_mac = { .name = "new address",
	.rndis = true,
	.ask = ask_set_mac,
	.answer = set_done,
	.refused = mac_refused };

static bool
is_address(const uint8_t mac[6])
{
	return (mac[0] & 1) == 0 &&
	    (mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]) != 0;
}

static int
take_address(struct hvn *hvn, const uint8_t *reply, size_t length,
    uint8_t mac[6])
{
	uint8_t taken[6];
	int error = object(hvn, reply, length, taken, sizeof(taken));

	if (error != PV_OK)
		return error;
	if (!is_address(taken)) {
		hvn->device->stats.bad_value++;
		return PV_EPROTO;
	}
	memcpy(mac, taken, 6);
	return PV_OK;
}

static size_t
ask_permanent(struct hvn *hvn, void *page, size_t room, uint32_t id)
{
	(void)hvn;
	return rndis_query_put(page, room, id, HV_OID_PERMANENT_ADDRESS, NULL,
	    0);
}

static int
answer_permanent(struct hvn *hvn, const uint8_t *reply, size_t length)
{
	return take_address(hvn, reply, length, hvn->permanent);
}

const struct hvn_question hvn_permanent = { .name = "permanent address",
	.rndis = true,
	.needed = true,
	.ask = ask_permanent,
	.answer = answer_permanent };

static size_t
ask_mac(struct hvn *hvn, void *page, size_t room, uint32_t id)
{
	(void)hvn;
	return rndis_query_put(page, room, id, HV_OID_CURRENT_ADDRESS, NULL, 0);
}

static int
answer_mac(struct hvn *hvn, const uint8_t *reply, size_t length)
{
	return take_address(hvn, reply, length, hvn->mac);
}

static void
mac_unknown(struct hvn *hvn)
{
	memcpy(hvn->mac, hvn->permanent, 6);
}

const struct hvn_question hvn_mac = { .name = "address",
	.rndis = true,
	.ask = ask_mac,
	.answer = answer_mac,
	.refused = mac_unknown };

/* ---- Numbers ---------------------------------------------------------- */

static size_t
ask_mtu(struct hvn *hvn, void *page, size_t room, uint32_t id)
{
	(void)hvn;
	return rndis_query_put(page, room, id, HV_OID_FRAME_SIZE, NULL, 0);
}

/* Not more than was asked for, and what the host has less is its limit. */
static int
answer_mtu(struct hvn *hvn, const uint8_t *reply, size_t length)
{
	uint32_t mtu;
	int error = object(hvn, reply, length, &mtu, sizeof(mtu));

	if (error != PV_OK)
		return error;
	if (mtu < HVN_MTU_MIN) {
		hvn->device->stats.bad_value++;
		return PV_EPROTO;
	}
	if (mtu < hvn->wanted_mtu) {
		hvn->wanted_mtu = mtu;
		hvn->nic.max_mtu = mtu;
	}
	return PV_OK;
}

const struct hvn_question hvn_mtu = { .name = "frame size",
	.rndis = true,
	.ask = ask_mtu,
	.answer = answer_mtu };

static size_t
ask_link(struct hvn *hvn, void *page, size_t room, uint32_t id)
{
	(void)hvn;
	return rndis_query_put(page, room, id, HV_OID_MEDIA_CONNECT, NULL, 0);
}

static int
answer_link(struct hvn *hvn, const uint8_t *reply, size_t length)
{
	uint32_t state;
	int error = object(hvn, reply, length, &state, sizeof(state));

	if (error != PV_OK)
		return error;
	if (state > HV_MEDIA_DISCONNECTED)
		hvn->device->stats.bad_value++;
	hvn->connected = state == HV_MEDIA_CONNECTED;
	return PV_OK;
}

const struct hvn_question hvn_link = { .name = "link",
	.rndis = true,
	.ask = ask_link,
	.answer = answer_link };

static size_t
ask_speed(struct hvn *hvn, void *page, size_t room, uint32_t id)
{
	(void)hvn;
	return rndis_query_put(page, room, id, HV_OID_LINK_SPEED, NULL, 0);
}

static int
answer_speed(struct hvn *hvn, const uint8_t *reply, size_t length)
{
	return object(hvn, reply, length, &hvn->speed, sizeof(hvn->speed));
}

const struct hvn_question hvn_speed = { .name = "link speed",
	.rndis = true,
	.ask = ask_speed,
	.answer = answer_speed };

/* ---- RSS -------------------------------------------------------------- */

static size_t
ask_rss(struct hvn *hvn, void *page, size_t room, uint32_t id)
{
	const struct hv_ndis_rss_capabilities input = {
		.object = { .type = HV_NDIS_RSS_CAPABILITIES,
		    .revision = 2,
		    .size = HV_NDIS_RSS_CAPABILITIES_SIZE_2 },
	};

	hvn->rss_queues = 1;
	if (hvn->version < HV_NVSP_5 || hvn_queues_max(hvn) < 2)
		return 0;
	return rndis_query_put(page, room, id, HV_OID_RSS_CAPABILITIES, &input,
	    sizeof(input));
}

static int
answer_rss(struct hvn *hvn, const uint8_t *reply, size_t length)
{
	size_t at, have;
	unsigned queues;
	int error = rndis_query_read(reply, length, &at, &have);

	if (error == PV_OK)
		error = rndis_rss_read(reply + at, have, &queues,
		    &hvn->rss_entries);
	if (error == PV_OK)
		hvn->rss_queues = queues;
	return judge(hvn, error);
}

const struct hvn_question hvn_rss = { .name = "RSS",
	.rndis = true,
	.ask = ask_rss,
	.answer = answer_rss };

static size_t
ask_rss_table(struct hvn *hvn, void *page, size_t room, uint32_t id)
{
	uint8_t value[HV_NDIS_RSS_PARAMETERS_SIZE_2 +
	    HV_RSS_ENTRIES * sizeof(uint32_t) + HV_RSS_KEY];
	size_t size;

	if (hvn->active < 2)
		return 0;
	size = rndis_rss_put(value, sizeof(value), hvn->active,
	    hvn->rss_entries);
	return rndis_set_put(page, room, id, HV_OID_RSS_PARAMETERS, value,
	    size);
}

const struct hvn_question hvn_rss_table = { .name = "RSS table",
	.rndis = true,
	.ask = ask_rss_table,
	.answer = set_done };

/* ---- What is received ------------------------------------------------- */

static size_t
ask_groups(struct hvn *hvn, void *page, size_t room, uint32_t id)
{
	hvn->groups_taken = false;
	if (!hvn->filter)
		return 0;
	if (hvn->group_count == 0) {
		hvn->groups_taken = true; /* the filter does without */
		return 0;
	}
	return rndis_set_put(page, room, id, HV_OID_MULTICAST_LIST, hvn->groups,
	    hvn->group_count * sizeof(hvn->groups[0]));
}

static int
groups_set(struct hvn *hvn, const uint8_t *reply, size_t length)
{
	int error = set_done(hvn, reply, length);

	hvn->groups_taken = error == PV_OK;
	return error;
}

const struct hvn_question hvn_set_groups = { .name = "multicast list",
	.rndis = true,
	.ask = ask_groups,
	.answer = groups_set };

static size_t
ask_filter(struct hvn *hvn, void *page, size_t room, uint32_t id)
{
	uint32_t filter = HV_FILTER_DIRECTED | HV_FILTER_BROADCAST;

	if (hvn->promiscuous)
		filter = HV_FILTER_PROMISCUOUS;
	else if (!hvn->filter || !hvn->groups_taken)
		filter |= HV_FILTER_ALL_MULTICAST;
	else if (hvn->group_count > 0)
		filter |= HV_FILTER_MULTICAST;
	return rndis_set_put(page, room, id, HV_OID_PACKET_FILTER, &filter,
	    sizeof(filter));
}

const struct hvn_question hvn_set_filter = { .name = "packet filter",
	.rndis = true,
	.needed = true,
	.ask = ask_filter,
	.answer = set_done };
