/* SPDX-License-Identifier: ISC */
/* UTF-16, little-endian, and UTF-8: all of Unicode, and nothing that is not. */
#include "guest/hyperv/kvp.h"

#define SURROGATE 0xd800u
#define SURROGATE_LOW 0xdc00u
#define SURROGATE_END 0xe000u
#define FIRST_PAIR 0x10000u
#define LAST 0x10ffffu

static uint32_t
unit(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8;
}

static size_t
encode(uint32_t c, char to[4])
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < FIRST_PAIR) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* The next character; 0: a NUL or none, which is not acceptable either. */
static uint32_t
next_utf16(const uint8_t *bytes, size_t len, size_t *at)
{
	uint32_t c = unit(bytes + *at), low;

	*at += 2;
	if (c < SURROGATE || c >= SURROGATE_END)
		return c;
	if (c >= SURROGATE_LOW || *at >= len)
		return 0;
	low = unit(bytes + *at);
	if (low < SURROGATE_LOW || low >= SURROGATE_END)
		return 0;
	*at += 2;
	return FIRST_PAIR + ((c - SURROGATE) << 10) + (low - SURROGATE_LOW);
}

long
kvp_from_utf16(const void *from, size_t len, char *to, size_t room)
{
	const uint8_t *bytes = from;
	size_t written = 0, at = 0;

	if (len % 2 != 0)
		return PV_EINVAL;
	if (len >= 2 && unit(bytes + len - 2) == 0)
		len -= 2;
	while (at < len) {
		uint32_t c = next_utf16(bytes, len, &at);
		char piece[4];
		size_t size;

		if (c == 0)
			return PV_EINVAL;
		size = encode(c, piece);
		if (size > room - written)
			return PV_EMSGSIZE;
		for (size_t i = 0; i < size; i++)
			to[written++] = piece[i];
	}
	return (long)written;
}

/* The same for UTF-8, in its shortest form only. */
static uint32_t
next_utf8(const uint8_t *bytes, size_t len, size_t *at)
{
	static const uint32_t first[] = { 0, 0x80, 0x800, FIRST_PAIR };
	uint32_t c = bytes[(*at)++];
	unsigned more;

	if (c < 0x80)
		return c;
	if (c >= 0xc2 && c < 0xe0)
		more = 1;
	else if (c >= 0xe0 && c < 0xf0)
		more = 2;
	else if (c >= 0xf0 && c < 0xf5)
		more = 3;
	else
		return 0;
	c &= 0x3fu >> more;
	for (unsigned i = 0; i < more; i++) {
		if (*at >= len || (bytes[*at] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (bytes[(*at)++] & 0x3fu);
	}
	if (c < first[more] || c > LAST ||
	    (c >= SURROGATE && c < SURROGATE_END))
		return 0;
	return c;
}

/* With `to` NULL they are only counted. */
static long
to_utf16(const char *from, size_t len, uint8_t *to, size_t room)
{
	const uint8_t *bytes = (const uint8_t *)from;
	size_t written = 0, at = 0;

	while (at < len) {
		uint32_t c = next_utf8(bytes, len, &at), pair[2];
		unsigned units = 1;

		if (c == 0)
			return PV_EINVAL;
		pair[0] = c;
		pair[1] = 0;
		if (c >= FIRST_PAIR) {
			pair[0] = SURROGATE + ((c - FIRST_PAIR) >> 10);
			pair[1] = SURROGATE_LOW + ((c - FIRST_PAIR) & 0x3ff);
			units = 2;
		}
		if (2 * units > room - written)
			return PV_EMSGSIZE;
		for (unsigned i = 0; i < units; i++, written += 2) {
			if (to == NULL)
				continue;
			to[written] = (uint8_t)pair[i];
			to[written + 1] = (uint8_t)(pair[i] >> 8);
		}
	}
	return (long)written;
}

long
kvp_to_utf16(const char *from, size_t len, void *to, size_t room)
{
	return to_utf16(from, len, to, room);
}

long
kvp_units(const char *from, size_t len)
{
	long bytes = to_utf16(from, len, NULL, SIZE_MAX / 2);

	return bytes < 0 ? bytes : bytes / 2;
}
