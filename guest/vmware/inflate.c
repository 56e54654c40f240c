/* SPDX-License-Identifier: ISC */
#include "guest/vmware/inflate.h"
#include "guest/bus/libc.h"

#define LITERALS 288u
#define DISTANCES 30u
#define CODE_LENGTHS 19u
#define BITS_MAX 15u
#define END_OF_BLOCK 256u

/* ---- Bits in ---------------------------------------------------------- */

static bool
fail(struct inflate *inflate, int error)
{
	if (inflate->error == PV_OK)
		inflate->error = error;
	return false;
}

/* At most 16; 0 when the input has ended, which is an error of the whole. */
static uint32_t
take_bits(struct inflate *inflate, unsigned count)
{
	uint32_t value;

	while (inflate->have < count) {
		if (inflate->at == inflate->size) {
			(void)fail(inflate, PV_EPROTO);
			return 0;
		}
		inflate->bits |= (uint32_t)inflate->in[inflate->at++]
		    << inflate->have;
		inflate->have += 8;
	}
	value = inflate->bits & ((1u << count) - 1);
	inflate->bits >>= count;
	inflate->have -= count;
	return value;
}

/* ---- Bytes out -------------------------------------------------------- */

/* CRC-32 of RFC 1952, four bits at a time. */
static uint32_t
crc32(uint32_t crc, uint8_t byte)
{
	static const uint32_t table[16] = { 0x00000000, 0x1db71064, 0x3b6e20c8,
		0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0,
		0x86d3d2d4, 0xa00ae278, 0xbdbdf21c };

	crc = table[(crc ^ byte) & 15u] ^ crc >> 4;
	return table[(crc ^ byte >> 4) & 15u] ^ crc >> 4;
}

static bool
put(struct inflate *inflate, uint8_t byte)
{
	if (inflate->total == inflate->limit)
		return fail(inflate, PV_EMSGSIZE);
	inflate->window[inflate->total % INFLATE_WINDOW] = byte;
	inflate->crc = crc32(inflate->crc, byte);
	inflate->member++;
	if (inflate->total >= inflate->from && inflate->len < inflate->room)
		inflate->to[inflate->len++] = byte;
	inflate->total++;
	return true;
}

/* What came `distance` ago, again; it may be what this puts there itself. */
static bool
repeat(struct inflate *inflate, uint32_t distance, uint32_t len)
{
	if (distance > inflate->member || distance > INFLATE_WINDOW)
		return fail(inflate, PV_EPROTO);
	while (len-- > 0)
		if (!put(inflate,
			inflate->window[(inflate->total - distance) %
			    INFLATE_WINDOW]))
			return false;
	return true;
}

/* ---- Codes ------------------------------------------------------------ */

/*
 * Codes of one length follow each other in the order of their symbols, and the
 * shorter come first (RFC 1951, 3.2.2): so all that is needed is the symbols in
 * that order.  False: more codes than there are; fewer are for the caller.
 */
static bool
make_code(struct inflate_code *code, const uint8_t *lengths, unsigned count,
    bool *complete)
{
	uint16_t next[BITS_MAX + 2];
	int32_t left = 1;

	memset(code, 0, sizeof(*code));
	for (unsigned i = 0; i < count; i++)
		code->count[lengths[i]]++;
	code->count[0] = 0;
	next[1] = 0;
	for (unsigned bits = 1; bits <= BITS_MAX; bits++) {
		left = left * 2 - code->count[bits];
		if (left < 0)
			return false;
		next[bits + 1] = (uint16_t)(next[bits] + code->count[bits]);
	}
	for (unsigned i = 0; i < count; i++)
		if (lengths[i] != 0)
			code->symbol[next[lengths[i]]++] = (uint16_t)i;
	*complete = left == 0;
	return true;
}

/* One distance of one bit is allowed to stand alone, and none at all. */
static bool
sparse(const struct inflate_code *code)
{
	for (unsigned bits = 2; bits <= BITS_MAX; bits++)
		if (code->count[bits] != 0)
			return false;
	return code->count[1] <= 1;
}

static int
take_symbol(struct inflate *inflate, const struct inflate_code *code)
{
	int32_t value = 0, first = 0, index = 0;

	for (unsigned bits = 1; bits <= BITS_MAX; bits++) {
		int32_t count = code->count[bits];

		value |= (int32_t)take_bits(inflate, 1);
		if (inflate->error != PV_OK)
			return -1;
		if (value - first < count)
			return code->symbol[index + value - first];
		index += count;
		first = (first + count) * 2;
		value *= 2;
	}
	(void)fail(inflate, PV_EPROTO);
	return -1;
}

/* ---- Blocks ----------------------------------------------------------- */

static bool
stored(struct inflate *inflate)
{
	uint32_t len, check;

	/* to the next byte; whole ones that were read ahead there are none */
	inflate->bits = 0;
	inflate->have = 0;
	len = take_bits(inflate, 16);
	check = take_bits(inflate, 16);
	if (inflate->error != PV_OK)
		return false;
	if (len != (check ^ 0xffffu) || len > inflate->size - inflate->at)
		return fail(inflate, PV_EPROTO);
	while (len-- > 0)
		if (!put(inflate, inflate->in[inflate->at++]))
			return false;
	return true;
}

static bool
copy(struct inflate *inflate, unsigned symbol)
{
	static const uint16_t lens[29] = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15,
		17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163,
		195, 227, 258 };
	static const uint8_t len_bits[29] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1,
		1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0 };
	static const uint16_t distances[DISTANCES] = { 1, 2, 3, 4, 5, 7, 9, 13,
		17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025,
		1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577 };
	uint32_t len, distance;
	int which;

	symbol -= END_OF_BLOCK + 1;
	if (symbol >= sizeof(len_bits))
		return fail(inflate, PV_EPROTO);
	len = lens[symbol] + take_bits(inflate, len_bits[symbol]);
	which = take_symbol(inflate, &inflate->distances);
	if (which < 0 || which >= (int)DISTANCES)
		return fail(inflate, PV_EPROTO);
	distance = distances[which];
	if (which >= 4)
		distance += take_bits(inflate, (unsigned)which / 2 - 1);
	if (inflate->error != PV_OK)
		return false;
	return repeat(inflate, distance, len);
}

static bool
coded(struct inflate *inflate)
{
	for (;;) {
		int symbol = take_symbol(inflate, &inflate->literals);

		if (symbol < 0)
			return false;
		if (symbol == END_OF_BLOCK)
			return true;
		if (symbol < (int)END_OF_BLOCK
			? !put(inflate, (uint8_t)symbol)
			: !copy(inflate, (unsigned)symbol))
			return false;
	}
}

static bool
fixed_codes(struct inflate *inflate)
{
	uint8_t *lengths = inflate->lengths;
	bool complete;

	memset(lengths, 8, 144);
	memset(lengths + 144, 9, 112);
	memset(lengths + 256, 7, 24);
	memset(lengths + 280, 8, 8);
	if (!make_code(&inflate->literals, lengths, LITERALS, &complete))
		return false;
	memset(lengths, 5, 32);
	return make_code(&inflate->distances, lengths, 32, &complete);
}

/* Lengths with their repetitions, by a code of their own. */
static bool
take_lengths(struct inflate *inflate, unsigned count)
{
	uint8_t *lengths = inflate->lengths;
	unsigned at = 0;

	while (at < count) {
		int symbol = take_symbol(inflate, &inflate->literals);
		unsigned times = 1;
		uint8_t len = 0;

		if (symbol < 0)
			return false;
		if (symbol < 16)
			len = (uint8_t)symbol;
		else if (symbol == 16) {
			if (at == 0)
				return fail(inflate, PV_EPROTO);
			len = lengths[at - 1];
			times = 3 + take_bits(inflate, 2);
		} else if (symbol == 17)
			times = 3 + take_bits(inflate, 3);
		else
			times = 11 + take_bits(inflate, 7);
		if (inflate->error != PV_OK || times > count - at)
			return fail(inflate, PV_EPROTO);
		memset(lengths + at, len, times);
		at += times;
	}
	return true;
}

static bool
dynamic_codes(struct inflate *inflate)
{
	static const uint8_t order[CODE_LENGTHS] = { 16, 17, 18, 0, 8, 7, 9, 6,
		10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
	unsigned literals = 257 + take_bits(inflate, 5);
	unsigned distances = 1 + take_bits(inflate, 5);
	unsigned lengths = 4 + take_bits(inflate, 4);
	bool complete;

	if (inflate->error != PV_OK || literals > 286 || distances > DISTANCES)
		return fail(inflate, PV_EPROTO);
	memset(inflate->lengths, 0, sizeof(inflate->lengths));
	for (unsigned i = 0; i < lengths; i++)
		inflate->lengths[order[i]] = (uint8_t)take_bits(inflate, 3);
	if (!make_code(&inflate->literals, inflate->lengths, CODE_LENGTHS,
		&complete) ||
	    !complete)
		return fail(inflate, PV_EPROTO);
	if (!take_lengths(inflate, literals + distances) ||
	    inflate->lengths[END_OF_BLOCK] == 0)
		return fail(inflate, PV_EPROTO);
	if (!make_code(&inflate->distances, inflate->lengths + literals,
		distances, &complete) ||
	    (!complete && !sparse(&inflate->distances)))
		return fail(inflate, PV_EPROTO);
	if (!make_code(&inflate->literals, inflate->lengths, literals,
		&complete) ||
	    (!complete && !sparse(&inflate->literals)))
		return fail(inflate, PV_EPROTO);
	return true;
}

static bool
blocks(struct inflate *inflate)
{
	bool last, good;

	inflate->bits = 0;
	inflate->have = 0;
	inflate->member = 0;
	do {
		last = take_bits(inflate, 1) != 0;
		switch (take_bits(inflate, 2)) {
		case 0:
			good = stored(inflate);
			break;
		case 1:
			good = fixed_codes(inflate) && coded(inflate);
			break;
		case 2:
			good = dynamic_codes(inflate) && coded(inflate);
			break;
		default:
			good = fail(inflate, PV_EPROTO);
			break;
		}
	} while (good && !last && inflate->error == PV_OK);
	inflate->bits = 0;
	inflate->have = 0;
	return inflate->error == PV_OK && good;
}

static void
start(struct inflate *inflate)
{
	inflate->at = 0;
	inflate->total = 0;
	inflate->len = 0;
	inflate->error = PV_OK;
	inflate->crc = UINT32_MAX;
}

int
inflate_raw(struct inflate *inflate)
{
	start(inflate);
	(void)blocks(inflate);
	return inflate->error;
}

/* ---- gzip ------------------------------------------------------------- */

#define GZIP_HEADER 10u
#define GZIP_TRAILER 8u
#define GZIP_DEFLATE 8u
#define GZIP_HEADER_CRC 0x02u
#define GZIP_EXTRA 0x04u
#define GZIP_NAME 0x08u
#define GZIP_COMMENT 0x10u
#define GZIP_RESERVED 0xe0u

static bool
skip(struct inflate *inflate, size_t size)
{
	if (size > inflate->size - inflate->at)
		return fail(inflate, PV_EPROTO);
	inflate->at += size;
	return true;
}

static bool
skip_text(struct inflate *inflate)
{
	while (inflate->at < inflate->size)
		if (inflate->in[inflate->at++] == 0)
			return true;
	return fail(inflate, PV_EPROTO);
}

static bool
header(struct inflate *inflate)
{
	const uint8_t *in = inflate->in + inflate->at;
	uint8_t flags;

	if (!skip(inflate, GZIP_HEADER))
		return false;
	flags = in[3];
	if (in[0] != 0x1f || in[1] != 0x8b || in[2] != GZIP_DEFLATE ||
	    (flags & GZIP_RESERVED))
		return fail(inflate, PV_EPROTO);
	if (flags & GZIP_EXTRA) {
		in = inflate->in + inflate->at;
		if (!skip(inflate, 2) ||
		    !skip(inflate, (size_t)(in[0] | in[1] << 8)))
			return false;
	}
	if ((flags & GZIP_NAME) && !skip_text(inflate))
		return false;
	if ((flags & GZIP_COMMENT) && !skip_text(inflate))
		return false;
	return !(flags & GZIP_HEADER_CRC) || skip(inflate, 2);
}

static uint32_t
le32(const uint8_t *from)
{
	return (uint32_t)from[0] | (uint32_t)from[1] << 8 |
	    (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

int
inflate_gzip(struct inflate *inflate)
{
	start(inflate);
	do {
		const uint8_t *in;

		inflate->crc = UINT32_MAX;
		if (!header(inflate) || !blocks(inflate))
			return inflate->error;
		in = inflate->in + inflate->at;
		if (!skip(inflate, GZIP_TRAILER))
			return inflate->error;
		if (le32(in) != ~inflate->crc ||
		    le32(in + 4) != inflate->member)
			return PV_EPROTO;
	} while (inflate->at < inflate->size);
	return PV_OK;
}
