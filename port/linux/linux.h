/* SPDX-License-Identifier: ISC */
/* A Linux process as the platform: CPUID executed, the kernel's drivers and
 * sysfs for the rest.  Needs no privilege of its own; what it may not read is
 * reported by the bus. */
#ifndef PORT_LINUX_H
#define PORT_LINUX_H

#include "pvbus/port.h"

struct linux_port;

struct linux_port_config {
	const char *sys; /* where sysfs is; NULL: "/sys" */
	/* The door to XenStore, a device or a Unix socket; NULL: the value of
	 * XENSTORED_PATH, or "/dev/xen/xenbus". */
	const char *xenstore;
	/* Hyper-V's key/value exchange: the door to the kernel's driver, a
	 * device or a Unix socket of packets, NULL: "/dev/vmbus/hv_kvp"; and
	 * where its pools are kept, NULL: "/var/lib/hyperv". */
	const char *kvp, *pools;
	const char *etc; /* os-release and resolv.conf; NULL: "/etc" */
	/* Where the addresses are left that a host wants for an interface:
	 * a file ifcfg-NAME for each.  NULL: hosts cannot want any. */
	const char *interfaces;
	void (*log)(void *ctx, enum pv_log, const char *line);
	void *log_ctx;
};

/* NULL when out of memory. */
struct linux_port *linux_port_new(const struct linux_port_config *);
void linux_port_free(struct linux_port *);
const struct pv_port *linux_port_table(const struct linux_port *);
/* Readable when something that answered PV_EAGAIN may be there now. */
int linux_port_event(const struct linux_port *);
/* To be called then. */
void linux_port_event_seen(struct linux_port *);

/* A PV_E code as a positive errno, and back. */
int pv_errno(int error);
int pv_error_of(int errno_value);

#endif
