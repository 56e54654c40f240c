/* SPDX-License-Identifier: ISC */
/*
 * The command line.
 *
 * OpenBSD's forms keep their meaning:
 *	hostctl key		read
 *	hostctl key value	write
 *	hostctl -i file key	write what is in the file
 *	hostctl -t		the device and its hypervisor; operands ignored
 *
 * So two plain operands are a write, and several keys need a sign:
 *	-g			every operand is a key to read
 *	-j, -R			imply -g: they are about output, and a write has
 *				none.  A mistaken read does no harm.
 *	-l, -d			every operand is a key to list, to delete
 *	three or more operands	keys to read, as no write has three
 * A watch is of one key: a device answers one request at a time.
 *
 * Options end at the first operand, as on OpenBSD, so a value may begin with
 * '-' there; before it, "--" ends them.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "options.h"

const char options_usage[] =
    "usage: hostctl [-gjqR] [-f device] [-o output] [-T seconds] key ...\n"
    "       hostctl [-q] [-f device] [-T seconds] key value\n"
    "       hostctl [-q] [-f device] [-T seconds] -i input key\n"
    "       hostctl -d [-jq] [-f device] [-T seconds] key ...\n"
    "       hostctl -l [-jqr] [-f device] [-o output] [-T seconds] [key ...]\n"
    "       hostctl -w [-jqR] [-f device] [-n count] [-o output]"
    " [-T seconds] key\n"
    "       hostctl -a [-j] [-f device] [-o output] [-T seconds]\n"
    "       hostctl -t [-j] [-f device] [-o output] [-T seconds]\n"
    "       hostctl -h | -V\n";

const char options_help[] =
    "\n"
    "Read and write keys of the store that the hypervisor offers its guest.\n"
    "\n"
    "  key          read it (several: with -g, or when there are three)\n"
    "  key value    write it\n"
    "  -a           all interfaces and devices, as a tree\n"
    "  -d           delete\n"
    "  -f device    this device or socket; else the first with a store\n"
    "  -g           get: every operand is a key\n"
    "  -i input     write what is in this file (-: standard input)\n"
    "  -j           JSON (docs/json.md describes it)\n"
    "  -l           list the names below a key, or at the top\n"
    "  -n count     end after so many changes\n"
    "  -o output    to this file, replaced once all is there\n"
    "  -q           print no value; the exit status tells\n"
    "  -r           list all that is below\n"
    "  -R           raw: the bytes of the value and nothing else\n"
    "  -t           device and name of the hypervisor\n"
    "  -T seconds   wait so long for an answer, or for a change\n"
    "  -w           print the value, and again whenever it changes\n"
    "\n"
    "exit: 0 done, 1 no such key, 64 usage, 65 key or value not acceptable,\n"
    "  66 input file, 69 no hypervisor, device or store, 73 output file,\n"
    "  74 input/output error, 75 timed out, 76 host broke the protocol,\n"
    "  77 not permitted\n";

/* What the letters said, before it is known whether they go together. */
struct letters {
	unsigned modes; /* of -a -d -l -t -w: how many */
	bool get;
	bool count;
	bool end; /* -h or -V: the rest does not matter */
};

static bool
wrong(struct options *o, const char *what, const char *argument)
{
	/* Only as much as a line takes; what it says was typed just now. */
	snprintf(o->why, sizeof(o->why), "%s%.40s", what, argument);
	return false;
}

/* Seconds with a fraction, in milliseconds; strtod(3) knows locales. */
static bool
parse_seconds(const char *text, unsigned *milliseconds)
{
	uint64_t whole = 0, part = 0, unit = 1000;
	const char *p = text;
	bool digits = false, rest = false;

	for (; *p >= '0' && *p <= '9'; p++, digits = true) {
		whole = whole * 10 + (uint64_t)(*p - '0');
		if (whole > 4000000)
			return false;
	}
	if (*p == '.') {
		for (p++; *p >= '0' && *p <= '9'; p++, digits = true) {
			unit /= 10;
			part += (uint64_t)(*p - '0') * unit;
			rest |= unit == 0 && *p != '0';
		}
	}
	if (*p != '\0' || !digits)
		return false;
	/* Rounded up: no fraction of a millisecond is "no limit". */
	*milliseconds = (unsigned)(whole * 1000 + part + rest);
	return *milliseconds > 0;
}

static bool
parse_count(const char *text, unsigned long *count)
{
	unsigned long n = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = n * 10 + (unsigned long)(*text - '0');
		if (n > 1000000000)
			return false;
	}
	*count = n;
	return n > 0;
}

static void
set_mode(struct options *o, struct letters *seen, enum mode mode)
{
	/* -l -l is no more than -l */
	if (seen->modes == 0 || o->mode != mode)
		seen->modes++;
	o->mode = mode;
}

static bool
set_flag(struct options *o, struct letters *seen, char letter)
{
	char text[2] = { letter, '\0' };

	switch (letter) {
	case 'a':
		set_mode(o, seen, MODE_TREE);
		break;
	case 'd':
		set_mode(o, seen, MODE_REMOVE);
		break;
	case 'g':
		seen->get = true;
		break;
	case 'h':
		o->mode = MODE_HELP;
		seen->end = true;
		break;
	case 'j':
		o->json = true;
		break;
	case 'r':
		o->recursive = true;
		/* FALLTHROUGH */
	case 'l':
		set_mode(o, seen, MODE_LIST);
		break;
	case 'q':
		o->quiet = true;
		break;
	case 'R':
		o->raw = true;
		break;
	case 't':
		set_mode(o, seen, MODE_TYPE);
		break;
	case 'V':
		o->mode = MODE_VERSION;
		seen->end = true;
		break;
	case 'w':
		set_mode(o, seen, MODE_WATCH);
		break;
	default:
		return wrong(o, "unknown option -", text);
	}
	return true;
}

static bool
set_argument(struct options *o, struct letters *seen, char letter,
    const char *argument)
{
	if (*argument == '\0')
		return wrong(o, "an empty argument of -",
		    (char[]){ letter, '\0' });
	switch (letter) {
	case 'f':
		o->device = argument;
		return true;
	case 'i':
		o->input = argument;
		return true;
	case 'o':
		o->output = argument;
		return true;
	case 'n':
		seen->count = true;
		if (!parse_count(argument, &o->count))
			return wrong(o, "not a count: ", argument);
		return true;
	default:
		if (!parse_seconds(argument, &o->timeout))
			return wrong(o, "not a time in seconds: ", argument);
		return true;
	}
}

static bool
parse_long(struct options *o, struct letters *seen, const char *name)
{
	static const char names[][8] = { "help", "json", "version" };
	static const char letters[] = { 'h', 'j', 'V' };

	for (size_t i = 0; i < sizeof(letters); i++)
		if (strcmp(name, names[i]) == 0)
			return set_flag(o, seen, letters[i]);
	return wrong(o, "unknown option --", name);
}

static bool
parse_letters(struct options *o, struct letters *seen, int argc, char **argv,
    int *index)
{
	int i;

	for (i = 1; i < argc && !seen->end; i++) {
		const char *p = argv[i];

		if (p[0] != '-' || p[1] == '\0')
			break;
		if (strcmp(p, "--") == 0) {
			i++;
			break;
		}
		if (p[1] == '-') {
			if (!parse_long(o, seen, p + 2))
				return false;
			continue;
		}
		while (*++p != '\0' && !seen->end) {
			char letter = *p;

			if (strchr("finoT", letter) == NULL) {
				if (!set_flag(o, seen, letter))
					return false;
				continue;
			}
			if (p[1] != '\0')
				p++;
			else if (++i < argc)
				p = argv[i];
			else
				return wrong(o, "an argument is missing for -",
				    (char[]){ letter, '\0' });
			if (!set_argument(o, seen, letter, p))
				return false;
			break;
		}
	}
	*index = i;
	return true;
}

/* Which of two plain operands is a value: the top of this file. */
static bool
choose(struct options *o, const struct letters *seen)
{
	bool keys = seen->get || o->json || o->raw;

	if (seen->modes > 0)
		return true;
	if (o->operands == 0)
		return wrong(o, "a key is missing", "");
	if (o->input != NULL) {
		if (keys)
			return wrong(o,
			    "-i is for a write, -g, -j and -R"
			    " are not",
			    "");
		if (o->operands > 1)
			return wrong(o,
			    "with -i there is one key"
			    " and no other value",
			    "");
		o->mode = MODE_PUT;
	} else if (o->operands == 2 && !keys) {
		o->mode = MODE_PUT;
	}
	return true;
}

static bool
check(struct options *o, const struct letters *seen)
{
	if (seen->modes > 1)
		return wrong(o,
		    "only one of -a, -d, -l, -t, -w"
		    " (-r is a form of -l)",
		    "");
	if (seen->modes > 0 && seen->get)
		return wrong(o,
		    "-g reads, and goes with none of"
		    " -a, -d, -l, -t, -w",
		    "");
	if (seen->count && o->mode != MODE_WATCH)
		return wrong(o, "-n is for -w", "");
	if (!choose(o, seen))
		return false;
	if (o->raw && o->json)
		return wrong(o, "only one of -j and -R", "");
	if (o->raw && o->mode != MODE_GET && o->mode != MODE_WATCH)
		return wrong(o, "-R is for values", "");
	if (o->mode == MODE_TYPE)
		return true;
	if (o->input != NULL && o->mode != MODE_PUT)
		return wrong(o, "-i is for a write", "");
	if (o->mode == MODE_TREE && o->operands > 0)
		return wrong(o, "-a takes no key: ", o->operand[0]);
	if (o->mode == MODE_REMOVE && o->operands == 0)
		return wrong(o, "a key is missing", "");
	if (o->mode == MODE_WATCH && o->operands != 1)
		return wrong(o, "-w takes one key", "");
	return true;
}

bool
options_parse(struct options *o, int argc, char **argv)
{
	struct letters seen = { 0 };
	int index = 0;

	*o = (struct options){ .mode = MODE_GET };
	if (!parse_letters(o, &seen, argc, argv, &index))
		return false;
	if (seen.end)
		return true;
	o->operand = argv + index;
	o->operands = (size_t)(argc - index);
	return check(o, &seen);
}
