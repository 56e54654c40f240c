/* SPDX-License-Identifier: ISC */
/* hvs: what a channel needs, and its requests as they come and go. */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvs.h"

static const struct pv_bus *
bus_of(const struct hvs_queue *queue)
{
	return queue->hvs->device->bus;
}

void
hvs_queue_init(struct hvs *hvs, unsigned number)
{
	struct hvs_queue *queue = &hvs->queues[number];

	queue->hvs = hvs;
	queue->number = number;
	queue->stopped = HVS_EMPTY;
	queue->mode = HVS_STOP;
	queue->oldest = queue->newest = HVS_NONE;
	queue->lanes_end = &queue->lanes;
	queue->finished_end = &queue->finished;
	queue->wake = PV_NEVER;
	slots_init(&queue->ids, queue->table, HVS_SLOTS);
}

/* ---- Pages to copy through -------------------------------------------- */

int
hvs_queue_equip(struct hvs_queue *queue)
{
	const struct pv_port *port = queue->hvs->hyperv->port;

	if (queue->bounce != NULL)
		return PV_OK;
	queue->bounce = pv_alloc(bus_of(queue),
	    HVS_BOUNCE_PAGES * sizeof(*queue->bounce));
	if (queue->bounce == NULL)
		return PV_ENOMEM;
	for (unsigned i = 0; i < HVS_BOUNCE_PAGES; i++) {
		struct hvs_bounce *bounce = &queue->bounce[i];

		bounce->page = port->pages_alloc(port->ctx, 1,
		    &bounce->physical);
		if (bounce->page == NULL)
			break;
		bounce->next = queue->pages;
		queue->pages = bounce;
		queue->pages_left++;
	}
	return queue->pages_left > 0 ? PV_OK : PV_ENOMEM;
}

void
hvs_queue_free(struct hvs_queue *queue)
{
	const struct pv_port *port = queue->hvs->hyperv->port;

	if (queue->bounce == NULL)
		return;
	for (unsigned i = 0; i < HVS_BOUNCE_PAGES; i++)
		if (queue->bounce[i].page != NULL)
			port->pages_free(port->ctx, queue->bounce[i].page, 1);
	pv_free(bus_of(queue), queue->bounce,
	    HVS_BOUNCE_PAGES * sizeof(*queue->bounce));
	queue->bounce = queue->pages = NULL;
	queue->pages_left = 0;
}

void
hvs_pages_free(struct hvs_queue *queue, struct hvs_bounce *list)
{
	struct hvs_bounce *next;

	for (; list != NULL; list = next) {
		next = list->next;
		list->next = queue->pages;
		queue->pages = list;
		queue->pages_left++;
	}
}

/* The host may still have them: they are never used again. */
static void
pages_lose(struct hvs_queue *queue, struct hvs_bounce *list)
{
	for (; list != NULL; list = list->next) {
		list->page = NULL;
		queue->stats.held++;
	}
}

/* ---- Slots ------------------------------------------------------------ */

struct hvs_slot *
hvs_slot_new(struct hvs_queue *queue, uint64_t *id)
{
	uint32_t number = slots_take(&queue->ids, id);
	struct hvs_slot *slot;

	if (number == SLOT_NONE)
		return NULL;
	slot = &queue->slots[number];
	*slot = (struct hvs_slot){ .older = HVS_NONE, .newer = HVS_NONE };
	return slot;
}

static uint16_t
number_of(const struct hvs_queue *queue, const struct hvs_slot *slot)
{
	return (uint16_t)(slot - queue->slots);
}

void
hvs_slot_sent(struct hvs_queue *queue, struct hvs_slot *slot, uint64_t patience)
{
	uint16_t number = number_of(queue, slot);

	slot->state = HVS_SENT;
	slot->sent = hvs_now(queue->hvs);
	slot->deadline = slot->sent + patience;
	slot->older = queue->newest;
	slot->newer = HVS_NONE;
	if (queue->newest != HVS_NONE)
		queue->slots[queue->newest].newer = number;
	else
		queue->oldest = number;
	queue->newest = number;
	__atomic_store_n(&queue->in_flight, queue->in_flight + 1,
	    __ATOMIC_RELAXED);
}

void
hvs_slot_back(struct hvs_queue *queue, struct hvs_slot *slot)
{
	if (slot->state != HVS_SENT)
		return;
	if (slot->older != HVS_NONE)
		queue->slots[slot->older].newer = slot->newer;
	else
		queue->oldest = slot->newer;
	if (slot->newer != HVS_NONE)
		queue->slots[slot->newer].older = slot->older;
	else
		queue->newest = slot->older;
	slot->state = HVS_FREE;
	__atomic_store_n(&queue->in_flight, queue->in_flight - 1,
	    __ATOMIC_RELAXED);
}

void
hvs_slot_free(struct hvs_queue *queue, struct hvs_slot *slot)
{
	hvs_slot_back(queue, slot);
	if (slot->state == HVS_AGAIN)
		queue->again--;
	if (slot->io != NULL)
		queue->data_slots--;
	hvs_pages_free(queue, slot->pages);
	slot->pages = NULL;
	slot->io = NULL;
	slot->command = NULL;
	slot->state = HVS_FREE;
	slots_give(&queue->ids, number_of(queue, slot));
}

/* ---- Letting go ------------------------------------------------------- */

static bool
used(const struct hvs_slot *slot)
{
	return slot->io != NULL || slot->command != NULL;
}

/* The one that was made last: progress of an io goes back from there. */
static struct hvs_slot *
latest(struct hvs_queue *queue)
{
	struct hvs_slot *found = NULL;

	for (unsigned i = 0; i < HVS_SLOTS; i++) {
		struct hvs_slot *slot = &queue->slots[i];

		if (used(slot) &&
		    (found == NULL || slot->sequence > found->sequence))
			found = slot;
	}
	return found;
}

/* Its part is to be done again, and those after it too. */
static void
rewind_io(const struct hvs_slot *slot)
{
	struct hvs_lane *lane = slot->lane;
	struct pv_io *io = slot->io;

	io->progress = slot->start;
	io->segment = slot->segment;
	io->within = slot->within;
	io->total = 0; /* the disk may be another one: check it again */
	io->pending--;
	if (!io->submitted)
		return; /* it is the first of those that wait */
	io->submitted = false;
	io->next = lane->waiting;
	if (lane->waiting == NULL)
		lane->waiting_end = &io->next;
	lane->waiting = io;
	hvs_lane_activate(lane);
}

static void
lose(struct hvs_queue *queue, struct hvs_slot *slot, int error, bool held)
{
	bool sent = slot->state == HVS_SENT;
	struct hvs_lane *lane = slot->lane;
	struct pv_io *io = slot->io;

	if (held && sent) {
		pages_lose(queue, slot->pages);
		slot->pages = NULL;
		if (slot->lent) {
			error = PV_EBUSY;
			io->error = PV_EBUSY; /* whatever else went wrong */
		}
	}
	hvs_slot_free(queue, slot);
	hvs_part_done(lane, io, error);
}

void
hvs_queue_halt(struct hvs_queue *queue, int error, bool held)
{
	struct hvs_slot *slot;

	while ((slot = latest(queue)) != NULL) {
		if (slot->command != NULL) {
			struct hvs_command *command = slot->command;
			bool lost = held && slot->state == HVS_SENT;

			hvs_slot_free(queue, slot);
			hvs_command_done(command,
			    lost                 ? PV_EBUSY
				: error != PV_OK ? error
						 : PV_EINTR);
		} else if (error != PV_OK)
			lose(queue, slot, error, held);
		else {
			rewind_io(slot);
			hvs_slot_free(queue, slot);
		}
	}
	hvs_mail_return(queue, error != PV_OK ? error : PV_EINTR);
	__atomic_store_n(&queue->late, 0, __ATOMIC_RELAXED);
}

/* What was counted since the last time. */
void
hvs_stats(struct pv_stats *now, struct pv_stats *told, struct pv_stats *sum)
{
	const uint64_t *from = (const uint64_t *)now;
	uint64_t *before = (uint64_t *)told, *to = (uint64_t *)sum;

	_Static_assert(sizeof(*sum) % sizeof(uint64_t) == 0, "counters only");
	for (size_t i = 0; i < sizeof(*sum) / sizeof(uint64_t); i++) {
		uint64_t counted = from[i];

		to[i] += counted - before[i];
		before[i] = counted;
	}
}
