/* SPDX-License-Identifier: ISC */
/* pvhost -C: the other end of the control socket. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "programs/pvhost/control.h"
#include "programs/pvhost/parts.h"

#define PATIENCE 30 /* seconds */

/* Statuses as those of hostctl(8). */
enum {
	ASK_DONE = 0,
	ASK_REFUSED = 1,
	ASK_NOBODY = 69,
	ASK_BROKEN = 74,
	ASK_TIME = 75
};

static int
fail(const struct options *options, int status, const char *problem)
{
	say("%s: %s", options->ask, problem);
	return status;
}

static int
fail_by_errno(const struct options *options)
{
	if (errno == EAGAIN)
		return fail(options, ASK_TIME,
		    "no answer within 30 seconds; try again");
	return fail(options, ASK_BROKEN, strerror(errno));
}

/* ---- Asking ----------------------------------------------------------- */

static bool
send_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		bytes += n;
		size -= (size_t)n;
	}
	return true;
}

static int
send_words(int fd, const struct options *options)
{
	struct reply line = { 0 };
	int status = ASK_DONE;

	for (unsigned i = 0; i < options->word_count; i++) {
		if (i > 0)
			reply_add(&line, " ", 1);
		words_quote(&line, options->words[i],
		    strlen(options->words[i]));
	}
	reply_add(&line, "\n", 1);
	if (line.cut || line.size > CONTROL_LINE_MAX)
		status = fail(options, 65,
		    "expected shorter words: a line "
		    "has at most 1 MiB");
	/* EPIPE: it may have said why before it went */
	else if (!send_all(fd, line.text, line.size) && errno != EPIPE)
		status = fail_by_errno(options);
	reply_free(&line);
	return status;
}

/* ---- The answer ------------------------------------------------------- */

/* -1: it has all. */
static int
receive(int fd, const struct options *options, struct reply *answer,
    size_t wanted)
{
	char bytes[4096];

	while (answer->size < wanted) {
		size_t left = wanted - answer->size;
		ssize_t n = recv(fd, bytes,
		    left < sizeof(bytes) ? left : sizeof(bytes), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_by_errno(options);
		if (n == 0)
			return fail(options, ASK_BROKEN,
			    "it went away without an answer");
		reply_add(answer, bytes, (size_t)n);
	}
	return -1;
}

/* "ok N\n" or "no N\n", a byte at a time, for bytes follow. */
static int
receive_head(int fd, const struct options *options, bool *good, size_t *size)
{
	struct reply head = { 0 };
	char *end = NULL;
	int status;

	do
		status = receive(fd, options, &head, head.size + 1);
	while (
	    status < 0 && head.text[head.size - 1] != '\n' && head.size < 32);
	if (status >= 0) {
		reply_free(&head);
		return status;
	}
	*good = strncmp(head.text, "ok ", 3) == 0;
	if (*good || strncmp(head.text, "no ", 3) == 0)
		*size = strtoul(head.text + 3, &end, 10);
	if (end == NULL || *end != '\n' || *size > REPLY_MAX)
		status = fail(options, ASK_BROKEN,
		    "this is no pvhost: expected ok or no with a number");
	reply_free(&head);
	return status;
}

/* A terminal gets nothing that it might obey. */
static void
print_safely(const struct reply *answer)
{
	struct reply safe = { 0 };

	for (size_t i = 0; i < answer->size; i++) {
		uint8_t byte = (uint8_t)answer->text[i];

		if ((byte < ' ' && byte != '\n' && byte != '\t') ||
		    byte == 0x7f)
			reply_print(&safe, "\\x%02x", byte);
		else
			reply_add(&safe, &byte, 1);
	}
	if (safe.size > 0 && safe.text[safe.size - 1] != '\n')
		reply_add(&safe, "\n", 1);
	(void)!write(STDOUT_FILENO, safe.text, safe.size);
	reply_free(&safe);
}

static int
print(const struct options *options, const struct reply *answer)
{
	size_t done = 0;

	if (isatty(STDOUT_FILENO)) {
		print_safely(answer);
		return ASK_DONE;
	}
	while (done < answer->size) {
		ssize_t n = write(STDOUT_FILENO, answer->text + done,
		    answer->size - done);

		if (n < 0 && errno != EINTR)
			return fail(options, ASK_BROKEN, strerror(errno));
		done += n > 0 ? (size_t)n : 0;
	}
	return ASK_DONE;
}

static int
ask(int fd, const struct options *options)
{
	struct reply answer = { 0 };
	bool good = false;
	size_t size = 0;
	int status = send_words(fd, options);

	if (status == ASK_DONE)
		status = receive_head(fd, options, &good, &size);
	if (status < 0)
		status = receive(fd, options, &answer, size);
	if (status < 0 && good)
		status = print(options, &answer);
	else if (status < 0)
		status = fail(options, ASK_REFUSED,
		    answer.text != NULL ? answer.text : "no");
	reply_free(&answer);
	return status;
}

int
control_ask(const struct options *options)
{
	struct timeval patience = { .tv_sec = PATIENCE };
	struct sockaddr_un address;
	int fd, status;

	if (!control_address(&address, options->ask))
		return EXIT_USAGE;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(options, ASK_BROKEN, strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof(patience));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
	    sizeof(patience));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		status = fail(options, ASK_NOBODY,
		    errno == ECONNREFUSED || errno == ENOENT
			? "no pvhost answers there; expected the socket of "
			  "--control"
			: strerror(errno));
	else
		status = ask(fd, options);
	close(fd);
	return status;
}
