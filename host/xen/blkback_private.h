/* SPDX-License-Identifier: ISC */
#ifndef HOST_XEN_BLKBACK_PRIVATE_H
#define HOST_XEN_BLKBACK_PRIVATE_H

#include "host/xen/backend_private.h"
#include "wire/xen/block.h"

/* Grants that stay mapped, for each queue: Linux's xen_blkif_max_pgrants. */
#define BLK_PERSISTENT_MAX 1056
#define BLK_SEGMENTS_MAX \
	(XEN_BLK_INDIRECT_PAGES_MAX * XEN_BLK_SEGMENTS_PER_PAGE)

/* A grant that stays mapped; the list is in order of use, the last first. */
struct blk_persistent {
	struct blk_persistent *next;
	struct host_grant *grant;
	uint32_t reference;
	uint64_t used_by; /* the number of the request */
};

struct blk_answer {
	uint64_t id;
	uint8_t operation;
	int status;
};

struct blk_queue {
	struct host_blkback *blk;
	unsigned index;
	struct backend_ring ring;
	struct host_port *port;
	bool due;    /* a look at the ring is */
	bool halted; /* the guest's producer made no sense */
	struct blk_answer *answers;
	unsigned answer_count;
	struct blk_persistent *persistent;
	unsigned persistent_count;
};

struct blk_page {
	struct host_grant *grant;
	bool stays;
};

struct host_blkback {
	struct backend backend; /* the first: it is cast */
	struct host_disk_config config;
	struct host_blkback_manners manners;
	struct host_blkback_counts counts;
	uint8_t *bytes, *own; /* own: ours to free */
	uint64_t size;
	bool persistent; /* both ends want it */
	bool storming;
	unsigned failing;
	uint64_t request; /* number of the one in hand */
	struct blk_queue queues[XEN_BLK_QUEUES_MAX];
	/* of the request in hand */
	struct xen_blk_segment segments[BLK_SEGMENTS_MAX];
	struct blk_page pages[BLK_SEGMENTS_MAX];
};

/* blkback_connect.c */
void blk_announce(struct backend *);
bool blk_connect(struct backend *);
void blk_disconnect(struct backend *);
void blk_write_size(struct host_blkback *);

/* blkback_ring.c */
void blk_signalled(void *queue);
void blk_look_later(struct blk_queue *, uint64_t delay);

/* blkback_request.c: do it; what the answer is to say. */
struct blk_answer blk_request(struct blk_queue *, const union xen_blk_entry *);

/* blkback_pages.c: pages of the guest's, for the request in hand. */
bool blk_page_get(struct blk_queue *, struct blk_page *, uint32_t reference,
    bool write);
void blk_page_put(struct blk_queue *, struct blk_page *);
void blk_persistent_drop(struct blk_queue *);

#endif
