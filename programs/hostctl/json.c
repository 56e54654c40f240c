/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "escape.h"
#include "json.h"

void
base64(struct buffer *b, const void *data, size_t length)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = data;

	for (size_t i = 0; i < length; i += 3) {
		size_t left = length - i;
		uint32_t v = (uint32_t)p[i] << 16;
		char out[4];

		if (left > 1)
			v |= (uint32_t)p[i + 1] << 8;
		if (left > 2)
			v |= p[i + 2];
		out[0] = digits[v >> 18];
		out[1] = digits[v >> 12 & 63];
		out[2] = left > 1 ? digits[v >> 6 & 63] : '=';
		out[3] = left > 2 ? digits[v & 63] : '=';
		buffer_add(b, out, sizeof(out));
	}
}

static void
quoted(struct buffer *b, const char *text, size_t length)
{
	const unsigned char *p = (const unsigned char *)text;
	const unsigned char *end = p + length;

	buffer_byte(b, '"');
	while (p < end) {
		uint32_t code;
		size_t n = utf8_next(p, end, &code);
		char u[8];

		if (n == 0) {
			buffer_text(b, "\357\277\275");
			n = 1;
		} else if (code == '"' || code == '\\') {
			buffer_byte(b, '\\');
			buffer_byte(b, (char)code);
		} else if (code == '\n') {
			buffer_text(b, "\\n");
		} else if (code == '\t') {
			buffer_text(b, "\\t");
		} else if (code_harmful(code)) {
			/* none of these is above U+FFFF */
			snprintf(u, sizeof(u), "\\u%04x", code & 0xffff);
			buffer_text(b, u);
		} else {
			buffer_add(b, p, n);
		}
		p += n;
	}
	buffer_byte(b, '"');
}

static void
member(struct buffer *b, const char *name)
{
	if (b->length > 0 && strchr("{[\n", b->data[b->length - 1]) == NULL)
		buffer_byte(b, ',');
	if (name != NULL) {
		quoted(b, name, strlen(name));
		buffer_byte(b, ':');
	}
}

void
json_open(struct buffer *b, const char *name, char bracket)
{
	member(b, name);
	buffer_byte(b, bracket);
}

void
json_close(struct buffer *b, char bracket)
{
	buffer_byte(b, bracket);
}

void
json_number(struct buffer *b, const char *name, unsigned long number)
{
	char text[24];

	member(b, name);
	snprintf(text, sizeof(text), "%lu", number);
	buffer_text(b, text);
}

void
json_string(struct buffer *b, const char *name, const char *text, size_t length)
{
	member(b, name);
	quoted(b, text, length);
}

void
json_bytes(struct buffer *b, const char *name, const char *base64_name,
    const char *data, size_t length)
{
	if ((length == 0 || memchr(data, '\0', length) == NULL) &&
	    utf8_valid(data, length)) {
		json_string(b, name, data, length);
		return;
	}
	member(b, base64_name);
	buffer_byte(b, '"');
	base64(b, data, length);
	buffer_byte(b, '"');
}

void
json_element(struct buffer *b, const char *text, size_t length)
{
	if (utf8_valid(text, length)) {
		json_string(b, NULL, text, length);
		return;
	}
	json_open(b, NULL, '{');
	json_bytes(b, "text", "base64", text, length);
	json_close(b, '}');
}
