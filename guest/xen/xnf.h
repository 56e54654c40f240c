/* SPDX-License-Identifier: ISC */
/*
 * What the files of xnf share: the network front end of Xen.
 *
 * A queue is an object of its own, and belongs to one CPU.  Everything about
 * XenStore, and memory, is done by the owner of the bus while the queue rests.
 */
#ifndef GUEST_XEN_XNF_H
#define GUEST_XEN_XNF_H

#include "guest/xen/ring.h"
#include "guest/xen/xenbus.h"
#include "guest/xen/xnf_chain.h"
#include "wire/xen/net.h"

#define XNF_QUEUES 8 /* at most, one for each CPU */
#define XNF_ENTRIES XEN_NET_TX_ENTRIES

/*
 * A frame of at most so many bytes is copied, in either direction, into or out
 * of a page that the back end can always reach.  So a frame of the usual MTU
 * costs no grant.  On one CPU, with all in its cache, a copy is as fast as
 * lending and ending at 1 KiB and 5 to 10 ns slower at 2 KiB; but Xen writes to
 * an entry of the table with each use, so for lending the line has to come from
 * another CPU, and for copying it does not.
 */
#define XNF_COPY 2048
/* In a longer frame only pieces up to this are copied: headers. */
#define XNF_PIECE 256
/* How long the back end may hold the memory of a frame that it says it has
 * sent, before the frame ends in PV_EBUSY. */
#define XNF_HOLD PV_SECOND
/* Receive pages that a back end may keep, each replaced by another one. */
#define XNF_SPARES 8
/* Back ends take so many groups: XEN_NETBK_MCAST_MAX of Linux. */
#define XNF_GROUPS 64
/* How long a back end may take to close; and when our device goes. */
#define XNF_CLOSE (5 * PV_SECOND)
#define XNF_GOODBYE (2 * PV_SECOND)
/* A back end that has a "carrier" may change it at any time. */
#define XNF_CARRIER (2 * PV_SECOND)
/* Events may get lost: how often a ring is looked at without one. */
#define XNF_LOOK_TX (100 * PV_MILLISECOND)
#define XNF_LOOK_RX PV_SECOND

struct xnf;
struct xnf_queue;

/* ---- xnf_area.c: pages that the back end can reach -------------------- */

#define XNF_AREA (XNF_ENTRIES + XNF_SPARES)

struct xnf_area {
	unsigned char *memory; /* NULL: there is none */
	uint64_t physical;
	unsigned pages;
	uint32_t references[XNF_AREA]; /* one for each page */
	bool lent[XNF_AREA];
};

int xnf_area_open(struct xnf *, struct xnf_area *, unsigned pages);
void xnf_area_lend(struct xnf_queue *, struct xnf_area *, unsigned page,
    bool read_only);
/* False: the back end holds it still. */
bool xnf_area_end(struct xnf_queue *, struct xnf_area *, unsigned page);
/* Free it, or leave it to the grant table for as long as somebody holds it. */
void xnf_area_close(struct xnf *, struct xnf_area *);

static inline void *
xnf_area_page(const struct xnf_area *area, unsigned page)
{
	return area->memory + (size_t)page * PV_PAGE_SIZE;
}

/* ---- A queue ---------------------------------------------------------- */

enum xnf_slot_state {
	XNF_FREE,
	XNF_COPIED, /* its page of `staging` has the bytes */
	XNF_LENT,   /* memory of the frame's owner */
	XNF_HELD,   /* answered, and the back end still holds the memory */
	XNF_LOST,   /* and never let go of it */
	XNF_GROUP   /* a request about a multicast group */
};

/* One id. */
struct xnf_slot {
	struct pv_frame *frame;
	uint16_t next;      /* of the free ones, or of those held */
	uint8_t state;      /* enum xnf_slot_state */
	uint8_t generation; /* the upper byte of the id */
};

#define XNF_NONE UINT16_MAX

struct xnf_tx {
	struct ring ring;
	struct xnf_area staging; /* a page for each id, always lent */
	/* to lend memory of others, one for each id; 0: not reserved */
	uint32_t references[XNF_ENTRIES];
	struct xnf_slot slots[XNF_ENTRIES];
	uint16_t first;   /* of the free ids */
	unsigned free;    /* so many */
	unsigned extras;  /* entries of the ring without an id */
	unsigned lost;    /* ids */
	uint16_t held;    /* the first of the ids held */
	uint64_t give_up; /* on those */
	uint32_t armed;   /* rsp_cons when the event was last set */
	struct pv_frame *waiting, **waiting_end;
};

struct xnf_rx {
	struct ring ring;
	struct xnf_area pages; /* of the entries, then spare ones */
	uint16_t page[XNF_ENTRIES];
	unsigned spare; /* the next of the spare ones */
	struct xnf_chain chain;
	uint32_t armed;
	unsigned char *copy; /* of a short frame */
	struct pv_segment segments[XNF_CHAIN_MAX];
};

enum xnf_queue_state {
	XNF_QUEUE_REST, /* the owner of the bus may do anything */
	XNF_QUEUE_RUN,
	XNF_QUEUE_STOP /* its CPU is to end all frames, and then it rests */
};

struct xnf_queue {
	struct xnf *xnf;
	unsigned index;
	unsigned cpu;       /* that polls it; 0: the owner of the bus */
	uint32_t state;     /* atomic; enum xnf_queue_state */
	int stop_error;     /* of the frames, at XNF_QUEUE_STOP */
	const char *broken; /* atomic; why it cannot go on */
	/* of the device, or its own while another CPU has the queue */
	struct pv_stats *stats, apart;
	bool split;
	struct xen_channel channel; /* of both, or of transmission */
	struct xen_channel rx_channel;
	/* events taken and not worked off yet, and whether they brought work */
	bool event, rx_event, worked, rx_worked;
	struct xnf_area rings; /* the page of each */
	uint64_t look;         /* when to look at the rings again */
	struct xnf_tx tx;
	struct xnf_rx rx;
};

/* xnf_queue.c */
/* The queue of that number, now or already; NULL: out of memory. */
struct xnf_queue *xnf_queue_new(struct xnf *, unsigned index);
/* Memory, grants and channels of a queue that rests. */
int xnf_queue_open(struct xnf_queue *, bool split);
void xnf_queue_run(struct xnf_queue *);
/* Ask its CPU to end all frames in `error`; once it rests, close frees. */
void xnf_queue_stop(struct xnf_queue *, int error);
/* The same at once: no other CPU uses it. */
void xnf_queue_end(struct xnf_queue *, int error);
bool xnf_queue_rests(const struct xnf_queue *);
bool xnf_queue_runs(const struct xnf_queue *);
void xnf_queue_close(struct xnf_queue *);
int xnf_queue_own(struct xnf_queue *, unsigned cpu);
bool xnf_queue_poll(struct xnf_queue *, unsigned budget);
uint64_t xnf_queue_deadline(const struct xnf_queue *);
/* The host broke the protocol; the owner of the bus will see it. */
void xnf_queue_broken(struct xnf_queue *, const char *why);
/* Publish what is in the rings, and signal if the host wants that. */
void xnf_queue_kick(struct xnf_queue *);

/* xnf_tx.c */
int xnf_tx_open(struct xnf_queue *);
void xnf_tx_close(struct xnf_queue *);
void xnf_tx_submit(struct xnf_queue *, struct pv_frame *);
/* Put those that wait into the ring, and look after what is held. */
void xnf_tx_step(struct xnf_queue *);
/* A request about a multicast group; false: no room now. */
bool xnf_tx_group(struct xnf_queue *, bool add, const uint8_t address[6]);

/* xnf_tx_done.c */
/* Responses taken, at most `budget`. */
unsigned xnf_tx_drain(struct xnf_queue *, unsigned budget);
/* Try again what the back end held; the frames end. */
void xnf_tx_retry(struct xnf_queue *);
/* End every frame. */
void xnf_tx_stop(struct xnf_queue *, int error);
void xnf_tx_finish(struct pv_frame *, int error);

/* xnf_plan.c: how a frame is laid into slots */
struct xnf_piece {
	size_t at;         /* in the frame */
	uint64_t physical; /* PV_NO_PHYSICAL: to be copied */
	size_t len;
};
struct xnf_plan {
	struct xnf_piece pieces[XEN_NET_SLOTS_MIN];
	unsigned count;
};
/* `copy`: all of it is to be copied. Pure; PV_EINVAL: the segments are not as
 * long as the frame. */
int xnf_plan(const struct pv_frame *, bool copy, struct xnf_plan *);
/* Bytes of a frame. */
void xnf_gather(const struct pv_frame *, size_t at, void *to, size_t size);

/* xnf_rx.c */
int xnf_rx_open(struct xnf_queue *);
void xnf_rx_close(struct xnf_queue *);
/* Entries taken, at most `budget`. */
unsigned xnf_rx_drain(struct xnf_queue *, unsigned budget);

/* ---- The device ------------------------------------------------------- */

enum xnf_phase {
	XNF_IDLE,    /* waits for the back end to be ready */
	XNF_READING, /* what the back end offers */
	XNF_WRITING, /* our rings */
	XNF_WAITING, /* for the back end to connect to them */
	XNF_ASKING,  /* whether the link is up */
	XNF_RUNNING,
	XNF_CLOSING, /* for the back end to let go of everything */
	XNF_RESET,   /* somebody before us has left it connected */
	XNF_UNUSABLE /* with this back end */
};

enum xnf_key {
	XNF_KEY_SG,
	XNF_KEY_GSO4,
	XNF_KEY_GSO6,
	XNF_KEY_NO_CSUM,
	XNF_KEY_CSUM6,
	XNF_KEY_COPY,
	XNF_KEY_SPLIT,
	XNF_KEY_QUEUES,
	XNF_KEY_MULTICAST,
	XNF_KEY_DYNAMIC,
	XNF_KEY_BACK_MAC,
	XNF_KEY_MAC,
	XNF_KEY_TRUSTED,
	XNF_KEYS_LINK, /* those below may change while it is connected */
	XNF_KEY_CARRIER = XNF_KEYS_LINK,
	XNF_KEY_HOTPLUG,
	XNF_KEY_BACK_MTU,
	XNF_KEY_MTU,
	XNF_KEYS
};

#define XNF_PAIRS (10 + 4 * XNF_QUEUES)

struct xnf {
	struct pv_nic nic; /* first: its operations get that */
	struct xenbus_device *bus;
	struct pv_device *device;
	struct xen *xen;
	enum xnf_phase phase;
	uint64_t deadline;     /* of the phase; PV_NEVER */
	unsigned back;         /* the last state of the back end that can be */
	bool fresh;            /* the back end was asked to begin */
	bool news;             /* it wrote a state, perhaps the same again */
	bool unsaid;           /* the owner has not heard of this connection */
	bool link_before;      /* it was suspended */
	bool suspended;        /* the guest is being saved */
	bool reading, writing; /* under way */

	/* what is agreed */
	unsigned active; /* queues */
	bool split;
	bool multi;     /* the number of queues stands in XenStore */
	bool untrusted; /* the back end may see nothing but frames */
	bool can_filter, can_filter_later;
	bool filter;      /* the back end is to filter multicast */
	bool tell_filter; /* and was not told yet */

	struct xnf_queue *queues[XNF_QUEUES];

	struct xenbus_read read;
	struct xenbus_write write;
	struct xenbus_value values[XNF_KEYS];
	struct xenbus_pair pairs[XNF_PAIRS];

	/* Multicast groups: those asked for, on their way to queue 0; those
	 * that it is to have, and those that it has told the back end. */
	uint32_t groups; /* atomic; enum xnf_groups: who has `wanted` */
	uint8_t wanted[XNF_GROUPS][6], goal[XNF_GROUPS][6], told[XNF_GROUPS][6];
	unsigned wanted_count, goal_count, told_count;
	bool untold;
};

enum xnf_groups {
	XNF_GROUPS_NONE,
	XNF_GROUPS_THERE,
	XNF_GROUPS_TAKING
};

/* xnf.c */
void xnf_log(struct xnf *, enum pv_log, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void xnf_changed(struct xnf *);

/* xnf_connect.c */
void xnf_backend(struct xenbus_device *, unsigned state);
void xnf_suspend(struct xenbus_device *);
void xnf_resume(struct xenbus_device *);
void xnf_resume_cancelled(struct xenbus_device *);
/* Look at both ends and go on with the connection. */
void xnf_step(struct xnf *);
/* End all frames; then, once all queues rest, free what they have. */
void xnf_stop(struct xnf *, int error);
bool xnf_rests(const struct xnf *);
void xnf_close(struct xnf *);

/* xnf_keys.c */
void xnf_keys_ask(struct xnf *, void (*done)(struct xenbus_read *));
void xnf_keys_ask_link(struct xnf *, void (*done)(struct xenbus_read *));
/* What the answers mean; PV_ENOTSUP: no use with this back end, *why says why.
 */
int xnf_keys_take(struct xnf *, const char **why);
/* True: there is news. */
bool xnf_keys_take_link(struct xnf *);
void xnf_keys_tell(struct xnf *, void (*done)(struct xenbus_write *));
void xnf_keys_tell_filter(struct xnf *, void (*done)(struct xenbus_write *));
/* "00:16:3e:01:02:03" */
bool xnf_mac_parse(const char *text, uint8_t mac[6]);

/* xnf_multicast.c */
int xnf_multicast(struct pv_nic *, const uint8_t (*groups)[6], unsigned count);
/* Tell the back end, as far as the ring has room; from the poll of queue 0. */
void xnf_multicast_step(struct xnf_queue *);
/* A new connection: the back end has no group yet. */
void xnf_multicast_anew(struct xnf *);

#endif
