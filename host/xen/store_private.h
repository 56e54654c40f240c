/* SPDX-License-Identifier: ISC */
/* What the files of XenStore share. */
#ifndef HOST_XEN_STORE_PRIVATE_H
#define HOST_XEN_STORE_PRIVATE_H

#include "host/xen/xenstored.h"
#include "wire/xen/hypercall.h"
#include "wire/xen/store.h"

#define STORE_READ 1u
#define STORE_WRITE 2u
#define STORE_OWNER 4u

/* Until something is noticed, up to so many nanoseconds. */
#define STORE_DELAY 2000

/* Larger than any path: "/local/domain/65535/" and a relative one, too. */
#define STORE_PATH_ROOM 4200

struct store_perm {
	uint16_t domain;
	uint8_t bits;
};

struct store_node {
	struct store_node *next; /* of its bucket */
	char *path;
	uint64_t generation; /* of its last change; never 0 */
	uint8_t *value;      /* with a NUL that size does not count */
	size_t size;
	char *children; /* names, each with its NUL */
	size_t children_size;
	struct store_perm *perms; /* the first is owner and default */
	unsigned perm_count;
};

/* What a transaction has seen of a node, and its own copy of it. */
struct store_access {
	struct store_access *next;
	char *path;
	uint64_t seen;           /* generation; 0: there was none */
	struct store_node *node; /* NULL: there is none */
	bool modified;
};

/* A change to tell watches of. */
struct store_change {
	struct store_change *next;
	char *path;
	bool exact; /* not to watches of directories above */
	struct store_perm *perms;
	unsigned perm_count;
};

struct store_tx {
	struct store_tx *next;
	uint32_t id;
	struct store_access *accesses;
	struct store_change *changes;
	int nodes; /* of the guest, more than before */
};

struct store_watch {
	struct store_watch *next;
	char *path;
	char *token;
	size_t prefix; /* so many bytes less in events: it was relative */
};

struct store_message {
	struct store_message *next;
	uint64_t due; /* not before */
	bool event, begun;
	size_t done, size; /* bytes, the header too */
	uint8_t bytes[];
};

/* Who asks: domain 0 or the guest over its ring. */
struct store_conn {
	struct host_xenstore *store;
	uint16_t domain;
	bool privileged;

	uint64_t ring; /* physical; 0: not connected */
	struct host_port *port;
	uint32_t guest_port;
	bool dead;      /* for what it sent */
	bool scheduled; /* a look at the output is due */
	bool signal;    /* something has changed in the ring */
	bool parting;   /* manners.reconnect is under way */

	struct store_watch *watches;
	struct store_tx *transactions;
	uint32_t next_tx;

	size_t have; /* bytes of the request so far */
	uint8_t
	    request[sizeof(struct xen_store_header) + XEN_STORE_PAYLOAD_MAX];
	struct store_message *out, **out_end;
	unsigned outstanding;
	unsigned junk; /* kinds of manners.junk_events that were sent */
};

struct host_watch {
	struct host_watch *next;
	struct host_xenstore *store;
	char *path;
	void (*call)(void *, const char *);
	void *ctx;
	struct store_change *due;
	bool scheduled, dead;
};

struct host_xenstore {
	struct host_xen *xen;
	const struct host_world *world;
	struct host_xenstore_quota quota;
	struct host_xenstore_manners manners;
	struct host_xenstore_counts counts;
	struct store_node **buckets;
	size_t bucket_count, node_count;
	uint64_t generation;
	struct store_conn zero; /* domain 0 */
	struct store_conn guest;
	struct host_watch *watches; /* of domain 0 */
};

/* store_tree.c */
void *store_memory(size_t size);
char *store_text(const char *);
void store_tree_init(struct host_xenstore *);
void store_tree_free(struct host_xenstore *);
struct store_node *store_tree_find(struct host_xenstore *, const char *path);
void store_tree_put(struct host_xenstore *, struct store_node *);
void store_tree_drop(struct host_xenstore *, const char *path);
/* It has changed: a new generation. */
void store_tree_touch(struct host_xenstore *, struct store_node *);
struct store_node *store_node_new(const char *path);
struct store_node *store_node_copy(const struct store_node *);
void store_node_free(struct store_node *);
void store_node_value(struct store_node *, const void *value, size_t size);
void store_node_perms(struct store_node *, const struct store_perm *,
    unsigned count);
void store_node_add_child(struct store_node *, const char *name);
void store_node_remove_child(struct store_node *, const char *name);

/* store_tx.c: as a transaction sees it, or all with `tx` NULL */
struct store_node *store_find(struct host_xenstore *, struct store_tx *,
    const char *path);
/* The same, to be changed and then given to store_changed(). */
struct store_node *store_own(struct host_xenstore *, struct store_tx *,
    const char *path);
void store_changed(struct host_xenstore *, struct store_tx *,
    struct store_node *);
void store_insert(struct host_xenstore *, struct store_tx *,
    struct store_node *);
void store_erase(struct host_xenstore *, struct store_tx *, const char *path);
int store_tx_start(struct store_conn *, uint32_t *id);
struct store_tx *store_tx_find(struct store_conn *, uint32_t id);
/* XEN_EAGAIN when others were there. */
int store_tx_end(struct store_conn *, struct store_tx *, bool commit);
void store_tx_drop_all(struct store_conn *);

/* store_path.c */
bool store_path_ok(const char *path);
/* Absolute, in a buffer of STORE_PATH_ROOM; false: not acceptable. */
bool store_path_absolute(const struct store_conn *, const char *path,
    char *absolute);
void store_path_parent(const char *path, char *parent);
const char *store_path_name(const char *path);
bool store_path_below(const char *path, const char *directory);

/* store_perm.c */
unsigned store_perm_bits(const struct store_conn *, const struct store_perm *,
    unsigned count);
bool store_perm_parse(const char *text, struct store_perm *);
void store_perm_print(const struct store_perm *, char text[16]);

/* store_ops.c: 0 or XEN_E… */
int store_get(struct store_conn *, struct store_tx *, const char *path,
    unsigned wanted, struct store_node **);
int store_write(struct store_conn *, struct store_tx *, const char *path,
    const void *value, size_t size);
int store_mkdir(struct store_conn *, struct store_tx *, const char *path);
int store_remove(struct store_conn *, struct store_tx *, const char *path);
int store_set_perms(struct store_conn *, struct store_tx *, const char *path,
    const struct store_perm *, unsigned count);

/* store_watch.c */
int store_watch_add(struct store_conn *, const char *path, const char *token);
/* The first event of the watch that was added last. */
void store_watch_first(struct store_conn *);
int store_watch_remove(struct store_conn *, const char *path,
    const char *token);
void store_watch_drop_all(struct store_conn *);
/* `perms` of the node, also when it is gone by now. */
void store_fire(struct host_xenstore *, struct store_tx *, const char *path,
    bool exact, const struct store_node *);
void store_fire_all(struct host_xenstore *, struct store_change *);
void store_change_free(struct store_change *);
void store_event(struct store_conn *, const char *path, const char *token);

/* store_requests.c */
void store_handle(struct store_conn *, const struct xen_store_header *,
    const char *payload);
/* store_reply.c */
void store_reply(struct store_conn *, const struct xen_store_header *,
    const void *payload, size_t size);
void store_reply_error(struct store_conn *, const struct xen_store_header *,
    int error);
void store_misbehave(struct store_conn *);
bool store_once(unsigned *count);

/* store_ring.c */
void store_send(struct store_conn *, const struct xen_store_header *,
    const void *payload, size_t size, uint64_t delay, bool event);
void store_serve(void *conn);
void store_wake(struct store_conn *, uint64_t delay);
void store_drop_output(struct store_conn *);
void store_kill(struct store_conn *, uint32_t reason);

/* store_domain.c */
void store_domain_make(struct host_xenstore *);
void store_domain_remove(struct host_xenstore *, uint16_t domain);

#endif
