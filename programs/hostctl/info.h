/* SPDX-License-Identifier: ISC */
/* The text of PVBUSIOC_INFO: lines of "NAME VALUE". */
#ifndef HOSTCTL_INFO_H
#define HOSTCTL_INFO_H

#include <stdbool.h>
#include <stddef.h>

struct info_line {
	const char *name;
	size_t name_len;
	const char *value;
	size_t value_len;
};

/* The line at *cursor, which moves on; false after the last. */
bool info_next(const char **cursor, struct info_line *);
/* The first line of that name. */
bool info_find(const char *text, const char *name, struct info_line *);
/* Whether there is a line of that name and value. */
bool info_has(const char *text, const char *name, const struct info_line *);

#endif
