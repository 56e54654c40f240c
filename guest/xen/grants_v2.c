/* SPDX-License-Identifier: ISC */
/*
 * Entries of the second version: sixteen bytes, for frames beyond 32 bits, and
 * the host's bits in pages of their own.
 */
#include "guest/bus/shared.h"
#include "guest/xen/grants_private.h"

#define IN_USE (XEN_GTF_READING | XEN_GTF_WRITING)

static bool
fits(uint64_t frame)
{
	return frame <= UINT64_MAX >> XEN_PAGE_SHIFT;
}

static void
set(void *entry, uint16_t remote, uint64_t frame, bool read_only)
{
	union xen_grant_v2 *v2 = entry;

	__atomic_store_n(&v2->full_page.domid, remote, __ATOMIC_RELAXED);
	v2->full_page.pad = 0;
	v2->full_page.frame = frame;
	__atomic_store_n(&v2->full_page.flags,
	    XEN_GTF_PERMIT_ACCESS | (read_only ? XEN_GTF_READONLY : 0),
	    __ATOMIC_RELEASE);
}

static bool
in_use(const uint16_t *status)
{
	return (__atomic_load_n(status, __ATOMIC_SEQ_CST) & IN_USE) != 0;
}

/*
 * The host sets its bit first and then looks at the flags again; we clear the
 * flags first and then look at its bit.  So one of the two sees the other.  What
 * the host has mapped in between stays granted, as with the first version.
 */
static bool
end(void *entry, uint16_t *status)
{
	union xen_grant_v2 *v2 = entry;
	uint16_t flags;

	if (in_use(status))
		return false;
	flags = __atomic_exchange_n(&v2->full_page.flags, XEN_GTF_INVALID,
	    __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!in_use(status))
		return true;
	__atomic_store_n(&v2->full_page.flags, flags, __ATOMIC_SEQ_CST);
	return false;
}

const struct grants_version grants_v2 = {
	.number = 2,
	.per_page = XEN_GNT_V2_PER_PAGE,
	.fits = fits,
	.set = set,
	.end = end,
};
