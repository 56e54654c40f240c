/* SPDX-License-Identifier: ISC */
/*
 * Writing into memory of a fixed size, and XDR (RFC 4506) that way.
 *
 * Nothing is written behind the end: what did not fit leaves `full` set, and
 * whoever wants only whole elements goes back to where the last one ended.
 */
#ifndef GUEST_VMWARE_XDR_H
#define GUEST_VMWARE_XDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct writer {
	uint8_t *to;
	size_t room, len;
	bool full;
};

void writer_init(struct writer *, void *to, size_t room);
/* Back to an earlier length, for what did not fit whole. */
void writer_back(struct writer *, size_t len);
void write_bytes(struct writer *, const void *from, size_t size);
void write_zeroes(struct writer *, size_t count);
/* Without its NUL. */
void write_text(struct writer *, const char *text);
void write_decimal(struct writer *, uint64_t value);
void write_le16(struct writer *, uint16_t value);
void write_le32(struct writer *, uint32_t value);
void write_le64(struct writer *, uint64_t value);

/* RFC 4648, with padding. */
void write_base64(struct writer *, const void *from, size_t size);
/* In quotes, as a JSON string; what is no UTF-8 becomes '?'. */
void write_json_string(struct writer *, const char *text);

void xdr_write_u32(struct writer *, uint32_t value);
/* A u32 for a number that is known later: where it stands. */
size_t xdr_write_later(struct writer *);
void xdr_write_at(struct writer *, size_t where, uint32_t value);
/* Opaque data or a string of variable length: length, bytes, zeroes up to a
 * multiple of 4. */
void xdr_write_opaque(struct writer *, const void *from, size_t size);
void xdr_write_string(struct writer *, const char *text);
/* char name[size] of a description: rpcgen gives 4 bytes to each, and what is
 * behind the text is 0.  A text of `size` or more does not fit. */
void xdr_write_chars(struct writer *, const char *text, size_t size);

#endif
