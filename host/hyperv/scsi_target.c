/* SPDX-License-Identifier: ISC */
/* A disk, and what it makes of a command. */
#include <stdlib.h>
#include <string.h>

#include "host/hyperv/scsi_target.h"
#include "wire/endian.h"
#include "wire/hyperv/storvsc.h"

#define CD_SECTOR 2048u
#define CAPACITY_OF(size) ((size) > 0 ? (size_t)(size) : 1)

bool
scsi_lun_init(struct scsi_lun *lun, const struct host_lun_config *config)
{
	*lun = (struct scsi_lun){ .config = *config, .size = config->size };
	if (lun->config.sector_size == 0)
		lun->config.sector_size = config->cdrom ? CD_SECTOR : 512;
	if (lun->config.physical_sector_size == 0)
		lun->config.physical_sector_size = lun->config.sector_size;
	if (config->cdrom)
		lun->config.read_only = true;
	lun->bytes = config->bytes;
	if (lun->bytes == NULL)
		lun->bytes = lun->own = calloc(1, CAPACITY_OF(config->size));
	return lun->bytes != NULL;
}

void
scsi_lun_clear(struct scsi_lun *lun)
{
	free(lun->own);
	lun->own = lun->bytes = NULL;
}

bool
scsi_lun_resize(struct scsi_lun *lun, uint64_t size)
{
	uint8_t *grown;

	if (lun->own != NULL) {
		grown = realloc(lun->own, CAPACITY_OF(size));
		if (grown == NULL)
			return false;
		if (size > lun->size)
			memset(grown + lun->size, 0, size - lun->size);
		lun->own = lun->bytes = grown;
	}
	lun->size = lun->config.size = size;
	return true;
}

/* ---- Answers ---------------------------------------------------------- */

void
scsi_sense(uint8_t *to, uint8_t key, uint16_t asc)
{
	memset(to, 0, SCSI_FIXED_SIZE);
	to[SCSI_SENSE_CODE] = SCSI_SENSE_FIXED;
	to[SCSI_FIXED_KEY] = key;
	to[SCSI_FIXED_ADDITIONAL] = SCSI_FIXED_SIZE - SCSI_FIXED_ADDITIONAL - 1;
	put_be16(to + SCSI_FIXED_ASC, asc);
}

void
scsi_good(struct scsi_command *command)
{
	command->status = SCSI_STATUS_GOOD;
	command->srb = HV_SRB_SUCCESS;
}

/* A request that is wrong has a status of its own: openvmm's scsidisk. */
void
scsi_fail(struct scsi_command *command, uint8_t key, uint16_t asc)
{
	command->status = SCSI_STATUS_CHECK_CONDITION;
	command->srb = key == SCSI_KEY_ILLEGAL_REQUEST ? HV_SRB_INVALID_REQUEST
						       : HV_SRB_ERROR;
	command->done = 0;
	command->has_sense = true;
	scsi_sense(command->sense, key, asc);
}

void
scsi_absent(struct scsi_command *command)
{
	command->status = SCSI_STATUS_CHECK_CONDITION;
	command->srb = HV_SRB_INVALID_LUN;
}

void
scsi_reply(struct scsi_command *command, const void *bytes, uint32_t length,
    uint32_t room)
{
	if (length > room)
		length = room;
	if (length > command->length)
		length = command->length;
	if (length > 0 &&
	    (!command->in || !command->put(command->ctx, 0, bytes, length))) {
		scsi_fail(command, SCSI_KEY_ILLEGAL_REQUEST,
		    SCSI_ASC_INVALID_CDB);
		return;
	}
	command->done = length;
	scsi_good(command);
}

/* ---- Commands --------------------------------------------------------- */

/* These are answered although something is to be told first; SPC-4 5.14. */
static bool
passes_attention(uint8_t operation)
{
	return operation == SCSI_INQUIRY || operation == SCSI_REPORT_LUNS ||
	    operation == SCSI_REQUEST_SENSE;
}

static void
request_sense(struct scsi_lun *lun, struct scsi_command *command)
{
	uint8_t sense[SCSI_FIXED_SIZE];
	uint16_t asc = lun->attention;

	lun->attention = 0;
	scsi_sense(sense, asc != 0 ? SCSI_KEY_UNIT_ATTENTION : SCSI_KEY_NONE,
	    asc);
	scsi_reply(command, sense, sizeof(sense),
	    command->cdb[SCSI_REQUEST_SENSE_ROOM]);
}

/* One session with one track of data, and what comes after it; MMC-5 6.26. */
static void
read_toc(const struct scsi_lun *lun, struct scsi_command *command)
{
	uint8_t toc[20] = { 0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x14,
		0xaa, 0, 0, 0, 0, 0 };

	if (!lun->config.cdrom || (command->cdb[2] & 0xf) != 0) {
		scsi_fail(command, SCSI_KEY_ILLEGAL_REQUEST,
		    lun->config.cdrom ? SCSI_ASC_INVALID_CDB
				      : SCSI_ASC_INVALID_OPCODE);
		return;
	}
	put_be32(toc + 16, (uint32_t)(lun->size / lun->config.sector_size));
	scsi_reply(command, toc, sizeof(toc), get_be16(command->cdb + 7));
}

static void
dispatch(struct scsi_lun *lun, struct scsi_command *command)
{
	switch (command->cdb[0]) {
	case SCSI_TEST_UNIT_READY:
	case SCSI_START_STOP_UNIT:
	case SCSI_PREVENT_ALLOW:
		scsi_good(command);
		break;
	case SCSI_REQUEST_SENSE:
		request_sense(lun, command);
		break;
	case SCSI_INQUIRY:
		scsi_inquiry(lun, lun->config.lun, command);
		break;
	case SCSI_MODE_SENSE_6:
	case SCSI_MODE_SENSE_10:
		scsi_mode_sense(lun, command);
		break;
	case SCSI_READ_CAPACITY_10:
	case SCSI_SERVICE_IN_16:
		scsi_capacity(lun, command);
		break;
	case SCSI_READ_TOC:
		read_toc(lun, command);
		break;
	default:
		if (!scsi_block(lun, command))
			scsi_fail(command, SCSI_KEY_ILLEGAL_REQUEST,
			    SCSI_ASC_INVALID_OPCODE);
		break;
	}
}

void
scsi_execute(struct scsi_lun *lun, struct scsi_command *command)
{
	if (lun->attention != 0 && !passes_attention(command->cdb[0])) {
		scsi_fail(command, SCSI_KEY_UNIT_ATTENTION, lun->attention);
		lun->attention = 0;
		return;
	}
	dispatch(lun, command);
}
