/* SPDX-License-Identifier: ISC */
#include "guest/vmware/datamap.h"
#include "guest/bus/libc.h"

/* ---- Out -------------------------------------------------------------- */

struct writer {
	uint8_t *to;
	size_t at;
};

static void
put(struct writer *writer, uint32_t word)
{
	uint8_t *to = writer->to + writer->at;

	to[0] = (uint8_t)(word >> 24);
	to[1] = (uint8_t)(word >> 16);
	to[2] = (uint8_t)(word >> 8);
	to[3] = (uint8_t)word;
	writer->at += 4;
}

static void
put_number(struct writer *writer, uint32_t field, uint64_t value)
{
	put(writer, DATAMAP_NUMBER);
	put(writer, field);
	put(writer, (uint32_t)value);
	put(writer, (uint32_t)(value >> 32));
}

size_t
datamap_write(void *to, size_t room, const struct datamap_packet *packet)
{
	struct writer writer = { .to = to };
	size_t size = DATAMAP_LENGTH_SIZE + 16;

	if (packet->fast_close)
		size += 16;
	if (packet->has_payload) {
		if (packet->payload_len > UINT32_MAX - DATAMAP_OVERHEAD)
			return 0;
		size += DATAMAP_FIELD_SIZE + 4 + packet->payload_len;
	}
	if (size > room)
		return 0;
	put(&writer, (uint32_t)(size - DATAMAP_LENGTH_SIZE));
	put_number(&writer, DATAMAP_FIELD_TYPE, packet->type);
	if (packet->fast_close)
		put_number(&writer, DATAMAP_FIELD_FAST_CLOSE, 1);
	if (!packet->has_payload)
		return size;
	put(&writer, DATAMAP_STRING);
	put(&writer, DATAMAP_FIELD_PAYLOAD);
	put(&writer, (uint32_t)packet->payload_len);
	if (packet->payload_len > 0)
		memcpy(writer.to + writer.at, packet->payload,
		    packet->payload_len);
	return size;
}

/* ---- In --------------------------------------------------------------- */

struct reader {
	const uint8_t *at;
	size_t left;
};

static bool
get(struct reader *reader, uint32_t *word)
{
	const uint8_t *at = reader->at;

	if (reader->left < 4)
		return false;
	*word = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	    (uint32_t)at[2] << 8 | at[3];
	reader->at += 4;
	reader->left -= 4;
	return true;
}

static bool
skip(struct reader *reader, size_t size)
{
	if (size > reader->left)
		return false;
	reader->at += size;
	reader->left -= size;
	return true;
}

static bool
get_number(struct reader *reader, uint64_t *value)
{
	uint32_t low, high;

	if (!get(reader, &low) || !get(reader, &high))
		return false;
	*value = (uint64_t)high << 32 | low;
	return true;
}

static bool
get_string(struct reader *reader, const uint8_t **bytes, size_t *size)
{
	uint32_t len;

	if (!get(reader, &len))
		return false;
	*bytes = reader->at;
	*size = len;
	return skip(reader, len);
}

/* Nobody sends lists here today; who does is not to be misunderstood. */
static bool
skip_list(struct reader *reader, uint32_t type)
{
	const uint8_t *bytes;
	uint32_t count;
	size_t size;

	if (!get(reader, &count))
		return false;
	if (type == DATAMAP_NUMBERS)
		return count <= reader->left / 8 &&
		    skip(reader, count * (size_t)8);
	if (count > reader->left / 4)
		return false;
	while (count-- > 0)
		if (!get_string(reader, &bytes, &size))
			return false;
	return true;
}

static bool
known_number(struct datamap_packet *out, uint32_t field, uint64_t value)
{
	if (field == DATAMAP_FIELD_TYPE)
		out->type = value;
	else if (field == DATAMAP_FIELD_FAST_CLOSE)
		out->fast_close = value == 1;
	return field != DATAMAP_FIELD_PAYLOAD;
}

/* A field of ours has one type, and stands there once. */
static bool
get_field(struct reader *reader, struct datamap_packet *out, uint32_t *seen)
{
	uint32_t type, field;
	uint64_t value;
	const uint8_t *bytes;
	size_t size;

	if (!get(reader, &type) || !get(reader, &field))
		return false;
	if (field >= 1 && field <= DATAMAP_FIELD_FAST_CLOSE) {
		if (*seen & 1u << field)
			return false;
		*seen |= 1u << field;
	}
	switch (type) {
	case DATAMAP_NUMBER:
		return get_number(reader, &value) &&
		    known_number(out, field, value);
	case DATAMAP_STRING:
		if (!get_string(reader, &bytes, &size))
			return false;
		if (field == DATAMAP_FIELD_PAYLOAD) {
			out->has_payload = true;
			out->payload = bytes;
			out->payload_len = size;
		}
		return field != DATAMAP_FIELD_TYPE &&
		    field != DATAMAP_FIELD_FAST_CLOSE;
	case DATAMAP_NUMBERS:
	case DATAMAP_STRINGS:
		return (field == 0 || field > DATAMAP_FIELD_FAST_CLOSE) &&
		    skip_list(reader, type);
	default:
		return false;
	}
}

long
datamap_read(const void *bytes, size_t size, size_t limit,
    struct datamap_packet *out)
{
	struct reader reader = { .at = bytes, .left = size };
	uint32_t len, seen = 0;

	*out = (struct datamap_packet){ .type = DATAMAP_PACKET_DATA };
	if (!get(&reader, &len))
		return 0;
	if (limit < DATAMAP_LENGTH_SIZE || len > limit - DATAMAP_LENGTH_SIZE)
		return PV_EMSGSIZE;
	if (len > reader.left)
		return 0;
	reader.left = len;
	while (reader.left > 0)
		if (!get_field(&reader, out, &seen))
			return PV_EPROTO;
	return (long)(len + DATAMAP_LENGTH_SIZE);
}
