/* SPDX-License-Identifier: ISC */
/* pvhost's lines to standard error, kept for a test to look at.  Each test
 * program includes this once. */
#ifndef TESTS_SUPPORT_PVHOST_SAID_H
#define TESTS_SUPPORT_PVHOST_SAID_H

#include <stdio.h>

#include "programs/pvhost/machine.h"

static char said[4096]; /* the last one */
static unsigned said_lines;

void
say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(said, sizeof(said), format, arguments);
	va_end(arguments);
	said_lines++;
}

#endif
