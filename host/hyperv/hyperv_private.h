/* SPDX-License-Identifier: ISC */
/* What the files of host/hyperv share. */
#ifndef HOST_HYPERV_HYPERV_PRIVATE_H
#define HOST_HYPERV_HYPERV_PRIVATE_H

#include "host/hyperv/hyperv.h"
#include "host/hyperv/later.h"
#include "wire/hyperv/ring.h"
#include "wire/hyperv/tlfs.h"

#define ROOT_VCPUS 32
#define ROOT_SUBS 64 /* sub-channels of a device, at most */
/* Calls of the world that a timer waits for, at most: they cannot be called off.
 */
#define ROOT_TRIES 192
#define ROOT_POSTS 32 /* messages of the guest that wait for VMBus */
/* Packets of one channel before others are served. */
#define ROOT_PACKETS 512
#define ROOT_TSC_HZ 2000000000u
#define ROOT_TSC_HZ_MAX 16000000000ull
#define ROOT_MONITORS (HV_MONITOR_GROUPS * HV_MONITOR_TRIGGERS)

/* Where a channel's signals go: the guest finds it in the offer. */
#define ROOT_CONNECTION(relid) (0x2000u + (relid))

/* ---- What a vCPU has -------------------------------------------------- */

struct root_waiting {
	struct root_waiting *next;
	struct hv_message message;
};

struct root_sint {
	uint64_t value;
	struct root_waiting *first, *last;
	unsigned count;
};

struct root_timer {
	struct host_hyperv *host;
	unsigned vcpu, number;
	uint64_t config, count;
	bool armed;
	uint64_t due; /* reference time */
	/* calls of the world's that are to come, in nanoseconds */
	unsigned waits;
	uint64_t tries[ROOT_TRIES];
	bool unsent; /* its message has found no slot yet */
};

struct root_vcpu {
	uint64_t scontrol, siefp, simp, assist;
	struct root_sint sints[HV_SINTS];
	struct root_timer timers[HV_STIMERS];
};

/* ---- VMBus ------------------------------------------------------------ */

/* One message on its way; to the guest, with where it goes. */
struct root_letter {
	struct root_letter *next;
	unsigned vcpu, sint;
	uint32_t type;
	unsigned size;
	uint32_t connection; /* from the guest: where it was posted */
	uint8_t payload[HV_MESSAGE_PAYLOAD];
};

struct root_letters {
	struct root_letter *first, *last;
	unsigned count;
};

/* A piece of a GPADL, in one page. */
struct root_piece {
	uint64_t address;
	uint64_t start; /* in the GPADL */
	uint32_t bytes;
};

struct root_gpadl {
	struct root_gpadl *next;
	uint32_t id, relid;
	uint8_t *bytes; /* of the ranges, until there are all of them */
	uint32_t size, have;
	unsigned ranges;
	bool created, ring, torn;
	struct root_piece *pieces;
	unsigned count;
	uint64_t length;
};

enum root_relid_state {
	RELID_FREE,
	RELID_OFFERED,
	RELID_RESCINDED,
	RELID_RELEASED, /* by the guest: it must not use it any more */
	RELID_RAW       /* a test's offer, with nothing behind it */
};

struct root_relid {
	enum root_relid_state state;
	struct host_vmbus_channel *channel; /* NULL: it has gone */
	struct host_vmbus_device *device;
};

struct root_ring {
	uint32_t page;      /* of the GPADL, where its header is */
	uint32_t size;      /* bytes of data */
	uint32_t own;       /* our index */
	uint32_t published; /* what the guest knows of it */
	uint32_t other;     /* the guest's index when last looked at, checked */
	/* what the guest's index was before a test wrote junk over it */
	bool hidden;
	uint32_t hidden_index, junk;
};

struct host_vmbus_channel {
	struct host_hyperv *host;
	struct host_vmbus_device *device;
	unsigned sub;
	uint32_t relid; /* 0: not offered */
	bool open, opening, raise_later;
	bool broken;    /* the ring's words cannot be */
	bool looked_at; /* its bit of the monitor page is */
	uint32_t vp;
	bool monitored;
	uint8_t monitor;
	struct root_gpadl *gpadl; /* of the rings */
	struct root_ring in, out; /* from the guest, to it */
	bool wants_room;
	bool polling; /* for room, where the guest will not tell */
	bool closing;
	unsigned left;   /* packets that are taken before others are served */
	uint8_t *packet; /* the last one received */
	size_t packet_room;
	struct host_ring_manners manners;
	struct host_ring_counts counts;
};

struct host_vmbus_device {
	struct host_vmbus_device *next;
	struct host_hyperv *host;
	struct host_vmbus_kind kind;
	void *self;
	struct hv_guid instance;
	bool rescinded;
	unsigned subs; /* offered now */
	struct host_vmbus_channel *channels[ROOT_SUBS + 1];
};

struct host_hyperv {
	struct host_hyperv_config config;
	struct host_world world;
	struct host_hyperv_manners manners;
	struct host_hyperv_counts counts;

	uint64_t hypercall; /* the register */
	uint8_t under_hypercall[HV_PAGE_SIZE];
	uint64_t crash[5];
	uint64_t reference_tsc; /* the register */
	uint32_t tsc_sequence;
	uint64_t born; /* when reference time was 0, in nanoseconds */
	uint64_t jumped;
	struct root_vcpu vcpus[ROOT_VCPUS];

	/* the connection */
	bool connected, offers_sent;
	uint32_t version;
	uint32_t features; /* of 6.0 */
	unsigned vcpu, sint;
	uint32_t connection;     /* where messages of the guest go */
	uint64_t interrupt_page; /* 0: none */
	uint64_t monitor_to_host;
	unsigned monitored;    /* channels open that are */
	unsigned monitor_idle; /* looks in vain */
	bool monitor_waits;

	struct root_letters inbox, outbox;
	unsigned contacts; /* in the inbox */
	bool work_waits, ending;
	struct host_vmbus_device *devices;
	struct root_relid relids[HV_VMBUS_RELIDS];
	uint64_t marks[HV_VMBUS_RELIDS / 64]; /* that have been signalled */
	uint32_t last_relid;
	struct root_gpadl *gpadls;
	size_t gpadl_bytes;               /* of their descriptions */
	uint32_t monitors[ROOT_MONITORS]; /* relids */
	bool tick_waits;
	unsigned instances;          /* made so far */
	struct hyperv_timers timers; /* of devices */
};

/* hyperv.c: memory of the model's own; it cannot go on without. */
void *root_alloc(size_t size);
/* Let root_work() run soon. */
void root_kick(struct host_hyperv *);
/* The guest's memory; NULL, and a violation: not its own any more. */
void *root_map(struct host_hyperv *, uint64_t address, size_t size);

/* hypercall.c */
void root_hypercall_place(struct host_hyperv *, uint64_t value);
void root_hypercall_reset(struct host_hyperv *);

/* synic.c */
void root_synic_reset(struct host_hyperv *);
bool root_synic_read(struct host_hyperv *, unsigned vcpu, uint32_t msr,
    uint64_t *value);
bool root_synic_write(struct host_hyperv *, unsigned vcpu, uint32_t msr,
    uint64_t value);
/* Into the slot, or behind those that wait for it. */
void root_message(struct host_hyperv *, unsigned vcpu, unsigned sint,
    uint32_t type, const void *payload, unsigned size);
unsigned root_messages_waiting(const struct host_hyperv *, unsigned vcpu,
    unsigned sint);
void root_event(struct host_hyperv *, unsigned vcpu, unsigned sint,
    unsigned flag);

/* time.c: reference time, in units of 100 ns */
uint64_t root_time(const struct host_hyperv *);
void root_tsc_place(struct host_hyperv *, uint64_t value);

/* stimer.c */
void root_timers_init(struct host_hyperv *);
void root_timers_reset(struct host_hyperv *);
void root_timers_jumped(struct host_hyperv *);
bool root_timer_read(struct host_hyperv *, unsigned vcpu, uint32_t msr,
    uint64_t *value);
bool root_timer_write(struct host_hyperv *, unsigned vcpu, uint32_t msr,
    uint64_t value);
void root_timer_sent(struct host_hyperv *, unsigned vcpu,
    const struct hv_message *);

/* vmbus.c */
unsigned root_post(struct host_hyperv *, const struct hv_post_message *);
void root_vmbus_work(struct host_hyperv *);
/* There is room in a slot. */
void root_vmbus_feed(struct host_hyperv *);
/* A message of VMBus to the guest. */
void root_vmbus_send(struct host_hyperv *, const void *payload, size_t size);
void root_letters_free(struct root_letters *);
/* The channel of a message; NULL: there is none, and that is counted. */
struct root_relid *root_relid(struct host_hyperv *, uint32_t relid);
/* It has been taken away, which the guest may not know yet. */
bool root_is_rescinded(const struct host_hyperv *, uint32_t relid);

/* connection.c */
void root_disconnect(struct host_hyperv *);
void root_initiate_contact(struct host_hyperv *, const void *message,
    size_t size);
void root_unload(struct host_hyperv *, const void *message, size_t size);
void root_modify_connection(struct host_hyperv *, const void *message,
    size_t size);

/* offers.c */
void root_request_offers(struct host_hyperv *);
void root_offer(struct host_vmbus_channel *);
void root_released(struct host_hyperv *, uint32_t relid);
void root_relids_free(struct host_hyperv *);
void root_subs_rescind(struct host_vmbus_device *);
void root_devices_free(struct host_hyperv *);

/* gpadl.c */
void root_gpadl_header(struct host_hyperv *, const void *message, size_t size);
void root_gpadl_body(struct host_hyperv *, const void *message, size_t size);
void root_gpadl_teardown(struct host_hyperv *,
    const struct hv_vmbus_gpadl_teardown *);
struct root_gpadl *root_gpadl_find(struct host_hyperv *, uint32_t relid,
    uint32_t id);
/* The channel is closed: what was asked for meanwhile is done. */
void root_gpadl_unused(struct host_hyperv *, struct root_gpadl *);
/* Those of a channel, or all with relid 0. */
void root_gpadls_free(struct host_hyperv *, uint32_t relid);

/* channel.c */
void root_open(struct host_hyperv *, const struct hv_vmbus_open *);
void root_close(struct host_hyperv *, const struct hv_vmbus_close *);
void root_modify(struct host_hyperv *, const struct hv_vmbus_modify_channel *);
void root_channel_close(struct host_vmbus_channel *);
unsigned root_signal(struct host_hyperv *, uint32_t connection, unsigned flag);
void root_channel_mark(struct host_hyperv *, uint32_t relid);
void root_channels_work(struct host_hyperv *);
/* Interrupt the guest. */
void root_channel_raise(struct host_vmbus_channel *);
/* Look after channels that storm, or wait for room, in a while. */
void root_tick(struct host_hyperv *, uint64_t delay);

/* ring.c */
struct hv_ring *root_ring_header(struct host_vmbus_channel *,
    const struct root_ring *);
/* Bytes of the data, round its end: to `to`, or from `from`. */
bool root_ring_copy(struct host_vmbus_channel *, const struct root_ring *,
    uint32_t offset, void *to, const void *from, size_t size);
uint32_t root_ring_distance(const struct root_ring *, uint32_t from,
    uint32_t to);
/* It cannot be used any more: false. */
bool root_ring_spoiled(struct host_vmbus_channel *);
uint32_t root_ring_guest_index(struct root_ring *, const uint32_t *word);
bool root_ring_is_index(const struct root_ring *, uint32_t index);
bool root_rings_init(struct host_vmbus_channel *, uint32_t to_guest_page);
void root_ring_mask(struct host_vmbus_channel *, bool masked);
bool root_ring_write_index(struct host_vmbus_channel *, uint32_t *index);

/* monitor.c */
void root_monitor_open(struct host_vmbus_channel *);
void root_monitor_close(struct host_vmbus_channel *);
void root_monitor_scan(struct host_hyperv *);

#endif
