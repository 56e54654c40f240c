/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "programs/pvhost/reply.h"
#include "programs/pvhost/words.h"

struct cursor {
	const char *at, *end; /* still to read */
	char *to;             /* never ahead of what is read */
	const char *problem;
};

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

int
words_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static void
hexadecimal(struct cursor *c)
{
	int high = c->end - c->at >= 2 ? words_hex_digit(c->at[0]) : -1;
	int low = high >= 0 ? words_hex_digit(c->at[1]) : -1;

	if (low < 0) {
		c->problem = "expected two hexadecimal digits behind \\x";
		return;
	}
	c->at += 2;
	*c->to++ = (char)(high << 4 | low);
}

static void
escape(struct cursor *c)
{
	static const char names[] = "nrt\\\" ", bytes[] = "\n\r\t\\\" ";
	const char *name;

	if (c->at == c->end) {
		c->problem = "there is a \\ at the end of the line";
		return;
	}
	if (*c->at == 'x') {
		c->at++;
		hexadecimal(c);
		return;
	}
	name = memchr(names, *c->at++, sizeof(names) - 1);
	if (name == NULL)
		c->problem = "expected one of n r t x \\ \" behind a \\";
	else
		*c->to++ = bytes[name - names];
}

/* One word, up to the blank behind it. */
static void
word(struct cursor *c)
{
	bool quoted = false;

	while (c->at < c->end && c->problem == NULL &&
	    (quoted || !blank(*c->at))) {
		char byte = *c->at++;

		if (byte == '"')
			quoted = !quoted;
		else if (byte == '\\')
			escape(c);
		else
			*c->to++ = byte;
	}
	if (quoted && c->problem == NULL)
		c->problem = "expected a \" at the end of a word";
}

const char *
words_split(struct words *words, char *line, size_t length)
{
	struct cursor c = { line, line + length, line, NULL };

	words->count = 0;
	for (;;) {
		while (c.at < c.end && blank(*c.at))
			c.at++;
		if (c.at == c.end)
			return NULL;
		if (words->count == WORDS_MANY)
			return "expected 16 words at most";
		words->text[words->count] = c.to;
		word(&c);
		if (c.problem != NULL)
			return c.problem;
		words->size[words->count] = (size_t)(c.to -
		    words->text[words->count]);
		/* the blank's place, or the one behind the line */
		if (c.at < c.end)
			c.at++;
		*c.to++ = '\0';
		words->count++;
	}
}

void
words_quote(struct reply *reply, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	reply_add(reply, "\"", 1);
	for (size_t i = 0; i < size; i++)
		if (at[i] == '"' || at[i] == '\\')
			reply_print(reply, "\\%c", at[i]);
		else if (at[i] < ' ' || at[i] == 0x7f)
			reply_print(reply, "\\x%02x", at[i]);
		else
			reply_add(reply, at + i, 1);
	reply_add(reply, "\"", 1);
}
