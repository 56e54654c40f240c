/* SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/kvm/smbios.h"
#include "wire/endian.h"
#include "wire/smbios.h"

/* Type 0 (7.1) of SMBIOS 2.4 to 3.0. */
#define BIOS_TYPE 0
#define BIOS_LENGTH 24
#define BIOS_VENDOR 4
#define BIOS_VERSION 5
#define BIOS_DATE 8
#define BIOS_CHARACTERISTICS 10
#define BIOS_NOT_SAID 8 /* bit 3: none of the others is meant */
#define BIOS_EXTENSION_2 19
#define BIOS_VIRTUAL 0x10 /* bit 4: of a virtual machine */
#define BIOS_RELEASES 20
#define BIOS_RELEASES_COUNT 4

/* Type 1 (7.2) of SMBIOS 2.4 and later. */
#define SYSTEM_TYPE 1
#define SYSTEM_LENGTH 27
#define SYSTEM_MANUFACTURER 4
#define SYSTEM_PRODUCT 5
#define SYSTEM_VERSION 6
#define SYSTEM_SERIAL 7
#define SYSTEM_UUID 8
#define SYSTEM_WAKE_UP 24
#define SYSTEM_POWER_SWITCH 6

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

/* A text behind a structure, and its number where the structure names it. */
struct text {
	unsigned field;
	const char *text;
};

static bool
is_there(const char *text)
{
	return text != NULL && *text != '\0';
}

static bool
with_texts(struct host_smbios *smbios, unsigned type, uint8_t *formatted,
    size_t size, const struct text *texts, size_t count)
{
	uint8_t number = 0;

	for (size_t i = 0; i < count; i++)
		if (is_there(texts[i].text))
			formatted[texts[i].field] = ++number;
	if (!header(smbios, type, formatted, size))
		return false;
	for (size_t i = 0; i < count; i++)
		if (is_there(texts[i].text) &&
		    !append(smbios, texts[i].text, strlen(texts[i].text) + 1))
			return false;
	/* 6.1.3: two zeroes end a structure, without texts, too */
	return append(smbios, "\0", number == 0 ? 2 : 1);
}

static bool
bios(struct host_smbios *smbios, const struct host_smbios_system *system)
{
	uint8_t formatted[BIOS_LENGTH] = { 0 };
	const struct text texts[] = { { BIOS_VENDOR, system->bios_vendor },
		{ BIOS_VERSION, system->bios_version },
		{ BIOS_DATE, system->bios_date } };

	formatted[BIOS_CHARACTERISTICS] = BIOS_NOT_SAID;
	formatted[BIOS_EXTENSION_2] = BIOS_VIRTUAL;
	memset(formatted + BIOS_RELEASES, 0xff, BIOS_RELEASES_COUNT);
	return with_texts(smbios, BIOS_TYPE, formatted, sizeof(formatted),
	    texts, sizeof(texts) / sizeof(texts[0]));
}

static bool
system_is(struct host_smbios *smbios, const struct host_smbios_system *system)
{
	uint8_t formatted[SYSTEM_LENGTH] = { 0 };
	const struct text texts[] = { { SYSTEM_MANUFACTURER,
					  system->manufacturer },
		{ SYSTEM_PRODUCT, system->product },
		{ SYSTEM_VERSION, system->version },
		{ SYSTEM_SERIAL, system->serial } };

	memcpy(formatted + SYSTEM_UUID, system->uuid, sizeof(system->uuid));
	formatted[SYSTEM_WAKE_UP] = SYSTEM_POWER_SWITCH;
	return with_texts(smbios, SYSTEM_TYPE, formatted, sizeof(formatted),
	    texts, sizeof(texts) / sizeof(texts[0]));
}

static bool
build(struct host_smbios *smbios, const struct host_smbios_system *system,
    const char *const *strings, size_t count)
{
	uint8_t end[SMBIOS_HEADER_SIZE] = { 0 };
	size_t done, n;

	if (!bios(smbios, system) || !system_is(smbios, system))
		return false;
	for (done = 0; done < count; done += n) {
		n = count - done < STRINGS_EACH ? count - done : STRINGS_EACH;
		if (!oem(smbios, strings + done, n))
			return false;
	}
	return with_texts(smbios, SMBIOS_TYPE_END, end, sizeof(end), NULL, 0);
}

bool
host_smbios_build_of(struct host_smbios *smbios,
    const struct host_smbios_system *system, const char *const *strings,
    size_t count)
{
	*smbios = (struct host_smbios){ 0 };
	if (build(smbios, system, strings, count))
		return true;
	host_smbios_free(smbios);
	return false;
}

bool
host_smbios_build(struct host_smbios *smbios, const char *const *strings,
    size_t count)
{
	static const struct host_smbios_system simulated = {
		.bios_vendor = "pvbus",
		.manufacturer = "pvbus",
		.product = "simulated machine",
	};

	return host_smbios_build_of(smbios, &simulated, strings, count);
}

void
host_smbios_free(struct host_smbios *smbios)
{
	free(smbios->bytes);
	*smbios = (struct host_smbios){ 0 };
}
