/* SPDX-License-Identifier: ISC */
/* Packets of GuestRPC by vsock. */
#include <string.h>

#include "host/vmware/vmware_private.h"
#include "wire/endian.h"
#include "wire/vmware/datamap.h"

struct reader {
	const uint8_t *at;
	size_t left;
};

static bool
take_u32(struct reader *reader, uint32_t *value)
{
	if (reader->left < 4)
		return false;
	*value = get_be32(reader->at);
	reader->at += 4;
	reader->left -= 4;
	return true;
}

static bool
take_number(struct reader *reader, uint64_t *value)
{
	uint32_t low, high;

	if (!take_u32(reader, &low) || !take_u32(reader, &high))
		return false;
	*value = (uint64_t)high << 32 | low;
	return true;
}

static bool
take_string(struct reader *reader, const uint8_t **bytes, size_t *size)
{
	uint32_t length;

	if (!take_u32(reader, &length) || length > reader->left)
		return false;
	*bytes = reader->at;
	*size = length;
	reader->at += length;
	reader->left -= length;
	return true;
}

/* A list that nobody looks at. */
static bool
skip_list(struct reader *reader, bool strings)
{
	const uint8_t *bytes;
	uint32_t count;
	uint64_t value;
	size_t size;

	if (!take_u32(reader, &count))
		return false;
	while (count-- > 0)
		if (strings ? !take_string(reader, &bytes, &size)
			    : !take_number(reader, &value))
			return false;
	return true;
}

static bool
take_field(struct reader *reader, struct datamap *map, unsigned *seen)
{
	const uint8_t *bytes = NULL;
	uint32_t type, id;
	uint64_t value = 0;
	size_t size = 0;
	bool whole = false;

	if (!take_u32(reader, &type) || !take_u32(reader, &id))
		return false;
	if (type == DATAMAP_NUMBER)
		whole = take_number(reader, &value);
	else if (type == DATAMAP_STRING)
		whole = take_string(reader, &bytes, &size);
	else if (type == DATAMAP_NUMBERS || type == DATAMAP_STRINGS)
		whole = skip_list(reader, type == DATAMAP_STRINGS);
	if (!whole)
		return false;
	if (id < DATAMAP_FIELD_TYPE || id > DATAMAP_FIELD_FAST_CLOSE)
		return true;
	/* each once, and of its type */
	if (*seen & 1u << id ||
	    type !=
		(id == DATAMAP_FIELD_PAYLOAD ? DATAMAP_STRING : DATAMAP_NUMBER))
		return false;
	*seen |= 1u << id;
	if (id == DATAMAP_FIELD_TYPE)
		map->type = value;
	else if (id == DATAMAP_FIELD_FAST_CLOSE)
		map->fast_close = value == 1;
	else {
		map->payload = bytes;
		map->payload_size = size;
	}
	return true;
}

bool
vmx_datamap_parse(const uint8_t *bytes, size_t size, struct datamap *map)
{
	struct reader reader = { bytes, size };
	unsigned seen = 0;

	memset(map, 0, sizeof(*map));
	while (reader.left > 0)
		if (!take_field(&reader, map, &seen))
			return false;
	return map->type == DATAMAP_PACKET_PING ||
	    (map->type == DATAMAP_PACKET_DATA && map->payload != NULL);
}

size_t
vmx_datamap_make(uint8_t *to, const void *payload, size_t size)
{
	uint8_t *at = to + DATAMAP_LENGTH_SIZE;

	put_be32(at, DATAMAP_NUMBER);
	put_be32(at + 4, DATAMAP_FIELD_TYPE);
	put_be32(at + 8, DATAMAP_PACKET_DATA);
	put_be32(at + 12, 0);
	put_be32(at + 16, DATAMAP_STRING);
	put_be32(at + 20, DATAMAP_FIELD_PAYLOAD);
	put_be32(at + 24, (uint32_t)size);
	at += 28;
	if (size > 0)
		memcpy(at, payload, size);
	put_be32(to, (uint32_t)(28 + size));
	return DATAMAP_LENGTH_SIZE + 28 + size;
}
