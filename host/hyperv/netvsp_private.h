/* SPDX-License-Identifier: ISC */
#ifndef HOST_HYPERV_NETVSP_PRIVATE_H
#define HOST_HYPERV_NETVSP_PRIVATE_H

#include "host/hyperv/devices.h"
#include "host/hyperv/rndis.h"
#include "wire/hyperv/netvsc.h"
#include "wire/hyperv/ring.h"

#define NV_CHANNELS 65u /* the primary and VMBus's most */
#define NV_HEADER 14u   /* of Ethernet */
#define NV_TAG 4u
#define NV_FRAME 65549u /* IP's longest, and Ethernet's header */
#define NV_GROUPS 64u
/* Packets to the guest that wait for room in a channel's ring: none of its
 * own is taken while there are so many. */
#define NV_WAITING 64u
/* Packets that are taken in one go. */
#define NV_BUDGET 512u
/* RNDIS messages that wait for room in the receive buffer, and how much of
 * that is kept for them: openvmm's netvsp. */
#define NV_CONTROLS 64u
#define NV_KEPT 16u
#define NV_MESSAGE 1024u /* bytes of a message that is no frame */
/* Of a part of the receive buffer what is not for the frame: with 1500 bytes
 * of MTU a part of Hyper-V's has 1728. */
#define NV_PART 1728u
#define NV_PART_HEADER (NV_PART - 1500u - NV_HEADER)
/* What one packet of the guest's can have: a section and a frame or two. */
#define NV_GATHER (256u * 1024)
/* openvmm: VF_ASSOCIATION_TRANSACTION_ID */
#define NV_VF_ID 0x8000000000000000u
#define NV_LSO_MAX 62780u /* as Hyper-V has it: openvmm's rndisprot.rs */
#define NV_RSS_ENTRIES 128u
#define NV_NONE 0xffffffffu

/* A packet for the guest. */
struct nv_out {
	struct nv_out *next;
	uint16_t type, flags;
	uint64_t id;
	size_t header_len, len;
	uint8_t bytes[]; /* header, data */
};

/* Parts of the receive buffer that go in one packet. */
struct nv_batch {
	unsigned count;
	uint32_t first, last; /* the parts, by number */
	struct hv_xfer_range ranges[HV_NVSP_RANGES_MAX_RSC];
};

struct nv_channel {
	struct host_netvsp *net;
	unsigned sub;
	struct host_vmbus_channel *vmbus; /* NULL: closed */
	bool look_due, push_due;
	struct nv_out *out, **out_end;
	unsigned waiting;
	struct nv_batch batch;
};

enum nv_part_state {
	NV_FREE,
	NV_OURS,
	NV_LENT_FIRST,
	NV_LENT
};

/* A part of the receive buffer (suballocation). */
struct nv_part {
	uint32_t next; /* of those free, or of those in one packet */
	uint32_t generation;
	uint8_t state; /* enum nv_part_state */
	uint8_t channel;
};

struct nv_receive {
	bool set;
	uint32_t gpadl;
	uint16_t id;
	uint32_t size, count; /* of parts */
	struct nv_part *parts;
	uint32_t free, free_count, generation;
};

/* Which the host can, or which are on. */
struct nv_offload {
	bool tx_ip4, tx_tcp4, tx_udp4, tx_tcp6, tx_udp6;
	bool rx_ip4, rx_tcp4, rx_udp4, rx_tcp6, rx_udp6;
	bool lso1, lso2_4, lso2_6, rsc4, rsc6;
};

struct nv_rss {
	uint32_t types; /* HV_HASH_… */
	unsigned entries;
	uint8_t table[NV_RSS_ENTRIES];
	uint8_t key[HV_RSS_KEY];
};

struct nv_control {
	struct nv_control *next;
	size_t size;
	uint8_t bytes[NV_MESSAGE];
};

struct host_netvsp {
	struct host_hyperv *host;
	struct host_vmbus_device *device;
	struct host_vmbus_kind kind;
	struct host_netvsp_config config;
	struct host_netvsp_manners manners;
	struct host_netvsp_counts counts;
	unsigned mtu_most; /* that the guest can have */
	bool link;
	bool vf;
	uint32_t vf_serial;
	void (*on_frame)(void *ctx, const struct host_nv_frame *);
	void *on_frame_ctx;
	struct nv_channel channels[NV_CHANNELS];
	bool has_table;
	uint32_t table[HV_NVSP_INDIRECTION_ENTRIES];

	/* of the first channel, and gone with it */
	uint32_t version; /* 0: not agreed on */
	bool has_ndis;
	uint32_t can; /* HV_NVSP_CAN_… of the guest */
	unsigned subs;
	struct nv_receive receive;
	bool has_send;
	uint32_t send_gpadl;
	uint16_t send_id;
	uint32_t sections;

	/* RNDIS */
	bool operational;
	struct nv_offload offload;
	struct nv_rss rss;
	uint8_t groups[NV_GROUPS][6];
	struct nv_control *controls, **controls_end;
	unsigned control_count;
	uint16_t part_id; /* of the last frame in parts */

	uint8_t gather[NV_GATHER];
	uint8_t message[NV_FRAME + 1024]; /* to the guest, in the making */
	uint8_t segment[NV_FRAME];
	uint8_t tagged[NV_FRAME];
};

/* ---- netvsp.c --------------------------------------------------------- */

/* Memory of the model's own; it cannot go on without. */
void *nv_alloc(size_t size);
/* What the guest has asked of this NIC is forgotten. */
void nv_forget(struct host_netvsp *);
void nv_halt(struct host_netvsp *); /* RNDIS */
bool nv_send_table(struct host_netvsp *);
void nv_send_vf(struct host_netvsp *);
unsigned nv_max_channels(const struct host_netvsp *);

/* ---- netvsp_ring.c ---------------------------------------------------- */

void nv_look_later(struct nv_channel *, uint64_t delay);
void nv_push_later(struct nv_channel *);
/* The n-th of these, counted down. */
bool nv_nth(struct host_netvsp *, int what);
/* Of bytes that are bad; their size from now on. */
size_t nv_patch(const struct host_netvsp *, uint8_t *bytes, size_t size);
/* A packet for the guest, of a kind HOST_NET_… or 0; false: it gets lost. */
bool nv_say(struct nv_channel *, int kind, const struct host_vmbus_packet *);
/* A completion; message NULL: an empty one. */
void nv_answer(struct nv_channel *, int kind, uint64_t id,
    const struct hv_nvsp *message);
/* As many bytes of a struct hv_nvsp as the version has. */
size_t nv_size(const struct host_netvsp *);
/* What waits for room, of one type, or all with HV_PACKET_INVALID. */
void nv_forget_out(struct nv_channel *, uint16_t type);

/* ---- netvsp_nvs.c: messages of the guest ------------------------------ */

void nv_take(struct nv_channel *, const struct host_vmbus_packet *);

/* ---- netvsp_tx.c: RNDIS from the guest -------------------------------- */

/* The status of the completion. */
uint32_t nv_transmitted(struct nv_channel *, const struct host_vmbus_packet *,
    const struct hv_nvsp_rndis *);

/* ---- netvsp_parts.c: the receive buffer ------------------------------- */

/* HV_NVSP_STATUS_…; the buffer as a guest gives it. */
uint32_t nv_receive_set(struct host_netvsp *, const struct hv_nvsp_buffer *);
void nv_receive_forget(struct host_netvsp *);
/* So many parts are to be had, of which some are only for messages that are no
 * frames. */
bool nv_has_parts(const struct host_netvsp *, unsigned count, bool frames);
/* A message into a part, and that behind what the channel sends next; false:
 * there is no part, or it is too small. */
bool nv_put(struct nv_channel *, uint8_t *message, size_t size);
/* What was put becomes a packet. */
void nv_close_batch(struct nv_channel *, uint32_t kind);
/* The guest's completion. */
void nv_received(struct nv_channel *, const struct host_vmbus_packet *);
/* The channel is closed. */
void nv_parts_back(struct nv_channel *);

/* ---- netvsp_rx.c: frames to the guest --------------------------------- */

/* As host_netvsp_send(), without its filters. */
bool nv_deliver(struct host_netvsp *, const struct host_nv_frame *);
bool nv_takes_parts(const struct host_netvsp *, const uint8_t *frame,
    size_t length);

/* ---- netvsp_control.c: RNDIS but for frames --------------------------- */

void nv_control(struct host_netvsp *, const uint8_t *message, size_t size);
void nv_control_say(struct host_netvsp *, uint32_t type, const void *body,
    size_t body_size, const void *rest, size_t rest_size);
void nv_control_pump(struct host_netvsp *);
void nv_control_forget(struct host_netvsp *);
void nv_indicate(struct host_netvsp *, uint32_t status, const void *bytes,
    size_t size);

/* ---- netvsp_query.c, netvsp_set.c: objects ---------------------------- */

/* HV_RNDIS_STATUS_…; at most NV_MESSAGE / 2 bytes. */
uint32_t nv_query(struct host_netvsp *, uint32_t oid, uint8_t *to,
    size_t *size);
uint32_t nv_set(struct host_netvsp *, uint32_t oid, const uint8_t *bytes,
    size_t size);

/* ---- netvsp_offload.c ------------------------------------------------- */

/* What this NIC can, for such a guest. */
void nv_offload_supported(const struct host_netvsp *, struct nv_offload *);
/* The object that says so; its size. */
size_t nv_offload_object(const struct host_netvsp *, const struct nv_offload *,
    struct hv_ndis_offload *);
uint32_t nv_offload_set(struct host_netvsp *, const uint8_t *bytes,
    size_t size);
/* Make good what the guest left to the host, in its place; false: it may not
 * ask for that, or there is no such thing in the frame. */
bool nv_offload_finish(const struct host_netvsp *, uint8_t *bytes,
    size_t length, const struct nv_info *, struct host_nv_frame *);

/* ---- netvsp_rss.c ----------------------------------------------------- */

uint32_t nv_rss_set(struct host_netvsp *, const uint8_t *bytes, size_t size);
/* The channel and the hash of a frame, as the guest wants it. */
unsigned nv_rss_channel(const struct host_netvsp *, const uint8_t *frame,
    size_t length, uint32_t *hash);

/* ---- netvsp_checksum.c: bytes of a frame ------------------------------ */

#define NV_TCP 6
#define NV_UDP 17

struct nv_layout {
	bool ipv6;
	uint8_t protocol; /* NV_TCP, NV_UDP, or another */
	size_t ip;
	size_t transport; /* where its header begins */
	size_t end;       /* of the packet, in the frame */
};
/* False: no IP, or cut off. */
bool nv_layout(const uint8_t *frame, size_t length, struct nv_layout *);
/* Where TCP's payload begins; 0: there is no TCP. */
size_t nv_payload(const uint8_t *frame, const struct nv_layout *);
void nv_sum_ip(uint8_t *frame, const struct nv_layout *);
/* TCP's or UDP's, whose field has the sum of the pseudo header, without the
 * length if `add` is it. */
bool nv_sum_transport(uint8_t *frame, const struct nv_layout *, size_t add);
/* The lengths of the IP header, which LSO of version 2 leaves blank. */
void nv_set_length(uint8_t *frame, struct nv_layout *, size_t length);
/* The n-th segment of a whole frame of TCP's; its length, 0: there is none. */
size_t nv_segment(uint8_t *to, const uint8_t *frame, size_t length,
    unsigned segment_size, unsigned n);

#endif
