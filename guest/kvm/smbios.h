/* SPDX-License-Identifier: ISC */
/* A walk through SMBIOS structures: bytes in, structures out. */
#ifndef GUEST_KVM_SMBIOS_H
#define GUEST_KVM_SMBIOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct smbios_structure {
	uint8_t type;
	const uint8_t *formatted;
	size_t formatted_len; /* header included */
	const char *strings;  /* each ended by a NUL, all by another */
	size_t strings_len;   /* without the last NUL */
};

/*
 * The structure at *at, which is moved to the next one.  False at the end of
 * the table or where it stops making sense; *at is then the table's length if
 * the end was a good one.
 */
bool smbios_next(const uint8_t *table, size_t len, size_t *at,
    struct smbios_structure *out);

/* The string with its number, from 1 on: NULL when there is none. */
const char *smbios_string(const struct smbios_structure *, unsigned number,
    size_t *len);

#endif
