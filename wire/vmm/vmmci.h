/* SPDX-License-Identifier: ISC */
/*
 * The control device that OpenBSD's vmd gives its guests: a legacy virtio device
 * without queues, of a vendor and kind of its own.
 * Sources: vmmci(4) and vmd(8) of OpenBSD, usr.sbin/vmd/virtio.c (2019) for what
 * the host does at each register.
 */
#ifndef WIRE_VMM_VMMCI_H
#define WIRE_VMM_VMMCI_H

#define VMMCI_PCI_VENDOR 0x0b5d
#define VMMCI_PCI_DEVICE 0x0777
#define VMMCI_PCI_SUBSYSTEM 0xffff

#define VMMCI_FEATURE_TIMESYNC 0x1u /* the host's time can be read */
#define VMMCI_FEATURE_ACK 0x2u      /* a command is answered */
#define VMMCI_FEATURE_SYNCRTC 0x4u  /* VMMCI_SYNCRTC is understood */
#define VMMCI_FEATURES \
	(VMMCI_FEATURE_TIMESYNC | VMMCI_FEATURE_ACK | VMMCI_FEATURE_SYNCRTC)

/* Registers of its own kind, behind the virtio header.  32 bits each, and read
 * and written in no other width.  Reading the low word of the seconds takes the
 * time, for the three words behind it too; both high words have only been seen
 * to be 0. */
#define VMMCI_COMMAND 20
#define VMMCI_SECONDS 24
#define VMMCI_SECONDS_HIGH 28
#define VMMCI_MICROSECONDS 32
#define VMMCI_MICROSECONDS_HIGH 36
#define VMMCI_SIZE 40

/* Commands; written back, they are acknowledged. */
#define VMMCI_NONE 0u
#define VMMCI_SHUTDOWN 1u
#define VMMCI_REBOOT 2u
#define VMMCI_SYNCRTC 3u

/* Seconds until vmd ends a guest that does not acknowledge, and one that has. */
#define VMMCI_PATIENCE 3u
#define VMMCI_PATIENCE_ACKNOWLEDGED 120u

#endif
