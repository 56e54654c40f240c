/* SPDX-License-Identifier: ISC */
/* A request to a disk: its checks, the disk, and the answer. */
#include <string.h>

#include "host/hyperv/storvsp_private.h"
#include "wire/endian.h"
#include "wire/hyperv/ring.h"

struct stor_data {
	struct host_vmbus_channel *channel;
	const struct host_vmbus_packet *packet;
};

static bool
get(void *ctx, uint64_t offset, void *to, size_t size)
{
	struct stor_data *data = ctx;

	return host_vmbus_gpa_read(data->channel, data->packet, offset, to,
	    size);
}

static bool
put(void *ctx, uint64_t offset, const void *from, size_t size)
{
	struct stor_data *data = ctx;

	return host_vmbus_gpa_write(data->channel, data->packet, offset, from,
	    size);
}

/* ---- Checks ----------------------------------------------------------- */

/* Data are in one range that is long enough, or there are none: openvmm. */
static bool
data_fit(const struct host_storvsp *stor,
    const struct host_vmbus_packet *packet, const struct hv_stor_srb *srb)
{
	const struct host_storvsp_manners *manners = &stor->manners;
	uint32_t most = stor->config.max_transfer;

	if (manners->has_max_transfer && manners->max_transfer > most)
		most = manners->max_transfer;
	if (packet->type != HV_PACKET_GPA_DIRECT)
		return srb->transfer == 0;
	/* behind the descriptor: a reserved word, and how many there are */
	return packet->header_len >= 8 && get_le32(packet->header + 4) == 1 &&
	    srb->transfer <= host_vmbus_gpa_length(packet) &&
	    srb->transfer <= most;
}

static bool
is_right(const struct host_storvsp *stor,
    const struct host_vmbus_packet *packet, const struct hv_stor_srb *srb)
{
	return packet->len >= stor_packet_size(stor) && srb->cdb_length > 0 &&
	    srb->cdb_length <= HV_STOR_CDB &&
	    srb->direction <= HV_STOR_NO_DATA && data_fit(stor, packet, srb);
}

/* ---- Commands --------------------------------------------------------- */

static void
report_luns(struct host_storvsp *stor, uint8_t target,
    struct scsi_command *command)
{
	uint8_t list[SCSI_LUN_LIST_HEADER + 256 * SCSI_LUN_SIZE] = { 0 };
	uint32_t length = SCSI_LUN_LIST_HEADER;

	for (struct stor_lun *lun = stor->luns; lun != NULL; lun = lun->next) {
		if (lun->scsi.config.target != target)
			continue;
		list[length + 1] = lun->scsi.config.lun;
		length += SCSI_LUN_SIZE;
	}
	put_be32(list + SCSI_LUN_LIST_LENGTH, length - SCSI_LUN_LIST_HEADER);
	scsi_reply(command, list, length,
	    get_be32(command->cdb + SCSI_REPORT_LUNS_ROOM));
}

/* True: this one fails because a test wants it to. */
static bool
fails(struct host_storvsp *stor, struct scsi_command *command)
{
	struct host_storvsp_manners *manners = &stor->manners;

	if (stor_nth(&manners->fail_nth))
		stor->failing = manners->fail_count > 0 ? manners->fail_count
							: 1;
	if (stor->failing == 0)
		return false;
	stor->failing--;
	if (manners->scsi_status == 0 && manners->srb_status == 0) {
		scsi_fail(command, SCSI_KEY_MEDIUM_ERROR, SCSI_ASC_READ_ERROR);
		return true;
	}
	command->status = manners->scsi_status;
	command->srb = manners->srb_status;
	if (manners->sense_key != 0) {
		command->has_sense = true;
		scsi_sense(command->sense, manners->sense_key,
		    (uint16_t)(manners->asc << 8 | manners->ascq));
	}
	return true;
}

static void
execute(struct host_storvsp *stor, const struct hv_stor_srb *srb,
    struct scsi_command *command)
{
	struct stor_lun *lun = stor_find(stor, srb->target, srb->lun);

	stor->counts.commands++;
	/* only path 0 has disks; that of IDE is not looked at: openvmm */
	if (srb->path != 0 && !stor->config.ide)
		lun = NULL;
	if (fails(stor, command))
		return;
	if (command->cdb[0] == SCSI_REPORT_LUNS)
		report_luns(stor, srb->target, command);
	else if (lun != NULL)
		scsi_execute(&lun->scsi, command);
	else if (command->cdb[0] == SCSI_INQUIRY)
		scsi_inquiry(NULL, srb->lun, command);
	else
		scsi_absent(command);
}

/* ---- The answer ------------------------------------------------------- */

/* As openvmm's storvsp has it. */
static uint32_t
status_of(uint8_t srb_status)
{
	switch (srb_status & HV_SRB_MASK) {
	case HV_SRB_SUCCESS:
		return HV_STOR_STATUS_SUCCESS;
	case HV_SRB_BUSY:
		return HV_STOR_STATUS_BUSY;
	case HV_SRB_INVALID_LUN:
	case HV_SRB_INVALID_TARGET:
	case HV_SRB_NO_DEVICE:
	case HV_SRB_NO_HBA:
		return HV_STOR_STATUS_NO_DEVICE;
	case HV_SRB_COMMAND_TIMEOUT:
	case HV_SRB_TIMEOUT:
		return HV_STOR_STATUS_TIMEOUT;
	case HV_SRB_SELECTION_TIMEOUT:
		return HV_STOR_STATUS_NOT_CONNECTED;
	case HV_SRB_BAD_FUNCTION:
	case HV_SRB_BAD_LENGTH:
		return HV_STOR_STATUS_INVALID_REQUEST;
	case HV_SRB_DATA_OVERRUN:
		return HV_STOR_STATUS_BUFFER_OVERFLOW;
	case HV_SRB_FLUSHED:
		return HV_STOR_STATUS_UNSUCCESSFUL;
	case HV_SRB_ABORTED:
		return HV_STOR_STATUS_CANCELLED;
	default:
		return HV_STOR_STATUS_IO_ERROR;
	}
}

static void
answer_srb(const struct host_storvsp *stor, const struct hv_stor_srb *asked,
    const struct scsi_command *command, struct hv_stor *answer)
{
	bool old = stor->counts.version < HV_STOR_5_1;
	struct hv_stor_srb *srb = &answer->u.srb;

	answer->status = status_of(command->srb);
	*srb = *asked;
	memset(srb->u.bytes, 0, sizeof(srb->u.bytes));
	srb->length = old ? HV_STOR_SRB_SIZE_OLD : HV_STOR_SRB_SIZE;
	srb->scsi_status = command->status;
	srb->srb_status = command->srb;
	srb->transfer = command->done;
	srb->cdb_length = HV_STOR_CDB;
	srb->sense_length = old ? HV_STOR_SENSE_OLD : HV_STOR_SENSE;
	if (command->has_sense) {
		srb->srb_status |= HV_SRB_AUTOSENSE;
		memcpy(srb->u.sense, command->sense, sizeof(command->sense));
	}
}

void
stor_request(struct stor_channel *channel,
    const struct host_vmbus_packet *packet, const struct hv_stor *request,
    struct hv_stor *answer)
{
	struct host_storvsp *stor = channel->stor;
	const struct hv_stor_srb *srb = &request->u.srb;
	struct stor_data data = { channel->channel, packet };
	struct scsi_command command = { .cdb = srb->u.cdb,
		.length = srb->transfer,
		.in = srb->direction == HV_STOR_IN,
		.out = srb->direction == HV_STOR_OUT,
		.get = get,
		.put = put,
		.ctx = &data,
		.counts = &stor->counts,
		.manners = &stor->manners };

	if (stor->state != STOR_READY) {
		stor->counts.refused++;
		answer->status = HV_STOR_STATUS_INVALID_STATE;
		return;
	}
	if (is_right(stor, packet, srb)) {
		execute(stor, srb, &command);
	} else {
		stor->counts.refused++;
		command.status = SCSI_STATUS_GOOD;
		command.srb = HV_SRB_INVALID_REQUEST;
	}
	answer_srb(stor, srb, &command, answer);
}
