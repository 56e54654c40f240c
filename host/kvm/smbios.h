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

/* A table of type 1 (system), type 11 with these strings, type 127.  False:
 * out of memory, or a string that is empty (SMBIOS cannot say that). */
bool host_smbios_build(struct host_smbios *, const char *const *strings,
    size_t count);
void host_smbios_free(struct host_smbios *);

#endif
