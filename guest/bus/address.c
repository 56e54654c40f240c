/* SPDX-License-Identifier: ISC */
#include "guest/bus/address.h"
#include "guest/bus/number.h"

static size_t
quad_text(const uint8_t *bytes, char *to)
{
	size_t len = 0;

	for (unsigned i = 0; i < 4; i++) {
		if (i > 0)
			to[len++] = '.';
		len += pv_decimal(bytes[i], to + len);
	}
	return len;
}

static size_t
hex_text(unsigned value, char *to)
{
	static const char digits[] = "0123456789abcdef";
	size_t len = 0;

	for (int shift = 12; shift >= 0; shift -= 4)
		if (value >> shift != 0 || shift == 0)
			to[len++] = digits[value >> shift & 0xf];
	return len;
}

/* The longest run of zero groups, of two at least, the first of equals. */
static unsigned
longest(const unsigned groups[8], unsigned *count)
{
	unsigned best = 8;

	*count = 1;
	for (unsigned i = 0; i < 8; i++) {
		unsigned n = 0;

		while (i + n < 8 && groups[i + n] == 0)
			n++;
		if (n > *count) {
			*count = n;
			best = i;
		}
	}
	return best;
}

size_t
pv_address_text(const struct pv_address *address, char *to)
{
	unsigned groups[8], run, count;
	size_t len = 0;

	if (address->family == 4) {
		len = quad_text(address->bytes, to);
		to[len] = '\0';
		return len;
	}
	for (unsigned i = 0; i < 8; i++)
		groups[i] = (unsigned)address->bytes[2 * i] << 8 |
		    address->bytes[2 * i + 1];
	run = longest(groups, &count);
	for (unsigned i = 0; i < 8; i++) {
		if (i == run) {
			to[len++] = ':';
			to[len++] = ':';
			i += count - 1;
			continue;
		}
		if (len > 0 && to[len - 1] != ':')
			to[len++] = ':';
		len += hex_text(groups[i], to + len);
	}
	to[len] = '\0';
	return len;
}
