/* SPDX-License-Identifier: ISC */
/* The parts of ACPI's tables (ACPI 6.5, 5.2). */
#ifndef PVHOST_ACPI_H
#define PVHOST_ACPI_H

#include "programs/pvhost/machine.h"

struct aml;

#define ACPI_HEADER 36u
#define ACPI_TABLES_MAX 0x8000u

/* Tables one behind the other, at the place in the guest where they will be. */
struct acpi_tables {
	uint64_t base;
	uint8_t bytes[ACPI_TABLES_MAX];
	size_t size;
};

/* Room for one, all zeroes but for its header, if `signature` is not NULL; NULL:
 * there is none.  acpi_done() when it is written. */
uint8_t *acpi_table(struct acpi_tables *, const char *signature,
    unsigned revision, size_t size, size_t alignment);
void acpi_done(uint8_t *table);
uint32_t acpi_address(const struct acpi_tables *, const uint8_t *table);

/* Byte code of what there is: acpi_devices.c. */
void acpi_devices(const struct machine *, struct aml *);
/* All tables.  The RSDP is first.  False: they do not fit. */
bool acpi_build(const struct machine *, struct acpi_tables *);

#endif
