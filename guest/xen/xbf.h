/* SPDX-License-Identifier: ISC */
/*
 * xbf: the front end of a Xen block device, what its files share.
 *
 * xbf.c is the driver as the bus sees it, xbf_connect.c follows the states of
 * the back end, xbf_online.c has all queues of a connection, xbf_keys.c reads
 * and writes XenStore.  xbf_queue.c holds what a
 * queue lends to the host, xbf_io.c makes requests of the ring out of requests
 * of the owner, and xbf_complete.c takes the answers.
 *
 * Threads: CPU 0 runs the connection.  A queue's ring, slots and grants belong
 * to the CPU that has taken it, while `stopped` is 0; `mode` and `dead` are how
 * CPU 0 tells it to let go, and `stopped` is how it says that it has.
 */
#ifndef GUEST_XEN_XBF_H
#define GUEST_XEN_XBF_H

#include "guest/xen/ring.h"
#include "guest/xen/xenbus.h"
#include "wire/xen/block.h"

#define XBF_QUEUES_MAX 16
#define XBF_RING_PAGES_MAX 8 /* as in OpenBSD's xbf */
#define XBF_RING_SLOTS_MAX 256
/* Linux's blkback takes no more (xen_blkif_max_segments is at most that). */
#define XBF_SEGMENTS_MAX 256

/* Pages to copy through, and references to lend the owner's pages by, of one
 * device: shared out to its queues. */
#define XBF_COPY_PAGES 1024
#define XBF_REFERENCES 2048
#define XBF_BOUNCE_PAGES 32   /* of a queue that mostly does not copy */
#define XBF_INDIRECT_PAGES 32 /* of a queue */

/* A request that was answered has no reason to keep the memory mapped; a back
 * end that goes away may need its time. */
#define XBF_HOLD_ANSWERED (1 * PV_SECOND)
#define XBF_HOLD_RESET (30 * PV_SECOND)
#define XBF_HOLD_RETRY (1 * PV_MILLISECOND)
/* Requests under way when the back end closes. */
#define XBF_FINISH (10 * PV_SECOND)
/* No answer to any request for so long: connect anew, once more for each. */
#define XBF_ANSWER (60 * PV_SECOND)
#define XBF_HANDSHAKE (20 * PV_SECOND)
#define XBF_RESETS_MAX 3
/* How long a lost event, or one that was asked for too late, can go unseen. */
#define XBF_LOST_EVENT (100 * PV_MILLISECOND)
#define XBF_LATE_EVENT (1 * PV_MILLISECOND)
/* A queue of another CPU hears no other way that it is to stop or may go on. */
#define XBF_LOOK PV_SECOND
/* Completions that a submit runs at most: its own, mostly. */
#define XBF_FINISHED_AT_ONCE 64
/* As our device goes: for the other end to close too. */
#define XBF_GOODBYE (2 * PV_SECOND)

/* One reference, and the page behind it when it is ours. */
struct xbf_grant {
	struct xbf_grant *next; /* free, in a request, or held */
	void *page;             /* NULL: lent is a page of the owner's */
	uint64_t physical;
	uint32_t reference;
	uint16_t length; /* bytes that the request has there */
	bool lent;       /* the host can reach it */
	/* held by the host against the rules */
	struct pv_io *io; /* that waits for it, or NULL */
	uint64_t until;
};

/* A request in the ring. */
struct xbf_slot {
	struct pv_io *io;
	struct xbf_grant *grants; /* in the order of its segments */
	struct xbf_grant *indirect;
	uint64_t start; /* where in the io it begins: progress … */
	size_t within;  /* … within … */
	unsigned segment;
	uint32_t length;
	uint64_t sequence; /* of all requests of the queue, from 1 on */
	uint8_t operation;
	bool used;
};

enum xbf_mode {
	XBF_STOP,  /* let go of everything */
	XBF_DRAIN, /* take answers, issue nothing */
	XBF_RUN
};

struct xbf_queue {
	struct xbf *xbf;
	unsigned number, cpu;
	bool taken;       /* by another CPU than 0 */
	uint32_t mode;    /* atomic; enum xbf_mode */
	uint32_t stopped; /* atomic; CPU 0 may have all that follows */
	struct pv_stats stats, told;

	struct xen_channel channel;
	struct ring ring;
	void *ring_memory;
	unsigned ring_pages;
	uint32_t ring_references[XBF_RING_PAGES_MAX];

	struct xbf_slot *slots; /* as many as the ring has entries */
	uint16_t *slots_free;
	unsigned slots_count, slots_left;
	uint32_t in_flight; /* atomic for readers */
	uint64_t sequence;

	struct xbf_grant *grants; /* all of them */
	unsigned grants_count, grants_room;
	struct xbf_grant *pages; /* free, last used first */
	struct xbf_grant *references;
	struct xbf_grant *indirects;
	unsigned pages_left, references_left;
	unsigned segments_max; /* in one request */
	struct xbf_grant *held;

	struct pv_io *waiting, **waiting_end;
	struct pv_io *finished, **finished_end;
	bool completing;

	uint64_t looked; /* at the ring, for the last time */
	uint64_t since;  /* nothing was answered; 0: not measured */
	bool early;      /* the next answer is announced */
	uint32_t late;   /* atomic: no answer for too long */
};

enum xbf_phase {
	XBF_WAITING,   /* for the back end to be there */
	XBF_READING,   /* what sort of rings it takes */
	XBF_WRITING,   /* where ours are */
	XBF_ASKING,    /* and now it is to connect */
	XBF_SIZING,    /* what the disk is like */
	XBF_RUNNING,   /* online */
	XBF_FINISHING, /* the back end closes: no new requests */
	XBF_STOPPING   /* the queues let go of what they lent */
};

enum xbf_key {
	XBF_K_RING_ORDER,
	XBF_K_RING_PAGES,
	XBF_K_MAX_QUEUES,
	XBF_K_TRUSTED_FRONT,
	XBF_K_TRUSTED_BACK,
	XBF_K_BEFORE, /* those above are known before we write ours */

	XBF_K_SECTORS = XBF_K_BEFORE,
	XBF_K_SECTOR_SIZE,
	XBF_K_PHYSICAL_SECTOR_SIZE,
	XBF_K_INFO,
	XBF_K_MODE,
	XBF_K_FLUSH,
	XBF_K_BARRIER,
	XBF_K_DISCARD,
	XBF_K_GRANULARITY,
	XBF_K_ALIGNMENT,
	XBF_K_SECURE,
	XBF_K_PERSISTENT,
	XBF_K_INDIRECT,
	XBF_K_AFTER,

	XBF_K_ONLINE = XBF_K_AFTER,
	XBF_KEYS
};

struct xbf {
	struct pv_disk disk; /* first: its operations get that */
	struct pv_device *device;
	struct xenbus_device *xenbus;
	struct xen *xen;
	uint16_t handle;

	enum xbf_phase phase;
	unsigned back;       /* the last state of the back end that can be */
	bool suspended;      /* the guest is being saved, or we are detached */
	bool resetting;      /* it is us who closes */
	unsigned generation; /* of xen, that what is lent belongs to */
	bool asked_online;   /* whether a closed back end may come back */
	bool said_closed;    /* state Closed was written, of this connection */
	uint64_t again;      /* not before */
	uint64_t reset_at;
	bool resize;      /* the back end has something to say of its size */
	bool many, multi; /* such keys stand in XenStore */
	unsigned resets;  /* not long ago */
	uint64_t until;   /* of the phase; PV_NEVER */

	/* what is agreed */
	unsigned queues_open, ring_pages;
	bool untrusted, persistent, copies, barrier;
	uint8_t flush; /* the operation for that; XBF_NO_FLUSH */
	uint32_t
	    refused; /* atomic; 1 << operation: the host does not, after all */

	uint32_t dead; /* atomic; 0, or minus the error of all requests */
	const char *why;
	bool buried;

	struct xenbus_value values[XBF_KEYS];
	struct xenbus_read read;
	struct xenbus_write write;
	struct xenbus_pair *pairs;
	unsigned pairs_room;
	bool reading, writing; /* under way */
	bool answered;         /* while asleep */
	int answer;
	/* of connecting: an answer for an earlier one is left alone */
	unsigned asked_attempt, attempt;

	struct xbf_queue *queues;
	unsigned queues_count; /* that there can be */
};

#define XBF_NO_FLUSH 0xff

/* ---- xbf.c ------------------------------------------------------------ */

void xbf_log(struct xbf *, enum pv_log, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* From any CPU: all requests end in PV_EPROTO, and the device is broken once
 * they have. The first reason counts. */
void xbf_break(struct xbf *, const char *why);
static inline int
xbf_dead(struct xbf *xbf)
{
	return -(int)__atomic_load_n(&xbf->dead, __ATOMIC_ACQUIRE);
}

/* Between being saved and being told of it nothing is begun: what was lent is
 * forgotten, and the other end another one. */
static inline bool
xbf_asleep(const struct xbf *xbf)
{
	return xbf->suspended || xbf->generation != xbf->xen->generation;
}

/* ---- xbf_connect.c ---------------------------------------------------- */

/* Look at both ends and go on with the connection. */
void xbf_step(struct xbf *);
/* XenStore did what xbf_keys.c asked for. */
void xbf_answered(struct xbf *, int error);
/* The back end wrote a state. */
void xbf_backend(struct xenbus_device *, unsigned state);
/* Let go of the connection and make it anew, with all requests. */
void xbf_reset(struct xbf *);
void xbf_suspend(struct xenbus_device *);
void xbf_resume(struct xenbus_device *);
void xbf_resume_cancelled(struct xenbus_device *);

/* ---- xbf_online.c ------------------------------------------------------ */

/* In order: fewer queues, a smaller ring, none. */
int xbf_open_queues(struct xbf *);
int xbf_equip_queues(struct xbf *);
/* Requests go out from now on. */
void xbf_start_queues(struct xbf *);
void xbf_online(struct xbf *);
/* Tell the owner that requests wait from now on. */
void xbf_offline(struct xbf *);
void xbf_changed(struct xbf *);

/* ---- xbf_keys.c ------------------------------------------------------- */

/* Each ends in xbf_answered(). */
void xbf_read_before(struct xbf *);
void xbf_read_after(struct xbf *);
void xbf_read_online(struct xbf *);
/* 0, or PV_ENOMEM. */
int xbf_write_rings(struct xbf *);
/* Take what was read: how many queues and pages. */
void xbf_agree(struct xbf *);
bool xbf_may_begin(struct xbf *);
/* What the disk is like; an impossible one is PV_EPROTO. */
int xbf_geometry(struct xbf *);
/* Only what can change while it is in use; an impossible size is left out. */
void xbf_resized(struct xbf *);
unsigned xbf_segments(struct xbf *);

/* ---- xbf_queue.c ------------------------------------------------------ */

/* The ring, its channel and its slots. */
int xbf_queue_open(struct xbf_queue *, unsigned ring_pages);
/* References and pages, for requests of so many segments. */
int xbf_queue_equip(struct xbf_queue *, unsigned segments);
/* Nothing is lent any more, or it is given up. */
void xbf_queue_close(struct xbf_queue *);
/* All that is in the ring waits again, in the order it was in; with an error it
 * ends in that. */
void xbf_queue_halt(struct xbf_queue *, int error, uint64_t hold_until);
void xbf_queue_stats(struct xbf_queue *, struct pv_stats *sum);

/* ---- xbf_io.c --------------------------------------------------------- */

void xbf_submit(struct pv_disk *, unsigned queue, struct pv_io *);
/* The queue that a request to that one goes by; and, for one that the last
 * connection did not get anew, another that is CPU 0's, or NULL. */
struct xbf_queue *xbf_choose(struct xbf *, unsigned number);
struct xbf_queue *xbf_stand_in(struct xbf *, unsigned number);
/* Put what waits into the ring. */
void xbf_issue(struct xbf_queue *);
/* Let the host see it. */
void xbf_publish(struct xbf_queue *);

/* ---- xbf_memory.c ----------------------------------------------------- */

/* As much of an io as one request of the ring carries. */
struct xbf_plan {
	size_t length;
	unsigned segments;
	bool starved; /* it could be longer with more pages or references */
};
struct xbf_plan xbf_make_plan(const struct xbf_queue *, const struct pv_io *);
/* Lend what the plan says, and name it in `to`. */
void xbf_lend(struct xbf_queue *, struct xbf_slot *, const struct xbf_plan *,
    struct xen_blk_segment *to);

/* ---- xbf_complete.c --------------------------------------------------- */

bool xbf_queue_poll(struct xbf_queue *, unsigned budget);
uint64_t xbf_queue_deadline(const struct xbf_queue *);
/* How many answers from now one is worth an event. */
unsigned xbf_ahead(struct xbf_queue *);
/* Take back what a slot has lent; the host may keep it for a while.  PV_EAGAIN:
 * it is to be done again. */
void xbf_slot_end(struct xbf_queue *, struct xbf_slot *, int error,
    uint64_t hold_until);
/* One part of an io is done. */
void xbf_part_done(struct xbf_queue *, struct pv_io *, int error);
void xbf_finish(struct xbf_queue *, struct pv_io *);
bool xbf_run_finished(struct xbf_queue *, unsigned budget);
/* The host keeps the owner's page: wait no longer for it. */
void xbf_held_expire(struct xbf_queue *);

#endif
