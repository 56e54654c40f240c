/* SPDX-License-Identifier: ISC */
/* NVS: the version, what this end can do, the buffers, and sub-channels. */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvn.h"

/* From the newest down, as the host takes one or none. */
static const uint32_t versions[] = { HV_NVSP_6_1, HV_NVSP_6, HV_NVSP_5,
	HV_NVSP_4, HV_NVSP_2, HV_NVSP_1 };
#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

static size_t
put(const struct hvn *hvn, void *page, size_t room, const struct hv_nvsp *from)
{
	size_t size = hvn_nvs_size(hvn);

	if (room < size)
		return 0;
	memcpy(page, from, size);
	return size;
}

/* A message of that type, with `size` bytes behind it. */
static int
take(struct hvn *hvn, const uint8_t *reply, size_t length, uint32_t type,
    size_t size, struct hv_nvsp *to)
{
	memset(to, 0, sizeof(*to));
	if (length < sizeof(to->type) + size) {
		hvn->device->stats.bad_length++;
		return PV_EPROTO;
	}
	memcpy(to, reply, sizeof(to->type) + size);
	if (to->type == type)
		return PV_OK;
	hvn->device->stats.bad_value++;
	return PV_EPROTO;
}

/* ---- The version ------------------------------------------------------ */

static size_t
ask_init(struct hvn *hvn, void *page, size_t room, uint32_t id)
{
	struct hv_nvsp message = { .type = HV_NVSP_INIT };

	(void)id;
	hvn->version = versions[hvn->attempt];
	message.u.init.version = message.u.init.version_again = hvn->version;
	return put(hvn, page, room, &message);
}

static int
answer_init(struct hvn *hvn, const uint8_t *reply, size_t length)
{
	struct hv_nvsp message;
	int error = take(hvn, reply, length, HV_NVSP_INIT_COMPLETE,
	    sizeof(message.u.init_complete), &message);

	if (error != PV_OK)
		return error;
	if (message.u.init_complete.status == HV_NVSP_STATUS_SUCCESS)
		return PV_OK;
	if (hvn->attempt + 1 == VERSIONS)
		return PV_ENOTSUP;
	hvn->attempt++;
	return PV_EAGAIN;
}

const struct hvn_question hvn_nvs_init = { .name = "version",
	.needed = true,
	.ask = ask_init,
	.answer = answer_init };

/* ---- What this end can do --------------------------------------------- */

/* The host offers a VF only to who can take one or leave it; this one leaves
 * it, and says so. */
static size_t
ask_config(struct hvn *hvn, void *page, size_t room, uint32_t id)
{
	struct hv_nvsp message = { .type = HV_NVSP_NDIS_CONFIG };
	uint32_t can = HV_NVSP_CAN_8021Q;

	(void)id;
	if (hvn->version < HV_NVSP_2)
		return 0;
	if (hvn->version >= HV_NVSP_5)
		can |= HV_NVSP_CAN_SRIOV | HV_NVSP_CAN_TEAMING;
	if (hvn->version >= HV_NVSP_6_1)
		can |= HV_NVSP_CAN_RSC;
	message.u.ndis_config.mtu = hvn->wanted_mtu + 14;
	message.u.ndis_config.capabilities = can;
	return put(hvn, page, room, &message);
}

const struct hvn_question hvn_nvs_config = { .name = "configuration",
	.silent = true,
	.needed = true,
	.ask = ask_config };

static size_t
ask_ndis(struct hvn *hvn, void *page, size_t room, uint32_t id)
{
	struct hv_nvsp message = { .type = HV_NVSP_NDIS_VERSION };

	(void)id;
	message.u.ndis_version.major = HV_NDIS_MAJOR;
	message.u.ndis_version.minor = hvn_ndis_minor(hvn);
	return put(hvn, page, room, &message);
}

const struct hvn_question hvn_nvs_ndis = { .name = "NDIS version",
	.silent = true,
	.needed = true,
	.ask = ask_ndis };

/* ---- Buffers ---------------------------------------------------------- */

static size_t
ask_receive(struct hvn *hvn, void *page, size_t room, uint32_t id)
{
	struct hv_nvsp message = { .type = HV_NVSP_RECV_BUFFER };

	(void)id;
	message.u.buffer.gpadl = hvn->receive.gpadl.handle;
	message.u.buffer.id = HV_NVSP_RECV_BUFFER_ID;
	return put(hvn, page, room, &message);
}

/* How the host has cut it tells how many packets it can have on their way. */
static int
answer_receive(struct hvn *hvn, const uint8_t *reply, size_t length)
{
	struct hvn_area *area = &hvn->receive;
	size_t size = area->gpadl.pages * PV_PAGE_SIZE;
	struct hv_nvsp message;
	const struct hv_nvsp_section *section;
	int error = take(hvn, reply, length, HV_NVSP_RECV_BUFFER_COMPLETE,
	    sizeof(message.u.recv_buffer_complete), &message);

	if (error != PV_OK)
		return error;
	section = &message.u.recv_buffer_complete.section;
	if (message.u.recv_buffer_complete.status != HV_NVSP_STATUS_SUCCESS)
		return PV_EIO;
	if (message.u.recv_buffer_complete.count != 1 ||
	    section->size < HVN_PART_MIN || section->count == 0 ||
	    section->offset > size ||
	    section->count > (size - section->offset) / section->size) {
		hvn->device->stats.bad_value++;
		return PV_EPROTO;
	}
	area->section_size = section->size;
	area->sections = section->count;
	area->lent = true;
	return hvn_rx_open(hvn->queues[0]);
}

const struct hvn_question hvn_nvs_receive = { .name = "receive buffer",
	.needed = true,
	.ask = ask_receive,
	.answer = answer_receive };

static size_t
ask_send(struct hvn *hvn, void *page, size_t room, uint32_t id)
{
	struct hv_nvsp message = { .type = HV_NVSP_SEND_BUFFER };

	(void)id;
	hvn_area_cut(hvn);
	if (hvn->send.gpadl.handle == 0)
		return 0;
	message.u.buffer.gpadl = hvn->send.gpadl.handle;
	message.u.buffer.id = HV_NVSP_SEND_BUFFER_ID;
	return put(hvn, page, room, &message);
}

static int
answer_send(struct hvn *hvn, const uint8_t *reply, size_t length)
{
	struct hvn_area *area = &hvn->send;
	struct hv_nvsp message;
	uint32_t size;
	int error = take(hvn, reply, length, HV_NVSP_SEND_BUFFER_COMPLETE,
	    sizeof(message.u.send_buffer_complete), &message);

	if (error != PV_OK)
		return error;
	size = message.u.send_buffer_complete.section_size;
	if (message.u.send_buffer_complete.status != HV_NVSP_STATUS_SUCCESS)
		return PV_EIO;
	/* a frame of any size has to fit into those of one queue */
	if (size < HVN_SECTION_MIN || size > area->room ||
	    area->room / size / hvn_queues_max(hvn) * size <
		HVN_SEND_MIN / 2 + RNDIS_HEADER_MAX) {
		hvn->device->stats.bad_value++;
		return PV_EPROTO;
	}
	area->section_size = size;
	area->sections = (uint32_t)(area->room / size);
	area->lent = true;
	return PV_OK;
}

const struct hvn_question hvn_nvs_send = { .name = "send buffer",
	.ask = ask_send,
	.answer = answer_send };

/* ---- Sub-channels ----------------------------------------------------- */

static unsigned
wanted_subs(const struct hvn *hvn)
{
	unsigned most = hvn_queues_max(hvn);

	if (hvn->rss_queues < most)
		most = hvn->rss_queues;
	return most > 1 ? most - 1 : 0;
}

static size_t
ask_subs(struct hvn *hvn, void *page, size_t room, uint32_t id)
{
	struct hv_nvsp message = { .type = HV_NVSP_SUB_CHANNEL };

	(void)id;
	hvn->promised = 0;
	if (wanted_subs(hvn) == 0)
		return 0;
	message.u.sub_channel.operation = HV_NVSP_SUB_CHANNEL_ALLOCATE;
	message.u.sub_channel.count = wanted_subs(hvn);
	return put(hvn, page, room, &message);
}

static int
answer_subs(struct hvn *hvn, const uint8_t *reply, size_t length)
{
	struct hv_nvsp message;
	uint32_t count;
	int error = take(hvn, reply, length, HV_NVSP_SUB_CHANNEL,
	    sizeof(message.u.sub_channel_complete), &message);

	if (error != PV_OK)
		return error;
	if (message.u.sub_channel_complete.status != HV_NVSP_STATUS_SUCCESS)
		return PV_EIO;
	count = message.u.sub_channel_complete.count;
	if (count > wanted_subs(hvn)) {
		hvn->device->stats.bad_value++;
		count = wanted_subs(hvn);
	}
	hvn->promised = count;
	return PV_OK;
}

const struct hvn_question hvn_nvs_subs = { .name = "sub-channels",
	.ask = ask_subs,
	.answer = answer_subs };
