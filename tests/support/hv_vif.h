/* SPDX-License-Identifier: ISC */
/*
 * A simulated machine with a NIC of Hyper-V, for cmocka tests: netvsp, the bus,
 * hvn0 on it, and all frames that arrive at either end.
 */
#ifndef TESTS_SUPPORT_HV_VIF_H
#define TESTS_SUPPORT_HV_VIF_H

#include "guest/hyperv/hvn.h"
#include "tests/support/hyperv.h"
#include "tests/support/nic.h"

#define HV_VIF_MAC "\x00\x15\x5d\x01\x02\x03"

/* A frame as it arrived. */
struct hv_arrived {
	struct hv_arrived *next;
	uint8_t *bytes;
	struct host_nv_frame host; /* at the peer; its bytes are those above */
	struct pv_frame guest;     /* at the guest; without segments */
	unsigned segments, queue;
};

struct hv_list {
	struct hv_arrived *first, **end;
	unsigned count;
};

struct hv_vif {
	struct partition partition;
	struct world *world;
	struct host_hyperv *host;
	struct host_netvsp *net;
	struct pv_device *device; /* hvn0 */
	struct pv_nic *nic;
	unsigned changes; /* calls of nic->changed */
	struct hv_list peer, guest;
	bool drop; /* do not keep what arrives, but count */
	struct vif_pages *pages;
};

int hv_vif_setup(void **state);
/* Detaches; nothing may be lent or allocated any more. */
int hv_vif_teardown(void **state);
#define hv_vif_test(f) \
	cmocka_unit_test_setup_teardown(f, hv_vif_setup, hv_vif_teardown)

/* The machine, of that many CPUs (0: one), with Hyper-V as `config` has it. */
void hv_vif_machine(struct hv_vif *, const struct host_hyperv_config *,
    unsigned cpus);
/* A NIC before the bus is attached, with HV_VIF_MAC for no address. */
void hv_vif_nic(struct hv_vif *, const struct host_netvsp_config *);
/* Attach the bus, and find hvn0; it need not run yet. */
void hv_vif_attach(struct hv_vif *);
/* The bus without a NIC; it comes later, by hv_vif_nic(), and hv_vif_find() is
 * true once its driver has it. */
void hv_vif_attach_bus(struct hv_vif *);
bool hv_vif_find(struct hv_vif *);
/* One poll, and then the wait for what is next. */
void hv_vif_turn(struct hv_vif *);
/* All of these, and wait for the link.  NULL: the usual NIC. */
void hv_vif_start(struct hv_vif *, const struct host_netvsp_config *);
/* The same on a machine of so many CPUs, with as many channels. */
void hv_vif_start_cpus(struct hv_vif *, unsigned cpus);

/* Let so much time go by, polling. */
void hv_vif_run(struct hv_vif *, uint64_t time);
/* Poll until it is so, or fail after a minute of virtual time. */
void hv_vif_until(struct hv_vif *, bool (*so)(struct hv_vif *),
    const char *what);
bool hv_vif_is_up(struct hv_vif *);
bool hv_vif_is_down(struct hv_vif *);
bool hv_vif_is_broken(struct hv_vif *);
bool hv_vif_is_unusable(struct hv_vif *);
/* Nothing is to be asked any more. */
bool hv_vif_is_quiet(struct hv_vif *);
/* Until so many frames have arrived at that end. */
void hv_vif_arrive(struct hv_vif *, struct hv_list *, unsigned count);
void hv_vif_forget(struct hv_list *);

/* Pages of the guest's. */
void *hv_vif_pages(struct hv_vif *, size_t pages, uint64_t *physical);

/* The same memory in segments of random lengths. */
void hv_vif_cut(struct hv_vif *, struct vif_frame *, unsigned pieces);
void hv_vif_transmit(struct hv_vif *, unsigned queue, struct vif_frame *);
/* Transmit on queue 0, kick, and wait for its end: its error. */
int hv_vif_send(struct hv_vif *, struct vif_frame *);
void hv_vif_wait(struct hv_vif *, struct vif_frame *);
/* From the peer, and until it has arrived. */
void hv_vif_receive(struct hv_vif *, const struct host_nv_frame *);
/* To this NIC. */
void hv_vif_address(struct hv_vif *, void *frame);
/* Small frames go both ways. */
void hv_vif_works(struct hv_vif *);

struct hvn *hv_vif_hvn(struct hv_vif *);
struct hvn_queue *hv_vif_queue(struct hv_vif *, unsigned index);

#endif
