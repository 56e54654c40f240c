/* SPDX-License-Identifier: ISC */
/* What the administrator is told: text that grows, up to a bound. */
#ifndef PVHOST_REPLY_H
#define PVHOST_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#define REPLY_MAX (4u << 20)

struct reply {
	char *text; /* ends in a NUL; NULL: nothing yet */
	size_t size, room;
	bool cut; /* out of memory, or longer than REPLY_MAX */
};

void reply_add(struct reply *, const void *bytes, size_t size);
void reply_print(struct reply *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Only the reason from now on, without a newline; always false. */
bool reply_no(struct reply *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void reply_free(struct reply *);

#endif
