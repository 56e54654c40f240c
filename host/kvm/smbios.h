/* SPDX-License-Identifier: ISC */
/* An SMBIOS structure table with the OEM strings of an administrator. */
#ifndef HOST_KVM_SMBIOS_H
#define HOST_KVM_SMBIOS_H

#include <stdbool.h>
#include <stddef.h>

struct host_smbios {
	unsigned char *bytes;
	size_t size;
};

/* What the machine says that it is; texts that are NULL or empty are not
 * there. */
struct host_smbios_system {
	const char *bios_vendor, *bios_version, *bios_date; /* month/day/year */
	const char *manufacturer, *product, *version, *serial;
	unsigned char uuid[16]; /* as it stands in the table */
};

/* A table of type 0 (firmware), type 1 (system), type 11 with these strings,
 * type 127.  False: out of memory, or a string that is empty (SMBIOS cannot say
 * that). */
bool host_smbios_build_of(struct host_smbios *,
    const struct host_smbios_system *, const char *const *strings,
    size_t count);
/* The same of pvbus' simulated machine. */
bool host_smbios_build(struct host_smbios *, const char *const *strings,
    size_t count);
void host_smbios_free(struct host_smbios *);

#endif
