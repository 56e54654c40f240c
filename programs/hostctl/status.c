/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "escape.h"
#include "pvbus/client.h"
#include "pvbus/error.h"
#include "status.h"

enum status
status_of(int error)
{
	switch (-error) {
	case 0:
		return STATUS_DONE;
	case ENOENT:
		return STATUS_NO_KEY;
	case EINVAL:
	case EMSGSIZE:
	case ERANGE:
	case ENAMETOOLONG:
		return STATUS_DATA;
	case ENODEV:
	case ENXIO:
	case ENOTTY:
	case ENOTSUP:
		return STATUS_NO_DEVICE;
	case ETIMEDOUT:
	case EAGAIN:
	case EBUSY:
	case EINTR:
		return STATUS_AGAIN;
	case EPROTO:
		return STATUS_PROTOCOL;
	case EACCES:
	case EPERM:
	case EROFS:
		return STATUS_REFUSED;
	default:
		return STATUS_IO;
	}
}

const char *
status_name(int error, char room[16])
{
	switch (-error) {
#define STATUS_NAME(name, number, text) \
	case name:                      \
		return #name;
		PV_ERRORS(STATUS_NAME)
#undef STATUS_NAME
	default:
		snprintf(room, 16, "E%d", -error);
		return room;
	}
}

const char *
status_text(int error)
{
	switch (-error) {
	case ENODEV:
		return "the device is gone (is pvbusd still running?)";
	case ENXIO:
		return "no store here (hostctl -a shows what there is)";
	case ENOTTY:
		return "not a pvbus device";
	case ENOTSUP:
		return "not supported by this store"
		       " (hostctl -a shows what it can do)";
	case ETIMEDOUT:
		return "no answer in time (-T sets how long to wait)";
	case EAGAIN:
		return "keeps changing while it is read; try again";
	default:
		return pvbus_strerror(error);
	}
}

void
complain(const char *subject, const char *text)
{
	struct buffer b = { 0 };
	const char *p;
	ssize_t n;

	buffer_text(&b, "hostctl: ");
	if (subject != NULL) {
		size_t length = strnlen(subject, 200);

		escape(&b, subject, length, false);
		buffer_text(&b, subject[length] == '\0' ? ": " : "...: ");
	}
	/* it may hold a piece of the command line */
	escape(&b, text, strlen(text), false);
	buffer_byte(&b, '\n');
	for (p = b.data; !b.failed && b.length > 0; p += n) {
		n = write(STDERR_FILENO, p, b.length);
		if (n < 0)
			break;
		b.length -= (size_t)n;
	}
	buffer_free(&b);
}

enum status
complain_error(const char *subject, int error)
{
	complain(subject, status_text(error));
	return status_of(error);
}
