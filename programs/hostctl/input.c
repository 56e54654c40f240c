/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "input.h"
#include "pvbus/ioctl.h"

static enum status
read_all(int fd, const char *name, struct buffer *b)
{
	char piece[4096];
	ssize_t n;

	for (;;) {
		n = read(fd, piece, sizeof(piece));
		if (n == 0)
			break;
		if (n < 0) {
			if (errno == EINTR)
				continue;
			complain(name, strerror(errno));
			return STATUS_INPUT;
		}
		buffer_add(b, piece, (size_t)n);
		if (b->length > PVBUS_KVOP_MAXSIZE) {
			complain(name,
			    "larger than 65536 bytes, which is what"
			    " a device takes");
			return STATUS_DATA;
		}
	}
	if (b->failed)
		return complain_error(name, -ENOMEM);
	return STATUS_DONE;
}

enum status
input_read(const char *path, struct buffer *b)
{
	enum status status;
	int fd;

	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, "standard input", b);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		complain(path, strerror(errno));
		return STATUS_INPUT;
	}
	status = read_all(fd, path, b);
	close(fd);
	return status;
}
