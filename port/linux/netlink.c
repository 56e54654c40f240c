/* SPDX-License-Identifier: ISC */
/*
 * rtnetlink(7): what is there, in dumps, and that something has changed, told
 * by the kernel itself so that nobody needs to look now and then.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "port/linux/network.h"

#define MOST_MESSAGES 65536u
/* Messages looked at in one turn. */
#define MOST_AT_ONCE 256u
#define ROOM 32768u

bool
linux_address_of(struct pv_address *to, int family, struct rtattr *attribute)
{
	size_t size = family == AF_INET ? 4 : 16;

	if (RTA_PAYLOAD(attribute) < size)
		return false;
	*to = (struct pv_address){ .family = family == AF_INET ? 4 : 6 };
	memcpy(to->bytes, RTA_DATA(attribute), size);
	return true;
}

bool
linux_dump(int fd, uint16_t type, struct picture *picture,
    void (*add)(struct picture *, struct nlmsghdr *))
{
	struct {
		struct nlmsghdr header;
		struct rtgenmsg body;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
		    .nlmsg_type = type,
		    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		    .nlmsg_seq = type },
	};
	char *buffer = malloc(ROOM);
	bool ended = false, good = false;

	if (buffer == NULL ||
	    send(fd, &request, sizeof(request), 0) != sizeof(request)) {
		free(buffer);
		return false;
	}
	for (unsigned n = 0; !ended && n < MOST_MESSAGES; n++) {
		ssize_t size = recv(fd, buffer, ROOM, 0);
		unsigned left = (unsigned)size;

		if (size <= 0)
			break;
		for (struct nlmsghdr *m = (struct nlmsghdr *)(void *)buffer;
		     NLMSG_OK(m, left) && !ended; m = NLMSG_NEXT(m, left)) {
			if (m->nlmsg_seq != type)
				continue;
			if (m->nlmsg_type == NLMSG_DONE)
				ended = good = true;
			else if (m->nlmsg_type == NLMSG_ERROR)
				ended = true;
			else
				add(picture, m);
		}
	}
	free(buffer);
	return good;
}

/* ---- Changes ---------------------------------------------------------- */

/* A route that the kernel keeps for one destination is no route of the
 * machine's. */
static bool
matters(struct nlmsghdr *message)
{
	struct rtmsg *info = NLMSG_DATA(message);

	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return true;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) ||
		    (info->rtm_flags & RTM_F_CLONED) == 0;
	default:
		return false;
	}
}

void
linux_changes_seen(struct linux_port *linux_port)
{
	_Alignas(struct nlmsghdr) char buffer[8192];
	ssize_t size;
	unsigned left;

	if (!linux_port->changes_watched)
		return;
	for (unsigned n = 0; n < MOST_AT_ONCE; n++) {
		size = recv(linux_port->changes_fd, buffer, sizeof(buffer),
		    MSG_DONTWAIT);
		if (size < 0 && errno == ENOBUFS) {
			linux_port->changes++; /* some were lost */
			continue;
		}
		if (size <= 0)
			break;
		left = (unsigned)size;
		for (struct nlmsghdr *m = (struct nlmsghdr *)(void *)buffer;
		     NLMSG_OK(m, left); m = NLMSG_NEXT(m, left))
			if (matters(m))
				linux_port->changes++;
	}
}

/* Watched from the first question on: most hosts never ask. */
static void
watch(struct linux_port *linux_port)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR |
		    RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
		    RTMGRP_IPV6_ROUTE };

	linux_port->changes_watched = bind(linux_port->changes_fd,
					  (const struct sockaddr *)&address,
					  sizeof(address)) == 0 &&
	    linux_events_add(linux_port, linux_port->changes_fd);
}

uint64_t
linux_netif_changes(void *ctx)
{
	struct linux_port *linux_port = ctx;

	if (!linux_port->changes_watched)
		watch(linux_port);
	linux_changes_seen(linux_port);
	return linux_port->changes;
}

bool
linux_changes_open(struct linux_port *linux_port)
{
	linux_port->changes_fd = socket(AF_NETLINK,
	    SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	return linux_port->changes_fd >= 0;
}

void
linux_changes_close(struct linux_port *linux_port)
{
	if (linux_port->changes_fd >= 0)
		close(linux_port->changes_fd);
	linux_port->changes_fd = -1;
}
