/* SPDX-License-Identifier: ISC */
/*
 * The hypervisor under Hyper-V: CPUID, synthetic MSRs, hypercalls, the
 * synthetic interrupt controller, its timers, and the reference clock, as a
 * guest on x86 sees them. A page is 4096 bytes, a frame is a guest physical
 * address shifted right by 12, time counts in units of 100 ns.
 * Source: Hypervisor Top Level Functional Specification (TLFS) 6.0b.
 */
#ifndef WIRE_HYPERV_TLFS_H
#define WIRE_HYPERV_TLFS_H

#include <stdint.h>

#define HV_PAGE_SHIFT 12
#define HV_PAGE_SIZE 4096 /* bytes */

/* CPUID: from the leaf where the signature was found. TLFS 2.4. */
#define HV_LEAF_SIGNATURE 0x0 /* EAX: the last leaf */
#define HV_LEAF_INTERFACE 0x1 /* EAX: HV_INTERFACE */
#define HV_LEAF_VERSION 0x2   /* EAX: build, EBX: major << 16 | minor */
#define HV_LEAF_FEATURES \
	0x3 /* EAX: HV_ACCESS_…, EBX: HV_MAY_…, EDX: HV_HAS_… */
#define HV_LEAF_HINTS 0x4    /* EAX: HV_HINT_…, EBX: spins before telling */
#define HV_LEAF_LIMITS 0x5   /* EAX: VPs, EBX: processors, ECX: vectors */
#define HV_LEAF_HARDWARE 0x6 /* EAX: HV_USES_… */
#define HV_LEAF_NESTED 0xa
#define HV_LEAF_ISOLATION \
	0xc /* if HV_MAY_ISOLATION; EAX, EBX: HV_ISOLATION_… */
#define HV_LEAF_LAST_NEEDED HV_LEAF_LIMITS
#define HV_INTERFACE 0x31237648u /* "Hv#1" */

/* EAX of HV_LEAF_FEATURES: which MSRs there are. */
#define HV_ACCESS_VP_RUNTIME 0x1u
#define HV_ACCESS_REFERENCE_COUNTER 0x2u
#define HV_ACCESS_SYNIC 0x4u
#define HV_ACCESS_STIMER 0x8u
#define HV_ACCESS_APIC 0x10u
#define HV_ACCESS_HYPERCALL 0x20u /* guest id and hypercall page */
#define HV_ACCESS_VP_INDEX 0x40u
#define HV_ACCESS_RESET 0x80u
#define HV_ACCESS_STATS 0x100u
#define HV_ACCESS_REFERENCE_TSC 0x200u
#define HV_ACCESS_GUEST_IDLE 0x400u
#define HV_ACCESS_FREQUENCY 0x800u
#define HV_ACCESS_DEBUG 0x1000u
#define HV_ACCESS_REENLIGHTENMENT 0x2000u
#define HV_ACCESS_TSC_INVARIANT 0x8000u

/* EBX of HV_LEAF_FEATURES: which hypercalls the partition may make. */
#define HV_MAY_CREATE_PARTITIONS 0x1u /* a root partition */
#define HV_MAY_PARTITION_ID 0x2u
#define HV_MAY_POST_MESSAGES 0x10u
#define HV_MAY_SIGNAL_EVENTS 0x20u
#define HV_MAY_CREATE_PORT 0x40u
#define HV_MAY_CONNECT_PORT 0x80u
#define HV_MAY_DEBUGGING 0x800u
#define HV_MAY_CPU_MANAGEMENT 0x1000u
#define HV_MAY_VSM 0x10000u
#define HV_MAY_VP_REGISTERS 0x20000u
#define HV_MAY_EXTENDED 0x100000u
#define HV_MAY_START_VP 0x200000u
#define HV_MAY_ISOLATION 0x400000u

/* EDX of HV_LEAF_FEATURES: what else there is. */
#define HV_HAS_MWAIT 0x1u
#define HV_HAS_GUEST_DEBUGGING 0x2u
#define HV_HAS_PERFMON 0x4u
#define HV_HAS_CPU_HOTPLUG 0x8u
#define HV_HAS_FAST_XMM_INPUT 0x10u
#define HV_HAS_GUEST_IDLE 0x20u
#define HV_HAS_SLEEP_STATE 0x40u
#define HV_HAS_NUMA_DISTANCE 0x80u
#define HV_HAS_FREQUENCY 0x100u /* HV_MSR_TSC_FREQUENCY and of the APIC */
#define HV_HAS_SYNTHETIC_MC 0x200u
#define HV_HAS_CRASH 0x400u /* HV_MSR_CRASH_P0 and on */
#define HV_HAS_DEBUG 0x800u
#define HV_HAS_NPIEP 0x1000u
#define HV_HAS_DISABLE 0x2000u
#define HV_HAS_FLUSH_GVA_RANGES 0x4000u
#define HV_HAS_FAST_XMM_OUTPUT 0x8000u
#define HV_HAS_SINT_POLLING 0x20000u
#define HV_HAS_HYPERCALL_LOCK 0x40000u
#define HV_HAS_STIMER_DIRECT 0x80000u

/* EAX of HV_LEAF_HINTS: what the hypervisor would rather have. */
#define HV_HINT_SWITCH_CALL 0x1u
#define HV_HINT_LOCAL_FLUSH_CALL 0x2u
#define HV_HINT_REMOTE_FLUSH_CALL 0x4u
#define HV_HINT_APIC_MSRS 0x8u
#define HV_HINT_RESET_MSR 0x10u
#define HV_HINT_RELAXED_TIMING 0x20u
#define HV_HINT_DMA_REMAPPING 0x40u
#define HV_HINT_IRQ_REMAPPING 0x80u
#define HV_HINT_X2APIC_MSRS 0x100u
#define HV_HINT_NO_AUTO_EOI 0x200u /* HV_SINT_AUTO_EOI is deprecated */
#define HV_HINT_CLUSTER_IPI 0x400u
#define HV_HINT_EX_MASKS 0x800u
#define HV_HINT_NESTED 0x1000u
#define HV_HINT_MBEC_INT 0x2000u
#define HV_HINT_EVMCS 0x4000u
/* EBX of HV_LEAF_HINTS. */
#define HV_SPIN_NEVER_TELL 0xffffffffu

/* EAX of HV_LEAF_HARDWARE. */
#define HV_USES_APIC_OVERLAY 0x1u
#define HV_USES_MSR_BITMAPS 0x2u
#define HV_USES_PERF_COUNTERS 0x4u
#define HV_USES_SLAT 0x8u
#define HV_USES_DMA_REMAPPING 0x10u
#define HV_USES_IRQ_REMAPPING 0x20u

/* HV_LEAF_ISOLATION. Linux include/asm-generic/hyperv-tlfs.h. */
#define HV_ISOLATION_PARAVISOR 0x1u /* EAX */
#define HV_ISOLATION_TYPE(ebx) ((ebx)&0xfu)
#define HV_ISOLATION_NONE 0
#define HV_ISOLATION_VBS 1
#define HV_ISOLATION_SNP 2
#define HV_ISOLATION_TDX 3
#define HV_ISOLATION_BOUNDARY_ACTIVE 0x20u                   /* EBX */
#define HV_ISOLATION_BOUNDARY_BITS(ebx) ((ebx) >> 6 & 0x3fu) /* of an address */

/* Synthetic MSRs. TLFS appendix F. */
#define HV_MSR_GUEST_OS_ID 0x40000000u
#define HV_MSR_HYPERCALL 0x40000001u
#define HV_MSR_VP_INDEX 0x40000002u /* read only */
#define HV_MSR_RESET 0x40000003u
#define HV_MSR_VP_RUNTIME 0x40000010u
#define HV_MSR_REFERENCE_COUNTER 0x40000020u /* read only */
#define HV_MSR_REFERENCE_TSC 0x40000021u
#define HV_MSR_TSC_FREQUENCY 0x40000022u  /* Hz, read only */
#define HV_MSR_APIC_FREQUENCY 0x40000023u /* Hz, read only */
#define HV_MSR_EOI 0x40000070u
#define HV_MSR_ICR 0x40000071u
#define HV_MSR_TPR 0x40000072u
#define HV_MSR_VP_ASSIST 0x40000073u
#define HV_MSR_SCONTROL 0x40000080u
#define HV_MSR_SVERSION 0x40000081u /* read only */
#define HV_MSR_SIEFP 0x40000082u
#define HV_MSR_SIMP 0x40000083u
#define HV_MSR_EOM 0x40000084u
#define HV_MSR_SINT(n) (0x40000090u + (uint32_t)(n))
#define HV_MSR_STIMER_CONFIG(n) (0x400000b0u + 2u * (uint32_t)(n))
#define HV_MSR_STIMER_COUNT(n) (0x400000b1u + 2u * (uint32_t)(n))
#define HV_MSR_GUEST_IDLE 0x400000f0u
#define HV_MSR_CRASH_P0 0x40000100u
#define HV_MSR_CRASH_P1 0x40000101u
#define HV_MSR_CRASH_P2 0x40000102u
#define HV_MSR_CRASH_P3 0x40000103u /* guest physical address of a text */
#define HV_MSR_CRASH_P4 0x40000104u /* its bytes */
#define HV_MSR_CRASH_CTL 0x40000105u
#define HV_MSR_REENLIGHTENMENT 0x40000106u
#define HV_MSR_TSC_EMULATION 0x40000107u
#define HV_MSR_TSC_EMULATION_STATUS 0x40000108u
#define HV_MSR_TSC_INVARIANT 0x40000118u
/* The synthetic MSRs are all below this. */
#define HV_MSR_FIRST 0x40000000u
#define HV_MSR_END 0x40000200u

/* HV_MSR_GUEST_OS_ID: never 0, or there is no hypercall page. TLFS 2.6. */
#define HV_GUEST_OPEN_SOURCE 0x8000000000000000ull
#define HV_GUEST_TYPE_SHIFT 56 /* 7 bits: HV_GUEST_… */
#define HV_GUEST_TYPE_LINUX 0x01
#define HV_GUEST_TYPE_FREEBSD 0x02
#define HV_GUEST_TYPE_XEN 0x03
#define HV_GUEST_TYPE_ILLUMOS 0x04
#define HV_GUEST_OS_SHIFT 48      /* 8 bits: what the type makes of it */
#define HV_GUEST_VERSION_SHIFT 16 /* 32 bits */
#define HV_GUEST_BUILD_SHIFT 0    /* 16 bits */
#define HV_GUEST_ID(type, os, version, build)                             \
	(HV_GUEST_OPEN_SOURCE | (uint64_t)(type) << HV_GUEST_TYPE_SHIFT | \
	    (uint64_t)(os) << HV_GUEST_OS_SHIFT |                         \
	    (uint64_t)(uint32_t)(version) << HV_GUEST_VERSION_SHIFT |     \
	    (uint64_t)(uint16_t)(build) << HV_GUEST_BUILD_SHIFT)
/* Without HV_GUEST_OPEN_SOURCE: vendor in 15 bits at 48, OS in 8 at 40, major
 * in 8 at 32, minor in 8 at 24, service in 8 at 16, build in 16 at 0. */
#define HV_GUEST_VENDOR_SHIFT 48
#define HV_GUEST_VENDOR_MICROSOFT 1

/* The MSRs that place a page: these bits, and its address in the rest. TLFS
 * 3.13, 11.8, 12.7. Reserved bits are kept as they were. */
#define HV_PLACE_ENABLE 0x1ull
#define HV_PLACE_ADDRESS 0xfffffffffffff000ull
#define HV_HYPERCALL_LOCKED 0x2ull /* HV_MSR_HYPERCALL: till reset */

#define HV_RESET_NOW 0x1ull /* HV_MSR_RESET */

/* HV_MSR_CRASH_CTL: reads what the host takes, a write tells it. */
#define HV_CRASH_NOTIFY 0x8000000000000000ull
#define HV_CRASH_MESSAGE 0x4000000000000000ull /* P3 and P4 are a text */
#define HV_CRASH_NO_DUMP 0x2000000000000000ull
#define HV_CRASH_MESSAGE_MAX HV_PAGE_SIZE

/* SynIC. TLFS 11. */
#define HV_SCONTROL_ENABLE 0x1ull
#define HV_SVERSION_1 1
#define HV_SINTS 16

#define HV_SINT_VECTOR(v) ((uint64_t)(v)&0xffu)
#define HV_SINT_VECTOR_FIRST 16 /* below is an error */
#define HV_SINT_MASKED 0x10000ull
#define HV_SINT_AUTO_EOI 0x20000ull
#define HV_SINT_POLLING 0x40000ull
#define HV_SINT_RESET HV_SINT_MASKED /* the value after a reset */

/* Each timer. TLFS 12.3. */
#define HV_STIMERS 4
#define HV_STIMER_ENABLE 0x1ull
#define HV_STIMER_PERIODIC 0x2ull
#define HV_STIMER_LAZY 0x4ull
#define HV_STIMER_AUTO_ENABLE 0x8ull /* a write to the count enables */
#define HV_STIMER_VECTOR_SHIFT 4     /* 8 bits, with HV_STIMER_DIRECT */
#define HV_STIMER_DIRECT 0x1000ull   /* an interrupt, no message */
#define HV_STIMER_SINT_SHIFT 16      /* 4 bits; 0 disables the timer */

/* Hypercalls: input value (RCX; EDX:EAX on i386), addresses of input and
 * output (RDX, R8; EBX:ECX, EDI:ESI), and if fast, 8 bytes in each in place of
 * memory. Input and output are 8-byte aligned and cross no page. TLFS 3.7. */
#define HV_INPUT_CODE 0xffffull
#define HV_INPUT_FAST 0x10000ull
#define HV_INPUT_VARHEAD_SHIFT 17 /* 10 bits: in units of 8 bytes */
#define HV_INPUT_NESTED 0x80000000ull
#define HV_INPUT_REPS_SHIFT 32      /* 12 bits */
#define HV_INPUT_REP_START_SHIFT 48 /* 12 bits */
#define HV_RESULT_STATUS 0xffffull
#define HV_RESULT_REPS_SHIFT 32 /* 12 bits: done */
#define HV_REPS_MASK 0xfffull

/* Codes. TLFS appendix A. */
#define HV_HC_SWITCH_ADDRESS_SPACE 0x0001
#define HV_HC_FLUSH_ADDRESS_SPACE 0x0002
#define HV_HC_FLUSH_ADDRESS_LIST 0x0003
#define HV_HC_NOTIFY_LONG_SPIN 0x0008
#define HV_HC_SEND_IPI 0x000b
#define HV_HC_FLUSH_ADDRESS_SPACE_EX 0x0013
#define HV_HC_FLUSH_ADDRESS_LIST_EX 0x0014
#define HV_HC_SEND_IPI_EX 0x0015
#define HV_HC_GET_PARTITION_ID 0x0046
#define HV_HC_GET_VP_REGISTERS 0x0050
#define HV_HC_SET_VP_REGISTERS 0x0051
#define HV_HC_POST_MESSAGE 0x005c
#define HV_HC_SIGNAL_EVENT 0x005d
#define HV_HC_POST_DEBUG_DATA 0x0069
#define HV_HC_RETRIEVE_DEBUG_DATA 0x006a
#define HV_HC_RESET_DEBUG_SESSION 0x006b
#define HV_HC_RETARGET_INTERRUPT 0x007e
#define HV_HC_START_VP 0x0099
#define HV_HC_GET_VP_INDEX 0x009a
#define HV_HC_FLUSH_GUEST_SPACE 0x00af
#define HV_HC_FLUSH_GUEST_LIST 0x00b0
#define HV_HC_MODIFY_HOST_VISIBILITY 0x00db
#define HV_HC_MMIO_READ 0x0106
#define HV_HC_MMIO_WRITE 0x0107
#define HV_HC_QUERY_EXTENDED 0x8001

/* HV_RESULT_STATUS. TLFS appendix B: X(name, number). */
#define HV_STATUSES(X)                         \
	X(SUCCESS, 0x0000)                     \
	X(INVALID_HYPERCALL_CODE, 0x0002)      \
	X(INVALID_HYPERCALL_INPUT, 0x0003)     \
	X(INVALID_ALIGNMENT, 0x0004)           \
	X(INVALID_PARAMETER, 0x0005)           \
	X(ACCESS_DENIED, 0x0006)               \
	X(INVALID_PARTITION_STATE, 0x0007)     \
	X(OPERATION_DENIED, 0x0008)            \
	X(UNKNOWN_PROPERTY, 0x0009)            \
	X(PROPERTY_VALUE_OUT_OF_RANGE, 0x000a) \
	X(INSUFFICIENT_MEMORY, 0x000b)         \
	X(PARTITION_TOO_DEEP, 0x000c)          \
	X(INVALID_PARTITION_ID, 0x000d)        \
	X(INVALID_VP_INDEX, 0x000e)            \
	X(NOT_FOUND, 0x0010)                   \
	X(INVALID_PORT_ID, 0x0011)             \
	X(INVALID_CONNECTION_ID, 0x0012)       \
	X(INSUFFICIENT_BUFFERS, 0x0013)        \
	X(NOT_ACKNOWLEDGED, 0x0014)            \
	X(INVALID_VP_STATE, 0x0015)            \
	X(ACKNOWLEDGED, 0x0016)                \
	X(INVALID_SAVE_RESTORE_STATE, 0x0017)  \
	X(INVALID_SYNIC_STATE, 0x0018)         \
	X(OBJECT_IN_USE, 0x0019)               \
	X(INVALID_PROXIMITY_DOMAIN, 0x001a)    \
	X(NO_DATA, 0x001b)                     \
	X(INACTIVE, 0x001c)                    \
	X(NO_RESOURCES, 0x001d)                \
	X(FEATURE_UNAVAILABLE, 0x001e)         \
	X(PARTIAL_PACKET, 0x001f)              \
	X(FEATURE_NOT_SUPPORTED, 0x0020)       \
	X(INSUFFICIENT_BUFFER, 0x0033)         \
	X(INVALID_REGISTER_VALUE, 0x0050)      \
	X(INVALID_VTL_STATE, 0x0051)           \
	X(OPERATION_FAILED, 0x0071)            \
	X(TIME_OUT, 0x0078)

#define HV_STATUS_ENUM_(name, number) HV_STATUS_##name = number,
enum hv_status {
	HV_STATUSES(HV_STATUS_ENUM_)
};
#undef HV_STATUS_ENUM_

/* HV_HC_POST_MESSAGE, never fast. TLFS 11.10.1. */
#define HV_MESSAGE_PAYLOAD 240 /* bytes */

struct hv_post_message {
	uint32_t connection;
	uint32_t reserved;
	uint32_t type; /* below HV_MESSAGE_HYPERVISOR, not 0 */
	uint32_t size; /* bytes of payload */
	uint8_t payload[HV_MESSAGE_PAYLOAD];
};
_Static_assert(sizeof(struct hv_post_message) == 256, "post message");

/* HV_HC_SIGNAL_EVENT, fast: this is then the first 8 bytes. TLFS 11.10.2. */
struct hv_signal_event {
	uint32_t connection;
	uint16_t flag; /* added to the connection's base */
	uint16_t reserved;
};
_Static_assert(sizeof(struct hv_signal_event) == 8, "signal event");

/* A slot of the message page. The hypervisor fills it when type is
 * HV_MESSAGE_NONE; the guest puts that back, and writes HV_MSR_EOM if flags had
 * HV_MESSAGE_PENDING, for a message that then found no place. TLFS 11.8. */
struct hv_message {
	uint32_t type; /* HV_MESSAGE_… */
	uint8_t size;  /* bytes of payload */
	uint8_t flags;
	uint8_t reserved[2];
	uint64_t origin; /* port, or partition */
	uint8_t payload[HV_MESSAGE_PAYLOAD];
};
_Static_assert(sizeof(struct hv_message) == 256, "message");
_Static_assert(__builtin_offsetof(struct hv_message, payload) == 16, "message");

#define HV_MESSAGE_PENDING 0x1u

#define HV_MESSAGE_NONE 0
#define HV_MESSAGE_VMBUS 1                /* what VMBus sends and takes */
#define HV_MESSAGE_HYPERVISOR 0x80000000u /* this bit: not from a partition */
#define HV_MESSAGE_UNMAPPED_GPA 0x80000000u
#define HV_MESSAGE_GPA_INTERCEPT 0x80000001u
#define HV_MESSAGE_TIMER_EXPIRED 0x80000010u
#define HV_MESSAGE_INVALID_REGISTER 0x80000020u
#define HV_MESSAGE_UNRECOVERABLE 0x80000021u
#define HV_MESSAGE_UNSUPPORTED 0x80000022u

struct hv_message_page {
	struct hv_message sint[HV_SINTS];
};
_Static_assert(sizeof(struct hv_message_page) == HV_PAGE_SIZE, "SIM page");

/* The payload of HV_MESSAGE_TIMER_EXPIRED. TLFS 12.3.3. */
struct hv_timer_message {
	uint32_t timer;
	uint32_t reserved;
	uint64_t expired;   /* when it should have */
	uint64_t delivered; /* when the message was sent */
};
_Static_assert(sizeof(struct hv_timer_message) == 24, "timer message");

/* The page of event flags: bit n of a SINT is bit n % 32 of word n / 32. The
 * hypervisor sets, the guest takes. TLFS 11.8. */
#define HV_EVENT_FLAGS 2048 /* of each SINT */

struct hv_event_flags {
	uint32_t words[HV_EVENT_FLAGS / 32];
};
_Static_assert(sizeof(struct hv_event_flags) == 256, "event flags");

struct hv_event_page {
	struct hv_event_flags sint[HV_SINTS];
};
_Static_assert(sizeof(struct hv_event_page) == HV_PAGE_SIZE, "SIEF page");

/* HV_MSR_REFERENCE_TSC: time is the upper 64 bits of TSC * scale, plus offset,
 * if sequence is the same before and after. TLFS 12.7. */
struct hv_reference_tsc {
	uint32_t sequence;
	uint32_t reserved;
	uint64_t scale; /* of 2^64 */
	int64_t offset; /* 100 ns */
	uint8_t unused[HV_PAGE_SIZE - 24];
};
_Static_assert(sizeof(struct hv_reference_tsc) == HV_PAGE_SIZE, "TSC page");

/* Of sequence: use HV_MSR_REFERENCE_COUNTER. TLFS 3 and before, and some
 * hosts, say it with all ones. */
#define HV_TSC_INVALID 0
#define HV_TSC_INVALID_OLD 0xffffffffu

#define HV_TICKS_PER_SECOND 10000000u /* the reference time */

#endif
