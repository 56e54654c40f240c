/* SPDX-License-Identifier: ISC */
/*
 * A simulated machine with a disk of Xen, for cmocka tests: the back end, the
 * bus, and xbf0 on it.
 */
#ifndef TESTS_SUPPORT_DISK_H
#define TESTS_SUPPORT_DISK_H

#include "host/xen/backend.h"
#include "tests/support/world.h"

#define XVDA 51712u
#define KIB 1024u
#define MIB (1024u * KIB)

struct run_of_pages {
	struct run_of_pages *next;
	void *memory;
	size_t pages;
};

struct lab {
	struct world *world;
	struct host_xen *xen;
	struct host_blkback *blk;
	struct pv_device *device; /* xbf0 */
	struct pv_disk *disk;
	unsigned changes; /* calls of disk->changed */
	struct run_of_pages *pages;
	unsigned mapped; /* that domain 0 is expected to hold in the end */
};

int lab_setup(void **state);
/* Detaches; nothing may be lent, allocated or mapped any more. */
int lab_teardown(void **state);
#define lab_test(f) cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)

/* The machine, with Xen as `config` has it (NULL: the usual one). */
void lab_machine(struct lab *, const struct host_xen_config *config);
/* A disk before the bus is attached. */
void lab_disk(struct lab *, const struct host_disk_config *);
int lab_attach_bus(struct lab *);
/* The device of that name is the one of the test, and its disk. */
void lab_use(struct lab *, const char *name);
/* Attach the bus, and find xbf0; it need not be online yet. */
void lab_attach(struct lab *);
/* All of these, and wait until it is online. */
void lab_start(struct lab *, const struct host_disk_config *);

/* Let so much time go by, polling. */
void lab_run(struct lab *, uint64_t time);
/* Poll until it is so, or fail after a minute of virtual time. */
void lab_until(struct lab *, bool (*so)(struct lab *), const char *what);
bool lab_is_online(struct lab *);
bool lab_is_offline(struct lab *);
bool lab_is_broken(struct lab *);

/* Pages of the guest's, for the owner of the disk. */
void *lab_pages(struct lab *, size_t pages, uint64_t *physical);

/* One request that counts its completions. */
struct lab_io {
	struct pv_io io;
	struct pv_segment segment;
	unsigned done;
};
/* Its segment as a request, not submitted. */
void lab_prepare(struct lab_io *, enum pv_disk_op, uint64_t offset);
/* On one segment; the whole of it, submitted and kicked to queue 0. */
void lab_submit(struct lab *, struct lab_io *, enum pv_disk_op, uint64_t offset,
    void *data, uint64_t physical, size_t len);
/* Until it is done, which must be within five minutes; its error. */
int lab_wait(struct lab *, struct lab_io *);
/* Both. */
int lab_do(struct lab *, enum pv_disk_op, uint64_t offset, void *data,
    uint64_t physical, size_t len);
int lab_flush(struct lab *);
int lab_discard(struct lab *, uint64_t offset, uint64_t length, uint32_t flags);
/* A request of any shape, to a queue. */
int lab_request(struct lab *, unsigned queue, struct pv_io *);

/* Bytes that are different at every place of a disk. */
void lab_pattern(void *to, size_t len, uint64_t at);

#endif
