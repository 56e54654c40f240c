/* SPDX-License-Identifier: ISC */
/* hostctl: the parts that need no device. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "programs/hostctl/buffer.h"
#include "programs/hostctl/escape.h"
#include "programs/hostctl/info.h"
#include "programs/hostctl/json.h"
#include "programs/hostctl/options.h"
#include "programs/hostctl/status.h"

#define ASSERT_BUFFER(b, text)                        \
	do {                                          \
		buffer_byte(b, '\0');                 \
		assert_string_equal((b)->data, text); \
		buffer_free(b);                       \
	} while (0)

/* ---- Buffers ---------------------------------------------------------- */

static void
buffer_grows(void **state)
{
	struct buffer b = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		buffer_text(&b, "seven77");
	assert_int_equal(b.length, 7000);
	assert_memory_equal(b.data + 6993, "seven77", 7);
	assert_false(b.failed);
	buffer_free(&b);
	assert_null(b.data);
}

static void
buffer_remembers_failure(void **state)
{
	struct buffer b = { 0 };

	(void)state;
	buffer_text(&b, "x");
	buffer_add(&b, "", SIZE_MAX / 2);
	assert_true(b.failed);
	buffer_text(&b, "y");
	assert_int_equal(b.length, 1);
	buffer_free(&b);
}

/* ---- Text ------------------------------------------------------------- */

static void
utf8(void **state)
{
	static const char *const good[] = { "", "a", "\302\200", "\337\277",
		"\340\240\200", "\355\237\277", "\356\200\200", "\357\277\277",
		"\360\220\200\200", "\364\217\277\277" };
	static const char *const bad[] = { "\200", "\300\200", "\301\277",
		"\302", "\302a", "\340\237\277", "\355\240\200", "\340\240",
		"\360\217\277\277", "\364\220\200\200", "\365\200\200\200",
		"\377", "a\303" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(utf8_valid(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(utf8_valid(bad[i], strlen(bad[i])));
}

static void
escaped(const char *text, size_t length, bool lines, const char *expected)
{
	struct buffer b = { 0 };

	escape(&b, text, length, lines);
	ASSERT_BUFFER(&b, expected);
}

static void
escapes(void **state)
{
	(void)state;
	escaped("plain text", 10, false, "plain text");
	escaped("a\nb\tc", 5, false, "a\\nb\\tc");
	escaped("a\nb\tc", 5, true, "a\nb\tc");
	escaped("\a\b\v\f\r", 5, true, "\\a\\b\\v\\f\\r");
	escaped("c:\\dir", 6, true, "c:\\\\dir");
	escaped("\033[2J\177\0"
		"1",
	    7, true, "\\033[2J\\177\\0001");
	escaped("\303\244\360\237\230\200", 6, true,
	    "\303\244\360\237\230\200");
	escaped("\233\303", 2, true, "\\233\\303");
	/* CSI as U+009B; right-to-left override; a line of its own */
	escaped("\302\233x", 3, true, "\\302\\233x");
	escaped("\342\200\256", 3, true, "\\342\\200\\256");
	escaped("\342\200\250", 3, true, "\\342\\200\\250");
}

/* ---- JSON ------------------------------------------------------------- */

static void
base64_vectors(void **state)
{
	/* RFC 4648, section 10 */
	static const char *const pairs[][2] = { { "", "" }, { "f", "Zg==" },
		{ "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" } };
	struct buffer b = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		base64(&b, pairs[i][0], strlen(pairs[i][0]));
		ASSERT_BUFFER(&b, pairs[i][1]);
	}
	base64(&b, "\377\377\376", 3);
	ASSERT_BUFFER(&b, "///+");
}

static void
json_commas(void **state)
{
	struct buffer b = { 0 };

	(void)state;
	json_open(&b, NULL, '{');
	json_number(&b, "schema", 1);
	json_open(&b, "empty", '[');
	json_close(&b, ']');
	json_open(&b, "names", '[');
	json_element(&b, "{", 1);
	json_element(&b, "[", 1);
	json_element(&b, "\377", 1);
	json_close(&b, ']');
	json_string(&b, "last", "", 0);
	json_close(&b, '}');
	buffer_byte(&b, '\n');
	json_open(&b, NULL, '{');
	json_close(&b, '}');
	ASSERT_BUFFER(&b,
	    "{\"schema\":1,\"empty\":[],\"names\":[\"{\",\"[\","
	    "{\"base64\":\"/w==\"}],\"last\":\"\"}\n{}");
}

static void
json_text_and_bytes(void **state)
{
	struct buffer b = { 0 };

	(void)state;
	json_string(&b, NULL, "a\"b\\c\n\t\033\177\303\244\342\200\250/", 15);
	ASSERT_BUFFER(&b,
	    "\"a\\\"b\\\\c\\n\\t\\u001b\\u007f\303\244\\u2028/\"");
	json_string(&b, NULL, "x\377y", 3);
	ASSERT_BUFFER(&b, "\"x\357\277\275y\"");
	json_bytes(&b, "value", "base64", "text", 4);
	ASSERT_BUFFER(&b, "\"value\":\"text\"");
	json_bytes(&b, "value", "base64", "", 0);
	ASSERT_BUFFER(&b, "\"value\":\"\"");
	json_bytes(&b, "value", "base64", "a\0b", 3);
	ASSERT_BUFFER(&b, "\"base64\":\"YQBi\"");
	json_bytes(&b, "value", "base64", "\377", 1);
	ASSERT_BUFFER(&b, "\"base64\":\"/w==\"");
}

/* ---- Options ---------------------------------------------------------- */

/* A command line in one string, cut at blanks. */
static bool
parse(struct options *o, const char *line)
{
	static char text[256];
	static char *argv[32];
	char *rest = text, *word;
	int argc = 0;

	argv[argc++] = text;
	strcpy(text, line);
	while ((word = strsep(&rest, " ")) != NULL)
		if (word[0] != '\0')
			argv[argc++] = word;
	argv[argc] = NULL;
	return options_parse(o, argc, argv);
}

static void
options_modes(void **state)
{
	static const struct {
		const char *line;
		enum mode mode;
		size_t operands;
	} cases[] = {
		{ "key", MODE_GET, 1 },
		{ "key value", MODE_PUT, 2 },
		{ "key -l", MODE_PUT, 2 },
		{ "-q key value", MODE_PUT, 2 },
		{ "-o out key value", MODE_PUT, 2 },
		{ "-T 1 key value", MODE_PUT, 2 },
		{ "-i in key", MODE_PUT, 1 },
		{ "-i - key", MODE_PUT, 1 },
		{ "-iin key", MODE_PUT, 1 },
		{ "-- -key -value", MODE_PUT, 2 },
		{ "- -", MODE_PUT, 2 },
		{ "-g a b", MODE_GET, 2 },
		{ "-j a b", MODE_GET, 2 },
		{ "--json a b", MODE_GET, 2 },
		{ "-R a b", MODE_GET, 2 },
		{ "a b c", MODE_GET, 3 },
		{ "-l", MODE_LIST, 0 },
		{ "-l a b", MODE_LIST, 2 },
		{ "-r", MODE_LIST, 0 },
		{ "-lr -l a", MODE_LIST, 1 },
		{ "-d a b", MODE_REMOVE, 2 },
		{ "-w key", MODE_WATCH, 1 },
		{ "-wn3 key", MODE_WATCH, 1 },
		{ "-wR -n 3 key", MODE_WATCH, 1 },
		{ "-a", MODE_TREE, 0 },
		{ "-t", MODE_TYPE, 0 },
		{ "-qt a b c", MODE_TYPE, 3 },
		{ "-h -x", MODE_HELP, 0 },
		{ "-lVx", MODE_VERSION, 0 },
		{ "--version", MODE_VERSION, 0 },
	};
	struct options o;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!parse(&o, cases[i].line))
			fail_msg("%s: %s", cases[i].line, o.why);
		if (o.mode != cases[i].mode || o.operands != cases[i].operands)
			fail_msg("%s: mode %d, %zu operands", cases[i].line,
			    (int)o.mode, o.operands);
	}
}

static void
options_wrong(void **state)
{
	static const char *const lines[] = { "", "-x", "--nothing", "-f", "-T",
		"-i in", "-i in key value", "-i in -j key", "-i in -g key",
		"-i in -l", "-l -d key", "-w -a", "-rw key", "-t -l", "-g",
		"-g -d key", "-n 1 key", "-n 0 -w key", "-n x -w key",
		"-n 9999999999 -w key", "-w", "-w a b", "-d", "-a key",
		"-jR key", "-lR", "-dR key", "-T 0 key", "-T 0.0 key",
		"-T . key", "-T -1 key", "-T 1s key", "-T 9999999 key",
		"-T 1,5 key", "-T 1e3 key" };
	struct options o;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (parse(&o, lines[i]))
			fail_msg("accepted: %s", lines[i]);
		assert_true(strlen(o.why) > 0);
	}
}

static void
options_values(void **state)
{
	static const struct {
		const char *text;
		unsigned milliseconds;
	} times[] = { { "1", 1000 }, { "0.25", 250 }, { ".5", 500 },
		{ "2.", 2000 }, { "0.0001", 1 }, { "1.0005", 1001 },
		{ "1.0000", 1000 }, { "4000000", 4000000000u } };
	struct options o;
	char line[64];

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		strcpy(line, "-T ");
		strcat(line, times[i].text);
		strcat(line, " key");
		assert_true(parse(&o, line));
		assert_int_equal(o.timeout, times[i].milliseconds);
	}
	assert_true(parse(&o, "-wqf dev -o out -n 12 key"));
	assert_string_equal(o.device, "dev");
	assert_string_equal(o.output, "out");
	assert_string_equal(o.operand[0], "key");
	assert_int_equal(o.count, 12);
	assert_true(o.quiet);
	assert_true(parse(&o, "-rj a"));
	assert_true(o.recursive && o.json && !o.raw && !o.quiet);
}

/* ---- The text of PVBUSIOC_INFO, statuses ------------------------------ */

static void
info_lines(void **state)
{
	static const char text[] = "abi 1\nalone\n\n"
				   "bus pvbus0 at mainbus0: KVM\n"
				   "device a\ndevice b c";
	const char *cursor = text;
	struct info_line line;
	unsigned n = 0;

	(void)state;
	while (info_next(&cursor, &line))
		n++;
	assert_int_equal(n, 6);
	assert_int_equal(line.value_len, 3);
	assert_memory_equal(line.value, "b c", 3);
	assert_true(info_find(text, "bus", &line));
	assert_int_equal(line.value_len, strlen("pvbus0 at mainbus0: KVM"));
	assert_true(info_has(text, "bus", &line));
	assert_false(info_has(text, "device", &line));
	assert_true(info_find(text, "alone", &line));
	assert_int_equal(line.value_len, 0);
	assert_false(info_find(text, "bu", &line));
	assert_false(info_find(text, "busy", &line));
	assert_false(info_find("", "bus", &line));
}

static void
statuses(void **state)
{
	static const int pairs[][2] = { { 0, 0 }, { ENOENT, 1 }, { EINVAL, 65 },
		{ EMSGSIZE, 65 }, { ERANGE, 65 }, { ENAMETOOLONG, 65 },
		{ ENODEV, 69 }, { ENXIO, 69 }, { ENOTTY, 69 }, { ENOTSUP, 69 },
		{ EIO, 74 }, { ENOMEM, 74 }, { EFAULT, 74 }, { ENOSPC, 74 },
		{ ETIMEDOUT, 75 }, { EAGAIN, 75 }, { EBUSY, 75 }, { EINTR, 75 },
		{ EPROTO, 76 }, { EACCES, 77 }, { EPERM, 77 }, { EROFS, 77 } };
	char room[16];

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		assert_int_equal(status_of(-pairs[i][0]), pairs[i][1]);
	assert_string_equal(status_name(-ENOENT, room), "ENOENT");
	assert_string_equal(status_name(-4000, room), "E4000");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffer_grows),
		cmocka_unit_test(buffer_remembers_failure),
		cmocka_unit_test(utf8),
		cmocka_unit_test(escapes),
		cmocka_unit_test(base64_vectors),
		cmocka_unit_test(json_commas),
		cmocka_unit_test(json_text_and_bytes),
		cmocka_unit_test(options_modes),
		cmocka_unit_test(options_wrong),
		cmocka_unit_test(options_values),
		cmocka_unit_test(info_lines),
		cmocka_unit_test(statuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
