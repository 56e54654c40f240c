/* SPDX-License-Identifier: ISC */
/*
 * RNDIS messages of the host.  Offsets in them point wherever it likes, so each
 * is compared with what is there before it is added to anything.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/rndis.h"

#define HEADER sizeof(struct hv_rndis)

/* A range in `size` bytes that leaves the first `least` of them alone. */
static bool
inside(uint32_t offset, uint32_t length, size_t least, size_t size)
{
	return offset >= least && offset <= size && length <= size - offset;
}

int
rndis_header(const void *message, size_t have, struct hv_rndis *header)
{
	if (have < HEADER)
		return PV_EPROTO;
	memcpy(header, message, HEADER);
	if (header->length < HEADER || header->length > have)
		return PV_EPROTO;
	return PV_OK;
}

/* The body of a message of that type, which has at least `least` bytes. */
static int
body_of(const void *message, size_t have, uint32_t type, size_t least,
    const uint8_t **body, size_t *size)
{
	struct hv_rndis header;

	if (rndis_header(message, have, &header) != PV_OK ||
	    header.type != type || header.length - HEADER < least)
		return PV_EPROTO;
	*body = (const uint8_t *)message + HEADER;
	*size = header.length - HEADER;
	return PV_OK;
}

/* ---- Frames ----------------------------------------------------------- */

/* Once each: a second one would have to be believed or not. */
static int
take_word(const uint8_t *value, size_t size, bool *has, void *to)
{
	if (*has || size < sizeof(uint32_t))
		return PV_EPROTO;
	*has = true;
	memcpy(to, value, sizeof(uint32_t));
	return PV_OK;
}

static int
take_info(uint32_t type, const uint8_t *value, size_t size,
    struct rndis_info *info)
{
	switch (type) {
	case HV_RNDIS_INFO_CHECKSUM:
		return take_word(value, size, &info->has_checksum,
		    &info->checksum);
	case HV_RNDIS_INFO_VLAN:
		return take_word(value, size, &info->has_vlan, &info->vlan);
	case HV_RNDIS_INFO_HASH:
		return take_word(value, size, &info->has_hash, &info->hash);
	case HV_RNDIS_INFO_PACKET_ID:
		return take_word(value, size, &info->has_part, &info->part);
	default:
		return PV_OK;
	}
}

/* Each step goes on by the size of what it met, and that is never nothing. */
static int
take_infos(const uint8_t *at, size_t left, struct rndis_info *info)
{
	struct hv_rndis_info head;

	while (left > 0) {
		if (left < sizeof(head))
			return PV_EPROTO;
		memcpy(&head, at, sizeof(head));
		if (head.size < sizeof(head) || head.size > left ||
		    head.offset < sizeof(head) || head.offset > head.size)
			return PV_EPROTO;
		if (take_info(head.type, at + head.offset,
			head.size - head.offset, info) != PV_OK)
			return PV_EPROTO;
		at += head.size;
		left -= head.size;
	}
	return PV_OK;
}

int
rndis_packet_read(const void *message, size_t have, struct rndis_packet *out)
{
	struct hv_rndis_packet packet;
	const uint8_t *body;
	size_t size;

	*out = (struct rndis_packet){ 0 };
	if (body_of(message, have, HV_RNDIS_PACKET, sizeof(packet), &body,
		&size) != PV_OK)
		return PV_EPROTO;
	memcpy(&packet, body, sizeof(packet));
	if (!inside(packet.data_offset, packet.data_length, sizeof(packet),
		size))
		return PV_EPROTO;
	out->offset = HEADER + packet.data_offset;
	out->length = packet.data_length;
	if (packet.info_length == 0)
		return PV_OK;
	if (!inside(packet.info_offset, packet.info_length, sizeof(packet),
		size))
		return PV_EPROTO;
	return take_infos(body + packet.info_offset, packet.info_length,
	    &out->info);
}

/* ---- Answers ---------------------------------------------------------- */

int
rndis_answer_id(const void *message, size_t have, uint32_t *id)
{
	struct hv_rndis header;

	if (rndis_header(message, have, &header) != PV_OK ||
	    (header.type & HV_RNDIS_COMPLETE) == 0 ||
	    header.length < HEADER + sizeof(*id))
		return PV_EPROTO;
	memcpy(id, (const uint8_t *)message + HEADER, sizeof(*id));
	return PV_OK;
}

int
rndis_initialize_read(const void *message, size_t have,
    struct rndis_limits *limits)
{
	struct hv_rndis_initialize_complete answer;
	const uint8_t *body;
	size_t size;

	if (body_of(message, have, HV_RNDIS_INITIALIZE_COMPLETE, sizeof(answer),
		&body, &size) != PV_OK)
		return PV_EPROTO;
	memcpy(&answer, body, sizeof(answer));
	if (answer.status != HV_RNDIS_STATUS_SUCCESS)
		return PV_EIO;
	if (answer.alignment > 12)
		return PV_EPROTO;
	limits->packets = answer.max_packets > 0 ? answer.max_packets : 1;
	limits->bytes = answer.max_transfer;
	limits->align = 1u << answer.alignment;
	return PV_OK;
}

int
rndis_set_read(const void *message, size_t have)
{
	struct hv_rndis_done answer;
	const uint8_t *body;
	size_t size;

	if (body_of(message, have, HV_RNDIS_SET_COMPLETE, sizeof(answer), &body,
		&size) != PV_OK)
		return PV_EPROTO;
	memcpy(&answer, body, sizeof(answer));
	return answer.status == HV_RNDIS_STATUS_SUCCESS ? PV_OK : PV_EIO;
}

int
rndis_query_read(const void *message, size_t have, size_t *offset,
    size_t *length)
{
	struct hv_rndis_answer answer;
	const uint8_t *body;
	size_t size;

	*offset = *length = 0;
	if (body_of(message, have, HV_RNDIS_QUERY_COMPLETE, sizeof(answer),
		&body, &size) != PV_OK)
		return PV_EPROTO;
	memcpy(&answer, body, sizeof(answer));
	if (answer.status != HV_RNDIS_STATUS_SUCCESS)
		return PV_EIO;
	if (answer.length == 0)
		return PV_OK;
	if (!inside(answer.offset, answer.length, sizeof(answer), size))
		return PV_EPROTO;
	*offset = HEADER + answer.offset;
	*length = answer.length;
	return PV_OK;
}

/* What goes with a status is asked for instead, where it matters. */
int
rndis_indicate_read(const void *message, size_t have, uint32_t *status)
{
	struct hv_rndis_indicate indicate;
	const uint8_t *body;
	size_t size;

	if (body_of(message, have, HV_RNDIS_INDICATE, sizeof(indicate), &body,
		&size) != PV_OK)
		return PV_EPROTO;
	memcpy(&indicate, body, sizeof(indicate));
	if (indicate.length > 0 &&
	    !inside(indicate.offset, indicate.length, sizeof(indicate), size))
		return PV_EPROTO;
	*status = indicate.status;
	return PV_OK;
}

/* ---- Objects ---------------------------------------------------------- */

/* As much of an object as there is, of a size that belongs to its revision; the
 * rest is zero. */
static int
take_object(const void *from, size_t length, uint8_t type, size_t least,
    void *to, size_t size)
{
	struct hv_ndis_object object;

	if (length < sizeof(object))
		return PV_EPROTO;
	memcpy(&object, from, sizeof(object));
	if (object.type != type || object.revision == 0 ||
	    object.size < least || object.size > length)
		return PV_EPROTO;
	memset(to, 0, size);
	memcpy(to, from, object.size < size ? object.size : size);
	return PV_OK;
}

static uint32_t
lso_limit(uint32_t encapsulation, uint32_t max)
{
	return (encapsulation & HV_NDIS_ENCAPSULATION_8023) != 0 ? max : 0;
}

static uint32_t
checksums(uint32_t encapsulation, uint32_t what)
{
	return (encapsulation & HV_NDIS_ENCAPSULATION_8023) != 0 ? what : 0;
}

int
rndis_offload_read(const void *object, size_t length, struct rndis_offload *out)
{
	struct hv_ndis_offload offload;

	*out = (struct rndis_offload){ 0 };
	if (take_object(object, length, HV_NDIS_OFFLOAD, HV_NDIS_OFFLOAD_SIZE_1,
		&offload, sizeof(offload)) != PV_OK)
		return PV_EPROTO;
	out->checksum4 = checksums(offload.ipv4_tx_encapsulation,
	    offload.ipv4_tx);
	out->checksum6 = checksums(offload.ipv6_tx_encapsulation,
	    offload.ipv6_tx);
	out->receive4 = checksums(offload.ipv4_rx_encapsulation,
	    offload.ipv4_rx);
	out->receive6 = checksums(offload.ipv6_rx_encapsulation,
	    offload.ipv6_rx);
	out->lso1 = lso_limit(offload.lso1[0], offload.lso1[1]);
	out->lso4 = lso_limit(offload.lso2_ipv4_encapsulation,
	    offload.lso2_ipv4_max);
	out->lso6 = lso_limit(offload.lso2_ipv6_encapsulation,
	    offload.lso2_ipv6_max);
	out->rsc = offload.object.size >= HV_NDIS_OFFLOAD_SIZE_3;
	out->rsc4 = offload.rsc_ipv4 != 0;
	out->rsc6 = offload.rsc_ipv6 != 0;
	return PV_OK;
}

int
rndis_rss_read(const void *object, size_t length, unsigned *queues,
    unsigned *entries)
{
	struct hv_ndis_rss_capabilities rss;

	*queues = *entries = 0;
	if (take_object(object, length, HV_NDIS_RSS_CAPABILITIES,
		HV_NDIS_RSS_CAPABILITIES_SIZE_1, &rss, sizeof(rss)) != PV_OK)
		return PV_EPROTO;
	*queues = rss.queues;
	*entries = rss.object.size >= HV_NDIS_RSS_CAPABILITIES_SIZE_2
	    ? rss.entries
	    : HV_RSS_ENTRIES;
	if (*entries == 0 || *entries > HV_RSS_ENTRIES)
		*entries = HV_RSS_ENTRIES;
	return PV_OK;
}
