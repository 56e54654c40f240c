/* SPDX-License-Identifier: ISC */
/*
 * The model of Xen without the guest half: hypercalls made by hand, and a plain
 * client of XenStore's ring.
 */
#ifndef TESTS_SUPPORT_XEN_HOST_H
#define TESTS_SUPPORT_XEN_HOST_H

#include "tests/support/world.h"
#include "wire/xen/event.h"
#include "wire/xen/grant.h"
#include "wire/xen/hypercall.h"
#include "wire/xen/shared.h"
#include "wire/xen/store.h"

/* A hypercall of CPU 0; addresses are pointers. */
long xen_call(struct world *, unsigned op, uintptr_t a, uintptr_t b,
    uintptr_t c);
long xen_call_on(struct world *, unsigned cpu, unsigned op, uintptr_t a,
    uintptr_t b, uintptr_t c);
long event_op(struct world *, unsigned op, void *argument);
long grant_op(struct world *, unsigned op, void *argument);
long hvm_op(struct world *, unsigned op, void *argument);

/* Pages of the guest, and their frame; zeroed. */
void *guest_pages(struct world *, size_t pages, uint64_t *frame);
/* Place a page of Xen's: fails the test if that fails. */
void *place_page(struct world *, unsigned space, uint64_t index,
    uint64_t *frame);
struct xen_shared_info *place_shared(struct world *);
/* Give back all of the above. */
void give_back(struct world *);

/* A port that domain 0 may connect to. */
uint32_t open_port(struct world *, uint16_t remote);
/* Let virtual time pass. */
void pass(struct world *, uint64_t nanoseconds);

/* ---- XenStore --------------------------------------------------------- */

struct xs_reply {
	struct xen_store_header header;
	char payload[XEN_STORE_PAYLOAD_MAX + 1]; /* and a NUL */
};

struct xen_store_page *xs_page(struct world *);
/* Bytes into the ring, waiting for room; false: there was none in a second. */
bool xs_put(struct world *, const void *bytes, size_t size);
bool xs_get(struct world *, void *bytes, size_t size);
void xs_notify(struct world *);
void xs_request(struct world *, uint32_t type, uint32_t tx, const void *payload,
    size_t size);
/* The next message; false: none in a second. */
bool xs_next(struct world *, struct xs_reply *);
/* A request and its answer: 0 or XEN_E…  Events that come first are kept. */
int xs_call(struct world *, uint32_t type, uint32_t tx, const void *payload,
    size_t size, struct xs_reply *);
/* The same with strings, each sent with its NUL; the last is NULL. */
int xs_strings(struct world *, struct xs_reply *, uint32_t type, uint32_t tx,
    ...);
int xs_write(struct world *, uint32_t tx, const char *path, const char *value);
/* The value or an error's name: "ENOENT". */
const char *xs_read(struct world *, uint32_t tx, const char *path);
uint32_t xs_start(struct world *);
int xs_end(struct world *, uint32_t tx, const char *how);
int xs_watch(struct world *, const char *path, const char *token);
/* The next event as "path token", or "" when none comes. */
const char *xs_event(struct world *);
void xs_no_event(struct world *);

#endif
