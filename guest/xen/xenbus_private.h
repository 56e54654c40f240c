/* SPDX-License-Identifier: ISC */
/* What guest/xen/xen.c calls of XenStore and its devices; the rest is between
 * the files of XenStore. */
#ifndef GUEST_XEN_XENBUS_PRIVATE_H
#define GUEST_XEN_XENBUS_PRIVATE_H

#include "guest/xen/xenbus.h"

/* Connect, and register the store; devices appear in xenbus_poll(). */
int xenbus_open(struct xen *);
void xenbus_close(struct xen *);
bool xenbus_poll(struct xen *, unsigned budget);
uint64_t xenbus_deadline(const struct xen *);
/* Around SCHEDOP_shutdown(suspend): everything of XenStore stands still. */
void xenbus_suspend(struct xen *);
void xenbus_resume(struct xen *);
void xenbus_resume_cancelled(struct xen *);
/* The devices that were there at the start are attached, and each is
 * connected or will not be. */
bool xenbus_settled(const struct xen *);

#endif
