/* SPDX-License-Identifier: ISC */
/* What the files of the face "xen" share. */
#ifndef PVHOST_FACE_XEN_H
#define PVHOST_FACE_XEN_H

#include "host/xen/backend.h"
#include "programs/pvhost/face.h"
#include "programs/pvhost/outlet.h"
#include "programs/pvhost/pci.h"

#define FACE_XEN_DISKS 16u /* xvda to xvdp */
#define FACE_XEN_NICS 8u
#define FACE_XEN_CALL_PORT 0xe3u

struct face_xen {
	struct machine *machine;
	struct host_xen *xen;
	struct host_xenstore *store;
	uint32_t msr;  /* that places the hypercall page */
	uint32_t leaf; /* that has the vCPU's number */
	struct port_range unplug, call;
	struct outlet *console;
	struct outlet_user console_user;
	struct host_xen_memory map[MEMORY_MAP_ENTRIES];
	struct pci_device platform;
	bool has_platform;
	bool told; /* of a callback that was refused */
	struct disk *disks[FACE_XEN_DISKS];
	struct nic *nics[FACE_XEN_NICS];
};

/* face_xen_call.c: hypercalls, by a vCPU's registers; and whether this CPU has
 * AMD's instruction for them. */
bool face_xen_is_amd(void);
bool face_xen_hypercall(void *self, struct vcpu *);

/* face_xen_memory.c: the memory map, and pages that the guest lets Xen place. */
unsigned face_xen_map(struct face_xen *);
bool face_xen_populate(void *machine, uint64_t address, size_t size);

/* face_xen_platform.c: the PCI device of HVM guests, and the line that it or
 * another one has.  False: a line was said. */
bool face_xen_platform(struct face_xen *);
void face_xen_line(void *self, uint64_t callback, bool level);

/* face_xen_disk.c, face_xen_nic.c */
bool face_xen_disk_add(void *self, struct disk *, struct reply *);
bool face_xen_disk_remove(void *self, struct disk *, struct reply *);
bool face_xen_nic_add(void *self, struct nic *, struct reply *);
bool face_xen_nic_remove(void *self, struct nic *, struct reply *);

/* face_xen_admin.c, face_xen_manners.c */
bool face_xen_key_set(void *self, const char *key, const void *value,
    size_t size, struct reply *);
bool face_xen_key_get(void *self, const char *key, struct reply *);
bool face_xen_key_list(void *self, const char *key, struct reply *);
bool face_xen_request(void *self, const char *what, struct reply *);
bool face_xen_step(void *self, int64_t nanoseconds, struct reply *);
void face_xen_status(void *self, struct reply *);
bool face_xen_manners(void *self, const char *part, struct manners *);
void face_xen_look(void *self);

#endif
