/* SPDX-License-Identifier: ISC */
/* What every machine has, whatever its face: made in this order, freed in the
 * other one. */
#ifndef PVHOST_PARTS_H
#define PVHOST_PARTS_H

#include "programs/pvhost/machine.h"

struct part {
	const char *name;
	/* NULL: a line was said. */
	void *(*make)(struct machine *);
	void (*free)(void *self);
};

extern const struct part part_pci;     /* pci.c: configuration by ports */
extern const struct part part_power;   /* power.c: ACPI's, reset, PM timer */
extern const struct part part_rtc;     /* rtc.c */
extern const struct part part_serial;  /* serial.c: COM1 and COM2 */
extern const struct part part_debug;   /* debug.c: ports 0xe9 and 0xf4 */
extern const struct part part_fwcfg;   /* fwcfg.c */
extern const struct part part_control; /* control.c: the socket */

/* power.c: as if somebody pressed it.  False: the guest does not listen. */
bool power_button(struct machine *);

/* ACPI's and SMBIOS' tables into the guest's memory; once PCI devices and faces
 * are there.  Returns where the RSDP is, 0: a line was said. */
uint64_t firmware_write(struct machine *);

/* boot.c: the image into memory and the first vCPU's registers.  False: a line
 * was said. */
bool boot_load(struct machine *, uint64_t rsdp);

/* store.c: the keys of --store files, before the guest runs.  False: a line was
 * said. */
bool store_load(struct machine *);

/* control.c: pvhost -C; the status to exit with. */
int control_ask(const struct options *);

#endif
