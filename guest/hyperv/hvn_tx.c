/* SPDX-License-Identifier: ISC */
/*
 * Frames on their way to the host.  Short ones are copied into a section of the
 * send buffer, as many as fit, each an RNDIS message of its own, and one packet
 * in the ring tells of them all.  Of a long one the host reads the pages, and
 * its RNDIS header stands in memory of ours.
 */
#include "guest/bus/frame.h"
#include "guest/bus/libc.h"
#include "guest/hyperv/hvn.h"

/* ---- What is asked of a frame ----------------------------------------- */

static int
check_segmentation(const struct hvn *hvn, const struct pv_frame *frame)
{
	uint32_t needed;

	if (frame->segmentation == PV_SEGMENT_NONE)
		return PV_OK;
	if (frame->segmentation == PV_SEGMENT_TCP4)
		needed = PV_NIC_TSO4;
	else if (frame->segmentation == PV_SEGMENT_TCP6)
		needed = PV_NIC_TSO6;
	else
		return PV_EINVAL;
	if ((frame->flags & PV_FRAME_CHECKSUM_BLANK) == 0 ||
	    frame->segment_size == 0)
		return PV_EINVAL;
	return (hvn->nic.features & needed) != 0 ? PV_OK : PV_ENOTSUP;
}

static int
check(const struct hvn *hvn, const struct pv_frame *frame)
{
	if (frame->length < FRAME_ETHERNET || frame->length > HVN_FRAME_MAX ||
	    hvn_plan_check(frame) != PV_OK)
		return PV_EINVAL;
	if ((frame->flags & PV_FRAME_CHECKSUM_BLANK) != 0 &&
	    (size_t)frame->checksum_start + frame->checksum_offset + 2 >
		frame->length)
		return PV_EINVAL;
	return check_segmentation(hvn, frame);
}

/* ---- Packets ---------------------------------------------------------- */

/* The message that goes with a packet; section HV_NVSP_NO_SECTION: the bytes are
 * in the pages of the plan. */
static bool
send(struct hvn_queue *queue, uint64_t id, uint32_t section, size_t size,
    const struct hvn_plan *plan)
{
	const struct hv_nvsp message = { .type = HV_NVSP_RNDIS,
		.u.rndis = { .channel = HV_NVSP_DATA,
		    .section = section,
		    .section_size = (uint32_t)size } };
	const struct ring_piece piece = { &message, hvn_nvs_size(queue->hvn) };
	struct {
		uint32_t reserved, count;
		struct hv_gpa_page pages[HVN_PAGES];
	} ranges = { .count = 0 };
	struct ring_packet_out packet = { .type = HV_PACKET_INBAND,
		.flags = HV_PACKET_FLAG_COMPLETION,
		.id = id,
		.pieces = &piece,
		.count = 1 };

	if (plan != NULL) {
		ranges.count = plan->count;
		memcpy(ranges.pages, plan->pages,
		    plan->count * sizeof(plan->pages[0]));
		packet.type = HV_PACKET_GPA_DIRECT;
		packet.header = &ranges;
		packet.header_len = 8 + plan->count * sizeof(plan->pages[0]);
	}
	return hvn_queue_send(queue, &packet);
}

static uint32_t
take_slot(struct hvn_tx *tx, enum hvn_slot_kind kind, uint64_t *id)
{
	uint32_t slot;

	if (tx->slots.used + HVN_SLOTS_CONTROL >= tx->slots.count)
		return SLOT_NONE;
	slot = slots_take(&tx->slots, id);
	if (slot != SLOT_NONE)
		tx->slot[slot] = (struct hvn_slot){ .kind = (uint8_t)kind };
	return slot;
}

/* A slot with so many sections. */
static uint32_t
take_copy(struct hvn_tx *tx, unsigned sections, uint64_t *id)
{
	unsigned first = hvn_sections_take(tx, sections);
	uint32_t slot;

	if (first == HVN_SECTIONS)
		return SLOT_NONE;
	slot = take_slot(tx, HVN_SLOT_COPIED, id);
	if (slot == SLOT_NONE) {
		hvn_sections_give(tx, first, sections);
		return SLOT_NONE;
	}
	tx->slot[slot].section = (uint16_t)first;
	tx->slot[slot].sections = (uint16_t)sections;
	return slot;
}

static size_t
section_at(const struct hvn_tx *tx, uint32_t slot)
{
	return (size_t)tx->slot[slot].section * tx->section_size;
}

/* ---- Several frames in one packet ------------------------------------- */

bool
hvn_tx_flush(struct hvn_queue *queue)
{
	struct hvn_tx *tx = &queue->tx;
	uint32_t slot = tx->batch.slot;
	struct hvn_plan plan = { .count = 0 };
	bool sent;

	if (slot == SLOT_NONE)
		return true;
	if (tx->lent)
		sent = send(queue, tx->batch.id,
		    tx->first + tx->slot[slot].section, tx->batch.used, NULL);
	else {
		hvn_plan_run(&plan, tx->physical + section_at(tx, slot),
		    tx->batch.used);
		sent = send(queue, tx->batch.id, HV_NVSP_NO_SECTION, 0, &plan);
	}
	if (sent)
		tx->batch.slot = SLOT_NONE;
	return sent;
}

static size_t
batch_limit(const struct hvn_tx *tx)
{
	return tx->limits.bytes < tx->section_size ? tx->limits.bytes
						   : tx->section_size;
}

/* Where the next message begins; the one before it grows up to there. */
static size_t
batch_next(const struct hvn_tx *tx)
{
	size_t align = tx->limits.align;

	return (tx->batch.used + align - 1) / align * align;
}

/* Room for a message of that size in the packet that is being filled, or in
 * another one. */
static bool
batch_room(struct hvn_queue *queue, size_t size)
{
	struct hvn_tx *tx = &queue->tx;

	if (tx->batch.slot != SLOT_NONE) {
		size_t at = batch_next(tx), limit = batch_limit(tx);

		if (tx->lent && tx->batch.count < tx->limits.packets &&
		    at <= limit && size <= limit - at)
			return true;
		if (!hvn_tx_flush(queue))
			return false;
	}
	if (!hvn_queue_runs(queue))
		return false;
	tx->batch.slot = take_copy(tx, 1, &tx->batch.id);
	if (tx->batch.slot == SLOT_NONE)
		return false;
	tx->batch.used = tx->batch.last = 0;
	tx->batch.count = 0;
	tx->batch.end = &tx->slot[tx->batch.slot].frames;
	return true;
}

static void
fill(uint8_t *to, struct pv_frame *frame, const struct hvn_offload *offload)
{
	size_t header = rndis_packet_header(&offload->info);

	rndis_packet_put(to, &offload->info, frame->length);
	hvn_gather(frame, 0, to + header, frame->length);
	hvn_offload_finish(offload, frame, to + header);
}

static bool
place_short(struct hvn_queue *queue, struct pv_frame *frame,
    const struct hvn_offload *offload, size_t size)
{
	struct hvn_tx *tx = &queue->tx;
	uint8_t *section;
	size_t at;

	if (!batch_room(queue, size))
		return false;
	section = tx->memory + section_at(tx, tx->batch.slot);
	at = batch_next(tx);
	if (at > tx->batch.used) {
		memset(section + tx->batch.used, 0, at - tx->batch.used);
		rndis_packet_pad(section + tx->batch.last, at - tx->batch.used);
	}
	fill(section + at, frame, offload);
	queue->stats->copies++;
	tx->batch.last = at;
	tx->batch.used = at + size;
	tx->batch.count++;
	*tx->batch.end = frame;
	tx->batch.end = &frame->next;
	return true;
}

/* ---- One frame, by its pages ------------------------------------------ */

/* All of it, in sections in a row. */
static bool
place_copied(struct hvn_queue *queue, struct pv_frame *frame,
    const struct hvn_offload *offload, size_t size)
{
	struct hvn_tx *tx = &queue->tx;
	unsigned sections = (unsigned)((size + tx->section_size - 1) /
	    tx->section_size);
	struct hvn_plan plan = { .count = 0 };
	uint32_t slot;
	uint64_t id;

	if (sections > tx->sections) {
		hvn_tx_finish(frame, PV_EMSGSIZE);
		return true;
	}
	slot = take_copy(tx, sections, &id);
	if (slot == SLOT_NONE)
		return false;
	fill(tx->memory + section_at(tx, slot), frame, offload);
	hvn_plan_run(&plan, tx->physical + section_at(tx, slot), size);
	if (!send(queue, id, HV_NVSP_NO_SECTION, 0, &plan)) {
		hvn_tx_release(tx, slot);
		return false;
	}
	queue->stats->copies++;
	tx->slot[slot].frames = frame;
	return true;
}

/* Its own memory, but for `skip` bytes that go with the RNDIS header. */
static bool
place_lent(struct hvn_queue *queue, struct pv_frame *frame,
    const struct hvn_offload *offload, size_t skip, struct hvn_plan *plan)
{
	struct hvn_tx *tx = &queue->tx;
	size_t header = rndis_packet_header(&offload->info);
	uint32_t slot;
	uint64_t id;
	uint8_t *head;

	slot = take_slot(tx, HVN_SLOT_LENT, &id);
	if (slot == SLOT_NONE)
		return false;
	head = tx->heads + (size_t)slot * HVN_HEAD;
	plan->pages[0] = (struct hv_gpa_page){
		.bytes = (uint32_t)(header + skip),
		.offset = slot * HVN_HEAD % PV_PAGE_SIZE,
		.frame = (tx->heads_physical + slot * HVN_HEAD) / PV_PAGE_SIZE,
	};
	rndis_packet_put(head, &offload->info, frame->length);
	hvn_gather(frame, 0, head + header, skip);
	if (offload->rewrite)
		hvn_offload_finish(offload, frame, head + header);
	if (!send(queue, id, HV_NVSP_NO_SECTION, 0, plan)) {
		hvn_tx_release(tx, slot);
		return false;
	}
	queue->stats->copies += skip > 0;
	tx->slot[slot].frames = frame;
	return true;
}

/* How many bytes are copied in front of a frame that is not. */
static size_t
head_of(const struct pv_frame *frame, const struct hvn_offload *offload)
{
	if (offload->rewrite)
		return offload->headers;
	return frame->segments[0].len <= HVN_PIECE ? frame->segments[0].len : 0;
}

static bool
place_long(struct hvn_queue *queue, struct pv_frame *frame,
    const struct hvn_offload *offload)
{
	size_t header = rndis_packet_header(&offload->info);
	size_t skip = head_of(frame, offload);
	struct hvn_plan plan = { .count = 1 }; /* the first is the head */

	/* so that frames stay in order */
	if (!hvn_tx_flush(queue))
		return false;
	if (!offload->complete && header + skip <= HVN_HEAD &&
	    hvn_plan_frame(&plan, frame, skip))
		return place_lent(queue, frame, offload, skip, &plan);
	return place_copied(queue, frame, offload, header + frame->length);
}

/* False: no room, and nothing has happened.  Else the frame is on its way or
 * has ended. */
static bool
place(struct hvn_queue *queue, struct pv_frame *frame)
{
	struct hvn_tx *tx = &queue->tx;
	struct hvn_offload offload;
	int error = hvn_offload(queue->hvn, frame, &offload);
	size_t size;

	if (error != PV_OK) {
		hvn_tx_finish(frame, error);
		return true;
	}
	size = rndis_packet_header(&offload.info) + frame->length;
	if (frame->length <= HVN_COPY && size <= tx->section_size)
		return place_short(queue, frame, &offload, size);
	return place_long(queue, frame, &offload);
}

/* ---- From above ------------------------------------------------------- */

/* The host says which channel it wants a flow on; it gets that where the other
 * queue is of the same CPU. */
static struct hvn_queue *
by_hash(struct hvn_queue *queue, const struct pv_frame *frame)
{
	struct hvn *hvn = queue->hvn;
	struct hvn_queue *other;
	unsigned active = hvn->active;
	uint32_t wanted;

	if (frame->hash == 0 || active < 2)
		return queue;
	wanted = __atomic_load_n(&hvn->table[frame->hash %
				     HV_NVSP_INDIRECTION_ENTRIES],
	    __ATOMIC_RELAXED);
	other = hvn->queues[wanted % active];
	if (other == NULL || other == queue || other->cpu != queue->cpu ||
	    !hvn_queue_runs(other))
		return queue;
	queue->tx.others |= 1u << other->index;
	return other;
}

static int
why_not(const struct hvn_queue *queue)
{
	const struct hvn *hvn = queue->hvn;

	if (hvn->nic.gone)
		return PV_ENODEV;
	if (__atomic_load_n(&hvn->why, __ATOMIC_ACQUIRE) != NULL ||
	    __atomic_load_n(&queue->broken, __ATOMIC_ACQUIRE) != NULL)
		return PV_EPROTO;
	return PV_EIO;
}

void
hvn_tx_submit(struct hvn_queue *queue, struct pv_frame *frame)
{
	struct hvn_tx *tx;
	int error;

	frame->next = NULL;
	frame->error = PV_OK;
	frame->pending = 0;
	queue->stats->requests++;
	error = hvn_queue_runs(queue) ? check(queue->hvn, frame)
				      : why_not(queue);
	if (error != PV_OK) {
		hvn_tx_finish(frame, error);
		return;
	}
	queue->stats->bytes += frame->length;
	queue = by_hash(queue, frame);
	tx = &queue->tx;
	if (tx->waiting == NULL && place(queue, frame))
		return;
	if (!hvn_queue_runs(queue)) { /* it found out just now */
		hvn_tx_finish(frame, why_not(queue));
		return;
	}
	queue->stats->stalls++;
	*tx->waiting_end = frame;
	tx->waiting_end = &frame->next;
}

/* A completion may come with more, so none of this is kept over place(). */
void
hvn_tx_step(struct hvn_queue *queue)
{
	struct hvn_tx *tx = &queue->tx;

	while (tx->waiting != NULL) {
		struct pv_frame *frame = tx->waiting;

		tx->waiting = frame->next;
		if (tx->waiting == NULL)
			tx->waiting_end = &tx->waiting;
		frame->next = NULL;
		if (place(queue, frame))
			continue;
		if (!hvn_queue_runs(queue)) {
			hvn_tx_finish(frame, why_not(queue));
			return;
		}
		frame->next = tx->waiting;
		if (tx->waiting == NULL)
			tx->waiting_end = &frame->next;
		tx->waiting = frame;
		return;
	}
}

void
hvn_tx_open(struct hvn_queue *queue)
{
	struct hvn_tx *tx = &queue->tx;

	slots_init(&tx->slots, tx->table, HVN_SLOTS);
	memset(tx->slot, 0, sizeof(tx->slot));
	tx->sections = 0;
	tx->batch.slot = SLOT_NONE;
	tx->waiting = NULL;
	tx->waiting_end = &tx->waiting;
	tx->others = 0;
	tx->kept = 0;
}
