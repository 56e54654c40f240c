/* SPDX-License-Identifier: ISC */
/* fw_cfg by its I/O ports: one transfer at a time, by DMA where it can. */
#ifndef GUEST_KVM_FWCFG_PORTS_H
#define GUEST_KVM_FWCFG_PORTS_H

#include "pvbus/guest.h"

struct fwcfg_ports {
	const struct pv_port *port;
	struct pv_stats *stats;
	bool dma;
	uint8_t *pages; /* descriptor, then the bounce buffer */
	uint64_t physical;
	bool leaked; /* the host may still write to the pages */

	/* the transfer under way */
	bool active;
	bool submitted; /* a descriptor is with the host */
	bool selected;
	bool wanted; /* false: its taker has gone */
	uint16_t key;
	uint64_t skip;
	uint8_t *to;
	size_t left, piece;
	uint64_t deadline;
};

/* PV_ENODEV when there is no fw_cfg behind the ports. */
int fwcfg_ports_open(struct fwcfg_ports *, const struct pv_port *,
    struct pv_stats *);
void fwcfg_ports_close(struct fwcfg_ports *);

/* Begin to read `size` bytes of a key from `offset` on. */
void fwcfg_ports_begin(struct fwcfg_ports *, uint16_t key, uint64_t offset,
    void *to, size_t size);
/* Go on: PV_OK when all is there, PV_EAGAIN, or what went wrong.  With
 * PV_ETIMEDOUT the host holds a descriptor that it does not answer, and the
 * device is of no more use. */
int fwcfg_ports_step(struct fwcfg_ports *);
/* True: step can go on at once; false: it waits for the host. */
bool fwcfg_ports_ready(const struct fwcfg_ports *);
/* Leave the transfer; `to` is not written any more. */
void fwcfg_ports_abandon(struct fwcfg_ports *);

/* begin, and step to the end: for attach. */
int fwcfg_ports_read(struct fwcfg_ports *, uint16_t key, uint64_t offset,
    void *to, size_t size);

#endif
