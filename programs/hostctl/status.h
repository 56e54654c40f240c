/* SPDX-License-Identifier: ISC */
/* Exit statuses, and what is said before one. */
#ifndef HOSTCTL_STATUS_H
#define HOSTCTL_STATUS_H

#include <stddef.h>

/* Those of <sysexits.h>, but for 1. */
enum status {
	STATUS_DONE = 0,
	STATUS_NO_KEY = 1,
	STATUS_USAGE = 64,
	STATUS_DATA = 65,
	STATUS_INPUT = 66,
	STATUS_NO_DEVICE = 69,
	STATUS_OUTPUT = 73,
	STATUS_IO = 74,
	STATUS_AGAIN = 75,
	STATUS_PROTOCOL = 76,
	STATUS_REFUSED = 77
};

/* For a negative errno of libpvbus. */
enum status status_of(int error);
/* "ENOENT"; "E28" for what pvbus has no name for.  `room` holds the latter. */
const char *status_name(int error, char room[16]);
/* What pvbus_strerror() says, and what to try next. */
const char *status_text(int error);

/* "hostctl: SUBJECT: TEXT" on standard error, in one write(2). */
void complain(const char *subject, const char *text);
/* The same for an error; its status. */
enum status complain_error(const char *subject, int error);

#endif
