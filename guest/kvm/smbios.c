/* SPDX-License-Identifier: ISC */
#include "guest/kvm/smbios.h"
#include "wire/smbios.h"

/* The strings after a formatted part end with two NULs in a row, even when
 * there is none of them.  Returns their length with both, or 0. */
static size_t
strings_size(const uint8_t *from, size_t left)
{
	for (size_t i = 0; left > 1 && i < left - 1; i++)
		if (from[i] == 0 && from[i + 1] == 0)
			return i + 2;
	return 0;
}

bool
smbios_next(const uint8_t *table, size_t len, size_t *at,
    struct smbios_structure *out)
{
	const uint8_t *from = table + *at;
	size_t left = len - *at, formatted, strings;

	if (left < SMBIOS_HEADER_SIZE)
		return false;
	formatted = from[SMBIOS_LENGTH];
	if (formatted < SMBIOS_HEADER_SIZE || formatted > left)
		return false;
	strings = strings_size(from + formatted, left - formatted);
	if (strings == 0)
		return false;
	*out = (struct smbios_structure){
		.type = from[SMBIOS_TYPE],
		.formatted = from,
		.formatted_len = formatted,
		.strings = (const char *)from + formatted,
		.strings_len = strings - 1,
	};
	if (out->type == SMBIOS_TYPE_END) {
		*at = len;
		return false;
	}
	*at += formatted + strings;
	return true;
}

const char *
smbios_string(const struct smbios_structure *structure, unsigned number,
    size_t *len)
{
	const char *text = structure->strings;
	const char *end = text + structure->strings_len;

	while (text < end && *text != '\0') {
		size_t length = 0;

		while (text + length < end && text[length] != '\0')
			length++;
		if (--number == 0) {
			*len = length;
			return text;
		}
		text += length + 1;
	}
	return NULL;
}
