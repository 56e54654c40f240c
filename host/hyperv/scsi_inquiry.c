/* SPDX-License-Identifier: ISC */
/* INQUIRY: what a disk says of itself, as Windows' virtual disks do. */
#include <string.h>

#include "host/hyperv/scsi_target.h"
#include "wire/endian.h"

/* Bytes of the standard answer: 36, and 8 version descriptors and all that is
 * reserved behind them. */
#define STANDARD_SIZE 104u
#define PAGE_MAX 96u

static const char vendor[] = SCSI_HYPERV_VENDOR;
static const char product[] = SCSI_HYPERV_PRODUCT;
static const char product_cd[] = SCSI_HYPERV_PRODUCT_CD;
static const char revision[] = SCSI_HYPERV_REVISION;

static void
standard(const struct scsi_lun *lun, unsigned number,
    struct scsi_command *command, uint32_t room)
{
	uint8_t answer[STANDARD_SIZE] = { 0 };
	bool cd = lun != NULL && lun->config.cdrom;
	bool old = lun != NULL && lun->config.old_inquiry;

	answer[SCSI_STD_TYPE] = cd ? SCSI_TYPE_CDROM : SCSI_TYPE_DISK;
	if (lun == NULL)
		answer[SCSI_STD_TYPE] = SCSI_QUALIFIER_NONE | SCSI_TYPE_NONE;
	answer[SCSI_STD_REMOVABLE] = cd ? SCSI_REMOVABLE : 0;
	/* before 2016 it says SPC-2 though it takes UNMAP */
	answer[SCSI_STD_VERSION] = old ? SCSI_VERSION_SPC2 : SCSI_VERSION_SPC3;
	answer[SCSI_STD_FORMAT] = SCSI_FORMAT_2;
	answer[SCSI_STD_ADDITIONAL] = STANDARD_SIZE - SCSI_STD_ADDITIONAL - 1;
	answer[SCSI_STD_FLAGS7] = SCSI_COMMAND_QUEUE;
	/* absent ones but the first have no names: openvmm's storvsp */
	if (lun != NULL || number == 0) {
		memcpy(answer + SCSI_STD_VENDOR, vendor, SCSI_STD_VENDOR_SIZE);
		memcpy(answer + SCSI_STD_PRODUCT, cd ? product_cd : product,
		    SCSI_STD_PRODUCT_SIZE);
		memcpy(answer + SCSI_STD_REVISION, revision,
		    SCSI_STD_REVISION_SIZE);
	}
	scsi_reply(command, answer, sizeof(answer), room);
	/* FreeBSD's driver: the length is that of the room */
	if (old && command->has_sense == false)
		command->done = room < command->length ? room : command->length;
}

/* ---- Pages: bytes behind the header, 0: there is no such -------------- */

static uint16_t
supported(const struct scsi_lun *lun, uint8_t *page)
{
	static const uint8_t pages[] = { SCSI_VPD_SUPPORTED,
		SCSI_VPD_IDENTIFIERS, SCSI_VPD_LIMITS, SCSI_VPD_CHARACTERISTICS,
		SCSI_VPD_PROVISIONING };
	uint16_t count = lun->config.unmap ? sizeof(pages) : 2;

	memcpy(page, pages, count);
	return count;
}

/* Two names: the vendor's with a GUID, and an NAA made of that; Microsoft's
 * number is 00-22-48. */
static uint16_t
identifiers(const struct scsi_lun *lun, uint8_t *page)
{
	uint8_t *naa = page + SCSI_ID_HEADER + 24;

	page[SCSI_ID_CODE_SET] = SCSI_ID_BINARY;
	page[SCSI_ID_TYPE] = SCSI_ID_T10;
	page[SCSI_ID_LENGTH] = 24;
	memcpy(page + SCSI_ID_HEADER, vendor, SCSI_STD_VENDOR_SIZE);
	memcpy(page + SCSI_ID_HEADER + 8, lun->identity, 16);
	naa[SCSI_ID_CODE_SET] = SCSI_ID_BINARY;
	naa[SCSI_ID_TYPE] = SCSI_ID_NAA;
	naa[SCSI_ID_LENGTH] = 16;
	put_be32(naa + SCSI_ID_HEADER, 0x60022480);
	memcpy(naa + SCSI_ID_HEADER + 4, lun->identity, 6);
	memcpy(naa + SCSI_ID_HEADER + 10, lun->identity + 10, 6);
	return 2 * SCSI_ID_HEADER + 24 + 16;
}

static uint16_t
limits(const struct scsi_lun *lun, uint8_t *page)
{
	uint32_t sector = lun->config.sector_size;
	uint32_t granularity = lun->config.unmap_granularity / sector;
	/* offsets in it count from the header */
	uint8_t *from = page - SCSI_VPD_HEADER;

	put_be32(from + SCSI_LIMITS_UNMAP, SCSI_LIMITS_NONE);
	put_be32(from + SCSI_LIMITS_UNMAP_COUNT, SCSI_TARGET_UNMAPS);
	put_be32(from + SCSI_LIMITS_UNMAP_GRANULARITY,
	    granularity > 0 ? granularity : 1);
	put_be32(from + SCSI_LIMITS_UNMAP_ALIGN,
	    SCSI_LIMITS_UNMAP_ALIGN_VALID |
		lun->config.unmap_alignment / sector);
	return SCSI_LIMITS_SIZE - SCSI_VPD_HEADER;
}

static uint16_t
provisioning(uint8_t *page)
{
	uint8_t *from = page - SCSI_VPD_HEADER;

	from[SCSI_PROVISIONING_FLAGS] = SCSI_PROVISIONING_UNMAP;
	from[SCSI_PROVISIONING_TYPE] = SCSI_PROVISIONING_THIN;
	return SCSI_PROVISIONING_SIZE - SCSI_VPD_HEADER;
}

static uint16_t
fill(const struct scsi_lun *lun, uint8_t code, uint8_t *page)
{
	switch (code) {
	case SCSI_VPD_SUPPORTED:
		return supported(lun, page);
	case SCSI_VPD_IDENTIFIERS:
		return identifiers(lun, page);
	case SCSI_VPD_LIMITS:
		return lun->config.unmap ? limits(lun, page) : 0;
	case SCSI_VPD_CHARACTERISTICS:
		return lun->config.unmap
		    ? SCSI_CHARACTERISTICS_SIZE - SCSI_VPD_HEADER
		    : 0;
	case SCSI_VPD_PROVISIONING:
		return lun->config.unmap ? provisioning(page) : 0;
	default:
		return 0;
	}
}

void
scsi_inquiry(struct scsi_lun *lun, unsigned number,
    struct scsi_command *command)
{
	bool vpd = command->cdb[SCSI_INQUIRY_FLAGS] & SCSI_INQUIRY_VPD;
	uint8_t code = command->cdb[SCSI_INQUIRY_PAGE];
	uint32_t room = get_be16(command->cdb + SCSI_INQUIRY_ROOM);
	uint8_t answer[SCSI_VPD_HEADER + PAGE_MAX] = { 0 };
	uint16_t length;

	command->counts->inquiries++;
	if (!vpd && code == 0) {
		standard(lun, number, command, room);
		return;
	}
	length = vpd && lun != NULL ? fill(lun, code, answer + SCSI_VPD_HEADER)
				    : 0;
	if (length == 0) {
		scsi_fail(command, SCSI_KEY_ILLEGAL_REQUEST,
		    SCSI_ASC_INVALID_CDB);
		return;
	}
	answer[SCSI_VPD_TYPE] = lun->config.cdrom ? SCSI_TYPE_CDROM
						  : SCSI_TYPE_DISK;
	answer[SCSI_VPD_PAGE] = code;
	put_be16(answer + SCSI_VPD_LENGTH, length);
	scsi_reply(command, answer, SCSI_VPD_HEADER + (uint32_t)length, room);
}
