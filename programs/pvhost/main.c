/* SPDX-License-Identifier: ISC */
/* pvhost: a virtual machine with the face of a hypervisor.  See pvhost(8). */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "programs/pvhost/machine.h"
#include "programs/pvhost/parts.h"

/* Where one of the three was closed, what is opened next would be it, and get
 * what the guest prints: a disk, say. */
static bool
fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	return fd >= 0 && close(fd) == 0;
}

int
main(int argc, char **argv)
{
	static struct machine machine;
	int status = options_parse(&machine.options, argc, argv);

	if (status >= 0)
		return status;
	signal(SIGPIPE, SIG_IGN);
	if (!fill_standard_descriptors())
		return EXIT_BROKEN;
	if (machine.options.ask != NULL)
		return control_ask(&machine.options);
	setvbuf(stdout, NULL, _IOLBF, 0);
	status = machine_make(&machine) ? machine_run(&machine)
					: machine.status;
	machine_free(&machine);
	return status;
}
