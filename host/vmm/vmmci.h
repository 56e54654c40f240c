/* SPDX-License-Identifier: ISC */
/*
 * The control device of OpenBSD's vmd: what stands in its BAR of I/O ports, and
 * what its administrator (vmctl) does with it.  PCI around it is the machine's
 * matter.
 *
 * The model can be told to misbehave; each way is one that a guest has to
 * survive, and none happens unless asked for.
 */
#ifndef HOST_VMM_VMMCI_H
#define HOST_VMM_VMMCI_H

#include "host/bus/world.h"

struct host_vmmci;

struct host_vmmci_config {
	const struct host_world *world;
	/* the host's clock, in nanoseconds since 1970, when world.now was 0 */
	uint64_t wall;
	/* the interrupt line; or NULL */
	void (*interrupt)(void *ctx, bool level);
	/* The guest is to be ended, or to begin anew: it has not acknowledged in
	 * time, has not gone in time after it did, or asked for it itself
	 * (VMMCI_NONE was the command).  Or NULL. */
	void (*impatient)(void *ctx, uint32_t command);
	void *ctx;
};

struct host_vmmci_manners {
	bool absent;       /* all ones in every register */
	uint32_t features; /* offered; usually all */
	bool no_status;    /* the status stays 0 whatever is written */
	bool deaf;         /* acknowledges are not heard */
	bool unknown;      /* another unknown command with each read, always */
	bool again;        /* the interrupt's reason is never cleared */
	bool restless;     /* another second with each read of a time */
	bool lies;         /* the time is that below */
	uint64_t seconds, microseconds;
	bool patient; /* no guest is ended */
};

struct host_vmmci_counts {
	uint64_t reads, writes;
	uint64_t bad_accesses; /* of no register, or in the wrong width */
	uint64_t commands;     /* given to the guest */
	uint64_t acks;         /* of the command under way */
	uint64_t wrong_acks;   /* of another one */
	uint64_t own_requests; /* the guest wants to be shut down */
	uint64_t times;        /* read by the guest */
	uint64_t resets;
	uint64_t ended; /* calls of impatient */
};

enum host_vmmci_answer {
	HOST_VMMCI_SENT,
	HOST_VMMCI_NO_DRIVER, /* of the guest, yet */
	HOST_VMMCI_NOT_AGREED /* its driver does not take this command */
};

/* NULL when out of memory.  To be freed when its world calls back no more. */
struct host_vmmci *host_vmmci_new(const struct host_vmmci_config *);
void host_vmmci_free(struct host_vmmci *);

struct host_vmmci_manners *host_vmmci_manners(struct host_vmmci *);
const struct host_vmmci_counts *host_vmmci_counts(const struct host_vmmci *);

/* The BAR, by offset; width is 1, 2 or 4. */
uint32_t host_vmmci_in(struct host_vmmci *, unsigned offset, unsigned width);
void host_vmmci_out(struct host_vmmci *, unsigned offset, unsigned width,
    uint32_t value);

/* The administrator: VMMCI_SHUTDOWN, _REBOOT, _SYNCRTC. */
enum host_vmmci_answer host_vmmci_command(struct host_vmmci *,
    uint32_t command);
/* What the guest's driver last saw of these; VMMCI_NONE: nothing is under way. */
uint32_t host_vmmci_pending(const struct host_vmmci *);
bool host_vmmci_acknowledged(const struct host_vmmci *);
/* The features that the guest has taken, 0 without a driver. */
uint32_t host_vmmci_features(const struct host_vmmci *);
/* The host's clock is this far from what it was. */
void host_vmmci_step(struct host_vmmci *, int64_t nanoseconds);

#endif
