/* SPDX-License-Identifier: ISC */
/*
 * vmware-rpctool's command line: the text of one call to the host, "info-get
 * KEY" or "info-set KEY VALUE".  It takes the first argument alone; here
 * several are joined by blanks, as most who leave the quotes out mean.
 */
#include <stdlib.h>
#include <string.h>

#include "rpctool.h"

bool
rpctool_name(const char *program)
{
	const char *slash = program != NULL ? strrchr(program, '/') : NULL;

	return program != NULL &&
	    strcmp(slash != NULL ? slash + 1 : program, "vmware-rpctool") == 0;
}

static char *
join(int argc, char **argv)
{
	size_t length = 1;
	char *text, *end;

	for (int i = 1; i < argc; i++)
		length += strlen(argv[i]) + 1;
	text = malloc(length);
	if (text == NULL)
		return NULL;
	end = text;
	for (int i = 1; i < argc; i++) {
		size_t n = strlen(argv[i]);

		if (i > 1)
			*end++ = ' ';
		memcpy(end, argv[i], n);
		end += n;
	}
	*end = '\0';
	return text;
}

/* The first word; *text goes on behind the one blank that ends it, as a value
 * may begin with more of them. */
static char *
word(char **text)
{
	char *start = *text + strspn(*text, " ");
	char *end = start + strcspn(start, " ");

	*text = *end != '\0' ? end + 1 : end;
	*end = '\0';
	return start;
}

bool
rpctool_parse(struct rpctool_command *command, int argc, char **argv)
{
	const char *name;
	char *rest;

	*command = (struct rpctool_command){ .what = RPCTOOL_USAGE };
	if (argc <= 1)
		return true;
	if (strncmp(argv[1], "-h", 2) == 0 ||
	    strncmp(argv[1], "--help", 6) == 0) {
		command->what = RPCTOOL_HELP;
		return true;
	}
	command->what = RPCTOOL_UNKNOWN;
	command->text = join(argc, argv);
	if (command->text == NULL)
		return false;
	rest = command->text;
	name = word(&rest);
	if (strcmp(name, "info-get") == 0)
		command->what = RPCTOOL_GET;
	else if (strcmp(name, "info-set") == 0)
		command->what = RPCTOOL_SET;
	command->key = word(&rest);
	command->value = rest;
	return true;
}
