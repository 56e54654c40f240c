/* SPDX-License-Identifier: ISC */
/* Files of sysfs. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "port/linux/linux_private.h"

void
linux_path(const struct linux_port *linux_port, char to[PATH_MAX],
    const char *format, ...)
{
	int len = snprintf(to, PATH_MAX, "%s/", linux_port->config.sys);
	va_list args;

	if (len < 0 || len >= PATH_MAX)
		len = 0; /* a root that long is not there, nor is the file */
	va_start(args, format);
	vsnprintf(to + len, PATH_MAX - (size_t)len, format, args);
	va_end(args);
}

/* The kernel hands out a page a call, whatever is asked for. */
long
linux_read_file(const char *path, void *to, size_t size,
    const atomic_bool *stop)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t done = 0;
	ssize_t got = 1;

	if (fd < 0)
		return pv_error_of(errno);
	while (done < size && got > 0 && (stop == NULL || !atomic_load(stop))) {
		got = pread(fd, (char *)to + done, size - done, (off_t)done);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			done += (size_t)got;
	}
	if (got < 0) {
		int error = pv_error_of(errno);

		close(fd);
		return error;
	}
	close(fd);
	return (long)done;
}

long
linux_read_text(const char *path, char *to, size_t size)
{
	long len = linux_read_file(path, to, size - 1, NULL);

	if (len < 0)
		return len;
	if (len > 0 && to[len - 1] == '\n')
		len--;
	to[len] = '\0';
	return len;
}
