/* SPDX-License-Identifier: ISC */
/*
 * PCI configuration space, as far as a bus of few functions needs it.
 * Sources: PCI Local Bus Specification 3.0, 3.2.2.3.2 (configuration mechanism
 * #1) and 6.1 (the header); PCI Code and ID Assignment Specification (classes).
 */
#ifndef WIRE_PCI_H
#define WIRE_PCI_H

/* Mechanism #1: an address is written to one port, its 32 bits stand at the
 * other one. */
#define PCI_PORT_ADDRESS 0xcf8
#define PCI_PORT_DATA 0xcfc
#define PCI_ADDRESS_ENABLE 0x80000000u
#define PCI_ADDRESS(bus, slot, function, offset)                               \
	(PCI_ADDRESS_ENABLE | (uint32_t)(bus) << 16 | (uint32_t)(slot) << 11 | \
	    (uint32_t)(function) << 8 | ((uint32_t)(offset)&0xfcu))
#define PCI_SLOTS 32u

/* The header of type 0. */
#define PCI_ID 0x00      /* vendor, and the device above it */
#define PCI_COMMAND 0x04 /* 16 bits */
#define PCI_CLASS 0x08   /* 24 bits of class above the revision */
#define PCI_BAR0 0x10
#define PCI_SUBSYSTEM 0x2c /* vendor, and the subsystem above it */
#define PCI_INTERRUPT 0x3c /* line, and the pin above it */

#define PCI_COMMAND_IO 0x1u
#define PCI_BAR_IO 0x1u
#define PCI_BAR_IO_MASK 0xfffffffcu

#define PCI_VENDOR_NONE 0xffffu

#define PCI_CLASS_BRIDGE_HOST 0x060000u
#define PCI_CLASS_COMMUNICATION_OTHER 0x078000u

#endif
