/* SPDX-License-Identifier: ISC */
/* hvs: packets to the host. */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvs.h"

/* range.reserved, count, bytes, offset */
#define RANGE_HEADER 16u
_Static_assert(__builtin_offsetof(struct hvs_queue, range.frames) -
	    __builtin_offsetof(struct hvs_queue, range) ==
	RANGE_HEADER,
    "a range as it goes into the packet");

/* With data, whose pages are in queue->range, or without. */
static int
send_packet(struct hvs_queue *queue, uint64_t id, bool data)
{
	struct ring_piece piece = { &queue->packet, queue->hvs->packet_size };
	uint32_t frames = (queue->range.offset + queue->range.bytes +
			      PV_PAGE_SIZE - 1) /
	    PV_PAGE_SIZE;

	return vmbus_send(queue->channel,
	    &(struct ring_packet_out){ .type = data ? HV_PACKET_GPA_DIRECT
						    : HV_PACKET_INBAND,
		.flags = HV_PACKET_FLAG_COMPLETION,
		.id = id,
		.header = &queue->range,
		.header_len = data ? RANGE_HEADER + 8 * (size_t)frames : 0,
		.pieces = &piece,
		.count = 1 });
}

static struct hv_stor *
packet_new(struct hvs_queue *queue, uint32_t operation)
{
	struct hv_stor *packet = &queue->packet;

	memset(packet, 0, sizeof(*packet));
	packet->operation = operation;
	packet->flags = HV_STOR_REQUEST_COMPLETION;
	return packet;
}

static void
put_srb(struct hvs_queue *queue, struct hv_stor *packet,
    const struct scsi_cdb *cdb, uint8_t direction, uint32_t length)
{
	const struct hvs *hvs = queue->hvs;
	struct hv_stor_srb *srb = &packet->u.srb;

	srb->length = (uint16_t)hvs->srb_size;
	srb->cdb_length = cdb->length;
	srb->sense_length = (uint8_t)hvs->sense_size;
	srb->direction = direction;
	srb->transfer = length;
	memcpy(srb->u.cdb, cdb->bytes, sizeof(srb->u.cdb));
	if (hvs->srb_size == HV_STOR_SRB_SIZE_OLD)
		return;
	srb->timeout = HVS_SRB_TIMEOUT;
	srb->flags = HV_STOR_SRB_NO_SYNC_TRANSFER;
	if (direction == HV_STOR_IN)
		srb->flags |= HV_STOR_SRB_DATA_IN;
	else if (direction == HV_STOR_OUT)
		srb->flags |= HV_STOR_SRB_DATA_OUT;
}

static struct scsi_cdb
cdb_of(const struct hvs_slot *slot)
{
	const struct pv_disk *disk = &slot->lane->sd->disk;
	const struct pv_io *io = slot->io;
	int shift = __builtin_ctz(disk->sector_size);

	switch (io->op) {
	case PV_DISK_FLUSH:
		return scsi_cdb_flush();
	case PV_DISK_DISCARD:
		return scsi_cdb_unmap();
	default:
		return scsi_cdb_data(io->op == PV_DISK_WRITE,
		    (io->offset + slot->start) >> shift, slot->length >> shift);
	}
}

/* The list of an UNMAP is in a page of ours. */
static void
put_unmap(struct hvs_queue *queue, const struct hvs_slot *slot)
{
	const struct pv_io *io = slot->io;
	int shift = __builtin_ctz(slot->lane->sd->disk.sector_size);
	uint64_t left = (io->length - slot->start) >> shift;
	uint32_t most = slot->lane->sd->unmap;

	scsi_put_unmap(slot->pages->page, (io->offset + slot->start) >> shift,
	    left < most ? (uint32_t)left : most);
	queue->range.reserved = 0;
	queue->range.count = 1;
	queue->range.bytes = SCSI_UNMAP_LIST;
	queue->range.offset = 0;
	queue->range.frames[0] = slot->pages->physical / PV_PAGE_SIZE;
}

int
hvs_send_data(struct hvs_queue *queue, struct hvs_slot *slot, uint64_t id)
{
	struct hv_stor *packet = packet_new(queue, HV_STOR_EXECUTE_SRB);
	const struct sd *sd = slot->lane->sd;
	struct scsi_cdb cdb = cdb_of(slot);
	uint8_t direction = HV_STOR_OUT;

	switch (slot->io->op) {
	case PV_DISK_FLUSH:
		direction = HV_STOR_NO_DATA;
		break;
	case PV_DISK_DISCARD:
		put_unmap(queue, slot);
		break;
	case PV_DISK_READ:
		direction = HV_STOR_IN;
		/* FALLTHROUGH */
	case PV_DISK_WRITE:
		if (!hvs_lend(queue, slot))
			return PV_EINVAL;
		break;
	}
	slot->code = cdb.bytes[0];
	put_srb(queue, packet, &cdb, direction, slot->length);
	packet->u.srb.path = queue->hvs->path;
	packet->u.srb.target = sd->target;
	packet->u.srb.lun = sd->lun;
	return send_packet(queue, id, direction != HV_STOR_NO_DATA);
}

int
hvs_send_command(struct hvs_queue *queue, struct hvs_slot *slot, uint64_t id)
{
	const struct hvs_command *command = slot->command;
	struct hv_stor *packet = packet_new(queue, command->operation);
	bool data = false;

	switch (command->operation) {
	case HV_STOR_EXECUTE_SRB:
		data = command->room > 0;
		put_srb(queue, packet, &command->cdb,
		    data ? HV_STOR_IN : HV_STOR_NO_DATA, command->room);
		break;
	case HV_STOR_RESET_LUN:
	case HV_STOR_RESET_BUS:
		packet->u.srb.length = (uint16_t)queue->hvs->srb_size;
		break;
	default:
		memcpy(packet->u.bytes, command->body, sizeof(packet->u.bytes));
		return send_packet(queue, id, false);
	}
	packet->u.srb.path = command->path;
	packet->u.srb.target = command->target;
	packet->u.srb.lun = command->lun;
	if (data) {
		queue->range.reserved = 0;
		queue->range.count = 1;
		queue->range.bytes = command->room;
		queue->range.offset = 0;
		queue->range.frames[0] = command->physical / PV_PAGE_SIZE;
	}
	return send_packet(queue, id, data);
}
