/* SPDX-License-Identifier: ISC */
/*
 * A simulated machine with VMware, for cmocka tests: the model, vmt0 on it, and
 * its administrator.
 */
#ifndef TESTS_SUPPORT_VMT_H
#define TESTS_SUPPORT_VMT_H

#include "guest/vmware/vmt.h"
#include "host/vmware/vmware.h"
#include "tests/support/world.h"

/* The host's time at the beginning: 2023-11-14, 22:13:20 UTC. */
#define TOOLS_WALL (1700000000ull * PV_SECOND)

struct tools {
	struct world *world;
	struct host_vmware *host;
	struct sim_owner *owner;
	struct pv_port *port;     /* for a test to change */
	struct pv_device *device; /* vmt0 */
	struct vmware *vmware;
	/* what the host is expected to have refused in the end, and channels
	 * that a bad one has made unreachable */
	unsigned refused, channels;
};

int tools_setup(void **state);
/* Detaches; no channel or stream may be open, and nothing allocated. */
int tools_teardown(void **state);
#define tools_test(f) \
	cmocka_unit_test_setup_teardown(f, tools_setup, tools_teardown)

/* The machine, with VMware as `config` has it (its wall is TOOLS_WALL if 0);
 * NULL: the usual one, which says nothing by itself. */
void tools_machine(struct tools *, const struct host_vmware_config *);
/* The bus, and vmt0 must be there. */
void tools_attach(struct tools *);
/* Both, with a host that says nothing by itself. */
void tools_new(struct tools *);
void tools_detach(struct tools *);

/* Let so much time go by, polling. */
void tools_run(struct tools *, uint64_t time);
/* A second: what follows from a command has been said by then. */
void tools_settle(struct tools *);
/* The host's call, and the guest's answer, which must be so. */
void tools_ask(struct tools *, const char *text, const char *answer);
void tools_ask_bytes(struct tools *, const void *bytes, size_t size,
    const char *answer);
/* How many RPCs began so. */
unsigned tools_said(struct tools *, const char *prefix);
/* The n-th RPC since `from` is these bytes. */
void tools_said_this(struct tools *, unsigned n, const void *bytes,
    size_t size);
/* RPCs so far. */
unsigned tools_rpcs(struct tools *);
/* Lines of the log with this in them. */
unsigned tools_lines(struct tools *, const char *part);

#endif
