/* SPDX-License-Identifier: ISC */
#ifndef HOSTCTL_RPCTOOL_H
#define HOSTCTL_RPCTOOL_H

#include "hostctl.h"

/* Whether that is the name that hostctl was called by. */
bool rpctool_name(const char *program);

/* The whole of a command, of one argument or of several. */
struct rpctool_command {
	enum {
		RPCTOOL_USAGE, /* none */
		RPCTOOL_HELP,
		RPCTOOL_GET,
		RPCTOOL_SET,
		RPCTOOL_UNKNOWN
	} what;
	char *text; /* to be freed; the next two are in it */
	const char *key, *value;
};
/* False: out of memory. */
bool rpctool_parse(struct rpctool_command *, int argc, char **argv);

/* Everything, to the exit status. */
int rpctool(struct hostctl *, int argc, char **argv);

#endif
