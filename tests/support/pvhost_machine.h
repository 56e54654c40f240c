/* SPDX-License-Identifier: ISC */
/* A machine of pvhost's without KVM: its parts and faces, a virtual clock, and
 * vCPUs whose registers the test sets. */
#ifndef TESTS_SUPPORT_PVHOST_MACHINE_H
#define TESTS_SUPPORT_PVHOST_MACHINE_H

#include "programs/pvhost/face.h"
#include "programs/pvhost/parts.h"
#include "programs/pvhost/reply.h"
#include "programs/pvhost/vcpu.h"

/* The options are the caller's wish: faces, memory, vCPUs; the rest has what is
 * harmless.  NULL: it could not be made. */
struct machine *fake_machine_new(const struct options *);
void fake_machine_free(struct machine *);
/* Time passes, and what was to come by then has come, up to `calls` of it. */
void fake_machine_pass(struct machine *, uint64_t nanoseconds, unsigned calls);
/* The last line that was said, "" when none was. */
const char *fake_machine_said(void);
/* Vectors that a vCPU was sent. */
unsigned fake_machine_vectors(const struct machine *, unsigned vcpu);

#endif
