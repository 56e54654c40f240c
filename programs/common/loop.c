/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "programs/common/loop.h"

uint64_t
loop_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

void
loop_add(struct loop *loop, struct loop_source *source)
{
	source->loop = loop;
	source->ready = 0;
	source->next = loop->sources;
	loop->sources = source;
	loop->count++;
}

void
loop_remove(struct loop_source *source)
{
	struct loop *loop = source->loop;
	struct loop_source **link;

	if (loop == NULL)
		return;
	link = &loop->sources;
	while (*link != source)
		link = &(*link)->next;
	*link = source->next;
	source->loop = NULL;
	loop->count--;
}

static int
milliseconds_until(uint64_t deadline)
{
	uint64_t now = loop_now(), left;

	if (deadline == LOOP_NEVER)
		return -1;
	if (deadline <= now)
		return 0;
	/* rounded up: waking early would only spin */
	left = (deadline - now + 999999) / 1000000;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static struct loop_source *
first_ready(struct loop *loop)
{
	struct loop_source *source = loop->sources;

	while (source != NULL && source->ready == 0)
		source = source->next;
	return source;
}

/* A call may add and remove sources, so look anew after each. */
static void
dispatch(struct loop *loop)
{
	struct loop_source *source;
	short ready;

	while ((source = first_ready(loop)) != NULL) {
		ready = source->ready;
		source->ready = 0;
		source->call(source->ctx, ready);
	}
}

static struct pollfd *
room_for_all(struct loop *loop)
{
	unsigned room = loop->count + 16;
	struct pollfd *fds = loop->fds;

	if (loop->count < loop->room)
		return fds;
	fds = realloc(fds, room * sizeof(*fds));
	if (fds != NULL) {
		loop->fds = fds;
		loop->room = room;
	}
	return fds;
}

static int
wait_for(struct loop *loop, struct pollfd *fds, unsigned count,
    uint64_t deadline)
{
	int ready, error;

	if (loop->before != NULL)
		loop->before(loop->ctx);
	ready = poll(fds, count, milliseconds_until(deadline));
	error = errno;
	if (loop->after != NULL)
		loop->after(loop->ctx);
	errno = error;
	return ready;
}

bool
loop_once(struct loop *loop, uint64_t deadline)
{
	struct pollfd *fds = room_for_all(loop);
	unsigned count = 0;
	int ready;

	if (fds == NULL)
		return false;
	for (struct loop_source *source = loop->sources; source != NULL;
	     source = source->next)
		fds[count++] = (struct pollfd){ .fd = source->fd,
			.events = source->events };
	ready = wait_for(loop, fds, count, deadline);
	count = 0;
	for (struct loop_source *source = loop->sources; source != NULL;
	     source = source->next, count++)
		source->ready = ready > 0 ? fds[count].revents : 0;
	dispatch(loop);
	return ready >= 0 || errno == EINTR;
}

void
loop_free(struct loop *loop)
{
	free(loop->fds);
	loop->fds = NULL;
	loop->room = 0;
}
