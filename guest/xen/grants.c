/* SPDX-License-Identifier: ISC */
/*
 * Grants: references, and lending a page by one.  References are given out from
 * a list of our own; entries are only written while their reference is reserved,
 * each by the CPU whose it is.
 */
#include "guest/bus/libc.h"
#include "guest/xen/grants_private.h"

static bool
known(const struct xen_grants *grants, uint32_t reference)
{
	return reference >= XEN_GNT_RESERVED &&
	    reference / grants->version->per_page < grants->count;
}

static uint32_t *
next_of(const struct xen_grants *grants, uint32_t reference)
{
	unsigned per_page = grants->version->per_page;

	return &grants->pages[reference / per_page].next[reference % per_page];
}

static bool
reserved(const struct xen_grants *grants, uint32_t reference)
{
	return known(grants, reference) &&
	    *next_of(grants, reference) == GRANT_RESERVED;
}

void *
grants_entry(const struct xen_grants *grants, uint32_t reference)
{
	unsigned per_page = grants->version->per_page;

	return grants->pages[reference / per_page].entries +
	    reference % per_page * (PV_PAGE_SIZE / per_page);
}

uint16_t *
grants_status(const struct xen_grants *grants, uint32_t reference)
{
	if (grants->status == NULL)
		return NULL;
	return &grants->status[reference / XEN_GNT_STATUS_PER_PAGE]
		    .words[reference % XEN_GNT_STATUS_PER_PAGE];
}

int
xen_grants_open(struct xen *xen)
{
	int error = grants_table_open(xen);

	if (error == PV_OK)
		error = grants_table_grow(xen);
	if (error != PV_OK)
		xen_grants_close(xen);
	return error;
}

void
xen_grants_close(struct xen *xen)
{
	if (xen->grants == NULL)
		return;
	grants_abandoned_try(xen, false);
	grants_abandoned_leak(xen);
	grants_table_close(xen);
}

/* Reservations outlive the table; what stood in it does not. */
int
xen_grants_resume(struct xen *xen)
{
	int error = grants_table_place(xen);

	if (error == PV_OK)
		grants_abandoned_try(xen, true);
	return error;
}

int
xen_grants_reserve(struct xen *xen, uint32_t *references, unsigned count)
{
	struct xen_grants *grants = xen->grants;

	if (grants == NULL)
		return PV_ENOTSUP;
	while (grants->free_count < count)
		if (grants_table_grow(xen) != PV_OK)
			return PV_ENOMEM;
	for (unsigned i = 0; i < count; i++) {
		uint32_t *next = next_of(grants, grants->free);

		references[i] = grants->free;
		grants->free = *next;
		*next = GRANT_RESERVED;
	}
	grants->free_count -= count;
	return PV_OK;
}

void
xen_grants_release(struct xen *xen, const uint32_t *references, unsigned count)
{
	struct xen_grants *grants = xen->grants;

	for (unsigned i = 0; grants != NULL && i < count; i++) {
		if (!reserved(grants, references[i]))
			continue;
		*next_of(grants, references[i]) = grants->free;
		grants->free = references[i];
		grants->free_count++;
	}
}

/* Left unset, the host refuses it, and the request ends in an error. */
static void
complain(struct xen *xen)
{
	if (__atomic_exchange_n(&xen->grants->complained, 1, __ATOMIC_RELAXED))
		return;
	xen_log(xen, PV_LOG_ERROR,
	    "a page beyond 16 TiB cannot be lent with grants of version 1");
}

void
xen_grant_set(struct xen *xen, struct pv_stats *stats, uint32_t reference,
    uint16_t remote, uint64_t physical, bool read_only)
{
	struct xen_grants *grants = xen->grants;
	uint64_t frame = physical >> XEN_PAGE_SHIFT;

	if (grants == NULL || !reserved(grants, reference))
		return;
	if (!grants->version->fits(frame)) {
		stats->bad_value++;
		complain(xen);
		return;
	}
	stats->grants++;
	grants->version->set(grants_entry(grants, reference), remote, frame,
	    read_only);
}

bool
xen_grant_end(struct xen *xen, struct pv_stats *stats, uint32_t reference)
{
	struct xen_grants *grants = xen->grants;

	(void)stats;
	if (grants == NULL || !reserved(grants, reference))
		return true;
	return grants->version->end(grants_entry(grants, reference),
	    grants_status(grants, reference));
}

unsigned
xen_grants_frames(const struct xen *xen)
{
	return xen->grants != NULL ? xen->grants->max : 0;
}

unsigned
xen_grants_version(const struct xen *xen)
{
	return xen->grants != NULL ? xen->grants->version->number : 0;
}
