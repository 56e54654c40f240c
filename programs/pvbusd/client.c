/* SPDX-License-Identifier: ISC */
/*
 * A connection to a socket: one request in, one reply out, and again.
 *
 * A client can stall, flood or vanish at any byte.  So it has one request at a
 * time and one buffer for it, of a bounded size; what it has begun to send or
 * does not take it must end within a time; and nobody else waits for it.
 */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "port/linux/linux.h"
#include "programs/pvbusd/daemon.h"
#include "programs/pvbusd/log.h"
#include "programs/pvbusd/places.h"
#include "wire/socket.h"

/* For a message that was begun, and for a reply that is not taken. */
#define STALL (10ull * 1000000000ull)

/* So many at once are a flood. */
#define TRIM_FROM 16

enum stage {
	IDLE,   /* for the first byte of a request */
	HEADER, /* begun */
	BODY,
	BUSY, /* the store has the request */
	REPLY
};

struct client {
	struct client *next;
	struct node *node;
	struct loop_source source;
	enum stage stage;
	uid_t uid;
	uint64_t deadline;

	struct socket_request request;
	unsigned char *in;
	size_t in_done;
	struct pv_ioctl io;
	bool closing; /* in the middle of being freed */

	unsigned char *out;
	size_t out_size, out_done;
};

static void
drop_buffers(struct client *client)
{
	free(client->in);
	free(client->out);
	client->in = client->out = NULL;
}

/* After a flood its memory goes back, also from amid what is still in use. */
static void
trim(struct daemon *daemon)
{
	if (daemon->client_peak < TRIM_FROM ||
	    daemon->client_count > daemon->client_peak / 2)
		return;
	daemon->client_peak = daemon->client_count;
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

static void
client_close(struct client *client)
{
	struct daemon *daemon = client->node->daemon;
	struct client **link = &daemon->clients;

	client->closing = true;
	if (client->stage == BUSY)
		pv_ioctl_cancel(&client->io);
	while (*link != client)
		link = &(*link)->next;
	*link = client->next;
	daemon->client_count--;
	loop_remove(&client->source);
	close(client->source.fd);
	drop_buffers(client);
	free(client);
	trim(daemon);
}

static void
begin(struct client *client, enum stage stage)
{
	client->stage = stage;
	client->source.events = stage == BUSY ? 0
	    : stage == REPLY                  ? POLLOUT
					      : POLLIN;
	client->deadline = stage == IDLE || stage == BUSY ? LOOP_NEVER
							  : loop_now() + STALL;
}

/* ---- Replies ---------------------------------------------------------- */

/* False: the client is gone. */
static bool
send_some(struct client *client)
{
	while (client->out_done < client->out_size) {
		ssize_t sent = send(client->source.fd,
		    client->out + client->out_done,
		    client->out_size - client->out_done,
		    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EAGAIN;
		client->out_done += (size_t)sent;
	}
	drop_buffers(client);
	client->in_done = 0;
	begin(client, IDLE);
	return true;
}

static bool
make_reply(struct client *client, const struct pv_ioctl *io)
{
	struct socket_reply reply = {
		.magic = SOCKET_MAGIC,
		.error = pv_errno(io->error),
		.structure = (uint32_t)io->structure_len,
		.length = (uint32_t)(io->structure_len + io->data_len),
	};

	client->out_done = 0;
	client->out_size = sizeof(reply) + reply.length;
	client->out = malloc(client->out_size);
	if (client->out == NULL)
		return false;
	memcpy(client->out, &reply, sizeof(reply));
	memcpy(client->out + sizeof(reply), io->structure.bytes,
	    io->structure_len);
	if (io->data_len > 0)
		memcpy(client->out + sizeof(reply) + io->structure_len,
		    io->data, io->data_len);
	return true;
}

/* The reply is sent by the loop, so that nobody is freed in here. */
static void
request_done(struct pv_ioctl *io)
{
	struct client *client = io->owner;
	bool made = !client->closing && make_reply(client, io);

	pv_ioctl_end(io);
	if (client->closing)
		return;
	begin(client, REPLY);
	if (!made)
		client->deadline = 0; /* no memory: let it go */
}

/* ---- Requests --------------------------------------------------------- */

/* The message is the caller's memory. */
static int
copyin(struct pv_ioctl *io, uint64_t from, void *to, size_t size)
{
	const struct client *client = io->owner;
	size_t length = client->request.length;

	if (from > length || size > length - from)
		return PV_EFAULT;
	memcpy(to, client->in + from, size);
	return PV_OK;
}

/* A reply has room for everything. */
static int
reserve(struct pv_ioctl *io, size_t structure, uint64_t to, size_t data)
{
	(void)io;
	(void)structure;
	(void)to;
	(void)data;
	return PV_OK;
}

static void
run(struct client *client)
{
	begin(client, BUSY);
	client->io = (struct pv_ioctl){
		.bus = client->node->machine->bus,
		.unit = client->node->unit,
		.cmd = client->request.cmd,
		.writable = (client->request.flags & SOCKET_WRITABLE) != 0 &&
		    places_trusted(client->uid),
		.copyin = copyin,
		.reserve = reserve,
		.done = request_done,
		.owner = client,
	};
	pv_ioctl_start(&client->io);
}

static bool
take_header(struct client *client)
{
	const struct socket_request *request = &client->request;

	if (request->magic != SOCKET_MAGIC ||
	    request->length > SOCKET_MAX_LENGTH)
		return false;
	client->in = malloc(request->length + 1u);
	if (client->in == NULL)
		return false;
	client->in_done = 0;
	client->stage = BODY;
	return true;
}

/* Where the next bytes go, and how many are wanted there. */
static size_t
wanted(struct client *client, void **to)
{
	size_t size = sizeof(client->request);

	*to = (char *)&client->request + client->in_done;
	if (client->stage == BODY) {
		size = client->request.length;
		*to = client->in + client->in_done;
	}
	return size - client->in_done;
}

/* False: the client is gone, or talks nonsense. */
static bool
receive_some(struct client *client)
{
	for (;;) {
		void *to;
		size_t left = wanted(client, &to);
		ssize_t got = 0;

		if (left > 0) {
			got = recv(client->source.fd, to, left, MSG_DONTWAIT);
			if (got < 0)
				return errno == EAGAIN || errno == EINTR;
			if (got == 0)
				return false;
		}
		if (client->stage == IDLE)
			begin(client, HEADER);
		client->in_done += (size_t)got;
		if ((size_t)got < left)
			return true;
		if (client->stage == BODY) {
			run(client);
			return true;
		}
		if (!take_header(client))
			return false;
	}
}

static void
client_ready(void *ctx, short revents)
{
	struct client *client = ctx;
	bool good = true;

	if (client->stage == BUSY)
		good = (revents & (POLLHUP | POLLERR)) == 0;
	else if (client->stage == REPLY)
		good = client->out != NULL;
	else
		good = receive_some(client);
	/* what is answered already need not wait for another poll(2) */
	if (good && client->stage == REPLY && client->out != NULL)
		good = send_some(client);
	if (!good)
		client_close(client);
}

/* ---- Coming and going ------------------------------------------------- */

static unsigned
places_of(const struct daemon *daemon, uid_t uid)
{
	unsigned count = 0;

	for (const struct client *client = daemon->clients; client != NULL;
	     client = client->next)
		count += client->uid == uid;
	return count;
}

void
client_new(struct node *node, int fd)
{
	struct daemon *daemon = node->daemon;
	struct client *client = NULL;
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t size = sizeof(peer);

	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
	if (places_left(peer.uid, daemon->config.clients, daemon->client_count,
		places_of(daemon, peer.uid)))
		client = calloc(1, sizeof(*client));
	if (client == NULL) {
		log_line(PV_LOG_DEBUG,
		    "client of user %u refused: %u are "
		    "connected",
		    (unsigned)peer.uid, daemon->client_count);
		close(fd);
		return;
	}
	client->node = node;
	client->uid = peer.uid;
	client->source = (struct loop_source){ .fd = fd,
		.call = client_ready,
		.ctx = client };
	begin(client, IDLE);
	client->next = daemon->clients;
	daemon->clients = client;
	if (++daemon->client_count > daemon->client_peak)
		daemon->client_peak = daemon->client_count;
	loop_add(&daemon->loop, &client->source);
}

void
clients_close(struct daemon *daemon)
{
	while (daemon->clients != NULL)
		client_close(daemon->clients);
}

uint64_t
clients_expire(struct daemon *daemon, uint64_t now)
{
	uint64_t first = LOOP_NEVER;
	struct client *next;

	for (struct client *client = daemon->clients; client != NULL;
	     client = next) {
		next = client->next;
		if (client->deadline <= now)
			client_close(client);
		else if (client->deadline < first)
			first = client->deadline;
	}
	return first;
}
