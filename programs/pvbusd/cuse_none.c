/* SPDX-License-Identifier: ISC */
/* In place of cuse.c where pvbusd is built without libfuse3. */
#include "programs/pvbusd/daemon.h"
#include "programs/pvbusd/log.h"

bool
cuse_open(struct node *node)
{
	log_line(PV_LOG_DEBUG, "no /dev/pvbus%u: built without libfuse3",
	    node->number);
	return false;
}

bool
cuse_settled(const struct node *node)
{
	(void)node;
	return true;
}

void
cuse_close(struct node *node)
{
	(void)node;
}
