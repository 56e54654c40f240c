/* SPDX-License-Identifier: ISC */
/* What a guest sets of its NIC. */
#include <string.h>

#include "host/hyperv/netvsp_private.h"
#include "wire/endian.h"

#define DIGITS 12u /* of an address */

static uint32_t
set_filter(struct host_netvsp *net, const uint8_t *bytes, size_t size)
{
	if (size < sizeof(uint32_t))
		return HV_RNDIS_STATUS_TOO_SHORT;
	net->counts.filter = get_le32(bytes);
	return HV_RNDIS_STATUS_SUCCESS;
}

static uint32_t
set_groups(struct host_netvsp *net, const uint8_t *bytes, size_t size)
{
	if (size % 6 != 0)
		return HV_RNDIS_STATUS_INVALID_LENGTH;
	if (size / 6 > NV_GROUPS)
		return HV_RNDIS_STATUS_MULTICAST_FULL;
	memcpy(net->groups, bytes, size);
	net->counts.groups = (unsigned)(size / 6);
	return HV_RNDIS_STATUS_SUCCESS;
}

/* ---- Parameters by name ----------------------------------------------- */

static bool
is_name(const uint8_t *utf16, size_t size, const char *name)
{
	size_t len = strlen(name);

	if (size != len * 2)
		return false;
	for (size_t i = 0; i < len; i++)
		if (get_le16(utf16 + i * 2) != (uint8_t)name[i])
			return false;
	return true;
}

static int
digit(uint16_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

static uint32_t
set_address(struct host_netvsp *net, const uint8_t *utf16, size_t size)
{
	uint8_t mac[6] = { 0 };

	if (size != (size_t)DIGITS * 2)
		return HV_RNDIS_STATUS_INVALID_DATA;
	for (unsigned i = 0; i < DIGITS; i++) {
		int value = digit(get_le16(utf16 + (size_t)i * 2));

		if (value < 0)
			return HV_RNDIS_STATUS_INVALID_DATA;
		mac[i / 2] = (uint8_t)(mac[i / 2] << 4 | value);
	}
	if ((mac[0] & 1) != 0)
		return HV_RNDIS_STATUS_INVALID_DATA;
	memcpy(net->counts.mac, mac, sizeof(mac));
	return HV_RNDIS_STATUS_SUCCESS;
}

static bool
is_inside(uint32_t offset, uint32_t length, size_t size)
{
	return offset <= size && length <= size - offset;
}

/* Windows takes any name, and looks away where it has none such. */
static uint32_t
set_parameter(struct host_netvsp *net, const uint8_t *bytes, size_t size)
{
	struct hv_rndis_parameter parameter;

	if (size < sizeof(parameter))
		return HV_RNDIS_STATUS_TOO_SHORT;
	memcpy(&parameter, bytes, sizeof(parameter));
	if (!is_inside(parameter.name_offset, parameter.name_length, size) ||
	    !is_inside(parameter.value_offset, parameter.value_length, size))
		return HV_RNDIS_STATUS_INVALID_DATA;
	if (!is_name(bytes + parameter.name_offset, parameter.name_length,
		"NetworkAddress"))
		return HV_RNDIS_STATUS_SUCCESS;
	if (parameter.type != HV_RNDIS_PARAMETER_STRING)
		return HV_RNDIS_STATUS_INVALID_DATA;
	return set_address(net, bytes + parameter.value_offset,
	    parameter.value_length);
}

uint32_t
nv_set(struct host_netvsp *net, uint32_t oid, const uint8_t *bytes, size_t size)
{
	switch (oid) {
	case HV_OID_PACKET_FILTER:
		return set_filter(net, bytes, size);
	case HV_OID_MULTICAST_LIST:
		return set_groups(net, bytes, size);
	case HV_OID_CONFIG_PARAMETER:
		return set_parameter(net, bytes, size);
	case HV_OID_OFFLOAD_PARAMETERS:
		return nv_offload_set(net, bytes, size);
	case HV_OID_OFFLOAD_ENCAPSULATION:
		return HV_RNDIS_STATUS_SUCCESS;
	case HV_OID_RSS_PARAMETERS:
		return net->version >= HV_NVSP_5
		    ? nv_rss_set(net, bytes, size)
		    : HV_RNDIS_STATUS_NOT_SUPPORTED;
	default:
		return HV_RNDIS_STATUS_NOT_SUPPORTED;
	}
}
