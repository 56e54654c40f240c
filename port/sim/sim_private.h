/* SPDX-License-Identifier: ISC */
#ifndef PORT_SIM_PRIVATE_H
#define PORT_SIM_PRIVATE_H

#include "host/bus/world.h"
#include "port/sim/sim.h"

#define SIM_CPUS 32
#define SIM_VECTORS 256

struct run;

/* One CPU's local APIC, as far as one vector can wait for another. */
struct sim_cpu {
	struct sim_machine *machine;
	bool requested[SIM_VECTORS]; /* not delivered yet */
	bool in_service[SIM_VECTORS];
	bool synthetic[SIM_VECTORS]; /* requested by Hyper-V */
};

struct sim_machine {
	struct sim *sim;
	struct pv_port port;
	struct host_world world;
	struct host_cpuid cpuid;
	struct host_fwcfg *fwcfg;

	struct host_xen *xen;
	struct host_xen_config xen_config;
	uint32_t xen_base; /* of its CPUID leaves */
	uint32_t xen_msr;
	uint64_t store_page, console_page; /* physical */

	struct host_hyperv *hyperv;
	struct host_hyperv_config hyperv_config;
	struct host_world hyperv_world; /* with interrupts of its own */

	struct host_pvclock *pvclock;
	struct host_pvclock_config pvclock_config;

	struct host_vmware *vmware;
	struct host_vmware_config vmware_config;
	uint32_t vmware_base;   /* of its CPUID leaves */
	uint64_t vmware_events; /* that ended a wait */

	struct host_vmmci *vmmci;
	struct sim_pci pci;
	uint32_t pci_address; /* of configuration mechanism #1 */

	struct sim_owner owner;
	uint64_t netif_changes; /* that ended a wait */

	/* of pages, those freed too; in the order of addresses */
	struct run **runs;
	size_t run_count, run_room;
	uint64_t next_physical;
	bool pages_fail;
	unsigned alloc_fail; /* countdown */
	struct sim_counts counts;

	unsigned cpus, cpu;
	struct sim_cpu apics[SIM_CPUS];
	struct {
		void (*call)(void *, unsigned);
		void *argument;
	} handlers[SIM_VECTORS];

	char *log;
	size_t log_len;
	void (*on_log)(void *, enum pv_log, const char *);
	void *on_log_ctx;
};

/* clock.c */
void sim_later(struct sim *, uint64_t delay, const void *owner,
    void (*call)(void *), void *argument);
void sim_forget(struct sim *, const void *owner);

/* memory.c */
void memory_init(struct sim_machine *);
void memory_free(struct sim_machine *);
/* Pages that the host has put into the guest's memory; their address. */
uint64_t memory_special(struct sim_machine *, size_t pages);
/* Whether a page that the host has been given begins so. */
bool memory_begins(struct sim_machine *, const void *page, size_t offset,
    const void *bytes, size_t size);

/* pages.c: zeroes, of whole pages; there is always room. */
unsigned char *pages_new(size_t size);
void pages_drop(unsigned char *bytes, size_t size);

/* interrupt.c */
void interrupt_init(struct sim_machine *);
/* The machine slept: nothing is requested or served any more. */
void interrupt_reset(struct sim_machine *);

/* xen.c */
bool xen_init(struct sim_machine *, uint32_t base);
bool xen_make(struct sim_machine *);

/* hyperv.c */
bool hyperv_init(struct sim_machine *, bool shown);
void hyperv_free(struct sim_machine *);
bool hyperv_make(struct sim_machine *);
bool hyperv_rdmsr(struct sim_machine *, uint32_t msr, uint64_t *value);
bool hyperv_wrmsr(struct sim_machine *, uint32_t msr, uint64_t value);

/* kvm.c */
bool kvm_init(struct sim_machine *, bool shown, bool vmm);
bool kvm_make(struct sim_machine *);

/* vmware.c */
bool vmware_init(struct sim_machine *, uint32_t base);
/* Streams have something new. */
bool vmware_woken(struct sim_machine *);

/* vmm.c */
bool vmm_init(struct sim_machine *);
bool vmm_in(struct sim_machine *, uint16_t port, unsigned width,
    uint32_t *value);
void vmm_out(struct sim_machine *, uint16_t port, unsigned width,
    uint32_t value);

/* owner.c */
void owner_init(struct sim_machine *);
void owner_free(struct sim_machine *);

#endif
