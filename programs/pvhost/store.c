/* SPDX-License-Identifier: ISC */
/* --store: keys that are there before the guest is. */
#include <stdlib.h>
#include <string.h>

#include "programs/pvhost/face.h"
#include "programs/pvhost/file.h"
#include "programs/pvhost/parts.h"
#include "programs/pvhost/reply.h"

struct line {
	const char *path; /* of the list */
	unsigned number;
	char *key;
	const char *value;
	size_t size;
};

static const struct face *
face_with_keys(const struct machine *machine)
{
	for (unsigned i = 0; i < machine->face_count; i++)
		if (machine->faces[i]->kind->key_set != NULL)
			return machine->faces[i];
	return NULL;
}

static bool
complain(const struct line *line, const char *problem)
{
	say("%s:%u: %s", line->path, line->number, problem);
	return false;
}

static bool
set(const struct face *face, const struct line *line, const void *value,
    size_t size)
{
	struct reply reply = { 0 };
	bool good = face->kind->key_set(face->self, line->key, value, size,
	    &reply);

	if (!good)
		say("%s:%u: %s: %s", line->path, line->number, line->key,
		    reply.text != NULL ? reply.text : "out of memory");
	reply_free(&reply);
	return good;
}

static bool
set_file(const struct face *face, const struct line *line, const char *path)
{
	const char *problem;
	size_t size;
	char *bytes = file_read(path, &size, &problem);
	bool good;

	if (bytes == NULL) {
		say("%s:%u: %s: %s", line->path, line->number, path, problem);
		return false;
	}
	good = set(face, line, bytes, size);
	free(bytes);
	return good;
}

/* "KEY VALUE" or "KEY <FILE"; a key ends at the first blank. */
static bool
one_line(const struct face *face, struct line *line, char *text, size_t length)
{
	char *value;

	if (strlen(text) != length)
		return complain(line,
		    "there is a NUL; expected text, or KEY <FILE");
	line->key = text + strspn(text, " \t");
	if (*line->key == '\0' || *line->key == '#')
		return true;
	value = line->key + strcspn(line->key, " \t");
	if (*value == '\0')
		return complain(line,
		    "expected KEY VALUE or KEY <FILE, and "
		    "there is no value");
	*value++ = '\0';
	value += strspn(value, " \t");
	if (*value == '<')
		return set_file(face, line, value + 1);
	return set(face, line, value, strlen(value));
}

/* All that is wrong is told, not only what comes first. */
static bool
all_lines(const struct face *face, const char *path, char *text, size_t size)
{
	struct line line = { .path = path };
	char *end = text + size;
	bool good = true;

	while (text < end) {
		char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((newline != NULL ? newline : end) -
		    text);

		line.number++;
		text[length] = '\0';
		good &= one_line(face, &line, text, length);
		text += length + 1;
	}
	return good;
}

static bool
load(const struct face *face, const char *path)
{
	const char *problem;
	size_t size;
	char *text = file_read(path, &size, &problem);
	bool good;

	if (text == NULL) {
		say("--store: %s: %s", path, problem);
		return false;
	}
	good = all_lines(face, path, text, size);
	free(text);
	return good;
}

bool
store_load(struct machine *machine)
{
	const struct face *face = face_with_keys(machine);

	if (machine->options.store_count > 0 && face == NULL) {
		say("--store: the face %s keeps no keys; try another --face",
		    machine->options.faces[0]);
		return false;
	}
	for (unsigned i = 0; i < machine->options.store_count; i++)
		if (!load(face, machine->options.stores[i]))
			return false;
	return true;
}
