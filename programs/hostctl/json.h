/* SPDX-License-Identifier: ISC */
/*
 * JSON as docs/json.md describes it.  Objects and arrays are written with
 * json_open() and json_close(), which know where a comma belongs; all text is
 * valid UTF-8 and harmless for a terminal.
 */
#ifndef HOSTCTL_JSON_H
#define HOSTCTL_JSON_H

#include <stddef.h>

#include "buffer.h"

/* `name` NULL: the next element of an array, or the outermost value. */
void json_open(struct buffer *, const char *name, char bracket);
void json_close(struct buffer *, char bracket);
void json_number(struct buffer *, const char *name, unsigned long number);

/* A string; what is not UTF-8 in it becomes U+FFFD. */
void json_string(struct buffer *, const char *name, const char *text,
    size_t length);

/* "NAME": text; for bytes that are no text (not UTF-8, or with a NUL)
 * "BASE64NAME": their base64. */
void json_bytes(struct buffer *, const char *name, const char *base64_name,
    const char *data, size_t length);

/* A name in an array: a string, or {"base64": …}. */
void json_element(struct buffer *, const char *text, size_t length);

/* RFC 4648, with padding, in one line. */
void base64(struct buffer *, const void *data, size_t length);

#endif
