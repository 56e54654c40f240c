/* SPDX-License-Identifier: ISC */
/*
 * XenStore: the tree, its watches, transactions, permissions and quotas, the
 * connection of one guest over its ring page, and domain 0's own door.
 */
#ifndef HOST_XEN_XENSTORED_H
#define HOST_XEN_XENSTORED_H

#include "host/xen/xen.h"

/* Defaults of C xenstored 4.17 for a guest. */
struct host_xenstore_quota {
	unsigned nodes;        /* 1000 */
	unsigned node_size;    /* 2048 */
	unsigned watches;      /* 128 */
	unsigned transactions; /* 10 */
	unsigned permissions;  /* 5 */
	unsigned outstanding;  /* 20 */
};

/* What it does wrong to the guest's connection; counts go down to 0, where
 * nothing is wrong any more. ~0u is for ever. */
struct host_xenstore_manners {
	uint64_t delay;         /* nanoseconds before each answer */
	unsigned silent;        /* so many requests get no answer */
	unsigned wrong_id;      /* answers have another req_id */
	unsigned wrong_type;    /* answers have another type */
	unsigned twice;         /* answers come twice */
	unsigned too_long;      /* headers say 4097 bytes or more */
	unsigned unknown_error; /* an error with a name that nobody knows */
	unsigned unterminated;  /* error names without a NUL */
	unsigned again;         /* transactions end in EAGAIN */
	unsigned bad_names;     /* directories with names that none may have */
	unsigned junk_events; /* watch events of 0, 1, 3 strings, odd tokens */
	unsigned flood;       /* so many watch events at once */
	bool split;           /* one byte into the ring at a time */
	bool bad_indices;     /* the ring's producer runs ahead */
	bool no_part;         /* DIRECTORY_PART is ENOSYS */
	bool part_moves;      /* the generation changes with each part */
	bool reconnect;       /* once: say that the connection is lost */
	bool ring_error;      /* set the error word of the ring */
};

struct host_xenstore_quota *host_xenstore_quota(struct host_xenstore *);
struct host_xenstore_manners *host_xenstore_manners(struct host_xenstore *);

/* As domain 0: absolute paths, all is permitted, parents are made.  False or
 * NULL: no memory, no such path. */
bool host_xenstore_write(struct host_xenstore *, const char *path,
    const void *value, size_t size);
bool host_xenstore_print(struct host_xenstore *, const char *path,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
bool host_xenstore_mkdir(struct host_xenstore *, const char *path);
bool host_xenstore_remove(struct host_xenstore *, const char *path);
/* The value, with a NUL after it that *size does not count; until the tree is
 * changed. */
const char *host_xenstore_read(struct host_xenstore *, const char *path,
    size_t *size);
/* The index-th child's name, or NULL. */
const char *host_xenstore_child(struct host_xenstore *, const char *path,
    unsigned index);
/* "n0", "r5", …: as xenstore-chmod; the first is owner and default. */
bool host_xenstore_permit(struct host_xenstore *, const char *path,
    const char *const *permissions, unsigned count);

/* `call` with the path that changed, once at once and later never from inside
 * a change. */
struct host_watch;
struct host_watch *host_xenstore_watch(struct host_xenstore *, const char *path,
    void (*call)(void *ctx, const char *changed), void *ctx);
void host_xenstore_unwatch(struct host_watch *);

struct host_xenstore_counts {
	uint64_t requests;     /* of the guest */
	uint64_t killed;       /* connections ended for what the guest sent */
	unsigned watches;      /* the guest's */
	unsigned transactions; /* open */
	unsigned nodes;        /* the guest's */
};
const struct host_xenstore_counts *host_xenstore_counts(struct host_xenstore *);

/* xen.c: made and freed with the model; `ring` is the guest-physical page. */
struct host_xenstore *host_xenstore_new(struct host_xen *);
void host_xenstore_free(struct host_xenstore *);
/* The guest's connection begins: at start, and anew after a resume. */
void host_xenstore_connect(struct host_xenstore *, uint64_t ring_physical);
/* The guest has come back from being saved; `before` was its domain. */
void host_xenstore_resume(struct host_xenstore *, uint16_t before);
uint32_t host_xenstore_port(const struct host_xenstore *);
/* "/local/domain/7/KEY" of the guest. */
void host_xenstore_home(struct host_xenstore *, char *path, size_t room,
    const char *key);

#endif
