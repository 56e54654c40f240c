/* SPDX-License-Identifier: ISC */
/*
 * The command line: words with blanks between them, "name=value" each.  Quotes
 * and backslashes work as in a shell, as GRUB puts a word with blanks into
 * quotes of its own ("run=a; b") and others pass what was typed (run="a; b").
 */
#include "port/bare/options.h"

const char *
option_word(const char *line, char *to, size_t size)
{
	size_t len = 0;
	char quote = '\0';

	while (*line == ' ' || *line == '\t' || *line == '\n')
		line++;
	if (*line == '\0')
		return NULL;
	for (; *line != '\0'; line++) {
		char c = *line;

		if (quote == '\0' && (c == ' ' || c == '\t' || c == '\n'))
			break;
		if (c == quote) {
			quote = '\0';
			continue;
		}
		if (quote == '\0' && (c == '"' || c == '\'')) {
			quote = c;
			continue;
		}
		if (c == '\\' && quote != '\'' &&
		    (line[1] == '"' || line[1] == '\\' || line[1] == '\''))
			c = *++line;
		if (len + 1 < size)
			to[len++] = c;
	}
	if (size > 0)
		to[len] = '\0';
	return line;
}
