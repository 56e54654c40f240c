/* SPDX-License-Identifier: ISC */
/* A simulated machine with VMware, for cmocka tests: the model, and vmt on it. */
#ifndef TESTS_SUPPORT_VMWARE_H
#define TESTS_SUPPORT_VMWARE_H

#include "guest/vmware/vmware.h"
#include "host/vmware/vmware.h"
#include "tests/support/request.h"
#include "tests/support/world.h"

struct vmlab {
	struct world *world;
	struct host_vmware *host;
	struct host_vmware_manners *manners;
	const struct host_vmware_counts *counts;
	struct pv_device *device; /* vmt0, after vmlab_attach() */
	struct vmware *vmware;
	struct pv_stats *stats;
};

int vmlab_setup(void **state);
/* Detaches; no memory, channel or stream may be left. */
int vmlab_teardown(void **state);
#define vmlab_test(f) \
	cmocka_unit_test_setup_teardown(f, vmlab_setup, vmlab_teardown)

/* The machine, with VMware as `config` has it (NULL: the usual one). */
void vmlab_machine(struct vmlab *, const struct host_vmware_config *);
/* Attach the bus with vmt alone; vmt0 must be there. */
void vmlab_attach(struct vmlab *);
/* Both, and all that the host and the guest say first has been said. */
struct vmlab *vmlab_new(void **state, const struct host_vmware_config *);
void vmlab_detach(struct vmlab *);

/* Let so much virtual time go by, polling. */
void vmlab_run(struct vmlab *, uint64_t time);
/* A call of the guest, run to its end: its error. */
int vmlab_call(struct vmlab *, const void *text, size_t len, char *reply,
    size_t room, size_t *len_out);
/* A call of the host, run to its answer; NULL: none in a minute. */
const char *vmlab_ask(struct vmlab *, const void *text, size_t len);

/* Requests of the store. */
int vmlab_read(struct vmlab *, const char *key, void *to, size_t room,
    size_t *len);
int vmlab_write(struct vmlab *, const char *key, const void *value,
    size_t size);
int vmlab_remove(struct vmlab *, const char *key);

#endif
