/* SPDX-License-Identifier: ISC */
/* pvhost: fields of a model by name, and the text of an answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "programs/pvhost/manners.h"
#include "programs/pvhost/reply.h"

enum colour {
	RED,
	GREEN
};

struct sample {
	uint8_t before, byte, after;
	bool silent;
	uint16_t word;
	uint32_t number;
	uint64_t delay;
	enum colour colour;
	uint8_t mac[6];
	uint8_t end;
};

static const struct manner fields[] = {
	MANNER(struct sample, byte, MANNER_U8),
	MANNER(struct sample, silent, MANNER_BOOL),
	MANNER(struct sample, word, MANNER_U16),
	MANNER(struct sample, number, MANNER_U32),
	MANNER(struct sample, delay, MANNER_U64),
	MANNER(struct sample, colour, MANNER_INT),
	MANNER(struct sample, mac, MANNER_BYTES),
};

static struct sample sample;
static const struct manners manners = { &sample, fields,
	sizeof(fields) / sizeof(fields[0]) };

static bool
set(const char *field, const char *value)
{
	struct reply reply = { 0 };
	bool good = manners_set(&manners, field, value, &reply);

	assert_true(good == (reply.text == NULL));
	reply_free(&reply);
	return good;
}

static void
values(void **state)
{
	(void)state;
	sample = (struct sample){ .before = 0x11, .after = 0x22, .end = 0x33 };
	assert_true(set("byte", "255"));
	assert_true(set("silent", "yes"));
	assert_true(set("word", "0x1234"));
	assert_true(set("number", "4294967295"));
	assert_true(set("delay", "18446744073709551615"));
	assert_true(set("colour", "1"));
	assert_true(set("mac", "0011aAFf"));
	assert_int_equal(sample.byte, 255);
	assert_true(sample.silent);
	assert_int_equal(sample.word, 0x1234);
	assert_int_equal(sample.number, UINT32_MAX);
	assert_true(sample.delay == UINT64_MAX);
	assert_int_equal(sample.colour, GREEN);
	assert_memory_equal(sample.mac, "\x00\x11\xaa\xff\x00\x00", 6);
	assert_true(set("silent", "no"));
	assert_false(sample.silent);
	assert_true(set("colour", "-2147483648"));
	assert_int_equal((int)sample.colour, INT32_MIN);
	/* nothing beside them */
	assert_int_equal(sample.before, 0x11);
	assert_int_equal(sample.after, 0x22);
	assert_int_equal(sample.end, 0x33);
}

static void
bad_values(void **state)
{
	static const char *const bad[][2] = {
		{ "byte", "256" },
		{ "byte", "-1" },
		{ "byte", "" },
		{ "byte", "1x" },
		{ "byte", " 1" },
		{ "silent", "maybe" },
		{ "silent", "" },
		{ "word", "65536" },
		{ "number", "4294967296" },
		{ "delay", "18446744073709551616" },
		{ "colour", "2147483648" },
		{ "colour", "-2147483649" },
		{ "colour", "-" },
		{ "colour", "red" },
		{ "mac", "0" },
		{ "mac", "00112233445566" },
		{ "mac", "0g" },
		{ "nothing", "1" },
		{ "", "1" },
	};
	struct sample before;

	(void)state;
	memset(&sample, 0, sizeof(sample));
	before = sample;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (set(bad[i][0], bad[i][1]))
			fail_msg("%s took \"%s\"", bad[i][0], bad[i][1]);
	assert_memory_equal(&before, &sample, sizeof(sample));
}

static void
fields_are_named(void **state)
{
	struct reply reply = { 0 };

	(void)state;
	assert_false(manners_set(&manners, "bite", "1", &reply));
	assert_string_equal(reply.text,
	    "there is no field \"bite\"; expected one of byte silent word "
	    "number delay colour mac");
	reply_free(&reply);
}

static void
all_are_shown(void **state)
{
	struct reply reply = { 0 };

	(void)state;
	sample = (struct sample){ .byte = 200,
		.silent = true,
		.delay = UINT64_MAX,
		.colour = -1,
		.mac = { 1, 0xab } };
	manners_show(&manners, &reply);
	assert_string_equal(reply.text,
	    "byte 200\nsilent yes\nword 0\nnumber 0\n"
	    "delay 18446744073709551615\ncolour -1\nmac 01ab00000000\n");
	reply_free(&reply);
}

/* ---- Replies ---------------------------------------------------------- */

static void
reply_grows(void **state)
{
	struct reply reply = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		reply_print(&reply, "%s", "seven77");
	reply_add(&reply, "a\0b", 3);
	assert_int_equal(reply.size, 7003);
	assert_memory_equal(reply.text + 6993, "seven77a\0b", 11);
	assert_false(reply.cut);
	reply_free(&reply);
	assert_null(reply.text);
}

static void
reply_has_a_bound(void **state)
{
	static char block[65536];
	struct reply reply = { 0 };

	(void)state;
	memset(block, 'x', sizeof(block));
	for (unsigned i = 0; i < REPLY_MAX / sizeof(block); i++)
		reply_add(&reply, block, sizeof(block));
	assert_int_equal(reply.size, REPLY_MAX);
	assert_false(reply.cut);
	reply_add(&reply, "y", 1);
	assert_true(reply.cut);
	assert_int_equal(reply.size, REPLY_MAX);
	reply_free(&reply);
}

static void
a_reason_stands_alone(void **state)
{
	struct reply reply = { 0 };

	(void)state;
	reply_print(&reply, "what was said before\n");
	assert_false(reply_no(&reply, "expected %d", 1));
	assert_string_equal(reply.text, "expected 1");
	assert_int_equal(reply.size, 10);
	reply_free(&reply);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(bad_values),
		cmocka_unit_test(fields_are_named),
		cmocka_unit_test(all_are_shown),
		cmocka_unit_test(reply_grows),
		cmocka_unit_test(reply_has_a_bound),
		cmocka_unit_test(a_reason_stands_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
