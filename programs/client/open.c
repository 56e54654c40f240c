/* SPDX-License-Identifier: ISC */
/* Handles. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client_private.h"

static int
open_path(const char *path, bool writable, struct pvbus **out)
{
	struct pvbus *p;
	struct stat st;
	int fd;

	if (stat(path, &st) != 0)
		return errno == ENOENT || errno == ENOTDIR ? -ENODEV : -errno;
	if (S_ISSOCK(st.st_mode))
		fd = pvbus_i_socket_open(path, CLIENT_TIMEOUT);
	else if (S_ISCHR(st.st_mode))
		fd = pvbus_i_device_open(path, writable);
	else
		return -ENOTTY;
	if (fd < 0)
		return fd;

	p = calloc(1, sizeof(*p));
	if (p != NULL)
		p->path = strdup(path);
	if (p == NULL || p->path == NULL) {
		free(p);
		close(fd);
		return -ENOMEM;
	}
	p->fd = fd;
	p->is_socket = S_ISSOCK(st.st_mode);
	p->writable = writable;
	p->slack = CLIENT_SLACK;
	*out = p;
	return 0;
}

static bool
has_store(const char *text)
{
	const char *line = text;

	for (;;) {
		if (strncmp(line, "store ", 6) == 0)
			return true;
		line = strchr(line, '\n');
		if (line == NULL)
			return false;
		line++;
	}
}

/* -ENXIO: it answers, and has no store.  What takes longer to say so is stuck,
 * and there may be another. */
static int
open_with_store(const char *path, bool writable, struct pvbus **out)
{
	struct pvbus *p;
	char *text;
	int error;

	error = open_path(path, writable, &p);
	if (error != 0)
		return error;
	p->timeout = CLIENT_LOOK;
	p->slack = 0;
	error = pvbus_info(p, &text);
	p->timeout = 0;
	p->slack = CLIENT_SLACK;
	if (error == 0) {
		if (!has_store(text))
			error = -ENXIO;
		free(text);
	}
	if (error != 0) {
		pvbus_close(p);
		return error;
	}
	*out = p;
	return 0;
}

/*
 * One device that cannot be used must not hide the next.  Where none can, the
 * caller is told what he can do something about: a refusal rather than "no
 * store", and that rather than a socket that a dead daemon left behind.
 */
static int
open_first(bool writable, struct pvbus **out)
{
	int error, worst = -ENODEV;
	size_t count;
	char **paths;

	error = pvbus_devices(&paths, &count);
	if (error != 0)
		return error;
	for (size_t i = 0; i < count; i++) {
		error = open_with_store(paths[i], writable, out);
		if (error == 0) {
			worst = 0;
			break;
		}
		if (worst == -ENODEV || (worst == -ENXIO && error != -ENODEV))
			worst = error;
	}
	pvbus_names_free(paths, count);
	return worst;
}

int
pvbus_open(const char *path, bool writable, struct pvbus **out)
{
	if (path == NULL)
		return open_first(writable, out);
	return open_path(path, writable, out);
}

void
pvbus_close(struct pvbus *p)
{
	if (p == NULL)
		return;
	close(p->fd);
	free(p->path);
	free(p);
}

const char *
pvbus_path(const struct pvbus *p)
{
	return p->path;
}

void
pvbus_set_timeout(struct pvbus *p, unsigned milliseconds)
{
	p->timeout = milliseconds;
}
