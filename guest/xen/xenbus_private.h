/* SPDX-License-Identifier: ISC */
/* What guest/xen/xen.c calls of XenStore and its devices; the rest is between
 * the files of XenStore. */
#ifndef GUEST_XEN_XENBUS_PRIVATE_H
#define GUEST_XEN_XENBUS_PRIVATE_H

#include "guest/xen/xenbus.h"
#include "guest/xen/xs.h"

/* Connect, and register the store; devices appear in xenbus_poll(). */
int xenbus_open(struct xen *);
void xenbus_close(struct xen *);
bool xenbus_poll(struct xen *, unsigned budget);
uint64_t xenbus_deadline(const struct xen *);
/* Around SCHEDOP_shutdown(suspend): everything of XenStore stands still. */
void xenbus_suspend(struct xen *);
void xenbus_resume(struct xen *);
void xenbus_resume_cancelled(struct xen *);
/* The devices that were there at the start are attached, and each is
 * connected or will not be. */
bool xenbus_settled(const struct xen *);

/* ---- Between the files ------------------------------------------------ */

/* A guest has 1000 nodes of XenStore (quota), a device takes ten or so. */
#define XENBUS_DEVICES_MAX 256u
/* How long attaching waits for a device to connect. */
#define XENBUS_PATIENCE (5 * PV_SECOND)

/* A device as XenStore has it, whether or not a driver does. */
struct xenbus_node {
	struct xenbus_device device; /* first: what drivers know of it */
	struct xenbus_node *next;    /* in the order in which they were found */
	struct xenbus *bus;
	enum xenbus_node_state {
		NODE_READING,    /* what must be known before it attaches */
		NODE_INCOMPLETE, /* it has no back end, yet */
		NODE_READY,
		NODE_ATTACHED /* or known to have no driver */
	} state;
	bool seen;         /* in this scan */
	bool reread;       /* something changed while it was read */
	bool suspect;      /* perhaps it was removed and made again */
	unsigned expected; /* our state when that was asked */
	bool vanished; /* from XenStore: nothing is written there any more */
	bool resuming; /* what is read is for the driver's resume */
	uint64_t patience;

	/* reading it */
	struct xs_request keys[4];
	char paths[4][96];
	unsigned left;
	struct xs_request back; /* the state of the back end */
	char back_path[136];
	struct xs_watch watch;
	bool watch_again; /* an event came while it was read */

	/* xenbus_read.c, xenbus_write.c */
	struct xenbus_reading *readings;
	struct xenbus_read *unread; /* refused, and not told so yet */
	struct xenbus_job *jobs;    /* what is written, in order */
	struct xenbus_write *unwritten;
};

struct xenbus_scan {
	enum xenbus_scan_phase {
		SCAN_IDLE,
		SCAN_CLASSES,
		SCAN_UNITS
	} phase;
	struct xs_request request;
	bool again;        /* something changed since it began */
	bool failed;       /* and so it does not tell what is gone */
	bool complete;     /* there was one */
	unsigned failures; /* in a row */
	uint64_t retry;
	char path[48];
	char name[32]; /* of the class */
	size_t at, length;
	char classes[XEN_STORE_PAYLOAD_MAX];
};

struct xenbus_control {
	struct xs_watch shutdown, sysrq;
	struct xs_transaction transaction;
	struct xs_request read, clear;
	struct xs_request features[4];
	unsigned left;
	bool busy, sysrq_turn;
	bool shutdown_event, sysrq_event;
	char value[32];
};

struct xenstore;

struct xenbus {
	struct xen *xen;
	struct xs_link link;
	struct xs_request hello;
	bool started; /* whoever had the connection before is forgotten */
	bool suspended;
	bool working; /* devices are being attached or detached */
	struct xenbus_scan scan;
	struct xs_watch watch; /* of all devices */
	struct xenbus_node *nodes;
	unsigned count;
	struct xenbus_job *orphans; /* being written, for nobody */
	struct xenbus_control control;
	struct xenstore *store;
};

static inline struct xs *
xenbus_xs(struct xenbus *bus)
{
	return &bus->link.xs;
}

static inline struct xenbus_node *
xenbus_node(struct xenbus_device *device)
{
	return (struct xenbus_node *)device;
}

/* xenbus_scan.c: what devices there are */
void xenbus_scan_start(struct xenbus *);
bool xenbus_scan_wants(struct xs_watch *, const char *path, size_t length);
void xenbus_scan_event(struct xs_watch *);
void xenbus_scan_stop(struct xenbus *);

/* xenbus_node.c: one of them */
struct xenbus_node *xenbus_node_new(struct xenbus *, const char *class_name,
    const char *unit, size_t unit_length);
void xenbus_node_read(struct xenbus_node *);
void xenbus_node_verify(struct xenbus_node *);
void xenbus_node_attach(struct xenbus_node *);
void xenbus_node_free(struct xenbus_node *);
void xenbus_node_unplug(struct xenbus_node *);
void xenbus_node_resume(struct xenbus_node *);
bool xenbus_node_settled(const struct xenbus_node *);
/* The device that the bus has for it, or NULL. */
struct pv_device *xenbus_node_device(const struct xenbus_node *);
/* With its driver, which is not detached yet: NULL or that driver. */
const struct xenbus_driver *xenbus_node_driver(const struct xenbus_node *);

/* xenbus_read.c, xenbus_write.c */
void xenbus_reads_end(struct xenbus_node *, int error);
void xenbus_reads_poll(struct xenbus_node *);
void xenbus_writes_end(struct xenbus_node *, int error);
void xenbus_writes_poll(struct xenbus_node *);
void xenbus_orphans_free(struct xenbus *);
/* "dir/key", terminated; false: it does not fit. */
bool xenbus_path(char *to, size_t size, const char *dir, const char *key);

/* control.c: what the host asks for */
void xenbus_control_open(struct xenbus *);
void xenbus_control_close(struct xenbus *);
void xenbus_control_resume(struct xenbus *);

/* xenstore.c: the store as pvbus has it */
int xenstore_open(struct xenbus *);
/* All requests are answered. */
void xenstore_close(struct xenbus *);
void xenstore_poll(struct xenbus *);
uint64_t xenstore_deadline(const struct xenbus *);

#endif
