/* SPDX-License-Identifier: ISC */
#include "escape.h"

/* RFC 3629: no surrogates, nothing longer than needed, at most U+10FFFF. */
size_t
utf8_next(const unsigned char *p, const unsigned char *end, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length;
	uint32_t c;

	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	if (p[0] >= 0xc2 && p[0] < 0xe0) {
		length = 2;
		c = p[0] & 0x1fu;
	} else if (p[0] >= 0xe0 && p[0] < 0xf0) {
		length = 3;
		c = p[0] & 0x0fu;
	} else if (p[0] >= 0xf0 && p[0] < 0xf5) {
		length = 4;
		c = p[0] & 0x07u;
	} else {
		return 0;
	}
	if ((size_t)(end - p) < length)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*code = c;
	return length;
}

bool
utf8_valid(const char *text, size_t length)
{
	const unsigned char *p = (const unsigned char *)text;
	const unsigned char *end = p + length;
	uint32_t code;
	size_t n;

	for (; p < end; p += n) {
		n = utf8_next(p, end, &code);
		if (n == 0)
			return false;
	}
	return true;
}

bool
code_harmful(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c ||
	    code == 0x200e || code == 0x200f ||
	    (code >= 0x2028 && code <= 0x202e) ||
	    (code >= 0x2066 && code <= 0x2069);
}

static void
octal(struct buffer *b, unsigned char byte)
{
	char text[4] = {
		'\\',
		(char)('0' + (byte >> 6)),
		(char)('0' + (byte >> 3 & 7)),
		(char)('0' + (byte & 7)),
	};

	buffer_add(b, text, sizeof(text));
}

/* The letter of C for a control character, or 0. */
static char
letter(uint32_t code)
{
	/* from BEL on */
	static const char letters[] = { 'a', 'b', 't', 'n', 'v', 'f', 'r' };

	if (code == '\\')
		return '\\';
	if (code >= 7 && code < 7 + sizeof(letters))
		return letters[code - 7];
	return 0;
}

void
escape(struct buffer *b, const char *text, size_t length, bool lines)
{
	const unsigned char *p = (const unsigned char *)text;
	const unsigned char *end = p + length;

	while (p < end) {
		uint32_t code = 0;
		size_t n = utf8_next(p, end, &code);
		bool harmful = n == 0 || code_harmful(code);

		if (n == 0)
			n = 1;
		if (lines && (code == '\n' || code == '\t')) {
			harmful = false;
		} else if (letter(code) != 0) {
			buffer_byte(b, '\\');
			buffer_byte(b, letter(code));
			p += n;
			continue;
		}
		if (!harmful) {
			buffer_add(b, p, n);
			p += n;
			continue;
		}
		while (n-- > 0)
			octal(b, *p++);
	}
}
