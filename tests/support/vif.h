/* SPDX-License-Identifier: ISC */
/*
 * A simulated machine with a NIC of Xen, for cmocka tests: the back end, the
 * bus, xnf0 on it, and all frames that arrive at either end.
 */
#ifndef TESTS_SUPPORT_VIF_H
#define TESTS_SUPPORT_VIF_H

#include "guest/xen/xnf.h"
#include "host/xen/backend.h"
#include "tests/support/nic.h"
#include "tests/support/world.h"

#define VIF_FRONT "/local/domain/7/device/vif/0"
#define VIF_BACK "/local/domain/0/backend/vif/7/0"

/* A frame as it arrived. */
struct vif_arrived {
	struct vif_arrived *next;
	uint8_t *bytes;
	struct host_frame host; /* at the peer; its bytes are those above */
	struct pv_frame guest;  /* at the guest; without segments */
	unsigned queue;
	bool completed; /* pv_frame_checksum() was well */
};

struct vif_list {
	struct vif_arrived *first, **end;
	unsigned count;
};

struct vif {
	struct world *world;
	struct host_xen *xen;
	struct host_netback *net;
	struct pv_device *device; /* xnf0 */
	struct pv_nic *nic;
	unsigned changes; /* calls of nic->changed */
	struct vif_list peer, guest;
	bool drop;     /* do not keep what arrives, but count */
	bool complete; /* blank checksums, as they arrive at the guest */
	struct vif_pages *pages;
	unsigned mapped; /* that domain 0 is expected to hold in the end */
};

int vif_setup(void **state);
/* Detaches; nothing may be lent, allocated or mapped any more. */
int vif_teardown(void **state);
#define vif_test(f) cmocka_unit_test_setup_teardown(f, vif_setup, vif_teardown)

/* The machine, with Xen as `config` has it (NULL: the usual one). */
void vif_machine(struct vif *, const struct host_xen_config *config);
/* A NIC before the bus is attached, with 00:16:3e:01:02:03 for no address. */
void vif_nic(struct vif *, const struct host_nic_config *config);
/* Attach the bus, and find xnf0; its link need not be up yet. */
void vif_attach(struct vif *);
/* All of these, and wait for the link.  NULL: the usual NIC. */
void vif_start(struct vif *, const struct host_nic_config *config);

/* Let so much time go by, polling. */
void vif_run(struct vif *, uint64_t time);
/* Poll until it is so, or fail after a minute of virtual time. */
void vif_until(struct vif *, bool (*so)(struct vif *), const char *what);
bool vif_is_up(struct vif *);
bool vif_is_down(struct vif *);
bool vif_is_broken(struct vif *);
/* Until so many frames have arrived at that end. */
void vif_arrive(struct vif *, struct vif_list *, unsigned count);
void vif_forget(struct vif_list *);

/* Pages of the guest's. */
void *vif_pages(struct vif *, size_t pages, uint64_t *physical);

/* The same memory in segments of random lengths. */
void vif_cut(struct vif *, struct vif_frame *, unsigned pieces);
void vif_transmit(struct vif *, unsigned queue, struct vif_frame *);
/* Transmit on queue 0, kick, and wait for its end: its error. */
int vif_send(struct vif *, struct vif_frame *);
void vif_wait(struct vif *, struct vif_frame *);
/* From the peer, and until it has arrived. */
void vif_receive(struct vif *, const struct host_frame *);

/* ---- The host by hand: with manners.stop, or frames of its own --------- */

struct xnf_queue *vif_queue(struct vif *, unsigned index);
/* The next receive entry becomes this response, with its own id. */
void vif_put(struct vif *, unsigned offset, unsigned flags, int status);
void vif_put_entry(struct vif *, const union xen_net_rx_entry *);
/* The page behind the `ahead`-th receive entry that is to be answered next. */
uint8_t *vif_page(struct vif *, unsigned ahead);
/* The n-th request of the transmit ring that was not answered, and an answer. */
struct xen_net_tx_request vif_request(struct vif *, unsigned n);
void vif_answer(struct vif *, unsigned id, int status);

#endif
