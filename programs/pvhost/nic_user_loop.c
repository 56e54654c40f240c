/* SPDX-License-Identifier: ISC */
/*
 * libslirp's sockets, timers and frames.
 *
 * Sockets are watched by one epoll(7) descriptor, which is the loop's
 * source: sockets come and go by what a vCPU sends, too, and the loop's sources
 * are only its thread's to change.  What it has for the guest waits in a queue,
 * for it speaks from the midst of a send of the guest's.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "programs/pvhost/nic_user.h"
#include "programs/pvhost/reply.h"

#define QUEUE_MAX 1024u
/* No more is asked of the sockets when so many wait; TCP's ends see that. */
#define QUEUE_HIGH 128u
#define MILLISECOND 1000000u

/* ---- Frames to the guest ------------------------------------------------ */

/* Let the loop's thread see to it, soon. */
void
user_wake(struct user *user)
{
	uint64_t one = 1;

	if (user->woken)
		return;
	user->woken = true;
	(void)!write(user->event, &one, sizeof(one));
}

ssize_t
user_packet(const void *bytes, size_t length, void *opaque)
{
	struct user *user = opaque;
	struct user_frame *frame = NULL;

	if (user->queued < QUEUE_MAX)
		frame = malloc(sizeof(*frame) + length);
	if (frame == NULL) {
		user->nic->dropped++;
		return (ssize_t)length;
	}
	frame->next = NULL;
	frame->length = length;
	memcpy(frame->bytes, bytes, length);
	*user->end = frame;
	user->end = &frame->next;
	user->queued++;
	user_wake(user);
	return (ssize_t)length;
}

bool
user_next(void *self, struct nic_frame *frame)
{
	struct user *user = self;

	free(user->current);
	user->current = user->first;
	if (user->first == NULL)
		return false;
	user->first = user->first->next;
	if (user->first == NULL)
		user->end = &user->first;
	user->queued--;
	*frame = (struct nic_frame){ .bytes = user->current->bytes,
		.length = user->current->length };
	return true;
}

void
user_watch(void *self, bool wanted)
{
	if (wanted)
		user_wake(self);
}

/* ---- Its sockets -------------------------------------------------------- */

static short
to_poll(int events)
{
	return (short)((events & SLIRP_POLL_IN ? POLLIN : 0) |
	    (events & SLIRP_POLL_OUT ? POLLOUT : 0) |
	    (events & SLIRP_POLL_PRI ? POLLPRI : 0));
}

static int
from_poll(short events)
{
	return (events & POLLIN ? SLIRP_POLL_IN : 0) |
	    (events & POLLOUT ? SLIRP_POLL_OUT : 0) |
	    (events & POLLPRI ? SLIRP_POLL_PRI : 0) |
	    (events & (POLLERR | POLLNVAL) ? SLIRP_POLL_ERR : 0) |
	    (events & POLLHUP ? SLIRP_POLL_HUP : 0);
}

static int
add_poll(int fd, int events, void *opaque)
{
	struct user *user = opaque;
	unsigned room = user->room > 0 ? 2 * user->room : 32;
	struct pollfd *fds;

	if (user->count == user->room) {
		fds = realloc(user->fds, room * sizeof(*fds));
		if (fds == NULL)
			return -1;
		user->fds = fds;
		user->room = room;
	}
	user->fds[user->count] = (struct pollfd){ .fd = fd,
		.events = to_poll(events) };
	return (int)user->count++;
}

static int
get_revents(int index, void *opaque)
{
	const struct user *user = opaque;

	return index >= 0 && (unsigned)index < user->count
	    ? from_poll(user->fds[index].revents)
	    : 0;
}

/* The kernel forgets a descriptor that is closed, and its number may have come
 * back as another one since. */
static void
watch_one(struct user *user, int fd, short events)
{
	struct epoll_event event = { .events = (uint32_t)events,
		.data.fd = fd };

	if (epoll_ctl(user->epoll, EPOLL_CTL_MOD, fd, &event) != 0 &&
	    errno == ENOENT)
		epoll_ctl(user->epoll, EPOLL_CTL_ADD, fd, &event);
}

static void
tick(void *argument)
{
	struct user *user = argument;

	user->ticking = false;
	user_wake(user);
}

/* What it wants to know of now, and until when at the latest. */
static void
ask(struct user *user, uint32_t *timeout)
{
	user->count = 0;
	*timeout = UINT32_MAX;
	slirp_pollfds_fill(user->slirp, timeout, add_poll, user);
}

static void
watch_all(struct user *user)
{
	struct epoll_event none;
	uint32_t timeout;
	int *old = user->watched;
	unsigned olds = user->watched_count;

	ask(user, &timeout);
	if (user->queued >= QUEUE_HIGH)
		user->count = 0;
	user->watched = calloc(user->count + 1, sizeof(*user->watched));
	user->watched_count = user->watched != NULL ? user->count : 0;
	for (unsigned i = 0; i < user->count; i++) {
		watch_one(user, user->fds[i].fd, user->fds[i].events);
		if (user->watched != NULL)
			user->watched[i] = user->fds[i].fd;
		for (unsigned n = 0; n < olds; n++)
			if (old[n] == user->fds[i].fd)
				old[n] = -1;
	}
	for (unsigned n = 0; n < olds; n++)
		if (old[n] >= 0)
			epoll_ctl(user->epoll, EPOLL_CTL_DEL, old[n], &none);
	free(old);
	if (timeout != UINT32_MAX && !user->ticking) {
		user->ticking = true;
		timers_later(&user->machine->timers,
		    (uint64_t)timeout * MILLISECOND, tick, user);
	}
}

/* ---- By the loop's thread ----------------------------------------------- */

static void
serve(struct user *user)
{
	uint32_t timeout;
	uint64_t count;

	if (user->woken) {
		user->woken = false;
		(void)!read(user->event, &count, sizeof(count));
	}
	if (user->queued < QUEUE_HIGH) {
		ask(user, &timeout);
		if (poll(user->fds, user->count, 0) >= 0)
			slirp_pollfds_poll(user->slirp, 0, get_revents, user);
	}
	if (nic_pull(&user->pull))
		user_wake(user);
	watch_all(user);
}

void
user_ready(void *ctx, short revents)
{
	struct user *user = ctx;

	(void)revents;
	serve(user);
}

void
user_free_frames(struct user *user)
{
	struct user_frame *frame;

	free(user->current);
	while ((frame = user->first) != NULL) {
		user->first = frame->next;
		free(frame);
	}
}

/* ---- Its timers --------------------------------------------------------- */

struct user_timer {
	struct user *user;
	SlirpTimerCb call;
	void *argument;
};

static void
timer_due(void *argument)
{
	struct user_timer *timer = argument;

	timer->call(timer->argument);
	user_wake(timer->user);
}

void *
user_timer_new(SlirpTimerCb call, void *argument, void *opaque)
{
	struct user_timer *timer = calloc(1, sizeof(*timer));

	if (timer == NULL)
		abort(); /* as all of libslirp does, with glib */
	*timer = (struct user_timer){ opaque, call, argument };
	return timer;
}

void
user_timer_free(void *timer, void *opaque)
{
	struct user *user = opaque;

	timers_forget(&user->machine->timers, timer);
	free(timer);
}

int64_t
user_clock(void *opaque)
{
	(void)opaque;
	return (int64_t)loop_now();
}

/* `when` in milliseconds of user_clock(). */
void
user_timer_set(void *timer, int64_t when, void *opaque)
{
	struct user *user = opaque;
	int64_t wait = when * (int64_t)MILLISECOND - user_clock(opaque);

	timers_forget(&user->machine->timers, timer);
	timers_later(&user->machine->timers, wait > 0 ? (uint64_t)wait : 0,
	    timer_due, timer);
}
