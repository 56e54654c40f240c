/* SPDX-License-Identifier: ISC */
#ifndef PORT_BARE_CALIBRATE_H
#define PORT_BARE_CALIBRATE_H

#include "port/bare/acpi.h"

/* Each: how many kHz the TSC has, or 0 for "cannot tell here". */
uint32_t calibrate_xen(const struct acpi *);
uint32_t calibrate_hyperv(const struct acpi *);
uint32_t calibrate_leaf(const struct acpi *);
uint32_t calibrate_pvclock(const struct acpi *);
uint32_t calibrate_cpuid(const struct acpi *);
uint32_t calibrate_pit(const struct acpi *);
uint32_t calibrate_pm_timer(const struct acpi *);

#endif
