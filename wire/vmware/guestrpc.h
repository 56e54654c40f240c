/* SPDX-License-Identifier: ISC */
/*
 * What is said over GuestRPC: the guest's calls (RPCI), the host's (TCLO), and
 * the words of both.  All is text, but where binary data is named.
 * Source: open-vm-tools lib/include/vmware/guestrpc/{tclodefs,powerops,
 * capabilities,timesync,vmbackup}.h, lib/include/guestInfo.h,
 * lib/rpcIn/rpcin.c, services/vmtoolsd/toolsRpc.c, services/plugins/vmbackup.
 */
#ifndef WIRE_VMWARE_GUESTRPC_H
#define WIRE_VMWARE_GUESTRPC_H

/* The tools' main service among those that share one machine. */
#define VMWARE_APP "toolbox"

/* ---- RPCI: the guest calls -------------------------------------------- */

/* First of an answer. */
#define VMWARE_RPC_GOOD "1 "
#define VMWARE_RPC_BAD "0 "

#define VMWARE_RPC_INFO_GET "info-get " /* key */
#define VMWARE_RPC_INFO_SET "info-set " /* key, blank, value */
#define VMWARE_RPC_LOG "log "           /* a line for vmware.log */
#define VMWARE_RPC_UNIFIED_LOOP "vmx.capability.unified_loop " /* app */
#define VMWARE_RPC_CONF_DIRECTORY "tools.capability.guest_conf_directory "
#define VMWARE_RPC_FEATURES "tools.capability.features"        /* " 3=1 4=0" */
#define VMWARE_RPC_HGFS_SERVER "tools.capability.hgfs_server " /* app 1 */
/* these two end in the blank, and no NUL is sent */
#define VMWARE_RPC_STATECHANGE "tools.capability.statechange "
#define VMWARE_RPC_SOFTPOWEROP_RETRY "tools.capability.softpowerop_retry "
#define VMWARE_RPC_VERSION "tools.set.version "          /* number */
#define VMWARE_RPC_VERSIONTYPE "tools.set.versiontype "  /* number, type */
#define VMWARE_RPC_STATUS "tools.os.statechange.status " /* 1 or 0, id */
#define VMWARE_RPC_OPTION "vmx.set_option "              /* name, old, new */
#define VMWARE_FEATURE_BACKUP_NVME 36u /* snapshots of NVMe disks too */
/* blank, type, blank, data: two blanks before the type */
#define VMWARE_RPC_GUEST_INFO "SetGuestInfo"
#define VMWARE_RPC_DISK_INFO "SetGuestDiskInfo"      /* blank, JSON */
#define VMWARE_RPC_BACKUP_EVENT "vmbackup.eventSet " /* event code text */

/* What stands behind VMWARE_RPC_BAD. */
#define VMWARE_NO_VALUE "No value found"
#define VMWARE_DENIED "Permission denied"
#define VMWARE_UNKNOWN "Unknown command"
#define VMWARE_DISABLED "disabled"
/* as Xen's QEMU has it from a real host (vmport_rpc, D. Slutz, 2015) */
#define VMWARE_TWO_ARGUMENTS "Two and exactly two arguments expected"
#define VMWARE_VALUE_TOO_LONG "Value too long"

/* Keys that a guest may write begin so. */
#define VMWARE_INFO_PREFIX "guestinfo."
#define VMWARE_INFO_IP "guestinfo.ip"
/* tools.setInfo.sizeLimit where nobody set it: of one machine, in bytes */
#define VMWARE_INFO_LIMIT 1048576u

/* A version for "managed by the guest's own system", and the types with it
 * (open-vm-tools lib/include/vm_tools_version.h). */
#define VMWARE_VERSION_UNMANAGED 2147483647u
#define VMWARE_TYPE_UNMANAGED 4u /* open-vm-tools of the distribution */

/* ---- TCLO: the host calls --------------------------------------------- */

#define VMWARE_TCLO_OK "OK "
#define VMWARE_TCLO_ERROR "ERROR "
#define VMWARE_TCLO_UNKNOWN "Unknown Command"
#define VMWARE_TCLO_OPTION_UNKNOWN "Unknown or invalid option"
#define VMWARE_TCLO_NO_IP "Unable to find guest IP address"

#define VMWARE_TCLO_RESET "reset"
#define VMWARE_TCLO_RESET_ANSWER "ATR " /* app */
#define VMWARE_TCLO_PING "ping"
#define VMWARE_TCLO_CAPABILITIES "Capabilities_Register"
#define VMWARE_TCLO_SET_OPTION "Set_Option" /* name, value */
#define VMWARE_TCLO_TIME "Time_Synchronize" /* 1: backwards too */
#define VMWARE_TCLO_POWERON "OS_PowerOn"
#define VMWARE_TCLO_RESUME "OS_Resume"
#define VMWARE_TCLO_SUSPEND "OS_Suspend"
#define VMWARE_TCLO_HALT "OS_Halt"
#define VMWARE_TCLO_REBOOT "OS_Reboot"

/* Of VMWARE_RPC_STATUS. */
#define VMWARE_STATE_HALT 1u
#define VMWARE_STATE_REBOOT 2u
#define VMWARE_STATE_POWERON 3u
#define VMWARE_STATE_RESUME 4u
#define VMWARE_STATE_SUSPEND 5u

/* Options. */
#define VMWARE_OPTION_SYNCTIME "synctime"               /* 0 or 1 */
#define VMWARE_OPTION_SYNCTIME_PERIOD "synctime.period" /* seconds */
#define VMWARE_OPTION_TIME_ALLOW "time.synchronize.allow"
#define VMWARE_OPTION_TIME_ENABLE "time.synchronize.tools.enable"
#define VMWARE_OPTION_TIME_STARTUP "time.synchronize.tools.startup"
#define VMWARE_OPTION_TIME_STARTUP_BACKWARD \
	"time.synchronize.tools.startup.backward"
#define VMWARE_OPTION_TIME_SLEW "time.synchronize.tools.slewCorrection"
#define VMWARE_OPTION_TIME_PERCENT "time.synchronize.tools.percentCorrection"
#define VMWARE_OPTION_TIME_RESYNC "time.synchronize.guest.resync"
#define VMWARE_OPTION_TIME_RESYNC_TIMEOUT \
	"time.synchronize.guest.resync.timeout"
#define VMWARE_OPTION_BROADCAST_IP "broadcastIP" /* 1: info-set guestinfo.ip */
#define VMWARE_OPTION_SCRIPT_POWERON "toolScripts.afterPowerOn"
#define VMWARE_OPTION_SCRIPT_POWEROFF "toolScripts.beforePowerOff"
#define VMWARE_OPTION_SCRIPT_RESUME "toolScripts.afterResume"
#define VMWARE_OPTION_SCRIPT_SUSPEND "toolScripts.beforeSuspend"

/* ---- Quiesced snapshots ----------------------------------------------- */

#define VMWARE_BACKUP_START "vmbackup.start" /* 1 or 0: manifest; volumes */
/* behind one byte: an XDR union GuestQuiesceParams (open-vm-tools
 * services/plugins/vmbackup/guestQuiesce.x): u32 version, u32 1 (a pointer that
 * is there), u32 manifest, u32 applications, u32 file systems, u32 writable, u32
 * scripts, string script argument, u32 seconds, string volumes */
#define VMWARE_BACKUP_START_OPTIONS "vmbackup.startWithOpts"
#define VMWARE_QUIESCE_V1 1u
#define VMWARE_QUIESCE_SCRIPT_MAX 256u
#define VMWARE_QUIESCE_VOLUMES_MAX 3200u
#define VMWARE_BACKUP_ABORT "vmbackup.abort"
#define VMWARE_BACKUP_DONE "vmbackup.snapshotDone"
#define VMWARE_BACKUP_COMPLETED "vmbackup.snapshotCompleted"

/* Events, of VMWARE_RPC_BACKUP_EVENT. */
#define VMWARE_BACKUP_RESET "reset"
#define VMWARE_BACKUP_COMMIT "prov.snapshotCommit"
#define VMWARE_BACKUP_REQ_ABORTED "req.aborted"
#define VMWARE_BACKUP_REQ_DONE "req.done"
#define VMWARE_BACKUP_REQ_ERROR "req.error"
#define VMWARE_BACKUP_KEEP_ALIVE "req.keepAlive"

#define VMWARE_BACKUP_CODE_GOOD 0u
#define VMWARE_BACKUP_CODE_STATE 1u
#define VMWARE_BACKUP_CODE_SCRIPT 2u
#define VMWARE_BACKUP_CODE_SYNC 3u /* file systems could not be held */
#define VMWARE_BACKUP_CODE_ABORTED 4u
#define VMWARE_BACKUP_CODE_UNEXPECTED 5u

#define VMWARE_BACKUP_KEEP_ALIVE_MS 5000u /* at the latest */

/* ---- SetGuestInfo ----------------------------------------------------- */

/* Types.  The answer to one that was taken has nothing behind "1 ". */
#define VMWARE_INFO_DNS_NAME 1u
#define VMWARE_INFO_NIC_V1 2u  /* binary, nicinfo.h */
#define VMWARE_INFO_DISK_V0 3u /* binary, nicinfo.h */
#define VMWARE_INFO_BUILD 4u
#define VMWARE_INFO_OS_NAME_FULL 5u
#define VMWARE_INFO_OS_NAME 6u
#define VMWARE_INFO_UPTIME 7u       /* hundredths of a second */
#define VMWARE_INFO_MEMORY 8u       /* binary */
#define VMWARE_INFO_NIC_V2 9u       /* XDR */
#define VMWARE_INFO_NIC_V3 10u      /* XDR */
#define VMWARE_INFO_OS_DETAILED 11u /* binary header, then text */
#define VMWARE_INFO_TYPES 12u

#endif
