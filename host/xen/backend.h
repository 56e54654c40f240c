/* SPDX-License-Identifier: ISC */
/* The back ends of domain 0: blkback on memory or a file, netback to a peer. */
#ifndef HOST_XEN_BACKEND_H
#define HOST_XEN_BACKEND_H

#include "host/xen/xenstored.h"

/* ---- blkback ---------------------------------------------------------- */

struct host_blkback;

struct host_disk_config {
	unsigned device;      /* 51712 is xvda */
	void *bytes;          /* the disk; NULL: memory of its own, zeroed */
	uint64_t size;        /* bytes */
	uint32_t sector_size; /* 512 or 4096; 0: 512 */
	uint32_t physical_sector_size;
	bool read_only, cdrom, removable;
	/* what is announced; 0 or false: not */
	unsigned max_queues;
	unsigned max_ring_order; /* max-ring-page-order */
	unsigned max_ring_pages; /* the other naming scheme */
	unsigned indirect;       /* feature-max-indirect-segments */
	unsigned max_persistent; /* grants of a queue that stay mapped; 0: as
				  * many as with Linux, 1056 */
	bool persistent, flush, barrier, discard, secure_discard, untrusted;
	uint32_t discard_granularity, discard_alignment;
	/* what is announced of flush, barrier, discard and persistent comes
	 * with Connected, as from Linux, not before InitWait, as from QEMU */
	bool late_features;
	/* Bytes that are a file's: what was written must last, and what is
	 * discarded reads as zeros.  NULL: nothing, and zeros are written. */
	void (*sync)(void *ctx);
	void (*erase)(void *ctx, uint64_t offset, uint64_t size);
	void *ctx;
};

struct host_blkback_manners {
	uint64_t delay;      /* before requests are taken, nanoseconds */
	bool reorder;        /* answers in the order of the seed */
	bool stop;           /* take nothing */
	unsigned fail_nth;   /* the n-th request from now on ends in an error */
	int fail_status;     /* that; 0: -1 */
	unsigned fail_count; /* so many of them; 0: 1 */
	/* about responses: the n-th from now on, once; 0: none */
	unsigned bad_id_nth; /* has the id `bad_id` */
	uint64_t bad_id;
	unsigned twice_nth;     /* comes twice */
	unsigned bad_op_nth;    /* has another operation */
	unsigned lost_nth;      /* does not come */
	uint32_t producer_jump; /* added to rsp_prod, once */
	bool producer_back;     /* rsp_prod goes back by one, once */
	unsigned storm;         /* events without work, so many */
	bool never_signal;      /* no events at all */
	bool rewrite_indices;   /* writes junk over the guest's own indices */
	bool keep_grants;       /* does not unmap what it has mapped */
};
/* All of this takes effect when the ring is looked at, for the guest has
 * signalled; or now. */
void host_blkback_look(struct host_blkback *);

/* NULL: out of memory.  The front end's directory appears in the guest's
 * device/vbd, as the toolstack makes it. */
struct host_blkback *host_blkback_new(struct host_xen *,
    const struct host_disk_config *);
/* Closes and removes; the guest is asked first when `polite`. */
void host_blkback_remove(struct host_blkback *, bool polite);
void host_blkback_free(struct host_blkback *);
struct host_blkback_manners *host_blkback_manners(struct host_blkback *);
uint8_t *host_blkback_bytes(struct host_blkback *);
/* Online resize: sectors, then the state again.  Bytes of the caller's must be
 * there already. */
void host_blkback_resize(struct host_blkback *, uint64_t size);
/* The back end closes, and comes back a millisecond later with what `config`
 * announces; its bytes stay unless it names others.  A front end connects anew
 * once it has moved.  After a removal: the device comes back. */
void host_blkback_restart(struct host_blkback *,
    const struct host_disk_config *);
/* Write any number as its state; or remove its directory (state 0). */
void host_blkback_state(struct host_blkback *, unsigned state);

/* From now on, through connections and restarts, this key of its directory has
 * that value whatever is true; NULL: it is absent. */
void host_blkback_say(struct host_blkback *, const char *key,
    const char *value);

struct host_blkback_counts {
	/* requests that were done; those of `indirects` are reads or writes
	 * as well, and are answered as such, as by Linux */
	uint64_t reads, writes, flushes, barriers, discards, indirects;
	uint64_t segments;
	uint64_t persistent_hits;
	/* each time that responses were published; without storms */
	uint64_t signals_sent, signals_elided;
	uint64_t refused;            /* requests of the guest that are wrong */
	unsigned refused_connects;   /* what it wrote to XenStore is */
	unsigned queues, ring_pages; /* now connected; pages of each ring */
	unsigned persistent;         /* grants that stay mapped now */
	unsigned restarts;
};
const struct host_blkback_counts *host_blkback_counts(struct host_blkback *);

/* ---- netback ---------------------------------------------------------- */

struct host_netback;

struct host_nic_config {
	unsigned handle;
	uint8_t mac[6];
	unsigned mtu; /* 0: no key */
	bool no_sg, no_gso4, no_gso6, no_csum4, no_ipv6_csum;
	bool no_copy, no_notify;
	bool split, multicast, xdp_headroom, untrusted;
	unsigned max_queues; /* multi-queue-max-queues; 0: no key */
};

struct host_netback_manners {
	uint64_t delay; /* before requests are taken, nanoseconds */
	bool stop;      /* take nothing */
	/* the n-th response or frame from now on, once; 0: none */
	unsigned bad_rx_id_nth; /* response with the id `bad_rx_id` */
	uint16_t bad_rx_id;
	unsigned rx_status_nth; /* response with this status */
	int rx_status;
	unsigned rx_offset_nth; /* response with this offset */
	uint16_t rx_offset;
	bool rx_more_forever; /* MORE_DATA on each */
	unsigned extra_nth;   /* frame with an extra info of these contents */
	uint8_t extra_type, extra_flags, extra_gso_type;
	uint16_t extra_gso_size;
	unsigned tx_id_nth; /* response with the id `tx_id` */
	uint16_t tx_id;
	unsigned tx_twice_nth, tx_error_nth; /* responses */
	/* added to rsp_prod, once */
	uint32_t tx_producer_jump, rx_producer_jump;
	unsigned storm;    /* events without work, so many */
	bool never_signal; /* no events at all */
	bool keep_grants;  /* does not unmap its rings */
};

struct host_netback *host_netback_new(struct host_xen *,
    const struct host_nic_config *);
void host_netback_remove(struct host_netback *, bool polite);
void host_netback_free(struct host_netback *);
struct host_netback_manners *host_netback_manners(struct host_netback *);
/* Manners take effect with the next frame either way; or now. */
void host_netback_look(struct host_netback *);
/* Write any number as its state; or remove its directory (state 0). */
void host_netback_state(struct host_netback *, unsigned state);
/* As host_blkback_say() and host_blkback_restart(). */
void host_netback_say(struct host_netback *, const char *key,
    const char *value);
void host_netback_restart(struct host_netback *,
    const struct host_nic_config *);
/* The key "carrier"; without it the link is up. */
void host_netback_carrier(struct host_netback *, bool up);

/* What the guest transmits, one frame whole: segmentation and checksum as it
 * asked for them. NULL: frames come back to the guest (a loop). */
struct host_frame {
	const uint8_t *bytes;
	size_t length;
	unsigned queue;
	bool checksum_blank, checksum_valid;
	unsigned gso_type, gso_size; /* wire/xen/net.h; 0: none */
	bool has_hash;               /* an extra info says so */
	uint8_t hash_type;           /* bit number of XEN_NET_HASH_… */
	uint32_t hash;
};
void host_netback_on_frame(struct host_netback *,
    void (*call)(void *ctx, const struct host_frame *), void *ctx);
/* To the guest: its checksum is made good where the guest does not take it
 * blank.  It is published a moment later, with others.  False: dropped and
 * counted, for there is no room in the ring, the guest takes no such frame or
 * not this multicast group, or it is not connected. */
bool host_netback_send(struct host_netback *, const struct host_frame *);
/* Whether it is connected, and takes frames with a segment size of either
 * kind. */
bool host_netback_takes_segments(const struct host_netback *);

struct host_netback_counts {
	/* frames that went well, and their slots, extra infos too */
	uint64_t tx_frames, tx_slots, rx_frames, rx_slots, dropped;
	/* each time that responses were published; without storms */
	uint64_t signals_sent, signals_elided;
	uint64_t refused; /* frames or slots of the guest that are wrong */
	unsigned refused_connects; /* what it wrote to XenStore is */
	unsigned queues;           /* now connected */
	bool split;                /* each with two event channels */
	bool disabled;             /* until it connects anew */
	unsigned multicast_groups;
	unsigned restarts;
};
const struct host_netback_counts *host_netback_counts(struct host_netback *);

#endif
