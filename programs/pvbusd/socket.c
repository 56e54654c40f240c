/* SPDX-License-Identifier: ISC */
/* The listening socket of a node. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "programs/pvbusd/daemon.h"
#include "programs/pvbusd/log.h"

/* With the last descriptor: else it would be ready for ever. */
static void
refuse_one(struct node *node)
{
	int *spare = &node->daemon->spare;

	if (*spare >= 0)
		close(*spare);
	*spare = accept4(node->listener.fd, NULL, NULL, SOCK_CLOEXEC);
	if (*spare >= 0)
		close(*spare);
	*spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void
accept_one(void *ctx, short revents)
{
	struct node *node = ctx;
	int fd = accept4(node->listener.fd, NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)revents;
	if (fd >= 0)
		client_new(node, fd);
	else if (errno == EMFILE || errno == ENFILE)
		refuse_one(node);
}

static bool
fail(const struct node *node, const char *what)
{
	log_line(PV_LOG_ERROR, "%s: %s", node->path, what);
	return false;
}

/* 0, or why nobody answers: only ECONNREFUSED and ENOENT say that nobody is
 * there. */
static int
probe(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error = 0;

	if (fd < 0)
		return errno;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		error = errno;
	close(fd);
	return error;
}

/* Somebody answers there: then it is theirs.  Nobody: it was left behind. */
static bool
clear_path(const struct node *node, const struct sockaddr_un *address)
{
	struct stat status;
	int error;

	if (lstat(node->path, &status) < 0)
		return errno == ENOENT || fail(node, strerror(errno));
	if (!S_ISSOCK(status.st_mode))
		return fail(node, "is there, and not a socket");
	error = probe(address);
	if (error != ECONNREFUSED && error != ENOENT)
		return fail(node,
		    "another pvbusd serves it: stop that one, "
		    "or choose another directory with -s");
	if (unlink(node->path) < 0 && errno != ENOENT)
		return fail(node, strerror(errno));
	return true;
}

static bool
make_path(struct node *node, struct sockaddr_un *address)
{
	int len = asprintf(&node->path, "%s/pvbus%u",
	    node->daemon->config.directory, node->number);

	if (len < 0) {
		node->path = NULL;
		log_line(PV_LOG_ERROR, "out of memory");
		return false;
	}
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if ((size_t)len >= sizeof(address->sun_path)) {
		fail(node, "too long for the path of a socket");
		free(node->path);
		node->path = NULL;
		return false;
	}
	strcpy(address->sun_path, node->path);
	return true;
}

/* Who may connect; who may write is asked of the kernel for each client. */
static bool
set_owner(const struct node *node)
{
	const struct daemon *daemon = node->daemon;

	if (!daemon->has_group)
		return true;
	if (fchownat(AT_FDCWD, node->path, (uid_t)-1, daemon->group,
		AT_SYMLINK_NOFOLLOW) < 0)
		return fail(node, strerror(errno));
	return true;
}

static bool
bind_there(struct node *node, const struct sockaddr_un *address)
{
	mode_t mask = umask(node->daemon->has_group ? 0117 : 0177);
	struct stat status;
	bool bound = bind(node->listener.fd, (const struct sockaddr *)address,
			 sizeof(*address)) == 0;

	umask(mask);
	if (!bound || lstat(node->path, &status) < 0)
		return fail(node, strerror(errno));
	node->device = status.st_dev;
	node->inode = status.st_ino;
	return true;
}

static bool
listen_there(struct node *node)
{
	if (!set_owner(node))
		return false;
	if (listen(node->listener.fd, 64) < 0)
		return fail(node, strerror(errno));
	loop_add(&node->daemon->loop, &node->listener);
	return true;
}

/* Not ours to remove. */
static bool
forget_path(struct node *node)
{
	free(node->path);
	node->path = NULL;
	return false;
}

bool
socket_open(struct node *node)
{
	struct sockaddr_un address;

	if (!make_path(node, &address))
		return false;
	if (!clear_path(node, &address))
		return forget_path(node);
	node->listener = (struct loop_source){
		.fd = socket(AF_UNIX,
		    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
		.events = POLLIN,
		.call = accept_one,
		.ctx = node,
	};
	if (node->listener.fd < 0 || !bind_there(node, &address))
		return forget_path(node);
	return listen_there(node);
}

/* By now the name may be somebody else's. */
static void
remove_path(const struct node *node)
{
	struct stat status;

	if (lstat(node->path, &status) < 0 || status.st_dev != node->device ||
	    status.st_ino != node->inode)
		return;
	if (unlink(node->path) < 0)
		log_line(PV_LOG_ERROR, "%s: left behind: %s", node->path,
		    strerror(errno));
}

void
socket_close(struct node *node)
{
	if (node->path != NULL)
		remove_path(node);
	loop_remove(&node->listener);
	if (node->listener.fd >= 0)
		close(node->listener.fd);
	free(node->path);
}
