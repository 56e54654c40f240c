/* SPDX-License-Identifier: ISC */
/* What a guest asks of its NIC. */
#include <string.h>

#include "host/hyperv/netvsp_private.h"

#define SPEED 100000000u /* 10 Gbit/s, in units of 100 bit/s */

static const uint32_t objects[] = {
	HV_OID_SUPPORTED_LIST,
	HV_OID_HARDWARE_STATUS,
	HV_OID_MEDIA_SUPPORTED,
	HV_OID_MEDIA_IN_USE,
	HV_OID_FRAME_SIZE,
	HV_OID_LINK_SPEED,
	HV_OID_PACKET_FILTER,
	HV_OID_TOTAL_SIZE,
	HV_OID_MEDIA_CONNECT,
	HV_OID_LINK_STATE,
	HV_OID_CONFIG_PARAMETER,
	HV_OID_PERMANENT_ADDRESS,
	HV_OID_CURRENT_ADDRESS,
	HV_OID_MULTICAST_LIST,
	HV_OID_MULTICAST_MAX,
	HV_OID_OFFLOAD_ENCAPSULATION,
	HV_OID_OFFLOAD_CURRENT,
	HV_OID_OFFLOAD_PARAMETERS,
	HV_OID_OFFLOAD_HARDWARE,
	/* from NDIS 6.30 on */
	HV_OID_RSS_CAPABILITIES,
	HV_OID_RSS_PARAMETERS,
};
#define OBJECTS_RSS 2

static uint32_t
put(uint8_t *to, size_t *size, const void *object, size_t length)
{
	memcpy(to, object, length);
	*size = length;
	return HV_RNDIS_STATUS_SUCCESS;
}

static uint32_t
put_word(uint8_t *to, size_t *size, uint32_t word)
{
	return put(to, size, &word, sizeof(word));
}

static bool
has_rss(const struct host_netvsp *net)
{
	return net->counts.ndis >= (HV_NDIS_MAJOR << 16 | HV_NDIS_MINOR_30) &&
	    net->version >= HV_NVSP_5;
}

static uint32_t
put_rss(const struct host_netvsp *net, uint8_t *to, size_t *size)
{
	struct hv_ndis_rss_capabilities object = {
		.object = { HV_NDIS_RSS_CAPABILITIES, 2,
		    HV_NDIS_RSS_CAPABILITIES_SIZE_2 },
		.flags = HV_HASH_TOEPLITZ | HV_RSS_CAN_TCP_IPV4 |
		    HV_RSS_CAN_TCP_IPV6,
		.interrupts = 1,
		.queues = net->config.max_channels,
		.entries = NV_RSS_ENTRIES,
	};

	if (!has_rss(net))
		return HV_RNDIS_STATUS_NOT_SUPPORTED;
	return put(to, size, &object, HV_NDIS_RSS_CAPABILITIES_SIZE_2);
}

static uint32_t
put_offload(const struct host_netvsp *net, const struct nv_offload *offload,
    uint8_t *to, size_t *size)
{
	struct hv_ndis_offload object;
	size_t length = nv_offload_object(net, offload, &object);

	return put(to, size, &object, length);
}

/* NDIS_LINK_STATE, revision 1, and NDIS_OFFLOAD_ENCAPSULATION. */
static uint32_t
put_link(const struct host_netvsp *net, uint8_t *to, size_t *size)
{
	struct {
		struct hv_ndis_object object;
		uint32_t connected, duplex, padding;
		uint64_t tx, rx; /* bit/s */
		uint32_t pause, negotiated;
	} object = { { HV_NDIS_DEFAULT, 1, sizeof(object) }, net->link ? 1 : 2,
		0, 0, SPEED * 100ull, SPEED * 100ull, 1, 0 };

	return put(to, size, &object, sizeof(object));
}

static uint32_t
put_encapsulation(uint8_t *to, size_t *size)
{
	struct {
		struct hv_ndis_object object;
		uint32_t ipv4, ipv4_type, ipv4_header;
		uint32_t ipv6, ipv6_type, ipv6_header;
	} object = { { HV_NDIS_OFFLOAD_ENCAPSULATION, 1, sizeof(object) }, 1,
		HV_NDIS_ENCAPSULATION_8023, NV_HEADER, 1,
		HV_NDIS_ENCAPSULATION_8023, NV_HEADER };

	return put(to, size, &object, sizeof(object));
}

uint32_t
nv_query(struct host_netvsp *net, uint32_t oid, uint8_t *to, size_t *size)
{
	struct nv_offload can;

	switch (oid) {
	case HV_OID_SUPPORTED_LIST:
		return put(to, size, objects,
		    sizeof(objects) -
			(has_rss(net) ? 0 : OBJECTS_RSS * sizeof(uint32_t)));
	case HV_OID_HARDWARE_STATUS: /* ready */
	case HV_OID_MEDIA_SUPPORTED: /* Ethernet */
	case HV_OID_MEDIA_IN_USE:
		return put_word(to, size, 0);
	case HV_OID_FRAME_SIZE:
		return put_word(to, size, net->counts.mtu);
	case HV_OID_TOTAL_SIZE:
		return put_word(to, size, net->counts.mtu + NV_HEADER);
	case HV_OID_LINK_SPEED:
		return put_word(to, size, SPEED);
	case HV_OID_LINK_STATE:
		return put_link(net, to, size);
	case HV_OID_PACKET_FILTER:
		return put_word(to, size, net->counts.filter);
	case HV_OID_MEDIA_CONNECT:
		return put_word(to, size,
		    net->link ? HV_MEDIA_CONNECTED : HV_MEDIA_DISCONNECTED);
	case HV_OID_PERMANENT_ADDRESS:
		return put(to, size, net->config.mac, 6);
	case HV_OID_CURRENT_ADDRESS:
		return put(to, size, net->counts.mac, 6);
	case HV_OID_MULTICAST_LIST:
		return put(to, size, net->groups, net->counts.groups * 6);
	case HV_OID_MULTICAST_MAX:
		return put_word(to, size, NV_GROUPS);
	case HV_OID_RSS_CAPABILITIES:
		return put_rss(net, to, size);
	case HV_OID_OFFLOAD_ENCAPSULATION:
		return put_encapsulation(to, size);
	case HV_OID_OFFLOAD_CURRENT:
		return put_offload(net, &net->offload, to, size);
	case HV_OID_OFFLOAD_HARDWARE:
		nv_offload_supported(net, &can);
		return put_offload(net, &can, to, size);
	default:
		return HV_RNDIS_STATUS_NOT_SUPPORTED;
	}
}
