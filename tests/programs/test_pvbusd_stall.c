/* SPDX-License-Identifier: ISC */
/*
 * Clients that stall: pvbusd closes them after its 10 s, all in one run of the
 * clock, and leaves those alone that only wait.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/daemon.h"

#define STALL 10.0 /* of programs/pvbusd/client.c */

static struct pvbusd *d;
static double start;
static struct {
	int header, body, drip, reader; /* stall */
	int idle, watch;                /* wait */
} clients;
static struct answer answer;
static unsigned char message[4096];
static size_t message_size, dripped;

static int
open_watch(void)
{
	int fd = client_open(d);
	struct pvbus_kv_wire kv;

	message_size = make_request(message, PVBUS_CMD_WATCH, 0, GREETING_KEY,
	    NULL, 0);
	client_send(fd, message, message_size);
	client_answer(fd, &answer);
	assert_int_equal(answer.error, 0);
	memcpy(&kv, message + sizeof(struct socket_request), sizeof(kv));
	kv.seen = answer.kv.seen;
	memcpy(message + sizeof(struct socket_request), &kv, sizeof(kv));
	client_send(fd, message, message_size);
	return fd;
}

static int
setup(void **state)
{
	if (pvbusd_setup_running(state) != 0)
		return -1;
	d = *state;
	clients.idle = client_open(d);
	clients.watch = open_watch();
	clients.reader = client_open(d);
	message_size = make_request(message, PVBUS_CMD_GET, 0, LARGE_KEY, NULL,
	    0);
	/* more answers than a socket takes */
	for (unsigned i = 0; i < 30; i++)
		client_send(clients.reader, message, message_size);
	clients.header = client_open(d);
	clients.body = client_open(d);
	clients.drip = client_open(d);
	start = now();
	client_send(clients.header, message, 7);
	client_send(clients.body, message, message_size - 1);
	client_send(clients.drip, message, ++dripped);
	pvbusd_settle(d);
	return 0;
}

/* Wait, while one client sends a byte now and then, and others are served. */
static void
is_closed_for_stalling(int fd)
{
	while (!client_is_closed(fd, 0.5)) {
		pvbusd_serves_others(d);
		if (now() - start > STALL + DEADLINE)
			fail_msg("still open after %.1f s", now() - start);
		/* it may just have been closed */
		if (send(clients.drip, message + dripped, 1, MSG_NOSIGNAL) == 1)
			dripped++;
	}
	/* to see it too late says nothing about pvbusd */
	assert_true(now() - start >= STALL - 0.1);
	pvbusd_serves_others(d);
}

static void
test_half_a_header_is_closed(void **state)
{
	(void)state;
	is_closed_for_stalling(clients.header);
}

static void
test_half_a_body_is_closed(void **state)
{
	(void)state;
	is_closed_for_stalling(clients.body);
}

static void
test_a_byte_now_and_then_is_closed(void **state)
{
	(void)state;
	is_closed_for_stalling(clients.drip);
	assert_true(dripped < message_size);
}

static void
test_who_does_not_read_is_closed(void **state)
{
	(void)state;
	is_closed_for_stalling(clients.reader);
}

static void
test_who_says_nothing_stays(void **state)
{
	(void)state;
	assert_true(now() - start >= STALL);
	assert_false(client_is_closed(clients.idle, 0));
	client_reads_greeting(clients.idle);
}

static void
test_a_watch_stays(void **state)
{
	(void)state;
	assert_true(now() - start >= STALL);
	client_waits(clients.watch);
	assert_false(client_is_closed(clients.watch, 0));
}

static void
test_nothing_is_left_of_them(void **state)
{
	(void)state;
	close(clients.idle);
	close(clients.watch);
	pvbusd_lets_go(d);
	assert_int_equal(pvbusd_descriptors(d), d->descriptors);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_half_a_header_is_closed),
		cmocka_unit_test(test_half_a_body_is_closed),
		cmocka_unit_test(test_a_byte_now_and_then_is_closed),
		cmocka_unit_test(test_who_does_not_read_is_closed),
		cmocka_unit_test(test_who_says_nothing_stays),
		cmocka_unit_test(test_a_watch_stays),
		cmocka_unit_test(test_nothing_is_left_of_them),
	};

	return cmocka_run_group_tests(tests, setup, pvbusd_teardown);
}
