/* SPDX-License-Identifier: ISC */
/* RNDIS messages to the host. */
#include "guest/bus/libc.h"
#include "guest/hyperv/rndis.h"

#define HEADER sizeof(struct hv_rndis)

/* ---- Frames ----------------------------------------------------------- */

#define INFO (sizeof(struct hv_rndis_info) + sizeof(uint32_t))

static size_t
infos(const struct rndis_info *info)
{
	return (size_t)info->has_hash + info->has_vlan + info->has_lso +
	    info->has_checksum;
}

size_t
rndis_packet_header(const struct rndis_info *info)
{
	return HV_RNDIS_PACKET_HEADER + infos(info) * INFO;
}

static uint8_t *
put_info(uint8_t *to, uint32_t type, uint32_t value)
{
	const struct hv_rndis_info info = { .size = INFO,
		.type = type,
		.offset = sizeof(info) };

	memcpy(to, &info, sizeof(info));
	memcpy(to + sizeof(info), &value, sizeof(value));
	return to + INFO;
}

/* In the order in which Linux has them. */
void
rndis_packet_put(void *to, const struct rndis_info *info, size_t length)
{
	size_t size = rndis_packet_header(info);
	const struct hv_rndis header = { .type = HV_RNDIS_PACKET,
		.length = (uint32_t)(size + length) };
	const struct hv_rndis_packet packet = {
		.data_offset = (uint32_t)(size - HEADER),
		.data_length = (uint32_t)length,
		.info_offset = infos(info) > 0 ? sizeof(packet) : 0,
		.info_length = (uint32_t)(infos(info) * INFO),
	};
	uint8_t *at = to;

	memcpy(at, &header, HEADER);
	memcpy(at + HEADER, &packet, sizeof(packet));
	at += HV_RNDIS_PACKET_HEADER;
	if (info->has_hash)
		at = put_info(at, HV_RNDIS_INFO_HASH, info->hash);
	if (info->has_vlan)
		at = put_info(at, HV_RNDIS_INFO_VLAN, info->vlan);
	if (info->has_lso)
		at = put_info(at, HV_RNDIS_INFO_LSO, info->lso);
	if (info->has_checksum)
		put_info(at, HV_RNDIS_INFO_CHECKSUM, info->checksum);
}

void
rndis_packet_pad(void *message, size_t padding)
{
	struct hv_rndis header;

	memcpy(&header, message, HEADER);
	header.length += (uint32_t)padding;
	memcpy(message, &header, HEADER);
}

/* ---- Control ---------------------------------------------------------- */

static size_t
put_message(void *to, size_t room, uint32_t type, const void *body, size_t size)
{
	const struct hv_rndis header = { .type = type,
		.length = (uint32_t)(HEADER + size) };

	if (room < HEADER || size > room - HEADER)
		return 0;
	memcpy(to, &header, HEADER);
	memcpy((uint8_t *)to + HEADER, body, size);
	return HEADER + size;
}

size_t
rndis_initialize_put(void *to, size_t room, uint32_t id)
{
	const struct hv_rndis_initialize body = { .id = id,
		.major = HV_RNDIS_MAJOR,
		.minor = HV_RNDIS_MINOR,
		.max_transfer = HV_RNDIS_TRANSFER_MAX };

	return put_message(to, room, HV_RNDIS_INITIALIZE, &body, sizeof(body));
}

size_t
rndis_halt_put(void *to, size_t room, uint32_t id)
{
	const struct hv_rndis_halt body = { .id = id };

	return put_message(to, room, HV_RNDIS_HALT, &body, sizeof(body));
}

static size_t
put_request(void *to, size_t room, uint32_t type, uint32_t id, uint32_t oid,
    const void *value, size_t length)
{
	const struct hv_rndis_request body = { .id = id,
		.oid = oid,
		.length = (uint32_t)length,
		.offset = sizeof(body) };
	const struct hv_rndis header = { .type = type,
		.length = (uint32_t)(HEADER + sizeof(body) + length) };

	if (room < HEADER + sizeof(body) ||
	    length > room - HEADER - sizeof(body))
		return 0;
	memcpy(to, &header, HEADER);
	memcpy((uint8_t *)to + HEADER, &body, sizeof(body));
	if (length > 0)
		memcpy((uint8_t *)to + HEADER + sizeof(body), value, length);
	return header.length;
}

size_t
rndis_query_put(void *to, size_t room, uint32_t id, uint32_t oid,
    const void *input, size_t length)
{
	return put_request(to, room, HV_RNDIS_QUERY, id, oid, input, length);
}

size_t
rndis_set_put(void *to, size_t room, uint32_t id, uint32_t oid,
    const void *value, size_t length)
{
	return put_request(to, room, HV_RNDIS_SET, id, oid, value, length);
}

/* ---- Objects ---------------------------------------------------------- */

static const char address_name[] = "NetworkAddress";

#define NAME (2 * (sizeof(address_name) - 1))
#define VALUE (2 * 12)

/* ASCII as UTF-16. */
static uint8_t *
put_wide(uint8_t *to, char c)
{
	to[0] = (uint8_t)c;
	to[1] = 0;
	return to + 2;
}

size_t
rndis_address_put(void *to, size_t room, const uint8_t mac[6])
{
	const struct hv_rndis_parameter parameter = {
		.name_offset = sizeof(parameter),
		.name_length = NAME,
		.type = HV_RNDIS_PARAMETER_STRING,
		.value_offset = sizeof(parameter) + NAME,
		.value_length = VALUE,
	};
	static const char digits[] = "0123456789abcdef";
	uint8_t *at = to;

	if (room < sizeof(parameter) + NAME + VALUE)
		return 0;
	memcpy(at, &parameter, sizeof(parameter));
	at += sizeof(parameter);
	for (unsigned i = 0; i < sizeof(address_name) - 1; i++)
		at = put_wide(at, address_name[i]);
	for (unsigned i = 0; i < 6; i++) {
		at = put_wide(at, digits[mac[i] >> 4]);
		at = put_wide(at, digits[mac[i] & 15u]);
	}
	return sizeof(parameter) + NAME + VALUE;
}

/* Of Microsoft's documentation of RSS, "Verifying the RSS Hash Calculation":
 * the numbers that every host has been tried with. */
static const uint8_t rss_key[HV_RSS_KEY] = { 0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b,
	0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca,
	0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
	0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa };

size_t
rndis_rss_put(void *to, size_t room, unsigned queues, unsigned entries)
{
	size_t table = entries * sizeof(uint32_t);
	const struct hv_ndis_rss_parameters parameters = {
		.object = { .type = HV_NDIS_RSS_PARAMETERS,
		    .revision = 2,
		    .size = sizeof(parameters) },
		.hash = HV_HASH_TOEPLITZ | HV_HASH_IPV4 | HV_HASH_TCP_IPV4 |
		    HV_HASH_IPV6 | HV_HASH_TCP_IPV6,
		.table_size = (uint16_t)table,
		.table_offset = sizeof(parameters),
		.key_size = HV_RSS_KEY,
		.key_offset = (uint32_t)(sizeof(parameters) + table),
	};
	uint8_t *at = to;

	if (queues == 0 || entries == 0 || entries > HV_RSS_ENTRIES ||
	    room < sizeof(parameters) + table + HV_RSS_KEY)
		return 0;
	memcpy(at, &parameters, sizeof(parameters));
	at += sizeof(parameters);
	for (unsigned i = 0; i < entries; i++, at += sizeof(uint32_t)) {
		uint32_t queue = i % queues;

		memcpy(at, &queue, sizeof(queue));
	}
	memcpy(at, rss_key, sizeof(rss_key));
	return sizeof(parameters) + table + HV_RSS_KEY;
}
