/* SPDX-License-Identifier: ISC */
/* One descriptor for all that a bus may wait for here. */
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "port/linux/linux_private.h"

bool
linux_events_open(struct linux_port *linux_port)
{
	linux_port->events = epoll_create1(EPOLL_CLOEXEC);
	return linux_port->events >= 0;
}

void
linux_events_close(struct linux_port *linux_port)
{
	close(linux_port->events);
}

bool
linux_events_add(struct linux_port *linux_port, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(linux_port->events, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool
linux_events_once(struct linux_port *linux_port, int fd, bool known, bool write)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	if (write)
		event.events |= EPOLLOUT;
	return epoll_ctl(linux_port->events,
		   known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) == 0;
}

int
linux_port_event(const struct linux_port *linux_port)
{
	return linux_port->events;
}

/* What hosts have sent is read by who asked for it. */
void
linux_port_event_seen(struct linux_port *linux_port)
{
	struct epoll_event edges[8];

	/* an edge is told until it was taken */
	(void)epoll_wait(linux_port->events, edges,
	    sizeof(edges) / sizeof(edges[0]), 0);
	linux_reader_seen(linux_port);
	linux_changes_seen(linux_port);
}

void
linux_wait(void *ctx, uint64_t deadline)
{
	struct linux_port *linux_port = ctx;
	uint64_t now = linux_now(ctx),
		 left = deadline > now ? deadline - now : 0;
	struct pollfd event = { .fd = linux_port->events, .events = POLLIN };

	if (left > PV_SECOND)
		left = PV_SECOND;
	/* rounded up: waking early would only spin */
	left = (left + PV_MILLISECOND - 1) / PV_MILLISECOND;
	if (poll(&event, 1, (int)left) > 0)
		linux_port_event_seen(linux_port);
}
