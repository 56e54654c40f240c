/* SPDX-License-Identifier: ISC */
/* A Linux process as the platform: CPUID executed, the kernel's drivers and
 * sysfs for the rest.  Needs no privilege of its own; what it may not read is
 * reported by the bus. */
#ifndef PORT_LINUX_H
#define PORT_LINUX_H

#include "pvbus/port.h"

struct linux_port;

/* What to do with a host's time. */
enum linux_time {
	LINUX_TIME_OFF,
	LINUX_TIME_SLEW, /* set it after a pause, else let it go a bit faster */
	LINUX_TIME_SET   /* always set it */
};

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
	/* Interfaces that VMware is not told of, as PV_FACT_NETIFS_LEFT_OUT
	 * has it; NULL: those that it says. */
	const char *left_out;
	const char *proc; /* NULL: "/proc" */
	/* In place of vsock: a directory with Unix sockets that are named by
	 * the ports, "976" and "975"; for tests.  NULL: vsock. */
	const char *vsock;
	/* Take this machine for one of VMware, whatever CPUID says: a test of
	 * what happens where it is none. */
	bool as_vmware;
	/* Drive the control device of OpenBSD's vmm, which Linux has no driver
	 * for; and take this machine for one of vmm's, as above. */
	bool vmmci, as_vmm;
	enum linux_time time; /* needs CAP_SYS_TIME */
	/* The members of pv_port of these names, with `owner` as their ctx.
	 * Asked on VMware, and on OpenBSD's vmm with `vmmci`: what other hosts
	 * want, Linux itself does.
	 * NULL: absent. */
	int (*request)(void *owner, enum pv_request, const struct pv_reason *);
	int (*freeze)(void *owner, bool frozen);
	void *owner;
	void (*log)(void *ctx, enum pv_log, const char *line);
	void *log_ctx;
};

/* NULL when out of memory. */
struct linux_port *linux_port_new(const struct linux_port_config *);
void linux_port_free(struct linux_port *);
const struct pv_port *linux_port_table(const struct linux_port *);
/* This is a machine of VMware. */
bool linux_port_is_vmware(const struct linux_port *);
/* The members of the configuration for the owner are asked here. */
bool linux_port_asks(const struct linux_port *);
/* Readable when something that answered PV_EAGAIN may be there now. */
int linux_port_event(const struct linux_port *);
/* To be called then. */
void linux_port_event_seen(struct linux_port *);

/* A PV_E code as a positive errno, and back. */
int pv_errno(int error);
int pv_error_of(int errno_value);

#endif
