/* SPDX-License-Identifier: ISC */
/* What firmware leaves in memory beside ACPI's tables. */
#ifndef PVHOST_FIRMWARE_H
#define PVHOST_FIRMWARE_H

#include "programs/pvhost/machine.h"

/* smbios.c: SMBIOS' anchor and structures.  False: a line was said. */
bool smbios_write(struct machine *);

#endif
