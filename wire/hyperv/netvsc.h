/* SPDX-License-Identifier: ISC */
/*
 * Network (NVSP): packets of the network channel and of its sub-channels. They
 * set up the buffers that guest and host share and carry RNDIS messages
 * (rndis.h). G and H: from the guest, from the host. C: its answer, which comes
 * in the completion.
 * Source: openvmm vm/devices/net/netvsp/src/protocol.rs, Linux
 * drivers/net/hyperv/hyperv_net.h and netvsc.c.
 */
#ifndef WIRE_HYPERV_NETVSC_H
#define WIRE_HYPERV_NETVSC_H

#include <stdint.h>

#define HV_NVSP_1 0x00002u   /* Windows Server 2008 */
#define HV_NVSP_2 0x30002u   /* 2008 R2 */
#define HV_NVSP_4 0x40000u   /* 2012 */
#define HV_NVSP_5 0x50000u   /* 2012 R2 */
#define HV_NVSP_6 0x60000u   /* 2016 */
#define HV_NVSP_6_1 0x60001u /* 2019 */
#define HV_NVSP_INVALID 0xffffffffu

#define HV_NVSP_INIT 1                   /* G; any version */
#define HV_NVSP_INIT_COMPLETE 2          /* C */
#define HV_NVSP_NDIS_VERSION 100         /* G, without C; 1 */
#define HV_NVSP_RECV_BUFFER 101          /* G */
#define HV_NVSP_RECV_BUFFER_COMPLETE 102 /* C */
#define HV_NVSP_REVOKE_RECV_BUFFER 103   /* G, without C */
#define HV_NVSP_SEND_BUFFER 104          /* G */
#define HV_NVSP_SEND_BUFFER_COMPLETE 105 /* C */
#define HV_NVSP_REVOKE_SEND_BUFFER 106   /* G, without C */
#define HV_NVSP_RNDIS 107                /* G or H */
#define HV_NVSP_RNDIS_COMPLETE 108       /* C */
/* 109 to 119: TCP chimney; 120 to 124: buffers of queues. Deprecated. */
#define HV_NVSP_NDIS_CONFIG 125        /* G, without C; 2 */
#define HV_NVSP_VF_ASSOCIATION 128     /* H; 4 */
#define HV_NVSP_SWITCH_DATA_PATH 129   /* G; 4 */
#define HV_NVSP_UPLINK_STATE 130       /* deprecated */
#define HV_NVSP_OID_QUERY 131          /* G; 5 */
#define HV_NVSP_OID_QUERY_COMPLETE 132 /* C */
#define HV_NVSP_SUB_CHANNEL 133        /* G, and C with the same number; 5 */
#define HV_NVSP_INDIRECTION_TABLE 134  /* H; 5 */
#define HV_NVSP_PD_API 135             /* 6.1 */
#define HV_NVSP_PD_POST_BATCH 136      /* 6.1 */

#define HV_NVSP_STATUS_NONE 0
#define HV_NVSP_STATUS_SUCCESS 1
#define HV_NVSP_STATUS_FAILURE 2
#define HV_NVSP_STATUS_TOO_NEW 3
#define HV_NVSP_STATUS_TOO_OLD 4
#define HV_NVSP_STATUS_INVALID_RNDIS 5
#define HV_NVSP_STATUS_BUSY 6
#define HV_NVSP_STATUS_UNSUPPORTED 7

/* The guest asks for one version, twice in it; if the host does not take it,
 * for another. */
struct hv_nvsp_init {
	uint32_t version;
	uint32_t version_again;
};

struct hv_nvsp_init_complete {
	uint32_t version; /* 2, whatever was asked for */
	uint32_t mdl_chain;
	uint32_t status;
};

struct hv_nvsp_ndis_version {
	uint32_t major;
	uint32_t minor;
};
#define HV_NDIS_MAJOR 6
#define HV_NDIS_MINOR_1 1   /* up to HV_NVSP_4 */
#define HV_NDIS_MINOR_30 30 /* from HV_NVSP_5 on */

/* HV_NVSP_RECV_BUFFER and HV_NVSP_SEND_BUFFER. */
struct hv_nvsp_buffer {
	uint32_t gpadl;
	uint16_t id; /* struct hv_packet_xfer names it */
	uint16_t reserved;
};
#define HV_NVSP_RECV_BUFFER_ID 0xcafe /* Linux's and Windows' choice */
#define HV_NVSP_SEND_BUFFER_ID 0
#define HV_NVSP_RECV_BUFFER_MAX (31u << 20)        /* bytes */
#define HV_NVSP_RECV_BUFFER_MAX_LEGACY (15u << 20) /* up to HV_NVSP_2 */
#define HV_NVSP_SEND_BUFFER_MAX (15u << 20)

struct hv_nvsp_section {
	uint32_t offset;
	uint32_t size;  /* bytes of one part of it */
	uint32_t count; /* of parts */
	uint32_t end;
};

/* Hosts have one section. */
struct hv_nvsp_recv_buffer_complete {
	uint32_t status;
	uint32_t count;
	struct hv_nvsp_section section;
};

struct hv_nvsp_send_buffer_complete {
	uint32_t status;
	uint32_t section_size; /* bytes */
};

struct hv_nvsp_revoke {
	uint16_t id;
	uint16_t reserved;
};

/* A message is in a section of the send buffer, or in what a GPA direct packet
 * has, or of the host, in what a transfer page packet has. */
struct hv_nvsp_rndis {
	uint32_t channel;      /* HV_NVSP_DATA or HV_NVSP_CONTROL */
	uint32_t section;      /* HV_NVSP_NO_SECTION */
	uint32_t section_size; /* bytes used */
};
#define HV_NVSP_DATA 0
#define HV_NVSP_CONTROL 1
#define HV_NVSP_NO_SECTION 0xffffffffu

struct hv_nvsp_rndis_complete {
	uint32_t status;
};

/* From HV_NVSP_2 on. */
struct hv_nvsp_ndis_config {
	uint32_t mtu; /* of the frame with its header */
	uint32_t reserved;
	uint32_t capabilities; /* HV_NVSP_CAN_… */
	uint32_t capabilities_high;
};
#define HV_NVSP_CAN_VMQ 0x1u
#define HV_NVSP_CAN_CHIMNEY 0x2u
#define HV_NVSP_CAN_SRIOV 0x4u
#define HV_NVSP_CAN_8021Q 0x8u
#define HV_NVSP_CAN_CORRELATION 0x10u
#define HV_NVSP_CAN_TEAMING 0x20u
#define HV_NVSP_CAN_VIRTUAL_SUBNET 0x40u
#define HV_NVSP_CAN_RSC 0x80u /* from HV_NVSP_6_1 on */

struct hv_nvsp_vf_association {
	uint32_t allocated; /* 1: serial is of the VF to team with */
	uint32_t serial;
};

struct hv_nvsp_data_path {
	uint32_t active; /* HV_NVSP_PATH_… */
};
#define HV_NVSP_PATH_SYNTHETIC 0
#define HV_NVSP_PATH_VF 1

/* Asked by Windows; hosts may know none. */
struct hv_nvsp_oid_query {
	uint8_t type; /* as struct hv_ndis_object of rndis.h */
	uint8_t revision;
	uint16_t size;
	uint32_t oid;
};

struct hv_nvsp_oid_query_complete {
	uint32_t status; /* HV_RNDIS_STATUS_… */
	uint32_t bytes;  /* of the answer, which follow */
};

struct hv_nvsp_sub_channel {
	uint32_t operation; /* 1: allocate */
	uint32_t count;
};
#define HV_NVSP_SUB_CHANNEL_ALLOCATE 1

struct hv_nvsp_sub_channel_complete {
	uint32_t status;
	uint32_t count; /* allocated: offers follow */
};

/* A table of uint32_t: the channel for a hash of a packet to be sent. */
struct hv_nvsp_indirection_table {
	uint32_t count;
	uint32_t offset; /* from the start of the packet's data */
};
#define HV_NVSP_INDIRECTION_ENTRIES 16
/* Up to HV_NVSP_6 the offset can be wrong; the table is here if the data are
 * long enough for it. Linux netvsc_send_table(). */
#define HV_NVSP_INDIRECTION_OFFSET 40

struct hv_nvsp {
	uint32_t type; /* HV_NVSP_… */
	union {
		struct hv_nvsp_init init;
		struct hv_nvsp_init_complete init_complete;
		struct hv_nvsp_ndis_version ndis_version;
		struct hv_nvsp_buffer buffer;
		struct hv_nvsp_recv_buffer_complete recv_buffer_complete;
		struct hv_nvsp_send_buffer_complete send_buffer_complete;
		struct hv_nvsp_revoke revoke;
		struct hv_nvsp_rndis rndis;
		struct hv_nvsp_rndis_complete rndis_complete;
		struct hv_nvsp_ndis_config ndis_config;
		struct hv_nvsp_vf_association vf_association;
		struct hv_nvsp_data_path data_path;
		struct hv_nvsp_oid_query oid_query;
		struct hv_nvsp_oid_query_complete oid_query_complete;
		struct hv_nvsp_sub_channel sub_channel;
		struct hv_nvsp_sub_channel_complete sub_channel_complete;
		struct hv_nvsp_indirection_table indirection_table;
		uint8_t bytes[36];
	} u;
};
#define HV_NVSP_SIZE 28     /* bytes, as sent up to HV_NVSP_6 */
#define HV_NVSP_SIZE_6_1 40 /* bytes, from HV_NVSP_6_1 on */
_Static_assert(sizeof(struct hv_nvsp) == HV_NVSP_SIZE_6_1, "packet");
_Static_assert(__builtin_offsetof(struct hv_nvsp, u) == 4, "packet");
_Static_assert(sizeof(struct hv_nvsp_recv_buffer_complete) + 4 == HV_NVSP_SIZE,
    "packet");
_Static_assert(sizeof(struct hv_nvsp_buffer) == 8, "buffer");
_Static_assert(sizeof(struct hv_nvsp_ndis_config) == 16, "NDIS config");

/* Ranges of one transfer page packet. */
#define HV_NVSP_RANGES_MAX 375
#define HV_NVSP_RANGES_MAX_RSC 562

#endif
