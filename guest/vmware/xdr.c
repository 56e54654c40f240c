/* SPDX-License-Identifier: ISC */
#include "guest/vmware/xdr.h"
#include "guest/bus/libc.h"
#include "guest/bus/number.h"
#include "wire/endian.h"

void
writer_init(struct writer *writer, void *to, size_t room)
{
	*writer = (struct writer){ .to = to, .room = room };
}

void
writer_back(struct writer *writer, size_t len)
{
	writer->len = len;
	writer->full = false;
}

/* NULL: no room, and there will be none. */
static uint8_t *
take(struct writer *writer, size_t size)
{
	uint8_t *at = writer->to + writer->len;

	if (writer->full || size > writer->room - writer->len) {
		writer->full = true;
		return NULL;
	}
	writer->len += size;
	return at;
}

void
write_bytes(struct writer *writer, const void *from, size_t size)
{
	uint8_t *at = take(writer, size);

	if (at != NULL && size > 0)
		memcpy(at, from, size);
}

void
write_zeroes(struct writer *writer, size_t count)
{
	uint8_t *at = take(writer, count);

	if (at != NULL && count > 0)
		memset(at, 0, count);
}

void
write_text(struct writer *writer, const char *text)
{
	write_bytes(writer, text, strlen(text));
}

void
write_decimal(struct writer *writer, uint64_t value)
{
	char digits[20];

	write_bytes(writer, digits, pv_decimal(value, digits));
}

void
write_le16(struct writer *writer, uint16_t value)
{
	uint8_t *at = take(writer, 2);

	if (at != NULL)
		put_le16(at, value);
}

void
write_le32(struct writer *writer, uint32_t value)
{
	uint8_t *at = take(writer, 4);

	if (at != NULL)
		put_le32(at, value);
}

void
write_le64(struct writer *writer, uint64_t value)
{
	uint8_t *at = take(writer, 8);

	if (at != NULL) {
		put_le32(at, (uint32_t)value);
		put_le32(at + 4, (uint32_t)(value >> 32));
	}
}

/* ---- Bytes and odd texts inside of texts ------------------------------ */

void
write_base64(struct writer *writer, const void *from, size_t size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *bytes = from;

	for (size_t at = 0; at < size; at += 3) {
		size_t have = size - at < 3 ? size - at : 3;
		uint32_t bits = (uint32_t)bytes[at] << 16;
		char four[4];

		if (have > 1)
			bits |= (uint32_t)bytes[at + 1] << 8;
		if (have > 2)
			bits |= bytes[at + 2];
		for (unsigned i = 0; i < 4; i++)
			four[i] = i <= have
			    ? digits[bits >> (18 - 6 * i) & 0x3f]
			    : '=';
		write_bytes(writer, four, sizeof(four));
	}
}

/* How long the character of UTF-8 is that begins here; 0: it is none. */
static size_t
utf8(const uint8_t *at, size_t left)
{
	size_t size = *at < 0x80         ? 1
	    : *at >= 0xc2 && *at <= 0xdf ? 2
	    : (*at & 0xf0) == 0xe0       ? 3
	    : *at >= 0xf0 && *at <= 0xf4 ? 4
					 : 0;

	if (size > left)
		return 0;
	for (size_t i = 1; i < size; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	/* longer than needed, a surrogate, or above the last one */
	if ((at[0] == 0xe0 && at[1] < 0xa0) ||
	    (at[0] == 0xed && at[1] > 0x9f) ||
	    (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
		return 0;
	return size;
}

void
write_json_string(struct writer *writer, const char *text)
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t *at = (const uint8_t *)text;
	size_t left = strlen(text), size;

	write_text(writer, "\"");
	for (; left > 0; at += size, left -= size) {
		size = utf8(at, left);
		if (size == 0) {
			size = 1;
			write_text(writer, "?");
		} else if (*at == '"' || *at == '\\') {
			write_text(writer, "\\");
			write_bytes(writer, at, 1);
		} else if (*at < 0x20 || *at == 0x7f) {
			write_text(writer, "\\u00");
			write_bytes(writer, &hex[*at >> 4], 1);
			write_bytes(writer, &hex[*at & 0xf], 1);
		} else {
			write_bytes(writer, at, size);
		}
	}
	write_text(writer, "\"");
}

/* ---- XDR -------------------------------------------------------------- */

void
xdr_write_u32(struct writer *writer, uint32_t value)
{
	uint8_t *at = take(writer, 4);

	if (at != NULL)
		put_be32(at, value);
}

size_t
xdr_write_later(struct writer *writer)
{
	size_t where = writer->len;

	xdr_write_u32(writer, 0);
	return where;
}

void
xdr_write_at(struct writer *writer, size_t where, uint32_t value)
{
	if (where <= writer->len && writer->len - where >= 4)
		put_be32(writer->to + where, value);
}

void
xdr_write_opaque(struct writer *writer, const void *from, size_t size)
{
	xdr_write_u32(writer, (uint32_t)size);
	write_bytes(writer, from, size);
	write_zeroes(writer, (4 - size % 4) % 4);
}

void
xdr_write_string(struct writer *writer, const char *text)
{
	xdr_write_opaque(writer, text, strlen(text));
}

void
xdr_write_chars(struct writer *writer, const char *text, size_t size)
{
	size_t len = strlen(text);

	if (len >= size) {
		writer->full = true;
		return;
	}
	/* as signed numbers, for a char is one to rpcgen */
	for (size_t i = 0; i < size; i++)
		xdr_write_u32(writer,
		    i < len ? (uint32_t)(int32_t)(int8_t)text[i] : 0);
}
