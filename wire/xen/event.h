/* SPDX-License-Identifier: ISC */
/*
 * Event channels: XEN_HC_EVENT_CHANNEL_OP, and the queues of the FIFO form.
 * Source: Xen public headers event_channel.h, xen.h; for the FIFO,
 * "Event channel: FIFO-based ABI" by D. Vrabel.
 */
#ifndef WIRE_XEN_EVENT_H
#define WIRE_XEN_EVENT_H

#include <stdint.h>

#define XEN_EVTCHN_BIND_INTERDOMAIN 0
#define XEN_EVTCHN_BIND_VIRQ 1
#define XEN_EVTCHN_BIND_PIRQ 2
#define XEN_EVTCHN_CLOSE 3
#define XEN_EVTCHN_SEND 4
#define XEN_EVTCHN_STATUS 5
#define XEN_EVTCHN_ALLOC_UNBOUND 6
#define XEN_EVTCHN_BIND_IPI 7
#define XEN_EVTCHN_BIND_VCPU 8
#define XEN_EVTCHN_UNMASK 9
#define XEN_EVTCHN_RESET 10
#define XEN_EVTCHN_INIT_CONTROL 11
#define XEN_EVTCHN_EXPAND_ARRAY 12
#define XEN_EVTCHN_SET_PRIORITY 13

/* Virtual interrupts. */
#define XEN_VIRQ_TIMER 0
#define XEN_VIRQ_DEBUG 1
#define XEN_VIRQS 24

struct xen_evtchn_alloc_unbound {
	uint16_t domid;
	uint16_t remote_domid;
	uint32_t port; /* out */
};
_Static_assert(sizeof(struct xen_evtchn_alloc_unbound) == 8, "alloc unbound");

struct xen_evtchn_bind_interdomain {
	uint16_t remote_domid;
	uint16_t pad;
	uint32_t remote_port;
	uint32_t port; /* out */
};
_Static_assert(sizeof(struct xen_evtchn_bind_interdomain) == 12,
    "bind interdomain");

struct xen_evtchn_bind_virq {
	uint32_t virq; /* XEN_VIRQ_… */
	uint32_t vcpu;
	uint32_t port; /* out */
};
_Static_assert(sizeof(struct xen_evtchn_bind_virq) == 12, "bind virq");

struct xen_evtchn_bind_ipi {
	uint32_t vcpu;
	uint32_t port; /* out */
};
_Static_assert(sizeof(struct xen_evtchn_bind_ipi) == 8, "bind ipi");

struct xen_evtchn_close {
	uint32_t port;
};
_Static_assert(sizeof(struct xen_evtchn_close) == 4, "close");

struct xen_evtchn_send {
	uint32_t port;
};
_Static_assert(sizeof(struct xen_evtchn_send) == 4, "send");

struct xen_evtchn_status {
	uint16_t domid;
	uint16_t pad0;
	uint32_t port;
	uint32_t status; /* out, as the rest: XEN_EVTCHN_IS_… */
	uint32_t vcpu;
	union {
		struct {
			uint16_t domid;
		} unbound;
		struct {
			uint16_t domid;
			uint16_t pad;
			uint32_t port;
		} interdomain;
		uint32_t pirq;
		uint32_t virq;
	} u;
};
_Static_assert(sizeof(struct xen_evtchn_status) == 24, "status");

#define XEN_EVTCHN_IS_CLOSED 0
#define XEN_EVTCHN_IS_UNBOUND 1
#define XEN_EVTCHN_IS_INTERDOMAIN 2
#define XEN_EVTCHN_IS_PIRQ 3
#define XEN_EVTCHN_IS_VIRQ 4
#define XEN_EVTCHN_IS_IPI 5

struct xen_evtchn_bind_vcpu {
	uint32_t port;
	uint32_t vcpu;
};
_Static_assert(sizeof(struct xen_evtchn_bind_vcpu) == 8, "bind vcpu");

struct xen_evtchn_unmask {
	uint32_t port;
};
_Static_assert(sizeof(struct xen_evtchn_unmask) == 4, "unmask");

struct xen_evtchn_reset {
	uint16_t domid;
};
_Static_assert(sizeof(struct xen_evtchn_reset) == 2, "reset");

/* FIFO, for each VCPU: where its control block is. */
struct xen_evtchn_init_control {
	uint64_t frame;
	uint32_t offset; /* bytes; a multiple of 8, within the page */
	uint32_t vcpu;
	uint8_t link_bits; /* out: of the event words' links */
	uint8_t pad[7];
};
_Static_assert(sizeof(struct xen_evtchn_init_control) == 24, "init control");

/* FIFO: one page more of event words. */
struct xen_evtchn_expand_array {
	uint64_t frame;
};
_Static_assert(sizeof(struct xen_evtchn_expand_array) == 8, "expand array");

struct xen_evtchn_set_priority {
	uint32_t port;
	uint32_t priority; /* XEN_FIFO_PRIORITY_… */
};
_Static_assert(sizeof(struct xen_evtchn_set_priority) == 8, "set priority");

/* An event word: bit numbers, and below them the next port of the queue. */
#define XEN_FIFO_PENDING 31
#define XEN_FIFO_MASKED 30
#define XEN_FIFO_LINKED 29
#define XEN_FIFO_BUSY 28
#define XEN_FIFO_LINK_BITS 17
#define XEN_FIFO_LINK_MASK ((1u << XEN_FIFO_LINK_BITS) - 1)
#define XEN_FIFO_PORTS (1u << XEN_FIFO_LINK_BITS)
#define XEN_FIFO_WORDS_PER_PAGE (4096 / sizeof(uint32_t))
#define XEN_FIFO_PAGES (XEN_FIFO_PORTS / XEN_FIFO_WORDS_PER_PAGE)

#define XEN_FIFO_PRIORITY_HIGHEST 0
#define XEN_FIFO_PRIORITY_DEFAULT 7
#define XEN_FIFO_PRIORITY_LOWEST 15
#define XEN_FIFO_QUEUES 16

struct xen_fifo_control {
	uint32_t ready; /* a bit for each queue that has events */
	uint32_t pad;
	uint32_t head[XEN_FIFO_QUEUES]; /* the first port; 0: empty */
};
_Static_assert(sizeof(struct xen_fifo_control) == 72, "control block");

#endif
