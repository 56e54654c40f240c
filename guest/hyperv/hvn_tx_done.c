/* SPDX-License-Identifier: ISC */
/*
 * Packets on their way back from the host.  It completes them in any order; an
 * id that is not under way ends the use of the device.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvn.h"

void
hvn_tx_finish(struct pv_frame *frame, int error)
{
	frame->error = error;
	frame->done(frame);
}

void
hvn_tx_release(struct hvn_tx *tx, uint32_t slot)
{
	struct hvn_slot *entry = &tx->slot[slot];

	if (entry->kind == HVN_SLOT_COPIED)
		hvn_sections_give(tx, entry->section, entry->sections);
	*entry = (struct hvn_slot){ .kind = HVN_SLOT_FREE };
	slots_give(&tx->slots, slot);
}

/* The caller of transmit may come back from here with the next frame. */
static void
finish_all(struct pv_frame *frame, int error)
{
	struct pv_frame *next;

	for (; frame != NULL; frame = next) {
		next = frame->next;
		hvn_tx_finish(frame, error);
	}
}

/* What a completion says of the frames that were in the packet. */
static int
status_of(struct hvn_queue *queue, const struct ring_packet *packet)
{
	uint32_t type, status;

	if (packet->len < sizeof(type) + sizeof(status)) {
		queue->stats->bad_length++;
		return PV_EIO;
	}
	memcpy(&type, packet->data, sizeof(type));
	memcpy(&status, packet->data + sizeof(type), sizeof(status));
	if (type != HV_NVSP_RNDIS_COMPLETE) {
		queue->stats->bad_value++;
		return PV_EIO;
	}
	return status == HV_NVSP_STATUS_SUCCESS ? PV_OK : PV_EIO;
}

void
hvn_tx_completed(struct hvn_queue *queue, const struct ring_packet *packet)
{
	struct hvn_tx *tx = &queue->tx;
	uint32_t slot = slots_find(&tx->slots, packet->id);
	struct pv_frame *frames;
	uint32_t request;

	/* the one that is being filled was not sent yet */
	if (slot == SLOT_NONE || slot == tx->batch.slot) {
		queue->stats->bad_id++;
		hvn_queue_broken(queue, "completion of nothing that was sent");
		return;
	}
	if (tx->slot[slot].kind == HVN_SLOT_CONTROL) {
		request = tx->slot[slot].request;
		hvn_tx_release(tx, slot);
		hvn_control_completed(queue, request, packet);
		return;
	}
	frames = tx->slot[slot].frames;
	hvn_tx_release(tx, slot);
	finish_all(frames, status_of(queue, packet));
}

bool
hvn_tx_idle(const struct hvn_queue *queue)
{
	const struct hvn_tx *tx = &queue->tx;

	if (tx->waiting != NULL || tx->batch.slot != SLOT_NONE)
		return false;
	for (unsigned i = 0; i < HVN_SLOTS; i++)
		if (tx->slot[i].frames != NULL)
			return false;
	return true;
}

/* ---- The end ---------------------------------------------------------- */

void
hvn_tx_abandon(struct hvn_queue *queue, int error)
{
	struct hvn_tx *tx = &queue->tx;
	struct pv_frame *waiting = tx->waiting;

	tx->waiting = NULL;
	tx->waiting_end = &tx->waiting;
	finish_all(waiting, error);
}

/* Nothing is put into the ring any more: it does not run.  Pages of others that
 * the host may still read are not given back before it has let go of the ring,
 * unless it has taken the device away itself. */
void
hvn_tx_stop(struct hvn_queue *queue, int error)
{
	struct hvn_tx *tx = &queue->tx;
	const struct hvn *hvn = queue->hvn;
	bool sure = hvn->phase == HVN_AWAY;
	unsigned kept = 0;

	tx->batch.slot = SLOT_NONE;
	for (unsigned i = 0; i < HVN_SLOTS; i++) {
		struct pv_frame *frames = tx->slot[i].frames;

		if (frames == NULL)
			continue;
		if (tx->slot[i].kind == HVN_SLOT_LENT && !sure)
			continue;
		tx->slot[i].frames = NULL;
		finish_all(frames, error);
	}
	hvn_tx_abandon(queue, error);
	/* who was told may have come back to here, and more */
	for (unsigned i = 0; i < HVN_SLOTS; i++)
		kept += tx->slot[i].frames != NULL;
	__atomic_store_n(&tx->kept, kept, __ATOMIC_RELEASE);
}

void
hvn_tx_release_kept(struct hvn_queue *queue, int error)
{
	struct hvn_tx *tx = &queue->tx;

	for (unsigned i = 0; i < HVN_SLOTS && tx->kept > 0; i++) {
		struct pv_frame *frames = tx->slot[i].frames;

		if (frames == NULL)
			continue;
		tx->slot[i].frames = NULL;
		tx->kept--;
		queue->stats->held += error == PV_EBUSY;
		finish_all(frames, error);
	}
}
