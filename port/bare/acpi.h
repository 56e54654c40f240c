/* SPDX-License-Identifier: ISC */
/* What is needed of the ACPI tables, by a pure parser: firmware or a host wrote
 * them.  ACPI 6.5, chapter 5. */
#ifndef PORT_BARE_ACPI_H
#define PORT_BARE_ACPI_H

#include "port/bare/boot_info.h"

#define ACPI_CPUS 256u

/* A register: in I/O or memory space; address 0: none. */
struct acpi_register {
	uint64_t address;
	bool memory;
	uint8_t width; /* bytes */
};

struct acpi {
	bool found; /* tables at all */
	/* MADT: the local APICs of CPUs that may be used */
	uint32_t cpu[ACPI_CPUS];
	unsigned cpus;
	/* FADT */
	uint16_t pm_timer;               /* I/O port; 0: none */
	struct acpi_register pm1a, pm1b; /* control */
	uint16_t smi_command;            /* port that takes `enable`; 0: none */
	uint8_t enable;
	struct acpi_register sleep; /* hardware-reduced machines */
	struct acpi_register reset;
	uint8_t reset_value;
	/* \_S5_ of the DSDT: what to write for "off" */
	bool has_s5;
	uint8_t s5a, s5b;
};

/* rsdp: its address, or 0 to look for it where a BIOS puts it. */
void acpi_parse(const struct boot_memory *, const struct boot_info *,
    struct acpi *out);

#endif
