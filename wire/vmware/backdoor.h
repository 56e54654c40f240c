/* SPDX-License-Identifier: ISC */
/*
 * VMware's backdoor: registers in, registers out, and the messages over it.
 * Source: open-vm-tools lib/include/backdoor_def.h, backdoor_types.h,
 * guest_msg_def.h; for CPUID "Mechanisms to determine if software is running in
 * a VMware virtual machine" (VMware KB 1009458).
 */
#ifndef WIRE_VMWARE_BACKDOOR_H
#define WIRE_VMWARE_BACKDOOR_H

#include <stdint.h>

#define VMWARE_MAGIC 0x564d5868u /* "VMXh", in EAX */
#define VMWARE_PORT 0x5658u      /* low half of DX */
#define VMWARE_PORT_HIGH 0x5659u /* with the string forms */

/* CPUID, base + 0x10: ECX says which instruction there is beside the port. */
#define VMWARE_LEAF_CALL 0x10u
#define VMWARE_CALL_VMMCALL 0x1u
#define VMWARE_CALL_VMCALL 0x2u
/* With it the low half of DX has flags in place of a port. */
#define VMWARE_FLAG_HIGH 0x1u
#define VMWARE_FLAG_OUT 0x2u

/* Low half of CX. */
#define VMWARE_SPEED 1u    /* another EAX than the magic */
#define VMWARE_VERSION 10u /* EBX: the magic, EAX: version, ECX: product */
/* Of removable devices, EAX 0: there is no such. */
#define VMWARE_DEVICE_ELEMENT 11u
#define VMWARE_DEVICE_TOGGLE 12u
#define VMWARE_OPTIONS 13u /* EAX: VMWARE_OPTION_… that are on */
#define VMWARE_OPTION_SYNC 0x400u
#define VMWARE_HARDWARE 17u /* EAX: its version, EBX: the magic */
#define VMWARE_UUID 19u
#define VMWARE_RAM 20u
#define VMWARE_TIME 23u         /* EAX: seconds, EBX: microseconds, ECX: lag */
#define VMWARE_STOP_CATCHUP 24u /* the lag has been made good */
#define VMWARE_MESSAGE 30u
/* EBX:EAX the TSC's Hz, ECX the APIC's: Linux arch/x86/kernel/cpu/vmware.c */
#define VMWARE_HZ 45u
#define VMWARE_TIME_FULL 46u     /* ESI:EDX seconds, EBX us, ECX lag */
#define VMWARE_TIME_FULL_LAG 55u /* and EDI: interrupt lag, us */
#define VMWARE_VCPU_INFO 68u

/* Of VMWARE_MESSAGE: high half of CX. */
#define VMWARE_MESSAGE_OPEN 0u
#define VMWARE_MESSAGE_SEND_SIZE 1u
#define VMWARE_MESSAGE_SEND 2u
#define VMWARE_MESSAGE_RECEIVE_SIZE 3u
#define VMWARE_MESSAGE_RECEIVE 4u
#define VMWARE_MESSAGE_RECEIVE_STATUS 5u
#define VMWARE_MESSAGE_CLOSE 6u

/* Of an open, in BX. */
#define VMWARE_RPCI 0x49435052u /* the guest calls */
#define VMWARE_TCLO 0x4f4c4354u /* the host calls */
#define VMWARE_COOKIE 0x80000000u

/* Status: high half of CX, on the way back. */
#define VMWARE_STATUS_SUCCESS 0x01u
#define VMWARE_STATUS_WAITING 0x02u /* there is something to receive */
#define VMWARE_STATUS_CLOSED 0x04u
#define VMWARE_STATUS_UNSENT 0x08u
#define VMWARE_STATUS_CHECKPOINT 0x10u /* begin the message anew */
#define VMWARE_STATUS_POWEROFF 0x20u
#define VMWARE_STATUS_TIMEOUT 0x40u
#define VMWARE_STATUS_HIGH 0x80u /* the string forms are there */

/* High half of BX in the string forms, and what comes back there. */
#define VMWARE_HIGH_MESSAGE 0u /* low half */
#define VMWARE_HIGH_SUCCESS 1u /* high half, in and out */

#define VMWARE_CHANNELS 128u
#define VMWARE_MESSAGE_LIMIT 65536u

/* GuestRPC by vsock (open-vm-tools lib/rpcChannel, lib/dataMap). */
#define VMWARE_VSOCK_CID 0u
#define VMWARE_VSOCK_RPCI 976u
#define VMWARE_VSOCK_TCLO 975u

#endif
