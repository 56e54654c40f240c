/* SPDX-License-Identifier: ISC */
/* A PCI bus of few functions, configured by ports 0xcf8 and 0xcfc. */
#ifndef PVHOST_PCI_H
#define PVHOST_PCI_H

#include "programs/pvhost/machine.h"

#define PCI_BARS 6u
/* Where BARs that are memory go. */
#define PCI_MEMORY 0xe0000000u
#define PCI_MEMORY_END 0xf0000000u

struct pci_bar {
	uint32_t size; /* a power of two; 0: none */
	bool io;       /* else memory, which is RAM of the guest's (memory.h) */
	struct port_range range; /* io: in, out and ctx are the device's */
	/* pci.c's */
	uint32_t address; /* the one of the start */
	bool decoded;     /* io: the range is among the machine's */
};

struct pci_device {
	struct pci_device *next;
	uint16_t vendor, device, subsystem_vendor, subsystem;
	uint32_t
	    class_code; /* 24 bits and the revision's 8: class << 8 | rev */
	bool interrupt; /* INTA, on a line that pci.c chooses */
	struct pci_bar bars[PCI_BARS];
	/* pci.c's */
	unsigned slot, line;
	uint8_t config[256];
};

/* Before the guest runs.  The device is the caller's and stays.  BARs have
 * addresses from the start, and are decoded, as after firmware. */
bool pci_add(struct pci *, struct pci_device *);
/* Before it goes; one that was never added, too. */
void pci_remove(struct pci *, struct pci_device *);
/* Its interrupt line. */
void pci_interrupt(struct machine *, struct pci_device *, bool level);
/* Where the guest finds it now. */
uint32_t pci_bar_address(const struct pci_device *, unsigned bar);
/* For the tables: devices in turn, from NULL on. */
const struct pci_device *pci_next(const struct pci *,
    const struct pci_device *);

#endif
