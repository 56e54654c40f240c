/* SPDX-License-Identifier: ISC */
/* What the files of guest/vmm/vmmci*.c share. */
#ifndef GUEST_VMM_VMMCI_H
#define GUEST_VMM_VMMCI_H

#include "guest/vmm/pci_bar.h"
#include "wire/virtio/legacy.h"
#include "wire/vmm/vmmci.h"

struct vmmci {
	struct pv_device *device;
	const struct pv_port *port;
	struct pv_stats *stats;
	struct pci_bar bar;
	uint32_t features; /* agreed upon */
	uint32_t command;  /* as last looked at */
	bool running;      /* the host may give commands */
	uint64_t look, sample;
	struct {
		uint64_t since;
		unsigned times, left_out;
	} rate;
};

/* One line, after the name of the device. */
void vmmci_log(struct vmmci *, enum pv_log, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* vmmci_start.c: from reset until the host may give commands, and back. */
int vmmci_start(struct vmmci *);
/* The host still knows what was agreed upon. */
bool vmmci_runs(struct vmmci *);
void vmmci_stop(struct vmmci *);

/* vmmci_time.c: the host's time to the owner; PV_ENOTSUP where that is not
 * agreed upon. */
int vmmci_tell_time(struct vmmci *, enum pv_time kind);

#endif
