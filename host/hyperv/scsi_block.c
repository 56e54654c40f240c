/* SPDX-License-Identifier: ISC */
/* READ, WRITE, VERIFY, SYNCHRONIZE CACHE and UNMAP. */
#include <string.h>

#include "host/hyperv/scsi_target.h"
#include "wire/endian.h"
#include "wire/hyperv/storvsc.h"

static void
wrong(struct scsi_command *command, uint16_t asc)
{
	scsi_fail(command, SCSI_KEY_ILLEGAL_REQUEST, asc);
}

static bool
inside(const struct scsi_lun *lun, uint64_t block, uint64_t blocks)
{
	uint64_t all = lun->size / lun->config.sector_size;

	return block <= all && blocks <= all - block;
}

/* Blocks of a command, by how long it is: its upper three bits. */
static void
blocks_of(const uint8_t *cdb, uint64_t *first, uint32_t *count)
{
	switch (cdb[0] >> 5) {
	case 0:
		*first = get_be32(cdb) & 0x1fffff;
		*count = cdb[SCSI_RW_6_BLOCKS] != 0 ? cdb[SCSI_RW_6_BLOCKS]
						    : 256;
		break;
	case 4:
		*first = get_be64(cdb + SCSI_RW_16_LBA);
		*count = get_be32(cdb + SCSI_RW_16_BLOCKS);
		break;
	case 5:
		*first = get_be32(cdb + SCSI_RW_12_LBA);
		*count = get_be32(cdb + SCSI_RW_12_BLOCKS);
		break;
	default:
		*first = get_be32(cdb + SCSI_RW_10_LBA);
		*count = get_be16(cdb + SCSI_RW_10_BLOCKS);
		break;
	}
}

static void
flush(struct scsi_lun *lun)
{
	if (lun->config.flush != NULL)
		lun->config.flush(lun->config.ctx);
}

/* Past every cache; commands of 6 bytes cannot say so. */
static bool
is_forced(const uint8_t *cdb)
{
	return cdb[0] >> 5 != 0 && (cdb[SCSI_RW_FLAGS] & SCSI_RW_FUA) != 0;
}

static void
transfer(struct scsi_lun *lun, struct scsi_command *command, bool write)
{
	uint32_t count;
	uint64_t first, bytes;
	uint8_t *at;
	bool moved;

	blocks_of(command->cdb, &first, &count);
	bytes = (uint64_t)count * lun->config.sector_size;
	if (!inside(lun, first, count)) {
		wrong(command, SCSI_ASC_LBA_OUT_OF_RANGE);
		return;
	}
	if (write && lun->config.read_only) {
		scsi_fail(command, SCSI_KEY_DATA_PROTECT,
		    SCSI_ASC_WRITE_PROTECTED);
		return;
	}
	if (bytes > command->length ||
	    (bytes > 0 && !(write ? command->out : command->in))) {
		wrong(command, SCSI_ASC_INVALID_CDB);
		return;
	}
	at = lun->bytes + first * lun->config.sector_size;
	moved = bytes == 0 ||
	    (write ? command->get(command->ctx, 0, at, bytes)
		   : command->put(command->ctx, 0, at, bytes));
	if (!moved) {
		wrong(command, SCSI_ASC_INVALID_CDB);
		return;
	}
	if (write && is_forced(command->cdb))
		flush(lun);
	command->done = (uint32_t)bytes;
	command->counts->bytes += bytes;
	if (write)
		command->counts->writes++;
	else
		command->counts->reads++;
	scsi_good(command);
}

static void
range_only(struct scsi_lun *lun, struct scsi_command *command, bool sync)
{
	uint32_t count;
	uint64_t first;

	blocks_of(command->cdb, &first, &count);
	if (!inside(lun, first, count)) {
		wrong(command, SCSI_ASC_LBA_OUT_OF_RANGE);
		return;
	}
	if (sync)
		command->counts->flushes++;
	if (sync)
		flush(lun);
	scsi_good(command);
}

/* ---- UNMAP ------------------------------------------------------------ */

/* Only what is whole by the granularity is given back. */
static void
discard(struct scsi_lun *lun, uint64_t first, uint64_t count)
{
	uint32_t sector = lun->config.sector_size;
	uint64_t from = first * sector, to = from + count * sector;
	uint64_t granularity = lun->config.unmap_granularity;
	uint64_t alignment = lun->config.unmap_alignment;

	if (granularity > sector) {
		uint64_t shift = alignment % granularity;

		from = from <= shift ? shift
				     : (from - shift + granularity - 1) /
			    granularity * granularity +
			shift;
		to = to <= shift
		    ? 0
		    : (to - shift) / granularity * granularity + shift;
	}
	if (from >= to)
		return;
	if (lun->config.discard != NULL)
		lun->config.discard(lun->config.ctx, from, to - from);
	else
		memset(lun->bytes + from, 0, to - from);
}

/* Sizes must be exactly so: openvmm's scsidisk, as Windows has it. */
static bool
unmap_list(struct scsi_command *command, uint8_t *list, uint32_t length)
{
	uint32_t room = SCSI_UNMAP_HEADER +
	    SCSI_TARGET_UNMAPS * SCSI_UNMAP_DESCRIPTOR;

	if (length < SCSI_UNMAP_HEADER || length != command->length ||
	    !command->out) {
		wrong(command, SCSI_ASC_INVALID_CDB);
		return false;
	}
	if (length > room) {
		wrong(command, SCSI_ASC_INVALID_PARAMETER);
		return false;
	}
	if (!command->get(command->ctx, 0, list, length) ||
	    get_be16(list + SCSI_UNMAP_DATA_LENGTH) != length - 2u ||
	    get_be16(list + SCSI_UNMAP_DESCRIPTORS) !=
		length - SCSI_UNMAP_HEADER) {
		wrong(command, SCSI_ASC_INVALID_CDB);
		return false;
	}
	return true;
}

static void
unmap(struct scsi_lun *lun, struct scsi_command *command)
{
	uint8_t list[SCSI_UNMAP_HEADER +
	    SCSI_TARGET_UNMAPS * SCSI_UNMAP_DESCRIPTOR];
	uint32_t length = get_be16(command->cdb + SCSI_UNMAP_LIST_LENGTH);
	uint32_t count;

	if (!lun->config.unmap) {
		wrong(command, SCSI_ASC_INVALID_CDB);
		return;
	}
	if (!unmap_list(command, list, length))
		return;
	if (lun->config.read_only) {
		scsi_fail(command, SCSI_KEY_DATA_PROTECT,
		    SCSI_ASC_WRITE_PROTECTED);
		return;
	}
	count = (length - SCSI_UNMAP_HEADER) / SCSI_UNMAP_DESCRIPTOR;
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *at = list + SCSI_UNMAP_HEADER +
		    i * SCSI_UNMAP_DESCRIPTOR;
		uint64_t first = get_be64(at + SCSI_UNMAP_LBA);
		uint32_t blocks = get_be32(at + SCSI_UNMAP_BLOCKS);

		if (!inside(lun, first, blocks)) {
			wrong(command, SCSI_ASC_LBA_OUT_OF_RANGE);
			return;
		}
		discard(lun, first, blocks);
	}
	command->done = length;
	command->counts->unmaps++;
	scsi_good(command);
}

bool
scsi_block(struct scsi_lun *lun, struct scsi_command *command)
{
	switch (command->cdb[0]) {
	case SCSI_READ_6:
	case SCSI_READ_10:
	case SCSI_READ_12:
	case SCSI_READ_16:
		transfer(lun, command, false);
		return true;
	case SCSI_WRITE_6:
	case SCSI_WRITE_10:
	case SCSI_WRITE_12:
	case SCSI_WRITE_16:
		transfer(lun, command, true);
		return true;
	case SCSI_SYNCHRONIZE_CACHE_10:
	case SCSI_SYNCHRONIZE_CACHE_16:
		range_only(lun, command, true);
		return true;
	case SCSI_VERIFY_10:
	case SCSI_VERIFY_16:
		range_only(lun, command, false);
		return true;
	case SCSI_UNMAP:
		unmap(lun, command);
		return true;
	default:
		return false;
	}
}
