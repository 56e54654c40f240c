/* SPDX-License-Identifier: ISC */
/*
 * The lower parts of xen on a simulated Xen, without XenStore and devices:
 * hypercalls, events, grants, clock.
 */
#ifndef TESTS_SUPPORT_XEN_PARTS_H
#define TESTS_SUPPORT_XEN_PARTS_H

#include "guest/bus/bus_private.h"
#include "guest/xen/xen_private.h"
#include "host/xen/xen.h"
#include "tests/support/world.h"

struct parts {
	struct world *world;
	struct host_xen *host;
	struct pv_port *port; /* a test may change it before parts_open() */
	struct pv_interface interface;
	struct pv_device device;
	struct pv_bus bus;
	struct xen xen;
	bool open;
};

/* A machine with such a Xen (NULL: the usual one), and nothing opened yet. */
void parts_machine(struct parts *, struct world *,
    const struct host_xen_config *);
int parts_try(struct parts *);
void parts_open(struct parts *); /* which must succeed */
/* All of the above. */
void parts_new(struct parts *, struct world *, const struct host_xen_config *);
void parts_close(struct parts *);

/* What a bus does when a secondary CPU has started. */
void parts_start_cpu(struct parts *, unsigned cpu);
/* What suspend does to these parts. */
void parts_suspend(struct parts *);
/* Let time pass, and what is due happen. */
void parts_wait(struct parts *, uint64_t nanoseconds);

/* The answers of one hypercall are the test's from now on: `change` is called
 * after it, with its argument as the host has left it, and returns the result.
 * NULL: no more.  One machine at a time. */
void parts_intercept(struct parts *, unsigned op, unsigned command,
    long (*change)(void *argument, long result));

#endif
