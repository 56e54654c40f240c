/* SPDX-License-Identifier: ISC */
/* Entries of the first version: eight bytes, the host's own bits among them. */
#include "guest/bus/shared.h"
#include "guest/xen/grants_private.h"

#define IN_USE (XEN_GTF_READING | XEN_GTF_WRITING)

/* The host turns its bits on and off while we try; not for ever. */
#define TRIES 16

static bool
fits(uint64_t frame)
{
	return frame <= UINT32_MAX;
}

/* The flags come last: with them the entry counts. */
static void
set(void *entry, uint16_t remote, uint64_t frame, bool read_only)
{
	struct xen_grant_v1 *v1 = entry;

	__atomic_store_n(&v1->domid, remote, __ATOMIC_RELAXED);
	__atomic_store_n(&v1->frame, (uint32_t)frame, __ATOMIC_RELAXED);
	__atomic_store_n(&v1->flags,
	    XEN_GTF_PERMIT_ACCESS | (read_only ? XEN_GTF_READONLY : 0),
	    __ATOMIC_RELEASE);
}

/* Between a look at the bits and a write of ours the host can map the page, so
 * both are one step. */
static bool
end(void *entry, uint16_t *status)
{
	struct xen_grant_v1 *v1 = entry;
	uint16_t flags = __atomic_load_n(&v1->flags, __ATOMIC_ACQUIRE);

	(void)status;
	for (unsigned i = 0; i < TRIES; i++) {
		if (flags & IN_USE)
			return false;
		if (__atomic_compare_exchange_n(&v1->flags, &flags,
			XEN_GTF_INVALID, false, __ATOMIC_SEQ_CST,
			__ATOMIC_SEQ_CST))
			return true;
	}
	return false;
}

const struct grants_version grants_v1 = {
	.number = 1,
	.per_page = XEN_GNT_V1_PER_PAGE,
	.fits = fits,
	.set = set,
	.end = end,
};
