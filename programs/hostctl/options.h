/* SPDX-License-Identifier: ISC */
#ifndef HOSTCTL_OPTIONS_H
#define HOSTCTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum mode {
	MODE_GET,
	MODE_PUT,
	MODE_LIST,
	MODE_REMOVE,
	MODE_WATCH,
	MODE_TREE,
	MODE_TYPE,
	MODE_HELP,
	MODE_VERSION
};

struct options {
	enum mode mode;
	bool quiet;
	bool recursive;
	bool json;
	bool raw;
	const char *device;
	const char *input;
	const char *output;
	unsigned long count; /* events; 0: without end */
	unsigned timeout;    /* milliseconds; 0: the device's own */
	char **operand;
	size_t operands;
	char why[96]; /* what is wrong with them */
};

/* Touches nothing but *o.  False: a usage error, o->why says which. */
bool options_parse(struct options *o, int argc, char **argv);

extern const char options_usage[];
extern const char options_help[];

#endif
