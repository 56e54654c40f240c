/* SPDX-License-Identifier: ISC */
/*
 * What the files vmt_info*.c share: one picture of the guest at a time, the
 * forms in which hosts take it, and when it is sent.
 *
 * The forms are functions without state, from a picture into a writer; they
 * put whole elements there or none.  All memory is that of struct vmt_info,
 * which lives as long as the device.
 */
#ifndef GUEST_VMWARE_VMT_INFO_H
#define GUEST_VMWARE_VMT_INFO_H

#include "guest/vmware/vmware.h"
#include "guest/vmware/xdr.h"
#include "wire/vmware/nicinfo.h"

/* Of a fact; a longer one is as good as none. */
#define VMT_FACT 256u

/* ---- vmt_info_net.c: a picture of the network ------------------------- */

struct vmt_nic {
	struct pv_netif netif; /* addresses without loopback */
	unsigned index;        /* the port's */
	bool primary;          /* has a default route */
};

/* What was more than a host takes: each is dropped whole. */
struct vmt_dropped {
	unsigned nics, addresses, routes, servers, suffixes;
};

struct vmt_net {
	struct vmt_nic nic[NICINFO_NICS]; /* primary ones first */
	unsigned nics;
	/* netif: a place in nic[] */
	struct pv_route route[NICINFO_ROUTES];
	unsigned routes;
	struct pv_address server[NICINFO_SERVERS];
	unsigned servers;
	char host[VMT_FACT], domain[VMT_FACT]; /* "": not known */
	char suffix[NICINFO_SUFFIXES][VMT_FACT];
	unsigned suffixes;
	struct vmt_dropped dropped;
};

void vmt_net_read(const struct pv_port *, struct vmt_net *);
/* Would an interface of that name be left out by this list?  Patterns with *
 * and ?, separated by commas or blanks. */
bool vmt_net_left_out(const char *list, const char *name);
/* What others would reach this guest by: IPv4 before IPv6, the first primary
 * interface before the rest; NULL: there is none. */
const struct pv_address *vmt_net_address(const struct vmt_net *);

/* The text of a fact, terminated; false with "" when it is not known. */
bool vmt_fact(const struct pv_port *, enum pv_fact, char *to, size_t room);

/* ---- vmt_info_nics.c: its forms --------------------------------------- */

void vmt_nics_v3(const struct vmt_net *, struct writer *);
/* What did not fit is left out whole; returns how many addresses that was. */
unsigned vmt_nics_v2(const struct vmt_net *, struct writer *);
void vmt_nics_v1(const struct vmt_net *, struct writer *);

/* ---- vmt_info_os.c, vmt_info_os_id.c ---------------------------------- */

struct vmt_os {
	char name[VMT_FACT], version[VMT_FACT], build[VMT_FACT];
	char architecture[VMT_FACT], id[VMT_FACT], pretty[VMT_FACT];
	char family[VMT_FACT];
};

void vmt_os_read(const struct pv_port *, struct vmt_os *);
/* "Linux 6.1.0-18-amd64 Debian GNU/Linux 12 (bookworm)": as much as fits in
 * `room`, in whole words of the port.  "": nothing is known. */
void vmt_os_full_name(const struct vmt_os *, char *to, size_t room);
/* VMware's own name: "debian12-64". */
void vmt_os_id(const struct vmt_os *, char *to, size_t room);
/* struct osdetail and its text. */
void vmt_os_detailed(const struct vmt_os *, struct writer *);

/* ---- vmt_info_disks.c, vmt_info_memory.c ------------------------------ */

/* Both forms: false when the port does not know.  *dropped: how many were too
 * many, or too odd for that form. */
bool vmt_disks_json(const struct pv_port *, struct writer *, unsigned *dropped);
bool vmt_disks_v0(const struct pv_port *, struct writer *, unsigned *dropped);
bool vmt_memory(const struct pv_port *, struct writer *);

/* ---- vmt_info.c: what is sent when ------------------------------------ */

/* In the order in which they go out. */
enum vmt_report {
	VMT_BUILD,
	VMT_OS_DETAILED,
	VMT_OS_NAME_FULL, /* these two where the one before is refused */
	VMT_OS_NAME,
	VMT_DISKS,
	VMT_DNS_NAME,
	VMT_NICS,
	VMT_MEMORY,
	VMT_UPTIME,
	VMT_REPORTS
};

/* How the list of NICs goes out, best first. */
enum vmt_nic_form {
	VMT_NICS_10_V3,
	VMT_NICS_9_V3,
	VMT_NICS_9_V2,
	VMT_NICS_2_V1,
	VMT_NIC_FORMS
};

struct vmt_info {
	struct vmware *vmware;
	struct vmware_request request;
	bool busy;               /* the request is under way */
	enum vmt_report current; /* what it carries */
	uint64_t current_hash;
	unsigned generation, current_generation; /* one for each force */
	unsigned pending; /* to be looked at: a bit each */
	struct {
		bool known; /* to the host, as far as we know */
		uint64_t hash;
	} sent[VMT_REPORTS];
	/* what this host has refused since the last reset */
	enum vmt_nic_form nic_form;
	bool no_detailed, no_json;

	uint64_t look;   /* when all is looked at again */
	uint64_t settle; /* when a change is, or PV_NEVER */
	uint64_t hold;   /* the way to the host is broken until then */
	uint64_t changes;

	struct vmt_dropped dropped; /* of the last picture */
	unsigned disks_dropped;
	uint64_t reports, refused, failed;
	struct vmware_rate rate; /* of lines about refusals */

	struct vmt_net net;
	struct vmt_os os;
	char reply[128];
	uint8_t message[VMWARE_MESSAGE_MAX];
};

/* vmt_info_report.c: one of them, command and all; false: there is nothing to
 * say. */
bool vmt_info_put(struct vmt_info *, enum vmt_report, struct writer *);

#endif
