/* SPDX-License-Identifier: ISC */
/*
 * Commands of SCSI and the answers to them; pure functions.  An answer is bytes
 * of ours with the length that came; what is not there is not looked at.
 */
#ifndef GUEST_HYPERV_SCSI_H
#define GUEST_HYPERV_SCSI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pvbus/error.h"
#include "wire/hyperv/scsi.h"

/* ---- scsi_cdb.c: commands; each returns its length -------------------- */

#define SCSI_CDB_MAX 16

struct scsi_cdb {
	uint8_t bytes[SCSI_CDB_MAX];
	uint8_t length;
};

/* READ and WRITE of 10 bytes where they reach, else of 16. */
struct scsi_cdb scsi_cdb_data(bool write, uint64_t block, uint32_t blocks);
struct scsi_cdb scsi_cdb_flush(void);
struct scsi_cdb scsi_cdb_unmap(void);
/* The list of that, with one descriptor: SCSI_UNMAP_LIST bytes. */
#define SCSI_UNMAP_LIST (SCSI_UNMAP_HEADER + SCSI_UNMAP_DESCRIPTOR)
void scsi_put_unmap(void *to, uint64_t block, uint32_t blocks);
struct scsi_cdb scsi_cdb_test(void);
struct scsi_cdb scsi_cdb_inquiry(uint16_t room);
struct scsi_cdb scsi_cdb_vpd(uint8_t page, uint16_t room);
struct scsi_cdb scsi_cdb_luns(uint32_t room);
struct scsi_cdb scsi_cdb_capacity10(void);
struct scsi_cdb scsi_cdb_capacity16(uint32_t room);
struct scsi_cdb scsi_cdb_mode(uint8_t page, uint8_t room);

/* ---- scsi.c: answers -------------------------------------------------- */

/* What sense says; key SCSI_KEY_NONE when it says nothing. */
struct scsi_sense {
	bool valid, deferred;
	uint8_t key;
	uint16_t asc; /* ASC << 8 | ASCQ */
};
struct scsi_sense scsi_parse_sense(const void *sense, size_t len);

struct scsi_inquiry {
	bool present;
	uint8_t type; /* SCSI_TYPE_… */
	bool removable;
	uint8_t version; /* SCSI_VERSION_… */
	bool repaired;
	char vendor[SCSI_STD_VENDOR_SIZE + 1];
	char product[SCSI_STD_PRODUCT_SIZE + 1];
	char revision[SCSI_STD_REVISION_SIZE + 1];
};
/* PV_EPROTO: too short to be one. */
int scsi_parse_inquiry(const void *, size_t len, struct scsi_inquiry *);

/* LUNs up to 255, a bit each. */
struct scsi_luns {
	uint64_t bits[4];
	unsigned count;
	unsigned ignored; /* others */
};
int scsi_parse_luns(const void *, size_t len, struct scsi_luns *);
static inline bool
scsi_has_lun(const struct scsi_luns *luns, unsigned lun)
{
	return (luns->bits[lun / 64 % 4] >> lun % 64 & 1) != 0;
}

/* Pages of VPD.  PV_EPROTO: not that page, or shorter than its header. */
struct scsi_pages {
	bool serial, identifiers, limits, characteristics, provisioning;
};
int scsi_parse_pages(const void *, size_t len, struct scsi_pages *);

/* Who it is: the best designator of the LUN, or a serial number.  Two disks are
 * the same if these bytes are. */
#define SCSI_IDENTITY 64
struct scsi_identity {
	uint8_t len; /* 0: not known */
	uint8_t rank;
	uint8_t bytes[SCSI_IDENTITY];
};
int scsi_parse_serial(const void *, size_t len, struct scsi_identity *);
int scsi_parse_identifiers(const void *, size_t len, struct scsi_identity *);

struct scsi_limits {
	uint32_t transfer; /* blocks; 0: not said */
	uint32_t unmap, unmap_count;
	uint32_t granularity, alignment; /* of UNMAP, in blocks; 0: not said */
};
int scsi_parse_limits(const void *, size_t len, struct scsi_limits *);
/* Rotations per minute; SCSI_ROTATION_… */
int scsi_parse_rotation(const void *, size_t len, uint16_t *rotation);
int scsi_parse_provisioning(const void *, size_t len, bool *unmap, bool *thin);

struct scsi_capacity {
	uint64_t blocks;
	uint32_t block;    /* bytes */
	uint32_t physical; /* bytes */
	bool unmap;
	bool more; /* of 10: ask with 16 */
};
/* PV_EPROTO: too short, or a disk that cannot be: blocks of 512 to 4096 bytes,
 * and a size in bytes of less than 2^63. */
int scsi_parse_capacity10(const void *, size_t len, struct scsi_capacity *);
int scsi_parse_capacity16(const void *, size_t len, struct scsi_capacity *);

struct scsi_mode {
	bool write_protected;
	bool has_cache; /* the page was there */
	bool write_cache;
};
/* Of MODE SENSE 6. */
int scsi_parse_mode(const void *, size_t len, struct scsi_mode *);

#endif
