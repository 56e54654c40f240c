/* SPDX-License-Identifier: ISC */
/*
 * RNDIS as Hyper-V's network carries it: messages, what goes with a frame, and
 * the objects that are asked for and set. Offsets count from the structure that
 * has them, which in a message is behind struct hv_rndis.
 * Source: openvmm vm/devices/net/netvsp/src/rndisprot.rs, Linux
 * include/linux/rndis.h and drivers/net/hyperv; Remote NDIS specification.
 */
#ifndef WIRE_HYPERV_RNDIS_H
#define WIRE_HYPERV_RNDIS_H

#include <stdint.h>

struct hv_rndis {
	uint32_t type;   /* HV_RNDIS_… */
	uint32_t length; /* bytes, with this */
};
_Static_assert(sizeof(struct hv_rndis) == 8, "header");

#define HV_RNDIS_PACKET 0x00000001u /* on HV_NVSP_DATA, the rest on …_CONTROL */
#define HV_RNDIS_INITIALIZE 0x00000002u
#define HV_RNDIS_HALT 0x00000003u /* not answered */
#define HV_RNDIS_QUERY 0x00000004u
#define HV_RNDIS_SET 0x00000005u
#define HV_RNDIS_RESET 0x00000006u
#define HV_RNDIS_INDICATE 0x00000007u /* from the host */
#define HV_RNDIS_KEEPALIVE 0x00000008u
#define HV_RNDIS_SET_EX 0x00000009u
#define HV_RNDIS_COMPLETE 0x80000000u /* added to the above in an answer */
#define HV_RNDIS_INITIALIZE_COMPLETE 0x80000002u
#define HV_RNDIS_QUERY_COMPLETE 0x80000004u
#define HV_RNDIS_SET_COMPLETE 0x80000005u
#define HV_RNDIS_RESET_COMPLETE 0x80000006u
#define HV_RNDIS_KEEPALIVE_COMPLETE 0x80000008u

#define HV_RNDIS_MAJOR 1
#define HV_RNDIS_MINOR 0
#define HV_RNDIS_TRANSFER_MAX 0x4000u /* what guests offer, bytes */

struct hv_rndis_initialize {
	uint32_t id; /* the guest's choice; the answer repeats it */
	uint32_t major;
	uint32_t minor;
	uint32_t max_transfer;
};
_Static_assert(sizeof(struct hv_rndis_initialize) == 16, "initialize");

struct hv_rndis_initialize_complete {
	uint32_t id;
	uint32_t status; /* HV_RNDIS_STATUS_… */
	uint32_t major;
	uint32_t minor;
	uint32_t device;      /* HV_RNDIS_CONNECTIONLESS */
	uint32_t medium;      /* 0: Ethernet */
	uint32_t max_packets; /* frames in one message to the host */
	uint32_t max_transfer;
	uint32_t alignment; /* of a frame in such: log2 of bytes */
	uint32_t af_list_offset;
	uint32_t af_list_size;
};
_Static_assert(sizeof(struct hv_rndis_initialize_complete) == 44,
    "initialize complete");
#define HV_RNDIS_CONNECTIONLESS 0x1u

struct hv_rndis_halt {
	uint32_t id;
};

/* Query, set. Bytes of the object follow, at offset from this. */
struct hv_rndis_request {
	uint32_t id;
	uint32_t oid; /* HV_OID_… */
	uint32_t length;
	uint32_t offset;
	uint32_t handle; /* 0 */
};
_Static_assert(sizeof(struct hv_rndis_request) == 20, "request");

/* Query complete. */
struct hv_rndis_answer {
	uint32_t id;
	uint32_t status;
	uint32_t length;
	uint32_t offset; /* from this */
};
_Static_assert(sizeof(struct hv_rndis_answer) == 16, "answer");

/* Set complete, keep-alive complete. */
struct hv_rndis_done {
	uint32_t id;
	uint32_t status;
};
_Static_assert(sizeof(struct hv_rndis_done) == 8, "done");

struct hv_rndis_reset {
	uint32_t reserved;
};

struct hv_rndis_reset_complete {
	uint32_t status;
	uint32_t addressing; /* 1: filter and addresses are to be set again */
};

struct hv_rndis_indicate {
	uint32_t status; /* HV_RNDIS_STATUS_… */
	uint32_t length;
	uint32_t offset; /* from this */
};
_Static_assert(sizeof(struct hv_rndis_indicate) == 12, "indicate");

struct hv_rndis_keepalive {
	uint32_t id;
};

/* Statuses: NDIS_STATUS. */
#define HV_RNDIS_STATUS_SUCCESS 0x00000000u
#define HV_RNDIS_STATUS_PENDING 0x00000103u
#define HV_RNDIS_STATUS_MEDIA_CONNECT 0x4001000bu
#define HV_RNDIS_STATUS_MEDIA_DISCONNECT 0x4001000cu
#define HV_RNDIS_STATUS_LINK_SPEED 0x40010013u /* uint32_t of 100 bit/s */
#define HV_RNDIS_STATUS_NETWORK_CHANGE 0x40010018u
#define HV_RNDIS_STATUS_OFFLOAD 0x40020006u /* struct hv_ndis_offload */
#define HV_RNDIS_STATUS_BUFFER_OVERFLOW 0x80000005u
#define HV_RNDIS_STATUS_FAILURE 0xc0000001u
#define HV_RNDIS_STATUS_RESOURCES 0xc000009au
#define HV_RNDIS_STATUS_NOT_SUPPORTED 0xc00000bbu
#define HV_RNDIS_STATUS_MULTICAST_FULL 0xc0010009u
#define HV_RNDIS_STATUS_INVALID_LENGTH 0xc0010014u
#define HV_RNDIS_STATUS_INVALID_DATA 0xc0010015u
#define HV_RNDIS_STATUS_TOO_SHORT 0xc0010016u
#define HV_RNDIS_STATUS_INVALID_OID 0xc0010017u

/* A frame. Offsets count from this. */
struct hv_rndis_packet {
	uint32_t data_offset;
	uint32_t data_length;
	uint32_t oob_offset;
	uint32_t oob_length;
	uint32_t oob_count;
	uint32_t info_offset; /* struct hv_rndis_info, one after the other */
	uint32_t info_length;
	uint32_t handle;
	uint32_t reserved;
};
_Static_assert(sizeof(struct hv_rndis_packet) == 36, "packet");
#define HV_RNDIS_PACKET_HEADER 44 /* bytes, with struct hv_rndis */

/* What goes with a frame. */
struct hv_rndis_info {
	uint32_t size;   /* bytes, with this and the value */
	uint32_t type;   /* HV_RNDIS_INFO_… */
	uint32_t offset; /* of the value, from this */
};
_Static_assert(sizeof(struct hv_rndis_info) == 12, "packet info");

#define HV_RNDIS_INFO_CHECKSUM 0 /* uint32_t, HV_TX_… or HV_RX_… */
#define HV_RNDIS_INFO_IPSEC 1
#define HV_RNDIS_INFO_LSO 2 /* uint32_t, HV_LSO_… */
#define HV_RNDIS_INFO_CLASSIFICATION 3
#define HV_RNDIS_INFO_SG_LIST 5
#define HV_RNDIS_INFO_VLAN 6 /* uint32_t, HV_VLAN_… */
#define HV_RNDIS_INFO_ORIGINAL 7
#define HV_RNDIS_INFO_CANCEL_ID 8 /* sent */
#define HV_RNDIS_INFO_HASH 8      /* received: uint32_t */
#define HV_RNDIS_INFO_ORIGINAL_NBL 9
#define HV_RNDIS_INFO_CACHED_NBL 10
#define HV_RNDIS_INFO_SHORT_PAD 11
#define HV_RNDIS_INFO_INTERNAL 0x80000000u  /* of other types: */
#define HV_RNDIS_INFO_PACKET_ID 0x80000001u /* struct hv_rndis_packet_id */

/* Sent with HV_RNDIS_INFO_CHECKSUM. */
#define HV_TX_IPV4 0x1u
#define HV_TX_IPV6 0x2u
#define HV_TX_TCP 0x4u
#define HV_TX_UDP 0x8u
#define HV_TX_IP_HEADER 0x10u
#define HV_TX_L4_OFFSET(bytes) (((uint32_t)(bytes)&0x3ffu) << 16)

/* Received. */
#define HV_RX_TCP_FAILED 0x1u
#define HV_RX_UDP_FAILED 0x2u
#define HV_RX_IP_FAILED 0x4u
#define HV_RX_TCP_GOOD 0x8u
#define HV_RX_UDP_GOOD 0x10u
#define HV_RX_IP_GOOD 0x20u
#define HV_RX_LOOPBACK 0x40u
#define HV_RX_TCP_VALUE_INVALID 0x80u /* not filled in: local, or joined */
#define HV_RX_IP_VALUE_INVALID 0x100u

/* HV_RNDIS_INFO_LSO, version 2: the frame is a segment to be cut. */
#define HV_LSO_MSS(bytes) ((uint32_t)(bytes)&0xfffffu)
#define HV_LSO_L4_OFFSET(bytes) (((uint32_t)(bytes)&0x3ffu) << 20)
#define HV_LSO_VERSION_2 0x40000000u
#define HV_LSO_IPV6 0x80000000u

#define HV_VLAN_PRIORITY(vlan) ((vlan)&0x7u)
#define HV_VLAN_CFI 0x8u
#define HV_VLAN_ID(vlan) ((vlan) >> 4 & 0xfffu)
#define HV_VLAN(priority, id) \
	(((uint32_t)(priority)&0x7u) | ((uint32_t)(id)&0xfffu) << 4)

/* A frame that comes in parts (RSC), from HV_NVSP_6_1 on. */
struct hv_rndis_packet_id {
	uint8_t version; /* 1 */
	uint8_t flags;   /* HV_RSC_… */
	uint16_t id;
};
_Static_assert(sizeof(struct hv_rndis_packet_id) == 4, "packet id");
#define HV_RSC_PART 0x1u
#define HV_RSC_FIRST 0x2u
#define HV_RSC_LAST 0x4u

/* Objects. */
#define HV_OID_SUPPORTED_LIST 0x00010101u
#define HV_OID_HARDWARE_STATUS 0x00010102u
#define HV_OID_MEDIA_SUPPORTED 0x00010103u
#define HV_OID_MEDIA_IN_USE 0x00010104u
#define HV_OID_FRAME_SIZE 0x00010106u /* uint32_t, without Ethernet's header */
#define HV_OID_LINK_SPEED 0x00010107u /* uint32_t of 100 bit/s */
#define HV_OID_PACKET_FILTER 0x0001010eu /* uint32_t, HV_FILTER_… */
#define HV_OID_TOTAL_SIZE 0x00010111u    /* uint32_t, with the header */
#define HV_OID_MEDIA_CONNECT 0x00010114u /* uint32_t; 0: connected */
#define HV_OID_RSS_CAPABILITIES 0x00010203u
#define HV_OID_RSS_PARAMETERS 0x00010204u /* set */
#define HV_OID_LINK_STATE 0x00010207u
#define HV_OID_CONFIG_PARAMETER 0x0001021bu  /* set */
#define HV_OID_PERMANENT_ADDRESS 0x01010101u /* 6 bytes */
#define HV_OID_CURRENT_ADDRESS 0x01010102u   /* 6 bytes */
#define HV_OID_MULTICAST_LIST 0x01010103u    /* 6 bytes each */
#define HV_OID_MULTICAST_MAX 0x01010104u     /* uint32_t */
#define HV_OID_OFFLOAD_ENCAPSULATION 0x0101010au
#define HV_OID_OFFLOAD_CURRENT 0xfc01020bu
#define HV_OID_OFFLOAD_PARAMETERS 0xfc01020cu /* set */
#define HV_OID_OFFLOAD_HARDWARE 0xfc01020du

#define HV_MEDIA_CONNECTED 0
#define HV_MEDIA_DISCONNECTED 1

#define HV_FILTER_NONE 0x0u
#define HV_FILTER_DIRECTED 0x1u
#define HV_FILTER_MULTICAST 0x2u
#define HV_FILTER_ALL_MULTICAST 0x4u
#define HV_FILTER_BROADCAST 0x8u
#define HV_FILTER_PROMISCUOUS 0x20u

/* Begins each object from here on. */
struct hv_ndis_object {
	uint8_t type; /* HV_NDIS_… */
	uint8_t revision;
	uint16_t size; /* bytes, with this */
};
_Static_assert(sizeof(struct hv_ndis_object) == 4, "object");
#define HV_NDIS_DEFAULT 0x80
#define HV_NDIS_RSS_CAPABILITIES 0x88
#define HV_NDIS_RSS_PARAMETERS 0x89
#define HV_NDIS_OFFLOAD 0xa7
#define HV_NDIS_OFFLOAD_ENCAPSULATION 0xa8

/* HV_OID_OFFLOAD_HARDWARE and HV_RNDIS_STATUS_OFFLOAD. The revision and the
 * size go together: 1 up to ipsec2, 2 up to rsc, 3 all. */
struct hv_ndis_offload {
	struct hv_ndis_object object;   /* HV_NDIS_OFFLOAD */
	uint32_t ipv4_tx_encapsulation; /* HV_NDIS_ENCAPSULATION_8023 */
	uint32_t ipv4_tx;               /* HV_OFFLOAD_… */
	uint32_t ipv4_rx_encapsulation;
	uint32_t ipv4_rx;
	uint32_t ipv6_tx_encapsulation;
	uint32_t ipv6_tx;
	uint32_t ipv6_rx_encapsulation;
	uint32_t ipv6_rx;
	uint32_t lso1[4];
	uint32_t ipsec1[7];
	uint32_t lso2_ipv4_encapsulation;
	uint32_t lso2_ipv4_max; /* bytes of a segment to be cut */
	uint32_t lso2_ipv4_min; /* parts */
	uint32_t lso2_ipv6_encapsulation;
	uint32_t lso2_ipv6_max;
	uint32_t lso2_ipv6_min;
	uint32_t lso2_ipv6; /* HV_OFFLOAD_IPV6_EXTENSIONS, …_TCP_OPTIONS */
	uint32_t flags;
	uint32_t ipsec2[8];
	uint8_t rsc_ipv4;
	uint8_t rsc_ipv6;
	uint8_t reserved[2];
	uint32_t gre_flags;
	uint32_t gre_header;
};
#define HV_NDIS_OFFLOAD_SIZE_1 112 /* NDIS 6.0 */
#define HV_NDIS_OFFLOAD_SIZE_2 144 /* NDIS 6.1 */
#define HV_NDIS_OFFLOAD_SIZE_3 156 /* NDIS 6.30 */
_Static_assert(sizeof(struct hv_ndis_offload) == HV_NDIS_OFFLOAD_SIZE_3,
    "offload");
_Static_assert(__builtin_offsetof(struct hv_ndis_offload, ipsec2) ==
	HV_NDIS_OFFLOAD_SIZE_1,
    "offload");
_Static_assert(__builtin_offsetof(struct hv_ndis_offload, rsc_ipv4) ==
	HV_NDIS_OFFLOAD_SIZE_2,
    "offload");
#define HV_NDIS_ENCAPSULATION_8023 0x2u

/* Two bits each, of which 1 is supported; the same for sent and received. */
#define HV_OFFLOAD_IP_OPTIONS 0x1u      /* IPv4 */
#define HV_OFFLOAD_IPV6_EXTENSIONS 0x1u /* IPv6 */
#define HV_OFFLOAD_TCP_OPTIONS 0x4u
#define HV_OFFLOAD_TCP 0x10u
#define HV_OFFLOAD_UDP 0x40u
#define HV_OFFLOAD_IP_HEADER 0x100u /* IPv4 */

/* HV_OID_OFFLOAD_PARAMETERS. Up to HV_NVSP_4 the size is …_SIZE_2, and UDP's
 * is not set. */
struct hv_ndis_offload_parameters {
	struct hv_ndis_object object; /* HV_NDIS_DEFAULT, revision 3 */
	uint8_t ipv4; /* HV_PARAMETER_… of a checksum, as the next four */
	uint8_t tcp4;
	uint8_t udp4;
	uint8_t tcp6;
	uint8_t udp6;
	uint8_t lso1; /* HV_PARAMETER_OFF, …_ON, as all from here on */
	uint8_t ipsec1;
	uint8_t lso2_ipv4;
	uint8_t lso2_ipv6;
	uint8_t tcp_connection_ipv4;
	uint8_t tcp_connection_ipv6;
	uint8_t reserved;
	uint32_t flags;
	uint8_t ipsec2;
	uint8_t ipsec2_ipv4;
	uint8_t rsc_ipv4;
	uint8_t rsc_ipv6;
	uint8_t encapsulated;
	uint8_t encapsulation_types;
	uint8_t reserved2[2];
};
#define HV_NDIS_OFFLOAD_PARAMETERS_SIZE_1 20
#define HV_NDIS_OFFLOAD_PARAMETERS_SIZE_2 22
#define HV_NDIS_OFFLOAD_PARAMETERS_SIZE_3 28
_Static_assert(sizeof(struct hv_ndis_offload_parameters) ==
	HV_NDIS_OFFLOAD_PARAMETERS_SIZE_3,
    "offload parameters");
_Static_assert(__builtin_offsetof(struct hv_ndis_offload_parameters,
		   rsc_ipv4) == HV_NDIS_OFFLOAD_PARAMETERS_SIZE_2,
    "offload parameters");

#define HV_PARAMETER_NO_CHANGE 0
#define HV_PARAMETER_NONE 1 /* a checksum: neither sent nor received */
#define HV_PARAMETER_TX 2
#define HV_PARAMETER_RX 3
#define HV_PARAMETER_BOTH 4
#define HV_PARAMETER_OFF 1
#define HV_PARAMETER_ON 2

/* HV_OID_RSS_CAPABILITIES. The guest sends the object with it. */
struct hv_ndis_rss_capabilities {
	struct hv_ndis_object object; /* HV_NDIS_RSS_CAPABILITIES, revision 2 */
	uint32_t flags;
	uint32_t interrupts;
	uint32_t queues;
	uint16_t entries; /* of the table; from revision 2 on */
	uint16_t reserved;
};
_Static_assert(sizeof(struct hv_ndis_rss_capabilities) == 20, "RSS");
#define HV_NDIS_RSS_CAPABILITIES_SIZE_1 16
#define HV_NDIS_RSS_CAPABILITIES_SIZE_2 18

/* HV_OID_RSS_PARAMETERS; the table of uint32_t, and the key, follow. Offsets
 * count from this. */
struct hv_ndis_rss_parameters {
	struct hv_ndis_object object; /* HV_NDIS_RSS_PARAMETERS, revision 2 */
	uint16_t flags;               /* HV_RSS_… */
	uint16_t base_cpu;
	uint32_t hash;       /* HV_HASH_… */
	uint16_t table_size; /* bytes */
	uint16_t reserved;
	uint32_t table_offset;
	uint16_t key_size; /* bytes */
	uint16_t reserved2;
	uint32_t key_offset;
	uint32_t masks_offset;
	uint32_t masks;
	uint32_t mask_size;
};
#define HV_NDIS_RSS_PARAMETERS_SIZE_1 28
#define HV_NDIS_RSS_PARAMETERS_SIZE_2 40
_Static_assert(sizeof(struct hv_ndis_rss_parameters) ==
	HV_NDIS_RSS_PARAMETERS_SIZE_2,
    "RSS");
/* flags, with HV_HASH_TOEPLITZ */
#define HV_RSS_CAN_TCP_IPV4 0x100u
#define HV_RSS_CAN_TCP_IPV6 0x200u
#define HV_RSS_CAN_TCP_IPV6_EX 0x400u
#define HV_RSS_CAN_UDP_IPV4 0x800u
#define HV_RSS_CAN_UDP_IPV6 0x1000u
#define HV_RSS_CAN_UDP_IPV6_EX 0x2000u
#define HV_RSS_ENTRIES 128
#define HV_RSS_KEY 40 /* bytes */

#define HV_RSS_BASE_CPU_UNCHANGED 0x1u
#define HV_RSS_HASH_UNCHANGED 0x2u
#define HV_RSS_TABLE_UNCHANGED 0x4u
#define HV_RSS_KEY_UNCHANGED 0x8u
#define HV_RSS_DISABLE 0x10u

#define HV_HASH_TOEPLITZ 0x1u
#define HV_HASH_IPV4 0x100u
#define HV_HASH_TCP_IPV4 0x200u
#define HV_HASH_IPV6 0x400u
#define HV_HASH_IPV6_EX 0x800u
#define HV_HASH_TCP_IPV6 0x1000u
#define HV_HASH_TCP_IPV6_EX 0x2000u
#define HV_HASH_UDP_IPV4 0x4000u
#define HV_HASH_UDP_IPV6 0x8000u
#define HV_HASH_UDP_IPV6_EX 0x10000u

/* HV_OID_CONFIG_PARAMETER: name and value follow, in UTF-16, with offsets from
 * this. An address is "NetworkAddress", a string of 12 digits. */
struct hv_rndis_parameter {
	uint32_t name_offset;
	uint32_t name_length; /* bytes */
	uint32_t type;        /* HV_RNDIS_PARAMETER_… */
	uint32_t value_offset;
	uint32_t value_length; /* bytes */
};
_Static_assert(sizeof(struct hv_rndis_parameter) == 20, "parameter");
#define HV_RNDIS_PARAMETER_INTEGER 0
#define HV_RNDIS_PARAMETER_STRING 2

#endif
