/* SPDX-License-Identifier: ISC */
#include "programs/pvhost/aml.h"

#include <string.h>

#include "wire/endian.h"

/* 20.3 */
enum {
	AML_BYTE = 0x0a,
	AML_WORD = 0x0b,
	AML_DWORD = 0x0c,
	AML_STRING = 0x0d,
	AML_NAME = 0x08,
	AML_SCOPE = 0x10,
	AML_BUFFER = 0x11,
	AML_PACKAGE = 0x12,
	AML_EXTENDED = 0x5b,
	AML_DEVICE = 0x82
};

/* A length of three bytes (20.2.4), whatever it is: it stands before what it
 * is the length of. */
#define LENGTH_SIZE 3u
#define LENGTH_MAX 0xfffffu
/* A word for the size of a buffer follows that. */
#define BUFFER_SIZE 3u

/* 6.4.2, 6.4.3.5 */
#define SMALL_IRQ 0x22u
#define SMALL_PORTS 0x47u
#define SMALL_END 0x79u
#define LARGE_DWORD 0x87u
#define LARGE_WORD 0x88u
#define WINDOW_MEMORY 0u
#define WINDOW_PORTS 1u
#define WINDOW_BUSES 2u
#define WINDOW_FIXED 0x0cu /* both ends; handed on to those below */
#define PORTS_ALL 3u       /* ISA's and others */
#define MEMORY_WRITABLE 1u

static void
put(struct aml *aml, const void *bytes, size_t size)
{
	if (aml->broken || size > sizeof(aml->bytes) - aml->size) {
		aml->broken = true;
		return;
	}
	memcpy(aml->bytes + aml->size, bytes, size);
	aml->size += size;
}

static void
put_byte(struct aml *aml, unsigned value)
{
	put(aml, &(uint8_t){ (uint8_t)value }, 1);
}

static void
put_name(struct aml *aml, const char *name)
{
	if (strlen(name) == 4)
		put(aml, name, 4);
	else
		aml->broken = true;
}

static void
open_length(struct aml *aml)
{
	if (aml->depth == AML_DEPTH) {
		aml->broken = true;
		return;
	}
	aml->open[aml->depth++] = aml->size;
	put(aml, (const uint8_t[LENGTH_SIZE]){ 0 }, LENGTH_SIZE);
}

void
aml_close(struct aml *aml)
{
	size_t length;
	uint8_t *at;

	if (aml->broken || aml->depth == 0) {
		aml->broken = true;
		return;
	}
	at = aml->bytes + aml->open[--aml->depth];
	length = (size_t)(aml->bytes + aml->size - at);
	if (length > LENGTH_MAX) {
		aml->broken = true;
		return;
	}
	at[0] = (uint8_t)((LENGTH_SIZE - 1) << 6 | (length & 0xf));
	put_le16(at + 1, (uint16_t)(length >> 4));
}

void
aml_scope(struct aml *aml, const char *name)
{
	put_byte(aml, AML_SCOPE);
	open_length(aml);
	put_name(aml, name);
}

void
aml_device(struct aml *aml, const char *name)
{
	put_byte(aml, AML_EXTENDED);
	put_byte(aml, AML_DEVICE);
	open_length(aml);
	put_name(aml, name);
}

void
aml_package(struct aml *aml, unsigned elements)
{
	aml->broken |= elements > UINT8_MAX;
	put_byte(aml, AML_PACKAGE);
	open_length(aml);
	put_byte(aml, elements);
}

void
aml_name(struct aml *aml, const char *name)
{
	put_byte(aml, AML_NAME);
	put_name(aml, name);
}

void
aml_integer(struct aml *aml, uint32_t value)
{
	uint8_t bytes[5];
	size_t size;

	put_le32(bytes + 1, value);
	if (value <= 1) { /* ZeroOp, OneOp */
		bytes[0] = (uint8_t)value;
		size = 1;
	} else if (value <= UINT8_MAX) {
		bytes[0] = AML_BYTE;
		size = 2;
	} else if (value <= UINT16_MAX) {
		bytes[0] = AML_WORD;
		size = 3;
	} else {
		bytes[0] = AML_DWORD;
		size = 5;
	}
	put(aml, bytes, size);
}

void
aml_string(struct aml *aml, const char *text)
{
	put_byte(aml, AML_STRING);
	put(aml, text, strlen(text) + 1);
}

static unsigned
hex_digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'A' + 10);
}

/* 19.3.4: three letters of 5 bits each, four digits, the most significant bytes
 * first. */
void
aml_eisa_id(struct aml *aml, const char *id)
{
	uint32_t value = 0;
	uint8_t bytes[5] = { AML_DWORD };

	if (strlen(id) != 7) {
		aml->broken = true;
		return;
	}
	for (unsigned i = 0; i < 3; i++)
		value = value << 5 | ((unsigned)(id[i] - '@') & 0x1f);
	for (unsigned i = 3; i < 7; i++)
		value = value << 4 | (hex_digit(id[i]) & 0xf);
	put_be32(bytes + 1, value);
	put(aml, bytes, sizeof(bytes));
}

/* ---- Resources -------------------------------------------------------- */

void
aml_resources(struct aml *aml)
{
	put_byte(aml, AML_BUFFER);
	open_length(aml);
	put(aml, (const uint8_t[BUFFER_SIZE]){ AML_WORD }, BUFFER_SIZE);
}

void
aml_resources_close(struct aml *aml)
{
	size_t start;

	put_byte(aml, SMALL_END);
	put_byte(aml, 0); /* no checksum */
	if (aml->broken || aml->depth == 0) {
		aml->broken = true;
		return;
	}
	start = aml->open[aml->depth - 1] + LENGTH_SIZE + BUFFER_SIZE;
	put_le16(aml->bytes + start - 2, (uint16_t)(aml->size - start));
	aml_close(aml);
}

void
aml_ports(struct aml *aml, uint16_t first, uint8_t count)
{
	uint8_t bytes[8] = { SMALL_PORTS, 1 /* of 16 bits */ };

	put_le16(bytes + 2, first);
	put_le16(bytes + 4, first);
	bytes[6] = 1; /* alignment */
	bytes[7] = count;
	put(aml, bytes, sizeof(bytes));
}

void
aml_irq(struct aml *aml, unsigned line)
{
	uint8_t bytes[3] = { SMALL_IRQ };

	aml->broken |= line > 15;
	put_le16(bytes + 1, (uint16_t)(1u << (line & 15)));
	put(aml, bytes, sizeof(bytes));
}

static void
window(struct aml *aml, unsigned what, unsigned flags, unsigned width,
    uint32_t first, uint32_t last)
{
	/* head, then granularity, first, last, translation, count */
	uint8_t bytes[6 + 5 * 4] = { 0 };
	uint32_t fields[5] = { 0, first, last, 0, last - first + 1 };

	bytes[0] = width == 2 ? LARGE_WORD : LARGE_DWORD;
	put_le16(bytes + 1, (uint16_t)(3 + 5 * width));
	bytes[3] = (uint8_t)what;
	bytes[4] = WINDOW_FIXED;
	bytes[5] = (uint8_t)flags;
	for (unsigned i = 0; i < 5; i++) {
		if (width == 2)
			put_le16(bytes + 6 + 2 * (size_t)i,
			    (uint16_t)fields[i]);
		else
			put_le32(bytes + 6 + 4 * (size_t)i, fields[i]);
	}
	put(aml, bytes, 6 + 5 * (size_t)width);
}

void
aml_window_buses(struct aml *aml, uint16_t first, uint16_t last)
{
	window(aml, WINDOW_BUSES, 0, 2, first, last);
}

void
aml_window_ports(struct aml *aml, uint16_t first, uint16_t last)
{
	window(aml, WINDOW_PORTS, PORTS_ALL, 2, first, last);
}

void
aml_window_memory(struct aml *aml, uint32_t first, uint32_t last)
{
	window(aml, WINDOW_MEMORY, MEMORY_WRITABLE, 4, first, last);
}
