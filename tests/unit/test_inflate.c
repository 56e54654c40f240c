/* SPDX-License-Identifier: ISC */
/* DEFLATE and gzip: what zlib made, what this test makes bit by bit, and what
 * nobody should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guest/vmware/inflate.h"
#include "tests/support/inflate_vectors.h"

#define LIMIT (1024u * 1024u)

static struct inflate inflate;
static uint8_t out[LIMIT];

/* From memory of its own, so that a read behind it is seen. */
static int
unpack(int (*call)(struct inflate *), const void *in, size_t size)
{
	uint8_t *copy = test_malloc(size > 0 ? size : 1);
	int error;

	memcpy(copy, in, size);
	memset(out, '#', sizeof(out));
	inflate.in = copy;
	inflate.size = size;
	inflate.from = 0;
	inflate.to = out;
	inflate.room = sizeof(out);
	inflate.limit = LIMIT;
	error = call(&inflate);
	test_free(copy);
	return error;
}

static void
gives(int error, const void *expected, size_t size)
{
	assert_int_equal(error, PV_OK);
	assert_true(inflate.total == size);
	assert_int_equal(inflate.len, size);
	assert_memory_equal(out, expected, size);
}

/* ---- What zlib made --------------------------------------------------- */

static void
test_stored(void **state)
{
	(void)state;
	gives(unpack(inflate_raw, raw_stored, sizeof(raw_stored)), VECTOR_TEXT,
	    strlen(VECTOR_TEXT));
}

static void
test_fixed_codes(void **state)
{
	(void)state;
	gives(unpack(inflate_raw, raw_fixed, sizeof(raw_fixed)), VECTOR_TEXT,
	    strlen(VECTOR_TEXT));
}

static void
test_dynamic_codes(void **state)
{
	char text[DYNAMIC_SIZE + 1];
	size_t len = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%d %d %d\n", i, i * i, i * 7919 % 1000);
	assert_int_equal(len, DYNAMIC_SIZE);
	gives(unpack(inflate_raw, raw_dynamic, sizeof(raw_dynamic)), text, len);
}

static void
test_gzip(void **state)
{
	(void)state;
	gives(unpack(inflate_gzip, gz_text, sizeof(gz_text)), VECTOR_TEXT,
	    strlen(VECTOR_TEXT));
}

static void
test_gzip_with_all_that_a_header_can_have(void **state)
{
	(void)state;
	gives(unpack(inflate_gzip, gz_fields, sizeof(gz_fields)), "hello\n", 6);
}

static void
test_gzip_of_several_members(void **state)
{
	uint8_t both[sizeof(gz_text) + sizeof(gz_fields)];

	(void)state;
	memcpy(both, gz_text, sizeof(gz_text));
	memcpy(both + sizeof(gz_text), gz_fields, sizeof(gz_fields));
	gives(unpack(inflate_gzip, both, sizeof(both)), VECTOR_TEXT "hello\n",
	    strlen(VECTOR_TEXT) + 6);
}

/* ---- Parts and limits ------------------------------------------------- */

static void
test_any_part_of_what_comes_out(void **state)
{
	size_t whole = strlen(VECTOR_TEXT);

	(void)state;
	for (size_t from = 0; from <= whole + 1; from++)
		for (size_t room = 0; room <= whole; room += 7) {
			size_t left = from < whole ? whole - from : 0;
			size_t len = left < room ? left : room;

			inflate.in = gz_text;
			inflate.size = sizeof(gz_text);
			inflate.from = from;
			inflate.to = out;
			inflate.room = room;
			memset(out, '#', whole + 1);
			assert_int_equal(inflate_gzip(&inflate), PV_OK);
			assert_int_equal(inflate.len, len);
			assert_true(inflate.total == whole);
			assert_memory_equal(out, &VECTOR_TEXT[len ? from : 0],
			    len);
			assert_int_equal(out[len], '#');
		}
}

/* A few bytes that become many, as often as they are wanted. */
static void
test_the_limit_to_the_byte(void **state)
{
	static uint8_t in[17 * sizeof(gz_zeroes)];

	(void)state;
	for (unsigned i = 0; i < 17; i++)
		memcpy(in + i * sizeof(gz_zeroes), gz_zeroes,
		    sizeof(gz_zeroes));
	assert_int_equal(unpack(inflate_gzip, in, 16 * sizeof(gz_zeroes)),
	    PV_OK);
	assert_true(inflate.total == LIMIT);
	assert_int_equal(unpack(inflate_gzip, in, 17 * sizeof(gz_zeroes)),
	    PV_EMSGSIZE);
	assert_true(inflate.total == LIMIT);
}

/* ---- Bit by bit ------------------------------------------------------- */

struct bits {
	uint8_t bytes[4096];
	size_t count;
};

static void
put(struct bits *bits, uint32_t value, unsigned count)
{
	for (unsigned i = 0; i < count; i++, bits->count++) {
		uint8_t *byte = &bits->bytes[bits->count / 8];

		if (bits->count % 8 == 0)
			*byte = 0;
		*byte |= (uint8_t)((value >> i & 1u) << bits->count % 8);
	}
}

/* Codes stand there with their first bit first. */
static void
put_code(struct bits *bits, uint32_t code, unsigned count)
{
	while (count-- > 0)
		put(bits, code >> count & 1u, 1);
}

static void
fixed(struct bits *bits, unsigned symbol)
{
	if (symbol < 144)
		put_code(bits, 0x30 + symbol, 8);
	else if (symbol < 256)
		put_code(bits, 0x190 + symbol - 144, 9);
	else if (symbol < 280)
		put_code(bits, symbol - 256, 7);
	else
		put_code(bits, 0xc0 + symbol - 280, 8);
}

static int
unpack_bits(const struct bits *bits)
{
	return unpack(inflate_raw, bits->bytes, (bits->count + 7) / 8);
}

static void
test_every_literal(void **state)
{
	struct bits bits = { .count = 0 };
	uint8_t all[256];

	(void)state;
	put(&bits, 1, 1);
	put(&bits, 1, 2);
	for (unsigned i = 0; i < 256; i++) {
		fixed(&bits, i);
		all[i] = (uint8_t)i;
	}
	fixed(&bits, 256);
	gives(unpack_bits(&bits), all, 256);
}

static void
test_a_copy_of_what_it_puts_there_itself(void **state)
{
	struct bits bits = { .count = 0 };

	(void)state;
	put(&bits, 1, 1);
	put(&bits, 1, 2);
	fixed(&bits, 'a');
	fixed(&bits, 'b');
	fixed(&bits, 259);     /* 5 bytes */
	put_code(&bits, 1, 5); /* from 2 before */
	fixed(&bits, 256);
	gives(unpack_bits(&bits), "abababa", 7);
}

/* From the last byte that can still be had, around the end of the window. */
static void
test_a_copy_from_32_kib_before(void **state)
{
	static struct bits bits;

	(void)state;
	bits.count = 0;
	put(&bits, 1, 1);
	put(&bits, 1, 2);
	fixed(&bits, 'x');
	fixed(&bits, 'y');
	for (unsigned i = 0; i < 127; i++) {
		fixed(&bits, 285); /* 258 bytes */
		put_code(&bits, 0, 5);
	}
	/* 32768 are there: one more, then "xy" again from 32768 before */
	fixed(&bits, 'z');
	fixed(&bits, 257); /* 3 bytes */
	put_code(&bits, 29, 5);
	put(&bits, 8191, 13);
	fixed(&bits, 256);
	assert_int_equal(unpack_bits(&bits), PV_OK);
	assert_true(inflate.total == 32768 + 1 + 3);
	assert_memory_equal(out + 32768, "zyyy", 4);
}

/* ---- What nobody should make ------------------------------------------ */

static void
test_h20_a_copy_from_before_the_beginning(void **state)
{
	struct bits bits = { .count = 0 };

	(void)state;
	put(&bits, 1, 1);
	put(&bits, 1, 2);
	fixed(&bits, 'a');
	fixed(&bits, 257);
	put_code(&bits, 1, 5); /* 2 before, where 1 is */
	fixed(&bits, 256);
	assert_int_equal(unpack_bits(&bits), PV_EPROTO);
	assert_true(inflate.total == 1);
}

/* A member begins anew: it cannot refer to the one before. */
static void
test_h20_a_copy_from_the_member_before(void **state)
{
	uint8_t both[2 * sizeof(gz_text)];
	struct bits bits = { .count = 0 };
	size_t size;

	(void)state;
	put(&bits, 1, 1);
	put(&bits, 1, 2);
	fixed(&bits, 257);
	put_code(&bits, 0, 5);
	fixed(&bits, 256);
	size = (bits.count + 7) / 8;
	memcpy(both, gz_text, sizeof(gz_text));
	memcpy(both + sizeof(gz_text), gz_text, 10);
	memcpy(both + sizeof(gz_text) + 10, bits.bytes, size);
	memset(both + sizeof(gz_text) + 10 + size, 0, 8);
	assert_int_equal(unpack(inflate_gzip, both,
			     sizeof(gz_text) + 10 + size + 8),
	    PV_EPROTO);
	assert_true(inflate.total == strlen(VECTOR_TEXT));
}

static void
test_symbols_that_are_none(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct bits bits = { .count = 0 };

		put(&bits, 1, 1);
		put(&bits, 1, 2);
		fixed(&bits, 'a');
		fixed(&bits, i < 2 ? 286 + i : 257);
		put_code(&bits, i < 2 ? 0 : 28 + i, 5);
		put(&bits, 0, 16);
		fixed(&bits, 256);
		assert_int_equal(unpack_bits(&bits), PV_EPROTO);
	}
}

static void
test_a_block_of_the_fourth_kind(void **state)
{
	(void)state;
	assert_int_equal(unpack(inflate_raw, "\x07", 1), PV_EPROTO);
}

static void
test_h22_a_stored_block_whose_lengths_disagree(void **state)
{
	uint8_t in[sizeof(raw_stored)];

	(void)state;
	for (size_t at = 1; at < 5; at++) {
		memcpy(in, raw_stored, sizeof(in));
		in[at] ^= 1;
		assert_int_equal(unpack(inflate_raw, in, sizeof(in)),
		    PV_EPROTO);
	}
	/* and one that agree, on more than there is */
	memcpy(in, raw_stored, sizeof(in));
	in[1]++;
	in[3]--;
	assert_int_equal(unpack(inflate_raw, in, sizeof(in)), PV_EPROTO);
	assert_true(inflate.total == 0);
}

static void
cut(int (*call)(struct inflate *), const uint8_t *in, size_t size)
{
	for (size_t len = 0; len < size; len++)
		assert_int_equal(unpack(call, in, len), PV_EPROTO);
}

static void
test_h22_an_end_at_every_byte(void **state)
{
	(void)state;
	cut(inflate_raw, raw_stored, sizeof(raw_stored));
	cut(inflate_raw, raw_fixed, sizeof(raw_fixed));
	cut(inflate_raw, raw_dynamic, sizeof(raw_dynamic));
	cut(inflate_gzip, gz_text, sizeof(gz_text));
	cut(inflate_gzip, gz_fields, sizeof(gz_fields));
}

static void
test_every_bit_of_gzip_counts(void **state)
{
	uint8_t in[sizeof(gz_text)];
	unsigned same = 0;

	(void)state;
	for (size_t bit = 0; bit < 8 * sizeof(in); bit++) {
		int error;

		memcpy(in, gz_text, sizeof(in));
		in[bit / 8] ^= (uint8_t)(1u << bit % 8);
		error = unpack(inflate_gzip, in, sizeof(in));
		/* time, extra flags and system of the header are nobody's
		 * business, nor is that it says to be text, nor what fills
		 * the last byte of the blocks */
		if (error == PV_OK) {
			assert_true(bit / 8 < 10 || bit / 8 == sizeof(in) - 9);
			same++;
		}
		assert_true(error == PV_OK || error == PV_EPROTO);
	}
	assert_in_range(same, 8 * 6 + 1, 8 * 6 + 1 + 7);
}

static void
dynamic(unsigned literals, unsigned distances, const uint8_t lengths[19],
    int expected)
{
	static const uint8_t order[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11,
		4, 12, 3, 13, 2, 14, 1, 15 };
	struct bits bits = { .count = 0 };

	put(&bits, 1, 1);
	put(&bits, 2, 2);
	put(&bits, literals - 257, 5);
	put(&bits, distances - 1, 5);
	put(&bits, 15, 4);
	for (unsigned i = 0; i < 19; i++)
		put(&bits, lengths[order[i]], 3);
	/* then zero bits: the first code, again and again */
	put(&bits, 0, 32);
	for (unsigned i = 0; i < 300; i++)
		put(&bits, 0, 8);
	assert_int_equal(unpack_bits(&bits), expected);
}

static void
test_code_lengths_that_make_no_code(void **state)
{
	uint8_t lengths[19] = { 0 };

	(void)state;
	/* none, one that is not complete, too many */
	dynamic(257, 1, lengths, PV_EPROTO);
	lengths[0] = 1;
	dynamic(257, 1, lengths, PV_EPROTO);
	lengths[1] = lengths[2] = 1;
	dynamic(257, 1, lengths, PV_EPROTO);
	/* a good one, that begins with a repetition of nothing */
	memset(lengths, 0, sizeof(lengths));
	lengths[16] = 1;
	lengths[17] = 1;
	dynamic(257, 1, lengths, PV_EPROTO);
	/* all lengths 0: no end of a block */
	memset(lengths, 0, sizeof(lengths));
	lengths[0] = 1;
	lengths[18] = 1;
	dynamic(257, 1, lengths, PV_EPROTO);
	/* all 1: 257 codes where two are */
	memset(lengths, 0, sizeof(lengths));
	lengths[1] = 1;
	lengths[18] = 1;
	dynamic(257, 1, lengths, PV_EPROTO);
	/* more symbols than the alphabets have */
	dynamic(287, 1, lengths, PV_EPROTO);
	dynamic(257, 31, lengths, PV_EPROTO);
	/* a repetition over the end: 18 is 11 zeroes each */
	memset(lengths, 0, sizeof(lengths));
	lengths[18] = 1;
	lengths[0] = 1;
	dynamic(257, 1, lengths, PV_EPROTO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stored),
		cmocka_unit_test(test_fixed_codes),
		cmocka_unit_test(test_dynamic_codes),
		cmocka_unit_test(test_gzip),
		cmocka_unit_test(test_gzip_with_all_that_a_header_can_have),
		cmocka_unit_test(test_gzip_of_several_members),
		cmocka_unit_test(test_any_part_of_what_comes_out),
		cmocka_unit_test(test_the_limit_to_the_byte),
		cmocka_unit_test(test_every_literal),
		cmocka_unit_test(test_a_copy_of_what_it_puts_there_itself),
		cmocka_unit_test(test_a_copy_from_32_kib_before),
		cmocka_unit_test(test_h20_a_copy_from_before_the_beginning),
		cmocka_unit_test(test_h20_a_copy_from_the_member_before),
		cmocka_unit_test(test_symbols_that_are_none),
		cmocka_unit_test(test_a_block_of_the_fourth_kind),
		cmocka_unit_test(
		    test_h22_a_stored_block_whose_lengths_disagree),
		cmocka_unit_test(test_h22_an_end_at_every_byte),
		cmocka_unit_test(test_every_bit_of_gzip_counts),
		cmocka_unit_test(test_code_lengths_that_make_no_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
