/* SPDX-License-Identifier: ISC */
/*
 * Grant tables: XEN_HC_GRANT_TABLE_OP, and the entries in shared pages.
 * XEN_HC_GRANT_TABLE_OP takes an operation, an array and a count.
 * Source: Xen public header grant_table.h.
 */
#ifndef WIRE_XEN_GRANT_H
#define WIRE_XEN_GRANT_H

#include <stdint.h>

#define XEN_GNT_RESERVED 8 /* the first entries are not the guest's to give */
#define XEN_GNT_RESERVED_CONSOLE 0
#define XEN_GNT_RESERVED_STORE 1

/* An entry's flags. */
#define XEN_GTF_INVALID 0x0u
#define XEN_GTF_PERMIT_ACCESS 0x1u
#define XEN_GTF_ACCEPT_TRANSFER 0x2u
#define XEN_GTF_TRANSITIVE 0x3u
#define XEN_GTF_TYPE_MASK 0x3u
#define XEN_GTF_READONLY 0x004u
#define XEN_GTF_READING 0x008u  /* Xen's, and in version 2 in the status */
#define XEN_GTF_WRITING 0x010u  /* the same */
#define XEN_GTF_SUB_PAGE 0x100u /* version 2 */
#define XEN_GTF_TRANSFER_COMMITTED 0x4u /* where a transfer is accepted */
#define XEN_GTF_TRANSFER_COMPLETED 0x8u

struct xen_grant_v1 {
	uint16_t flags; /* XEN_GTF_…; written last, after a barrier */
	uint16_t domid; /* who may */
	uint32_t frame;
};
_Static_assert(sizeof(struct xen_grant_v1) == 8, "grant entry, version 1");

union xen_grant_v2 {
	struct {
		uint16_t flags;
		uint16_t domid;
	} header;
	struct {
		uint16_t flags;
		uint16_t domid;
		uint32_t pad;
		uint64_t frame;
	} full_page;
	struct {
		uint16_t flags;
		uint16_t domid;
		uint16_t offset; /* bytes */
		uint16_t length; /* bytes */
		uint64_t frame;
	} sub_page;
	struct {
		uint16_t flags;
		uint16_t domid;
		uint16_t grantor;
		uint16_t pad0;
		uint32_t ref;
		uint32_t pad1;
	} transitive;
};
_Static_assert(sizeof(union xen_grant_v2) == 16, "grant entry, version 2");

/* Version 2, in pages of their own: XEN_GTF_READING and XEN_GTF_WRITING. */
typedef uint16_t xen_grant_status;

#define XEN_GNT_V1_PER_PAGE (4096 / sizeof(struct xen_grant_v1))
#define XEN_GNT_V2_PER_PAGE (4096 / sizeof(union xen_grant_v2))
#define XEN_GNT_STATUS_PER_PAGE (4096 / sizeof(xen_grant_status))

/* Operations. */
#define XEN_GNTOP_MAP 0
#define XEN_GNTOP_UNMAP 1
#define XEN_GNTOP_SETUP_TABLE 2
#define XEN_GNTOP_TRANSFER 4
#define XEN_GNTOP_COPY 5
#define XEN_GNTOP_QUERY_SIZE 6
#define XEN_GNTOP_SET_VERSION 8
#define XEN_GNTOP_GET_STATUS_FRAMES 9
#define XEN_GNTOP_GET_VERSION 10

/* The status of each element. */
#define XEN_GNTST_OKAY 0
#define XEN_GNTST_GENERAL_ERROR (-1)
#define XEN_GNTST_BAD_DOMAIN (-2)
#define XEN_GNTST_BAD_REF (-3)
#define XEN_GNTST_BAD_HANDLE (-4)
#define XEN_GNTST_BAD_VIRT_ADDR (-5)
#define XEN_GNTST_BAD_DEV_ADDR (-6)
#define XEN_GNTST_NO_DEVICE_SPACE (-7)
#define XEN_GNTST_PERMISSION_DENIED (-8)
#define XEN_GNTST_BAD_PAGE (-9)
#define XEN_GNTST_BAD_COPY_ARG (-10)
#define XEN_GNTST_ADDRESS_TOO_BIG (-11)
#define XEN_GNTST_EAGAIN (-12)
#define XEN_GNTST_NO_SPACE (-13)

struct xen_gnt_setup_table {
	uint16_t domid;
	uint16_t pad0;
	uint32_t nr_frames;
	int16_t status; /* out */
	uint16_t pad1[3];
	uint64_t frames; /* virtual address of uint64_t[nr_frames], out */
};
_Static_assert(sizeof(struct xen_gnt_setup_table) == 24, "setup table");

struct xen_gnt_query_size {
	uint16_t domid;
	uint16_t pad0;
	uint32_t nr_frames;     /* out */
	uint32_t max_nr_frames; /* out */
	int16_t status;         /* out */
	uint16_t pad1;
};
_Static_assert(sizeof(struct xen_gnt_query_size) == 16, "query size");

struct xen_gnt_set_version {
	uint32_t version; /* in: wanted; out: in effect */
};
_Static_assert(sizeof(struct xen_gnt_set_version) == 4, "set version");

struct xen_gnt_get_version {
	uint16_t domid;
	uint16_t pad;
	uint32_t version; /* out */
};
_Static_assert(sizeof(struct xen_gnt_get_version) == 8, "get version");

struct xen_gnt_get_status_frames {
	uint32_t nr_frames;
	uint16_t domid;
	int16_t status;  /* out */
	uint64_t frames; /* virtual address of uint64_t[nr_frames], out */
};
_Static_assert(sizeof(struct xen_gnt_get_status_frames) == 16,
    "get status frames");

struct xen_gnt_map {
	uint64_t host_addr; /* virtual; guest physical in an HVM guest */
	uint32_t flags;     /* XEN_GNTMAP_… */
	uint32_t ref;
	uint16_t domid;
	int16_t status;    /* out */
	uint32_t handle;   /* out */
	uint64_t dev_addr; /* out */
};
_Static_assert(sizeof(struct xen_gnt_map) == 32, "map");

#define XEN_GNTMAP_DEVICE 0x1u
#define XEN_GNTMAP_HOST 0x2u
#define XEN_GNTMAP_READONLY 0x4u

struct xen_gnt_unmap {
	uint64_t host_addr;
	uint64_t dev_addr; /* 0: as it was not mapped for devices */
	uint32_t handle;
	int16_t status; /* out */
	uint16_t pad;
};
_Static_assert(sizeof(struct xen_gnt_unmap) == 24, "unmap");

struct xen_gnt_copy_end {
	union {
		uint32_t ref;
		uint64_t frame; /* of the domain */
	} u;
	uint16_t domid;
	uint16_t offset; /* bytes into the page */
	uint32_t pad;
};

struct xen_gnt_copy {
	struct xen_gnt_copy_end source;
	struct xen_gnt_copy_end dest;
	uint16_t length; /* bytes */
	uint16_t flags;  /* XEN_GNTCOPY_…: which ends are grants */
	int16_t status;  /* out */
	uint16_t pad;
};
_Static_assert(sizeof(struct xen_gnt_copy) == 40, "copy");

#define XEN_GNTCOPY_SOURCE_REF 0x1u
#define XEN_GNTCOPY_DEST_REF 0x2u

#endif
