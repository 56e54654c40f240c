/* SPDX-License-Identifier: ISC */
/* The socket's name: nobody else's is taken away, and a dead one does not stand
 * in the way. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "programs/pvhost/control.h"

static bool
fail(const struct control *control, const char *problem)
{
	say("--control %s: %s", control->address.sun_path, problem);
	return false;
}

/* Two pvhosts that start at once would each take the other's socket for dead
 * before it listens.  A directory that cannot be locked is one where nothing
 * can be made either. */
static int
lock_directory(const char *path)
{
	char *copy = strdup(path);
	int fd = -1;

	if (copy != NULL)
		fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (fd >= 0)
		(void)flock(fd, LOCK_EX);
	return fd;
}

static bool
answers(const struct control *control)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* EAGAIN: alive and busy */
	bool yes = fd >= 0 &&
	    (connect(fd, (const struct sockaddr *)&control->address,
		 sizeof(control->address)) == 0 ||
		errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return yes;
}

static bool
clear_name(const struct control *control)
{
	const char *path = control->address.sun_path;
	struct stat status;

	if (lstat(path, &status) < 0)
		return errno == ENOENT || fail(control, strerror(errno));
	if (!S_ISSOCK(status.st_mode))
		return fail(control,
		    "this is there and no socket; expected "
		    "another name");
	if (answers(control))
		return fail(control,
		    "another pvhost answers there; expected another name");
	return unlink(path) == 0 || fail(control, strerror(errno));
}

/* Linux gives the name the mode that the socket has. */
static bool
bind_there(struct control *control)
{
	int fd = control->listener.fd;

	if (fchmod(fd, 0600) < 0 ||
	    bind(fd, (const struct sockaddr *)&control->address,
		sizeof(control->address)) < 0 ||
	    listen(fd, (int)CONTROL_CLIENTS) < 0 ||
	    lstat(control->address.sun_path, &control->status) < 0)
		return fail(control, strerror(errno));
	return true;
}

bool
control_listen(struct control *control)
{
	const char *path = control->machine->options.control;
	bool good;
	int lock;

	if (!control_address(&control->address, path))
		return false;
	control->listener = (struct loop_source){
		.fd = socket(AF_UNIX,
		    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
		.events = POLLIN,
		.call = control_accept,
		.ctx = control,
	};
	if (control->listener.fd < 0)
		return fail(control, strerror(errno));
	lock = lock_directory(path);
	good = clear_name(control) && bind_there(control);
	if (lock >= 0)
		close(lock);
	if (!good)
		close(control->listener.fd);
	return good;
}

/* By now the name may be somebody else's. */
void
control_unlink(struct control *control)
{
	struct stat status;

	if (lstat(control->address.sun_path, &status) == 0 &&
	    status.st_dev == control->status.st_dev &&
	    status.st_ino == control->status.st_ino)
		(void)unlink(control->address.sun_path);
}
