/* SPDX-License-Identifier: ISC */
/* What single parts of pvhost stand on in a test: a machine of which nothing is
 * there but its loop, its lock and a clock that the test moves. */
#ifndef TESTS_SUPPORT_PVHOST_STAGE_H
#define TESTS_SUPPORT_PVHOST_STAGE_H

#include "programs/pvhost/machine.h"

struct machine *stage_new(void);
void stage_free(struct machine *);
/* Time passes, and what is due is called. */
void stage_pass(struct machine *, uint64_t nanoseconds);
/* The same with no more than so many calls, of which one may ask for the next. */
void stage_pass_some(struct machine *, uint64_t nanoseconds, unsigned calls);
/* What the loop has is done, and time passes as it does outside, until `done`
 * says so or seconds have gone by: false. */
bool stage_run(struct machine *, bool (*done)(void *), void *ctx);
/* The last line that was said, "" when none was. */
const char *stage_said(void);
/* In place of a machine's end: leave the process with its status. */
void stage_leave_at_end(bool);

#endif
