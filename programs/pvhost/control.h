/* SPDX-License-Identifier: ISC */
/*
 * The administrator's socket.  A line is a command, see words.h; each gets one
 * answer, "ok N\n" or "no N\n" and N bytes.
 */
#ifndef PVHOST_CONTROL_H
#define PVHOST_CONTROL_H

#include <sys/stat.h>
#include <sys/un.h>

#include "programs/pvhost/machine.h"
#include "programs/pvhost/reply.h"
#include "programs/pvhost/words.h"

struct face;

#define CONTROL_CLIENTS 8u
#define CONTROL_LINE_MAX (1u << 20) /* a value may take four bytes each */

struct control_client {
	struct control_client *next;
	struct control *control;
	struct loop_source source;
	char *line; /* what came and is no whole line yet */
	size_t size, room;
	struct reply answer; /* what has to be sent */
	size_t sent;
	bool ended; /* sends nothing more, but may still read */
};

struct control {
	struct machine *machine;
	struct loop_source listener;
	struct sockaddr_un address;
	struct stat status; /* of the socket's name */
	struct control_client *clients;
	unsigned client_count;
	/* A descriptor for somebody to come by when all others are in use: a
	 * guest of a network in user space has as many as it likes.  -1: he is
	 * here. */
	int spare;
};

/* control_socket.c: bound and listening; false: a line was said. */
bool control_listen(struct control *);
void control_unlink(struct control *);

/* control_address.c: of a socket's name; false: too long for one, a line was
 * said. */
bool control_address(struct sockaddr_un *, const char *path);

/* control_client.c: who comes, and goes */
int control_spare(void);
void control_accept(void *control, short revents);
void control_client_free(struct control_client *);

/* control_command.c: what a line does.  False: not done, the reply says why. */
bool control_command(struct machine *, char *line, size_t length,
    struct reply *);

struct control_call {
	struct machine *machine;
	const struct face *face; /* the one named before the command, or NULL */
	struct words *words;     /* behind the command */
	struct reply *reply;
};
/* control_device.c: what comes and goes */
bool control_disk(struct control_call *);
bool control_nic(struct control_call *);
/* control_status.c */
bool control_status(struct control_call *);

#endif
