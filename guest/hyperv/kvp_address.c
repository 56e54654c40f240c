/* SPDX-License-Identifier: ISC */
/* Addresses from text: what RFC 4291 and dotted quads allow, and nothing around
 * it. */
#include "guest/bus/libc.h"
#include "guest/hyperv/kvp.h"

/* A number without a sign or needless zeroes; -1: it is none, or too large. */
static int
decimal(const char *text, size_t len, int max)
{
	int value = 0;

	if (len == 0 || len > 3 || (len > 1 && text[0] == '0'))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value <= max ? value : -1;
}

static bool
quad_parse(const char *text, size_t len, uint8_t *bytes)
{
	for (unsigned i = 0; i < 4; i++) {
		size_t part = 0;
		int value;

		while (part < len && text[part] != '.')
			part++;
		value = decimal(text, part, 255);
		if (value < 0 || (i < 3) != (part < len))
			return false;
		bytes[i] = (uint8_t)value;
		if (i < 3)
			part++;
		text += part;
		len -= part;
	}
	return true;
}

static bool
hex_parse(const char *text, size_t len, uint8_t *bytes)
{
	unsigned value = 0;

	if (len == 0 || len > 4)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c >= '0' && c <= '9')
			value = value << 4 | (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (unsigned)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			value = value << 4 | (unsigned)(c - 'A' + 10);
		else
			return false;
	}
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
	return true;
}

#define NO_GAP 17u

static bool
ipv6_parse(const char *text, size_t len, uint8_t bytes[16])
{
	unsigned have = 0, gap = NO_GAP; /* bytes; where "::" stands */
	size_t at = 0;

	if (len >= 2 && text[0] == ':' && text[1] == ':') {
		gap = 0;
		at = 2;
	}
	while (at < len) {
		size_t end = at;
		bool quad = false;

		while (end < len && text[end] != ':')
			quad |= text[end++] == '.';
		if (quad) {
			if (end != len || have > 12 ||
			    !quad_parse(text + at, end - at, bytes + have))
				return false;
			have += 4;
			break;
		}
		if (have > 14 || !hex_parse(text + at, end - at, bytes + have))
			return false;
		have += 2;
		at = end;
		if (at == len)
			break;
		at++; /* the colon: something follows it */
		if (at == len)
			return false;
		if (text[at] == ':') {
			if (gap != NO_GAP)
				return false;
			gap = have;
			at++;
		}
	}
	if (gap == NO_GAP)
		return have == 16;
	if (have > 14)
		return false;
	memmove(bytes + 16 - (have - gap), bytes + gap, have - gap);
	memset(bytes + gap, 0, 16 - have);
	return true;
}

bool
kvp_address_parse(const char *text, size_t len, struct pv_address *to)
{
	memset(to, 0, sizeof(*to));
	if (quad_parse(text, len, to->bytes)) {
		to->family = 4;
		return true;
	}
	memset(to, 0, sizeof(*to));
	to->family = 6;
	return ipv6_parse(text, len, to->bytes);
}

int
kvp_mask_parse(const char *text, size_t len, unsigned family)
{
	uint8_t bytes[4];
	uint32_t mask;
	int prefix = 0;

	if (family == 4 && quad_parse(text, len, bytes)) {
		mask = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
		    (uint32_t)bytes[2] << 8 | bytes[3];
		while (prefix < 32 && (mask & 0x80000000u >> prefix))
			prefix++;
		return prefix == 32 || mask << prefix == 0 ? prefix : -1;
	}
	if (len > 0 && text[0] == '/') {
		text++;
		len--;
	}
	return decimal(text, len, family == 4 ? 32 : 128);
}
