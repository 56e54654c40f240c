/* SPDX-License-Identifier: ISC */
/* UTF-8 and UTF-16LE. */
#include <string.h>

#include "host/hyperv/ic_private.h"
#include "wire/endian.h"

#define REPLACEMENT 0xfffdu
#define IS_HIGH(unit) ((unit) >= 0xd800 && (unit) < 0xdc00)
#define IS_LOW(unit) ((unit) >= 0xdc00 && (unit) < 0xe000)

/* One character of so many bytes; 0: none. */
static unsigned
take_utf8(const uint8_t *from, size_t len, uint32_t *code)
{
	unsigned more = from[0] < 0x80 ? 0
	    : (from[0] & 0xe0) == 0xc0 ? 1
	    : (from[0] & 0xf0) == 0xe0 ? 2
	    : (from[0] & 0xf8) == 0xf0 ? 3
				       : 4;
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };

	if (more == 4 || more >= len)
		return 0;
	*code = more == 0 ? from[0] : from[0] & (0x3fu >> more);
	for (unsigned i = 1; i <= more; i++) {
		if ((from[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (from[i] & 0x3fu);
	}
	if (*code < least[more] || *code > 0x10ffff || IS_HIGH(*code) ||
	    IS_LOW(*code))
		return 0;
	return more + 1;
}

size_t
ic_to_utf16(const char *from, size_t len, void *to, size_t room)
{
	const uint8_t *at = (const uint8_t *)from, *end = at + len;
	uint8_t *out = to;
	size_t size = 0;

	while (at < end) {
		uint32_t code;
		unsigned taken = take_utf8(at, (size_t)(end - at), &code);

		if (taken == 0 || room - size < (code >= 0x10000 ? 6u : 4u))
			return 0;
		at += taken;
		if (code >= 0x10000) {
			put_le16(out + size,
			    (uint16_t)(0xd800 + ((code - 0x10000) >> 10)));
			size += 2;
			code = 0xdc00 + (code & 0x3ff);
		}
		put_le16(out + size, (uint16_t)code);
		size += 2;
	}
	put_le16(out + size, 0);
	return size + 2;
}

static size_t
put_utf8(char *to, uint32_t code)
{
	unsigned more = code < 0x80 ? 0
	    : code < 0x800          ? 1
	    : code < 0x10000        ? 2
				    : 3;
	static const uint8_t first[] = { 0, 0xc0, 0xe0, 0xf0 };

	to[0] = (char)(first[more] | code >> 6 * more);
	for (unsigned i = 1; i <= more; i++)
		to[i] = (char)(0x80 | (code >> 6 * (more - i) & 0x3f));
	return more + 1;
}

size_t
ic_from_utf16(const void *from, size_t size, char *to, size_t room)
{
	const uint8_t *at = from;
	size_t written = 0;

	for (size_t i = 0; i + 2 <= size; i += 2) {
		uint32_t code = get_le16(at + i);
		char bytes[4];
		size_t count;

		if (code == 0)
			break;
		if (IS_HIGH(code) && i + 4 <= size &&
		    IS_LOW(get_le16(at + i + 2))) {
			code = 0x10000 + ((code - 0xd800) << 10) +
			    (get_le16(at + i + 2) - 0xdc00u);
			i += 2;
		} else if (IS_HIGH(code) || IS_LOW(code)) {
			code = REPLACEMENT;
		}
		count = put_utf8(bytes, code);
		if (count >= room - written)
			break;
		memcpy(to + written, bytes, count);
		written += count;
	}
	to[written] = '\0';
	return written;
}
