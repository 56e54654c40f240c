/* SPDX-License-Identifier: ISC */
/*
 * hvs: what an answer means.  It has three layers, each with a status: that of
 * the packet (NTSTATUS), that of the port driver of Windows (SRB status) and
 * that of SCSI, with sense.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvs.h"

static uint8_t
srb_status(const struct hv_stor *packet)
{
	return packet->u.srb.srb_status & HV_SRB_MASK;
}

static struct scsi_sense
sense_of(struct hvs_queue *queue, const struct hv_stor *packet)
{
	const struct hv_stor_srb *srb = &packet->u.srb;
	size_t len = srb->sense_length;

	if ((srb->srb_status & HV_SRB_AUTOSENSE) == 0)
		return (struct scsi_sense){ 0 };
	if (len > queue->hvs->sense_size) {
		queue->stats.bad_length++;
		len = queue->hvs->sense_size;
	}
	return scsi_parse_sense(srb->u.sense, len);
}

static void
look_again(struct sd *sd)
{
	__atomic_store_n(&sd->attention, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&sd->hvs->refresh, 1, __ATOMIC_RELEASE);
}

static void
rescan(struct hvs *hvs)
{
	__atomic_store_n(&hvs->rescan, 1, __ATOMIC_RELEASE);
}

/* Something happened to the unit since it was last asked; the command was not
 * done. */
static void
attention(struct hvs *hvs, struct sd *sd, uint16_t asc)
{
	switch (asc) {
	case SCSI_ASC_LUNS_CHANGED:
	case SCSI_ASC_INQUIRY_CHANGED:
		rescan(hvs);
		return;
	case SCSI_ASC_CAPACITY_CHANGED:
	case SCSI_ASC_MODE_CHANGED:
	case SCSI_ASC_PARAMETERS_CHANGED:
	case SCSI_ASC_MEDIUM_CHANGED:
		if (sd != NULL)
			look_again(sd);
		return;
	}
}

/* The host does not know the command, whatever it has said of itself. */
static int
illegal(const struct hvs_slot *slot, uint16_t asc)
{
	struct sd *sd = slot->lane->sd;

	if (asc == SCSI_ASC_NO_LUN) {
		rescan(sd->hvs);
		return PV_ENODEV;
	}
	switch (slot->io->op) {
	case PV_DISK_FLUSH:
		__atomic_store_n(&sd->no_flush, 1, __ATOMIC_RELAXED);
		break;
	case PV_DISK_DISCARD:
		if (asc != SCSI_ASC_INVALID_OPCODE)
			return PV_EIO;
		__atomic_store_n(&sd->no_discard, 1, __ATOMIC_RELAXED);
		break;
	default:
		/* it may have become smaller */
		if (asc == SCSI_ASC_LBA_OUT_OF_RANGE)
			look_again(sd);
		return PV_EIO;
	}
	look_again(sd);
	return PV_ENOTSUP;
}

static enum hvs_outcome
by_sense(const struct hvs_slot *slot, const struct scsi_sense *sense,
    int *error)
{
	struct sd *sd = slot->lane->sd;

	*error = PV_EIO;
	switch (sense->key) {
	case SCSI_KEY_RECOVERED:
		*error = PV_OK;
		return HVS_GOOD;
	case SCSI_KEY_NOT_READY:
		if (sense->asc == SCSI_ASC_BECOMING_READY)
			return HVS_BUSY;
		if (sense->asc >> 8 == SCSI_ASC_NO_MEDIUM >> 8)
			look_again(sd);
		return HVS_FAILED;
	case SCSI_KEY_ILLEGAL_REQUEST:
		*error = illegal(slot, sense->asc);
		return HVS_FAILED;
	case SCSI_KEY_UNIT_ATTENTION:
		attention(sd->hvs, sd, sense->asc);
		return HVS_REPEAT;
	case SCSI_KEY_DATA_PROTECT:
		*error = PV_EROFS;
		look_again(sd);
		return HVS_FAILED;
	case SCSI_KEY_ABORTED:
		return HVS_REPEAT;
	default:
		return HVS_FAILED;
	}
}

static bool
is_absent(uint8_t srb)
{
	switch (srb) {
	case HV_SRB_INVALID_PATH:
	case HV_SRB_NO_DEVICE:
	case HV_SRB_SELECTION_TIMEOUT:
	case HV_SRB_NO_HBA:
	case HV_SRB_INVALID_LUN:
	case HV_SRB_INVALID_TARGET:
		return true;
	}
	return false;
}

static bool
is_busy(const struct hv_stor *packet)
{
	uint8_t scsi = packet->u.srb.scsi_status;

	return scsi == SCSI_STATUS_BUSY || scsi == SCSI_STATUS_TASK_SET_FULL ||
	    srb_status(packet) == HV_SRB_BUSY ||
	    packet->status == HV_STOR_STATUS_BUSY;
}

/* Not done, for no fault of its own. */
static bool
was_flushed(const struct hv_stor *packet)
{
	if (packet->u.srb.scsi_status == SCSI_STATUS_TASK_ABORTED)
		return true;
	switch (srb_status(packet)) {
	case HV_SRB_ABORTED:
	case HV_SRB_BUS_RESET:
	case HV_SRB_FLUSHED:
	case HV_SRB_ERROR_RECOVERY:
	case HV_SRB_TIMEOUT:
	case HV_SRB_COMMAND_TIMEOUT:
		return true;
	}
	return false;
}

static enum hvs_outcome
good(struct hvs_queue *queue, const struct hvs_slot *slot,
    const struct hv_stor *packet, int *error)
{
	bool data = slot->io->op <= PV_DISK_WRITE;

	*error = PV_OK;
	if (!data || packet->u.srb.transfer == slot->length)
		return HVS_GOOD;
	queue->stats.bad_length++;
	*error = PV_EIO;
	return HVS_FAILED;
}

enum hvs_outcome
hvs_outcome(struct hvs_queue *queue, const struct hvs_slot *slot,
    const struct hv_stor *packet, int *error)
{
	const struct hv_stor_srb *srb = &packet->u.srb;
	struct scsi_sense sense = sense_of(queue, packet);
	uint8_t status = srb_status(packet);

	*error = PV_EIO;
	if (srb->transfer > slot->length) {
		queue->stats.bad_length++;
		*error = PV_EPROTO;
		hvs_break(queue->hvs,
		    "the host says that it did more than it was asked");
		return HVS_FAILED;
	}
	if (srb->scsi_status == SCSI_STATUS_GOOD &&
	    packet->status == HV_STOR_STATUS_SUCCESS &&
	    (status == HV_SRB_SUCCESS || status == HV_SRB_DATA_OVERRUN))
		return good(queue, slot, packet, error);
	if (sense.valid && !sense.deferred && sense.key != SCSI_KEY_NONE) {
		enum hvs_outcome outcome = by_sense(slot, &sense, error);

		return outcome == HVS_GOOD ? good(queue, slot, packet, error)
					   : outcome;
	}
	if (is_busy(packet))
		return HVS_BUSY;
	if (is_absent(status) || packet->status == HV_STOR_STATUS_NO_DEVICE ||
	    packet->status == HV_STOR_STATUS_NOT_CONNECTED) {
		rescan(queue->hvs);
		*error = PV_ENODEV;
		return HVS_FAILED;
	}
	if (was_flushed(packet))
		return HVS_REPEAT;
	/* an error of a command that was answered long ago */
	if (sense.deferred)
		return HVS_REPEAT;
	if (status == HV_SRB_PENDING || status > HV_SRB_LINK_DOWN)
		queue->stats.bad_value++;
	return HVS_FAILED;
}

/* ---- Commands of our own ---------------------------------------------- */

void
hvs_command_outcome(struct hvs_queue *queue, struct hvs_command *command,
    const struct hv_stor *packet)
{
	const struct hv_stor_srb *srb = &packet->u.srb;
	uint8_t status = srb_status(packet);

	command->status = packet->status;
	command->error = packet->status == HV_STOR_STATUS_SUCCESS ? PV_OK
								  : PV_EIO;
	if (command->operation != HV_STOR_EXECUTE_SRB) {
		memcpy(command->body, packet->u.bytes, sizeof(command->body));
		return;
	}
	if (srb->transfer > command->room) {
		queue->stats.bad_length++;
		command->error = PV_EPROTO;
		hvs_break(queue->hvs,
		    "the host says that it did more than it was asked");
		return;
	}
	command->length = srb->transfer;
	command->sense = sense_of(queue, packet);
	command->busy = is_busy(packet);
	command->absent = is_absent(status) ||
	    packet->status == HV_STOR_STATUS_NO_DEVICE ||
	    (command->sense.key == SCSI_KEY_ILLEGAL_REQUEST &&
		command->sense.asc == SCSI_ASC_NO_LUN);
	if (srb->scsi_status != SCSI_STATUS_GOOD ||
	    (status != HV_SRB_SUCCESS && status != HV_SRB_DATA_OVERRUN))
		command->error = PV_EIO;
	if (command->sense.key == SCSI_KEY_RECOVERED)
		command->error = PV_OK;
	if (command->sense.key == SCSI_KEY_UNIT_ATTENTION)
		attention(queue->hvs, NULL, command->sense.asc);
}
