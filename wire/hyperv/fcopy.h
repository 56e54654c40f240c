/* SPDX-License-Identifier: ISC */
/*
 * Files from host to guest (guest services): the body of an HV_IC_FCOPY
 * message. Linux before 6.10 passes it to its daemon at /dev/vmbus/hv_fcopy,
 * with names in UTF-8; later ones have the channel in user space.
 * Source: Linux include/uapi/linux/hyperv.h, drivers/hv/hv_fcopy.c.
 */
#ifndef WIRE_HYPERV_FCOPY_H
#define WIRE_HYPERV_FCOPY_H

#include <stdint.h>

#define HV_FCOPY_START 0
#define HV_FCOPY_WRITE 1
#define HV_FCOPY_COMPLETE 2
#define HV_FCOPY_CANCEL 3

#define HV_FCOPY_NAME_UNITS 260 /* UTF-16, with a NUL */
#define HV_FCOPY_DATA 6144      /* bytes of a fragment */

#define HV_FCOPY_OVERWRITE 0x1u
#define HV_FCOPY_CREATE_PATH 0x2u

struct hv_fcopy_header {
	uint32_t operation;
	uint8_t service[2][16]; /* GUIDs, unused */
};
_Static_assert(sizeof(struct hv_fcopy_header) == 36, "copy header");

struct hv_fcopy_start {
	struct hv_fcopy_header header;
	uint16_t file[HV_FCOPY_NAME_UNITS];
	uint16_t path[HV_FCOPY_NAME_UNITS];
	uint32_t flags; /* HV_FCOPY_OVERWRITE, HV_FCOPY_CREATE_PATH */
	uint64_t size;  /* bytes of the file */
} __attribute__((packed));
_Static_assert(sizeof(struct hv_fcopy_start) == 1088, "copy start");

struct hv_fcopy_write {
	struct hv_fcopy_header header;
	uint32_t reserved;
	uint64_t offset;
	uint32_t size; /* bytes of data */
	uint8_t data[HV_FCOPY_DATA];
} __attribute__((packed));
_Static_assert(sizeof(struct hv_fcopy_write) == 6196, "copy write");

#define HV_LINUX_FCOPY_DEVICE "/dev/vmbus/hv_fcopy"

#endif
