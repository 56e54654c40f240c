/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "host/hyperv/rndis.h"

#define ALIGN 8u
#define INFO_SIZE (sizeof(struct hv_rndis_info) + sizeof(uint32_t))

bool
nv_rndis_first(const uint8_t *bytes, size_t size, struct hv_rndis *header)
{
	if (size < sizeof(*header))
		return false;
	memcpy(header, bytes, sizeof(*header));
	return header->length >= sizeof(*header) && header->length <= size;
}

/* ---- Of the guest ----------------------------------------------------- */

static bool
is_inside(uint32_t offset, uint32_t length, size_t size)
{
	return offset <= size && length <= size - offset;
}

/* False: it was said before. */
static bool
take_word(bool *has, uint32_t *to, const uint8_t *value)
{
	if (*has)
		return false;
	*has = true;
	memcpy(to, value, sizeof(*to));
	return true;
}

static bool
take_value(struct nv_info *info, uint32_t type, const uint8_t *value,
    size_t size)
{
	if (type != HV_RNDIS_INFO_CHECKSUM && type != HV_RNDIS_INFO_LSO &&
	    type != HV_RNDIS_INFO_VLAN && type != HV_RNDIS_INFO_HASH)
		return true; /* hosts look away */
	if (size < sizeof(uint32_t))
		return false;
	if (type == HV_RNDIS_INFO_CHECKSUM)
		return take_word(&info->has_checksum, &info->checksum, value);
	if (type == HV_RNDIS_INFO_LSO)
		return take_word(&info->has_lso, &info->lso, value);
	/* Linux sends the hash, though that number means something else */
	if (type == HV_RNDIS_INFO_HASH)
		return take_word(&info->has_hash, &info->hash, value);
	return take_word(&info->has_vlan, &info->vlan, value);
}

/* Each has to be one step ahead, so that there is an end. */
static bool
take_infos(struct nv_info *info, const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		struct hv_rndis_info header;

		if (size < sizeof(header))
			return false;
		memcpy(&header, bytes, sizeof(header));
		if (header.size < sizeof(header) || header.size > size ||
		    header.offset < sizeof(header) ||
		    header.offset > header.size ||
		    !take_value(info, header.type, bytes + header.offset,
			header.size - header.offset))
			return false;
		bytes += header.size;
		size -= header.size;
	}
	return true;
}

bool
nv_rndis_packet(const uint8_t *message, size_t size, struct nv_packet *packet)
{
	const uint8_t *body = message + sizeof(struct hv_rndis);
	struct hv_rndis_packet header;

	memset(packet, 0, sizeof(*packet));
	if (size < HV_RNDIS_PACKET_HEADER)
		return false;
	size -= sizeof(struct hv_rndis);
	memcpy(&header, body, sizeof(header));
	if (header.oob_offset != 0 || header.oob_length != 0 ||
	    header.oob_count != 0 || header.handle != 0)
		return false;
	if (header.data_offset < sizeof(header) || header.data_length == 0 ||
	    !is_inside(header.data_offset, header.data_length, size))
		return false;
	packet->at = sizeof(struct hv_rndis) + header.data_offset;
	packet->length = header.data_length;
	if (header.info_length == 0)
		return true;
	return header.info_offset >= sizeof(header) &&
	    is_inside(header.info_offset, header.info_length, size) &&
	    take_infos(&packet->info, body + header.info_offset,
		header.info_length);
}

/* ---- To the guest ----------------------------------------------------- */

static size_t
info_size(const struct nv_info *info)
{
	unsigned count = 0;

	count += info->has_checksum;
	count += info->has_lso;
	count += info->has_vlan;
	count += info->has_hash;
	count += info->has_part;
	return count * INFO_SIZE;
}

static size_t
data_at(const struct nv_info *info)
{
	return (HV_RNDIS_PACKET_HEADER + info_size(info) + ALIGN - 1) / ALIGN *
	    ALIGN;
}

size_t
nv_rndis_size(const struct nv_info *info, size_t length)
{
	return (data_at(info) + length + ALIGN - 1) / ALIGN * ALIGN;
}

static uint8_t *
put_info(uint8_t *to, bool has, uint32_t type, const void *value)
{
	struct hv_rndis_info header = { .size = INFO_SIZE,
		.type = type,
		.offset = sizeof(header) };

	if (!has)
		return to;
	memcpy(to, &header, sizeof(header));
	memcpy(to + sizeof(header), value, sizeof(uint32_t));
	return to + INFO_SIZE;
}

void
nv_rndis_make_packet(uint8_t *to, const struct nv_info *info,
    const uint8_t *frame, size_t length)
{
	size_t at = data_at(info), size = nv_rndis_size(info, length);
	uint8_t *next = to + HV_RNDIS_PACKET_HEADER;
	struct hv_rndis header = { HV_RNDIS_PACKET, (uint32_t)size };
	struct hv_rndis_packet packet = {
		.data_offset = (uint32_t)(at - sizeof(header)),
		.data_length = (uint32_t)length,
		.info_length = (uint32_t)info_size(info),
	};

	if (packet.info_length > 0)
		packet.info_offset = sizeof(packet);
	memset(to, 0, at);
	memcpy(to, &header, sizeof(header));
	memcpy(to + sizeof(header), &packet, sizeof(packet));
	next = put_info(next, info->has_checksum, HV_RNDIS_INFO_CHECKSUM,
	    &info->checksum);
	next = put_info(next, info->has_lso, HV_RNDIS_INFO_LSO, &info->lso);
	next = put_info(next, info->has_vlan, HV_RNDIS_INFO_VLAN, &info->vlan);
	next = put_info(next, info->has_hash, HV_RNDIS_INFO_HASH, &info->hash);
	put_info(next, info->has_part, HV_RNDIS_INFO_PACKET_ID, &info->part);
	memcpy(to + at, frame, length);
	memset(to + at + length, 0, size - at - length);
}

size_t
nv_rndis_make(uint8_t *to, uint32_t type, const void *body, size_t body_size,
    const void *rest, size_t rest_size)
{
	struct hv_rndis header = { type,
		(uint32_t)(sizeof(header) + body_size + rest_size) };

	memcpy(to, &header, sizeof(header));
	memcpy(to + sizeof(header), body, body_size);
	if (rest_size > 0)
		memcpy(to + sizeof(header) + body_size, rest, rest_size);
	return header.length;
}
