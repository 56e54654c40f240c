/* SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/kvm/smbios.h"
#include "wire/endian.h"
#include "wire/smbios.h"

/* Type 1 of SMBIOS 2.4 and later has 27 bytes; strings 1 and 2 are the
 * manufacturer and the product. */
#define SYSTEM_TYPE 1
#define SYSTEM_LENGTH 27
#define SYSTEM_MANUFACTURER 4
#define SYSTEM_PRODUCT 5
static const char system_strings[] = "pvbus\0simulated machine\0";

/* The count of a type 11 is one byte. */
#define STRINGS_EACH 255

static bool
append(struct host_smbios *smbios, const void *bytes, size_t size)
{
	unsigned char *grown = realloc(smbios->bytes, smbios->size + size);

	if (grown == NULL)
		return false;
	memcpy(grown + smbios->size, bytes, size);
	smbios->bytes = grown;
	smbios->size += size;
	return true;
}

static bool
header(struct host_smbios *smbios, unsigned type, uint8_t *formatted,
    size_t size)
{
	static const uint16_t first_handle = 0x100;

	formatted[SMBIOS_TYPE] = (uint8_t)type;
	formatted[SMBIOS_LENGTH] = (uint8_t)size;
	put_le16(formatted + SMBIOS_HANDLE, (uint16_t)(first_handle + type));
	return append(smbios, formatted, size);
}

static bool
oem(struct host_smbios *smbios, const char *const *strings, size_t count)
{
	uint8_t formatted[SMBIOS_OEM_COUNT + 1] = { 0 };

	formatted[SMBIOS_OEM_COUNT] = (uint8_t)count;
	if (!header(smbios, SMBIOS_TYPE_OEM_STRINGS, formatted,
		sizeof(formatted)))
		return false;
	for (size_t i = 0; i < count; i++)
		if (strings[i][0] == '\0' ||
		    !append(smbios, strings[i], strlen(strings[i]) + 1))
			return false;
	return append(smbios, "", 1);
}

static bool
build(struct host_smbios *smbios, const char *const *strings, size_t count)
{
	uint8_t formatted[SYSTEM_LENGTH] = { 0 };
	size_t done, n;

	formatted[SYSTEM_MANUFACTURER] = 1;
	formatted[SYSTEM_PRODUCT] = 2;
	if (!header(smbios, SYSTEM_TYPE, formatted, SYSTEM_LENGTH) ||
	    !append(smbios, system_strings, sizeof(system_strings)))
		return false;
	for (done = 0; done < count; done += n) {
		n = count - done < STRINGS_EACH ? count - done : STRINGS_EACH;
		if (!oem(smbios, strings + done, n))
			return false;
	}
	memset(formatted, 0, sizeof(formatted));
	return header(smbios, SMBIOS_TYPE_END, formatted, SMBIOS_HEADER_SIZE) &&
	    append(smbios, "\0", 2);
}

bool
host_smbios_build(struct host_smbios *smbios, const char *const *strings,
    size_t count)
{
	*smbios = (struct host_smbios){ 0 };
	if (build(smbios, strings, count))
		return true;
	host_smbios_free(smbios);
	return false;
}

void
host_smbios_free(struct host_smbios *smbios)
{
	free(smbios->bytes);
	*smbios = (struct host_smbios){ 0 };
}
