/* SPDX-License-Identifier: ISC */
/* A machine that pvbusd attaches: this one, or a simulated one. */
#ifndef PVBUSD_MACHINE_H
#define PVBUSD_MACHINE_H

#include "programs/pvbusd/config.h"
#include "programs/common/loop.h"
#include "pvbus/guest.h"

struct host_hyperv;
struct helper;
struct host_vmware;
struct host_xen;
struct sample_hyperv;

struct machine {
	struct machine *next;
	struct loop_source event; /* something that was waited for is there */
	const char *name;         /* "auto", "sim:kvm" */
	struct linux_port *linux_port;
	struct helper *helper; /* NULL: this host wants nothing of us */
	struct sim *sim;
	struct sim_machine *sim_machine;
	struct sample_hyperv *hyperv; /* its administrator, or NULL */
	uint64_t sim_start; /* our clock when the simulated one stood at its
	                       beginning */
	uint64_t sim_base;
	struct pv_bus *bus; /* NULL: no hypervisor there */
	unsigned units;     /* interfaces, each a device */
};

/* NULL, or what is wrong with the name of a machine. */
const char *machine_check(const char *name);

/*
 * Attach; the report goes to `log`.  NULL with *error for words that name no
 * machine or for lack of memory; a machine without hypervisor is one without a
 * bus.
 */
struct machine *machine_new(const struct config *, const char *name,
    unsigned unit, void (*log)(void *, enum pv_log, const char *),
    const char **error);
void machine_free(struct machine *);

/* Let the loop wake up for this machine. */
void machine_listen(struct machine *, struct loop *);

/* The capabilities that this machine needs all its life; privilege.h. */
uint64_t machine_privileges(const struct machine *, const struct config *);

/* Do what is ready; returns when to come back at the latest. */
uint64_t machine_poll(struct machine *);

/* sample.c: what a simulated host offers unless the configuration does. */
bool sample_fill(struct sim_machine *, struct sim *, const char *faces,
    const struct config *);
/* sample_xen.c: keys of XenStore, a disk and a NIC. */
bool sample_fill_xen(struct host_xen *, const struct config *);
/* sample_vmware.c: guestinfo. */
bool sample_fill_vmware(struct host_vmware *, const struct config *);
/* sample_hyperv.c: pairs, a disk and a NIC; to be freed after the machine.
 * NULL: out of memory. */
struct sample_hyperv *sample_fill_hyperv(struct host_hyperv *,
    const struct config *);
/* NULL, or what is wrong with a pair. */
const char *sample_kvp_problem(const char *name, size_t size);

#endif
