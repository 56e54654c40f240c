/* SPDX-License-Identifier: ISC */
#include "guest/bus/number.h"

/* In pieces of 16 bits. */
uint64_t
pv_divide(uint64_t value, uint16_t by, unsigned *rest)
{
	uint64_t quotient = 0;
	uint32_t left = 0;

	for (int shift = 48; shift >= 0; shift -= 16) {
		left = left << 16 | (uint32_t)(value >> shift & 0xffff);
		quotient = quotient << 16 | left / by;
		left %= by;
	}
	if (rest != NULL)
		*rest = left;
	return quotient;
}

size_t
pv_decimal(uint64_t value, char *to)
{
	char digits[20];
	size_t count = 0;

	do {
		unsigned digit;

		value = pv_divide(value, 10, &digit);
		digits[count++] = (char)('0' + digit);
	} while (value > 0);
	for (size_t i = 0; i < count; i++)
		to[i] = digits[count - 1 - i];
	return count;
}

int
pv_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}
