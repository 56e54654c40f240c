/* SPDX-License-Identifier: ISC */
/*
 * Integration services: what all of their messages have in common, and
 * heartbeat, shutdown and time. The host asks and the guest answers with the
 * same packet, in-band: struct hv_pipe (ring.h), struct hv_ic, body.
 * Source: openvmm vm/devices/hyperv_ic_protocol, Linux include/linux/hyperv.h,
 * drivers/hv/hv_util.c.
 */
#ifndef WIRE_HYPERV_IC_H
#define WIRE_HYPERV_IC_H

#include <stdint.h>

#define HV_IC_PACKET_MAX 13312 /* bytes, of any service */

struct hv_ic_version {
	uint16_t major;
	uint16_t minor;
};
_Static_assert(sizeof(struct hv_ic_version) == 4, "version");

struct hv_ic {
	struct hv_ic_version framework;
	uint16_t type; /* HV_IC_… */
	struct hv_ic_version version;
	uint16_t size;   /* bytes of body */
	uint32_t status; /* HV_IC_STATUS_… */
	uint8_t transaction;
	uint8_t flags; /* HV_IC_FLAG_… */
	uint8_t reserved[2];
};
_Static_assert(sizeof(struct hv_ic) == 20, "service header");
_Static_assert(__builtin_offsetof(struct hv_ic, status) == 12,
    "service header");

#define HV_IC_NEGOTIATE 0
#define HV_IC_HEARTBEAT 1
#define HV_IC_KVP 2
#define HV_IC_SHUTDOWN 3
#define HV_IC_TIMESYNC 4
#define HV_IC_VSS 5
#define HV_IC_RDV 6
#define HV_IC_FCOPY 7
#define HV_IC_VM_SESSION 8

#define HV_IC_FLAG_TRANSACTION 0x1u
#define HV_IC_FLAG_REQUEST 0x2u
#define HV_IC_FLAG_RESPONSE 0x4u

/* HRESULTs. */
#define HV_IC_STATUS_OK 0x00000000u
#define HV_IC_STATUS_FAIL 0x80004005u
#define HV_IC_STATUS_NO_MORE 0x80070103u
#define HV_IC_STATUS_NOT_SUPPORTED 0x80070032u
#define HV_IC_STATUS_EXISTS 0x80070050u
#define HV_IC_STATUS_INVALID 0x80070057u
#define HV_IC_STATUS_DISK_FULL 0x80070070u
#define HV_IC_STATUS_LOCKED 0x800704f7u
#define HV_IC_STATUS_NOT_CONNECTED 0x8007048fu
#define HV_IC_STATUS_NOT_FOUND 0x80041002u

/* The body of HV_IC_NEGOTIATE: the host's versions of the framework, then those
 * of the service; the guest leaves one of each, or counts of 0. */
struct hv_ic_negotiate {
	uint16_t frameworks;
	uint16_t versions;
	uint32_t reserved;
	/* struct hv_ic_version[frameworks + versions] */
};
_Static_assert(sizeof(struct hv_ic_negotiate) == 8, "negotiate");
#define HV_IC_VERSIONS_MAX 100 /* frameworks + versions, as Linux has it */

/* Versions, X(major, minor), the one to be preferred first. Of the framework
 * 1.0 is for Windows Server 2008. */
#define HV_IC_FRAMEWORKS(X) X(3, 0) X(1, 0)
#define HV_HEARTBEAT_VERSIONS(X) X(3, 0) X(1, 0)
#define HV_SHUTDOWN_VERSIONS(X) X(3, 2) X(3, 1) X(3, 0) X(1, 0)
#define HV_TIMESYNC_VERSIONS(X) X(4, 0) X(3, 0) X(1, 0)
#define HV_KVP_VERSIONS(X) X(5, 0) X(4, 0) X(3, 0) X(1, 0)
#define HV_VSS_VERSIONS(X) X(7, 0) X(6, 0) X(5, 0) X(4, 0)
#define HV_FCOPY_VERSIONS(X) X(1, 1)

/* HV_IC_HEARTBEAT: the answer's sequence is one more than the question's. */
struct hv_heartbeat {
	uint64_t sequence;
	uint32_t state; /* HV_HEARTBEAT_…, the guest's; from 3.0 on */
	uint32_t reserved[7];
};
_Static_assert(sizeof(struct hv_heartbeat) == 40, "heartbeat");
#define HV_HEARTBEAT_MIN 8 /* bytes */
#define HV_HEARTBEAT_UNKNOWN 0
#define HV_HEARTBEAT_HEALTHY 1
#define HV_HEARTBEAT_CRITICAL 2
#define HV_HEARTBEAT_STOPPED 3

/* HV_IC_SHUTDOWN. A guest that will not do it answers HV_IC_STATUS_FAIL. */
#define HV_SHUTDOWN_TEXT 2048 /* bytes */

struct hv_shutdown {
	uint32_t reason;
	uint32_t timeout;               /* seconds */
	uint32_t flags;                 /* HV_SHUTDOWN_… */
	uint8_t text[HV_SHUTDOWN_TEXT]; /* UTF-16 */
};
_Static_assert(sizeof(struct hv_shutdown) == 2060, "shutdown");
#define HV_SHUTDOWN_MIN 12 /* bytes, without text */

#define HV_SHUTDOWN_FORCE 0x1u
#define HV_SHUTDOWN_RESTART 0x2u
#define HV_SHUTDOWN_HIBERNATE 0x4u      /* from 3.2 on */
#define HV_SHUTDOWN_PLANNED 0x80000000u /* reason */

/* HV_IC_TIMESYNC. Times are since 1601-01-01 UTC, in units of 100 ns. */
struct hv_timesync {
	uint64_t host_time;
	uint64_t guest_time;
	uint64_t round_trip;
	uint8_t flags; /* HV_TIMESYNC_… */
	uint8_t reserved[3];
} __attribute__((packed));
_Static_assert(sizeof(struct hv_timesync) == 28, "time");
#define HV_TIMESYNC_MIN 25 /* bytes */

/* From 4.0 on. */
struct hv_timesync_reference {
	uint64_t host_time;
	uint64_t reference; /* the reference time when it was so */
	uint8_t flags;      /* HV_TIMESYNC_… */
	uint8_t leap;       /* NTP's leap indicator and stratum */
	uint8_t stratum;
	uint8_t reserved[5];
};
_Static_assert(sizeof(struct hv_timesync_reference) == 24, "time");
#define HV_TIMESYNC_REFERENCE_MIN 19 /* bytes; Linux takes 22 for all */

#define HV_TIMESYNC_PROBE 0x0u
#define HV_TIMESYNC_SYNC 0x1u   /* set the clock: boot, restore, resume */
#define HV_TIMESYNC_SAMPLE 0x2u /* every few seconds */

/* From 1601-01-01 to 1970-01-01. */
#define HV_TIME_UNIX_EPOCH 116444736000000000ull

#endif
