/* SPDX-License-Identifier: ISC */
/*
 * A simulated machine with a bus on it, for cmocka tests.
 *
 * The seed is PVBUS_SEED from the environment, or a new one each run; it is
 * printed with each failure, and the same seed gives the same run.
 */
#ifndef TESTS_SUPPORT_WORLD_H
#define TESTS_SUPPORT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "port/sim/sim.h"
#include "pvbus/guest.h"

struct world {
	uint64_t seed;
	struct sim *sim;
	struct sim_machine *machine;
	struct host_fwcfg *fwcfg; /* or NULL */
	struct pv_bus *bus;       /* after world_attach() */
	size_t leaked_pages;      /* expected, as the next two */
	size_t leaked_space;
	size_t violations;
	uint64_t turned;   /* when the last turn was … */
	unsigned standing; /* … and how many there were since time moved */
};

/* For cmocka_unit_test_setup_teardown() and the like: *state is a world with
 * no machine yet.  The teardown fails the test when memory or pages were not
 * given back, or when a host touched memory that was not lent to it. */
int world_setup(void **state);
int world_teardown(void **state);
#define world_test(f) \
	cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

/* Make the machine; the test may then change its host. */
void world_machine(struct world *, const char *faces);
/* Attach with all drivers; must succeed, or end in `error`. */
void world_attach(struct world *);
void world_attach_fails(struct world *, int error);
/* Machine and attach in one. */
void world_new(struct world *, const char *faces);

/* The report must have, or not have, this line. */
void world_has_line(struct world *, const char *line);
void world_has_no_line(struct world *, const char *part);

/* One turn of the bus: a poll, or time passes until its deadline or `end`.  Fails
 * where that would go on for ever. */
void world_turn(struct world *, uint64_t end);

/* One request on unit 0 (others: world_unit), run to its end in virtual time;
 * returns its error.  kv->value and kv->room are the caller's. */
int world_request(struct world *, struct pv_kv *);
int world_read(struct world *, const char *key, void *value, size_t room,
    size_t *len);
int world_list(struct world *, const char *key, bool recursive, char *names,
    size_t room, size_t *len);

/* The device that a driver attached, or fail. */
const struct pv_device *world_device(struct world *, const char *name);

/* The pages that a broken host may hold are leaked on purpose. */
void world_expect_leaked_pages(struct world *, size_t pages);
void world_expect_leaked_space(struct world *, size_t pages);
/* A guest that is bad on purpose makes its host look elsewhere. */
void world_expect_violations(struct world *, size_t count);

/* The model of Xen, or fail. */
struct host_xen *world_xen(struct world *);

#endif
