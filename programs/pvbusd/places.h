/* SPDX-License-Identifier: ISC */
/* How many of a bounded number of places one user may take. */
#ifndef PVBUSD_PLACES_H
#define PVBUSD_PLACES_H

#include <stdbool.h>
#include <sys/types.h>

/* Root, and the user that we run as. */
bool places_trusted(uid_t);

/*
 * Whether one more may be taken, of `limit` places of which `taken` are, `own` of
 * these by this user.  No user has more than a quarter, and the last quarter is
 * for those that are trusted; fewer than four places are not divided.
 */
bool places_left(uid_t, unsigned limit, unsigned taken, unsigned own);

#endif
