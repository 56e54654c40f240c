/* SPDX-License-Identifier: ISC */
/* What xen.c, suspend.c and the files beside them share, and no driver needs. */
#ifndef GUEST_XEN_PRIVATE_H
#define GUEST_XEN_PRIVATE_H

#include "guest/xen/xen.h"
#include "wire/xen/shared.h"

/* Xen's numbers of the domain and of this CPU: once at first, and after each
 * resume. hypercall.c */
void xen_numbers(struct xen *);
/* The number of the CPU that runs this, or XEN_NO_VCPU, with a line. */
uint32_t xen_vcpu_number(struct xen *, unsigned cpu);
/* Let the host fill the page of hypercalls, again. */
int xen_hypercall_place(struct xen *);

/* open.c: all that XenStore and its devices stand on; the members of *xen up to
 * `base` are set. */
int xen_open(struct xen *);
void xen_close(struct xen *);
/* Let the host take a page of its own away; false: it is there still, and
 * counted as held. */
bool xen_leave(struct xen *, uint64_t physical);
/* Put the shared page where it belongs, again. */
int xen_shared_place(struct xen *);
/* NULL while suspended. */
static inline struct xen_shared_info *
xen_shared(const struct xen *xen)
{
	return xen->shared;
}

/* events.c: "FIFO events on each CPU" */
const char *xen_events_text(const struct xen *);

/* suspend.c */
int xen_suspended(struct pv_device *);

/* unplug.c: take away the emulated twins of the devices that have drivers. */
void xen_unplug(struct xen *);

#endif
