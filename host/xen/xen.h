/* SPDX-License-Identifier: ISC */
/*
 * A model of Xen as a guest of type HVM or PVH meets it: hypercalls, event
 * channels, grants, and domain 0 with its XenStore and back ends.
 *
 * One struct host_xen is one guest and its domain 0.  All calls come from one
 * thread.  Manners are what a test makes it do wrong; none happens unless asked
 * for.  All of the guest's memory is looked at through the world, word by word
 * and as hostile as a guest may be: the model serves a VMM too.
 */
#ifndef HOST_XEN_XEN_H
#define HOST_XEN_XEN_H

#include "host/bus/world.h"

struct host_xen;
struct host_xenstore;

/* As E820 has it. */
struct host_xen_memory {
	uint64_t base, size;
	uint32_t type;
};

struct host_xen_config {
	const struct host_world *world;
	unsigned vcpus;   /* 1 to 32 */
	uint16_t domain;  /* the guest's number */
	const char *name; /* of the guest, in XenStore */
	bool no_fifo;     /* event channels of two levels only */
	bool no_grant_v2;
	bool no_upcall_vector; /* one vector for all vCPUs, not one each */
	/* Vectors each, or a line, but not one for all.  That one comes past
	 * the local APIC, and its guest sends no EOI: where world.interrupt
	 * goes by the APIC, it would come once. */
	bool no_callback_vector;
	unsigned grant_frames; /* at most so many; 0: 64 */
	unsigned ports;        /* the largest of event channels; 0: 1023 */
	bool vmmcall;          /* AMD's instruction in the hypercall page */
	/* not 0: and instead of that OUT to this port, of AL, for whoever runs
	 * the vCPU and sees ports but no VMCALL */
	uint8_t call_port;
	/* of the TSC, as in a vCPU's time page; 0: it runs at 2 GHz */
	uint32_t tsc_mul;
	int8_t tsc_shift;
	/* vCPUs have local APICs, of which the model knows nothing: all but
	 * the first are down until they make a hypercall, for the guest starts
	 * them by INIT and SIPI; and what an APIC has lost, for it was off,
	 * comes again, as Xen's own APICs lose nothing */
	bool real_apics;
	uint64_t memory; /* bytes, as XenStore tells; 0: 256 MiB */
	/* when the world's time was 0: nanoseconds since 1970; 0: on a date of
	 * the model's */
	uint64_t wall;
	/* XENMEM_memory_map; NULL: there is none */
	const struct host_xen_memory *map;
	unsigned map_count;
	/* All of these are optional. */
	void *ctx;
	/* SCHEDOP_shutdown but suspend: XEN_SHUTDOWN_… */
	void (*shutdown)(void *ctx, unsigned reason);
	/* what the guest writes to its console; without, the model keeps it */
	void (*console)(void *ctx, const char *bytes, size_t size);
	/* and to Xen's own by CONSOLEIO_write; without, it may not */
	void (*debug)(void *ctx, const char *bytes, size_t size);
	/* the line of HVM_PARAM_CALLBACK_IRQ, when that is no vector: a number
	 * of wire/xen/hypercall.h's XEN_HVM_CALLBACK_… */
	void (*line)(void *ctx, uint64_t callback, bool level);
};

/* NULL when out of memory. */
struct host_xen *host_xen_new(const struct host_xen_config *);
void host_xen_free(struct host_xen *);

/* ---- What a vCPU does ------------------------------------------------- */

/* The MSR that CPUID leaf base + 2 names: fills the hypercall page that the
 * value is the physical address of with instructions, 32 bytes for each
 * hypercall: MOV EAX, number; VMCALL (or the other ways of the configuration);
 * RET.  False: not ours, or a value that real Xen answers with a general
 * protection fault. */
bool host_xen_wrmsr(struct host_xen *, uint32_t msr, uint64_t value);
long host_xen_hypercall(struct host_xen *, unsigned vcpu, unsigned op,
    const uint64_t arguments[5]);
/* Ports 0x10 to 0x13; false: not ours. */
bool host_xen_in(struct host_xen *, uint16_t port, unsigned width,
    uint32_t *value);
bool host_xen_out(struct host_xen *, uint16_t port, unsigned width,
    uint32_t value);

/* tsc_mul and tsc_shift for a TSC of so many ticks in a second (not 0), rounded
 * so that no guest finds a page of time that was written in its own future. */
void host_xen_scale(struct host_xen_config *, uint64_t hz);
/* The TSC at a time of the world, by a configuration: exact where tsc_mul is a
 * power of two. */
uint64_t host_xen_tsc(const struct host_xen_config *, uint64_t now);
/* Whether upcalls to a vCPU come through its local APIC, and want an EOI: those
 * of HVMOP_set_evtchn_upcall_vector do, those of HVM_PARAM_CALLBACK_IRQ do
 * not. */
bool host_xen_upcall_by_apic(const struct host_xen *, unsigned vcpu);

/* ---- Misbehaviour and counts ------------------------------------------ */

struct host_xen_manners {
	/* the n-th hypercall of number `fail_op` from now on (1 is the next;
	 * fail_op 0: any) returns fail_with, once; 0: none does */
	unsigned fail_nth, fail_op;
	long fail_with;
	bool lose_events; /* pending bits are set, no interrupt comes */
	bool drop_events; /* not even a bit is set */
	/* what is mapped once stays mapped, until host_xen_release_grants() */
	bool hold_grants;
	bool suspend_cancelled;   /* SCHEDOP_shutdown(suspend) returns 1 */
	bool keep_upcall_pending; /* it is set again after each interrupt */
	bool time_odd; /* the version of a vCPU's time page stays odd */
};
struct host_xen_manners *host_xen_manners(struct host_xen *);

struct host_xen_counts {
	uint64_t hypercalls;
	uint64_t by_op[64];
	uint64_t signals; /* EVTCHNOP_send of the guest */
	uint64_t events;  /* set pending for the guest */
	unsigned ports;   /* open now, of the guest */
	unsigned mapped;  /* grants mapped or in use by domain 0 now */
	unsigned suspends;
	unsigned shutdown_reason;   /* of SCHEDOP_shutdown, + 1; 0: none yet */
	unsigned unplugged;         /* bits of port 0x10 */
	unsigned callbacks_refused; /* of config.no_callback_vector */
	/* What no guest may do, though Xen lets it: an entry of the grant table
	 * changed while in use, an upcall that is never taken. */
	unsigned violations;
};
const struct host_xen_counts *host_xen_counts(const struct host_xen *);

/* Set any bit of the guest's event words, owned or not. */
void host_xen_raise(struct host_xen *, uint32_t port);

/* Let go of what manners.hold_grants has kept. */
void host_xen_release_grants(struct host_xen *);

/* ---- The administrator ------------------------------------------------ */

/* "poweroff", "reboot", "halt", "suspend", "crash", or anything. */
void host_xen_request(struct host_xen *, const char *what);
/* The host's clock is this many nanoseconds from what it was. */
void host_xen_step(struct host_xen *, int64_t nanoseconds);
/* After a suspend: everything of the guest's is forgotten, and it comes back as
 * domain `domain`: new ports for XenStore and console, grants and event
 * channels gone, back ends made anew.  Called by the model itself inside
 * SCHEDOP_shutdown(suspend), with the same domain number unless this was set
 * before. */
void host_xen_resume_as(struct host_xen *, uint16_t domain);

/* `call` after each resume, in the order of registration, when XenStore has the
 * new domain's tree: for back ends, which make their directories there anew. */
struct xen_resume;
struct xen_resume *host_xen_on_resume(struct host_xen *, void (*call)(void *),
    void *argument);
void host_xen_off_resume(struct host_xen *, struct xen_resume *);

/* A part of domain 0 that lives in memory of its own: `free` is called by
 * host_xen_free(), first of all, for each that was not dropped before. */
struct host_part {
	struct host_part *next;
	void (*free)(void *self);
	void *self;
};
void host_xen_add_part(struct host_xen *, struct host_part *);
void host_xen_drop_part(struct host_xen *, struct host_part *);

/* XenStore as domain 0 sees it: host/xen/xenstored.h */
struct host_xenstore *host_xen_store(struct host_xen *);

/* What the guest wrote to its console, up to 64 KiB; and type something there,
 * as far as there is room. */
const char *host_xen_console_text(const struct host_xen *);
size_t host_xen_console_type(struct host_xen *, const char *text);

/* ---- For the parts of domain 0: xenstored, blkback, netback ----------- */

const struct host_world *host_xen_world(struct host_xen *);
uint16_t host_xen_domain(const struct host_xen *);

/* Connect to a port that the guest has opened for domain 0; `call` is called
 * (later, never from inside a hypercall) when the guest sends.  Returns a
 * handle, or NULL when there is no such port. */
struct host_port;
struct host_port *host_port_connect(struct host_xen *, uint32_t remote,
    void (*call)(void *), void *argument);
/* A port of the guest's that is connected from the start (XenStore's). */
struct host_port *host_port_offer(struct host_xen *, uint32_t *guest_port,
    void (*call)(void *), void *argument);
void host_port_close(struct host_port *);
/* Set it pending in the guest, and interrupt it unless it is masked. */
void host_port_send(struct host_port *);

/* A page that the guest has granted, until host_grant_unmap(); NULL: not
 * granted to domain 0, or not writable though asked for.  Marks the entry as
 * in use, as Xen does. The pointer is to be asked for anew (host_grant_page)
 * each time that control was given back. */
struct host_grant;
struct host_grant *host_grant_map(struct host_xen *, uint32_t reference,
    bool write);
void *host_grant_page(struct host_grant *);
void host_grant_unmap(struct host_grant *);
/* Copy without mapping (GNTTABOP_copy), within the page; false: not granted. */
bool host_grant_read(struct host_xen *, uint32_t reference, unsigned offset,
    void *to, size_t size);
bool host_grant_write(struct host_xen *, uint32_t reference, unsigned offset,
    const void *from, size_t size);

/* The rings of XenStore and the console that the model has put into the
 * guest's memory by itself: pages below the guest's own.  The world provides
 * them. */
bool host_xen_set_pages(struct host_xen *, uint64_t store_physical,
    uint64_t console_physical);
uint64_t host_xen_store_page(const struct host_xen *);
uint64_t host_xen_console_page(const struct host_xen *);
/* For xenstored.c: what its tree tells, and the guest's port as a parameter. */
const char *host_xen_name(const struct host_xen *);
unsigned host_xen_vcpus(const struct host_xen *);
uint64_t host_xen_memory(const struct host_xen *);
uint32_t host_xen_console_port(const struct host_xen *);
void host_xen_store_port(struct host_xen *, uint32_t port);

#endif
