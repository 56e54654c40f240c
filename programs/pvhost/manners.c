/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "programs/pvhost/manners.h"
#include "programs/pvhost/reply.h"
#include "programs/pvhost/words.h"

static const struct manner *
find(const struct manners *manners, const char *name)
{
	for (unsigned i = 0; i < manners->count; i++)
		if (strcmp(manners->fields[i].name, name) == 0)
			return &manners->fields[i];
	return NULL;
}

static bool
no_such_field(const struct manners *manners, const char *name,
    struct reply *reply)
{
	reply_no(reply, "there is no field \"%s\"; expected one of", name);
	for (unsigned i = 0; i < manners->count; i++)
		reply_print(reply, " %s", manners->fields[i].name);
	return false;
}

/* ---- Numbers ---------------------------------------------------------- */

/* Fields are of the width that their type has: an enum is an int, a bool a
 * byte. */
static uint64_t
load(const void *at, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, at, size < sizeof(value) ? size : sizeof(value));
	return value;
}

static void
store(void *at, size_t size, uint64_t value)
{
	memcpy(at, &value, size < sizeof(value) ? size : sizeof(value));
}

static bool
set_bool(bool *field, const char *value, struct reply *reply)
{
	bool yes = strcmp(value, "yes") == 0 || strcmp(value, "1") == 0;

	if (!yes && strcmp(value, "no") != 0 && strcmp(value, "0") != 0)
		return reply_no(reply, "expected yes or no, not \"%s\"", value);
	*field = yes;
	return true;
}

static bool
set_number(const struct manner *field, void *at, const char *value,
    struct reply *reply)
{
	uint64_t most = field->size < sizeof(most)
	    ? (1ull << 8 * field->size) - 1
	    : UINT64_MAX;
	char *end = NULL;
	unsigned long long number;

	errno = 0;
	number = strtoull(value, &end, 0);
	if (*value < '0' || *value > '9' || *end != '\0' || errno != 0 ||
	    number > most)
		return reply_no(reply,
		    "expected a number from 0 to %llu for %s, not \"%s\"",
		    (unsigned long long)most, field->name, value);
	store(at, field->size, number);
	return true;
}

static bool
set_int(const struct manner *field, int *at, const char *value,
    struct reply *reply)
{
	bool minus = *value == '-';
	const char *digits = value + minus;
	char *end = NULL;
	long number;

	errno = 0;
	number = strtol(value, &end, 0);
	if (*digits < '0' || *digits > '9' || *end != '\0' || errno != 0 ||
	    number != (int)number)
		return reply_no(reply,
		    "expected a number of 32 bits for %s, not \"%s\"",
		    field->name, value);
	*at = (int)number;
	return true;
}

/* ---- Bytes ------------------------------------------------------------ */

/* Fewer than there is room for: zeroes behind them. */
static bool
set_bytes(const struct manner *field, uint8_t *at, const char *value,
    struct reply *reply)
{
	size_t length = strlen(value);
	bool good = length % 2 == 0 && length / 2 <= field->size;

	for (size_t i = 0; good && i < length; i++)
		good = words_hex_digit(value[i]) >= 0;
	if (!good)
		return reply_no(reply,
		    "expected up to %zu bytes in hexadecimal for %s, not "
		    "\"%s\"",
		    field->size, field->name, value);
	memset(at, 0, field->size);
	for (size_t i = 0; i < length / 2; i++)
		at[i] = (uint8_t)(words_hex_digit(value[2 * i]) << 4 |
		    words_hex_digit(value[2 * i + 1]));
	return true;
}

bool
manners_set(const struct manners *manners, const char *name, const char *value,
    struct reply *reply)
{
	const struct manner *field = find(manners, name);
	uint8_t *at;

	if (field == NULL)
		return no_such_field(manners, name, reply);
	at = (uint8_t *)manners->at + field->offset;
	switch (field->kind) {
	case MANNER_BOOL:
		return set_bool((bool *)at, value, reply);
	case MANNER_INT:
		return set_int(field, (int *)(void *)at, value, reply);
	case MANNER_BYTES:
		return set_bytes(field, at, value, reply);
	case MANNER_U8:
	case MANNER_U16:
	case MANNER_U32:
	case MANNER_U64:
		break;
	}
	return set_number(field, at, value, reply);
}

static void
show(const struct manner *field, const uint8_t *at, struct reply *reply)
{
	switch (field->kind) {
	case MANNER_BOOL:
		reply_print(reply, "%s", load(at, 1) != 0 ? "yes" : "no");
		break;
	case MANNER_INT:
		reply_print(reply, "%d", (int)(uint32_t)load(at, sizeof(int)));
		break;
	case MANNER_BYTES:
		for (size_t i = 0; i < field->size; i++)
			reply_print(reply, "%02x", at[i]);
		break;
	case MANNER_U8:
	case MANNER_U16:
	case MANNER_U32:
	case MANNER_U64:
		reply_print(reply, "%llu",
		    (unsigned long long)load(at, field->size));
		break;
	}
}

void
manners_show(const struct manners *manners, struct reply *reply)
{
	for (unsigned i = 0; i < manners->count; i++) {
		const struct manner *field = &manners->fields[i];

		reply_print(reply, "%s ", field->name);
		show(field, (const uint8_t *)manners->at + field->offset,
		    reply);
		reply_print(reply, "\n");
	}
}
