/* SPDX-License-Identifier: ISC */
/*
 * Hyper-V's key/value exchange by the kernel's driver, hv_utils.
 *
 * Its device has one opener at a time; another one gets EBUSY, and so do we
 * where the distribution's daemon runs.  A read blocks, whatever the descriptor
 * says (drivers/hv/hv_utils_transport.c), so it is asked first.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "port/linux/linux_private.h"

static const char *
door(const struct linux_port *linux_port)
{
	const char *path = linux_port->config.kvp;

	return path != NULL ? path : "/dev/vmbus/hv_kvp";
}

static int
open_error(int error)
{
	switch (error) {
	case EBUSY:
	case EAGAIN:
		return PV_EBUSY;
	case EACCES:
	case EPERM:
		return PV_EACCES;
	default:
		return PV_ENODEV;
	}
}

static int
open_door(struct linux_port *linux_port)
{
	const char *path = door(linux_port);
	struct stat status;
	int fd;

	if (linux_port->kvp >= 0)
		return PV_OK;
	if (stat(path, &status) < 0)
		return open_error(errno);
	/* Who plays the kernel's part for a test listens at a socket. */
	if (S_ISSOCK(status.st_mode))
		fd = linux_connect(path, SOCK_SEQPACKET);
	else
		fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return open_error(errno);
	linux_port->kvp = fd;
	if (!linux_events_add(linux_port, fd)) {
		linux_kvp_close(linux_port);
		return PV_ENOMEM;
	}
	return PV_OK;
}

/* After a hibernation the driver ends each call of an old opener (EBADF), and
 * wants another one. */
static int
lost(struct linux_port *linux_port)
{
	linux_kvp_close(linux_port);
	return PV_ENODEV;
}

long
linux_kvp_read(void *ctx, void *to, size_t room)
{
	struct linux_port *linux_port = ctx;
	struct pollfd event = { .events = POLLIN };
	int error = open_door(linux_port);
	ssize_t moved;

	if (error != PV_OK)
		return error;
	event.fd = linux_port->kvp;
	if (poll(&event, 1, 0) <= 0)
		return PV_EAGAIN;
	if (!(event.revents & POLLIN))
		return lost(linux_port);
	moved = read(linux_port->kvp, to, room);
	if (moved > 0)
		return moved;
	if (moved < 0 && (errno == EAGAIN || errno == EINTR))
		return PV_EAGAIN;
	return lost(linux_port);
}

int
linux_kvp_write(void *ctx, const void *message, size_t size)
{
	struct linux_port *linux_port = ctx;
	int error = open_door(linux_port);
	ssize_t moved;

	if (error != PV_OK)
		return error;
	do
		moved = write(linux_port->kvp, message, size);
	while (moved < 0 && errno == EINTR);
	return moved == (ssize_t)size ? PV_OK : lost(linux_port);
}

void
linux_kvp_close(struct linux_port *linux_port)
{
	if (linux_port->kvp >= 0)
		close(linux_port->kvp);
	linux_port->kvp = -1;
}
