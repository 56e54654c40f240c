/* SPDX-License-Identifier: ISC */
/*
 * What a guest reports of itself with SetGuestInfo in other forms than text.
 * XDR (RFC 4506) is big-endian, in units of four bytes; numbers of the packed
 * forms are little-endian.
 * Source: open-vm-tools lib/guestRpc/nicinfo.x, lib/include/guestInfo.h,
 * lib/include/hostinfo.h, lib/include/guestStats.h,
 * services/plugins/guestInfo/guestInfoServer.c, perfMonLinux.c.
 */
#ifndef WIRE_VMWARE_NICINFO_H
#define WIRE_VMWARE_NICINFO_H

#include <stdint.h>

/* ---- NIC list in XDR: types 9 and 10 ---------------------------------- */

/*
 * u32 discriminant, u32 1 (a pointer that is there), and then of
 *
 * V2: nics<16> of {char mac[18], ips<2048> of {u32 family, u32 dhcp,
 *     char address[64], char mask[64]}}; a char of these arrays takes 4 bytes.
 *
 * V3: nics<16> of {string mac<18>, ips<2048> of {address, u32 prefix,
 *         optional u32 origin, optional u32 status},
 *         optional dns, optional wins, optional dhcp4, optional dhcp6},
 *     routes<100> of {address to, u32 prefix, optional address next hop,
 *         u32 index of the NIC, u32 type, u32 metric},
 *     optional dns, optional wins, optional dhcp4, optional dhcp6
 *   address: u32 type, opaque<255>
 *   dns: optional string host<255>, optional string domain<255>,
 *        servers<16> of address, suffixes<10> of string<255>
 *   wins: address, address
 *   dhcp: u32 enabled, string settings<16384>
 */
#define NICINFO_V2 2u
#define NICINFO_V3 3u

#define NICINFO_NICS 16u
#define NICINFO_IPS 2048u      /* of a NIC */
#define NICINFO_IPS_TYPE_9 64u /* of a NIC, in type 9 (guestInfo.h) */
#define NICINFO_MAC_LEN 18u    /* "00:50:56:00:00:01" */
#define NICINFO_IP_LEN 64u
#define NICINFO_ADDRESS_MAX 255u
#define NICINFO_NAME_MAX 255u
#define NICINFO_SERVERS 16u
#define NICINFO_SUFFIXES 10u
#define NICINFO_ROUTES 100u
#define NICINFO_DHCP_MAX 16384u

/* Families of V2. */
#define NICINFO_FAMILY_4 0u
#define NICINFO_FAMILY_6 1u

/* Types of an address of V3 (RFC 4001). */
#define NICINFO_UNKNOWN 0u
#define NICINFO_IPV4 1u
#define NICINFO_IPV6 2u
#define NICINFO_IPV4Z 3u
#define NICINFO_IPV6Z 4u
#define NICINFO_DNS 16u

/* Origin (RFC 4293). */
#define NICINFO_ORIGIN_OTHER 1u
#define NICINFO_ORIGIN_MANUAL 2u
#define NICINFO_ORIGIN_DHCP 4u
#define NICINFO_ORIGIN_LINK_LAYER 5u
#define NICINFO_ORIGIN_RANDOM 6u

/* Status (RFC 4293). */
#define NICINFO_STATUS_PREFERRED 1u
#define NICINFO_STATUS_UNKNOWN 5u
#define NICINFO_STATUS_LAST 8u

/* Type of a route (RFC 4292). */
#define NICINFO_ROUTE_OTHER 1u
#define NICINFO_ROUTE_REJECT 2u
#define NICINFO_ROUTE_LOCAL 3u
#define NICINFO_ROUTE_REMOTE 4u
#define NICINFO_METRIC_NONE UINT32_MAX

/* ---- NIC list, packed: type 2 ----------------------------------------- */

#define NICINFO_V1_IPS 8u
struct nicinfo_v1_nic {
	uint32_t ips;
	char mac[19];
	char ip[NICINFO_V1_IPS][16]; /* IPv4 as text */
	uint8_t pad;
};
struct nicinfo_v1 {
	uint32_t nics;
	struct nicinfo_v1_nic nic[NICINFO_NICS];
};
_Static_assert(sizeof(struct nicinfo_v1_nic) == 152, "NIC of version 1");
_Static_assert(sizeof(struct nicinfo_v1) == 2436, "NIC list of version 1");

/* ---- Details of the system: type 11 ----------------------------------- */

/* Then key='value' in text, blanks between, and a NUL. */
#define OSDETAIL_VERSION 1u
struct osdetail {
	uint32_t version;
	char short_name[129]; /* what type 6 has */
	char full_name[513];  /* what type 5 has */
	uint8_t pad[2];
};
_Static_assert(sizeof(struct osdetail) == 648, "details of the system");

/* ---- Memory: type 8 --------------------------------------------------- */

/* Statistics may follow, each a mask of what it has (u32) and that, in the order
 * of the bits, each as a length (u16) and bytes; numbers without their leading
 * zero bytes. */
#define MEMINFO_STAT_NAMESPACE 0x2u /* of the first: "_tools/v1" and a NUL */
#define MEMINFO_STAT_ID 0x4u
#define MEMINFO_STAT_TYPE 0x8u
#define MEMINFO_STAT_UNIT 0x20u
#define MEMINFO_STAT_VALUE 0x80u
#define MEMINFO_NAMESPACE "_tools/v1"
#define MEMINFO_ID_FREE 4u
#define MEMINFO_ID_USABLE 6u
#define MEMINFO_ID_AVAILABLE 25u
#define MEMINFO_ID_COMMITTED 28u
#define MEMINFO_ID_TOTAL 60u
#define MEMINFO_TYPE_U64 9u
#define MEMINFO_UNIT_KIB 0x803u

#define MEMINFO_VERSION 5u
#define MEMINFO_HAS_TOTAL 0x1u
#define MEMINFO_HAS_HUGE_PAGES 0x400u
struct meminfo {
	uint32_t version;
	uint32_t flags;
	uint64_t total; /* KiB that the guest can use */
	uint64_t unused1[9];
	uint64_t huge_pages;
	uint64_t unused2[2];
};
_Static_assert(sizeof(struct meminfo) == 112, "memory");

/* ---- File systems: type 3 --------------------------------------------- */

/* One byte, how many; then each.  SetGuestDiskInfo has the same in JSON:
 * {"version":"1","disks":[{"name":base64,"free":"n","size":"n","fstype":"…",
 * "devices":["…"]},…]}; the order counts. */
#define DISKINFO_V0_MAX 255u
#define DISKINFO_JSON_VERSION "1"
struct diskinfo_v0 {
	uint64_t free, total;
	char name[100];
} __attribute__((packed));
_Static_assert(sizeof(struct diskinfo_v0) == 116, "file system");

#endif
