/* SPDX-License-Identifier: ISC */
/* UTF-16 and UTF-8, numbers, and the reason of a shutdown: bytes in, bytes
 * out. */
#include "guest/hyperv/kvp.h"
#include "guest/hyperv/services.h"
#include "tests/support/world.h"

struct pair {
	const char *utf8;
	size_t units;
	uint16_t utf16[12];
};

static const struct pair pairs[] = {
	{ "", 0, { 0 } },
	{ "a", 1, { 'a' } },
	{ "\x7f", 1, { 0x7f } },
	{ "\xc2\x80", 1, { 0x80 } },
	{ "gr\xc3\xbc\xc3\x9f", 4, { 'g', 'r', 0xfc, 0xdf } },
	{ "\xdf\xbf", 1, { 0x7ff } },
	{ "\xe0\xa0\x80", 1, { 0x800 } },
	{ "\xe2\x82\xac", 1, { 0x20ac } },
	{ "\xed\x9f\xbf", 1, { 0xd7ff } },
	{ "\xee\x80\x80", 1, { 0xe000 } },
	{ "\xef\xbf\xbf", 1, { 0xffff } },
	{ "\xf0\x90\x80\x80", 2, { 0xd800, 0xdc00 } },
	{ "a\xf0\x9f\x98\x80z", 4, { 'a', 0xd83d, 0xde00, 'z' } },
	{ "\xf4\x8f\xbf\xbf", 2, { 0xdbff, 0xdfff } },
};

static void
test_pairs_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const struct pair *pair = &pairs[i];
		size_t len = strlen(pair->utf8);
		uint8_t utf16[32];
		char utf8[32];

		memset(utf16, '#', sizeof(utf16));
		memset(utf8, '#', sizeof(utf8));
		assert_int_equal(kvp_units(pair->utf8, len), pair->units);
		assert_int_equal(kvp_to_utf16(pair->utf8, len, utf16,
				     sizeof(utf16)),
		    pair->units * 2);
		assert_memory_equal(utf16, pair->utf16, pair->units * 2);
		assert_int_equal(utf16[pair->units * 2], '#');
		assert_int_equal(kvp_from_utf16(pair->utf16, pair->units * 2,
				     utf8, sizeof(utf8)),
		    len);
		assert_memory_equal(utf8, pair->utf8, len);
		assert_int_equal(utf8[len], '#');
		/* with the NUL that sizes count */
		assert_int_equal(kvp_from_utf16(pair->utf16,
				     pair->units * 2 + 2, utf8, sizeof(utf8)),
		    len);
	}
}

static void
test_h28_what_is_no_utf8(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "\x80", 1 },
		{ "\xc0\x80", 2 },
		{ "\xc1\xbf", 2 },
		{ "\xc3", 1 },
		{ "\xc3z", 2 },
		{ "\xe0\x9f\xbf", 3 },
		{ "\xe2\x82", 2 },
		{ "\xed\xa0\x80", 3 },
		{ "\xed\xbf\xbf", 3 },
		{ "\xf0\x8f\xbf\xbf", 4 },
		{ "\xf4\x90\x80\x80", 4 },
		{ "\xf5\x80\x80\x80", 4 },
		{ "\xff", 1 },
		{ "a\0b", 3 },
		{ "\0", 1 },
		{ "\xf0\x90\x80", 3 },
	};
	uint8_t out[32];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(kvp_units(bad[i].bytes, bad[i].len),
		    PV_EINVAL);
		assert_int_equal(kvp_to_utf16(bad[i].bytes, bad[i].len, out,
				     sizeof(out)),
		    PV_EINVAL);
	}
}

static void
test_h28_what_is_no_utf16(void **state)
{
	static const struct {
		uint16_t units[4];
		size_t len;
	} bad[] = {
		{ { 0xd800 }, 2 },
		{ { 0xdc00 }, 2 },
		{ { 0xd800, 'a' }, 4 },
		{ { 0xd800, 0xd800, 0xdc00 }, 6 },
		{ { 0xdc00, 0xd800 }, 4 },
		{ { 'a', 0xdbff }, 4 },
		{ { 'a', 0, 'b' }, 6 },
		{ { 0, 0 }, 4 },
		{ { 'a', 'b' }, 3 },
		{ { 'a' }, 1 },
		{ { 0xd83d, 0 }, 4 },
		{ { 0xdc00, 0xdc00 }, 4 },
		/* the other half stands behind the end */
		{ { 0xd83d, 0xde00 }, 2 },
	};
	char out[32];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(kvp_from_utf16(bad[i].units, bad[i].len, out,
				     sizeof(out)),
		    PV_EINVAL);
}

/* Never cut: it fits, or it is refused and nothing is behind the room. */
static void
test_room_to_the_byte(void **state)
{
	const struct pair *pair = &pairs[12]; /* six bytes, four units */
	uint8_t out[16];

	(void)state;
	for (size_t room = 0; room <= 8; room++) {
		memset(out, '#', sizeof(out));
		assert_int_equal(kvp_from_utf16(pair->utf16, 8, (char *)out,
				     room),
		    room < 6 ? PV_EMSGSIZE : 6);
		for (size_t i = room; i < sizeof(out); i++)
			assert_int_equal(out[i], '#');
		memset(out, '#', sizeof(out));
		assert_int_equal(kvp_to_utf16(pair->utf8, 6, out, room),
		    room < 8 ? PV_EMSGSIZE : 8);
		for (size_t i = room; i < sizeof(out); i++)
			assert_int_equal(out[i], '#');
	}
}

/* Every character there is, there and back. */
static void
test_all_of_unicode(void **state)
{
	(void)state;
	for (uint32_t c = 1; c <= 0x10ffff; c++) {
		uint16_t in[2] = { (uint16_t)c, 0 }, out[2];
		size_t len = 2;
		char utf8[4];
		long bytes;

		if (c >= 0x10000) {
			in[0] = (uint16_t)(0xd800 + ((c - 0x10000) >> 10));
			in[1] = (uint16_t)(0xdc00 + ((c - 0x10000) & 0x3ff));
			len = 4;
		}
		bytes = kvp_from_utf16(in, len, utf8, sizeof(utf8));
		if (c >= 0xd800 && c < 0xe000) {
			assert_int_equal(bytes, PV_EINVAL);
			continue;
		}
		if (bytes <= 0 ||
		    kvp_to_utf16(utf8, (size_t)bytes, out, sizeof(out)) !=
			(long)len ||
		    memcmp(in, out, len) != 0)
			fail_msg("U+%X", c);
	}
}

static void
test_numbers(void **state)
{
	static const struct {
		uint64_t value;
		const char *text;
	} numbers[] = { { 0, "0" }, { 9, "9" }, { 10, "10" },
		{ 4294967295u, "4294967295" },
		{ UINT64_MAX, "18446744073709551615" } };
	char out[20];

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(pv_decimal(numbers[i].value, out),
		    strlen(numbers[i].text));
		assert_memory_equal(out, numbers[i].text,
		    strlen(numbers[i].text));
	}
}

static void
test_h28_reasons_become_printable(void **state)
{
	static const struct {
		uint16_t units[12];
		size_t len;
		const char *text;
	} reasons[] = {
		{ { 'o', 'k', 0, 'x' }, 8, "ok" },
		{ { 'n', 'o', ' ', 'N', 'U', 'L' }, 12, "no NUL" },
		{ { 'o', 'd', 'd' }, 5, "od" },
		{ { 0x1b, '[', '2', 'J' }, 8, "?[2J" },
		{ { 'a', '\r', '\n', 'b', '\n' }, 10, "a  b" },
		{ { 0xfc, 0xd83d, 0xde00, '!' }, 8,
		    "?"
		    "?!" },
		{ { 0xdc00, 0xd800, 0x7f }, 6,
		    "?"
		    "?"
		    "?" },
		{ { 0 }, 0, "" },
	};
	char out[32];

	(void)state;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		shutdown_text(reasons[i].units, reasons[i].len, out,
		    sizeof(out));
		assert_string_equal(out, reasons[i].text);
	}
	memset(out, '#', sizeof(out));
	shutdown_text(reasons[1].units, 12, out, 4);
	assert_string_equal(out, "no");
	assert_int_equal(out[4], '#');
}

static void
test_h65_times(void **state)
{
	static const struct {
		uint64_t time, wall;
		bool good;
	} times[] = {
		{ HV_TIME_UNIX_EPOCH, 0, true },
		{ HV_TIME_UNIX_EPOCH + 1, 100, true },
		{ HV_TIME_UNIX_EPOCH + 17000000000000000ull,
		    1700000000000000000ull, true },
		{ HV_TIME_UNIX_EPOCH + INT64_MAX / 100, INT64_MAX / 100 * 100,
		    true },
		{ HV_TIME_UNIX_EPOCH + INT64_MAX / 100 + 1, 0, false },
		{ HV_TIME_UNIX_EPOCH - 1, 0, false },
		{ 0, 0, false },
		{ 1ull << 63, 0, false },
		{ UINT64_MAX, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		uint64_t wall = 42;

		assert_int_equal(timesync_unix(times[i].time, &wall),
		    times[i].good);
		assert_int_equal(wall, times[i].good ? times[i].wall : 42);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs_both_ways),
		cmocka_unit_test(test_h28_what_is_no_utf8),
		cmocka_unit_test(test_h28_what_is_no_utf16),
		cmocka_unit_test(test_room_to_the_byte),
		cmocka_unit_test(test_all_of_unicode),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_h28_reasons_become_printable),
		cmocka_unit_test(test_h65_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
