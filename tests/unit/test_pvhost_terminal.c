/* SPDX-License-Identifier: ISC */
/* pvhost's standard input: pipes and terminals, and a guest that does not
 * always read. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "programs/pvhost/machine.h"
#include "programs/pvhost/terminal.h"

static struct machine machine;
static struct terminal terminal;
static char taken[4096];
static size_t taken_size, room;
static void (*later)(void *);
static void *argument;
static int before;

void
say(const char *format, ...)
{
	(void)format;
}

void
machine_end(struct machine *self, int status, const char *format, ...)
{
	(void)format;
	self->ended = true;
	self->status = status;
}

void
timers_later(struct timers *timers, uint64_t delay, void (*call)(void *),
    void *ctx)
{
	(void)timers;
	(void)delay;
	later = call;
	argument = ctx;
}

void
timers_forget(struct timers *timers, const void *ctx)
{
	(void)timers;
	(void)ctx;
	later = NULL;
}

static size_t
take(void *ctx, const uint8_t *bytes, size_t size)
{
	size_t n = size < room ? size : room;

	(void)ctx;
	memcpy(taken + taken_size, bytes, n);
	taken_size += n;
	taken[taken_size] = '\0';
	room -= n;
	return n;
}

static void
turn(void)
{
	for (int i = 0; i < 4; i++)
		(void)loop_once(&machine.loop, loop_now());
}

static void
make_room(size_t n)
{
	room = n;
	terminal_resume(&terminal);
	if (later != NULL)
		later(argument);
	later = NULL;
	turn();
}

/* Standard input is this descriptor from now on. */
static bool
begin(int fd)
{
	memset(&machine, 0, sizeof(machine));
	taken_size = 0;
	taken[0] = '\0';
	room = 16;
	before = dup(STDIN_FILENO);
	dup2(fd, STDIN_FILENO);
	close(fd);
	return terminal_make(&terminal, &machine, take, NULL);
}

static void
end(void)
{
	terminal_free(&terminal);
	loop_free(&machine.loop);
	dup2(before, STDIN_FILENO);
	close(before);
}

static void
a_pipe_waits_for_room(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_true(begin(ends[0]));
	assert_int_equal(write(ends[1], "0123456789abcdefghij\001x", 22), 22);
	turn();
	assert_string_equal(taken, "0123456789abcdef");
	/* this one is not read before there is room */
	assert_int_equal(write(ends[1], "next", 4), 4);
	turn();
	assert_int_equal(terminal.count, 6);
	make_room(100);
	assert_string_equal(taken, "0123456789abcdefghij\001xnext");
	assert_false(machine.ended);
	end();
	close(ends[1]);
}

static void
the_end_of_a_pipe(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_true(begin(ends[0]));
	assert_int_equal(write(ends[1], "0123456789abcdefghij", 20), 20);
	close(ends[1]);
	turn();
	make_room(100);
	assert_string_equal(taken, "0123456789abcdefghij");
	turn();
	/* nobody asks it any more; the machine goes on */
	assert_null(terminal.input.loop);
	assert_false(machine.ended);
	end();
}

static void
nothing_at_all(void **state)
{
	(void)state;
	assert_true(begin(open("/dev/null", O_RDONLY)));
	turn();
	assert_null(terminal.input.loop);
	make_room(1);
	end();
}

static void
a_signal(void **state)
{
	(void)state;
	assert_true(begin(open("/dev/null", O_RDONLY)));
	raise(SIGTERM);
	turn();
	assert_true(machine.ended);
	assert_int_equal(machine.status, 143);
	end();
}

/* In a session of its own, whose terminal this is; the number of what went
 * wrong. */
static int
on_a_terminal(int keys)
{
	struct termios first, raw, last;
	int fd;

	setsid();
	fd = open(ptsname(keys), O_RDWR);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) < 0)
		return 1;
	tcgetattr(fd, &first);
	fd = dup(fd);
	if (!begin(dup(fd)) || tcgetattr(fd, &raw) < 0 ||
	    (raw.c_lflag & (ICANON | ECHO | ISIG)) != 0)
		return 2;
	if (write(keys, "a\003\001\001\001zb", 7) != 7)
		return 3;
	turn();
	if (strcmp(taken, "a\003\001b") != 0 || machine.ended)
		return 4;
	/* nobody takes anything, and still */
	room = 0;
	for (int i = 0; i < 20; i++) {
		if (write(keys, "0123456789abcdef0123456789abcdef", 32) != 32)
			return 5;
		turn();
	}
	if (write(keys, "\001x", 2) != 2)
		return 6;
	turn();
	if (!machine.ended || machine.status != EXIT_OFF)
		return 7;
	end();
	tcgetattr(fd, &last);
	return first.c_iflag == last.c_iflag && first.c_lflag == last.c_lflag
	    ? 0
	    : 8;
}

static void
a_terminal(void **state)
{
	int keys = posix_openpt(O_RDWR | O_NOCTTY), status;
	pid_t child;

	(void)state;
	/* a chroot may have no /dev/pts */
	if (keys < 0 || grantpt(keys) < 0 || unlockpt(keys) < 0 ||
	    access(ptsname(keys), R_OK | W_OK) < 0)
		skip();
	child = fork();
	if (child == 0)
		_exit(on_a_terminal(keys));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(keys);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pipe_waits_for_room),
		cmocka_unit_test(the_end_of_a_pipe),
		cmocka_unit_test(nothing_at_all),
		cmocka_unit_test(a_signal),
		cmocka_unit_test(a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
