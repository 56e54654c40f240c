/* SPDX-License-Identifier: ISC */
/*
 * Event channels of either kind: what events.c, channel.c and the two kinds
 * share.
 *
 * The state of a port is a word of ours in a table that lives as long as the
 * bus does, so a handler never touches a channel's own memory, and closing a
 * channel has to wait for no other CPU.
 */
#ifndef GUEST_XEN_EVENTS_PRIVATE_H
#define GUEST_XEN_EVENTS_PRIVATE_H

#include "guest/xen/xen_private.h"
#include "wire/xen/event.h"

/* The state of a port. */
#define PORT_OWNED 0x1u
#define PORT_MARKED 0x2u /* an event came; masked until it is worked off */

#define STATES_PER_PAGE 1024u
#define STATE_PAGES (XEN_FIFO_PORTS / STATES_PER_PAGE)

/* What the two kinds do differently. */
struct events_abi {
	const char *name;
	uint32_t ports;
	/* A CPU is to get events. */
	int (*start)(struct xen *, unsigned cpu);
	/* The host may use that port; masked. */
	int (*add)(struct xen *, uint32_t port);
	void (*mask)(struct xen *, uint32_t port);
	/* True: an event came while it was masked. */
	bool (*unmask)(struct xen *, uint32_t port);
	/* Take an event out of the host's memory, and mask the port.  False:
	 * there is none, or the port is masked. */
	bool (*collect)(struct xen *, uint32_t port);
	/* Collect and mark all of a CPU; true: it stopped at its bound. */
	bool (*scan)(struct xen *, unsigned cpu);
	/* Give back what start and add have taken. */
	void (*stop)(struct xen *);
};

extern const struct events_abi events_2level, events_fifo;

enum events_delivery {
	EVENTS_POLLED,
	EVENTS_ONE_VECTOR,  /* HVM_PARAM_CALLBACK_IRQ; it needs no EOI */
	EVENTS_CPU_VECTORS, /* through the local APIC of each CPU */
};

struct events_cpu {
	uint32_t started;
	uint32_t active; /* atomic: somebody scans */
	uint32_t again;  /* atomic: and somebody else wanted to */
	/* of the FIFO: queues with events, and where each goes on */
	uint32_t ready;
	uint32_t head[XEN_FIFO_QUEUES];
};

struct fifo {
	unsigned char *control; /* a page with a block for each VCPU */
	uint64_t control_physical;
	uint32_t *pages[XEN_FIFO_PAGES];
	uint64_t physical[XEN_FIFO_PAGES];
	unsigned allocated;
	uint32_t known; /* atomic: of these, told to the host */
};

struct xen_events {
	const struct events_abi *abi;
	enum events_delivery delivery;
	int vector;
	struct events_cpu *cpu;
	uint32_t *states[STATE_PAGES];
	struct xen_channel *channels;
	bool found; /* on CPU 0, by xen_channel_done() */
	/* atomic; for the owner of the bus to count */
	uint32_t bad_index, bad_state;
	struct fifo *fifo;
};

/* An event of that port was collected. */
void events_mark(struct xen *, uint32_t port);
/* The state of a port, or NULL when it never had an owner. */
uint32_t *events_state(const struct xen_events *, uint32_t port);
/* The same, made if need be; NULL: no memory. */
uint32_t *events_state_make(struct xen *, uint32_t port);
/* channel.c: close what is still open; its memory is its owners'. */
void events_close_channels(struct xen *);
/* channel.c: ports that became noisy and may be heard again. */
void events_wake_quiet(struct xen *);
/* events_reset.c: let go of the pages of the FIFO; false: the host would not. */
bool events_reset(struct xen *);

static inline long
event_op(struct xen *xen, struct pv_stats *stats, unsigned command,
    void *argument)
{
	return xen_hypercall(xen, stats, XEN_HC_EVENT_CHANNEL_OP, command,
	    (uintptr_t)argument, 0);
}

#endif
