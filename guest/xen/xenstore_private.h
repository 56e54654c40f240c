/* SPDX-License-Identifier: ISC */
/* What the files of the store share. */
#ifndef GUEST_XEN_XENSTORE_PRIVATE_H
#define GUEST_XEN_XENSTORE_PRIVATE_H

#include "guest/xen/xenbus_private.h"

/* ---- xenstore_list.c: the names below a path -------------------------- */

#define XENSTORE_LOOKUPS 16u

struct xenstore_lookup;
struct xenstore_names;

struct xenstore_name {
	struct xenstore_name *next; /* in the order of the answer */
	struct xenstore_name *todo; /* in the order of looking */
	const char *text;           /* relative to the path */
	size_t length;
	bool below; /* it has names below it */
};

struct xenstore_list {
	/* the caller's; it may be gone after `done` */
	struct xenbus *bus;
	const char *path; /* until `done` or stop */
	size_t length;
	bool recursive;
	bool marks; /* say which names have names below them */
	uint64_t deadline;
	void (*done)(struct xenstore_list *);
	void *owner;

	int error;
	size_t size; /* of all names, each with a NUL */

	/* private */
	struct xenstore_name *first;
	struct xenstore_name *todo, **todo_end;
	struct xenstore_names *names;
	struct xenstore_lookup *lookups[XENSTORE_LOOKUPS];
	unsigned active;
	bool failed;
};

/* PV_OK: `done` comes later. */
int xenstore_list_start(struct xenstore_list *);
/* Give back its memory, at any time. */
void xenstore_list_stop(struct xenstore_list *);
/* All names into `size` bytes, each ended by `end`. */
void xenstore_list_copy(const struct xenstore_list *, char *to, char end);

/* ---- xenstore.c ------------------------------------------------------- */

struct xenstore_watch;

struct xenstore {
	struct pv_store store; /* first: the bus hands it back */
	struct xenbus *bus;
	struct xenstore_op *ops;
	struct xenstore_watch *watches;
	unsigned watch_count;
};

/* A request of the store that is under way. */
struct xenstore_op {
	struct xenstore_op *next;
	struct xenstore *store;
	struct pv_kv *kv;
	struct xs_request request, other;
	struct xenstore_list list;
	bool listing;
	int error; /* of the first of two requests */
	/* of a watch */
	struct xenstore_watch *watch;
	struct xenstore_op *watch_next;
	bool looking, dirty;

	size_t size; /* of this and its path */
	size_t length;
	char path[]; /* terminated */
};

/* The answer, and the end of the op. */
void xenstore_finish(struct xenstore_op *, int error);
void xenstore_answer(struct xenstore_op *, const char *bytes, size_t size);
int xenstore_read(struct xenstore_op *, void (*done)(struct xs_request *));
/* Begin a listing of op->path; op->kv says how. */
int xenstore_list(struct xenstore_op *, void (*done)(struct xenstore_list *));
/* What a listing brought, as one value: with a newline between two names for
 * a READ. NULL: no memory. */
char *xenstore_list_flat(struct xenstore_op *, size_t *size);

/* ---- xenstore_watch.c ------------------------------------------------- */

int xenstore_watch_start(struct xenstore_op *);
/* The op goes. */
void xenstore_watch_leave(struct xenstore_op *);
void xenstore_watch_poll(struct xenstore *);
uint64_t xenstore_watch_deadline(const struct xenstore *);
void xenstore_watch_close(struct xenstore *);

#endif
