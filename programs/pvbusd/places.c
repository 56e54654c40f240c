/* SPDX-License-Identifier: ISC */
#include <unistd.h>

#include "programs/pvbusd/places.h"

#define SHARES 4

bool
places_trusted(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

bool
places_left(uid_t uid, unsigned limit, unsigned taken, unsigned own)
{
	unsigned share = (limit + SHARES - 1) / SHARES;

	if (places_trusted(uid) || limit < SHARES)
		return taken < limit;
	return taken < limit - share && own < share;
}
