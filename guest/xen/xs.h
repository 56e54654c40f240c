/* SPDX-License-Identifier: ISC */
/*
 * A client of XenStore.  The engine (struct xs) turns requests into bytes and
 * bytes into answers and events, and knows of no ring; a link carries the bytes
 * over a transport.  One context owns both.
 */
#ifndef GUEST_XEN_XS_H
#define GUEST_XEN_XS_H

#include "guest/xen/xen.h"
#include "wire/xen/store.h"

/* A guest may have 20 requests under way (quota of C xenstored 4.17); a few
 * are left for whoever else uses the connection. */
#define XS_OUTSTANDING 16u
/* Those, and as many that were given up and may still be answered. */
#define XS_SLOTS 32u
/* Quotas of C xenstored: 128 watches, 10 transactions of a guest. */
#define XS_WATCHES 128u
#define XS_TRANSACTIONS 8u
#define XS_ABORTS 16u

#define XS_TIMEOUT (10 * PV_SECOND)

struct xs;

/* ---- Requests --------------------------------------------------------- */

struct xs_part {
	const void *bytes;
	size_t size;
};

/*
 * The caller owns it and what it points to until `done`, which is called once,
 * from xs_input() or xs_expire(), and may submit it again.
 */
struct xs_request {
	uint32_t type;           /* XEN_STORE_… */
	uint32_t transaction;    /* 0: none */
	struct xs_part parts[3]; /* of the payload, one after the other */
	uint64_t deadline;       /* 0: in XS_TIMEOUT; then PV_ETIMEDOUT */
	void (*done)(struct xs_request *);
	void *owner;

	/* the answer, only until `done` returns */
	int error;
	const char *reply; /* a NUL that does not count stands behind it */
	size_t length;

	/* private; zeroed at first */
	struct xs_request *next;
	uint64_t until;
	enum xs_state {
		XS_IDLE,
		XS_QUEUED,
		XS_SENT
	} state;
	bool again; /* it was sent before, to a connection that is gone */
};

/* PV_EMSGSIZE, or the error with which the connection ended; `done` is not
 * called then. */
int xs_submit(struct xs *, struct xs_request *);
/* It is not answered any more.  Idle ones are left alone. */
void xs_cancel(struct xs *, struct xs_request *);

/* ---- Watches ---------------------------------------------------------- */

struct xs_watch_slot;

/* The caller owns it until xs_watch_remove(). */
struct xs_watch {
	/* Something at or below the path changed, perhaps, and more than once,
	 * perhaps; also when the watch begins.  From xs_events(). */
	void (*event)(struct xs_watch *);
	/* It could not be set, and is gone; may be NULL. */
	void (*failed)(struct xs_watch *, int error);
	/* Whether a change of this path matters, asked as the event comes in;
	 * nothing is to be done here.  NULL: each does. */
	bool (*wants)(struct xs_watch *, const char *path, size_t length);
	void *owner;

	struct xs_watch_slot *slot; /* private; NULL: not set */
};

/* PV_OK, PV_ENOMEM (all are in use, too), PV_EMSGSIZE. */
int xs_watch_add(struct xs *, struct xs_watch *, const char *path,
    size_t length);
void xs_watch_remove(struct xs *, struct xs_watch *);
/* Call back for those with events; at most `budget`. True: there are more. */
bool xs_events(struct xs *, unsigned budget);

/* ---- Transactions ----------------------------------------------------- */

/*
 * The caller owns it until `done`.  `body` is called with `id` set, and perhaps
 * again when another transaction came between; it submits its requests with
 * that id, and ends with xs_transaction_end() when none is under way.
 */
struct xs_transaction {
	void (*body)(struct xs_transaction *);
	void (*done)(struct xs_transaction *);
	void *owner;
	uint32_t id;
	int error;

	/* private; zeroed at first */
	struct xs *xs;
	struct xs_transaction *next;
	struct xs_request request;
	enum xs_phase {
		XS_NONE,
		XS_WAITING, /* for a free place, or for its next try */
		XS_STARTING,
		XS_BODY,
		XS_ENDING
	} phase;
	uint64_t when; /* of the next try */
	unsigned tries;
	unsigned epoch; /* in which it was begun */
};

void xs_transaction_start(struct xs *, struct xs_transaction *);
/* PV_OK: commit.  PV_EAGAIN: abort and begin anew.  Another: abort, and end
 * with that. */
void xs_transaction_end(struct xs_transaction *, int error);
/* `done` is not called any more; its own requests are the caller's to cancel. */
void xs_transaction_cancel(struct xs_transaction *);

/* ---- The engine ------------------------------------------------------- */

struct xs_slot {
	struct xs_request *request; /* NULL: free, or given up */
	bool lost;                  /* given up; its answer may yet come */
	uint32_t generation;
	uint32_t type;
	uint64_t sequence;
};

struct xs {
	const struct pv_port *port;
	struct pv_stats *stats;
	size_t limit; /* of a payload */
	int dead;     /* PV_OK, or why nothing is taken any more */
	bool paused;  /* requests wait, and none is begun */
	uint64_t late;
	unsigned epoch; /* of the connection */

	struct xs_request *first, **last; /* queued */
	struct xs_slot slots[XS_SLOTS];
	unsigned outstanding;
	unsigned window; /* of these, at most */
	uint64_t sequence;

	/* the message on its way out, and the one on its way in */
	size_t out_size, out_at, in_have;
	bool garbled; /* what comes in makes no sense any more */
	uint8_t out[sizeof(struct xen_store_header) + XEN_STORE_PAYLOAD_MAX];
	uint8_t in[sizeof(struct xen_store_header) + XEN_STORE_PAYLOAD_MAX + 1];

	struct xs_watch_slot *watches[XS_WATCHES];
	uint32_t watch_generation;
	unsigned watch_cursor;
	unsigned dirty;     /* watches with events */
	unsigned ungreeted; /* watches without their first one */

	struct xs_transaction *transactions;
	unsigned open_transactions;
	struct xs_request aborts[XS_ABORTS];
	char abort_body[2];
};

/* Needs alloc, free and now of the port. */
void xs_init(struct xs *, const struct pv_port *, struct pv_stats *,
    size_t limit);
/* After all requests, transactions and watches were cancelled. */
void xs_fini(struct xs *);

/* Take in what came, in pieces of any size.  PV_EPROTO: it makes no sense from
 * here on, and nothing more is taken until xs_restart(). */
int xs_input(struct xs *, const void *bytes, size_t size);
/* What is left of the message to be sent, one at a time; 0: nothing now. */
size_t xs_output(struct xs *, const uint8_t **bytes);
void xs_sent(struct xs *, size_t size);
/* The transport does not take this message, of which nothing went out. */
void xs_refused(struct xs *, int error);
/* Give up what has waited too long; start transactions that are due. */
void xs_expire(struct xs *);
uint64_t xs_deadline(const struct xs *);
/* Something can be sent. */
bool xs_pending(const struct xs *);
/* End all requests, those that wait too; watches wait for another connection. */
void xs_fail_all(struct xs *, int error);
/* There will be no other: the watches have failed, and nothing more is taken. */
void xs_die(struct xs *, int error);
/* On another connection: watches are set again, and what was sent is sent again
 * where that does no harm, or ends in PV_EAGAIN. */
void xs_restart(struct xs *);

/* ---- Transports and the link ------------------------------------------ */

/* Bytes moved; PV_EAGAIN: none now.  PV_EBUSY: the host wants the connection
 * made anew.  Another error: the connection is lost. */
struct xs_transport {
	size_t limit;
	/* requests under way at once; 0: XS_OUTSTANDING */
	unsigned window;
	long (*read)(struct xs_transport *, void *to, size_t room);
	long (*write)(struct xs_transport *, const void *from, size_t size);
	/* Whether an error of write is about that message only. */
	bool (*refusal)(const struct xs_transport *, int error);
	/* Tell the host of what was written and read; NULL: no need. */
	void (*flush)(struct xs_transport *);
	/* PV_OK: made anew.  PV_EAGAIN: not yet.  NULL or another error: it
	 * cannot be. */
	int (*reconnect)(struct xs_transport *);
	/* How often to look without an event; PV_NEVER: events suffice. */
	uint64_t (*interval)(const struct xs_transport *, bool busy);
	/* It makes no sense any more: have done with it; NULL: no need. */
	void (*drop)(struct xs_transport *);
	int (*resume)(struct xs_transport *);
	void (*close)(struct xs_transport *);
};

struct xs_ring {
	struct xs_transport transport;
	struct xen *xen;
	struct xen_store_page *page;
	struct xen_channel channel;
	uint32_t req_prod, rsp_cons; /* ours; the page only gets copies */
	uint32_t req_cons;           /* as last seen */
	uint32_t fault; /* the host's error, of an earlier connection */
	bool can_reconnect, has_error;
	uint64_t told;          /* when the host was last sent a signal */
	bool asked;             /* for a connection made anew */
	bool event;             /* taken, and not yet worked off */
	bool work;              /* that event was not for nothing */
	bool written, was_full; /* the host is to be told */
};
int xs_ring_open(struct xs_ring *, struct xen *);

struct xs_stream {
	struct xs_transport transport;
	const struct pv_port *port;
};
int xs_stream_open(struct xs_stream *, const struct pv_port *);

struct xs_link {
	struct xs xs;
	struct xen *xen;
	struct xs_transport *transport;
	union {
		struct xs_ring ring;
		struct xs_stream stream;
	} u;
	enum xs_link_state {
		XS_LINK_UP,
		XS_LINK_LOST,
		XS_LINK_DEAD
	} state;
	bool blocked;    /* the transport took no more */
	bool more;       /* and not all was read */
	unsigned losses; /* one soon after the other */
	uint64_t lost_at;
	uint64_t lost_until; /* then it is given up */
	uint64_t look;       /* without an event */
	uint8_t buffer[XEN_STORE_RING_SIZE];
};

int xs_link_open(struct xs_link *, struct xen *);
void xs_link_close(struct xs_link *);
bool xs_link_poll(struct xs_link *, unsigned budget);
uint64_t xs_link_deadline(const struct xs_link *);
int xs_link_resume(struct xs_link *);

/* ---- Text ------------------------------------------------------------- */

/* xs_error.c: the PV_E code of an error's name. */
int xs_error(struct xs *, const char *name, size_t length);

/* A decimal number and nothing else: at most `limit`. */
bool xs_number(const char *text, size_t length, uint64_t limit, uint64_t *out);
/* At most 20 digits, terminated; returns their number. */
size_t xs_decimal(char to[21], uint64_t);
/* Whether XenStore takes it as a path: its alphabet, no empty names. */
bool xs_path_ok(const char *path, size_t length);
/* A single name, of a directory's listing. */
bool xs_name_ok(const char *name, size_t length);

#endif
