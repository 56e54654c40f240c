/* SPDX-License-Identifier: ISC */
/*
 * What the files of hvn share: the NetVSC and RNDIS network driver of Hyper-V.
 *
 * A queue is a channel of VMBus, and belongs to one CPU.  Requests about the
 * interface as a whole go over the first channel, so they are handed to who has
 * queue 0, and their answers back (struct hvn_control).  Memory and channels are
 * opened and closed by the owner of the bus while the queues rest.
 */
#ifndef GUEST_HYPERV_HVN_H
#define GUEST_HYPERV_HVN_H

#include "guest/hyperv/rndis.h"
#include "guest/hyperv/slots.h"
#include "guest/hyperv/vmbus.h"
#include "wire/hyperv/netvsc.h"

#define HVN_QUEUES 8u /* at most, one for each CPU */
/* Packets of a queue on their way; a packet has one frame or several. */
#define HVN_SLOTS 256u
/* So many are kept for requests about the interface. */
#define HVN_SLOTS_CONTROL 4u
/*
 * A frame of at most so many bytes is copied into the send buffer, where
 * several of them share a section and a packet; of a longer one the host reads
 * the pages.
 */
#define HVN_COPY 2048u
/* Memory of a slot: the RNDIS header of a frame that is not copied, and as much
 * of its own headers as has to be changed. */
#define HVN_HEAD 512u
/* In the first segment only pieces up to this are copied: headers. */
#define HVN_PIECE 256u
/* Pages of a packet, with its head: what Linux sends at most. */
#define HVN_PAGES HV_GPA_PAGES_MAX
#define HVN_FRAME_MAX 65535u
/* Sections: as large as most hosts have them, where the host has none, and not
 * less, for a frame of HVN_FRAME_MAX is copied into as many as it takes. */
#define HVN_SECTION 6144u
#define HVN_SECTION_MIN 2048u
#define HVN_SECTIONS 512u /* of a queue */
/* Memory to send from: of each queue that there can be, and the least of all. */
#define HVN_SEND (1u << 20)
#define HVN_SEND_MIN (128u << 10)
/* Memory to receive into; less when there is no such run of pages. */
#define HVN_RECEIVE (16u << 20)
#define HVN_RECEIVE_MIN (256u << 10)
/* A part of the receive buffer is not smaller, as Hyper-V's are not. */
#define HVN_PART_MIN 64u
/* What one message of the host can have, or all parts of a frame together. */
#define HVN_RX_ROOM (128u << 10)
#define HVN_PARTS 128u /* of a frame */
/* Rings, and the longest packet in them: one with many ranges, or a table. */
#define HVN_RING_PAGES 33u
#define HVN_PACKET_MAX 8192u

#define HVN_MTU 1500u
#define HVN_MTU_MIN 68u
#define HVN_MTU_MAX 9216u
/* Hosts take so many groups; more are all groups. */
#define HVN_GROUPS 64u
/* How long the host may take: for an answer, for channels that it has promised,
 * for frames that are on their way when we close. */
#define HVN_ANSWER (5 * PV_SECOND)
#define HVN_SUBS (2 * PV_SECOND)
#define HVN_DRAIN (2 * PV_SECOND)
/* Another try with a host that said no. */
#define HVN_AGAIN (10 * PV_SECOND)
/* Events may get lost: how often a ring is looked at without one. */
#define HVN_LOOK_TX (100 * PV_MILLISECOND)
#define HVN_LOOK_RX PV_SECOND

struct hvn;
struct hvn_queue;

/* ---- hvn_ack.c: completions that the host is owed --------------------- */

/*
 * The ids of packets that were received and not acknowledged yet.  The host
 * cannot have more packets on their way than there are parts of the receive
 * buffer, so none is ever dropped.
 */
struct hvn_acks {
	uint64_t *ids;
	uint32_t size, head, count;
};
bool hvn_acks_put(struct hvn_acks *, uint64_t id);
/* The oldest; false: none. */
bool hvn_acks_first(const struct hvn_acks *, uint64_t *id);
void hvn_acks_drop(struct hvn_acks *);

/* ---- hvn_plan.c: how a frame is laid into pages ----------------------- */

struct hvn_plan {
	struct hv_gpa_page pages[HVN_PAGES];
	unsigned count;
};
/* A run of bytes; false: too many pages. */
bool hvn_plan_run(struct hvn_plan *, uint64_t physical, size_t len);
/* The rest of a frame, from `skip` on, whose memory the host can reach. */
bool hvn_plan_frame(struct hvn_plan *, const struct pv_frame *, size_t skip);
/* Bytes of a frame. */
void hvn_gather(const struct pv_frame *, size_t at, void *to, size_t size);
/* PV_EINVAL: the segments are not as long as the frame. */
int hvn_plan_check(const struct pv_frame *);

/* ---- hvn_offload.c: what is said of a frame to be sent ---------------- */

struct hvn_offload {
	struct rndis_info info;
	bool complete;  /* the checksum, in software, in a copy */
	bool rewrite;   /* headers are to be made as LSO wants them */
	bool ipv6;      /* of these: */
	size_t ip;      /* where its header stands */
	size_t start;   /* the transport's */
	size_t headers; /* where the payload begins */
	uint16_t offset;
};
int hvn_offload(const struct hvn *, const struct pv_frame *,
    struct hvn_offload *);
/* In a copy of the frame, or of its headers where that is enough. */
void hvn_offload_finish(const struct hvn_offload *, const struct pv_frame *,
    uint8_t *copy);

/* ---- A queue ---------------------------------------------------------- */

enum hvn_slot_kind {
	HVN_SLOT_FREE,
	HVN_SLOT_COPIED, /* sections have the bytes */
	HVN_SLOT_LENT,   /* the host reads the owner's memory */
	HVN_SLOT_CONTROL /* a request about the interface */
};

struct hvn_slot {
	uint8_t kind; /* enum hvn_slot_kind */
	uint16_t sections, section;
	struct pv_frame *frames;
	uint32_t request; /* which one it is, of those about the interface */
};

#define HVN_MAP (HVN_SECTIONS / 32)

struct hvn_tx {
	struct slots slots;
	struct slot table[HVN_SLOTS];
	struct hvn_slot slot[HVN_SLOTS];
	uint8_t *heads;
	uint64_t heads_physical;
	uint8_t *memory; /* of the sections */
	uint64_t physical;
	uint32_t section_size, first; /* the host's number of ours */
	unsigned sections;
	uint32_t map[HVN_MAP]; /* a bit for each that is in use */
	bool lent;             /* the host knows them by number */
	/* messages that one packet has, and how they are aligned */
	struct rndis_limits limits;
	/* The packet that frames are put into, until it is sent. */
	struct {
		uint32_t slot; /* SLOT_NONE: there is none */
		uint64_t id;
		size_t used, last; /* bytes; where the last message begins */
		unsigned count;
		struct pv_frame **end;
	} batch;
	struct pv_frame *waiting, **waiting_end;
	unsigned kept;   /* slots whose memory the host may read still */
	uint32_t others; /* queues that frames of ours went to, by hash */
};

#define HVN_TOLD 8u /* messages in band that wait for an acknowledgement */

struct hvn_rx {
	struct hvn_acks acks;
	struct hvn_acks told; /* in `told_ids` */
	uint64_t told_ids[HVN_TOLD];
	uint8_t *copy; /* HVN_RX_ROOM bytes */
	/* Parts of a frame that has not ended. */
	struct pv_segment parts[HVN_PARTS];
	unsigned count;
	size_t used; /* of copy, by those */
	size_t length;
	bool bad; /* and what follows is dropped with it */
	struct rndis_info info;
};

enum hvn_queue_state {
	HVN_QUEUE_REST, /* the owner of the bus may do anything */
	HVN_QUEUE_TALK, /* requests and answers, but no frames */
	HVN_QUEUE_RUN,
	HVN_QUEUE_STOP /* frames on their way may end, for a while */
};

/* About memory that the host may read, once its channel is closed. */
enum hvn_verdict {
	HVN_UNKNOWN,
	HVN_LET_GO,
	HVN_HELD
};

struct hvn_queue {
	struct hvn *hvn;
	unsigned index;
	unsigned cpu;       /* that polls it; 0: the owner of the bus */
	uint32_t state;     /* atomic; enum hvn_queue_state */
	int stop_error;     /* of the frames, from HVN_QUEUE_STOP on */
	uint32_t verdict;   /* atomic; enum hvn_verdict */
	uint64_t stop_by;   /* then they end, whatever the host says */
	const char *broken; /* atomic; why it cannot go on */
	/* of the device, or its own while another CPU has the queue */
	struct pv_stats *stats, apart;
	struct vmbus_channel *channel; /* NULL: none */
	bool departing;                /* the host takes the channel away */
	bool channel_up, closing;      /* as the owner of the bus knows */
	unsigned opens;                /* how often it was tried */
	bool busy;                     /* the budget was not enough */
	bool stuck;                    /* no room for a request */
	uint64_t look;                 /* when to look at the ring again */
	struct hvn_tx tx;
	struct hvn_rx rx;
};

/* hvn_queue.c */
/* The queue of that number, now or already; NULL: out of memory. */
struct hvn_queue *hvn_queue_new(struct hvn *, unsigned index);
void hvn_queue_free(struct hvn_queue *);
/* Its channel is open: requests may be made. */
void hvn_queue_talk(struct hvn_queue *);
void hvn_queue_run(struct hvn_queue *);
/* Ask its CPU to end all frames, in `error` what has not ended after `time`;
 * then it rests. */
void hvn_queue_stop(struct hvn_queue *, int error, uint64_t time);
/* The same at once: no other CPU uses it. */
void hvn_queue_end(struct hvn_queue *, int error);
bool hvn_queue_rests(const struct hvn_queue *);
/* It rests, and has no frame of anybody's. */
bool hvn_queue_empty(const struct hvn_queue *);
/* Its channel is closed, and so it is with the memory that the host has read. */
void hvn_queue_judge(struct hvn_queue *, enum hvn_verdict);
bool hvn_queue_runs(const struct hvn_queue *);
uint32_t hvn_queue_state(const struct hvn_queue *);
int hvn_queue_own(struct hvn_queue *, unsigned cpu);
/* Its owner was told that the NIC is gone, and so it is CPU 0's. */
void hvn_queue_home(struct hvn_queue *);
bool hvn_queue_poll(struct hvn_queue *, unsigned budget);
uint64_t hvn_queue_deadline(const struct hvn_queue *);
void hvn_queue_kick(struct hvn_queue *);
/* The host broke the protocol; the owner of the bus will see it. */
void hvn_queue_broken(struct hvn_queue *, const char *why);
/* As vmbus_send, and what it says is seen to: true, it is in the ring. */
bool hvn_queue_send(struct hvn_queue *, const struct ring_packet_out *);

/* hvn_tx.c */
void hvn_tx_open(struct hvn_queue *);
void hvn_tx_submit(struct hvn_queue *, struct pv_frame *);
/* Send the packet that is being filled; false: no room. */
bool hvn_tx_flush(struct hvn_queue *);
/* Put those that wait into packets. */
void hvn_tx_step(struct hvn_queue *);

/* hvn_tx_done.c */
void hvn_tx_finish(struct pv_frame *, int error);
/* What a slot had, besides its frames, is free again. */
void hvn_tx_release(struct hvn_tx *, uint32_t slot);
/* A completion packet: of a send, or of a request about the interface. */
void hvn_tx_completed(struct hvn_queue *, const struct ring_packet *);
/* End those that are not in a packet yet. */
void hvn_tx_abandon(struct hvn_queue *, int error);
/* No frame is on its way. */
bool hvn_tx_idle(const struct hvn_queue *);
/* End every frame, but for those whose memory the host may read still: they end
 * when it has let go of the ring, or does not. */
void hvn_tx_stop(struct hvn_queue *, int error);
void hvn_tx_release_kept(struct hvn_queue *, int error);

/* hvn_sections.c */
/* So many in a row; HVN_SECTIONS: there are none. */
unsigned hvn_sections_take(struct hvn_tx *, unsigned count);
void hvn_sections_give(struct hvn_tx *, unsigned first, unsigned count);
/* A share of the memory, for each queue that is to run. */
void hvn_sections_share(struct hvn *, unsigned queues);

/* hvn_rx.c */
int hvn_rx_open(struct hvn_queue *);
void hvn_rx_close(struct hvn_queue *);
/* A packet whose data stand in the receive buffer. */
void hvn_rx_packet(struct hvn_queue *, const struct ring_packet *);
/* Send the completions that are owed. */
void hvn_rx_acknowledge(struct hvn_queue *);

/* hvn_frame.c: a frame of the host, in memory of our own */
void hvn_frame(struct hvn_queue *, const uint8_t *message, size_t size);
void hvn_frame_forget(struct hvn_queue *);

/* ---- hvn_control.c: requests about the interface ---------------------- */

#define HVN_REPLY 1024u /* bytes of an answer that are kept */

enum hvn_control_state {
	HVN_CONTROL_FREE,    /* the owner of the bus has it */
	HVN_CONTROL_WANTED,  /* to be sent by who has queue 0 */
	HVN_CONTROL_SENDING, /* is looked at there */
	HVN_CONTROL_SENT,
	HVN_CONTROL_ANSWERING, /* the answer is being put */
	HVN_CONTROL_ANSWERED
};

struct hvn_control {
	uint32_t state; /* atomic; enum hvn_control_state */
	bool rndis;     /* else NVS */
	bool silent;    /* it has no answer */
	uint32_t id;    /* of each request another one */
	uint64_t deadline;
	uint8_t *page; /* the host reads RNDIS from there */
	uint64_t physical;
	size_t length;
	uint8_t reply[HVN_REPLY];
	size_t reply_length;
	int error;
};

/* Send what stands in `page`; the answer is in `reply` at HVN_CONTROL_ANSWERED.
 */
void hvn_control_ask(struct hvn *, bool rndis, size_t length, bool silent);
/* PV_EAGAIN: no answer yet; PV_ETIMEDOUT; PV_EIO. */
int hvn_control_answer(struct hvn *);
/* Nobody waits for an answer any more, and no queue runs. */
void hvn_control_reset(struct hvn *);
/* From queue 0. False: there is one, and no room for it. */
bool hvn_control_send(struct hvn_queue *);
void hvn_control_completed(struct hvn_queue *, uint32_t request,
    const struct ring_packet *);
/* An RNDIS message that is no frame. */
void hvn_control_received(struct hvn_queue *, const uint8_t *message,
    size_t size);
/* hvn_told.c: an NVS message in band. */
void hvn_control_told(struct hvn_queue *, const struct ring_packet *);

/* ---- The device ------------------------------------------------------- */

enum hvn_phase {
	HVN_IDLE,    /* not connected, and will be, now or at `deadline` */
	HVN_OPENING, /* the first channel */
	HVN_TALKING, /* steps are to be taken */
	HVN_RUNNING,
	HVN_CLOSING, /* until all queues rest */
	HVN_AWAY,    /* the host has taken it away */
	HVN_ASLEEP,
	HVN_UNUSABLE
};

/* In the order in which they are taken; see hvn_steps.c. */
enum hvn_step {
	HVN_STEP_INIT,
	HVN_STEP_CONFIG,
	HVN_STEP_NDIS,
	HVN_STEP_RX_LEND,
	HVN_STEP_RX_TELL,
	HVN_STEP_TX_LEND,
	HVN_STEP_TX_TELL,
	HVN_STEP_INITIALIZE,
	HVN_STEP_SET_MAC,
	HVN_STEP_PERMANENT,
	HVN_STEP_MAC,
	HVN_STEP_MTU,
	HVN_STEP_LINK,
	HVN_STEP_SPEED,
	HVN_STEP_OFFLOAD,
	HVN_STEP_PARAMETERS,
	HVN_STEP_RSS,
	HVN_STEP_SUBS,
	HVN_STEP_SUBS_OPEN,
	HVN_STEP_TABLE,
	HVN_STEP_GROUPS,
	HVN_STEP_FILTER,
	HVN_STEP_RUN,
	HVN_STEPS
};
#define HVN_BIT(step) (1u << (step))

/* What queue 0 has heard, for the owner of the bus. */
#define HVN_NEWS_LINK 0x1u
#define HVN_NEWS_SPEED 0x4u
#define HVN_NEWS_NETWORK 0x8u
#define HVN_NEWS_OFFLOAD 0x10u
#define HVN_NEWS_VF 0x20u

struct hvn_area {
	struct vmbus_gpadl gpadl; /* memory NULL: none */
	bool lending, lent;
	int error;
	uint32_t sections, section_size; /* as the host has cut it */
	size_t room;                     /* bytes of it that are sections */
};

struct hvn {
	struct pv_nic nic; /* first: its operations get that */
	struct pv_device *device;
	struct hyperv *hyperv;
	struct vmbus_channel *channel;
	enum hvn_phase phase;
	uint64_t deadline; /* of the phase; PV_NEVER */
	uint32_t todo;     /* HVN_BIT() of steps */
	enum hvn_step current;
	bool asked;    /* that one is under way */
	uint32_t redo; /* and when it is answered, it is to be taken again */
	bool running;  /* frames may go, since HVN_STEP_RUN */
	bool opened;   /* the first channel has answered */
	bool reopen;   /* something needs another connection */
	bool stepping; /* the owner of the bus is in hvn_step() */
	bool closed;   /* HVN_CLOSING: channels are, and memory is given back */
	const char
	    *why; /* atomic; it is broken, or will be once it is closed */
	int open_error;
	unsigned tries; /* that have failed */
	uint64_t next;  /* when to try again; PV_NEVER: not */

	/* what is agreed */
	uint32_t version; /* HV_NVSP_… */
	unsigned attempt; /* index of the version that is proposed */
	struct rndis_limits limits;
	struct rndis_offload hardware; /* as the host says */
	struct rndis_offload offload;  /* as the queues use it */
	unsigned rss_queues, rss_entries;
	unsigned promised; /* sub-channels */
	unsigned active;   /* queues */
	uint32_t speed;    /* in units of 100 bit/s */
	bool connected;    /* the medium */
	uint8_t permanent[6], mac[6];

	/* what is wanted, and stays through new connections */
	unsigned wanted_mtu;
	bool has_mac, promiscuous, filter;
	uint8_t wanted_mac[6];
	uint8_t groups[HVN_GROUPS][6];
	unsigned group_count;
	bool groups_taken; /* the host has the list */

	struct hvn_area receive, send;
	struct hvn_queue *queues[HVN_QUEUES];
	struct hvn_control control;

	/* from queue 0; atomic */
	uint32_t news;
	uint32_t table[HV_NVSP_INDIRECTION_ENTRIES];
	uint32_t vf_offers; /* VFs that were offered, and are not used */
	bool vf_said;
};

/* hvn.c */
void hvn_log(struct hvn *, enum pv_log, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void hvn_changed(struct hvn *);
/* The owner hears that it is, and no other CPU uses a queue after that. */
void hvn_gone(struct hvn *);

/* hvn_connect.c */
extern const struct vmbus_user hvn_user;
void hvn_step(struct hvn *);
uint64_t hvn_connect_deadline(const struct hvn *);
/* Steps that are to be taken (again). */
void hvn_again(struct hvn *, uint32_t steps);
/* The host broke the protocol. */
void hvn_break(struct hvn *, const char *why);

/* hvn_close.c */
/* End all frames, in `error` what has not ended after `time`. */
void hvn_stop(struct hvn *, int error, uint64_t time);
bool hvn_rests(const struct hvn *);
/* Once all queues rest: close the channels and give the memory back. */
void hvn_close(struct hvn *);
/* True: the host has let go, or will not, and no frame is left. */
bool hvn_closed(struct hvn *, bool late);
/* The host forgets all. */
void hvn_forget(struct hvn *);

/* hvn_channels.c: sub-channels */
extern const struct vmbus_user hvn_sub_user;
/* Open those that the host has promised and offered; PV_EAGAIN: not all are
 * there yet. */
int hvn_channels_open(struct hvn *);
/* Those that the host takes away go. True: one was in use. */
bool hvn_channels_depart(struct hvn *);
int hvn_channel_open(struct hvn *, struct hvn_queue *);

/* hvn_steps.c: PV_OK: taken; PV_EAGAIN: under way; else there is no going on. */
int hvn_take_step(struct hvn *, enum hvn_step, const char **why);

/* hvn_nvs.c, hvn_objects.c, hvn_hardware.c: what the steps ask, and what the
 * answers mean */
struct hvn_question {
	const char *name;
	bool rndis, silent;
	bool needed; /* without it there is no going on */
	/* The message in `page`; 0: it is not to be asked. */
	size_t (*ask)(struct hvn *, void *page, size_t room, uint32_t id);
	/* PV_EAGAIN: to be asked again. */
	int (*answer)(struct hvn *, const uint8_t *reply, size_t length);
	/* the host does not know, or says no */
	void (*refused)(struct hvn *);
};
extern const struct hvn_question hvn_nvs_init, hvn_nvs_config, hvn_nvs_ndis,
    hvn_nvs_receive, hvn_nvs_send, hvn_nvs_subs;
extern const struct hvn_question hvn_initialize, hvn_set_mac, hvn_permanent,
    hvn_mac, hvn_mtu, hvn_link, hvn_speed, hvn_hardware, hvn_parameters,
    hvn_rss, hvn_rss_table, hvn_set_groups, hvn_set_filter;

/* hvn_hardware.c */
void hvn_features(struct hvn *);

/* hvn_area.c: memory that the host has */
/* To send from: sections, and behind them what the queues and hvn_control need
 * for themselves. */
int hvn_area_open_send(struct hvn *);
int hvn_area_open_receive(struct hvn *);
/* What of its tail is the queue's. */
void hvn_area_heads(struct hvn *, struct hvn_queue *);
/* PV_OK: it is lent; PV_EAGAIN: will be. */
int hvn_area_lend(struct hvn *, struct hvn_area *);
void hvn_area_close(struct hvn *, struct hvn_area *);
/* Cut what the host does not know. */
void hvn_area_cut(struct hvn *);
unsigned hvn_queues_max(const struct hvn *);

/* hvn_settings.c */
int hvn_multicast(struct pv_nic *, const uint8_t (*groups)[6], unsigned count);
int hvn_promiscuous(struct pv_nic *, bool on);
int hvn_set_address(struct pv_nic *, const uint8_t mac[6]);
int hvn_set_size(struct pv_nic *, unsigned mtu);

/* The size of an NVS message, by version. */
static inline size_t
hvn_nvs_size(const struct hvn *hvn)
{
	return hvn->version >= HV_NVSP_6_1 ? HV_NVSP_SIZE_6_1 : HV_NVSP_SIZE;
}

static inline uint32_t
hvn_ndis_minor(const struct hvn *hvn)
{
	return hvn->version <= HV_NVSP_4 ? HV_NDIS_MINOR_1 : HV_NDIS_MINOR_30;
}

#endif
