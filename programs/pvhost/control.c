/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <unistd.h>

#include "programs/pvhost/control.h"
#include "programs/pvhost/parts.h"

static void
control_free(void *self)
{
	struct control *control = self;

	while (control->clients != NULL)
		control_client_free(control->clients);
	if (control->listener.fd >= 0) {
		loop_remove(&control->listener);
		control_unlink(control);
		close(control->listener.fd);
	}
	if (control->spare >= 0)
		close(control->spare);
	free(control);
}

static void *
control_make(struct machine *machine)
{
	struct control *control = calloc(1, sizeof(*control));

	if (control == NULL) {
		say("control socket: out of memory");
		return NULL;
	}
	control->machine = machine;
	control->listener.fd = control->spare = -1;
	if (machine->options.control == NULL)
		return control;
	if (!control_listen(control)) {
		free(control);
		return NULL;
	}
	control->spare = control_spare();
	loop_add(&machine->loop, &control->listener);
	return control;
}

const struct part part_control = { "control", control_make, control_free };
