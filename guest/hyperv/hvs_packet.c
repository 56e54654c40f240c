/* SPDX-License-Identifier: ISC */
/*
 * hvs: what the host sends.  An answer names a request by slot and generation;
 * what fits none, or is not the answer to that, is the end of the device: what
 * the host does with our memory is not known any more.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvs.h"

/* ---- Not asked for ---------------------------------------------------- */

static void
notice(struct hvs_queue *queue, const struct ring_packet *packet)
{
	struct hvs *hvs = queue->hvs;
	uint32_t operation;

	if (packet->len < sizeof(operation)) {
		queue->stats.bad_length++;
		return;
	}
	memcpy(&operation, packet->data, sizeof(operation));
	switch (operation) {
	case HV_STOR_ENUMERATE_BUS:
	case HV_STOR_REMOVE_DEVICE:
		__atomic_store_n(&hvs->rescan, 1, __ATOMIC_RELEASE);
		return;
	case HV_STOR_FC_DATA:
	case HV_STOR_EVENT:
		return;
	default:
		queue->stats.bad_value++;
	}
}

/* ---- Answers ---------------------------------------------------------- */

static void
again(struct hvs_queue *queue, struct hvs_slot *slot, uint64_t delay)
{
	hvs_slot_back(queue, slot);
	slot->state = HVS_AGAIN;
	slot->at = hvs_now(queue->hvs) + delay;
	queue->again++;
}

/* Later each time, and what is behind it waits too. */
static void
back_off(struct hvs_queue *queue, struct hvs_slot *slot)
{
	uint64_t delay = HVS_BUSY_FIRST;

	for (unsigned i = 0; i < slot->busy && delay < HVS_BUSY_LAST; i++)
		delay *= 2;
	if (delay > HVS_BUSY_LAST)
		delay = HVS_BUSY_LAST;
	slot->busy++;
	again(queue, slot, delay);
	if (slot->lane->not_before < slot->at)
		slot->lane->not_before = slot->at;
}

static void
data_done(struct hvs_queue *queue, struct hvs_slot *slot,
    const struct hv_stor *packet)
{
	struct hvs_lane *lane = slot->lane;
	struct pv_io *io = slot->io;
	int error = PV_OK;

	switch (hvs_outcome(queue, slot, packet, &error)) {
	case HVS_REPEAT:
		if (slot->retries++ < HVS_RETRIES_MAX) {
			again(queue, slot, 0);
			return;
		}
		error = PV_EIO;
		break;
	case HVS_BUSY:
		if (slot->busy < HVS_BUSY_MAX) {
			back_off(queue, slot);
			return;
		}
		error = PV_EIO;
		break;
	case HVS_GOOD:
	case HVS_FAILED:
		break;
	}
	hvs_slot_back(queue, slot);
	if (error == PV_OK && io->op == PV_DISK_READ)
		hvs_copy_out(queue, slot);
	if (error == PV_OK && io->op <= PV_DISK_WRITE)
		lane->stats.bytes += slot->length;
	hvs_slot_free(queue, slot);
	hvs_part_done(lane, io, error);
}

static void
command_done(struct hvs_queue *queue, struct hvs_slot *slot,
    const struct hv_stor *packet)
{
	struct hvs_command *command = slot->command;

	hvs_slot_free(queue, slot);
	hvs_command_outcome(queue, command, packet);
	hvs_command_done(command, PV_OK);
}

/* NULL: it answers nothing. */
static struct hvs_slot *
slot_of(struct hvs_queue *queue, const struct ring_packet *packet)
{
	uint32_t number = slots_find(&queue->ids, packet->id);
	struct hvs_slot *slot;

	if (number == SLOT_NONE) {
		queue->stats.bad_id++;
		return NULL;
	}
	slot = &queue->slots[number];
	if (slot->state != HVS_SENT) {
		queue->stats.bad_duplicate++;
		return NULL;
	}
	return slot;
}

static void
answer(struct hvs_queue *queue, const struct ring_packet *packet)
{
	struct hvs_slot *slot = slot_of(queue, packet);
	struct hv_stor stor = { 0 };

	if (slot == NULL) {
		hvs_break(queue->hvs, "the host answered what was not asked");
		return;
	}
	if (packet->len < HV_STOR_SIZE_OLD) {
		queue->stats.bad_length++;
		hvs_break(queue->hvs, "the host's answer is cut short");
		return;
	}
	memcpy(&stor, packet->data,
	    packet->len < sizeof(stor) ? packet->len : sizeof(stor));
	if (stor.operation != HV_STOR_COMPLETE_IO) {
		queue->stats.bad_value++;
		hvs_break(queue->hvs, "the host answered what was not asked");
		return;
	}
	if (slot->command != NULL)
		command_done(queue, slot, &stor);
	else
		data_done(queue, slot, &stor);
}

/* ---- All that is there ------------------------------------------------ */

bool
hvs_drain(struct hvs_queue *queue, unsigned budget)
{
	struct ring_packet packet;
	int result;

	if (vmbus_take(queue->channel))
		queue->owing = true;
	for (unsigned count = 0; hvs_dead(queue->hvs) != PV_EPROTO; count++) {
		if (count == budget)
			return true;
		result = vmbus_receive(queue->channel, &packet);
		if (result == 0 || result == PV_ENODEV)
			return false;
		queue->owing = true;
		if (result == 1 && packet.type == HV_PACKET_COMPLETION)
			answer(queue, &packet);
		else if (result == 1 && packet.type == HV_PACKET_INBAND)
			notice(queue, &packet);
		else if (result == 1)
			queue->stats.bad_value++;
		else if (result == PV_EMSGSIZE)
			hvs_break(queue->hvs, "the host's packet is too long");
		else
			hvs_break(queue->hvs,
			    "the host's ring cannot be believed");
	}
	return false;
}

bool
hvs_drained(struct hvs_queue *queue)
{
	if (!queue->owing)
		return false;
	queue->owing = vmbus_done(queue->channel);
	return queue->owing;
}
