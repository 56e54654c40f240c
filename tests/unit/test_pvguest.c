/* SPDX-License-Identifier: ISC */
/* What of port/bare and programs/pvguest needs no machine: the words of the
 * command line and of commands, text, patterns, packets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "port/bare/bare.h"
#include "port/bare/options.h"
#include "programs/pvguest/net.h"
#include "programs/pvguest/pattern.h"
#include "programs/pvguest/words.h"

static void
option(const char **line, const char *wanted)
{
	char word[64];

	*line = option_word(*line, word, sizeof(word));
	assert_non_null(*line);
	assert_string_equal(word, wanted);
}

static void
test_options(void **state)
{
	const char *line = "  a=1 run=\"x; y 'z'\" \"run=p q\" 'b=\"' "
			   "\"say=\\\"it\\\" \\\\ \\'s\" c=\\n open=\"no end";
	char word[4];

	(void)state;
	option(&line, "a=1");
	option(&line, "run=x; y 'z'");
	option(&line, "run=p q"); /* as GRUB quotes a word */
	option(&line, "b=\"");
	option(&line, "say=\"it\" \\ 's");
	option(&line, "c=\\n");
	option(&line, "open=no end");
	assert_null(option_word(line, word, sizeof(word)));
	line = option_word("abcdef g", word, sizeof(word));
	assert_string_equal(word, "abc");
	assert_string_equal(line, " g");
}

static char buffer[64];
static char *words[4];
static const char *problem;

static int
take(const char **text)
{
	return words_take(text, buffer, sizeof(buffer), words, 4, &problem);
}

static void
test_words(void **state)
{
	const char *text = " disk xbf0\tcheck ;; echo 'a;b' \"c'\\\"\\\\d\" "
			   "e\\;f\"g\"\n last";

	(void)state;
	assert_int_equal(take(&text), 3);
	assert_string_equal(words[0], "disk");
	assert_string_equal(words[1], "xbf0");
	assert_string_equal(words[2], "check");
	assert_int_equal(take(&text), 0);
	assert_int_equal(take(&text), 4);
	assert_string_equal(words[1], "a;b");
	assert_string_equal(words[2], "c'\"\\d");
	assert_string_equal(words[3], "e;fg");
	assert_int_equal(take(&text), 1);
	assert_string_equal(words[0], "last");
	assert_string_equal(text, "");
	assert_int_equal(take(&text), 0);
}

static void
test_words_wrong(void **state)
{
	static const char *const wrong[] = {
		"echo 'a",
		"echo \"a\\\"",
		"a b c d e",
	};
	static char longest[sizeof(buffer) + 1];
	const char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		text = wrong[i];
		assert_int_equal(take(&text), -1);
		assert_non_null(problem);
	}
	memset(longest, 'a', sizeof(longest) - 1);
	text = longest;
	assert_int_equal(take(&text), -1);
	text = "echo a\\"; /* a backslash before nothing is itself */
	assert_int_equal(take(&text), 2);
	assert_string_equal(words[1], "a\\");
}

static void
formats(const char *wanted, const char *format, ...)
{
	char text[64];
	va_list args;
	size_t len;

	va_start(args, format);
	len = bare_vformat(text, sizeof(text), format, args);
	va_end(args);
	assert_string_equal(text, wanted);
	assert_int_equal(len, strlen(wanted));
}

static void
test_format(void **state)
{
	char text[4];

	(void)state;
	formats("a 7 -7 ff", "%s %u %d %x", "a", 7, -7, 255);
	formats("18446744073709551615", "%lu", UINT64_MAX);
	formats("-9223372036854775808", "%ld", INT64_MIN);
	formats("00ff |  7|7  |-07", "%04x |%3u|%-3u|%03d", 255, 7, 7, -7);
	formats("ab|  ab|100%", "%.*s|%4s|%u%%", 2, "abc", "ab", 100);
	formats("x??y", "%s", "x\x1b\xffy");
	formats("(null)  1", "%s%*s%zu", NULL, 2, "", (size_t)1);
	assert_int_equal(bare_format(text, sizeof(text), "%u", 12345), 3);
	assert_string_equal(text, "123");
	assert_int_equal(bare_format(text, 0, "x"), 0);
}

/* The numbers stand in pvguest(8), for who writes the other side. */
static void
test_pattern(void **state)
{
	static uint64_t sectors[3 * PATTERN_WORDS];
	uint64_t at = 7, random = 0;
	unsigned word;

	(void)state;
	assert_int_equal(pattern_word(0, 0, 0), 0xe220a8397b1dcdafull);
	assert_int_equal(pattern_word(1, 0, 0), 0x910a2dec89025cc1ull);
	assert_int_equal(pattern_random(&random), 0xe220a8397b1dcdafull);
	assert_int_equal(pattern_random(&random), 0x6e789e6aa1b965f4ull);
	pattern_fill(5, 7, sectors, 3);
	assert_true(pattern_check(5, &at, sectors, 3, &word));
	sectors[PATTERN_WORDS + 9] ^= 1;
	assert_false(pattern_check(5, &at, sectors, 3, &word));
	assert_int_equal(at, 8);
	assert_int_equal(word, 9);
}

static const struct net_end us = { { 2, 0, 0, 0, 0, 1 }, 0x0a000001, 7 };
static const struct net_end them = { { 2, 0, 0, 0, 0, 2 }, 0x0a000002, 99 };

static void
test_packets(void **state)
{
	static uint8_t frame[2048];
	struct net_packet packet;
	size_t len;

	(void)state;
	len = net_arp(frame, false, &us, &them);
	assert_int_equal(len, 60);
	assert_int_equal(net_parse(frame, len, false, &packet),
	    NET_ARP_REQUEST);
	assert_int_equal(packet.from, us.ip);
	assert_int_equal(packet.to, them.ip);
	memcpy(frame + NET_PING_PAYLOAD, "abc", 3);
	len = net_ping(frame, true, &us, &them, 3, 4, 3);
	assert_int_equal(net_parse(frame, len, false, &packet), NET_PONG);
	assert_int_equal(packet.sequence, 4);
	assert_int_equal(packet.payload_len, 3);
	assert_memory_equal(packet.payload, "abc", 3);
	frame[NET_PING_PAYLOAD] ^= 1;
	assert_int_equal(net_parse(frame, len, false, &packet), NET_BROKEN);
	for (size_t payload = 0; payload < 1400; payload += 13) {
		len = net_udp(frame, &us, &them, payload, NET_SUM_DONE);
		assert_int_equal(net_parse(frame, len, false, &packet),
		    NET_UDP);
		assert_int_equal(packet.payload_len, payload);
		frame[40] ^= 1;
		assert_int_equal(net_parse(frame, len, false, &packet),
		    NET_BROKEN);
		assert_int_equal(net_parse(frame, len, true, &packet), NET_UDP);
	}
}

/* Every length and every fragment of a good packet. */
static void
test_packets_cut(void **state)
{
	static uint8_t frame[256];
	struct net_packet packet;
	size_t len;

	(void)state;
	len = net_udp(frame, &us, &them, 100, NET_SUM_NONE);
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *copy = malloc(cut + 1);

		memcpy(copy, frame, cut);
		assert_int_not_equal(net_parse(copy, cut, false, &packet),
		    NET_UDP);
		free(copy);
	}
	frame[14 + 6] = 0x20; /* more fragments */
	assert_int_not_equal(net_parse(frame, len, false, &packet), NET_UDP);
}

static void
test_addresses(void **state)
{
	static const char *const wrong[] = { "", "1.2.3", "1.2.3.4.5",
		"1.2.3.256", "1..2.3", "a.b.c.d", "1.2.3.", "0001.2.3.4" };
	uint32_t ip;

	(void)state;
	assert_true(net_address("10.0.0.1", 8, &ip));
	assert_int_equal(ip, 0x0a000001);
	assert_true(net_address("255.255.255.255", 15, &ip));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(net_address(wrong[i], strlen(wrong[i]), &ip));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_words_wrong),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_pattern),
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_packets_cut),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
