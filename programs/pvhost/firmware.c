/* SPDX-License-Identifier: ISC */
#include "programs/pvhost/firmware.h"

#include <stdlib.h>

#include "programs/pvhost/acpi.h"
#include "programs/pvhost/parts.h"

static bool
acpi_write(struct machine *machine)
{
	struct acpi_tables *tables = calloc(1, sizeof(*tables));
	bool done = false;

	if (tables == NULL) {
		say("ACPI: no memory for the tables");
		return false;
	}
	tables->base = MEMORY_TABLES;
	if (!acpi_build(machine, tables))
		say("ACPI: expected tables of at most %u bytes, got more; try "
		    "fewer devices",
		    ACPI_TABLES_MAX);
	else if (!memory_write(&machine->memory, MEMORY_TABLES, tables->bytes,
		     tables->size))
		say("ACPI: expected memory at %#llx, got none; try more of it",
		    MEMORY_TABLES);
	else
		done = true;
	free(tables);
	return done;
}

uint64_t
firmware_write(struct machine *machine)
{
	return acpi_write(machine) && smbios_write(machine) ? MEMORY_TABLES : 0;
}
