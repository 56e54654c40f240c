/* SPDX-License-Identifier: ISC */
/* A simulated machine with OpenBSD's vmm, for cmocka tests: vmd's control
 * device, and vmmci on it. */
#ifndef TESTS_SUPPORT_VMM_H
#define TESTS_SUPPORT_VMM_H

#include "host/vmm/vmmci.h"
#include "tests/support/world.h"
#include "wire/virtio/legacy.h"
#include "wire/vmm/vmmci.h"

struct vmmlab {
	struct world *world;
	struct host_vmmci *host;
	struct host_vmmci_manners *manners;
	const struct host_vmmci_counts *counts;
	struct sim_pci *pci;
	struct sim_owner *owner;
	const struct sim_counts *sim;
	struct pv_port *port;
	struct pv_device *device; /* vmmci0, after vmmlab_attach() */
	struct pv_stats *stats;
};

/* With the machine, but nothing attached yet. */
int vmmlab_setup(void **state);
int vmmlab_teardown(void **state);
#define vmmlab_test(f) \
	cmocka_unit_test_setup_teardown(f, vmmlab_setup, vmmlab_teardown)

/* Attach the bus with vmmci alone.  vmmlab_attach: vmmci0 must be there. */
void vmmlab_try(struct vmmlab *);
void vmmlab_attach(struct vmmlab *);
void vmmlab_detach(struct vmmlab *);
/* Let so much virtual time go by, polling. */
void vmmlab_run(struct vmmlab *, uint64_t time);
/* Times that a text stands in the log. */
unsigned vmmlab_lines(struct vmmlab *, const char *text);
unsigned vmmlab_requests(struct vmmlab *, enum pv_request);

#endif
