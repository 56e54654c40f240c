/* SPDX-License-Identifier: ISC */
/* References that the host did not let go of, and the pages behind them. */
#include "guest/bus/libc.h"
#include "guest/xen/grants_private.h"

#define RETRY_FIRST (10 * PV_MILLISECOND)
#define RETRY_LONGEST PV_SECOND

static size_t
size_of(const struct abandoned *abandoned)
{
	return sizeof(*abandoned) +
	    abandoned->room * sizeof(abandoned->references[0]);
}

static void
wake_after(struct xen *xen, uint64_t time)
{
	struct xen_grants *grants = xen->grants;

	grants->retry_after = time < RETRY_LONGEST ? time : RETRY_LONGEST;
	grants->retry = pv_bus_now(xen->bus) + grants->retry_after;
}

static void
free_pages(struct xen *xen, void *memory, size_t pages)
{
	if (memory == NULL || pages == 0)
		return;
	xen->port->pages_free(xen->port->ctx, memory, pages);
}

/* True: there is nothing left of it. */
static bool
try_one(struct xen *xen, struct abandoned *abandoned, bool gone)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < abandoned->count; i++) {
		uint32_t reference = abandoned->references[i];

		if (gone || xen_grant_end(xen, xen->stats, reference))
			xen_grants_release(xen, &reference, 1);
		else
			abandoned->references[kept++] = reference;
	}
	abandoned->count = kept;
	return kept == 0;
}

void
grants_abandoned_try(struct xen *xen, bool gone)
{
	struct abandoned **link = &xen->grants->abandoned;

	while (*link != NULL) {
		struct abandoned *abandoned = *link;

		if (!try_one(xen, abandoned, gone)) {
			link = &abandoned->link;
			continue;
		}
		*link = abandoned->link;
		free_pages(xen, abandoned->memory, abandoned->pages);
		xen->stats->held -= abandoned->pages;
		pv_free(xen->bus, abandoned, size_of(abandoned));
	}
	if (xen->grants->abandoned == NULL)
		xen->grants->retry = PV_NEVER;
	else
		wake_after(xen, 2 * xen->grants->retry_after);
}

/* What stays counted in stats->held. */
void
grants_abandoned_leak(struct xen *xen)
{
	while (xen->grants->abandoned != NULL) {
		struct abandoned *abandoned = xen->grants->abandoned;

		xen->grants->abandoned = abandoned->link;
		pv_free(xen->bus, abandoned, size_of(abandoned));
	}
}

void
xen_grants_abandon(struct xen *xen, struct pv_stats *stats,
    const uint32_t *references, unsigned count, void *memory, size_t pages)
{
	struct abandoned *abandoned;

	if (stats != xen->stats)
		stats->held += pages;
	xen->stats->held += pages;
	if (xen->grants == NULL)
		return;
	abandoned = pv_alloc(xen->bus,
	    sizeof(*abandoned) + count * sizeof(references[0]));
	if (abandoned == NULL)
		return; /* leaked, with its references */
	abandoned->memory = memory;
	abandoned->pages = pages;
	abandoned->count = abandoned->room = count;
	if (count > 0)
		memcpy(abandoned->references, references,
		    count * sizeof(references[0]));
	abandoned->link = xen->grants->abandoned;
	xen->grants->abandoned = abandoned;
	wake_after(xen, RETRY_FIRST);
}

bool
xen_grants_poll(struct xen *xen)
{
	if (xen->grants != NULL && xen->grants->retry != PV_NEVER &&
	    pv_bus_now(xen->bus) >= xen->grants->retry)
		grants_abandoned_try(xen, false);
	return false;
}

uint64_t
xen_grants_deadline(const struct xen *xen)
{
	return xen->grants != NULL ? xen->grants->retry : PV_NEVER;
}
