/* SPDX-License-Identifier: ISC */
/*
 * Memory that is lent to the host with a channel: a GPADL (guest physical
 * address descriptor list).
 *
 * What the host was told of it may hold until it says that it does not: pages
 * are freed then, and never because somebody has waited long enough.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/channel_private.h"

/* The 16 bits for the size of the range with all its frames. */
#define PAGES_MAX ((UINT16_MAX - sizeof(struct hv_gpa_range)) / 8)

/* A host that lets go late does so within this, or with the connection. */
#define RETURN_PATIENCE (60 * PV_SECOND)

/* ---- What the host may hold ------------------------------------------- */

/* Of the device that it is for, unless that has gone meanwhile. */
static struct pv_stats *
stats_of(const struct vmbus_lent *lent)
{
	const struct pv_device *device = pv_bus_devices(
	    lent->vmbus->hyperv->bus);

	if (lent->channel == NULL)
		return NULL;
	while (device != NULL && device != lent->channel->device)
		device = device->next;
	return device != NULL ? lent->channel->stats : NULL;
}

static void
count_held(struct vmbus_lent *lent, bool held)
{
	struct pv_stats *all = lent->vmbus->hyperv->stats, *of;
	uint64_t pages = held ? lent->pages : 0 - (uint64_t)lent->pages;

	if (lent->held == held)
		return;
	lent->held = held;
	all->held += pages;
	of = stats_of(lent);
	if (of != NULL && of != all)
		of->held += pages;
}

static void
unlink_lent(struct vmbus_lent *lent)
{
	struct vmbus_lent **link = &lent->vmbus->lent;

	while (*link != lent)
		link = &(*link)->next;
	*link = lent->next;
	pv_free(lent->vmbus->hyperv->bus, lent, sizeof(*lent));
}

static void
free_pages(struct vmbus *vmbus, void *memory, size_t pages)
{
	const struct pv_port *port = vmbus->hyperv->port;

	if (memory != NULL)
		port->pages_free(port->ctx, memory, pages);
}

static void
let_go(struct vmbus_lent *lent)
{
	count_held(lent, false);
	free_pages(lent->vmbus, lent->memory, lent->pages);
	unlink_lent(lent);
}

/* Without the host's word the pages stay where they are; the connection's end
 * may set them free. */
static void
torn_down(struct vmbus_request *request, int error, uint32_t status)
{
	struct vmbus_lent *lent = request->owner;

	(void)status;
	if (error == PV_OK)
		let_go(lent);
	else if (error != PV_EINTR)
		count_held(lent, true);
}

static void
tear_down(struct vmbus_lent *lent)
{
	struct vmbus *vmbus = lent->vmbus;

	lent->state = LENT_RETURNING;
	lent->overdue = pv_bus_now(vmbus->hyperv->bus) + VMBUS_PATIENCE;
	lent->request =
	    (struct vmbus_request){ .message = gpadl_teardown_message,
		    .answer = VMBUS_TORNDOWN,
		    .relid = lent->relid,
		    .id = lent->handle,
		    .patience = RETURN_PATIENCE,
		    .done = torn_down,
		    .owner = lent };
	vmbus_request(vmbus, &lent->request);
}

/* ---- Lend ------------------------------------------------------------- */

/* The driver's struct knows of nothing any more. */
static void
take_over(struct vmbus_lent *lent)
{
	struct vmbus_gpadl *gpadl = lent->gpadl;

	if (gpadl == NULL)
		return;
	gpadl->handle = 0;
	gpadl->memory = NULL;
	gpadl->pages = 0;
	gpadl->pending = false;
	lent->gpadl = NULL;
}

/* The host knows nothing of it. */
static void
not_lent(struct vmbus_lent *lent)
{
	if (lent->gpadl == NULL)
		free_pages(lent->vmbus, lent->memory, lent->pages);
	unlink_lent(lent);
}

/* One whose creation was asked for waits for the answer; then it is given back
 * once more. */
static void
give(struct vmbus_lent *lent, struct vmbus_opening *after)
{
	take_over(lent);
	if (lent->state == LENT_ASKED &&
	    lent->request.state == REQUEST_QUEUED &&
	    lent->request.number == 0) {
		vmbus_request_cancel(lent->vmbus, &lent->request);
		not_lent(lent);
	} else if (lent->state == LENT_OUT && after != NULL) {
		lent->state = LENT_WAITING;
		lent->after = after;
	} else if (lent->state == LENT_OUT)
		tear_down(lent);
}

/*
 * A host that refused has nothing, and one that could not be told either.  One
 * that did not answer, or was told a part only, may have it; it is asked to let
 * go like any other.
 */
static void
created(struct vmbus_request *request, int error, uint32_t status)
{
	struct vmbus_lent *lent = request->owner;
	struct vmbus_gpadl *gpadl = lent->gpadl;
	bool refused = error == PV_OK && status != HV_NTSTATUS_SUCCESS;

	lent->state = LENT_OUT;
	if (error == PV_EINTR)
		return;
	if (gpadl != NULL) {
		gpadl->pending = false;
		if (error == PV_OK && !refused)
			gpadl->handle = lent->handle;
	}
	if (refused || (error != PV_OK && request->number == 0))
		not_lent(lent);
	else if (gpadl == NULL)
		give(lent, NULL);
	if (gpadl != NULL && gpadl->done != NULL)
		gpadl->done(gpadl->owner, gpadl, refused ? PV_EACCES : error);
}

static struct vmbus_lent *
find(const struct vmbus *vmbus, const struct vmbus_gpadl *gpadl)
{
	for (struct vmbus_lent *lent = vmbus->lent; lent != NULL;
	     lent = lent->next)
		if (lent->gpadl == gpadl)
			return lent;
	return NULL;
}

/* Not 0, and of no other: handles come round after 2^32 of them. */
static uint32_t
new_handle(struct vmbus *vmbus)
{
	const struct vmbus_lent *lent;

	do {
		if (++vmbus->last_gpadl == 0)
			vmbus->last_gpadl = 1;
		for (lent = vmbus->lent; lent != NULL; lent = lent->next)
			if (lent->handle == vmbus->last_gpadl)
				break;
	} while (lent != NULL);
	return vmbus->last_gpadl;
}

int
gpadl_lend(struct vmbus_channel *channel, struct vmbus_gpadl *gpadl, bool rings)
{
	struct vmbus *vmbus = channel_vmbus(channel);
	struct vmbus_lent *lent;

	if (gpadl->memory == NULL || gpadl->pages == 0 ||
	    gpadl->pages > PAGES_MAX || gpadl->physical % PV_PAGE_SIZE != 0)
		return PV_EINVAL;
	if (!channel_usable(channel))
		return PV_ENODEV;
	if (find(vmbus, gpadl) != NULL)
		return PV_EBUSY;
	lent = pv_alloc(vmbus->hyperv->bus, sizeof(*lent));
	if (lent == NULL)
		return PV_ENOMEM;
	gpadl->handle = 0;
	gpadl->pending = true;
	*lent = (struct vmbus_lent){ .next = vmbus->lent,
		.vmbus = vmbus,
		.channel = channel,
		.gpadl = gpadl,
		.state = LENT_ASKED,
		.relid = channel->offer.relid,
		.handle = new_handle(vmbus),
		.memory = gpadl->memory,
		.physical = gpadl->physical,
		.pages = gpadl->pages,
		.overdue = PV_NEVER,
		.rings = rings };
	vmbus->lent = lent;
	lent->request = (struct vmbus_request){ .message = gpadl_create_message,
		.answer = VMBUS_CREATED,
		.relid = lent->relid,
		.id = lent->handle,
		.done = created,
		.owner = lent };
	vmbus_request(vmbus, &lent->request);
	return PV_OK;
}

int
vmbus_gpadl_create(struct vmbus_channel *channel, struct vmbus_gpadl *gpadl)
{
	return gpadl_lend(channel, gpadl, false);
}

/* ---- Give back -------------------------------------------------------- */

void
vmbus_gpadl_give(struct vmbus_channel *channel, struct vmbus_gpadl *gpadl)
{
	struct vmbus *vmbus = channel_vmbus(channel);
	struct vmbus_lent *lent = find(vmbus, gpadl);

	if (lent != NULL) {
		give(lent, NULL);
		return;
	}
	free_pages(vmbus, gpadl->memory, gpadl->pages);
	gpadl->handle = 0;
	gpadl->memory = NULL;
	gpadl->pages = 0;
	gpadl->pending = false;
}

void
gpadl_keep(struct vmbus_channel *channel, struct vmbus_gpadl *gpadl)
{
	struct vmbus_lent *lent = find(channel_vmbus(channel), gpadl);

	if (lent == NULL)
		return;
	take_over(lent);
	lent->state = LENT_RETURNING;
	lent->overdue = 0;
}

void
gpadls_give_all(struct vmbus_channel *channel, struct vmbus_opening *after)
{
	struct vmbus_lent *next;

	for (struct vmbus_lent *lent = channel_vmbus(channel)->lent;
	     lent != NULL; lent = next) {
		next = lent->next;
		if (lent->channel == channel && lent->gpadl != NULL &&
		    !lent->rings)
			give(lent, after);
	}
}

void
gpadls_closed(struct vmbus *vmbus, const struct vmbus_opening *opening)
{
	for (struct vmbus_lent *lent = vmbus->lent; lent != NULL;
	     lent = lent->next)
		if (lent->state == LENT_WAITING && lent->after == opening)
			tear_down(lent);
}

bool
gpadls_returning(const struct vmbus *vmbus, const struct vmbus_channel *channel)
{
	for (const struct vmbus_lent *lent = vmbus->lent; lent != NULL;
	     lent = lent->next)
		if (lent->channel == channel && !lent->held)
			return true;
	return false;
}

bool
gpadls_given(const struct vmbus *vmbus, const struct vmbus_channel *channel)
{
	for (const struct vmbus_lent *lent = vmbus->lent; lent != NULL;
	     lent = lent->next)
		if (lent->channel == channel && !lent->held &&
		    lent->gpadl == NULL && !lent->rings)
			return true;
	return false;
}

int
gpadls_rings(const struct vmbus *vmbus, const struct vmbus_channel *channel)
{
	int error = PV_OK;

	for (const struct vmbus_lent *lent = vmbus->lent; lent != NULL;
	     lent = lent->next)
		if (lent->channel == channel && lent->rings) {
			if (!lent->held)
				return PV_EAGAIN;
			error = PV_EBUSY;
		}
	return error;
}

void
gpadls_leave(struct vmbus *vmbus, const struct vmbus_channel *channel)
{
	for (struct vmbus_lent *lent = vmbus->lent; lent != NULL;
	     lent = lent->next)
		if (lent->channel == channel)
			lent->channel = NULL;
}

/* ---- For how long ----------------------------------------------------- */

void
gpadls_forget(struct vmbus *vmbus, bool sure)
{
	while (vmbus->lent != NULL) {
		struct vmbus_lent *lent = vmbus->lent;

		if (vmbus_request_busy(&lent->request))
			vmbus_request_cancel(vmbus, &lent->request);
		take_over(lent);
		if (sure) {
			let_go(lent);
		} else {
			count_held(lent, true);
			unlink_lent(lent);
		}
	}
}

void
gpadls_poll(struct vmbus *vmbus)
{
	struct hyperv *hyperv = vmbus->hyperv;
	uint64_t now = 0;

	for (struct vmbus_lent *lent = vmbus->lent; lent != NULL;
	     lent = lent->next) {
		if (lent->state != LENT_RETURNING || lent->held)
			continue;
		if (now == 0)
			now = pv_bus_now(hyperv->bus);
		if (now < lent->overdue)
			continue;
		count_held(lent, true);
		hyperv_log(hyperv, PV_LOG_ERROR,
		    "channel %u: the host does not let go of %u pages",
		    lent->relid, (unsigned)lent->pages);
	}
}

uint64_t
gpadls_deadline(const struct vmbus *vmbus)
{
	uint64_t deadline = PV_NEVER;

	for (const struct vmbus_lent *lent = vmbus->lent; lent != NULL;
	     lent = lent->next)
		if (lent->state == LENT_RETURNING && !lent->held &&
		    lent->overdue < deadline)
			deadline = lent->overdue;
	return deadline;
}
