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
		usleep(10000); /* it stays ready: do not spin on it */
}

static bool
fail(const struct node *node, const char *what)
{
	log_line(PV_LOG_ERROR, "%s: %s", node->path, what);
	return false;
}

/* Somebody answers there: then it is theirs.  Nobody: it was left behind. */
static bool
clear_path(const struct node *node, const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool alive = fd >= 0 && connect(fd, (const struct sockaddr *)address,
	    sizeof(*address)) == 0;

	if (fd >= 0)
		close(fd);
	if (alive)
		return fail(node, "another pvbusd serves it: stop that one, "
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
	if (chown(node->path, (uid_t)-1, daemon->group) < 0 ||
	    chmod(node->path, 0660) < 0)
		return fail(node, strerror(errno));
	return true;
}

static bool
bind_and_listen(struct node *node, const struct sockaddr_un *address)
{
	mode_t mask = umask(0177);
	bool bound = bind(node->listener.fd, (const struct sockaddr *)address,
	    sizeof(*address)) == 0;

	umask(mask);
	if (!bound)
		return fail(node, strerror(errno));
	if (!set_owner(node))
		return false;
	if (listen(node->listener.fd, 64) < 0)
		return fail(node, strerror(errno));
	return true;
}

bool
socket_open(struct node *node)
{
	struct sockaddr_un address;

	if (!make_path(node, &address))
		return false;
	if (!clear_path(node, &address)) {
		free(node->path); /* not ours to remove */
		node->path = NULL;
		return false;
	}
	node->listener = (struct loop_source){
		.fd = socket(AF_UNIX,
		    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
		.events = POLLIN,
		.call = accept_one,
		.ctx = node,
	};
	if (node->listener.fd < 0)
		return fail(node, strerror(errno));
	if (!bind_and_listen(node, &address))
		return false;
	loop_add(&node->daemon->loop, &node->listener);
	return true;
}

void
socket_close(struct node *node)
{
	if (node->path != NULL)
		unlink(node->path);
	loop_remove(&node->listener);
	if (node->listener.fd >= 0)
		close(node->listener.fd);
	free(node->path);
}
