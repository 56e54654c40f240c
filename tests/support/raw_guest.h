/* SPDX-License-Identifier: ISC */
/*
 * A guest of the model of Xen without any driver: hypercalls, grants of
 * version 1, ports that are looked at, and rings, by the public protocol alone.
 * It judges the back ends; our own front ends are not asked.
 */
#ifndef TESTS_SUPPORT_RAW_GUEST_H
#define TESTS_SUPPORT_RAW_GUEST_H

#include "host/xen/backend.h"
#include "tests/support/world.h"
#include "wire/xen/grant.h"
#include "wire/xen/ring.h"
#include "wire/xen/shared.h"
#include "wire/xen/store.h"

#define RAW_PAGES 96

struct raw_page {
	void *bytes;
	uint64_t physical;
	size_t pages;
};

struct raw_guest {
	struct world *world;
	struct host_xen *xen;
	struct host_xenstore *store;
	unsigned domain;
	struct xen_shared_info *shared;
	struct xen_grant_v1 *grants;
	uint32_t next_reference;
	struct raw_page pages[RAW_PAGES];
	unsigned page_count;
	char front[64], back[64]; /* of the one device */
};

struct raw_guest *raw_guest_new(struct world *);
void raw_guest_free(struct raw_guest *);

/* Pages in one run; they live until the end. */
struct raw_page *raw_pages(struct raw_guest *, size_t pages);
uint32_t raw_grant(struct raw_guest *, uint64_t physical, bool read_only);
/* Whether domain 0 has it in use. */
bool raw_grant_in_use(const struct raw_guest *, uint32_t reference);
/* By compare and swap, as a guest must; false: it is in use. */
bool raw_grant_end(struct raw_guest *, uint32_t reference);

uint32_t raw_port(struct raw_guest *); /* for domain 0 */
void raw_send(struct raw_guest *, uint32_t port);
/* Whether an event has come since the last time. */
bool raw_event(struct raw_guest *, uint32_t port);

/* Saved and restored as another domain: ports and grants are gone. */
void raw_suspend(struct raw_guest *, uint16_t domain);

/* The guest's and domain 0's keys of the device. */
void raw_device(struct raw_guest *, const char *class_name, unsigned unit);
void raw_write(struct raw_guest *, const char *key, unsigned value);
void raw_write_text(struct raw_guest *, const char *key, const char *value);
unsigned raw_back_number(struct raw_guest *, const char *key);
const char *raw_back_text(struct raw_guest *, const char *key); /* or NULL */
const char *raw_front_text(struct raw_guest *, const char *key);
/* Time for domain 0; then the back end's state is that. */
void raw_wait(struct raw_guest *, uint64_t nanoseconds);
void raw_back_is(struct raw_guest *, unsigned state);
/* Write the front end's state, and give domain 0 time. */
void raw_state(struct raw_guest *, unsigned state);

/* ---- Rings ------------------------------------------------------------ */

struct raw_ring {
	struct raw_guest *guest;
	struct xen_ring *shared;
	unsigned pages;
	uint32_t entry_size, size;
	uint32_t prod, cons; /* requests put, responses taken */
	uint32_t references[16];
	uint32_t port;
};

/* Made, granted and with a port; nothing in XenStore yet. */
void raw_ring_new(struct raw_guest *, struct raw_ring *, unsigned pages,
    uint32_t entry_size);
void raw_ring_reset(struct raw_ring *);
void *raw_ring_entry(struct raw_ring *, uint32_t counter);
void raw_put(struct raw_ring *, const void *entry);
/* Make it known; signals when the event index wants it: returned. */
bool raw_publish(struct raw_ring *);
/* Publish and signal, and give domain 0 time. */
void raw_go(struct raw_ring *);
uint32_t raw_responses(const struct raw_ring *);
/* The next response; there must be one. */
void raw_take(struct raw_ring *, void *entry, size_t size);
/* Wants an event with the n-th response from now on. */
void raw_arm(struct raw_ring *, uint32_t n);

#endif
