/* SPDX-License-Identifier: ISC */
/*
 * A cable to another pvhost: a frame is a datagram, as it is (and as QEMU's
 * -netdev dgram has it).  The one that comes first has the socket PATH, the
 * other one PATH.2, and each sends to the other's name: so either may end and
 * come again.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "programs/pvhost/nic_pull.h"
#include "programs/pvhost/reply.h"

/* A socket of Linux holds no more than some ten datagrams, which is less than
 * one burst of TCP: what has no room there waits here. */
#define WAITING_MAX 512u
#define WAITING_BYTES (4u << 20)
#define AGAIN 100000u /* nanoseconds */

struct waiting {
	struct waiting *next;
	size_t length;
	uint8_t bytes[];
};

struct peer {
	struct nic *nic;
	struct nic_pull pull;
	struct loop_source source;
	struct sockaddr_un ours, theirs;
	struct waiting *first, **end;
	unsigned waiting;
	size_t waiting_bytes;
	uint8_t bytes[NIC_FRAME_MAX];
};

/* ---- From the guest ---------------------------------------------------- */

static void send_again(void *argument);

/* False: there is no room now. */
static bool
send_one(struct peer *peer, const uint8_t *bytes, size_t length)
{
	ssize_t sent = sendto(peer->source.fd, bytes, length,
	    MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&peer->theirs,
	    sizeof(peer->theirs));

	if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS))
		return false;
	if (sent < 0) /* it is not there, as a cable whose end is loose */
		peer->nic->dropped++;
	else
		peer->nic->sent++;
	return true;
}

static void
wait_for_room(struct peer *peer, const struct nic_frame *frame)
{
	struct waiting *waiting = NULL;

	if (peer->waiting < WAITING_MAX &&
	    frame->length <= WAITING_BYTES - peer->waiting_bytes)
		waiting = malloc(sizeof(*waiting) + frame->length);
	if (waiting == NULL) {
		peer->nic->dropped++;
		return;
	}
	waiting->next = NULL;
	waiting->length = frame->length;
	memcpy(waiting->bytes, frame->bytes, frame->length);
	if (peer->first == NULL)
		timers_later(&peer->pull.machine->timers, AGAIN, send_again,
		    peer);
	*peer->end = waiting;
	peer->end = &waiting->next;
	peer->waiting++;
	peer->waiting_bytes += frame->length;
}

static void
forget_first(struct peer *peer)
{
	struct waiting *first = peer->first;

	peer->first = first->next;
	if (peer->first == NULL)
		peer->end = &peer->first;
	peer->waiting--;
	peer->waiting_bytes -= first->length;
	free(first);
}

static void
send_again(void *argument)
{
	struct peer *peer = argument;

	while (peer->first != NULL &&
	    send_one(peer, peer->first->bytes, peer->first->length))
		forget_first(peer);
	if (peer->first != NULL)
		timers_later(&peer->pull.machine->timers, AGAIN, send_again,
		    peer);
}

static void
peer_send(void *self, const struct nic_frame *frame)
{
	struct peer *peer = self;

	if (peer->first != NULL || !send_one(peer, frame->bytes, frame->length))
		wait_for_room(peer, frame);
}

/* ---- To the guest ------------------------------------------------------ */

/* One that is longer than a frame can be counts as one without anything in it:
 * who sends nothing else has his turn as others have. */
static bool
peer_next(void *self, struct nic_frame *frame)
{
	struct peer *peer = self;
	ssize_t size = recv(peer->source.fd, peer->bytes, sizeof(peer->bytes),
	    MSG_DONTWAIT | MSG_TRUNC);

	if (size < 0)
		return false;
	if (size > (ssize_t)sizeof(peer->bytes))
		size = 0;
	*frame = (struct nic_frame){ .bytes = peer->bytes,
		.length = (size_t)size };
	return true;
}

static void
peer_watch(void *self, bool wanted)
{
	struct peer *peer = self;

	peer->source.events = wanted ? POLLIN : 0;
}

static void
peer_ready(void *ctx, short revents)
{
	struct peer *peer = ctx;

	(void)revents;
	nic_pull(&peer->pull);
}

/* ---- Open and close ---------------------------------------------------- */

static bool
set_names(struct peer *peer, const char *path, struct reply *reply)
{
	struct sockaddr_un *first = &peer->ours, *second = &peer->theirs;

	first->sun_family = second->sun_family = AF_UNIX;
	if (path[0] == '\0' ||
	    strlen(path) + sizeof(".2") > sizeof(first->sun_path))
		return reply_no(reply,
		    "expected peer:PATH with a path of up to %zu bytes, "
		    "got \"peer:%s\"",
		    sizeof(first->sun_path) - sizeof(".2"), path);
	strcpy(first->sun_path, path);
	strcpy(second->sun_path, path);
	strcat(second->sun_path, ".2");
	return true;
}

/* One that was killed leaves its socket's name behind. */
static bool
remove_dead(struct peer *peer, const struct sockaddr_un *name)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct stat status;

	if (lstat(name->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode))
		return false;
	if (connect(peer->source.fd, (const struct sockaddr *)name,
		sizeof(*name)) == 0) {
		(void)connect(peer->source.fd, &none, sizeof(none));
		return false;
	}
	return errno == ECONNREFUSED && unlink(name->sun_path) == 0;
}

/* False, errno set. */
static bool
bind_to(struct peer *peer, const struct sockaddr_un *name)
{
	for (unsigned tries = 0; tries < 2; tries++) {
		if (bind(peer->source.fd, (const struct sockaddr *)name,
			sizeof(*name)) == 0)
			return true;
		if (errno != EADDRINUSE)
			return false;
		if (!remove_dead(peer, name)) {
			errno = EADDRINUSE;
			return false;
		}
	}
	return false;
}

static bool
bind_free(struct peer *peer, const char *path, struct reply *reply)
{
	struct sockaddr_un first = peer->ours;

	if (bind_to(peer, &peer->ours))
		return true;
	if (errno == EADDRINUSE) {
		peer->ours = peer->theirs;
		peer->theirs = first;
		if (bind_to(peer, &peer->ours))
			return true;
	}
	if (errno == EADDRINUSE)
		return reply_no(reply,
		    "peer %s: it and %s.2 are in use; a cable has two ends",
		    path, path);
	return reply_no(reply, "peer %s: %s", path, strerror(errno));
}

/* Two that begin at the same time look one after the other: by a lock on the
 * directory, which leaves nothing behind. */
static bool
take_end(struct peer *peer, const char *path, struct reply *reply)
{
	struct sockaddr_un copy = peer->ours;
	int directory = open(dirname(copy.sun_path),
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good;

	if (directory >= 0)
		flock(directory, LOCK_EX);
	good = bind_free(peer, path, reply);
	if (directory >= 0)
		close(directory);
	return good;
}

static void
peer_free(struct peer *peer)
{
	while (peer->first != NULL)
		forget_first(peer);
	if (peer->source.fd >= 0)
		close(peer->source.fd);
	free(peer);
}

static void
peer_close(void *self)
{
	struct peer *peer = self;

	nic_pull_end(&peer->pull);
	timers_forget(&peer->pull.machine->timers, peer);
	loop_remove(&peer->source);
	unlink(peer->ours.sun_path);
	peer_free(peer);
}

static void *
peer_open(struct nic *nic, struct machine *machine, const char *words,
    struct reply *reply)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	int room = 1 << 20;

	if (peer == NULL) {
		reply_no(reply, "out of memory");
		return NULL;
	}
	peer->nic = nic;
	peer->end = &peer->first;
	peer->source = (struct loop_source){
		.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    0),
		.events = POLLIN,
		.call = peer_ready,
		.ctx = peer
	};
	peer->pull = (struct nic_pull){ .nic = nic,
		.machine = machine,
		.next = peer_next,
		.watch = peer_watch,
		.self = peer };
	if (peer->source.fd < 0)
		reply_no(reply, "peer %s: %s", words, strerror(errno));
	if (peer->source.fd < 0 || !set_names(peer, words, reply) ||
	    !take_end(peer, words, reply)) {
		peer_free(peer);
		return NULL;
	}
	(void)setsockopt(peer->source.fd, SOL_SOCKET, SO_SNDBUF, &room,
	    sizeof(room));
	loop_add(&machine->loop, &peer->source);
	return peer;
}

const struct nic_kind nic_peer = { "peer", peer_open, peer_close, peer_send };
