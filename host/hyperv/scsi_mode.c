/* SPDX-License-Identifier: ISC */
/* MODE SENSE and READ CAPACITY: how a disk is, and how large. */
#include <string.h>

#include "host/hyperv/scsi_target.h"
#include "wire/endian.h"

static void
wrong(struct scsi_command *command, uint16_t asc)
{
	scsi_fail(command, SCSI_KEY_ILLEGAL_REQUEST, asc);
}

/* The only page is that of caching; nothing of it can be changed. */
void
scsi_mode_sense(struct scsi_lun *lun, struct scsi_command *command)
{
	const uint8_t *cdb = command->cdb;
	bool ten = cdb[0] == SCSI_MODE_SENSE_10;
	uint8_t page = cdb[SCSI_MODE_SENSE_PAGE] & SCSI_MODE_PAGE_MASK;
	uint8_t which = cdb[SCSI_MODE_SENSE_PAGE] & SCSI_MODE_SAVED;
	uint32_t room = ten ? get_be16(cdb + SCSI_MODE_SENSE_10_ROOM)
			    : cdb[SCSI_MODE_SENSE_6_ROOM];
	uint8_t answer[SCSI_MODE_10_HEADER + SCSI_CACHING_SIZE] = { 0 };
	uint32_t header = ten ? SCSI_MODE_10_HEADER : SCSI_MODE_6_HEADER;
	uint8_t device = lun->config.read_only ? SCSI_MODE_WRITE_PROTECT : 0;
	uint8_t *caching = answer + header;

	if (which == SCSI_MODE_SAVED) {
		wrong(command, SCSI_ASC_SAVING);
		return;
	}
	if (page != SCSI_MODE_PAGE_CACHING && page != SCSI_MODE_PAGE_ALL) {
		wrong(command, SCSI_ASC_INVALID_CDB);
		return;
	}
	if (!lun->config.no_cache)
		device |= SCSI_MODE_DPOFUA;
	caching[SCSI_PAGE_CODE] = SCSI_MODE_PAGE_CACHING;
	caching[SCSI_PAGE_LENGTH] = SCSI_CACHING_SIZE - SCSI_PAGE_HEADER;
	if (!lun->config.no_cache && which != SCSI_MODE_CHANGEABLE)
		caching[SCSI_CACHING_FLAGS] = SCSI_CACHING_WRITE;
	if (ten) {
		put_be16(answer + SCSI_MODE_10_LENGTH,
		    (uint16_t)(header + SCSI_CACHING_SIZE - 2));
		answer[SCSI_MODE_10_DEVICE] = device;
	} else {
		answer[SCSI_MODE_6_LENGTH] = (uint8_t)(header +
		    SCSI_CACHING_SIZE - 1);
		answer[SCSI_MODE_6_DEVICE] = device;
	}
	scsi_reply(command, answer, header + SCSI_CACHING_SIZE, room);
}

static uint8_t
exponent(const struct scsi_lun *lun)
{
	uint32_t blocks = lun->config.physical_sector_size /
	    lun->config.sector_size;
	uint8_t power = 0;

	while (blocks > 1 && power < 15) {
		blocks /= 2;
		power++;
	}
	return power;
}

void
scsi_capacity(struct scsi_lun *lun, struct scsi_command *command)
{
	const struct host_storvsp_manners *manners = command->manners;
	const uint8_t *cdb = command->cdb;
	uint8_t answer[SCSI_CAPACITY_16_SIZE] = { 0 };
	uint32_t sector = lun->config.sector_size;
	uint64_t blocks = lun->size / sector;
	uint64_t last = blocks > 0 ? blocks - 1 : 0;

	if (manners->capacity_last != 0)
		last = manners->capacity_last;
	if (manners->has_capacity_sector)
		sector = manners->capacity_sector;
	if (cdb[0] == SCSI_READ_CAPACITY_10) {
		put_be32(answer + SCSI_CAPACITY_10_LAST,
		    last < SCSI_CAPACITY_10_MORE ? (uint32_t)last
						 : SCSI_CAPACITY_10_MORE);
		put_be32(answer + SCSI_CAPACITY_10_BLOCK, sector);
		scsi_reply(command, answer, SCSI_CAPACITY_10_SIZE,
		    SCSI_CAPACITY_10_SIZE);
		return;
	}
	if ((cdb[SCSI_SERVICE_ACTION] & SCSI_SERVICE_MASK) !=
	    SCSI_READ_CAPACITY_16) {
		wrong(command, SCSI_ASC_INVALID_CDB);
		return;
	}
	put_be64(answer + SCSI_CAPACITY_16_LAST, last);
	put_be32(answer + SCSI_CAPACITY_16_BLOCK, sector);
	answer[SCSI_CAPACITY_16_EXPONENT] = exponent(lun);
	if (lun->config.unmap)
		answer[SCSI_CAPACITY_16_FLAGS] = SCSI_CAPACITY_16_UNMAP;
	scsi_reply(command, answer, sizeof(answer),
	    get_be32(cdb + SCSI_READ_CAPACITY_16_ROOM));
}
