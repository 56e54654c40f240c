/* SPDX-License-Identifier: ISC */
/* The options on the command line. */
#include "port/bare/options.h"
#include "port/bare/bare_private.h"

static const char *command_line = "";

void
options_init(const char *line)
{
	command_line = line;
}

const char *
bare_option(const char *name, char *to, size_t size)
{
	const char *line = command_line, *found = NULL;
	static char word[BOOT_COMMAND_LINE]; /* CPU 0 only */
	size_t len = strlen(name);

	while ((line = option_word(line, word, sizeof(word))) != NULL) {
		size_t value;

		if (memcmp(word, name, len) != 0 || word[len] != '=')
			continue;
		value = strlen(word + len + 1);
		if (value >= size)
			value = size - 1;
		memcpy(to, word + len + 1, value);
		to[value] = '\0';
		found = to; /* the last one counts */
	}
	return found;
}

uint64_t
bare_option_number(const char *name, uint64_t otherwise)
{
	char text[32];
	const char *at = text;
	uint64_t value = 0;
	unsigned base = 10, digit;

	if (bare_option(name, text, sizeof(text)) == NULL || *text == '\0')
		return otherwise;
	if (at[0] == '0' && at[1] == 'x') {
		base = 16;
		at += 2;
	}
	for (; *at != '\0'; at++) {
		if (*at >= '0' && *at <= '9')
			digit = (unsigned)(*at - '0');
		else if (*at >= 'a' && *at <= 'f')
			digit = (unsigned)(*at - 'a') + 10;
		else
			return otherwise;
		if (digit >= base || value > (UINT64_MAX - digit) / base)
			return otherwise;
		value = value * base + digit;
	}
	return value;
}
