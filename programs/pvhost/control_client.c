/* SPDX-License-Identifier: ISC */
/* One who talks to the control socket: lines in, answers out, and none holds
 * up the machine. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "programs/pvhost/control.h"

/* ---- Descriptors ------------------------------------------------------ */

int
control_spare(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Of one who leaves there is one again. */
static void
give_back(struct control *control)
{
	if (control->spare < 0)
		control->spare = control_spare();
	control->listener.events = POLLIN;
}

static int
take(struct control *control)
{
	return accept4(control->listener.fd, NULL, NULL,
	    SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static bool
is_short(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	    error == ENOMEM;
}

/* -1: nobody.  Who cannot be let in waits until another leaves; asking again
 * and again would keep the machine busy. */
static int
let_in(struct control *control)
{
	int fd = take(control);

	if (fd < 0 && is_short(errno) && control->spare >= 0) {
		close(control->spare);
		control->spare = -1;
		fd = take(control);
	}
	if (fd < 0 && is_short(errno) && control->clients != NULL)
		control->listener.events = 0;
	return fd;
}

/* ---- Going ------------------------------------------------------------ */

void
control_client_free(struct control_client *client)
{
	struct control_client **link = &client->control->clients;

	while (*link != client)
		link = &(*link)->next;
	*link = client->next;
	client->control->client_count--;
	loop_remove(&client->source);
	close(client->source.fd);
	give_back(client->control);
	reply_free(&client->answer);
	free(client->line);
	free(client);
}

/* ---- Answers ---------------------------------------------------------- */

static void
answer(struct control_client *client, bool good, struct reply *reply)
{
	if (reply->cut)
		good = reply_no(reply,
		    "out of memory, or an answer of more than %u bytes",
		    REPLY_MAX);
	reply_print(&client->answer, "%s %zu\n", good ? "ok" : "no",
	    reply->size);
	reply_add(&client->answer, reply->text, reply->size);
	reply_free(reply);
}

/* False: nobody is there any more. */
static bool
send_answer(struct control_client *client)
{
	struct reply *all = &client->answer;

	while (client->sent < all->size) {
		ssize_t n = send(client->source.fd, all->text + client->sent,
		    all->size - client->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		client->sent += (size_t)n;
	}
	/* cut: there was no memory for the answer */
	if (all->cut)
		return false;
	client->sent = 0;
	reply_free(all);
	return true;
}

/* ---- Lines ------------------------------------------------------------ */

static void
one_line(struct control_client *client, size_t length)
{
	struct reply reply = { 0 };
	bool good = control_command(client->control->machine, client->line,
	    length, &reply);

	answer(client, good, &reply);
}

/* As many as there are, but one behind the other: what is not read waits. */
static bool
take_lines(struct control_client *client)
{
	while (client->answer.size == 0 && client->size > 0) {
		char *end = memchr(client->line, '\n', client->size);
		size_t length;

		if (end == NULL)
			break;
		length = (size_t)(end - client->line);
		*end = '\0';
		one_line(client, length);
		client->size -= length + 1;
		memmove(client->line, end + 1, client->size);
		if (!send_answer(client))
			return false;
	}
	return true;
}

static bool
make_room(struct control_client *client)
{
	size_t room = client->room > 0 ? client->room * 2 : 4096;
	char *line;

	if (client->size < client->room)
		return true;
	line = realloc(client->line, room);
	if (line == NULL)
		return false;
	client->line = line;
	client->room = room;
	return true;
}

/* One who sends no end of a line is told so, and sent away. */
static bool
refuse_length(struct control_client *client)
{
	struct reply reply = { 0 };

	answer(client,
	    reply_no(&reply, "expected a line of at most %u bytes",
		CONTROL_LINE_MAX),
	    &reply);
	(void)send_answer(client);
	return false;
}

static bool
receive(struct control_client *client)
{
	ssize_t n;

	if (client->size >= CONTROL_LINE_MAX)
		return refuse_length(client);
	if (!make_room(client))
		return false;
	n = recv(client->source.fd, client->line + client->size,
	    client->room - client->size, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	client->ended = n == 0;
	client->size += (size_t)n;
	return true;
}

static void
ready(void *ctx, short revents)
{
	struct control_client *client = ctx;
	bool waits = client->answer.size > 0;
	bool good = (revents & (POLLERR | POLLNVAL)) == 0 &&
	    (waits || client->ended || receive(client)) &&
	    send_answer(client) && take_lines(client);

	waits = client->answer.size > 0;
	if (!good || (client->ended && !waits)) {
		control_client_free(client);
		return;
	}
	client->source.events = waits ? POLLOUT : POLLIN;
}

/* ---- Coming ----------------------------------------------------------- */

static void
turn_away(struct control *control, int fd)
{
	static const char text[] = "8 others are here, come again later";
	char line[64];
	int length = snprintf(line, sizeof(line), "no %zu\n%s",
	    sizeof(text) - 1, text);

	(void)!send(fd, line, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
	give_back(control);
}

void
control_accept(void *ctx, short revents)
{
	struct control *control = ctx;
	struct control_client *client;
	int fd = let_in(control);

	(void)revents;
	if (fd < 0)
		return;
	client = control->client_count < CONTROL_CLIENTS
	    ? calloc(1, sizeof(*client))
	    : NULL;
	if (client == NULL) {
		turn_away(control, fd);
		return;
	}
	client->control = control;
	client->source = (struct loop_source){ .fd = fd,
		.events = POLLIN,
		.call = ready,
		.ctx = client };
	client->next = control->clients;
	control->clients = client;
	control->client_count++;
	loop_add(&control->machine->loop, &client->source);
}
