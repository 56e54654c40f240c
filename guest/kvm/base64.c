/* SPDX-License-Identifier: ISC */
#include "guest/kvm/base64.h"

static int
digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool
base64_decode(const char *from, size_t len, uint8_t *to, size_t *size)
{
	uint32_t bits = 0;
	unsigned have = 0;

	*size = 0;
	if (len % 4 == 0)
		for (unsigned i = 0; i < 2 && len > 0 && from[len - 1] == '=';
		     i++)
			len--;
	if (len % 4 == 1)
		return false;
	for (size_t i = 0; i < len; i++) {
		int value = digit(from[i]);

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		have += 6;
		if (have >= 8) {
			have -= 8;
			to[(*size)++] = (uint8_t)(bits >> have);
		}
	}
	/* what is left over belongs to no byte, and is written as 0 */
	return (bits & ((1u << have) - 1)) == 0;
}
