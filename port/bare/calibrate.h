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

/* The PIT's channel 0, from 65535 downwards, round and round; all ones where
 * nobody is there. */
void calibrate_pit_start(void);
uint16_t calibrate_pit_count(void);

#endif
