/* SPDX-License-Identifier: ISC */
#include "guest/xen/xenbus_private.h"
int
xenstore_open(struct xenbus *bus)
{
	(void)bus;
	return PV_OK;
}
void
xenstore_close(struct xenbus *bus)
{
	(void)bus;
}
void
xenstore_poll(struct xenbus *bus)
{
	(void)bus;
}
uint64_t
xenstore_deadline(const struct xenbus *bus)
{
	(void)bus;
	return PV_NEVER;
}
