/* SPDX-License-Identifier: ISC */
/* What the model of Hyper-V offers on VMBus: storvsp, netvsp, the integration
 * services with their administrator, and dynamic memory. */
#ifndef HOST_HYPERV_DEVICES_H
#define HOST_HYPERV_DEVICES_H

#include "host/hyperv/hyperv.h"

/* ---- storvsp: disks --------------------------------------------------- */

struct host_storvsp;

struct host_lun_config {
	uint8_t target, lun;
	void *bytes; /* NULL: memory of its own, zeroed */
	uint64_t size;
	uint32_t sector_size;          /* 512 or 4096; 0: 512 */
	uint32_t physical_sector_size; /* 0: the same */
	bool read_only, cdrom, unmap, no_cache;
	uint32_t unmap_granularity, unmap_alignment; /* bytes */
	bool old_inquiry; /* replies as Windows Server 2012 does */
	/* Memory that is a file's: what was written must last, and what is
	 * unmapped reads as zeros.  NULL: nothing, and zeros are written. */
	void (*flush)(void *ctx);
	void (*discard)(void *ctx, uint64_t offset, uint64_t size);
	void *ctx;
};

struct host_storvsp_config {
	bool ide;              /* the class of an IDE controller: one LUN */
	uint8_t path, place;   /* IDE: controller and place on it, 0 or 1 */
	uint16_t version_max;  /* HV_STOR_…; 0: the newest */
	unsigned max_channels; /* sub-channels; 0: none */
	uint32_t max_transfer; /* bytes; 0: 512 KiB */
};

struct host_storvsp_manners {
	uint64_t delay; /* before requests are taken, nanoseconds */
	bool reorder, stop;
	/* the n-th SCSI command from now on: */
	unsigned fail_nth, fail_count; /* count 0: 1 */
	uint8_t scsi_status, srb_status;
	uint8_t sense_key, asc, ascq;
	/* the n-th completion from now on, once: */
	unsigned bad_nth;
	enum {
		HOST_STOR_SHORT = 1, /* bytes of the packet: bad_value */
		HOST_STOR_OPERATION,
		HOST_STOR_STATUS,
		HOST_STOR_TRANSFER, /* data transfer length */
		HOST_STOR_SENSE,    /* sense length */
		HOST_STOR_ID,
		HOST_STOR_TWICE,
		HOST_STOR_LOST
	} bad_how;
	uint64_t bad_value;
	bool refuse_versions;
	/* properties; has_… says that they are so */
	bool has_max_channels, has_max_transfer;
	uint16_t max_channels;
	uint32_t max_transfer;
	uint64_t capacity_last;   /* of READ CAPACITY; 0: true */
	uint32_t capacity_sector; /* 0: true */
	bool has_capacity_sector;
};

struct host_storvsp *host_storvsp_new(struct host_hyperv *,
    const struct host_storvsp_config *);
struct host_vmbus_device *host_storvsp_device(struct host_storvsp *);
struct host_storvsp_manners *host_storvsp_manners(struct host_storvsp *);
/* Add, take away, resize; the guest is told (ENUMERATE_BUS) when `tell`. */
bool host_storvsp_add(struct host_storvsp *, const struct host_lun_config *,
    bool tell);
void host_storvsp_remove(struct host_storvsp *, uint8_t target, uint8_t lun,
    bool tell);
bool host_storvsp_resize(struct host_storvsp *, uint8_t target, uint8_t lun,
    uint64_t size, bool tell);
uint8_t *host_storvsp_bytes(struct host_storvsp *, uint8_t target, uint8_t lun);
/* Any packet to the guest, with id 0. */
void host_storvsp_unsolicited(struct host_storvsp *, uint32_t operation,
    unsigned size);
void host_storvsp_look(struct host_storvsp *);
void host_storvsp_rescind(struct host_storvsp *); /* and frees it */

struct host_storvsp_counts {
	uint64_t reads, writes, flushes, unmaps, inquiries, commands, resets;
	uint64_t bytes;
	uint64_t refused;  /* requests of the guest that are wrong */
	unsigned channels; /* open now */
	uint16_t version;
};
const struct host_storvsp_counts *host_storvsp_counts(struct host_storvsp *);

/* ---- netvsp: a NIC ---------------------------------------------------- */

struct host_netvsp;

struct host_netvsp_config {
	uint8_t mac[6];
	unsigned mtu;          /* the most a guest can have; 0: its wish */
	unsigned max_mtu;      /* 0: 9202; of more it gets 1500, or mtu */
	uint32_t version_max;  /* HV_NVSP_…; 0: the newest */
	uint32_t section_size; /* of the send buffer; 0: 6144 */
	uint32_t receive_size; /* of a suballocation; 0: by MTU, from 1728 */
	unsigned aggregate;    /* RNDIS packets in one message; 0: 8 */
	uint32_t aggregate_size, aggregate_align; /* bytes; 0: 16384, 8 */
	unsigned max_channels;                    /* with RSS; 0: 1 */
	bool no_checksum, no_lso, no_vlan, no_rsc;
	bool vf; /* a VF is offered */
	bool link_down;
};

struct host_netvsp_manners {
	uint64_t delay;
	bool stop; /* take nothing */
	bool refuse_versions;
	bool silent_rndis;     /* no RNDIS request is answered */
	bool stop_completions; /* sends are not completed */
	/* The n-th message to the guest of this kind from now on, once: bytes
	 * at `patch_at` become `patch`, and with has_len it is cut to `len`. */
	unsigned bad_nth;
	enum {
		HOST_NET_NVS = 1,   /* NVS messages: completions of requests */
		HOST_NET_SEND_DONE, /* completion of a send */
		HOST_NET_RANGES,    /* the header of a transfer-page packet */
		HOST_NET_RNDIS,     /* an RNDIS message in the receive buffer */
		HOST_NET_DESCRIPTOR /* the id of any packet */
	} bad_what;
	unsigned patch_at, patch_len;
	uint8_t patch[16];
	bool has_len;
	uint32_t len;
	bool twice, lost;
	unsigned send_table_offset; /* 0: right */
	bool has_subs;
	uint32_t subs; /* that are granted, whatever was asked */
};

struct host_netvsp *host_netvsp_new(struct host_hyperv *,
    const struct host_netvsp_config *);
struct host_vmbus_device *host_netvsp_device(struct host_netvsp *);
struct host_netvsp_manners *host_netvsp_manners(struct host_netvsp *);
void host_netvsp_look(struct host_netvsp *);
void host_netvsp_link(struct host_netvsp *, bool up);
void host_netvsp_rescind(struct host_netvsp *); /* and frees it */
/* The send table: which channel each of its 16 places means. */
void host_netvsp_table(struct host_netvsp *, const uint32_t table[16]);
/* A VF comes or goes. */
void host_netvsp_vf(struct host_netvsp *, bool allocated, uint32_t serial);
/* Any NVS message to the guest, in band. */
void host_netvsp_nvs(struct host_netvsp *, const void *bytes, size_t size);
/* Any RNDIS message through the receive buffer, in so many ranges of one
 * packet. */
bool host_netvsp_rndis(struct host_netvsp *, unsigned channel,
    const void *const *messages, const size_t *sizes, unsigned count);

/* One frame, either way. */
struct host_nv_frame {
	const uint8_t *bytes;
	size_t length;
	unsigned channel; /* to: or HOST_NV_BY_HASH, as the guest's RSS is */
	/* from the guest: what it asked for; to the guest: what is said */
	bool checksum_blank;  /* from: to be completed, as the model has done */
	bool checksum_valid;  /* to */
	unsigned lso_version; /* 0: none; 1 or 2 */
	unsigned segment_size;
	bool has_vlan;
	uint16_t vlan;
	uint32_t hash;
	unsigned rsc_segments; /* to: so many parts of one, coalesced; 0: no */
};
#define HOST_NV_BY_HASH 0xffffffffu
/* What the guest transmits, NULL: it comes back (a loop), whatever its address.
 * Segmented frames come whole, with lso_version set; in a loop they are cut, or
 * come back coalesced to a guest that takes such. */
void host_netvsp_on_frame(struct host_netvsp *,
    void (*call)(void *ctx, const struct host_nv_frame *), void *ctx);
/* False: no room in the receive buffer or ring, filtered out, not running;
 * counted as dropped.  Several sends before the guest looks make one packet
 * with several ranges. */
bool host_netvsp_send(struct host_netvsp *, const struct host_nv_frame *);

struct host_netvsp_counts {
	uint64_t tx_frames, tx_packets;  /* frames, VMBus packets with them */
	uint64_t tx_messages;            /* of RNDIS, control too */
	uint64_t tx_sections, tx_direct; /* packets by send buffer, by GPA */
	uint64_t rx_frames, rx_packets, dropped;
	uint64_t rx_completions;
	unsigned receive_in_use; /* suballocations that the guest holds */
	uint64_t refused;
	unsigned channels;
	uint32_t version, ndis; /* NDIS: major << 16 | minor */
	uint32_t filter;        /* packet filter now */
	unsigned groups;        /* multicast */
	uint8_t mac[6];         /* now */
	unsigned mtu;
	bool rss;
	unsigned vf_acknowledged, vf_switched;
};
const struct host_netvsp_counts *host_netvsp_counts(struct host_netvsp *);

/* ---- The integration services ----------------------------------------- */

struct host_ic;

enum host_ic_service {
	HOST_IC_HEARTBEAT,
	HOST_IC_SHUTDOWN,
	HOST_IC_TIMESYNC,
	HOST_IC_KVP,
	HOST_IC_VSS,
	HOST_IC_FCOPY,
	HOST_IC_COUNT
};

/* All that are in the mask (1 << HOST_IC_…); 0: all. */
struct host_ic *host_ic_new(struct host_hyperv *, unsigned services);
struct host_vmbus_device *host_ic_device(struct host_ic *,
    enum host_ic_service);

/* Each of these asks one service and returns false when it is not up or still
 * has a question; what came of it is in host_ic_answer(). */
struct host_ic_answer {
	bool answered;
	uint32_t status;
	uint64_t sequence; /* heartbeat */
	uint32_t framework, version;
	/* KVP */
	char key[769], value[3073]; /* UTF-8; numbers in decimal */
	uint32_t value_type;
	size_t value_len;
	uint8_t body[16384]; /* as it came, behind the IC header */
	size_t body_len;
};
/* framework and version are 0 until the service is up. */
const struct host_ic_answer *host_ic_answer(struct host_ic *,
    enum host_ic_service);

bool host_ic_heartbeat(struct host_ic *);
bool host_ic_shutdown(struct host_ic *, uint32_t flags, uint32_t reason,
    const char *text);
/* Host time in units of 100 ns since 1601, with the flags of the wire. */
bool host_ic_time(struct host_ic *, uint64_t time, uint8_t flags);
bool host_ic_kvp_set(struct host_ic *, unsigned pool, const char *key,
    uint32_t type, const void *value, size_t len);
bool host_ic_kvp_get(struct host_ic *, unsigned pool, const char *key);
bool host_ic_kvp_delete(struct host_ic *, unsigned pool, const char *key);
bool host_ic_kvp_enumerate(struct host_ic *, unsigned pool, uint32_t index);
/* `id` is the adapter's, text of its instance GUID; see wire/hyperv/kvp.h. */
bool host_ic_ip_get(struct host_ic *, const char *id);
/* `body` is a struct hv_kvp_ip, or hv_kvp_ip_binary from version 5 on. */
bool host_ic_ip_set(struct host_ic *, const void *body, size_t len);
bool host_ic_vss(struct host_ic *, unsigned operation);
bool host_ic_fcopy(struct host_ic *, unsigned operation);
/* Any message: the bytes behind the pipe header, as they stand. */
bool host_ic_raw(struct host_ic *, enum host_ic_service, const void *bytes,
    size_t size);

struct host_ic_manners {
	bool old_framework;            /* offers 1.0 only */
	unsigned frameworks, messages; /* counts in negotiate; 0: right */
	bool no_negotiate;             /* asks at once */
};
struct host_ic_manners *host_ic_manners(struct host_ic *, enum host_ic_service);

struct host_ic_counts {
	uint64_t questions, answers; /* negotiation is one */
	uint64_t
	    refused; /* messages of the guest that are wrong or not asked for */
	bool open;
};
const struct host_ic_counts *host_ic_counts(struct host_ic *,
    enum host_ic_service);
/* Take one away; it does not come back. */
void host_ic_rescind(struct host_ic *, enum host_ic_service);

/* ---- Dynamic memory --------------------------------------------------- */

struct host_balloon;
struct host_balloon *host_balloon_new(struct host_hyperv *);
struct host_balloon_counts {
	uint32_t version;
	bool capabilities;
	unsigned reports, refused;
	unsigned ballooned; /* pages; none of ours ever */
};
const struct host_balloon_counts *host_balloon_counts(struct host_balloon *);
struct host_vmbus_device *host_balloon_device(struct host_balloon *);
/* False: the exchange is not through, or it still has a question. */
bool host_balloon_ask(struct host_balloon *, unsigned pages);

#endif
