/* SPDX-License-Identifier: ISC */
/*
 * commands ROUNDS NAME=COMMAND...: run the commands in turns, ROUNDS times each,
 * and report the median of each and its ratio to the first.  Commands are split
 * at blanks; their output goes nowhere; one that fails is said to.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/clock.h"

#define ROUNDS_MAX 2000
#define COMMANDS_MAX 16
#define WORDS_MAX 16

extern char **environ;

struct command {
	const char *name;
	char *words[WORDS_MAX + 1];
	uint64_t *times;
	int status;
};

static posix_spawn_file_actions_t nowhere;

static void
parse(struct command *command, char *text)
{
	unsigned count = 0;

	command->name = strsep(&text, "=");
	while (text != NULL && count < WORDS_MAX)
		command->words[count++] = strsep(&text, " ");
	command->words[count] = NULL;
}

static void
run(struct command *command, unsigned round)
{
	uint64_t start = nanoseconds();
	pid_t child;
	int status = -1;

	if (posix_spawn(&child, command->words[0], &nowhere, NULL,
		command->words, environ) == 0)
		waitpid(child, &status, 0);
	command->times[round] = nanoseconds() - start;
	if (status != 0)
		command->status = status;
}

int
main(int argc, char **argv)
{
	struct command commands[COMMANDS_MAX] = { 0 };
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
	int count = argc - 2, failed = 0;
	uint64_t first = 0;

	if (rounds < 1 || rounds > ROUNDS_MAX || count < 1 ||
	    count > COMMANDS_MAX) {
		fputs("usage: commands rounds name=command ...\n", stderr);
		return 64;
	}
	posix_spawn_file_actions_init(&nowhere);
	posix_spawn_file_actions_addopen(&nowhere, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&nowhere, 2, "/dev/null", O_WRONLY, 0);
	for (int i = 0; i < count; i++) {
		parse(&commands[i], argv[i + 2]);
		commands[i].times = calloc(rounds, sizeof(uint64_t));
	}
	for (unsigned round = 0; round < rounds; round++)
		for (int i = 0; i < count; i++)
			run(&commands[i], round);
	for (int i = 0; i < count; i++) {
		uint64_t time = median(commands[i].times, rounds);

		if (i == 0)
			first = time;
		printf("%-24s %8.1f us  %5.2f x %s%s\n", commands[i].name,
		    (double)time / 1000, (double)time / (double)first,
		    commands[0].name,
		    commands[i].status != 0 ? "  (it failed)" : "");
		failed |= commands[i].status != 0;
		free(commands[i].times);
	}
	return failed;
}
