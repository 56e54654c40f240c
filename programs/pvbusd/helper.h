/* SPDX-License-Identifier: ISC */
/*
 * A second process, for what a host wants of the whole machine: it runs the
 * commands of the configuration, which pvbusd itself could not once it has given
 * up its privileges, and could not wait for at any time.
 *
 * It knows five words, gets no other from pvbusd, and ends with it.
 */
#ifndef PVBUSD_HELPER_H
#define PVBUSD_HELPER_H

#include "programs/pvbusd/config.h"
#include "programs/common/loop.h"
#include "pvbus/port.h"

struct helper;

/* Forks: before privileges are given up, and before there are threads.  NULL,
 * with a message, when that cannot be. */
struct helper *helper_start(const struct config *);
/* How commands ended is told there. */
void helper_listen(struct helper *, struct loop *);
/* It ends by itself; disks that were frozen are thawed before. */
void helper_stop(struct helper *);

/* Members of pv_port. */
int helper_request(struct helper *, enum pv_request);
int helper_freeze(struct helper *, bool frozen);

/* ---- Between the two files -------------------------------------------- */

/* The child's whole life, at its end of the socket.  From pvbusd: one byte, a
 * number of config_command.  Back: a helper_end. */
struct helper_end {
	int command;
	int status; /* of waitpid(2), or one of these */
};
#define HELPER_NOT_STARTED -1
#define HELPER_TOO_LONG -2
#define HELPER_LOST -3

void helper_live(const struct config *, int fd) __attribute__((noreturn));
/* The words of a command, ended by NULL, in one allocation; or NULL. */
char **helper_words(const char *command);
/* The command of the configuration, or systemd's; NULL: none. */
const char *helper_command(const struct config *, enum config_command);

#endif
