/* SPDX-License-Identifier: ISC */
/* Numbers as they stand in foreign memory, of any alignment. */
#ifndef WIRE_ENDIAN_H
#define WIRE_ENDIAN_H

#include <stdint.h>

static inline uint16_t
get_le16(const void *from)
{
	const uint8_t *p = from;

	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t
get_le32(const void *from)
{
	const uint8_t *p = from;

	return get_le16(p) | (uint32_t)get_le16(p + 2) << 16;
}

static inline uint16_t
get_be16(const void *from)
{
	const uint8_t *p = from;

	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
get_be32(const void *from)
{
	const uint8_t *p = from;

	return (uint32_t)get_be16(p) << 16 | get_be16(p + 2);
}

static inline uint64_t
get_be64(const void *from)
{
	const uint8_t *p = from;

	return (uint64_t)get_be32(p) << 32 | get_be32(p + 4);
}

static inline void
put_le16(void *to, uint16_t value)
{
	uint8_t *p = to;

	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
}

static inline void
put_le32(void *to, uint32_t value)
{
	uint8_t *p = to;

	put_le16(p, (uint16_t)value);
	put_le16(p + 2, (uint16_t)(value >> 16));
}

static inline void
put_be16(void *to, uint16_t value)
{
	uint8_t *p = to;

	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static inline void
put_be32(void *to, uint32_t value)
{
	uint8_t *p = to;

	put_be16(p, (uint16_t)(value >> 16));
	put_be16(p + 2, (uint16_t)value);
}

static inline void
put_be64(void *to, uint64_t value)
{
	uint8_t *p = to;

	put_be32(p, (uint32_t)(value >> 32));
	put_be32(p + 4, (uint32_t)value);
}

#endif
