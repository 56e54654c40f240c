/* SPDX-License-Identifier: ISC */
/*
 * The page that Xen shares with a domain, in the layout of a 64-bit x86 guest.
 * Both sides write it at any time.
 * Source: Xen public headers xen.h, arch-x86/xen.h, arch-x86/xen-x86_64.h.
 */
#ifndef WIRE_XEN_SHARED_H
#define WIRE_XEN_SHARED_H

#include <stdint.h>

#define XEN_LEGACY_VCPUS 32 /* that have their information in this page */
#define XEN_EVENT_WORDS 64
#define XEN_EVENT_WORD_BITS 64
#define XEN_EVENT_2L_PORTS (XEN_EVENT_WORDS * XEN_EVENT_WORD_BITS)

/*
 * Consistent while the version is even and the same before and after. With
 * delta = (TSC - tsc) << shift, or >> -shift where shift is negative, the time
 * is system_time + (delta * mul >> 32).
 */
struct xen_vcpu_time {
	uint32_t version;
	uint32_t pad0;
	uint64_t tsc;         /* when the rest was written */
	uint64_t system_time; /* ns since boot */
	uint32_t mul;         /* ns per tick after the shift, times 2^32 */
	int8_t shift;
	uint8_t flags; /* XEN_TIME_… */
	uint8_t pad1[2];
};
_Static_assert(sizeof(struct xen_vcpu_time) == 32, "vcpu time");

#define XEN_TIME_TSC_STABLE 0x1u
#define XEN_TIME_GUEST_STOPPED 0x2u

struct xen_vcpu_info {
	uint8_t upcall_pending; /* Xen sets it, the guest clears it */
	uint8_t upcall_mask;    /* not for HVM guests */
	uint8_t pad[6];
	uint64_t pending_sel; /* a bit for each word of pending */
	uint64_t cr2;
	uint64_t arch_pad;
	struct xen_vcpu_time time;
};
_Static_assert(sizeof(struct xen_vcpu_info) == 64, "vcpu info");

struct xen_shared_info {
	struct xen_vcpu_info vcpu[XEN_LEGACY_VCPUS];
	uint64_t pending[XEN_EVENT_WORDS]; /* port: word / 64, bit % 64 */
	uint64_t mask[XEN_EVENT_WORDS];
	/* The wall clock when system_time was 0; odd while it changes. */
	uint32_t wc_version;
	uint32_t wc_sec; /* s since 1970 */
	uint32_t wc_nsec;
	uint32_t wc_sec_hi;
	/* of use to PV guests and tools */
	uint64_t max_pfn;
	uint64_t p2m_list_list;
	uint64_t nmi_reason;
	uint64_t p2m_cr3;
	uint64_t p2m_vaddr;
	uint64_t p2m_generation;
	uint8_t unused[960]; /* the rest of the page */
};
_Static_assert(sizeof(struct xen_shared_info) == 4096, "shared info");

#endif
