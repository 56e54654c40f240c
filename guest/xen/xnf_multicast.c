/* SPDX-License-Identifier: ISC */
/*
 * Multicast: the back end sends only the groups that it was told, once it is
 * asked to ("request-multicast-control"), or all.
 */
#include "guest/bus/libc.h"
#include "guest/xen/xnf.h"

/* ---- From the owner of the bus ---------------------------------------- */

/* Whether the back end can be made to filter: with this connection, or as the
 * next one is not made yet. */
static bool
can_change(const struct xnf *xnf)
{
	switch (xnf->phase) {
	case XNF_WRITING:
	case XNF_WAITING:
	case XNF_ASKING:
	case XNF_RUNNING:
		return xnf->can_filter_later;
	default:
		return true;
	}
}

static void
set_filter(struct xnf *xnf, bool filter)
{
	if (xnf->filter == filter)
		return;
	xnf->filter = filter;
	xnf->tell_filter = true;
	xnf_step(xnf);
}

/* Queue 0 may belong to another CPU, which takes the list when it polls. */
static bool
withdraw(struct xnf *xnf)
{
	uint32_t there = XNF_GROUPS_THERE;

	__atomic_compare_exchange_n(&xnf->groups, &there, XNF_GROUPS_NONE,
	    false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	return there != XNF_GROUPS_TAKING;
}

int
xnf_multicast(struct pv_nic *nic, const uint8_t (*groups)[6], unsigned count)
{
	struct xnf *xnf = (struct xnf *)nic;

	for (unsigned i = 0; i < count; i++)
		if ((groups[i][0] & 1) == 0)
			return PV_EINVAL; /* no group */
	if (count > XNF_GROUPS && xnf->filter && !can_change(xnf))
		return PV_ENOMEM; /* it cannot stop to filter either */
	if (count > XNF_GROUPS) {
		set_filter(xnf, false);
		return PV_ENOTSUP;
	}
	if (!xnf->filter && !can_change(xnf))
		return PV_ENOTSUP;
	if (!withdraw(xnf))
		return PV_EAGAIN;
	if (count > 0)
		memcpy(xnf->wanted, groups, count * sizeof(*groups));
	xnf->wanted_count = count;
	__atomic_store_n(&xnf->groups, XNF_GROUPS_THERE, __ATOMIC_RELEASE);
	set_filter(xnf, true);
	if (xnf->phase == XNF_RUNNING && !xnf->can_filter)
		return PV_ENOTSUP;
	return PV_OK;
}

void
xnf_multicast_anew(struct xnf *xnf)
{
	xnf->told_count = 0;
	xnf->untold = true;
}

/* ---- From queue 0 ----------------------------------------------------- */

static void
take(struct xnf *xnf)
{
	uint32_t there = XNF_GROUPS_THERE;

	if (!__atomic_compare_exchange_n(&xnf->groups, &there,
		XNF_GROUPS_TAKING, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return;
	memcpy(xnf->goal, xnf->wanted, sizeof(xnf->goal));
	xnf->goal_count = xnf->wanted_count;
	xnf->untold = true;
	__atomic_store_n(&xnf->groups, XNF_GROUPS_NONE, __ATOMIC_RELEASE);
}

static bool
is_in(uint8_t (*groups)[6], unsigned count, const uint8_t group[6])
{
	for (unsigned i = 0; i < count; i++)
		if (memcmp(groups[i], group, 6) == 0)
			return true;
	return false;
}

static bool
drop_old(struct xnf_queue *queue)
{
	struct xnf *xnf = queue->xnf;

	for (unsigned i = xnf->told_count; i-- > 0;) {
		if (is_in(xnf->goal, xnf->goal_count, xnf->told[i]))
			continue;
		if (!xnf_tx_group(queue, false, xnf->told[i]))
			return false;
		memmove(xnf->told[i], xnf->told[--xnf->told_count], 6);
	}
	return true;
}

static bool
add_new(struct xnf_queue *queue)
{
	struct xnf *xnf = queue->xnf;

	for (unsigned i = 0; i < xnf->goal_count; i++) {
		if (is_in(xnf->told, xnf->told_count, xnf->goal[i]))
			continue;
		if (!xnf_tx_group(queue, true, xnf->goal[i]))
			return false;
		memcpy(xnf->told[xnf->told_count++], xnf->goal[i], 6);
	}
	return true;
}

void
xnf_multicast_step(struct xnf_queue *queue)
{
	struct xnf *xnf = queue->xnf;

	if (!xnf->can_filter)
		return;
	take(xnf);
	if (xnf->untold && drop_old(queue) && add_new(queue))
		xnf->untold = false;
}
