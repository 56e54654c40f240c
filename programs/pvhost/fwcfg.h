/* SPDX-License-Identifier: ISC */
#ifndef PVHOST_FWCFG_H
#define PVHOST_FWCFG_H

#include <stdbool.h>

#include "programs/pvhost/manners.h"

struct host_fwcfg;
struct machine;

/* Its model; NULL: this machine has no fw_cfg. */
struct host_fwcfg *fwcfg_model(const struct machine *);
/* A file more, or in place of that of the same name; false: this machine has no
 * fw_cfg, or it has no room. */
bool fwcfg_set(struct machine *, const char *name, const void *bytes,
    size_t size);
/* False: this machine has no fw_cfg. */
bool fwcfg_manners(struct machine *, struct manners *);

#endif
