/* SPDX-License-Identifier: ISC */
/* ACPI's byte code (ACPI 6.5, chapter 20) and resource descriptors (6.4), as
 * much as tables that hold no methods need. */
#ifndef PVHOST_AML_H
#define PVHOST_AML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AML_DEPTH 8u
#define AML_SIZE 8192u

struct aml {
	uint8_t bytes[AML_SIZE];
	size_t size;
	bool broken; /* too long, or too deep: what has come since is lost */
	size_t open[AML_DEPTH];
	unsigned depth;
};

/* What has a length ends with aml_close(); names have four characters. */
void aml_scope(struct aml *, const char *name);
void aml_device(struct aml *, const char *name);
void aml_package(struct aml *, unsigned elements);
void aml_close(struct aml *);
/* A name for the object that comes next. */
void aml_name(struct aml *, const char *name);
void aml_integer(struct aml *, uint32_t value);
void aml_string(struct aml *, const char *text);
/* As numbers of seven characters are compressed: "PNP0A03". */
void aml_eisa_id(struct aml *, const char *id);

/* A buffer of resources is a thing with a length, too. */
void aml_resources(struct aml *);
void aml_resources_close(struct aml *);
void aml_ports(struct aml *, uint16_t first, uint8_t count);
/* Edge triggered, of the 8259s. */
void aml_irq(struct aml *, unsigned line);
/* What a bridge hands on: from first to last. */
void aml_window_buses(struct aml *, uint16_t first, uint16_t last);
void aml_window_ports(struct aml *, uint16_t first, uint16_t last);
void aml_window_memory(struct aml *, uint32_t first, uint32_t last);

#endif
