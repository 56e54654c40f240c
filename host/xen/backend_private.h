/* SPDX-License-Identifier: ISC */
/* What a back end of domain 0 is, whatever its device: two directories, a
 * state that answers the front end's, rings, and what is to be done later. */
#ifndef HOST_XEN_BACKEND_PRIVATE_H
#define HOST_XEN_BACKEND_PRIVATE_H

#include "host/xen/backend.h"
#include "wire/xen/ring.h"
#include "wire/xen/store.h"

struct backend;

struct backend_kind {
	const char *class_name; /* "vbd" */
	/* blkback connects to a front end that is Initialised, netback waits
	 * until it calls itself Connected */
	unsigned connects_at;
	/* The keys that the toolstack writes, of both directories. */
	void (*toolstack)(struct backend *);
	/* The features, before InitWait, by backend_say(). */
	void (*announce)(struct backend *);
	/* Read what the front end has written, and map it.  False: not
	 * acceptable, why is in backend_refuse(). */
	bool (*connect)(struct backend *);
	/* Let go of all that connect() took, or began to take. */
	void (*disconnect)(struct backend *);
	void (*reconfigure)(struct backend *); /* NULL: not heard */
	/* All memory, the structure's own as well. */
	void (*destroy)(struct backend *);
};

struct backend_timer;

/* What a key is told to be, for a test. */
struct backend_lie {
	struct backend_lie *next;
	char *key, *value; /* NULL: it is absent */
};

struct backend {
	const struct backend_kind *kind;
	struct host_part part;
	struct host_xen *xen;
	struct host_xenstore *store;
	const struct host_world *world;
	unsigned unit;
	char front[80], back[80];
	struct host_watch *watch;
	struct xen_resume *on_resume;
	unsigned state; /* our own */
	bool early;     /* the front end went ahead while we were closed */
	bool removing;  /* politely */
	bool gone;      /* the directories are */
	bool dead;      /* freed, but the world has a call for it still */
	unsigned refusals;
	unsigned connections, lives; /* a call for an ended one is not made */
	struct backend_timer *timers;
	struct backend_lie *lies;
	bool withdrawing; /* what was announced */
};

/* backend.c: make it, with its directories.  False: out of memory. */
bool backend_open(struct backend *, const struct backend_kind *,
    struct host_xen *, unsigned unit);
/* The device is removed; asked first when `polite`. */
void backend_remove(struct backend *, bool polite);
/* It is no more; memory goes as soon as it can. */
void backend_free(struct backend *);
/* All is undone, and announced anew some time later. */
void backend_restart(struct backend *);
/* What announce() has said is not so any more. */
void backend_withdraw(struct backend *);
/* Lets go of rings and grants, as when the front end is closed. */
void backend_disconnect(struct backend *);
void backend_set_state(struct backend *, unsigned state);
/* For tests: any number, or without its directory. */
void backend_force_state(struct backend *, unsigned state);
/* Say in domain 0's place for that why there will be no connection. */
void backend_refuse(struct backend *, const char *why);

/* Once, `delay` from now, unless it was disconnected by then. */
void backend_later(struct backend *, uint64_t delay,
    void (*call)(struct backend *, unsigned), unsigned argument);

/* backend_store.c: keys below one of the two directories. */
void backend_write(struct backend *, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A number that is announced, or not; keys of nobody's are left alone. */
void backend_say(struct backend *, const char *key, uint64_t value, bool said);
/* From now on this key is that. */
void backend_lie(struct backend *, const char *key, const char *value);
void backend_forget_lies(struct backend *);
void backend_write_front(struct backend *, const char *key, const char *format,
    ...) __attribute__((format(printf, 3, 4)));
bool backend_make_directories(struct backend *);
void backend_remove_directories(struct backend *);
/* "queue-2/ring-ref" for `queue` 2, "ring-ref" for -1. */
void backend_queue_key(char *to, size_t room, int queue, const char *key);
/* A number that the front end wrote; false: absent, or none. */
bool backend_read(struct backend *, const char *key, uint32_t *value);
/* A flag that the front end wrote. */
bool backend_flag(struct backend *, const char *key);
bool backend_text(struct backend *, const char *key, char *to, size_t room);

/* backend_ring.c: our end of a ring. */
#define BACKEND_RING_PAGES_MAX 16

struct backend_ring {
	struct host_grant *grants[BACKEND_RING_PAGES_MAX];
	uint8_t *pages[BACKEND_RING_PAGES_MAX];
	unsigned count;
	uint32_t entry_size, size; /* bytes of one; number of them */
	uint32_t req_cons;         /* the next request is taken here */
	uint32_t rsp_prod;         /* the next response goes here */
	uint32_t published;        /* what the guest knows of it */
	uint32_t req_prod;         /* last seen */
	uint32_t junk;             /* what we wrote there ourselves */
	bool has_junk;
};

bool backend_ring_map(struct backend_ring *, struct host_xen *,
    const uint32_t *references, unsigned count, uint32_t entry_size);
void backend_ring_unmap(struct backend_ring *, bool keep);
/* Before each use in a new call: where the pages are now; false: nowhere. */
bool backend_ring_begin(struct backend_ring *);
/* Requests that wait; more than `size` when the guest is wrong. */
uint32_t backend_ring_waiting(struct backend_ring *);
void backend_ring_copy(struct backend_ring *, uint32_t counter, void *to);
void backend_ring_put(struct backend_ring *, uint32_t counter, const void *from,
    size_t size);
/* Publish responses, `jump` more than there are; true: signal. */
bool backend_ring_publish(struct backend_ring *, uint32_t jump);
/* Ask for a signal with the request at `event`; true: it is there already. */
bool backend_ring_arm(struct backend_ring *, uint32_t event);
/* Write over what is the guest's. */
void backend_ring_scribble(struct backend_ring *, uint32_t junk);

/* An n-th of manners: true when it is now. */
static inline bool
backend_nth(unsigned *nth)
{
	return *nth > 0 && --*nth == 0;
}

#endif
