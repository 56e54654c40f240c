/* SPDX-License-Identifier: ISC */
/*
 * A line of the control socket and its words.
 *
 * Blanks divide words; "…" keeps them together, also within a word.  \n, \r, \t,
 * \xHH, and \ before a blank, a quote or itself stand for one byte, inside of
 * quotes and outside.  A word may so hold any bytes, and be empty.
 */
#ifndef PVHOST_WORDS_H
#define PVHOST_WORDS_H

#include <stddef.h>

struct reply;

#define WORDS_MANY 16u

struct words {
	char *text[WORDS_MANY]; /* each with a NUL behind */
	size_t size[WORDS_MANY];
	unsigned count;
};

/* In place: the words are in the line, which is as long as said and has room
 * for a NUL.  What is wrong with it, or NULL. */
const char *words_split(struct words *, char *line, size_t length);
/* The value of a hexadecimal digit, -1: it is none. */
int words_hex_digit(char c);
/* A word as words_split() reads it. */
void words_quote(struct reply *, const void *bytes, size_t size);

#endif
