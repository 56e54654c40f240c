/* SPDX-License-Identifier: ISC */
/*
 * SCSI as Hyper-V's disks speak it: commands, answers and sense. Numbers in
 * them are big-endian and not aligned: offsets in bytes, for get_be32() and so
 * on of wire/endian.h.
 * Source: T10 SPC-4 (commands, INQUIRY, sense, mode pages) and SBC-3 (block
 * commands, VPD pages b0 to b2).
 */
#ifndef WIRE_HYPERV_SCSI_H
#define WIRE_HYPERV_SCSI_H

#include <stdint.h>

/* Commands, and the bytes of each. The last byte is control, 0. */
#define SCSI_TEST_UNIT_READY 0x00
#define SCSI_REQUEST_SENSE 0x03
#define SCSI_READ_6 0x08
#define SCSI_WRITE_6 0x0a
#define SCSI_INQUIRY 0x12
#define SCSI_MODE_SENSE_6 0x1a
#define SCSI_START_STOP_UNIT 0x1b
#define SCSI_PREVENT_ALLOW 0x1e /* removal of the medium */
#define SCSI_READ_CAPACITY_10 0x25
#define SCSI_READ_10 0x28
#define SCSI_WRITE_10 0x2a
#define SCSI_VERIFY_10 0x2f
#define SCSI_SYNCHRONIZE_CACHE_10 0x35
#define SCSI_UNMAP 0x42
#define SCSI_READ_TOC 0x43
#define SCSI_MODE_SENSE_10 0x5a
#define SCSI_READ_16 0x88
#define SCSI_WRITE_16 0x8a
#define SCSI_VERIFY_16 0x8f
#define SCSI_SYNCHRONIZE_CACHE_16 0x91
#define SCSI_WRITE_SAME_16 0x93
#define SCSI_SERVICE_IN_16 0x9e /* READ CAPACITY 16, by service action */
#define SCSI_REPORT_LUNS 0xa0
#define SCSI_MAINTENANCE_IN 0xa3
#define SCSI_READ_12 0xa8
#define SCSI_WRITE_12 0xaa
#define SCSI_CDB_6 6
#define SCSI_CDB_10 10
#define SCSI_CDB_12 12
#define SCSI_CDB_16 16

/* INQUIRY, 6 bytes. */
#define SCSI_INQUIRY_FLAGS 1 /* SCSI_INQUIRY_VPD */
#define SCSI_INQUIRY_PAGE 2
#define SCSI_INQUIRY_ROOM 3 /* 2 bytes */
#define SCSI_INQUIRY_VPD 0x1u

/* REQUEST SENSE, 6 bytes. */
#define SCSI_REQUEST_SENSE_FLAGS 1 /* bit 0: descriptor format */
#define SCSI_REQUEST_SENSE_ROOM 4  /* 1 byte */

/* MODE SENSE 6 and 10. */
#define SCSI_MODE_SENSE_FLAGS 1 /* SCSI_MODE_DBD */
#define SCSI_MODE_SENSE_PAGE 2 /* SCSI_MODE_PAGE_… and SCSI_MODE_CURRENT… */
#define SCSI_MODE_SENSE_6_ROOM 4  /* 1 byte */
#define SCSI_MODE_SENSE_10_ROOM 7 /* 2 bytes */
#define SCSI_MODE_DBD 0x08u       /* no block descriptors */
#define SCSI_MODE_PAGE_CACHING 0x08
#define SCSI_MODE_PAGE_CONTROL 0x0a
#define SCSI_MODE_PAGE_ALL 0x3f
#define SCSI_MODE_PAGE_MASK 0x3fu
#define SCSI_MODE_CURRENT 0x00u
#define SCSI_MODE_CHANGEABLE 0x40u
#define SCSI_MODE_DEFAULT 0x80u
#define SCSI_MODE_SAVED 0xc0u

/* READ, WRITE and SYNCHRONIZE CACHE of 10 bytes, of 16 bytes. */
#define SCSI_RW_6_LBA 1      /* 21 bits, of READ and WRITE 6 */
#define SCSI_RW_6_BLOCKS 4   /* 1 byte; 0 is 256 */
#define SCSI_RW_12_LBA 2     /* 4 bytes */
#define SCSI_RW_12_BLOCKS 6  /* 4 bytes */
#define SCSI_RW_FLAGS 1      /* SCSI_RW_FUA, SCSI_RW_DPO */
#define SCSI_RW_10_LBA 2     /* 4 bytes */
#define SCSI_RW_10_BLOCKS 7  /* 2 bytes; SYNCHRONIZE CACHE: 0 is all of it */
#define SCSI_RW_16_LBA 2     /* 8 bytes */
#define SCSI_RW_16_BLOCKS 10 /* 4 bytes */
#define SCSI_RW_FUA 0x08u
#define SCSI_RW_DPO 0x10u

/* SERVICE ACTION IN 16. */
#define SCSI_SERVICE_ACTION 1 /* lower 5 bits */
#define SCSI_SERVICE_MASK 0x1fu
#define SCSI_READ_CAPACITY_16 0x10
#define SCSI_READ_CAPACITY_16_ROOM 10 /* 4 bytes */

/* UNMAP, 10 bytes; with a list of this and descriptors. */
#define SCSI_UNMAP_LIST_LENGTH 7 /* 2 bytes, in the command */
#define SCSI_UNMAP_HEADER 8      /* bytes */
#define SCSI_UNMAP_DATA_LENGTH 0 /* 2 bytes: of what follows them */
#define SCSI_UNMAP_DESCRIPTORS 2 /* 2 bytes: size of all descriptors */
#define SCSI_UNMAP_DESCRIPTOR 16 /* bytes each */
#define SCSI_UNMAP_LBA 0         /* 8 bytes */
#define SCSI_UNMAP_BLOCKS 8      /* 4 bytes */

/* REPORT LUNS, 12 bytes; the answer is 8 bytes, of which 4 tell the size of
 * the LUNs that follow, 8 bytes each. */
#define SCSI_REPORT_LUNS_SELECT 2 /* 0, 1: well-known, 2: all */
#define SCSI_REPORT_LUNS_ROOM 6   /* 4 bytes */
#define SCSI_LUN_LIST_LENGTH 0    /* 4 bytes */
#define SCSI_LUN_LIST_HEADER 8
#define SCSI_LUN_SIZE 8
/* A LUN below 256 is its second byte (peripheral), below 16384 the first two
 * (flat: bits 14 are set). */
#define SCSI_LUN_FLAT 0x4000u
#define SCSI_LUN_FLAT_MASK 0x3fffu

/* The answer to INQUIRY without a page. */
#define SCSI_STD_TYPE 0      /* SCSI_TYPE_…, and the qualifier above */
#define SCSI_STD_REMOVABLE 1 /* bit 7 */
#define SCSI_STD_VERSION 2
#define SCSI_STD_FORMAT 3     /* lower 4 bits; 2 */
#define SCSI_STD_ADDITIONAL 4 /* bytes that follow */
#define SCSI_STD_FLAGS7 7     /* bit 1: command queuing */
#define SCSI_STD_VENDOR 8     /* 8 bytes, padded with blanks, as the next */
#define SCSI_STD_PRODUCT 16   /* 16 bytes */
#define SCSI_STD_REVISION 32  /* 4 bytes */
#define SCSI_STD_SIZE 36      /* bytes, at least */
#define SCSI_STD_VENDOR_SIZE 8
#define SCSI_STD_PRODUCT_SIZE 16
#define SCSI_STD_REVISION_SIZE 4

#define SCSI_TYPE_DISK 0x00
#define SCSI_TYPE_CDROM 0x05
#define SCSI_TYPE_NONE 0x1f /* with SCSI_QUALIFIER_NONE: no such LUN */
#define SCSI_TYPE_MASK 0x1fu
#define SCSI_QUALIFIER_MASK 0xe0u
#define SCSI_QUALIFIER_PRESENT 0x00u
#define SCSI_QUALIFIER_ABSENT 0x20u
#define SCSI_QUALIFIER_NONE 0x60u
#define SCSI_REMOVABLE 0x80u
#define SCSI_VERSION_SPC2 0x04
#define SCSI_VERSION_SPC3 0x05
#define SCSI_VERSION_SPC4 0x06
#define SCSI_FORMAT_2 0x02
#define SCSI_COMMAND_QUEUE 0x02u
#define SCSI_HYPERV_VENDOR "Msft    "
#define SCSI_HYPERV_PRODUCT "Virtual Disk    "
#define SCSI_HYPERV_PRODUCT_CD "Virtual CD/ROM  "
#define SCSI_HYPERV_REVISION "1.0 "

/* The answers to INQUIRY with a page. */
#define SCSI_VPD_TYPE 0
#define SCSI_VPD_PAGE 1
#define SCSI_VPD_LENGTH 2       /* 2 bytes: of what follows the header */
#define SCSI_VPD_HEADER 4       /* bytes */
#define SCSI_VPD_SUPPORTED 0x00 /* the pages, a byte each */
#define SCSI_VPD_SERIAL 0x80    /* text */
#define SCSI_VPD_IDENTIFIERS 0x83
#define SCSI_VPD_LIMITS 0xb0
#define SCSI_VPD_CHARACTERISTICS 0xb1
#define SCSI_VPD_PROVISIONING 0xb2

/* SCSI_VPD_IDENTIFIERS: designators, each so. */
#define SCSI_ID_CODE_SET 0 /* lower 4 bits */
#define SCSI_ID_TYPE 1     /* lower 4 bits; bits 4 and 5: of what */
#define SCSI_ID_LENGTH 3   /* of what follows */
#define SCSI_ID_HEADER 4   /* bytes */
#define SCSI_ID_BINARY 1
#define SCSI_ID_ASCII 2
#define SCSI_ID_UTF8 3
#define SCSI_ID_T10 1
#define SCSI_ID_EUI64 2
#define SCSI_ID_NAA 3
#define SCSI_ID_TYPE_MASK 0x0fu
#define SCSI_ID_OF_MASK 0x30u
#define SCSI_ID_OF_LUN 0x00u

/* SCSI_VPD_LIMITS, from the start of the page. */
#define SCSI_LIMITS_GRANULARITY 6  /* 2 bytes: of a transfer; all in blocks */
#define SCSI_LIMITS_TRANSFER 8     /* 4 bytes: at most; 0: not said */
#define SCSI_LIMITS_OPTIMAL 12     /* 4 bytes */
#define SCSI_LIMITS_UNMAP 20       /* 4 bytes: blocks of one UNMAP */
#define SCSI_LIMITS_UNMAP_COUNT 24 /* 4 bytes: descriptors of one UNMAP */
#define SCSI_LIMITS_UNMAP_GRANULARITY 28 /* 4 bytes */
#define SCSI_LIMITS_UNMAP_ALIGN 32       /* 4 bytes; bit 31: is valid */
#define SCSI_LIMITS_WRITE_SAME 36        /* 8 bytes */
#define SCSI_LIMITS_SIZE 64
#define SCSI_LIMITS_UNMAP_ALIGN_VALID 0x80000000u
#define SCSI_LIMITS_NONE 0xffffffffu /* UNMAP fields: without a limit */

/* SCSI_VPD_CHARACTERISTICS. */
#define SCSI_CHARACTERISTICS_ROTATION 4 /* 2 bytes; 1: does not turn */
#define SCSI_CHARACTERISTICS_SIZE 64
#define SCSI_ROTATION_UNKNOWN 0
#define SCSI_ROTATION_NONE 1

/* SCSI_VPD_PROVISIONING. */
#define SCSI_PROVISIONING_FLAGS 5
#define SCSI_PROVISIONING_TYPE 6 /* lower 3 bits; 2: thin */
#define SCSI_PROVISIONING_SIZE 8
#define SCSI_PROVISIONING_UNMAP 0x80u
#define SCSI_PROVISIONING_WRITE_SAME_16 0x40u
#define SCSI_PROVISIONING_READS_ZERO 0x04u
#define SCSI_PROVISIONING_THIN 2

/* The answers to READ CAPACITY 10 and 16. */
#define SCSI_CAPACITY_10_LAST 0  /* 4 bytes: last block; all ones: ask 16 */
#define SCSI_CAPACITY_10_BLOCK 4 /* 4 bytes: bytes of a block */
#define SCSI_CAPACITY_10_SIZE 8
#define SCSI_CAPACITY_10_MORE 0xffffffffu
#define SCSI_CAPACITY_16_LAST 0  /* 8 bytes */
#define SCSI_CAPACITY_16_BLOCK 8 /* 4 bytes */
#define SCSI_CAPACITY_16_EXPONENT \
	13 /* lower 4 bits: blocks of a sector, log2 */
#define SCSI_CAPACITY_16_FLAGS 14
#define SCSI_CAPACITY_16_SIZE 32
#define SCSI_CAPACITY_16_UNMAP 0x80u      /* provisioned: UNMAP works */
#define SCSI_CAPACITY_16_READS_ZERO 0x40u /* after UNMAP */

/* The answers to MODE SENSE: a header, block descriptors, pages. */
#define SCSI_MODE_6_LENGTH 0 /* of what follows it */
#define SCSI_MODE_6_DEVICE 2 /* SCSI_MODE_WRITE_PROTECT, SCSI_MODE_DPOFUA */
#define SCSI_MODE_6_BLOCKS 3 /* bytes of block descriptors */
#define SCSI_MODE_6_HEADER 4
#define SCSI_MODE_10_LENGTH 0 /* 2 bytes */
#define SCSI_MODE_10_DEVICE 3
#define SCSI_MODE_10_BLOCKS 6 /* 2 bytes */
#define SCSI_MODE_10_HEADER 8
#define SCSI_MODE_WRITE_PROTECT 0x80u
#define SCSI_MODE_DPOFUA 0x10u
#define SCSI_PAGE_CODE 0   /* lower 6 bits */
#define SCSI_PAGE_LENGTH 1 /* of what follows */
#define SCSI_PAGE_HEADER 2
#define SCSI_CACHING_FLAGS 2     /* of the caching page */
#define SCSI_CACHING_WRITE 0x04u /* writes are cached: flush */
#define SCSI_CACHING_NO_READ 0x01u
#define SCSI_CACHING_SIZE 20 /* bytes, header and all */

/* Status. SAM-5. */
#define SCSI_STATUS_GOOD 0x00
#define SCSI_STATUS_CHECK_CONDITION 0x02
#define SCSI_STATUS_CONDITION_MET 0x04
#define SCSI_STATUS_BUSY 0x08
#define SCSI_STATUS_RESERVATION_CONFLICT 0x18
#define SCSI_STATUS_TASK_SET_FULL 0x28
#define SCSI_STATUS_ACA_ACTIVE 0x30
#define SCSI_STATUS_TASK_ABORTED 0x40

/* Sense: the first byte says which format. */
#define SCSI_SENSE_CODE 0 /* lower 7 bits */
#define SCSI_SENSE_CODE_MASK 0x7fu
#define SCSI_SENSE_FIXED 0x70
#define SCSI_SENSE_FIXED_DEFERRED 0x71
#define SCSI_SENSE_DESCRIPTOR 0x72
#define SCSI_SENSE_DESCRIPTOR_DEFERRED 0x73
#define SCSI_SENSE_KEY_MASK 0x0fu

#define SCSI_FIXED_VALID 0x80u /* of byte 0: information is valid */
#define SCSI_FIXED_KEY 2
#define SCSI_FIXED_INFORMATION 3 /* 4 bytes */
#define SCSI_FIXED_ADDITIONAL 7  /* bytes that follow */
#define SCSI_FIXED_ASC 12
#define SCSI_FIXED_ASCQ 13
#define SCSI_FIXED_SIZE 18

#define SCSI_DESCRIPTOR_KEY 1
#define SCSI_DESCRIPTOR_ASC 2
#define SCSI_DESCRIPTOR_ASCQ 3
#define SCSI_DESCRIPTOR_ADDITIONAL 7
#define SCSI_DESCRIPTOR_SIZE 8

/* Sense keys. */
#define SCSI_KEY_NONE 0x0
#define SCSI_KEY_RECOVERED 0x1
#define SCSI_KEY_NOT_READY 0x2
#define SCSI_KEY_MEDIUM_ERROR 0x3
#define SCSI_KEY_HARDWARE_ERROR 0x4
#define SCSI_KEY_ILLEGAL_REQUEST 0x5
#define SCSI_KEY_UNIT_ATTENTION 0x6
#define SCSI_KEY_DATA_PROTECT 0x7
#define SCSI_KEY_ABORTED 0xb
#define SCSI_KEY_MISCOMPARE 0xe

/* ASC << 8 | ASCQ. */
#define SCSI_ASC_NONE 0x0000
#define SCSI_ASC_BECOMING_READY 0x0401
#define SCSI_ASC_WRITE_ERROR 0x0c00
#define SCSI_ASC_READ_ERROR 0x1100
#define SCSI_ASC_PARAMETER_LENGTH 0x1a00
#define SCSI_ASC_INVALID_OPCODE 0x2000
#define SCSI_ASC_LBA_OUT_OF_RANGE 0x2100
#define SCSI_ASC_INVALID_CDB 0x2400
#define SCSI_ASC_NO_LUN 0x2500
#define SCSI_ASC_INVALID_PARAMETER 0x2600
#define SCSI_ASC_WRITE_PROTECTED 0x2700
#define SCSI_ASC_MEDIUM_CHANGED 0x2800
#define SCSI_ASC_POWER_ON 0x2900
#define SCSI_ASC_PARAMETERS_CHANGED 0x2a00
#define SCSI_ASC_MODE_CHANGED 0x2a01
#define SCSI_ASC_CAPACITY_CHANGED 0x2a09
#define SCSI_ASC_SAVING 0x3900 /* of parameters: not supported */
#define SCSI_ASC_NO_MEDIUM 0x3a00
#define SCSI_ASC_CONDITIONS_CHANGED 0x3f00
#define SCSI_ASC_INQUIRY_CHANGED 0x3f03
#define SCSI_ASC_LUNS_CHANGED 0x3f0e
#define SCSI_ASC_INTERNAL 0x4400

#endif
