/* SPDX-License-Identifier: ISC */
/* Fields of a model's manners by name, for `misbehave PART FIELD VALUE`. */
#ifndef PVHOST_MANNERS_H
#define PVHOST_MANNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reply;

enum manner_kind {
	MANNER_BOOL,
	MANNER_U8,
	MANNER_U16,
	MANNER_U32,
	MANNER_U64,
	MANNER_INT,
	MANNER_BYTES
};

struct manner {
	const char *name;
	enum manner_kind kind;
	size_t offset, size;
};
#define MANNER(type, field, how)                                               \
	{                                                                      \
#field, how, offsetof(type, field), sizeof(((type *)0)->field) \
	}

struct manners {
	void *at;
	const struct manner *fields;
	unsigned count;
};

/* One field; value is a number, "yes" or "no", or for bytes hexadecimal.  False:
 * a line in the reply. */
bool manners_set(const struct manners *, const char *field, const char *value,
    struct reply *);
/* All of them, "FIELD VALUE" in lines. */
void manners_show(const struct manners *, struct reply *);

#endif
