/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "programs/pvhost/machine.h"
#include "programs/pvhost/outlet.h"

#define AGAIN 2000000ull /* ns until the next try */

struct outlet {
	struct outlet *next; /* of the machine */
	struct machine *machine;
	char *name;
	int fd;
	struct outlet_user *users;
	uint8_t *bytes; /* a ring, made when it is needed first */
	size_t first, count;
	bool trying;   /* a timer runs */
	bool given_up; /* nobody reads */
	bool broken;
	uint64_t lost;
};

static void flush_later(struct outlet *);

/* ---- Writing ---------------------------------------------------------- */

/* poll(2) first, and no more than a pipe takes as a whole: what is on the other
 * side of the descriptor may not be ours to make non-blocking. */
static ssize_t
write_some(struct outlet *outlet, const uint8_t *bytes, size_t size,
    int timeout)
{
	struct pollfd fd = { .fd = outlet->fd, .events = POLLOUT };

	if (poll(&fd, 1, timeout) <= 0)
		return 0;
	return write(outlet->fd, bytes, size < PIPE_BUF ? size : PIPE_BUF);
}

static void
break_off(struct outlet *outlet)
{
	say("%s: %s; what the guest writes there is lost from now on",
	    outlet->name, strerror(errno));
	outlet->broken = true;
	outlet->count = 0;
}

/* How many were written; 0 also when it is broken. */
static size_t
try(struct outlet *outlet, const uint8_t *bytes, size_t size, int timeout)
{
	ssize_t n = write_some(outlet, bytes, size, timeout);

	if (n >= 0)
		return (size_t)n;
	if (errno != EINTR && errno != EAGAIN)
		break_off(outlet);
	return 0;
}

static void
tell_lost(struct outlet *outlet)
{
	outlet->given_up = false;
	if (outlet->lost > 0)
		say("%s: somebody reads again; %llu bytes were lost",
		    outlet->name, (unsigned long long)outlet->lost);
	outlet->lost = 0;
}

/* False: nothing could be written within the time. */
static bool
flush_piece(struct outlet *outlet, int timeout)
{
	size_t piece = OUTLET_ROOM - outlet->first;
	size_t n;

	if (piece > outlet->count)
		piece = outlet->count;
	n = try(outlet, outlet->bytes + outlet->first, piece, timeout);
	if (n == 0)
		return false;
	outlet->first = (outlet->first + n) % OUTLET_ROOM;
	outlet->count -= n;
	if (outlet->given_up)
		tell_lost(outlet);
	return true;
}

static bool
nearly_full(const struct outlet *outlet)
{
	return outlet->count > OUTLET_ROOM - 4096 && !outlet->given_up;
}

static void
tell_users(struct outlet *outlet)
{
	for (struct outlet_user *user = outlet->users; user != NULL;
	     user = user->next)
		if (user->room != NULL)
			user->room(user->ctx);
}

static void
flush_now(void *argument)
{
	struct outlet *outlet = argument;

	outlet->trying = false;
	while (outlet->count > 0 && flush_piece(outlet, 0))
		;
	if (outlet->count > 0)
		flush_later(outlet);
	if (outlet->count < OUTLET_ROOM / 2)
		tell_users(outlet);
}

static void
flush_later(struct outlet *outlet)
{
	if (!outlet->trying)
		timers_later(&outlet->machine->timers, AGAIN, flush_now,
		    outlet);
	outlet->trying = true;
}

/* ---- Keeping ---------------------------------------------------------- */

static bool
make_room(struct outlet *outlet)
{
	if (outlet->bytes == NULL)
		outlet->bytes = malloc(OUTLET_ROOM);
	if (outlet->bytes == NULL)
		return false;
	if (outlet->count < OUTLET_ROOM)
		return true;
	if (outlet->given_up)
		return false;
	if (flush_piece(outlet, OUTLET_WAIT))
		return true;
	if (!outlet->broken) {
		say("%s: nobody reads; what the guest writes there is lost "
		    "until somebody does",
		    outlet->name);
		outlet->given_up = true;
		tell_users(outlet);
	}
	return false;
}

static void
keep(struct outlet *outlet, uint8_t byte)
{
	if (!make_room(outlet)) {
		outlet->lost++;
		return;
	}
	outlet->bytes[(outlet->first + outlet->count++) % OUTLET_ROOM] = byte;
	flush_later(outlet);
}

bool
outlet_byte(struct outlet *outlet, uint8_t byte)
{
	if (outlet->broken)
		return true;
	if (outlet->count > 0 ||
	    (try(outlet, &byte, 1, 0) == 0 && !outlet->broken))
		keep(outlet, byte);
	return !nearly_full(outlet);
}

/* ---- Opening and closing ---------------------------------------------- */

static struct outlet *
find(struct machine *machine, const char *name)
{
	struct outlet *outlet = machine->outlets;

	while (outlet != NULL && strcmp(outlet->name, name) != 0)
		outlet = outlet->next;
	return outlet;
}

/* Not to wait for the reader of a FIFO. */
static int
open_file(const char *name)
{
	int fd = open(name,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
	    0666);

	if (fd < 0 && errno == ENXIO)
		say("%s: nobody reads this FIFO; start its reader first", name);
	else if (fd < 0)
		say("%s: %s", name, strerror(errno));
	return fd;
}

static struct outlet *
make(struct machine *machine, const char *name)
{
	struct outlet *outlet = calloc(1, sizeof(*outlet));

	if (outlet == NULL) {
		say("%s: out of memory", name);
		return NULL;
	}
	outlet->machine = machine;
	outlet->name = strdup(name);
	outlet->fd = strcmp(name, "stdio") == 0 ? STDOUT_FILENO
						: open_file(name);
	if (outlet->name == NULL || outlet->fd < 0) {
		free(outlet->name);
		free(outlet);
		return NULL;
	}
	signal(SIGPIPE, SIG_IGN); /* an error of write(2) like others */
	outlet->next = machine->outlets;
	machine->outlets = outlet;
	return outlet;
}

struct outlet *
outlet_open(struct machine *machine, const char *name, struct outlet_user *user)
{
	struct outlet *outlet = find(machine, name);

	if (outlet == NULL)
		outlet = make(machine, name);
	if (outlet == NULL)
		return NULL;
	user->next = outlet->users;
	outlet->users = user;
	return outlet;
}

static void
remove_user(struct outlet *outlet, const struct outlet_user *user)
{
	struct outlet_user **link = &outlet->users;

	while (*link != NULL && *link != user)
		link = &(*link)->next;
	if (*link != NULL)
		*link = user->next;
}

static void
free_outlet(struct outlet *outlet)
{
	struct outlet **link = &outlet->machine->outlets;

	while (*link != outlet)
		link = &(*link)->next;
	*link = outlet->next;
	timers_forget(&outlet->machine->timers, outlet);
	while (outlet->count > 0 && flush_piece(outlet, OUTLET_WAIT))
		;
	if (outlet->count + outlet->lost > 0)
		say("%s: nobody read the last %llu bytes", outlet->name,
		    (unsigned long long)(outlet->count + outlet->lost));
	if (outlet->fd != STDOUT_FILENO)
		close(outlet->fd);
	free(outlet->bytes);
	free(outlet->name);
	free(outlet);
}

void
outlet_close(struct outlet *outlet, struct outlet_user *user)
{
	if (outlet == NULL)
		return;
	remove_user(outlet, user);
	if (outlet->users == NULL)
		free_outlet(outlet);
}
