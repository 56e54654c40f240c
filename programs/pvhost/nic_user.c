/* SPDX-License-Identifier: ISC */
/*
 * A network in user space: libslirp plays the router, and makes connections of
 * its own for those of the guest.  No rights are needed for it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "programs/pvhost/nic_user.h"
#include "programs/pvhost/reply.h"

#define EXPECTED                                                         \
	"expected forward=tcp:HOSTPORT:GUESTPORT (or udp), loopback or " \
	"restrict"

/* ---- For libslirp ------------------------------------------------------- */

static void
on_error(const char *text, void *opaque)
{
	const struct user *user = opaque;

	say_more(user->machine, "%s: %s", user->nic->name, text);
}

/* user_ready() looks at all of them each time. */
static void
on_socket(int fd, void *opaque)
{
	(void)fd;
	(void)opaque;
}

static void
on_notify(void *opaque)
{
	user_wake(opaque);
}

static const SlirpCb callbacks = {
	.send_packet = user_packet,
	.guest_error = on_error,
	.clock_get_ns = user_clock,
	.timer_new = user_timer_new,
	.timer_free = user_timer_free,
	.timer_mod = user_timer_set,
	.register_poll_fd = on_socket,
	.unregister_poll_fd = on_socket,
	.notify = on_notify,
};

/* ---- Words -------------------------------------------------------------- */

static bool
parse_port(const char **at, char end, unsigned *port)
{
	char *behind;
	unsigned long value = strtoul(*at, &behind, 10);

	if (**at < '0' || **at > '9' || value == 0 || value > 65535 ||
	    *behind != end)
		return false;
	*port = (unsigned)value;
	*at = behind + 1;
	return true;
}

static bool
forward(struct user *user, const char *words, struct reply *reply)
{
	const struct in_addr here = { htonl(INADDR_LOOPBACK) }, guest = { 0 };
	bool udp = strncmp(words, "udp:", 4) == 0;
	const char *at = words + 4;
	unsigned from, to;

	if ((!udp && strncmp(words, "tcp:", 4) != 0) ||
	    !parse_port(&at, ':', &from) || !parse_port(&at, '\0', &to))
		return reply_no(reply, EXPECTED ", got \"forward=%s\"", words);
	if (slirp_add_hostfwd(user->slirp, udp, here, (int)from, guest,
		(int)to) == 0)
		return true;
	return reply_no(reply,
	    "NIC user: port %u of 127.0.0.1 cannot be had: %s", from,
	    strerror(errno));
}

/* Those that libslirp is made with, and then those for one that is there. */
static bool
each_word(struct user *user, const char *words, SlirpConfig *config,
    struct reply *reply)
{
	char *copy = strdup(words), *next = copy, *word;
	bool good = copy != NULL || reply_no(reply, "out of memory");

	while (good && (word = strsep(&next, ",")) != NULL) {
		bool forwards = strncmp(word, "forward=", 8) == 0;

		if (forwards && config == NULL)
			good = forward(user, word + 8, reply);
		else if (config == NULL || forwards || word[0] == '\0')
			continue;
		else if (strcmp(word, "restrict") == 0)
			config->restricted = 1;
		else if (strcmp(word, "loopback") == 0)
			config->disable_host_loopback = false;
		else
			good = reply_no(reply, EXPECTED ", got \"%s\"", word);
	}
	free(copy);
	return good;
}

/* ---- Open, send, close -------------------------------------------------- */

static struct in_addr
address(const char *text)
{
	struct in_addr value = { 0 };

	inet_pton(AF_INET, text, &value);
	return value;
}

static struct in6_addr
address6(const char *text)
{
	struct in6_addr value = { 0 };

	inet_pton(AF_INET6, text, &value);
	return value;
}

/* Addresses as users of QEMU know them.  A service that listens on 127.0.0.1
 * only is not for a guest: where one shall be, loopback is to be said. */
static SlirpConfig
configuration(const struct nic *nic)
{
	return (SlirpConfig){
		.version = 1,
		.in_enabled = true,
		.vnetwork = address("10.0.2.0"),
		.vnetmask = address("255.255.255.0"),
		.vhost = address("10.0.2.2"),
		.vdhcp_start = address("10.0.2.15"),
		.vnameserver = address("10.0.2.3"),
		.in6_enabled = true,
		.vprefix_addr6 = address6("fec0::"),
		.vprefix_len = 64,
		.vhost6 = address6("fec0::2"),
		.vnameserver6 = address6("fec0::3"),
		.if_mtu = nic->mtu,
		.if_mru = nic->mtu,
		.disable_host_loopback = true,
	};
}

static void
user_close(void *self)
{
	struct user *user = self;

	if (user->slirp != NULL)
		slirp_cleanup(user->slirp);
	nic_pull_end(&user->pull);
	timers_forget(&user->machine->timers, user);
	loop_remove(&user->source);
	if (user->epoll >= 0)
		close(user->epoll);
	if (user->event >= 0)
		close(user->event);
	user_free_frames(user);
	free(user->fds);
	free(user->watched);
	free(user);
}

static void
user_send(void *self, const struct nic_frame *frame)
{
	struct user *user = self;

	user->nic->sent++;
	slirp_input(user->slirp, frame->bytes, (int)frame->length);
	user_wake(user);
}

static bool
make_descriptors(struct user *user, struct reply *reply)
{
	struct epoll_event event = { .events = EPOLLIN };

	user->epoll = epoll_create1(EPOLL_CLOEXEC);
	user->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (user->epoll < 0 || user->event < 0 ||
	    epoll_ctl(user->epoll, EPOLL_CTL_ADD, user->event, &event) != 0)
		return reply_no(reply, "NIC user: %s", strerror(errno));
	return true;
}

static bool
start(struct user *user, const char *words, struct reply *reply)
{
	SlirpConfig config = configuration(user->nic);

	if (!make_descriptors(user, reply) ||
	    !each_word(user, words, &config, reply))
		return false;
	signal(SIGPIPE, SIG_IGN); /* of its sockets */
	user->slirp = slirp_new(&config, &callbacks, user);
	if (user->slirp == NULL)
		return reply_no(reply, "NIC user: libslirp refuses");
	if (!each_word(user, words, NULL, reply))
		return false;
	user->source.fd = user->epoll;
	loop_add(&user->machine->loop, &user->source);
	user_wake(user);
	return true;
}

static void *
user_open(struct nic *nic, struct machine *machine, const char *words,
    struct reply *reply)
{
	struct user *user = calloc(1, sizeof(*user));

	if (user == NULL) {
		reply_no(reply, "out of memory");
		return NULL;
	}
	user->nic = nic;
	user->machine = machine;
	user->epoll = user->event = -1;
	user->end = &user->first;
	user->source = (struct loop_source){ .fd = -1,
		.events = POLLIN,
		.call = user_ready,
		.ctx = user };
	user->pull = (struct nic_pull){ .nic = nic,
		.machine = machine,
		.next = user_next,
		.watch = user_watch,
		.self = user };
	if (start(user, words, reply))
		return user;
	user_close(user);
	return NULL;
}

const struct nic_kind nic_user = { "user", user_open, user_close, user_send };
