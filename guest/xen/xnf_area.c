/* SPDX-License-Identifier: ISC */
/* Pages that the back end can reach for longer than one frame. */
#include "guest/xen/xnf.h"

int
xnf_area_open(struct xnf *xnf, struct xnf_area *area, unsigned pages)
{
	const struct pv_port *port = xnf->xen->port;
	int error;

	if (area->memory != NULL)
		return PV_OK;
	error = xen_grants_reserve(xnf->xen, area->references, pages);
	if (error != PV_OK)
		return error;
	area->memory = port->pages_alloc(port->ctx, pages, &area->physical);
	if (area->memory == NULL) {
		xen_grants_release(xnf->xen, area->references, pages);
		return PV_ENOMEM;
	}
	area->pages = pages;
	return PV_OK;
}

void
xnf_area_lend(struct xnf_queue *queue, struct xnf_area *area, unsigned page,
    bool read_only)
{
	xen_grant_set(queue->xnf->xen, queue->stats, area->references[page],
	    queue->xnf->bus->backend_id,
	    area->physical + (uint64_t)page * PV_PAGE_SIZE, read_only);
	area->lent[page] = true;
}

bool
xnf_area_end(struct xnf_queue *queue, struct xnf_area *area, unsigned page)
{
	if (!area->lent[page])
		return true;
	if (!xen_grant_end(queue->xnf->xen, queue->stats,
		area->references[page]))
		return false;
	area->lent[page] = false;
	return true;
}

void
xnf_area_close(struct xnf *xnf, struct xnf_area *area)
{
	const struct pv_port *port = xnf->xen->port;
	struct pv_stats *stats = &xnf->device->stats;
	bool held = false;

	if (area->memory == NULL)
		return;
	for (unsigned i = 0; i < area->pages; i++)
		if (area->lent[i] &&
		    !xen_grant_end(xnf->xen, stats, area->references[i]))
			held = true;
	if (held) {
		xen_grants_abandon(xnf->xen, stats, area->references,
		    area->pages, area->memory, area->pages);
	} else {
		xen_grants_release(xnf->xen, area->references, area->pages);
		port->pages_free(port->ctx, area->memory, area->pages);
	}
	*area = (struct xnf_area){ 0 };
}
