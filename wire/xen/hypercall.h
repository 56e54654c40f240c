/* SPDX-License-Identifier: ISC */
/*
 * Xen's hypercalls as an HVM or PVH guest makes them: numbers and arguments, in
 * the ABI of a 64-bit x86 guest. A pointer in an argument is a virtual address
 * of the caller, a frame is a guest physical address shifted right by 12.
 * A result below zero is minus one of XEN_E…
 * Source: Xen public headers xen.h, version.h, features.h, memory.h, vcpu.h,
 * sched.h, errno.h, hvm/hvm_op.h, hvm/params.h, arch-x86/cpuid.h; the ports at
 * the end: docs/misc/hvm-emulated-unplug.
 */
#ifndef WIRE_XEN_HYPERCALL_H
#define WIRE_XEN_HYPERCALL_H

#include <stdint.h>

#define XEN_PAGE_SHIFT 12
#define XEN_PAGE_SIZE 4096 /* bytes */

/* CPUID: from the leaf where the signature was found. */
#define XEN_LEAF_SIGNATURE 0
#define XEN_LEAF_VERSION 1   /* EAX: major << 16 | minor */
#define XEN_LEAF_HYPERCALL 2 /* EAX: pages, EBX: MSR that places them */
#define XEN_LEAF_TIME 3
#define XEN_LEAF_HVM 4 /* EAX: bits, EBX: VCPU, ECX: domain */
#define XEN_LEAF_HVM_APIC 0x01u
#define XEN_LEAF_HVM_X2APIC 0x02u
#define XEN_LEAF_HVM_IOMMU 0x04u
#define XEN_LEAF_HVM_VCPU_ID 0x08u /* EBX is valid */
#define XEN_LEAF_HVM_DOMID 0x10u   /* ECX is valid */
#define XEN_LEAF_HVM_EXT_DEST_ID 0x20u
#define XEN_LEAF_HVM_UPCALL_VECTOR 0x40u /* vectors of VCPUs, with PIRQs too */

/* The hypercall page: an entry point each. */
#define XEN_HC_ENTRY_SIZE 32 /* bytes */
#define XEN_HC_ENTRIES (XEN_PAGE_SIZE / XEN_HC_ENTRY_SIZE)
#define XEN_HC_MEMORY_OP 12
#define XEN_HC_MULTICALL 13
#define XEN_HC_XEN_VERSION 17
#define XEN_HC_CONSOLE_IO 18
#define XEN_HC_GRANT_TABLE_OP 20
#define XEN_HC_VCPU_OP 24
#define XEN_HC_SCHED_OP 29
#define XEN_HC_EVENT_CHANNEL_OP 32
#define XEN_HC_PHYSDEV_OP 33
#define XEN_HC_HVM_OP 34

struct xen_multicall_entry {
	uint64_t op;     /* XEN_HC_… */
	uint64_t result; /* out */
	uint64_t args[6];
};
_Static_assert(sizeof(struct xen_multicall_entry) == 64, "multicall entry");

/* Errors, as positive numbers. */
#define XEN_EPERM 1
#define XEN_ENOENT 2
#define XEN_ESRCH 3
#define XEN_EIO 5
#define XEN_ENXIO 6
#define XEN_E2BIG 7
#define XEN_EBADF 9
#define XEN_EAGAIN 11
#define XEN_ENOMEM 12
#define XEN_EACCES 13
#define XEN_EFAULT 14
#define XEN_EBUSY 16
#define XEN_EEXIST 17
#define XEN_EXDEV 18
#define XEN_ENODEV 19
#define XEN_ENOTDIR 20
#define XEN_EISDIR 21
#define XEN_EINVAL 22
#define XEN_ENOSPC 28
#define XEN_EROFS 30
#define XEN_ERANGE 34
#define XEN_ENAMETOOLONG 36
#define XEN_ENOSYS 38
#define XEN_ENOTEMPTY 39
#define XEN_ENODATA 61
#define XEN_ETIME 62
#define XEN_EOVERFLOW 75
#define XEN_EOPNOTSUPP 95
#define XEN_EADDRINUSE 98
#define XEN_ENOBUFS 105
#define XEN_EISCONN 106
#define XEN_ENOTCONN 107
#define XEN_ETIMEDOUT 110
#define XEN_ECONNREFUSED 111

/* Domains. */
#define XEN_DOMID_FIRST_RESERVED 0x7ff0
#define XEN_DOMID_SELF 0x7ff0
#define XEN_DOMID_INVALID 0x7ff4

/* XEN_HC_XEN_VERSION. */
#define XEN_VERSION_NUMBER 0 /* no argument; result: major << 16 | minor */
#define XEN_VERSION_EXTRA 1  /* char[XEN_VERSION_EXTRA_SIZE] */
#define XEN_VERSION_EXTRA_SIZE 16
#define XEN_VERSION_COMPILE 2      /* struct xen_compiled */
#define XEN_VERSION_CAPABILITIES 3 /* char[XEN_VERSION_CAPABILITIES_SIZE] */
#define XEN_VERSION_CAPABILITIES_SIZE 1024
#define XEN_VERSION_CHANGESET 4 /* char[XEN_VERSION_CHANGESET_SIZE] */
#define XEN_VERSION_CHANGESET_SIZE 64
#define XEN_VERSION_PARAMETERS 5 /* uint64_t, where Xen begins for PV guests */
#define XEN_VERSION_FEATURES 6   /* struct xen_feature_map */
#define XEN_VERSION_PAGE_SIZE 7  /* no argument; result: bytes */
#define XEN_VERSION_GUEST_HANDLE 8 /* uint8_t[16] */

struct xen_compiled {
	char compiler[64];
	char by[16];
	char domain[32];
	char date[32];
};
_Static_assert(sizeof(struct xen_compiled) == 144, "compile info");

struct xen_feature_map {
	uint32_t index; /* in: 0 is the only one so far */
	uint32_t bits;  /* out: XEN_FEAT_… as bit numbers */
};
_Static_assert(sizeof(struct xen_feature_map) == 8, "feature map");

#define XEN_FEAT_WRITABLE_PAGE_TABLES 0
#define XEN_FEAT_WRITABLE_DESCRIPTOR_TABLES 1
#define XEN_FEAT_AUTO_TRANSLATED_PHYSMAP 2
#define XEN_FEAT_SUPERVISOR_MODE_KERNEL 3
#define XEN_FEAT_PAE_PGDIR_ABOVE_4GB 4
#define XEN_FEAT_MMU_PRESERVE_AD 5
#define XEN_FEAT_HIGHMEM_ASSIST 6
#define XEN_FEAT_GNTTAB_MAP_AVAIL_BITS 7
#define XEN_FEAT_HVM_CALLBACK_VECTOR 8
#define XEN_FEAT_HVM_SAFE_PVCLOCK 9
#define XEN_FEAT_HVM_PIRQS 10
#define XEN_FEAT_DOM0 11
#define XEN_FEAT_MEMORY_OP_VNODE 13
#define XEN_FEAT_NOT_DIRECT_MAPPED 16

/* XEN_HC_CONSOLE_IO: command, bytes, buffer. */
#define XEN_CONSOLE_IO_WRITE 0
#define XEN_CONSOLE_IO_READ 1

/* XEN_HC_MEMORY_OP. */
#define XEN_MEM_ADD_TO_PHYSMAP 7
#define XEN_MEM_MEMORY_MAP 9 /* struct xen_map_request */
#define XEN_MEM_REMOVE_FROM_PHYSMAP 15

#define XEN_MAPSPACE_SHARED_INFO 0
#define XEN_MAPSPACE_GRANT_TABLE 1
/* With XEN_MAPSPACE_GRANT_TABLE, in the index: status frames of version 2. */
#define XEN_MAPIDX_GRANT_STATUS 0x80000000u

struct xen_physmap_add {
	uint16_t domid;
	uint16_t size;  /* unused by the spaces above */
	uint32_t space; /* XEN_MAPSPACE_… */
	uint64_t index; /* page of that space */
	uint64_t frame; /* where the guest wants it */
};
_Static_assert(sizeof(struct xen_physmap_add) == 24, "add to physmap");

struct xen_physmap_remove {
	uint16_t domid;
	uint16_t pad[3];
	uint64_t frame;
};
_Static_assert(sizeof(struct xen_physmap_remove) == 16, "remove from physmap");

/* Entries are 20 bytes each: base, size, and E820's type in 32 bits. */
struct xen_map_request {
	uint32_t count; /* in: that there is room for; out: that there are */
	uint32_t pad;
	uint64_t entries; /* virtual address */
};
_Static_assert(sizeof(struct xen_map_request) == 16, "memory map");
#define XEN_MEMORY_MAP_ENTRY_SIZE 20

/* XEN_HC_VCPU_OP: command, VCPU, argument. */
#define XEN_VCPU_UP 1
#define XEN_VCPU_DOWN 2
#define XEN_VCPU_IS_UP 3
#define XEN_VCPU_GET_RUNSTATE 4      /* struct xen_vcpu_runstate */
#define XEN_VCPU_REGISTER_RUNSTATE 5 /* struct xen_vcpu_register_time */
#define XEN_VCPU_STOP_PERIODIC_TIMER 7
#define XEN_VCPU_SET_SINGLESHOT_TIMER 8
#define XEN_VCPU_STOP_SINGLESHOT_TIMER 9
#define XEN_VCPU_REGISTER_INFO 10
#define XEN_VCPU_REGISTER_TIME_AREA 13

struct xen_vcpu_timer {
	uint64_t deadline; /* system time, ns */
	uint32_t flags;    /* XEN_VCPU_TIMER_… */
	uint32_t pad;
};
_Static_assert(sizeof(struct xen_vcpu_timer) == 16, "one-shot timer");
#define XEN_VCPU_TIMER_FUTURE 0x1u /* ETIME if the deadline is past */

/* Within one page, and for good: there is no way to take it back. */
struct xen_vcpu_register_info {
	uint64_t frame;
	uint32_t offset; /* bytes */
	uint32_t pad;
};
_Static_assert(sizeof(struct xen_vcpu_register_info) == 16, "vcpu info area");

struct xen_vcpu_register_time {
	uint64_t address; /* virtual, of a struct xen_vcpu_time or _runstate */
};
_Static_assert(sizeof(struct xen_vcpu_register_time) == 8, "vcpu time area");

#define XEN_RUNSTATES 4
#define XEN_RUNSTATE_RUNNING 0
struct xen_vcpu_runstate {
	uint32_t state; /* XEN_RUNSTATE_… */
	uint32_t pad;
	uint64_t since;               /* system time, ns */
	uint64_t time[XEN_RUNSTATES]; /* ns in each of them */
};
_Static_assert(sizeof(struct xen_vcpu_runstate) == 48, "runstate");

/* XEN_HC_SCHED_OP. */
#define XEN_SCHED_YIELD 0
#define XEN_SCHED_BLOCK 1
#define XEN_SCHED_SHUTDOWN 2
#define XEN_SCHED_POLL 3

struct xen_sched_shutdown {
	uint32_t reason; /* XEN_SHUTDOWN_… */
};
_Static_assert(sizeof(struct xen_sched_shutdown) == 4, "shutdown");

#define XEN_SHUTDOWN_POWEROFF 0
#define XEN_SHUTDOWN_REBOOT 1
#define XEN_SHUTDOWN_SUSPEND 2
#define XEN_SHUTDOWN_CRASH 3
#define XEN_SHUTDOWN_WATCHDOG 4
#define XEN_SHUTDOWN_SOFT_RESET 5

struct xen_sched_poll {
	uint64_t ports; /* virtual address of uint32_t[count] */
	uint32_t count;
	uint32_t pad;
	uint64_t deadline; /* system time, ns; 0: none */
};
_Static_assert(sizeof(struct xen_sched_poll) == 24, "poll");

/* XEN_HC_HVM_OP. */
#define XEN_HVM_OP_SET_PARAM 0
#define XEN_HVM_OP_GET_PARAM 1
#define XEN_HVM_OP_FLUSH_TLBS 5 /* no argument */
#define XEN_HVM_OP_PAGETABLE_DYING 9
#define XEN_HVM_OP_GET_TIME 10
#define XEN_HVM_OP_SET_UPCALL_VECTOR 23

struct xen_hvm_value {
	uint16_t domid;
	uint16_t pad;
	uint32_t index; /* XEN_HVM_PARAM_… */
	uint64_t value; /* in or out */
};
_Static_assert(sizeof(struct xen_hvm_value) == 16, "hvm parameter");

struct xen_hvm_dying {
	uint16_t domid;
	uint16_t pad[3];
	uint64_t address; /* guest physical, of the top-level table */
};
_Static_assert(sizeof(struct xen_hvm_dying) == 16, "dying page table");

struct xen_hvm_now {
	uint64_t now; /* out: ns since boot */
};
_Static_assert(sizeof(struct xen_hvm_now) == 8, "hvm time");

struct xen_hvm_upcall_vector {
	uint32_t vcpu;
	uint8_t vector;
	uint8_t pad[3];
};
_Static_assert(sizeof(struct xen_hvm_upcall_vector) == 8, "upcall vector");

#define XEN_HVM_PARAM_CALLBACK_IRQ 0
#define XEN_HVM_PARAM_STORE_PFN 1
#define XEN_HVM_PARAM_STORE_EVTCHN 2
#define XEN_HVM_PARAM_CONSOLE_PFN 17
#define XEN_HVM_PARAM_CONSOLE_EVTCHN 18
#define XEN_HVM_PARAMS 39 /* as of Xen 4.17 */

/* XEN_HVM_PARAM_CALLBACK_IRQ: the type in the upper 8 bits; 0 is off. */
#define XEN_HVM_CALLBACK_TYPE_SHIFT 56
#define XEN_HVM_CALLBACK_TYPE_GSI 0
#define XEN_HVM_CALLBACK_TYPE_INTX 1
#define XEN_HVM_CALLBACK_TYPE_VECTOR 2
#define XEN_HVM_CALLBACK_GSI(gsi) ((uint64_t)(gsi))
#define XEN_HVM_CALLBACK_INTX(domain, bus, devfn, pin)                         \
	((uint64_t)XEN_HVM_CALLBACK_TYPE_INTX << XEN_HVM_CALLBACK_TYPE_SHIFT | \
	    (uint64_t)(domain) << 32 | (uint64_t)(bus) << 16 |                 \
	    (uint64_t)(devfn) << 8 | (uint64_t)(pin))
#define XEN_HVM_CALLBACK_VECTOR(vector)          \
	((uint64_t)XEN_HVM_CALLBACK_TYPE_VECTOR  \
		<< XEN_HVM_CALLBACK_TYPE_SHIFT | \
	    (uint64_t)(vector))

/*
 * Unplugging emulated devices, by ports. Magic and version are read; then, from
 * version 1 on, product and build are written and the magic is read again; then
 * the bits are written.
 */
#define XEN_UNPLUG_PORT 0x10      /* magic, build, bits */
#define XEN_UNPLUG_PORT_INFO 0x12 /* version, product, log */
#define XEN_UNPLUG_MAGIC 0x49d2   /* read, 16 bits */
#define XEN_UNPLUG_REFUSED 0xd249 /* instead of the magic: do not drive */
/* XEN_UNPLUG_PORT_INFO: read 8 bits, the version; write 16 bits, the product
 * (hvm/pvdrivers.h); write 8 bits, a character for the host's log.
 * XEN_UNPLUG_PORT: write 32 bits, the build; write 16 bits, these: */
#define XEN_UNPLUG_DISKS 0x1u /* IDE and SCSI, but no CDs */
#define XEN_UNPLUG_NICS 0x2u
#define XEN_UNPLUG_AUX_DISKS 0x4u /* IDE but the primary master and CDs */
#define XEN_UNPLUG_NVME 0x8u
#define XEN_UNPLUG_PRODUCT_EXPERIMENTAL 0xffff

#endif
