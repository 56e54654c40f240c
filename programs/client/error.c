/* SPDX-License-Identifier: ISC */
/* Errors in the words of pvbus. */
#include <errno.h>
#include <string.h>

#include "pvbus/client.h"
#include "pvbus/error.h"

const char *
pvbus_strerror(int error)
{
	if (error < 0)
		error = -error;
	switch (error) {
	case 0:
		return "no error";
#define ERROR_TEXT(name, number, text) \
	case name:                     \
		return text;
		PV_ERRORS(ERROR_TEXT)
#undef ERROR_TEXT
	default:
		/* XenStore hands on what its daemon says: ENOSPC, EISDIR, … */
		return strerror(error);
	}
}
