/* SPDX-License-Identifier: ISC */
/* xbf: all queues of a connection, and what the owner is told. */
#include "guest/bus/libc.h"
#include "guest/xen/xbf.h"

void
xbf_changed(struct xbf *xbf)
{
	if (xbf->disk.changed != NULL)
		xbf->disk.changed(&xbf->disk, xbf->disk.owner);
}

void
xbf_offline(struct xbf *xbf)
{
	if (!xbf->disk.online)
		return;
	xbf->disk.online = false;
	xbf_changed(xbf);
}

/* In order: fewer queues, a smaller ring, none. */
int
xbf_open_queues(struct xbf *xbf)
{
	int error = PV_ENOMEM;

	for (unsigned i = 0; i < xbf->queues_open; i++) {
		error = xbf_queue_open(&xbf->queues[i], xbf->ring_pages);
		if (error == PV_OK)
			continue;
		if (i > 0)
			error = PV_OK;
		xbf->queues_open = i;
		break;
	}
	if (error == PV_OK)
		return PV_OK;
	xbf->queues_open = xbf->ring_pages = 1;
	return xbf_queue_open(&xbf->queues[0], 1);
}

/* Requests that wait in a queue which there is no more. */
static void
move_waiting(struct xbf *xbf)
{
	for (unsigned i = xbf->queues_open; i < xbf->queues_count; i++) {
		struct xbf_queue *from = &xbf->queues[i];
		struct xbf_queue *to = xbf_stand_in(xbf, i);

		/* else its own poll ends them */
		if (from->waiting == NULL || from->taken || to == NULL)
			continue;
		*to->waiting_end = from->waiting;
		to->waiting_end = from->waiting_end;
		from->waiting = NULL;
		from->waiting_end = &from->waiting;
	}
}

void
xbf_start_queues(struct xbf *xbf)
{
	for (unsigned i = 0; i < xbf->queues_open; i++) {
		struct xbf_queue *queue = &xbf->queues[i];

		__atomic_store_n(&queue->mode, (uint32_t)XBF_RUN,
		    __ATOMIC_RELEASE);
		__atomic_store_n(&queue->stopped, 0, __ATOMIC_RELEASE);
		if (queue->taken)
			continue;
		xbf_issue(queue);
		xbf_publish(queue);
	}
}

int
xbf_equip_queues(struct xbf *xbf)
{
	unsigned segments = xbf_segments(xbf);
	int error = PV_OK;

	for (unsigned i = 0; error == PV_OK && i < xbf->queues_open; i++)
		error = xbf_queue_equip(&xbf->queues[i], segments);
	return error;
}

void
xbf_online(struct xbf *xbf)
{
	struct pv_disk *disk = &xbf->disk;

	disk->queues = xbf->queues_open;
	disk->depth = xbf->queues[0].slots_count;
	disk->max_transfer = (size_t)xbf->queues[0].segments_max * PV_PAGE_SIZE;
	disk->online = true;
	move_waiting(xbf);
	xbf_start_queues(xbf);
	xbf_changed(xbf);
}
