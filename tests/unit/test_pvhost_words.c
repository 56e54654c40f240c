/* SPDX-License-Identifier: ISC */
/* pvhost: the words of a line to the control socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "programs/pvhost/reply.h"
#include "programs/pvhost/words.h"

/* On the heap and of its very size, so that a byte too far is seen. */
static char *line;

static const char *
split(struct words *words, const char *text, size_t length)
{
	free(line);
	line = malloc(length + 1);
	assert_non_null(line);
	memcpy(line, text, length);
	line[length] = '\n';
	return words_split(words, line, length);
}

static const char *
split_text(struct words *words, const char *text)
{
	return split(words, text, strlen(text));
}

static int
teardown(void **state)
{
	(void)state;
	free(line);
	line = NULL;
	return 0;
}

static void
blanks(void **state)
{
	struct words words;

	(void)state;
	assert_null(split_text(&words, "  set\tkey  value \r"));
	assert_int_equal(words.count, 3);
	assert_string_equal(words.text[0], "set");
	assert_string_equal(words.text[1], "key");
	assert_string_equal(words.text[2], "value");
	assert_int_equal(words.size[2], 5);
	assert_null(split_text(&words, ""));
	assert_int_equal(words.count, 0);
	assert_null(split_text(&words, " \t "));
	assert_int_equal(words.count, 0);
	assert_null(split_text(&words, "x"));
	assert_int_equal(words.count, 1);
}

static void
quotes(void **state)
{
	struct words words;

	(void)state;
	assert_null(split_text(&words, "\"a b\" c\"d e\"f \"\""));
	assert_int_equal(words.count, 3);
	assert_string_equal(words.text[0], "a b");
	assert_string_equal(words.text[1], "cd ef");
	assert_string_equal(words.text[2], "");
	assert_int_equal(words.size[2], 0);
}

static void
escapes(void **state)
{
	struct words words;

	(void)state;
	assert_null(
	    split_text(&words, "a\\ b \"\\n\\r\\t\\\\\\\"\" \\x00\\xfF\\x1b"));
	assert_int_equal(words.count, 3);
	assert_string_equal(words.text[0], "a b");
	assert_string_equal(words.text[1], "\n\r\t\\\"");
	assert_int_equal(words.size[2], 3);
	assert_memory_equal(words.text[2], "\0\377\033", 4);
}

static void
bad_lines(void **state)
{
	static const char *const bad[][2] = {
		{ "set \"a", "expected a \"" },
		{ "\"", "expected a \"" },
		{ "a\\", "at the end of the line" },
		{ "a\\q", "expected one of" },
		{ "\\x", "two hexadecimal digits" },
		{ "\\x1", "two hexadecimal digits" },
		{ "\\x1g", "two hexadecimal digits" },
		{ "\\xg1", "two hexadecimal digits" },
		{ "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17",
		    "16 words at most" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct words words;
		const char *problem = split_text(&words, bad[i][0]);

		if (problem == NULL || strstr(problem, bad[i][1]) == NULL)
			fail_msg("\"%s\": %s", bad[i][0], problem);
	}
}

static void
most_words(void **state)
{
	struct words words;

	(void)state;
	assert_null(
	    split_text(&words, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 "));
	assert_int_equal(words.count, WORDS_MANY);
	assert_string_equal(words.text[15], "16");
}

/* A NUL in a line is a byte like others. */
static void
a_nul(void **state)
{
	struct words words;

	(void)state;
	assert_null(split(&words, "a\0b c", 5));
	assert_int_equal(words.count, 2);
	assert_int_equal(words.size[0], 3);
}

/* What words_quote() makes of any bytes is read as the same ones. */
static void
there_and_back(void **state)
{
	struct reply reply = { 0 };
	struct words words;
	uint8_t all[256];

	(void)state;
	for (unsigned i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	words_quote(&reply, all, sizeof(all));
	reply_add(&reply, " ", 1);
	words_quote(&reply, "", 0);
	assert_null(memchr(reply.text, '\n', reply.size));
	assert_null(split(&words, reply.text, reply.size));
	assert_int_equal(words.count, 2);
	assert_int_equal(words.size[0], 256);
	assert_memory_equal(words.text[0], all, 256);
	assert_int_equal(words.size[1], 0);
	reply_free(&reply);
}

static void
junk(void **state)
{
	static const char some[] = "a \"\\xn0\t\0\377";
	uint64_t seed = 1;
	char text[24];

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		struct words words;
		size_t length;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		length = seed >> 33 & 15;
		for (size_t j = 0; j < length; j++) {
			seed = seed * 6364136223846793005u + 1;
			text[j] = some[(seed >> 33) % (sizeof(some) - 1)];
		}
		if (split(&words, text, length) != NULL)
			continue;
		for (unsigned j = 0; j < words.count; j++)
			assert_int_equal(words.text[j][words.size[j]], '\0');
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(blanks, teardown),
		cmocka_unit_test_teardown(quotes, teardown),
		cmocka_unit_test_teardown(escapes, teardown),
		cmocka_unit_test_teardown(bad_lines, teardown),
		cmocka_unit_test_teardown(most_words, teardown),
		cmocka_unit_test_teardown(a_nul, teardown),
		cmocka_unit_test_teardown(there_and_back, teardown),
		cmocka_unit_test_teardown(junk, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
