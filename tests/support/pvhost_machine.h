/* SPDX-License-Identifier: ISC */
/* A whole machine of pvhost's without KVM: its parts and faces on a stage, and
 * vCPUs whose registers the test sets. */
#ifndef TESTS_SUPPORT_PVHOST_MACHINE_H
#define TESTS_SUPPORT_PVHOST_MACHINE_H

#include "programs/pvhost/face.h"
#include "programs/pvhost/parts.h"
#include "programs/pvhost/reply.h"
#include "programs/pvhost/vcpu.h"
#include "tests/support/pvhost_stage.h"

/* The options are the caller's wish: faces, memory, vCPUs; the rest has what is
 * harmless.  NULL: it could not be made. */
struct machine *fake_machine_new(const struct options *);
void fake_machine_free(struct machine *);

#endif
