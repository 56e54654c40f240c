/* SPDX-License-Identifier: ISC */
/* Grant tables: their size and version, and GNTTABOP_*. */
#include <stdlib.h>
#include <string.h>

#include "host/xen/xen_private.h"

bool
xen_grants_init(struct host_xen *xen)
{
	xen->grant_limit = xen->config.grant_frames;
	xen->grant_pages = calloc(xen->grant_limit, sizeof(struct xen_page));
	xen->status_pages = calloc(xen->grant_limit, sizeof(struct xen_page));
	xen->active = calloc(xen->grant_limit * XEN_GNT_V1_PER_PAGE,
	    sizeof(struct xen_active));
	xen->grant_version = 1;
	return xen->grant_pages != NULL && xen->status_pages != NULL &&
	    xen->active != NULL && xen_grants_grow(xen, 1);
}

static void
free_pages(struct xen_page *pages, unsigned count)
{
	for (unsigned i = 0; pages != NULL && i < count; i++)
		free(pages[i].home);
	free(pages);
}

static void
free_list(struct host_grant *grant)
{
	while (grant != NULL) {
		struct host_grant *next = grant->next;

		free(grant);
		grant = next;
	}
}

void
xen_grants_free(struct host_xen *xen)
{
	free_list(xen->grants);
	free_list(xen->held);
	free_pages(xen->grant_pages, xen->grant_limit);
	free_pages(xen->status_pages, xen->grant_limit);
	free(xen->active);
}

unsigned
xen_grants_per_page(const struct host_xen *xen)
{
	return xen->grant_version == 2 ? XEN_GNT_V2_PER_PAGE
				       : XEN_GNT_V1_PER_PAGE;
}

unsigned
xen_grants_entries(const struct host_xen *xen)
{
	return xen->grant_frames * xen_grants_per_page(xen);
}

static void
add_page(struct xen_page *pages, unsigned *count)
{
	struct xen_page *page = &pages[(*count)++];

	if (page->home == NULL)
		page->home = xen_alloc(XEN_PAGE_SIZE);
	xen_page_reset(page);
}

bool
xen_grants_grow(struct host_xen *xen, unsigned frames)
{
	unsigned statuses = (frames + 7) / 8;

	if (frames > xen->grant_limit)
		return false;
	while (xen->grant_frames < frames)
		add_page(xen->grant_pages, &xen->grant_frames);
	while (xen->grant_version == 2 && xen->status_frames < statuses)
		add_page(xen->status_pages, &xen->status_frames);
	return true;
}

/* The toolstack grants the pages of console and XenStore by itself. */
void
xen_grants_special(struct host_xen *xen)
{
	const uint64_t frames[] = { xen->console_physical >> XEN_PAGE_SHIFT,
		xen->store_physical >> XEN_PAGE_SHIFT };
	uint8_t *page = xen_page_bytes(xen, &xen->grant_pages[0]);

	for (unsigned i = 0; i < 2; i++) {
		struct xen_grant_v1 *v1 = (void *)page;
		union xen_grant_v2 *v2 = (void *)page;

		if (xen->grant_version == 2) {
			v2[i].full_page.frame = frames[i];
			v2[i].full_page.domid = 0;
			v2[i].full_page.flags = XEN_GTF_PERMIT_ACCESS;
		} else {
			v1[i].frame = (uint32_t)frames[i];
			v1[i].domid = 0;
			v1[i].flags = XEN_GTF_PERMIT_ACCESS;
		}
	}
}

/* The guest is gone, or comes back as another one: what domain 0 has mapped is
 * of no use any more. */
void
xen_grants_forget(struct host_xen *xen)
{
	for (struct host_grant *g = xen->grants; g != NULL; g = g->next)
		g->dead = true;
	free_list(xen->held);
	xen->held = NULL;
	xen->counts.mapped = 0;
	memset(xen->active, 0,
	    xen->grant_limit * XEN_GNT_V1_PER_PAGE * sizeof(*xen->active));
	for (unsigned i = 0; i < xen->grant_frames; i++)
		xen_page_reset(&xen->grant_pages[i]);
	for (unsigned i = 0; i < xen->status_frames; i++)
		xen_page_reset(&xen->status_pages[i]);
	xen->grant_version = 1;
	xen->grant_frames = xen->status_frames = 0;
	xen_grants_grow(xen, 1);
	xen_grants_special(xen);
}

/* ---- Operations ------------------------------------------------------- */

/* The status of an element that names a domain. */
static int16_t
domain_status(const struct host_xen *xen, uint16_t domain)
{
	switch (xen_domain_check(xen, domain)) {
	case 0:
		return XEN_GNTST_OKAY;
	case -XEN_EPERM:
		return XEN_GNTST_PERMISSION_DENIED;
	default:
		return XEN_GNTST_BAD_DOMAIN;
	}
}

static long
query_size(struct host_xen *xen, uint64_t address)
{
	struct xen_gnt_query_size query;
	long result = xen_take(xen, address, &query, sizeof(query));

	if (result != 0)
		return result;
	query.status = domain_status(xen, query.domid);
	if (query.status == XEN_GNTST_OKAY) {
		query.nr_frames = xen->grant_frames;
		query.max_nr_frames = xen->grant_limit;
	}
	return xen_give(xen, address, &query, sizeof(query));
}

static long
give_frames(struct host_xen *xen, const struct xen_page *pages, uint32_t count,
    uint64_t to)
{
	long result = 0;

	for (uint32_t i = 0; i < count && result == 0; i++) {
		uint64_t frame = pages[i].frame != 0 ? pages[i].frame
						     : UINT64_MAX;

		result = xen_give(xen, to + i * sizeof(frame), &frame,
		    sizeof(frame));
	}
	return result;
}

static long
setup_table(struct host_xen *xen, uint64_t address)
{
	struct xen_gnt_setup_table setup;
	long result = xen_take(xen, address, &setup, sizeof(setup));

	if (result != 0)
		return result;
	if (setup.nr_frames > xen->grant_limit)
		setup.status = XEN_GNTST_GENERAL_ERROR;
	else
		setup.status = domain_status(xen, setup.domid);
	if (setup.status == XEN_GNTST_OKAY) {
		xen_grants_grow(xen, setup.nr_frames);
		if (give_frames(xen, xen->grant_pages, setup.nr_frames,
			setup.frames) != 0)
			setup.status = XEN_GNTST_BAD_VIRT_ADDR;
	}
	return xen_give(xen, address, &setup, sizeof(setup));
}

static long
get_status_frames(struct host_xen *xen, uint64_t address)
{
	struct xen_gnt_get_status_frames get;
	long result = xen_take(xen, address, &get, sizeof(get));

	if (result != 0)
		return result;
	get.status = domain_status(xen, get.domid);
	if (get.status == XEN_GNTST_OKAY && get.nr_frames > xen->status_frames)
		get.status = XEN_GNTST_GENERAL_ERROR;
	if (get.status == XEN_GNTST_OKAY &&
	    give_frames(xen, xen->status_pages, get.nr_frames, get.frames) != 0)
		get.status = XEN_GNTST_BAD_VIRT_ADDR;
	return xen_give(xen, address, &get, sizeof(get));
}

static long
get_version(struct host_xen *xen, uint64_t address)
{
	struct xen_gnt_get_version get;
	long result = xen_take(xen, address, &get, sizeof(get));

	if (result == 0)
		result = xen_domain_check(xen, get.domid);
	if (result != 0)
		return result;
	get.version = xen->grant_version;
	return xen_give(xen, address, &get, sizeof(get));
}

/* Mapping, copying and transferring are for domain 0, and the model's domain 0
 * needs no hypercalls for that. */
long
xen_grant_op(struct host_xen *xen, const uint64_t arguments[5])
{
	uint64_t op = arguments[0], address = arguments[1];
	uint32_t count = (uint32_t)arguments[2];

	if ((int32_t)count < 0)
		return -XEN_EINVAL;
	switch (op) {
	case XEN_GNTOP_QUERY_SIZE:
		return count == 1 ? query_size(xen, address) : -XEN_EINVAL;
	case XEN_GNTOP_SETUP_TABLE:
		return count == 1 ? setup_table(xen, address) : -XEN_EINVAL;
	case XEN_GNTOP_SET_VERSION:
		return xen_grant_set_version(xen, address);
	case XEN_GNTOP_GET_VERSION:
		return get_version(xen, address);
	case XEN_GNTOP_GET_STATUS_FRAMES:
		return get_status_frames(xen, address);
	default:
		return -XEN_ENOSYS;
	}
}
