/* SPDX-License-Identifier: ISC */
/*
 * What the files of guest/xen share: the hypercall, event channels and grants.
 * XenStore and its devices are in xs.h and xenbus.h.
 *
 * Threads: the owner of the bus calls all of this, but a queue that belongs to
 * another CPU may, for its own channels and references, call from there:
 * xen_channel_send/take/done/deadline, xen_channels_send, xen_grant_set/end,
 * xen_hypercall, xen_multicall.
 */
#ifndef GUEST_XEN_XEN_H
#define GUEST_XEN_XEN_H

#include "pvbus/guest.h"
#include "wire/xen/hypercall.h"

struct xen_events;
struct xen_grants;
struct xenbus;
struct xen_clock;

struct xen {
	struct pv_device *device;
	struct pv_bus *bus;
	const struct pv_port *port;
	struct pv_stats *stats; /* of xen0 */
	/* Hypercalls, events and grants are ours; else another driver has them,
	 * and only XenStore is reached. */
	bool privileged;
	uint32_t base; /* of the CPUID leaves */
	void *hypercall_page;
	uint64_t hypercall_physical;
	uint32_t features; /* XENFEAT_*, submap 0 */
	uint32_t version;  /* major << 16 | minor */
	uint16_t domain;   /* our own number, 0 when not known */
	uint32_t *vcpu;    /* Xen's number of each CPU, or XEN_NO_VCPU */
	unsigned cpus;
	unsigned grant_version; /* that is wanted; 0: the one that suits best */
	bool no_multicall;      /* this host has none */
	void *shared; /* struct xen_shared_info, or NULL while suspended */
	uint64_t shared_physical;
	unsigned generation; /* one more after each resume */

	struct xen_events *events;
	struct xen_grants *grants;
	struct xen_clock *clock;
	struct xenbus *xenbus; /* XenStore, its store and its devices */
};

/* A CPU that has not started, or that Xen's shared page has no place for. */
#define XEN_NO_VCPU UINT32_MAX

/* One line, after the name of the device. */
void xen_log(struct xen *, enum pv_log, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- hypercall.c ------------------------------------------------------ */

int xen_hypercall_open(struct xen *);
void xen_hypercall_close(struct xen *);
/* 0 or more, or a negative errno of Xen (wire/xen/hypercall.h). `stats` is of
 * the device on whose account it goes. */
long xen_hypercall(struct xen *, struct pv_stats *stats, unsigned op,
    uintptr_t a, uintptr_t b, uintptr_t c);
/* Several in one, each with its result; counted as one. Where the host has no
 * such hypercall they are made one by one. */
void xen_multicall(struct xen *, struct pv_stats *stats,
    struct xen_multicall_entry *entries, unsigned count);
int xen_error(long result); /* the PV_E code of a negative result; else PV_OK */
int xen_param_get(struct xen *, uint32_t index, uint64_t *value);
int xen_param_set(struct xen *, uint32_t index, uint64_t value);
/* Let the host put its page `index` of `space` at a page of ours. */
int xen_place(struct xen *, unsigned space, uint64_t index, uint64_t physical);
int xen_unplace(struct xen *, uint64_t physical);

/* ---- events.c: event channels, of either kind ------------------------- */

/* One end of an event channel; its memory is that of the queue it serves.
 * When an event comes the port is masked and the channel marked, and so it
 * stays until xen_channel_done(): a host cannot make it come more often than
 * it is looked at. */
struct xen_channel {
	struct xen *xen;
	struct pv_stats *stats;
	uint32_t port; /* 0: closed */
	unsigned cpu;
	/* private to events*.c */
	struct xen_channel *next;
	uint32_t *state; /* of the port; atomic: the handler marks it there */
	unsigned generation;
	bool adopted;         /* the host's, and not to be closed */
	bool taken;           /* and xen_channel_done() is to come */
	uint32_t idle;        /* events in a row that brought nothing */
	uint64_t quiet_until; /* then the port is unmasked; 0: now */
};

int xen_events_open(struct xen *);
void xen_events_close(struct xen *);
/* All ports are gone: begin anew. Channels are opened again by their owners. */
int xen_events_resume(struct xen *);
/* On that CPU. */
void xen_events_cpu_start(struct xen *, unsigned cpu);
/* Look for events of a CPU without an interrupt: the fallback. On that CPU; on
 * CPU 0 also for what the host did not announce properly. */
void xen_events_scan(struct xen *, unsigned cpu);
/* When a port that was made quiet wants to be unmasked. */
uint64_t xen_events_deadline(const struct xen *);

/* A new port that `remote` may connect to; events come on `cpu`, but on CPU 0
 * as long as that one has not started (channel->cpu tells). */
int xen_channel_open(struct xen *, struct xen_channel *, uint16_t remote,
    unsigned cpu, struct pv_stats *);
/* A port that the host has made for us. */
int xen_channel_adopt(struct xen *, struct xen_channel *, uint32_t port,
    unsigned cpu, struct pv_stats *);
/* Move it to another CPU; PV_ENOTSUP where the host cannot. */
int xen_channel_move(struct xen_channel *, unsigned cpu);
void xen_channel_close(struct xen_channel *);
/* After a resume the port exists no more, and is only forgotten. */
void xen_channel_forget(struct xen_channel *);
void xen_channel_send(struct xen_channel *);
/* Several at once, in one hypercall. */
void xen_channels_send(struct xen_channel *const *, unsigned count);
/* True once for each event; counts it. */
bool xen_channel_take(struct xen_channel *);
/* The events taken are worked off, and let the next one come: `work` tells
 * whether there was any. To be called after each drain of what the channel
 * announces. */
void xen_channel_done(struct xen_channel *, bool work);
/* When xen_channel_take() is to be called without an interrupt: now, when an
 * event was found by xen_channel_done(); later, when the port was made quiet as
 * its events brought nothing. */
uint64_t xen_channel_deadline(const struct xen_channel *);

/* ---- grants.c: the grant table, version 1 or 2 ------------------------ */

int xen_grants_open(struct xen *);
/* References that the host has not let go of are leaked, with their pages. */
void xen_grants_close(struct xen *);
int xen_grants_resume(struct xen *);
/* `count` references, all or none: PV_ENOMEM. */
int xen_grants_reserve(struct xen *, uint32_t *references, unsigned count);
void xen_grants_release(struct xen *, const uint32_t *references,
    unsigned count);
/* Lend a page; the reference is reserved and not in use. */
void xen_grant_set(struct xen *, struct pv_stats *, uint32_t reference,
    uint16_t remote, uint64_t physical, bool read_only);
/*
 * Take it back, by compare and swap.  True: the host cannot reach the page any
 * more, and the reference may be set again.  False: the host holds it still,
 * nothing has changed, and it may be tried again.
 */
bool xen_grant_end(struct xen *, struct pv_stats *, uint32_t reference);
/*
 * Give up a reference that could not be ended, together with the pages of
 * pages_alloc that stand behind it (`pages` 0: only the reference). Both are
 * freed once the host lets go, tried now and then, and leaked if it never does.
 * All references to those pages go in one call, those ended already too.
 */
void xen_grants_abandon(struct xen *, struct pv_stats *,
    const uint32_t *references, unsigned count, void *memory, size_t pages);
bool xen_grants_poll(struct xen *);
uint64_t xen_grants_deadline(const struct xen *);
unsigned xen_grants_frames(const struct xen *); /* for the report */
unsigned xen_grants_version(const struct xen *);

/* ---- clock.c: Xen's time ---------------------------------------------- */

int xen_clock_open(struct xen *);
void xen_clock_close(struct xen *);
/* Nanoseconds since the host started, on `cpu`; PV_EPROTO: the host's page
 * stays odd, or has impossible scales. Never goes back on one CPU. */
int xen_clock_read(struct xen *, unsigned cpu, uint64_t *time);
/* Nanoseconds since 1970, at time 0 of the above. */
int xen_clock_wall(struct xen *, uint64_t *time);
/* Another host, whose time began at another moment. */
void xen_clock_resume(struct xen *);

#endif
