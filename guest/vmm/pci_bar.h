/* SPDX-License-Identifier: ISC */
/* One PCI device and its first BAR, of I/O ports: through the platform where
 * that has PCI, else by the ports themselves. */
#ifndef GUEST_VMM_PCI_BAR_H
#define GUEST_VMM_PCI_BAR_H

#include "pvbus/guest.h"

struct pci_bar {
	const struct pv_port *port;
	struct pv_stats *stats; /* exits */
	bool by_platform;
	int device;    /* of the platform */
	uint16_t base; /* of the ports */
	char place[24];
	uint32_t value; /* of the BAR, for what is said of a bad one */
};

/*
 * The first of that vendor and kind on bus 0, and `size` bytes of its BAR.
 * PV_ENODEV when there is none, or nobody to ask; PV_EPROTO when its BAR is
 * none of I/O ports or has no room for them; else what the platform says.
 */
int pci_bar_open(struct pci_bar *, const struct pv_port *, struct pv_stats *,
    uint16_t vendor, uint16_t device, size_t size);
void pci_bar_close(struct pci_bar *);
/* Width is 1, 2 or 4. */
int pci_bar_read(struct pci_bar *, unsigned offset, unsigned width,
    uint32_t *value);
int pci_bar_write(struct pci_bar *, unsigned offset, unsigned width,
    uint32_t value);

#endif
