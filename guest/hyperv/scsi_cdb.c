/* SPDX-License-Identifier: ISC */
/* Commands of SCSI. */
#include "guest/bus/libc.h"
#include "guest/hyperv/scsi.h"
#include "wire/endian.h"

static struct scsi_cdb
command(uint8_t code, uint8_t length)
{
	struct scsi_cdb cdb = { .length = length };

	cdb.bytes[0] = code;
	return cdb;
}

struct scsi_cdb
scsi_cdb_data(bool write, uint64_t block, uint32_t blocks)
{
	struct scsi_cdb cdb;

	if (blocks <= UINT16_MAX && block <= UINT32_MAX) {
		cdb = command(write ? SCSI_WRITE_10 : SCSI_READ_10,
		    SCSI_CDB_10);
		put_be32(cdb.bytes + SCSI_RW_10_LBA, (uint32_t)block);
		put_be16(cdb.bytes + SCSI_RW_10_BLOCKS, (uint16_t)blocks);
		return cdb;
	}
	cdb = command(write ? SCSI_WRITE_16 : SCSI_READ_16, SCSI_CDB_16);
	put_be64(cdb.bytes + SCSI_RW_16_LBA, block);
	put_be32(cdb.bytes + SCSI_RW_16_BLOCKS, blocks);
	return cdb;
}

/* All of it: from block 0, and 0 blocks. */
struct scsi_cdb
scsi_cdb_flush(void)
{
	return command(SCSI_SYNCHRONIZE_CACHE_10, SCSI_CDB_10);
}

struct scsi_cdb
scsi_cdb_unmap(void)
{
	struct scsi_cdb cdb = command(SCSI_UNMAP, SCSI_CDB_10);

	put_be16(cdb.bytes + SCSI_UNMAP_LIST_LENGTH, SCSI_UNMAP_LIST);
	return cdb;
}

void
scsi_put_unmap(void *to, uint64_t block, uint32_t blocks)
{
	uint8_t *list = to, *descriptor = list + SCSI_UNMAP_HEADER;

	memset(list, 0, SCSI_UNMAP_LIST);
	put_be16(list + SCSI_UNMAP_DATA_LENGTH, SCSI_UNMAP_LIST - 2);
	put_be16(list + SCSI_UNMAP_DESCRIPTORS, SCSI_UNMAP_DESCRIPTOR);
	put_be64(descriptor + SCSI_UNMAP_LBA, block);
	put_be32(descriptor + SCSI_UNMAP_BLOCKS, blocks);
}

struct scsi_cdb
scsi_cdb_test(void)
{
	return command(SCSI_TEST_UNIT_READY, SCSI_CDB_6);
}

struct scsi_cdb
scsi_cdb_inquiry(uint16_t room)
{
	struct scsi_cdb cdb = command(SCSI_INQUIRY, SCSI_CDB_6);

	put_be16(cdb.bytes + SCSI_INQUIRY_ROOM, room);
	return cdb;
}

struct scsi_cdb
scsi_cdb_vpd(uint8_t page, uint16_t room)
{
	struct scsi_cdb cdb = scsi_cdb_inquiry(room);

	cdb.bytes[SCSI_INQUIRY_FLAGS] = SCSI_INQUIRY_VPD;
	cdb.bytes[SCSI_INQUIRY_PAGE] = page;
	return cdb;
}

struct scsi_cdb
scsi_cdb_luns(uint32_t room)
{
	struct scsi_cdb cdb = command(SCSI_REPORT_LUNS, SCSI_CDB_12);

	put_be32(cdb.bytes + SCSI_REPORT_LUNS_ROOM, room);
	return cdb;
}

struct scsi_cdb
scsi_cdb_capacity10(void)
{
	return command(SCSI_READ_CAPACITY_10, SCSI_CDB_10);
}

struct scsi_cdb
scsi_cdb_capacity16(uint32_t room)
{
	struct scsi_cdb cdb = command(SCSI_SERVICE_IN_16, SCSI_CDB_16);

	cdb.bytes[SCSI_SERVICE_ACTION] = SCSI_READ_CAPACITY_16;
	put_be32(cdb.bytes + SCSI_READ_CAPACITY_16_ROOM, room);
	return cdb;
}

struct scsi_cdb
scsi_cdb_mode(uint8_t page, uint8_t room)
{
	struct scsi_cdb cdb = command(SCSI_MODE_SENSE_6, SCSI_CDB_6);

	cdb.bytes[SCSI_MODE_SENSE_FLAGS] = SCSI_MODE_DBD;
	cdb.bytes[SCSI_MODE_SENSE_PAGE] = page;
	cdb.bytes[SCSI_MODE_SENSE_6_ROOM] = room;
	return cdb;
}
