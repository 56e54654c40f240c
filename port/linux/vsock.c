/* SPDX-License-Identifier: ISC */
/*
 * Streams to the host by vsock(7).
 *
 * VMware takes who connects from a port below 1024 for root of the guest.  It
 * holds a pair of ports for 2 s after its end, so the first one is chosen at
 * random (open-vm-tools #377: every second call began with the same port, and
 * waited).  A port that is in use here, or that the host still holds
 * (ECONNRESET), is left for the next lower one.
 *
 * A test's host listens at Unix sockets that are named by the port.
 */
#include <errno.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "port/linux/linux_private.h"
#include "wire/vmware/backdoor.h"

#define ATTEMPTS 8u
/* The ports from 512 on are those that others use least, see rresvport(3). */
#define PORT_LOWEST 512u
#define PORT_END 1024u

/* The transport is short of memory for a moment. */
#define SHORTAGES 5u
#define SHORTAGE_NS 1000000

static unsigned
random_port(void)
{
	uint32_t number = 0;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) < 0)
		number = (uint32_t)linux_now(NULL);
	/* so that all attempts find one */
	return PORT_LOWEST + ATTEMPTS +
	    number % (PORT_END - PORT_LOWEST - ATTEMPTS);
}

/* ---- One attempt ------------------------------------------------------ */

static int
connect_host(int fd, unsigned port)
{
	struct sockaddr_vm address = { .svm_family = AF_VSOCK,
		.svm_cid = VMWARE_VSOCK_CID,
		.svm_port = port };
	struct timespec pause = { .tv_nsec = SHORTAGE_NS };
	int error = -1;

	for (unsigned n = 0; n <= SHORTAGES; n++) {
		error = connect(fd, (const struct sockaddr *)&address,
		    sizeof(address));
		if (error == 0 || errno != ENOBUFS)
			break;
		nanosleep(&pause, NULL);
	}
	return error;
}

static int
connect_test(int fd, const char *directory, unsigned port)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int len = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%u",
	    directory, port);

	if (len < 0 || (size_t)len >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return connect(fd, (const struct sockaddr *)&address, sizeof(address));
}

/* The errno; 0: connected, or about to be. */
static int
attempt(struct linux_port *linux_port, struct linux_vsock *stream)
{
	const char *directory = linux_port->config.vsock;
	struct sockaddr_vm own = { .svm_family = AF_VSOCK,
		.svm_cid = VMADDR_CID_ANY,
		.svm_port = stream->source };
	int error;

	stream->fd = socket(directory != NULL ? AF_UNIX : AF_VSOCK,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (stream->fd < 0)
		return errno;
	if (directory != NULL)
		error = connect_test(stream->fd, directory, stream->port);
	else if (stream->source != 0 &&
	    bind(stream->fd, (const struct sockaddr *)&own, sizeof(own)) < 0)
		error = -1;
	else
		error = connect_host(stream->fd, stream->port);
	error = error < 0 ? errno : 0;
	stream->connecting = error == EINPROGRESS;
	if (stream->connecting)
		error = 0;
	if (error == 0 &&
	    !linux_events_once(linux_port, stream->fd, false,
		stream->connecting))
		error = ENOMEM;
	if (error != 0) {
		close(stream->fd);
		stream->fd = -1;
	}
	return error;
}

/* Until a port is free, here and at the host. */
static int
begin(struct linux_port *linux_port, struct linux_vsock *stream)
{
	int error;

	do {
		error = attempt(linux_port, stream);
		if (error == EADDRINUSE || error == ECONNRESET) {
			stream->source -= stream->source != 0;
			stream->attempts++;
		}
	} while ((error == EADDRINUSE || error == ECONNRESET) &&
	    stream->attempts < ATTEMPTS);
	return error;
}

static void
end(struct linux_vsock *stream)
{
	if (stream->fd >= 0)
		close(stream->fd);
	stream->fd = -1;
}

/* An end that nobody looks for must not keep the loop awake, so each event is
 * told once, and again after what was read may not have been all. */
static void
listen_on(struct linux_port *linux_port, struct linux_vsock *stream)
{
	(void)linux_events_once(linux_port, stream->fd, true, stream->full);
}

/* PV_OK: connected. */
static int
settle(struct linux_port *linux_port, struct linux_vsock *stream)
{
	struct pollfd event = { .events = POLLOUT };
	socklen_t size = sizeof(int);
	int error = 0;

	while (stream->fd >= 0 && stream->connecting) {
		event.fd = stream->fd;
		if (poll(&event, 1, 0) <= 0)
			return PV_EAGAIN;
		if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &error,
			&size) < 0)
			error = errno;
		stream->connecting = false;
		if (error == 0) {
			listen_on(linux_port, stream);
			return PV_OK;
		}
		end(stream);
		if (error == ECONNRESET && ++stream->attempts < ATTEMPTS) {
			stream->source -= stream->source != 0;
			(void)begin(linux_port, stream);
		}
	}
	return stream->fd >= 0 ? PV_OK : PV_ENODEV;
}

/* ---- What the bus calls ----------------------------------------------- */

static struct linux_vsock *
stream_of(struct linux_port *linux_port, int number)
{
	if (number < 0 || number >= (int)LINUX_VSOCKS ||
	    !linux_port->vsock[number].used)
		return NULL;
	return &linux_port->vsock[number];
}

static int
open_error(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return PV_EACCES;
	case EADDRINUSE:
	case ECONNRESET:
	case ECONNREFUSED:
	case ENOBUFS:
	case EAGAIN:
		return PV_EBUSY;
	case ENOMEM:
	case EMFILE:
	case ENFILE:
		return PV_ENOMEM;
	default:
		return PV_ENODEV;
	}
}

int
linux_vsock_open(void *ctx, unsigned port, bool privileged)
{
	struct linux_port *linux_port = ctx;
	struct linux_vsock *stream;
	int number = 0, error;

	if (!linux_port->vmware)
		return PV_ENODEV;
	while (number < (int)LINUX_VSOCKS && linux_port->vsock[number].used)
		number++;
	if (number == (int)LINUX_VSOCKS)
		return PV_ENOMEM;
	stream = &linux_port->vsock[number];
	*stream = (struct linux_vsock){ .used = true,
		.fd = -1,
		.port = port,
		.source = privileged ? random_port() : 0 };
	error = begin(linux_port, stream);
	if (error == 0)
		return number;
	stream->used = false;
	return open_error(error);
}

/* -1 with errno, as of a call: what that means. */
static long
failed(struct linux_vsock *stream)
{
	if (errno == EAGAIN || errno == EINTR)
		return PV_EAGAIN;
	end(stream);
	return PV_ENODEV;
}

long
linux_vsock_read(void *ctx, int number, void *to, size_t room)
{
	struct linux_vsock *stream = stream_of(ctx, number);
	int error = stream != NULL ? settle(ctx, stream) : PV_ENODEV;
	ssize_t moved;

	if (error != PV_OK || room == 0)
		return error;
	do
		moved = recv(stream->fd, to, room, MSG_DONTWAIT);
	while (moved < 0 && errno == EINTR);
	if (moved == 0)
		errno = ECONNRESET; /* the end */
	if (moved <= 0)
		return failed(stream);
	listen_on(ctx, stream);
	return moved;
}

long
linux_vsock_write(void *ctx, int number, const void *from, size_t size)
{
	struct linux_vsock *stream = stream_of(ctx, number);
	int error = stream != NULL ? settle(ctx, stream) : PV_ENODEV;
	ssize_t moved;

	if (error != PV_OK || size == 0)
		return error;
	do
		moved = send(stream->fd, from, size,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	while (moved < 0 && errno == EINTR);
	stream->full = moved < 0 && errno == EAGAIN;
	if (stream->full) {
		listen_on(ctx, stream);
		return PV_EAGAIN;
	}
	return moved >= 0 ? moved : failed(stream);
}

void
linux_vsock_close(void *ctx, int number)
{
	struct linux_vsock *stream = stream_of(ctx, number);

	if (stream == NULL)
		return;
	end(stream);
	stream->used = false;
}

void
linux_vsock_close_all(struct linux_port *linux_port)
{
	for (int i = 0; i < (int)LINUX_VSOCKS; i++)
		linux_vsock_close(linux_port, i);
}
