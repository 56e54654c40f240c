/* SPDX-License-Identifier: ISC */
/*
 * Dynamic memory: in-band packets of the balloon channel, without a pipe header
 * and without completions. The guest begins, with a version; then it tells
 * what it can, and from then on its memory, once a second.
 * Source: QEMU include/hw/hyperv/dynmem-proto.h, Linux
 * drivers/hv/hv_balloon.c.
 */
#ifndef WIRE_HYPERV_BALLOON_H
#define WIRE_HYPERV_BALLOON_H

#include <stdint.h>

#define HV_DM_VERSION(major, minor) ((uint32_t)(major) << 16 | (minor))
#define HV_DM_0_3 HV_DM_VERSION(0, 3) /* Windows Server 2008 R2 */
#define HV_DM_1_0 HV_DM_VERSION(1, 0) /* 2012 */
#define HV_DM_2_0 HV_DM_VERSION(2, 0) /* 2016; QEMU's */

struct hv_dm_header {
	uint16_t type; /* HV_DM_… */
	uint16_t size; /* bytes, with this */
	uint32_t transaction;
};
_Static_assert(sizeof(struct hv_dm_header) == 8, "header");

#define HV_DM_ERROR 0
#define HV_DM_VERSION_REQUEST 1       /* G */
#define HV_DM_VERSION_RESPONSE 2      /* H */
#define HV_DM_CAPABILITIES 3          /* G */
#define HV_DM_CAPABILITIES_RESPONSE 4 /* H */
#define HV_DM_STATUS 5                /* G, not answered */
#define HV_DM_BALLOON 6               /* H */
#define HV_DM_BALLOON_RESPONSE 7      /* G, one or more */
#define HV_DM_UNBALLOON 8             /* H, one or more */
#define HV_DM_UNBALLOON_RESPONSE 9    /* G, to the last */
#define HV_DM_HOT_ADD 10              /* H */
#define HV_DM_HOT_ADD_RESPONSE 11     /* G */
#define HV_DM_INFO 12                 /* H; from 1.0 on */
#define HV_DM_HOT_REMOVE 13           /* H; from 2.0 on */
#define HV_DM_HOT_REMOVE_RESPONSE 14  /* G; from 2.0 on */

/* The guest begins with its newest. */
struct hv_dm_version_request {
	struct hv_dm_header header;
	uint32_t version;
	uint32_t last; /* bit 0: it will try no other */
};
_Static_assert(sizeof(struct hv_dm_version_request) == 16, "version");

struct hv_dm_version_response {
	struct hv_dm_header header;
	uint64_t accepted; /* bit 0 */
};
_Static_assert(sizeof(struct hv_dm_version_response) == 16, "version");
#define HV_DM_ACCEPTED 0x1u

struct hv_dm_capabilities {
	struct hv_dm_header header;
	uint64_t capabilities; /* HV_DM_CAN_… */
	uint64_t min_pages;    /* that the guest keeps */
	uint64_t max_page;     /* the highest number; 0: not said */
};
_Static_assert(sizeof(struct hv_dm_capabilities) == 32, "capabilities");
#define HV_DM_CAN_BALLOON 0x1u
#define HV_DM_CAN_HOT_ADD 0x2u
#define HV_DM_CAN_ALIGN_SHIFT 2 /* 4 bits: hot add by 2^n MiB */
#define HV_DM_CAN_HOT_REMOVE 0x40u

struct hv_dm_capabilities_response {
	struct hv_dm_header header;
	uint64_t flags; /* HV_DM_ACCEPTED and these */
};
_Static_assert(sizeof(struct hv_dm_capabilities_response) == 16,
    "capabilities");
#define HV_DM_HOST_HOT_REMOVE 0x2u
#define HV_DM_HOST_NO_STATUS 0x4u /* wants no HV_DM_STATUS */

/* Pages. The host looks at committed. */
struct hv_dm_status {
	struct hv_dm_header header;
	uint64_t available;
	uint64_t committed;
	uint64_t page_file;
	uint64_t zero_free;
	uint32_t page_file_writes;
	uint32_t io_difference;
};
_Static_assert(sizeof(struct hv_dm_status) == 48, "status");

/* A range: the first page's number, and pages above it. */
#define HV_DM_RANGE_PAGE_BITS 40
#define HV_DM_RANGE_COUNT_BITS 24
#define HV_DM_RANGE(page, count) \
	((uint64_t)(page) | (uint64_t)(count) << HV_DM_RANGE_PAGE_BITS)
#define HV_DM_RANGE_PAGE(range) \
	((range) & (((uint64_t)1 << HV_DM_RANGE_PAGE_BITS) - 1))
#define HV_DM_RANGE_COUNT(range) ((range) >> HV_DM_RANGE_PAGE_BITS)

struct hv_dm_balloon {
	struct hv_dm_header header;
	uint32_t pages; /* to be given */
	uint32_t reserved;
};
_Static_assert(sizeof(struct hv_dm_balloon) == 16, "balloon");

/* uint64_t[] of ranges follow. */
struct hv_dm_balloon_response {
	struct hv_dm_header header;
	uint32_t reserved;
	uint32_t more_and_count; /* bit 0: more to come; above: ranges */
};
_Static_assert(sizeof(struct hv_dm_balloon_response) == 16, "balloon");

/* uint64_t[] of ranges follow. */
struct hv_dm_unballoon {
	struct hv_dm_header header;
	uint32_t more; /* bit 0 */
	uint32_t count;
};
_Static_assert(sizeof(struct hv_dm_unballoon) == 16, "unballoon");
#define HV_DM_MORE 0x1u

/* HV_DM_UNBALLOON_RESPONSE is a header alone. */

/* The region, in which the range is, may be missing; Linux takes 0 for none. */
struct hv_dm_hot_add {
	struct hv_dm_header header;
	uint64_t range;
	uint64_t region;
};
_Static_assert(sizeof(struct hv_dm_hot_add) == 24, "hot add");
#define HV_DM_HOT_ADD_MIN 16 /* bytes, without region */

struct hv_dm_hot_add_response {
	struct hv_dm_header header;
	uint32_t pages;  /* that were added */
	uint32_t result; /* 1: done */
};
_Static_assert(sizeof(struct hv_dm_hot_add_response) == 16, "hot add");

struct hv_dm_hot_remove {
	struct hv_dm_header header;
	uint32_t node;
	uint32_t pages;
	uint32_t flags; /* HV_DM_REMOVE_… */
	uint32_t reserved;
};
_Static_assert(sizeof(struct hv_dm_hot_remove) == 24, "hot remove");
#define HV_DM_REMOVE_LARGE 0x1u
#define HV_DM_REMOVE_LOCAL 0x2u

/* uint64_t[] of ranges follow. */
struct hv_dm_hot_remove_response {
	struct hv_dm_header header;
	uint32_t result;
	uint32_t count;
	uint64_t more; /* bit 0 */
};
_Static_assert(sizeof(struct hv_dm_hot_remove_response) == 24, "hot remove");

/* info_size bytes follow, of which the first 8 are type and size. */
struct hv_dm_info {
	struct hv_dm_header header;
	uint32_t reserved;
	uint32_t info_size;
};
_Static_assert(sizeof(struct hv_dm_info) == 16, "info");

struct hv_dm_info_header {
	uint32_t type; /* HV_DM_INFO_… */
	uint32_t size; /* bytes that follow */
};
_Static_assert(sizeof(struct hv_dm_info_header) == 8, "info");
#define HV_DM_INFO_MAX_PAGES 0 /* uint64_t */

#endif
