/* SPDX-License-Identifier: ISC */
#ifndef PVHOST_WORLD_H
#define PVHOST_WORLD_H

#include "programs/pvhost/machine.h"

/* What the models need of the machine, as host/bus/world.h says. */
void world_init(struct machine *);

#endif
