/* SPDX-License-Identifier: ISC */
/* Commands about commands and time. */
#include "programs/pvguest/pvguest.h"

int
cmd_echo(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		bare_printf("%s%s", i > 1 ? " " : "", argv[i]);
	bare_printf("\n");
	return STATUS_OK;
}

int
cmd_sleep(int argc, char **argv)
{
	uint64_t ms;

	if (argc != 2 || !number(argv[1], &ms) || ms > 86400000)
		return fail(STATUS_USAGE, "sleep: expected milliseconds");
	guest_sleep(ms * PV_MILLISECOND);
	return STATUS_OK;
}

/* "repeat 2 repeat 3 echo" has as many levels as a line has words. */
int
cmd_repeat(int argc, char **argv)
{
	uint64_t times;
	int status;

	if (argc < 3 || !number(argv[1], &times))
		return fail(STATUS_USAGE,
		    "repeat: expected a number and a command");
	for (uint64_t i = 0; i < times; i++) {
		status = command_run(argc - 2, argv + 2);
		if (status != STATUS_OK)
			return fail(status, "repeat: in run %lu of %lu", i + 1,
			    times);
		guest_poll();
	}
	return STATUS_OK;
}

/* For what the host will do soon: a key that appears, a device that is hot
 * plugged. */
int
cmd_wait(int argc, char **argv)
{
	uint64_t ms, until;
	int status;

	if (argc < 3 || !number(argv[1], &ms))
		return fail(STATUS_USAGE,
		    "wait: expected milliseconds and a command");
	until = bare_now() + ms * PV_MILLISECOND;
	fail_quiet();
	do {
		status = command_run(argc - 2, argv + 2);
		if (status == STATUS_OK || bare_now() >= until)
			break;
		guest_sleep(50 * PV_MILLISECOND);
	} while (status != STATUS_USAGE);
	fail_loud();
	if (status == STATUS_OK)
		return status;
	/* once more, to hear why */
	status = command_run(argc - 2, argv + 2);
	return status == STATUS_OK
	    ? status
	    : fail(status, "wait: not within %lu ms", ms);
}
