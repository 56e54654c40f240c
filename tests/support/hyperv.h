/* SPDX-License-Identifier: ISC */
/*
 * A simulated machine with Hyper-V, for cmocka tests: the model, and the bus on
 * it with whatever drivers a test wants.
 */
#ifndef TESTS_SUPPORT_HYPERV_H
#define TESTS_SUPPORT_HYPERV_H

#include "guest/hyperv/vmbus_private.h"
#include "host/hyperv/devices.h"
#include "tests/support/world.h"

struct partition {
	struct world *world;
	struct host_hyperv *host;
	struct pv_device *device; /* hyperv0 */
	struct hyperv *hyperv;
	struct vmbus *vmbus;
	unsigned started; /* CPUs, a bit each */
	/* what the host is expected to hold in the end */
	unsigned gpadls;
	unsigned violations, refused;
};

int partition_setup(void **state);
/* Detaches; nothing may be lent or allocated any more. */
int partition_teardown(void **state);
#define partition_test(f) \
	cmocka_unit_test_setup_teardown(f, partition_setup, partition_teardown)
/* The same in pieces, for a fixture around this one. */
void partition_init(struct partition *, struct world *);
int partition_end(struct partition *);

/* The machine, with Hyper-V as `config` has it (NULL: the usual one). */
void partition_machine(struct partition *, const struct host_hyperv_config *);
/* Attach the bus: hyperv0 alone, or these drivers (ended by NULL), hyperv's
 * among them. */
int partition_attach_bus(struct partition *, const struct pv_driver *const *);
/* The same, and hyperv0 must be there. */
void partition_attach(struct partition *, const struct pv_driver *const *);
void partition_detach(struct partition *);
/* All CPUs but the first start, or stop. */
void partition_start_cpus(struct partition *);
void partition_stop_cpus(struct partition *);

/* A device of the bus, or NULL. */
struct pv_device *partition_find(struct partition *, const char *name);

/* Let so much time go by, polling. */
void partition_run(struct partition *, uint64_t time);
/* Poll until it is so, or fail after a minute of virtual time. */
void partition_until(struct partition *, bool (*so)(struct partition *),
    const char *what);

#endif
