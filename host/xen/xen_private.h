/* SPDX-License-Identifier: ISC */
/* What the files of the hypervisor itself share; domain 0 is elsewhere. */
#ifndef HOST_XEN_XEN_PRIVATE_H
#define HOST_XEN_XEN_PRIVATE_H

#include "host/xen/xen.h"
#include "wire/xen/event.h"
#include "wire/xen/grant.h"
#include "wire/xen/hypercall.h"
#include "wire/xen/shared.h"

#define XEN_VERSION_MAJOR 4
#define XEN_VERSION_MINOR 17

/* libxl's max_event_channels and max_grant_frames. */
#define XEN_PORTS_DEFAULT 1023
#define XEN_GRANT_FRAMES_DEFAULT 64

/* A page of Xen's that the guest may put into its own address space.  Until
 * then, and after, its contents stand here. */
struct xen_page {
	uint64_t frame; /* where the guest has put it; 0: nowhere */
	uint8_t *home;
};

struct xen_queue {
	uint32_t tail;
};

struct xen_vcpu {
	uint64_t info; /* physical, of a registered vcpu_info; 0: none */
	struct xen_vcpu_info lost; /* when the above cannot be reached */
	uint64_t time_area;        /* linear; 0: none */
	uint8_t upcall_vector;
	uint64_t runstate; /* linear; 0: none */
	bool up;
	bool checking; /* a look at upcall_pending is due */
	unsigned ignored;
	uint64_t control; /* physical, of the FIFO's control block; 0: none */
	struct xen_queue queues[XEN_FIFO_QUEUES];
	uint32_t virqs[XEN_VIRQS]; /* their ports */
	uint64_t timer;            /* system time; 0: off */
	struct host_xen *xen;      /* for callbacks */
};

/* One end of an event channel, the guest's. */
struct xen_port {
	uint8_t state; /* XEN_EVTCHN_IS_… */
	uint8_t vcpu;  /* that is notified */
	uint8_t priority;
	uint8_t last_vcpu, last_priority; /* the queue it was linked to last */
	bool pending;                     /* FIFO, and no word for it yet */
	uint16_t remote;
	uint32_t remote_port;
	uint32_t virq;
	struct host_port *host; /* the other end, in domain 0 */
};

struct host_port {
	struct host_port *next;
	struct host_xen *xen;
	void (*call)(void *);
	void *argument;
	uint32_t number; /* in domain 0 */
	uint32_t port;   /* the guest's; 0: it is gone */
	bool calling;    /* world.later has it */
	bool closed;     /* to be freed when that has come */
};

/* What Xen knows of a grant in use. */
struct xen_active {
	unsigned readers, writers;
	uint64_t frame;
};

struct host_grant {
	struct host_grant *next;
	struct host_xen *xen;
	uint32_t reference;
	bool write;
	bool dead; /* the guest that granted it is no more */
};

struct host_xen {
	struct host_xen_config config;
	struct host_world world;
	struct host_xen_manners manners;
	struct host_xen_counts counts;
	char name[64];
	uint16_t domain;
	uint16_t resume_domain; /* 0: the same */
	bool in_multicall;
	bool line;              /* of HVM_PARAM_CALLBACK_IRQ, as it is now */
	uint64_t line_callback; /* which one, when it is up */

	struct xen_page shared;
	struct xen_vcpu vcpus[XEN_LEGACY_VCPUS];
	uint64_t params[XEN_HVM_PARAMS];
	uint64_t store_physical, console_physical;

	struct xen_port *ports;
	uint32_t port_limit;  /* the largest that there can be */
	uint32_t ports_valid; /* so many are known at all */
	bool fifo;
	uint64_t array[XEN_FIFO_PAGES]; /* frames of event words */
	unsigned array_pages;
	struct host_port *host_ports;
	uint32_t next_host_port;

	unsigned grant_version;
	unsigned grant_frames, grant_limit, status_frames;
	struct xen_page *grant_pages;
	struct xen_page *status_pages;
	struct xen_active *active; /* for each reference up to the limit */
	struct host_grant *grants; /* mapped */
	struct host_grant *held;   /* of manners.hold_grants */

	uint16_t unplug_product;
	uint32_t unplug_build;

	struct host_port *console;
	char *console_text; /* what the guest wrote */
	size_t console_size;

	struct host_xenstore *store;
	struct xen_resume *resumes;
	struct host_part *parts;
};

/* Memory of the model's own; a model that loses some of its state proves
 * nothing, so that there is no failing. */
void *xen_alloc(size_t size);

/* A copy of an argument; -XEN_EFAULT */
long xen_take(struct host_xen *, uint64_t address, void *to, size_t size);
long xen_give(struct host_xen *, uint64_t address, const void *from,
    size_t size);
/* The domain that an argument names must be the guest itself. */
long xen_domain_check(const struct host_xen *, uint16_t domain);

/* memory.c */
long xen_memory_op(struct host_xen *, const uint64_t arguments[5]);
uint8_t *xen_page_bytes(struct host_xen *, struct xen_page *);
void xen_page_reset(struct xen_page *);
/* A frame of the guest's that Xen will go on using; false: not its own. */
bool xen_frame_ok(struct host_xen *, uint64_t frame);
struct xen_shared_info *xen_shared(struct host_xen *);
struct xen_vcpu_info *xen_vcpu_info(struct host_xen *, unsigned vcpu);

/* hvm.c */
long xen_hvm_op(struct host_xen *, const uint64_t arguments[5]);
/* sched.c */
long xen_sched_op(struct host_xen *, const uint64_t arguments[5]);
/* version.c */
long xen_version_op(struct host_xen *, const uint64_t arguments[5]);
/* vcpu.c */
long xen_vcpu_op(struct host_xen *, unsigned vcpu, const uint64_t arguments[5]);

/* events.c */
bool xen_events_init(struct host_xen *);
void xen_events_free(struct host_xen *);
void xen_events_forget(struct host_xen *);
long xen_event_op(struct host_xen *, unsigned vcpu,
    const uint64_t arguments[5]);
struct xen_port *xen_port(struct host_xen *, uint32_t port);
/* The number of a new port, or a negative error. */
long xen_port_new(struct host_xen *);
void xen_port_free(struct host_xen *, uint32_t port);
/* events_bind.c */
long xen_port_alloc_unbound(struct host_xen *, uint64_t address);
long xen_port_bind_interdomain(struct host_xen *, uint64_t address);
long xen_port_bind_virq(struct host_xen *, uint64_t address);
long xen_port_bind_ipi(struct host_xen *, uint64_t address);
bool xen_virq_is_global(uint32_t virq);
/* events_host.c */
void xen_host_port_notify(struct host_port *);
void xen_host_port_link(struct host_xen *, struct host_port *, uint32_t port);
/* Domain 0's end of that number, whose partner the guest has closed. */
struct host_port *xen_host_port_waiting(struct host_xen *, uint32_t number);
/* events_pending.c: both forms of pending bits */
void xen_set_pending(struct host_xen *, uint32_t port);
void xen_clear_pending(struct host_xen *, uint32_t port);
bool xen_unmask(struct host_xen *, uint32_t port);
bool xen_is_pending(struct host_xen *, uint32_t port);
/* events_fifo.c */
long xen_fifo_init_control(struct host_xen *, uint64_t address);
long xen_fifo_expand(struct host_xen *, uint64_t address);
void xen_fifo_set_pending(struct host_xen *, uint32_t port);
uint32_t *xen_fifo_word(struct host_xen *, uint32_t port);
void xen_fifo_forget(struct host_xen *);
/* upcall.c */
void xen_upcall(struct host_xen *, unsigned vcpu);
void xen_inject(struct host_xen *, unsigned vcpu);
/* The line is as upcall_pending of the first vCPU is. */
void xen_line_update(struct host_xen *);

/* grants.c, grants_version.c */
bool xen_grants_init(struct host_xen *);
void xen_grants_free(struct host_xen *);
void xen_grants_forget(struct host_xen *);
long xen_grant_op(struct host_xen *, const uint64_t arguments[5]);
bool xen_grants_grow(struct host_xen *, unsigned frames);
unsigned xen_grants_entries(const struct host_xen *);
unsigned xen_grants_per_page(const struct host_xen *);
void xen_grants_special(struct host_xen *);
long xen_grant_set_version(struct host_xen *, uint64_t address);

/* time.c */
void xen_time_update(struct host_xen *, unsigned vcpu);
void xen_time_wall(struct host_xen *);

/* console.c */
void xen_console_open(struct host_xen *);

/* suspend.c */
void xen_suspend(struct host_xen *);
void xen_resume_free(struct host_xen *);

#endif
