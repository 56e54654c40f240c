/* SPDX-License-Identifier: ISC */
/* In place of nic_user.c, in a pvhost that was built without libslirp. */
#include "programs/pvhost/nic.h"
#include "programs/pvhost/reply.h"

static void *
user_open(struct nic *nic, struct machine *machine, const char *words,
    struct reply *reply)
{
	(void)nic;
	(void)machine;
	(void)words;
	reply_no(reply,
	    "NIC user: this pvhost was built without libslirp; use tap:NAME "
	    "or peer:PATH, or build it with libslirp-dev there");
	return NULL;
}

const struct nic_kind nic_user = { "user", user_open, NULL, NULL };
