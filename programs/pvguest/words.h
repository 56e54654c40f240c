/* SPDX-License-Identifier: ISC */
/* The command language, as text: a pure parser, tested on the host. */
#ifndef PVGUEST_WORDS_H
#define PVGUEST_WORDS_H

#include <stddef.h>

/*
 * Take the words of one command, up to ";", a newline or the end.  Blanks
 * separate; '…' keeps all as it is, "…" keeps all but \" and \\; a backslash
 * outside of quotes keeps the next character.  The words go to `buffer`, one
 * behind the other.
 *
 * *text moves behind the command.  Returns how many words there are, 0 for an
 * empty command; or -1, and *problem says what is wrong.
 */
int words_take(const char **text, char *buffer, size_t size, char **words,
    int most, const char **problem);

#endif
