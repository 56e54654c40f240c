/* SPDX-License-Identifier: ISC */
/* Input: an SMBIOS structure table, of any size. */
#include "fuzz/fuzz.h"
#include "guest/kvm/base64.h"
#include "guest/kvm/smbios.h"

/* Walks the table; every byte that is named must be inside it. */
static void
walk(const uint8_t *table, size_t size)
{
	struct smbios_structure structure;
	size_t at = 0, before = 0, len;
	const char *text;

	while (smbios_next(table, size, &at, &structure)) {
		MUST(at > before && at <= size);
		before = at;
		MUST(structure.formatted_len >= 4);
		for (unsigned n = 1; n <= 256; n++) {
			text = smbios_string(&structure, n, &len);
			if (text == NULL)
				break;
			MUST(len > 0);
			MUST((const uint8_t *)text >= table);
			MUST((const uint8_t *)text + len < table + size);
			MUST(memchr(text, '\0', len) == NULL);
		}
	}
	MUST(at <= size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *decoded = malloc((size / 4 + 1) * 3);
	size_t len;

	walk(data, size);
	base64_decode((const char *)data, size, decoded, &len);
	MUST(len <= (size / 4 + 1) * 3);
	free(decoded);
	return 0;
}
