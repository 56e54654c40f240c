/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "programs/pvhost/machine.h"
#include "programs/pvhost/terminal.h"

#define ESCAPE 0x01 /* ^A, as in QEMU */

/* ---- Modes ------------------------------------------------------------ */

/* Not in the background: that would stop pvhost. */
static void
make_raw(struct terminal *terminal)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &terminal->before) < 0 ||
	    tcgetpgrp(STDIN_FILENO) != getpgrp())
		return;
	raw = terminal->before;
	raw.c_iflag &= ~(
	    tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON);
	raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN | ISIG);
	/* what is printed stays as it is: our own lines end in \n alone */
	terminal->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

/* ---- Signals ---------------------------------------------------------- */

static void
signalled(void *ctx, short revents)
{
	struct terminal *terminal = ctx;
	struct signalfd_siginfo info;

	(void)revents;
	if (read(terminal->signals.fd, &info, sizeof(info)) == sizeof(info))
		machine_end(terminal->machine, 128 + (int)info.ssi_signo,
		    "ended by signal %u, %s", info.ssi_signo,
		    strsignal((int)info.ssi_signo));
}

/* Before any vCPU's thread is there, so that all have them blocked. */
static bool
catch_signals(struct terminal *terminal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	terminal->signals = (struct loop_source){
		.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
		.events = POLLIN,
		.call = signalled,
		.ctx = terminal,
	};
	if (terminal->signals.fd < 0) {
		say("signalfd: %s", strerror(errno));
		return false;
	}
	loop_add(&terminal->machine->loop, &terminal->signals);
	return true;
}

/* ---- Input ------------------------------------------------------------ */

/* Without the escape's keys; in place. */
static size_t
without_escapes(struct terminal *terminal, uint8_t *bytes, size_t size)
{
	size_t kept = 0;

	for (size_t i = 0; i < size; i++) {
		bool escaped = terminal->escape;

		terminal->escape = bytes[i] == ESCAPE && !escaped;
		if (escaped && bytes[i] == 'x')
			machine_end(terminal->machine, EXIT_OFF,
			    "ended by ^A x");
		if (!terminal->escape && (!escaped || bytes[i] == ESCAPE))
			bytes[kept++] = bytes[i];
	}
	return kept;
}

static void
pass_on(struct terminal *terminal)
{
	size_t n;

	if (terminal->count == 0)
		return;
	n = terminal->take(terminal->ctx, terminal->bytes + terminal->first,
	    terminal->count);
	terminal->first += n;
	terminal->count -= n;
}

/* Keys that nobody has taken for so long are lost; others' bytes are not read
 * before there is room. */
static void
keep(struct terminal *terminal, const uint8_t *bytes, size_t size)
{
	size_t room = sizeof(terminal->bytes) - terminal->count;

	memmove(terminal->bytes, terminal->bytes + terminal->first,
	    terminal->count);
	terminal->first = 0;
	if (size > room)
		size = room;
	memcpy(terminal->bytes + terminal->count, bytes, size);
	terminal->count += size;
}

static void
stop_input(struct terminal *terminal)
{
	loop_remove(&terminal->input);
	terminal->input.fd = -1;
}

static void
readable(void *ctx, short revents)
{
	struct terminal *terminal = ctx;
	uint8_t bytes[sizeof(terminal->bytes)];
	ssize_t n = 0;

	if (revents & (POLLIN | POLLHUP))
		n = read(STDIN_FILENO, bytes, sizeof(bytes));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) { /* its end, or closed from the start */
		stop_input(terminal);
		return;
	}
	if (terminal->raw)
		n = (ssize_t)without_escapes(terminal, bytes, (size_t)n);
	keep(terminal, bytes, (size_t)n);
	pass_on(terminal);
	/* A terminal is read all the same, for ^A x.  -1 and not events of 0: a
	 * hangup would come again and again. */
	if (terminal->count > 0 && !terminal->raw)
		terminal->input.fd = -1;
}

static void
resume_in_loop(void *argument)
{
	struct loop_source *input = argument;

	if (input->loop != NULL)
		input->fd = STDIN_FILENO;
}

void
terminal_resume(struct terminal *terminal)
{
	if (terminal->count == 0)
		return;
	pass_on(terminal);
	/* poll(2) may be under way without it */
	if (terminal->count == 0)
		timers_later(&terminal->machine->timers, 0, resume_in_loop,
		    &terminal->input);
}

bool
terminal_make(struct terminal *terminal, struct machine *machine,
    size_t (*take)(void *, const uint8_t *, size_t), void *ctx)
{
	*terminal = (struct terminal){
		.machine = machine,
		.take = take,
		.ctx = ctx,
		.input = { .fd = STDIN_FILENO,
		    .events = POLLIN,
		    .call = readable,
		    .ctx = terminal },
	};
	if (!catch_signals(terminal))
		return false;
	if (take == NULL)
		return true;
	make_raw(terminal);
	loop_add(&machine->loop, &terminal->input);
	return true;
}

void
terminal_free(struct terminal *terminal)
{
	if (terminal->machine == NULL)
		return;
	timers_forget(&terminal->machine->timers, &terminal->input);
	loop_remove(&terminal->input);
	loop_remove(&terminal->signals);
	if (terminal->signals.fd >= 0)
		close(terminal->signals.fd);
	if (terminal->raw)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal->before);
}
