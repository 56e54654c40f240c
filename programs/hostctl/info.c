/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "info.h"

bool
info_next(const char **cursor, struct info_line *line)
{
	const char *p = *cursor, *end, *space;

	if (*p == '\0')
		return false;
	end = p + strcspn(p, "\n");
	space = memchr(p, ' ', (size_t)(end - p));
	line->name = p;
	line->name_len = (size_t)((space != NULL ? space : end) - p);
	line->value = space != NULL ? space + 1 : end;
	line->value_len = (size_t)(end - line->value);
	*cursor = *end == '\n' ? end + 1 : end;
	return true;
}

static bool
named(const struct info_line *line, const char *name)
{
	return line->name_len == strlen(name) &&
	    memcmp(line->name, name, line->name_len) == 0;
}

bool
info_find(const char *text, const char *name, struct info_line *line)
{
	while (info_next(&text, line))
		if (named(line, name))
			return true;
	return false;
}

bool
info_has(const char *text, const char *name, const struct info_line *wanted)
{
	struct info_line line;

	while (info_next(&text, &line))
		if (named(&line, name) && line.value_len == wanted->value_len &&
		    memcmp(line.value, wanted->value, line.value_len) == 0)
			return true;
	return false;
}
