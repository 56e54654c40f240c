/* SPDX-License-Identifier: ISC */
/* pvhost -C, and those who are no pvhost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "programs/pvhost/control.h"
#include "programs/pvhost/parts.h"
#include "tests/support/pvhost_said.h"

static char directory[] = "/tmp/pvhost-ask-XXXXXX", path[64];
static char printed[1024];
static size_t printed_size;

static int
listen_there(void)
{
	struct sockaddr_un address;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(control_address(&address, path));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)),
	    0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

/* In a child: one line is read, and compared, and this is what is said to it. */
static pid_t
serve(int listener, const char *expected, const char *answer, size_t size)
{
	pid_t child = fork();
	char line[1024] = "";
	size_t n = 0;
	int fd;

	if (child != 0)
		return child;
	fd = accept(listener, NULL, NULL);
	while (n < sizeof(line) - 1 && read(fd, line + n, 1) == 1 &&
	    line[n++] != '\n')
		;
	(void)!write(fd, answer, size);
	_exit(expected != NULL && strcmp(line, expected) != 0);
}

/* Its standard output goes into a pipe meanwhile. */
static int
ask(char **words)
{
	struct options options = { .ask = path, .words = words };
	int ends[2], before = dup(STDOUT_FILENO), status;
	ssize_t n;

	while (words[options.word_count] != NULL)
		options.word_count++;
	fflush(stdout);
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDOUT_FILENO);
	close(ends[1]);
	status = control_ask(&options);
	dup2(before, STDOUT_FILENO);
	close(before);
	n = read(ends[0], printed, sizeof(printed) - 1);
	close(ends[0]);
	assert_true(n >= 0);
	printed_size = (size_t)n;
	printed[n] = '\0';
	return status;
}

static char word_status[] = "status", word_blank[] = "a \"b\\\n";
static char *words[] = { word_status, word_blank, NULL };

static int
answered(const char *answer, size_t size)
{
	int listener = listen_there(), status, ended;
	pid_t child = serve(listener, "\"status\" \"a \\\"b\\\\\\x0a\"\n",
	    answer, size);

	said[0] = '\0';
	status = ask(words);
	assert_int_equal(waitpid(child, &ended, 0), child);
	assert_int_equal(ended, 0);
	close(listener);
	assert_int_equal(unlink(path), 0);
	return status;
}

#define ANSWERED(text) answered(text, sizeof(text) - 1)

static void
an_answer(void **state)
{
	(void)state;
	assert_int_equal(ANSWERED("ok 5\na\0b\n\377"), 0);
	assert_int_equal(printed_size, 5);
	assert_memory_equal(printed, "a\0b\n\377", 5);
	assert_int_equal(ANSWERED("ok 0\n"), 0);
	assert_int_equal(printed_size, 0);
}

static void
a_refusal(void **state)
{
	(void)state;
	assert_int_equal(ANSWERED("no 7\nnot now"), 1);
	assert_non_null(strstr(said, "not now"));
	assert_int_equal(printed_size, 0);
	assert_int_equal(ANSWERED("no 0\n"), 1);
}

static void
others(void **state)
{
	static const char *const bad[] = { "hello\n", "ok\n", "ok x\n",
		"ok 5x\n", "ok -1\n", "ok 4194305\n",
		"ok 99999999999999999999\n", "OK 0\n",
		"ok 00000000000000000000000000000000000000\n", "\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(answered(bad[i], strlen(bad[i])), 74);
		assert_non_null(strstr(said, "this is no pvhost"));
	}
}

static void
half_an_answer(void **state)
{
	(void)state;
	assert_int_equal(ANSWERED(""), 74);
	assert_non_null(strstr(said, "without an answer"));
	assert_int_equal(ANSWERED("ok 5"), 74);
	assert_int_equal(ANSWERED("ok 5\nabcd"), 74);
	assert_int_equal(printed_size, 0);
}

static void
nobody(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(ask(words), 69);
	assert_non_null(strstr(said, "no pvhost answers there"));
	fd = listen_there();
	close(fd);
	assert_int_equal(ask(words), 69);
	assert_int_equal(unlink(path), 0);
}

static void
a_line_too_long(void **state)
{
	char *word = malloc(CONTROL_LINE_MAX + 1);
	char *long_words[] = { word, NULL };
	int listener = listen_there();

	(void)state;
	assert_non_null(word);
	memset(word, 'x', CONTROL_LINE_MAX);
	word[CONTROL_LINE_MAX] = '\0';
	assert_int_equal(ask(long_words), 65);
	assert_non_null(strstr(said, "at most 1 MiB"));
	free(word);
	close(listener);
	assert_int_equal(unlink(path), 0);
}

static int
make_directory(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/socket", directory);
	return 0;
}

static int
remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer),
		cmocka_unit_test(a_refusal),
		cmocka_unit_test(others),
		cmocka_unit_test(half_an_answer),
		cmocka_unit_test(nobody),
		cmocka_unit_test(a_line_too_long),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
