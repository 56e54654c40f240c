/* SPDX-License-Identifier: ISC */
/*
 * Volume snapshots (VSS): the body of an HV_IC_VSS message, and what the Linux
 * kernel passes of it to its daemon at /dev/vmbus/hv_vss.
 * Source: openvmm vm/devices/hyperv_ic_protocol/src/vss.rs, Linux
 * include/uapi/linux/hyperv.h, drivers/hv/hv_snapshot.c.
 */
#ifndef WIRE_HYPERV_VSS_H
#define WIRE_HYPERV_VSS_H

#include <stdint.h>

#define HV_VSS_CREATE 0
#define HV_VSS_DELETE 1
#define HV_VSS_HOT_BACKUP 2 /* can the guest be backed up as it runs? */
#define HV_VSS_GET_DEVICES 3
#define HV_VSS_COMPLETE 4      /* from 4.0 on */
#define HV_VSS_FREEZE 5        /* from 5.0 on */
#define HV_VSS_THAW 6          /* from 5.0 on */
#define HV_VSS_AUTO_RECOVER 7  /* from 5.0 on */
#define HV_VSS_QUERY_CLUSTER 8 /* from 6.0 on */

struct hv_vss_header {
	uint8_t operation;
	uint8_t reserved[7];
};
_Static_assert(sizeof(struct hv_vss_header) == 8, "VSS header");

/* HV_VSS_HOT_BACKUP and HV_VSS_GET_DEVICES, answered with flags. */
struct hv_vss {
	struct hv_vss_header header;
	uint32_t flags; /* HV_VSS_FLAG_… */
};
_Static_assert(sizeof(struct hv_vss) == 12, "VSS");

#define HV_VSS_FLAG_NO_AUTO_RECOVERY 0x5u

/* Disks of the host follow in HV_VSS_FREEZE: room for it is needed. */
#define HV_VSS_LUNS 260

struct hv_vss_lun {
	uint8_t bus;
	uint8_t reserved[3];
	uint8_t controller[16]; /* GUID */
	uint8_t port;
	uint8_t target;
	uint8_t lun;
	uint8_t reserved2;
};
_Static_assert(sizeof(struct hv_vss_lun) == 24, "VSS disk");

struct hv_vss_freeze {
	struct hv_vss_header header;
	uint32_t backup;
	uint32_t flags;
	uint32_t count;
	struct hv_vss_lun luns[HV_VSS_LUNS];
};
_Static_assert(sizeof(struct hv_vss_freeze) == 6260, "VSS freeze");
#define HV_VSS_MAX 12500 /* bytes, of HV_VSS_AUTO_RECOVER */

/* Linux's daemon. Its first message registers; a later one has a status in
 * place of the operation. */
#define HV_LINUX_VSS_DEVICE "/dev/vmbus/hv_vss"
#define HV_LINUX_VSS_REGISTER 128
#define HV_LINUX_VSS_REGISTER1 129 /* the kernel answers */

struct hv_linux_vss {
	union {
		struct hv_vss_header header;
		uint32_t status;
	} u;
	uint32_t flags;
};
_Static_assert(sizeof(struct hv_linux_vss) == 12, "VSS message");

#endif
