/* SPDX-License-Identifier: ISC */
/* pvhost: a virtual machine with the face of a hypervisor.  See pvhost(8). */
#include <signal.h>
#include <stdio.h>

#include "programs/pvhost/machine.h"
#include "programs/pvhost/parts.h"

int
main(int argc, char **argv)
{
	static struct machine machine;
	int status = options_parse(&machine.options, argc, argv);

	if (status >= 0)
		return status;
	signal(SIGPIPE, SIG_IGN);
	if (machine.options.ask != NULL)
		return control_ask(&machine.options);
	setvbuf(stdout, NULL, _IOLBF, 0);
	status = machine_make(&machine) ? machine_run(&machine)
					: machine.status;
	machine_free(&machine);
	return status;
}
