/* SPDX-License-Identifier: ISC */
/*
 * XenStore by the kernel's door for user space, or by the socket of a xenstored
 * on this machine.
 *
 * The device takes one message a write and gives what has come, in pieces as
 * it likes.  A second reader of one open file would get half of the answers, so
 * it is opened once and stays open.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "port/linux/linux_private.h"

/* The device copies a message with its header of 16 bytes into 4096 bytes
 * (drivers/xen/xenbus/xenbus_dev_frontend.c, XENSTORE_PAYLOAD_MAX). */
#define DEVICE_LIMIT 4080u
#define SOCKET_LIMIT 4096u

static const char *
door(const struct linux_port *linux_port)
{
	const char *path = linux_port->config.xenstore;

	if (path == NULL)
		path = secure_getenv("XENSTORED_PATH");
	return path != NULL ? path : "/dev/xen/xenbus";
}

static int
open_door(struct linux_port *linux_port)
{
	const char *path = door(linux_port);
	struct stat status;
	int fd;

	if (linux_port->xenstore >= 0)
		return PV_OK;
	if (stat(path, &status) < 0)
		return errno == EACCES ? PV_EACCES : PV_ENODEV;
	linux_port->xenstore_limit = DEVICE_LIMIT;
	if (S_ISSOCK(status.st_mode)) {
		linux_port->xenstore_limit = SOCKET_LIMIT;
		fd = linux_connect(path, SOCK_STREAM);
		if (fd >= 0)
			(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	} else
		fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		int error = errno;

		linux_log(linux_port, PV_LOG_ERROR, "%s: %s", path,
		    strerror(error));
		return error == EACCES || error == EPERM ? PV_EACCES
							 : PV_ENODEV;
	}
	linux_port->xenstore = fd;
	if (!linux_events_add(linux_port, fd)) {
		linux_xenstore_close(linux_port);
		return PV_ENOMEM;
	}
	return PV_OK;
}

static long
result(ssize_t moved)
{
	if (moved >= 0)
		return moved;
	if (errno == EAGAIN || errno == EINTR)
		return PV_EAGAIN;
	return errno == ENOMEM ? PV_ENOMEM : PV_EIO;
}

long
linux_xenstore_read(void *ctx, void *to, size_t room)
{
	struct linux_port *linux_port = ctx;
	int error = open_door(linux_port);
	ssize_t moved;

	if (error != PV_OK)
		return error;
	moved = read(linux_port->xenstore, to, room);
	if (moved == 0) { /* a socket whose daemon has gone */
		linux_xenstore_close(linux_port);
		return PV_ENODEV;
	}
	return result(moved);
}

long
linux_xenstore_write(void *ctx, const void *from, size_t size)
{
	struct linux_port *linux_port = ctx;
	int error = open_door(linux_port);
	ssize_t moved;

	if (error != PV_OK)
		return error;
	moved = write(linux_port->xenstore, from, size);
	/* The device sets a watch before write(2) returns, and what xenstored
	 * has against it is errno; there is no reply then. */
	if (moved < 0 && linux_port->xenstore_limit == DEVICE_LIMIT)
		switch (errno) {
		case E2BIG:
		case ENOSPC:
		case ENOMEM:
			return PV_ENOMEM;
		case EINVAL:
			return PV_EINVAL;
		case EACCES:
		case EPERM:
			return PV_EACCES;
		}
	return result(moved);
}

size_t
linux_xenstore_limit(void *ctx)
{
	struct linux_port *linux_port = ctx;

	return open_door(linux_port) == PV_OK ? linux_port->xenstore_limit : 0;
}

void
linux_xenstore_close(struct linux_port *linux_port)
{
	if (linux_port->xenstore >= 0)
		close(linux_port->xenstore);
	linux_port->xenstore = -1;
}
