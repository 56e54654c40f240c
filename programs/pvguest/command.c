/* SPDX-License-Identifier: ISC */
#include "programs/pvguest/pvguest.h"
#include "programs/pvguest/words.h"

const struct command commands[] = {
	{ "again", "", "detach all devices and attach them anew", cmd_again },
	{ "clock", "[MS [PPM]]",
	    "the clocks, held against a timer for so long, and against each "
	    "other",
	    cmd_clock },
	{ "cpus", "", "the CPUs that run", cmd_cpus },
	{ "crash", "null|stack|ud|cpu|panic", "try the way a fault is reported",
	    cmd_crash },
	{ "devices", "", "the tree of devices", cmd_devices },
	{ "disk", "NAME info|read|write|fill|check|mix|flush|discard|bench",
	    "use a disk; pvguest(8) has the arguments", cmd_disk },
	{ "dmesg", "", "the attach report again", cmd_dmesg },
	{ "echo", "WORD...", "print words", cmd_echo },
	{ "exit", "[STATUS]", "end with a status", cmd_exit },
	{ "help", "", "this list", cmd_help },
	{ "hostctl", "[-u N] [-l|-r|-d|-t|-w MS|-c VALUE] KEY [VALUE]",
	    "read or write a key of the host's store", cmd_hostctl },
	{ "junk", "[COUNT [SEED]]", "say nonsense to the host", cmd_junk },
	{ "mem", "", "memory, used and free", cmd_mem },
	{ "nic", "NAME info|up|ping|echo|frames|bench",
	    "use a network interface; see pvguest(8)", cmd_nic },
	{ "poweroff", "", "end with status 0", cmd_poweroff },
	{ "reboot", "", "start the machine again", cmd_reboot },
	{ "repeat", "N COMMAND...", "run a command N times", cmd_repeat },
	{ "sleep", "MS", "poll and wait", cmd_sleep },
	{ "stats", "[DEVICE]", "what was counted", cmd_stats },
	{ "suspend", "", "let the host save this machine", cmd_suspend },
	{ "time", "[COMMAND...]", "the clock, or how long a command takes",
	    cmd_time },
	{ "wait", "MS COMMAND...", "run a command until it succeeds",
	    cmd_wait },
	{ NULL, NULL, NULL, NULL },
};

int
command_run(int argc, char **argv)
{
	if (argc == 0)
		return STATUS_OK;
	for (const struct command *command = commands; command->name != NULL;
	     command++)
		if (same(command->name, argv[0]))
			return command->run(argc, argv);
	return fail(STATUS_USAGE, "%s: expected a command, see help", argv[0]);
}

int
commands_run(const char *text)
{
	/* A command may run commands, but only of words that are taken
	 * apart already. */
	static char buffer[LINE];
	char *words[WORDS];
	const char *problem;
	int count, status;

	while (*text != '\0') {
		bool forgiven = false;

		count = words_take(&text, buffer, sizeof(buffer), words, WORDS,
		    &problem);
		if (count < 0)
			return fail(STATUS_USAGE, "%s", problem);
		if (count == 0)
			continue;
		if (words[0][0] == '-') {
			forgiven = true;
			words[0]++;
			if (words[0][0] == '\0')
				count--;
		}
		status = command_run(count,
		    words[0][0] == '\0' ? words + 1 : words);
		guest_poll();
		if (status != STATUS_OK && !forgiven)
			return status;
	}
	return STATUS_OK;
}

int
cmd_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (const struct command *command = commands; command->name != NULL;
	     command++)
		bare_printf("%s %s\n    %s\n", command->name, command->usage,
		    command->help);
	return STATUS_OK;
}
