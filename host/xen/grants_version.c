/* SPDX-License-Identifier: ISC */
/* From one version of the grant table to the other. */
#include <string.h>

#include "host/xen/xen_private.h"

/* The first entries may be in use: console and XenStore are served already. */
static bool
is_busy(const struct host_xen *xen)
{
	for (unsigned i = XEN_GNT_RESERVED; i < xen_grants_entries(xen); i++)
		if (xen->active[i].readers != 0)
			return true;
	return false;
}

/* Those entries survive, in the other layout. */
static void
save_reserved(struct host_xen *xen, union xen_grant_v2 saved[XEN_GNT_RESERVED])
{
	uint8_t *page = xen_page_bytes(xen, &xen->grant_pages[0]);
	const struct xen_grant_v1 *v1 = (void *)page;
	const union xen_grant_v2 *v2 = (void *)page;

	for (unsigned i = 0; i < XEN_GNT_RESERVED; i++) {
		if (xen->grant_version == 2) {
			saved[i] = v2[i];
			continue;
		}
		memset(&saved[i], 0, sizeof(saved[i]));
		saved[i].full_page.flags = v1[i].flags;
		saved[i].full_page.domid = v1[i].domid;
		saved[i].full_page.frame = v1[i].frame;
	}
}

static void
restore_reserved(struct host_xen *xen,
    const union xen_grant_v2 saved[XEN_GNT_RESERVED])
{
	const uint16_t kept = XEN_GTF_TYPE_MASK | XEN_GTF_READONLY;
	uint8_t *page = xen_page_bytes(xen, &xen->grant_pages[0]);
	struct xen_grant_v1 *v1 = (void *)page;
	union xen_grant_v2 *v2 = (void *)page;

	for (unsigned i = 0; i < XEN_GNT_RESERVED; i++) {
		uint16_t flags = saved[i].full_page.flags & kept;

		if (xen->grant_version == 2) {
			v2[i] = saved[i];
			v2[i].header.flags = flags;
		} else {
			v1[i].frame = (uint32_t)saved[i].full_page.frame;
			v1[i].domid = saved[i].full_page.domid;
			v1[i].flags = flags;
		}
	}
}

static void
change(struct host_xen *xen, unsigned version)
{
	union xen_grant_v2 saved[XEN_GNT_RESERVED];
	unsigned frames = xen->grant_frames;

	save_reserved(xen, saved);
	xen->grant_version = version;
	for (unsigned i = 0; i < frames; i++)
		memset(xen_page_bytes(xen, &xen->grant_pages[i]), 0,
		    XEN_PAGE_SIZE);
	restore_reserved(xen, saved);
	if (version == 1) {
		for (unsigned i = 0; i < xen->status_frames; i++)
			xen_page_reset(&xen->status_pages[i]);
		xen->status_frames = 0;
	}
	xen_grants_grow(xen, frames);
}

static long
try_change(struct host_xen *xen, uint32_t version)
{
	if (version != 1 && version != 2)
		return -XEN_EINVAL;
	if (version == 2 && xen->config.no_grant_v2)
		return -XEN_ENOSYS;
	if (version == xen->grant_version)
		return 0;
	if (is_busy(xen))
		return -XEN_EBUSY;
	change(xen, version);
	return 0;
}

/* The version in effect is told in any case. */
long
xen_grant_set_version(struct host_xen *xen, uint64_t address)
{
	struct xen_gnt_set_version set;
	long result = xen_take(xen, address, &set, sizeof(set));
	long given;

	if (result != 0)
		return result;
	result = try_change(xen, set.version);
	set.version = xen->grant_version;
	given = xen_give(xen, address, &set, sizeof(set));
	return result != 0 ? result : given;
}
