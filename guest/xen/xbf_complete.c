/* SPDX-License-Identifier: ISC */
/*
 * xbf: the answers of the host.
 *
 * An owner is told that a request is done only when the host cannot reach its
 * memory any more.  Where the host does not let go, the request waits for that,
 * and ends in PV_EBUSY after a while.
 */
#include "guest/bus/libc.h"
#include "guest/bus/segments.h"
#include "guest/xen/xbf.h"

/* ---- The end of a request --------------------------------------------- */

void
xbf_finish(struct xbf_queue *queue, struct pv_io *io)
{
	io->next = NULL;
	*queue->finished_end = io;
	queue->finished_end = &io->next;
}

/* A completion may submit again, and so end up here again: only the outermost
 * call goes on.  True: there are more. */
bool
xbf_run_finished(struct xbf_queue *queue, unsigned budget)
{
	struct pv_io *io;

	if (queue->completing)
		return queue->finished != NULL;
	queue->completing = true;
	while (budget-- > 0 && (io = queue->finished) != NULL) {
		queue->finished = io->next;
		if (queue->finished == NULL)
			queue->finished_end = &queue->finished;
		io->done(io);
	}
	queue->completing = false;
	return queue->finished != NULL;
}

void
xbf_part_done(struct xbf_queue *queue, struct pv_io *io, int error)
{
	if (error != PV_OK && io->error == PV_OK)
		io->error = error;
	if (--io->pending == 0 && io->submitted)
		xbf_finish(queue, io);
}

/* ---- Taking back what was lent ---------------------------------------- */

static void
grant_free(struct xbf_queue *queue, struct xbf_grant *grant)
{
	struct xbf_grant **list = grant->page != NULL ? &queue->pages
						      : &queue->references;

	if (grant->page != NULL)
		queue->pages_left++;
	else
		queue->references_left++;
	grant->io = NULL;
	grant->next = *list;
	*list = grant;
}

static bool
take_back(struct xbf_queue *queue, struct xbf_grant *grant)
{
	if (grant->lent &&
	    !xen_grant_end(queue->xbf->xen, &queue->stats, grant->reference))
		return false;
	grant->lent = false;
	return true;
}

/* The host holds it: nobody waits for a page of ours. */
static void
hold(struct xbf_queue *queue, struct xbf_grant *grant, struct pv_io *io,
    uint64_t until)
{
	grant->io = grant->page == NULL ? io : NULL;
	grant->until = until;
	if (grant->io != NULL)
		io->pending++;
	grant->next = queue->held;
	queue->held = grant;
}

/* The page stays away for good; the reference is given up with the queue. */
static void
give_up(struct xbf_queue *queue, struct xbf_grant *grant)
{
	struct pv_io *io = grant->io;

	queue->stats.held++;
	grant->io = NULL;
	grant->until = PV_NEVER;
	xbf_part_done(queue, io, PV_EBUSY);
	io->error = PV_EBUSY; /* whatever else went wrong */
	xbf_break(queue->xbf,
	    "the host does not let go of memory that was lent to it");
}

static void
held_look(struct xbf_queue *queue, uint64_t now)
{
	struct xbf_grant **link = &queue->held, *grant;

	while ((grant = *link) != NULL) {
		if (take_back(queue, grant)) {
			struct pv_io *io = grant->io;

			*link = grant->next;
			grant_free(queue, grant);
			if (io != NULL)
				xbf_part_done(queue, io, PV_OK);
			continue;
		}
		if (grant->io != NULL && now >= grant->until)
			give_up(queue, grant);
		link = &grant->next;
	}
}

void
xbf_held_expire(struct xbf_queue *queue)
{
	held_look(queue, PV_NEVER);
}

/* Requests that wait for it; pages of ours are none. */
static bool
held_waited_for(const struct xbf_queue *queue)
{
	for (const struct xbf_grant *grant = queue->held; grant != NULL;
	     grant = grant->next)
		if (grant->io != NULL)
			return true;
	return false;
}

void
xbf_slot_end(struct xbf_queue *queue, struct xbf_slot *slot, int error,
    uint64_t hold_until)
{
	bool read = slot->operation == XEN_BLK_READ && error == PV_OK;
	bool keep = queue->xbf->persistent;
	struct xbf_grant *next, *grant = slot->grants;
	unsigned segment = slot->segment;
	size_t within = slot->within;
	struct pv_io *io = slot->io;

	for (; grant != NULL; grant = next) {
		bool back;

		next = grant->next;
		/* first take it back, so that the host cannot change it then */
		back = keep && grant->page != NULL ? true
						   : take_back(queue, grant);
		if (grant->page != NULL && read) {
			pv_io_copy(io, segment, within, grant->page,
			    grant->length, true);
			queue->stats.copies++;
		}
		if (read)
			pv_io_advance(io, &segment, &within, grant->length);
		if (back)
			grant_free(queue, grant);
		else
			hold(queue, grant, io, hold_until);
	}
	if (slot->indirect != NULL) {
		slot->indirect->next = queue->indirects;
		queue->indirects = slot->indirect;
	}
	if (error == PV_OK)
		queue->stats.bytes += slot->length;
	slot->grants = slot->indirect = NULL;
	slot->io = NULL;
	slot->used = false;
	queue->slots_free[queue->slots_left++] = (uint16_t)(slot -
	    queue->slots);
	__atomic_store_n(&queue->in_flight, queue->in_flight - 1,
	    __ATOMIC_RELAXED);
	if (error == PV_EAGAIN)
		io->pending--;
	else
		xbf_part_done(queue, io, error);
}

/* ---- Answers ---------------------------------------------------------- */

/* An indirect request is answered by either of its names: Linux's blkback takes
 * the inner one. */
static bool
answers(const struct xbf_slot *slot, uint8_t operation)
{
	return operation == slot->operation ||
	    (slot->indirect != NULL && operation == XEN_BLK_INDIRECT);
}

static int
status_error(struct xbf_queue *queue, const struct xbf_slot *slot, int status)
{
	switch (status) {
	case XEN_BLK_OKAY:
		return PV_OK;
	case XEN_BLK_EOPNOTSUPP:
		if (slot->operation <= XEN_BLK_WRITE)
			return PV_EIO;
		/* it may say so at any time, whatever it has announced */
		__atomic_fetch_or(&queue->xbf->refused, 1u << slot->operation,
		    __ATOMIC_RELAXED);
		return PV_ENOTSUP;
	case XEN_BLK_ERROR:
		return PV_EIO;
	default:
		queue->stats.bad_value++;
		return PV_EIO;
	}
}

/* NULL: it answers nothing, and what the host does with our memory is not known
 * any more. */
static struct xbf_slot *
slot_of(struct xbf_queue *queue, const struct xen_blk_response *response)
{
	uint64_t number = response->id & UINT16_MAX;
	struct xbf_slot *slot;

	if (number >= queue->slots_count) {
		queue->stats.bad_id++;
		return NULL;
	}
	slot = &queue->slots[number];
	if (response->id >> 16 != slot->sequence || slot->sequence == 0) {
		queue->stats.bad_id++;
		return NULL;
	}
	if (!slot->used) {
		queue->stats.bad_duplicate++;
		return NULL;
	}
	if (!answers(slot, response->operation)) {
		queue->stats.bad_value++;
		return NULL;
	}
	return slot;
}

/* Returns how many answers were taken; *more: not all. */
static unsigned
drain(struct xbf_queue *queue, unsigned budget, uint64_t now, bool *more)
{
	struct xen_blk_response response;
	struct xbf_slot *slot;
	uint32_t count;

	*more = false;
	if (ring_look(&queue->ring, &count) != PV_OK) {
		queue->stats.bad_index++;
		xbf_break(queue->xbf, "the host's ring index is impossible");
		return 0;
	}
	if (count > budget) {
		count = budget;
		*more = true;
	}
	for (uint32_t i = 0; i < count; i++) {
		ring_take(&queue->ring, &response, sizeof(response));
		slot = slot_of(queue, &response);
		if (slot == NULL) {
			*more = false;
			xbf_break(queue->xbf,
			    "the host answered what was not asked");
			return i;
		}
		xbf_slot_end(queue, slot,
		    status_error(queue, slot, response.status),
		    now + XBF_HOLD_ANSWERED);
	}
	return count;
}

/* With many requests under way, be called when most of them are done. */
unsigned
xbf_ahead(struct xbf_queue *queue)
{
	uint32_t under_way = queue->in_flight;
	uint32_t ahead = under_way < 8 ? 1 : under_way - under_way / 4;

	queue->early = ahead == 1;
	return ahead;
}

static void
watch_time(struct xbf_queue *queue, uint64_t now, bool answered)
{
	queue->looked = now;
	if (answered || queue->in_flight == 0)
		queue->since = 0;
	if (queue->in_flight > 0 && queue->since == 0)
		queue->since = now;
	if (queue->in_flight > 0 && now - queue->since >= XBF_ANSWER)
		__atomic_store_n(&queue->late, 1, __ATOMIC_RELAXED);
}

/* ---- The queue's turn ------------------------------------------------- */

static void
fail_waiting(struct xbf_queue *queue, int error)
{
	struct pv_io *io;

	while ((io = queue->waiting) != NULL) {
		queue->waiting = io->next;
		if (io->error == PV_OK)
			io->error = error;
		io->submitted = true;
		if (io->pending == 0)
			xbf_finish(queue, io);
	}
	queue->waiting_end = &queue->waiting;
}

/* Told to stop: nothing is in the ring any more, and once no request waits for
 * memory that the host holds, CPU 0 may have the queue. */
static void
stop(struct xbf_queue *queue, int dead, uint64_t now)
{
	xbf_queue_halt(queue, dead, now + XBF_HOLD_RESET);
	queue->looked = now;
	held_look(queue, now);
	if (dead != PV_OK)
		fail_waiting(queue, dead);
	if (!held_waited_for(queue))
		__atomic_store_n(&queue->stopped, 1, __ATOMIC_RELEASE);
}

static bool
work(struct xbf_queue *queue, unsigned budget, uint64_t now)
{
	bool event = xen_channel_take(&queue->channel), more;
	unsigned count = drain(queue, budget, now, &more);

	if (queue->held != NULL)
		held_look(queue, now);
	watch_time(queue, now, count > 0);
	xbf_issue(queue);
	xbf_publish(queue);
	if (!more && (queue->in_flight > 0 || count > 0 || event) &&
	    ring_arm(&queue->ring, xbf_ahead(queue)))
		more = true;
	if (event)
		xen_channel_done(&queue->channel, count > 0);
	return more;
}

bool
xbf_queue_poll(struct xbf_queue *queue, unsigned budget)
{
	struct xbf *xbf = queue->xbf;
	uint64_t now = pv_bus_now(xbf->device->bus);
	int dead = xbf_dead(xbf);
	bool more = false;

	queue->looked = now;

	if (__atomic_load_n(&queue->stopped, __ATOMIC_ACQUIRE) != 0) {
		if (dead != PV_OK)
			fail_waiting(queue, dead);
		else if (xbf->disk.online && queue->number >= xbf->disk.queues)
			fail_waiting(queue, PV_ENODEV);
	} else if (dead != PV_OK ||
	    __atomic_load_n(&queue->mode, __ATOMIC_ACQUIRE) == XBF_STOP)
		stop(queue, dead, now);
	else
		more = work(queue, budget, now);
	/* what broke the device just now is dealt with at once */
	if (dead == PV_OK && xbf_dead(xbf) != PV_OK)
		more = true;
	return xbf_run_finished(queue, budget) || more;
}

uint64_t
xbf_queue_deadline(const struct xbf_queue *queue)
{
	uint64_t first = PV_NEVER, next;

	if (queue->finished != NULL)
		return 0;
	if (queue->taken)
		first = queue->looked + XBF_LOOK;
	if (__atomic_load_n(&queue->stopped, __ATOMIC_ACQUIRE) != 0)
		return first;
	if (queue->held != NULL)
		first = queue->looked + XBF_HOLD_RETRY;
	if (queue->in_flight > 0) {
		next = queue->looked +
		    (queue->early ? XBF_LOST_EVENT : XBF_LATE_EVENT);
		if (next < first)
			first = next;
	}
	next = xen_channel_deadline(&queue->channel);
	return next < first ? next : first;
}
