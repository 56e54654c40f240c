/* SPDX-License-Identifier: ISC */
/* The pages of the grant table: which version, how many, and where they are. */
#include "guest/bus/libc.h"
#include "guest/xen/grants_private.h"

static int
set_version(struct xen *xen, uint32_t wanted)
{
	struct xen_gnt_set_version set = { .version = wanted };
	long result = grant_op(xen, XEN_GNTOP_SET_VERSION, &set);

	if (result < 0)
		return xen_error(result);
	return set.version == wanted ? PV_OK : PV_EPROTO;
}

/*
 * Version 1 has twice the entries in a page and no second place to look at.
 * Version 2 is for memory beyond 16 TiB, and for a host that has the first
 * switched off.  A host that has but the first may not know the question.
 */
static int
choose_version(struct xen *xen, const struct grants_version **version)
{
	bool second = xen->grant_version == 2 ||
	    (xen->grant_version == 0 &&
		!grants_v1.fits(xen->hypercall_physical >> XEN_PAGE_SHIFT));
	int error;

	if (second && set_version(xen, 2) == PV_OK) {
		*version = &grants_v2;
		return PV_OK;
	}
	*version = &grants_v1;
	error = set_version(xen, 1);
	if (error == PV_OK || error == PV_ENOTSUP)
		return PV_OK;
	if (!second && xen->grant_version == 0 &&
	    set_version(xen, 2) == PV_OK) {
		*version = &grants_v2;
		return PV_OK;
	}
	return error;
}

static int
query(struct xen *xen, unsigned *max)
{
	struct xen_gnt_query_size size = { .domid = XEN_DOMID_SELF };
	long result = grant_op(xen, XEN_GNTOP_QUERY_SIZE, &size);

	if (result < 0)
		return xen_error(result);
	if (size.status != XEN_GNTST_OKAY || size.max_nr_frames == 0)
		return PV_EPROTO;
	*max = size.max_nr_frames < FRAMES_MAX ? size.max_nr_frames
					       : FRAMES_MAX;
	return PV_OK;
}

static unsigned
status_pages(const struct xen_grants *grants, unsigned pages)
{
	const unsigned per_page = XEN_GNT_STATUS_PER_PAGE;

	return (pages * grants->version->per_page + per_page - 1) / per_page;
}

int
grants_table_open(struct xen *xen)
{
	struct xen_grants *grants = pv_alloc(xen->bus, sizeof(*grants));
	int error;

	if (grants == NULL)
		return PV_ENOMEM;
	xen->grants = grants;
	grants->retry = PV_NEVER;
	error = choose_version(xen, &grants->version);
	if (error == PV_OK)
		error = query(xen, &grants->max);
	if (error != PV_OK)
		return error;
	grants->pages = pv_alloc(xen->bus,
	    grants->max * sizeof(*grants->pages));
	if (grants->pages == NULL)
		return PV_ENOMEM;
	if (grants->version->number == 2) {
		grants->status = pv_alloc(xen->bus,
		    status_pages(grants, grants->max) *
			sizeof(*grants->status));
		if (grants->status == NULL)
			return PV_ENOMEM;
	}
	return PV_OK;
}

static int
place_page(struct xen *xen, unsigned index)
{
	struct grants_page *page = &xen->grants->pages[index];
	int error = xen_place(xen, XEN_MAPSPACE_GRANT_TABLE, index,
	    page->physical);

	page->placed = error == PV_OK;
	return error;
}

static int
place_status(struct xen *xen, unsigned index)
{
	struct grants_status *status = &xen->grants->status[index];
	int error = xen_place(xen, XEN_MAPSPACE_GRANT_TABLE,
	    index | XEN_MAPIDX_GRANT_STATUS, status->physical);

	status->placed = error == PV_OK;
	return error;
}

/* A page whose place the host does not give back is not to be used again. */
static void
free_space(struct xen *xen, void *space, uint64_t physical, bool placed)
{
	if (space == NULL)
		return;
	if (!placed || xen_leave(xen, physical))
		xen->port->space_free(xen->port->ctx, space, 1);
}

static void
drop_page(struct xen *xen, struct grants_page *page)
{
	free_space(xen, page->entries, page->physical, page->placed);
	pv_free(xen->bus, page->next,
	    xen->grants->version->per_page * sizeof(*page->next));
	memset(page, 0, sizeof(*page));
}

static int
grow_status(struct xen *xen)
{
	struct xen_grants *grants = xen->grants;
	struct grants_status *status = &grants->status[grants->status_count];
	int error;

	status->words = xen->port->space_alloc(xen->port->ctx, 1,
	    &status->physical);
	if (status->words == NULL)
		return PV_ENOMEM;
	error = place_status(xen, grants->status_count);
	if (error != PV_OK) {
		free_space(xen, status->words, status->physical, false);
		status->words = NULL;
		return error;
	}
	grants->status_count++;
	return PV_OK;
}

static void
put_on_free_list(struct xen_grants *grants)
{
	unsigned per_page = grants->version->per_page;
	struct grants_page *page = &grants->pages[grants->count];
	uint32_t first = grants->count * per_page;

	for (unsigned i = per_page; i-- > 0;) {
		if (first + i < XEN_GNT_RESERVED)
			continue;
		page->next[i] = grants->free;
		grants->free = first + i;
		grants->free_count++;
	}
}

int
grants_table_grow(struct xen *xen)
{
	struct xen_grants *grants = xen->grants;
	struct grants_page *page;
	int error = PV_OK;

	if (grants->count == grants->max)
		return PV_ENOMEM;
	page = &grants->pages[grants->count];
	page->next = pv_alloc(xen->bus,
	    grants->version->per_page * sizeof(*page->next));
	page->entries = xen->port->space_alloc(xen->port->ctx, 1,
	    &page->physical);
	if (page->next == NULL || page->entries == NULL)
		error = PV_ENOMEM;
	if (error == PV_OK)
		error = place_page(xen, grants->count);
	/* its status page exists once the host has the page of entries */
	if (error == PV_OK && grants->status != NULL &&
	    grants->status_count < status_pages(grants, grants->count + 1))
		error = grow_status(xen);
	if (error != PV_OK) {
		drop_page(xen, page);
		return error;
	}
	put_on_free_list(grants);
	grants->count++;
	return PV_OK;
}

int
grants_table_place(struct xen *xen)
{
	struct xen_grants *grants = xen->grants;
	int error = set_version(xen, grants->version->number);

	if (error == PV_ENOTSUP && grants->version->number == 1)
		error = PV_OK;
	for (unsigned i = 0; i < grants->count && error == PV_OK; i++)
		error = place_page(xen, i);
	for (unsigned i = 0; i < grants->status_count && error == PV_OK; i++)
		error = place_status(xen, i);
	return error;
}

void
grants_table_close(struct xen *xen)
{
	struct xen_grants *grants = xen->grants;

	for (unsigned i = 0; i < grants->status_count; i++)
		free_space(xen, grants->status[i].words,
		    grants->status[i].physical, grants->status[i].placed);
	if (grants->status != NULL)
		pv_free(xen->bus, grants->status,
		    status_pages(grants, grants->max) *
			sizeof(*grants->status));
	for (unsigned i = 0; i < grants->count; i++)
		drop_page(xen, &grants->pages[i]);
	if (grants->pages != NULL)
		pv_free(xen->bus, grants->pages,
		    grants->max * sizeof(*grants->pages));
	pv_free(xen->bus, grants, sizeof(*grants));
	xen->grants = NULL;
}
