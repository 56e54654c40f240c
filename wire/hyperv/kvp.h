/* SPDX-License-Identifier: ISC */
/*
 * Key/value exchange (KVP) as the host sends it: the body of an HV_IC_KVP
 * message. Names and text values are UTF-16, little-endian, with a NUL that
 * their sizes count. The host asks one thing at a time.
 * Source: openvmm vm/devices/hyperv_ic_protocol/src/kvp.rs, Linux
 * drivers/hv/hv_kvp.c, include/uapi/linux/hyperv.h.
 */
#ifndef WIRE_HYPERV_KVP_H
#define WIRE_HYPERV_KVP_H

#include <stdint.h>

#define HV_KVP_GET 0
#define HV_KVP_SET 1
#define HV_KVP_DELETE 2
#define HV_KVP_ENUMERATE 3
#define HV_KVP_GET_IP 4
#define HV_KVP_SET_IP 5

#define HV_KVP_POOL_EXTERNAL 0      /* the host's, for the guest */
#define HV_KVP_POOL_GUEST 1         /* the guest's, for the host */
#define HV_KVP_POOL_AUTO 2          /* about the guest, for the host */
#define HV_KVP_POOL_AUTO_EXTERNAL 3 /* about the host, for the guest */
#define HV_KVP_POOL_AUTO_INTERNAL 4 /* never on the wire */

#define HV_KVP_KEY 512    /* bytes */
#define HV_KVP_VALUE 2048 /* bytes */

/* Numbers are little-endian in the first bytes of the value. */
#define HV_KVP_TYPE_STRING 1
#define HV_KVP_TYPE_EXPAND_STRING 2
#define HV_KVP_TYPE_U32 4
#define HV_KVP_TYPE_U64 11
#define HV_KVP_TYPE_U64_LINUX 8 /* what Linux has for it */

struct hv_kvp_header {
	uint8_t operation;
	uint8_t pool;
	uint8_t reserved[2];
};
_Static_assert(sizeof(struct hv_kvp_header) == 4, "KVP header");

struct hv_kvp_value {
	uint32_t type; /* HV_KVP_TYPE_… */
	uint32_t key_size;
	uint32_t value_size;
	uint8_t key[HV_KVP_KEY];
	uint8_t value[HV_KVP_VALUE];
};
_Static_assert(sizeof(struct hv_kvp_value) == 2572, "KVP value");

struct hv_kvp_delete {
	uint32_t key_size;
	uint8_t key[HV_KVP_KEY];
};
_Static_assert(sizeof(struct hv_kvp_delete) == 516, "KVP delete");

/* The answer to an index past the end is HV_IC_STATUS_NO_MORE. */
struct hv_kvp_enumerate {
	uint32_t index;
	struct hv_kvp_value item;
};
_Static_assert(sizeof(struct hv_kvp_enumerate) == 2576, "KVP enumerate");

struct hv_kvp {
	struct hv_kvp_header header;
	union {
		struct hv_kvp_value value; /* get and set */
		struct hv_kvp_delete remove;
		struct hv_kvp_enumerate enumerate;
	} u;
};
_Static_assert(sizeof(struct hv_kvp) == 2580, "KVP");

/* HV_KVP_GET_IP asks by adapter, which is its MAC address or its GUID as text;
 * lists are separated by ';'. Numbers of UTF-16 units. */
#define HV_KVP_ADAPTER_UNITS 128
#define HV_KVP_IP_UNITS 1024
#define HV_KVP_GATEWAY_UNITS 512

#define HV_KVP_FAMILY_NONE 0x0u
#define HV_KVP_FAMILY_IPV4 0x1u
#define HV_KVP_FAMILY_IPV6 0x2u

struct hv_kvp_ip {
	uint16_t adapter[HV_KVP_ADAPTER_UNITS];
	uint8_t family; /* HV_KVP_FAMILY_…, both can be */
	uint8_t dhcp;
	uint16_t addresses[HV_KVP_IP_UNITS];
	uint16_t masks[HV_KVP_IP_UNITS]; /* or prefix lengths, of IPv6 */
	uint16_t gateways[HV_KVP_GATEWAY_UNITS];
	uint16_t dns[HV_KVP_IP_UNITS];
};
_Static_assert(sizeof(struct hv_kvp_ip) == 7426, "KVP addresses");

/* Only two bytes before it here. */
struct hv_kvp_ip_exchange {
	uint8_t operation;
	uint8_t pool;
	struct hv_kvp_ip ip;
};
_Static_assert(sizeof(struct hv_kvp_ip_exchange) == 7428, "KVP addresses");

/* From 5.0 on: numbers in place of text, after struct hv_kvp_header. */
#define HV_KVP_IPS 64
#define HV_KVP_GATEWAYS 5

struct hv_kvp_ip_binary {
	uint32_t ipv4_addresses;
	uint32_t ipv6_addresses;
	uint32_t ipv4_gateways;
	uint32_t ipv6_gateways;
	uint32_t ipv4_dns;
	uint32_t ipv6_dns;
	uint16_t adapter[HV_KVP_ADAPTER_UNITS];
	uint8_t family;
	uint8_t dhcp;
	uint8_t reserved[2];
	uint8_t ipv4[HV_KVP_IPS][4];
	uint8_t ipv6[HV_KVP_IPS][16];
	uint8_t ipv4_mask[HV_KVP_IPS][4];
	uint32_t ipv6_prefix[HV_KVP_IPS];
	uint8_t ipv4_gateway[HV_KVP_GATEWAYS][4];
	uint8_t ipv6_gateway[HV_KVP_GATEWAYS][16];
	uint8_t ipv4_server[HV_KVP_IPS][4];
	uint8_t ipv6_server[HV_KVP_IPS][16];
	uint16_t origin[2 * HV_KVP_IPS]; /* HV_KVP_ORIGIN_… */
};
_Static_assert(sizeof(struct hv_kvp_ip_binary) == 3712, "KVP addresses");

#define HV_KVP_ORIGIN_UNKNOWN 0
#define HV_KVP_ORIGIN_OTHER 1
#define HV_KVP_ORIGIN_STATIC 2

/* What the host expects of HV_KVP_POOL_AUTO, by index: X(name). */
#define HV_KVP_AUTO_KEYS(X)             \
	X("FullyQualifiedDomainName")   \
	X("IntegrationServicesVersion") \
	X("NetworkAddressIPv4")         \
	X("NetworkAddressIPv6")         \
	X("OSBuildNumber")              \
	X("OSName")                     \
	X("OSMajorVersion")             \
	X("OSMinorVersion")             \
	X("OSVersion")                  \
	X("ProcessorArchitecture")

#endif
