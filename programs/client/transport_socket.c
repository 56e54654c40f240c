/* SPDX-License-Identifier: ISC */
/* Requests over pvbusd's Unix socket: the framing of wire/socket.h. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "client_private.h"
#include "wire/socket.h"

#define ERRNO_MAX 4095 /* of Linux */

static int64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/*
 * A daemon that does not accept leaves connect(2) waiting for room in its
 * queue.  poll(2) cannot wait for that; SO_SNDTIMEO is what limits it.
 */
static int
connect_by(int fd, const struct sockaddr_un *address, int64_t deadline)
{
	struct timeval tv;
	int64_t left;

	for (;;) {
		left = deadline - now();
		if (left <= 0)
			return -ETIMEDOUT;
		tv.tv_sec = (time_t)(left / 1000);
		tv.tv_usec = (suseconds_t)(left % 1000 * 1000);
		if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) !=
		    0)
			return -errno;
		if (connect(fd, (const struct sockaddr *)address,
			sizeof(*address)) == 0)
			return 0;
		switch (errno) {
		case EINTR:
			continue;
		case EAGAIN:
			return -ETIMEDOUT;
		case ECONNREFUSED: /* left behind by a daemon that was killed */
		case ECONNRESET:
		case ENOENT:
			return -ENODEV;
		case EPROTOTYPE: /* a datagram socket */
			return -ENOTTY;
		default:
			return -errno;
		}
	}
}

int
pvbus_i_socket_open(const char *path, unsigned timeout)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, error;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	error = connect_by(fd, &address, now() + timeout);
	if (error != 0) {
		close(fd);
		return error;
	}
	return fd;
}

/* Until the socket is ready for `events`. */
static int
await(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		int wait = -1;

		if (deadline != CLIENT_FOREVER) {
			int64_t left = deadline - now();

			if (left <= 0)
				return -ETIMEDOUT;
			wait = left > 1000000 ? 1000000 : (int)left;
		}
		switch (poll(&p, 1, wait)) {
		case 0:
			continue;
		case -1:
			if (errno == EINTR)
				continue;
			return -errno;
		default:
			return 0;
		}
	}
}

static int
send_all(int fd, struct iovec *iov, size_t count, int64_t deadline)
{
	while (count > 0) {
		struct msghdr message = { .msg_iov = iov, .msg_iovlen = count };
		ssize_t n;
		size_t done;
		int error;

		n = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			error = await(fd, POLLOUT, deadline);
			if (error != 0)
				return error;
			continue;
		}
		if (n < 0)
			return errno == ENOMEM || errno == ENOBUFS ? -ENOMEM
								   : -ENODEV;
		for (done = (size_t)n; count > 0 && done >= iov->iov_len;) {
			done -= iov->iov_len;
			iov++;
			count--;
		}
		if (count > 0) {
			iov->iov_base = (char *)iov->iov_base + done;
			iov->iov_len -= done;
		}
	}
	return 0;
}

static int
receive_all(int fd, void *to, size_t length, int64_t deadline)
{
	char *p = to;

	while (length > 0) {
		ssize_t n;
		int error;

		n = recv(fd, p, length, MSG_DONTWAIT);
		if (n > 0) {
			p += n;
			length -= (size_t)n;
		} else if (n == 0) {
			return -ENODEV;
		} else if (errno == EAGAIN) {
			error = await(fd, POLLIN, deadline);
			if (error != 0)
				return error;
		} else if (errno != EINTR) {
			return -ENODEV;
		}
	}
	return 0;
}

/* Whether this can be the answer; nothing of it was stored yet. */
static bool
plausible(const struct socket_reply *reply, const struct client_call *call)
{
	size_t result;

	if (reply->magic != SOCKET_MAGIC)
		return false;
	if (reply->error < 0 || reply->error > ERRNO_MAX)
		return false;
	if (reply->structure != 0 && reply->structure != call->structure_len)
		return false;
	if (reply->length < reply->structure)
		return false;
	result = reply->length - reply->structure;
	if (reply->error != 0)
		return result == 0;
	return result <= call->room;
}

static int
exchange(struct pvbus *p, struct client_call *call, int *answer)
{
	int64_t deadline = call->limit == CLIENT_FOREVER ? CLIENT_FOREVER
							 : now() + call->limit;
	struct socket_request request = {
		.magic = SOCKET_MAGIC,
		.cmd = (uint32_t)call->cmd,
		.flags = p->writable ? SOCKET_WRITABLE : 0,
		.length = (uint32_t)(call->structure_len + call->sent_len[0] +
		    call->sent_len[1]),
	};
	/* iovec has no const; sendmsg(2) only reads. */
	struct iovec iov[4] = {
		{ &request, sizeof(request) },
		{ call->structure, call->structure_len },
		{ (void *)(uintptr_t)call->sent[0], call->sent_len[0] },
		{ (void *)(uintptr_t)call->sent[1], call->sent_len[1] },
	};
	struct socket_reply reply;
	int error;

	error = send_all(p->fd, iov, 4, deadline);
	if (error != 0)
		return error;
	error = receive_all(p->fd, &reply, sizeof(reply), deadline);
	if (error != 0)
		return error;
	if (!plausible(&reply, call))
		return -EPROTO;
	error = receive_all(p->fd, call->structure, reply.structure, deadline);
	if (error != 0)
		return error;
	call->answered = reply.structure != 0;
	call->result_len = reply.length - reply.structure;
	error = receive_all(p->fd, call->result, call->result_len, deadline);
	if (error != 0)
		return error;
	*answer = -reply.error;
	return 0;
}

/*
 * After an exchange that did not come to its end, the next bytes on the socket
 * belong to it and to no later one: the handle is of no more use.
 */
int
pvbus_i_socket_call(struct pvbus *p, struct client_call *call)
{
	int error, answer = 0;

	error = exchange(p, call, &answer);
	if (error != 0) {
		p->broken = true;
		return error;
	}
	return answer;
}
