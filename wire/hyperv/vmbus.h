/* SPDX-License-Identifier: ISC */
/*
 * VMBus: the messages of guest and host about channels, the page of event bits
 * and the pages of monitors. A message is the payload of a struct hv_message,
 * or of a struct hv_post_message, of type HV_MESSAGE_VMBUS.
 * Source: openvmm vm/devices/vmbus/vmbus_core, Linux include/linux/hyperv.h,
 * QEMU include/hw/hyperv/vmbus-proto.h.
 */
#ifndef WIRE_HYPERV_VMBUS_H
#define WIRE_HYPERV_VMBUS_H

#include <stdint.h>

/* A GUID in memory: of the five parts of the text the first three are
 * little-endian numbers and the other two are bytes in order. */
#define HV_GUID_SIZE 16
#define HV_GUID_TEXT 36 /* characters, without a NUL */

struct hv_guid {
	uint8_t bytes[HV_GUID_SIZE];
};
_Static_assert(sizeof(struct hv_guid) == HV_GUID_SIZE, "GUID");

/* {a-b-c-d-e} of the text form, each as a number: an initializer. */
#define HV_GUID(a, b, c, d, e)                              \
	{                                                   \
		{                                           \
			(uint8_t)((uint32_t)(a)),           \
			    (uint8_t)((uint32_t)(a) >> 8),  \
			    (uint8_t)((uint32_t)(a) >> 16), \
			    (uint8_t)((uint32_t)(a) >> 24), \
			    (uint8_t)((uint32_t)(b)),       \
			    (uint8_t)((uint32_t)(b) >> 8),  \
			    (uint8_t)((uint32_t)(c)),       \
			    (uint8_t)((uint32_t)(c) >> 8),  \
			    (uint8_t)((uint32_t)(d) >> 8),  \
			    (uint8_t)((uint32_t)(d)),       \
			    (uint8_t)((uint64_t)(e) >> 40), \
			    (uint8_t)((uint64_t)(e) >> 32), \
			    (uint8_t)((uint64_t)(e) >> 24), \
			    (uint8_t)((uint64_t)(e) >> 16), \
			    (uint8_t)((uint64_t)(e) >> 8),  \
			    (uint8_t)((uint64_t)(e))        \
		}                                           \
	}

/* Kinds of channels. RDP_CONTROL and ACTIVATION are AVMA1 and AVMA2 (automatic
 * activation) in Linux. hvsock has no kind of its own: an offer has the GUID of
 * its service, and HV_VMBUS_OFFER_HVSOCK. */
#define HV_GUID_NETWORK \
	HV_GUID(0xf8615163, 0xdf3e, 0x46c5, 0x913f, 0xf2d2f965ed0e)
#define HV_GUID_SCSI HV_GUID(0xba6163d9, 0x04a1, 0x4d29, 0xb605, 0x72e2ffb1dc7f)
#define HV_GUID_IDE HV_GUID(0x32412632, 0x86cb, 0x44a2, 0x9b5c, 0x50d1417354f5)
#define HV_GUID_FC HV_GUID(0x2f9bcc4a, 0x0069, 0x4af3, 0xb76b, 0x6fd0be528cda)
#define HV_GUID_SHUTDOWN \
	HV_GUID(0x0e0b6031, 0x5213, 0x4934, 0x818b, 0x38d90ced39db)
#define HV_GUID_TIMESYNC \
	HV_GUID(0x9527e630, 0xd0ae, 0x497b, 0xadce, 0xe80ab0175caf)
#define HV_GUID_HEARTBEAT \
	HV_GUID(0x57164f39, 0x9115, 0x4e78, 0xab55, 0x382f3bd5422d)
#define HV_GUID_KVP HV_GUID(0xa9a0f4e7, 0x5a45, 0x4d96, 0xb827, 0x8a841e8c03e6)
#define HV_GUID_VSS HV_GUID(0x35fa2e29, 0xea23, 0x4236, 0x96ae, 0x3a6ebacba440)
#define HV_GUID_FCOPY \
	HV_GUID(0x34d14be3, 0xdee4, 0x41c8, 0x9ae7, 0x6b174977c192)
#define HV_GUID_BALLOON \
	HV_GUID(0x525074dc, 0x8985, 0x46e2, 0x8057, 0xa307dc18a502)
#define HV_GUID_KEYBOARD \
	HV_GUID(0xf912ad6d, 0x2b17, 0x48ea, 0xbd65, 0xf927a61c7684)
#define HV_GUID_MOUSE \
	HV_GUID(0xcfa8b69e, 0x5b4a, 0x4cc0, 0xb98b, 0x8ba1a1f3f95a)
#define HV_GUID_VIDEO \
	HV_GUID(0xda0a7802, 0xe377, 0x4aac, 0x8e77, 0x0558eb1073f8)
#define HV_GUID_PCI HV_GUID(0x44c4f61d, 0x4444, 0x4400, 0x9d52, 0x802e27ede19f)
#define HV_GUID_RDMA HV_GUID(0x8c2eaf3d, 0x32a7, 0x4b09, 0xab99, 0xbd1f1c86b501)
#define HV_GUID_RDP_CONTROL \
	HV_GUID(0xf8e65716, 0x3cb3, 0x4a06, 0x9a60, 0x1889c5cccab5)
#define HV_GUID_RDP_DATA \
	HV_GUID(0xf9e9c0d3, 0xb511, 0x4a48, 0x8046, 0xd38079a8830c)
#define HV_GUID_RDV HV_GUID(0x276aacf4, 0xac15, 0x426c, 0x98dd, 0x7521ad3f01fe)
#define HV_GUID_ACTIVATION \
	HV_GUID(0x3375baf4, 0x9e15, 0x4b30, 0xb765, 0x67acb10d607b)
#define HV_GUID_IMC HV_GUID(0xc376c1c3, 0xd276, 0x48d2, 0x90a9, 0xc04748072c60)

/* X(GUID, what is printed of it). */
#define HV_CLASSES(X)                       \
	X(HV_GUID_NETWORK, "network")       \
	X(HV_GUID_SCSI, "scsi")             \
	X(HV_GUID_IDE, "ide")               \
	X(HV_GUID_FC, "fc")                 \
	X(HV_GUID_SHUTDOWN, "shutdown")     \
	X(HV_GUID_TIMESYNC, "timesync")     \
	X(HV_GUID_HEARTBEAT, "heartbeat")   \
	X(HV_GUID_KVP, "kvp")               \
	X(HV_GUID_VSS, "vss")               \
	X(HV_GUID_FCOPY, "fcopy")           \
	X(HV_GUID_BALLOON, "balloon")       \
	X(HV_GUID_KEYBOARD, "keyboard")     \
	X(HV_GUID_MOUSE, "mouse")           \
	X(HV_GUID_VIDEO, "video")           \
	X(HV_GUID_PCI, "pci")               \
	X(HV_GUID_RDMA, "rdma")             \
	X(HV_GUID_RDP_CONTROL, "rdp")       \
	X(HV_GUID_RDP_DATA, "rdp-data")     \
	X(HV_GUID_RDV, "rdv")               \
	X(HV_GUID_ACTIVATION, "activation") \
	X(HV_GUID_IMC, "imc")

/* Messages of a guest go to the first; from version 5.0 on, initiate contact
 * goes to the second, and the rest to where the answer says. */
#define HV_VMBUS_CONNECTION_MESSAGE 1
#define HV_VMBUS_CONNECTION_MESSAGE_5 4
#define HV_VMBUS_CONNECTION_EVENT 2 /* before 2.4, with the page of bits */
#define HV_VMBUS_CONNECTION_MONITOR 3
#define HV_VMBUS_CONNECTION_REDIRECT 0x800074

#define HV_VMBUS_SINT 2 /* before 5.0 always this one */

#define HV_VMBUS_VERSION(major, minor) ((uint32_t)(major) << 16 | (minor))
#define HV_VMBUS_MAJOR(version) ((version) >> 16)
#define HV_VMBUS_MINOR(version) ((version)&0xffffu)
#define HV_VMBUS_0_13 HV_VMBUS_VERSION(0, 13) /* Windows Server 2008 */
#define HV_VMBUS_1_1 HV_VMBUS_VERSION(1, 1)   /* 2008 R2 */
#define HV_VMBUS_2_4 HV_VMBUS_VERSION(2, 4)   /* 2012 */
#define HV_VMBUS_3_0 HV_VMBUS_VERSION(3, 0)   /* 2012 R2 */
#define HV_VMBUS_4_0 HV_VMBUS_VERSION(4, 0)   /* 2016 */
#define HV_VMBUS_4_1 HV_VMBUS_VERSION(4, 1)   /* Windows 10 RS3 */
#define HV_VMBUS_5_0 HV_VMBUS_VERSION(5, 0)   /* RS3 */
#define HV_VMBUS_5_1 HV_VMBUS_VERSION(5, 1)   /* RS4 */
#define HV_VMBUS_5_2 HV_VMBUS_VERSION(5, 2)   /* 2019 */
#define HV_VMBUS_5_3 HV_VMBUS_VERSION(5, 3)   /* 2022 */
#define HV_VMBUS_6_0 HV_VMBUS_VERSION(6, 0)   /* 2025 */

struct hv_vmbus_header {
	uint32_t type; /* HV_VMBUS_… */
	uint32_t padding;
};
_Static_assert(sizeof(struct hv_vmbus_header) == 8, "message header");

/* G: from the guest, H: from the host; the version where it began. */
#define HV_VMBUS_OFFER 1                    /* H */
#define HV_VMBUS_RESCIND 2                  /* H */
#define HV_VMBUS_REQUEST_OFFERS 3           /* G, no body */
#define HV_VMBUS_ALL_OFFERS 4               /* H, no body */
#define HV_VMBUS_OPEN 5                     /* G */
#define HV_VMBUS_OPEN_RESULT 6              /* H */
#define HV_VMBUS_CLOSE 7                    /* G, not answered */
#define HV_VMBUS_GPADL_HEADER 8             /* G */
#define HV_VMBUS_GPADL_BODY 9               /* G */
#define HV_VMBUS_GPADL_CREATED 10           /* H */
#define HV_VMBUS_GPADL_TEARDOWN 11          /* G */
#define HV_VMBUS_GPADL_TORNDOWN 12          /* H */
#define HV_VMBUS_RELID_RELEASED 13          /* G, not answered */
#define HV_VMBUS_INITIATE_CONTACT 14        /* G */
#define HV_VMBUS_VERSION_RESPONSE 15        /* H */
#define HV_VMBUS_UNLOAD 16                  /* G, no body */
#define HV_VMBUS_UNLOAD_RESPONSE 17         /* H, no body; 1.1 */
#define HV_VMBUS_OPEN_RESERVED 18           /* G; 4.0 */
#define HV_VMBUS_CLOSE_RESERVED 19          /* G */
#define HV_VMBUS_CLOSE_RESERVED_RESULT 20   /* H; 4.0 */
#define HV_VMBUS_TL_CONNECT 21              /* G; 4.0, hvsock */
#define HV_VMBUS_MODIFY_CHANNEL 22          /* G; 4.1, answered from 5.3 on */
#define HV_VMBUS_TL_CONNECT_RESULT 23       /* H; 4.1 */
#define HV_VMBUS_MODIFY_CHANNEL_RESPONSE 24 /* H; 5.3 */
#define HV_VMBUS_MODIFY_CONNECTION 25       /* G; 6.0, by feature */
#define HV_VMBUS_MODIFY_CONNECTION_RESPONSE 26 /* H; 6.0, by feature */
#define HV_VMBUS_PAUSE 27                      /* G; 6.0, by feature */
#define HV_VMBUS_PAUSE_RESPONSE 28             /* H; 6.0, by feature */
#define HV_VMBUS_RESUME 29                     /* G; 6.0, by feature */
#define HV_VMBUS_TYPES 30

/* Before 5.0 there is the address of the page of event bits, which from 2.4 on
 * the host may leave unused; from 5.0 on, where messages to the guest go. */
struct hv_vmbus_initiate_contact {
	struct hv_vmbus_header header;
	uint32_t version;
	uint32_t vp; /* messages to the guest go to this VP index */
	union {
		uint64_t interrupt_page;
		struct {
			uint8_t sint;
			uint8_t vtl;
			uint8_t reserved[2];
			uint32_t features; /* 6.0: HV_VMBUS_FEATURE_… */
		} target;
	} u;
	uint64_t monitor_to_guest;
	uint64_t monitor_to_host;
};
_Static_assert(sizeof(struct hv_vmbus_initiate_contact) == 40, "contact");
_Static_assert(__builtin_offsetof(struct hv_vmbus_initiate_contact, u) == 16,
    "contact");

/* 6.0, with HV_VMBUS_FEATURE_CLIENT_ID. */
struct hv_vmbus_initiate_contact_client {
	struct hv_vmbus_initiate_contact contact;
	struct hv_guid client;
};
_Static_assert(sizeof(struct hv_vmbus_initiate_contact_client) == 56,
    "contact with client");

#define HV_VMBUS_FEATURE_GUEST_SIGNAL 0x1u /* struct hv_vmbus_open_signal */
#define HV_VMBUS_FEATURE_INTERRUPT_REDIRECT 0x2u
#define HV_VMBUS_FEATURE_MODIFY_CONNECTION 0x4u
#define HV_VMBUS_FEATURE_CLIENT_ID 0x8u
#define HV_VMBUS_FEATURE_CONFIDENTIAL 0x10u
#define HV_VMBUS_FEATURE_PAUSE 0x20u
#define HV_VMBUS_FEATURE_HOST_MONITOR 0x40u
#define HV_VMBUS_FEATURE_PINNED 0x80u

/* QEMU's message ends after state, and is 12 bytes long. */
struct hv_vmbus_version_response {
	struct hv_vmbus_header header;
	uint8_t accepted; /* 0 or 1: try another version */
	uint8_t state;    /* HV_VMBUS_STATE_… */
	uint8_t reserved[2];
	uint32_t connection; /* from 5.0 on: for further messages */
};
_Static_assert(sizeof(struct hv_vmbus_version_response) == 16,
    "version response");
#define HV_VMBUS_VERSION_RESPONSE_MIN 10 /* bytes, with state */

#define HV_VMBUS_STATE_SUCCESS 0
#define HV_VMBUS_STATE_LOW_RESOURCES 1
#define HV_VMBUS_STATE_FAILED 2

/* 6.0, only if the version was asked for and is accepted. */
struct hv_vmbus_version_features {
	struct hv_vmbus_version_response response;
	uint32_t features;
};
_Static_assert(sizeof(struct hv_vmbus_version_features) == 20,
    "version response with features");

#define HV_VMBUS_USER_DATA 120 /* bytes */

struct hv_vmbus_offer {
	struct hv_vmbus_header header;
	struct hv_guid type;
	struct hv_guid instance;
	uint8_t reserved[16];
	uint16_t flags;   /* HV_VMBUS_OFFER_… */
	uint16_t mmio_mb; /* megabytes */
	uint8_t user_data[HV_VMBUS_USER_DATA];
	uint16_t sub_channel; /* 0: the primary; from 2.4 on */
	uint16_t mmio_mb_optional;
	uint32_t relid; /* the channel's id in messages and event bits */
	uint8_t monitor;
	uint8_t monitor_used; /* bit 0 */
	uint16_t dedicated;   /* bit 0, from 1.1 on: own connection */
	uint32_t connection;  /* from 1.1 on: for HV_HC_SIGNAL_EVENT */
};
_Static_assert(sizeof(struct hv_vmbus_offer) == 196, "offer");
_Static_assert(__builtin_offsetof(struct hv_vmbus_offer, user_data) == 60,
    "offer");
_Static_assert(__builtin_offsetof(struct hv_vmbus_offer, relid) == 184,
    "offer");
_Static_assert(__builtin_offsetof(struct hv_vmbus_offer, connection) == 192,
    "offer");

#define HV_VMBUS_OFFER_ENUMERATE 0x1u
#define HV_VMBUS_OFFER_XFER_PAGES 0x2u /* before 6.0; then as follows */
#define HV_VMBUS_OFFER_GPADLS 0x4u     /* before 6.0; then as follows */
#define HV_VMBUS_OFFER_CONFIDENTIAL_RING 0x2u
#define HV_VMBUS_OFFER_CONFIDENTIAL_MEMORY 0x4u
#define HV_VMBUS_OFFER_PINNED_MEMORY 0x8u
#define HV_VMBUS_OFFER_PIPE 0x10u /* packets carry a pipe header */
#define HV_VMBUS_OFFER_LOOPBACK 0x100u
#define HV_VMBUS_OFFER_PARENT 0x200u
#define HV_VMBUS_OFFER_MONITOR 0x400u
#define HV_VMBUS_OFFER_HVSOCK 0x2000u
#define HV_VMBUS_OFFER_MONITOR_USED 0x1u /* monitor_used */
#define HV_VMBUS_OFFER_DEDICATED 0x1u    /* dedicated */
#define HV_VMBUS_CONNECTION_UNKNOWN 0xffffffffu

/* user_data of an offer with HV_VMBUS_OFFER_PIPE begins with this. */
#define HV_VMBUS_PIPE_BYTE 0
#define HV_VMBUS_PIPE_MESSAGE 4

struct hv_vmbus_rescind {
	struct hv_vmbus_header header;
	uint32_t relid;
};
_Static_assert(sizeof(struct hv_vmbus_rescind) == 12, "rescind");

struct hv_vmbus_open {
	struct hv_vmbus_header header;
	uint32_t relid;
	uint32_t open_id; /* the guest's choice; the result repeats it */
	uint32_t ring_gpadl;
	uint32_t vp;            /* interrupts go to this VP index */
	uint32_t to_guest_page; /* of the GPADL, where that ring begins */
	uint8_t user_data[HV_VMBUS_USER_DATA];
};
_Static_assert(sizeof(struct hv_vmbus_open) == 148, "open");
#define HV_VMBUS_VP_NO_INTERRUPT 0xffffffffu

/* 6.0, with HV_VMBUS_FEATURE_GUEST_SIGNAL or …_INTERRUPT_REDIRECT. */
struct hv_vmbus_open_signal {
	struct hv_vmbus_open open;
	uint32_t connection;
	uint16_t event_flag;
	uint16_t flags; /* HV_VMBUS_OPEN_… */
};
_Static_assert(sizeof(struct hv_vmbus_open_signal) == 156, "open, signal");
#define HV_VMBUS_OPEN_REDIRECT 0x1u

struct hv_vmbus_open_result {
	struct hv_vmbus_header header;
	uint32_t relid;
	uint32_t open_id;
	uint32_t status; /* 0, or a failure */
};
_Static_assert(sizeof(struct hv_vmbus_open_result) == 20, "open result");

struct hv_vmbus_close {
	struct hv_vmbus_header header;
	uint32_t relid;
};
_Static_assert(sizeof(struct hv_vmbus_close) == 12, "close");

/* A GPADL names pages to the host: ranges, each a struct hv_gpa_range and
 * then its frames, cut into a header and as many bodies as are needed. */
struct hv_gpa_range {
	uint32_t bytes;
	uint32_t offset; /* bytes, in the first page */
};
_Static_assert(sizeof(struct hv_gpa_range) == 8, "range");

#define HV_GPADL_HEADER_FRAMES 26 /* of a message with one range */
#define HV_GPADL_BODY_FRAMES 28

/* Only the frames in use are sent. */
struct hv_vmbus_gpadl_header {
	struct hv_vmbus_header header;
	uint32_t relid;
	uint32_t gpadl; /* the guest's choice; not 0 */
	uint16_t size;  /* bytes of all ranges with their frames */
	uint16_t count; /* of ranges */
	struct hv_gpa_range range;
	uint64_t frames[HV_GPADL_HEADER_FRAMES];
} __attribute__((packed));
_Static_assert(sizeof(struct hv_vmbus_gpadl_header) == 236, "GPADL header");
_Static_assert(__builtin_offsetof(struct hv_vmbus_gpadl_header, frames) == 28,
    "GPADL header");

struct hv_vmbus_gpadl_body {
	struct hv_vmbus_header header;
	uint32_t number; /* of this message, from 1; hosts ignore it */
	uint32_t gpadl;
	uint64_t frames[HV_GPADL_BODY_FRAMES];
};
_Static_assert(sizeof(struct hv_vmbus_gpadl_body) == 240, "GPADL body");

struct hv_vmbus_gpadl_created {
	struct hv_vmbus_header header;
	uint32_t relid;
	uint32_t gpadl;
	uint32_t status; /* 0, or a failure */
};
_Static_assert(sizeof(struct hv_vmbus_gpadl_created) == 20, "GPADL created");

struct hv_vmbus_gpadl_teardown {
	struct hv_vmbus_header header;
	uint32_t relid;
	uint32_t gpadl;
};
_Static_assert(sizeof(struct hv_vmbus_gpadl_teardown) == 16, "teardown");

struct hv_vmbus_gpadl_torndown {
	struct hv_vmbus_header header;
	uint32_t gpadl;
};
_Static_assert(sizeof(struct hv_vmbus_gpadl_torndown) == 12, "torn down");

struct hv_vmbus_relid_released {
	struct hv_vmbus_header header;
	uint32_t relid;
};
_Static_assert(sizeof(struct hv_vmbus_relid_released) == 12, "released");

struct hv_vmbus_modify_channel {
	struct hv_vmbus_header header;
	uint32_t relid;
	uint32_t vp;
};
_Static_assert(sizeof(struct hv_vmbus_modify_channel) == 16, "modify");

struct hv_vmbus_modify_channel_response {
	struct hv_vmbus_header header;
	uint32_t relid;
	uint32_t status;
};
_Static_assert(sizeof(struct hv_vmbus_modify_channel_response) == 16,
    "modify response");

/* HV_VMBUS_MODIFY_CONNECTION: the monitor pages again; answered by a state. */
struct hv_vmbus_modify_connection {
	struct hv_vmbus_header header;
	uint64_t monitor_to_guest;
	uint64_t monitor_to_host;
};
_Static_assert(sizeof(struct hv_vmbus_modify_connection) == 24,
    "modify connection");

/* Status of open, GPADL and modify: NTSTATUS. */
#define HV_NTSTATUS_SUCCESS 0u
#define HV_NTSTATUS_UNSUCCESSFUL 0xc0000001u
#define HV_NTSTATUS_CONNECTION_REFUSED 0xc0000236u

/* The page of event bits, before 2.4: bit relid, the first half to the guest
 * and the second to the host. Bit 0 of each is not a channel. */
#define HV_VMBUS_EVENT_BITS (2048u * 8) /* of each half */

struct hv_vmbus_interrupt_page {
	uint32_t to_guest[512];
	uint32_t to_host[512];
};
_Static_assert(sizeof(struct hv_vmbus_interrupt_page) == 4096, "event bits");

/* What a channel's relid can be: its bit is one of the flags of a SINT. */
#define HV_VMBUS_RELIDS 2048u

/* A monitor page: the other side looks at the triggers every so often, so that
 * a signal costs no hypercall. Monitor n is trigger n % 32 of group n / 32. */
#define HV_MONITOR_GROUPS 4
#define HV_MONITOR_TRIGGERS 32 /* of a group */

struct hv_monitor_group {
	uint32_t pending; /* a bit for each trigger */
	uint32_t armed;
};
_Static_assert(sizeof(struct hv_monitor_group) == 8, "trigger group");

struct hv_monitor_parameter {
	uint32_t connection;
	uint16_t flag;
	uint16_t reserved;
};
_Static_assert(sizeof(struct hv_monitor_parameter) == 8, "parameter");

struct hv_monitor_page {
	uint32_t enabled; /* a bit for each group */
	uint32_t reserved;
	struct hv_monitor_group group[HV_MONITOR_GROUPS];
	uint64_t reserved2[3];
	int32_t next_check[HV_MONITOR_GROUPS][HV_MONITOR_TRIGGERS];
	uint16_t latency[HV_MONITOR_GROUPS][HV_MONITOR_TRIGGERS]; /* 100 ns */
	uint64_t reserved3[32];
	struct hv_monitor_parameter parameter[HV_MONITOR_GROUPS]
					     [HV_MONITOR_TRIGGERS];
	uint8_t unused[1984];
};
_Static_assert(sizeof(struct hv_monitor_page) == 4096, "monitor page");
_Static_assert(__builtin_offsetof(struct hv_monitor_page, latency) == 576,
    "monitor page");
_Static_assert(__builtin_offsetof(struct hv_monitor_page, parameter) == 1088,
    "monitor page");

#endif
