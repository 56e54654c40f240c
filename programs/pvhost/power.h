/* SPDX-License-Identifier: ISC */
/* Where ACPI's fixed registers and their kin are: between power.c, which has
 * them, and the FADT, which says so. */
#ifndef PVHOST_POWER_H
#define PVHOST_POWER_H

#define POWER_EVENT 0x600u /* status, enable: 2 bytes each */
#define POWER_CONTROL 0x604u
#define POWER_TIMER 0x608u
#define POWER_END 0x60cu
#define POWER_SCI 9u
#define POWER_S5 5u /* SLP_TYP of soft off */
#define POWER_RESET 0xcf9u
#define POWER_RESET_VALUE 6u
#define POWER_TIMER_HZ 3579545u

/* rtc.c's byte for the century, which the FADT names, too. */
#define RTC_CENTURY 0x32u

#endif
