/* SPDX-License-Identifier: ISC */
/* The Internet's checksum (RFC 1071): words in network order are added up in as
 * many pieces as there are, each but the last of even length; the sum is folded at
 * the end, and inverted by who needs that. */
#ifndef HOST_BUS_CHECKSUM_H
#define HOST_BUS_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#include "wire/endian.h"

/* An odd byte is the upper half of a word. */
static inline uint64_t
checksum_add(uint64_t sum, const uint8_t *bytes, size_t length)
{
	size_t i = 0;

	for (; i + 1 < length; i += 2)
		sum += get_be16(bytes + i);
	if (i < length)
		sum += (uint64_t)bytes[i] << 8;
	return sum;
}

static inline uint16_t
checksum_fold(uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

#endif
