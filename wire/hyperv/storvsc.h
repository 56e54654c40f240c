/* SPDX-License-Identifier: ISC */
/*
 * Storage: packets of the SCSI, IDE and Fibre Channel channels. Requests of the
 * guest are in-band, or GPA direct if there are data; the completion carries
 * the same packet. The host's own requests want no completion.
 * Source: openvmm vm/devices/storage/storvsp_protocol, Linux
 * drivers/scsi/storvsc_drv.c.
 */
#ifndef WIRE_HYPERV_STORVSC_H
#define WIRE_HYPERV_STORVSC_H

#include <stdint.h>

#define HV_STOR_VERSION(major, minor) ((major) << 8 | (minor))
#define HV_STOR_2_0 HV_STOR_VERSION(2, 0) /* Windows Server 2008 */
#define HV_STOR_4_2 HV_STOR_VERSION(4, 2) /* 2008 R2 */
#define HV_STOR_5_1 HV_STOR_VERSION(5, 1) /* 2012 */
#define HV_STOR_6_0 HV_STOR_VERSION(6, 0) /* 2012 R2 */
#define HV_STOR_6_2 HV_STOR_VERSION(6, 2) /* 2016 */

#define HV_STOR_COMPLETE_IO 1   /* H: of a completion; not asked for: ignored */
#define HV_STOR_REMOVE_DEVICE 2 /* H */
#define HV_STOR_EXECUTE_SRB 3
#define HV_STOR_RESET_LUN 4
#define HV_STOR_RESET_ADAPTER 5
#define HV_STOR_RESET_BUS 6
#define HV_STOR_BEGIN_INIT 7
#define HV_STOR_END_INIT 8
#define HV_STOR_QUERY_VERSION 9
#define HV_STOR_QUERY_PROPERTIES 10
#define HV_STOR_ENUMERATE_BUS 11 /* H: look for disks again */
#define HV_STOR_FC_DATA 12
#define HV_STOR_CREATE_SUB_CHANNELS 13
#define HV_STOR_EVENT 14 /* H */

/* Of a packet's flags. */
#define HV_STOR_REQUEST_COMPLETION 0x1u

/* Of its status, in completions: NTSTATUS; 0 is success. */
#define HV_STOR_STATUS_SUCCESS 0x00000000u
#define HV_STOR_STATUS_BUFFER_OVERFLOW 0x80000005u
#define HV_STOR_STATUS_BUSY 0x80000011u
#define HV_STOR_STATUS_UNSUCCESSFUL 0xc0000001u
#define HV_STOR_STATUS_INVALID_PARAMETER 0xc000000du
#define HV_STOR_STATUS_INVALID_REQUEST 0xc0000010u
#define HV_STOR_STATUS_REVISION 0xc0000059u /* try another version */
#define HV_STOR_STATUS_NOT_CONNECTED 0xc000009du
#define HV_STOR_STATUS_TIMEOUT 0xc00000b5u
#define HV_STOR_STATUS_NO_DEVICE 0xc00000c0u
#define HV_STOR_STATUS_CANCELLED 0xc0000120u
#define HV_STOR_STATUS_INVALID_STATE 0xc0000184u
#define HV_STOR_STATUS_IO_ERROR 0xc0000185u

#define HV_STOR_CDB 16   /* bytes, at most */
#define HV_STOR_SENSE 20 /* bytes; before 5.1: 18 */
#define HV_STOR_SENSE_OLD 18
#define HV_STOR_DATA 20

/* The length of the first part is sent before 5.1, all of it from 5.1 on. */
struct hv_stor_srb {
	uint16_t length;     /* HV_STOR_SRB_SIZE or …_OLD */
	uint8_t srb_status;  /* HV_SRB_… */
	uint8_t scsi_status; /* SCSI_STATUS_… */
	uint8_t port;
	uint8_t path;
	uint8_t target;
	uint8_t lun;
	uint8_t cdb_length;
	uint8_t sense_length; /* in: room, out: bytes */
	uint8_t direction;    /* HV_STOR_OUT, … */
	uint8_t reserved;
	uint32_t transfer; /* bytes; in: wanted, out: done */
	union {
		uint8_t cdb[HV_STOR_CDB];
		uint8_t sense[HV_STOR_SENSE]; /* out */
		uint8_t bytes[HV_STOR_DATA];
	} u;
	/* from 5.1 on */
	uint16_t reserved2;
	uint8_t tag;
	uint8_t action;   /* HV_STOR_ACTION_… */
	uint32_t flags;   /* HV_STOR_SRB_… */
	uint32_t timeout; /* seconds */
	uint32_t sort_key;
};
#define HV_STOR_SRB_SIZE 0x34
#define HV_STOR_SRB_SIZE_OLD 0x24
_Static_assert(sizeof(struct hv_stor_srb) == HV_STOR_SRB_SIZE, "SRB");
_Static_assert(__builtin_offsetof(struct hv_stor_srb, reserved2) ==
	HV_STOR_SRB_SIZE_OLD,
    "SRB");
_Static_assert(__builtin_offsetof(struct hv_stor_srb, u) == 16, "SRB");

#define HV_STOR_OUT 0 /* to the device */
#define HV_STOR_IN 1
#define HV_STOR_NO_DATA 2

/* Completions: the lower bits are one of these. */
#define HV_SRB_MASK 0x3fu
#define HV_SRB_PENDING 0x00u
#define HV_SRB_SUCCESS 0x01u
#define HV_SRB_ABORTED 0x02u
#define HV_SRB_ABORT_FAILED 0x03u
#define HV_SRB_ERROR 0x04u
#define HV_SRB_BUSY 0x05u
#define HV_SRB_INVALID_REQUEST 0x06u
#define HV_SRB_INVALID_PATH 0x07u
#define HV_SRB_NO_DEVICE 0x08u
#define HV_SRB_TIMEOUT 0x09u
#define HV_SRB_SELECTION_TIMEOUT 0x0au
#define HV_SRB_COMMAND_TIMEOUT 0x0bu
#define HV_SRB_MESSAGE_REJECTED 0x0du
#define HV_SRB_BUS_RESET 0x0eu
#define HV_SRB_PARITY_ERROR 0x0fu
#define HV_SRB_SENSE_FAILED 0x10u
#define HV_SRB_NO_HBA 0x11u
#define HV_SRB_DATA_OVERRUN 0x12u
#define HV_SRB_BAD_LENGTH 0x15u
#define HV_SRB_FLUSHED 0x16u
#define HV_SRB_INVALID_LUN 0x20u
#define HV_SRB_INVALID_TARGET 0x21u
#define HV_SRB_BAD_FUNCTION 0x22u
#define HV_SRB_ERROR_RECOVERY 0x23u
#define HV_SRB_NOT_POWERED 0x24u
#define HV_SRB_LINK_DOWN 0x25u
/* and the upper: */
#define HV_SRB_QUEUE_FROZEN 0x40u
#define HV_SRB_AUTOSENSE 0x80u /* sense is valid */

#define HV_STOR_SRB_QUEUE_ACTION 0x2u
#define HV_STOR_SRB_NO_DISCONNECT 0x4u
#define HV_STOR_SRB_NO_SYNC_TRANSFER 0x8u
#define HV_STOR_SRB_BYPASS_FROZEN 0x10u
#define HV_STOR_SRB_NO_AUTOSENSE 0x20u
#define HV_STOR_SRB_DATA_IN 0x40u
#define HV_STOR_SRB_DATA_OUT 0x80u
#define HV_STOR_SRB_NO_QUEUE_FREEZE 0x100u
#define HV_STOR_SRB_ADAPTER_CACHE 0x200u

#define HV_STOR_ACTION_SIMPLE 0x20u
#define HV_STOR_ACTION_HEAD 0x21u
#define HV_STOR_ACTION_ORDERED 0x22u

struct hv_stor_properties {
	uint32_t reserved;
	uint16_t channels; /* that can be added, with HV_STOR_MULTI_CHANNEL */
	uint16_t reserved2;
	uint32_t flags;        /* HV_STOR_MULTI_CHANNEL */
	uint32_t max_transfer; /* bytes */
	uint32_t reserved3[2];
};
_Static_assert(sizeof(struct hv_stor_properties) == 24, "properties");
#define HV_STOR_MULTI_CHANNEL 0x1u

struct hv_stor_version {
	uint16_t version;  /* HV_STOR_6_2, … */
	uint16_t revision; /* of the guest's driver; Linux: 0 */
};
_Static_assert(sizeof(struct hv_stor_version) == 4, "version");

struct hv_stor_fc {
	uint8_t primary;
	uint8_t reserved[3];
	struct {
		uint8_t port[8];
		uint8_t node[8];
	} names[2]; /* world-wide, primary and secondary */
};
_Static_assert(sizeof(struct hv_stor_fc) == 36, "Fibre Channel");

struct hv_stor_event {
	uint8_t lun;
	uint8_t target;
	uint8_t path;
	uint8_t flags;
};
_Static_assert(sizeof(struct hv_stor_event) == 4, "event");

/* Linux sends and takes all of it, but for the last 16 bytes before 5.1. */
struct hv_stor {
	uint32_t operation; /* HV_STOR_… */
	uint32_t flags;
	uint32_t status;
	union {
		struct hv_stor_srb srb;
		struct hv_stor_properties properties;
		struct hv_stor_version version;
		struct hv_stor_fc fc;
		struct hv_stor_event event;
		uint16_t sub_channels; /* how many the guest wants */
		uint8_t bytes[HV_STOR_SRB_SIZE];
	} u;
};
#define HV_STOR_SIZE 64     /* bytes */
#define HV_STOR_SIZE_OLD 48 /* before 5.1 */
_Static_assert(sizeof(struct hv_stor) == HV_STOR_SIZE, "packet");
_Static_assert(__builtin_offsetof(struct hv_stor, u) == 12, "packet");

/* user_data of an offer of an IDE channel. Its instance GUID says the same: the
 * path is its first 4 bytes, the target the next 2. */
struct hv_stor_offer {
	uint16_t reserved;
	uint8_t path;
	uint8_t target;
	uint32_t reserved2;
	uint32_t flags;
	uint32_t reserved3[3];
};
_Static_assert(sizeof(struct hv_stor_offer) == 24, "offer");
#define HV_STOR_OFFER_IDE 0x2u

#endif
