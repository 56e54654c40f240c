/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "programs/pvhost/control.h"
#include "programs/pvhost/face.h"
#include "programs/pvhost/fwcfg.h"
#include "programs/pvhost/manners.h"
#include "programs/pvhost/parts.h"
#include "programs/pvhost/serial.h"

#define NANOSECONDS 1000000000ll
#define STEP_MOST 1000000000ll /* seconds, so that no sum goes over */

/* ---- Faces ------------------------------------------------------------ */

/* The named one, or all in turn from NULL on. */
static const struct face *
next_face(const struct control_call *call, const struct face *after)
{
	if (call->face != NULL)
		return after == NULL ? call->face : NULL;
	return faces_next(call->machine, after);
}

static bool
nobody(struct control_call *call, const char *what)
{
	const struct face *face = next_face(call, NULL);

	return reply_no(call->reply, "the face %s %s",
	    face != NULL ? host_face_name(face->kind->face) : "?", what);
}

/* The first that has an operation. */
#define FIRST(face, call, operation)          \
	do {                                  \
		face = next_face(call, face); \
	} while (face != NULL && face->kind->operation == NULL)

/* ---- Keys ------------------------------------------------------------- */

static bool
is_key(struct control_call *call)
{
	struct words *words = call->words;

	return strlen(words->text[0]) == words->size[0] ||
	    reply_no(call->reply, "expected a key without a NUL");
}

/* NULL: the key goes. */
static bool
give(struct control_call *call, const char *value, size_t size)
{
	const struct face *face = NULL;

	FIRST(face, call, key_set);
	if (face == NULL)
		return nobody(call, "keeps no keys");
	return is_key(call) &&
	    face->kind->key_set(face->self, call->words->text[0], value, size,
		call->reply);
}

static bool
set(struct control_call *call)
{
	return give(call, call->words->text[1], call->words->size[1]);
}

static bool
unset(struct control_call *call)
{
	return give(call, NULL, 0);
}

static bool
get(struct control_call *call)
{
	const struct face *face = NULL;

	FIRST(face, call, key_get);
	if (face == NULL)
		return nobody(call, "has no keys to read");
	return is_key(call) &&
	    face->kind->key_get(face->self, call->words->text[0], call->reply);
}

static bool
list(struct control_call *call)
{
	bool all = call->words->count == 0;
	const struct face *face = NULL;

	FIRST(face, call, key_list);
	if (face == NULL)
		return nobody(call, "has no keys to list");
	return (all || is_key(call)) &&
	    face->kind->key_list(face->self, all ? "" : call->words->text[0],
		call->reply);
}

/* ---- Requests --------------------------------------------------------- */

/* "shutdown force" may come as one word or as two. */
static bool
request(struct control_call *call)
{
	struct words *words = call->words;
	const struct face *face = NULL;
	char what[64];

	FIRST(face, call, request);
	if (face == NULL)
		return nobody(call, "makes no requests; try \"button\"");
	snprintf(what, sizeof(what), "%s%s%s", words->text[0],
	    words->count > 1 ? " " : "",
	    words->count > 1 ? words->text[1] : "");
	return face->kind->request(face->self, what, call->reply);
}

static bool
button(struct control_call *call)
{
	return power_button(call->machine) ||
	    reply_no(call->reply, "the guest does not listen to its button");
}

static bool
quit(struct control_call *call)
{
	machine_end(call->machine, EXIT_OFF, "ended by the control socket");
	return true;
}

/* "[+-]SECONDS[.FRACTION]", to the nanosecond. */
static bool
parse_step(const char *text, int64_t *nanoseconds)
{
	bool minus = *text == '-';
	int64_t seconds = 0, fraction = 0, digit = NANOSECONDS / 10;

	if (*text == '-' || *text == '+')
		text++;
	if (*text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		seconds = seconds * 10 + (*text - '0');
		if (seconds > STEP_MOST)
			return false;
	}
	if (*text == '.')
		for (text++; *text >= '0' && *text <= '9'; text++) {
			fraction += (*text - '0') * digit;
			digit /= 10;
		}
	*nanoseconds = seconds * NANOSECONDS + fraction;
	if (minus)
		*nanoseconds = -*nanoseconds;
	return *text == '\0';
}

/* There is one clock: all faces show it. */
static bool
step(struct control_call *call)
{
	const struct face *face = NULL;
	const char *text = call->words->text[0];
	int64_t nanoseconds;
	unsigned done = 0;

	if (!parse_step(text, &nanoseconds))
		return reply_no(call->reply,
		    "expected seconds, as in 3600 or -0.5, not \"%s\"", text);
	for (;;) {
		FIRST(face, call, step);
		if (face == NULL)
			break;
		if (!face->kind->step(face->self, nanoseconds, call->reply))
			return false;
		done++;
	}
	return done > 0 || nobody(call, "has no clock of the host's");
}

/* ---- Tests ------------------------------------------------------------ */

static bool
find_manners(struct control_call *call, struct manners *manners)
{
	const char *part = call->words->text[0];
	const struct face *face = NULL;

	if (strcmp(part, "fwcfg") == 0 && fwcfg_manners(call->machine, manners))
		return true;
	for (;;) {
		FIRST(face, call, manners);
		if (face == NULL)
			return reply_no(call->reply,
			    "no part \"%s\" can misbehave", part);
		if (face->kind->manners(face->self, part, manners))
			return true;
	}
}

static bool
misbehave(struct control_call *call)
{
	struct words *words = call->words;
	struct manners manners = { 0 };

	if (!find_manners(call, &manners))
		return false;
	if (words->count == 3)
		return manners_set(&manners, words->text[1], words->text[2],
		    call->reply);
	if (words->count == 2)
		return reply_no(call->reply,
		    "expected PART, or PART FIELD VALUE");
	manners_show(&manners, call->reply);
	return true;
}

static bool
look(struct control_call *call)
{
	const struct face *face = NULL;

	for (;;) {
		FIRST(face, call, look);
		if (face == NULL)
			return true;
		face->kind->look(face->self);
	}
}

static bool
type(struct control_call *call)
{
	return serial_type(call->machine->serial, call->words->text[0],
	    call->words->size[0], call->reply);
}

/* ---- Commands --------------------------------------------------------- */

static bool help(struct control_call *);

static const struct command {
	const char *name;
	unsigned least, most; /* words behind it */
	const char *words;
	bool (*run)(struct control_call *);
} commands[] = {
	{ "set", 2, 2, "KEY VALUE", set },
	{ "delete", 1, 1, "KEY", unset },
	{ "get", 1, 1, "KEY", get },
	{ "list", 0, 1, "[KEY]", list },
	{ "request", 1, 2, "shutdown|reboot|suspend|...", request },
	{ "button", 0, 0, "", button },
	{ "step", 1, 1, "SECONDS", step },
	{ "disk", 2, 2, "add FILE[,ro][,cdrom][,4k] | remove NAME",
	    control_disk },
	{ "nic", 2, 2, "add WORDS | remove NAME", control_nic },
	{ "misbehave", 1, 3, "PART [FIELD VALUE]", misbehave },
	{ "look", 0, 0, "", look },
	{ "status", 0, 0, "", control_status },
	{ "type", 1, 1, "TEXT", type },
	{ "help", 0, 0, "", help },
	{ "quit", 0, 0, "", quit },
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static bool
help(struct control_call *call)
{
	for (size_t i = 0; i < COMMANDS; i++)
		reply_print(call->reply, "%s%s%s\n", commands[i].name,
		    *commands[i].words != '\0' ? " " : "", commands[i].words);
	return true;
}

static void
drop_first(struct words *words)
{
	words->count--;
	memmove(words->text, words->text + 1,
	    words->count * sizeof(words->text[0]));
	memmove(words->size, words->size + 1,
	    words->count * sizeof(words->size[0]));
}

/* "hyperv: get …", for a machine with two. */
static bool
take_face(struct control_call *call)
{
	struct machine *machine = call->machine;
	struct words *words = call->words;
	const struct face_kind *kind;

	if (words->count == 0 || words->size[0] == 0 ||
	    words->text[0][words->size[0] - 1] != ':')
		return true;
	kind = face_kind(words->text[0], words->size[0] - 1);
	for (unsigned i = 0; kind != NULL && i < machine->face_count; i++)
		if (machine->faces[i]->kind == kind)
			call->face = machine->faces[i];
	if (call->face == NULL)
		return reply_no(call->reply, "there is no face \"%.*s\" here",
		    (int)words->size[0] - 1, words->text[0]);
	drop_first(words);
	return true;
}

static bool
run(struct control_call *call)
{
	const struct command *command = commands;
	struct words *words = call->words;

	if (words->count == 0)
		return reply_no(call->reply,
		    "expected a command; \"help\" lists them");
	while (command < commands + COMMANDS &&
	    strcmp(command->name, words->text[0]) != 0)
		command++;
	if (command == commands + COMMANDS)
		return reply_no(call->reply,
		    "there is no command \"%s\"; \"help\" lists them",
		    words->text[0]);
	drop_first(words);
	if (words->count < command->least || words->count > command->most)
		return reply_no(call->reply, "expected %s%s%s", command->name,
		    *command->words != '\0' ? " " : " and nothing behind it",
		    command->words);
	return command->run(call);
}

bool
control_command(struct machine *machine, char *line, size_t length,
    struct reply *reply)
{
	struct words words;
	struct control_call call = { .machine = machine,
		.words = &words,
		.reply = reply };
	const char *problem = words_split(&words, line, length);

	if (problem != NULL)
		return reply_no(reply, "%s", problem);
	return take_face(&call) && run(&call);
}
