/* SPDX-License-Identifier: ISC */
/* The parts of ACPI's tables (ACPI 6.5, 5.2). */
#ifndef PVHOST_ACPI_H
#define PVHOST_ACPI_H

#include "programs/pvhost/machine.h"

struct aml;

#define ACPI_TABLES_MAX 0x8000u

/* Tables one behind the other, at the place in the guest where they will be. */
struct acpi_tables {
	uint64_t base;
	uint8_t bytes[ACPI_TABLES_MAX];
	size_t size;
};

/* Byte code of what there is: acpi_devices.c. */
void acpi_devices(const struct machine *, struct aml *);
/* All tables.  The RSDP is first.  False: they do not fit. */
bool acpi_build(const struct machine *, struct acpi_tables *);

#endif
