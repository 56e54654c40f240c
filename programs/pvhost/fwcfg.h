/* SPDX-License-Identifier: ISC */
#ifndef PVHOST_FWCFG_H
#define PVHOST_FWCFG_H

#include <stdbool.h>

#include "programs/pvhost/manners.h"

struct host_fwcfg;
struct machine;

/* Its model; NULL: this machine has no fw_cfg. */
struct host_fwcfg *fwcfg_model(const struct machine *);
/* False: this machine has no fw_cfg. */
bool fwcfg_manners(struct machine *, struct manners *);

#endif
